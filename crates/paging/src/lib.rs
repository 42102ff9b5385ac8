//! Pages: who is told when something breaks, how, when, and what happens if nobody answers.
//!
//! **Cast.** A [`Policy`] is a list of steps, each with whom it tells and how long it waits for an answer; it comes from
//! the catalog (`kind: EscalationPolicy`). A [`Page`] follows one [`Plan`]: the policy as it was when the page was opened,
//! with those that it goes on with. A person has contact methods, and rules that say when each is used ([`Contacts`]).
//! A *notice* is one thing to tell one person by one method. Notices that fall due go out as a [`Message`], which an
//! effect elsewhere delivers. An address is never here, only the name under which it is sealed.
//!
//! **Flow.** [`Command::Open`] opens a page. From then on the caller asks [`due()`], whenever [`State::next_due`] has come:
//! - [`Due::Reach`] names whom a step tells; the caller finds out who that is (people, rotations, teams), and gives the
//!   [`Command::Reach`] that [`DueStep::reach`] makes of them;
//! - [`Due::Give`] is a command to give as it is: [`Command::Send`] makes a message of all that waits for one person on one
//!   channel, [`Command::Exhaust`] ends a page that nobody answered.
//!
//! For each [`Event::Dispatched`] the caller delivers [`State::message`], in that effect's name, and gives
//! [`Command::Deliver`] with what became of each try. What it says is [`State::lines`] at that moment: a message that is
//! tried again says nothing of pages that ended meanwhile, and is dropped if none is left. [`Command::Acknowledge`] ends the page, and so does
//! [`Command::EndIncident`]. [`explain()`] says in words what was done and what comes next.
//!
//! **Invariants.**
//! - A page is open until it is acknowledged, closed, or exhausted: escalated to the end, which is an alarm. One that is
//!   exhausted can still be acknowledged or closed, and stays in [`State::unfinished`] until then. Nothing else happens.
//! - A plan ends: steps, rounds and policies are bounded, and so is every wait.
//! - A notice that falls due while the page is open is in a message, however many others fall due: a message waits for
//!   the least time since the last one to that person on that channel ([`Channel::gap`]), and takes all with it.
//! - The first failure of a message makes the person's next rule due; if all of a step has failed for good, or it reaches
//!   nobody, the next step is due. A round that reached nobody isn't repeated.
//! - No page is refused for being too many. At [`OPEN_MAX`] unfinished pages, another is put into the newest open one of
//!   the same team and policy, which tells everybody again. A team and policy without an open page still gets its
//!   own; the oldest exhausted page makes room for it, by being closed.
//! - Steps are counted from when the one before was reached, so that a clock that jumps ahead skips nobody.

mod command;
mod contact;
mod declared;
mod due;
mod event;
mod explain;
mod hours;
mod page;
mod policy;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Command, NewMethod, OPEN_MAX, decide};
pub use contact::{
    AFTER_MINUTES_MAX, Channel, Contacts, For, METHODS_MAX, Method, MethodId, RULES_MAX, Reached, Rule, Urgency,
};
pub use due::{Due, DueStep, due};
pub use event::{Closing, Event, IncidentRef, Kind, Line, Opening, Outcome, PageRef, Planned, Telling, Via};
pub use explain::explain;
pub use hours::Hours;
pub use page::{Concern, LOG_MAX, LogEntry, Notice, NoticeState, Page, Status, Told, ToldBy};
pub use policy::{Leg, POLICY_KIND, Place, Plan, Policy, Step, Target, cycles};
pub use state::{FINISHED_KEPT, Message, State};
