//! `cargo xtask conformance`: what other people's clients, files and tools say of it, as a table of scores.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail, ensure};

use crate::{
    needs,
    run::{answer, cargo, program, root, succeed, target_directory, watch},
    server::{Folder, Server, TOKEN},
    tally::Tally,
};

/// How many requests a second schemathesis may send: fewer than the server allows.
const REQUESTS: &str = "150/s";
const EXAMPLES: &str = "20";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance";

struct Score {
    judge: &'static str,
    says: String,
    good: bool,
}

/// Asks every judge; fails if one of them is not content.
pub(crate) fn run() -> Result<()> {
    needs::node()?;
    let (_, built) = watch(&mut cargo("build --locked --workspace --bins --tests"))?;
    ensure!(built, "the workspace does not build");
    let binary = target_directory()?.join("debug/mainstay");
    let scores = [backstage_client(&binary)?, corpora()?, schemathesis(&binary)?];
    println!();
    for Score { judge, says, good } in &scores {
        println!("{:4} {judge:40} {says}", if *good { "ok" } else { "NO" });
    }
    if scores.iter().any(|score| !score.good) {
        bail!("not every judge is content");
    }
    Ok(())
}

fn backstage_client(binary: &Path) -> Result<Score> {
    needs::npm_packages(Path::new("tests/clients"))?;
    let mut command = program("npm");
    command.args(["test", "--silent"]).current_dir(root().join("tests/clients")).env("MAINSTAY_BIN", binary);
    Ok(counted("@backstage/catalog-client", watch(&mut command)?))
}

fn corpora() -> Result<Score> {
    let judge = "real catalogs and API definitions";
    if env::var_os("MAINSTAY_CORPORA").is_none_or(|folder| !Path::new(&folder).is_dir()) {
        let says = "not asked: MAINSTAY_CORPORA names no folder with them".to_owned();
        return Ok(Score { judge, says, good: true });
    }
    Ok(counted(judge, watch(&mut cargo("test --locked -p catalog -p reference --lib corpora"))?))
}

fn counted(judge: &'static str, (printed, succeeded): (String, bool)) -> Score {
    match Tally::read(&printed) {
        Some(tally) => {
            Score { judge, says: tally.to_string(), good: succeeded && tally.failed == 0 && tally.passed > 0 }
        }
        None => Score { judge, says: "did not report".to_owned(), good: false },
    }
}

/// Every operation of `/openapi.json`, with whatever schemathesis makes up: no 5xx, no answer that is not documented.
fn schemathesis(binary: &Path) -> Result<Score> {
    let judge = "schemathesis on /openapi.json";
    let tool = schemathesis_installed()?;
    let folder = Folder::new("conformance")?;
    let server = Server::start(binary, &folder.path().join("data"), &root().join("examples/demo"))?;
    let mut command = program(tool);
    command.args(["run", &format!("http://{}/openapi.json", server.address), "--no-color"]);
    command.args(["--header", &format!("Authorization: Bearer {TOKEN}"), "--checks", CHECKS]);
    command.args(["--max-examples", EXAMPLES, "--rate-limit", REQUESTS, "--seed", "1", "--workers", "2"]);
    command.current_dir(folder.path()).env("NO_COLOR", "1");
    let (printed, good) = watch(&mut command)?;
    server.stop()?;
    let summary = printed.lines().rev().find(|line| line.starts_with("====") && line.contains(" in "));
    let says = summary.map_or("did not report", |line| line.trim_matches(['=', ' '])).to_owned();
    Ok(Score { judge, says, good })
}

/// The one on the path, or one of our own among the build's files.
fn schemathesis_installed() -> Result<PathBuf> {
    if answer("schemathesis", &["--version"]).is_some() {
        return Ok("schemathesis".into());
    }
    let tools = target_directory()?.join("tools");
    let installed = tools.join("bin/schemathesis");
    if !installed.exists() {
        if answer("python3", &["--version"]).is_none() {
            let what = "schemathesis needs Python 3 with venv: install it, or put `schemathesis` on the path";
            return Err(needs::Missing(what.to_owned()).into());
        }
        succeed(program("python3").args(["-m", "venv"]).arg(&tools))?;
        succeed(program(tools.join("bin/pip")).args(["install", "--quiet", "schemathesis"]))?;
    }
    Ok(installed)
}
