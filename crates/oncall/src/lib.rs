//! Who is on call.
//!
//! **Cast.** A [`Rotation`] belongs to a team and passes a duty around its people; it comes from the catalog
//! (`kind: Rotation`). A *shift* is one person's turn, from one hand-over to the next. An *override* puts somebody
//! else in for a while.
//!
//! **Flow.** Rotations and overrides are events. Who is on call is not: it is calculated, for any moment past or
//! future, by [`on_call`] for the rotation alone and by [`current`] and [`schedule`] with its overrides. A
//! [`Gap`] says why nobody is.
//!
//! **Invariants.**
//! - Shifts follow one another without gap or overlap, from the first hand-over on.
//! - A hand-over is at the declared wall-clock time of the rotation's own zone, on both sides of a change of the
//!   clocks. A time that the clocks skip is that much later, and of a time that comes twice it is the first.
//! - Time zones come from the database in this program, so that every machine gives the same answer.

mod command;
mod declared;
mod event;
mod rotation;
mod schedule;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Command, decide, undo};
pub use event::Event;
pub use rotation::{Handover, Rotation, Shift, TurnLength, Weekday, on_call};
pub use schedule::{Gap, OnCall, current, gap, schedule};
pub use state::{Override, Roster, State};
