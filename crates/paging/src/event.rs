//! The facts: policies, contact methods, and the life of pages.

use jiff::Timestamp;
use kernel::{Actor, EffectId, EntityRef, IncidentId, PageId};
use serde::{Deserialize, Serialize};

use crate::{Channel, Method, MethodId, Place, Plan, Policy, Rule, Urgency};

/// Pages of one message that are named as subjects of its event; the others' logs know it all the same.
const SUBJECTS_MAX: usize = 50;

/// Which page an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PageRef {
    /// The page's id.
    pub page: PageId,
    /// The number that people use.
    pub number: u64,
}

impl PageRef {
    /// The page as a subject of the timeline: `page:default/<number>`.
    #[must_use]
    pub fn reference(&self) -> Option<EntityRef> {
        EntityRef::new("page", EntityRef::DEFAULT_NAMESPACE, &self.number.to_string()).ok()
    }
}

/// Which incident a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRef {
    /// The incident's id.
    pub incident: IncidentId,
    /// The number that people use.
    pub number: u64,
}

impl IncidentRef {
    fn reference(&self) -> Option<EntityRef> {
        EntityRef::new("incident", EntityRef::DEFAULT_NAMESPACE, &self.number.to_string()).ok()
    }
}

/// What a page is about, as it was when it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The incident, unless a person pages for another reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentRef>,
    /// The entity that it is about.
    pub subject: EntityRef,
    /// The team that is paged: the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<EntityRef>,
    /// The policy that was asked for; none for what is done without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<EntityRef>,
    /// How urgent it is.
    pub urgency: Urgency,
    /// One line for lists and messages.
    pub title: String,
}

/// One person who is told by a step, and when, by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    /// Who.
    pub person: EntityRef,
    /// Their notices, in the order of their rules. Not empty.
    pub notices: Vec<Planned>,
}

/// A notice to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// By which method.
    pub method: Method,
    /// Which of the person's rules it follows from, counted from zero.
    pub rule: u8,
    /// When it falls due.
    pub at: Timestamp,
}

/// What a message says of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something is wrong: answer.
    Page,
    /// Nobody answered at all.
    Alarm,
    /// It was acknowledged, or is over.
    FollowUp,
}

/// One page in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The page.
    #[serde(flatten)]
    pub page: PageRef,
    /// Which of its notices.
    pub notice: u32,
    /// What is said.
    pub kind: Kind,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outcome {
    /// The other side took it.
    Sent,
    /// It failed, and is tried again.
    Retrying {
        /// Why it failed.
        error: String,
    },
    /// It failed for good.
    GaveUp {
        /// Why.
        error: String,
    },
    /// It was not tried again, since its pages had ended.
    Dropped,
}

/// On which way somebody acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Via {
    /// On a screen or by the API; the command's actor did it.
    ByHand,
    /// By answering a message.
    Notice {
        /// To whom the message went.
        person: EntityRef,
        /// On which channel.
        channel: Channel,
    },
}

/// Why a page was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Everything that it was about is over.
    IncidentEnded,
    /// Somebody closed it.
    ByHand,
    /// It was the oldest of too many that were escalated to the end.
    MadeRoom,
}

impl Closing {
    /// The reason in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::IncidentEnded => "what it was about is over",
            Self::ByHand => "closed by hand",
            Self::MadeRoom => "too many pages are open, and this was the oldest that nobody answered",
        }
    }
}

