//! What a client gets, without anything compiled beforehand: for tests, explanations and the simulation. What serves
//! clients keeps compiled sets of what [`lower`](crate::lower()) makes.

use flagd::{Answer, Context, Evaluators, Explanation, Failure};
use kernel::{EntityRef, Timestamp};
use serde_json::Map;

use crate::{State, lower, references, shared};

/// Evaluates a flag in an environment; nothing if there is no such flag.
#[must_use]
pub fn evaluate(
    state: &State,
    flag: &EntityRef,
    environment: &str,
    context: &Context,
    now: Timestamp,
) -> Option<Result<Answer, Failure>> {
    let compiled = compile(state, flag, environment, now)?;
    let answer = compiled.evaluate(context).map(|resolution| Answer {
        variant: resolution.variant.map(str::to_owned),
        value: resolution.value.cloned(),
        reason: resolution.reason,
    });
    Some(answer)
}

/// Why a client gets what it gets; nothing if there is no such flag.
#[must_use]
pub fn explain(
    state: &State,
    flag: &EntityRef,
    environment: &str,
    context: &Context,
    now: Timestamp,
) -> Option<Explanation> {
    Some(compile(state, flag, environment, now)?.explain(context))
}

fn compile(state: &State, flag: &EntityRef, environment: &str, now: Timestamp) -> Option<flagd::Flag> {
    let flag = state.flag(flag)?;
    let lowered = lower::lower_flag(state, flag, environment, now);
    let mut named = Map::new();
    references::visit(&lowered, &mut |name| {
        named.extend(shared::inlined(state, name, environment, now).map(|rule| (name.to_owned(), rule)));
    });
    let definition = &flag.definition;
    Some(flagd::Flag::compile(definition.key(), &lowered, &Evaluators::new(&named), definition.bucketing))
}
