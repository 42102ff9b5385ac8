//! The facts: what was promised, and what became of it.

use jiff::Timestamp;
use kernel::{EffectId, EntityRef};
use serde::{Deserialize, Serialize};

use crate::{Column, Cycle, Promise, RetroAbout, Verdict, retro_reference};

/// Something that happened to a promise, or to a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A calendar was defined, or its definition was changed.
    CycleDefined {
        /// What it is from now on.
        definition: Cycle,
    },
    /// A calendar was removed.
    CycleRemoved {
        /// The calendar.
        cycle: EntityRef,
        /// Whose it was.
        team: EntityRef,
    },
    /// A team was told how its week was.
    Digested {
        /// By which calendar.
        cycle: EntityRef,
        /// The team.
        team: EntityRef,
        /// When the week began.
        from: Timestamp,
        /// When it was over.
        until: Timestamp,
        /// Who was told.
        to: Vec<Told>,
    },
    /// Something was promised.
    Promised {
        /// The item's number.
        number: u64,
        /// What was promised.
        promise: Promise,
        /// By what it escalates.
        clock: Clock,
    },
    /// It was done.
    Done {
        /// Which.
        about: About,
        /// What shows it.
        evidence: Evidence,
    },
    /// It was not done after all, or is not any more.
    Reopened {
        /// Which.
        about: About,
        /// Why.
        why: Why,
        /// By what it escalates now; none if it is escalated again at once, since it was before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clock: Option<Clock>,
    },
    /// It was not done in time, and somebody else must see to it.
    Escalated {
        /// Which.
        about: About,
        /// To whom.
        to: Vec<Told>,
        /// Why to them.
        lead: Lead,
    },
    /// Somebody was reminded.
    Reminded {
        /// Which.
        about: About,
        /// Of what.
        of: Reminder,
        /// Who.
        to: Vec<Told>,
    },
    /// Somebody decided that it isn't to be done, under their name.
    Deprioritised {
        /// Which.
        about: About,
        /// Why.
        reason: String,
        /// Whose decision it is, where a program handed it in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<EntityRef>,
    },
    /// Somebody else does it. The owner in `about` is the one before.
    Reassigned {
        /// Which.
        about: About,
        /// Who.
        owner: EntityRef,
    },
    /// Its deadline is another.
    Postponed {
        /// Which.
        about: About,
        /// The deadline before.
        from: Timestamp,
        /// The deadline.
        to: Timestamp,
        /// Why.
        reason: String,
    },
    /// A retrospective was opened.
    RetroOpened {
        /// Which.
        about: RetroAbout,
        /// The team's retrospective before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<u64>,
        /// What had become of what was promised there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        verdict: Vec<Verdict>,
    },
    /// Something was said in a retrospective.
    RetroSaid {
        /// Which.
        about: RetroAbout,
        /// The card's number.
        card: u32,
        /// Where it stands.
        column: Column,
        /// What.
        text: String,
    },
    /// Something that was said was taken back.
    RetroTakenBack {
        /// Which.
        about: RetroAbout,
        /// The card's number.
        card: u32,
    },
    /// Somebody voted for a card, or doesn't any more.
    RetroVoted {
        /// Which.
        about: RetroAbout,
        /// The card's number.
        card: u32,
        /// Whether it has their vote.
        on: bool,
    },
    /// A retrospective is over.
    RetroClosed {
        /// Which.
        about: RetroAbout,
    },
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The item's number.
    pub number: u64,
    /// What was promised, in one line.
    pub what: String,
    /// What the item is about.
    pub subject: EntityRef,
    /// Whose it is.
    pub owner: EntityRef,
    /// The team that answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<EntityRef>,
}

/// When an item escalates, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// When.
    pub escalates: Timestamp,
    /// The calendar whose second turn ends then; none if four weeks were counted, for want of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle: Option<EntityRef>,
}

/// What shows that an item was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// Somebody says so.
    Word {
        /// What was done, in Markdown.
        note: String,
        /// Where it can be seen: an `https` address.
        link: String,
    },
    /// Mainstay saw that the condition holds.
    Seen {
        /// What it saw.
        words: String,
    },
}

/// Why an item is open again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Why {
    /// Mainstay saw that the condition holds no more.
    Failed {
        /// What it saw.
        words: String,
    },
    /// Somebody says so.
    ByHand {
        /// Why.
        reason: String,
    },
}

