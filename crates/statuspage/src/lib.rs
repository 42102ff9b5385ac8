//! Status pages: what the public is told of what works and what doesn't, in Statuspage's words.
//!
//! **Cast.** A [`Page`] is declared in the catalog (`kind: StatusPage`): components in groups, each with a public name and
//! what stands behind it. A [`Report`] is an incident or a planned maintenance that somebody published, with its updates.
//! An [`Override`] is a component's status as a person set it, until a given time. A [`Subscription`] is somebody who
//! wants to hear of updates; a [`Broadcast`] is one update on its way to all of them.
//!
//! **Flow.** The caller measures each component ([`Measured`], from checks), and [`shown`] says what the page shows:
//! an override first, then a maintenance, then the worse of what is measured and what reports say. [`Bars`] does the
//! same for each day of the past. A published update begins a broadcast; whoever delivers asks [`State::batch`] for the
//! next few receivers, and hands in what came of them ([`Command::Deliver`]): one event for each batch, never one for
//! each receiver.
//!
//! **Invariants.**
//! - Nothing is public but what is declared to be or was published by hand, or by the page's own rule
//!   ([`Page::publish_after_s`]). References of entities and internal words never come from here into what is shown.
//! - What nobody measures is [`Status::NoData`], never operational.
//! - No address is in an event or in the state: a subscription names the sealed secret that has it, by a random id.
//! - A broadcast goes on after a crash where its last batch was recorded: what was sent and not recorded is sent again,
//!   under the same id. A retracted report is broadcast no further.

mod bars;
mod broadcast;
mod command;
mod declared;
mod event;
mod page;
mod report;
mod shown;
mod state;
mod status;
mod subscription;
#[cfg(test)]
mod tests;

pub use bars::{Bars, DAYS, Day};
pub use broadcast::{BATCH_MAX, Batch, Broadcast, Tried, TriedOutcome, Waiting};
pub use command::{Command, Posting, Publication, decide, due};
pub use event::{About, Event, Gone};
pub use page::{Component, Group, PAGE_KIND, Page, Template};
pub use report::{Affected, Kind, Posted, Report, Update};
pub use shown::{Measured, Shown, indicator, shown};
pub use state::{Override, State};
pub use status::{Impact, Indicator, Stage, Status};
pub use subscription::{SUBSCRIPTIONS_MAX, Subscription, Way};
