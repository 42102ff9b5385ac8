//! Who gets what, as other services say it: a list of cases.

use flags::{Audience, Definition, Rollout, Setting, Share};
use kernel::EntityRef;
use serde_json::{Value, json};

use crate::{
    imported::About,
    logic::{Bucketing, Condition, SEGMENT},
};

/// What somebody gets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Serve {
    /// This variant.
    Variant(String),
    /// One of these, by weight.
    Split(Bucketing, Vec<(String, u32)>),
    /// The caller's own default.
    Nothing,
}

impl Serve {
    /// One of these by weight; those of no weight are left out.
    pub(crate) fn split(bucketing: Bucketing, shares: impl IntoIterator<Item = (String, u32)>) -> Self {
        let mut shares: Vec<_> = shares.into_iter().filter(|(_, weight)| *weight > 0).collect();
        match (shares.pop(), shares.is_empty()) {
            (None, _) => Self::Nothing,
            (Some((variant, _)), true) => Self::Variant(variant),
            (Some(last), false) => {
                shares.push(last);
                let divisor = shares.iter().fold(0, |divisor, (_, weight)| common_divisor(*weight, divisor));
                // Percent read best; beyond that, weights are as they were.
                let sum: u32 = shares.iter().fold(0, |sum, (_, weight)| sum.saturating_add(*weight));
                let unit = sum / 100;
                let is_percent = unit > 0 && sum.is_multiple_of(100) && divisor.is_multiple_of(unit);
                let by = if is_percent { unit } else { 1 };
                shares.iter_mut().for_each(|(_, weight)| *weight /= by);
                Self::Split(bucketing, shares)
            }
        }
    }

    fn rule(&self) -> Value {
        match self {
            Self::Variant(variant) => json!(variant),
            Self::Split(bucketing, shares) => bucketing.split(shares),
            Self::Nothing => Value::Null,
        }
    }
}

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// One case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arm {
    pub(crate) when: Condition,
    pub(crate) serve: Serve,
}

/// The setting in which the first arm that matches serves, else `otherwise`. `fallback` is for those whom no share can be
/// drawn for.
pub(crate) fn lay_out(enabled: bool, arms: Vec<Arm>, otherwise: Serve, fallback: Option<String>) -> Setting {
    let mut setting = Setting { default_variant: fallback, ..Setting::from(enabled) };
    let mut otherwise = otherwise;
    let mut branches = Vec::new();
    for Arm { when, serve } in arms {
        match when {
            Condition::Never => {}
            Condition::Always => {
                otherwise = serve;
                break;
            }
            Condition::When(rule) => match (segment(&rule), &serve) {
                (Some(segment), Serve::Variant(variant)) if branches.is_empty() => {
                    setting.audiences.push(Audience { segment, variant: variant.clone() });
                }
                _ => branches.extend([rule, serve.rule()]),
            },
        }
    }
    match otherwise {
        Serve::Variant(variant) => setting.default_variant = Some(variant),
        Serve::Split(Bucketing { attribute, salt: None }, shares) => {
            let shares = shares.into_iter().map(|(variant, weight)| Share { variant, weight }).collect();
            setting.rollout = Some(Rollout { by: attribute, shares });
        }
        split @ Serve::Split(..) if branches.is_empty() => setting.targeting = Some(split.rule()),
        split @ Serve::Split(..) => branches.push(split.rule()),
        Serve::Nothing => setting.default_variant = None,
    }
    if !branches.is_empty() {
        setting.targeting = Some(json!({"if": branches}));
    }
    setting
}

/// The segment whose members, and nobody else, a rule means.
fn segment(rule: &Value) -> Option<EntityRef> {
    let members = rule.as_object().filter(|rule| rule.len() == 1)?;
    let name = members.get("$ref")?.as_str()?.strip_prefix(SEGMENT)?;
    EntityRef::new("segment", EntityRef::DEFAULT_NAMESPACE, name).ok()
}

/// Says for the whole flag what its environments have in common.
pub(crate) fn hoist_default(definition: &mut Definition) {
    let mut defaults = definition.environments.values().map(|setting| &setting.default_variant);
    let Some(first) = defaults.next().cloned() else { return };
    if defaults.all(|default| *default == first) {
        definition.environments.values_mut().for_each(|setting| setting.default_variant = None);
        definition.default_variant = first;
    } else {
        // An environment can't take a default away, so the flag has one only where all have.
        let all_have = definition.environments.values().all(|setting| setting.default_variant.is_some());
        definition.default_variant = first.filter(|_| all_have);
    }
}

/// Leaves a flag off, without what it requires: what it asks for can't be said here.
pub(crate) fn leave_off(definition: &mut Definition) {
    definition.requires.clear();
    definition.environments.values_mut().for_each(|setting| setting.enabled = false);
}

/// Requirements need something to serve while they are not met.
pub(crate) fn check_requirements(definition: &mut Definition, about: &mut About<'_>) {
    if !definition.requires.is_empty() && definition.off_variant.is_none() {
        let words: Vec<&str> = definition.requires.iter().map(|required| required.flag.short()).collect();
        about.lost(
            format!("the dependency on {}", words.join(", ")),
            "a flag that requires others needs an off variant here, and this one has none; it was left off everywhere",
        );
        leave_off(definition);
    }
}
