//! Selectors become versions.

use std::{collections::BTreeSet, sync::Arc};

use super::{Integration, Query, Selector};
use crate::{PacticipantKey, State, VersionKey};

/// What a selector chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// All versions.
    All,
    /// None: there is no such version.
    Missing,
    /// This one.
    Version(VersionKey),
}

/// Where a selector came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was asked for.
    Specified,
    /// It follows from who is integrated with whom.
    Inferred,
    /// It says what is to be ignored.
    Ignored,
}

/// A selector with the version that it chose; one that chose several became several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Whose; none if there is no such pacticipant.
    pub pacticipant: Option<PacticipantKey>,
    /// What was chosen.
    pub chosen: Chosen,
    /// The version's number, chosen or asked for.
    pub number: Option<String>,
    /// Where it came from.
    pub kind: Kind,
    /// True if it is to be ignored.
    pub ignore: bool,
    /// True if the same selector chose others as well.
    pub one_of_many: bool,
    /// The selector as it was written.
    pub original: Arc<Selector>,
    /// The branch that is meant, by name or as the main branch.
    branch: Option<String>,
}

impl Resolved {
    /// True if it is judged.
    #[must_use]
    pub fn is_considered(&self) -> bool {
        !self.ignore
    }

    /// True if it was asked for.
    #[must_use]
    pub fn is_specified(&self) -> bool {
        self.kind == Kind::Specified
    }

    /// True if it was asked for and there is no such version, or not even such a pacticipant.
    #[must_use]
    pub fn is_specified_but_missing(&self) -> bool {
        self.is_specified() && self.is_nowhere()
    }

    pub(super) fn is_nowhere(&self) -> bool {
        self.pacticipant.is_none() || self.chosen == Chosen::Missing
    }

    /// A selector for a version that is in a row without one of its own.
    pub(super) fn dummy(state: &State, pacticipant: PacticipantKey, version: Option<VersionKey>) -> Self {
        let original = Selector { pacticipant: state.name(pacticipant).to_owned(), ..Selector::default() };
        Self {
            pacticipant: Some(pacticipant),
            chosen: version.map_or(Chosen::All, Chosen::Version),
            number: version.map(|version| state.number(version).to_owned()),
            kind: Kind::Inferred,
            ignore: false,
            one_of_many: false,
            original: Arc::new(original),
            branch: None,
        }
    }

    /// What is meant, in upstream's words.
    #[must_use]
    pub fn description(&self) -> String {
        let Selector { latest, tag, environment, main_branch, .. } = &*self.original;
        let name = &self.original.pacticipant;
        let number = self.number.as_deref();
        let one = if self.one_of_many { "one of the versions" } else { "the version" };
        match (tag, &self.branch, number) {
            (Some(tag), _, Some(number)) if *latest => {
                format!("the latest version of {name} with tag {tag} ({number})")
            }
            (Some(tag), _, None) if *latest => {
                format!("the latest version of {name} with tag {tag} (no such version exists)")
            }
            (_, _, None) if *latest && *main_branch => {
                format!("the latest version of {name} from the main branch (no versions exist for this branch)")
            }
            (_, _, None) if *main_branch => {
                format!("any version of {name} from the main branch (no versions exist for this branch)")
            }
            (_, Some(branch), Some(number)) if *latest => {
                format!("the latest version of {name} from branch {branch} ({number})")
            }
            (_, Some(branch), None) if *latest => {
                format!("the latest version of {name} from branch {branch} (no such version exists)")
            }
            (_, Some(branch), Some(number)) => format!("{one} of {name} from branch {branch} ({number})"),
            (_, Some(branch), None) => format!("a version of {name} from branch {branch} (no such version exists)"),
            (_, None, Some(number)) if *latest => format!("the latest version of {name} ({number})"),
            (_, None, None) if *latest => format!("the latest version of {name} (no such version exists)"),
            (Some(tag), None, Some(number)) => format!("a version of {name} with tag {tag} ({number})"),
            (Some(tag), None, None) => format!("a version of {name} with tag {tag} (no such version exists)"),
            (None, None, number) => match (environment, number) {
                (Some(environment), Some(number)) => format!("{one} of {name} currently in {environment} ({number})"),
                (Some(environment), None) => format!(
                    "a version of {name} currently in {environment} (no version is currently recorded as \
                     deployed/released in this environment)"
                ),
                (None, Some(number)) if self.chosen == Chosen::Missing => {
                    format!("version {number} of {name} (no such version exists)")
                }
                (None, Some(number)) => format!("version {number} of {name}"),
                (None, None) if self.pacticipant.is_none() => {
                    format!("any version of {name} (no such pacticipant exists)")
                }
                (None, None) => format!("any version of {name}"),
            },
        }
    }

