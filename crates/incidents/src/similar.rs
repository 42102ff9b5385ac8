//! Incidents of the past that are like one, so that whoever is woken finds what helped then.
//!
//! Each likeness adds points, and is said in words; the list is cut after the likeliest few. Of an incident no more than a
//! bounded number of checks and words is compared, so that the cost is bounded by how many incidents are held.

use std::collections::BTreeSet;

use kernel::{EntityRef, EventId};

use crate::{Incident, Verdict};

/// Incidents that are shown.
const SHOWN_MAX: usize = 5;
/// Checks of one incident that are compared.
const CHECKS_COMPARED: usize = 50;
/// Words of one incident that are compared.
const WORDS_COMPARED: usize = 40;
/// Fewer shared words say nothing.
const WORDS_MIN: usize = 2;
/// A word below this length says nothing.
const LETTERS_MIN: usize = 4;
/// Words that stand in every incident's title.
const EVERYWHERE: [&str; 12] =
    ["down", "this", "that", "with", "from", "have", "answered", "status", "silent", "sees", "what", "split"];

/// An incident like another, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Similar<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// How alike: only for the order.
    pub points: u32,
    /// Why, in words, the weightiest first.
    pub reasons: Vec<String>,
}

/// The other incidents among `all` that are most like this one, the likest first, and of those the newest.
/// `changed` says what a change was made to, if that is still known.
#[must_use]
pub fn similar<'a>(
    incident: &Incident,
    all: impl Iterator<Item = &'a Incident>,
    changed: impl Fn(EventId) -> Option<EntityRef>,
) -> Vec<Similar<'a>> {
    let (checks, words, culprits) = (checks(incident), words(incident), culprits(incident, &changed));
    let mut found: Vec<Similar<'a>> = Vec::new();
    for other in all.filter(|other| other.number() != incident.number() && other.merged.is_none()) {
        let (mut points, mut reasons) = (0, Vec::new());
        let theirs = self::culprits(other, &changed);
        let common: Vec<&str> = culprits.intersection(&theirs).map(EntityRef::short).collect();
        if !common.is_empty() {
            points += 8;
            reasons.push(format!("a change of {} was it, too", common.join(", ")));
        }
        let theirs = self::checks(other);
        let common: Vec<&str> = checks.intersection(&theirs).map(|check| check.short()).collect();
        if let Some(first) = common.first() {
            points += 6;
            let more = common.len() - 1;
            let and = if more == 0 { String::new() } else { format!(" and {more} more") };
            reasons.push(format!("{first}{and} failed in it, too"));
        }
        if other.entity() == incident.entity() {
            points += 4;
            reasons.push(format!("it was about {}, too", other.entity().short()));
        }
        let theirs = self::words(other);
        let common: Vec<&str> = words.intersection(&theirs).map(String::as_str).collect();
        if common.len() >= WORDS_MIN {
            points += u32::try_from(common.len().min(5)).unwrap_or(5);
            let shown: Vec<&str> = common.into_iter().take(5).collect();
            reasons.push(format!("its title and evidence share the words {}", shown.join(", ")));
        }
        if points > 0 {
            found.push(Similar { incident: other, points, reasons });
        }
    }
    found.sort_by_key(|similar| std::cmp::Reverse((similar.points, similar.incident.number())));
    found.truncate(SHOWN_MAX);
    found
}

fn checks(incident: &Incident) -> BTreeSet<&EntityRef> {
    incident.checks.iter().take(CHECKS_COMPARED).map(|check| &check.check).collect()
}

fn culprits(incident: &Incident, changed: impl Fn(EventId) -> Option<EntityRef>) -> BTreeSet<EntityRef> {
    let guilty = incident.marks.iter().filter(|mark| mark.verdict == Verdict::Guilty);
    guilty.filter_map(|mark| changed(mark.event)).collect()
}

fn words(incident: &Incident) -> BTreeSet<String> {
    let first_line = incident.evidence.lines().next().unwrap_or_default();
    let text = format!("{} {first_line}", incident.title).to_lowercase();
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let telling = |word: &&str| word.chars().count() >= LETTERS_MIN && !EVERYWHERE.contains(word);
    words.filter(telling).take(WORDS_COMPARED).map(str::to_owned).collect()
}
