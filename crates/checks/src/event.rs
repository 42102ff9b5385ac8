//! The facts: the transitions of verdicts. Single results are samples.

mod bearing;

use jiff::Timestamp;
use kernel::{EntityRef, EventId};
use serde::{Deserialize, Serialize};

pub use bearing::Bearing;

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
        /// The other locations that see the same.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        agreeing: Vec<String>,
    },
    /// Enough runs in a row failed at one location, but not enough locations agree that the path is broken.
    LocationFailed {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// Where the runs failed.
        location: String,
        /// When the first of them began.
        since: Timestamp,
        /// The last run there before them that did not fail, if one is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_good: Option<Timestamp>,
        /// What the confirming run saw.
        evidence: Evidence,
    },
    /// Enough runs in a row were slow at one location alone.
    LocationSlowed {
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
    /// It works well again at one location. That changes no verdict.
    LocationRecovered {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// Where.
        location: String,
        /// When the first bad run began.
        since: Timestamp,
        /// When the first good run began.
        at: Timestamp,
    },
    /// A probe can't run the check where it stands: what is checked is unknown from there, and its operator is to act.
    LocationUnable {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// Where the probe stands.
        location: String,
        /// Why, and what can be done about it.
        why: String,
    },
    /// A probe that could not run the check can.
    LocationAble {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// Where the probe stands.
        location: String,
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
    /// A job reported.
    Beat {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
        /// What it said.
        signal: Signal,
        /// When, by the server's clock.
        at: Timestamp,
    },
    /// The secret address that a job reports at was made anew; the one before is worth nothing from then on. The new one
    /// is made of this event's id.
    BeatAddressRenewed {
        /// The check.
        check: EntityRef,
        /// What it is about.
        path: Vec<EntityRef>,
    },
    /// A check isn't to be judged for a while. The maintenance is known by this event's id.
    MaintenanceSet {
        /// A check, or the entity whose checks are meant.
        of: EntityRef,
        /// From then on.
        from: Timestamp,
        /// Until then.
        to: Timestamp,
    },
    /// A maintenance was ended or called off.
    MaintenanceEnded {
        /// What it was of.
        of: EntityRef,
        /// The maintenance, by the event that set it.
        id: EventId,
    },
    /// A probe reported for the first time.
    ProbeJoined {
        /// The probe, such as `probe:default/eu-west`.
        probe: EntityRef,
        /// Where it stands.
        location: String,
    },
    /// Nothing was heard of a probe for so long that what it sees is unknown.
    ProbeFellSilent {
        /// The probe.
        probe: EntityRef,
        /// Where it stands.
        location: String,
        /// When it was last heard.
        last: Timestamp,
    },
    /// A silent probe reported again.
    ProbeCameBack {
        /// The probe.
        probe: EntityRef,
        /// Where it stands.
        location: String,
    },
    /// A probe was taken out of service: its location counts no more.
    ProbeRetired {
        /// The probe.
        probe: EntityRef,
        /// Where it stood.
        location: String,
    },
}

/// What a job says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "signal", rename_all = "snake_case")]
pub enum Signal {
    /// It begins.
    Started,
    /// It is done, and went well.
    Succeeded,
    /// It failed.
    Failed {
        /// Its exit code, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        /// The end of what it wrote.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        output: String,
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
            Self::LocationFailed { .. } => "checks.location_failed",
            Self::LocationSlowed { .. } => "checks.location_slowed",
            Self::LocationRecovered { .. } => "checks.location_recovered",
            Self::LocationUnable { .. } => "checks.location_unable",
            Self::LocationAble { .. } => "checks.location_able",
            Self::Beat { .. } => "checks.beat",
            Self::BeatAddressRenewed { .. } => "checks.beat_address_renewed",
            Self::MaintenanceSet { .. } => "checks.maintenance_set",
            Self::MaintenanceEnded { .. } => "checks.maintenance_ended",
            Self::ProbeJoined { .. } => "checks.probe_joined",
            Self::ProbeFellSilent { .. } => "checks.probe_fell_silent",
            Self::ProbeCameBack { .. } => "checks.probe_came_back",
            Self::ProbeRetired { .. } => "checks.probe_retired",
        }
    }

    /// What the event is about first: the check, or else the probe, or what is in maintenance.
    #[must_use]
    pub fn about(&self) -> &EntityRef {
        match self {
            Self::Defined { definition } => &definition.check,
            Self::Removed { check, .. }
            | Self::Paused { check, .. }
            | Self::Resumed { check, .. }
            | Self::CameUp { check, .. }
            | Self::Faltered { check, .. }
            | Self::Steadied { check, .. }
            | Self::WentDown { check, .. }
            | Self::LocationFailed { check, .. }
            | Self::LocationSlowed { check, .. }
            | Self::LocationRecovered { check, .. }
            | Self::LocationUnable { check, .. }
            | Self::LocationAble { check, .. }
            | Self::Degraded { check, .. }
            | Self::Restored { check, .. }
            | Self::Recovered { check, .. }
            | Self::FellSilent { check, .. }
            | Self::Beat { check, .. }
            | Self::BeatAddressRenewed { check, .. } => check,
            Self::MaintenanceSet { of, .. } | Self::MaintenanceEnded { of, .. } => of,
            Self::ProbeJoined { probe, .. }
            | Self::ProbeFellSilent { probe, .. }
            | Self::ProbeCameBack { probe, .. }
            | Self::ProbeRetired { probe, .. } => probe,
        }
    }

    /// The critical path, the target first; nothing for what is about no check.
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
            | Self::LocationFailed { path, .. }
            | Self::LocationSlowed { path, .. }
            | Self::LocationRecovered { path, .. }
            | Self::LocationUnable { path, .. }
            | Self::LocationAble { path, .. }
            | Self::Degraded { path, .. }
            | Self::Restored { path, .. }
            | Self::Recovered { path, .. }
            | Self::FellSilent { path, .. }
            | Self::Beat { path, .. }
            | Self::BeatAddressRenewed { path, .. } => path.clone(),
            Self::MaintenanceSet { .. }
            | Self::MaintenanceEnded { .. }
            | Self::ProbeJoined { .. }
            | Self::ProbeFellSilent { .. }
            | Self::ProbeCameBack { .. }
            | Self::ProbeRetired { .. } => Vec::new(),
        }
    }

    /// What the event is about: the check, then its critical path.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        let mut subjects = vec![self.about().clone()];
        subjects.append(&mut self.path());
        subjects
    }

    /// One plain sentence without the actor.
    #[must_use]
    pub fn summary(&self) -> String {
        let check = self.about().short();
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
            Self::WentDown { evidence, agreeing, .. } if agreeing.is_empty() => {
                format!("check {check} went down: {}", evidence.error)
            }
            Self::WentDown { location, evidence, agreeing, .. } => {
                format!("check {check} went down at {location} and {}: {}", agreeing.join(", "), evidence.error)
            }
            Self::LocationFailed { location, evidence, .. } => {
                format!("check {check} fails at {location}: {}", evidence.error)
            }
            Self::LocationSlowed { location, evidence, .. } => {
                format!("check {check} is slow at {location}: {}", evidence.error)
            }
            Self::LocationRecovered { location, .. } => format!("check {check} works again at {location}"),
            Self::LocationUnable { location, why, .. } => format!("check {check} can't be run at {location}: {why}"),
            Self::LocationAble { location, .. } => format!("check {check} can be run at {location} again"),
            Self::Degraded { evidence, .. } => format!("check {check} degraded: {}", evidence.error),
            Self::Restored { .. } => format!("check {check} is fast again"),
            Self::Recovered { .. } => format!("check {check} recovered"),
            Self::FellSilent { .. } => format!("check {check} fell silent: its state is unknown"),
            Self::Beat { signal: Signal::Started, .. } => format!("{check} reported that it began"),
            Self::Beat { signal: Signal::Succeeded, .. } => format!("{check} reported success"),
            Self::Beat { signal: Signal::Failed { exit: Some(exit), .. }, .. } => {
                format!("{check} reported that it failed with exit code {exit}")
            }
            Self::Beat { signal: Signal::Failed { exit: None, .. }, .. } => format!("{check} reported that it failed"),
            Self::BeatAddressRenewed { .. } => format!("renewed the address that {check} reports at"),
            Self::MaintenanceSet { of, from, to } => format!("set maintenance of {} from {from} to {to}", of.short()),
            Self::MaintenanceEnded { of, .. } => format!("ended the maintenance of {}", of.short()),
            Self::ProbeJoined { location, .. } => format!("the probe at {location} joined"),
            Self::ProbeFellSilent { location, .. } => {
                format!("the probe at {location} fell silent: what it sees is unknown")
            }
            Self::ProbeCameBack { location, .. } => format!("the probe at {location} is back"),
            Self::ProbeRetired { location, .. } => format!("retired the probe at {location}"),
        }
    }
}