/// Something that happened to pages, or to what they are sent by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A policy was defined, or its definition was changed. Pages that are open go on with the old one.
    PolicyDefined {
        /// What it is from now on.
        definition: Policy,
    },
    /// A policy was removed. Pages that are open go on with it.
    PolicyRemoved {
        /// The policy.
        policy: EntityRef,
    },
    /// A person can be reached in one more way.
    MethodAdded {
        /// The person.
        person: EntityRef,
        /// The way.
        method: Method,
    },
    /// A person has shown that a method is theirs.
    MethodVerified {
        /// The person.
        person: EntityRef,
        /// The method.
        method: MethodId,
    },
    /// A person can't be reached in this way any more. The rules with it are gone too.
    MethodRemoved {
        /// The person.
        person: EntityRef,
        /// The method.
        method: MethodId,
    },
    /// A person said when they want to be told how.
    RulesSet {
        /// The person.
        person: EntityRef,
        /// All their rules.
        rules: Vec<Rule>,
    },
    /// Somebody is to be told. The first step is reached at `next`.
    Opened {
        /// Which page.
        #[serde(flatten)]
        page: PageRef,
        /// What it is about.
        about: Opening,
        /// All that will be done.
        plan: Plan,
        /// When the first step is reached: later than now if it waits for hours.
        next: Timestamp,
        /// What was found wrong meanwhile.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: Vec<String>,
    },
    /// There are so many pages that another incident was put into one; those who were told are told again.
    Joined {
        /// Which page.
        #[serde(flatten)]
        page: PageRef,
        /// The incident, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incident: Option<IncidentRef>,
        /// The entity that it is about.
        subject: EntityRef,
        /// One line about it.
        title: String,
    },
    /// One of several incidents of a page ended; the page goes on for the others.
    Left {
        /// Which page.
        #[serde(flatten)]
        page: PageRef,
        /// The incident that ended.
        incident: IncidentId,
    },
    /// One of a page's incidents is a part of another now, or the page is about what was split off it: it goes on for that.
    Moved {
        /// Which page.
        #[serde(flatten)]
        page: PageRef,
        /// The incident that it was for.
        from: IncidentId,
        /// The incident that it is for.
        into: IncidentRef,
    },
    /// A step was reached: these people are told by their own rules. Of what is waiting for them already, nothing
    /// is put off.
    Reached {
        /// Which page.
        #[serde(flatten)]
        page: PageRef,
        /// The step.
        at: Place,
        /// Whom it tells.
        people: Vec<Telling>,
        /// Who could not be reached, and why.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: Vec<String>,
        /// The step after it; none if the page ends then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<Place>,
        /// When that is, unless somebody answers.
        next: Timestamp,
    },
    /// Notices that fell due go out as one message.
    Dispatched {
        /// What carries it out.
        effect: EffectId,
        /// To whom.
        person: EntityRef,
        /// By what.
        method: Method,
        /// What it says.
        lines: Vec<Line>,
    },
    /// Something became of a message. Its first failure makes the next notice of each of its pages to this person due at
    /// once; if it failed for good and nothing of the step is left, the page's next step is.
    Delivered {
        /// Which message.
        effect: EffectId,
        /// To whom.
        person: EntityRef,
        /// What became of it.
        outcome: Outcome,
    },
    /// Somebody answered: nobody else is told, but for a follow-up to those who were.
    Acknowledged {
        /// Which page.
        #[serde(flatten)]
        page: PageRef,
        /// Who answered.
        by: Actor,
        /// On which way.
        via: Via,
    },
    /// Somebody wants the next step now. The page doesn't wait for hours from now on.
    Escalated {
        /// Which page.
        #[serde(flatten)]
        page: PageRef,
    },
    /// Somebody gave the page to another policy, which begins at `next`.
    Reassigned {
        /// Which page.
        #[serde(flatten)]
        page: PageRef,
        /// The policy.
        policy: EntityRef,
        /// All that will be done from now on.
        plan: Plan,
        /// When the first step of it is reached.
        next: Timestamp,
    },
    /// Somebody wants all who were reached to be told once more.
    Renotified {
        /// Which page.
        #[serde(flatten)]
        page: PageRef,
    },
    /// The plan is at its end and nobody answered. All who were reached are told once more.
    Exhausted {
        /// Which page.
        #[serde(flatten)]
        page: PageRef,
    },
    /// It is over.
    Closed {
        /// Which page.
        #[serde(flatten)]
        page: PageRef,
        /// Why.
        why: Closing,
    },
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PolicyDefined { .. } => "paging.policy_defined",
            Self::PolicyRemoved { .. } => "paging.policy_removed",
            Self::MethodAdded { .. } => "paging.method_added",
            Self::MethodVerified { .. } => "paging.method_verified",
            Self::MethodRemoved { .. } => "paging.method_removed",
            Self::RulesSet { .. } => "paging.rules_set",
            Self::Opened { .. } => "paging.opened",
            Self::Joined { .. } => "paging.joined",
            Self::Left { .. } => "paging.left",
            Self::Moved { .. } => "paging.moved",
            Self::Reached { .. } => "paging.reached",
            Self::Dispatched { .. } => "paging.dispatched",
            Self::Delivered { .. } => "paging.delivered",
            Self::Acknowledged { .. } => "paging.acknowledged",
            Self::Escalated { .. } => "paging.escalated",
            Self::Reassigned { .. } => "paging.reassigned",
            Self::Renotified { .. } => "paging.renotified",
            Self::Exhausted { .. } => "paging.exhausted",
            Self::Closed { .. } => "paging.closed",
        }
    }

    /// What the event is about: the page first, then what and whom it concerns.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        match self {
            Self::PolicyDefined { definition } => vec![definition.policy.clone()],
            Self::PolicyRemoved { policy } => vec![policy.clone()],
            Self::MethodAdded { person, .. }
            | Self::MethodVerified { person, .. }
            | Self::MethodRemoved { person, .. }
            | Self::RulesSet { person, .. }
            | Self::Delivered { person, .. } => vec![person.clone()],
            Self::Opened { page, about, .. } => {
                let incident = about.incident.and_then(|incident| incident.reference());
                let rest = [Some(about.subject.clone()), about.team.clone(), about.policy.clone(), incident];
                page.reference().into_iter().chain(rest.into_iter().flatten()).collect()
            }
            Self::Joined { page, incident, subject, .. } => {
                let incident = incident.and_then(|incident| incident.reference());
                page.reference().into_iter().chain([subject.clone()]).chain(incident).collect()
            }
            Self::Reached { page, people, .. } => {
                page.reference().into_iter().chain(people.iter().map(|telling| telling.person.clone())).collect()
            }
            Self::Dispatched { person, lines, .. } => {
                let pages = lines.iter().take(SUBJECTS_MAX).filter_map(|line| line.page.reference());
                [person.clone()].into_iter().chain(pages).collect()
            }
            Self::Moved { page, into, .. } => page.reference().into_iter().chain(into.reference()).collect(),
            Self::Reassigned { page, policy, .. } => page.reference().into_iter().chain([policy.clone()]).collect(),
            Self::Left { page, .. }
            | Self::Acknowledged { page, .. }
            | Self::Escalated { page }
            | Self::Renotified { page }
            | Self::Exhausted { page }
            | Self::Closed { page, .. } => page.reference().into_iter().collect(),
        }
    }

    /// One plain sentence without the actor.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::PolicyDefined { definition } => {
                format!("defined policy {} of {} steps", definition.policy.short(), definition.steps.len())
            }
            Self::PolicyRemoved { policy } => format!("removed policy {}", policy.short()),
            Self::MethodAdded { person, method } => {
                format!("added {} {} to {}", method.channel.as_str(), method.label, person.short())
            }
            Self::MethodVerified { person, .. } => format!("verified a contact method of {}", person.short()),
            Self::MethodRemoved { person, .. } => format!("removed a contact method of {}", person.short()),
            Self::RulesSet { person, rules } => format!("set {} rules of {}", rules.len(), person.short()),
            Self::Opened { page, about, .. } => format!("opened page {}: {}", page.number, about.title),
            Self::Joined { page, title, .. } => format!("put into page {}: {title}", page.number),
            Self::Left { page, .. } => format!("page {} goes on without an incident that ended", page.number),
            Self::Moved { page, into, .. } => format!("page {} goes on for incident {}", page.number, into.number),
            Self::Reached { page, people, .. } => match people.as_slice() {
                [] => format!("page {} reached nobody by a step", page.number),
                people => {
                    let names: Vec<&str> = people.iter().map(|telling| telling.person.short()).collect();
                    format!("page {} is for {}", page.number, names.join(", "))
                }
            },
            Self::Dispatched { person, method, lines, .. } => match lines.as_slice() {
                [line] => {
                    format!("tells {} of page {} by {}", person.short(), line.page.number, method.channel.as_str())
                }
                lines => format!("tells {} of {} pages by {}", person.short(), lines.len(), method.channel.as_str()),
            },
            Self::Delivered { person, outcome, .. } => match outcome {
                Outcome::Sent => format!("sent the message to {}", person.short()),
                Outcome::Retrying { error } => {
                    format!("the message to {} failed and is tried again: {error}", person.short())
                }
                Outcome::Dropped => format!("the message to {} was not needed any more", person.short()),
                Outcome::GaveUp { error } => format!("gave up sending the message to {}: {error}", person.short()),
            },
            Self::Acknowledged { page, via, .. } => match via {
                Via::ByHand => format!("acknowledged page {}", page.number),
                Via::Notice { person, channel } => {
                    format!("acknowledged page {} as {} by {}", page.number, person.short(), channel.as_str())
                }
            },
            Self::Escalated { page } => format!("escalated page {} by hand", page.number),
            Self::Reassigned { page, policy, .. } => {
                format!("gave page {} to policy {}", page.number, policy.short())
            }
            Self::Renotified { page } => format!("had everybody told of page {} again", page.number),
            Self::Exhausted { page } => format!("nobody answered page {}: it was escalated to the end", page.number),
            Self::Closed { page, why } => format!("closed page {}: {}", page.number, why.words()),
        }
    }
}
