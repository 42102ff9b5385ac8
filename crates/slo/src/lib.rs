//! Service level objectives: how much may go wrong, how much did, and how fast the rest is spent.
//!
//! **Cast.** [`Document`]s are OpenSLO v1, from the catalog. An SLO with everything that it names is [`Resolved`]: where
//! its events come from ([`Input`]), what is wanted ([`Objective`]), for which [`Window`], and when somebody is told
//! ([`Alert`]). A [`Record`] holds what was counted for it, as [`Counts`] in a [`Ledger`]; a [`Report`] says how it
//! stands: its [`Budget`], its burn rate, and what each alert sees.
//!
//! **Flow.** Whoever has data adds them to the record: [`judged`] makes counts of a check's verdict over time, [`growth`]
//! of a counter. Every minute [`Report::of`] is made, and [`Command::Judge`] takes note of it; only what changes becomes
//! an event, which is what opens and ends incidents.
//!
//! **Invariants.**
//! - Every event counts the same: a budget is bad events by all events, never a mean of ratios. Counts are whole numbers,
//!   so what is spent depends neither on the order nor on the portions in which they came.
//! - Nothing counted is unknown. It is never good, ends no alert, and restores no budget.
//! - A target is less than 1, so there is a budget to divide by; all numbers in events are finite.
//! - Records are not of the World: they are made anew of what the World and the samples have.

mod alerting;
mod budget;
mod command;
mod counts;
pub mod declared;
mod document;
mod event;
mod ledger;
mod record;
mod report;
mod resolve;
mod shorthand;
mod slices;
mod sources;
mod state;
#[cfg(test)]
mod tests;
mod window;

pub use alerting::{Alert, Op, Reading, Severity, Verdict, burn, short_of, threshold};
pub use budget::{Budget, budget, burn_down, exhausted_in, spent};
pub use command::{Command, DOCUMENTS_MAX, decide};
pub use counts::Counts;
pub use document::{
    API_VERSION, AlertCondition, AlertNotificationTarget, AlertPolicy, Consequences, DataSource, Document, Indicator,
    Link, Objective, Service, Slo, Source,
};
pub use event::{About, Burn, Ending, Event, percent};
pub use ledger::{LATE_MAX, Ledger};
pub use record::Record;
pub use report::{Report, Standing};
pub use resolve::{Input, Measure, Resolved};
pub use shorthand::{Shorthand, Unit, in_letters};
pub use slices::{SliceRule, Slices};
pub use sources::{growth, judged};
pub use state::{Firing, Held, State};
pub use window::{Period, Window, minute_of, moment_of};
