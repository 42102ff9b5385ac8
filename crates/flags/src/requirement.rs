//! Prerequisites: flags that must serve a certain variant. Chains are allowed, circles are not.

use std::collections::{BTreeSet, HashMap, VecDeque};

use flagd::Bucketing;
use kernel::{EntityRef, Refusal, closest, codes};

use crate::{Definition, Origin, Requirement, State, command::existing, shared};

/// How many flags may have to be evaluated for one, counted once for each way that leads to them.
const EVALUATED_MAX: usize = 100;

/// How long a chain of prerequisites may be: each is put into the rule of the one before, and rules have a depth.
const CHAIN_MAX: usize = 8;

/// Refuses prerequisites that can't be evaluated.
///
/// A declared flag may require what does not exist, since files are applied one after the other; until it exists, it is
/// not met.
pub(crate) fn check(state: &State, definition: &Definition) -> Result<(), Refusal> {
    for requirement in &definition.requires {
        match state.flag(&requirement.flag) {
            Some(required) => check_one(definition, requirement, &required.definition)?,
            None if definition.origin == Origin::ByHand => {
                existing(state, &requirement.flag)?;
            }
            None => {}
        }
    }
    if let Some(circle) = circle(&definition.flag, |flag| requires(state, flag, definition)) {
        return Err(Refusal::new(&codes::INVALID, circle).field("/spec/requires"));
    }
    let concerned = std::iter::once(definition.flag.clone()).chain(all_dependants(state, &definition.flag));
    for flag in concerned {
        if evaluated(state, &flag, definition, EVALUATED_MAX) > EVALUATED_MAX {
            let detail = format!("flag {} would require more than {EVALUATED_MAX} others on all ways", flag.short());
            return Err(Refusal::new(&codes::INVALID, detail).field("/spec/requires"));
        }
        if chain(state, &flag, definition) > CHAIN_MAX {
            let detail =
                format!("flag {} would be at the end of a chain of more than {CHAIN_MAX} others", flag.short());
            return Err(Refusal::new(&codes::INVALID, detail).field("/spec/requires"));
        }
    }
    check_dependants(state, definition)
}

fn check_one(definition: &Definition, requirement: &Requirement, required: &Definition) -> Result<(), Refusal> {
    let name = required.key();
    if required.bucketing != definition.bucketing {
        let detail = format!("flag {name} puts users into other buckets than {}", definition.key());
        return Err(Refusal::new(&codes::INVALID, detail).field("/spec/requires").fix("give both the same bucketing"));
    }
    let mut rules = required.rules();
    if required.bucketing == Bucketing::V3 && rules.any(shared::has_shorthand) {
        let detail = format!("flag {name} has shares without a bucketing value, which bucketing v3 can't share");
        let fix = "write the value into its rule, such as {\"var\": \"targetingKey\"}";
        return Err(Refusal::new(&codes::INVALID, detail).field("/spec/requires").fix(fix));
    }
    let Some(variant) = requirement.variant.as_deref().filter(|variant| !required.variants.contains_key(*variant))
    else {
        return Ok(());
    };
    let detail = format!("flag {name} has no variant {variant}");
    let refusal = Refusal::new(&codes::INVALID, detail).field("/spec/requires");
    Err(match closest(variant, required.variants.keys().map(String::as_str)) {
        Some(near) => refusal.fix(format!("did you mean {near}?")),
        None => refusal,
    })
}

/// Refuses what would take from other flags what they require.
fn check_dependants(state: &State, definition: &Definition) -> Result<(), Refusal> {
    for dependant in state.dependants(&definition.flag).filter_map(|dependant| state.flag(dependant)) {
        let mut on_this = dependant.definition.requires.iter().filter(|it| it.flag == definition.flag);
        if let Some(refusal) = on_this.find_map(|it| check_one(&dependant.definition, it, definition).err()) {
            let detail = format!("flag {} requires this one, but {}", dependant.definition.key(), refusal.detail);
            return Err(Refusal { detail, code: &codes::CONFLICT, field: Some("/spec".to_owned()), ..refusal });
        }
    }
    Ok(())
}

/// The flags, of those that are declared together, that require each other in a circle, each with what is wrong in words.
#[must_use]
pub fn circles(declared: &[Definition]) -> Vec<(EntityRef, String)> {
    let by_name: HashMap<&EntityRef, &Definition> = declared.iter().map(|it| (&it.flag, it)).collect();
    let requires = |flag: &EntityRef| by_name.get(flag).map_or(&[][..], |definition| &definition.requires);
    declared.iter().filter_map(|it| Some((it.flag.clone(), circle(&it.flag, requires)?))).collect()
}

/// The way from the flag back to itself, in words, if there is one.
fn circle<'a>(target: &EntityRef, requires: impl Fn(&EntityRef) -> &'a [Requirement]) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut ways: VecDeque<Vec<EntityRef>> = VecDeque::from([vec![target.clone()]]);
    while let Some(way) = ways.pop_front() {
        for required in requires(way.last()?) {
            let mut longer = way.clone();
            longer.push(required.flag.clone());
            if required.flag == *target {
                let chain: Vec<&str> = longer.iter().map(EntityRef::short).collect();
                return Some(format!("the flags require each other in a circle: {}", chain.join(" → ")));
            }
            if seen.insert(&required.flag) {
                ways.push_back(longer);
            }
        }
    }
    None
}

/// What a flag requires, once `changed` is defined.
fn requires<'a>(state: &'a State, flag: &EntityRef, changed: &'a Definition) -> &'a [Requirement] {
    if *flag == changed.flag {
        return &changed.requires;
    }
    state.flag(flag).map_or(&[], |flag| &flag.definition.requires)
}

/// How many flags must be evaluated for this one; stops counting above `max`. There is no circle.
fn evaluated(state: &State, flag: &EntityRef, changed: &Definition, max: usize) -> usize {
    let mut total = 0;
    for required in requires(state, flag, changed) {
        if total > max {
            break;
        }
        total += 1 + evaluated(state, &required.flag, changed, max - total.min(max));
    }
    total
}

/// The length of the longest chain of what this flag requires. There is no circle.
fn chain(state: &State, flag: &EntityRef, changed: &Definition) -> usize {
    let required = requires(state, flag, changed).iter();
    required.map(|required| 1 + chain(state, &required.flag, changed)).max().unwrap_or(0)
}

/// The flags that require this one, directly or through others.
pub(crate) fn all_dependants(state: &State, flag: &EntityRef) -> BTreeSet<EntityRef> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![flag.clone()];
    while let Some(next) = waiting.pop() {
        for dependant in state.dependants(&next) {
            if found.insert(dependant.clone()) {
                waiting.push(dependant.clone());
            }
        }
    }
    found
}
