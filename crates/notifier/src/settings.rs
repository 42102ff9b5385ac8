//! What the operator says: texts from a file or the environment, and what they mean.

use std::fmt;

use outbound::{Allowed, Key};
use serde::Deserialize;
use url::Url;

use crate::{Notifier, address::stays_here};

/// The ntfy server that topics are on unless they name one.
const NTFY_SERVER: &str = "https://ntfy.sh";
/// Where Twilio answers.
const TWILIO_SERVER: &str = "https://api.twilio.com";

/// The settings, as texts. A channel without its settings is one that delivers nothing.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The mail server: `smtp://user:password@host:587` (with STARTTLS) or `smtps://user:password@host:465`.
    /// `?tls=none` or `?tls=opportunistic` are for servers without TLS, and go without a password.
    pub smtp_url: Option<String>,
    /// Whom mail comes from: `Mainstay <mainstay@example.com>`.
    pub mail_from: Option<String>,
    /// Twilio's account, `AC…`.
    pub twilio_account: Option<String>,
    /// The account's secret.
    pub twilio_token: Option<String>,
    /// The number that messages and calls come from.
    pub twilio_from: Option<String>,
    /// Where a service that understands the same as Twilio answers.
    pub twilio_url: Option<String>,
    /// The ntfy server that topics are on unless they name one; `https://ntfy.sh` if this is left out.
    pub ntfy_url: Option<String>,
    /// What to show that server.
    pub ntfy_token: Option<String>,
    /// Hosts and networks that may be called although they are private, as `outbound` knows them.
    pub private_hosts: Vec<String>,
    /// Sends nothing: every message goes to the inbox, with the channel that it would have taken.
    pub all_to_inbox: bool,
    /// What webhooks are signed with; not from a file.
    #[serde(skip)]
    pub webhook_key: Option<Key>,
}

/// A setting that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {why}")]
pub struct BadSetting {
    /// Its name.
    pub setting: &'static str,
    /// What is wrong with it, without the text itself.
    pub why: String,
}

/// Where ntfy is.
#[derive(Clone)]
pub(crate) struct NtfyServer {
    pub(crate) url: Url,
    pub(crate) token: Option<String>,
}

/// How Twilio is reached.
#[derive(Clone)]
pub(crate) struct Twilio {
    pub(crate) url: Url,
    pub(crate) account: String,
    pub(crate) token: String,
    pub(crate) from: String,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("all_to_inbox", &self.all_to_inbox).finish_non_exhaustive()
    }
}

impl Settings {
    /// The same as [`Notifier::new`] says, without keeping the notifier: for a command that checks settings.
    ///
    /// # Errors
    /// The first setting that can't be used.
    pub fn check(&self) -> Result<(), BadSetting> {
        Notifier::new(self.clone(), crate::Inbox::new()).map(drop)
    }

    pub(crate) fn allowed(&self) -> Allowed {
        Allowed::new(&self.private_hosts)
    }

    pub(crate) fn ntfy(&self) -> Result<NtfyServer, BadSetting> {
        let url = server("ntfy_url", self.ntfy_url.as_deref().unwrap_or(NTFY_SERVER))?;
        if self.ntfy_token.is_some() && url.scheme() != "https" && !stays_here(&url) {
            return Err(bad("ntfy_url", "a token goes only to an address that begins with https://"));
        }
        Ok(NtfyServer { url, token: header_value("ntfy_token", self.ntfy_token.as_deref())? })
    }

    pub(crate) fn twilio(&self) -> Result<Option<Twilio>, BadSetting> {
        let account = header_value("twilio_account", self.twilio_account.as_deref())?;
        let token = header_value("twilio_token", self.twilio_token.as_deref())?;
        let (account, token, from) = match (account, token, &self.twilio_from) {
            (None, None, None) => return Ok(None),
            (Some(account), Some(token), Some(from)) => (account, token, from),
            (None, _, _) => {
                return Err(bad("twilio_account", "it is missing, although other settings of Twilio are there"));
            }
            (_, None, _) => {
                return Err(bad("twilio_token", "it is missing, although other settings of Twilio are there"));
            }
            (_, _, None) => {
                return Err(bad("twilio_from", "it is missing, although other settings of Twilio are there"));
            }
        };
        if !account.bytes().all(|c| c.is_ascii_alphanumeric()) {
            return Err(bad("twilio_account", "an account is letters and digits"));
        }
        let from = crate::Address::parse(paging::Channel::Sms, from).map_err(|why| bad("twilio_from", why))?;
        let crate::address::Target::Number(from) = from.target else {
            return Err(bad("twilio_from", "it is no number"));
        };
        let url = server("twilio_url", self.twilio_url.as_deref().unwrap_or(TWILIO_SERVER))?;
        if url.scheme() != "https" && !stays_here(&url) {
            return Err(bad("twilio_url", "the account's secret goes only to an address that begins with https://"));
        }
        Ok(Some(Twilio { url, account, token, from }))
    }
}

pub(crate) fn bad(setting: &'static str, why: impl Into<String>) -> BadSetting {
    BadSetting { setting, why: why.into() }
}

/// The address of a server, without a path.
fn server(setting: &'static str, text: &str) -> Result<Url, BadSetting> {
    let url = Url::parse(text).map_err(|error| bad(setting, format!("it is no address: {error}")))?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| !host.is_empty())
        && url.path() == "/"
        && url.query().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain {
        Ok(url)
    } else {
        Err(bad(setting, "it is a server's address without anything after it: https://example.com"))
    }
}

/// A text that can stand in a header.
fn header_value(setting: &'static str, text: Option<&str>) -> Result<Option<String>, BadSetting> {
    match text {
        Some(text) if text.is_empty() || !text.bytes().all(|c| c.is_ascii_graphic()) => {
            Err(bad(setting, "it has at least one character, and neither blanks nor letters outside of ASCII"))
        }
        Some(text) => Ok(Some(text.to_owned())),
        None => Ok(None),
    }
}
