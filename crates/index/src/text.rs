//! Ranked search over texts of any sort: docs, entities, API operations, commands.
//!
//! The module `ranking` says what a document is worth to a query.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    ops::{Bound, Range},
    sync::Arc,
};

use crate::{
    bits::Bits,
    building::TextsBuilder,
    column::Column,
    fuzzy::{self, Pattern},
    layers::{Base, Layers, Recent, Renumbering},
    ranking::{Found, Reading, Scores},
    words,
};

/// What a title's words count, where a plain field's count 1.
pub const TITLE_WEIGHT: u8 = 8;
/// Of each document, at most this much text is read.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Of each query, at most this many words are looked for.
const QUERY_WORDS_MAX: usize = 16;
/// Of the words with a misspelt one's first letter, how many are compared with it.
const CANDIDATES_MAX: usize = 20_000;
/// Shorter words are too close to too many others to be corrected.
const CORRECTED_CHARS_MIN: usize = 4;

/// Something that can be found by its words.
#[derive(Debug, Clone)]
pub struct TextDocument {
    key: Box<str>,
    pub(crate) title: Box<str>,
    /// Ascending by word; how often, weighted.
    pub(crate) words: BTreeMap<Box<str>, u16>,
    pub(crate) length: u32,
    unread: usize,
}

impl TextDocument {
    /// A document known by `key`, such as `docs:shop/runbook.md#rollback`, with its title.
    #[must_use]
    pub fn new(key: &str, title: &str) -> Self {
        let empty = BTreeMap::new();
        let this = Self { key: key.into(), title: title.into(), words: empty, length: 0, unread: TEXT_BYTES_MAX };
        this.field(TITLE_WEIGHT, title)
    }

    /// The same document with more text, whose words count `weight` each. What is beyond [`TEXT_BYTES_MAX`] is not read.
    #[must_use]
    pub fn field(mut self, weight: u8, text: &str) -> Self {
        let text = text.get(..text.floor_char_boundary(self.unread)).unwrap_or_default();
        self.unread -= text.len();
        words::each(text, |word| {
            self.length = self.length.saturating_add(1);
            if let Some(count) = self.words.get_mut(word) {
                *count = count.saturating_add(weight.into());
            } else {
                self.words.insert(word.into(), weight.into());
            }
        });
        self
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The document's key.
    pub key: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Comparable with the other hits of the same answer only.
    pub score: f32,
    /// The words that were found, folded; as beginnings of words they can be marked in the text.
    pub words: Vec<String>,
}

/// Texts, ranked by how well they answer. Cheap to clone; a change makes a new index and leaves this one as it is.
#[derive(Clone, Default)]
pub struct TextIndex {
    pub(crate) layers: Layers<Texts>,
}

impl TextIndex {
    /// The index of these documents; of several with one key, the last.
    pub fn build(documents: impl IntoIterator<Item = TextDocument>) -> Self {
        let mut builder = TextsBuilder::default();
        documents.into_iter().for_each(|document| builder.take(document));
        Self { layers: Layers::of(builder.texts()) }
    }

    /// The index with these documents added or replaced, and these keys removed.
    #[must_use]
    pub fn with_changes<'a>(
        &self,
        upserts: impl IntoIterator<Item = TextDocument>,
        removals: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let upserts = upserts.into_iter().map(|document| (Arc::from(&*document.key), document));
        Self { layers: self.layers.with_changes(upserts, removals.into_iter().map(Arc::from)) }
    }

