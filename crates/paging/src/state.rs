//! The policies, people's contacts and pages: the queries. The fold is in `state/fold.rs`.

mod agenda;
mod fold;
mod notices;

use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use jiff::Timestamp;
use kernel::{EffectId, EntityRef, IncidentId, PageId};
use serde::{Deserialize, Serialize};

use crate::{Contacts, Kind, Line, Method, Page, Policy};

pub(crate) use agenda::{Agenda, Trigger};

/// Finished pages that are held; older ones are on the timeline only.
pub const FINISHED_KEPT: usize = 2_000;

/// Everything known about policies, contacts and pages.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    policies: OrdMap<EntityRef, Arc<Policy>>,
    contacts: OrdMap<EntityRef, Arc<Contacts>>,
    pages: OrdMap<u64, Arc<Page>>,
    numbers: OrdMap<PageId, u64>,
    /// How many pages there have ever been.
    count: u64,
    /// The open pages by team and policy.
    escalating: OrdMap<(Option<EntityRef>, Option<EntityRef>), OrdSet<u64>>,
    /// How many those are.
    escalating_count: usize,
    exhausted: OrdSet<u64>,
    finished: Vector<u64>,
    by_incident: OrdMap<IncidentId, OrdSet<u64>>,
    by_person: OrdMap<EntityRef, OrdSet<u64>>,
    by_team: OrdMap<EntityRef, OrdSet<u64>>,
    messages: OrdMap<EffectId, Arc<Message>>,
    agenda: Agenda,
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What carries it out.
    pub effect: EffectId,
    /// To whom.
    pub person: EntityRef,
    /// By what.
    pub method: Arc<Method>,
    /// What it says; not empty.
    pub lines: Vec<Line>,
    /// When it was handed over.
    pub since: Timestamp,
    /// Why it failed the last time.
    pub last_error: Option<String>,
}

impl Message {
    /// What it is mainly: a page before an alarm before a follow-up.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.lines.iter().map(|line| line.kind).min().unwrap_or(Kind::FollowUp)
    }

    /// The pages that it is about.
    pub fn pages(&self) -> impl Iterator<Item = PageId> {
        self.lines.iter().map(|line| line.page.page)
    }
}

impl State {
    /// The policy of this name.
    #[must_use]
    pub fn policy(&self, policy: &EntityRef) -> Option<&Policy> {
        self.policies.get(policy).map(Arc::as_ref)
    }

    /// Every policy, in order of their references.
    pub fn policies(&self) -> impl ExactSizeIterator<Item = &Policy> {
        self.policies.values().map(Arc::as_ref)
    }

    /// What the person has set up.
    #[must_use]
    pub fn contacts(&self, person: &EntityRef) -> Option<&Contacts> {
        self.contacts.get(person).map(Arc::as_ref)
    }

    /// How many people have set up something.
    #[must_use]
    pub fn people(&self) -> usize {
        self.contacts.len()
    }

    /// The page with this id, if it is held.
    #[must_use]
    pub fn page(&self, page: PageId) -> Option<&Page> {
        self.numbered(*self.numbers.get(&page)?)
    }

    /// The page with this number, if it is held.
    #[must_use]
    pub fn numbered(&self, number: u64) -> Option<&Page> {
        self.pages.get(&number).map(Arc::as_ref)
    }

    /// The number that the next page gets.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.count + 1
    }

    /// Every page that is held, newest first.
    pub fn pages(&self) -> impl Iterator<Item = &Page> {
        self.pages.values().rev().map(Arc::as_ref)
    }

    /// The pages that aren't finished: those that nobody answered at all first, then those that are open, newest first
    /// by team and policy.
    pub fn unfinished(&self) -> impl Iterator<Item = &Page> {
        self.exhausted().chain(self.escalating.values().flat_map(|pages| self.newest(pages)))
    }

    /// How many pages aren't finished.
    #[must_use]
    pub fn unfinished_count(&self) -> usize {
        self.escalating_count + self.exhausted.len()
    }

    /// The pages that nobody answered at all, newest first: the alarm.
    pub fn exhausted(&self) -> impl Iterator<Item = &Page> {
        self.newest(&self.exhausted)
    }

    /// The oldest page that nobody answered at all.
    pub(crate) fn oldest_exhausted(&self) -> Option<&Page> {
        self.numbered(*self.exhausted.get_min()?)
    }

    /// The pages of an incident, newest first.
    pub fn of_incident(&self, incident: IncidentId) -> impl Iterator<Item = &Page> {
        self.by_incident.get(&incident).into_iter().flat_map(|pages| self.newest(pages))
    }

    /// The pages that reached a person, newest first.
    pub fn of_person(&self, person: &EntityRef) -> impl Iterator<Item = &Page> + use<'_> {
        self.by_person.get(person).into_iter().flat_map(|pages| self.newest(pages))
    }

    /// The pages of a team, newest first.
    pub fn of_team(&self, team: &EntityRef) -> impl Iterator<Item = &Page> + use<'_> {
        self.by_team.get(team).into_iter().flat_map(|pages| self.newest(pages))
    }

    /// The open pages of a team by one policy, newest first.
    pub(crate) fn escalating(
        &self,
        team: Option<&EntityRef>,
        policy: Option<&EntityRef>,
    ) -> impl Iterator<Item = &Page> + use<'_> {
        let pages = self.escalating.get(&(team.cloned(), policy.cloned()));
        pages.into_iter().flat_map(|pages| self.newest(pages))
    }

    fn newest<'a>(&'a self, numbers: &'a OrdSet<u64>) -> impl Iterator<Item = &'a Page> {
        numbers.iter().rev().filter_map(|number| self.numbered(*number))
    }

    /// The message that this effect is to carry, as long as it is neither sent nor given up.
    #[must_use]
    pub fn message(&self, effect: EffectId) -> Option<&Message> {
        self.messages.get(&effect).map(Arc::as_ref)
    }

    /// What a message still has to say: of a page, or an alarm, nothing once the page is finished. If that is nothing at
    /// all, the message is dropped ([`Outcome::Dropped`](crate::Outcome::Dropped)).
    #[must_use]
    pub fn lines(&self, message: &Message) -> Vec<Line> {
        let unfinished = |line: &&Line| {
            let page = self.numbered(line.page.number);
            line.kind == Kind::FollowUp || page.is_some_and(|page| !page.status.is_finished())
        };
        message.lines.iter().filter(unfinished).copied().collect()
    }

    /// Every message on its way, in the order of their effects.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values().map(Arc::as_ref)
    }

    /// When [`due`](crate::due()) has something next; in the past if it has.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    pub(crate) fn agenda(&self) -> &Agenda {
        &self.agenda
    }
}
