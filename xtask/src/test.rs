//! `cargo xtask test`: every test there is, and one line with their number.

use std::{
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Result, bail, ensure};

use crate::{
    needs,
    run::{BUILD, answer, cargo, program, root, target_directory, watch},
    tally::Tally,
};

/// What to leave out.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Rust's tests only: no browser, nothing from npm.
    #[arg(long)]
    fast: bool,
}

/// Runs them all, although some fail; the last line is `N passed, N failed`.
pub(crate) fn run(args: &Args) -> Result<()> {
    // What is missing is said before anything is built.
    let chromium = if args.fast { None } else { Some(prepare()?) };
    let mut results = Results::default();
    rust(&mut results)?;
    if let Some(chromium) = chromium {
        let binary = target_directory()?.join("debug/mainstay");
        for folder in ["tests/clients", "tests/browser"] {
            node(&mut results, folder, &binary, &chromium)?;
        }
    }
    results.close()
}

/// Installs what the tests need; where Chromium is.
pub(crate) fn prepare() -> Result<PathBuf> {
    needs::node()?;
    let chromium = needs::chromium()?;
    needs::npm_packages(Path::new("tests/browser"))?;
    needs::npm_packages(Path::new("tests/clients"))?;
    needs::prometheus()?;
    needs::python()?;
    Ok(chromium)
}

/// There are no documentation tests: what is worth an example is worth a test.
fn rust(results: &mut Results) -> Result<()> {
    let (_, built) = watch(&mut cargo(BUILD))?;
    ensure!(built, "the workspace does not build");
    if answer("cargo-nextest", &["nextest", "--version"]).is_some() {
        // Many tests wait for servers most of the time.
        let threads = thread::available_parallelism().map_or(2, usize::from) + 1;
        let run =
            format!("nextest run --locked --workspace --lib --bins --tests --no-fail-fast --test-threads {threads}");
        results.take("cargo nextest", watch(&mut cargo(&run))?);
    } else {
        results.take("cargo test", watch(&mut cargo("test --locked --workspace --bins --lib --tests --no-fail-fast"))?);
    }
    Ok(())
}

fn node(results: &mut Results, folder: &str, binary: &Path, chromium: &Path) -> Result<()> {
    let mut command = program("npm");
    command.args(["test", "--silent"]).current_dir(root().join(folder));
    command.env("MAINSTAY_BIN", binary).env("CHROMIUM", chromium).env("MAINSTAY_PYTHON", needs::python()?);
    results.take(folder, watch(&mut command)?);
    Ok(())
}

#[derive(Default)]
struct Results {
    sum: Tally,
    broken: Vec<String>,
}

impl Results {
    fn take(&mut self, runner: &str, (printed, succeeded): (String, bool)) {
        let tally = Tally::read(&printed);
        self.sum += tally.unwrap_or_default();
        if !succeeded || tally.is_none_or(|tally| tally.failed > 0) {
            self.broken.push(runner.to_owned());
        }
    }

    fn close(&self) -> Result<()> {
        if !self.broken.is_empty() {
            println!("\nfailed: {}", self.broken.join(", "));
        }
        println!("\n{}", self.sum);
        if !self.broken.is_empty() {
            bail!("some tests failed");
        }
        ensure!(self.sum.passed > 0, "no test ran");
        Ok(())
    }
}
