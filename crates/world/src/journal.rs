//! The changes of software, newest first, with what undoes them.
//!
//! A change is an event that alters how software behaves. The journal keeps the last [`Journal::CAPACITY`] of them with
//! their events, because suspects are ranked and undone from here; the timeline has them all.

use std::sync::Arc;

use imbl::OrdMap;
use incidents::suspects::{Change, ChangeKind};
use kernel::{EntityRef, EventId, Stamp, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Event as AnyEvent, Recorded, World};

/// The changes of software.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Journal {
    entries: OrdMap<u64, Arc<Entry>>,
    positions: OrdMap<EventId, u64>,
}

/// One change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// What the ranking of suspects needs to know of it.
    pub change: Change,
    /// The event, with its envelope.
    #[serde(with = "recorded")]
    pub recorded: Recorded,
    /// Whether it was undone.
    pub undo: UndoState,
}

/// Whether a change was undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum UndoState {
    /// It stands.
    Standing,
    /// Somebody outside was asked to undo it and has not reported yet.
    Asked {
        /// By which event.
        by: EventId,
        /// When.
        at: Timestamp,
    },
    /// It was undone.
    Undone {
        /// By which event.
        by: EventId,
        /// When.
        at: Timestamp,
    },
}

/// What happened to a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Somebody undid a change; the events that do it are of the same command, before this one.
    Undone {
        /// The change.
        of: EventId,
        /// What it was about.
        subjects: Vec<EntityRef>,
        /// What it was, in words.
        change: String,
        /// True if somebody outside was asked, so that the change stands until that is reported.
        asked: bool,
    },
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Undone { .. } => "journal.undone",
        }
    }

    /// What it is about.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        match self {
            Self::Undone { subjects, .. } => subjects.clone(),
        }
    }

    /// One sentence without its actor.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Undone { change, asked: false, .. } => format!("undid: {change}"),
            Self::Undone { change, asked: true, .. } => format!("asked to undo: {change}"),
        }
    }
}

impl Journal {
    /// This many changes are kept; older ones can still be read on the timeline.
    pub const CAPACITY: usize = 10_000;

    /// The change that this event was.
    #[must_use]
    pub fn get(&self, event: EventId) -> Option<&Entry> {
        self.entries.get(self.positions.get(&event)?).map(Arc::as_ref)
    }

    /// All changes, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().rev().map(Arc::as_ref)
    }

    /// The changes since `since`, newest first.
    pub fn since(&self, since: Timestamp) -> impl Iterator<Item = &Entry> {
        // What was recorded late lies further up than its time says, never further down.
        let recorded = self.newest_first().take_while(move |entry| entry.recorded.stamp.at >= since);
        recorded.filter(move |entry| entry.change.at >= since)
    }

    /// The changes of this entity or of something that alters its behaviour, newest first.
    pub fn about<'a>(&'a self, entity: &'a EntityRef) -> impl Iterator<Item = &'a Entry> {
        self.newest_first()
            .filter(move |entry| entry.change.subject == *entity || entry.change.affects.contains(entity))
    }

    pub(crate) fn record(&mut self, change: Change, recorded: Recorded) {
        let position = recorded.stamp.position;
        let undo = UndoState::Standing;
        self.positions.insert(change.event, position);
        self.entries.insert(position, Arc::new(Entry { change, recorded, undo }));
        if self.entries.len() > Self::CAPACITY
            && let Some((oldest, entry)) = self.entries.get_min()
        {
            let (oldest, event) = (*oldest, entry.change.event);
            self.entries.remove(&oldest);
            self.positions.remove(&event);
        }
    }

    pub(crate) fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::Undone { of, asked, .. } => {
                let (by, at) = (stamp.event, stamp.at);
                self.set_undo(*of, if *asked { UndoState::Asked { by, at } } else { UndoState::Undone { by, at } });
                self.mark_command_as_undoing(stamp, *of);
                if let Some(again) = self.get(*of).and_then(|entry| entry.change.undoes).filter(|_| !*asked) {
                    // Undoing what undid a change brings that change back.
                    self.set_undo(again, UndoState::Standing);
                }
            }
        }
    }

    /// What was asked for outside has been done, or will not be.
    pub(crate) fn settle(&mut self, change: EventId, done: bool, stamp: &Stamp) {
        let state = if done { UndoState::Undone { by: stamp.event, at: stamp.at } } else { UndoState::Standing };
        self.set_undo(change, state);
    }

    fn set_undo(&mut self, event: EventId, state: UndoState) {
        let position = self.positions.get(&event).copied();
        if let Some(entry) = position.and_then(|position| self.entries.get_mut(&position)) {
            let entry = Arc::make_mut(entry);
            entry.undo = state;
            entry.change.undone = matches!(state, UndoState::Undone { .. });
        }
    }

    /// The changes which this command wrote before were made in order to undo `of`.
    fn mark_command_as_undoing(&mut self, stamp: &Stamp, of: EventId) {
        let mut at = stamp.position;
        while let Some(before) = at.checked_sub(1)
            && let Some(entry) = self.entries.get_mut(&before)
            && entry.recorded.stamp.command == stamp.command
        {
            Arc::make_mut(entry).change.undoes = Some(of);
            at = before;
        }
    }
}

