//! Promises that get done.
//!
//! **Cast.** An [`Action`] is one record for every [`Promise`] in Mainstay: one person, one deadline, a reason, and how one
//! can tell that it was kept ([`DoneWhen`]). Post-mortems, retrospectives and findings are its [`Source`]s, and others can be.
//! A [`Cycle`] is a team's calendar of sprints, or of longer cycles with cooldowns; it comes from the catalog
//! (`kind: Cycle`), and says when the team is told how its week was ([`DigestTime`]). A [`Retro`] is a team's look back, in which promises are made. [`Knowledge`] is what the rest of the world tells a decision.
//!
//! **Flow.** Something is promised. It is done by a person's word with a link, or, better, when Mainstay sees that its
//! condition holds; when the condition fails again later, it is reopened. The owner is reminded two days before the deadline
//! and on it. What is not done when the team's second whole sprint after the promise is over escalates to the owner's lead,
//! who is told again every week, until somebody does it or decides against it with a reason, under their name.
//!
//! **Invariants.**
//! - An escalated item ends by being done or deprioritised, and by nothing else. It can't be postponed, and a success that
//!   doesn't last brings it back as escalated.
//! - Postponing moves the deadline once, and never the escalation. Follow-through counts the deadline that was promised first.
//! - Where there is a condition, nobody's word closes the item.
//! - A condition is looked at when it is decided what follows from it, and not when the event came that may have changed it.
//! - To reopen by hand gives nobody more time, and what is so already is not reopened.
//! - What was escalated to people who have all left goes to the next lead.
//! - What can't be seen changes nothing: a check of which nothing is known neither closes an item nor reopens it.
//! - Only a person decides against a promise; a program must say who did.
//! - Finding what is due, and whose condition an event can change, costs look-ups in ordered maps, and no walk of all items.
//! - Turns of a calendar follow one another without gap or overlap, and begin at the same wall-clock time on both sides of a
//!   change of the clocks; those of hours or minutes are exact durations.

mod action;
mod calendar;
mod command;
mod declared;
mod digest;
mod event;
mod known;
mod promise;
mod retro;
mod state;
#[cfg(test)]
mod tests;

pub use action::{Action, ActionState, Entry, Escalation};
pub use calendar::{Cycle, Length, Rhythm, Turn};
pub use command::{Command, DUE_MAX, SPRINTS, TEXT_BYTES_MAX, WHAT_BYTES_MAX, WITHOUT_CALENDAR, clock, decide, due};
pub use declared::CYCLE_KIND;
pub use digest::{DigestTime, Digests, WeekNotice};
pub use event::{About, Clock, Event, Evidence, Lead, Reminder, Told, Why, reference};
pub use known::{Knowledge, Look, is_known};
pub use promise::{DoneWhen, Promise, Source};
pub use retro::{Card, Column, Outcome, Retro, RetroAbout, RetroCommand, Retros, VOTES, Verdict, retro_reference};
pub use state::{Due, FOLLOW_THROUGH, FollowThrough, Notice, State};
