//! What the crate does as a whole.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

mod ack_link;
mod alerts;
mod assets;
mod backstage;
mod beats;
mod browser;
mod check_runs;
mod check_screens;
mod checks_by_hand;
mod contacts;
mod contract_scale;
mod contract_screens;
mod contracts_api;
mod coverage;
mod evaluation;
mod flag_screens;
mod incidents;
mod large;
mod oncall_schedule;
mod pact_broker;
mod pages;
mod postmortems;
mod probes;
mod protection;
mod samples;
mod screens;
mod screens_a;
mod screens_b;
mod server;
mod slos;
mod staffed;
mod status_page;
mod status_reports;
mod status_subscribe;
