//! Where a message goes.

use std::fmt;

use url::Url;

use paging::Channel;

/// How long an address may be, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 1_000;
/// How long an e-mail address may be, in bytes (RFC 5321, section 4.5.3.1.3, less the brackets).
const EMAIL_BYTES_MAX: usize = 254;
/// How long a name in the inbox may be, in characters.
const NAME_CHARS_MAX: usize = 200;
/// How long the name of an ntfy topic may be.
const TOPIC_CHARS_MAX: usize = 64;
/// How many digits an international telephone number has (E.164; the shortest in use have seven).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// An address on one channel, as it was parsed.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    pub(crate) channel: Channel,
    pub(crate) target: Target,
}

/// What an address leads to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Email(lettre::Address),
    Url(Url),
    Ntfy(Topic),
    Number(String),
    Name(String),
}

/// An ntfy topic.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Topic {
    /// The server, unless it is the usual one.
    pub(crate) server: Option<Url>,
    pub(crate) topic: String,
    /// What to show the server that is named here.
    pub(crate) credentials: Option<Credentials>,
}

/// What lets somebody in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    Token(String),
    Password(String, String),
}

impl Address {
    /// What a text says on a channel:
    ///
    /// - e-mail: `anna@example.com`;
    /// - Slack: the https address of an incoming webhook;
    /// - ntfy: a topic of the usual server, or `https://server/topic`, with a token as `https://tk_…@server/topic`
    ///   or a name and a password as `https://name:password@server/topic`;
    /// - SMS and voice: a number such as `+49 171 1234567`;
    /// - webhook: an http or https address;
    /// - inbox: any name.
    ///
    /// # Errors
    /// In words, what is wrong with it. The text itself is not repeated: it may be a secret.
    pub fn parse(channel: Channel, text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() || text.len() > ADDRESS_BYTES_MAX {
            return Err(format!("an address has 1 to {ADDRESS_BYTES_MAX} bytes"));
        }
        if text.chars().any(char::is_control) {
            return Err("an address has no control characters".to_owned());
        }
        let target = match channel {
            Channel::Email => Target::Email(email(text)?),
            Channel::Slack => Target::Url(slack(text)?),
            Channel::Ntfy => Target::Ntfy(topic(text)?),
            Channel::Sms | Channel::Voice => Target::Number(number(text)?),
            Channel::Webhook => Target::Url(web_address(text)?),
            Channel::Inbox if text.chars().count() > NAME_CHARS_MAX => {
                return Err(format!("a name in the inbox has at most {NAME_CHARS_MAX} characters"));
            }
            Channel::Inbox => Target::Name(text.to_owned()),
        };
        Ok(Self { channel, target })
    }

    /// The channel it is on.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The server that it leads to, if the address names one: what hangs there concerns nobody who goes elsewhere.
    #[must_use]
    pub fn server(&self) -> Option<String> {
        match &self.target {
            Target::Url(url) => Some(host(url)),
            Target::Ntfy(topic) => topic.server.as_ref().map(host),
            Target::Email(_) | Target::Number(_) | Target::Name(_) => None,
        }
    }

    /// The address as everybody may read it: enough to know one's own, too little to use it.
    #[must_use]
    pub fn masked(&self) -> String {
        match &self.target {
            Target::Email(address) => {
                let first = address.user().chars().next().unwrap_or('…');
                format!("{first}…@{}", address.domain())
            }
            Target::Url(url) => match (url.query(), tail(url.path())) {
                (None, Some(tail)) => format!("{}/…/{tail}", host(url)),
                (Some(_), _) | (None, None) => format!("{}/…", host(url)),
            },
            Target::Ntfy(Topic { server, topic, .. }) => {
                let server = server.as_ref().map(|server| format!("{}/", host(server))).unwrap_or_default();
                format!("{server}…{}", tail(topic).unwrap_or_default())
            }
            Target::Number(number) => {
                let head = number.get(..3).unwrap_or_default();
                let tail = number.get(number.len().saturating_sub(3)..).unwrap_or_default();
                format!("{head}…{tail}")
            }
            Target::Name(name) => name.clone(),
        }
    }

