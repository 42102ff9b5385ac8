//! The facts: the transitions of verdicts. Single results are samples.

use jiff::Timestamp;
use kernel::EntityRef;
use serde::{Deserialize, Serialize};

use crate::{CheckDefinition, Evidence};

/// Something that happened to a check. `path` is always the critical path: the target first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A check was defined, or its definition was changed.
    Defined {
        /// What it is from now on.
        definition: CheckDefinition,
    },
    /// A check was removed.
    Removed {
        /// The check.
        check: EntityRef,
        /// What it was about.
        path: Vec<EntityRef>,
    },
    /// Somebody told a check to stop judging.
    Paused {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
    },
    /// Somebody told it to go on.
    Resumed {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
    },
    /// A check of which nothing was known gave its first good result.
    CameUp {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// Where the result comes from.
        location: String,
        /// When the run began.
        at: Timestamp,
    },
    /// A run failed, and that isn't confirmed yet.
    Faltered {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// Where the run failed.
        location: String,
        /// When it began.
        since: Timestamp,
        /// What it saw.
        evidence: Evidence,
    },
    /// The next run was good: nothing more came of a falter.
    Steadied {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// Where both runs were.
        location: String,
        /// When the failing run began.
        faltered: Timestamp,
    },
    /// Enough runs in a row failed: the path is broken.
    WentDown {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// Where the runs failed.
        location: String,
        /// When the first of them began.
        since: Timestamp,
        /// The last run before them that did not fail, if one is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_good: Option<Timestamp>,
        /// What the confirming run saw.
        evidence: Evidence,
    },
    /// Enough runs in a row were slow: the path works, but not well.
    Degraded {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// Where the runs were slow.
        location: String,
        /// When the first of them began.
        since: Timestamp,
        /// What the last of them saw.
        evidence: Evidence,
    },
    /// Enough runs in a row were fast again.
    Restored {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// Where.
        location: String,
        /// When the first slow run began.
        degraded_since: Timestamp,
        /// When the first fast run began.
        at: Timestamp,
    },
    /// Enough runs in a row did not fail: the path works again.
    Recovered {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// Where.
        location: String,
        /// When the first failing run began.
        down_since: Timestamp,
        /// When the first good run began: the end of the outage.
        at: Timestamp,
    },
    /// No result came for so long that nothing can be said any more.
    FellSilent {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// The last result, if one is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<Timestamp>,
    },
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Defined { .. } => "checks.defined",
            Self::Removed { .. } => "checks.removed",
            Self::Paused { .. } => "checks.paused",
            Self::Resumed { .. } => "checks.resumed",
            Self::CameUp { .. } => "checks.came_up",
            Self::Faltered { .. } => "checks.faltered",
            Self::Steadied { .. } => "checks.steadied",
            Self::WentDown { .. } => "checks.went_down",
            Self::Degraded { .. } => "checks.degraded",
            Self::Restored { .. } => "checks.restored",
            Self::Recovered { .. } => "checks.recovered",
            Self::FellSilent { .. } => "checks.fell_silent",
        }
    }

    /// The check that the event is about.
    #[must_use]
    pub fn check(&self) -> &EntityRef {
        match self {
            Self::Defined { definition } => &definition.check,
            Self::Removed { check, .. }
            | Self::Paused { check, .. }
            | Self::Resumed { check, .. }
            | Self::CameUp { check, .. }
            | Self::Faltered { check, .. }
            | Self::Steadied { check, .. }
            | Self::WentDown { check, .. }
            | Self::Degraded { check, .. }
            | Self::Restored { check, .. }
            | Self::Recovered { check, .. }
            | Self::FellSilent { check, .. } => check,
        }
    }

    /// The critical path, the target first.
    #[must_use]
    pub fn path(&self) -> Vec<EntityRef> {
        match self {
            Self::Defined { definition } => definition.critical_path(),
            Self::Removed { path, .. }
            | Self::Paused { path, .. }
            | Self::Resumed { path, .. }
            | Self::CameUp { path, .. }
            | Self::Faltered { path, .. }
            | Self::Steadied { path, .. }
            | Self::WentDown { path, .. }
            | Self::Degraded { path, .. }
            | Self::Restored { path, .. }
            | Self::Recovered { path, .. }
            | Self::FellSilent { path, .. } => path.clone(),
        }
    }

    /// What the event is about: the check, then its critical path.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        let mut subjects = vec![self.check().clone()];
        subjects.append(&mut self.path());
        subjects
    }

    /// One plain sentence without the actor.
    #[must_use]
    pub fn summary(&self) -> String {
        let check = self.check().short();
        match self {
            Self::Defined { definition } => format!("defined check {check}: {}", definition.request()),
            Self::Removed { .. } => format!("removed check {check}"),
            Self::Paused { .. } => format!("paused check {check}"),
            Self::Resumed { .. } => format!("resumed check {check}"),
            Self::CameUp { location, .. } => format!("check {check} is up, seen from {location}"),
            Self::Faltered { location, evidence, .. } => {
                format!("check {check} faltered at {location}: {}", evidence.error)
            }
            Self::Steadied { location, .. } => {
                format!("check {check} is steady again at {location}: the failure passed")
            }
            Self::WentDown { evidence, .. } => format!("check {check} went down: {}", evidence.error),
            Self::Degraded { evidence, .. } => format!("check {check} degraded: {}", evidence.error),
            Self::Restored { .. } => format!("check {check} is fast again"),
            Self::Recovered { .. } => format!("check {check} recovered"),
            Self::FellSilent { .. } => format!("check {check} fell silent: its state is unknown"),
        }
    }
}
