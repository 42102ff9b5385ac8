//! Hands mail to a mail server.
//!
//! Each mail has a connection of its own: a broken one never spoils the next, and pages are few. The steps are taken
//! one by one, since it depends on the step what a refusal means: of the login or the sender it concerns all mail, of
//! the receiver or the text only this one.

use std::{sync::Arc, time::Duration};

use lettre::{
    message::Mailbox,
    transport::smtp::{
        authentication::{Credentials as Login, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailParameter},
        response::Response,
    },
};
use tokio::{sync::Semaphore, time::timeout};
use url::Url;

use crate::{
    address::{Credentials, credentials},
    email,
    http::{CONNECT_PATIENCE, PATIENCE},
    message::Message,
    outcome::{Class, Failure, Receipt, words},
    settings::{BadSetting, bad},
};

/// How many connections there are at the same time: mail servers refuse more from one client.
const CONNECTIONS_MAX: usize = 8;
/// How long a server's farewell is waited for. The mail is accepted by then.
const FAREWELL: Duration = Duration::from_secs(1);
/// When to come back to a server that turns unknown senders away at first.
const GREYLISTED: Duration = Duration::from_secs(60);

/// A mail server.
#[derive(Clone)]
pub(crate) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    tls: TlsParameters,
    login: Option<Login>,
    /// What a server that quotes the login would give away.
    secrets: Vec<String>,
    from: Mailbox,
    connections: Arc<Semaphore>,
}

/// When a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// From its beginning.
    Always,
    /// By STARTTLS, or there is no mail.
    StartTls,
    /// By STARTTLS, if the server can.
    Opportunistic,
    /// Never.
    Never,
}

impl Smtp {
    /// What the settings say.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn new(url: Option<&str>, from: Option<&str>) -> Result<Option<Self>, BadSetting> {
        let (url, from) = match (url, from) {
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(bad("mail_from", "it is missing, although there is a mail server")),
            (None, Some(_)) => return Err(bad("smtp_url", "it is missing, although it is said whom mail comes from")),
            (Some(url), Some(from)) => (url, from),
        };
        let wrong = |why: &str| bad("smtp_url", why);
        let url = Url::parse(url).map_err(|error| bad("smtp_url", format!("it is no address: {error}")))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it names no host"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(wrong("nothing comes after the host and the port, except ?tls="));
        }
        let asked: Vec<_> = url.query_pairs().collect();
        let security = match (url.scheme(), asked.as_slice()) {
            ("smtps", []) => Security::Always,
            ("smtp", []) => Security::StartTls,
            ("smtp", [(name, value)]) if name == "tls" => match value.as_ref() {
                "required" => Security::StartTls,
                "opportunistic" => Security::Opportunistic,
                "none" => Security::Never,
                _ => return Err(wrong("tls is required, opportunistic or none")),
            },
            ("smtp" | "smtps", _) => return Err(wrong("only smtp:// has a parameter, ?tls=")),
            _ => return Err(wrong("it begins with smtp:// or smtps://")),
        };
        let (login, secrets) = match credentials(&url).map_err(|why| bad("smtp_url", why))? {
            None => (None, Vec::new()),
            Some(Credentials::Password(user, password)) => {
                let secrets = login_secrets(&user, &password);
                (Some(Login::new(user, password)), secrets)
            }
            Some(Credentials::Token(_)) => return Err(wrong("it has a user without a password, or the reverse")),
        };
        let here = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if login.is_some() && !here && matches!(security, Security::Never | Security::Opportunistic) {
            return Err(wrong("a password goes only over an encrypted connection: leave ?tls= out"));
        }
        let from = from.parse().map_err(|error| bad("mail_from", format!("it is no e-mail address: {error}")))?;
        let tls = TlsParameters::builder(host.clone()).build_rustls();
        Ok(Some(Self {
            port: url.port().unwrap_or(if security == Security::Always { 465 } else { 587 }),
            security,
            tls: tls.map_err(|error| bad("smtp_url", format!("no TLS: {error}")))?,
            host,
            login,
            secrets,
            from,
            connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        }))
    }

    /// Hands over one mail.
    ///
    /// # Errors
    /// Why it was not taken, or that this is not known.
    pub(crate) async fn send(&self, to: &lettre::Address, message: &Message) -> Result<Receipt, Failure> {
        // An address is nobody's business who reads why a mail failed.
        let receiver = to.to_string();
        let secrets: Vec<&str> = self.secrets.iter().map(String::as_str).chain([receiver.as_str()]).collect();
        let sent = self.send_once(to, message).await;
        sent.map(|receipt| Receipt { answer: words(&receipt.answer, &secrets), ..receipt })
            .map_err(|failure| Failure { error: words(&failure.error, &secrets), ..failure })
    }

    async fn send_once(&self, to: &lettre::Address, message: &Message) -> Result<Receipt, Failure> {
        let busy = || Failure::retry("all connections to the mail server are in use");
        let _slot = timeout(PATIENCE, self.connections.acquire()).await.map_err(|_| busy())?.map_err(|_| busy())?;
        let sent = timeout(PATIENCE, self.try_send(to, message)).await;
        let late = || Failure::retry(format!("the mail server took longer than {} s", PATIENCE.as_secs()));
        let (response, mut connection) = sent.map_err(|_| late())??;
        // What comes after the acceptance changes nothing about it.
        let _ = timeout(FAREWELL, connection.quit()).await;
        let answer = format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" "));
        Ok(Receipt { provider_id: queued_as(&answer), answer })
    }

    async fn try_send(
        &self,
        to: &lettre::Address,
        message: &Message,
    ) -> Result<(Response, AsyncSmtpConnection), Failure> {
        let unfit = |error| Failure::permanent(format!("it can't be a mail: {error}"));
        let mail = email::mail(&self.from, to, message).map_err(unfit)?;
        let mut connection = self.connect().await?;
        let mut parameters = Vec::new();
        if !to.to_string().is_ascii() || !self.from.email.to_string().is_ascii() {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Failure::permanent("the mail server takes only addresses of ASCII characters"));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let sender = Mail::new(Some(self.from.email.clone()), parameters);
        connection.command(sender).await.map_err(|error| refused("the sender", Class::Misconfigured, &error))?;
        let receiver = Rcpt::new(to.clone(), Vec::new());
        connection.command(receiver).await.map_err(|error| refused("the receiver", Class::Permanent, &error))?;
        connection.command(Data).await.map_err(|error| refused("the mail", Class::Permanent, &error))?;
        let text = mail.formatted();
        let taken = connection.message(&text).await.map_err(|error| refused("the mail", Class::Permanent, &error))?;
        Ok((taken, connection))
    }

    /// A connection on which mail can be handed over.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let hello = ClientId::Domain(self.from.email.domain().to_owned());
        let tls = (self.security == Security::Always).then(|| self.tls.clone());
        let server = (self.host.as_str(), self.port);
        let connected = AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_PATIENCE), &hello, tls, None).await;
        let mut connection = connected.map_err(|error| refused("the connection", Class::Misconfigured, &error))?;
        match self.security {
            Security::StartTls if !connection.can_starttls() => {
                return Err(Failure::misconfigured(
                    "the mail server offers no STARTTLS; smtps:// is for one that encrypts from the beginning, and \
                     ?tls=none for one in a network that is trusted",
                ));
            }
            Security::StartTls | Security::Opportunistic if connection.can_starttls() => {
                let upgraded = connection.starttls(self.tls.clone(), &hello).await;
                upgraded.map_err(|error| refused("STARTTLS", Class::Misconfigured, &error))?;
            }
            Security::Always | Security::StartTls | Security::Opportunistic | Security::Never => {}
        }
        if let Some(login) = &self.login {
            let known = connection.auth(&[Mechanism::Plain, Mechanism::Login], login).await;
            known.map_err(|error| refused("the login", Class::Misconfigured, &error))?;
        }
        Ok(connection)
    }
}

