//! What must be so for something to be promised.

use kernel::{Context, Refusal, codes};

use super::{TEXT_BYTES_MAX, WHAT_BYTES_MAX, clock, deadline, invalid, text};
use crate::{DoneWhen, Event, Knowledge, Look, Promise, Source, State, is_known};

const PATH_BYTES_MAX: usize = 500;
const KEY_BYTES_MAX: usize = 1_200;

pub(super) fn decide(
    state: &State,
    mut promise: Promise,
    known: &dyn Knowledge,
    context: &Context,
) -> Result<Event, Refusal> {
    if state.unfinished_count() >= State::UNFINISHED_MAX {
        let detail = format!("{} promises are not kept yet, which is the bound", State::UNFINISHED_MAX);
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("do some of them, or decide against them"));
    }
    promise.what = text("/what", promise.what, WHAT_BYTES_MAX)?;
    if promise.what.contains(char::is_control) {
        return Err(invalid("/what", "what is promised must be one line").fix("say the rest in why"));
    }
    if promise.why.len() > TEXT_BYTES_MAX {
        let detail = format!("the reason has {} bytes; at most {TEXT_BYTES_MAX} are allowed", promise.why.len());
        return Err(invalid("/why", detail));
    }
    is_known("/owner", &promise.owner, known)?;
    deadline(promise.deadline, context.now)?;
    sources(state, &promise.source, known)?;
    kinds(&promise.done_when)?;
    match &promise.team {
        Some(team) if !known.is_team(team) => {
            let detail = format!("{team} is no group of the catalog");
            return Err(invalid("/team", detail).fix("name a group, or leave it out"));
        }
        Some(_) => {}
        None => promise.team = known.team_of(&promise.owner, &promise.subject),
    }
    if let DoneWhen::DocumentChanged { path: Some(path), .. } = &promise.done_when
        && (path.is_empty() || path.len() > PATH_BYTES_MAX)
    {
        return Err(invalid("/done_when/path", format!("a path has from 1 to {PATH_BYTES_MAX} bytes")));
    }
    promise.done_when = known.pin(promise.done_when);
    if let Look::Holds(words) = known.look(&promise.done_when, context.now) {
        let detail = format!("that {} is so already: {words}", promise.done_when.in_words());
        return Err(invalid("/done_when", detail).fix("promise something that is not so yet"));
    }
    let calendar = promise.team.as_ref().and_then(|team| known.calendar(team));
    let clock = clock(calendar, context.now);
    Ok(Event::Promised { number: state.next_number(), promise, clock })
}

/// What a condition names is of the kind that it is about: nothing else could ever show that it holds.
fn kinds(condition: &DoneWhen) -> Result<(), Refusal> {
    let (kind, named) = match condition {
        DoneWhen::CheckUp { check } | DoneWhen::CheckExists { check } => ("check", vec![("check", check)]),
        DoneWhen::FlagGone { flag } => ("flag", vec![("flag", flag)]),
        DoneWhen::ContractVerified { consumer, provider } => {
            ("component", vec![("consumer", consumer), ("provider", provider)])
        }
        DoneWhen::Word
        | DoneWhen::AlertFires { .. }
        | DoneWhen::DependsOn { .. }
        | DoneWhen::DocumentChanged { .. }
        | DoneWhen::Owned { .. } => return Ok(()),
    };
    match named.iter().find(|(_, entity)| entity.kind() != kind) {
        Some((field, entity)) => {
            let refusal = invalid(&format!("/done_when/{field}"), format!("{entity} is no {kind}"));
            Err(refusal.fix(format!("such as {kind}:{}", entity.name())))
        }
        None => Ok(()),
    }
}

/// Where it comes from is there.
fn sources(state: &State, source: &Source, known: &dyn Knowledge) -> Result<(), Refusal> {
    match source {
        Source::ByHand => Ok(()),
        Source::PostMortem { incident } if known.is_post_mortem(*incident) => Ok(()),
        Source::PostMortem { incident } => {
            Err(invalid("/source/incident", format!("there is no post-mortem of incident {incident}")))
        }
        Source::Retrospective { retrospective } => of_retrospective(state, *retrospective),
        Source::Finding { key } => of_finding(state, source, key),
    }
}

/// In the team's newest: the next says what became of it, and those before have been judged.
fn of_retrospective(state: &State, number: u64) -> Result<(), Refusal> {
    let refuse = |detail: String| invalid("/source/retrospective", detail);
    let retros = state.retros();
    let retro = retros.get(number).ok_or_else(|| refuse(format!("there is no retrospective {number}")))?;
    match retros.newest(&retro.about.team).map(|newest| newest.about.number) {
        Some(newest) if newest != number => {
            let detail = format!("the team has looked back since, in retrospective {newest}");
            Err(refuse(detail).fix("promise it there, or by hand"))
        }
        Some(_) | None => Ok(()),
    }
}

/// A finding is promised once at a time.
fn of_finding(state: &State, source: &Source, key: &str) -> Result<(), Refusal> {
    if key.trim().is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(invalid("/source/key", format!("a finding's key has from 1 to {KEY_BYTES_MAX} bytes")));
    }
    match state.of_source(source).find(|action| !action.is_finished()) {
        Some(same) => {
            let (number, owner) = (same.number, same.promise.owner.short());
            let detail = format!("{owner} has promised to mend this finding already, by action {number}");
            Err(Refusal::new(&codes::CONFLICT, detail).field("/source/key"))
        }
        None => Ok(()),
    }
}
