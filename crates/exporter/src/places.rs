//! How many probes run at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Probes that may run at once, and of one target. Each holds two connections.
const ALL_MAX: usize = 2_048;
const ONE_MAX: usize = 16;

/// The probes that run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    target: String,
}

impl Places {
    /// A place for a probe of this target, if there is one.
    pub(crate) fn take(&self, target: &str) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= ALL_MAX || taken.get(target).is_some_and(|of_one| *of_one >= ONE_MAX) {
            return None;
        }
        *taken.entry(target.to_owned()).or_default() += 1;
        Some(Place { places: self.clone(), target: target.to_owned() })
    }

    /// How many probes run.
    pub(crate) fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.target) {
            Some(of_one) if *of_one > 1 => *of_one -= 1,
            Some(_) | None => {
                taken.remove(&self.target);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_target_takes_no_more_than_its_share() {
        let places = Places::default();
        let held: Vec<Place> = (0..ONE_MAX).map(|_| places.take("hangs").unwrap()).collect();
        assert!(places.take("hangs").is_none());
        assert!(places.take("lives").is_some());
        drop(held);
        assert_eq!(places.taken(), 0);
        assert!(places.take("hangs").is_some());
    }
}
