//! A program beside the probe, by the contract of Nagios' plugins: exit 0, 1, 2 or 3 for ok, warning, critical and
//! unknown, and text whose first line says why.
//!
//! Only programs in the folder that the operator allows are run, without a shell and with an empty environment. Output is
//! bounded, and a program that outlives its run is killed with all that it started.

use std::{path::Path, process::Stdio};

use checks::{ExecCheck, hold};
use tokio::{io::AsyncReadExt as _, process::Command, time::Instant};

use crate::{
    run::{Seen, millis},
    values::Values,
};

/// How much of a program's output is read.
const OUTPUT_BYTES: u64 = 64 * 1024;

/// Runs the program and judges what it says.
pub(crate) async fn run(
    folder: Option<&Path>,
    check: &ExecCheck,
    values: &Values,
    seen: &mut Seen,
) -> Result<(), String> {
    let folder = folder.ok_or("this probe runs no programs: it was started without --plugins")?;
    seen.url = format!("plugin {}", check.command);
    let args: Result<Vec<String>, _> = check.args.iter().map(|arg| values.fill(arg)).collect();
    let args = args.map_err(|error| format!("an argument {error}"))?;
    let started = Instant::now();
    let mut command = Command::new(folder.join(&check.command));
    command.args(args).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // A group of its own, so that what it started ends with it.
    command.process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| format!("{} can't be run: {error}", check.command))?;
    let group = Group(child.id());
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let read = stdout.take(OUTPUT_BYTES).read_to_end(&mut output).await;
        read.map_err(|error| format!("its output can't be read: {error}"))?;
    }
    let status = child.wait().await.map_err(|error| format!("its end can't be seen: {error}"))?;
    drop(group);
    seen.connected = true;
    seen.body = output;
    seen.status = status.code().and_then(|code| u16::try_from(code).ok());
    let text = String::from_utf8_lossy(&seen.body).into_owned();
    let line = text.lines().next().unwrap_or_default().split('|').next().unwrap_or_default().trim();
    let said = if line.is_empty() { format!("{} said nothing", check.command) } else { line.to_owned() };
    match status.code() {
        Some(0) => {}
        Some(1) => seen.warning = Some(said),
        Some(2) => return Err(said),
        Some(3) => return Err(format!("unknown: {said}")),
        Some(code) => return Err(format!("exit code {code}, which is none of a plugin's: {said}")),
        None => return Err("was ended by a signal".to_owned()),
    }
    hold(&check.assertions, &seen.observed(millis(started.elapsed())))
}

/// A process and what it started; all of it ends with this.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let group = self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            // It has ended already, mostly.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
