//! The verbs and their flags.

use clap::{Args, Parser, Subcommand};

use crate::settings::ServeArgs;

/// Who owns it, what changed, and the way back.
#[derive(Debug, Parser)]
#[command(name = "mainstay", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Show a living sample company, which breaks by itself
    #[command(after_help = "Example: mainstay demo --speed 4")]
    Demo(DemoArgs),
    /// Run the server
    #[command(after_help = "Example: mainstay serve --data ./data --catalog ./catalog")]
    Serve(ServeArgs),
}

/// How the demo runs.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The address to listen on; it must be this machine's own
    #[arg(long, default_value = crate::settings::LISTEN, value_name = "ADDR")]
    pub(crate) listen: String,
    /// How many times faster than usual things happen, from 1 to 100
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) speed: u32,
    /// What happens, and in which order, is drawn from this number; another one each time if left out
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}
