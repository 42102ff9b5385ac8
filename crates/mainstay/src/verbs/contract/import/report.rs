//! What an import read, wrote, found already there, and could not write.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::output::{Printer, Table, Tone, add, indented};

/// Notes that are kept.
const NOTES_MAX: usize = 1_000;
/// Notes that are printed.
const SHOWN_MAX: usize = 50;

/// What things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Sort {
    Pacticipants,
    Labels,
    Versions,
    BranchesOfVersions,
    TagsOfVersions,
    Pacts,
    Verifications,
    Environments,
    Deployed,
    Released,
    Webhooks,
}

impl Sort {
    fn words(self) -> &'static str {
        match self {
            Self::Pacticipants => "applications",
            Self::Labels => "labels",
            Self::Versions => "versions",
            Self::BranchesOfVersions => "branches of versions",
            Self::TagsOfVersions => "tags of versions",
            Self::Pacts => "pacts",
            Self::Verifications => "verifications",
            Self::Environments => "environments",
            Self::Deployed => "deployed versions",
            Self::Released => "released versions",
            Self::Webhooks => "webhooks",
        }
    }
}

/// How many of a sort.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Count {
    /// Read of the other broker.
    read: u64,
    /// Written here.
    written: u64,
    /// Here already.
    here: u64,
    /// Could not be written.
    refused: u64,
}

/// What came of an import.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Report {
    from: String,
    counts: BTreeMap<Sort, Count>,
    /// What could not be written, and why.
    not_written: Vec<String>,
    /// What was written otherwise than it was.
    notes: Vec<String>,
    /// What can't be carried over from any broker.
    lost: Vec<String>,
}

/// What no broker tells.
const LOST: [&str; 6] = [
    "the times at which things happened: here they happened now, in the same order",
    "pacts that were replaced by another revision of the same version, and verifications that a later one of the same \
     provider's version replaced, as far as the broker does not list them",
    "whether a verification was of a pact that was work in progress",
    "API definitions that providers published: publish them again with `mainstay contract publish-api`",
    "the ids of environments and of what is deployed: ask by name",
    "passwords and secret headers of webhooks",
];

impl Report {
    pub(super) fn of(from: &str) -> Self {
        let lost = LOST.iter().map(|text| (*text).to_owned()).collect();
        Self { from: from.to_owned(), counts: BTreeMap::new(), not_written: Vec::new(), notes: Vec::new(), lost }
    }

    fn count(&mut self, sort: Sort) -> &mut Count {
        self.counts.entry(sort).or_default()
    }

    pub(super) fn read(&mut self, sort: Sort, many: usize) {
        self.count(sort).read += u64::try_from(many).unwrap_or(u64::MAX);
    }

    pub(super) fn written(&mut self, sort: Sort) {
        self.count(sort).written += 1;
    }

    pub(super) fn here(&mut self, sort: Sort, many: usize) {
        self.count(sort).here += u64::try_from(many).unwrap_or(u64::MAX);
    }

    pub(super) fn refused(&mut self, sort: Sort, why: String) {
        self.count(sort).refused += 1;
        if self.not_written.len() < NOTES_MAX {
            self.not_written.push(format!("{}: {why}", sort.words()));
        }
    }

    pub(super) fn note(&mut self, text: String) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(text);
        }
    }

    /// True if nothing was even read.
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// True if everything that was read is here now.
    pub(super) fn is_whole(&self) -> bool {
        self.counts.values().all(|count| count.refused == 0)
    }

    pub(super) fn text(&self, out: &Printer) -> String {
        let mut table = Table::new(&["what", "read", "written", "here already", "not written"]);
        for (sort, Count { read, written, here, refused }) in &self.counts {
            let numbers = [read, written, here, refused].map(ToString::to_string);
            let [read, written, here, refused] = numbers;
            table.row([sort.words().to_owned(), read, written, here, refused]);
        }
        let mut text = String::new();
        add(&mut text, out.strong(&format!("read of {}", self.from)));
        add(&mut text, table.or("Nothing is there."));
        section(&mut text, &out.toned(Tone::Bad, "could not be written"), &self.not_written);
        section(&mut text, &out.toned(Tone::Warn, "is not as it was"), &self.notes);
        section(&mut text, &out.faint("can't be carried over"), &self.lost);
        text
    }
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    add(text, title);
    for line in lines.iter().take(SHOWN_MAX) {
        add(text, format!("  {}", indented(line, 4)));
    }
    if let Some(more) = lines.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        add(text, format!("  and {more} more; -o json has them"));
    }
    add(text, "");
}