/// The password, and the forms in which it goes to a server: by itself and with the name (RFC 4616, section 2).
fn login_secrets(user: &str, password: &str) -> Vec<String> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let plain = STANDARD.encode(format!("\0{user}\0{password}"));
    // The longest first: what stands in another is masked with it.
    vec![plain, STANDARD.encode(password), password.to_owned()]
}

/// The failure that an error is, with all that the server said: [`Smtp::send`] masks it. `definite` is what a refusal for good means at this step.
fn refused(what: &str, definite: Class, error: &lettre::transport::smtp::Error) -> Failure {
    let text = error.to_string();
    let greylisted = || ["greylist", "graylist", "grey-list"].iter().any(|word| text.to_lowercase().contains(word));
    let code = error.status().map(u16::from);
    let class = match code {
        // The server wants a login first, or another one.
        Some(530 | 534 | 535 | 538) => Class::Misconfigured,
        Some(500..) => definite,
        Some(_) => Class::Retry { after: greylisted().then_some(GREYLISTED) },
        None if error.is_client() || distrusted(error) => Class::Misconfigured,
        None => Class::Retry { after: None },
    };
    let said = match code {
        Some(_) => "the mail server refused",
        None => "there was trouble with",
    };
    Failure { error: format!("{said} {what}: {text}"), class }
}

/// True if the server's certificate is not to be trusted, as the operator sees it.
fn distrusted(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        // An I/O error is not the source of what it wraps, but has it inside.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = inner.and_then(|inner| inner.downcast_ref()).or_else(|| error.downcast_ref::<rustls::Error>());
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The number in the server's queue, in the words of Postfix (`queued as 4F1B2`) and Exim (`OK id=1sXY-0000`).
fn queued_as(answer: &str) -> Option<String> {
    let (_, rest) = answer.split_once("queued as ").or_else(|| answer.split_once("id="))?;
    let id: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    (!id.is_empty()).then_some(id)
}
