//! `cargo xtask sim`: more simulated histories than CI plays.

use anyhow::Result;

use crate::run::{cargo, succeed};

/// Which histories.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many
    #[arg(long, default_value_t = 3_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Releases instead of pages
    #[arg(long)]
    releases: bool,
}

/// Plays them all; fails if one violates anything.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut play = cargo("run --quiet --release --locked -p sim --example seeds --");
    play.args([args.from.to_string(), args.seeds.to_string()]);
    play.arg(if args.releases { "releases" } else { "on-call" });
    succeed(&mut play)
}
