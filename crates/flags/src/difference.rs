//! What a change changes, in words: for histories and for those who must agree.

use std::collections::BTreeSet;

use kernel::EntityRef;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Change, Definition, Hold, OnFailure, Ramp, Requirement, Rollout, Segment, Setting, State, TARGETING_KEY,
    event::percent,
};

/// What differs between two definitions, one sentence each; nothing before: what the new one says.
#[must_use]
pub fn difference(before: Option<&Definition>, after: &Definition) -> Vec<String> {
    let blank = Definition::boolean(after.flag.clone());
    let before = before.unwrap_or(&blank);
    let mut said = Said::default();
    said.changed("description", &before.description, &after.description);
    said.changed("owner", &before.owner, &after.owner);
    said.changed("used by", &before.used_by, &after.used_by);
    said.changed("expires", &before.expires, &after.expires);
    said.changed("purpose", &before.purpose.as_str(), &after.purpose.as_str());
    said.changed("variants", &before.variants, &after.variants);
    said.changed("variant while off", &before.off_variant, &after.off_variant);
    said.changed("default variant", &before.default_variant, &after.default_variant);
    said.changed("targeting", &before.targeting, &after.targeting);
    said.changed("flag set", &before.flag_set, &after.flag_set);
    said.changed("metadata", &before.metadata, &after.metadata);
    said.changed("bucketing", &before.bucketing, &after.bucketing);
    said.listed("requires", &before.requires, &after.requires, requirement);
    let names: BTreeSet<&String> = before.environments.keys().chain(after.environments.keys()).collect();
    for name in names {
        match (before.environments.get(name), after.environments.get(name)) {
            (Some(_), None) => said.say(format!("{}: nothing is said any more", place(name))),
            (before, Some(after)) => setting(&mut said, &place(name), before, after),
            (None, None) => {}
        }
    }
    said.0
}

/// What a change that is asked for would change, as things are.
#[must_use]
pub fn change_in_words(state: &State, change: &Change) -> Vec<String> {
    match change {
        Change::Define { definition } => {
            difference(state.flag(&definition.flag).map(|flag| flag.definition.as_ref()), definition)
        }
        Change::DefineSegment { segment } => segment_difference(state.segment(&segment.segment), segment),
        Change::Turn { .. } | Change::Remove { .. } | Change::RemoveSegment { .. } => vec![change.words()],
    }
}

/// What differs between two definitions of a segment, one sentence each.
#[must_use]
pub fn segment_difference(before: Option<&Segment>, after: &Segment) -> Vec<String> {
    let blank = Segment::empty(after.segment.clone());
    let before = before.unwrap_or(&blank);
    let mut said = Said::default();
    said.changed("description", &before.description, &after.description);
    said.changed("owner", &before.owner, &after.owner);
    said.listed("members", &before.members, &after.members, String::clone);
    said.listed("e-mail domains", &before.email_domains, &after.email_domains, String::clone);
    said.listed("groups", &before.groups, &after.groups, String::clone);
    said.changed("rule", &before.when, &after.when);
    said.0
}

fn place(environment: &str) -> String {
    if environment == Definition::EVERYWHERE { "everywhere else".to_owned() } else { environment.to_owned() }
}

fn setting(said: &mut Said, place: &str, before: Option<&Setting>, after: &Setting) {
    let blank = Setting::default();
    if before.is_none_or(|before| before.enabled != after.enabled) {
        said.say(format!("{place}: starts {}", if after.enabled { "on" } else { "off" }));
    }
    let before = before.unwrap_or(&blank);
    said.changed(&format!("{place}: default variant"), &before.default_variant, &after.default_variant);
    said.changed(&format!("{place}: targeting"), &before.targeting, &after.targeting);
    let audience = |audience: &crate::Audience| format!("{} get {}", audience.segment.short(), audience.variant);
    said.listed(&format!("{place}: audiences"), &before.audiences, &after.audiences, audience);
    said.reworded(&format!("{place}: rollout"), before.rollout.as_ref(), after.rollout.as_ref(), rollout_in_words);
    said.reworded(&format!("{place}: ramp"), before.ramp.as_ref(), after.ramp.as_ref(), ramp_in_words);
    said.changed(&format!("{place}: approvals needed"), &before.approvals, &after.approvals);
}

fn requirement(requirement: &Requirement) -> String {
    let flag = requirement.flag.short();
    requirement.variant.as_ref().map_or_else(|| format!("{flag} on"), |variant| format!("{flag} serving {variant}"))
}

