//! What could not be done just now, and so is let be for a while: longer each time.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

/// What rests, and until when.
#[derive(Debug)]
pub(super) struct Resting<K> {
    first: Duration,
    longest: Duration,
    all: HashMap<K, Rest>,
}

#[derive(Debug)]
struct Rest {
    until: Instant,
    lasts: Duration,
}

impl<K: Eq + Hash> Resting<K> {
    /// The first rest takes so long, each further one twice as long as the one before, up to the longest.
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, all: HashMap::new() }
    }

    /// Lets it be from now on. How often that was so is remembered until it [went well](Self::went_well).
    pub(super) fn rest(&mut self, what: K, now: Instant) {
        let (first, longest) = (self.first, self.longest);
        let rest = self.all.entry(what).and_modify(|rest| rest.lasts = (rest.lasts * 2).min(longest));
        let rest = rest.or_insert(Rest { until: now, lasts: first });
        rest.until = now + rest.lasts;
    }

    /// True while it is to be let be.
    pub(super) fn rests(&self, what: &K, now: Instant) -> bool {
        self.all.get(what).is_some_and(|rest| now < rest.until)
    }

    /// It could be done.
    pub(super) fn went_well(&mut self, what: &K) {
        self.all.remove(what);
    }

    /// Forgets what is gone.
    pub(super) fn keep(&mut self, is_there: impl Fn(&K) -> bool) {
        self.all.retain(|what, _| is_there(what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rest_is_twice_as_long_until_it_goes_well() {
        let mut resting = Resting::new(Duration::from_secs(1), Duration::from_secs(5));
        let begun = Instant::now();
        let at = |second: u64| begun + Duration::from_secs(second);
        assert!(!resting.rests(&"a", begun));
        for (second, lasts) in [(0, 1), (1, 2), (3, 4), (7, 5), (12, 5)] {
            resting.rest("a", at(second));
            assert!(resting.rests(&"a", at(second + lasts) - Duration::from_millis(1)), "{second}");
            assert!(!resting.rests(&"a", at(second + lasts)), "{second}");
        }
        assert!(!resting.rests(&"b", at(12)), "others don't");
        resting.went_well(&"a");
        resting.rest("a", at(20));
        assert!(!resting.rests(&"a", at(21)), "it begins anew");
        resting.rest("a", at(21));
        resting.keep(|what| *what != "a");
        assert!(resting.all.is_empty());
    }
}
