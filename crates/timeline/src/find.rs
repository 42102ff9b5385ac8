//! Searching the log by what entries are labelled with.
//!
//! Each label has its positions in order, so that the newest one before some position is a single step in an index. A search
//! merges a few such sequences and looks at each entry; nothing is ever sorted or counted, and a page costs the same
//! however long the log is.

use std::collections::BinaryHeap;
use std::time::Duration;

use kernel::{EventId, Timestamp};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};

use crate::{Page, Query, StoreError, limits, reader, rows};

/// See [`Store::find`](crate::Store::find).
pub(crate) fn find(connection: &Connection, query: &Query) -> Result<Page, StoreError> {
    let limit = match query.limit {
        0 => limits::PAGE_ENTRIES,
        limit => limit.min(limits::PAGE_ENTRIES),
    };
    let mut candidates = Candidates::of(connection, query)?;
    let sql = format!("SELECT {} FROM entry WHERE position = ?1", rows::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut entries = Vec::new();
    let mut last = None;
    for _ in 0..limits::PAGE_SCAN {
        let Some(position) = candidates.next()? else { return Ok(Page { entries, next: None }) };
        if entries.len() == limit {
            return Ok(Page { entries, next: last });
        }
        let mut found = statement.query([position])?;
        let row = found.next()?.ok_or_else(|| StoreError::corrupt_at(position, "the entry is missing"))?;
        let entry = rows::entry(row)?;
        last = Some(position);
        if query.matches(&entry) {
            entries.push(entry);
        }
    }
    Ok(Page { entries, next: last })
}

/// A descending sequence of positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// All there are.
    All,
    /// Those with this label.
    Label(i64),
    /// A single one.
    One,
}

/// The positions at which a query can have something, newest first: a merge of sources, within the query's range. What the
/// sources don't tell is left to [`Query::matches`].
struct Candidates<'a> {
    /// The newest position of each source that has not been given out.
    newest: BinaryHeap<(u64, Source)>,
    newest_before: CachedStatement<'a>,
    /// Where the range begins; positions up to this are too old.
    after: u64,
    /// The last one that was given out: sources can overlap.
    last: Option<u64>,
}

impl<'a> Candidates<'a> {
    fn of(connection: &'a Connection, query: &Query) -> Result<Self, StoreError> {
        let newest_before =
            connection.prepare_cached("SELECT max(position) FROM entry_label WHERE label = ?1 AND position < ?2")?;
        let head = rows::tip(connection)?.head.position;
        let mut end = query.before.unwrap_or(u64::MAX).min(head + 1);
        if let Some(to) = query.to {
            end = end.min(last_before(connection, to)? + 1);
        }
        let after = query.from.map_or(Ok(0), |from| last_before(connection, from))?;
        let mut candidates = Self { newest: BinaryHeap::new(), newest_before, after, last: None };
        if let Some(event) = query.event {
            let one = position_of(connection, event)?.filter(|position| *position < end);
            candidates.newest.extend(one.map(|position| (position, Source::One)));
        } else {
            for source in sources(connection, query)? {
                candidates.refill(source, end)?;
            }
        }
        Ok(candidates)
    }

    fn next(&mut self) -> Result<Option<u64>, StoreError> {
        while let Some((position, source)) = self.newest.pop() {
            if position <= self.after {
                return Ok(None);
            }
            self.refill(source, position)?;
            if self.last.replace(position) != Some(position) {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// Looks for the newest position of `source` before `end`.
    fn refill(&mut self, source: Source, end: u64) -> Result<(), StoreError> {
        let newest: Option<u64> = match source {
            Source::All => end.checked_sub(1),
            Source::Label(label) => self.newest_before.query_row(params![label, end], |row| row.get(0))?,
            Source::One => None,
        };
        self.newest.extend(newest.map(|newest| (newest, source)));
        Ok(())
    }
}

/// The sources that have everything a query asks for: of what it names, the part that most likely names the fewest.
fn sources(connection: &Connection, query: &Query) -> Result<Vec<Source>, StoreError> {
    let mut sources = Vec::new();
    if !query.subjects.is_empty() {
        for subject in &query.subjects {
            sources.extend(label(connection, &rows::subject_label(subject))?);
        }
    } else if let Some(actor) = &query.actor {
        sources.extend(label(connection, &rows::actor_label(actor))?);
    } else if !query.kinds.is_empty() {
        for prefix in &query.kinds {
            sources.extend(labels_from(connection, &rows::kind_label(prefix))?);
        }
    } else {
        sources.push(Source::All);
    }
    Ok(sources)
}

fn label(connection: &Connection, text: &str) -> Result<Option<Source>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM label WHERE text = ?1")?;
    Ok(statement.query_row([text], |row| row.get(0).map(Source::Label)).optional()?)
}

fn labels_from(connection: &Connection, prefix: &str) -> Result<Vec<Source>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM label WHERE text >= ?1 AND text < ?2")?;
    let found = statement.query_map([prefix, &format!("{prefix}\u{10ffff}")], |row| row.get(0).map(Source::Label))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn position_of(connection: &Connection, event: EventId) -> Result<Option<u64>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT position FROM entry WHERE event = ?1")?;
    Ok(statement.query_row([event.as_bytes()], |row| row.get(0)).optional()?)
}

/// The last position whose time is before `at`.
fn last_before(connection: &Connection, at: Timestamp) -> Result<u64, StoreError> {
    match at.checked_sub(Duration::from_nanos(1)) {
        Ok(earlier) => reader::position_at(connection, earlier),
        Err(_) => Ok(0),
    }
}
