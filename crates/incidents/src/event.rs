//! What happened to incidents.

use std::fmt;

use jiff::Timestamp;
use kernel::{EntityRef, EventId, IncidentId, Sha256};
use serde::{Deserialize, Serialize};

/// Checks that an event names as its subjects.
const SUBJECTS_MAX: usize = 50;

/// A time as it stands in a sentence: in UTC, to the minute.
fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Which incident an event is about, in all the ways that people look for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The incident's id.
    pub incident: IncidentId,
    /// The number that people use.
    pub number: u64,
    /// The broken entity.
    pub entity: EntityRef,
}

impl About {
    /// The incident as a subject of the timeline: `incident:default/<number>`.
    #[must_use]
    pub fn reference(&self) -> Option<EntityRef> {
        EntityRef::new("incident", EntityRef::DEFAULT_NAMESPACE, &self.number.to_string()).ok()
    }
}

/// How bad an incident is; the first is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Critical: customers can't do what they came for.
    Sev1,
    /// Major: an important part fails, or the whole is badly degraded.
    Sev2,
    /// Minor: few are affected, or there is a way around.
    Sev3,
}

impl Severity {
    /// The short name: `SEV1`, `SEV2` or `SEV3`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sev1 => "SEV1",
            Self::Sev2 => "SEV2",
            Self::Sev3 => "SEV3",
        }
    }

    /// The word for it: `critical`, `major` or `minor`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sev1 => "critical",
            Self::Sev2 => "major",
            Self::Sev3 => "minor",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.word())
    }
}

/// What a person found about a suspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// This change caused the incident.
    Guilty,
    /// This change did not.
    Innocent,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Guilty => "guilty",
            Self::Innocent => "innocent",
        }
    }
}

/// What a person does in an incident, so that everybody knows whom to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Decides, and keeps the whole in view.
    Commander,
    /// Tells everybody else.
    Communications,
    /// Writes down what happens.
    Scribe,
}

impl Role {
    /// Every role, in the order of lists.
    pub const ALL: [Self; 3] = [Self::Commander, Self::Communications, Self::Scribe];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Commander => "commander",
            Self::Communications => "communications",
            Self::Scribe => "scribe",
        }
    }
}

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// All its checks pass again.
    ByRecovery,
    /// A person said so.
    ByHand,
}

