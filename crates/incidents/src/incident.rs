//! One incident, as of one position of the timeline.

mod parting;
mod pictures;

use imbl::Vector;
use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, EntityRef, EventId, Stamp};
use serde::{Deserialize, Serialize};

use crate::{About, Event, Resolution, Role, Severity, Verdict};

pub use pictures::{PICTURES_BYTES_MAX, PICTURES_MAX, Picture};

/// The newest entries of an incident's log that are held.
pub(crate) const LOG_KEPT: usize = 200;

/// The checks that one incident has. One more opens another incident, so that none ends while something of it fails.
pub const CHECKS_MAX: usize = 500;

/// The judgements of one incident that are held; the newest win.
const MARKS_KEPT: usize = 100;

/// The steps of a runbook that one incident has ticks of.
pub const TICKS_MAX: usize = 200;

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nobody has taken it on.
    Open,
    /// Somebody works on it.
    Acknowledged,
    /// Its users are well again; the cause may still be there.
    Mitigated,
    /// It is over.
    Resolved,
    /// It is a part of another.
    Merged,
}

impl Status {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
            Self::Merged => "merged",
        }
    }
}

/// One check that failed in an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingCheck {
    /// The check.
    pub check: EntityRef,
    /// What it is about.
    pub entity: EntityRef,
    /// Its first failure; that of the newest relapse, if it failed again.
    pub since: Timestamp,
    /// When it last passed before that.
    pub last_good: Option<Timestamp>,
    /// The entities on its critical path.
    pub path: Vec<EntityRef>,
    /// What it said.
    pub evidence: String,
    /// When it passed again, or failed in another incident after this one had been resolved by hand.
    pub recovered: Option<Timestamp>,
}

/// Who took an incident on, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// How and when an incident ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How.
    pub cause: Resolution,
    /// Who; Mainstay itself after a recovery.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// A person's judgement of a suspect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspectMark {
    /// The change.
    pub event: EventId,
    /// The judgement.
    pub verdict: Verdict,
    /// Whose it is.
    pub by: Actor,
    /// When it was given.
    pub at: Timestamp,
    /// Where the ranking had the change then, from 1; 0 if nowhere. None if that is not known.
    #[serde(default)]
    pub rank: Option<u16>,
}

/// Who has a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The role.
    pub role: Role,
    /// Who has it.
    pub person: EntityRef,
    /// Since when.
    pub at: Timestamp,
}

/// A step of the runbook that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Which step: what its text hashes to.
    pub step: String,
    /// What it says.
    pub words: String,
    /// Who did it.
    pub by: Actor,
    /// When it was ticked.
    pub at: Timestamp,
}

/// One line of an incident's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The event.
    pub event: EventId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// The event's summary.
    pub words: String,
    /// The note's or the decision's text, if it is one.
    pub note: Option<String>,
    /// True for a decision.
    #[serde(default)]
    pub decision: bool,
}

