//! One file per verb.

mod demo;
mod serve;

use std::process::ExitCode;

use kernel::{Refusal, codes};
use tokio::runtime::Runtime;

use crate::cli::{Cli, Verb};

/// Does what was asked.
///
/// # Errors
/// What was refused and why; [`crate::failure::report`] prints it.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, Refusal> {
    let runtime = Runtime::new()
        .map_err(|error| Refusal::new(&codes::INTERNAL, format!("the runtime could not be started: {error}")))?;
    runtime.block_on(async {
        match cli.verb {
            Verb::Demo(args) => demo::run(args).await,
            Verb::Serve(args) => serve::run(args).await,
        }
    })
}
