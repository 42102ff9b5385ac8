//! A large immutable base, and the few documents that changed since.
//!
//! A change of one document must not rebuild an index of 30,000. It goes into the recent layer instead, which is
//! answered by looking at each of its documents; when that has grown to a sixteenth of the base, both are merged into
//! a new base. The layers are persistent: a change makes a new value and leaves the old one to its readers.

use std::{fmt::Debug, sync::Arc};

use imbl::OrdMap;

use crate::bits::Bits;

/// Fewer recent documents than this are never merged.
const MERGE_FLOOR: usize = 1_024;

/// What changed: a document, or its absence.
pub(crate) type Recent<B> = OrdMap<<B as Base>::Key, Option<Arc<<B as Base>::Document>>>;

/// Documents in ascending order of their keys, indexed once and for all.
pub(crate) trait Base: Default {
    type Key: Ord + Clone + Debug;
    type Document;

    /// How many documents there are; their numbers are below.
    fn len(&self) -> usize;

    /// The number of the document with this key.
    fn number(&self, key: &Self::Key) -> Option<u32>;

    /// The base without the hidden documents and with the recent ones.
    fn merged(&self, hidden: &Bits, recent: &Recent<Self>) -> Self;
}

/// The base, the recent changes, and which of the base's documents they hide.
pub(crate) struct Layers<B: Base> {
    pub(crate) base: Arc<B>,
    pub(crate) hidden: Arc<Bits>,
    recent: Recent<B>,
}

impl<B: Base> Clone for Layers<B> {
    fn clone(&self) -> Self {
        Self { base: Arc::clone(&self.base), hidden: Arc::clone(&self.hidden), recent: self.recent.clone() }
    }
}

impl<B: Base> Default for Layers<B> {
    fn default() -> Self {
        Self { base: Arc::default(), hidden: Arc::default(), recent: OrdMap::new() }
    }
}

impl<B: Base> Layers<B> {
    /// A base, and no changes since.
    pub(crate) fn of(base: B) -> Self {
        let hidden = Bits::none(base.len());
        Self { base: Arc::new(base), hidden: Arc::new(hidden), recent: OrdMap::new() }
    }

    /// The layers with these documents added, replaced and removed, in this order.
    pub(crate) fn with_changes(
        &self,
        upserts: impl IntoIterator<Item = (B::Key, B::Document)>,
        removals: impl IntoIterator<Item = B::Key>,
    ) -> Self {
        let mut next = self.clone();
        for (key, document) in upserts {
            next.change(key, Some(Arc::new(document)));
            // While many come at once, merges are made at growing distances, so that their cost stays linear.
            next.merge_above(next.base.len() / 2);
        }
        removals.into_iter().for_each(|key| next.change(key, None));
        next.merge_above(next.base.len() / 16);
        next
    }

    fn change(&mut self, key: B::Key, document: Option<Arc<B::Document>>) {
        let number = self.base.number(&key);
        if let Some(number) = number {
            Arc::make_mut(&mut self.hidden).insert(number);
        }
        if document.is_none() && number.is_none() {
            self.recent.remove(&key);
        } else {
            self.recent.insert(key, document);
        }
    }

    fn merge_above(&mut self, bound: usize) {
        if self.recent.len() > bound.max(MERGE_FLOOR) {
            *self = self.merged();
        }
    }

    /// The same documents, all in the base.
    pub(crate) fn merged(&self) -> Self {
        Self::of(self.base.merged(&self.hidden, &self.recent))
    }

    /// The recent documents, ascending.
    pub(crate) fn recent(&self) -> impl Iterator<Item = (&B::Key, &B::Document)> {
        self.recent.iter().filter_map(|(key, document)| Some((key, document.as_deref()?)))
    }

    /// The recent state of a document: nothing if it has not changed since the base.
    pub(crate) fn recent_of(&self, key: &B::Key) -> Option<Option<&B::Document>> {
        self.recent.get(key).map(Option::as_deref)
    }

    pub(crate) fn len(&self) -> usize {
        self.base.len() - self.hidden.count() + self.recent().count()
    }
}

/// The new order of documents when recent ones are merged into a base's.
pub(crate) struct Renumbering<'a, B: Base> {
    /// The keys in their new order.
    pub(crate) keys: Vec<B::Key>,
    /// The new number of each old document, and nothing for those that go.
    pub(crate) old: Vec<Option<u32>>,
    /// The recent documents with their new numbers.
    pub(crate) new: Vec<(u32, &'a B::Document)>,
}

impl<'a, B: Base> Renumbering<'a, B> {
    pub(crate) fn of(old: &[B::Key], hidden: &Bits, recent: &'a Recent<B>) -> Self {
        let mut this =
            Self { keys: Vec::with_capacity(old.len()), old: Vec::with_capacity(old.len()), new: Vec::new() };
        let mut recent = recent.iter().filter_map(|(key, document)| Some((key, document.as_deref()?))).peekable();
        for (key, number) in old.iter().zip(0..) {
            if hidden.contains(number) {
                this.old.push(None);
                continue;
            }
            while let Some((earlier, document)) = recent.next_if(|(recent, _)| *recent < key) {
                let number = this.take(earlier);
                this.new.push((number, document));
            }
            let number = this.take(key);
            this.old.push(Some(number));
        }
        for (key, document) in recent {
            let number = this.take(key);
            this.new.push((number, document));
        }
        this
    }

    fn take(&mut self, key: &B::Key) -> u32 {
        let number = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.keys.push(key.clone());
        number
    }
}
