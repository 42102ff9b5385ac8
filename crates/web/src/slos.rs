//! Service level objectives: what is kept of them in memory, and their screens.

pub mod keeper;
pub mod list;
pub mod show;
pub(crate) mod standing;

/// How an SLO stands, in a word.
pub(crate) fn standing_word(look: &Result<keeper::Look, String>, held: &slo::Held) -> String {
    standing::state_of(look, held).word
}
