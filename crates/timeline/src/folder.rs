//! The data folder: its lock, and the files in it.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::StoreError;

const FILE: &str = "timeline.db";
const LOCK: &str = "lock";

/// A data folder that this process has locked. The operating system unlocks it when the process ends, however it does.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    lock: File,
}

impl Folder {
    /// Locks `dir`, which is created if it is missing.
    pub(crate) fn lock(dir: &Path) -> Result<Self, StoreError> {
        create_private(dir)?;
        let mut lock = File::options().read(true).write(true).create(true).truncate(false).open(dir.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked { holder: holder(&mut lock) }),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        lock.set_len(0)?;
        lock.write_all(std::process::id().to_string().as_bytes())?;
        Ok(Self { path: dir.to_owned(), lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The database file.
    pub(crate) fn file(&self) -> PathBuf {
        file_in(&self.path)
    }

    /// Makes renames in the folder durable.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        sync_dir(&self.path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Closing the file is not enough: a program that another thread is just starting has it open too, for a moment.
        let _ = self.lock.unlock();
    }
}

/// The database file of the data folder `dir`.
pub(crate) fn file_in(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// Whether there is a timeline in `dir`. A file that was emptied, or has lost its main part, is damage: a new timeline must
/// not silently take its place.
pub(crate) fn has_timeline(dir: &Path) -> Result<bool, StoreError> {
    match fs::metadata(file_in(dir)) {
        Ok(metadata) if metadata.len() == 0 => Err(StoreError::corrupt(format!("{FILE} is empty"))),
        Ok(_) => Ok(true),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        Err(_) if dir.join(format!("{FILE}-wal")).exists() => {
            Err(StoreError::corrupt(format!("{FILE} is missing, but its write-ahead log is there")))
        }
        Err(_) => Ok(false),
    }
}

/// Whether `dir` is missing, or has at most a lock in it.
pub(crate) fn is_unused(dir: &Path) -> Result<bool, StoreError> {
    let files = match fs::read_dir(dir) {
        Ok(files) => files,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error.into()),
    };
    for file in files {
        if file?.file_name() != LOCK {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Who holds the lock of `dir`, if anybody does: `Some(None)` if it can't be told who.
pub(crate) fn lock_holder(dir: &Path) -> Result<Option<Option<u32>>, StoreError> {
    let mut lock = match File::open(dir.join(LOCK)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(holder(&mut lock))),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Makes renames in `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    Ok(File::open(dir)?.sync_all()?)
}

/// Creates `dir` for its owner alone, unless it exists.
fn create_private(dir: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(dir)?)
}
