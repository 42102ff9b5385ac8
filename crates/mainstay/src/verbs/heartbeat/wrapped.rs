//! A command that is run and reported on.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    io::ErrorKind,
    process::{ExitCode, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    process::{Child, Command},
};

use super::{Job, OUTPUT_BYTES, Said};
use crate::output::warn;

/// After the command has ended, what it left behind may hold its output open; it is read for so long yet.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// What shells give for a program that isn't there, and for one that can't be run.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

/// The end of what was written, on both streams together.
#[derive(Debug, Clone, Default)]
struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    fn add(&self, bytes: &[u8]) {
        // Bytes are whole whatever a panic left behind.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let too_many = kept.len().saturating_sub(OUTPUT_BYTES);
        kept.drain(..too_many);
    }

    fn text(&self) -> String {
        let kept: Vec<u8> = self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        String::from_utf8_lossy(&kept).trim_end().to_owned()
    }
}

/// Runs the command, reports, and answers with its exit code.
pub(super) async fn run(job: Job, program: &OsStr, args: &[OsString]) -> ExitCode {
    let begin = job.clone();
    // The command doesn't wait for the report, but its end is reported after its begin.
    let begun = tokio::spawn(async move { begin.report_anyhow(Said::Started, "").await });
    let mut command = Command::new(program);
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (code, output) = match command.spawn() {
        Ok(child) => follow(child).await,
        Err(error) => {
            let why = format!("{}: {error}", program.to_string_lossy());
            warn(&why);
            (if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_RUN }, why)
        }
    };
    // It ends within its own bounds, and has told of its failure itself.
    let _ = begun.await;
    job.report_anyhow(Said::Ended(code), &output).await;
    ExitCode::from(code)
}

/// Passes on what it writes until it ends: its exit code, and the end of what it wrote.
async fn follow(mut child: Child) -> (u8, String) {
    let tail = Tail::default();
    let mut copies = tokio::task::JoinSet::new();
    if let Some(from) = child.stdout.take() {
        copies.spawn(pass_on(from, tokio::io::stdout(), tail.clone()));
    }
    if let Some(from) = child.stderr.take() {
        copies.spawn(pass_on(from, tokio::io::stderr(), tail.clone()));
    }
    let ended = wait(&mut child).await;
    let all = async { while copies.join_next().await.is_some() {} };
    // Whatever it started may go on writing for ever.
    let _ = tokio::time::timeout(LAST_WORDS, all).await;
    (ended.map_or(NOT_RUN, code), tail.text())
}

/// Passes bytes on as they come. Who reads no more is no reason to stop the job.
async fn pass_on(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, tail: Tail) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let read = buffer.get(..count).unwrap_or_default();
        tail.add(read);
        if to.write_all(read).await.is_ok() {
            let _ = to.flush().await;
        }
    }
}

/// As shells say it: 128 and the number of the signal that ended it.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status.code().or(signal.map(|signal| 128 + signal)).unwrap_or(1);
    // An exit code has eight bits; where it has more, a failure must not become a success.
    u8::try_from(code).unwrap_or(if code & 0xff == 0 { 1 } else { u8::try_from(code & 0xff).unwrap_or(1) })
}

/// Waits for its end. Whoever asks this process to end means the job: it is passed on, and its end is waited for.
#[cfg(unix)]
async fn wait(child: &mut Child) -> std::io::Result<ExitStatus> {
    use rustix::process::{Pid, Signal, kill_process};
    use tokio::signal::unix::{SignalKind, signal};

    let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    // A terminal tells the job itself.
    let mut interrupted = signal(SignalKind::interrupt())?;
    loop {
        let passed_on = tokio::select! {
            ended = child.wait() => return ended,
            _ = terminated.recv() => Signal::TERM,
            _ = hung_up.recv() => Signal::HUP,
            _ = interrupted.recv() => continue,
        };
        if let Some(pid) = pid {
            // It may have ended just now.
            let _ = kill_process(pid, passed_on);
        }
    }
}

#[cfg(not(unix))]
async fn wait(child: &mut Child) -> std::io::Result<ExitStatus> {
    child.wait().await
}
