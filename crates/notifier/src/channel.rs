//! The ways a message can take.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A way that a message can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Electronic mail by SMTP.
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
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Email, Self::Slack, Self::Ntfy, Self::Sms, Self::Voice, Self::Webhook, Self::Inbox];

    /// The word for it in settings and APIs.
    #[must_use]
    pub fn name(self) -> &'static str {
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
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Channel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|channel| channel.name() == text);
        found.ok_or_else(|| format!("there is no such channel; there are {}", known()))
    }
}
