//! `GET /on-call`: who is woken, by team, now and next.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Empty, Entity, Moment, Press, State, Who},
};

/// Who is on call.
#[derive(Debug, Template)]
#[template(path = "oncall/list.html")]
pub struct OnCallScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The teams, those with nobody first.
    pub teams: Vec<TeamRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// Pages that nobody has acknowledged, or that were sent lately.
    pub pages: Vec<PageRow>,
    /// What is said where there are none.
    pub no_pages: Empty,
}

/// One team.
#[derive(Debug)]
pub struct TeamRow {
    /// Which.
    pub team: Entity,
    /// Who is on call; none is a gap.
    pub now: Option<Who>,
    /// Until when.
    pub until: Option<Moment>,
    /// Who is next.
    pub next: Option<Who>,
    /// How many services that covers: `3 services`.
    pub covers: String,
    /// Where the rotation comes from: `weekly, from shop/payments/on-call.yaml`.
    pub rotation: String,
}

/// One page: what was sent to wake somebody.
#[derive(Debug)]
pub struct PageRow {
    /// `sent`, `acknowledged`, `escalated`.
    pub state: State,
    /// What it says.
    pub summary: String,
    /// What it is about: the incident's screen.
    pub href: String,
    /// Who was paged, and how.
    pub note: String,
    /// When.
    pub at: Moment,
    /// Acknowledges it, where the reader may.
    pub acknowledge: Option<Press>,
}
