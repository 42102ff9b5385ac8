//! What was made of a document, kept under a digest of what it was made of.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use kernel::Sha256;

/// A bounded cache: the oldest goes when there are too many. A value is made outside the lock, so that a slow one
/// keeps nobody waiting; two who ask at once may both make it.
pub struct Cache<T> {
    held: Mutex<Held<T>>,
    capacity: usize,
}

struct Held<T> {
    values: HashMap<Sha256, Arc<T>>,
    order: VecDeque<Sha256>,
}

impl<T> Cache<T> {
    /// A cache for so many values.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { held: Mutex::new(Held { values: HashMap::new(), order: VecDeque::new() }), capacity }
    }

    /// The value under this digest, made if need be.
    ///
    /// # Errors
    /// Those of `make`; nothing is kept then.
    pub fn get_or_make<E>(&self, digest: Sha256, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let kept = self.held.lock().unwrap_or_else(PoisonError::into_inner).values.get(&digest).cloned();
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let made = Arc::new(make()?);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.values.insert(digest, Arc::clone(&made)).is_none() {
            held.order.push_back(digest);
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
