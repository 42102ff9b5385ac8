//! What the crate does as a whole.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

mod assets;
mod backstage;
mod protection;
mod samples;
mod screens;
mod server;