/// One fact about one incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A critical path broke, or a person declared it broken.
    Opened {
        /// Which incident.
        about: About,
        /// One line for lists.
        title: String,
        /// How bad.
        severity: Severity,
        /// The check that failed; none if a person declared the incident.
        check: Option<EntityRef>,
        /// The first failure: never later than the event.
        since: Timestamp,
        /// The last time the check passed before that, if it ever did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_good: Option<Timestamp>,
        /// The entities on the broken critical path.
        path: Vec<EntityRef>,
        /// What the check said, cut to a bound.
        evidence: String,
    },
    /// Another check failed on an overlapping path.
    Joined {
        /// Which incident.
        about: About,
        /// The check that failed.
        check: EntityRef,
        /// What the check is about.
        entity: EntityRef,
        /// Its first failure.
        since: Timestamp,
        /// The last time the check passed before that, if it ever did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_good: Option<Timestamp>,
        /// The entities on its critical path.
        path: Vec<EntityRef>,
        /// What the check said, cut to a bound.
        evidence: String,
    },
    /// The severity is another now: a worse check joined, or a person set it.
    SeverityChanged {
        /// Which incident.
        about: About,
        /// What it was.
        from: Severity,
        /// What it is.
        to: Severity,
    },
    /// A person took it on; the stamp says who.
    Acknowledged {
        /// Which incident.
        about: About,
    },
    /// A person wrote something down.
    NoteAdded {
        /// Which incident.
        about: About,
        /// Markdown.
        text: String,
    },
    /// A person judged a suspect.
    SuspectMarked {
        /// Which incident.
        about: About,
        /// The change.
        event: EventId,
        /// The judgement.
        verdict: Verdict,
        /// Where the ranking had it at that time, from 1; 0 if it was not in it. None of what is no change, or older than
        /// this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rank: Option<u16>,
    },
    /// One of its checks passes again.
    Recovered {
        /// Which incident.
        about: About,
        /// The check.
        check: EntityRef,
    },
    /// It is over.
    Resolved {
        /// Which incident.
        about: About,
        /// How it ended.
        cause: Resolution,
    },
    /// One of its checks failed again shortly after the end. Whoever acknowledged before must do so again.
    Reopened {
        /// Which incident.
        about: About,
        /// The check.
        check: EntityRef,
        /// The first failure of this relapse.
        since: Timestamp,
        /// The last time the check passed before that, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_good: Option<Timestamp>,
        /// What the check said, cut to a bound.
        evidence: String,
    },
    /// A person has a role from now on, in place of whoever had it.
    RoleTaken {
        /// Which incident.
        about: About,
        /// The role.
        role: Role,
        /// Who has it.
        person: EntityRef,
    },
    /// Nobody has a role any more.
    RoleLeft {
        /// Which incident.
        about: About,
        /// The role.
        role: Role,
        /// Who had it.
        person: EntityRef,
    },
    /// Its users are well again, although the cause may still be there.
    Mitigated {
        /// Which incident.
        about: About,
        /// Since when: never later than the event.
        at: Timestamp,
    },
    /// They are not, after all.
    MitigationWithdrawn {
        /// Which incident.
        about: About,
    },
    /// A person found out when it really began.
    ImpactCorrected {
        /// Which incident.
        about: About,
        /// When it was thought to have begun.
        from: Timestamp,
        /// When it began.
        to: Timestamp,
    },
    /// It is called something else now.
    Retitled {
        /// Which incident.
        about: About,
        /// What it was called.
        from: String,
        /// What it is called.
        to: String,
    },
    /// A person wrote down what was decided.
    Decided {
        /// Which incident.
        about: About,
        /// Markdown.
        text: String,
    },
    /// A picture is kept, to be shown in the log.
    PictureKept {
        /// Which incident.
        about: About,
        /// The picture: a blob.
        picture: Sha256,
        /// How large that is.
        bytes: u32,
    },
    /// A step of the runbook is done.
    StepTicked {
        /// Which incident.
        about: About,
        /// Which step: what its text hashes to.
        step: String,
        /// What it says, cut to a bound.
        words: String,
    },
    /// A step of the runbook is not done, after all.
    StepUnticked {
        /// Which incident.
        about: About,
        /// Which step.
        step: String,
        /// What it says.
        words: String,
    },
    /// It is a part of another, which has its checks and its log from now on. It is over by that.
    Merged {
        /// The incident that is over.
        about: About,
        /// The one that goes on.
        into: About,
    },
    /// Some checks of an incident are another incident from now on.
    SplitOff {
        /// The new incident.
        about: About,
        /// The one that had the checks.
        from: About,
        /// What the new one is called.
        title: String,
        /// How bad it is.
        severity: Severity,
        /// The checks that it has.
        checks: Vec<EntityRef>,
    },
}

