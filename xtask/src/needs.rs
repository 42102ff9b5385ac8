//! What the tests need on a machine that has Rust and a C compiler: Node, npm, Chromium, and Python.
//!
//! On Debian as root Chromium (and wrk, for benchmarks) is installed here; elsewhere a message says what to install. Packages from npm are
//! installed into the test's own folder, at the versions of its lock file; those from PyPI into a venv among the build's files.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Result, ensure};

use crate::run::{answer, program, root, succeed, target_directory};

/// Something that the developer must install.
#[derive(Debug)]
pub(crate) struct Missing(pub(crate) String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// What the tests use of PyPI.
const REQUIREMENTS: &str = "tests/clients/requirements.txt";

const NODE_MAJOR_MIN: u32 = 20;
const CHROMIUMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Node of a version that runs the tests, and npm.
pub(crate) fn node() -> Result<()> {
    let version = answer("node", &["--version"]).unwrap_or_else(|| "none".to_owned());
    if major(&version).is_none_or(|major| major < NODE_MAJOR_MIN) {
        let what = format!(
            "the tests need Node {NODE_MAJOR_MIN} or later, and found {version}: install it from your system's packages"
        );
        return Err(Missing(what).into());
    }
    if answer("npm", &["--version"]).is_none() {
        return Err(Missing("the tests need npm, which usually comes with Node: install it".to_owned()).into());
    }
    Ok(())
}

/// The Chromium to drive: `$CHROMIUM`, or the one on the path, or the one that is installed now.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(found) = chromium_that_is_here() {
        return Ok(found);
    }
    install_on_debian("chromium")?;
    chromium_that_is_here().ok_or_else(|| {
        let what = "the browser tests need Chromium: install it (Debian: `apt-get install chromium`), or name it in \
                    CHROMIUM=/path/to/chromium; `cargo xtask test --fast` does without";
        Missing(what.to_owned()).into()
    })
}

/// wrk, which asks a server as fast as it answers, and taskset, which keeps the two apart.
pub(crate) fn wrk() -> Result<()> {
    let here = |name: &str| on_path(&[name]).is_some();
    if !here("wrk") {
        install_on_debian("wrk")?;
    }
    if here("wrk") && here("taskset") {
        return Ok(());
    }
    Err(Missing("this needs wrk and taskset: install them (Debian: `apt-get install wrk util-linux`)".to_owned())
        .into())
}

/// Prometheus, Alertmanager and blackbox_exporter, where they can be installed; elsewhere their tests say aloud that they are skipped.
pub(crate) fn prometheus() -> Result<()> {
    for package in ["prometheus", "prometheus-alertmanager", "prometheus-blackbox-exporter"] {
        if on_path(&[package]).is_none() {
            install_on_debian(package)?;
        }
    }
    Ok(())
}

/// Prometheus' blackbox exporter, where it is or can be installed.
pub(crate) fn blackbox_exporter() -> Result<Option<PathBuf>> {
    let package = "prometheus-blackbox-exporter";
    if on_path(&["taskset"]).is_none() {
        return Err(Missing("this needs taskset: install it (Debian: `apt-get install util-linux`)".to_owned()).into());
    }
    if on_path(&[package]).is_none() {
        install_on_debian(package)?;
    }
    let found = on_path(&[package, "blackbox_exporter"]);
    if found.is_none() {
        println!("blackbox_exporter is not measured: put it on the path");
    }
    Ok(found)
}

/// The packages that the folder's lock file names, installed unless they are.
pub(crate) fn npm_packages(folder: &Path) -> Result<()> {
    let installed = changed(&folder.join("node_modules/.package-lock.json"));
    let wanted = changed(&folder.join("package-lock.json"));
    if installed.is_some() && installed >= wanted {
        return Ok(());
    }
    succeed(program("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(root().join(folder)))
}

/// The Python that has the packages of `tests/clients/requirements.txt`, which are installed unless they are. Where they
/// can't be it is named all the same, and is not there: the tests that need it say aloud that they are skipped.
pub(crate) fn python() -> Result<PathBuf> {
    let venv = target_directory()?.join("judges");
    let wanted = fs::read(root().join(REQUIREMENTS))?;
    let installed = venv.join("requirements.txt");
    if !fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        match pip_install(&venv) {
            Ok(()) => fs::write(installed, wanted)?,
            Err(why) => {
                println!("no Python with the packages of {REQUIREMENTS}: {why:#}");
                // Half of them are worse than none.
                let _ = fs::remove_dir_all(&venv);
            }
        }
    }
    Ok(venv.join("bin/python"))
}

fn pip_install(venv: &Path) -> Result<()> {
    let can = || answer("python3", &["-m", "ensurepip", "--version"]).is_some();
    if !can() {
        install_on_debian("python3-venv")?;
    }
    ensure!(can(), "Python 3 with venv is not installed");
    succeed(program("python3").args(["-m", "venv", "--clear"]).arg(venv))?;
    succeed(program(venv.join("bin/pip")).args(["install", "--quiet", "--requirement", REQUIREMENTS]))
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(root().join(path)).and_then(|file| file.modified()).ok()
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn chromium_that_is_here() -> Option<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM").filter(|named| !named.is_empty()) {
        return Some(named.into()).filter(|path: &PathBuf| path.is_file());
    }
    on_path(&CHROMIUMS)
}

/// The first of these programs that is on the path.
pub(crate) fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let all = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.into_iter().find(|path| path.is_file())
}

/// Where packages can be installed without asking anybody, installs this one.
fn install_on_debian(package: &str) -> Result<()> {
    if !is_debian_as_root() {
        return Ok(());
    }
    succeed(program("apt-get").args(["update"]))?;
    let install = ["install", "--yes", "--no-install-recommends", package];
    succeed(program("apt-get").args(install).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_debian_as_root() -> bool {
    Path::new("/etc/debian_version").exists() && answer("id", &["-u"]).as_deref() == Some("0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_version_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("none"), None);
    }
}
