//! The facts.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kernel::{EntityRef, RequestId, Sha256, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Change, CodeReference, Definition, Segment, Why};

/// What happened to a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The flag was defined, or its definition changed.
    Defined {
        /// All of the definition, as it is from now on.
        definition: Box<Definition>,
    },
    /// The flag is gone; clients get their own default.
    Removed {
        /// Which.
        flag: EntityRef,
    },
    /// The flag was turned on or off in one environment.
    Turned {
        /// Which.
        flag: EntityRef,
        /// Where.
        environment: String,
        /// What it is from now on.
        on: bool,
        /// The components that evaluated it at that time: whose behaviour this alters.
        affects: Vec<EntityRef>,
    },
    /// A component evaluated the flag for the first time.
    Seen {
        /// Which.
        flag: EntityRef,
        /// Who asked.
        component: EntityRef,
    },
    /// Flags were evaluated for the first time on a day.
    Evaluated {
        /// Which.
        flags: Vec<EntityRef>,
        /// The day, in UTC.
        day: Date,
    },
    /// Source code was searched for flags.
    ReferencesReported {
        /// What was searched, such as a repository.
        source: String,
        /// What was found there; all that was found before is forgotten.
        references: BTreeMap<EntityRef, Vec<CodeReference>>,
    },
    /// A segment was defined, or its definition changed.
    SegmentDefined {
        /// All of it, as it is from now on.
        segment: Segment,
        /// The flags that use it, and the components that evaluate those.
        affects: Vec<EntityRef>,
    },
    /// A segment is gone; nobody is in it any more.
    SegmentRemoved {
        /// Which.
        segment: EntityRef,
        /// The flags that use it, and the components that evaluate those.
        affects: Vec<EntityRef>,
    },
    /// Something happened to a ramp.
    Ramp {
        /// The flag.
        flag: EntityRef,
        /// Where.
        environment: String,
        /// What happened.
        change: RampChange,
        /// The components that evaluated it at that time.
        affects: Vec<EntityRef>,
    },
    /// Something happened to a request for a change.
    Request {
        /// Which.
        request: RequestId,
        /// The flag or segment that it wants to change.
        subject: EntityRef,
        /// What happened.
        step: RequestStep,
    },
    /// Somebody made a change without the approvals that it needs; the change's own events are of the same command.
    Overridden {
        /// The flag or segment.
        subject: EntityRef,
        /// The change, in words.
        change: String,
        /// How many people should have agreed.
        needed: u8,
    },
}

/// What happened to a ramp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RampChange {
    /// Its share grew. Evaluation does not wait for this; steps that passed meanwhile are in it.
    Stepped {
        /// What the share gets.
        variant: String,
        /// The step, from 0.
        step: usize,
        /// When the step began, by the ramp's own clock.
        since: Timestamp,
        /// The share before, in hundredths of a percent.
        from: u16,
        /// The share now.
        to: u16,
    },
    /// Somebody, or enough evaluations, opened the way to the next step.
    GatePassed {
        /// The step that ends with it.
        step: usize,
        /// How many evaluations there were, if that is what it took.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        samples: Option<u64>,
    },
    /// The share stays as it is.
    Paused {
        /// Why.
        why: Why,
    },
    /// It goes on.
    Resumed,
    /// Everybody gets what they had before.
    RolledBack {
        /// What the share no longer gets.
        variant: String,
        /// How large it was, in hundredths of a percent.
        from: u16,
        /// Why.
        why: Why,
    },
    /// It begins anew.
    Restarted,
}

/// What happened to a request for a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RequestStep {
    /// Somebody asked for it.
    Asked {
        /// What exactly.
        wish: Box<Wish>,
    },
    /// Its author changed it: approvals of before don't count.
    Amended {
        /// What exactly, now.
        wish: Box<Wish>,
    },
    /// Somebody agreed.
    Approved {
        /// To exactly this.
        hash: Sha256,
    },
    /// Somebody said no.
    Rejected,
    /// Its author took it back.
    Withdrawn,
    /// It was done; the change's own events are of the same command.
    Applied,
    /// It was to be done, and could not.
    Failed {
        /// Why.
        why: String,
    },
}

