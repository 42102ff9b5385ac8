//! What doesn't fit, collected in order and up to a limit.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{FINDINGS_MAX, TEXT_BYTES_MAX};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The pact isn't what the document promises.
    Error,
    /// The pact may or may not fit; nothing could be compared, or nothing is said of it.
    Warning,
}

/// The codes that `openapi-pact-comparator` doesn't have: what it passes over, or what no limit of its own ends.
const OWN_CODES: [&str; 3] = ["spec.reference.unresolved", "comparison.incomplete", "message.skipped"];

/// One way in which a pact doesn't fit a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Such as `response.body.incompatible`.
    pub code: &'static str,
    /// An error or a warning.
    pub kind: Kind,
    /// A sentence for a person.
    pub message: String,
    /// The interaction's description.
    pub interaction: Option<String>,
    /// The interaction's position in the pact; nothing for what concerns all of it.
    pub interaction_index: Option<usize>,
    /// Where in the pact, such as `[root].interactions[0].response.body.id`.
    pub mock: String,
    /// Where in the document, such as `[root].paths./orders.get.responses`.
    pub spec: String,
    /// The operation that the interaction talks to, such as `GET /orders/{id}`.
    pub operation: Option<String>,
}

impl Finding {
    /// Whether `openapi-pact-comparator` has no such code.
    #[must_use]
    pub fn is_own(&self) -> bool {
        OWN_CODES.contains(&self.code)
    }

    fn shortened(mut self) -> Self {
        let texts = [&mut self.message, &mut self.mock, &mut self.spec];
        texts.into_iter().chain(&mut self.interaction).chain(&mut self.operation).for_each(shorten);
        self
    }
}

/// Names and patterns of the documents are in the texts, and may be as long as the documents.
fn shorten(text: &mut String) {
    const MARK: char = '…';
    if text.len() > TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX - MARK.len_utf8()));
        text.push(MARK);
        text.shrink_to_fit();
    }
}

/// What came of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// In the pact's order.
    pub findings: Vec<Finding>,
    /// Whether everything was compared; false where a limit ended it.
    pub complete: bool,
}

impl Judgement {
    /// Whether the pact is known to fit: everything was compared, and nothing is an error.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.complete && self.findings.iter().all(|finding| finding.kind != Kind::Error)
    }
}

/// How many of the places warnings may take. The others are for errors, however many warnings came before.
const WARNINGS_MAX: usize = FINDINGS_MAX / 2;

/// Findings so far. The last place is kept for the one that says that there are more.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    warnings: usize,
    more: usize,
    full: bool,
    unresolved: BTreeSet<(usize, String)>,
    incomplete: BTreeSet<usize>,
}

impl Findings {
    pub(crate) fn push(&mut self, finding: Finding) {
        if self.has_room(finding.kind) {
            self.warnings += usize::from(finding.kind == Kind::Warning);
            self.list.push(finding.shortened());
        } else {
            self.more += 1;
            self.full |= finding.kind == Kind::Error;
        }
    }

    fn has_room(&self, kind: Kind) -> bool {
        let is_free = kind == Kind::Error || self.warnings < WARNINGS_MAX;
        self.list.len() + 1 < FINDINGS_MAX && is_free
    }

    /// Whether an error was left out, so that any more would say nothing new.
    pub(crate) fn full(&self) -> bool {
        self.full
    }

    /// Whether this is the first word of a reference in an interaction.
    pub(crate) fn first_unresolved(&mut self, index: usize, reference: &str) -> bool {
        self.has_room(Kind::Warning) && self.unresolved.insert((index, reference.to_owned()))
    }

    /// Notes that an interaction wasn't compared in full; whether this is the first word of that.
    pub(crate) fn first_incomplete(&mut self, index: usize) -> bool {
        self.incomplete.insert(index)
    }

    /// All of them.
    pub(crate) fn end(mut self) -> Judgement {
        let complete = self.incomplete.is_empty() && !self.full;
        if self.more > 0 {
            self.list.push(Finding {
                code: "comparison.incomplete",
                kind: Kind::Warning,
                message: format!("There are more findings than the {} that are listed", self.list.len()),
                interaction: None,
                interaction_index: None,
                mock: "[root]".to_owned(),
                spec: "[root]".to_owned(),
                operation: None,
            });
        }
        Judgement { findings: self.list, complete }
    }
}
