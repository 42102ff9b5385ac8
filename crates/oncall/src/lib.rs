//! Who is on call.
//!
//! **Cast.** A [`Rotation`] belongs to a team and passes a duty around its people; it comes from the catalog
//! (`kind: Rotation`). A *shift* is one person's turn, from one hand-over to the next; a [`Restriction`] leaves only some
//! hours of it. Rotations of one team that name the same `schedule` are *layers* of one duty: where several cover a
//! moment, the highest holds. An *override* puts somebody else in for a while; a *swap* is two overrides that two people
//! agree to.
//!
//! **Flow.** Rotations, overrides and swaps are events. Who is on call is not: it is calculated, for any moment past or
//! future. [`on_call`] and [`schedule`] answer for one rotation; [`current`], [`on_call_for`] and [`final_schedule`] for a
//! team, with everything merged. [`gaps`] says when nobody is on call, and why; [`load`] who carries how much; [`ical`]
//! puts shifts into calendars.
//!
//! **Layers.** Follow the sun is three rotations with `schedule: world`, each with its people, zone and hours. A weekend
//! rota over a weekly one is `layer: 1` with `restrict: [{days: [saturday, sunday]}]` over `layer: 0`. Primary and
//! secondary are two duties: two rotations without a schedule (or two schedules), with `order: 1` and `order: 2`.
//!
//! **Invariants.**
//! - A duty has one person on call at most, at any moment. Without restrictions, shifts follow one another without gap
//!   or overlap, from the first hand-over on.
//! - A hand-over is at the declared wall-clock time of the rotation's own zone, on both sides of a change of the
//!   clocks. A time that the clocks skip is that much later, and of a time that comes twice it is the first.
//! - Turns of hours are hours of the wall clock, so that hand-overs stay at the same times of the day all year: eight
//!   hours in which the clocks go forward last seven. What the clocks skip is handed over at the moment when they do.
//!   So do the edges of restricted hours.
//! - An override holds in its rotation's hours only: who takes over a weekend rota for a week doesn't get the workdays.
//!   It holds where it would be nobody's turn, too, which is how a gap is mended in a hurry.
//! - Turns are counted from the first hand-over, so a change of `people` moves turns; overrides stay.
//! - Time zones come from the database in this program, so that every machine gives the same answer.

mod command;
mod declared;
mod duty;
mod event;
mod gaps;
mod hours;
mod ical;
pub mod ics;
mod load;
mod rotation;
mod schedule;
mod state;
mod swap;
#[cfg(test)]
mod tests;
mod turns;

pub use command::{Command, decide, undo};
pub use duty::{FinalSchedule, OnCall, current, final_schedule, on_call_for};
pub use event::{Event, SwapShift};
pub use gaps::{Gap, GapSpan, gap, gaps};
pub use hours::Restriction;
pub use ical::{Feed, ical};
pub use load::{Load, load};
pub use rotation::{Handover, Rotation, Shift, TurnLength, on_call};
pub use schedule::{Span, schedule};
pub use state::{Override, Proposal, Roster, State};
