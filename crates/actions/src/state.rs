//! The items and the calendars: the fold and the queries.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use jiff::{SignedDuration, Timestamp};
use kernel::{EffectId, EntityRef, Stamp};
use serde::{Deserialize, Serialize};

use crate::{
    About, Action, ActionState, Cycle, Digests, Event, Retros, Source,
    action::{WARNING, promised},
};

/// Everything known of promises.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    actions: OrdMap<u64, Arc<Action>>,
    /// The newest item's number; numbers are not used again.
    last: u64,
    /// The items that are neither done nor deprioritised.
    unfinished: OrdSet<u64>,
    /// The others, by the position of what ended them.
    finished: OrdMap<u64, u64>,
    by_owner: OrdMap<EntityRef, OrdSet<u64>>,
    /// The unfinished items that a person owns, or that were escalated to them.
    concerning: OrdMap<EntityRef, OrdSet<u64>>,
    by_team: OrdMap<EntityRef, OrdSet<u64>>,
    by_subject: OrdMap<EntityRef, OrdSet<u64>>,
    by_source: OrdMap<Source, OrdSet<u64>>,
    /// The items whose conditions an entity's events can change.
    watching: OrdMap<EntityRef, OrdSet<u64>>,
    /// When something is due of each.
    due: OrdSet<(Timestamp, u64)>,
    /// Messages that are on their way.
    messages: OrdMap<EffectId, Notice>,
    cycles: OrdMap<EntityRef, Arc<Cycle>>,
    #[serde(default)]
    retros: Retros,
    cycles_by_team: OrdMap<EntityRef, OrdSet<EntityRef>>,
    #[serde(default)]
    digests: Digests,
}

/// A message that somebody is to get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// About which item.
    pub number: u64,
    /// To whom.
    pub person: EntityRef,
    /// What of; none if the item was escalated to them.
    pub of: Option<crate::Reminder>,
}

/// Something whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The owner is to be reminded, or whoever it was escalated to.
    Remind(crate::Reminder),
    /// It is to be escalated.
    Escalate,
}

/// How a team keeps its promises: those that fell due in a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FollowThrough {
    /// Fell due.
    pub due: usize,
    /// Were done by the deadline that was promised first.
    pub in_time: usize,
    /// Were done later.
    pub late: usize,
    /// Were deprioritised.
    pub deprioritised: usize,
    /// Are not done.
    pub open: usize,
}

impl FollowThrough {
    /// Done in time per hundred that fell due; none if none did.
    #[must_use]
    pub fn percent(&self) -> Option<u32> {
        let percent = (self.in_time * 100).checked_div(self.due)?;
        u32::try_from(percent).ok()
    }
}

/// For how long follow-through looks back.
pub const FOLLOW_THROUGH: SignedDuration = SignedDuration::from_hours(90 * 24);

impl State {
    /// Items that may be unfinished at the same time.
    pub const UNFINISHED_MAX: usize = 20_000;
    /// Finished items that are held; older ones are on the timeline only.
    pub const FINISHED_KEPT: usize = 20_000;
    /// Calendars that there may be.
    pub const CYCLES_MAX: usize = 2_000;

