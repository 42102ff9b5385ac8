//! The wishes, and what becomes of them.

use jiff::Timestamp;
use kernel::{Context, EntityRef, Refusal, codes};
use serde::{Deserialize, Serialize};

use crate::{CheckDefinition, Event, Evidence, Outcome, RunResult, State, Verdict, Watch};

/// What somebody wants of a check, or says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Have this check, as defined here.
    Define {
        /// What it is from now on.
        definition: CheckDefinition,
    },
    /// Have it no more.
    Remove {
        /// The check.
        check: EntityRef,
    },
    /// Stop judging.
    Pause {
        /// The check.
        check: EntityRef,
    },
    /// Go on.
    Resume {
        /// The check.
        check: EntityRef,
    },
    /// A run has ended.
    Report {
        /// How.
        result: RunResult,
    },
    /// Nothing was heard for too long: see [`silent`].
    MarkSilent {
        /// The check.
        check: EntityRef,
        /// The last result, if one is known.
        last: Option<Timestamp>,
    },
}

/// Checks that there may be.
const CHECKS: usize = 10_000;
/// Bytes of a location's name.
const LOCATION_BYTES: usize = 63;

/// Decides what becomes of a command. No events: there is nothing to do.
///
/// A report about a check that is paused or gone is no error: the run had begun before.
///
/// # Errors
/// `not-found` for an unknown check; `invalid` for a location without a sensible name, or one check too many.
pub fn decide(state: &State, command: Command, _: &Context) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        Command::Define { definition } => define(state, definition)?,
        Command::Remove { check } => {
            let path = known(state, &check)?.definition.critical_path();
            Some(Event::Removed { check, path })
        }
        Command::Pause { check } => {
            let watch = known(state, &check)?;
            let path = watch.definition.critical_path();
            (!watch.paused).then_some(Event::Paused { check, path })
        }
        Command::Resume { check } => {
            let watch = known(state, &check)?;
            let path = watch.definition.critical_path();
            watch.paused.then_some(Event::Resumed { check, path })
        }
        Command::Report { result } => {
            location(&result.location)?;
            state.watch(&result.check).and_then(|watch| judge(watch, result))
        }
        Command::MarkSilent { check, last } => state
            .watch(&check)
            .filter(|watch| watch.verdict != Verdict::Unknown && !watch.paused)
            .map(|watch| Event::FellSilent { check, path: watch.definition.critical_path(), last }),
    };
    Ok(event.into_iter().collect())
}

/// The checks of which nothing was heard for longer than [`CheckDefinition::silent_after`]. `last_heard` is when the
/// last result came; who has heard none yet answers with the time since when it listens.
pub fn silent(state: &State, last_heard: impl Fn(&EntityRef) -> Timestamp, now: Timestamp) -> Vec<Command> {
    state
        .watches()
        .filter(|watch| watch.verdict != Verdict::Unknown && !watch.paused)
        .filter_map(|watch| {
            let last = last_heard(&watch.definition.check);
            let quiet = now.duration_since(last);
            let silent = quiet.is_positive() && quiet.unsigned_abs() > watch.definition.silent_after();
            silent.then(|| Command::MarkSilent { check: watch.definition.check.clone(), last: Some(last) })
        })
        .collect()
}

fn known<'a>(state: &'a State, check: &EntityRef) -> Result<&'a Watch, Refusal> {
    state.watch(check).ok_or_else(|| Refusal::new(&codes::NOT_FOUND, format!("there is no check {}", check.short())))
}

fn define(state: &State, definition: CheckDefinition) -> Result<Option<Event>, Refusal> {
    match state.watch(&definition.check) {
        Some(watch) if *watch.definition == definition => Ok(None),
        None if state.watches().count() >= CHECKS => {
            Err(Refusal::new(&codes::INVALID, format!("there are {CHECKS} checks already")).fix("remove one first"))
        }
        Some(_) | None => Ok(Some(Event::Defined { definition })),
    }
}

fn location(name: &str) -> Result<(), Refusal> {
    let sound = !name.is_empty()
        && name.len() <= LOCATION_BYTES
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if sound {
        return Ok(());
    }
    Err(Refusal::new(&codes::INVALID, "is not a location's name")
        .field("/result/location")
        .fix(format!("letters, digits, dashes, dots and underscores, at most {LOCATION_BYTES}")))
}

/// The transition that a result brings, if any.
fn judge(watch: &Watch, result: RunResult) -> Option<Event> {
    let known_already = watch.verdict != Verdict::Unknown && result.at < watch.since;
    if watch.paused || known_already {
        return None;
    }
    let seen = Seen { watch, path: watch.definition.critical_path(), result: &result };
    match &result.outcome {
        Outcome::Failed { evidence } => seen.failing(evidence.clone()),
        Outcome::Slow { evidence } => seen.good(Some(evidence)),
        Outcome::Passed => seen.good(None),
    }
}

/// One result beside the verdict that it may change.
struct Seen<'a> {
    watch: &'a Watch,
    path: Vec<EntityRef>,
    result: &'a RunResult,
}

impl Seen<'_> {
    fn failing(self, evidence: Evidence) -> Option<Event> {
        let Self { watch, path, result } = self;
        let (check, location) = (result.check.clone(), result.location.clone());
        if watch.verdict == Verdict::Down {
            return None;
        }
        if result.streak.runs < watch.definition.failures_to_down {
            let since = result.streak.since;
            let first = watch.falters.is_empty();
            return first.then(|| Event::Faltered { check, path, location, since, evidence: evidence.bounded() });
        }
        // An outage that silence interrupted is still the same outage.
        let since = watch.down_since.unwrap_or(result.streak.since);
        let last_good = if watch.down_since.is_some() { watch.last_good } else { result.last_good };
        Some(Event::WentDown { check, path, location, since, last_good, evidence: evidence.bounded() })
    }

    /// A run that did not fail; `slow` is what it saw if it was slow.
    fn good(self, slow: Option<&Evidence>) -> Option<Event> {
        let Self { watch, path, result } = self;
        let definition = &watch.definition;
        let (check, location) = (result.check.clone(), result.location.clone());
        if let Some(down_since) = watch.down_since {
            let theirs = watch.location.as_ref().is_none_or(|seen_at| *seen_at == location);
            let enough = theirs && result.streak.runs >= definition.successes_to_up;
            let at = result.streak.since;
            return enough.then_some(Event::Recovered { check, path, location, down_since, at });
        }
        let slow_enough = slow.filter(|_| result.pace.runs >= definition.failures_to_down);
        match (watch.verdict, slow_enough) {
            (Verdict::Up | Verdict::Unknown, Some(evidence)) => {
                let (since, evidence) = (result.pace.since, evidence.clone().bounded());
                Some(Event::Degraded { check, path, location, since, evidence })
            }
            (Verdict::Unknown, None) => Some(Event::CameUp { check, path, location, at: result.at }),
            (Verdict::Degraded, None)
                if slow.is_none()
                    && watch.location.as_ref() == Some(&location)
                    && result.pace.runs >= definition.successes_to_up =>
            {
                let (degraded_since, at) = (watch.since, result.pace.since);
                Some(Event::Restored { check, path, location, degraded_since, at })
            }
            (Verdict::Up | Verdict::Degraded | Verdict::Down, _) => {
                let faltered = watch.falters.get(&location)?.since;
                Some(Event::Steadied { check, path, location, faltered })
            }
        }
    }
}