    /// How many documents there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// True if there is no document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how much memory the merged part of the index takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let base = &self.layers.base;
        let titles = base.titles.iter().map(|title| size_of::<Title>() + title.title.len() + title.key.len() + 32);
        base.words.as_ref().map_or(0, Column::bytes) + titles.sum::<usize>()
    }

    /// The best documents for the query, best first, among those whose key begins with `within`.
    ///
    /// Only those are returned that have as many of the query's words as any has.
    #[must_use]
    pub fn search(&self, query: &str, within: &str, limit: usize) -> Vec<Hit> {
        let mut readings: Vec<Reading> = Vec::new();
        for word in query.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(QUERY_WORDS_MAX) {
            readings.extend(self.read(&word.to_lowercase()));
        }
        let mut scores = Scores::new(self, within);
        readings.iter().zip(0..).for_each(|(reading, place)| scores.add(reading, place));
        let words = |found: u16| readings.iter().zip(0..).filter(move |(_, place)| found >> place & 1 == 1);
        let hit = |found: Found<'_>| Hit {
            key: Arc::clone(found.key),
            title: found.title.into(),
            score: found.score,
            words: words(found.words).map(|(reading, _)| reading.word.clone()).collect(),
        };
        scores.best(limit).into_iter().map(hit).collect()
    }

    /// The titles that the typed letters fit best, best first, among the documents whose key begins with `within`.
    #[must_use]
    pub fn pick(&self, typed: &str, within: &str, limit: usize) -> Vec<Hit> {
        let pattern = Pattern::new(typed);
        let base = &self.layers.base;
        let unhidden = base.within(within).filter(|(number, _)| !self.layers.hidden.contains(*number));
        let base =
            unhidden.filter(|(_, title)| pattern.may_fit(title.mask)).map(|(_, title)| (&title.key, &*title.title));
        let recent = self.layers.recent().filter(|(key, _)| key.starts_with(within));
        let all = base.chain(recent.map(|(key, document)| (key, &*document.title)));
        // Of equally good titles the shorter one is meant.
        let mut scores = pattern.scorer();
        let mut found: Vec<_> =
            all.filter_map(|(key, title)| Some((Reverse(scores.score(title)?), title.len(), key, title))).collect();
        first(&mut found, limit, Ord::cmp);
        let hit = |(Reverse(score), _, key, title): (Reverse<i32>, usize, &Arc<str>, &str)| Hit {
            key: Arc::clone(key),
            title: title.into(),
            score: score as f32,
            words: Vec::new(),
        };
        found.into_iter().map(hit).collect()
    }

    /// What a word of the query is taken for: itself, if something has it or begins so, or else the closest there is.
    fn read(&self, word: &str) -> Option<Reading> {
        let base = self.words_of_base(word).map(|(word, _)| word);
        let recent = self.layers.recent().flat_map(|(_, document)| document.completions(word).map(|(word, _)| word));
        if base.chain(recent).next().is_some() {
            return Some(Reading { word: word.to_owned(), corrected: false });
        }
        if word.chars().count() < CORRECTED_CHARS_MIN {
            return None;
        }
        // Slips hardly ever hit the first letter; looking only at its words keeps this fast.
        let initial: String = word.chars().take(1).collect();
        let base = self.words_of_base(&initial).map(|(word, _)| word);
        let recent =
            self.layers.recent().flat_map(|(_, document)| document.completions(&initial).map(|(word, _)| word));
        let similar = base.chain(recent).filter(|other| other.len().abs_diff(word.len()) <= word.len() / 2);
        let meant = kernel::closest(word, similar.take(CANDIDATES_MAX))?;
        Some(Reading { word: meant.to_owned(), corrected: true })
    }

    /// The base's words with this beginning that some document still has, with those documents.
    pub(crate) fn words_of_base(&self, prefix: &str) -> impl Iterator<Item = (&str, impl Iterator<Item = (u32, u16)>)> {
        let words = self.layers.base.words.as_ref();
        let entries = words.into_iter().flat_map(|words| words.with_prefix(prefix).map(move |entry| (words, entry)));
        entries.filter_map(|(words, entry)| {
            let postings = words.postings(entry..entry + 1).iter().copied();
            let mut kept = postings.filter(|(number, _)| !self.layers.hidden.contains(*number)).peekable();
            kept.peek()?;
            Some((words.text(entry), kept))
        })
    }
}

/// Puts the `limit` first of a list in order and drops the rest.
pub(crate) fn first<T>(list: &mut Vec<T>, limit: usize, mut compare: impl FnMut(&T, &T) -> std::cmp::Ordering) {
    if limit > 0 && limit < list.len() {
        list.select_nth_unstable_by(limit - 1, &mut compare);
    }
    list.truncate(limit);
    list.sort_unstable_by(compare);
}

impl TextDocument {
    /// The words with this beginning.
    pub(crate) fn completions(&self, prefix: &str) -> impl Iterator<Item = (&str, u16)> {
        let from = self.words.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        from.map(|(word, count)| (&**word, *count)).take_while(move |(word, _)| word.starts_with(prefix))
    }
}

/// The documents of the base, in ascending order of their keys.
#[derive(Default)]
pub(crate) struct Texts {
    keys: Vec<Arc<str>>,
    pub(crate) titles: Vec<Title>,
    words: Option<Column<u16>>,
}

#[derive(Clone)]
pub(crate) struct Title {
    pub(crate) key: Arc<str>,
    pub(crate) title: Box<str>,
    mask: u64,
    pub(crate) length: u32,
}

impl Texts {
    /// Titles are in ascending order of their keys.
    pub(crate) fn new(titles: Vec<Title>, words: Option<Column<u16>>) -> Self {
        Self { keys: titles.iter().map(|title| Arc::clone(&title.key)).collect(), titles, words }
    }

    /// The documents whose key begins so.
    pub(crate) fn range(&self, prefix: &str) -> Range<usize> {
        let start = self.keys.partition_point(|key| **key < *prefix);
        start..self.keys.partition_point(|key| **key < *prefix || key.starts_with(prefix))
    }

    pub(crate) fn within(&self, prefix: &str) -> impl Iterator<Item = (u32, &Title)> {
        let range = self.range(prefix);
        (0..).zip(&self.titles).take(range.end).skip(range.start)
    }
}

impl Base for Texts {
    type Key = Arc<str>;
    type Document = TextDocument;

    fn len(&self) -> usize {
        self.keys.len()
    }

    fn number(&self, key: &Arc<str>) -> Option<u32> {
        self.keys.binary_search(key).ok().and_then(|number| u32::try_from(number).ok())
    }

    fn merged(&self, hidden: &Bits, recent: &Recent<Self>) -> Self {
        let renumbering = Renumbering::<Self>::of(&self.keys, hidden, recent);
        let kept =
            self.titles.iter().zip(&renumbering.old).filter_map(|(title, number)| Some(((*number)?, title.clone())));
        let mut titles: Vec<(u32, Title)> = kept.collect();
        let mut added: Vec<(&str, (u32, u16))> = Vec::new();
        for (number, document) in &renumbering.new {
            titles.push((*number, Title::of(document)));
            added.extend(document.words.iter().map(|(word, count)| (&**word, (*number, *count))));
        }
        titles.sort_by_key(|(number, _)| *number);
        added.sort_unstable();
        let words = Column::merged(self.words.as_ref(), &renumbering.old, &added);
        Self::new(titles.into_iter().map(|(_, title)| title).collect(), words)
    }
}

impl Title {
    pub(crate) fn of(document: &TextDocument) -> Self {
        Self {
            key: Arc::from(&*document.key),
            title: document.title.clone(),
            mask: fuzzy::mask(&document.title),
            length: document.length,
        }
    }
}
