//! Our model as plain flagd JSON, one environment at a time.
//!
//! Everything that serves flags evaluates what is made here with crate `flagd`, and so does every flagd provider that
//! evaluates by itself. A flag is lowered to one rule: its prerequisites, then its audiences, then its targeting, then
//! the shares of its ramp or rollout; whom none of them concerns gets the default. Segments and prerequisites become
//! shared rules (`$evaluators`), which name no other shared rule, since some of flagd's implementations don't look twice.
//!
//! The variant that grows comes first in its shares, so that a growing share never takes anybody back.

use std::hash::{DefaultHasher, Hash, Hasher};

use flagd::Bucketing;
use kernel::{EntityRef, Timestamp};
use serde_json::{Map, Value, json};

use crate::{Definition, Flag, Requirement, Rollout, Segment, Setting, State, Step, TARGETING_KEY, references, shared};

/// The flags of one environment, with what is needed to see which of them evaluate otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// The flags, by key.
    pub flags: Vec<LoweredFlag>,
}

/// One flag of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoweredFlag {
    /// Its name.
    pub flag: EntityRef,
    /// What clients ask for.
    pub key: String,
    /// Its flag set.
    pub flag_set: Option<String>,
    /// How it buckets.
    pub bucketing: Bucketing,
    /// Another number if it may evaluate otherwise.
    pub fingerprint: u64,
}

/// Prerequisites are followed to this depth, which is more than definitions may have.
pub(crate) const DEPTH_MAX: usize = 110;

/// The flags of an environment. Cheap: what changed since is lowered with [`lower_flag`].
#[must_use]
pub fn lower(state: &State, environment: &str, now: Timestamp) -> Lowered {
    let lowered = |flag: &Flag| LoweredFlag {
        flag: flag.definition.flag.clone(),
        key: flag.definition.key().to_owned(),
        flag_set: flag.definition.flag_set.clone(),
        bucketing: flag.definition.bucketing,
        fingerprint: fingerprint(state, flag, environment, now),
    };
    Lowered { flags: state.flags().map(lowered).collect() }
}

/// A number that is another one if the flag may evaluate otherwise.
#[must_use]
pub fn fingerprint(state: &State, flag: &Flag, environment: &str, now: Timestamp) -> u64 {
    let mut hasher = DefaultHasher::new();
    mark(state, flag, environment, now, DEPTH_MAX, &mut hasher);
    hasher.finish()
}

fn mark(state: &State, flag: &Flag, environment: &str, now: Timestamp, depth: usize, hasher: &mut DefaultHasher) {
    flag.revision.hash(hasher);
    flag.ramp_position(environment, now).map(|at| at.basis_points).hash(hasher);
    for requirement in &flag.definition.requires {
        match state.flag(&requirement.flag) {
            Some(required) if depth > 0 => mark(state, required, environment, now, depth - 1, hasher),
            Some(_) | None => 0_u64.hash(hasher),
        }
    }
}

/// When the next ramp changes its share by itself, in any environment.
#[must_use]
pub fn next_change(state: &State, now: Timestamp) -> Option<Timestamp> {
    state.ramps().filter_map(|(_, _, ramp, run)| crate::position(ramp, run, now).next).min()
}

/// A flag as flagd has it.
#[must_use]
pub fn lower_flag(state: &State, flag: &Flag, environment: &str, now: Timestamp) -> Value {
    let definition = &flag.definition;
    let served = Serving::of(state, flag, environment, now, DEPTH_MAX);
    let mut lowered = Map::new();
    let is_disabled = served.default.is_none() && served.rule.is_none() && !flag.is_on(environment);
    lowered.insert("state".to_owned(), if is_disabled { "DISABLED" } else { "ENABLED" }.into());
    lowered.insert("variants".to_owned(), Value::Object(definition.variants.clone()));
    lowered.extend(served.default.map(|default| ("defaultVariant".to_owned(), default.into())));
    lowered.extend(served.rule.map(|rule| ("targeting".to_owned(), rule)));
    let metadata = metadata(definition);
    if !metadata.is_empty() {
        lowered.insert("metadata".to_owned(), Value::Object(metadata));
    }
    Value::Object(lowered)
}