/// Why an item was escalated to these people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Lead {
    /// They lead this team, which is the owner's or one that it is a part of.
    Leads {
        /// The team.
        team: EntityRef,
    },
    /// Nobody leads the team or one that it is a part of, so that the whole team is told.
    Nobody {
        /// The team; none if nobody knows whose the item is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<EntityRef>,
    },
}

/// What somebody is reminded of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reminder {
    /// Two days are left.
    Soon,
    /// The deadline has come.
    Deadline,
    /// It was escalated a week ago or more, and nobody has done it or decided against it.
    StillEscalated,
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Who.
    pub person: EntityRef,
    /// The message to them; none if there is no address of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<EffectId>,
}

/// The item's own reference: `action:default/<number>`.
///
/// # Panics
/// Never: the parts of it are constants and digits.
#[must_use]
#[expect(clippy::expect_used, reason = "the parts are constants and digits, and a test makes it")]
pub fn reference(number: u64) -> EntityRef {
    EntityRef::new("action", EntityRef::DEFAULT_NAMESPACE, &number.to_string()).expect("constant parts")
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CycleDefined { .. } => "actions.cycle_defined",
            Self::CycleRemoved { .. } => "actions.cycle_removed",
            Self::Digested { .. } => "actions.digested",
            Self::Promised { .. } => "actions.promised",
            Self::Done { .. } => "actions.done",
            Self::Reopened { .. } => "actions.reopened",
            Self::Escalated { .. } => "actions.escalated",
            Self::Reminded { .. } => "actions.reminded",
            Self::Deprioritised { .. } => "actions.deprioritised",
            Self::Reassigned { .. } => "actions.reassigned",
            Self::Postponed { .. } => "actions.postponed",
            Self::RetroOpened { .. } => "actions.retro_opened",
            Self::RetroSaid { .. } => "actions.retro_said",
            Self::RetroTakenBack { .. } => "actions.retro_taken_back",
            Self::RetroVoted { .. } => "actions.retro_voted",
            Self::RetroClosed { .. } => "actions.retro_closed",
        }
    }

    /// The item that it happened to, by its number.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::CycleDefined { .. }
            | Self::CycleRemoved { .. }
            | Self::Digested { .. }
            | Self::RetroOpened { .. }
            | Self::RetroSaid { .. }
            | Self::RetroTakenBack { .. }
            | Self::RetroVoted { .. }
            | Self::RetroClosed { .. } => None,
            Self::Promised { number, .. } => Some(*number),
            Self::Done { about, .. }
            | Self::Reopened { about, .. }
            | Self::Escalated { about, .. }
            | Self::Reminded { about, .. }
            | Self::Deprioritised { about, .. }
            | Self::Reassigned { about, .. }
            | Self::Postponed { about, .. } => Some(about.number),
        }
    }

    /// The retrospective that it happened to.
    #[must_use]
    pub fn retro(&self) -> Option<&RetroAbout> {
        match self {
            Self::RetroOpened { about, .. }
            | Self::RetroSaid { about, .. }
            | Self::RetroTakenBack { about, .. }
            | Self::RetroVoted { about, .. }
            | Self::RetroClosed { about } => Some(about),
            Self::CycleDefined { .. }
            | Self::CycleRemoved { .. }
            | Self::Digested { .. }
            | Self::Promised { .. }
            | Self::Done { .. }
            | Self::Reopened { .. }
            | Self::Escalated { .. }
            | Self::Reminded { .. }
            | Self::Deprioritised { .. }
            | Self::Reassigned { .. }
            | Self::Postponed { .. } => None,
        }
    }

    /// What it is about, most specific first: the item, what that is about, whose it is, the team, and whoever was told.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        let of = |about: &About| {
            let mut subjects = vec![reference(about.number), about.subject.clone(), about.owner.clone()];
            subjects.extend(about.team.clone());
            subjects
        };
        match self {
            Self::CycleDefined { definition } => vec![definition.cycle.clone(), definition.team.clone()],
            Self::CycleRemoved { cycle, team } => vec![cycle.clone(), team.clone()],
            Self::Digested { cycle, team, to, .. } => {
                let people = to.iter().map(|told| told.person.clone());
                [team.clone(), cycle.clone()].into_iter().chain(people).collect()
            }
            Self::RetroOpened { about, .. }
            | Self::RetroSaid { about, .. }
            | Self::RetroTakenBack { about, .. }
            | Self::RetroVoted { about, .. }
            | Self::RetroClosed { about } => vec![retro_reference(about.number), about.team.clone()],
            Self::Promised { number, promise, .. } => {
                let mut subjects = vec![reference(*number), promise.subject.clone(), promise.owner.clone()];
                subjects.extend(promise.team.clone());
                subjects
            }
            Self::Done { about, .. }
            | Self::Reopened { about, .. }
            | Self::Deprioritised { about, .. }
            | Self::Postponed { about, .. } => of(about),
            Self::Reassigned { about, owner } => {
                let mut subjects = of(about);
                subjects.push(owner.clone());
                subjects
            }
            Self::Escalated { about, to, .. } | Self::Reminded { about, to, .. } => {
                let mut subjects = of(about);
                for told in to {
                    if !subjects.contains(&told.person) {
                        subjects.push(told.person.clone());
                    }
                }
                subjects
            }
        }
    }

    /// One plain sentence without the actor.
    #[must_use]
    pub fn summary(&self) -> String {
        let item = |about: &About| format!("action {}, {}", about.number, about.what);
        match self {
            Self::CycleDefined { definition } => format!(
                "defined the calendar {} of {}: {}",
                definition.cycle.short(),
                definition.team.short(),
                definition.in_words()
            ),
            Self::CycleRemoved { cycle, team } => {
                format!("removed the calendar {} of {}", cycle.short(), team.short())
            }
            Self::Digested { team, until, to, .. } => {
                format!("sent the digest of {}'s week until {} to {}", team.short(), until.strftime("%F"), names(to))
            }
            Self::RetroOpened { about, verdict, .. } => {
                let kept = verdict.iter().filter(|verdict| verdict.outcome == crate::Outcome::InTime).count();
                let of = match verdict.len() {
                    0 => String::new(),
                    promised => format!("; of {promised} promised last time, {kept} were done in time"),
                };
                format!("opened retrospective {} of {}, {}{of}", about.number, about.team.short(), about.title)
            }
            Self::RetroSaid { about, column, text, .. } => {
                format!("said in retrospective {} ({}): {text}", about.number, column.title().to_lowercase())
            }
            Self::RetroTakenBack { about, card } => {
                format!("took card {card} of retrospective {} back", about.number)
            }
            Self::RetroVoted { about, card, on: true } => {
                format!("voted for card {card} of retrospective {}", about.number)
            }
            Self::RetroVoted { about, card, on: false } => {
                format!("took back the vote for card {card} of retrospective {}", about.number)
            }
            Self::RetroClosed { about } => {
                format!("closed retrospective {} of {}, {}", about.number, about.team.short(), about.title)
            }
            Self::Promised { number, promise, .. } => {
                let (what, owner, until) = (&promise.what, promise.owner.short(), promise.deadline.strftime("%F"));
                format!("promised action {number}: {what}, by {owner} until {until}")
            }
            Self::Done { about, evidence: Evidence::Word { .. } } => format!("did {}", item(about)),
            Self::Done { about, evidence: Evidence::Seen { words } } => format!("found {} done: {words}", item(about)),
            Self::Reopened { about, why: Why::Failed { words }, .. } => format!("reopened {}: {words}", item(about)),
            Self::Reopened { about, why: Why::ByHand { reason }, .. } => format!("reopened {}: {reason}", item(about)),
            Self::Escalated { about, to, lead } => match lead {
                Lead::Leads { .. } => format!("escalated {} to {}", item(about), names(to)),
                Lead::Nobody { team: Some(team) } => {
                    format!("escalated {} to all of {}, which nobody leads", item(about), team.short())
                }
                Lead::Nobody { team: None } => format!("escalated {}: it is no team’s, and nobody leads", item(about)),
            },
            Self::Reminded { about, of, to } => {
                let of = match of {
                    Reminder::Soon => "two days are left",
                    Reminder::Deadline => "the deadline has come",
                    Reminder::StillEscalated => "it is still escalated",
                };
                format!("reminded {} of {}: {of}", names(to), item(about))
            }
            Self::Deprioritised { about, reason, .. } => format!("deprioritised {}: {reason}", item(about)),
            Self::Reassigned { about, owner } => format!("gave {} to {}", item(about), owner.short()),
            Self::Postponed { about, to, reason, .. } => {
                format!("postponed {} to {}: {reason}", item(about), to.strftime("%F"))
            }
        }
    }
}

fn names(told: &[Told]) -> String {
    if told.is_empty() {
        return "nobody".to_owned();
    }
    told.iter().map(|told| told.person.short()).collect::<Vec<_>>().join(", ")
}