/// A change that somebody asks for, on a state that they saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The change.
    pub change: Change,
    /// When it shall be made; none: as soon as enough people agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The hash of both, which is what people agree to.
    pub hash: Sha256,
    /// What the subject was when the wish was written: [`Flag::edited`](crate::Flag::edited); 0 for something new.
    pub base: u64,
    /// How many people must agree.
    pub needed: u8,
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Defined { .. } => "flags.defined",
            Self::Removed { .. } => "flags.removed",
            Self::Turned { .. } => "flags.turned",
            Self::Seen { .. } => "flags.seen",
            Self::Evaluated { .. } => "flags.evaluated",
            Self::ReferencesReported { .. } => "flags.references_reported",
            Self::SegmentDefined { .. } => "flags.segment_defined",
            Self::SegmentRemoved { .. } => "flags.segment_removed",
            Self::Ramp { change, .. } => change.kind(),
            Self::Request { step, .. } => step.kind(),
            Self::Overridden { .. } => "flags.overridden",
        }
    }

    /// What it is about, most specific first.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        let with = |first: &EntityRef, rest: &[EntityRef]| std::iter::once(first).chain(rest).cloned().collect();
        match self {
            Self::Defined { definition } => with(&definition.flag, &definition.used_by),
            Self::Removed { flag } => vec![flag.clone()],
            Self::Turned { flag, affects, .. } | Self::Ramp { flag, affects, .. } => with(flag, affects),
            Self::Seen { flag, component } => vec![flag.clone(), component.clone()],
            Self::Evaluated { flags, .. } => flags.clone(),
            Self::ReferencesReported { references, .. } => references.keys().cloned().collect(),
            Self::SegmentDefined { segment, affects } => with(&segment.segment, affects),
            Self::SegmentRemoved { segment, affects } => with(segment, affects),
            Self::Request { subject, .. } | Self::Overridden { subject, .. } => vec![subject.clone()],
        }
    }

    /// One sentence without its actor.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Defined { definition } => format!("defined flag {}", definition.key()),
            Self::Removed { flag } => format!("removed flag {}", flag.short()),
            Self::Turned { flag, environment, on, .. } => {
                format!("turned flag {} {} in {environment}", flag.short(), if *on { "on" } else { "off" })
            }
            Self::Seen { flag, component } => {
                format!("flag {} is evaluated by {}", flag.short(), component.short())
            }
            Self::Evaluated { flags, day } => format!("{} were evaluated on {day}", count(flags.len(), "flag")),
            Self::ReferencesReported { source, references } => {
                format!("found {} named in the code of {source}", count(references.len(), "flag"))
            }
            Self::SegmentDefined { segment, .. } => format!("defined segment {}", segment.segment.short()),
            Self::SegmentRemoved { segment, .. } => format!("removed segment {}", segment.short()),
            Self::Ramp { flag, environment, change, .. } => change.summary(flag.short(), environment),
            Self::Request { subject, step, .. } => step.summary(subject.short()),
            Self::Overridden { change, needed, .. } => {
                format!("made a change in an emergency without the {}: {change}", count((*needed).into(), "approval"))
            }
        }
    }
}

impl RampChange {
    fn kind(&self) -> &'static str {
        match self {
            Self::Stepped { .. } => "flags.ramp_stepped",
            Self::GatePassed { .. } => "flags.ramp_gate_passed",
            Self::Paused { .. } => "flags.ramp_paused",
            Self::Resumed => "flags.ramp_resumed",
            Self::RolledBack { .. } => "flags.ramp_rolled_back",
            Self::Restarted => "flags.ramp_restarted",
        }
    }

    fn summary(&self, flag: &str, environment: &str) -> String {
        match self {
            Self::Stepped { variant, from, to, .. } => {
                format!("flag {flag} serves {variant} to {} in {environment}, after {}", percent(*to), percent(*from))
            }
            Self::GatePassed { samples: None, .. } => {
                format!("approved the next step of the ramp of flag {flag} in {environment}")
            }
            Self::GatePassed { samples: Some(samples), .. } => {
                format!("{samples} evaluations passed the ramp of flag {flag} in {environment} on to its next step")
            }
            Self::Paused { why } => format!("paused the ramp of flag {flag} in {environment}{}", why.words()),
            Self::Resumed => format!("resumed the ramp of flag {flag} in {environment}"),
            Self::RolledBack { variant, from, why } => format!(
                "rolled back the ramp of flag {flag} in {environment} from {} {variant}{}",
                percent(*from),
                why.words()
            ),
            Self::Restarted => format!("restarted the ramp of flag {flag} in {environment}"),
        }
    }
}

impl Why {
    /// The end of a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::ByHand => String::new(),
            Self::Guard { check } => format!(", because check {} fails", check.short()),
            Self::Budget { slo } => format!(", because the error budget of {} is used up", slo.short()),
        }
    }
}

impl RequestStep {
    fn kind(&self) -> &'static str {
        match self {
            Self::Asked { .. } => "flags.change_requested",
            Self::Amended { .. } => "flags.request_amended",
            Self::Approved { .. } => "flags.request_approved",
            Self::Rejected => "flags.request_rejected",
            Self::Withdrawn => "flags.request_withdrawn",
            Self::Applied => "flags.request_applied",
            Self::Failed { .. } => "flags.request_failed",
        }
    }

    fn summary(&self, subject: &str) -> String {
        let at =
            |wish: &Wish| wish.at.map(|at| format!(" at {}", at.strftime("%Y-%m-%d %H:%M:%SZ"))).unwrap_or_default();
        match self {
            Self::Asked { wish } => format!("asked to {}{}", wish.change.words(), at(wish)),
            Self::Amended { wish } => format!("now asks to {}{}", wish.change.words(), at(wish)),
            Self::Approved { .. } => format!("approved a change of {subject}"),
            Self::Rejected => format!("rejected a change of {subject}"),
            Self::Withdrawn => format!("withdrew a change of {subject}"),
            Self::Applied => format!("made the change of {subject} that was asked for"),
            Self::Failed { why } => format!("the change of {subject} that was asked for could not be made: {why}"),
        }
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Hundredths of a percent in words.
pub(crate) fn percent(basis_points: u16) -> String {
    format!("{}%", f64::from(basis_points) / 100.0)
}
