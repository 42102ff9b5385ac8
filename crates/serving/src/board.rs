//! The published sets, one per environment, and who waits for the next.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use flagd::{Context, Failure, Flag, Resolution, Set};
use tokio::sync::watch;

use crate::{Scope, clock};

/// The published sets, one per environment. Readers never wait for a publisher, nor for each other.
pub struct Board {
    places: ArcSwap<HashMap<String, Arc<Place>>>,
    publishing: Mutex<()>,
    closed: watch::Sender<bool>,
}

/// An environment's place on the board. When it goes, its `feed` ends, and with it the streams.
struct Place {
    current: ArcSwap<Published>,
    feed: watch::Sender<Arc<Published>>,
}

/// One set as it was published, and the parts of it that callers may see.
struct Published {
    whole: Arc<View>,
    parts: ArcSwap<HashMap<Vec<String>, Arc<View>>>,
}

/// What one scope sees.
pub(crate) struct View {
    pub(crate) set: Arc<Set>,
    /// Answers may change while the set stays the same.
    pub(crate) depends_on_time: bool,
    /// Seconds since 1970.
    pub(crate) published_at: u64,
}

impl View {
    fn new(set: Arc<Set>, published_at: u64) -> Arc<Self> {
        Arc::new(Self { depends_on_time: set.depends_on_time(), set, published_at })
    }

    /// What one of the set's flags is for this context.
    pub(crate) fn evaluate<'v>(&'v self, flag: &'v Flag, context: &Context) -> Result<Resolution<'v>, Failure> {
        // The set's metadata go into each answer. Where it has none, there is nothing to look up.
        if self.set.metadata().is_empty() { flag.evaluate(context) } else { self.set.evaluate(flag.key(), context) }
    }

    /// The content's revision as clients are shown it.
    pub(crate) fn revision(&self) -> String {
        format!("{:016x}", self.set.revision())
    }
}

/// At most this many different selections of flag sets are kept ready per environment; others are made when asked for.
const PARTS_MAX: usize = 256;

impl Published {
    fn view(&self, flag_sets: Option<&[String]>) -> Arc<View> {
        let Some(flag_sets) = flag_sets else { return Arc::clone(&self.whole) };
        if let Some(view) = self.parts.load().get(flag_sets) {
            return Arc::clone(view);
        }
        let view = View::new(Arc::new(self.whole.set.only(flag_sets)), self.whole.published_at);
        // Selections of nothing are cheap to make, and there are endlessly many of them.
        if view.set.flags().next().is_some() {
            self.parts.rcu(|parts| {
                let mut parts = HashMap::clone(parts);
                if parts.len() < PARTS_MAX {
                    parts.insert(flag_sets.to_vec(), Arc::clone(&view));
                }
                parts
            });
        }
        view
    }
}

impl Board {
    /// An empty board.
    pub fn new() -> Arc<Self> {
        let (closed, _) = watch::channel(false);
        Arc::new(Self { places: ArcSwap::default(), publishing: Mutex::default(), closed })
    }

    /// Publishes an environment's set, and wakes those who wait for it. Content that is there already is not news.
    pub fn publish(&self, environment: &str, set: Arc<Set>) {
        let _one_at_a_time = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let places = self.places.load();
        let place = places.get(environment);
        if place.is_some_and(|place| place.current.load().whole.set.revision() == set.revision()) {
            return;
        }
        let published = Arc::new(Published { whole: View::new(set, clock::now()), parts: ArcSwap::default() });
        if let Some(place) = place {
            place.current.store(Arc::clone(&published));
            place.feed.send_replace(published);
            return;
        }
        let (feed, _) = watch::channel(Arc::clone(&published));
        let place = Arc::new(Place { current: ArcSwap::new(published), feed });
        let mut places = HashMap::clone(&places);
        places.insert(environment.to_owned(), place);
        self.places.store(Arc::new(places));
    }

    /// Takes an environment away; its streams end.
    pub fn withdraw(&self, environment: &str) {
        let _one_at_a_time = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = HashMap::clone(&self.places.load());
        places.remove(environment);
        self.places.store(Arc::new(places));
    }

    /// The environments that have a set, in no order.
    pub fn environments(&self) -> Vec<String> {
        self.places.load().keys().cloned().collect()
    }

    /// What the scope sees; nothing if no set was published for its environment.
    pub fn set(&self, scope: &Scope) -> Option<Arc<Set>> {
        self.view(scope).map(|view| Arc::clone(&view.set))
    }

    pub(crate) fn view(&self, scope: &Scope) -> Option<Arc<View>> {
        let places = self.places.load();
        let place = places.get(&scope.environment)?;
        Some(place.current.load().view(scope.flag_sets.as_deref()))
    }

    /// Waits for changes of what the scope sees, from what it sees now; nothing if no set was published for its
    /// environment, or if the board is closed.
    pub fn subscribe(&self, scope: &Scope) -> Option<Subscription> {
        let closed = self.closed.subscribe();
        let feed = self.places.load().get(&scope.environment)?.feed.subscribe();
        if *closed.borrow() {
            return None;
        }
        let seen = feed.borrow().view(scope.flag_sets.as_deref());
        Some(Subscription { feed, closed, flag_sets: scope.flag_sets.clone(), seen })
    }

    /// How many streams are open.
    pub fn subscribers(&self) -> usize {
        self.closed.receiver_count()
    }

    /// Ends all streams, since they would not end by themselves, and begins no new ones. Sets stay readable.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }
}

/// One subscriber's place. It has no queue: it knows what it saw last.
pub struct Subscription {
    feed: watch::Receiver<Arc<Published>>,
    closed: watch::Receiver<bool>,
    flag_sets: Option<Vec<String>>,
    seen: Arc<View>,
}

impl Subscription {
    /// What was seen last.
    pub fn seen(&self) -> &Arc<Set> {
        &self.seen.set
    }

    pub(crate) fn view(&self) -> &Arc<View> {
        &self.seen
    }

    /// Waits until there is something else to see than was seen last, and gives what was seen last.
    /// Nothing when there will be no more, because the server stops or the environment is gone.
    pub async fn next(&mut self) -> Option<Arc<Set>> {
        loop {
            tokio::select! {
                biased;
                _ = self.closed.wait_for(|closed| *closed) => return None,
                changed = self.feed.changed() => changed.ok()?,
            }
            let now = self.feed.borrow_and_update().view(self.flag_sets.as_deref());
            if now.set.revision() != self.seen.set.revision() {
                return Some(Arc::clone(&std::mem::replace(&mut self.seen, now).set));
            }
        }
    }

    /// Waits until there will be no more.
    pub(crate) async fn ended(&mut self) {
        let _ = self.closed.wait_for(|closed| *closed).await;
    }
}

#[cfg(test)]
mod tests;
