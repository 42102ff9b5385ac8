//! How a flag is shown.

use std::collections::BTreeMap;

use flags::{Flag, Origin, Ramp, Setting, Switch};
use kernel::{EntityRef, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use world::World;

use crate::api::event::ActorView;

/// A flag.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlagView {
    /// Its name: what clients ask for.
    pub key: String,
    /// The whole reference.
    #[schema(value_type = String)]
    pub flag: EntityRef,
    /// What it is for.
    pub description: String,
    /// Who keeps it.
    #[schema(value_type = Option<String>)]
    pub owner: Option<EntityRef>,
    /// True if it is declared in a file.
    pub declared: bool,
    /// Components that evaluate it, declared or seen.
    #[schema(value_type = Vec<String>)]
    pub used_by: Vec<EntityRef>,
    /// Those of them that were seen without being declared.
    #[schema(value_type = Vec<String>)]
    pub seen_from: Vec<EntityRef>,
    /// When it should be gone.
    pub expires: Option<String>,
    /// What sort of flag it is: `release`, `experiment`, `operational`, `kill-switch` or `permission`.
    pub purpose: &'static str,
    /// The type of its values: `boolean`, `string`, `number` or `object`.
    pub r#type: Option<&'static str>,
    /// The values, by name.
    #[schema(value_type = Object)]
    pub variants: Map<String, Value>,
    /// What everybody gets while it is off; none: the client's own default.
    pub off_variant: Option<String>,
    /// What is served while it is on and no rule says otherwise; none: the client's own default.
    pub default_variant: Option<String>,
    /// flagd's JsonLogic.
    #[schema(value_type = Option<Object>)]
    pub targeting: Option<Value>,
    /// What each environment serves in words; only where one flag is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub rules: Option<BTreeMap<String, Vec<flagd::Line>>>,
    /// Which clients get it: flagd's `flagSetId`.
    pub flag_set: Option<String>,
    /// Flat facts that clients get with every answer.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// How users fall into shares: `v2` or `v3`.
    #[schema(value_type = String)]
    pub bucketing: flagd::Bucketing,
    /// Other flags that must serve a certain variant.
    pub requires: Vec<RequirementView>,
    /// Why it should be gone, in words; empty if nothing speaks against it.
    pub stale: Vec<String>,
    /// In how many places source code names it, by what was searched.
    pub references: BTreeMap<String, usize>,
    /// The day on which it was evaluated last.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub evaluated: Option<Timestamp>,
    /// What holds per environment; `*` is for those that are not named.
    pub environments: BTreeMap<String, EnvironmentView>,
}

/// Another flag that must serve a certain variant.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequirementView {
    /// Which.
    #[schema(value_type = String)]
    pub flag: EntityRef,
    /// What it must serve; none: anything but its off variant.
    pub variant: Option<String>,
}

/// What holds of a flag in one environment.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnvironmentView {
    /// On or off.
    pub on: bool,
    /// Since when.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
    /// Who turned it.
    pub by: ActorView,
    /// True if the declaration says otherwise.
    pub drifted: bool,
    /// Instead of the flag's default variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_variant: Option<String>,
    /// Instead of the flag's targeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub targeting: Option<Value>,
    /// Who gets what before any rule is asked.
    #[schema(value_type = Vec<Object>)]
    pub audiences: Vec<Value>,
    /// What those get whom no rule matches: `by`, and `variants` with their weights.
    #[schema(value_type = Option<Object>)]
    pub rollout: Option<Value>,
    /// The share that grows.
    pub ramp: Option<RampView>,
    /// How many people other than its author must agree to a change here.
    pub approvals: u8,
}

/// A growing share.
#[derive(Debug, Serialize, ToSchema)]
pub struct RampView {
    /// What the growing share gets.
    pub variant: String,
    /// What the others get.
    pub from: String,
    /// The attribute of the context that decides who is in the share.
    pub by: String,
    /// The schedule in words.
    pub words: String,
    /// The steps.
    pub steps: Vec<StepView>,
    /// At which of them it is, from 0; absent while the flag is off.
    pub step: Option<usize>,
    /// The share now, in percent.
    pub percent: f64,
    /// `waiting`, `holding`, `awaiting-approval`, `awaiting-samples`, `paused`, `rolled-back` or `done`; `off` while the
    /// flag is off.
    pub state: &'static str,
    /// When the share changes if nobody does anything.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub next: Option<Timestamp>,
    /// The checks that must not fail meanwhile.
    #[schema(value_type = Vec<String>)]
    pub guards: Vec<EntityRef>,
}

/// One step.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepView {
    /// The share.
    pub percent: f64,
    /// What must come before the next step: a duration, `approval`, or `{samples}`.
    pub hold: Value,
}

