//! One automaton over many files.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use aho_corasick::{AhoCorasick, BuildError};
use ignore::{DirEntry, WalkBuilder, WalkState};
use serde::{Deserialize, Serialize};

use super::spelling::{Likeness, Spellings, is_one_word};

/// How much is read and remembered.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Larger files are not read: they are data, not code.
    pub file_bytes_max: u64,
    /// More files are not looked at.
    pub files_max: usize,
    /// More folders within folders are not entered.
    pub depth_max: usize,
    /// More references to one flag are counted, but not kept.
    pub references_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes_max: 1 << 20, files_max: 1_000_000, depth_max: 64, references_max: 1_000 }
    }
}

/// More bytes of a line are not kept.
const TEXT_BYTES_MAX: usize = 200;
/// A file with a NUL byte this near its beginning is binary, as `git` sees it.
const BINARY_PROBE_BYTES: usize = 8_000;

/// A line that names a flag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// The file, below the folder, with `/` between its parts.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The column of its first character, from 1, in bytes.
    pub column: usize,
    /// The line without the white space around it, at most 200 bytes.
    pub text: String,
    /// Whether it is the key, or the key as an identifier.
    pub likeness: Likeness,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// For each key that was looked for, in order of path and line.
    pub references: BTreeMap<String, Vec<Reference>>,
    /// How many references were found beyond those kept.
    pub dropped: usize,
    /// How many files were read.
    pub files: usize,
    /// How many files were left out: binary, or too large.
    pub left_out: usize,
    /// What could not be read, with why; at most a hundred.
    pub unreadable: Vec<String>,
    /// True if there are more files than are looked at.
    pub cut: bool,
}

const UNREADABLE_MAX: usize = 100;

/// Why a search is not possible.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The folder can't be read.
    #[error("{0} can't be read: {1}")]
    Folder(PathBuf, io::Error),
    /// It is something else.
    #[error("{0} is no folder")]
    NoFolder(PathBuf),
    /// There are too many keys, or they are too long.
    #[error("these keys can't be looked for: {0}")]
    Keys(#[from] BuildError),
}

/// What to look for.
#[derive(Debug)]
pub struct Search {
    automaton: AhoCorasick,
    /// What each pattern of the automaton stands for.
    patterns: Vec<Pattern>,
    keys: Vec<String>,
}

#[derive(Debug)]
struct Pattern {
    /// Indices into `keys`: `new-cart` and `new_cart` may be two flags, each with the spelling `newCart`.
    flags: Vec<(usize, Likeness)>,
    quoted_only: bool,
}

impl Search {
    /// A search for these flags.
    ///
    /// # Errors
    /// If the keys are too many or too long.
    pub fn new(keys: impl IntoIterator<Item = String>) -> Result<Self, SearchError> {
        let keys: Vec<String> = keys.into_iter().filter(|key| !key.is_empty()).collect();
        let mut patterns: BTreeMap<String, Pattern> = BTreeMap::new();
        for (index, key) in keys.iter().enumerate() {
            let Spellings { key, identifiers } = Spellings::of(key);
            let quoted_only = is_one_word(&key);
            let identifiers = identifiers.into_iter().map(|text| (text, Likeness::Identifier, false));
            for (text, likeness, quoted_only) in [(key, Likeness::Exact, quoted_only)].into_iter().chain(identifiers) {
                let pattern = patterns.entry(text).or_insert(Pattern { flags: Vec::new(), quoted_only });
                pattern.flags.push((index, likeness));
            }
        }
        let (texts, patterns): (Vec<String>, Vec<Pattern>) = patterns.into_iter().unzip();
        Ok(Self { automaton: AhoCorasick::new(texts)?, patterns, keys })
    }

    /// Looks through a folder, with as many threads as there are processors.
    ///
    /// # Errors
    /// If it is no folder.
    pub fn folder(&self, folder: &Path, limits: &Limits) -> Result<Found, SearchError> {
        let metadata = fs::metadata(folder).map_err(|error| SearchError::Folder(folder.to_owned(), error))?;
        if !metadata.is_dir() {
            return Err(SearchError::NoFolder(folder.to_owned()));
        }
        let found = Mutex::new(Found::default());
        let seen = AtomicUsize::new(0);
        let walk = WalkBuilder::new(folder)
            // `.github` and the like may name flags; `.git` itself never does.
            .hidden(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .require_git(false)
            .max_depth(Some(limits.depth_max))
            .build_parallel();
        walk.run(|| {
            Box::new(|entry| {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        locked(&found, |found| found.note_unreadable(error.to_string()));
                        return WalkState::Continue;
                    }
                };
                if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                    return WalkState::Continue;
                }
                if seen.fetch_add(1, Ordering::Relaxed) >= limits.files_max {
                    locked(&found, |found| found.cut = true);
                    return WalkState::Quit;
                }
                let read = self.file(folder, &entry, limits);
                locked(&found, |found| self.keep(found, read, limits));
                WalkState::Continue
            })
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.references.values_mut().for_each(|references| references.sort());
        found.unreadable.sort();
        Ok(found)
    }

