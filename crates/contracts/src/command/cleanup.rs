//! Old versions are removed, and nothing that anybody still needs.

use kernel::{Refusal, codes};
use serde::{Deserialize, Serialize};

use super::{draft::Draft, not_found};
use crate::{Event, Latest, PacticipantKey, State, VersionKey, state::Moment};

/// Versions that one command removes at most.
pub const BATCH_MAX: u32 = 500;
/// The longest time that is meant, in days.
const DAYS_MAX: u32 = 36_500;

/// Which versions are old enough to go, and which stay all the same.
///
/// These always stay: what is deployed or released somewhere; the head of a branch or a tag; a pacticipant's newest version,
/// its newest pact with each provider, and its newest definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleanup {
    /// Younger ones stay.
    pub keep_days: u32,
    /// All versions on the main branch stay.
    pub keep_main: bool,
    /// What was ever deployed or released stays.
    pub keep_deployed: bool,
    /// Only this pacticipant's.
    pub pacticipant: Option<String>,
    /// How many are removed at once, from 1 to [`BATCH_MAX`]; the oldest first.
    pub at_most: u32,
}

/// What a cleanup does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CleanupPlan {
    /// What is removed now, the oldest first.
    pub remove: Vec<VersionKey>,
    /// How many could be removed after these.
    pub left: usize,
    /// What stays, by why.
    pub kept: Kept,
}

/// How many versions stay, and why: the first reason counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// They are young.
    pub young: usize,
    /// They are somewhere, or they were and that was asked for.
    pub deployed: usize,
    /// They are the head of a branch or a tag.
    pub heads: usize,
    /// They are the newest, or have the newest pact or definition.
    pub newest: usize,
    /// They are on the main branch, and that was asked for.
    pub main: usize,
}

impl Cleanup {
    /// What it does.
    ///
    /// # Errors
    /// If a number is out of bounds, or the pacticipant is not known.
    pub fn plan(&self, state: &State, now: kernel::Timestamp) -> Result<CleanupPlan, Refusal> {
        if self.keep_days > DAYS_MAX {
            return Err(Refusal::new(&codes::INVALID, format!("is at most {DAYS_MAX}")).field("keep_days"));
        }
        if !(1..=BATCH_MAX).contains(&self.at_most) {
            return Err(Refusal::new(&codes::INVALID, format!("is from 1 to {BATCH_MAX}")).field("at_most"));
        }
        let span = jiff::SignedDuration::from_hours(24 * i64::from(self.keep_days));
        let before = Moment::from(now.saturating_sub(span).unwrap_or(crate::event::NEVER));
        let wanted: Vec<PacticipantKey> = match &self.pacticipant {
            Some(name) => vec![state.pacticipant_named(name).ok_or_else(|| not_found("pacticipant with name", name))?],
            None => state.pacticipants().map(|(key, _)| key).collect(),
        };
        let (mut old, mut kept) = (Vec::new(), Kept::default());
        for pacticipant in wanted {
            self.sort_out(state, pacticipant, before, (&mut old, &mut kept));
        }
        old.sort_unstable();
        let at_most = usize::try_from(self.at_most).unwrap_or(usize::MAX);
        let left = old.len().saturating_sub(at_most);
        old.truncate(at_most);
        Ok(CleanupPlan { remove: old, left, kept })
    }

    fn sort_out(
        &self,
        state: &State,
        pacticipant: PacticipantKey,
        before: Moment,
        (old, kept): (&mut Vec<VersionKey>, &mut Kept),
    ) {
        let main = state.pacticipant(pacticipant).and_then(|known| known.details.main_branch.clone());
        let newest = newest(state, pacticipant);
        for key in state.versions_of(pacticipant) {
            let Some(version) = state.version(key) else { continue };
            let is_main = main.as_deref().is_some_and(|main| version.is_on(main));
            if version.created >= before {
                kept.young += 1;
            } else if state.placements_of(key).any(|placed| self.keep_deployed || placed.until.is_none()) {
                kept.deployed += 1;
            } else if version.branches.iter().any(|on| state.is_branch_head(key, &on.branch))
                || version.tags.iter().any(|(tag, _)| state.is_tag_head(key, tag))
            {
                kept.heads += 1;
            } else if newest.contains(&key) {
                kept.newest += 1;
            } else if self.keep_main && is_main {
                kept.main += 1;
            } else {
                old.push(key);
            }
        }
    }
}

/// The newest version, those with the newest pact with each provider, and the one with the newest definition.
fn newest(state: &State, pacticipant: PacticipantKey) -> Vec<VersionKey> {
    let pacts = state.providers_of(pacticipant).filter_map(|provider| {
        let pact = state.latest_pact(pacticipant, provider, Latest::Overall)?;
        state.publication(pact).map(|pact| pact.version)
    });
    let ends = [state.versions_of(pacticipant).next_back(), state.defined_versions(pacticipant).next_back()];
    ends.into_iter().flatten().chain(pacts).collect()
}

pub(super) fn clean_up(draft: &mut Draft<'_>, cleanup: &Cleanup) -> Result<(), Refusal> {
    let plan = cleanup.plan(&draft.state, draft.context.now)?;
    for key in plan.remove {
        let Some(version) = draft.state.version(key) else { continue };
        let number = version.number.to_string();
        let Some(pacticipant) = draft.state.pacticipant(version.pacticipant).map(crate::Pacticipant::party) else {
            continue;
        };
        draft.push(Event::VersionRemoved { pacticipant, version: number });
    }
    Ok(())
}
