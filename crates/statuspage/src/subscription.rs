//! Who wants to hear of updates.

use kernel::{EntityRef, SubscriptionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Report;

/// Subscriptions of all pages together.
pub const SUBSCRIPTIONS_MAX: usize = 100_000;

/// By which way somebody hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By mail.
    Email,
    /// By a chat's incoming webhook, as Slack has them.
    Slack,
    /// By a program's webhook.
    Webhook,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Email, Self::Slack, Self::Webhook];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Slack => "slack",
            Self::Webhook => "webhook",
        }
    }
}

/// Somebody who wants to hear of updates, and has confirmed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its id, under which the address is sealed.
    pub id: SubscriptionId,
    /// Its place among all subscriptions, by age.
    pub number: u64,
    /// The page.
    pub page: EntityRef,
    /// By which way.
    pub way: Way,
    /// The components that it is about; all if empty.
    pub components: Vec<String>,
    /// Since when.
    pub since: Timestamp,
    /// When the components were last chosen anew, if they were.
    pub changed: Option<Timestamp>,
}

impl Subscription {
    /// True if a report is of interest: it names one of the components, or did. Who heard that something broke hears of
    /// its end.
    #[must_use]
    pub fn wants(&self, report: &Report) -> bool {
        self.components.is_empty() || self.components.iter().any(|wanted| report.names(wanted))
    }
}
