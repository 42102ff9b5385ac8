//! LaunchDarkly's JSON, as far as it says who gets what. Members that are not named here don't.

use std::collections::BTreeMap;

use flags::Definition;
use serde::Deserialize;
use serde_json::Value;

use crate::imported::{Problem, Remarks, or_default, shaped};

pub(super) const SERVICE: &str = "LaunchDarkly";
/// The kind of a context that says nothing else.
pub(super) const USER: &str = "user";

fn user() -> String {
    USER.to_owned()
}

/// Any of the exports.
#[derive(Debug)]
pub(super) enum Export {
    Listed(Listing),
    Data(Data),
    One(Box<FlagDocument>),
}

/// What the REST API gives.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing {
    items: Vec<FlagDocument>,
    total_count: Option<usize>,
    #[serde(default)]
    segments: Option<Segments>,
}

/// What SDKs have.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data {
    #[serde(default, deserialize_with = "or_default")]
    flags: BTreeMap<String, SdkFlag>,
    #[serde(default, deserialize_with = "or_default")]
    flag_values: BTreeMap<String, Value>,
    #[serde(default)]
    segments: Option<Segments>,
}

/// Segments, as the REST API or as SDKs have them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Segments {
    Listed { items: Vec<SegmentDocument> },
    Bare(Vec<SegmentDocument>),
    ByKey(BTreeMap<String, SegmentDocument>),
}

/// A flag with all its environments.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlagDocument {
    pub(super) key: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default)]
    description: Option<String>,
    pub(super) variations: Vec<Variation>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) environments: BTreeMap<String, Config>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) temporary: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) archived: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) tags: Vec<String>,
    defaults: Option<Defaults>,
    experiments: Option<Experiments>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Variation {
    pub(super) value: Value,
    pub(super) name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Defaults {
    off_variation: usize,
}

#[derive(Debug, Deserialize)]
struct Experiments {
    #[serde(default, deserialize_with = "or_default")]
    items: Vec<Value>,
}

/// A flag in one environment.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Config {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) on: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) archived: bool,
    #[serde(default, deserialize_with = "or_default")]
    targets: Vec<Target>,
    #[serde(default, deserialize_with = "or_default")]
    context_targets: Vec<Target>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) rules: Vec<Rule>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) fallthrough: Outcome,
    pub(super) off_variation: Option<usize>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) prerequisites: Vec<Prerequisite>,
    #[serde(rename = "_summary")]
    summary: Option<Value>,
}

/// A flag of one environment.
#[derive(Debug, Deserialize)]
struct SdkFlag {
    #[serde(default, deserialize_with = "or_default")]
    variations: Vec<Value>,
    #[serde(flatten)]
    config: Config,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) values: Vec<String>,
    pub(super) variation: usize,
    #[serde(default = "user")]
    context_kind: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rule {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) clauses: Vec<Clause>,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

/// What is served.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Outcome {
    pub(super) variation: Option<usize>,
    pub(super) rollout: Option<Rollout>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rollout {
    pub(super) variations: Vec<WeightedVariation>,
    pub(super) bucket_by: Option<String>,
    #[serde(default = "user")]
    pub(super) context_kind: String,
    kind: Option<String>,
    experiment_allocation: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WeightedVariation {
    pub(super) variation: usize,
    pub(super) weight: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Clause {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) attribute: String,
    pub(super) op: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) values: Vec<Value>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) negate: bool,
    #[serde(default = "user")]
    pub(super) context_kind: String,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Prerequisite {
    pub(super) key: String,
    pub(super) variation: usize,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SegmentDocument {
    pub(super) key: String,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) included: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) excluded: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) included_contexts: Vec<SegmentTarget>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) excluded_contexts: Vec<SegmentTarget>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) rules: Vec<SegmentRule>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) unbounded: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SegmentTarget {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) values: Vec<String>,
    #[serde(default = "user")]
    pub(super) context_kind: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SegmentRule {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) clauses: Vec<Clause>,
    pub(super) weight: Option<u32>,
    pub(super) bucket_by: Option<String>,
    #[serde(default = "user")]
    pub(super) rollout_context_kind: String,
}

/// An export in one form.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) flags: Vec<FlagDocument>,
    pub(super) segments: Vec<SegmentDocument>,
}

