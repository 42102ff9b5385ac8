//! Somebody who reads the timeline on their own and remembers what Mainstay promised.
//!
//! The witness shares no code with what it judges beyond the folding of events: it reads each entry from the store itself,
//! keeps a World of its own by folding from zero, and a small model of what may follow upon what.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{CommandId, EffectId, EventId, Timestamp};
use timeline::{Entry, Store};
use world::{Event, Recorded, World, effects, journal};

use crate::{arrival::Lives, promises::Promises};

/// What is known from the timeline alone.
#[derive(Default)]
pub(crate) struct Witness {
    /// Folded from the first event on.
    pub(crate) world: World,
    events: BTreeMap<EventId, u64>,
    keyed: BTreeMap<CommandId, u64>,
    effects: BTreeMap<EffectId, Stage>,
    undone: BTreeSet<EventId>,
    acknowledged: BTreeMap<EventId, u64>,
    last: Option<(u64, Timestamp)>,
    pub(crate) promises: Promises,
    pub(crate) lives: Lives,
    /// How often each kind of event was seen.
    pub(crate) kinds: BTreeMap<&'static str, u64>,
}

/// How far an effect has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Pending,
    Over,
}

impl Witness {
    /// Reads what was written since the last time. Gives the new events.
    pub(crate) fn follow(&mut self, store: &dyn Store, wrong: &mut Vec<String>) -> Vec<EventId> {
        let after = self.world.position;
        let mut new = Vec::new();
        let read = store.for_each(after, &mut |entry| {
            new.push(entry.stamp.event);
            self.see(&entry, wrong);
            Ok(())
        });
        if let Err(error) = read {
            wrong.push(format!("the timeline can't be read: {error}"));
        }
        // A command's events are written together.
        self.promises.settle(wrong);
        new
    }

    /// These events were acknowledged: they are there for ever.
    pub(crate) fn acknowledge(&mut self, recorded: &[Recorded], wrong: &mut Vec<String>) {
        for Recorded { stamp, .. } in recorded {
            if self.events.get(&stamp.event) != Some(&stamp.position) {
                wrong.push(format!("event {} was acknowledged at {} but is not there", stamp.event, stamp.position));
            }
            self.acknowledged.insert(stamp.event, stamp.position);
        }
    }

    /// Walks the whole timeline again: hashes, positions, times, and that what was acknowledged is still there.
    pub(crate) fn look_back(&self, store: &dyn Store, wrong: &mut Vec<String>) {
        if let Err(error) = store.verify(&mut |_| {}) {
            wrong.push(format!("the chain does not verify: {error}"));
        }
        let mut missing = self.acknowledged.clone();
        let walked = store.for_each(0, &mut |entry| {
            if missing.get(&entry.stamp.event) == Some(&entry.stamp.position) {
                missing.remove(&entry.stamp.event);
            }
            Ok(())
        });
        if walked.is_err() || !missing.is_empty() {
            wrong.push(format!("acknowledged events are gone: {missing:?}"));
        }
    }

    fn see(&mut self, entry: &Entry, wrong: &mut Vec<String>) {
        let stamp = &entry.stamp;
        let (position, at) = self.last.unwrap_or((0, Timestamp::MIN));
        if stamp.position != position + 1 {
            wrong.push(format!("position {} follows {position}", stamp.position));
        }
        if stamp.at < at {
            wrong.push(format!("the time goes back at {}: {} after {at}", stamp.position, stamp.at));
        }
        self.last = Some((stamp.position, stamp.at));
        if self.events.insert(stamp.event, stamp.position).is_some() {
            wrong.push(format!("event {} is there twice", stamp.event));
        }
        self.see_key(entry, wrong);
        let event = match Event::from_body(&entry.kind, &entry.body) {
            Ok(event) => event,
            Err(error) => return wrong.push(format!("position {}: {error}", stamp.position)),
        };
        if event.to_body() != entry.body || event.kind() != entry.kind {
            wrong.push(format!("position {} reads otherwise than it was written", stamp.position));
        }
        *self.kinds.entry(event.kind()).or_default() += 1;
        self.judge(&event, stamp.position, wrong);
        self.promises.see(&self.world, &event, stamp, wrong);
        self.lives.see(&event, stamp, wrong);
        self.world.fold(&Recorded { stamp: stamp.clone(), event: event.into() });
    }

    /// The events of a command with a key stand together: it was carried out once.
    fn see_key(&mut self, entry: &Entry, wrong: &mut Vec<String>) {
        let stamp = &entry.stamp;
        if !stamp.command.is_keyed() {
            return;
        }
        let before = self.keyed.insert(stamp.command, stamp.position);
        if before.is_some_and(|before| before + 1 != stamp.position) {
            wrong.push(format!("command {} was carried out twice, at {}", stamp.command, stamp.position));
        }
    }

    fn judge(&mut self, event: &Event, position: u64, wrong: &mut Vec<String>) {
        let mut expect = |is_right: bool, what: &str| {
            if !is_right {
                wrong.push(format!("position {position}: {what}"));
            }
        };
        match event {
            Event::Effects(effects::Event::Requested { effect }) => {
                expect(self.effects.insert(effect.id, Stage::Pending).is_none(), "an effect was asked for twice");
            }
            Event::Effects(effects::Event::Failed { effect, .. }) => {
                expect(self.effects.get(effect) == Some(&Stage::Pending), "an effect failed that was not pending");
            }
            Event::Effects(effects::Event::Done { effect, .. } | effects::Event::GaveUp { effect, .. }) => {
                let before = self.effects.insert(*effect, Stage::Over);
                expect(before == Some(Stage::Pending), "an effect ended that was not pending");
            }
            Event::Journal(journal::Event::Undone { of, asked, .. }) => {
                expect(!self.undone.contains(of), "a change was undone twice");
                if !asked {
                    self.undone.insert(*of);
                    // Undoing what undid a change brings that change back.
                    let again = self.world.journal.get(*of).and_then(|entry| entry.change.undoes);
                    again.map(|again| self.undone.remove(&again));
                }
            }
            Event::Deploys(
                deploys::Event::DeploymentFinished {
                    rollback_of: Some(of), outcome: deploys::Outcome::Succeeded, ..
                }
                | deploys::Event::ConfigApplied { restore_of: Some(of), .. },
            ) => {
                self.undone.insert(*of);
            }
            Event::Access(_)
            | Event::Actions(_)
            | Event::Catalog(_)
            | Event::Checks(_)
            | Event::Contracts(_)
            | Event::Deploys(_)
            | Event::Flags(_)
            | Event::Incidents(_)
            | Event::Oncall(_)
            | Event::Alerts(_)
            | Event::Paging(_)
            | Event::Postmortems(_)
            | Event::Statuspage(_)
            | Event::Slo(_) => {}
        }
    }

    /// The effects that the world must hold: those that were asked for and are not over.
    pub(crate) fn pending(&self) -> BTreeSet<EffectId> {
        let pending = self.effects.iter().filter(|(_, stage)| **stage == Stage::Pending);
        pending.map(|(effect, _)| *effect).collect()
    }
}