impl Event {
    /// A stable name for filters.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "incidents.opened",
            Self::Joined { .. } => "incidents.joined",
            Self::SeverityChanged { .. } => "incidents.severity_changed",
            Self::Acknowledged { .. } => "incidents.acknowledged",
            Self::NoteAdded { .. } => "incidents.note_added",
            Self::SuspectMarked { .. } => "incidents.suspect_marked",
            Self::Recovered { .. } => "incidents.recovered",
            Self::Resolved { .. } => "incidents.resolved",
            Self::Reopened { .. } => "incidents.reopened",
            Self::RoleTaken { .. } => "incidents.role_taken",
            Self::RoleLeft { .. } => "incidents.role_left",
            Self::Mitigated { .. } => "incidents.mitigated",
            Self::MitigationWithdrawn { .. } => "incidents.mitigation_withdrawn",
            Self::ImpactCorrected { .. } => "incidents.impact_corrected",
            Self::Retitled { .. } => "incidents.retitled",
            Self::Decided { .. } => "incidents.decided",
            Self::PictureKept { .. } => "incidents.picture_kept",
            Self::StepTicked { .. } => "incidents.step_ticked",
            Self::StepUnticked { .. } => "incidents.step_unticked",
            Self::Merged { .. } => "incidents.merged",
            Self::SplitOff { .. } => "incidents.split_off",
        }
    }

    /// Which incident it happened to.
    #[must_use]
    pub fn about(&self) -> &About {
        match self {
            Self::Opened { about, .. }
            | Self::Joined { about, .. }
            | Self::SeverityChanged { about, .. }
            | Self::Acknowledged { about }
            | Self::NoteAdded { about, .. }
            | Self::SuspectMarked { about, .. }
            | Self::Recovered { about, .. }
            | Self::Resolved { about, .. }
            | Self::Reopened { about, .. }
            | Self::RoleTaken { about, .. }
            | Self::RoleLeft { about, .. }
            | Self::Mitigated { about, .. }
            | Self::MitigationWithdrawn { about }
            | Self::ImpactCorrected { about, .. }
            | Self::Retitled { about, .. }
            | Self::Decided { about, .. }
            | Self::PictureKept { about, .. }
            | Self::StepTicked { about, .. }
            | Self::StepUnticked { about, .. }
            | Self::Merged { about, .. }
            | Self::SplitOff { about, .. } => about,
        }
    }

    /// The incident, the broken entity, and the check if there is one.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        let about = self.about();
        let mut subjects: Vec<_> = about.reference().into_iter().chain([about.entity.clone()]).collect();
        match self {
            Self::Opened { check, .. } => subjects.extend(check.clone()),
            Self::Joined { check, entity, .. } => subjects.extend([check.clone(), entity.clone()]),
            Self::Recovered { check, .. } | Self::Reopened { check, .. } => subjects.push(check.clone()),
            Self::RoleTaken { person, .. } | Self::RoleLeft { person, .. } => subjects.push(person.clone()),
            Self::Merged { into, .. } => subjects.extend(into.reference().into_iter().chain([into.entity.clone()])),
            Self::SplitOff { from, checks, .. } => {
                subjects.extend(from.reference());
                subjects.extend(checks.iter().take(SUBJECTS_MAX).cloned());
            }
            Self::SeverityChanged { .. }
            | Self::Acknowledged { .. }
            | Self::NoteAdded { .. }
            | Self::SuspectMarked { .. }
            | Self::Resolved { .. }
            | Self::Mitigated { .. }
            | Self::MitigationWithdrawn { .. }
            | Self::ImpactCorrected { .. }
            | Self::Retitled { .. }
            | Self::Decided { .. }
            | Self::PictureKept { .. }
            | Self::StepTicked { .. }
            | Self::StepUnticked { .. } => {}
        }
        subjects
    }

    /// One plain sentence, without who did it.
    #[must_use]
    pub fn summary(&self) -> String {
        let number = self.about().number;
        match self {
            Self::Opened { about, title, severity, .. } => {
                format!("opened incident {number}, {}: {title} ({})", severity.name(), about.entity.short())
            }
            Self::Joined { check, .. } => format!("{} failed too and joined incident {number}", check.short()),
            Self::SeverityChanged { from, to, .. } => {
                format!("changed incident {number} from {} to {}", from.name(), to.name())
            }
            Self::Acknowledged { .. } => format!("acknowledged incident {number}"),
            Self::NoteAdded { .. } => format!("added a note to incident {number}"),
            Self::SuspectMarked { verdict, .. } => format!("marked a suspect of incident {number} {}", verdict.word()),
            Self::Recovered { check, .. } => format!("{} passes again in incident {number}", check.short()),
            Self::Resolved { cause: Resolution::ByRecovery, .. } => {
                format!("resolved incident {number}: all its checks pass")
            }
            Self::Resolved { cause: Resolution::ByHand, .. } => format!("resolved incident {number} by hand"),
            Self::Reopened { check, .. } => format!("{} failed again and reopened incident {number}", check.short()),
            Self::RoleTaken { role, person, .. } => {
                format!("made {} {} of incident {number}", person.short(), role.word())
            }
            Self::RoleLeft { role, person, .. } => {
                format!("{} is not {} of incident {number} any more", person.short(), role.word())
            }
            Self::Mitigated { at, .. } => format!("called incident {number} mitigated as of {}", minute(*at)),
            Self::MitigationWithdrawn { .. } => format!("called incident {number} not mitigated after all"),
            Self::ImpactCorrected { from, to, .. } => {
                format!("corrected when incident {number} began from {} to {}", minute(*from), minute(*to))
            }
            Self::Retitled { to, .. } => format!("called incident {number} “{to}”"),
            Self::Decided { .. } => format!("wrote down a decision in incident {number}"),
            Self::PictureKept { .. } => format!("added a picture to incident {number}"),
            Self::StepTicked { words, .. } => format!("did a step of the runbook in incident {number}: {words}"),
            Self::StepUnticked { words, .. } => {
                format!("took back a step of the runbook in incident {number}: {words}")
            }
            Self::Merged { into, .. } => format!("merged incident {number} into incident {}", into.number),
            Self::SplitOff { from, title, severity, .. } => {
                format!("split incident {number}, {}, off incident {}: {title}", severity.name(), from.number)
            }
        }
    }
}
