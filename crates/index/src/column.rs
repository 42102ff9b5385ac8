//! Sorted texts, each with the documents that have it.

use std::ops::Range;

use memchr::memmem::Finder;

/// A document that has an entry, with what is known of the two together.
pub(crate) type Posting<W> = (u32, W);

/// Immutable: entries in ascending order of their texts; the postings of each in ascending order of documents.
///
/// All texts stand in one string and all postings in one list, in the order of the entries: what a range of entries
/// has in common can be read without looking at the entries.
#[derive(Debug, Clone)]
pub(crate) struct Column<W> {
    texts: Box<str>,
    ends: Box<[End]>,
    postings: Box<[Posting<W>]>,
}

#[derive(Debug, Clone, Copy)]
struct End {
    text: u32,
    posting: u32,
}

impl<W: Copy> Column<W> {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    fn start(&self, entry: usize) -> End {
        let before = entry.min(self.ends.len()).checked_sub(1);
        before.and_then(|before| self.ends.get(before)).copied().unwrap_or(End { text: 0, posting: 0 })
    }

    fn text_range(&self, entry: usize) -> Range<usize> {
        self.start(entry).text as usize..self.start(entry + 1).text as usize
    }

    /// The text of an entry; empty beyond the last.
    pub(crate) fn text(&self, entry: usize) -> &str {
        self.texts.get(self.text_range(entry)).unwrap_or_default()
    }

    /// The postings of a range of entries, entry by entry.
    pub(crate) fn postings(&self, entries: Range<usize>) -> &[Posting<W>] {
        let range = self.start(entries.start).posting as usize..self.start(entries.end).posting as usize;
        self.postings.get(range).unwrap_or_default()
    }

    /// The first entry for which `before` is false; `before` must be true for a prefix of the entries only.
    pub(crate) fn partition(&self, before: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if before(self.text(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The entries whose text begins with `prefix`.
    pub(crate) fn with_prefix(&self, prefix: &str) -> Range<usize> {
        let start = self.partition(|text| text < prefix);
        start..self.partition(|text| text < prefix || text.starts_with(prefix)).max(start)
    }

    /// Calls `found` with each entry whose text contains the needle somewhere within what `extent` says counts, once.
    pub(crate) fn containing(&self, needle: &Finder<'_>, extent: impl Fn(&str) -> usize, mut found: impl FnMut(usize)) {
        let (mut from, mut entry) = (0, 0);
        while let Some(at) = self.texts.as_bytes().get(from..).and_then(|rest| needle.find(rest)) {
            let at = from + at;
            entry += passed(self.ends.get(entry..).unwrap_or_default(), at);
            let range = self.text_range(entry);
            if at + needle.needle().len() <= range.start + extent(self.text(entry)) {
                found(entry);
                from = range.end;
            } else {
                from = at + 1;
            }
        }
    }

    /// The size of what the column owns, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.texts.len() + size_of_val(&*self.ends) + size_of_val(&*self.postings)
    }

    /// The column in which documents have new numbers and more entries are added; nothing if it would be empty.
    ///
    /// `renumbered` gives the new number of each old document, ascending, and nothing for those that go; `added` is
    /// sorted by text, then document.
    pub(crate) fn merged(old: Option<&Self>, renumbered: &[Option<u32>], added: &[(&str, Posting<W>)]) -> Option<Self> {
        let mut writer = Writer { texts: String::new(), ends: Vec::new(), postings: Vec::new() };
        let mut added = added.chunk_by(|a, b| a.0 == b.0).peekable();
        for entry in 0..old.map_or(0, Self::len) {
            let Some(old) = old else { break };
            let text = old.text(entry);
            while let Some(new) = added.next_if(|new| new.first().is_some_and(|(new, _)| *new < text)) {
                writer.push(&[], renumbered, new);
            }
            let same = added.next_if(|new| new.first().is_some_and(|(new, _)| *new == text));
            writer.texts.push_str(text);
            writer.finish(old.postings(entry..entry + 1), renumbered, same.unwrap_or_default());
        }
        added.for_each(|new| writer.push(&[], renumbered, new));
        writer.column()
    }
}

/// How many of the first ends are not beyond a place; fast if they are few.
fn passed(ends: &[End], at: usize) -> usize {
    let before = |end: &End| end.text as usize <= at;
    let mut step = 1;
    while ends.get(step - 1).is_some_and(before) {
        step *= 2;
    }
    let low = step / 2;
    low + ends.get(low..step.min(ends.len())).unwrap_or_default().partition_point(before)
}

struct Writer<W> {
    texts: String,
    ends: Vec<End>,
    postings: Vec<Posting<W>>,
}

impl<W: Copy> Writer<W> {
    fn push(&mut self, old: &[Posting<W>], renumbered: &[Option<u32>], new: &[(&str, Posting<W>)]) {
        self.texts.push_str(new.first().map_or("", |(text, _)| text));
        self.finish(old, renumbered, new);
    }

    /// Ends the entry whose text has just been written; takes the text back if no document has it.
    fn finish(&mut self, old: &[Posting<W>], renumbered: &[Option<u32>], new: &[(&str, Posting<W>)]) {
        let start = self.postings.len();
        self.postings.extend(old.iter().filter_map(|&(document, with)| {
            let document = renumbered.get(document as usize).copied().flatten()?;
            Some((document, with))
        }));
        let both = self.postings.len() > start && !new.is_empty();
        self.postings.extend(new.iter().map(|(_, posting)| *posting));
        if both && let Some(postings) = self.postings.get_mut(start..) {
            postings.sort_by_key(|(document, _)| *document);
        }
        let before = self.ends.last().map_or(0, |end| end.text);
        if self.postings.len() == start {
            self.texts.truncate(before as usize);
        } else {
            self.ends.push(End { text: bounded(self.texts.len()), posting: bounded(self.postings.len()) });
        }
    }

    fn column(self) -> Option<Column<W>> {
        (!self.ends.is_empty()).then(|| Column {
            texts: self.texts.into(),
            ends: self.ends.into(),
            postings: self.postings.into(),
        })
    }
}

/// Four billion bytes of one key's values are more than the machine that would hold the catalog has.
fn bounded(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
