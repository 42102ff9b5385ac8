//! The seven kinds of OpenSLO v1 documents, as far as they mean something here.

use std::collections::BTreeMap;

use kernel::EntityRef;
use serde::{Deserialize, Serialize};

use crate::{Op, Severity, Shorthand, SliceRule, Window};

/// The `apiVersion` of the documents.
pub const API_VERSION: &str = "openslo/v1";

/// One document, of whichever kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "document", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "each stands in a box or is shared already")]
pub enum Document {
    /// `kind: Service`
    Service(Service),
    /// `kind: SLO`
    Slo(Slo),
    /// `kind: SLI`
    Sli(Indicator),
    /// `kind: DataSource`
    DataSource(DataSource),
    /// `kind: AlertPolicy`
    AlertPolicy(AlertPolicy),
    /// `kind: AlertCondition`
    AlertCondition(AlertCondition),
    /// `kind: AlertNotificationTarget`
    AlertNotificationTarget(AlertNotificationTarget),
}

/// A group of SLOs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// `metadata.displayName`
    pub display: Option<String>,
    /// The entity that it stands for: the annotation `mainstay.dev/entity`.
    pub entity: Option<EntityRef>,
}

/// An objective for the level of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    /// `metadata.displayName`
    pub display: Option<String>,
    /// `spec.description`
    pub description: Option<String>,
    /// The entity that it is about: the annotation `mainstay.dev/entity`.
    pub entity: Option<EntityRef>,
    /// With fewer events in an alert's long window it is quiet: the annotation `mainstay.dev/minimum-events`.
    pub events_min: u32,
    /// `spec.service`
    pub service: String,
    /// What is measured.
    pub indicator: Link<Indicator>,
    /// The period of the budget.
    pub window: Window,
    /// What is wanted; at least one.
    pub objectives: Vec<Objective>,
    /// Whether it asks for a mean of its slices' ratios (`budgetingMethod: RatioTimeslices`). Here each event counts the
    /// same, so that it is counted as `Occurrences`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mean_of_slices: bool,
    /// When somebody is told; the workbook's alerts if it is left out.
    pub policies: Option<Vec<Link<AlertPolicy>>>,
    /// What happens when a budget is gone: the annotations `mainstay.dev/when-exhausted` and `mainstay.dev/environments`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<Consequences>,
}

/// What happens while a budget is gone. At least one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consequences {
    /// Where; at least one environment.
    pub environments: Vec<String>,
    /// Whether ramps of flags that the entity evaluates are paused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pause_ramps: bool,
    /// Whether deployments of the entity are refused, but in an emergency.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refuse_deployments: bool,
}

impl Consequences {
    /// In words: `in production, ramps pause and deployments are refused`.
    #[must_use]
    pub fn words(&self) -> String {
        let what = match (self.pause_ramps, self.refuse_deployments) {
            (true, true) => "ramps pause and deployments are refused",
            (true, false) => "ramps pause",
            (false, true) => "deployments are refused",
            (false, false) => "nothing happens",
        };
        format!("in {}, {what}", self.environments.join(", "))
    }
}

/// Another document, or its content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link<T> {
    /// The document of this name.
    Named(String),
    /// This.
    Inline(T),
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// `displayName`
    pub display: Option<String>,
    /// The share of good events or slices, from 0 to less than 1.
    pub target: f64,
    /// For a threshold metric, which values are good.
    pub good: Option<(Op, f64)>,
    /// The slices, if the budgeting method is `Timeslices`.
    pub slices: Option<SliceRule>,
}

impl Objective {
    /// The share of bad events or slices that is allowed; more than 0, since a target of 1 is refused.
    #[must_use]
    pub fn allowed(&self) -> f64 {
        (1.0 - self.target).max(f64::EPSILON)
    }

    /// The target in percent, without rounding errors: `99.9`.
    #[must_use]
    pub fn percent(&self) -> f64 {
        (self.target * 1e8).round() / 1e6
    }
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "metric", rename_all = "snake_case")]
pub enum Indicator {
    /// `thresholdMetric`: a value that is good or bad, once a minute.
    Threshold {
        /// Where it comes from.
        source: Source,
    },
    /// `ratioMetric` of events.
    Ratio {
        /// True if the queries give counters.
        counter: bool,
        /// True if `part` counts the bad events, and not the good.
        bad: bool,
        /// The good or the bad events.
        part: Source,
        /// All events.
        total: Source,
    },
    /// `ratioMetric.raw`: a ratio that somebody else calculated.
    Raw {
        /// True for the share of bad events.
        failure: bool,
        /// Where it comes from.
        source: Source,
    },
}

/// Where a metric comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// `metricSourceRef`
    pub data_source: Option<String>,
    /// `type`, in lower case
    pub kind: Option<String>,
    /// `spec.query`, for Prometheus.
    pub query: Option<String>,
    /// `spec.check`, for our own checks.
    pub check: Option<EntityRef>,
    /// `spec.degraded: bad`: what is slow counts as bad.
    pub degraded_is_bad: bool,
}

/// Where metrics are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSource {
    /// `type`, in lower case
    pub kind: String,
    /// `connectionDetails.url`
    pub url: Option<String>,
    /// `connectionDetails.headers`; a value may have a hole for a secret, `${secret.NAME}`.
    pub headers: BTreeMap<String, String>,
}

/// When somebody is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertPolicy {
    /// `alertWhenBreaching`
    pub breaching: bool,
    /// `alertWhenNoData`
    pub no_data: bool,
    /// The conditions.
    pub conditions: Vec<Link<AlertCondition>>,
    /// The names of whom it notifies. Here the owner's escalation policy says that.
    pub targets: Vec<String>,
}

/// A condition of an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertCondition {
    /// `metadata.name`
    pub name: Option<String>,
    /// How urgent.
    pub severity: Severity,
    /// How the burn rate is compared.
    pub op: Op,
    /// `threshold`; by the share of the budget if it is left out.
    pub threshold: Option<f64>,
    /// The annotation `mainstay.dev/budget-percent`: so much of the budget within the window.
    pub percent: Option<f64>,
    /// `lookbackWindow`
    pub long: Shorthand,
    /// The annotation `mainstay.dev/short-window`; a twelfth of the long one if it is left out.
    pub short: Option<Shorthand>,
    /// `alertAfter`, in minutes.
    pub after: u32,
}

/// Whom an alert is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertNotificationTarget {
    /// `target`: email, slack and so on.
    pub target: String,
}
