//! Serves compiled flags to whoever evaluates them: inside the server, and in the relay that stands near the callers.
//!
//! The [`Board`] holds one published [`flagd::Set`] per environment. Whoever owns the flags publishes; every face reads:
//!
//! | face | speaks |
//! | --- | --- |
//! | [`ofrep`] | OpenFeature's remote evaluation protocol 0.3.0, with its event stream ([`stream`]) |
//! | [`rpc`] | `flagd.evaluation.v1` and `v2`, over gRPC and as HTTP with JSON on the same port |
//! | [`sync`] | `flagd.sync.v1`: definitions for providers that evaluate in their own process |
//! | [`flagd_ports`] | the last two and OFREP on the ports where flagd's clients look for them |
//! | [`edge`] | all of them again, far from the server, from the last good copy |
//!
//! A request comes with a [`Scope`] among its extensions, put there by whoever authenticated it; without one it is
//! refused. Each answer is counted in the [`tally`], from where the owner collects every few seconds. [`cors()`] goes
//! around whoever authenticates. When the server stops, [`Board::close`] ends the streams, which would not end otherwise.
//!
//! Invariants:
//! - Readers never wait: a set is swapped in whole, and an answer is made of one set.
//! - A stream has no queue. A subscriber remembers what it saw last and looks at what is now; a slow one misses the steps
//!   in between, never the end, and costs nothing meanwhile.
//! - The id of an event is the revision of the content, so it means the same after a restart and at every relay.

mod board;
mod changes;
mod clock;
pub mod edge;
pub mod flagd_ports;
mod gate;
mod listener;
mod metrics;
pub mod ofrep;
pub mod proto;
pub mod rpc;
mod scope;
mod serving;
pub mod stream;
pub mod sync;
pub mod tally;

pub use board::{Board, Subscription};
pub use changes::{Change, changes};
pub use listener::ListenError;
pub use scope::{Scope, StreamKey};
pub use serving::{InvalidOrigin, Serving, cors};