/// True of an event that is a change whatever the World was before it; others may be one or not.
#[must_use]
pub fn is_change_in_any_world(event: &AnyEvent) -> bool {
    match event {
        AnyEvent::Deploys(event) => match event {
            deploys::Event::DeploymentFinished { outcome, .. } => *outcome == deploys::Outcome::Succeeded,
            deploys::Event::ConfigApplied { .. } => true,
            deploys::Event::RollbackRequested { .. }
            | deploys::Event::ConfigRestoreRequested { .. }
            | deploys::Event::UndoAccepted { .. }
            | deploys::Event::UndoFailed { .. }
            | deploys::Event::Judged { .. }
            | deploys::Event::CommitsPushed { .. } => false,
        },
        AnyEvent::Catalog(event) => {
            matches!(event, catalog::Event::EntityChanged { .. } | catalog::Event::EntityRemoved { .. })
        }
        AnyEvent::Flags(event) => matches!(event, flags::Event::Turned { .. }),
        AnyEvent::Contracts(event) => is_contract_broken(event),
        AnyEvent::Alerts(event) => matches!(event, alerts::Event::ChangeReported { .. }),
        AnyEvent::Access(_)
        | AnyEvent::Actions(_)
        | AnyEvent::Checks(_)
        | AnyEvent::Effects(_)
        | AnyEvent::Incidents(_)
        | AnyEvent::Journal(_)
        | AnyEvent::Oncall(_)
        | AnyEvent::Paging(_)
        | AnyEvent::Postmortems(_)
        | AnyEvent::Statuspage(_)
        | AnyEvent::Slo(_) => false,
    }
}

/// What sort of change an event is, if it is one. `world` is as before the event.
pub(crate) fn change_of(world: &World, recorded: &Recorded) -> Option<Change> {
    let Recorded { stamp, event } = recorded;
    let (kind, environment, affects, keywords) = match event.as_ref() {
        AnyEvent::Deploys(deploys::Event::DeploymentFinished {
            outcome: deploys::Outcome::Succeeded,
            environment,
            version,
            ..
        }) => (ChangeKind::Deployment, Some(environment.clone()), Vec::new(), vec![version.clone()]),
        AnyEvent::Deploys(deploys::Event::ConfigApplied { environment, changed, .. }) => {
            (ChangeKind::Config, Some(environment.clone()), Vec::new(), changed.clone())
        }
        AnyEvent::Flags(event) => {
            let (environment, affects) = flag_change(world, event)?;
            let name = event.subjects().first().map(|subject| subject.name().to_owned());
            (ChangeKind::Flag, environment, affects, name.into_iter().collect())
        }
        AnyEvent::Catalog(catalog::Event::EntityChanged { .. } | catalog::Event::EntityRemoved { .. }) => {
            (ChangeKind::Catalog, None, Vec::new(), Vec::new())
        }
        AnyEvent::Contracts(event) if is_contract_broken(event) => {
            let affects = event.subjects().into_iter().skip(1).collect();
            (ChangeKind::Contract, None, affects, contract_keywords(event))
        }
        AnyEvent::Checks(checks::Event::Defined { definition }) => {
            world.checks.watch(&definition.check)?;
            (ChangeKind::Check, None, definition.critical_path(), Vec::new())
        }
        AnyEvent::Alerts(alerts::Event::ChangeReported { .. }) => (ChangeKind::Reported, None, Vec::new(), Vec::new()),
        AnyEvent::Access(_)
        | AnyEvent::Actions(_)
        | AnyEvent::Alerts(_)
        | AnyEvent::Catalog(_)
        | AnyEvent::Checks(_)
        | AnyEvent::Contracts(_)
        | AnyEvent::Deploys(_)
        | AnyEvent::Effects(_)
        | AnyEvent::Incidents(_)
        | AnyEvent::Journal(_)
        | AnyEvent::Oncall(_)
        | AnyEvent::Paging(_)
        | AnyEvent::Postmortems(_)
        | AnyEvent::Statuspage(_)
        | AnyEvent::Slo(_) => return None,
    };
    let (at, undoes) = match event.as_ref() {
        AnyEvent::Deploys(event) => (event.took_effect(stamp), event.takes_back()),
        AnyEvent::Alerts(event) => (event.took_effect(stamp), None),
        AnyEvent::Access(_)
        | AnyEvent::Actions(_)
        | AnyEvent::Catalog(_)
        | AnyEvent::Checks(_)
        | AnyEvent::Contracts(_)
        | AnyEvent::Effects(_)
        | AnyEvent::Flags(_)
        | AnyEvent::Incidents(_)
        | AnyEvent::Journal(_)
        | AnyEvent::Oncall(_)
        | AnyEvent::Paging(_)
        | AnyEvent::Postmortems(_)
        | AnyEvent::Statuspage(_)
        | AnyEvent::Slo(_) => (stamp.at, ramp_step_taken_back(world, event)),
    };
    Some(Change {
        event: stamp.event,
        position: stamp.position,
        at,
        kind,
        subject: event.subjects().into_iter().next()?,
        affects,
        environment,
        actor: stamp.actor.clone(),
        summary: event.summary(),
        keywords,
        undone: false,
        undoes,
    })
}

