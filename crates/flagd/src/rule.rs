//! A targeting rule, made ready to be evaluated.

use std::{cell::RefCell, sync::OnceLock};

use datalogic_rs::{DataValue, Logic, bumpalo::Bump};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Bucketing, Context, Evaluators, Flag, Problem,
    operator::ENGINE,
    place::Place,
    prepare::{self, Purpose},
};

/// The rule of a flag. It is checked at once, but compiled when it is first asked: of ten thousand flags that arrive
/// together, most wait long for their first question.
pub(crate) struct Rule {
    pub(crate) evaluators: Evaluators,
    pub(crate) bucketing: Bucketing,
    pub(crate) depends_on_time: bool,
    logic: OnceLock<Result<Logic, String>>,
}

impl Rule {
    /// Nothing if the flag has no rule, or what it has is none.
    pub(crate) fn check(targeting: Option<&Value>, purpose: Purpose<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let targeting = match targeting? {
            Value::Null => return None,
            Value::Object(rule) if rule.is_empty() => return None,
            rule @ Value::Object(_) => rule,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                problems.push(Problem::error("/targeting", "targeting is a rule, that is an object with one operator"));
                return None;
            }
        };
        let checked = prepare::check(targeting, &Place::new("targeting"), purpose);
        problems.extend(checked.problems);
        Some(Self {
            evaluators: purpose.evaluators.clone(),
            bucketing: purpose.bucketing,
            depends_on_time: checked.depends_on_time,
            logic: OnceLock::new(),
        })
    }

    /// Evaluates the rule, which is that of the flag, and hands what it gave to `read`.
    pub(crate) fn evaluate<T>(
        &self,
        flag: &Flag,
        context: &Context,
        read: impl FnOnce(&DataValue<'_>) -> T,
    ) -> Result<T, String> {
        let logic = self.logic.get_or_init(|| {
            // Not by way of `Flag::definition`, which would keep it.
            let definition: Definition = serde_json::from_str(flag.json()).map_err(|error| error.to_string())?;
            compile(&definition.targeting, self.purpose(flag.key()))
        });
        evaluate(logic.as_ref().map_err(String::clone)?, context, read)
    }

    pub(crate) fn purpose<'r>(&'r self, flag: &'r str) -> Purpose<'r> {
        Purpose { flag, evaluators: &self.evaluators, bucketing: self.bucketing, variants: None }
    }
}

/// What a rule is made of.
#[derive(Deserialize)]
struct Definition {
    targeting: Value,
}

/// Compiles a rule that has been checked.
pub(crate) fn compile(rule: &Value, purpose: Purpose<'_>) -> Result<Logic, String> {
    ENGINE.compile(prepare::prepare(rule, purpose)).map_err(|error| error.to_string())
}

/// Evaluates a rule, and hands what it gave to `read`.
pub(crate) fn evaluate<T>(
    logic: &Logic,
    context: &Context,
    read: impl FnOnce(&DataValue<'_>) -> T,
) -> Result<T, String> {
    ARENA.with_borrow_mut(|arena| {
        let value = ENGINE.evaluate(logic, context.data(), arena);
        let read = value.map(read).map_err(|error| error.to_string());
        if arena.allocated_bytes() > ARENA_KEPT_BYTES {
            *arena = Bump::new();
        } else {
            arena.reset();
        }
        read
    })
}

/// A thread keeps no more memory than this between two evaluations.
const ARENA_KEPT_BYTES: usize = 1 << 20;

thread_local! {
    static ARENA: RefCell<Bump> = RefCell::new(Bump::with_capacity(4096));
}
