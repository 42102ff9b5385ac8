//! What is promised, and how one can tell that it was kept.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kernel::{EntityRef, Sha256};
use serde::{Deserialize, Serialize};

/// A promise: one person, one deadline, a reason, and what will show that it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// What, in one line of at most 200 bytes.
    pub what: String,
    /// Why, in Markdown of at most 5,000 bytes; it may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What it is about.
    pub subject: EntityRef,
    /// Who does it: one person, of kind `user`.
    pub owner: EntityRef,
    /// The team whose calendar counts and that answers for it. Where none is given, it is found in the catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<EntityRef>,
    /// Until when: in the future, by two years at most.
    pub deadline: Timestamp,
    /// How one can tell that it was kept.
    #[serde(default)]
    pub done_when: DoneWhen,
    /// Where it comes from.
    #[serde(default)]
    pub source: Source,
}

/// How one can tell that a promise was kept: by a person's word, or by what Mainstay itself can see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DoneWhen {
    /// A person says so, with a link to what shows it.
    #[default]
    Word,
    /// The check exists and is green.
    CheckUp {
        /// The check.
        check: EntityRef,
    },
    /// The check exists, whatever it says.
    CheckExists {
        /// The check.
        check: EntityRef,
    },
    /// The flag is removed.
    FlagGone {
        /// The flag.
        flag: EntityRef,
    },
    /// An alert about the entity fires, once, after the promise was made.
    AlertFires {
        /// What the alert is about.
        entity: EntityRef,
    },
    /// The catalog says that one depends on the other.
    DependsOn {
        /// What depends.
        from: EntityRef,
        /// On what.
        to: EntityRef,
    },
    /// Something was written after the promise was made: a page of the entity's docs, or its description in the catalog.
    /// That a page is gone changes nothing, and neither does what else the catalog says of the entity.
    DocumentChanged {
        /// Whose.
        entity: EntityRef,
        /// Which page of its docs, by its path; any, and the description too, if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// What the page was when the promise was made; none if it was not there. It is found out then, whatever is
        /// given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<Sha256>,
        /// Where no page is named, the digests of all that was written then: the description and each page. It is found
        /// out then, whatever is given. Promises of before this was remembered have the digest of all in `was`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        had: Option<BTreeSet<Sha256>>,
    },
    /// The consumer's newest pact was verified against the provider, and held.
    ContractVerified {
        /// The component that expects something.
        consumer: EntityRef,
        /// The component that provides it.
        provider: EntityRef,
    },
    /// The entity has an owner whom the catalog knows.
    Owned {
        /// The entity.
        entity: EntityRef,
    },
}

/// Where a promise comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// A post-mortem.
    PostMortem {
        /// The incident's number.
        incident: u64,
    },
    /// A retrospective.
    Retrospective {
        /// Its number.
        retrospective: u64,
    },
    /// A finding of another area: a stale flag, a missing owner, a contract that nobody verified.
    Finding {
        /// What it is known by: its rule, a blank, and its subject.
        key: String,
    },
    /// Somebody just promised it.
    #[default]
    ByHand,
}

impl DoneWhen {
    /// True if a person's word decides, since nothing else can.
    #[must_use]
    pub fn is_word(&self) -> bool {
        matches!(self, Self::Word)
    }

    /// True of a condition that can fail again once it held; the others are true for ever once they were.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Word | Self::AlertFires { .. } | Self::DocumentChanged { .. } => false,
            Self::CheckUp { .. }
            | Self::CheckExists { .. }
            | Self::FlagGone { .. }
            | Self::DependsOn { .. }
            | Self::ContractVerified { .. }
            | Self::Owned { .. } => true,
        }
    }

    /// The entities whose events can change whether it holds.
    #[must_use]
    pub fn watches(&self) -> Vec<&EntityRef> {
        match self {
            Self::Word => Vec::new(),
            Self::CheckUp { check: entity }
            | Self::CheckExists { check: entity }
            | Self::FlagGone { flag: entity }
            | Self::AlertFires { entity }
            | Self::DocumentChanged { entity, .. }
            | Self::Owned { entity } => vec![entity],
            // Either side may say it.
            Self::DependsOn { from, to } => vec![from, to],
            Self::ContractVerified { consumer, provider } => vec![consumer, provider],
        }
    }

    /// The condition in words: `check buy exists and is green`.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Word => "a person says so, with a link".to_owned(),
            Self::CheckUp { check } => format!("check {} exists and is green", check.short()),
            Self::CheckExists { check } => format!("check {} exists", check.short()),
            Self::FlagGone { flag } => format!("flag {} is removed", flag.short()),
            Self::AlertFires { entity } => format!("an alert about {} fires", entity.short()),
            Self::DependsOn { from, to } => format!("{} is declared to depend on {}", from.short(), to.short()),
            Self::DocumentChanged { entity, path: Some(path), .. } => {
                format!("the page {path} of {} is changed", entity.short())
            }
            Self::DocumentChanged { entity, path: None, .. } => {
                format!("the docs or the description of {} are changed", entity.short())
            }
            Self::ContractVerified { consumer, provider } => {
                format!("{} is verified against what {} expects", provider.short(), consumer.short())
            }
            Self::Owned { entity } => format!("{} has an owner whom the catalog knows", entity.short()),
        }
    }
}

impl Source {
    /// The word for its sort, as filters have it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::PostMortem { .. } => "post-mortem",
            Self::Retrospective { .. } => "retrospective",
            Self::Finding { .. } => "finding",
            Self::ByHand => "by-hand",
        }
    }

    /// The source in words: `post-mortem of incident 7`.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::PostMortem { incident } => format!("post-mortem of incident {incident}"),
            Self::Retrospective { retrospective } => format!("retrospective {retrospective}"),
            Self::Finding { key } => format!("finding {key}"),
            Self::ByHand => "made by hand".to_owned(),
        }
    }
}
