//! What an event means for what stands on checks: incidents, ramps, pages.

use jiff::Timestamp;
use kernel::EntityRef;

use super::Event;
use crate::Evidence;

/// What an event means for whoever depends on its check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearing<'a> {
    /// The path is broken.
    Fails {
        /// The check.
        check: &'a EntityRef,
        /// What it is about.
        path: &'a [EntityRef],
        /// Since when.
        since: Timestamp,
        /// The last good run before that, if one is known.
        last_good: Option<Timestamp>,
        /// What was seen.
        evidence: &'a Evidence,
    },
    /// The path works, but slowly.
    Slows {
        /// The check.
        check: &'a EntityRef,
    },
    /// The path works, or isn't checked any more.
    Works {
        /// The check.
        check: &'a EntityRef,
    },
    /// What a probe sees is unknown.
    ProbeLost {
        /// The probe.
        probe: &'a EntityRef,
        /// Where it stands.
        location: &'a str,
        /// When it was last heard.
        last: Timestamp,
    },
    /// A probe that was lost is back, or is not missed any more.
    ProbeFound {
        /// The probe.
        probe: &'a EntityRef,
    },
    /// Nothing.
    Nothing,
}

impl Event {
    /// What the event means for whoever depends on its check.
    #[must_use]
    pub fn bearing(&self) -> Bearing<'_> {
        match self {
            Self::WentDown { check, path, since, last_good, evidence, .. } => {
                Bearing::Fails { check, path, since: *since, last_good: *last_good, evidence }
            }
            Self::Degraded { check, .. } => Bearing::Slows { check },
            // A check that only got slow matters too: it may have stopped a ramp.
            Self::Recovered { check, .. }
            | Self::Restored { check, .. }
            | Self::CameUp { check, .. }
            | Self::Removed { check, .. } => Bearing::Works { check },
            Self::ProbeFellSilent { probe, location, last } => Bearing::ProbeLost { probe, location, last: *last },
            Self::ProbeCameBack { probe, .. } | Self::ProbeRetired { probe, .. } => Bearing::ProbeFound { probe },
            Self::Defined { .. }
            | Self::Paused { .. }
            | Self::Resumed { .. }
            | Self::Faltered { .. }
            | Self::Steadied { .. }
            | Self::LocationFailed { .. }
            | Self::LocationSlowed { .. }
            | Self::LocationRecovered { .. }
            | Self::LocationUnable { .. }
            | Self::LocationAble { .. }
            | Self::FellSilent { .. }
            | Self::Beat { .. }
            | Self::BeatAddressRenewed { .. }
            | Self::MaintenanceSet { .. }
            | Self::MaintenanceEnded { .. }
            | Self::ProbeJoined { .. } => Bearing::Nothing,
        }
    }
}
