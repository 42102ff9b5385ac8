//! A check that is run now, by the server's own probe or from a file; and jobs that are started and reported on.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    sync::atomic::{AtomicU16, Ordering},
};

use serde_json::{Value, json};

use crate::harness::{Ran, Server, TOKEN, found, home, mainstay};

/// A web server that answers everything with the status that it is told.
struct Web {
    port: u16,
    status: &'static AtomicU16,
}

impl Web {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let status: &'static AtomicU16 = Box::leak(Box::new(AtomicU16::new(200)));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let body = "no money today";
                let head = format!(
                    "HTTP/1.1 {} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    status.load(Ordering::Relaxed),
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        Self { port, status }
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// A catalog with a check of it, and heartbeats.
    fn catalog(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        let till = format!("http: {{url: 'http://127.0.0.1:{}/till'}}", self.port);
        let check = |name: &str, what: &str| {
            format!(
                "---\napiVersion: mainstay.dev/v1alpha1\nkind: Check\nmetadata: {{name: {name}}}\nspec: {{target: till, {what}}}\n"
            )
        };
        let component = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: till}\nspec: {type: service, lifecycle: production, owner: group:shop}\n";
        let all = [
            component.to_owned(),
            check("till", &format!("interval: 1h, {till}")),
            check("nobody", "interval: 1h, locations: [mars], tcp: {address: '127.0.0.1:9'}"),
            check("backup", "heartbeat: {every: 1h}"),
            check("hurried", "heartbeat: {every: 1h, max_run: 1s}"),
            check("often", "heartbeat: {every: 10s, grace: 0s}"),
        ];
        fs::write(folder.join("catalog-info.yaml"), all.concat()).unwrap();
    }
}

/// A server that runs the checks of such a catalog.
fn server(home: &Path, web: &Web) -> Server {
    let folder = home.join("town");
    web.catalog(&folder);
    let server = Server::start(home, &[]);
    server.verb(&["apply", folder.to_str().unwrap()]).exits(0);
    server
}

/// Waits until that is judged of it.
fn verdict(server: &Server, check: &str, wanted: &str) {
    server.until(&["check", "list"], |checks| {
        checks
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["check"] == format!("check:default/{check}") && it["verdict"] == wanted)
    });
}

/// Runs it as soon as the pause after the last run is over.
fn run_now(server: &Server, args: &[&str]) -> Ran {
    found("the pause ends", || {
        let ran = server.verb(&[&["check", "run"], args].concat());
        let is_early = ran.err.contains("rate-limited") || ran.err.contains("no probe that runs");
        (!is_early).then_some(ran)
    })
}

#[test]
fn a_check_is_run_now_and_the_exit_code_says_how_it_went() {
    let (home, web) = (home(), Web::start());
    let server = server(home.path(), &web);
    run_now(&server, &["till"]).exits(0).says(&["● passed  home", " ms", "till is "]);
    web.answers(503);
    let failed = run_now(&server, &["till"]).exits(1);
    failed.says(&["◆ failed  home", "answered 503", "/till", "no money today"]);
    let json = run_now(&server, &["till", "--location", "home", "-o", "json"]).exits(1).json();
    assert_eq!((&json["state"], &json["locations"][0]["outcome"]), (&json!("over"), &json!("failed")), "{json}");
    assert!(json["locations"][0]["phases"].as_array().is_some_and(|phases| !phases.is_empty()), "{json}");
    server.verb(&["check", "run", "till", "--location", "mars"]).exits(65).complains(&["no probe at \"mars\""]);
    server.verb(&["check", "run", "backup"]).exits(65).complains(&["is a heartbeat"]);
    server.verb(&["check", "run", "nobody"]).exits(75).complains(&["no probe that runs nobody is heard"]);
    server.verb(&["check", "run", "nothing"]).exits(65).complains(&["there is no check nothing"]);
    server.verb(&["check", "pause", "till"]).exits(0);
    run_now(&server, &["till"]).exits(1).says(&["◆ failed  home", "till is unknown"]);
}

#[test]
fn a_file_is_run_without_a_server() {
    let (home, web) = (home(), Web::start());
    web.catalog(&home.path().join("town"));
    let run = |args: &[&str]| Ran::run(mainstay(home.path()).args([&["check", "run", "--file"], args].concat()));
    run(&["town/catalog-info.yaml", "--name", "till"]).exits(0).says(&["● passed  till"]);
    run(&["town/catalog-info.yaml", "--name", "till", "--public-only"]).exits(1).says(&["private address"]);
    run(&["town/catalog-info.yaml", "--name", "backup"]).exits(65).complains(&["can't be run from here"]);
    run(&["town/catalog-info.yaml", "--name", "none"]).exits(65).complains(&["does not declare the check none"]);
    run(&["nowhere.yaml"]).exits(65).complains(&["nowhere.yaml"]);
    let secret = format!(
        "apiVersion: mainstay.dev/v1alpha1\nkind: Check\nmetadata: {{name: signed}}\nspec:\n  target: till\n  http:\n    url: 'http://127.0.0.1:{}/${{secret.path}}'\n    expect: {{body_contains: money}}\n",
        web.port
    );
    fs::write(home.path().join("signed.yaml"), &secret).unwrap();
    fs::write(home.path().join("secrets.env"), "path=hunter2\n").unwrap();
    run(&["signed.yaml"]).exits(1).says(&["secret"]);
    web.answers(404);
    let ran = run(&["signed.yaml", "--secrets-file", "secrets.env", "-o", "json"]).exits(1);
    assert!(!ran.out.contains("hunter2"), "{}", ran.out);
    let json = ran.json();
    assert_eq!((&json[0]["check"], &json[0]["status"]), (&json!("check:default/signed"), &json!(404)));
    fs::write(home.path().join("wrong.yaml"), secret.replace("url", "ulr")).unwrap();
    run(&["wrong.yaml"]).exits(65).complains(&["ulr", "catalog-invalid"]);
}

