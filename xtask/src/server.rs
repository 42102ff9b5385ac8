//! The binary, running on a folder of its own.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{self, Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// The administrator's token of every server that is started here.
pub(crate) const TOKEN: &str = "an-administrators-token-for-measuring";

const START_MAX: Duration = Duration::from_secs(120);
const STOP_MAX: Duration = Duration::from_secs(30);

/// A server; it is killed when dropped.
pub(crate) struct Server {
    child: Child,
    // Closed with the server, so that it never writes to a closed pipe.
    _stdout: BufReader<ChildStdout>,
    /// `127.0.0.1:40123`.
    pub(crate) address: String,
}

impl Server {
    /// Runs `mainstay serve` until it says where it listens.
    pub(crate) fn start(binary: &Path, data: &Path, catalog: &Path) -> Result<Self> {
        Self::start_with(binary, data, catalog, &[])
    }

    /// The same, with more arguments.
    pub(crate) fn start_with(binary: &Path, data: &Path, catalog: &Path, more: &[&str]) -> Result<Self> {
        let log = fs::File::create(data.with_extension("log"))?;
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .arg("--catalog")
            .arg(catalog)
            .args(more)
            .env("MAINSTAY_ADMIN_TOKEN", TOKEN)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("could not start {}", binary.display()))?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let mut stdout = BufReader::new(stdout);
        match listening(&mut stdout) {
            Ok(address) => Ok(Self { child, _stdout: stdout, address }),
            Err(error) => {
                child.kill()?;
                let said = fs::read_to_string(data.with_extension("log")).unwrap_or_default();
                Err(error.context(format!("{} serve said:\n{said}", binary.display())))
            }
        }
    }

    /// What it holds in memory, in kB; nothing where `/proc` is not there.
    pub(crate) fn memory_kb(&self) -> Option<u64> {
        memory_kb(&self.child)
    }

    /// The processor time that it has used; nothing where `/proc` is not there.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        /// `USER_HZ`, which is the same on every Linux that we know.
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // The name may have blanks in it; what follows it are numbers (proc_pid_stat(5), fields 14 and 15).
        let (_, rest) = stat.rsplit_once(')')?;
        let mut ticks = rest.split_whitespace().skip(11).map_while(|field| field.parse::<f64>().ok());
        Some(Duration::from_secs_f64((ticks.next()? + ticks.next()?) / TICKS_PER_SECOND))
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begun.elapsed() > STOP_MAX {
                bail!("the server did not stop within {} s", STOP_MAX.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program holds in memory, in kB; nothing where `/proc` is not there.
pub(crate) fn memory_kb(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

fn listening(stdout: &mut BufReader<ChildStdout>) -> Result<String> {
    let begun = Instant::now();
    let mut line = String::new();
    while begun.elapsed() < START_MAX && stdout.take(10_000).read_line(&mut line)? > 0 {
        if let Some((_, rest)) = line.split_once("http://") {
            return Ok(rest.split([' ', ',', '/', '\n']).next().unwrap_or_default().to_owned());
        }
        line.clear();
    }
    bail!("the server did not say where it listens")
}

/// A folder below the system's for temporary files, removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(purpose: &str) -> Result<Self> {
        let path = env::temp_dir().join(format!("mainstay-{purpose}-{}", process::id()));
        fs::create_dir_all(&path).with_context(|| format!("could not make {}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is the system's to clean.
        let _ = fs::remove_dir_all(&self.0);
    }
}
