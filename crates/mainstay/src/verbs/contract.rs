//! `mainstay contract`: one file per group of verbs.

mod check_api;
mod cleanup;
mod diff;
mod environment;
mod import;
mod list;
mod publish;
mod show;
mod webhook;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use kernel::Refusal;

use super::Session;

pub(crate) const HELP: &str = "\
Examples:
  mainstay contract publish pacts/ --version 1.4.2 --branch main
  mainstay contract list --provider payments
  mainstay contract diff checkout payments 1.4.1 1.4.2
  mainstay contract check-api openapi.yaml --api payments
  mainstay contract environment gate production refuse
  mainstay contract import https://broker.example.com --user reader --password \"$BROKER_PASSWORD\"
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
    /// Show what a version expects of a provider, interaction by interaction
    #[command(after_help = "Example: mainstay contract show checkout payments --version 1.4.2")]
    Show(show::Show),
    /// Show what changed between the pacts of two versions
    #[command(after_help = "Example: mainstay contract diff checkout payments 1.4.1 1.4.2")]
    Diff(diff::Diff),
    /// Say whether a new definition of an API would break anybody
    #[command(name = "check-api", after_help = check_api::HELP)]
    CheckApi(check_api::CheckApi),
    /// List environments, and let deployments to them ask the contracts first
    #[command(subcommand, after_help = environment::HELP)]
    Environment(environment::EnvironmentVerb),
    /// List webhooks and what was called; call again
    #[command(subcommand, after_help = webhook::HELP)]
    Webhook(webhook::WebhookVerb),
    /// Remove old versions that nobody needs
    #[command(after_help = cleanup::HELP)]
    Cleanup(cleanup::Cleanup),
    /// Take everything over from a Pact Broker
    #[command(after_help = import::HELP)]
    Import(import::Import),
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
        ContractVerb::Show(args) => show::show(&args, session).await,
        ContractVerb::Diff(args) => diff::diff(&args, session).await,
        ContractVerb::CheckApi(args) => check_api::check(&args, session).await,
        ContractVerb::Environment(verb) => environment::run(&verb, session).await,
        ContractVerb::Webhook(verb) => webhook::run(&verb, session).await,
        ContractVerb::Cleanup(args) => cleanup::cleanup(&args, session).await,
        ContractVerb::Import(args) => import::import(&args, session).await,
    }
}