impl Export {
    /// Reads whichever it is.
    pub(super) fn of(mut file: Value) -> Result<Self, Problem> {
        let has = |name: &str| file.get(name).is_some();
        if has("items") {
            shaped(SERVICE, file).map(Self::Listed)
        } else if has("key") && has("variations") {
            shaped(SERVICE, file).map(Self::One)
        } else if has("flags") || has("flagValues") {
            shaped(SERVICE, file).map(Self::Data)
        } else if let Some(data) = file.get_mut("data") {
            // What a stream begins with.
            shaped(SERVICE, data.take()).map(Self::Data)
        } else {
            let why = "it has neither \"items\", as the REST API gives, nor \"flags\", as SDKs have".to_owned();
            Err(Problem::NotThat { service: SERVICE, why })
        }
    }

    pub(super) fn content(self, remarks: &mut Remarks) -> Content {
        match self {
            Self::Listed(Listing { items, total_count, segments }) => {
                if let Some(total) = total_count.filter(|total| *total > items.len()) {
                    let why =
                        format!("the file is one page of {} flags: ask for ?limit= and &offset= too", items.len());
                    remarks.general().lost(format!("{} of {total} flags", total - items.len()), why);
                }
                Content { flags: items, segments: segments.map(Segments::into_list).unwrap_or_default() }
            }
            Self::Data(data) => data.content(),
            Self::One(flag) => Content { flags: vec![*flag], segments: Vec::new() },
        }
    }
}

impl Data {
    fn content(self) -> Content {
        let flags = self.flags.into_iter().map(|(key, SdkFlag { variations, config })| {
            let variations = variations.into_iter().map(|value| Variation { value, name: None }).collect();
            FlagDocument::of_one_environment(key, variations, config)
        });
        let values = self.flag_values.into_iter().map(|(key, value)| {
            let fallthrough = Outcome { variation: Some(0), rollout: None };
            let config = Config { on: true, fallthrough, ..Config::default() };
            FlagDocument::of_one_environment(key, vec![Variation { value, name: None }], config)
        });
        let flags = flags.chain(values).collect();
        Content { flags, segments: self.segments.map(Segments::into_list).unwrap_or_default() }
    }
}

impl Segments {
    pub(super) fn into_list(self) -> Vec<SegmentDocument> {
        match self {
            Self::Listed { items } | Self::Bare(items) => items,
            Self::ByKey(items) => items.into_values().collect(),
        }
    }
}

impl FlagDocument {
    fn of_one_environment(key: String, variations: Vec<Variation>, config: Config) -> Self {
        Self {
            key,
            name: String::new(),
            description: None,
            variations,
            environments: BTreeMap::from([(Definition::EVERYWHERE.to_owned(), config)]),
            temporary: true,
            archived: false,
            tags: Vec::new(),
            defaults: None,
            experiments: None,
        }
    }

    /// What it is for: the description, or else the name, unless that is just the key again.
    pub(super) fn description(&self) -> &str {
        let description = self.description.as_deref().filter(|text| !text.trim().is_empty());
        description.unwrap_or_else(|| if self.name == self.key { "" } else { &self.name })
    }

    pub(super) fn is_experiment(&self) -> bool {
        self.experiments.as_ref().is_some_and(|experiments| !experiments.items.is_empty())
    }

    /// The variation that new environments serve while it is off.
    pub(super) fn default_off(&self) -> Option<usize> {
        self.defaults.as_ref().map(|defaults| defaults.off_variation)
    }
}

impl Config {
    /// True if the export left out who gets what.
    pub(super) fn is_summary(&self) -> bool {
        let nothing = self.fallthrough.variation.is_none() && self.fallthrough.rollout.is_none();
        self.summary.is_some() && nothing
    }

    /// Contexts that are named one by one, with their kind, in the order in which they count.
    pub(super) fn targets(&self) -> impl Iterator<Item = (&str, &Target)> {
        // A context target of users is a mark that those in `targets` stand at this place.
        let others =
            self.context_targets.iter().filter(|target| target.context_kind != USER || self.targets.is_empty());
        self.targets.iter().chain(others).map(|target| (&*target.context_kind, target))
    }
}

impl Rollout {
    pub(super) fn is_experiment(&self) -> bool {
        self.kind.as_deref() == Some("experiment") || self.experiment_allocation.as_ref().is_some_and(Value::is_object)
    }
}
