//! Results that wait for the server, on disk.
//!
//! They lie in batches, a file each with a result a line, and a batch is removed when the server has taken it. What a
//! killed probe left behind is handed in by the next one; a line that it had not finished is no result.
//!
//! The folder is bounded. Beyond that the oldest batches are thinned to the runs by which something turned: what is lost
//! is how often and how fast a check was good or bad meanwhile, and not that it was. Only when that isn't enough the
//! oldest batch makes room. The first batch of all may be on its way and is left as it is: the server knows one that is
//! handed in again by its content.

use std::{
    collections::VecDeque,
    fs, io,
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use checks::RunResult;
use kernel::{Refusal, codes};
use tokio::sync::Notify;

/// Batches that may wait.
const BATCHES_MAX: usize = 20_000;
/// Results in one batch, and bytes of them: what failed has much to tell, and a server takes a request of at most 1 MiB.
const RESULTS_MAX: usize = 500;
const BATCH_BYTES: u64 = 256 << 10;
/// A file that is larger than this was not written by us.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Of a thinned batch so many runs at the beginning of a streak are kept, and then one of ten up to the most that a check
/// may ask for before it turns.
const TURN_RUNS: (u32, u32) = (10, 100);

/// The folder of batches.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    bytes_max: u64,
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Debug)]
struct Waiting {
    /// The oldest first.
    batches: VecDeque<Batch>,
    next: u64,
    /// Results that made room since the probe began.
    dropped: u64,
}

#[derive(Debug)]
struct Batch {
    number: u64,
    bytes: u64,
    results: usize,
    thinned: bool,
}

impl Waiting {
    fn bytes(&self) -> u64 {
        self.batches.iter().map(|batch| batch.bytes).sum()
    }
}

