//! `mainstay heartbeat`: a job says that it began, is done, or failed; or is started and reported on.
//!
//! What the job does is what counts: the command's exit code is passed on whatever becomes of the reports, and its output
//! goes where it would have gone.

use std::{ffi::OsString, fs::File, io::Read as _, io::Seek as _, path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use kernel::{Class, Refusal, codes};
use reqwest::Url;
use serde_json::{Value, json};

use super::Session;
use crate::{
    client::{self, Client, ClientArgs},
    output::{self, Printer, said},
};

mod wrapped;

pub(crate) const HELP: &str = "\
NAME is a heartbeat's name, which takes a token with the scope `report`, or the secret address that its screen shows,
which takes none. With a command behind --, the command is run: its begin, its exit code and the end of its output are
reported, and its exit code is passed on even if the server can't be reached.

Examples:
  mainstay heartbeat nightly-backup -- pg_dump --file /backup/shop.sql shop
  mainstay heartbeat nightly-backup --start
  mainstay heartbeat nightly-backup --exit $? --output-file backup.log
  mainstay heartbeat https://mainstay.example.com/beat/nightly-backup.SECRET";

/// So much of an output's end is sent; the server keeps less.
const OUTPUT_BYTES: usize = 4 << 10;
/// How long one try to report may take.
const TRY: Duration = Duration::from_secs(10);
/// The pauses between tries.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// What to report, of which job.
#[derive(Debug, Args)]
pub(crate) struct HeartbeatArgs {
    /// The heartbeat's name, or its secret address
    name: String,
    /// Say that the job begins
    #[arg(long, group = "signal")]
    start: bool,
    /// Say that it failed
    #[arg(long, group = "signal")]
    fail: bool,
    /// Say that it ended with this exit code; 0 is success, as is saying nothing
    #[arg(long, value_name = "N", group = "signal", value_parser = clap::value_parser!(u8))]
    exit: Option<u8>,
    /// Send the end of this file as the job's output
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// The command to run and report on
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["signal", "output_file"])]
    command: Vec<OsString>,
}

/// What a job says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Started,
    Failed,
    Ended(u8),
}

/// Reports, or runs the command and reports on it.
///
/// # Errors
/// What the server refuses; with a command, only what is wrong with the command line itself.
pub(crate) async fn run(args: HeartbeatArgs, server: ClientArgs, out: Printer) -> Result<ExitCode, Refusal> {
    let HeartbeatArgs { name, start, fail, exit, output_file, command } = args;
    let job = Job::of(&name, server)?;
    if let Some((program, rest)) = command.split_first() {
        return Ok(wrapped::run(job, program, rest).await);
    }
    let said = match (start, fail, exit) {
        (true, ..) => Said::Started,
        (_, true, _) => Said::Failed,
        (.., exit) => Said::Ended(exit.unwrap_or(0)),
    };
    let output = output_file.map(|file| end_of(&file)).transpose()?.unwrap_or_default();
    let answer = job.report(said, &output).await?;
    match &job {
        Job::Named { client, .. } => Session { client: client.clone(), out }.show_done(answer),
        Job::At { .. } => {
            output::line("reported")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The end of a file, as text.
fn end_of(path: &PathBuf) -> Result<String, Refusal> {
    let cant = |error: std::io::Error| {
        Refusal::new(&codes::INVALID, format!("{}: {error}", path.display())).field("--output-file")
    };
    let mut file = File::open(path).map_err(cant)?;
    let length = file.metadata().map_err(cant)?.len();
    file.seek(std::io::SeekFrom::Start(length.saturating_sub(OUTPUT_BYTES as u64))).map_err(cant)?;
    let mut end = Vec::new();
    file.take(OUTPUT_BYTES as u64).read_to_end(&mut end).map_err(cant)?;
    Ok(String::from_utf8_lossy(&end).trim_end().to_owned())
}

/// How a job reports.
#[derive(Debug, Clone)]
enum Job {
    /// By its name, with a token.
    Named { name: String, client: Client },
    /// By its secret address.
    At { address: Url, http: reqwest::Client },
}

impl Job {
    fn of(name: &str, server: ClientArgs) -> Result<Self, Refusal> {
        if !name.contains("://") {
            return Ok(Self::Named { name: name.to_owned(), client: Client::new(server)? });
        }
        let address = Url::parse(name).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let wrong = || Refusal::new(&codes::INVALID, "this is no address of a heartbeat").field("NAME");
        let address = address.ok_or_else(|| wrong().fix("copy it from the heartbeat's screen"))?;
        Ok(Self::At { http: client::http(&address)?, address })
    }

    /// Reports; what is retryable is tried three times, within half a minute.
    async fn report(&self, said: Said, output: &str) -> Result<Value, Refusal> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let timed_out = || Refusal::new(&codes::TIMEOUT, format!("no answer within {} s", TRY.as_secs()));
            let tried = tokio::time::timeout(TRY, self.send(said, output)).await.unwrap_or_else(|_| Err(timed_out()));
            match tried {
                Err(refusal) if refusal.class() == Class::Retryable => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(refusal),
                },
                ended => return ended,
            }
        }
    }

    async fn send(&self, said: Said, output: &str) -> Result<Value, Refusal> {
        match self {
            Self::Named { name, client } => {
                let body = match said {
                    Said::Started => json!({"signal": "started"}),
                    Said::Failed => json!({"signal": "failed", "output": output}),
                    Said::Ended(exit) => json!({"exit": exit, "output": output}),
                };
                client.post(&["checks", name, "beat"], &body).await
            }
            Self::At { address, http } => {
                let mut url = address.clone();
                if let Ok(mut path) = url.path_segments_mut() {
                    path.pop_if_empty();
                    match said {
                        Said::Started => path.push("start"),
                        Said::Failed => path.push("fail"),
                        Said::Ended(exit) => path.push(&exit.to_string()),
                    };
                }
                let fix = "look at the heartbeat's address on its screen";
                let sent = http.post(url).header("accept", "application/json").body(output.to_owned()).send().await;
                let answer = sent.map_err(|error| client::unreachable(address, error, fix))?;
                let status = answer.status();
                let body = client::body(address, answer, fix).await?;
                if status.is_success() { Ok(Value::Null) } else { Err(client::refused(status, &body)) }
            }
        }
    }

    /// The same, where nobody may be kept from going on: what goes wrong is told on standard error.
    async fn report_anyhow(&self, what: Said, output: &str) {
        if let Err(refusal) = self.report(what, output).await {
            output::warn(&format!("warning: the heartbeat was not reported: {}", said(&refusal.detail)));
        }
    }
}
