//! An SLO with everything that it names.

use std::collections::BTreeMap;

use kernel::EntityRef;

use crate::{
    Alert, AlertCondition, AlertPolicy, DataSource, Document, Indicator, Link, Op, Service, Slo, Source, State,
    in_letters, short_of, threshold,
};

/// An SLO with everything that it names.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Which.
    pub slo: EntityRef,
    /// What it says.
    pub definition: Slo,
    /// The document of its service, if there is one.
    pub service: Option<Service>,
    /// Where its events come from.
    pub input: Input,
    /// When somebody is told.
    pub alerts: Vec<Alert>,
    /// True if somebody is told that there are no data.
    pub no_data: bool,
    /// What is not followed, or can't work, in words.
    pub notes: Vec<String>,
}

/// Where the events of an SLO come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The verdict of a check over time.
    Check {
        /// Which.
        check: EntityRef,
        /// True if slow counts as bad.
        degraded_is_bad: bool,
    },
    /// The runs of a check, at all of its locations: those that were fast enough are good, slower and failing ones bad.
    Runs {
        /// Which check.
        check: EntityRef,
        /// The longest that a good run takes, in milliseconds.
        ms_max: f64,
    },
    /// A Prometheus, or what speaks its HTTP API.
    Prometheus {
        /// Its address, up to before `/api/v1`.
        url: String,
        /// Headers, with holes for secrets.
        headers: BTreeMap<String, String>,
        /// What it is asked.
        measure: Measure,
    },
}

/// What a Prometheus is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// Two queries for events.
    Ratio {
        /// True if they give counters.
        counter: bool,
        /// True if the first is for the bad events.
        bad: bool,
        /// The query for the good or bad events.
        part: String,
        /// The query for all.
        total: String,
    },
    /// A query for a ratio; each minute is worth one event.
    Raw {
        /// True for the share of bad events.
        failure: bool,
        /// The query.
        query: String,
    },
    /// A query for a value; each minute is worth one event.
    Threshold {
        /// The query.
        query: String,
        /// How a good value compares.
        op: Op,
        /// With what.
        value: f64,
    },
}

impl Resolved {
    /// How far back anything of it looks, in minutes.
    #[must_use]
    pub fn reach(&self) -> u32 {
        let period = self.definition.window.duration().minutes();
        // A period by the calendar may be a little longer than its mean.
        let period = period.saturating_add(period / 20);
        self.alerts.iter().map(Alert::reach).fold(period, u32::max).saturating_add(120)
    }

    /// The entity that the SLO says that it is about; none if it leaves that to its service's name.
    #[must_use]
    pub fn entity(&self) -> Option<&EntityRef> {
        self.definition.entity.as_ref().or_else(|| self.service.as_ref()?.entity.as_ref())
    }

    /// The name for people.
    #[must_use]
    pub fn display(&self) -> &str {
        self.definition.display.as_deref().unwrap_or_else(|| self.slo.short())
    }
}

/// An SLO with everything that it names.
///
/// # Errors
/// What is missing or does not fit, in words.
pub(crate) fn resolve(state: &State, slo: &EntityRef, definition: &Slo) -> Result<Resolved, String> {
    let namespace = slo.namespace();
    let named = |kind: &str, name: &str| {
        let found = EntityRef::new(kind, namespace, name).ok().and_then(|reference| state.document(&reference));
        found.ok_or_else(|| format!("there is no {kind} \"{name}\""))
    };
    let indicator = match &definition.indicator {
        Link::Inline(indicator) => indicator,
        Link::Named(name) => {
            let Document::Sli(indicator) = named("sli", name)? else { return Err(format!("\"{name}\" is no SLI")) };
            indicator
        }
    };
    let data_source = |source: &Source| match &source.data_source {
        None => Ok(None),
        Some(name) => {
            let Document::DataSource(found) = named("datasource", name)? else {
                return Err(format!("\"{name}\" is no DataSource"));
            };
            Ok(Some(found.clone()))
        }
    };
    let input = input(definition, indicator, data_source)?;
    let mut notes = Vec::new();
    let mut no_data = false;
    let period = definition.window.duration().minutes();
    let alerts = match &definition.policies {
        None => Alert::defaults(period),
        Some(policies) => {
            let mut alerts: Vec<Alert> = Vec::new();
            for policy in policies {
                let policy = match policy {
                    Link::Inline(policy) => policy,
                    Link::Named(name) => {
                        let Document::AlertPolicy(policy) = named("alertpolicy", name)? else {
                            return Err(format!("\"{name}\" is no AlertPolicy"));
                        };
                        policy
                    }
                };
                no_data |= policy.no_data;
                alerts.extend(alerts_of(policy, period, &named, &mut notes)?);
            }
            alerts
        }
    };
    let alerts = distinct(alerts);
    if definition.mean_of_slices {
        notes.push(
            "RatioTimeslices is counted as Occurrences: each event weighs the same, in a quiet slice or not".into(),
        );
    }
    if period < SHORT_MINUTES {
        let period = definition.window.duration();
        notes.push(format!("its period is {period}, too short for an alert to be of use; a month is written 1M"));
    }
    for objective in &definition.objectives {
        for alert in alerts.iter().filter(|alert| alert.is_out_of_reach(objective)) {
            notes.push(format!(
                "the alert \"{}\" can never be: at a target of {}% no outage burns faster than {:.1}",
                alert.name,
                objective.percent(),
                1.0 / objective.allowed()
            ));
        }
    }
    let service =
        EntityRef::new("service", namespace, &definition.service).ok().and_then(|service| state.document(&service));
    let service = match service {
        Some(Document::Service(service)) => Some(service.clone()),
        Some(_) | None => None,
    };
    Ok(Resolved { slo: slo.clone(), definition: definition.clone(), service, input, alerts, no_data, notes })
}

