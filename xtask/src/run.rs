//! Starting other programs.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// Builds all that tests need: the binary, Rust's tests, and the examples that stand before other people's clients.
///
/// Together, so that all of them are built of the same parts.
pub(crate) const BUILD: &str = "build --locked --workspace --bins --tests --example pact_states --example protodiff \
                                --example bidirectional";

/// The checkout that this program was built from.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned())
}

/// A program to run in the checkout.
///
/// What Cargo told this program about itself stays here: it would make build scripts that watch those variables run again.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    let own =
        |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(own) {
            command.env_remove(name);
        }
    }
    command
}

/// The Cargo that runs this program, with arguments separated by blanks.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut command = program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split_whitespace());
    command
}

/// Runs it to its end; an error names it if it failed.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let shown = show(command);
    println!("$ {shown}");
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("could not start {shown}"))?;
    ensure!(status.success(), "{shown}: {status}");
    Ok(())
}

/// Runs it to its end, showing each line as it comes; gives back all that it printed and whether it succeeded.
pub(crate) fn watch(command: &mut Command) -> Result<(String, bool)> {
    let shown = show(command);
    println!("$ {shown}");
    let (reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("could not start {shown}"))?;
    // The command holds the pipe's other end: the reader below would wait for it for ever.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut printed = String::new();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        printed.push_str(&text);
        line.clear();
    }
    Ok((printed, child.wait()?.success()))
}

/// What it prints, or nothing where it is not there or fails.
pub(crate) fn answer(program_name: &str, arguments: &[&str]) -> Option<String> {
    let output = program(program_name).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where Cargo puts what it builds.
pub(crate) fn target_directory() -> Result<PathBuf> {
    let output = cargo("metadata --no-deps --format-version 1 --locked").output()?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    match metadata.get("target_directory").and_then(Value::as_str) {
        Some(directory) => Ok(directory.into()),
        None => bail!("cargo metadata names no target directory"),
    }
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let program = Path::new(words.first().map_or("", |word| word)).file_name().unwrap_or_default().to_string_lossy();
    std::iter::once(program).chain(words.iter().skip(1).cloned()).collect::<Vec<_>>().join(" ")
}
