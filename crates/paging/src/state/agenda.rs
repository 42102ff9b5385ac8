//! What falls due when: an index by time, so that nothing is ever searched for.

use imbl::{OrdMap, OrdSet};
use jiff::Timestamp;
use kernel::EntityRef;
use serde::{Deserialize, Serialize};

use crate::Channel;

/// What falls due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Trigger {
    /// A message to this person on this channel.
    Lane(EntityRef, Channel),
    /// The next step of the page with this number, or its end.
    Page(u64),
}

/// A notice that waits: when it falls due, its page's number, its own number.
pub(crate) type Item = (Timestamp, u64, u32);

/// The way to one person on one channel.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Lane {
    /// When the last message went out.
    last: Option<Timestamp>,
    /// Under which time the lane stands in the index.
    due: Option<Timestamp>,
    /// The notices that wait.
    waiting: OrdSet<Item>,
}

/// Everything that will fall due.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Agenda {
    due: OrdSet<(Timestamp, Trigger)>,
    lanes: OrdMap<(EntityRef, Channel), Lane>,
}

impl Agenda {
    /// When something falls due next.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.due.get_min().map(|(at, _)| *at)
    }

    /// What is due, the longest due first.
    pub(crate) fn until(&self, now: Timestamp) -> impl Iterator<Item = &Trigger> {
        self.due.iter().take_while(move |(at, _)| *at <= now).map(|(_, trigger)| trigger)
    }

    /// Moves a page's next step.
    pub(crate) fn move_page(&mut self, number: u64, from: Option<Timestamp>, to: Option<Timestamp>) {
        if let Some(from) = from {
            self.due.remove(&(from, Trigger::Page(number)));
        }
        if let Some(to) = to {
            self.due.insert((to, Trigger::Page(number)));
        }
    }

    /// A notice waits.
    pub(crate) fn add(&mut self, person: &EntityRef, channel: Channel, item: Item) {
        self.change(person, channel, |lane| {
            lane.waiting.insert(item);
        });
    }

    /// A notice waits no more.
    pub(crate) fn remove(&mut self, person: &EntityRef, channel: Channel, item: Item) {
        self.change(person, channel, |lane| {
            lane.waiting.remove(&item);
        });
    }

    /// A message goes out with these notices.
    pub(crate) fn dispatch(&mut self, person: &EntityRef, channel: Channel, items: &[Item], at: Timestamp) {
        self.change(person, channel, |lane| {
            lane.last = Some(at);
            for item in items {
                lane.waiting.remove(item);
            }
        });
    }

    fn change(&mut self, person: &EntityRef, channel: Channel, change: impl FnOnce(&mut Lane)) {
        let lane = self.lanes.entry((person.clone(), channel)).or_default();
        change(lane);
        let first = lane.waiting.get_min().map(|(at, _, _)| *at);
        let free = lane.last.map(|last| last.checked_add(channel.gap()).unwrap_or(last));
        let due = first.map(|first| free.map_or(first, |free| free.max(first)));
        if lane.due != due {
            let trigger = Trigger::Lane(person.clone(), channel);
            if let Some(earlier) = lane.due {
                self.due.remove(&(earlier, trigger.clone()));
            }
            lane.due = due;
            if let Some(due) = due {
                self.due.insert((due, trigger));
            }
        }
    }

    /// The notices of a lane that are due, in order; none if the last message went out too short a time ago.
    pub(crate) fn ready(
        &self,
        person: &EntityRef,
        channel: Channel,
        now: Timestamp,
    ) -> impl Iterator<Item = Item> + use<'_> {
        let lane = self.lanes.get(&(person.clone(), channel));
        let lane = lane.filter(|lane| lane.due.is_some_and(|due| due <= now));
        lane.into_iter().flat_map(|lane| lane.waiting.iter().copied()).take_while(move |(at, _, _)| *at <= now)
    }
}
