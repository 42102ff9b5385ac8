//! `mainstay`: the server, the demo, and a verb for everything that people do from a terminal.
//!
//! [`cli`] has the verbs and their flags; each verb is a file under `verbs/`. [`running`] puts the server together.
//! [`client`] asks the server, [`hal`] asks a Pact Broker, [`answers`] is what it answers, and [`output`] prints it.

mod answers;
mod cli;
mod client;
mod failure;
mod flagd;
mod hal;
mod output;
mod probing;
mod running;
mod settings;
mod verbs;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::Cli::read() {
        Ok(cli) => cli,
        Err(code) => return ExitCode::from(code),
    };
    // The only provider of cryptography: whoever installed one before installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match verbs::run(cli) {
        Ok(code) => code,
        Err(refusal) => failure::report(&refusal),
    }
}
