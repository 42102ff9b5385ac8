//! Brings a message to an address.

use jiff::Timestamp;
use outbound::Allowed;

use crate::{
    Address, Inbox, Message,
    address::Target,
    http::{Post, Poster},
    ntfy,
    outcome::{Failure, Receipt},
    settings::{BadSetting, NtfyServer, Settings, Twilio, bad},
    slack, sms,
    smtp::Smtp,
    twilio, voice, webhook,
};
use paging::Channel;

/// Brings messages to addresses, one attempt at a time. Copies share their connections and the inbox.
#[derive(Clone)]
pub struct Notifier {
    poster: Poster,
    smtp: Option<Smtp>,
    ntfy: NtfyServer,
    twilio: Option<Twilio>,
    webhook_key: Option<outbound::Key>,
    all_to_inbox: bool,
    inbox: Inbox,
}

impl std::fmt::Debug for Notifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notifier").field("all_to_inbox", &self.all_to_inbox).finish_non_exhaustive()
    }
}

impl Notifier {
    /// One that works by these settings.
    ///
    /// # Errors
    /// The first setting that can't be used.
    pub fn new(settings: Settings, inbox: Inbox) -> Result<Self, BadSetting> {
        // Without a choice the HTTP client panics. Whoever chose already is not disturbed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let poster = Poster::new(settings.allowed());
        Ok(Self {
            poster: poster.map_err(|error| bad("private_hosts", format!("no HTTP client can be had: {error}")))?,
            smtp: Smtp::new(settings.smtp_url.as_deref(), settings.mail_from.as_deref())?,
            ntfy: settings.ntfy()?,
            twilio: settings.twilio()?,
            webhook_key: settings.webhook_key,
            all_to_inbox: settings.all_to_inbox,
            inbox,
        })
    }

    /// The inbox that it fills.
    #[must_use]
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// The same, which reaches no private hosts but these: for addresses that strangers give.
    ///
    /// # Errors
    /// If no HTTP client can be had.
    pub fn reaching(&self, private_hosts: &[String]) -> Result<Self, reqwest::Error> {
        Ok(Self { poster: Poster::new(Allowed::new(private_hosts))?, ..self.clone() })
    }

    /// True if every message is kept in the inbox instead of sent.
    #[must_use]
    pub fn keeps_all(&self) -> bool {
        self.all_to_inbox
    }

    /// True if messages for a channel can be sent: its settings are there.
    #[must_use]
    pub fn serves(&self, channel: Channel) -> bool {
        self.all_to_inbox
            || match channel {
                Channel::Slack | Channel::Ntfy | Channel::Webhook | Channel::Inbox => true,
                Channel::Email => self.smtp.is_some(),
                Channel::Sms | Channel::Voice => self.twilio.is_some(),
            }
    }

    /// Makes one attempt to deliver a message. It takes at most 15 seconds; mail may wait as long
    /// again for a connection that is free.
    ///
    /// # Errors
    /// Why it was not accepted, and what to do then.
    pub async fn deliver(&self, address: &Address, message: &Message) -> Result<Receipt, Failure> {
        let message = message.bounded();
        if message.id.is_empty() {
            return Err(Failure::permanent("a message without an id can't be told from its repetition"));
        }
        let channel = address.channel;
        let secrets = address.secrets();
        if self.all_to_inbox {
            return Ok(self.keep(channel, &address.masked(), message));
        }
        match (channel, &address.target) {
            (Channel::Slack, Target::Url(url)) => {
                let post = Post {
                    url: url.clone(),
                    trusted: false,
                    content_type: "application/json",
                    headers: vec![("idempotency-key", message.id.clone())],
                    credentials: None,
                    body: slack::body(&message).to_string(),
                };
                slack::receipt(self.poster.post(post, &secrets).await?, &secrets)
            }
            (_, Target::Url(url)) => {
                let post = webhook::post(self.webhook_key.as_ref(), url, &message);
                webhook::receipt(self.poster.post(post, &secrets).await?, &secrets)
            }
            (_, Target::Ntfy(topic)) => {
                let post = ntfy::post(&self.ntfy, topic, &message);
                let own = topic.credentials.is_some();
                let mut secrets = secrets;
                secrets.extend(self.ntfy.token.as_deref());
                ntfy::receipt(self.poster.post(post, &secrets).await?, own, &secrets)
            }
            (_, Target::Email(to)) => match &self.smtp {
                Some(smtp) => smtp.send(to, &message).await,
                None => Err(Failure::misconfigured("no mail server is set: smtp_url")),
            },
            (_, Target::Number(number)) => self.phone(channel, number, &message).await,
            (_, Target::Name(name)) => Ok(self.keep(channel, name, message)),
        }
    }

    async fn phone(&self, channel: Channel, number: &str, message: &Message) -> Result<Receipt, Failure> {
        let Some(twilio) = &self.twilio else {
            return Err(Failure::misconfigured("no telephone service is set: twilio_account"));
        };
        let post = if channel == Channel::Voice {
            twilio::post(twilio, "Calls", number, ("Twiml", &voice::twiml(message)))
        } else {
            twilio::post(twilio, "Messages", number, ("Body", &sms::text(message)))
        };
        // A number is nobody's business who reads why a message failed.
        let secrets = [twilio.token.as_str(), twilio.account.as_str(), number];
        twilio::receipt(self.poster.post(post, &secrets).await?, &secrets)
    }

    fn keep(&self, channel: Channel, to: &str, message: Message) -> Receipt {
        let number = self.inbox.push(Timestamp::now(), channel, to, message);
        Receipt { provider_id: Some(number.to_string()), answer: format!("{number} in the inbox") }
    }
}