impl FlagView {
    /// One of many.
    pub(super) fn in_list(world: &World, flag: &Flag, now: Timestamp) -> Self {
        let definition = &flag.definition;
        let drifted: Vec<&String> = flag.drift().map(|(name, _)| name).collect();
        let environments = flag.switches.iter().map(|(name, switch)| {
            let is_drifted = drifted.contains(&name);
            (name.clone(), EnvironmentView::of(flag, name, switch, is_drifted, now))
        });
        let requires = definition.requires.iter();
        let stale = flags::stale_reasons(&world.flags, flag, now);
        Self {
            key: definition.key().to_owned(),
            flag: definition.flag.clone(),
            description: definition.description.clone(),
            owner: definition.owner.clone(),
            declared: definition.origin == Origin::Declared,
            used_by: flag.users().cloned().collect(),
            seen_from: flag.seen_from.clone(),
            expires: definition.expires.clone(),
            purpose: definition.purpose.as_str(),
            r#type: definition.value_type().map(flags::ValueType::as_str),
            variants: definition.variants.clone(),
            off_variant: definition.off_variant.clone(),
            default_variant: definition.default_variant.clone(),
            targeting: definition.targeting.clone(),
            rules: None,
            flag_set: definition.flag_set.clone(),
            metadata: definition.metadata.clone(),
            bucketing: definition.bucketing,
            requires: requires
                .map(|it| RequirementView { flag: it.flag.clone(), variant: it.variant.clone() })
                .collect(),
            stale: stale.iter().map(|reason| reason.words(now)).collect(),
            references: flag.references.iter().map(|(source, places)| (source.clone(), places.len())).collect(),
            evaluated: flag.evaluated,
            environments: environments.collect(),
        }
    }

    /// With all there is to say.
    pub(super) fn alone(world: &World, flag: &Flag, now: Timestamp) -> Self {
        let names = flag.switches.keys().chain(flag.definition.environments.keys());
        let rules = names.map(|name| (name.clone(), words(world, flag, name, now)));
        Self { rules: Some(rules.collect()), ..Self::in_list(world, flag, now) }
    }
}

/// What a flag serves in an environment, in words.
pub(super) fn words(world: &World, flag: &Flag, environment: &str, now: Timestamp) -> Vec<flagd::Line> {
    let lowered = flags::lower_flag(&world.flags, flag, environment, now);
    let otherwise = lowered.get("defaultVariant").and_then(Value::as_str).map(str::to_owned);
    let evaluators = flagd::Evaluators::new(&flags::evaluators(&world.flags, environment, now));
    let mut lines = lowered.get("targeting").map(|rule| flagd::words(rule, &evaluators)).unwrap_or_default();
    let who = if lines.is_empty() { "everybody" } else { "whom no rule concerns" };
    let gets = otherwise.as_deref().unwrap_or("the client's own default");
    lines.push(flagd::Line { depth: 0, text: format!("{who} → {gets}"), variant: otherwise });
    lines
}

impl EnvironmentView {
    fn of(flag: &Flag, environment: &str, switch: &Switch, drifted: bool, now: Timestamp) -> Self {
        let none = Setting::default();
        let setting = flag.definition.setting(environment).unwrap_or(&none);
        let audience = |it: &flags::Audience| json!({ "segment": it.segment, "variant": it.variant });
        let rollout = setting.rollout.as_ref().map(|rollout| {
            let shares: Map<String, Value> =
                rollout.shares.iter().map(|share| (share.variant.clone(), share.weight.into())).collect();
            json!({ "by": rollout.by, "variants": shares })
        });
        Self {
            on: switch.on,
            since: switch.since,
            by: ActorView::of(&switch.by),
            drifted,
            default_variant: setting.default_variant.clone(),
            targeting: setting.targeting.clone(),
            audiences: setting.audiences.iter().map(audience).collect(),
            rollout,
            ramp: setting.ramp.as_ref().map(|ramp| RampView::of(flag, environment, ramp, now)),
            approvals: setting.approvals,
        }
    }
}

impl RampView {
    fn of(flag: &Flag, environment: &str, ramp: &Ramp, now: Timestamp) -> Self {
        let position = flag.ramp_position(environment, now);
        let step = |step: &flags::Step| StepView {
            percent: step.percent(),
            hold: match step.hold {
                flags::Hold::For(time) => format!("{time:#}").into(),
                flags::Hold::Approval => "approval".into(),
                flags::Hold::Samples(samples) => json!({ "samples": samples }),
            },
        };
        Self {
            variant: ramp.variant.clone(),
            from: ramp.from.clone(),
            by: ramp.by.clone(),
            words: flags::ramp_in_words(ramp),
            steps: ramp.steps.iter().map(step).collect(),
            step: position.as_ref().map(|at| at.step),
            percent: position.as_ref().map_or(0.0, |at| f64::from(at.basis_points) / 100.0),
            state: position.as_ref().map_or("off", |at| at.state.as_str()),
            next: position.and_then(|at| at.next),
            guards: ramp.guards.clone(),
        }
    }
}
