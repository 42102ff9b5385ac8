//! All post-mortems as of one position of the timeline.

use std::sync::Arc;

use imbl::OrdMap;
use kernel::Stamp;
use serde::{Deserialize, Serialize};

use crate::{Event, PostMortem};

/// Every post-mortem, by its incident's number.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    post_mortems: OrdMap<u64, Arc<PostMortem>>,
    /// Counts the changes of what is published, for those who index it.
    #[serde(default)]
    publications: u64,
}

impl State {
    /// Takes in one event. Never fails: what it doesn't know is left alone.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        let number = event.about().incident;
        if let Some(started) = PostMortem::started(event, stamp) {
            self.post_mortems.insert(number, Arc::new(started));
            return;
        }
        let Some(held) = self.post_mortems.get_mut(&number) else { return };
        Arc::make_mut(held).apply(event, stamp);
        self.publications += u64::from(matches!(event, Event::Published { .. }));
    }

    /// The post-mortem of this incident.
    #[must_use]
    pub fn get(&self, incident: u64) -> Option<&PostMortem> {
        self.post_mortems.get(&incident).map(Arc::as_ref)
    }

    /// Every post-mortem, that of the newest incident first.
    pub fn all(&self) -> impl Iterator<Item = &PostMortem> {
        self.post_mortems.values().rev().map(Arc::as_ref)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.post_mortems.len()
    }

    /// Changes whenever something is published.
    #[must_use]
    pub fn publications(&self) -> u64 {
        self.publications
    }
}
