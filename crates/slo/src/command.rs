//! The wishes, and what becomes of them.

use jiff::SignedDuration;
use kernel::{Context, EntityRef, Refusal, Timestamp, codes};

use crate::{About, Budget, Burn, Document, Ending, Event, Report, State, Verdict, moment_of, state::Firing};

/// More documents are refused.
pub const DOCUMENTS_MAX: usize = 20_000;
/// What is told of why there are no data is cut to this length.
const REASON_BYTES: usize = 500;
/// A budget that was used up is told to be there again from this share on, so that one that hovers is not told all the time.
const RESTORED_FROM: f64 = 0.01;
/// An SLO of which nothing was counted yet is new for so long.
const NEW_FOR: SignedDuration = SignedDuration::from_mins(15);

/// What somebody wants of objectives.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Have this document, as defined here.
    Define {
        /// Its name.
        reference: EntityRef,
        /// What it says.
        document: Box<Document>,
    },
    /// Have it no more.
    Remove {
        /// Its name.
        reference: EntityRef,
    },
    /// Take note that a version was deployed although a budget is gone.
    Override {
        /// Whose budget.
        about: About,
        /// What was deployed.
        component: EntityRef,
        /// Which version.
        version: String,
        /// Where.
        environment: String,
    },
    /// Take note of how an SLO stands.
    Judge {
        /// Which.
        slo: EntityRef,
        /// The entity that it is about.
        entity: EntityRef,
        /// How it stands.
        report: Box<Report>,
        /// True if somebody is to be told that there are no data.
        tell_no_data: bool,
        /// Why there are no data, as far as that is known.
        reason: Option<String>,
    },
}

/// What the command makes happen: only what changes, so nothing most of the time.
///
/// # Errors
/// `NOT_FOUND` for what is not declared; `INVALID` for more documents than are held.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Define { reference, document } => {
            let known = state.document(&reference);
            if known == Some(document.as_ref()) {
                return Ok(vec![]);
            }
            if known.is_none() && state.len() >= DOCUMENTS_MAX {
                return Err(Refusal::new(
                    &codes::INVALID,
                    format!("There are {DOCUMENTS_MAX} OpenSLO documents already."),
                ));
            }
            Ok(vec![Event::Defined { reference, document }])
        }
        Command::Remove { reference } => {
            if state.document(&reference).is_none() {
                return Err(not_found(&reference));
            }
            // What burnt ends first, so that its incident does.
            let standing = state.standing(&reference);
            let mut events: Vec<Event> = standing.firing.iter().map(|firing| withdrawn(firing, None)).collect();
            if let (true, Some(about)) = (standing.lost, standing.about) {
                events.push(Event::DataFound { about });
            }
            events.push(Event::Removed { reference });
            Ok(events)
        }
        Command::Override { about, component, version, environment } => {
            if state.document(&about.slo).is_none() {
                return Err(not_found(&about.slo));
            }
            Ok(vec![Event::Overridden { about, component, version, environment }])
        }
        Command::Judge { slo, entity, report, tell_no_data, reason } => {
            if state.document(&slo).is_none() {
                return Err(not_found(&slo));
            }
            Ok(judge(state, &slo, &entity, &report, tell_no_data, reason, context.now))
        }
    }
}

fn not_found(reference: &EntityRef) -> Refusal {
    Refusal::new(&codes::NOT_FOUND, format!("There is no {reference}."))
}

fn withdrawn(firing: &Firing, left: Option<f64>) -> Event {
    let Firing { about, alert, severity, since: _ } = firing.clone();
    Event::BurnEnded { about, alert, severity, ending: Ending::Withdrawn, left }
}

fn judge(
    state: &State,
    slo: &EntityRef,
    entity: &EntityRef,
    report: &Report,
    told: bool,
    reason: Option<String>,
    now: Timestamp,
) -> Vec<Event> {
    let standing = state.standing(slo);
    let mut events = Vec::new();
    let about = |objective: usize| About {
        slo: slo.clone(),
        objective: u8::try_from(objective).unwrap_or(u8::MAX),
        entity: entity.clone(),
    };
    for firing in &standing.firing {
        let now = report.objectives.get(usize::from(firing.about.objective));
        if now.is_none_or(|now| now.alerts.iter().all(|(alert, _)| alert.name != firing.alert)) {
            events.push(withdrawn(firing, now.and_then(|now| Some(now.budget?.left))));
        }
    }
    for (objective, now) in report.objectives.iter().enumerate() {
        let left = now.budget.map(|budget| budget.left);
        for (alert, reading) in &now.alerts {
            let about = about(objective);
            let firing =
                standing.firing.iter().find(|it| it.about.objective == about.objective && it.alert == alert.name);
            match (firing, reading.verdict, reading.long, reading.short) {
                (None, Verdict::Burning, Some(long), Some(short)) => {
                    let burn = Burn {
                        alert: alert.name.clone(),
                        severity: alert.severity,
                        long_minutes: alert.long,
                        long,
                        short_minutes: alert.short,
                        short,
                        threshold: alert.threshold,
                        left,
                    };
                    events.push(Event::BurnStarted { about, burn });
                }
                // What is not measured any more is not known to be over.
                (Some(firing), Verdict::Quiet, _, _) if !report.silent => {
                    let Firing { about, alert, severity, since: _ } = firing.clone();
                    events.push(Event::BurnEnded { about, alert, severity, ending: Ending::Over, left });
                }
                (None, _, _, _) | (Some(_), Verdict::Burning | Verdict::Quiet | Verdict::Unknown, _, _) => {}
            }
        }
        let exhausted = standing.exhausted.contains_key(&about(objective).objective);
        // What the window's movement alone makes of old counts tells nothing of now.
        match now.budget.filter(|_| !report.silent) {
            Some(Budget { counts, allowed, left, .. }) if left <= 0.0 && !exhausted => {
                events.push(Event::BudgetExhausted { about: about(objective), bad: counts.bad(), allowed, left });
            }
            Some(Budget { left, .. }) if left >= RESTORED_FROM && exhausted => {
                events.push(Event::BudgetRestored { about: about(objective), left });
            }
            Some(_) | None => {}
        }
    }
    // What is new was not measured yet.
    let new_for = NEW_FOR.max(SignedDuration::from_mins(report.apart));
    let is_new = report.last.is_none() && state.since(slo).is_none_or(|since| now.duration_since(since) < new_for);
    match (standing.lost, report.silent && !is_new) {
        (false, true) => {
            let last: Option<Timestamp> = report.last.map(moment_of);
            let reason = reason.unwrap_or_else(|| "nothing was counted".to_owned());
            let reason = reason.chars().scan(0, |bytes, c| {
                *bytes += c.len_utf8();
                (*bytes <= REASON_BYTES).then_some(c)
            });
            events.push(Event::DataLost { about: about(0), last, reason: reason.collect(), told });
        }
        (true, false) => events.push(Event::DataFound { about: about(0) }),
        (true, true) | (false, false) => {}
    }
    events
}
