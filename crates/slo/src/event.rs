//! What happened to objectives and their budgets.

use kernel::{EntityRef, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Document, Severity, in_letters};

/// Which objective of which SLO, and whose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The SLO.
    pub slo: EntityRef,
    /// The place of the objective in it, from 0.
    pub objective: u8,
    /// The entity that it is about.
    pub entity: EntityRef,
}

/// The numbers of a budget that burns. All are finite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Burn {
    /// The alert's name.
    pub alert: String,
    /// How urgent.
    pub severity: Severity,
    /// The long window, in minutes.
    pub long_minutes: u32,
    /// The burn rate in it.
    pub long: f64,
    /// The short window, in minutes.
    pub short_minutes: u32,
    /// The burn rate in it.
    pub short: f64,
    /// The burn rate that is too much.
    pub threshold: f64,
    /// The share of the budget that is left: 1 is all.
    pub left: Option<f64>,
}

/// Why a burning budget does not burn any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// A window is good again.
    Over,
    /// The alert is not declared any more, or otherwise.
    Withdrawn,
}

/// One fact about an OpenSLO document or about a budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A document was declared, or otherwise.
    Defined {
        /// Its name.
        reference: EntityRef,
        /// What it says.
        document: Box<Document>,
    },
    /// A document is gone.
    Removed {
        /// Its name.
        reference: EntityRef,
    },
    /// A budget burns too fast.
    BurnStarted {
        /// Whose.
        about: About,
        /// The numbers.
        burn: Burn,
    },
    /// It does not any more.
    BurnEnded {
        /// Whose.
        about: About,
        /// The alert's name.
        alert: String,
        /// How urgent it was.
        severity: Severity,
        /// Why.
        ending: Ending,
        /// The share of the budget that is left.
        left: Option<f64>,
    },
    /// Nothing is left of a budget.
    BudgetExhausted {
        /// Whose.
        about: About,
        /// The bad events or slices of the period.
        bad: f64,
        /// How many are allowed.
        allowed: f64,
        /// The share that is left: 0 or less.
        left: f64,
    },
    /// Something is left again: what used it up is past.
    BudgetRestored {
        /// Whose.
        about: About,
        /// The share that is left.
        left: f64,
    },
    /// A version was deployed in an emergency although the budget is gone.
    Overridden {
        /// Whose budget.
        about: About,
        /// What was deployed.
        component: EntityRef,
        /// Which version.
        version: String,
        /// Where.
        environment: String,
    },
    /// Nothing is counted any more: how the service does is unknown.
    DataLost {
        /// Whose; all its objectives.
        about: About,
        /// When something was counted last.
        last: Option<Timestamp>,
        /// What is known of why.
        reason: String,
        /// True if somebody is to be told.
        told: bool,
    },
    /// Something is counted again.
    DataFound {
        /// Whose; all its objectives.
        about: About,
    },
}

impl Event {
    /// A stable name for filters.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Defined { .. } => "slo.defined",
            Self::Removed { .. } => "slo.removed",
            Self::BurnStarted { .. } => "slo.burn_started",
            Self::BurnEnded { .. } => "slo.burn_ended",
            Self::BudgetExhausted { .. } => "slo.budget_exhausted",
            Self::BudgetRestored { .. } => "slo.budget_restored",
            Self::Overridden { .. } => "slo.overridden",
            Self::DataLost { .. } => "slo.data_lost",
            Self::DataFound { .. } => "slo.data_found",
        }
    }

    /// Whose budget it is about, if it is about one.
    #[must_use]
    pub fn about(&self) -> Option<&About> {
        match self {
            Self::Defined { .. } | Self::Removed { .. } => None,
            Self::BurnStarted { about, .. }
            | Self::BurnEnded { about, .. }
            | Self::BudgetExhausted { about, .. }
            | Self::BudgetRestored { about, .. }
            | Self::Overridden { about, .. }
            | Self::DataLost { about, .. }
            | Self::DataFound { about } => Some(about),
        }
    }

    /// The document, or the SLO and its entity.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        match self {
            Self::Defined { reference, .. } | Self::Removed { reference } => vec![reference.clone()],
            Self::Overridden { about, component, .. } => {
                let mut subjects = vec![about.slo.clone(), component.clone()];
                subjects.extend(Some(&about.entity).filter(|entity| *entity != component).cloned());
                subjects
            }
            Self::BurnStarted { about, .. }
            | Self::BurnEnded { about, .. }
            | Self::BudgetExhausted { about, .. }
            | Self::BudgetRestored { about, .. }
            | Self::DataLost { about, .. }
            | Self::DataFound { about } => vec![about.slo.clone(), about.entity.clone()],
        }
    }

    /// One plain sentence, without who did it.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Defined { reference, .. } => format!("defined the {} {}", word_of(reference), reference.short()),
            Self::Removed { reference } => format!("removed the {} {}", word_of(reference), reference.short()),
            Self::BurnStarted { about, burn } => format!(
                "the budget of {} burns {:.1} times too fast in {}: {} of it is left",
                about.slo.short(),
                burn.long,
                in_letters(burn.long_minutes),
                burn.left.map_or_else(|| "an unknown share".to_owned(), percent)
            ),
            Self::BurnEnded { about, alert, ending, .. } => {
                let why = match ending {
                    Ending::Over => "",
                    Ending::Withdrawn => ": the alert was withdrawn",
                };
                format!("the budget of {} burns no more ({alert}){why}", about.slo.short())
            }
            Self::BudgetExhausted { about, bad, allowed, .. } => {
                format!("the budget of {} is used up: {bad:.1} bad of {allowed:.1} allowed", about.slo.short())
            }
            Self::BudgetRestored { about, left } => {
                format!("{} of the budget of {} is left again", percent(*left), about.slo.short())
            }
            Self::Overridden { about, component, version, environment } => format!(
                "{} {version} was deployed to {environment} although the budget of {} is used up",
                component.short(),
                about.slo.short()
            ),
            Self::DataLost { about, reason, .. } => {
                format!("nothing is known of {} any more: {reason}", about.slo.short())
            }
            Self::DataFound { about } => format!("{} is measured again", about.slo.short()),
        }
    }
}

/// A share in percent, with one place.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

fn word_of(reference: &EntityRef) -> &'static str {
    match reference.kind() {
        "slo" => "SLO",
        "sli" => "SLI",
        "service" => "service",
        "datasource" => "data source",
        "alertpolicy" => "alert policy",
        "alertcondition" => "alert condition",
        _ => "notification target",
    }
}
