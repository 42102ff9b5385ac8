//! One line of the timeline.

use askama::Template;

use super::{Entity, Moment, Who, writes_html};

/// Something that happened.
#[derive(Debug, Clone, Template)]
#[template(path = "components/change.html")]
pub struct Change {
    /// When.
    pub at: Moment,
    /// Its own screen.
    pub href: String,
    /// What sort, in one word: `deploy`, `flag`, `config`, `check`, `incident`, `catalog`.
    pub sort: String,
    /// What it was done to, where the screen is not about that alone.
    pub subject: Option<Entity>,
    /// One sentence without the actor: `turned new-checkout on in production`.
    pub summary: String,
    /// Who did it.
    pub who: Who,
    /// Why, in their words.
    pub reason: Option<String>,
    /// How it relates to what the screen is about: `upstream`, `4 min before`.
    pub relation: Option<String>,
    /// What can be done about it.
    pub undo: Undo,
}

/// What can be done about a change.
#[derive(Debug, Clone)]
pub enum Undo {
    /// Nothing: it is a fact, not a change.
    Nothing,
    /// It can be reversed.
    Offered {
        /// The screen that shows what undoing will do, and asks.
        href: String,
        /// What it will do: `turns new-checkout off in production`.
        will: String,
    },
    /// Somebody outside was asked to reverse it and has not reported yet.
    Asked {
        /// Since when.
        since: Moment,
    },
    /// It has been reversed.
    Done,
    /// It can't be reversed.
    Refused {
        /// Why, and what to do instead.
        why: String,
    },
}

writes_html!(Change);
