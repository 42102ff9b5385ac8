//! Developer automation: `cargo xtask --help`.
//!
//! One file per verb. Under them: [`run`] starts programs and reads what they print, [`tally`] counts what a test runner
//! says it ran, [`needs`] sees to it that Node and Chromium are there, [`server`] starts the binary on a folder of its
//! own, and [`http`] asks it.
//!
//! Exit codes are those of the binary: 0 all is well, 1 something failed, 78 something is missing on this machine.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer reads what it prints")]

mod bench;
mod ci;
mod conformance;
mod http;
mod needs;
mod run;
mod server;
mod sim;
mod tally;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What Mainstay's developers and its CI run.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run every test: Rust, documentation, browser, other people's clients.
    Test(test::Args),
    /// Everything that CI asks for: format, clippy, dependencies, documentation, then every test.
    Ci,
    /// What other people's clients, files and tools say of it.
    Conformance,
    /// The figures, with the machine's facts and the goals.
    Bench(bench::Args),
    /// Many simulated histories with faults; what must hold is checked at each step.
    Sim(sim::Args),
}

fn main() -> ExitCode {
    let done = match Args::parse().verb {
        Verb::Test(args) => test::run(&args),
        Verb::Ci => ci::run(),
        Verb::Conformance => conformance::run(),
        Verb::Bench(args) => bench::run(&args),
        Verb::Sim(args) => sim::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<needs::Missing>() { 78 } else { 1 })
        }
    }
}