/// A period in which a critical path is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id, number and broken entity.
    pub about: About,
    /// One line for lists.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// The first failure.
    pub since: Timestamp,
    /// The last moment before it at which the first check passed.
    pub last_good: Option<Timestamp>,
    /// When it was opened: after the first failure.
    pub opened: Timestamp,
    /// The event that opened it.
    pub opened_by: EventId,
    /// The position of that event.
    pub position: u64,
    /// True if a person opened it, who then also ends it.
    pub declared: bool,
    /// The entities that the opening named as the broken critical path.
    pub path: Vec<EntityRef>,
    /// What the first check, or the person, said.
    pub evidence: String,
    /// Its checks in the order they failed.
    pub checks: Vector<FailingCheck>,
    /// Who took it on.
    pub acknowledged: Option<Acknowledgement>,
    /// How it ended; none while it is open.
    pub ended: Option<Ending>,
    /// How often it was reopened.
    pub reopened: u32,
    /// When the newest relapse began, and when the relapsed check had last passed before that.
    pub relapse: Option<(Timestamp, Option<Timestamp>)>,
    /// What people found about suspects; one judgement per change.
    pub marks: Vector<SuspectMark>,
    /// What happened, oldest first; the newest entries only.
    pub log: Vector<LogEntry>,
    /// Who does what; each role at most once.
    #[serde(default)]
    pub roles: Vec<Assignment>,
    /// Since when its users are well again.
    #[serde(default)]
    pub mitigated: Option<Timestamp>,
    /// The steps of the runbook that are done, in the order in which they were ticked.
    #[serde(default)]
    pub ticks: Vector<Tick>,
    /// The pictures of its log, in the order in which they were added.
    #[serde(default)]
    pub pictures: Vector<Picture>,
    /// The incident that it is a part of now; then it is over.
    #[serde(default)]
    pub merged: Option<About>,
    /// The incidents that are a part of it.
    #[serde(default)]
    pub absorbed: Vec<u64>,
    /// The incident that it was split off.
    #[serde(default)]
    pub split_off: Option<u64>,
}