fn address(server: &Server, check: &str) -> String {
    let path = format!("{}/api/v1/checks/{check}/beat-address", server.url);
    let asked = std::process::Command::new("curl")
        .args(["-fsS", "-H", &format!("Authorization: Bearer {TOKEN}"), &path])
        .output();
    let answer: Value = serde_json::from_slice(&asked.unwrap().stdout).unwrap();
    answer["url"].as_str().unwrap().to_owned()
}

#[test]
fn a_job_is_started_and_reported_on_and_its_exit_code_passed_on() {
    let (home, web) = (home(), Web::start());
    let server = server(home.path(), &web);
    let job = |name: &str, script: &str| server.verb(&["heartbeat", name, "--", "sh", "-c", script]);
    job("backup", "echo written; echo told >&2").exits(0).says(&["written"]).complains(&["told"]);
    verdict(&server, "backup", "up");
    job("backup", "echo no space left >&2; exit 28").exits(28).complains(&["no space left"]);
    verdict(&server, "backup", "down");
    server.verb(&["check", "show", "backup"]).exits(1).says(&["the job failed with exit code 28"]);
    let shown = server.verb(&["timeline", "list", "-o", "json"]).exits(0);
    assert!(shown.out.contains("no space left") && shown.out.contains("reported that it began"), "{}", shown.out);
    let secret = address(&server, "backup");
    server.verb_as("", &["heartbeat", &secret, "--", "true"]).exits(0);
    verdict(&server, "backup", "up");
    job("backup", "kill -9 $$").exits(137);
    server.verb_as("", &["heartbeat", &secret, "--", "/no/such/program"]).exits(127).complains(&["/no/such/program"]);
    verdict(&server, "backup", "down");
    server.verb(&["heartbeat", "backup"]).exits(0).says(&["reported success"]);
    fs::write(home.path().join("log"), "one\ntwo\nthe last words\n").unwrap();
    server.verb_as("", &["heartbeat", &secret, "--exit", "3", "--output-file", "log"]).exits(0).says(&["reported"]);
    let shown = server.verb(&["timeline", "list", "-o", "json"]).exits(0);
    assert!(shown.out.contains("the last words"));
    server.verb(&["heartbeat", "till"]).exits(65).complains(&["only a heartbeat takes reports"]);
    server.verb_as("", &["heartbeat", &format!("{secret}x")]).exits(65).complains(&["no job reports at this address"]);
    let curl = |path: &str, args: &[&str]| {
        std::process::Command::new("curl").args(["-fsS", &format!("{secret}{path}")]).args(args).output().unwrap()
    };
    assert_eq!(String::from_utf8(curl("", &[]).stdout).unwrap(), "OK\n");
    verdict(&server, "backup", "up");
    assert!(curl("/7", &["--data-binary", "@log", "-X", "POST"]).status.success());
    verdict(&server, "backup", "down");
}

#[test]
fn a_job_that_does_not_end_or_does_not_begin_in_time_is_down() {
    let (home, web) = (home(), Web::start());
    let server = server(home.path(), &web);
    server.verb(&["heartbeat", "often"]).exits(0);
    server.verb(&["heartbeat", "hurried", "--start"]).exits(0);
    verdict(&server, "hurried", "down");
    server.verb(&["check", "show", "hurried"]).exits(1).says(&["has not reported its end"]);
    server.verb(&["heartbeat", "hurried"]).exits(0);
    verdict(&server, "hurried", "up");
    verdict(&server, "often", "down");
    server.verb(&["check", "show", "often"]).exits(1).says(&["no report, which was expected"]);
}

#[test]
fn a_server_that_is_away_keeps_no_job_from_being_done() {
    let home = home();
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = mainstay(home.path());
    command.args(["heartbeat", "backup", "--url", &format!("http://{away}"), "--token", TOKEN, "--"]);
    let ran = Ran::run(command.args(["sh", "-c", "echo done > made; exit 4"]));
    ran.exits(4).complains(&["warning: the heartbeat was not reported", "no answer from 127.0.0.1"]);
    assert_eq!(fs::read_to_string(home.path().join("made")).unwrap(), "done\n");
}