    /// Why there is nothing to say of it, in upstream's words.
    #[must_use]
    pub fn missing_description(&self) -> String {
        let Selector { pacticipant: name, tag, environment, main_branch, .. } = &*self.original;
        match (tag, &self.branch, environment, &self.number) {
            (Some(tag), ..) => format!("No version with tag {tag} exists for {name}"),
            (None, Some(branch), ..) => format!("No version of {name} from branch {branch} exists"),
            _ if *main_branch => format!("No version of {name} from the main branch exists"),
            (None, None, Some(environment), _) => {
                format!(
                    "No version of {name} is currently recorded as deployed or released in environment {environment}"
                )
            }
            (None, None, None, Some(number)) => {
                format!("No pacts or verifications have been published for version {number} of {name}")
            }
            (None, None, None, None) => format!("No pacts or verifications have been published for {name}"),
        }
    }
}

pub(super) fn resolve(state: &State, selectors: &[Selector], kind: Kind, ignored: &[Resolved]) -> Vec<Resolved> {
    selectors.iter().flat_map(|selector| resolve_one(state, selector, kind, ignored)).collect()
}

fn resolve_one(state: &State, selector: &Selector, kind: Kind, ignored: &[Resolved]) -> Vec<Resolved> {
    let original = Arc::new(selector.clone());
    let pacticipant = state.pacticipant_named(&selector.pacticipant);
    let main = || state.pacticipant(pacticipant?)?.details.main_branch.clone();
    let make = |chosen: Chosen, one_of_many: bool| Resolved {
        pacticipant,
        chosen,
        number: match chosen {
            Chosen::Version(version) => Some(state.number(version).to_owned()),
            Chosen::All | Chosen::Missing => selector.version.clone(),
        },
        kind,
        ignore: is_ignored(ignored, pacticipant, chosen),
        one_of_many,
        original: Arc::clone(&original),
        branch: match chosen {
            Chosen::Version(_) if selector.main_branch => selector.branch.clone().or_else(main),
            Chosen::Version(_) | Chosen::All | Chosen::Missing => selector.branch.clone(),
        },
    };
    let Some(pacticipant) = pacticipant else { return vec![make(Chosen::All, false)] };
    let selectable = selector.selectable();
    if selectable.is_all() {
        return vec![make(Chosen::All, false)];
    }
    let mut versions = state.select(pacticipant, &selectable);
    versions.reverse();
    match versions.as_slice() {
        [] => vec![make(Chosen::Missing, false)],
        [..] => versions.iter().map(|version| make(Chosen::Version(*version), versions.len() > 1)).collect(),
    }
}

fn is_ignored(ignored: &[Resolved], pacticipant: Option<PacticipantKey>, chosen: Chosen) -> bool {
    pacticipant.is_some()
        && ignored.iter().any(|ignore| {
            let same_version = matches!(chosen, Chosen::Version(_)) && ignore.chosen == chosen;
            ignore.pacticipant == pacticipant && (ignore.original.is_name_only() || same_version)
        })
}

/// True if a pacticipant, or just this version of it, is ignored.
pub(super) fn ignores(ignored: &[Resolved], pacticipant: PacticipantKey, version: Option<VersionKey>) -> bool {
    is_ignored(ignored, Some(pacticipant), version.map_or(Chosen::All, Chosen::Version))
}

/// Everybody who is integrated with what was asked about, where the question says which of their versions are meant.
pub(super) fn infer(
    state: &State,
    query: &Query,
    specified: &[Resolved],
    integrations: &[Integration],
    ignored: &[Resolved],
) -> Vec<Resolved> {
    let known: BTreeSet<PacticipantKey> = specified.iter().filter_map(|selector| selector.pacticipant).collect();
    let mut seen = known;
    let mut selectors = Vec::new();
    for party in integrations.iter().flat_map(|both| [both.consumer, both.provider]) {
        if seen.insert(party) {
            selectors.push(Selector {
                pacticipant: state.name(party).to_owned(),
                version: None,
                latest: query.latest,
                tag: query.tag.clone(),
                branch: None,
                environment: query.environment.clone(),
                main_branch: query.main_branch,
            });
        }
    }
    resolve(state, &selectors, Kind::Inferred, ignored)
}
