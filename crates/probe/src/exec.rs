//! Runs of plugins: programs that keep to the contract of Nagios' plugins (exit 0 to 3, text on the standard output).
//!
//! Only what the probe's operator has put into one folder is run, without a shell and with an empty environment. A
//! program is killed with its whole process group when the run ends.

use std::{path::Path, process::Stdio};

use checks::{ExecCheck, Phase, hold};
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncReadExt as _, copy, sink},
    process::Command,
    time::Instant,
};

use crate::{
    Client,
    exchange::Fault,
    run::{Verdict, millis_since},
    trace::Trace,
    values::Values,
};

/// How much of a program's text is kept; the rest is read and forgotten.
const TEXT_BYTES: u64 = 64 * 1024;

/// Kills the program and all that it started, unless it has ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended in between.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Client {
    pub(crate) async fn run_exec(&self, check: &ExecCheck, trace: &mut Trace) -> Verdict {
        let started = Instant::now();
        trace.hop(format!("run {}", check.command), check.command.clone());
        let Some(folder) = &self.plugins else {
            let why = "this probe runs no plugins: name a folder for them, by --plugins or MAINSTAY_PROBE_PLUGINS";
            return Verdict::Unable(why.to_owned());
        };
        if check.command.contains(['/', '\\', '\0']) || matches!(check.command.as_str(), "" | "." | "..") {
            return Verdict::Bad(format!("{} is not the name of a program in the plugins' folder", check.command));
        }
        trace.begin(Phase::Processing);
        let code = match self.execute(folder, check, trace).await {
            Ok(code) => code,
            Err(fault) => return fault.into(),
        };
        trace.end();
        let text = String::from_utf8_lossy(&trace.body);
        let said = text.lines().next().unwrap_or("it said nothing").trim().to_owned();
        match code {
            Some(0) => {}
            Some(1) => return Verdict::Slow(format!("warning: {said}")),
            Some(2) => return Verdict::Bad(format!("critical: {said}")),
            Some(3) => return Verdict::Bad(format!("unknown: {said}")),
            Some(code) => return Verdict::Bad(format!("exit code {code}, which no plugin may have: {said}")),
            None => return Verdict::Bad(format!("the program was killed: {said}")),
        }
        let mut observed = trace.observed(0, millis_since(started), Timestamp::now());
        observed.status = Some(0);
        match hold(&check.assertions, &observed) {
            Ok(()) => Verdict::Good,
            Err(why) => Verdict::Bad(why),
        }
    }

    /// The program's exit code; none if a signal ended it.
    async fn execute(&self, folder: &Path, check: &ExecCheck, trace: &mut Trace) -> Result<Option<i32>, Fault> {
        let secrets = self.secrets();
        let values = Values::new(&secrets, Timestamp::now())?;
        let args = check.args.iter().map(|arg| values.fill(arg)).collect::<Result<Vec<_>, _>>()?;
        let cant = |error: std::io::Error| Fault::Program(check.command.clone(), error.to_string());
        let mut child = Command::new(folder.join(&check.command))
            .args(args)
            .env_clear()
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(cant)?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
        if let Some(mut output) = child.stdout.take() {
            (&mut output).take(TEXT_BYTES).read_to_end(&mut trace.body).await.map_err(cant)?;
            copy(&mut output, &mut sink()).await.map_err(cant)?;
        }
        let status = child.wait().await.map_err(cant)?;
        group.0 = None;
        Ok(status.code())
    }
}
