//! `cargo xtask conformance`: what other people's clients, files and tools say of it, as a table of scores.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail, ensure};

use crate::{
    needs,
    run::{BUILD, answer, cargo, program, root, succeed, target_directory, watch},
    server::{Folder, Server, TOKEN},
    tally::Tally,
};

/// How many requests a second schemathesis may send: fewer than the server allows.
const REQUESTS: &str = "150/s";
const EXAMPLES: &str = "20";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance";

/// Other people's clients, and the file of `tests/clients` in which each is used.
const CLIENTS: &[(&str, &str)] = &[
    ("@backstage/catalog-client", "catalog_client.test.mjs"),
    ("@openfeature/ofrep-provider", "ofrep_provider.test.mjs"),
    ("@openfeature/ofrep-web-provider", "ofrep_web_provider.test.mjs"),
    ("@openfeature/flagd-provider", "flagd_provider.test.mjs"),
    ("both server providers, by the relay", "relay.test.mjs"),
    ("@pact-foundation/pact and its CLI", "pact_broker.test.mjs"),
    ("Prometheus and Alertmanager", "alerts.test.mjs"),
    ("PagerDuty's and Opsgenie's clients", "senders.test.mjs"),
    ("aiosmtpd and Python's email, of pages", "mail.test.mjs"),
    ("Prometheus and promtool, of /metrics", "metrics.test.mjs"),
    ("Standard Webhooks' libraries", "webhooks.test.mjs"),
    ("icalendar and ical.js, of shifts", "calendars.test.mjs"),
    ("Slack's and Twilio's libraries", "providers.test.mjs"),
    ("statuspage-prometheus-exporter", "status_page.test.mjs"),
    ("blackbox_exporter", "blackbox.test.mjs"),
];

/// How many random pairs buf and openapi-pact-comparator judge.
const JUDGED: [(&str, &str); 2] = [("BUF_JUDGE_COUNT", "300"), ("OAS_JUDGE_COUNT", "600")];

struct Score {
    judge: &'static str,
    says: String,
    good: bool,
}

/// What a runner printed, and whether it succeeded.
type Watched = (String, bool);

/// Asks every judge; fails if one of them is not content.
pub(crate) fn run() -> Result<()> {
    needs::node()?;
    let (_, built) = watch(&mut cargo(BUILD))?;
    ensure!(built, "the workspace does not build");
    let binary = target_directory()?.join("debug/mainstay");
    needs::npm_packages(Path::new("tests/clients"))?;
    needs::prometheus()?;
    let mut scores = Vec::new();
    for &(judge, file) in CLIENTS {
        scores.push(counted(judge, &client(&binary, file)?));
    }
    let budgets = watch(&mut cargo("test --locked --workspace --test it slo::"))?;
    scores.push(counted("Prometheus with Sloth's rules, of budgets", &budgets));
    scores.push(flagd_core(&binary)?);
    scores.extend(definitions(&binary)?);
    scores.extend(other_peoples_files(&binary)?);
    scores.push(schemathesis(&binary)?);
    println!();
    for Score { judge, says, good } in &scores {
        println!("{:4} {judge:40} {says}", if *good { "ok" } else { "NO" });
    }
    if scores.iter().any(|score| !score.good) {
        bail!("not every judge is content");
    }
    Ok(())
}

/// The tests of one file in `tests/clients`.
fn client(binary: &Path, file: &str) -> Result<Watched> {
    client_with(binary, file, [])
}

fn client_with<const N: usize>(binary: &Path, file: &str, env: [(&str, &str); N]) -> Result<Watched> {
    let mut command = program("npm");
    command.args(["test", "--silent", "--", file]).current_dir(root().join("tests/clients"));
    // What takes minutes is tried here alone.
    command.env("MAINSTAY_PATIENT", "1");
    watch(command.env("MAINSTAY_BIN", binary).env("MAINSTAY_PYTHON", needs::python()?).envs(env))
}

