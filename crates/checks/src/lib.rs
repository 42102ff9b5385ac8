//! Synthetic checks: is the path that users depend on working, as seen from outside?
//!
//! **Cast.** A [`CheckDefinition`] says what to ask for, how often, and what a good answer is; it comes from the
//! catalog (`kind: Check`). A *probe* at a *location* runs it and hands in a [`RunResult`] for each run. The
//! *verdict* is what this area makes of the results: up, degraded, down or unknown.
//!
//! **Flow.** Results are samples and not events. [`Command::Report`] compares a result with the verdict, and only a
//! transition becomes an event: the first failing run is a *falter*, enough of them in a row bring the check
//! *down*, enough good ones let it *recover*. A check from which nothing is heard [falls silent](silent).
//!
//! **Invariants.**
//! - One report causes at most one event, and a report that is older than the verdict causes none.
//! - Silence is unknown, never up and never down; an outage that was open before the silence stays open.
//! - Evidence is bounded, and shows no credentials.
//! - Nothing here knows how a check is run.

mod assertion;
mod command;
mod declared;
mod definition;
mod event;
mod explain;
mod heartbeat;
mod judge;
mod maintenance;
mod quorum;
mod result;
mod state;
pub mod template;
#[cfg(test)]
mod tests;
mod uptime;
mod web_address;

pub use assertion::{Observed, hold, json_path, pattern};
pub use command::{Command, decide, due, silent};
pub use definition::{
    Agreement, Assertion, CheckDefinition, CheckKind, DnsCheck, Exchange, ExecCheck, Expectation, Expected, Extract,
    GrpcCheck, HeartbeatCheck, HttpCheck, IcmpCheck, IpVersion, JourneyCheck, Maintenance, Method, Phase, Relation,
    Severity, Slowness, Source, StartTls, StatusRange, Step, Subject, TcpCheck, TlsCheck, TlsOptions, WebSocketCheck,
};
pub use event::{Bearing, Event, Signal};
pub use explain::{why, why_paged};
pub use heartbeat::{Beats, Overdue};
pub use maintenance::Planned;
pub use quorum::{Panel, Standing};
pub use result::{Certificate, Evidence, Hop, Outcome, Phases, RunResult, Streak, Tally, series};
pub use state::{Failing, Falter, Probe, State, Turn, Verdict, Watch};
pub use uptime::{Uptime, uptime};
pub use web_address::shown;