    /// Takes in one event. Never fails: what it doesn't know is left alone.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::CycleDefined { definition } => {
                self.define(definition);
                self.digests.plan(definition, stamp.at);
            }
            Event::CycleRemoved { cycle, .. } => {
                self.forget_cycle(cycle);
                self.digests.forget(cycle);
            }
            Event::Digested { cycle, team, from, until, to } => {
                let next = self.cycle(cycle).and_then(|known| known.next_digest(stamp.at));
                self.digests.sent(cycle, next);
                self.digests.announce(team, (*from, *until), to);
            }
            Event::RetroOpened { .. }
            | Event::RetroSaid { .. }
            | Event::RetroTakenBack { .. }
            | Event::RetroVoted { .. }
            | Event::RetroClosed { .. } => {
                self.retros.fold(event, stamp);
            }
            Event::Promised { number, promise, clock } => {
                self.last = self.last.max(*number);
                self.forget(*number);
                self.hold(promised(*number, promise, clock, stamp));
            }
            Event::Done { about, .. }
            | Event::Reopened { about, .. }
            | Event::Escalated { about, .. }
            | Event::Reminded { about, .. }
            | Event::Deprioritised { about, .. }
            | Event::Reassigned { about, .. }
            | Event::Postponed { about, .. } => {
                let About { number, .. } = about;
                let Some(mut action) = self.forget(*number) else { return };
                Arc::make_mut(&mut action).apply(event, stamp);
                self.hold(action);
                self.announce(event);
            }
        }
        self.forget_oldest();
    }

    /// Puts an item in, with all indexes.
    fn hold(&mut self, action: Arc<Action>) {
        let number = action.number;
        let promise = &action.promise;
        if action.is_finished() {
            self.finished.insert(action.changed_at, number);
        } else {
            self.unfinished.insert(number);
            for person in action.concerned() {
                self.concerning.entry(person.clone()).or_default().insert(number);
            }
        }
        self.by_owner.entry(promise.owner.clone()).or_default().insert(number);
        self.by_subject.entry(promise.subject.clone()).or_default().insert(number);
        if let Some(team) = &promise.team {
            self.by_team.entry(team.clone()).or_default().insert(number);
        }
        if promise.source != Source::ByHand {
            self.by_source.entry(promise.source.clone()).or_default().insert(number);
        }
        if action.is_watched() {
            for entity in promise.done_when.watches() {
                self.watching.entry(entity.clone()).or_default().insert(number);
            }
        }
        if let Some((at, _)) = action.next_due() {
            self.due.insert((at, number));
        }
        self.actions.insert(number, action);
    }

    /// Takes an item out, with all indexes.
    fn forget(&mut self, number: u64) -> Option<Arc<Action>> {
        fn leave<K: Ord + Clone>(index: &mut OrdMap<K, OrdSet<u64>>, key: &K, number: u64) {
            if let Some(numbers) = index.get_mut(key) {
                numbers.remove(&number);
                if numbers.is_empty() {
                    index.remove(key);
                }
            }
        }
        let action = self.actions.remove(&number)?;
        let promise = &action.promise;
        self.unfinished.remove(&number);
        self.finished.remove(&action.changed_at);
        leave(&mut self.by_owner, &promise.owner, number);
        for person in action.concerned() {
            leave(&mut self.concerning, person, number);
        }
        leave(&mut self.by_subject, &promise.subject, number);
        if let Some(team) = &promise.team {
            leave(&mut self.by_team, team, number);
        }
        leave(&mut self.by_source, &promise.source, number);
        for entity in promise.done_when.watches() {
            leave(&mut self.watching, entity, number);
        }
        if let Some((at, _)) = action.next_due() {
            self.due.remove(&(at, number));
        }
        Some(action)
    }

    fn forget_oldest(&mut self) {
        while self.finished.len() > Self::FINISHED_KEPT
            && let Some((_, oldest)) = self.finished.get_min().copied()
        {
            self.forget(oldest);
        }
    }

    /// Remembers the messages that an event sends.
    fn announce(&mut self, event: &Event) {
        let (about, of, to) = match event {
            Event::Escalated { about, to, .. } => (about, None, to),
            Event::Reminded { about, of, to } => (about, Some(*of), to),
            Event::CycleDefined { .. }
            | Event::CycleRemoved { .. }
            | Event::Digested { .. }
            | Event::Promised { .. }
            | Event::Done { .. }
            | Event::Reopened { .. }
            | Event::Deprioritised { .. }
            | Event::Reassigned { .. }
            | Event::Postponed { .. }
            | Event::RetroOpened { .. }
            | Event::RetroSaid { .. }
            | Event::RetroTakenBack { .. }
            | Event::RetroVoted { .. }
            | Event::RetroClosed { .. } => return,
        };
        for told in to {
            if let Some(message) = told.message {
                let notice = Notice { number: about.number, person: told.person.clone(), of };
                self.messages.insert(message, notice);
            }
        }
    }

    /// A message has arrived, or never will.
    pub fn note_delivery(&mut self, message: EffectId) {
        self.messages.remove(&message);
        self.digests.note_delivery(message);
    }

    /// The message that an effect is, until it has arrived.
    #[must_use]
    pub fn message(&self, message: EffectId) -> Option<&Notice> {
        self.messages.get(&message)
    }

    /// The number that the next item gets.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.last + 1
    }

    /// The item with this number, if it is held.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Action> {
        self.actions.get(&number).map(Arc::as_ref)
    }

    /// Every item that is held, newest first.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.values().rev().map(Arc::as_ref)
    }

    /// The items that are neither done nor deprioritised, oldest first.
    pub fn unfinished(&self) -> impl Iterator<Item = &Action> {
        self.of(Some(&self.unfinished))
    }

    /// How many items are neither done nor deprioritised.
    #[must_use]
    pub fn unfinished_count(&self) -> usize {
        self.unfinished.len()
    }

    /// A person's items, oldest first.
    pub fn of_owner(&self, owner: &EntityRef) -> impl DoubleEndedIterator<Item = &Action> + use<'_> {
        self.of(self.by_owner.get(owner))
    }

    /// A person's unfinished items, and those that were escalated to them, oldest first.
    pub fn concerning(&self, person: &EntityRef) -> impl Iterator<Item = &Action> + use<'_> {
        self.of(self.concerning.get(person))
    }

    /// Everybody who owns an item, finished or not, in order.
    pub fn owners(&self) -> impl Iterator<Item = &EntityRef> {
        self.by_owner.keys()
    }

    /// Every team that answers for an item, finished or not, in order.
    pub fn teams(&self) -> impl Iterator<Item = &EntityRef> {
        self.by_team.keys()
    }

    /// A team's items, oldest first.
    pub fn of_team(&self, team: &EntityRef) -> impl DoubleEndedIterator<Item = &Action> + use<'_> {
        self.of(self.by_team.get(team))
    }

    /// The items about an entity, oldest first.
    pub fn of_subject(&self, subject: &EntityRef) -> impl DoubleEndedIterator<Item = &Action> + use<'_> {
        self.of(self.by_subject.get(subject))
    }

    /// What was promised in a post-mortem, in a retrospective or because of a finding, oldest first.
    pub fn of_source(&self, source: &Source) -> impl DoubleEndedIterator<Item = &Action> + use<'_> {
        self.of(self.by_source.get(source))
    }

    /// The items whose condition events of this entity can change.
    pub fn watching(&self, entity: &EntityRef) -> impl Iterator<Item = &Action> + use<'_> {
        self.of(self.watching.get(entity))
    }

    /// True if no item has a condition that could change.
    #[must_use]
    pub fn watches_nothing(&self) -> bool {
        self.watching.is_empty()
    }

    fn of<'a>(&'a self, numbers: Option<&'a OrdSet<u64>>) -> impl DoubleEndedIterator<Item = &'a Action> + use<'a> {
        numbers.into_iter().flatten().filter_map(|number| self.get(*number))
    }

    /// The items of which something is due, the longest due first, with what it is.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = (&Action, Due)> {
        let due = self.due.iter().take_while(move |(at, _)| *at <= now);
        due.filter_map(move |(_, number)| {
            let action = self.get(*number)?;
            Some((action, action.what_is_due(now)?))
        })
    }

    /// The weekly digests: when each is due, and those on their way.
    #[must_use]
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// When something is due of an item next.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.get_min().map(|(at, _)| *at)
    }

    /// How a team kept the promises that fell due in the 90 days before `now`.
    #[must_use]
    pub fn follow_through(&self, team: &EntityRef, now: Timestamp) -> FollowThrough {
        let since = now.saturating_sub(FOLLOW_THROUGH).unwrap_or(Timestamp::MIN);
        let mut all = FollowThrough::default();
        for action in self.of_team(team).filter(|action| action.first_deadline > since && action.first_deadline <= now)
        {
            all.due += 1;
            match &action.state {
                ActionState::Done { at, .. } if *at <= action.first_deadline => all.in_time += 1,
                ActionState::Done { .. } => all.late += 1,
                ActionState::Deprioritised { .. } => all.deprioritised += 1,
                ActionState::Open | ActionState::Escalated { .. } => all.open += 1,
            }
        }
        all
    }

    /// Items that are due within this time are shown as such.
    #[must_use]
    pub fn is_due_soon(action: &Action, now: Timestamp) -> bool {
        !action.is_finished() && !action.is_late(now) && action.promise.deadline.duration_since(now) <= WARNING
    }

    /// The retrospectives.
    #[must_use]
    pub fn retros(&self) -> &Retros {
        &self.retros
    }

    /// The calendar.
    #[must_use]
    pub fn cycle(&self, cycle: &EntityRef) -> Option<&Cycle> {
        self.cycles.get(cycle).map(Arc::as_ref)
    }

    /// Every calendar, in order of their references.
    pub fn cycles(&self) -> impl Iterator<Item = &Cycle> {
        self.cycles.values().map(Arc::as_ref)
    }

    /// The team's own calendar: of several the first by its reference.
    #[must_use]
    pub fn cycle_of(&self, team: &EntityRef) -> Option<&Cycle> {
        self.cycle(self.cycles_by_team.get(team)?.get_min()?)
    }

    /// How many calendars there are.
    #[must_use]
    pub fn cycles_count(&self) -> usize {
        self.cycles.len()
    }

    fn define(&mut self, definition: &Cycle) {
        self.forget_cycle(&definition.cycle);
        self.cycles_by_team.entry(definition.team.clone()).or_default().insert(definition.cycle.clone());
        self.cycles.insert(definition.cycle.clone(), Arc::new(definition.clone()));
    }

    fn forget_cycle(&mut self, cycle: &EntityRef) {
        let Some(known) = self.cycles.remove(cycle) else { return };
        if let Some(cycles) = self.cycles_by_team.get_mut(&known.team) {
            cycles.remove(cycle);
            if cycles.is_empty() {
                self.cycles_by_team.remove(&known.team);
            }
        }
    }
}
