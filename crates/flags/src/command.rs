//! The wishes, and how they are decided.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kernel::{Context, EntityRef, Refusal, RequestId, Timestamp, closest, codes};
use serde::{Deserialize, Serialize};

use crate::{
    Change, CodeReference, Definition, Event, Flag, Origin, RequestAction, Segment, State, approval, gate,
    gate::RampAction, observation, request, requirement,
};

/// What somebody wants of a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Define it, or replace its definition.
    Define {
        /// The definition.
        definition: Definition,
    },
    /// Remove it.
    Remove {
        /// Which.
        flag: EntityRef,
    },
    /// Turn it on or off in one environment.
    Turn {
        /// Which.
        flag: EntityRef,
        /// Where.
        environment: String,
        /// What it shall be.
        on: bool,
    },
    /// Define a segment, or replace its definition.
    DefineSegment {
        /// The segment.
        segment: Segment,
    },
    /// Remove a segment.
    RemoveSegment {
        /// Which.
        segment: EntityRef,
    },
    /// Do something with a ramp.
    Ramp {
        /// The flag.
        flag: EntityRef,
        /// Where.
        environment: String,
        /// What.
        action: RampAction,
    },
    /// Make a change at once although it needs approvals: it is an emergency.
    Override {
        /// The change.
        change: Change,
    },
    /// Ask for a change: for approval, for later, or both.
    RequestChange {
        /// The change.
        change: Change,
        /// When it shall be made; none: as soon as enough people agree.
        at: Option<Timestamp>,
    },
    /// Do something with a request.
    Request {
        /// Which.
        request: RequestId,
        /// What.
        action: RequestAction,
    },
    /// Remember that a component evaluated a flag.
    See {
        /// Which.
        flag: EntityRef,
        /// Who asked.
        component: EntityRef,
    },
    /// Remember that flags were evaluated on a day.
    SeeEvaluated {
        /// Which.
        flags: Vec<EntityRef>,
        /// The day, in UTC.
        day: Date,
    },
    /// Remember where source code names flags.
    ReportReferences {
        /// What was searched, such as a repository: all that was found there before is forgotten.
        source: String,
        /// What was found.
        references: BTreeMap<EntityRef, Vec<CodeReference>>,
    },
}

impl From<Change> for Command {
    fn from(change: Change) -> Self {
        match change {
            Change::Turn { flag, environment, on } => Self::Turn { flag, environment, on },
            Change::Define { definition } => Self::Define { definition },
            Change::Remove { flag } => Self::Remove { flag },
            Change::DefineSegment { segment } => Self::DefineSegment { segment },
            Change::RemoveSegment { segment } => Self::RemoveSegment { segment },
        }
    }
}

/// Decides what happens. An empty answer means that all is as wished already.
///
/// # Errors
/// If the flag does not exist, or the wish is not allowed for it.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Define { definition } => approved(state, Change::Define { definition }),
        Command::Remove { flag } => approved(state, Change::Remove { flag }),
        Command::Turn { flag, environment, on } => approved(state, Change::Turn { flag, environment, on }),
        Command::DefineSegment { segment } => approved(state, Change::DefineSegment { segment }),
        Command::RemoveSegment { segment } => approved(state, Change::RemoveSegment { segment }),
        Command::Ramp { flag, environment, action } => gate::decide(state, &flag, environment, action, context.now),
        Command::Override { change } => override_approval(state, change, context),
        Command::RequestChange { change, at } => request::ask(state, change, at, context),
        Command::Request { request, action } => request::act(state, request, action, context),
        Command::See { flag, component } => observation::see(state, flag, component),
        Command::SeeEvaluated { flags, day } => Ok(observation::see_evaluated(state, flags, day)),
        Command::ReportReferences { source, references } => observation::report(state, source, references),
    }
}

fn approved(state: &State, change: Change) -> Result<Vec<Event>, Refusal> {
    let unapproved = approval::refuse_unapproved(state, &change);
    let events = perform(state, change)?;
    // What changes nothing needs nobody.
    if events.is_empty() { Ok(events) } else { unapproved.map(|()| events) }
}

fn override_approval(state: &State, change: Change, context: &Context) -> Result<Vec<Event>, Refusal> {
    if context.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        let detail = "an emergency change needs a reason: it is shown to everybody";
        return Err(Refusal::new(&codes::INVALID, detail).field("reason"));
    }
    let needed = approval::needed(state, &change);
    let (subject, words) = (change.subject().clone(), change.words());
    let mut events = perform(state, change)?;
    if needed > 0 && !events.is_empty() {
        events.push(Event::Overridden { subject, change: words, needed });
    }
    Ok(events)
}

/// The events of a change that may be made.
pub(crate) fn perform(state: &State, change: Change) -> Result<Vec<Event>, Refusal> {
    match change {
        Change::Turn { flag, environment, on } => turn(state, flag, environment, on),
        Change::Define { definition } => define(state, definition),
        Change::Remove { flag } => remove(state, flag),
        Change::DefineSegment { segment } => define_segment(state, segment),
        Change::RemoveSegment { segment } => {
            let known = existing_segment(state, &segment)?;
            if known.origin == Origin::ByHand
                && let Some(user) = state.users_of(&segment).next()
            {
                let detail = format!("flag {} uses the segment {}", user.definition.key(), segment.short());
                return Err(Refusal::new(&codes::CONFLICT, detail).fix("take it out of the flags first"));
            }
            let affects = affected_by(state, &segment);
            Ok(vec![Event::SegmentRemoved { segment, affects }])
        }
    }
}

