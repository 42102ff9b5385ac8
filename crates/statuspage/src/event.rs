//! What happened to status pages.

use kernel::{EffectId, EntityRef, ReportId, SubscriptionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Affected, Impact, Kind, Page, Status, Tried, TriedOutcome, Update, Way};

/// Which report an event is about, in all the ways that people look for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The page.
    pub page: EntityRef,
    /// The report.
    pub report: ReportId,
    /// Its title.
    pub title: String,
    /// The number of the internal incident that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<u64>,
}

/// Why a subscription ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// The subscriber wished so.
    Asked,
    /// An administrator removed it.
    Removed,
    /// The receiver says that it is there no more, or its address is lost.
    Lost,
}

/// One fact about one page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A page is declared, or declared otherwise.
    PageDefined {
        /// All of it.
        definition: Page,
    },
    /// A page is declared no more. Its reports and subscriptions are kept, for when it comes back.
    PageRemoved {
        /// Which.
        page: EntityRef,
    },
    /// Somebody said how a component is, whatever is measured.
    StatusSet {
        /// The page.
        page: EntityRef,
        /// The component's key.
        component: String,
        /// How it is.
        status: Status,
        /// Until when this counts.
        until: Timestamp,
    },
    /// What somebody said of a component counts no more.
    StatusCleared {
        /// The page.
        page: EntityRef,
        /// The component's key.
        component: String,
        /// True if its time was over.
        expired: bool,
    },
    /// An incident or a maintenance is published, with its first update.
    Published {
        /// Which.
        about: About,
        /// What it is.
        #[serde(flatten)]
        kind: Kind,
        /// How bad it is.
        impact: Impact,
        /// The components, as the report has them.
        components: Vec<Affected>,
        /// What is said.
        update: Update,
        /// True if the page's own rule published it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        automatic: bool,
        /// The broadcast to subscribers, if they are told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effect: Option<EffectId>,
    },
    /// An update was posted.
    Updated {
        /// Which.
        about: About,
        /// When it takes place since, if that was changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<(Timestamp, Timestamp)>,
        /// How bad it is since.
        impact: Impact,
        /// The components since.
        components: Vec<Affected>,
        /// What is said.
        update: Update,
        /// The broadcast to subscribers, if they are told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effect: Option<EffectId>,
    },
    /// A report is not shown any more: it was published by mistake. Who was told of it stays told.
    Retracted {
        /// Which.
        about: About,
    },
    /// A report that was retracted is shown again.
    Restored {
        /// Which.
        about: About,
    },
    /// Somebody confirmed that they want to hear of updates. The address is sealed under the subscription's id.
    Subscribed {
        /// The page.
        page: EntityRef,
        /// Which.
        subscription: SubscriptionId,
        /// By which way.
        way: Way,
        /// The components; all if empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        components: Vec<String>,
    },
    /// A subscription is about other components.
    SubscriptionChanged {
        /// The page.
        page: EntityRef,
        /// Which.
        subscription: SubscriptionId,
        /// The components; all if empty.
        components: Vec<String>,
    },
    /// A subscription ended.
    Unsubscribed {
        /// The page.
        page: EntityRef,
        /// Which.
        subscription: SubscriptionId,
        /// Why.
        cause: Gone,
    },
    /// A batch of receivers was told of an update, or could not be.
    Delivered {
        /// The report.
        about: About,
        /// The broadcast.
        effect: EffectId,
        /// Up to which subscription all were tried once since, by number.
        through: u64,
        /// What came of each.
        tried: Vec<Tried>,
        /// True if nobody is left.
        done: bool,
    },
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PageDefined { .. } => "statuspage.page_defined",
            Self::PageRemoved { .. } => "statuspage.page_removed",
            Self::StatusSet { .. } => "statuspage.status_set",
            Self::StatusCleared { .. } => "statuspage.status_cleared",
            Self::Published { .. } => "statuspage.published",
            Self::Updated { .. } => "statuspage.updated",
            Self::Retracted { .. } => "statuspage.retracted",
            Self::Restored { .. } => "statuspage.restored",
            Self::Subscribed { .. } => "statuspage.subscribed",
            Self::SubscriptionChanged { .. } => "statuspage.subscription_changed",
            Self::Unsubscribed { .. } => "statuspage.unsubscribed",
            Self::Delivered { .. } => "statuspage.delivered",
        }
    }

    /// The page, and the internal incident that it tells of.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        match self {
            Self::PageDefined { definition } => vec![definition.page.clone()],
            Self::PageRemoved { page }
            | Self::StatusSet { page, .. }
            | Self::StatusCleared { page, .. }
            | Self::Subscribed { page, .. }
            | Self::SubscriptionChanged { page, .. }
            | Self::Unsubscribed { page, .. } => vec![page.clone()],
            Self::Published { about, .. }
            | Self::Updated { about, .. }
            | Self::Retracted { about }
            | Self::Restored { about }
            | Self::Delivered { about, .. } => about.subjects(),
        }
    }

    /// One sentence without its actor.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::PageDefined { definition } => format!("status page {} is declared", definition.page.short()),
            Self::PageRemoved { page } => format!("status page {} is gone", page.short()),
            Self::StatusSet { page, component, status, until } => {
                let (page, status) = (page.short(), status.label().to_lowercase());
                let until = until.strftime("%Y-%m-%d %H:%MZ");
                format!("set {component} on status page {page} to {status} until {until}")
            }
            Self::StatusCleared { page, component, expired } => {
                let why = if *expired { ": its time was over" } else { "" };
                format!("{component} on status page {} shows again what is measured{why}", page.short())
            }
            Self::Published { about, update, .. } => {
                format!("published \"{}\" ({}) on status page {}", about.title, word(update), about.page.short())
            }
            Self::Updated { about, update, .. } => {
                format!("updated \"{}\" ({}) on status page {}", about.title, word(update), about.page.short())
            }
            Self::Retracted { about } => {
                format!("took \"{}\" from status page {}", about.title, about.page.short())
            }
            Self::Restored { about } => {
                format!("put \"{}\" back on status page {}", about.title, about.page.short())
            }
            Self::Subscribed { page, way, .. } => {
                format!("somebody subscribed to status page {} by {}", page.short(), way.as_str())
            }
            Self::SubscriptionChanged { page, .. } => {
                format!("a subscriber of status page {} chose other components", page.short())
            }
            Self::Unsubscribed { page, cause, .. } => {
                let why = match cause {
                    Gone::Asked => "ended it",
                    Gone::Removed => "was removed",
                    Gone::Lost => "can't be reached any more",
                };
                format!("a subscriber of status page {} {why}", page.short())
            }
            Self::Delivered { about, tried, done, .. } => {
                let sent = tried.iter().filter(|tried| tried.outcome == TriedOutcome::Sent).count();
                let rest = if *done { "; that was the last" } else { "" };
                format!("told {sent} of {} subscribers of \"{}\"{rest}", tried.len(), about.title)
            }
        }
    }
}

impl About {
    fn subjects(&self) -> Vec<EntityRef> {
        let incident = self
            .incident
            .and_then(|number| EntityRef::new("incident", EntityRef::DEFAULT_NAMESPACE, &number.to_string()).ok());
        [self.page.clone()].into_iter().chain(incident).collect()
    }
}

fn word(update: &Update) -> String {
    update.stage.label().to_lowercase()
}
