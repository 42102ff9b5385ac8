//! How many people must agree to a change.

use kernel::{EntityRef, Refusal, codes};

use crate::{Change, Origin, Setting, State};

/// How many people other than its author must agree to a change. Turning a flag off needs nobody: it is the kill
/// switch. A declaration was agreed to where its file is kept.
#[must_use]
pub fn needed(state: &State, change: &Change) -> u8 {
    match change {
        Change::Turn { on: false, .. } => 0,
        Change::Turn { flag, environment, on: true } => state
            .flag(flag)
            .and_then(|flag| flag.definition.setting(environment))
            .map_or(0, |setting| setting.approvals),
        Change::Define { definition } => {
            let before = state.flag(&definition.flag).map(|flag| flag.definition.as_ref());
            match (before, definition.origin) {
                (Some(before), Origin::ByHand) => {
                    let altered = before.altered_environments(definition);
                    most(altered.iter().filter_map(|name| before.setting(name)))
                }
                (None, _) | (Some(_), Origin::Declared) => 0,
            }
        }
        Change::Remove { flag } => state
            .flag(flag)
            .filter(|flag| flag.definition.origin == Origin::ByHand)
            .map_or(0, |flag| most(flag.definition.environments.values())),
        Change::DefineSegment { segment } if segment.origin == Origin::Declared => 0,
        Change::DefineSegment { segment } => of_users(state, &segment.segment),
        Change::RemoveSegment { segment } => match state.segment(segment).map(|known| known.origin) {
            Some(Origin::ByHand) => of_users(state, segment),
            Some(Origin::Declared) | None => 0,
        },
    }
}

/// Refuses a change that needs somebody's approval.
pub(crate) fn refuse_unapproved(state: &State, change: &Change) -> Result<(), Refusal> {
    let needed = needed(state, change);
    if needed == 0 {
        return Ok(());
    }
    let people = if needed == 1 { "somebody else".to_owned() } else { format!("{needed} other people") };
    let detail = format!("{people} must agree before you {}", change.words());
    Err(Refusal::new(&codes::NEEDS_APPROVAL, detail).fix(
        "ask for the change with `mainstay flag request`; in an emergency, repeat it with `--emergency` and a reason",
    ))
}

fn of_users(state: &State, segment: &EntityRef) -> u8 {
    most(state.users_of(segment).flat_map(|flag| flag.definition.environments.values()))
}

fn most<'a>(settings: impl IntoIterator<Item = &'a Setting>) -> u8 {
    settings.into_iter().map(|setting| setting.approvals).max().unwrap_or(0)
}