/// The evaluator that most clients in JavaScript have inside, on rules and contexts that are made up.
fn flagd_core(binary: &Path) -> Result<Score> {
    Ok(reported("@openfeature/flagd-core", "flagd-core", &client(binary, "flagd-core.test.mjs")?))
}

/// Those who say what a change of a definition breaks, and whether a pact fits one, of definitions that are made up.
fn definitions(binary: &Path) -> Result<[Score; 2]> {
    let judged = client_with(binary, "contract_judges.test.mjs", JUDGED)?;
    let comparator = "openapi-pact-comparator";
    Ok([
        reported("buf, on changes of protobuf", "buf", &judged),
        reported("@pactflow/openapi-pact-comparator", comparator, &judged),
    ])
}

/// Those who judge by files that lie beside the checkout, if they do.
fn other_peoples_files(binary: &Path) -> Result<Vec<Score>> {
    let [catalogs, testbed, schemas, ofrep, broker, pactflow, cdevents] = [
        "real catalogs and API definitions",
        "flagd-testbed",
        "flagd's schemas",
        "OFREP's OpenAPI document",
        "pact_broker-client's pacts with a broker",
        "pact_broker-client's pacts with PactFlow",
        "CDEvents' conformance examples",
    ];
    if env::var_os("MAINSTAY_CORPORA").is_none_or(|folder| !Path::new(&folder).is_dir()) {
        let not_asked = |judge| {
            let says = "not asked: MAINSTAY_CORPORA names no folder with their files".to_owned();
            Score { judge, says, good: true }
        };
        return Ok([catalogs, testbed, schemas, ofrep, broker, pactflow, cdevents].map(not_asked).into());
    }
    let read = watch(&mut cargo("test --locked -p catalog -p reference --lib corpora"))?;
    let evaluated = watch(&mut cargo("test --locked -p flagd --no-fail-fast -- --nocapture"))?;
    let replayed = client(binary, "pact_replay.test.mjs")?;
    Ok(vec![
        counted(catalogs, &read),
        reported(testbed, "flagd-testbed", &evaluated),
        reported(schemas, "flagd-schemas", &evaluated),
        counted(ofrep, &client(binary, "ofrep_answers.test.mjs")?),
        reported(broker, "pact-broker-client", &replayed),
        reported(pactflow, "pactflow-client", &replayed),
        counted(cdevents, &client(binary, "cdevents.test.mjs")?),
    ])
}

/// The score is the number of tests.
fn counted(judge: &'static str, (printed, succeeded): &Watched) -> Score {
    match Tally::read(printed) {
        Some(tally) => {
            Score { judge, says: tally.to_string(), good: *succeeded && tally.failed == 0 && tally.passed > 0 }
        }
        None => did_not_report(judge),
    }
}

/// The score is what stands behind the name in the last line that has it: `flagd-testbed: 140 of 140`.
fn reported(judge: &'static str, name: &str, (printed, succeeded): &Watched) -> Score {
    let said = printed.lines().rev().find_map(|line| line.split_once(name)?.1.strip_prefix(": "));
    said.map_or_else(|| did_not_report(judge), |said| Score { judge, says: said.trim().to_owned(), good: *succeeded })
}

fn did_not_report(judge: &'static str) -> Score {
    Score { judge, says: "did not report".to_owned(), good: false }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_what_the_last_line_with_its_name_says() {
        let check = |printed: &str, succeeded, expect| {
            let Score { says, good, .. } = reported("judge", "flagd-testbed", &(printed.to_owned(), succeeded));
            assert_eq!((says.as_str(), good), expect, "{printed}");
        };
        check("running 3 tests\nflagd-testbed: 140 of 140\ntest result: ok", true, ("140 of 140", true));
        check("test testbed ... flagd-testbed: 139 of 140", false, ("139 of 140", false));
        check("ℹ flagd-testbed: 1 of 2\nℹ flagd-testbed: 2 of 2 ", true, ("2 of 2", true));
        check("flagd-testbed was not there", true, ("did not report", false));
    }
}