/// A shorter period has a note: a month was meant, most likely.
const SHORT_MINUTES: u32 = 60;

fn alerts_of<'a>(
    policy: &AlertPolicy,
    period: u32,
    named: &impl Fn(&str, &str) -> Result<&'a Document, String>,
    notes: &mut Vec<String>,
) -> Result<Vec<Alert>, String> {
    for target in &policy.targets {
        let note = format!(
            "the notification target \"{target}\" is not followed: the owner's escalation policy says who is told"
        );
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    if !policy.breaching {
        return Ok(Vec::new());
    }
    let mut alerts = Vec::new();
    for condition in &policy.conditions {
        alerts.push(match condition {
            Link::Inline(condition) => alert_of(condition, None, period),
            Link::Named(name) => {
                let Document::AlertCondition(condition) = named("alertcondition", name)? else {
                    return Err(format!("\"{name}\" is no AlertCondition"));
                };
                alert_of(condition, Some(name), period)
            }
        });
    }
    Ok(alerts)
}

fn alert_of(condition: &AlertCondition, name: Option<&str>, period: u32) -> Alert {
    let long = condition.long.minutes();
    let percent = condition.percent.map(|percent| threshold(percent, period, long));
    let name = condition.name.as_deref().or(name);
    Alert {
        name: name.map_or_else(|| format!("burn in {}", in_letters(long)), str::to_owned),
        severity: condition.severity,
        long,
        short: condition.short.map_or_else(|| short_of(long), crate::Shorthand::minutes),
        op: condition.op,
        threshold: condition.threshold.or(percent).unwrap_or(f64::MAX),
        after: condition.after,
    }
}

/// Alerts are known by their names; a second one of a name is numbered.
fn distinct(alerts: Vec<Alert>) -> Vec<Alert> {
    let mut known: Vec<Alert> = Vec::with_capacity(alerts.len());
    for mut alert in alerts {
        let same = known
            .iter()
            .filter(|other| other.name == alert.name || other.name.starts_with(&format!("{} (", alert.name)));
        let same = same.count();
        if same > 0 {
            alert.name = format!("{} ({})", alert.name, same + 1);
        }
        known.push(alert);
    }
    known
}

fn input(
    definition: &Slo,
    indicator: &Indicator,
    data_source: impl Fn(&Source) -> Result<Option<DataSource>, String>,
) -> Result<Input, String> {
    let first = match indicator {
        Indicator::Threshold { source } | Indicator::Raw { source, .. } | Indicator::Ratio { total: source, .. } => {
            source
        }
    };
    let found = data_source(first)?;
    let kind = first.kind.clone().or_else(|| found.as_ref().map(|found| found.kind.clone())).unwrap_or_default();
    match kind.as_str() {
        "mainstay/check" => match (indicator, &first.check) {
            (Indicator::Raw { failure: false, source }, Some(check)) => {
                Ok(Input::Check { check: check.clone(), degraded_is_bad: source.degraded_is_bad })
            }
            (Indicator::Threshold { .. }, Some(check)) => {
                let good = |objective: &crate::Objective| objective.good;
                match definition.objectives.as_slice() {
                    [one] => match good(one) {
                        Some((Op::Lte | Op::Lt, ms_max)) if ms_max > 0.0 => {
                            Ok(Input::Runs { check: check.clone(), ms_max })
                        }
                        Some(_) => Err("a run is good up to some milliseconds: op lte and a value above 0".to_owned()),
                        None => Err("a thresholdMetric needs an objective with \"op\" and \"value\"".to_owned()),
                    },
                    _ => Err("a thresholdMetric has one objective only".to_owned()),
                }
            }
            _ => {
                Err("a check is given as \"ratioMetric.raw\" with rawType success, or as \"thresholdMetric\""
                    .to_owned())
            }
        },
        "prometheus" => {
            let Some(DataSource { url: Some(url), headers, .. }) = found else {
                return Err(
                    "a Prometheus is named by metricSourceRef: a DataSource with connectionDetails.url".to_owned()
                );
            };
            let query = |source: &Source| {
                if source.data_source != first.data_source {
                    return Err("all queries of one SLO go to the same DataSource".to_owned());
                }
                source.query.clone().ok_or_else(|| "a metricSource of Prometheus needs spec.query".to_owned())
            };
            let measure = match indicator {
                Indicator::Ratio { counter, bad, part, total } => {
                    Measure::Ratio { counter: *counter, bad: *bad, part: query(part)?, total: query(total)? }
                }
                Indicator::Raw { failure, source } => Measure::Raw { failure: *failure, query: query(source)? },
                Indicator::Threshold { source } => {
                    let good = definition.objectives.first().and_then(|objective| objective.good);
                    let (op, value) = good.ok_or("a thresholdMetric needs an objective with \"op\" and \"value\"")?;
                    if definition.objectives.len() > 1 {
                        return Err("a thresholdMetric has one objective only".to_owned());
                    }
                    Measure::Threshold { query: query(source)?, op, value }
                }
            };
            Ok(Input::Prometheus { url: url.trim_end_matches('/').to_owned(), headers, measure })
        }
        other => Err(format!("metrics of the sort \"{other}\" can't be asked for; mainstay/check and prometheus can")),
    }
}
