//! A probe that is killed, and one whose server is away.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use checks::{Evidence, Outcome, Tally};
use kernel::{EntityRef, Timestamp};
use timeline::{SampleRange, SqliteStore, Store as _};

use crate::harness::{Server, found, home, mainstay};

const CHECKS: usize = 5;

/// A web server that counts what it answers, and may let whoever asks wait.
#[derive(Default)]
struct Web {
    answered: AtomicU64,
    hanging: AtomicU64,
    hangs: AtomicBool,
}

impl Web {
    fn start() -> (u16, Arc<Self>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let web = Arc::new(Self::default());
        let shared = Arc::clone(&web);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(mut stream), web) = (stream, Arc::clone(&shared)) else { return };
                std::thread::spawn(move || {
                    let _ = stream.read(&mut [0; 4096]);
                    if web.hangs.load(Ordering::SeqCst) {
                        web.hanging.fetch_add(1, Ordering::SeqCst);
                        // Until whoever asked is gone.
                        let _ = stream.read(&mut [0; 64]);
                        return;
                    }
                    web.answered.fetch_add(1, Ordering::SeqCst);
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK");
                });
            }
        });
        (port, web)
    }
}

/// A probe as a child process; it is killed when this is dropped.
struct Probe(Child);

impl Probe {
    fn start(home: &Path, url: &str, token: &str, extra: &[&str]) -> Self {
        let mut command = mainstay(home);
        command
            .args(["probe", "--location", "eu", "--state-dir", "probe", "--server", url, "--token", token])
            .args(extra);
        let log = fs::File::options().create(true).append(true).open(home.join("probe.log")).unwrap();
        Self(command.stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Asks it to stop. It hands in what it has first.
    fn stop(mut self) {
        let id = self.0.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn check(number: usize) -> EntityRef {
    format!("check:default/till-{number}").parse().unwrap()
}

/// A server with checks that only the probe runs, and the probe's token.
fn server(home: &Path, port: u16) -> (Server, String) {
    let folder = home.join("town");
    fs::create_dir_all(&folder).unwrap();
    let mut all = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: till}\nspec: {type: service, lifecycle: production, owner: group:shop}\n".to_owned();
    for number in 0..CHECKS {
        all += &format!(
            "---\napiVersion: mainstay.dev/v1alpha1\nkind: Check\nmetadata: {{name: till-{number}}}\nspec: {{target: till, interval: 1s, timeout: 1s, locations: [eu], http: {{url: 'http://127.0.0.1:{port}/'}}}}\n"
        );
    }
    fs::write(folder.join("catalog-info.yaml"), all).unwrap();
    let server = Server::start(home, &[]);
    server.verb(&["apply", folder.to_str().unwrap()]).exits(0);
    let issued = server.verb(&["token", "create", "eu", "--scope", "probe", "-o", "json"]).exits(0).json();
    (server, issued["token"].as_str().unwrap().to_owned())
}

/// The results of all checks that the store of a stopped server has counted: good ones, bad ones.
fn counted(home: &Path) -> (u64, u64) {
    let store = SqliteStore::open(&home.join("data"), &timeline::Options::default()).unwrap();
    let now = Timestamp::now().as_second().div_euclid(60);
    let samples = (0..CHECKS).flat_map(|number| {
        let series = checks::series(&check(number), "eu");
        store.samples(&SampleRange { series, from_minute: now - 180, to_minute: now + 2, step_minutes: 1 }).unwrap()
    });
    samples.fold((0, 0), |(good, bad), sample| (good + sample.measured.count(), bad + sample.errors))
}

#[test]
fn a_probe_that_is_killed_in_its_runs_counts_nothing_twice_and_says_nothing_false() {
    let home = home();
    let (port, web) = Web::start();
    let (server, token) = server(home.path(), port);
    let rounds = 4;
    for round in 1..=rounds {
        let probe = Probe::start(home.path(), &server.url, &token, &[]);
        let before = web.answered.load(Ordering::SeqCst);
        found("runs", || (web.answered.load(Ordering::SeqCst) >= before + 3 * CHECKS as u64).then_some(()));
        web.hangs.store(true, Ordering::SeqCst);
        let hanging = web.hanging.load(Ordering::SeqCst);
        found("a run that is under way", || (web.hanging.load(Ordering::SeqCst) > hanging).then_some(()));
        if round % 2 == 0 {
            // What it saw before lies in its folder by now, or was handed in.
            probe.kill();
            web.hangs.store(false, Ordering::SeqCst);
        } else {
            web.hangs.store(false, Ordering::SeqCst);
            probe.kill();
        }
    }
    let probe = Probe::start(home.path(), &server.url, &token, &[]);
    let before = web.answered.load(Ordering::SeqCst);
    found("runs", || (web.answered.load(Ordering::SeqCst) >= before + CHECKS as u64).then_some(()));
    server.until(&["check", "list"], |checks| checks.as_array().unwrap().iter().all(|check| check["verdict"] == "up"));
    probe.stop();
    let waiting = fs::read_dir(home.path().join("probe/spool")).unwrap().count();
    assert_eq!(waiting, 0, "all that was put down was handed in");
    let shown = server.verb(&["timeline", "list", "-o", "json"]).exits(0).out;
    assert!(!shown.contains("went down") && !shown.contains("is down"), "{shown}");
    assert_eq!(server.stop().0, Some(0));
    let ((good, bad), answered) = (counted(home.path()), web.answered.load(Ordering::SeqCst));
    assert_eq!(bad, 0, "a run that was not finished is no failure");
    assert!(good <= answered, "{good} results were counted, of {answered} runs");
    // What was gathered for less than a second when it was killed is lost, and no more than that.
    let lost = (rounds * CHECKS * 3) as u64;
    assert!(good + lost >= answered, "{good} results were counted, of {answered} runs");
}

#[test]
fn an_outage_while_the_server_was_away_is_counted_even_if_the_spool_was_too_small() {
    let home = home();
    let (port, web) = Web::start();
    let (server, token) = server(home.path(), port);
    // As a probe left it that ran for an hour without its server: the first check failed for a minute.
    let spool = home.path().join("probe/spool");
    fs::create_dir_all(&spool).unwrap();
    let began = Timestamp::now().as_second() - 3_600;
    let at = |second: i64| Timestamp::from_second(began + second).unwrap();
    let mut tallies: Vec<Tally> = (0..CHECKS).map(|_| Tally::default()).collect();
    let mut results = Vec::new();
    for second in 0..3_590 {
        for (number, tally) in tallies.iter_mut().enumerate() {
            let outcome = match number == 0 && (1_000..1_060).contains(&second) {
                true => Outcome::Failed { evidence: Evidence::of("answered 503") },
                false => Outcome::Passed,
            };
            results.push(tally.count(&check(number), "eu", at(second), outcome, 3));
        }
    }
    for (number, batch) in results.chunks(500).enumerate() {
        fs::write(spool.join(format!("{:020}.json", number + 1)), serde_json::to_vec(batch).unwrap()).unwrap();
    }
    let probe = Probe::start(home.path(), &server.url, &token, &["--spool-mib", "1"]);
    found("the spool to be handed in", || fs::read_dir(&spool).is_ok_and(|left| left.count() <= 1).then_some(()));
    probe.stop();
    let log = fs::read_to_string(home.path().join("probe.log")).unwrap();
    assert!(log.contains("the spool is full"), "{log}");
    let dropped = log.lines().find(|line| line.contains("the spool is full")).unwrap();
    assert_eq!(server.stop().0, Some(0));
    let (good, bad) = counted(home.path());
    assert!(bad >= 10, "the beginning of the outage: {bad}");
    assert!((good as usize) < results.len() - 1_000, "{good}, though it says {dropped}");
    assert!(web.answered.load(Ordering::SeqCst) > 0);
}
