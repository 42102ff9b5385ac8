//! What happened to alerts and to who may send them.

use kernel::{EntityRef, Sha256, Stamp, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{About, Cause, Content, IntegrationId, Reported, Settings, Severity};

/// One fact about one integration or one alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Somebody may send alerts.
    IntegrationCreated {
        /// Its id.
        integration: IntegrationId,
        /// What was set.
        settings: Settings,
        /// The digest of its key.
        key: Sha256,
    },
    /// An integration is set otherwise. Alerts that are open stay what they are.
    IntegrationChanged {
        /// Which.
        integration: IntegrationId,
        /// What is set now.
        settings: Settings,
    },
    /// An integration has another key; the one before is worth nothing any more.
    KeyRenewed {
        /// Which.
        integration: IntegrationId,
        /// Its name.
        name: String,
        /// The digest of the key.
        key: Sha256,
    },
    /// An integration has no key any more: nothing can be sent until it gets one.
    KeyRevoked {
        /// Which.
        integration: IntegrationId,
        /// Its name.
        name: String,
    },
    /// An integration is gone. Its open alerts are resolved soon after.
    IntegrationRemoved {
        /// Which.
        integration: IntegrationId,
        /// Its name.
        name: String,
    },
    /// An alert began.
    Triggered {
        /// Which.
        about: About,
        /// What it says.
        content: Content,
        /// Since when it is so: never later than the event.
        since: Timestamp,
        /// When it ends by itself unless it is told again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// An open alert says something else now.
    Updated {
        /// Which.
        about: About,
        /// What it says now.
        content: Content,
        /// How bad it was before.
        from: Severity,
        /// When it ends by itself unless it is told again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// An open alert was told again, with nothing new but its end. Not each repetition is recorded, only those without
    /// which half of the time that they grant would have passed.
    Renewed {
        /// Which.
        about: About,
        /// When it ends by itself now, if it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// Somebody looks at it; the stamp says who.
    Acknowledged {
        /// Which.
        about: About,
    },
    /// It is over.
    Resolved {
        /// Which.
        about: About,
        /// How it ended.
        cause: Cause,
    },
    /// Something was done to a component, says an integration.
    ChangeReported {
        /// Who says so.
        integration: IntegrationId,
        /// What was changed.
        entity: EntityRef,
        /// What was done.
        change: Reported,
    },
}

/// What an event means for incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upshot<'a> {
    /// The alert's entity is broken, and somebody should look: open an incident for the entity, or join one, with the
    /// alert's reference as the failing check.
    Fails {
        /// Which alert.
        about: &'a About,
        /// What it says.
        content: &'a Content,
        /// Since when; none for an alert that got worse now, whose beginning is in the state.
        since: Option<Timestamp>,
    },
    /// The alert's reference passes again, if it failed.
    Recovers {
        /// Which alert.
        about: &'a About,
    },
}

impl Event {
    /// A stable name for filters.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::IntegrationCreated { .. } => "alerts.integration_created",
            Self::IntegrationChanged { .. } => "alerts.integration_changed",
            Self::KeyRenewed { .. } => "alerts.key_renewed",
            Self::KeyRevoked { .. } => "alerts.key_revoked",
            Self::IntegrationRemoved { .. } => "alerts.integration_removed",
            Self::Triggered { .. } => "alerts.triggered",
            Self::Updated { .. } => "alerts.updated",
            Self::Renewed { .. } => "alerts.renewed",
            Self::Acknowledged { .. } => "alerts.acknowledged",
            Self::Resolved { .. } => "alerts.resolved",
            Self::ChangeReported { .. } => "alerts.change_reported",
        }
    }

    /// Which alert it happened to, if it is about one.
    #[must_use]
    pub fn about(&self) -> Option<&About> {
        match self {
            Self::Triggered { about, .. }
            | Self::Updated { about, .. }
            | Self::Renewed { about, .. }
            | Self::Acknowledged { about }
            | Self::Resolved { about, .. } => Some(about),
            Self::IntegrationCreated { .. }
            | Self::IntegrationChanged { .. }
            | Self::KeyRenewed { .. }
            | Self::KeyRevoked { .. }
            | Self::IntegrationRemoved { .. }
            | Self::ChangeReported { .. } => None,
        }
    }

    /// Which integration it is about, or whose alert or report.
    #[must_use]
    pub fn integration(&self) -> IntegrationId {
        match self {
            Self::IntegrationCreated { integration, .. }
            | Self::IntegrationChanged { integration, .. }
            | Self::KeyRenewed { integration, .. }
            | Self::KeyRevoked { integration, .. }
            | Self::IntegrationRemoved { integration, .. }
            | Self::ChangeReported { integration, .. } => *integration,
            Self::Triggered { about, .. }
            | Self::Updated { about, .. }
            | Self::Renewed { about, .. }
            | Self::Acknowledged { about }
            | Self::Resolved { about, .. } => about.integration,
        }
    }

    /// The alert and its entity, what was changed, or the integration and its entity.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        let entity = match self {
            Self::ChangeReported { entity, .. } => return vec![entity.clone()],
            Self::IntegrationCreated { settings, .. } | Self::IntegrationChanged { settings, .. } => {
                Some(settings.entity.clone())
            }
            Self::KeyRenewed { .. }
            | Self::KeyRevoked { .. }
            | Self::IntegrationRemoved { .. }
            | Self::Triggered { .. }
            | Self::Updated { .. }
            | Self::Renewed { .. }
            | Self::Acknowledged { .. }
            | Self::Resolved { .. } => None,
        };
        match self.about() {
            Some(about) => vec![about.alert.clone(), about.entity.clone()],
            None => self.integration().reference().into_iter().chain(entity).collect(),
        }
    }

    /// One plain sentence, without who did it.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::IntegrationCreated { settings, .. } => {
                format!(
                    "created the {} integration {} for {}",
                    settings.kind.word(),
                    settings.name,
                    settings.entity.short()
                )
            }
            Self::IntegrationChanged { settings, .. } => format!("changed the integration {}", settings.name),
            Self::KeyRenewed { name, .. } => format!("renewed the key of the integration {name}"),
            Self::KeyRevoked { name, .. } => format!("revoked the key of the integration {name}"),
            Self::IntegrationRemoved { name, .. } => format!("removed the integration {name}"),
            Self::Triggered { about, content, .. } => {
                format!("alert ({}) for {}: {}", content.severity.word(), about.entity.short(), content.summary)
            }
            Self::Updated { about, content, from, .. } if *from != content.severity => {
                let (from, to) = (from.word(), content.severity.word());
                format!("alert for {} is {to} now, was {from}: {}", about.entity.short(), content.summary)
            }
            Self::Updated { about, content, .. } => {
                format!("alert for {} says now: {}", about.entity.short(), content.summary)
            }
            Self::Renewed { about, .. } => format!("alert {} of {} goes on", shown(&about.key), about.entity.short()),
            Self::Acknowledged { about } => {
                format!("acknowledged alert {} of {}", shown(&about.key), about.entity.short())
            }
            Self::Resolved { about, cause } => {
                let how = match cause {
                    Cause::Sender => "",
                    Cause::ByHand => " by hand",
                    Cause::Expired => ": it was not told again in time",
                    Cause::IntegrationRemoved => ": its integration is gone",
                };
                format!("resolved alert {} of {}{how}", shown(&about.key), about.entity.short())
            }
            Self::ChangeReported { entity, change, .. } => {
                let by = if change.source.is_empty() { String::new() } else { format!(" ({})", change.source) };
                format!("changed {}: {}{by}", entity.short(), change.summary)
            }
        }
    }

    /// What it means for incidents, if anything. An alert that gets as mild as [`Severity::Info`] recovers, one that
    /// was so mild and gets worse fails.
    #[must_use]
    pub fn upshot(&self) -> Option<Upshot<'_>> {
        match self {
            Self::Triggered { about, content, since, .. } if content.severity.pages() => {
                Some(Upshot::Fails { about, content, since: Some(*since) })
            }
            Self::Updated { about, content, from, .. } => match (from.pages(), content.severity.pages()) {
                (false, true) => Some(Upshot::Fails { about, content, since: None }),
                (true, false) => Some(Upshot::Recovers { about }),
                (true, true) | (false, false) => None,
            },
            Self::Resolved { about, .. } => Some(Upshot::Recovers { about }),
            Self::IntegrationCreated { .. }
            | Self::IntegrationChanged { .. }
            | Self::KeyRenewed { .. }
            | Self::KeyRevoked { .. }
            | Self::IntegrationRemoved { .. }
            | Self::Triggered { .. }
            | Self::Renewed { .. }
            | Self::Acknowledged { .. }
            | Self::ChangeReported { .. } => None,
        }
    }

    /// When it took effect: when it was recorded, unless it is a change that was reported later.
    #[must_use]
    pub fn took_effect(&self, stamp: &Stamp) -> Timestamp {
        match self {
            Self::ChangeReported { change, .. } => change.at.map_or(stamp.at, |at| at.min(stamp.at)),
            Self::IntegrationCreated { .. }
            | Self::IntegrationChanged { .. }
            | Self::KeyRenewed { .. }
            | Self::KeyRevoked { .. }
            | Self::IntegrationRemoved { .. }
            | Self::Triggered { .. }
            | Self::Updated { .. }
            | Self::Renewed { .. }
            | Self::Acknowledged { .. }
            | Self::Resolved { .. } => stamp.at,
        }
    }
}

/// A dedup key in a sentence.
fn shown(key: &str) -> String {
    let head: String = key.chars().take(60).collect();
    if head.len() < key.len() { format!("{head}...") } else { head }
}