/// A rollout in words: "20% on, 80% off".
#[must_use]
pub fn rollout_in_words(rollout: &Rollout) -> String {
    let sum: u64 = rollout.shares.iter().map(|share| u64::from(share.weight)).sum();
    let share = |share: &crate::Share| {
        #[expect(clippy::cast_precision_loss, reason = "a sum of weights is below 2^31")]
        let percent = f64::from(share.weight) * 100.0 / sum.max(1) as f64;
        format!("{}% {}", (percent * 100.0).round() / 100.0, share.variant)
    };
    let shares: Vec<String> = rollout.shares.iter().map(share).collect();
    format!("{}{}", shares.join(", "), by(&rollout.by))
}

/// A ramp in words: "on instead of off: 5% for 10m, 50% until approved, 100%; guarded by storefront-home".
#[must_use]
pub fn ramp_in_words(ramp: &Ramp) -> String {
    let last = ramp.steps.len().saturating_sub(1);
    let step = |(at, step): (usize, &crate::Step)| match step.hold {
        _ if at == last => percent(step.basis_points),
        Hold::For(time) => format!("{} for {time:#}", percent(step.basis_points)),
        Hold::Approval => format!("{} until approved", percent(step.basis_points)),
        Hold::Samples(samples) => format!("{} for {samples} evaluations", percent(step.basis_points)),
    };
    let steps: Vec<String> = ramp.steps.iter().enumerate().map(step).collect();
    let start = ramp.start.map(|start| format!(", from {start}")).unwrap_or_default();
    let guards: Vec<&str> = ramp.guards.iter().map(EntityRef::short).collect();
    let guarded = match (guards.is_empty(), ramp.on_failure) {
        (true, _) => String::new(),
        (false, OnFailure::RollBack) => format!("; rolls back if {} fails", guards.join(" or ")),
        (false, OnFailure::Pause) => format!("; pauses if {} fails", guards.join(" or ")),
    };
    format!("{} instead of {}: {}{}{start}{guarded}", ramp.variant, ramp.from, steps.join(", "), by(&ramp.by))
}

fn by(attribute: &str) -> String {
    if attribute == TARGETING_KEY { String::new() } else { format!(", by {attribute}") }
}

/// What has been found out.
#[derive(Default)]
struct Said(Vec<String>);

/// A longer value is cut: the whole of it is in the definition.
const VALUE_CHARS_MAX: usize = 300;

impl Said {
    fn say(&mut self, sentence: String) {
        self.0.push(sentence);
    }

    fn changed<T: PartialEq + Serialize>(&mut self, what: &str, before: &T, after: &T) {
        if before == after {
            return;
        }
        let (before, after) = (shown(before), shown(after));
        self.say(match (before, after) {
            (None, Some(after)) => format!("{what}: {after}"),
            (Some(before), None) => format!("{what}: no longer {before}"),
            (Some(before), Some(after)) => format!("{what}: {after} instead of {before}"),
            (None, None) => return,
        });
    }

    fn listed<T: PartialEq>(&mut self, what: &str, before: &[T], after: &[T], word: impl Fn(&T) -> String) {
        if before == after {
            return;
        }
        let words = |items: &mut dyn Iterator<Item = &T>| items.map(&word).collect::<Vec<_>>().join(", ");
        let new = words(&mut after.iter().filter(|item| !before.contains(item)));
        let gone = words(&mut before.iter().filter(|item| !after.contains(item)));
        match (new.is_empty(), gone.is_empty()) {
            (true, true) => self.say(format!("{what}: in another order")),
            (false, true) => self.say(format!("{what}: also {}", cut(new))),
            (true, false) => self.say(format!("{what}: no longer {}", cut(gone))),
            (false, false) => self.say(format!("{what}: {}, no longer {}", cut(new), cut(gone))),
        }
    }

    fn reworded<T: PartialEq>(
        &mut self,
        what: &str,
        before: Option<&T>,
        after: Option<&T>,
        words: impl Fn(&T) -> String,
    ) {
        if before == after {
            return;
        }
        self.changed(what, &before.map(&words), &after.map(&words));
    }
}

/// A value in words; nothing for one that says nothing.
fn shown(value: &impl Serialize) -> Option<String> {
    let text = match serde_json::to_value(value).unwrap_or_default() {
        Value::Null => return None,
        Value::String(text) if text.is_empty() => return None,
        Value::Array(items) if items.is_empty() => return None,
        Value::Object(fields) if fields.is_empty() => return None,
        Value::String(text) => text,
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    };
    Some(cut(text))
}

fn cut(text: String) -> String {
    if text.chars().count() <= VALUE_CHARS_MAX {
        return text;
    }
    text.chars().take(VALUE_CHARS_MAX).chain(['…']).collect()
}
