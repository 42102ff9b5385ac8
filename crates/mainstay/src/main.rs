//! `mainstay`: the server, the demo, and a verb for everything that people do from a terminal.
//!
//! [`cli`] has the verbs and their flags; each verb is a file under `verbs/`. [`running`] puts the server together.

mod cli;
mod failure;
mod output;
mod running;
mod settings;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // The only provider of cryptography: whoever installed one before installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match verbs::run(cli) {
        Ok(code) => code,
        Err(refusal) => failure::report(&refusal),
    }
}
