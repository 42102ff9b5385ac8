//! A share of users that grows by a schedule.

use jiff::SignedDuration;
use kernel::{EntityRef, Timestamp};
use serde::{Deserialize, Serialize};

/// A growing share of those whom no rule matches gets a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ramp {
    /// What the growing share gets.
    pub variant: String,
    /// What the others get.
    pub from: String,
    /// The attribute of the context that decides who is in the share; who has none gets `from`.
    pub by: String,
    /// When the first step begins; none, or passed: when the ramp was defined or the flag turned on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// The steps, each with a larger share than the one before. The last one stays.
    pub steps: Vec<Step>,
    /// The checks that must not fail meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<EntityRef>,
    /// What happens if one of them fails.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// One step of a ramp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The share, in hundredths of a percent.
    pub basis_points: u16,
    /// What must come before the next step. In the last one, a time says how long the guards go on watching.
    pub hold: Hold,
}

/// What must come before the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Time.
    For(SignedDuration),
    /// Somebody's word.
    Approval,
    /// This many evaluations since the step began.
    Samples(u64),
}

/// What happens if a guard fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Everybody gets what they had before.
    #[default]
    RollBack,
    /// The share stays as it is until somebody resumes.
    Pause,
}

/// How long guards go on watching the last step, if it does not say: checks need a while to notice.
const WATCHED: SignedDuration = SignedDuration::from_hours(1);

impl Ramp {
    /// How long the guards go on watching when the last step is reached.
    #[must_use]
    pub fn watched(&self) -> SignedDuration {
        match self.steps.last().map(|step| step.hold) {
            Some(Hold::For(time)) if time > SignedDuration::ZERO => time,
            Some(Hold::For(_) | Hold::Approval | Hold::Samples(_)) | None => WATCHED,
        }
    }

    /// True if another definition of it moves no user.
    pub(crate) fn has_schedule_of(&self, other: &Self) -> bool {
        self.has_variants_of(other) && self.start == other.start && self.steps == other.steps
    }

    /// True if another definition of it gives the same users the same variants at the same share.
    pub(crate) fn has_variants_of(&self, other: &Self) -> bool {
        self.variant == other.variant && self.from == other.from && self.by == other.by
    }
}

impl Step {
    /// All users.
    pub const WHOLE: u16 = 10_000;

    /// The share in percent.
    #[must_use]
    pub fn percent(&self) -> f64 {
        f64::from(self.basis_points) / 100.0
    }
}
