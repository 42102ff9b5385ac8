//! The entity index.

use std::{cmp::Ordering, collections::BTreeMap};

use kernel::EntityRef;

use crate::{
    bits::Bits,
    building::EntitiesBuilder,
    cell,
    document::Document,
    entities::Entities,
    filter::Filter,
    layers::{Base as _, Layers},
    order::{Beyond, Candidate, Travel},
    query::{LIMIT_MAX, Query, Start, TextFilter},
};

/// All entities, searchable. Cheap to clone; a change makes a new index and leaves this one as it is.
#[derive(Clone, Default)]
pub struct Index {
    layers: Layers<Entities>,
}

/// One page of entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'a> {
    /// In the order that was asked for.
    pub items: Vec<&'a EntityRef>,
    /// How many entities match on all pages.
    pub total: usize,
    /// The cursor of the page after this one, if there is more.
    pub next: Option<String>,
    /// The cursor of the page before this one, if there is something before.
    pub previous: Option<String>,
}

/// A value of a key, and how many entities have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet<'a> {
    /// The value as it is written; each spelling counts for itself.
    pub value: &'a str,
    /// At least 1.
    pub count: usize,
}

impl Index {
    /// The index of these documents; of several with one reference, the last.
    pub fn build(documents: impl IntoIterator<Item = Document>) -> Self {
        let mut builder = EntitiesBuilder::default();
        documents.into_iter().for_each(|document| builder.take(&document));
        Self { layers: Layers::of(builder.entities()) }
    }

    /// The index with these documents added or replaced, and these entities removed.
    ///
    /// A few changes take microseconds each; now and then one more has to merge what has gathered, which takes about as
    /// long as a twentieth of building the index.
    #[must_use]
    pub fn with_changes(
        &self,
        upserts: impl IntoIterator<Item = Document>,
        removals: impl IntoIterator<Item = EntityRef>,
    ) -> Self {
        let upserts = upserts.into_iter().map(|document| (document.reference.clone(), document));
        Self { layers: self.layers.with_changes(upserts, removals) }
    }

    /// How many entities there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// True if there is no entity.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how much memory the merged part of the index takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.layers.base.bytes()
    }

    /// For each of these entities, whether the filter holds for it; false if there is no such entity.
    #[must_use]
    pub fn holds<'a>(&self, filter: &Filter, references: impl IntoIterator<Item = &'a EntityRef>) -> Vec<bool> {
        let base = &self.layers.base;
        let matching = base.matching(filter);
        let holds = |reference: &EntityRef| match self.layers.recent_of(reference) {
            Some(document) => document.is_some_and(|document| filter.matches(document)),
            None => base.number(reference).is_some_and(|number| matching.contains(number)),
        };
        references.into_iter().map(holds).collect()
    }

    /// All entities for which the filter holds, by reference.
    #[must_use]
    pub fn matching(&self, filter: &Filter) -> Vec<&EntityRef> {
        let found = self.found(filter, None);
        let mut references: Vec<_> =
            found.base.iter().filter_map(|number| self.layers.base.reference(number)).collect();
        if !found.recent.is_empty() {
            references.extend(found.recent.iter().map(|document| &document.reference));
            references.sort_unstable();
        }
        references
    }

    /// The page that is asked for.
    #[must_use]
    pub fn page(&self, query: &Query) -> Page<'_> {
        let limit = query.limit.min(LIMIT_MAX);
        let travel = Travel::of(&query.start);
        let offset = if let Start::Offset(offset) = query.start { offset } else { 0 };
        let found = self.found(&query.filter, query.text.as_ref());
        let total = found.base.count() + found.recent.len();
        let wanted = offset.saturating_add(limit).saturating_add(1);

        let base = self.layers.base.beyond(&found.base, &query.order, travel, wanted);
        let recent = recent_beyond(&found.recent, query, travel);
        let beyond = base.count + recent.count;
        let mut candidates = base.candidates;
        if !recent.candidates.is_empty() {
            candidates.extend(recent.candidates);
            candidates.sort_by(|a, b| directed(a.compare(b, &query.order), travel.back));
        }
        let mut items: Vec<_> = candidates.into_iter().skip(offset).take(limit).collect();
        let more_ahead = beyond > offset.saturating_add(items.len()) && !items.is_empty();
        let more_behind = total > beyond || (offset > 0 && !items.is_empty());
        if travel.back {
            items.reverse();
        }
        let (more_after, more_before) = if travel.back { (more_behind, more_ahead) } else { (more_ahead, more_behind) };
        let cursor = |item: Option<&Candidate<'_>>, back| item.map(|item| query.cursor(item.position(), back));
        Page {
            total,
            next: more_after.then(|| cursor(items.last(), false)).flatten(),
            previous: more_before.then(|| cursor(items.first(), true)).flatten(),
            items: items.into_iter().map(|item| item.reference).collect(),
        }
    }

    /// The values of a key among the entities that match, in order, and how many of these have each.
    #[must_use]
    pub fn facets(&self, key: &str, filter: &Filter) -> Vec<Facet<'_>> {
        let found = self.found(filter, None);
        let key = cell::fold(key);
        let mut facets = Vec::new();
        if let Some(column) = self.layers.base.column(&key) {
            for entry in 0..column.len() {
                let postings = column.postings(entry..entry + 1);
                let count = postings.iter().filter(|(number, ())| found.base.contains(*number)).count();
                if count > 0 && column.text(entry) != cell::NULL {
                    facets.push((column.text(entry), count));
                }
            }
        }
        if !found.recent.is_empty() {
            let mut counts: BTreeMap<&str, usize> = facets.into_iter().collect();
            for cell in found.recent.iter().flat_map(|document| document.cells(&key)).filter(|cell| *cell != cell::NULL)
            {
                *counts.entry(cell).or_default() += 1;
            }
            facets = counts.into_iter().collect();
        }
        let facet = |(text, count)| Some(Facet { value: cell::original(text)?, count });
        facets.into_iter().filter_map(facet).collect()
    }

    fn found(&self, filter: &Filter, text: Option<&TextFilter>) -> Found<'_> {
        let mut base = self.layers.base.matching(filter);
        let text = text.map(TextFilter::search);
        if let Some(text) = &text {
            base = base.and(&self.layers.base.with_text(text));
        }
        let holds =
            |document: &&Document| filter.matches(document) && text.as_ref().is_none_or(|text| text.matches(document));
        Found {
            base: base.without(&self.layers.hidden),
            recent: self.layers.recent().map(|(_, document)| document).filter(holds).collect(),
        }
    }
}

/// What matches, layer by layer.
struct Found<'a> {
    base: Bits,
    recent: Vec<&'a Document>,
}

fn recent_beyond<'a>(found: &[&'a Document], query: &Query, travel: Travel<'_>) -> Beyond<'a> {
    let ahead = |candidate: &Candidate<'_>| {
        let order = travel.from.map(|from| candidate.compare(&from.as_candidate(), &query.order));
        order.is_none_or(|order| directed(order, travel.back) == Ordering::Greater)
    };
    let candidates: Vec<_> = found.iter().map(|document| Candidate::of(document, &query.order)).filter(ahead).collect();
    Beyond { count: candidates.len(), candidates }
}

fn directed(order: Ordering, back: bool) -> Ordering {
    if back { order.reverse() } else { order }
}