fn metadata(definition: &Definition) -> Map<String, Value> {
    let mut metadata = definition.metadata.clone();
    metadata.extend(definition.flag_set.clone().map(|set| ("flagSetId".to_owned(), set.into())));
    if definition.bucketing != Bucketing::default() {
        // A relay buckets as the server does by this; flagd's own providers bucket as their version does.
        metadata.insert("bucketing".to_owned(), json!(definition.bucketing));
    }
    if let Some(owner) = &definition.owner {
        metadata.entry("owner").or_insert_with(|| owner.short().into());
    }
    metadata
}

/// The shared rules of an environment, by name.
#[must_use]
pub fn evaluators(state: &State, environment: &str, now: Timestamp) -> Map<String, Value> {
    let segments = state.segments().map(|segment| (references::name(&segment.segment), members(segment)));
    let required = state.required().filter_map(|flag| state.flag(flag)).filter_map(|flag| {
        let served = Serving::of(state, flag, environment, now, DEPTH_MAX);
        Some((shared::name(flag), shared::rule(state, flag, served, environment, now)?))
    });
    segments.chain(required).collect()
}

/// What a flag serves in one environment: to everybody, or by a rule.
pub(crate) struct Serving {
    /// It gives a variant, or null for no opinion.
    pub(crate) rule: Option<Value>,
    /// What those get about whom the rule has no opinion; none: the client's own default.
    pub(crate) default: Option<String>,
}

impl Serving {
    fn everybody(variant: Option<String>) -> Self {
        Self { rule: None, default: variant }
    }

    pub(crate) fn of(state: &State, flag: &Flag, environment: &str, now: Timestamp, depth: usize) -> Self {
        let definition = &flag.definition;
        if !flag.is_on(environment) {
            return Self::everybody(definition.off_variant.clone());
        }
        let none = Setting::from(true);
        let setting = definition.setting(environment).unwrap_or(&none);
        let mut branches = Vec::new();
        for requirement in &definition.requires {
            match unmet(state, requirement, environment, now, depth) {
                Unmet::Always => return Self::everybody(definition.off_variant.clone()),
                Unmet::Never => {}
                Unmet::If(condition) => branches.extend([condition, json!(definition.off_variant)]),
            }
        }
        for audience in &setting.audiences {
            // Nobody is in a segment that does not exist.
            if state.segment(&audience.segment).is_some() {
                branches.extend([references::to(references::name(&audience.segment)), audience.variant.clone().into()]);
            }
        }
        let (shares, default) = shares(flag, setting, environment, now);
        let targeting = setting.targeting.as_ref().or(definition.targeting.as_ref());
        let targeting = targeting.map(|rule| without_unknown_segments(state, rule.clone()));
        let rest = match (targeting, shares) {
            (Some(rule), Some(shares)) => Some(first_opinion(rule, shares, &definition.variants)),
            (rule, shares) => rule.or(shares),
        };
        if branches.is_empty() {
            return Self { rule: rest, default };
        }
        branches.push(rest.unwrap_or(Value::Null));
        Self { rule: Some(json!({ "if": branches })), default }
    }
}

/// When a prerequisite is not met.
enum Unmet {
    Always,
    Never,
    If(Value),
}

fn unmet(state: &State, requirement: &Requirement, environment: &str, now: Timestamp, depth: usize) -> Unmet {
    let Some(required) = state.flag(&requirement.flag).filter(|_| depth > 0) else { return Unmet::Always };
    let served = Serving::of(state, required, environment, now, depth - 1);
    let off = required.definition.off_variant.as_deref();
    if served.rule.is_none() {
        let is_met = match (&requirement.variant, served.default.as_deref()) {
            (Some(wanted), served) => served == Some(wanted),
            (None, served) => served.is_some() && served != off,
        };
        return if is_met { Unmet::Never } else { Unmet::Always };
    }
    let rule = references::to(shared::name(required));
    Unmet::If(match (&requirement.variant, off) {
        (Some(wanted), _) => json!({ "!": [{ "in": [rule, shared::spellings(wanted)] }] }),
        // Null is what clients make of it, which is not known here.
        (None, Some(off)) => {
            let mut not = shared::spellings(off);
            not.push(Value::Null);
            json!({ "in": [rule, not] })
        }
        (None, None) => json!({ "===": [rule, null] }),
    })
}

