//! One file per verb.
//!
//! `demo` and `serve` are the server; `doctor`, `backup`, `restore` and `timeline verify` work on a data folder, whether
//! or not a server runs; all others ask a server through [`Session`].

pub(crate) mod action;
pub(crate) mod alert;
pub(crate) mod apply;
pub(crate) mod backup;
pub(crate) mod can_i_deploy;
pub(crate) mod check;
mod check_import;
mod check_run;
mod consent;
pub(crate) mod contract;
mod demo;
pub(crate) mod deploy;
mod deploy_commits;
pub(crate) mod doctor;
pub(crate) mod dora;
pub(crate) mod edge_flags;
pub(crate) mod export;
pub(crate) mod flag;
pub(crate) mod get;
pub(crate) mod heartbeat;
pub(crate) mod incident;
pub(crate) mod integration;
pub(crate) mod maintenance;
pub(crate) mod on_call;
pub(crate) mod page;
pub(crate) mod plan;
pub(crate) mod postmortem;
pub(crate) mod probe;
pub(crate) mod restore;
mod serve;
mod session;
pub(crate) mod slo;
mod slo_import;
mod status;
pub(crate) mod status_page;
pub(crate) mod timeline;
mod times;
pub(crate) mod token;
pub(crate) mod undo;

use std::process::ExitCode;

use kernel::{Refusal, codes};
use tokio::runtime::Runtime;

use crate::{
    cli::{Cli, Verb},
    client::Client,
    output::Printer,
};
use session::Session;

/// Does what was asked.
///
/// # Errors
/// What was refused and why; [`crate::failure::report`] prints it.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, Refusal> {
    let runtime = Runtime::new()
        .map_err(|error| Refusal::new(&codes::INTERNAL, format!("the runtime could not be started: {error}")))?;
    let out = Printer::new(cli.output);
    let server = cli.client;
    let session = || Client::new(server.clone()).map(|client| Session { client, out });
    runtime.block_on(async {
        match cli.verb {
            Verb::Demo(args) => demo::run(args).await,
            Verb::Serve(args) => serve::run(args).await,
            Verb::EdgeFlags(args) => edge_flags::run(args, server.clone()).await,
            Verb::Probe(args) => probe::run(args, server.clone()).await,
            Verb::Status => status::run(&session()?).await,
            Verb::Get(args) => get::run(args, &session()?).await,
            Verb::OnCall(args) => on_call::run(args, &session()?).await,
            Verb::Page(args) => page::page(args, &session()?).await,
            Verb::Pages(args) => page::pages(args, &session()?).await,
            Verb::Ack(args) => page::ack(args, &session()?).await,
            Verb::Incident(args) => incident::run(args, &session()?).await,
            Verb::Action(args) => action::run(args, &session()?).await,
            Verb::Postmortem(args) => postmortem::run(args, &session()?).await,
            Verb::Alert(args) => alert::run(args, &session()?).await,
            Verb::Integration(args) => integration::run(args, &session()?).await,
            Verb::StatusPage(args) => status_page::run(args, &session()?).await,
            Verb::Timeline(args) => timeline::run(args, &session()?).await,
            Verb::Undo(args) => undo::run(args, &session()?).await,
            Verb::Flag(args) => flag::run(args, &session()?).await,
            Verb::CanIDeploy(args) => can_i_deploy::run(args, &session()?).await,
            Verb::Contract(args) => contract::run(args, &session()?).await,
            Verb::Deploy(args) => deploy::run(args, &session()?).await,
            Verb::Check(args) => check::run(args, &session()?).await,
            Verb::Maintenance(args) => maintenance::run(args, &session()?).await,
            Verb::Heartbeat(args) => heartbeat::run(args, server.clone(), out).await,
            Verb::Slo(args) => slo::run(args, &session()?).await,
            Verb::Dora(args) => dora::run(args, &session()?).await,
            Verb::Plan(args) => plan::run(args, &session()?).await,
            Verb::Apply(args) => apply::run(args, &session()?).await,
            Verb::Export(args) => export::run(args, &session()?).await,
            Verb::Token(args) => token::run(args, &session()?).await,
            Verb::Doctor(args) => doctor::run(args, &out),
            Verb::Backup(args) => backup::run(args, &out),
            Verb::Restore(args) => restore::run(args, &out),
        }
    })
}
