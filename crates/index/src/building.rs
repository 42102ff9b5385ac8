//! The bases of both indexes, made of all documents at once.
//!
//! Merging them in layer by layer would give the same; this needs less time, and no memory for documents that wait.

use std::collections::HashMap;

use kernel::EntityRef;

use crate::{
    column::{Column, Posting},
    document::Document,
    entities::Entities,
    text::{TextDocument, Texts, Title},
};

/// Takes the documents of the entity index one by one.
#[derive(Default)]
pub(crate) struct EntitiesBuilder {
    references: Vec<EntityRef>,
    columns: HashMap<Box<str>, Cells>,
}

/// The cells of one key, in the order in which they came.
#[derive(Default)]
struct Cells {
    texts: String,
    /// Where each cell ends in the texts, and the place of its document among all that came.
    rows: Vec<(u32, u32)>,
}

impl EntitiesBuilder {
    pub(crate) fn take(&mut self, document: &Document) {
        let place = bounded(self.references.len());
        for (key, cell) in document.rows() {
            if let Some(cells) = self.columns.get_mut(key) {
                cells.push(cell, place);
            } else {
                self.columns.entry(key.into()).or_default().push(cell, place);
            }
        }
        self.references.push(document.reference.clone());
    }

    /// The base of these documents; of several with one reference, the last.
    pub(crate) fn entities(self) -> Entities {
        let numbering = Numbering::of(&self.references);
        let references = numbering.places.iter().filter_map(|place| self.references.get(*place)).cloned().collect();
        let mut columns: Vec<(Box<str>, Column<()>)> = Vec::with_capacity(self.columns.len());
        for (key, cells) in self.columns {
            columns.extend(cells.column(&numbering).map(|column| (key, column)));
        }
        columns.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Entities::new(references, columns)
    }
}

impl Cells {
    fn push(&mut self, cell: &str, place: u32) {
        self.texts.push_str(cell);
        self.rows.push((bounded(self.texts.len()), place));
    }

    fn column(self, numbering: &Numbering) -> Option<Column<()>> {
        let mut start = 0;
        let row = |&(end, place): &(u32, u32)| {
            let cell = self.texts.get(start as usize..end as usize).unwrap_or_default();
            start = end;
            Some((cell, (numbering.number(place)?, ())))
        };
        let mut rows: Vec<(&str, Posting<()>)> = self.rows.iter().filter_map(row).collect();
        rows.sort_unstable();
        Column::merged(None, &[], &rows)
    }
}

/// Takes the documents of the text index one by one.
#[derive(Default)]
pub(crate) struct TextsBuilder {
    titles: Vec<Title>,
    /// The places of the documents that have each word, among all that came.
    words: HashMap<Box<str>, Vec<Posting<u16>>>,
}

impl TextsBuilder {
    pub(crate) fn take(&mut self, document: TextDocument) {
        let place = bounded(self.titles.len());
        self.titles.push(Title::of(&document));
        for (word, count) in document.words {
            self.words.entry(word).or_default().push((place, count));
        }
    }

    /// The base of these documents; of several with one key, the last.
    pub(crate) fn texts(self) -> Texts {
        let keys: Vec<&str> = self.titles.iter().map(|title| &*title.key).collect();
        let numbering = Numbering::of(&keys);
        let rows = self.words.iter().flat_map(|(word, postings)| {
            let numbered = postings.iter().filter_map(|(place, count)| Some((numbering.number(*place)?, *count)));
            numbered.map(|posting| (&**word, posting))
        });
        let mut rows: Vec<(&str, Posting<u16>)> = rows.collect();
        rows.sort_unstable();
        let words = Column::merged(None, &[], &rows);
        let titles = numbering.places.iter().filter_map(|place| self.titles.get(*place)).cloned().collect();
        Texts::new(titles, words)
    }
}

/// The order of documents that came in any order; of several with one key, only the last has a number.
struct Numbering {
    /// The places of the documents among all that came, in the order of their keys.
    places: Vec<usize>,
    numbers: Vec<Option<u32>>,
}

impl Numbering {
    fn of<K: Ord>(keys: &[K]) -> Self {
        let key = |place: &usize| keys.get(*place);
        let mut places: Vec<usize> = (0..keys.len()).collect();
        places.sort_by(|a, b| key(a).cmp(&key(b)).then(b.cmp(a)));
        places.dedup_by(|a, b| key(a) == key(b));
        let mut numbers = vec![None; keys.len()];
        for (number, place) in places.iter().enumerate() {
            if let Some(slot) = numbers.get_mut(*place) {
                *slot = Some(bounded(number));
            }
        }
        Self { places, numbers }
    }

    fn number(&self, place: u32) -> Option<u32> {
        self.numbers.get(place as usize).copied().flatten()
    }
}

/// As for columns: more than four billion bytes of one key's values don't fit into the machine's memory either.
fn bounded(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