impl Spool {
    /// Opens the spool in a probe's folder, with what waits in it. It takes so many bytes.
    ///
    /// # Errors
    /// If the folder can't be made or read.
    pub(super) fn open(folder: &Path, bytes_max: u64) -> Result<Self, Refusal> {
        let folder = folder.join("spool");
        let cant = |error: io::Error| {
            let detail = format!("the folder {} can't be used: {error}", folder.display());
            Refusal::new(&codes::DATA_READ_ONLY, detail).field("--state-dir")
        };
        fs::create_dir_all(&folder).map_err(cant)?;
        let mut batches = Vec::new();
        for entry in fs::read_dir(&folder).map_err(cant)? {
            let entry = entry.map_err(cant)?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|name| name.parse().ok());
            if let Some(number) = number {
                let bytes = entry.metadata().map_err(cant)?.len();
                // Nothing is added to what an earlier probe wrote.
                batches.push(Batch { number, bytes, results: RESULTS_MAX, thinned: false });
            }
        }
        batches.sort_unstable_by_key(|batch| batch.number);
        let next = batches.last().map_or(1, |last| last.number.saturating_add(1));
        let waiting = Mutex::new(Waiting { batches: batches.into(), next, dropped: 0 });
        let spool = Self { folder, bytes_max, waiting, more: Notify::new() };
        spool.make_room(&mut spool.waiting());
        Ok(spool)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // What a panic left behind is a list of files; one that is gone is passed over.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:020}.json"))
    }

    /// Puts results down. They are on disk when this returns.
    pub(super) fn put(&self, results: &[RunResult]) -> io::Result<()> {
        let mut waiting = self.waiting();
        let mut left = results;
        while !left.is_empty() {
            let (portion, lines) = portion(left)?;
            self.put_portion(&mut waiting, portion, &lines)?;
            left = left.get(portion..).unwrap_or_default();
        }
        self.make_room(&mut waiting);
        drop(waiting);
        self.more.notify_one();
        Ok(())
    }

    fn put_portion(&self, waiting: &mut Waiting, results: usize, lines: &[u8]) -> io::Result<()> {
        let bytes = lines.len() as u64;
        let has_room = |last: &&mut Batch| {
            !last.thinned && last.results + results <= RESULTS_MAX && last.bytes + bytes <= BATCH_BYTES
        };
        // The first may be on its way.
        match waiting.batches.iter_mut().skip(1).last().filter(has_room) {
            Some(last) => {
                append(&self.path(last.number), last.bytes, lines)?;
                last.bytes += bytes;
                last.results += results;
            }
            None => {
                let number = waiting.next;
                append(&self.path(number), 0, lines)?;
                waiting.next = number.saturating_add(1);
                waiting.batches.push_back(Batch { number, bytes, results, thinned: false });
            }
        }
        Ok(())
    }

    /// Thins, and then drops, the oldest but the very first until the rest is within the bounds.
    fn make_room(&self, waiting: &mut Waiting) {
        let before = waiting.dropped;
        while waiting.bytes() > self.bytes_max && waiting.batches.len() > 1 {
            let mut oldest = waiting.batches.iter_mut().skip(1);
            match oldest.find(|batch| !batch.thinned) {
                Some(batch) => waiting.dropped += self.thin(batch),
                None => self.drop_oldest(waiting),
            }
        }
        while waiting.batches.len() > BATCHES_MAX {
            self.drop_oldest(waiting);
        }
        if waiting.dropped > before {
            tracing::error!(
                dropped = waiting.dropped - before,
                dropped.total = waiting.dropped,
                waiting = waiting.batches.len(),
                "the spool is full: the oldest results are dropped, but for those by which something turned"
            );
        }
    }

    /// Leaves of a batch what turned something, and says how many results are gone.
    fn thin(&self, batch: &mut Batch) -> u64 {
        batch.thinned = true;
        let path = self.path(batch.number);
        let thinned = self.read(batch.number).and_then(|results| {
            let all = results.len();
            let turns = |result: &RunResult| is_turn(result.streak.runs) || is_turn(result.pace.runs);
            let mut kept: Vec<RunResult> = results.into_iter().filter(turns).collect();
            kept.iter_mut().for_each(|result| result.hops.clear());
            let lines = lines(&kept)?;
            let beside = self.folder.join("being-written");
            let mut file = fs::File::create(&beside)?;
            file.write_all(&lines)?;
            file.sync_data()?;
            fs::rename(&beside, &path)?;
            Ok((lines.len(), all - kept.len()))
        });
        match thinned {
            Ok((bytes, gone)) => {
                batch.bytes = bytes as u64;
                gone as u64
            }
            Err(error) => {
                tracing::error!(error.message = %error, "a batch of results can't be thinned");
                0
            }
        }
    }

    fn drop_oldest(&self, waiting: &mut Waiting) {
        let Some(oldest) = waiting.batches.remove(1) else { return };
        waiting.dropped += self.read(oldest.number).map_or(0, |results| results.len() as u64);
        self.remove(oldest.number);
    }

    /// The oldest batch that has results, if there is one. One that can't be read is dropped.
    pub(super) fn oldest(&self) -> Option<(u64, Vec<RunResult>)> {
        loop {
            let number = self.waiting().batches.front().map(|batch| batch.number)?;
            match self.read(number) {
                Ok(results) if results.is_empty() => self.done(number),
                Ok(results) => return Some((number, results)),
                Err(error) => {
                    tracing::error!(error.message = %error, "a batch of results can't be read, and is dropped");
                    self.done(number);
                }
            }
        }
    }

    /// Waits until something was put down since the last time.
    pub(super) async fn more(&self) {
        self.more.notified().await;
    }

    fn read(&self, number: u64) -> io::Result<Vec<RunResult>> {
        let path = self.path(number);
        if fs::metadata(&path)?.len() > FILE_BYTES_MAX {
            return Err(io::Error::other("it is larger than any batch"));
        }
        let bytes = fs::read(path)?;
        // An earlier version wrote an array.
        if bytes.starts_with(b"[") {
            return Ok(serde_json::from_slice(&bytes)?);
        }
        let mut results = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(result) => results.push(result),
                Err(error) => tracing::error!(error.message = %error, "a result in the spool can't be read"),
            }
        }
        Ok(results)
    }

    /// How many batches wait.
    pub(super) fn len(&self) -> usize {
        self.waiting().batches.len()
    }

    /// Forgets a batch that was taken.
    pub(super) fn done(&self, number: u64) {
        self.waiting().batches.retain(|batch| batch.number != number);
        self.remove(number);
    }

    fn remove(&self, number: u64) {
        if let Err(error) = fs::remove_file(self.path(number))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(error.message = %error, "a batch of results can't be removed, and may be handed in again");
        }
    }
}

fn is_turn(runs: u32) -> bool {
    runs <= TURN_RUNS.0 || (runs <= TURN_RUNS.1 && runs.is_multiple_of(TURN_RUNS.0))
}

/// As many of the first results as one batch takes, and their lines: at least one.
fn portion(results: &[RunResult]) -> io::Result<(usize, Vec<u8>)> {
    let (mut count, mut taken) = (0, Vec::new());
    for result in results.iter().take(RESULTS_MAX) {
        let line = lines(std::slice::from_ref(result))?;
        if count > 0 && (taken.len() + line.len()) as u64 > BATCH_BYTES {
            break;
        }
        taken.extend(line);
        count += 1;
    }
    Ok((count, taken))
}

fn lines(results: &[RunResult]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for result in results {
        serde_json::to_writer(&mut lines, result)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Writes at this place, which is the file's end unless an earlier attempt failed half way.
fn append(path: &Path, at: u64, lines: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    file.set_len(at)?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(lines)?;
    file.sync_data()
}

#[cfg(test)]
mod tests;