impl Incident {
    /// The number that people use.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.about.number
    }

    /// The broken entity.
    #[must_use]
    pub fn entity(&self) -> &EntityRef {
        &self.about.entity
    }

    /// True until it is resolved.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        if self.merged.is_some() {
            return Status::Merged;
        }
        match (&self.ended, self.mitigated, &self.acknowledged) {
            (Some(_), ..) => Status::Resolved,
            (None, Some(_), _) => Status::Mitigated,
            (None, None, Some(_)) => Status::Acknowledged,
            (None, None, None) => Status::Open,
        }
    }

    /// The checks that have not recovered.
    pub fn failing(&self) -> impl Iterator<Item = &FailingCheck> {
        self.checks.iter().filter(|failing| failing.recovered.is_none())
    }

    /// The first failure to be explained, and the last passing result before it: those of the newest relapse, if there
    /// is one, since what broke it again may have been changed only then.
    #[must_use]
    pub fn onset(&self) -> (Timestamp, Option<Timestamp>) {
        self.relapse.unwrap_or((self.since, self.last_good))
    }

    /// From the first failure to the end, or to `now`.
    #[must_use]
    pub fn lasted(&self, now: Timestamp) -> SignedDuration {
        self.ended.as_ref().map_or(now, |ending| ending.at).duration_since(self.since)
    }

    /// From when users were hit to when they were well again: to the mitigation, else to the end, else to `now`.
    #[must_use]
    pub fn impact(&self, now: Timestamp) -> SignedDuration {
        let until = self.mitigated.or(self.ended.as_ref().map(|ending| ending.at)).unwrap_or(now);
        until.duration_since(self.since).max(SignedDuration::ZERO)
    }

    /// Who has a role.
    #[must_use]
    pub fn holder(&self, role: Role) -> Option<&EntityRef> {
        self.roles.iter().find(|assigned| assigned.role == role).map(|assigned| &assigned.person)
    }

    /// By whom and when a step of the runbook was done.
    #[must_use]
    pub fn tick(&self, step: &str) -> Option<&Tick> {
        self.ticks.iter().find(|tick| tick.step == step)
    }

    /// True if there is room for another check.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.checks.len() < CHECKS_MAX
    }

    /// Every entity that the incident touches: the broken ones and those on the broken paths.
    pub fn entities(&self) -> impl Iterator<Item = &EntityRef> {
        let checked = self.checks.iter().flat_map(|failing| failing.path.iter().chain([&failing.entity]));
        self.path.iter().chain([self.entity()]).chain(checked)
    }

    /// Whether a failure of `entity` on `path` belongs to this incident.
    ///
    /// The rule: the two paths share an entity, or one of this incident's broken entities is directly upstream of
    /// `entity` (is in `upstream`). Nothing further is looked at, so that a reader can check the rule by eye.
    #[must_use]
    pub fn overlaps(&self, entity: &EntityRef, path: &[EntityRef], upstream: &[EntityRef]) -> bool {
        let broken = || self.checks.iter().map(|failing| &failing.entity).chain([self.entity()]);
        self.entities().any(|own| own == entity || path.contains(own)) || broken().any(|own| upstream.contains(own))
    }

    /// What was found about this change, if somebody judged it.
    #[must_use]
    pub fn verdict_on(&self, change: EventId) -> Option<Verdict> {
        self.marks.iter().find(|mark| mark.event == change).map(|mark| mark.verdict)
    }

    pub(crate) fn record(&mut self, event: &Event, stamp: &Stamp) {
        let note = match event {
            Event::NoteAdded { text, .. } | Event::Decided { text, .. } => Some(text.clone()),
            Event::Opened { .. }
            | Event::Joined { .. }
            | Event::SeverityChanged { .. }
            | Event::Acknowledged { .. }
            | Event::SuspectMarked { .. }
            | Event::Recovered { .. }
            | Event::Resolved { .. }
            | Event::Reopened { .. }
            | Event::RoleTaken { .. }
            | Event::RoleLeft { .. }
            | Event::Mitigated { .. }
            | Event::MitigationWithdrawn { .. }
            | Event::ImpactCorrected { .. }
            | Event::Retitled { .. }
            | Event::PictureKept { .. }
            | Event::StepTicked { .. }
            | Event::StepUnticked { .. }
            | Event::Merged { .. }
            | Event::SplitOff { .. } => None,
        };
        let (at, by, words) = (stamp.at, stamp.actor.clone(), event.summary());
        let decision = matches!(event, Event::Decided { .. });
        self.log.push_back(LogEntry { event: stamp.event, at, by, words, note, decision });
        if self.log.len() > LOG_KEPT {
            self.log.pop_front();
        }
    }

    /// What the check of a join is about until now, if the incident has that check.
    pub(crate) fn entities_of(&self, event: &Event) -> Vec<EntityRef> {
        let Event::Joined { check, .. } = event else { return Vec::new() };
        let known = self.checks.iter().filter(|known| known.check == *check);
        known.flat_map(|known| known.path.iter().chain([&known.entity])).cloned().collect()
    }

    fn add_check(&mut self, check: FailingCheck) {
        // Looked for before it is changed: to walk mutably is to copy all.
        let known = self.checks.iter().position(|known| known.check == check.check);
        if let Some(known) = known.and_then(|at| self.checks.get_mut(at)) {
            *known = check;
        } else if self.checks.len() < CHECKS_MAX {
            self.checks.push_back(check);
        }
    }

    pub(crate) fn apply(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::Opened { .. } => {}
            Event::Joined { check, entity, since, last_good, path, evidence, .. } => self.add_check(FailingCheck {
                check: check.clone(),
                entity: entity.clone(),
                since: *since,
                last_good: *last_good,
                path: path.clone(),
                evidence: evidence.clone(),
                recovered: None,
            }),
            Event::SeverityChanged { to, .. } => self.severity = *to,
            Event::Acknowledged { .. } => {
                self.acknowledged = Some(Acknowledgement { by: stamp.actor.clone(), at: stamp.at });
            }
            Event::NoteAdded { .. } => {}
            Event::SuspectMarked { event, verdict, rank, .. } => {
                self.marks = self.marks.iter().filter(|mark| mark.event != *event).cloned().collect();
                let (at, by) = (stamp.at, stamp.actor.clone());
                self.marks.push_back(SuspectMark { event: *event, verdict: *verdict, by, at, rank: *rank });
                if self.marks.len() > MARKS_KEPT {
                    self.marks.pop_front();
                }
            }
            Event::Recovered { check, .. } => {
                let known = self.checks.iter().position(|known| known.check == *check);
                if let Some(known) = known.and_then(|at| self.checks.get_mut(at)) {
                    known.recovered = Some(stamp.at);
                }
            }
            Event::Resolved { cause, .. } => {
                self.ended = Some(Ending { cause: *cause, by: stamp.actor.clone(), at: stamp.at });
            }
            Event::Reopened { check, since, last_good, evidence, .. } => {
                self.ended = None;
                self.acknowledged = None;
                self.mitigated = None;
                self.reopened = self.reopened.saturating_add(1);
                self.relapse = Some((*since, *last_good));
                for known in self.checks.iter_mut().filter(|known| known.check == *check) {
                    known.since = *since;
                    known.last_good = *last_good;
                    known.evidence.clone_from(evidence);
                    known.recovered = None;
                }
            }
            Event::RoleTaken { role, person, .. } => {
                self.roles.retain(|assigned| assigned.role != *role);
                self.roles.push(Assignment { role: *role, person: person.clone(), at: stamp.at });
                self.roles.sort_by_key(|assigned| assigned.role);
            }
            Event::RoleLeft { role, .. } => self.roles.retain(|assigned| assigned.role != *role),
            Event::Mitigated { at, .. } => self.mitigated = Some(*at),
            Event::MitigationWithdrawn { .. } => self.mitigated = None,
            Event::ImpactCorrected { to, .. } => {
                self.since = *to;
                // It passed while users were hit already: that says nothing of the cause.
                self.last_good = self.last_good.filter(|good| good < to);
            }
            Event::Retitled { to, .. } => self.title.clone_from(to),
            Event::Decided { .. } => {}
            Event::PictureKept { picture, bytes, .. } => self.add_picture(Picture { digest: *picture, bytes: *bytes }),
            Event::StepTicked { step, words, .. } => {
                if self.tick(step).is_none() && self.ticks.len() < TICKS_MAX {
                    let (step, words) = (step.clone(), words.clone());
                    self.ticks.push_back(Tick { step, words, by: stamp.actor.clone(), at: stamp.at });
                }
            }
            Event::StepUnticked { step, .. } => {
                self.ticks = self.ticks.iter().filter(|tick| tick.step != *step).cloned().collect();
            }
            Event::Merged { into, .. } => self.go_into(into, stamp),
            Event::SplitOff { .. } => {}
        }
        self.record(event, stamp);
    }
}

