//! Ranges of field and enum numbers: reserved, or open to extensions.

/// Both ends belong to it; the first isn't after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    first: i64,
    last: i64,
}

impl Range {
    /// None for what holds no number.
    pub(super) fn new(first: i64, last: i64) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.first == self.last {
            true => write!(out, "{}", self.first),
            false => write!(out, "{} to {}", self.first, self.last),
        }
    }
}

/// For each of the earlier ranges that the later ones don't cover: it, and what of it is missing.
pub(super) fn uncovered(earlier: &[Range], later: &[Range]) -> Vec<(Range, Vec<Range>)> {
    let later = merged(later);
    let missing = earlier.iter().map(|&range| (range, missing(range, &later)));
    missing.filter(|(_, missing)| !missing.is_empty()).collect()
}

/// The same numbers in as few ranges as possible, in order.
fn merged(ranges: &[Range]) -> Vec<Range> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let mut merged: Vec<Range> = Vec::new();
    for range in sorted {
        match merged.last_mut() {
            Some(before) if range.first <= before.last.saturating_add(1) => before.last = before.last.max(range.last),
            Some(_) | None => merged.push(range),
        }
    }
    merged
}

/// How many holes of one range are listed; a hostile pair of definitions can make very many.
const HOLES_MAX: usize = 8;

fn missing(range: Range, merged: &[Range]) -> Vec<Range> {
    let mut holes = Vec::new();
    let mut next = range.first;
    let start = merged.partition_point(|other| other.last < range.first);
    for other in merged.get(start..).unwrap_or_default() {
        if other.first > range.last || holes.len() >= HOLES_MAX {
            break;
        }
        holes.extend(Range::new(next, other.first.saturating_sub(1)));
        next = other.last.saturating_add(1);
    }
    if holes.len() < HOLES_MAX {
        holes.extend(Range::new(next, range.last));
    }
    holes
}

/// `2 to 4, 7`.
pub(super) fn listed(ranges: &[Range]) -> String {
    let each: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    each.join(", ")
}