    /// What must not be in an answer or an error that is kept.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match &self.target {
            Target::Url(url) => {
                let user = [url.username(), url.password().unwrap_or_default()];
                let query = url.query().unwrap_or_default();
                // A part alone may be quoted, too; short ones are words such as `services`.
                let parts = url.path().split('/').chain(query.split(['&', '='])).filter(|part| part.len() >= 12);
                [url.as_str(), url.path(), query].into_iter().chain(user).chain(parts).collect()
            }
            Target::Ntfy(Topic { topic, credentials, .. }) => {
                let mut secrets = vec![topic.as_str()];
                match credentials {
                    Some(Credentials::Token(secret) | Credentials::Password(_, secret)) => secrets.push(secret),
                    None => {}
                }
                secrets
            }
            Target::Email(_) | Target::Number(_) | Target::Name(_) => Vec::new(),
        }
    }
}

/// Masked: it may hold a secret.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.channel, self.masked())
    }
}

/// The last characters of a path's last part, if it is long enough to spare them.
fn tail(secret: &str) -> Option<String> {
    let secret = secret.trim_matches('/').rsplit('/').next().unwrap_or_default();
    let chars = secret.chars().count();
    (chars >= 12).then(|| secret.chars().skip(chars - 4).collect())
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn email(text: &str) -> Result<lettre::Address, String> {
    if text.len() > EMAIL_BYTES_MAX {
        return Err(format!("an e-mail address has at most {EMAIL_BYTES_MAX} bytes"));
    }
    text.parse().map_err(|error| format!("this is no e-mail address such as anna@example.com: {error}"))
}

fn web_address(text: &str) -> Result<Url, String> {
    let mut url =
        Url::parse(text).map_err(|error| format!("this is no address such as https://example.com: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err("an address begins with https:// and a host's name".to_owned());
    }
    url.set_fragment(None);
    Ok(url)
}

fn slack(text: &str) -> Result<Url, String> {
    let url = web_address(text)?;
    if url.scheme() != "https" && !stays_here(&url) {
        return Err("the address of an incoming webhook is a secret: it begins with https://".to_owned());
    }
    Ok(url)
}

/// True if what is sent there never leaves this machine.
pub(crate) fn stays_here(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(v4)) => v4.is_loopback(),
        Some(url::Host::Ipv6(v6)) => v6.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn number(text: &str) -> Result<String, String> {
    let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
    let digits = number.strip_prefix('+').unwrap_or_default();
    let good = DIGITS.contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && !digits.starts_with('0');
    if good {
        Ok(number)
    } else {
        Err("a number has its country's code and 7 to 15 digits: +49 171 1234567".to_owned())
    }
}

fn topic(text: &str) -> Result<Topic, String> {
    let named = |topic: &str| {
        let good = (1..=TOPIC_CHARS_MAX).contains(&topic.len())
            && topic.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
        let wrong = || format!("a topic has 1 to {TOPIC_CHARS_MAX} letters, digits, - and _");
        good.then(|| topic.to_owned()).ok_or_else(wrong)
    };
    if !text.contains("://") {
        return Ok(Topic { server: None, topic: named(text)?, credentials: None });
    }
    let mut url = web_address(text)?;
    let topic = named(url.path().trim_matches('/'))?;
    let credentials = credentials(&url)?;
    if credentials.is_some() && url.scheme() != "https" && !stays_here(&url) {
        return Err("a token or a password goes only to an address that begins with https://".to_owned());
    }
    url.set_path("/");
    url.set_query(None);
    // Neither fails for an address with a host.
    let _ = (url.set_username(""), url.set_password(None));
    Ok(Topic { server: Some(url), topic, credentials })
}

/// The token or the name and password before an address's host.
pub(crate) fn credentials(url: &Url) -> Result<Option<Credentials>, String> {
    let plain = |encoded: &str| {
        // As in a form, except that neither + nor & stands for anything else.
        let encoded = format!("={}", encoded.replace('+', "%2B").replace('&', "%26"));
        let decoded = url::form_urlencoded::parse(encoded.as_bytes()).next().map(|(_, value)| value.into_owned());
        match decoded {
            Some(text) if !text.chars().any(char::is_control) => Ok(text),
            Some(_) | None => Err("a token or a password has no control characters".to_owned()),
        }
    };
    let (user, password) = (plain(url.username())?, plain(url.password().unwrap_or_default())?);
    Ok(match (user.is_empty(), password.is_empty()) {
        (true, true) => None,
        (false, true) => Some(Credentials::Token(user)),
        (true, false) => Some(Credentials::Token(password)),
        (false, false) => Some(Credentials::Password(user, password)),
    })
}
