//! A targeting rule, made ready to be evaluated.

use std::cell::RefCell;

use datalogic_rs::{DataValue, Logic, bumpalo::Bump, datavalue::OwnedDataValue};

use crate::{Context, operator::ENGINE};

/// A compiled rule.
pub(crate) struct Rule(Logic);

impl Rule {
    pub(crate) fn compile(prepared: OwnedDataValue) -> Result<Self, String> {
        ENGINE.compile(prepared).map(Self).map_err(|error| error.to_string())
    }

    /// Evaluates the rule, and hands what it gave to `read`.
    pub(crate) fn evaluate<T>(&self, context: &Context, read: impl FnOnce(&DataValue<'_>) -> T) -> Result<T, String> {
        ARENA.with_borrow_mut(|arena| {
            let value = ENGINE.evaluate(&self.0, context.data(), arena);
            let read = value.map(read).map_err(|error| error.to_string());
            if arena.allocated_bytes() > ARENA_KEPT_BYTES {
                *arena = Bump::new();
            } else {
                arena.reset();
            }
            read
        })
    }
}

/// A thread keeps no more memory than this between two evaluations.
const ARENA_KEPT_BYTES: usize = 1 << 20;

thread_local! {
    static ARENA: RefCell<Bump> = RefCell::new(Bump::with_capacity(4096));
}
