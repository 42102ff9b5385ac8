//! Results that wait for the server, on disk.
//!
//! Each batch is a file of its own, written beside and moved into place, and removed when the server has taken it. What a
//! killed probe left behind is handed in by the next one. The folder is bounded: beyond it the oldest batch makes room.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use checks::RunResult;
use kernel::{Refusal, codes};
use tokio::sync::Notify;

/// Batches that may wait: at 500 results each, days of a busy probe.
const BATCHES_MAX: usize = 20_000;
/// A batch that is larger than this was not written by us.
const BATCH_BYTES_MAX: u64 = 64 << 20;

/// The folder of batches.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    next: AtomicU64,
    /// The numbers of those that wait, the oldest first.
    waiting: Mutex<std::collections::VecDeque<u64>>,
    more: Notify,
}

impl Spool {
    /// Opens the spool in a probe's folder, with what waits in it.
    ///
    /// # Errors
    /// If the folder can't be made or read.
    pub(super) fn open(folder: &Path) -> Result<Self, Refusal> {
        let folder = folder.join("spool");
        let cant = |error: io::Error| {
            let detail = format!("the folder {} can't be used: {error}", folder.display());
            Refusal::new(&codes::DATA_READ_ONLY, detail).field("--state-dir")
        };
        fs::create_dir_all(&folder).map_err(cant)?;
        let mut waiting = Vec::new();
        for entry in fs::read_dir(&folder).map_err(cant)? {
            let name = entry.map_err(cant)?.file_name();
            let number: Option<u64> =
                name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|name| name.parse().ok());
            waiting.extend(number);
        }
        waiting.sort_unstable();
        let next = AtomicU64::new(waiting.last().map_or(1, |last: &u64| last.saturating_add(1)));
        Ok(Self { folder, next, waiting: Mutex::new(waiting.into()), more: Notify::new() })
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:020}.json"))
    }

    /// Puts a batch down. It is on disk when this returns.
    pub(super) fn put(&self, results: &[RunResult]) -> io::Result<()> {
        if results.is_empty() {
            return Ok(());
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let beside = self.folder.join("being-written");
        let mut file = fs::File::create(&beside)?;
        file.write_all(&serde_json::to_vec(results)?)?;
        file.sync_data()?;
        fs::rename(&beside, self.path(number))?;
        let too_many = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push_back(number);
            if waiting.len() > BATCHES_MAX { waiting.pop_front() } else { None }
        };
        if let Some(oldest) = too_many {
            tracing::error!(batches = BATCHES_MAX, "the spool is full: the oldest results are dropped");
            self.remove(oldest);
        }
        self.more.notify_one();
        Ok(())
    }

    /// The oldest batch, as soon as there is one. One that can't be read is dropped.
    pub(super) async fn oldest(&self) -> (u64, Vec<RunResult>) {
        loop {
            let first = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).front().copied();
            match first {
                None => self.more.notified().await,
                Some(number) => match self.read(number) {
                    Ok(results) => return (number, results),
                    Err(error) => {
                        tracing::error!(error.message = %error, "a batch of results can't be read, and is dropped");
                        self.done(number);
                    }
                },
            }
        }
    }

    fn read(&self, number: u64) -> io::Result<Vec<RunResult>> {
        let path = self.path(number);
        if fs::metadata(&path)?.len() > BATCH_BYTES_MAX {
            return Err(io::Error::other("it is larger than any batch"));
        }
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    /// How many batches wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Forgets a batch that was taken.
    pub(super) fn done(&self, number: u64) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).retain(|waiting| *waiting != number);
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

#[cfg(test)]
mod tests {
    use checks::{Outcome, Tally};

    use super::*;

    fn result(number: i64) -> RunResult {
        let at = jiff::Timestamp::from_second(1_800_000_000 + number).unwrap();
        Tally::default().count(&"check:shop".parse().unwrap(), "here", at, Outcome::Passed, 1)
    }

    #[tokio::test]
    async fn what_was_put_down_is_there_after_a_restart_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        for number in 0..3 {
            spool.put(&[result(number)]).unwrap();
        }
        let (first, _) = spool.oldest().await;
        spool.done(first);
        drop(spool);
        let spool = Spool::open(folder.path()).unwrap();
        spool.put(&[result(3)]).unwrap();
        for number in 1..4 {
            let (batch, results) = spool.oldest().await;
            assert_eq!(results, [result(number)]);
            spool.done(batch);
        }
        assert_eq!(spool.len(), 0);
    }

    #[tokio::test]
    async fn a_broken_batch_holds_up_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("spool")).unwrap();
        fs::write(folder.path().join("spool/00000000000000000007.json"), "[{").unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        spool.put(&[result(1)]).unwrap();
        assert_eq!(spool.oldest().await.1, [result(1)]);
    }
}