/// The shares of those about whom no rule has an opinion, and what those get who are in none.
fn shares(flag: &Flag, setting: &Setting, environment: &str, now: Timestamp) -> (Option<Value>, Option<String>) {
    let bucketing = flag.definition.bucketing;
    let default = setting.default_variant.as_ref().or(flag.definition.default_variant.as_ref()).cloned();
    if let Some((ramp, run)) = flag.ramp(environment) {
        let share = crate::position(ramp, run, now).basis_points;
        return match share {
            0 => (None, Some(ramp.from.clone())),
            Step::WHOLE => (None, Some(ramp.variant.clone())),
            share => {
                let weights = [(ramp.variant.as_str(), u32::from(share)), (&ramp.from, u32::from(Step::WHOLE - share))];
                (Some(fractional(bucketing, &ramp.by, weights)), Some(ramp.from.clone()))
            }
        };
    }
    let fraction = |rollout: &Rollout| {
        fractional(bucketing, &rollout.by, rollout.shares.iter().map(|share| (share.variant.as_str(), share.weight)))
    };
    (setting.rollout.as_ref().map(fraction), default)
}

/// flagd's operator for shares. By another attribute than the targeting key it is salted with the flag's key like there,
/// so that the same users aren't always the first.
fn fractional<'a>(bucketing: Bucketing, by: &str, weights: impl IntoIterator<Item = (&'a str, u32)>) -> Value {
    let shares = weights.into_iter().map(|(variant, weight)| json!([variant, weight]));
    match bucketing {
        Bucketing::V2 if by == TARGETING_KEY => json!({ "fractional": shares.collect::<Vec<_>>() }),
        // The newer bucketing's shorthand can't be said in full, which a prerequisite must be.
        Bucketing::V2 | Bucketing::V3 => salted(json!({ "var": "$flagd.flagKey" }), by, shares),
    }
}

/// Shares by a text made of the flag's key and an attribute; who has none is in no share.
pub(crate) fn salted(key: Value, by: &str, shares: impl IntoIterator<Item = Value>) -> Value {
    let value = json!({ "cat": [key, { "var": by }] });
    let arguments: Vec<Value> = std::iter::once(value).chain(shares).collect();
    json!({ "if": [{ "var": by }, { "fractional": arguments }, null] })
}

/// What `first` says, or, if it gives null, `then`.
pub(crate) fn first_opinion(first: Value, then: Value, variants: &Map<String, Value>) -> Value {
    // A rule may give `false` for a variant of that name, which `or` would take for no opinion.
    if variants.contains_key("false") {
        return json!({ "if": [{ "===": [first, null] }, then, first] });
    }
    json!({ "or": [first, then] })
}

fn without_unknown_segments(state: &State, rule: Value) -> Value {
    references::replaced(rule, &mut |name| {
        let is_unknown = references::segment(name).is_some_and(|segment| state.segment(&segment).is_none());
        is_unknown.then(|| json!({ "!": [true] }))
    })
}

/// The rule that is true for the members of a segment.
pub(crate) fn members(segment: &Segment) -> Value {
    let mut conditions = Vec::new();
    if !segment.members.is_empty() {
        conditions.push(json!({ "in": [{ "var": TARGETING_KEY }, segment.members] }));
    }
    for domain in &segment.email_domains {
        conditions.push(json!({ "ends_with": [{ "var": "email" }, format!("@{domain}")] }));
    }
    for group in &segment.groups {
        conditions.push(json!({ "in": [group, { "var": "groups" }] }));
    }
    if !segment.groups.is_empty() {
        conditions.push(json!({ "in": [{ "var": "group" }, segment.groups] }));
    }
    conditions.extend(segment.when.clone());
    if conditions.is_empty() {
        // Some of flagd's implementations want a rule of at least one operator.
        return json!({ "!": [true] });
    }
    json!({ "or": conditions })
}

/// All of an environment as a flagd document.
#[must_use]
pub fn export(state: &State, environment: &str, now: Timestamp) -> Value {
    let flags: Map<String, Value> = state
        .flags()
        .map(|flag| (flag.definition.key().to_owned(), lower_flag(state, flag, environment, now)))
        .collect();
    let mut document = json!({ "$schema": "https://flagd.dev/schema/v0/flags.json", "flags": flags });
    let evaluators = evaluators(state, environment, now);
    if let Some(fields) = document.as_object_mut().filter(|_| !evaluators.is_empty()) {
        fields.insert("$evaluators".to_owned(), Value::Object(evaluators));
    }
    document
}