/// True of the facts among contracts that a failure may come of: a provider that was seen to break an expectation, and an
/// API that was changed so that callers break. Neither acts by itself; each tells what a deployment brings.
fn is_contract_broken(event: &contracts::Event) -> bool {
    use contracts::Event;
    let failed = matches!(event, Event::VerificationPublished { success: false, wip: false, .. });
    let broken = matches!(event, Event::ApiChanged { comparison, .. } if comparison.breaking > 0);
    failed || broken || matches!(event, Event::FitJudged { fits: false, .. })
}

/// What an error would name: the provider's version, the operations.
fn contract_keywords(event: &contracts::Event) -> Vec<String> {
    if let contracts::Event::ApiChanged { comparison, .. } = event {
        return comparison.changes.iter().filter_map(|change| change.operation.clone()).take(10).collect();
    }
    if let contracts::Event::VerificationPublished { version, .. } = event { vec![version.clone()] } else { Vec::new() }
}

/// Where a flag's event alters what is served, and for whom; nothing if it alters nothing. `world` is as before it.
fn flag_change(world: &World, event: &flags::Event) -> Option<(Option<String>, Vec<EntityRef>)> {
    match event {
        flags::Event::Turned { environment, affects, .. } => Some((Some(environment.clone()), affects.clone())),
        flags::Event::Ramp { environment, affects, change, .. } => match change {
            flags::RampChange::Stepped { .. } | flags::RampChange::RolledBack { .. } | flags::RampChange::Restarted => {
                Some((Some(environment.clone()), affects.clone()))
            }
            flags::RampChange::GatePassed { .. } | flags::RampChange::Paused { .. } | flags::RampChange::Resumed => {
                None
            }
        },
        flags::Event::Defined { definition } => {
            let known = world.flags.flag(&definition.flag)?;
            let altered = known.definition.altered_environments(definition);
            let environment = match altered.as_slice() {
                [] => return None,
                [only] if only != flags::Definition::EVERYWHERE => Some(only.clone()),
                [..] => None,
            };
            Some((environment, known.users().cloned().collect()))
        }
        flags::Event::Removed { flag } => {
            let users = world.flags.flag(flag)?.users();
            Some((None, users.cloned().collect()))
        }
        flags::Event::SegmentDefined { affects, .. } | flags::Event::SegmentRemoved { affects, .. } => {
            (!affects.is_empty()).then(|| (None, affects.clone()))
        }
        flags::Event::Seen { .. }
        | flags::Event::Evaluated { .. }
        | flags::Event::ReferencesReported { .. }
        | flags::Event::Request { .. }
        | flags::Event::Overridden { .. } => None,
    }
}

/// The step of a ramp that this event takes back, if it rolls one back. `world` is as before the event.
pub(crate) fn ramp_step_taken_back(world: &World, event: &AnyEvent) -> Option<EventId> {
    let AnyEvent::Flags(flags::Event::Ramp { flag, environment, change: flags::RampChange::RolledBack { .. }, .. }) =
        event
    else {
        return None;
    };
    let (_, run) = world.flags.flag(flag)?.ramp(environment)?;
    run.reached.map(|reached| reached.event)
}

/// Events are written in a snapshot as they are on the timeline.
mod recorded {
    use std::sync::Arc;

    use kernel::Stamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    use crate::{Event, Recorded};

    #[derive(Serialize, Deserialize)]
    struct Written {
        stamp: Stamp,
        kind: String,
        body: String,
    }

    pub(super) fn serialize<S: Serializer>(recorded: &Recorded, serializer: S) -> Result<S::Ok, S::Error> {
        let body = String::from_utf8(recorded.event.to_body()).map_err(serde::ser::Error::custom)?;
        let kind = recorded.event.kind().to_owned();
        Written { stamp: recorded.stamp.clone(), kind, body }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Recorded, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let event = Event::from_body(&written.kind, written.body.as_bytes()).map_err(D::Error::custom)?;
        Ok(Recorded { stamp: written.stamp, event: Arc::new(event) })
    }
}
