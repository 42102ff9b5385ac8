//! Runs checks from where it stands, and hands in what it saw.
//!
//! **Cast.** A [`Client`] makes one run of one check and says how it went. A [`Prober`] keeps a set of checks running
//! at their intervals and hands in a [`RunResult`](checks::RunResult) for each run. An [`AddressPolicy`] says which
//! addresses may be asked at all.
//!
//! **Flow.** The prober is given the definitions by a watch channel and takes changes at once. Starts are spread over
//! the interval by a hash of the check's name. A first failure is repeated after a second, to confirm it or not.
//!
//! **Invariants.**
//! - A run ends by its timeout, reads at most 64 KB of an answer, and follows no more redirects than its check says.
//! - No secret's value is in evidence, and none goes to another origin by a redirect.
//! - The policy is applied to the addresses that are really connected to, on each hop.
//! - A slow check delays no other; checks that don't answer can't take the places of those that do.
//! - Nothing here judges: what a result means is decided by `checks`.

mod client;
mod cookies;
mod dns;
mod exec;
mod http;
mod policy;
mod prober;
mod run;
mod stream;
mod values;

pub use client::{Client, ClientError};
pub use policy::AddressPolicy;
pub use prober::{Pace, Prober, Runner};
pub use run::Run;
pub use values::Secrets;
