//! Unleash's JSON, as far as it says who gets what. Members that are not named here don't.

use std::{collections::BTreeMap, fmt};

use flags::Definition;
use serde::Deserialize;
use serde_json::Value;

use crate::imported::or_default;

/// What the state export calls the one environment that was before there were several.
const GLOBAL: &str = ":global:";

/// Any of the exports.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Export {
    pub(super) features: Vec<Feature>,
    #[serde(default, deserialize_with = "or_default")]
    feature_strategies: Vec<Strategy>,
    #[serde(default, deserialize_with = "or_default")]
    feature_environments: Vec<FeatureEnvironment>,
    #[serde(default, deserialize_with = "or_default")]
    feature_strategy_segments: Vec<StrategySegment>,
    #[serde(default, deserialize_with = "or_default")]
    feature_tags: Vec<FeatureTag>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) segments: Vec<SegmentDocument>,
    #[serde(default, deserialize_with = "or_default")]
    dependencies: Vec<FeatureDependencies>,
    query: Option<Query>,
}

/// What `GET /api/admin/segments` gives.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Segments {
    Listed { segments: Vec<SegmentDocument> },
    Bare(Vec<SegmentDocument>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Feature {
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) project: Option<String>,
    pub(super) archived: Option<bool>,
    enabled: Option<bool>,
    strategies: Option<Vec<Strategy>>,
    variants: Option<Vec<Variant>>,
    dependencies: Option<Vec<Dependency>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Strategy {
    #[serde(alias = "strategyName")]
    pub(super) name: String,
    id: Option<String>,
    feature_name: Option<String>,
    environment: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) parameters: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) constraints: Vec<Constraint>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) segments: Vec<Id>,
    pub(super) variants: Option<Vec<Variant>>,
    disabled: Option<bool>,
    sort_order: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Constraint {
    pub(super) context_name: String,
    pub(super) operator: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) values: Vec<String>,
    pub(super) value: Option<Value>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) inverted: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) case_insensitive: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variant {
    pub(super) name: String,
    #[serde(default)]
    pub(super) weight: f64,
    pub(super) stickiness: Option<String>,
    pub(super) payload: Option<Payload>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) overrides: Vec<Override>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Payload {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) value: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Override {
    pub(super) context_name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) values: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FeatureEnvironment {
    feature_name: String,
    environment: String,
    enabled: bool,
    variants: Option<Vec<Variant>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StrategySegment {
    feature_strategy_id: String,
    segment_id: Id,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FeatureTag {
    feature_name: String,
    #[serde(alias = "type")]
    tag_type: Option<String>,
    #[serde(alias = "value")]
    tag_value: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct SegmentDocument {
    pub(super) id: Id,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) constraints: Option<Vec<Constraint>>,
}

/// A number, or in some exports its digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    Number(i64),
    Text(String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[derive(Debug, Deserialize)]
struct FeatureDependencies {
    feature: String,
    dependencies: Vec<Dependency>,
}

/// Another feature that must be enabled or not, or have one of these variants.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Dependency {
    pub(super) feature: String,
    pub(super) enabled: Option<bool>,
    pub(super) variants: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Query {
    environment: Option<String>,
}

/// A feature with all that the export says of it, wherever that stands.
#[derive(Debug)]
pub(super) struct Toggle {
    pub(super) feature: Feature,
    pub(super) places: BTreeMap<String, Place>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) tags: Vec<String>,
}

/// A feature in one environment.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) enabled: bool,
    pub(super) strategies: Vec<Strategy>,
    pub(super) variants: Vec<Variant>,
}

impl Segments {
    pub(super) fn into_list(self) -> Vec<SegmentDocument> {
        match self {
            Self::Listed { segments } | Self::Bare(segments) => segments,
        }
    }
}

impl Strategy {
    pub(super) fn is_disabled(&self) -> bool {
        self.disabled.unwrap_or_default()
    }

    /// Whether this is the name of its own flag.
    pub(super) fn is_of(&self, flag: &str) -> bool {
        self.feature_name.as_deref() == Some(flag)
    }

    /// A parameter as text: the forms write numbers as text, clients of the API don't always.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        match self.parameters.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl Dependency {
    pub(super) fn words(&self) -> String {
        let state = if self.enabled.unwrap_or(true) { "enabled" } else { "not enabled" };
        match self.variants.as_deref().unwrap_or_default() {
            [] => format!("{} ({state})", self.feature),
            variants => format!("{} ({state}, one of {})", self.feature, variants.join(", ")),
        }
    }
}

impl Toggle {
    /// Everything that it offers, anywhere.
    pub(super) fn variants(&self) -> impl Iterator<Item = &Variant> {
        self.places.values().flat_map(|place| {
            let own = place.strategies.iter().flat_map(|strategy| strategy.variants.as_deref().unwrap_or_default());
            place.variants.iter().chain(own)
        })
    }

    pub(super) fn has_variants(&self) -> bool {
        self.variants().next().is_some()
    }
}

impl Export {
    /// Brings together what the export says of each feature.
    pub(super) fn toggles(&mut self) -> Vec<Toggle> {
        self.give_strategies_their_segments();
        let mut places: BTreeMap<String, BTreeMap<String, Place>> = BTreeMap::new();
        for FeatureEnvironment { feature_name, environment, enabled, variants } in self.feature_environments.drain(..) {
            let place = Place { enabled, strategies: Vec::new(), variants: variants.unwrap_or_default() };
            places.entry(feature_name).or_default().insert(environment, place);
        }
        let mut strategies = std::mem::take(&mut self.feature_strategies);
        strategies.sort_by_key(|strategy| strategy.sort_order);
        for strategy in strategies {
            let Some(places) = strategy.feature_name.as_ref().and_then(|name| places.get_mut(name)) else { continue };
            // The batch export is of one environment, which its strategies don't name.
            let place = match &strategy.environment {
                Some(environment) => places.get_mut(environment),
                None => places.values_mut().next(),
            };
            if let Some(place) = place {
                place.strategies.push(strategy);
            }
        }
        let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for FeatureTag { feature_name, tag_type, tag_value } in self.feature_tags.drain(..) {
            let tag = tag_type.map(|kind| format!("{kind}:{tag_value}")).unwrap_or(tag_value);
            tags.entry(feature_name).or_default().push(tag);
        }
        let mut dependencies: BTreeMap<String, Vec<Dependency>> =
            self.dependencies.drain(..).map(|of| (of.feature, of.dependencies)).collect();
        let own_place = self.query.as_ref().and_then(|query| query.environment.as_deref());
        let own_place = own_place.unwrap_or(Definition::EVERYWHERE).to_owned();
        let toggle = |mut feature: Feature| {
            let mut places = places.remove(&feature.name).unwrap_or_default();
            let shared = feature.variants.take().unwrap_or_default();
            match (feature.strategies.take(), feature.enabled) {
                (None, None) => {}
                (strategies, enabled) => {
                    let (strategies, enabled) = (strategies.unwrap_or_default(), enabled.unwrap_or_default());
                    places.entry(own_place.clone()).or_insert(Place { enabled, strategies, variants: Vec::new() });
                }
            }
            places
                .values_mut()
                .filter(|place| place.variants.is_empty())
                .for_each(|place| place.variants.clone_from(&shared));
            if let Some(place) = places.remove(GLOBAL) {
                places.insert(Definition::EVERYWHERE.to_owned(), place);
            }
            let dependencies = feature.dependencies.take().or_else(|| dependencies.remove(&feature.name));
            for strategy in places.values_mut().flat_map(|place| &mut place.strategies) {
                strategy.feature_name.get_or_insert_with(|| feature.name.clone());
            }
            let (dependencies, tags) =
                (dependencies.unwrap_or_default(), tags.remove(&feature.name).unwrap_or_default());
            Toggle { feature, places, dependencies, tags }
        };
        self.features.drain(..).map(toggle).collect()
    }

    /// The state export lists which strategy has which segment.
    fn give_strategies_their_segments(&mut self) {
        let mut segments: BTreeMap<String, Vec<Id>> = BTreeMap::new();
        for StrategySegment { feature_strategy_id, segment_id } in self.feature_strategy_segments.drain(..) {
            segments.entry(feature_strategy_id).or_default().push(segment_id);
        }
        for strategy in &mut self.feature_strategies {
            let more = strategy.id.as_ref().and_then(|id| segments.remove(id));
            strategy.segments.extend(more.unwrap_or_default());
        }
    }
}
