//! Post-mortems: the list with its search, one of them, writing, reviewing, publishing.

pub mod act;
pub mod draft;
pub mod edit;
pub mod items;
pub mod list;
pub mod show;
pub mod texts;

use incidents::{Incident, Severity, Status};
use jiff::SignedDuration;
use kernel::{Refusal, Timestamp, codes};
use postmortems::{PostMortem, Stage};
use world::World;

use crate::{
    api::not_found,
    problem::Problem,
    views::{State, Tone},
};

/// An incident of severity 1 or 2 without a post-mortem is called out when it has been over for so long.
pub const WANTED_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

/// The incidents of severity 1 and 2 that have been over for five days and of which nothing is published.
pub(crate) fn wanted(world: &World, now: Timestamp) -> impl Iterator<Item = &Incident> {
    world.incidents.recent().filter(move |incident| {
        let is_late = incident.ended.as_ref().is_some_and(|ending| now.duration_since(ending.at) >= WANTED_AFTER);
        let is_published = world.postmortems.get(incident.number()).is_some_and(|of| !of.editions.is_empty());
        incident.status() == Status::Resolved && incident.severity <= Severity::Sev2 && is_late && !is_published
    })
}

/// The post-mortem of the incident that an address names.
pub(crate) fn by_number<'a>(world: &'a World, text: &str) -> Result<&'a PostMortem, Problem> {
    let number: u64 = text
        .parse()
        .map_err(|_| Refusal::new(&codes::MALFORMED, "a post-mortem has its incident's number").field("number"))?;
    world.postmortems.get(number).ok_or_else(|| not_found("post-mortem of incident", text))
}

/// What is wrong, for people: which action item it is about stands before it.
pub(crate) fn in_words(refusal: &Refusal) -> String {
    let at = refusal.field.as_deref().and_then(|field| field.strip_prefix("items/")?.split('/').next()?.parse().ok());
    let item = at.map(|at: usize| format!("Action {}: ", at.saturating_add(1))).unwrap_or_default();
    let fix = refusal.fix.as_ref().map(|fix| format!(" ({fix})")).unwrap_or_default();
    format!("{item}{}{fix}", refusal.detail)
}

/// Where it stands, as a word and a shape.
pub(crate) fn state_of(stage: Stage) -> State {
    let tone = match stage {
        Stage::Draft => Tone::Quiet,
        Stage::InReview | Stage::ChangesWanted => Tone::Warn,
        Stage::Approved | Stage::Published => Tone::Good,
    };
    State::new(tone, stage.word())
}
