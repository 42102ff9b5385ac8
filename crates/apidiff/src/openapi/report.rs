//! What was found, collected up to a limit.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    rc::Rc,
};

use serde_json::Value;

use super::{CHANGES_MAX, TEXT_BYTES_MAX};
use crate::{
    Change,
    Level::{self, Risky},
};

/// Bytes of a value that a sentence quotes.
const QUOTED_BYTES_MAX: usize = 500;

#[derive(Default)]
pub(super) struct Report {
    changes: Vec<Change>,
    /// How many there were beyond the limit.
    more: usize,
    worst: Option<Level>,
    /// References that were said not to be compared.
    told: BTreeSet<String>,
    is_cut: bool,
}

/// Where in an operation.
#[derive(Clone)]
pub(super) struct Place {
    operation: Option<Rc<str>>,
    /// `response 200 body application/json`.
    part: Rc<str>,
    /// `/items/price`.
    path: String,
}

impl Place {
    pub(super) fn of(operation: &str, part: impl Into<Rc<str>>) -> Self {
        Self { operation: Some(operation.into()), part: part.into(), path: String::new() }
    }

    /// About no single operation.
    pub(super) fn general(part: impl Into<Rc<str>>) -> Self {
        Self { operation: None, part: part.into(), path: String::new() }
    }

    /// A place below; names that are too long to be told are cut.
    pub(super) fn at(&self, name: &str) -> Self {
        let name =
            name.get(..name.floor_char_boundary(TEXT_BYTES_MAX.saturating_sub(self.path.len()))).unwrap_or_default();
        let mut path = String::with_capacity(self.path.len() + 1 + name.len());
        path.push_str(&self.path);
        path.push('/');
        path.push_str(name);
        Self { operation: self.operation.clone(), part: self.part.clone(), path }
    }

    /// Whether this is the whole of a part.
    pub(super) fn is_whole(&self) -> bool {
        self.path.is_empty()
    }

    /// In words.
    fn words(&self) -> String {
        if self.path.is_empty() { self.part.to_string() } else { format!("{} {}", self.part, self.path) }
    }
}

impl Report {
    pub(super) fn put(&mut self, rule: impl Into<String>, level: Level, place: &Place, text: impl Into<String>) {
        if self.changes.len() < CHANGES_MAX {
            self.changes.push(Change {
                rule: rule.into(),
                level,
                operation: place.operation.as_deref().map(short),
                place: short(&place.words()),
                text: short(&text.into()),
            });
        } else {
            self.more += 1;
            self.worst = self.worst.max(Some(level));
        }
    }

    /// A reference that leads elsewhere; said once, however often it is met.
    pub(super) fn elsewhere(&mut self, reference: &str, place: &Place) {
        if self.told.insert(reference.to_owned()) {
            let text = format!("the reference {reference} leads to nothing in the document, and was not compared");
            self.put("reference-not-compared", Risky, place, text);
        }
    }

    /// That a bound was met, and something was not compared; said once.
    pub(super) fn cut(&mut self, place: &Place) {
        if !self.is_cut {
            self.is_cut = true;
            self.put(
                "comparison-cut",
                Risky,
                place,
                "from here on not everything was compared: there is too much of it",
            );
        }
    }

    /// How many changes there are.
    pub(super) fn count(&self) -> usize {
        self.changes.len() + self.more
    }

    /// Puts what was found since then in the order of places.
    pub(super) fn order(&mut self, since: usize) {
        if let Some(found) = self.changes.get_mut(since..) {
            found.sort_by(|one, other| one.place.cmp(&other.place));
        }
    }

    pub(super) fn finish(mut self) -> Vec<Change> {
        if self.more > 0 {
            self.changes.push(Change {
                rule: "more-changes".to_owned(),
                level: self.worst.unwrap_or(Risky),
                operation: None,
                place: String::new(),
                text: format!("there are {} more changes than are named", self.more),
            });
        }
        self.changes
    }
}

/// A text as it is told: names of the documents are in it, which may be as long as the documents.
pub(super) fn short(text: &str) -> String {
    const MARK: char = '…';
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(TEXT_BYTES_MAX - MARK.len_utf8());
    text.get(..end).unwrap_or_default().to_owned() + "…"
}

/// A value as a sentence quotes it: JSON, of which no more is written than is told.
pub(super) fn quoted(value: &Value) -> String {
    let mut written = Beginning(Vec::new());
    // It ends with an error where there is more than the beginning.
    let is_whole = serde_json::to_writer(&mut written, value).is_ok();
    let text = String::from_utf8_lossy(&written.0);
    if is_whole { text.into_owned() } else { format!("{}…", text.trim_end_matches('\u{fffd}')) }
}

/// The first bytes of what is written.
struct Beginning(Vec<u8>);

impl Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = QUOTED_BYTES_MAX - self.0.len();
        if room == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(room);
        self.0.extend(bytes.iter().take(taken));
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
