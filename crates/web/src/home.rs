//! `GET /`: what is broken, what changed, what is mine, what has no owner.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Change, Empty, Entity, Moment, State},
};

/// The first screen.
#[derive(Debug, Template)]
#[template(path = "home/show.html")]
pub struct HomeScreen {
    /// The frame.
    pub chrome: Chrome,
    /// How everything is: `1 of 23 checks is down`.
    pub overall: State,
    /// What that rests on: how many checks, how old.
    pub overall_note: String,
    /// Open incidents, the worst first.
    pub broken: Vec<BrokenRow>,
    /// The latest changes.
    pub changes: Vec<Change>,
    /// What is said where there are none.
    pub no_changes: Empty,
    /// The reader's own turn on call: `You are on call for Payments until Monday`.
    pub duty: Option<String>,
    /// The services of the reader's teams, the broken first.
    pub mine: Vec<ServiceLine>,
    /// What is said where there are none.
    pub no_mine: Empty,
    /// What is missing, by sort.
    pub gaps: Vec<GapRow>,
    /// What is said where nothing is.
    pub no_gaps: Empty,
}

/// An open incident, on one line.
#[derive(Debug)]
pub struct BrokenRow {
    /// How bad.
    pub state: State,
    /// What is broken.
    pub title: String,
    /// Its screen.
    pub href: String,
    /// Since when ([`Moment::elapsed`]).
    pub since: Moment,
    /// Whose it is.
    pub owner: String,
    /// Who is on call, or that nobody is.
    pub on_call: String,
    /// The likeliest cause in a sentence.
    pub suspect: Option<String>,
}

/// A service, on one line.
#[derive(Debug)]
pub struct ServiceLine {
    /// How it is.
    pub state: State,
    /// Which.
    pub entity: Entity,
    /// The last thing that happened to it.
    pub note: String,
}

/// One sort of gap and how often it occurs.
#[derive(Debug)]
pub struct GapRow {
    /// How bad.
    pub state: State,
    /// `4 services have no owner`.
    pub text: String,
    /// The findings of this sort.
    pub href: String,
}
