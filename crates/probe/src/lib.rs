//! Runs checks from where it stands, and hands in what it saw.
//!
//! **Cast.** A [`Client`] makes one run of one check and says how it went. A [`Prober`] keeps a set of checks running
//! at their intervals and hands in a [`RunResult`](checks::RunResult) for each run. An [`AddressPolicy`] says which
//! addresses may be asked at all.
//!
//! **Flow.** The prober is given the definitions by a watch channel and takes changes at once. Starts are spread over
//! the interval by a hash of the check's name, and over the locations that know of each other. A first failure is repeated after a second, to confirm it or not.
//!
//! **Invariants.**
//! - A run ends by its timeout, reads at most 1 MiB of a body, and follows no more redirects than the check says.
//! - The policy is applied to the addresses that are really connected to, on each hop.
//! - A slow check delays no other; checks that don't answer can't take the places of those that do.
//! - Only programs in the folder that the operator names are run, without a shell, and killed when their run ends.
//! - What this machine doesn't let the probe do is said as that, and never as a failure of what it would have asked.
//! - Secrets are in no evidence, no error and no hop.
//! - Nothing here judges: what a result means is decided by `checks`.

mod client;
mod dns;
mod exchange;
mod exec;
mod grpc;
mod icmp;
mod network;
mod policy;
mod prober;
mod run;
mod secrets;
mod seen;
mod trace;
mod values;
mod websocket;

pub use client::{Client, ClientError};
pub use policy::AddressPolicy;
pub use prober::{Asked, Pace, Prober, Runner, Stagger};
pub use run::Run;
pub use secrets::Secrets;
pub use seen::{Leaf, Sections, Seen};
