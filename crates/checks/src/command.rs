//! The wishes, and what becomes of them.

use jiff::Timestamp;
use kernel::{Context, EntityRef, EventId, Refusal, codes};
use serde::{Deserialize, Serialize};

use crate::{
    CheckDefinition, Event, Evidence, RunResult, Signal, State, Verdict, Watch,
    heartbeat::{self, Overdue},
    judge::{ability, judge},
    maintenance::Planned,
};

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
    /// A job reports.
    Beat {
        /// The check.
        check: EntityRef,
        /// What it says.
        signal: Signal,
    },
    /// Have the secret address that a job reports at made anew.
    RenewBeatAddress {
        /// The check.
        check: EntityRef,
    },
    /// A job has not reported in time: see [`due`].
    MarkOverdue {
        /// The check.
        check: EntityRef,
    },
    /// Don't judge for a while.
    SetMaintenance {
        /// A check, or the entity whose checks are meant.
        of: EntityRef,
        /// From then on.
        from: Timestamp,
        /// Until then: later, by 31 days at most.
        to: Timestamp,
    },
    /// End a maintenance, or call it off.
    EndMaintenance {
        /// The maintenance, by the event that set it.
        id: EventId,
    },
    /// A probe is heard.
    HearProbe {
        /// Where it stands.
        location: String,
    },
    /// A probe is heard no more.
    MarkProbeSilent {
        /// Where it stands.
        location: String,
        /// When it was last heard.
        last: Timestamp,
    },
    /// Take a probe out of service.
    RetireProbe {
        /// Where it stands.
        location: String,
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
/// Probes that there may be.
const PROBES: usize = 200;
/// What is kept of a job's output.
const OUTPUT_BYTES: usize = 2_048;
/// Bytes of a location's name.
const LOCATION_BYTES: usize = 63;

/// Decides what becomes of a command. No events: there is nothing to do.
///
/// A report about a check that is paused or gone is no error: the run had begun before.
///
/// # Errors
/// `not-found` for an unknown check; `invalid` for a location without a sensible name, or one check too many.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
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
            // What a probe kept while the server was away says nothing about now, and pages nobody.
            let age = context.now.duration_since(result.at);
            let is_fresh = |watch: &&Watch| !age.is_positive() || age.unsigned_abs() <= watch.definition.silent_after();
            let Some(watch) = state.watch(&result.check).filter(is_fresh) else { return Ok(Vec::new()) };
            let ability = ability(watch, &result);
            return Ok(ability.into_iter().chain(judge(state, watch, result)).collect());
        }
        Command::Beat { check, signal } => return beat(state, &check, signal, context),
        Command::RenewBeatAddress { check } => {
            let watch = heartbeat_of(state, &check)?;
            let path = watch.definition.critical_path();
            Some(Event::BeatAddressRenewed { check, path })
        }
        Command::MarkOverdue { check } => {
            let watch = state.watch(&check).filter(|watch| watch.verdict != Verdict::Down && !watch.paused);
            watch.and_then(|watch| overdue(state, watch, context.now))
        }
        Command::SetMaintenance { of, from, to } => Some(set_maintenance(of, from, to, context.now)?),
        Command::EndMaintenance { id } => {
            let planned = state.maintenances().find(|planned| planned.id == id);
            let planned =
                planned.ok_or_else(|| Refusal::new(&codes::NOT_FOUND, format!("there is no maintenance {id}")))?;
            let lasts = planned.to > context.now && !planned.is_called_off();
            lasts.then(|| Event::MaintenanceEnded { of: planned.of.clone(), id })
        }
        Command::HearProbe { location: name } => {
            location(&name)?;
            match state.probe(&name) {
                Some(probe) if probe.silent => {
                    Some(Event::ProbeCameBack { probe: probe.probe.clone(), location: name })
                }
                Some(_) => None,
                None if state.probes().count() >= PROBES => {
                    let detail = format!("there are {PROBES} probes already");
                    return Err(Refusal::new(&codes::INVALID, detail).fix("retire one first"));
                }
                None => Some(Event::ProbeJoined { probe: probe_at(&name)?, location: name }),
            }
        }
        Command::MarkProbeSilent { location, last } => {
            let heard = state.probe(&location).filter(|probe| !probe.silent);
            heard.map(|probe| Event::ProbeFellSilent { probe: probe.probe.clone(), location, last })
        }
        Command::RetireProbe { location } => match state.probe(&location) {
            Some(probe) => Some(Event::ProbeRetired { probe: probe.probe.clone(), location }),
            None => return Err(Refusal::new(&codes::NOT_FOUND, format!("there is no probe at {location}"))),
        },
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
        .filter(|watch| watch.verdict != Verdict::Unknown && !watch.paused && watch.definition.is_run())
        .filter_map(|watch| {
            let last = last_heard(&watch.definition.check);
            let quiet = now.duration_since(last);
            let silent = quiet.is_positive() && quiet.unsigned_abs() > watch.definition.silent_after();
            silent.then(|| Command::MarkSilent { check: watch.definition.check.clone(), last: Some(last) })
        })
        .collect()
}

