//! References that lead nowhere.

use kernel::EntityRef;

use crate::{Flag, State};

/// A flag that names what is not there: a flag that it requires, which is never met then, or a segment, in which nobody
/// is then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dangling {
    /// Which.
    pub flag: EntityRef,
    /// Who keeps it.
    pub owner: Option<EntityRef>,
    /// What it names.
    pub missing: EntityRef,
}

/// The flags that name what is not there, by name; each once for all that it misses, flags before segments.
///
/// Declarations may come in any order, and what they name may go later; so this is no error, but somebody should know.
#[must_use]
pub fn dangling(state: &State) -> Vec<Dangling> {
    state.flags().flat_map(|flag| missing(state, flag)).collect()
}

fn missing(state: &State, flag: &Flag) -> Vec<Dangling> {
    let definition = &flag.definition;
    let required = definition.requires.iter().map(|requirement| &requirement.flag);
    let mut flags: Vec<EntityRef> = required.filter(|it| state.flag(it).is_none()).cloned().collect();
    flags.sort();
    flags.dedup();
    let segments = definition.segments().into_iter().filter(|segment| state.segment(segment).is_none());
    let (name, owner) = (&definition.flag, &definition.owner);
    flags
        .into_iter()
        .chain(segments)
        .map(|missing| Dangling { flag: name.clone(), owner: owner.clone(), missing })
        .collect()
}
