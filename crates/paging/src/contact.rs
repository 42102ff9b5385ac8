//! How a person is reached.

use std::{fmt, str::FromStr};

use jiff::SignedDuration;
use kernel::EntityRef;
use serde::{Deserialize, Serialize};

/// Contact methods of one person.
pub const METHODS_MAX: usize = 20;
/// Rules of one person.
pub const RULES_MAX: usize = 20;
/// The longest wait of a rule: a day.
pub const AFTER_MINUTES_MAX: u32 = 24 * 60;

/// A way on which messages go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Electronic mail.
    Email,
    /// An incoming webhook of Slack, or of a chat that understands the same.
    Slack,
    /// A push message by ntfy.
    Ntfy,
    /// A text message by Twilio, or a service that understands the same.
    Sms,
    /// A telephone call by Twilio, or a service that understands the same.
    Voice,
    /// A POST to somebody's program, signed by Standard Webhooks.
    Webhook,
    /// The list that a screen of this program shows.
    Inbox,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 7] =
        [Self::Email, Self::Slack, Self::Ntfy, Self::Sms, Self::Voice, Self::Webhook, Self::Inbox];

    /// The channel's name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Slack => "slack",
            Self::Ntfy => "ntfy",
            Self::Sms => "sms",
            Self::Voice => "voice",
            Self::Webhook => "webhook",
            Self::Inbox => "inbox",
        }
    }

    /// The least time between two messages to the same person on this channel. What falls due in between goes as one.
    #[must_use]
    pub fn gap(self) -> SignedDuration {
        match self {
            Self::Email | Self::Sms | Self::Voice => SignedDuration::from_secs(60),
            Self::Slack | Self::Ntfy | Self::Webhook | Self::Inbox => SignedDuration::from_secs(2),
        }
    }

    /// True if a follow-up ("acknowledged by ...") goes out on this channel: nobody is called by phone for good news.
    #[must_use]
    pub fn takes_follow_ups(self) -> bool {
        match self {
            Self::Email | Self::Slack | Self::Ntfy | Self::Sms | Self::Webhook | Self::Inbox => true,
            Self::Voice => false,
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|channel| channel.as_str() == text);
        found.ok_or_else(|| format!("there is no such channel; there are {}", known()))
    }
}

/// A contact method among those of its person; zero for one that was not set up by anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MethodId(pub u32);

impl MethodId {
    /// The id of a method that was only handed in with the person: an e-mail address of the catalog.
    pub const IMPLIED: Self = Self(0);
}

/// One address of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// Its id.
    pub id: MethodId,
    /// On which channel.
    pub channel: Channel,
    /// What people see of it: `+49 ... 42`.
    pub label: String,
    /// The name under which the address is sealed elsewhere; never the address.
    pub secret: String,
    /// True once the person has shown that it is theirs.
    pub verified: bool,
}

/// How urgent a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// It wakes people.
    High,
    /// It may wait for the hours of its policy.
    Low,
}

impl Urgency {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Low => "low",
        }
    }
}

/// For which pages a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum For {
    /// For those of high urgency.
    High,
    /// For those of low urgency.
    Low,
    /// For all.
    Both,
}

impl For {
    fn includes(self, urgency: Urgency) -> bool {
        match self {
            Self::High => urgency == Urgency::High,
            Self::Low => urgency == Urgency::Low,
            Self::Both => true,
        }
    }
}

/// When a person wants to be told, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// By which of their methods.
    pub method: MethodId,
    /// So long after the page reached them.
    pub after_minutes: u32,
    /// For which pages.
    pub urgency: For,
}

/// A person's contact methods and rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contacts {
    /// The methods, in the order in which they were added.
    pub methods: Vec<Method>,
    /// The rules, in the order in which they apply.
    pub rules: Vec<Rule>,
    /// The newest method's id; ids are not used again.
    pub(crate) newest: u32,
}

/// A person whom a step of a policy names, as the caller found them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Who.
    pub person: EntityRef,
    /// How to reach them where they have set up nothing that works: the e-mail address of the catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implied: Option<Method>,
}

impl Contacts {
    /// The method with this id.
    #[must_use]
    pub fn method(&self, id: MethodId) -> Option<&Method> {
        self.methods.iter().find(|method| method.id == id)
    }

    /// By what the person is told of a page, and how many minutes after it reached them; in the order of the rules.
    ///
    /// Methods that aren't verified, and the one that is `implied`, are used only where none is verified: an address
    /// with a slip in it is a stranger's, but better than nothing. Where no rule applies, all methods are used at once:
    /// a page must arrive. Empty if there is no way at all.
    #[must_use]
    pub fn ways(&self, implied: Option<&Method>, urgency: Urgency) -> Vec<(Method, u32)> {
        let any_verified = self.methods.iter().any(|method| method.verified);
        let usable = |method: &&Method| method.verified || !any_verified;
        let rules = self.rules.iter().filter(|rule| rule.urgency.includes(urgency));
        let by_rule = rules.filter_map(|rule| {
            Some((self.method(rule.method).filter(usable)?.clone(), rule.after_minutes.min(AFTER_MINUTES_MAX)))
        });
        let by_rule: Vec<_> = by_rule.collect();
        if !by_rule.is_empty() {
            return by_rule;
        }
        let implied =
            implied.filter(|_| !any_verified).map(|method| Method { id: MethodId::IMPLIED, ..method.clone() });
        self.methods.iter().filter(usable).cloned().chain(implied).map(|method| (method, 0)).collect()
    }
}