/// What follows from time passing: jobs that have not reported, and checks of which too few locations are heard to say
/// anything.
#[must_use]
pub fn due(state: &State, now: Timestamp) -> Vec<Command> {
    let in_maintenance = |check: &EntityRef| {
        state.watch(check).is_some_and(|watch| state.maintenance_end(&watch.definition, now).is_some())
    };
    let overdue = heartbeat::overdue(state, now).filter(|(check, _)| !in_maintenance(check));
    let mut commands: Vec<Command> = overdue.map(|(check, _)| Command::MarkOverdue { check }).collect();
    let any_silent = state.probes().any(|(_, probe)| probe.silent);
    if any_silent || state.watches().any(|watch| !watch.unable.is_empty()) {
        let judged = state.watches().filter(|watch| watch.verdict != Verdict::Unknown && !watch.paused);
        let unheard = judged.filter(|watch| any_silent || !watch.unable.is_empty()).filter(|watch| {
            let panel = state.panel(watch);
            panel.silent > 0 && panel.verdict(watch.definition.agreement) == Verdict::Unknown
        });
        commands.extend(unheard.map(|watch| Command::MarkSilent { check: watch.definition.check.clone(), last: None }));
    }
    commands
}

fn overdue(state: &State, watch: &Watch, now: Timestamp) -> Option<Event> {
    let Overdue { since, error } = heartbeat::of_watch(watch, now)?;
    if state.maintenance_end(&watch.definition, now).is_some() {
        return None;
    }
    Some(job_down(watch, since, Evidence::of(error)))
}

fn job_down(watch: &Watch, since: Timestamp, evidence: Evidence) -> Event {
    Event::WentDown {
        check: watch.definition.check.clone(),
        path: watch.definition.critical_path(),
        location: JOB.to_owned(),
        since: watch.down_since.unwrap_or(since),
        last_good: watch.beats.as_ref().and_then(|beats| beats.succeeded),
        evidence: evidence.bounded(),
        agreeing: Vec::new(),
    }
}

/// Where a job's reports come from, in place of a location.
const JOB: &str = "job";

fn beat(state: &State, check: &EntityRef, signal: Signal, context: &Context) -> Result<Vec<Event>, Refusal> {
    let watch = heartbeat_of(state, check)?;
    let signal = match signal {
        Signal::Failed { exit, mut output } => {
            // The end of what a job wrote says why it failed.
            let from = output.ceil_char_boundary(output.len().saturating_sub(OUTPUT_BYTES));
            Signal::Failed { exit, output: output.split_off(from) }
        }
        Signal::Started | Signal::Succeeded => signal,
    };
    let (check, path, at) = (check.clone(), watch.definition.critical_path(), context.now);
    let verdict = match &signal {
        _ if watch.paused => None,
        Signal::Started => None,
        Signal::Succeeded => match (watch.down_since, watch.verdict) {
            (Some(down_since), _) => {
                let (check, path, location) = (check.clone(), path.clone(), JOB.to_owned());
                Some(Event::Recovered { check, path, location, down_since, at })
            }
            (None, Verdict::Unknown) => {
                Some(Event::CameUp { check: check.clone(), path: path.clone(), location: JOB.to_owned(), at })
            }
            (None, Verdict::Up | Verdict::Degraded | Verdict::Down) => None,
        },
        Signal::Failed { exit, output } => {
            let in_maintenance = state.maintenance_end(&watch.definition, at).is_some();
            let said = exit.map_or_else(
                || "the job reported that it failed".to_owned(),
                |exit| format!("the job failed with exit code {exit}"),
            );
            let evidence =
                Evidence { body_excerpt: (!output.is_empty()).then(|| output.clone()), ..Evidence::of(said) };
            (watch.verdict != Verdict::Down && !in_maintenance).then(|| job_down(watch, at, evidence))
        }
    };
    Ok([Event::Beat { check, path, signal, at }].into_iter().chain(verdict).collect())
}

fn heartbeat_of<'a>(state: &'a State, check: &EntityRef) -> Result<&'a Watch, Refusal> {
    let watch = known(state, check)?;
    if watch.definition.is_run() {
        let detail = format!("{} is run by probes; only a heartbeat takes reports", check.short());
        return Err(Refusal::new(&codes::INVALID, detail).fix("declare it with \"heartbeat\""));
    }
    Ok(watch)
}

fn set_maintenance(of: EntityRef, from: Timestamp, to: Timestamp, now: Timestamp) -> Result<Event, Refusal> {
    if from >= to {
        return Err(Refusal::new(&codes::INVALID, "ends before it begins").field("/to").fix("give a later end"));
    }
    if to <= now {
        return Err(Refusal::new(&codes::INVALID, "is over already").field("/to").fix("give a later end"));
    }
    if to.duration_since(from) > Planned::LONGEST {
        let refusal = Refusal::new(&codes::INVALID, "is longer than 31 days").field("/to");
        return Err(refusal.fix("give an earlier end, or pause the checks"));
    }
    Ok(Event::MaintenanceSet { of, from, to })
}

fn probe_at(location: &str) -> Result<EntityRef, Refusal> {
    EntityRef::new("probe", EntityRef::DEFAULT_NAMESPACE, location)
        .map_err(|error| Refusal::new(&codes::INVALID, error.to_string()).field("/location"))
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