fn define(state: &State, definition: Definition) -> Result<Vec<Event>, Refusal> {
    let before = state.flag(&definition.flag).map(|flag| flag.definition.as_ref());
    if before == Some(&definition) {
        return Ok(Vec::new());
    }
    let is_by_hand = definition.origin == Origin::ByHand;
    if let Some(before) = before {
        if before.origin == Origin::Declared && is_by_hand {
            let detail = format!("the flag {} is declared in a file", definition.key());
            return Err(Refusal::new(&codes::CONFLICT, detail).fix("change the file and apply it"));
        }
        if before.bucketing != definition.bucketing {
            let detail = format!("another bucketing would give the users of flag {} other variants", definition.key());
            let fix = "keep the bucketing that the flag was made with, or make a new flag";
            return Err(Refusal::new(&codes::CONFLICT, detail).field("/spec/bucketing").fix(fix));
        }
    }
    refuse_wrong(definition.problems())?;
    requirement::check(state, &definition)?;
    if is_by_hand {
        let unknown = definition.segments().into_iter().find(|segment| state.segment(segment).is_none());
        if let Some(unknown) = unknown {
            return Err(no_segment(state, &unknown));
        }
    }
    Ok(vec![Event::Defined { definition: Box::new(definition) }])
}

/// The first problem as a refusal.
fn refuse_wrong(problems: Vec<spec::SpecProblem>) -> Result<(), Refusal> {
    let Some(first) = problems.into_iter().next() else { return Ok(()) };
    let refusal = Refusal::new(&codes::INVALID, first.message).field(first.pointer);
    Err(match first.suggestion {
        Some(suggestion) => refusal.fix(format!("did you mean {suggestion}?")),
        None => refusal,
    })
}

fn remove(state: &State, flag: EntityRef) -> Result<Vec<Event>, Refusal> {
    let known = existing(state, &flag)?;
    if known.definition.origin == Origin::ByHand
        && let Some(dependant) = state.dependants(&flag).next()
    {
        let detail = format!("flag {} requires the flag {}", dependant.short(), flag.short());
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("take the requirement out of it first"));
    }
    Ok(vec![Event::Removed { flag }])
}

fn turn(state: &State, flag: EntityRef, environment: String, on: bool) -> Result<Vec<Event>, Refusal> {
    let known = existing(state, &flag)?;
    let named = environment.trim() == environment && !environment.is_empty();
    if !named || environment.len() > Definition::ENVIRONMENT_BYTES_MAX {
        return Err(Refusal::new(&codes::INVALID, "an environment's name has 1 to 63 characters").field("environment"));
    }
    let room = known.switches.contains_key(&environment) || known.switches.len() < Flag::ENVIRONMENTS_MAX;
    if !room {
        return Err(Refusal::new(&codes::INVALID, "a flag has at most 200 environments").field("environment"));
    }
    if known.is_on(&environment) == on {
        return Ok(Vec::new());
    }
    let affects = affected(state, known);
    Ok(vec![Event::Turned { flag, environment, on, affects }])
}

fn define_segment(state: &State, segment: Segment) -> Result<Vec<Event>, Refusal> {
    let before = state.segment(&segment.segment);
    if before == Some(&segment) {
        return Ok(Vec::new());
    }
    let declared = before.is_some_and(|before| before.origin == Origin::Declared);
    if declared && segment.origin == Origin::ByHand {
        let detail = format!("the segment {} is declared in a file", segment.segment.short());
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("change the file and apply it"));
    }
    refuse_wrong(segment.problems())?;
    let affects = affected_by(state, &segment.segment);
    Ok(vec![Event::SegmentDefined { segment, affects }])
}

/// The components whose behaviour a flag alters, directly or through the flags that require it.
pub(crate) fn affected(state: &State, flag: &Flag) -> Vec<EntityRef> {
    let mut affected: Vec<EntityRef> = flag.users().cloned().collect();
    for dependant in requirement::all_dependants(state, &flag.definition.flag) {
        let users = state.flag(&dependant).into_iter().flat_map(Flag::users);
        let new: Vec<EntityRef> = users.filter(|user| !affected.contains(user)).cloned().collect();
        affected.extend(new);
    }
    affected.truncate(AFFECTED_MAX);
    affected
}

/// An event names at most this many affected components.
const AFFECTED_MAX: usize = 300;

fn affected_by(state: &State, segment: &EntityRef) -> Vec<EntityRef> {
    let mut affected = Vec::new();
    for flag in state.users_of(segment) {
        let concerned = std::iter::once(&flag.definition.flag).chain(flag.users());
        let new: Vec<EntityRef> = concerned.filter(|user| !affected.contains(*user)).cloned().collect();
        affected.extend(new);
        if affected.len() >= AFFECTED_MAX {
            break;
        }
    }
    affected.truncate(AFFECTED_MAX);
    affected
}

pub(crate) fn existing<'a>(state: &'a State, flag: &EntityRef) -> Result<&'a Flag, Refusal> {
    state.flag(flag).ok_or_else(|| {
        let refusal = Refusal::new(&codes::NOT_FOUND, format!("there is no flag {}", flag.short()));
        match closest(flag.short(), state.flags().map(|known| known.definition.key())) {
            Some(near) => refusal.fix(format!("did you mean {near}?")),
            None => refusal.fix("`mainstay get flags` lists them"),
        }
    })
}

fn existing_segment<'a>(state: &'a State, segment: &EntityRef) -> Result<&'a Segment, Refusal> {
    state.segment(segment).ok_or_else(|| no_segment(state, segment))
}

fn no_segment(state: &State, segment: &EntityRef) -> Refusal {
    let refusal = Refusal::new(&codes::NOT_FOUND, format!("there is no segment {}", segment.short()));
    match closest(segment.short(), state.segments().map(|known| known.segment.short())) {
        Some(near) => refusal.fix(format!("did you mean {near}?")),
        None => refusal,
    }
}
