//! Everything Mainstay knows as of one position of the timeline.

use imbl::{OrdMap, Vector};
use kernel::{CommandId, EntityRef, Stamp, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Effects, Event, Journal, Recorded, journal};

/// Everything Mainstay knows. It clones in nanoseconds: every collection in it is persistent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct World {
    /// The position of the last event that was folded in; 0 for an empty timeline.
    pub position: u64,
    /// The time of that event.
    pub at: Option<Timestamp>,
    /// The newest commands that had an idempotency key, with their first and last positions.
    keyed: OrdMap<CommandId, (u64, u64)>,
    /// The same commands, oldest first.
    keyed_order: Vector<CommandId>,
    /// Users, tokens, sessions.
    pub access: access::State,
    /// Promises, and the calendars of sprints.
    #[serde(default)]
    pub actions: ::actions::State,
    /// Alerts that other tools send in.
    pub alerts: alerts::State,
    /// Entities and what depends on what.
    pub catalog: catalog::State,
    /// Checks and their verdicts.
    pub checks: checks::State,
    /// Consumer-driven contracts.
    pub contracts: contracts::State,
    /// What runs where.
    pub deploys: deploys::State,
    /// What must still happen outside.
    pub effects: Effects,
    /// Flags.
    pub flags: flags::State,
    /// Incidents.
    pub incidents: incidents::State,
    /// Changes of software, and what undoes them.
    pub journal: Journal,
    /// Who is on call.
    pub oncall: oncall::State,
    /// Pages: who is told, and what became of it.
    pub paging: paging::State,
    /// Post-mortems.
    #[serde(default)]
    pub postmortems: postmortems::State,
    /// Public status pages.
    #[serde(default)]
    pub statuspage: statuspage::State,
    /// Service level objectives.
    #[serde(default)]
    pub slos: slo::State,
}

/// A command with an idempotency key is recognised until this many others had one.
const KEYED_MAX: usize = 10_000;

impl World {
    /// The clock's time, or the last event's if the clock was set back: what waits from then on must not wait longer.
    #[must_use]
    pub fn not_before(&self, clock: Timestamp) -> Timestamp {
        self.at.map_or(clock, |at| at.max(clock))
    }

    /// The earlier command with the same idempotency key, with its first and last positions. It is the same command if
    /// the ids are equal; else the key was used for another request.
    #[must_use]
    pub fn earlier(&self, command: CommandId) -> Option<(CommandId, u64, u64)> {
        let (from, to) = command.same_key();
        self.keyed.range(from..=to).next().map(|(id, (first, last))| (*id, *first, *last))
    }

    /// Applies one event. It never fails: what an event can't apply to is passed over.
    pub fn fold(&mut self, recorded: &Recorded) {
        if let Some(change) = journal::change_of(self, recorded) {
            self.journal.record(change, recorded.clone());
        }
        self.fold_unjournalled(recorded);
    }

    /// [`World::fold`] without an entry in the journal. The World becomes the same in the end if at least
    /// [`Journal::CAPACITY`] changes follow that do have one: by then the journal would have forgotten this event, and
    /// what is still in the journal refers to later events only by their own entries.
    pub fn fold_unjournalled(&mut self, recorded: &Recorded) {
        let Recorded { stamp, event } = recorded;
        if let Some(step) = journal::ramp_step_taken_back(self, event) {
            self.journal.settle(step, true, stamp);
        }
        match event.as_ref() {
            Event::Access(event) => self.access.fold(event, stamp),
            Event::Actions(event) => self.actions.fold(event, stamp),
            Event::Alerts(event) => self.alerts.fold(event, stamp),
            Event::Catalog(event) => self.catalog.fold(event, stamp),
            Event::Checks(event) => self.checks.fold(event, stamp),
            Event::Deploys(event) => {
                self.deploys.fold(event, stamp);
                self.settle_undo(event, stamp);
            }
            Event::Contracts(event) => self.contracts.fold(event, stamp),
            Event::Effects(event) => {
                if let Some((effect, outcome)) = event.outcome() {
                    self.contracts.note_delivery(effect, outcome, stamp.at);
                }
                if let Some(effect) = event.ended() {
                    self.actions.note_delivery(effect);
                }
                self.effects.fold(event, stamp);
            }
            Event::Flags(event) => self.flags.fold(event, stamp),
            Event::Incidents(event) => self.incidents.fold(event, stamp),
            Event::Journal(event) => self.journal.fold(event, stamp),
            Event::Oncall(event) => self.oncall.fold(event, stamp),
            Event::Paging(event) => self.paging.fold(event, stamp),
            Event::Postmortems(event) => self.postmortems.fold(event, stamp),
            Event::Statuspage(event) => self.statuspage.fold(event, stamp),
            Event::Slo(event) => self.slos.fold(event, stamp),
        }
        self.pass(stamp);
    }

    /// Moves on over an event that this version can't read.
    pub fn pass(&mut self, stamp: &Stamp) {
        self.position = stamp.position;
        self.at = Some(stamp.at);
        if stamp.command.is_keyed() {
            self.remember(stamp);
        }
    }

    fn remember(&mut self, stamp: &Stamp) {
        if let Some((_, last)) = self.keyed.get_mut(&stamp.command) {
            *last = stamp.position;
            return;
        }
        self.keyed.insert(stamp.command, (stamp.position, stamp.position));
        self.keyed_order.push_back(stamp.command);
        if self.keyed_order.len() > KEYED_MAX
            && let Some(oldest) = self.keyed_order.pop_front()
        {
            self.keyed.remove(&oldest);
        }
    }

    /// The team that is to be called for an entity: its owner, or, for a part of a system without one of its own, that of
    /// what it is part of.
    #[must_use]
    pub fn owner_of(&self, entity: &EntityRef) -> Option<EntityRef> {
        self.catalog.owner_of(entity)
    }

    fn settle_undo(&mut self, event: &deploys::Event, stamp: &Stamp) {
        match event {
            deploys::Event::DeploymentFinished {
                rollback_of: Some(of), outcome: deploys::Outcome::Succeeded, ..
            }
            | deploys::Event::ConfigApplied { restore_of: Some(of), .. } => {
                self.journal.settle(*of, true, stamp);
            }
            deploys::Event::DeploymentFinished { rollback_of: Some(of), outcome: deploys::Outcome::Failed, .. }
            | deploys::Event::UndoFailed { of, .. } => self.journal.settle(*of, false, stamp),
            deploys::Event::DeploymentFinished { .. }
            | deploys::Event::ConfigApplied { .. }
            | deploys::Event::RollbackRequested { .. }
            | deploys::Event::ConfigRestoreRequested { .. }
            | deploys::Event::UndoAccepted { .. }
            | deploys::Event::Judged { .. }
            | deploys::Event::CommitsPushed { .. } => {}
        }
    }
}
