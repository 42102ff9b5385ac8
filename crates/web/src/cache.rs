//! What was made of something, kept under what tells that apart: a document's digest, the catalog's revision.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// A bounded cache: the oldest goes when there are too many. A value is made outside the lock, so that a slow one
/// keeps nobody waiting; two who ask at once may both make it.
pub struct Cache<K, T> {
    held: Mutex<Held<K, T>>,
    capacity: usize,
}

struct Held<K, T> {
    values: HashMap<K, Arc<T>>,
    order: VecDeque<K>,
}

impl<K: Copy + Eq + Hash, T> Cache<K, T> {
    /// A cache for so many values.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { held: Mutex::new(Held { values: HashMap::new(), order: VecDeque::new() }), capacity }
    }

    /// The value under this key, made if need be.
    ///
    /// # Errors
    /// Those of `make`; nothing is kept then.
    pub fn get_or_make<E>(&self, key: K, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let kept = self.held.lock().unwrap_or_else(PoisonError::into_inner).values.get(&key).cloned();
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let made = Arc::new(make()?);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.values.insert(key, Arc::clone(&made)).is_none() {
            held.order.push_back(key);
        }
        if held.order.len() > self.capacity
            && let Some(oldest) = held.order.pop_front()
        {
            held.values.remove(&oldest);
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use kernel::Sha256;

    use super::*;

    #[test]
    fn a_value_is_made_once_and_the_oldest_goes_first() {
        let cache = Cache::new(2);
        let digest = |name: &str| Sha256::of(name.as_bytes());
        let get = |name: &str, value: u32| *cache.get_or_make(digest(name), || Ok::<_, Infallible>(value)).unwrap();
        assert_eq!((get("a", 1), get("a", 2), get("b", 3)), (1, 1, 3));
        assert_eq!(get("c", 4), 4, "the third pushes out the first");
        assert_eq!((get("b", 5), get("a", 6)), (3, 6));
        assert_eq!(cache.get_or_make(digest("d"), || Err("no")).unwrap_err(), "no");
    }
}
