//! What follows from time passing.

use kernel::{EntityRef, PageId, Timestamp};

use crate::{Command, Place, Reached, State, Target, state::Trigger};

/// What is due at one time; the rest is due again at once.
pub(crate) const DUE_MAX: usize = 5_000;

/// Something whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// A step's turn: find out who that is, and give [`DueStep::reach`].
    Reach(DueStep),
    /// Give this command.
    Give(Command),
}

/// A step whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueStep {
    /// The page.
    pub page: PageId,
    /// Which step.
    pub at: Place,
    /// Whom it names.
    pub targets: Vec<Target>,
    /// The page's team, of which [`Target::Owner`] is who is on call.
    pub team: Option<EntityRef>,
    /// What the page is about.
    pub subject: EntityRef,
}

impl DueStep {
    /// The command that answers it: with the people that the targets stand for, and what could not be found.
    #[must_use]
    pub fn reach(self, people: Vec<Reached>, unresolved: Vec<String>) -> Command {
        Command::Reach { page: self.page, at: self.at, people, unresolved }
    }
}

/// What is due, the longest due first. None of it is refused if it is given at the same time.
#[must_use]
pub fn due(state: &State, now: Timestamp) -> Vec<Due> {
    let due = |trigger: &Trigger| match trigger {
        Trigger::Lane(person, channel) => Some(Due::Give(Command::Send { person: person.clone(), channel: *channel })),
        Trigger::Page(number) => {
            let page = state.numbered(*number)?;
            let Some(at) = page.next else { return Some(Due::Give(Command::Exhaust { page: page.id() })) };
            Some(Due::Reach(DueStep {
                page: page.id(),
                at,
                targets: page.plan.step(at).map(|step| step.notify.clone()).unwrap_or_default(),
                team: page.about.team.clone(),
                subject: page.about.subject.clone(),
            }))
        }
    };
    state.agenda().until(now).filter_map(due).take(DUE_MAX).collect()
}