impl Incident {
    /// An incident of which only the first failure is known, and when the check had last passed before it.
    fn begun(
        about: &About,
        title: &str,
        severity: Severity,
        (since, last_good): (Timestamp, Option<Timestamp>),
        stamp: &Stamp,
    ) -> Self {
        Self {
            about: about.clone(),
            title: title.to_owned(),
            severity,
            since,
            last_good,
            opened: stamp.at,
            opened_by: stamp.event,
            position: stamp.position,
            declared: false,
            path: Vec::new(),
            evidence: String::new(),
            checks: Vector::new(),
            acknowledged: None,
            ended: None,
            reopened: 0,
            relapse: None,
            marks: Vector::new(),
            log: Vector::new(),
            roles: Vec::new(),
            mitigated: None,
            ticks: Vector::new(),
            pictures: Vector::new(),
            merged: None,
            absorbed: Vec::new(),
            split_off: None,
        }
    }
}

/// The incident that an event opens.
pub(crate) fn opened(event: &Event, stamp: &Stamp) -> Option<Incident> {
    let Event::Opened { about, title, severity, check, since, last_good, path, evidence } = event else { return None };
    let first = check.as_ref().map(|check| FailingCheck {
        check: check.clone(),
        entity: about.entity.clone(),
        since: *since,
        last_good: *last_good,
        path: path.clone(),
        evidence: evidence.clone(),
        recovered: None,
    });
    let begun = Incident::begun(about, title, *severity, (*since, *last_good), stamp);
    let (path, evidence) = (path.clone(), evidence.clone());
    Some(Incident { declared: check.is_none(), path, evidence, checks: first.into_iter().collect(), ..begun })
}
