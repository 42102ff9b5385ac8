//! Retrospectives: the list, one of them, and what is said and voted for in it.

pub mod act;
pub mod list;
pub mod show;

use ::actions::{Outcome, Retro};
use world::World;

use crate::{
    api::not_found,
    problem::Problem,
    views::{State, Tone},
};

/// What became of a promise, as a word and a shape.
pub(crate) fn outcome(outcome: Outcome) -> State {
    let tone = match outcome {
        Outcome::InTime | Outcome::Late => Tone::Good,
        Outcome::Open | Outcome::Deprioritised => Tone::Quiet,
        Outcome::Overdue | Outcome::Escalated => Tone::Bad,
    };
    State::new(tone, outcome.in_words())
}

/// Whether it goes on, as a word and a shape.
pub(crate) fn state_of(retro: &Retro) -> State {
    match retro.closed {
        None => State::new(Tone::Warn, "open"),
        Some(_) => State::new(Tone::Quiet, "closed"),
    }
}

/// The retrospective of this number.
///
/// # Errors
/// `not-found` if there is none.
pub(crate) fn by_number<'a>(world: &'a World, number: &str) -> Result<&'a Retro, Problem> {
    let found = number.parse().ok().and_then(|number| world.actions.retros().get(number));
    found.ok_or_else(|| not_found("retrospective", number))
}
