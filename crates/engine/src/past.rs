//! What was true then.

use std::sync::{Arc, Mutex, PoisonError};

use kernel::{Refusal, Timestamp};
use timeline::Store;
use world::World;

use crate::replay::load;

/// The Worlds of the past that were asked for last.
#[derive(Default)]
pub(crate) struct Past {
    recent: Mutex<Vec<Arc<World>>>,
}

/// How many Worlds of the past are kept; they share most of their memory with one another.
const KEPT: usize = 8;

impl Past {
    /// The World as of the last event at `at` or before.
    pub(crate) fn at(&self, store: &dyn Store, current: &Arc<World>, at: Timestamp) -> Result<Arc<World>, Refusal> {
        let position = store.position_at(at)?;
        if position >= current.position {
            return Ok(Arc::clone(current));
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = recent.iter().position(|world| world.position == position) {
            let world = recent.remove(index);
            recent.push(Arc::clone(&world));
            return Ok(world);
        }
        drop(recent);
        let world = Arc::new(load(store, position)?);
        recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= KEPT {
            recent.remove(0);
        }
        recent.push(Arc::clone(&world));
        Ok(world)
    }
}
