//! `mainstay contract`: one file per group of verbs.

mod list;
mod publish;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use kernel::Refusal;

use super::Session;

pub(crate) const HELP: &str = "\
Examples:
  mainstay contract publish pacts/ --version 1.4.2 --branch main
  mainstay contract list --provider payments
  mainstay can-i-deploy checkout 1.4.2 --to-environment production";

/// What to do with contracts.
#[derive(Debug, Args)]
pub(crate) struct ContractArgs {
    #[command(subcommand)]
    verb: ContractVerb,
}

#[derive(Debug, Subcommand)]
enum ContractVerb {
    /// Publish what a consumer's version expects: its pact files
    #[command(after_help = publish::HELP)]
    Publish(publish::Publish),
    /// Publish what a provider's version offers: the OpenAPI definition of its API
    #[command(name = "publish-api", after_help = publish::API_HELP)]
    PublishApi(publish::PublishApi),
    /// List who expects something of whom, and whether it is met
    #[command(after_help = "Example: mainstay contract list --provider payments")]
    List(list::List),
}

/// Does it.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: ContractArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        ContractVerb::Publish(args) => publish::publish(&args, session).await,
        ContractVerb::PublishApi(args) => publish::publish_api(&args, session).await,
        ContractVerb::List(args) => list::list(&args, session).await,
    }
}
