//! What people ask of promises, read alike from addresses, forms and the API.

use ::access::Grant;
use ::actions::{Action, ActionState, Command as ActionCommand, DoneWhen, Promise, Source};
use jiff::{civil::Date, tz::TimeZone};
use kernel::{EntityRef, Refusal, Timestamp, codes};
use serde::Deserialize;
use world::{Command, World};

use crate::{
    api::{not_found, reference},
    oncall::wish::in_name_of,
    problem::Problem,
};

/// Which items are wanted.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct Which {
    /// Only this person's, and what was escalated to them; `me` is you.
    pub person: String,
    /// Only this team's.
    pub team: String,
    /// `unfinished` if left out; or `late`, `open`, `escalated`, `done`, `deprioritised`, `all`.
    pub state: String,
    /// Only from `post-mortem`, `retrospective`, `finding` or `by-hand`.
    pub source: String,
    /// Only those about this entity.
    pub subject: String,
}

/// The words that [`Which::state`] knows.
pub(crate) const STATES: [&str; 7] = ["unfinished", "late", "open", "escalated", "done", "deprioritised", "all"];
/// The words that [`Which::source`] knows.
pub(crate) const SOURCES: [&str; 4] = ["post-mortem", "retrospective", "finding", "by-hand"];

impl Which {
    /// The items that are wanted: the asker's own first, then what is late, then by deadline; what is finished last, the
    /// latest first.
    ///
    /// # Errors
    /// For a reference that is none, or a word that is not known.
    pub(crate) fn pick<'a>(
        &self,
        world: &'a World,
        asker: Option<&EntityRef>,
        now: Timestamp,
    ) -> Result<Vec<&'a Action>, Refusal> {
        let of =
            |field: &str, text: &str, kind: &str| (!text.is_empty()).then(|| reference(field, text, kind)).transpose();
        let person = match self.person.as_str() {
            "me" => Some(asker.cloned().ok_or_else(|| {
                Refusal::new(&codes::INVALID, "it is not known which person of the catalog you are")
                    .field("person")
                    .fix("name a person")
            })?),
            other => of("person", other, "user")?,
        };
        let (team, subject) = (of("team", &self.team, "group")?, of("subject", &self.subject, "component")?);
        known("state", &self.state, &STATES)?;
        known("source", &self.source, &SOURCES)?;
        let fits = |action: &&Action| {
            let in_state = match self.state.as_str() {
                "" | "unfinished" => !action.is_finished(),
                "late" => action.is_late(now),
                "all" => true,
                word => action.state.as_str() == word,
            };
            in_state
                && (self.source.is_empty() || action.promise.source.as_str() == self.source)
                && person.as_ref().is_none_or(|person| action.concerns(person))
                && team.as_ref().is_none_or(|team| action.promise.team.as_ref() == Some(team))
                && subject.as_ref().is_none_or(|subject| action.promise.subject == *subject)
        };
        let state = &world.actions;
        let is_of_unfinished = matches!(self.state.as_str(), "" | "unfinished" | "late" | "open" | "escalated");
        let mut found: Vec<&Action> = match (&subject, &team, &person) {
            (Some(subject), _, _) => state.of_subject(subject).filter(fits).collect(),
            (None, _, Some(person)) if is_of_unfinished => state.concerning(person).filter(fits).collect(),
            (None, Some(team), _) => state.of_team(team).filter(fits).collect(),
            (None, None, _) if is_of_unfinished => state.unfinished().filter(fits).collect(),
            (None, None, _) => state.actions().filter(fits).collect(),
        };
        let is_own = |action: &Action| asker.is_some_and(|asker| action.concerns(asker));
        found.sort_by_key(|action| {
            let ended = match &action.state {
                ActionState::Done { at, .. } | ActionState::Deprioritised { at, .. } => Some(std::cmp::Reverse(*at)),
                ActionState::Open | ActionState::Escalated { .. } => None,
            };
            (ended, !is_own(action), !action.is_late(now), action.promise.deadline, action.number)
        });
        Ok(found)
    }
}

fn known(field: &str, word: &str, all: &[&str]) -> Result<(), Refusal> {
    if word.is_empty() || all.contains(&word) {
        return Ok(());
    }
    let shown: String = word.chars().take(40).collect();
    let refusal = Refusal::new(&codes::INVALID, format!("\"{shown}\" is no {field}")).field(field);
    Err(refusal.fix(format!("one of {}", all.join(", "))))
}

/// The item of this number.
///
/// # Errors
/// `not-found` if there is none.
pub(crate) fn by_number<'a>(world: &'a World, number: &str) -> Result<&'a Action, Problem> {
    let found = number.parse().ok().and_then(|number| world.actions.get(number));
    found.ok_or_else(|| not_found("action", number))
}

/// A deadline: a moment, or a day, which is its end in UTC.
///
/// # Errors
/// `invalid` if it is neither.
pub(crate) fn deadline(text: &str) -> Result<Timestamp, Refusal> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let end = text.parse::<Date>().ok().filter(|_| text.len() == 10).map(|date| date.at(23, 59, 59, 0));
    let end = end.and_then(|end| end.to_zoned(TimeZone::UTC).ok());
    end.map(|end| end.timestamp()).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        Refusal::new(&codes::INVALID, format!("\"{shown}\" is no day")).field("/deadline").fix("such as 2026-11-30")
    })
}

/// What somebody wants to promise.
#[derive(Debug, Default)]
pub(crate) struct Wished {
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) subject: String,
    /// Whoever asks, if it is empty.
    pub(crate) owner: String,
    /// Found in the catalog, if it is empty.
    pub(crate) team: String,
    pub(crate) deadline: String,
    pub(crate) done_when: DoneWhen,
    pub(crate) source: Source,
}

/// Promises it.
///
/// # Errors
/// For a reference or a day that is none; the rest is decided where all is known.
pub(crate) fn promise(grant: &Grant, wished: Wished) -> Result<Command, Refusal> {
    let Wished { what, why, subject, owner, team, deadline: until, done_when, source } = wished;
    let owner = match (owner.trim(), &grant.person) {
        ("", Some(own)) => own.clone(),
        ("", None) => {
            return Err(Refusal::new(&codes::INVALID, "who does it?").field("/owner").fix("name one person"));
        }
        (named, _) => reference("/owner", named, "user")?,
    };
    let team = team.trim();
    let promise = Promise {
        what,
        why,
        subject: reference("/subject", subject.trim(), "component")?,
        owner,
        team: (!team.is_empty()).then(|| reference("/team", team, "group")).transpose()?,
        deadline: deadline(&until)?,
        done_when,
        source,
    };
    Ok(Command::Actions(ActionCommand::Promise { promise }))
}

/// Decides against it in the name of whoever asks, or, with the scope `admin`, of whom they name.
///
/// # Errors
/// `forbidden` for somebody else's name.
pub(crate) fn deprioritise(grant: &Grant, action: u64, reason: String, by: Option<&str>) -> Result<Command, Refusal> {
    let named = by.is_some_and(|by| !by.trim().is_empty());
    let by = if named { Some(in_name_of(grant, by)?) } else { None };
    // Who is signed in needs nobody's name to decide for themselves.
    let by = by.filter(|by| grant.person.as_ref() != Some(by));
    Ok(Command::Actions(ActionCommand::Deprioritise { action, reason, by }))
}
