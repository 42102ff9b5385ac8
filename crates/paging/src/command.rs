//! The wishes, and what becomes of them.

mod pages;
mod setup;

use kernel::{Context, EffectId, EntityRef, IncidentId, PageId, Refusal};
use serde::{Deserialize, Serialize};

use crate::{Channel, Event, IncidentRef, MethodId, Opening, Outcome, Place, Policy, Reached, Rule, State, Via};

pub use pages::OPEN_MAX;
#[cfg(test)]
pub(crate) use pages::{LINES_MAX, PEOPLE_OF_PAGE_MAX, PEOPLE_OF_STEP_MAX, open as open_among};

/// A contact method that gets its id when it is added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMethod {
    /// On which channel.
    pub channel: Channel,
    /// What people see of the address.
    pub label: String,
    /// The name under which the address is sealed.
    pub secret: String,
    /// True if it is known to be the person's already.
    #[serde(default)]
    pub verified: bool,
}

/// What somebody wants done about policies, contacts and pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Have this policy, as defined here.
    DefinePolicy {
        /// What it is from now on.
        definition: Policy,
    },
    /// Have it no more.
    RemovePolicy {
        /// The policy.
        policy: EntityRef,
    },
    /// Reach a person in one more way.
    AddMethod {
        /// The person.
        person: EntityRef,
        /// The way.
        method: NewMethod,
    },
    /// The person has shown that it is theirs.
    VerifyMethod {
        /// The person.
        person: EntityRef,
        /// The method.
        method: MethodId,
    },
    /// Don't reach a person in this way. What waits for it is still tried, and then falls through to the next rule.
    RemoveMethod {
        /// The person.
        person: EntityRef,
        /// The method.
        method: MethodId,
    },
    /// Tell a person by these rules, in this order.
    SetRules {
        /// The person.
        person: EntityRef,
        /// All their rules; none for all methods at once.
        rules: Vec<Rule>,
    },
    /// Tell somebody. Nothing happens if the incident has an unfinished page of the same team and policy.
    Open {
        /// What it is about. The policy's own urgency goes before the one given here.
        about: Opening,
    },
    /// These are the people that a step names: the answer to [`Due::Reach`](crate::Due::Reach). Nothing happens if it is
    /// not that step's turn any more.
    Reach {
        /// The page.
        page: PageId,
        /// The step.
        at: Place,
        /// Who that is.
        people: Vec<Reached>,
        /// Whom or what could not be found, in words: `nobody is on call by rotation payments`.
        unresolved: Vec<String>,
    },
    /// Make a message of what is due for a person on a channel. Nothing happens if nothing is.
    Send {
        /// To whom.
        person: EntityRef,
        /// On which channel.
        channel: Channel,
    },
    /// This became of a message. Nothing happens if it isn't on its way any more.
    Deliver {
        /// What carried it out.
        effect: EffectId,
        /// What became of it.
        outcome: Outcome,
    },
    /// Answer a page. It can't be taken back.
    Acknowledge {
        /// The page.
        page: PageId,
        /// On which way.
        via: Via,
    },
    /// Answer every page that a person was told of, as by a reply to a message that lists them.
    AcknowledgeAll {
        /// The person.
        person: EntityRef,
        /// On which channel they answered.
        channel: Channel,
    },
    /// Take the next step now; after the last one, that is the alarm.
    Escalate {
        /// The page.
        page: PageId,
    },
    /// Give an open page to another policy.
    Reassign {
        /// The page.
        page: PageId,
        /// The policy.
        policy: EntityRef,
    },
    /// Tell everybody who was reached once more.
    Renotify {
        /// The page.
        page: PageId,
    },
    /// End a page whose plan is at its end.
    Exhaust {
        /// The page.
        page: PageId,
    },
    /// An incident is over: its pages are closed, unless they are about others too.
    EndIncident {
        /// The incident.
        incident: IncidentId,
    },
    /// An unfinished page goes on for another incident, which the first is a part of, or which was split off it. Nothing
    /// happens if it is not, or not any more, for the first.
    Move {
        /// The page.
        page: PageId,
        /// The incident that it is for.
        from: IncidentId,
        /// The incident that it is to be for.
        into: IncidentRef,
    },
    /// Close a page by hand.
    Close {
        /// The page.
        page: PageId,
    },
}

/// Decides what becomes of a command. No events: there is nothing to do.
///
/// # Errors
/// `not-found` for an unknown policy, person's method or page; `conflict` for a page that is not in the state for it;
/// `invalid` for values that are not allowed.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::DefinePolicy { definition } => setup::define(state, definition),
        Command::RemovePolicy { policy } => setup::remove(state, policy),
        Command::AddMethod { person, method } => setup::add_method(state, person, method),
        Command::VerifyMethod { person, method } => setup::verify_method(state, person, method),
        Command::RemoveMethod { person, method } => setup::remove_method(state, person, method),
        Command::SetRules { person, rules } => setup::set_rules(state, person, rules),
        Command::Open { about } => pages::open(state, about, context, OPEN_MAX),
        Command::Reach { page, at, people, unresolved } => {
            pages::reach(state, page, at, people, unresolved, context.now)
        }
        Command::Send { person, channel } => Ok(pages::send(state, person, channel, context)),
        Command::Deliver { effect, outcome } => Ok(pages::deliver(state, effect, outcome)),
        Command::Acknowledge { page, via } => pages::acknowledge(state, page, via, context),
        Command::AcknowledgeAll { person, channel } => Ok(pages::acknowledge_all(state, &person, channel)),
        Command::Escalate { page } => pages::escalate(state, page, context.now),
        Command::Reassign { page, policy } => pages::reassign(state, page, policy, context.now),
        Command::Renotify { page } => pages::renotify(state, page),
        Command::Exhaust { page } => pages::exhaust(state, page, context.now),
        Command::EndIncident { incident } => Ok(pages::end_incident(state, incident)),
        Command::Move { page, from, into } => pages::go_on_for(state, page, from, into),
        Command::Close { page } => pages::close(state, page),
    }
}
