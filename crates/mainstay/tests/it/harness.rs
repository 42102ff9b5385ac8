//! A server or a demo as a child process, and verbs run against it.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const TOKEN: &str = "a-token-for-tests-of-more-than-32-characters";
/// How long anything that must happen may take: generous, since machines are busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The binary, without settings from whoever runs the tests, in a folder without `mainstay.toml`.
pub(crate) fn mainstay(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MAINSTAY_") {
            command.env_remove(name);
        }
    }
    command.current_dir(dir).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// What a verb did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("it was not killed"),
            out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }

    /// Runs a command to its end.
    pub(crate) fn run(command: &mut Command) -> Self {
        Self::of(command.output().expect("the binary runs"))
    }

    /// The same, if it ended with this exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// The same, if what it printed has all of this in it.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.out.contains(word), "no {word:?} in\n{}", self.out);
        }
        self
    }

    /// The same, if standard error has all of this in it.
    #[track_caller]
    pub(crate) fn complains(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.err.contains(word), "no {word:?} in\n{}", self.err);
        }
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// A server, or the demo, in a process of its own; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    token: &'static str,
    home: PathBuf,
    _out: BufReader<ChildStdout>,
    err: Option<JoinHandle<String>>,
}

impl Server {
    /// Starts `mainstay serve` on the folder `data` in `home`, and waits until it listens.
    pub(crate) fn start(home: &Path, extra: &[&str]) -> Self {
        let mut command = mainstay(home);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data", "data"]).args(extra);
        Self::spawn(home, command.env("MAINSTAY_ADMIN_TOKEN", TOKEN), TOKEN)
    }

    /// Starts a relay of this server's flags, which keeps its copy in `home`, and waits until it listens.
    pub(crate) fn relay(home: &Path, url: &str, token: &str) -> Self {
        let mut command = mainstay(home);
        command.args(["edge-flags", "--listen", "127.0.0.1:0", "--server", url, "--token", token]);
        Self::spawn(home, &mut command, "")
    }

    /// Starts the demo and waits until its past is told: an incident that is over, and what was learned of it.
    pub(crate) fn demo(home: &Path, speed: u32) -> Self {
        let mut command = mainstay(home);
        command.args(["demo", "--listen", "127.0.0.1:0", "--speed", &speed.to_string()]);
        // It asks nobody for a token, but would refuse a wrong one.
        let demo = Self::spawn(home, &mut command, "");
        demo.until(&["postmortem", "list"], |all| all[0]["stage"] == "published");
        demo
    }

    fn spawn(home: &Path, command: &mut Command, token: &'static str) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let mut stderr = child.stderr.take().expect("it is piped");
        // Read all the time: a full pipe would stop the server.
        let err = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("it can be read");
        let url = line.split_whitespace().map(|word| word.trim_end_matches(',')).find(|word| word.starts_with("http"));
        let Some(url) = url.map(str::to_owned) else {
            let _ = child.kill();
            panic!("it printed no address: {line}{}", err.join().expect("it ends with the child"));
        };
        Self { child, url, token, home: home.to_owned(), _out: out, err: Some(err) }
    }

    /// Runs a verb against it, as the administrator.
    pub(crate) fn verb(&self, args: &[&str]) -> Ran {
        self.verb_as(self.token, args)
    }

    /// Runs a verb against it, with this token.
    pub(crate) fn verb_as(&self, token: &str, args: &[&str]) -> Ran {
        let mut command = mainstay(&self.home);
        Ran::run(command.env("MAINSTAY_URL", &self.url).env("MAINSTAY_TOKEN", token).args(args))
    }

    /// Runs a verb until `wanted` holds of its JSON.
    #[track_caller]
    pub(crate) fn until(&self, args: &[&str], wanted: impl Fn(&Value) -> bool) -> Value {
        self.within(PATIENCE, args, wanted)
            .unwrap_or_else(|| panic!("it did not come to pass: {}", self.verb(args).out))
    }

    /// The same, or nothing if it does not come to pass in this time.
    #[track_caller]
    pub(crate) fn within(&self, time: Duration, args: &[&str], wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        let asked = || self.verb(&[args, &["-o", "json"]].concat()).exits(0).json();
        looked_for(time, || Some(asked()).filter(&wanted))
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Asks it to stop, and gives its exit code and its log.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("there is a kill").success());
        let code = self.child.wait().expect("it ends").code();
        (code, self.err.take().map(|err| err.join().expect("it ends with the child")).unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks until something is there, or the time is over.
pub(crate) fn looked_for<T>(time: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if began.elapsed() >= time {
            return None;
        }
        // The server is another process with a clock of its own: there is nothing to await.
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Looks until something is there.
#[track_caller]
pub(crate) fn found<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    looked_for(PATIENCE, look).unwrap_or_else(|| panic!("{what} in vain"))
}

/// A folder for a test.
pub(crate) fn home() -> TempDir {
    TempDir::with_prefix("mainstay-cli-").expect("there is room")
}

/// The catalog that comes with Mainstay.
pub(crate) fn minimal() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/minimal").to_owned()
}

/// The id of the first event of an answer to a write.
#[track_caller]
pub(crate) fn first_event(answer: &Value) -> String {
    answer["events"][0]["id"].as_str().unwrap_or_else(|| panic!("no event in {answer:#}")).to_owned()
}