    fn keep(&self, found: &mut Found, read: io::Result<Option<Vec<(usize, Reference)>>>, limits: &Limits) {
        match read {
            Ok(Some(references)) => {
                found.files += 1;
                for (flag, reference) in references {
                    let Some(key) = self.keys.get(flag) else { continue };
                    let kept = found.references.entry(key.clone()).or_default();
                    if kept.len() < limits.references_max {
                        kept.push(reference);
                    } else {
                        found.dropped += 1;
                    }
                }
            }
            Ok(None) => found.left_out += 1,
            Err(error) => found.note_unreadable(error.to_string()),
        }
    }

    /// What a file names; nothing if it is no source code.
    fn file(&self, folder: &Path, entry: &DirEntry, limits: &Limits) -> io::Result<Option<Vec<(usize, Reference)>>> {
        let path = entry.path();
        let relative = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{relative}: {error}"));
        if fs::metadata(path).map_err(named)?.len() > limits.file_bytes_max {
            return Ok(None);
        }
        let bytes = fs::read(path).map_err(named)?;
        let start = bytes.get(..BINARY_PROBE_BYTES).unwrap_or(&bytes);
        if memchr::memchr(0, start).is_some() {
            return Ok(None);
        }
        Ok(Some(self.text(&relative, &bytes)))
    }

    /// What a text names: each flag once for each line, with the surest likeness.
    fn text(&self, path: &str, bytes: &[u8]) -> Vec<(usize, Reference)> {
        let mut lines = Lines::of(bytes);
        let mut references: BTreeMap<(usize, usize), Reference> = BTreeMap::new();
        for hit in self.automaton.find_overlapping_iter(bytes) {
            let Some(pattern) = self.patterns.get(hit.pattern().as_usize()) else { continue };
            let around = Around::of(bytes, hit.start(), hit.end());
            for &(flag, likeness) in &pattern.flags {
                if !around.is_alone(likeness, pattern.quoted_only) {
                    continue;
                }
                let line = lines.at(hit.end());
                let reference = Reference {
                    path: path.to_owned(),
                    line: line.number,
                    column: hit.start().saturating_sub(line.start) + 1,
                    text: line.text(bytes),
                    likeness,
                };
                let kept = references.entry((line.number, flag)).or_insert_with(|| reference.clone());
                if (likeness, reference.column) < (kept.likeness, kept.column) {
                    *kept = reference;
                }
            }
        }
        references.into_iter().map(|((_, flag), reference)| (flag, reference)).collect()
    }
}

impl Found {
    fn note_unreadable(&mut self, why: String) {
        if self.unreadable.len() < UNREADABLE_MAX {
            self.unreadable.push(why);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>, change: impl FnOnce(&mut T)) {
    change(&mut mutex.lock().unwrap_or_else(PoisonError::into_inner));
}

/// What stands beside a hit.
struct Around {
    before: Option<u8>,
    after: Option<u8>,
    after_that: Option<u8>,
}

impl Around {
    fn of(bytes: &[u8], start: usize, end: usize) -> Self {
        let at = |index: usize| bytes.get(index).copied();
        Self { before: start.checked_sub(1).and_then(at), after: at(end), after_that: at(end + 1) }
    }

    /// True if what was hit is not a part of something longer.
    fn is_alone(&self, likeness: Likeness, quoted_only: bool) -> bool {
        let quote = |byte: u8| matches!(byte, b'"' | b'\'' | b'`');
        if self.before.is_some_and(quote) && self.after == self.before {
            return true;
        }
        if quoted_only {
            return false;
        }
        // `flags.newCart.enabled` names the flag; `shop.new-cart` may be another one's key, while a full stop ends a sentence.
        let dotted = likeness == Likeness::Exact
            && (self.before == Some(b'.') || (self.after == Some(b'.') && self.after_that.is_some_and(continues)));
        !dotted && !self.before.is_some_and(continues) && !self.after.is_some_and(continues)
    }
}

/// True for what a key or an identifier goes on with.
fn continues(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$') || byte >= 0x80
}

/// Finds the lines of growing offsets.
struct Lines<'a> {
    bytes: &'a [u8],
    number: usize,
    start: usize,
}

#[derive(Clone, Copy)]
struct Line {
    number: usize,
    start: usize,
}

impl<'a> Lines<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, number: 1, start: 0 }
    }

    /// The line of a hit that ends at `end`; hits come in order of their ends.
    fn at(&mut self, end: usize) -> Line {
        let passed = self.bytes.get(self.start..end).unwrap_or_default();
        for newline in memchr::memchr_iter(b'\n', passed) {
            self.number += 1;
            self.start = self.start.max(end - passed.len() + newline + 1);
        }
        Line { number: self.number, start: self.start }
    }
}

impl Line {
    fn text(self, bytes: &[u8]) -> String {
        let rest = bytes.get(self.start..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        // Lines of minified code are long: only what can be kept is looked at.
        let line = rest.get(..end.min(2 * TEXT_BYTES_MAX)).unwrap_or(rest);
        let mut text = String::from_utf8_lossy(line).trim().to_owned();
        let cut = (0..=TEXT_BYTES_MAX.min(text.len())).rev().find(|index| text.is_char_boundary(*index));
        text.truncate(cut.unwrap_or_default());
        text
    }
}
