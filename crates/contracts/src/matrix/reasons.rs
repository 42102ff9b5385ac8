//! The answer's reasons, in upstream's words.

use std::collections::BTreeMap;

use super::{Answer, Query, Row, resolve::Resolved};
use crate::{PacticipantKey, State, VersionKey};

/// What sort of reason it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasonKind {
    /// It keeps from deploying.
    Error,
    /// It makes the answer less reliable.
    Warning,
    /// All is well.
    Success,
    /// There is nothing to say.
    Info,
}

impl ReasonKind {
    /// As notices name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Success => "success",
            Self::Info => "info",
        }
    }
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What sort.
    pub kind: ReasonKind,
    /// In words.
    pub text: String,
}

impl Reason {
    fn new(kind: ReasonKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

pub(super) fn of(state: &State, query: &Query, answer: &Answer) -> Vec<Reason> {
    let mut reasons = warnings(query, answer);
    let errors = errors(state, answer);
    if !errors.is_empty() {
        reasons.extend(errors);
        return reasons;
    }
    let all_well = answer.missing.is_empty() && answer.rows.iter().all(|row| row.success == Some(true));
    if all_well && answer.rows.is_empty() {
        reasons.push(Reason::new(ReasonKind::Success, "There are no missing dependencies"));
    } else if all_well {
        let text = "All required verification results are published and successful";
        reasons.push(Reason::new(ReasonKind::Success, text));
    }
    reasons
}

fn warnings(query: &Query, answer: &Answer) -> Vec<Reason> {
    let mut texts: Vec<String> = Vec::new();
    let nowhere = answer.ignore.iter().filter(|ignore| ignore.is_nowhere());
    texts.extend(nowhere.map(|ignore| format!("WARN: Cannot ignore {}", ignore.description())));
    let specified: Vec<&Resolved> = answer.selectors.iter().filter(|selector| selector.is_specified()).collect();
    let no_target = query.tag.is_none() && query.environment.is_none() && !query.main_branch;
    if specified.len() == 1 && no_target {
        texts.push(
            "WARN: It is recommended to specify the environment into which you are deploying. Without the environment, \
             this result will not be reliable."
                .to_owned(),
        );
    }
    let is_narrowed = specified.iter().any(|selector| !selector.original.is_name_only());
    if is_narrowed && specified.iter().all(|selector| selector.original.version.is_none()) {
        texts.push(
            "WARN: It is recommended to specify the version number (rather than the tag or branch) of the pacticipant you \
             wish to deploy to avoid race conditions. Without a version number, this result will not be reliable."
                .to_owned(),
        );
    }
    texts.into_iter().map(|text| Reason::new(ReasonKind::Warning, text)).collect()
}

fn errors(state: &State, answer: &Answer) -> Vec<Reason> {
    let nowhere = answer.selectors.iter().filter(|selector| selector.is_considered());
    let nowhere = nowhere.filter(|selector| selector.is_specified_but_missing());
    let mut texts: Vec<String> = nowhere.map(Resolved::missing_description).collect();
    if texts.is_empty() {
        let descriptions = Descriptions::of(state, answer);
        let unverified = |consumer, provider| format!("There is no verified pact between {consumer} and {provider}");
        for both in &answer.missing {
            texts.push(unverified(descriptions.of_party(both.consumer), descriptions.of_party(both.provider)));
        }
        for row in answer.rows.iter().filter(|row| row.success == Some(false)) {
            let (consumer, provider) = descriptions.of_row(row);
            texts.push(format!("The verification for the pact between {consumer} and {provider} failed"));
        }
        for row in answer.rows.iter().filter(|row| row.success.is_none()) {
            let (consumer, provider) = descriptions.of_row(row);
            texts.push(unverified(consumer, provider));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    texts.into_iter().map(|text| Reason::new(ReasonKind::Error, text)).collect()
}

/// What each version in the answer is called: by the selector that chose it, where that is clear.
struct Descriptions<'a> {
    state: &'a State,
    selectors: BTreeMap<PacticipantKey, Vec<&'a Resolved>>,
    /// The first version of each pacticipant in a row.
    first: BTreeMap<PacticipantKey, Option<VersionKey>>,
}

impl<'a> Descriptions<'a> {
    fn of(state: &'a State, answer: &'a Answer) -> Self {
        let mut selectors: BTreeMap<PacticipantKey, Vec<&Resolved>> = BTreeMap::new();
        for selector in &answer.selectors {
            if let Some(party) = selector.pacticipant {
                selectors.entry(party).or_default().push(selector);
            }
        }
        let mut first = BTreeMap::new();
        for row in &answer.rows {
            first.entry(row.consumer).or_insert(Some(row.consumer_version));
            first.entry(row.provider).or_insert(row.provider_version);
        }
        Self { state, selectors, first }
    }

    fn of_row(&self, row: &Row) -> (String, String) {
        (self.describe(row.consumer, Some(row.consumer_version)), self.describe(row.provider, row.provider_version))
    }

    fn of_party(&self, party: PacticipantKey) -> String {
        self.describe(party, None)
    }

    fn describe(&self, party: PacticipantKey, version: Option<VersionKey>) -> String {
        let number = version.map(|version| self.state.number(version));
        let found = match self.selectors.get(&party).map(Vec::as_slice).unwrap_or_default() {
            [only] => Some(*only),
            several => number
                .and_then(|number| several.iter().find(|selector| selector.number.as_deref() == Some(number)).copied()),
        };
        match found {
            Some(selector) => selector.description(),
            None => {
                let first = self.first.get(&party).copied().flatten();
                Resolved::dummy(self.state, party, first).description()
            }
        }
    }
}
