//! The real binary, from the outside: each test starts what it needs, asks as people do, and looks at exit codes and words.

#![cfg(test)]

mod actions;
mod bad_input;
mod check_run;
mod contracts;
mod contracts_import;
mod edge_flags;
mod flags;
mod harness;
mod offline;
mod pages;
mod probe;
mod slo;
mod status_page;
mod story;
mod verbs;
mod webhooks;
