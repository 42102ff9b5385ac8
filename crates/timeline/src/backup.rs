//! Copies of everything in one file, and the way back.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, backup::Backup};

use crate::{StoreError, Verified, folder, folder::Folder, folder::sync_dir, integrity, reader, sqlite};

/// See [`Store::backup`](crate::Store::backup).
pub(crate) fn backup(from: &Path, to: &Path) -> Result<Verified, StoreError> {
    if to.exists() {
        return Err(StoreError::Misplaced(format!("{} exists; a backup never replaces a file", to.display())));
    }
    let unfinished = Unfinished::beside(to)?;
    let source = reader::connect(from)?;
    let mut copy = Connection::open(&unfinished.0)?;
    copy.pragma_update(None, "synchronous", "FULL")?;
    // All in one step: a snapshot of one moment, for which no writer has to wait.
    Backup::new(&source, &mut copy)?.step(-1)?;
    let verified = close_sound(copy)?;
    unfinished.publish(to)?;
    Ok(verified)
}

/// Copies the timeline in the data folder `dir` into one file and verifies the copy, whether or not a server is using the
/// folder. What a server commits meanwhile is not in it.
///
/// # Errors
/// [`StoreError::Misplaced`] if there is no timeline in the folder or `to` exists; [`StoreError::Corrupt`] if the copy doesn't
/// verify, and then there is none.
pub fn backup_folder(dir: &Path, to: &Path) -> Result<Verified, StoreError> {
    backup(&timeline_in(dir)?, to)
}

/// Verifies everything in the data folder `dir` and changes nothing, whether or not a server is using the folder.
///
/// # Errors
/// [`StoreError::Misplaced`] if there is no timeline in it; [`StoreError::Corrupt`] with the position of the first bad entry.
pub fn verify_folder(dir: &Path) -> Result<Verified, StoreError> {
    integrity::everything(&reader::connect(&timeline_in(dir)?)?)
}

fn timeline_in(dir: &Path) -> Result<PathBuf, StoreError> {
    if folder::has_timeline(dir)? {
        return Ok(folder::file_in(dir));
    }
    Err(StoreError::Misplaced(format!("{} has no timeline in it", dir.display())))
}

/// Makes a data folder of a backup. The folder `dir` must be missing or empty, and stays without a timeline unless the backup
/// verifies.
///
/// # Errors
/// [`StoreError::Corrupt`] if the backup doesn't verify; [`StoreError::Misplaced`] if there is no such file, or the folder has anything in it.
pub fn restore(backup: &Path, dir: &Path) -> Result<Verified, StoreError> {
    if !backup.exists() {
        return Err(StoreError::Misplaced(format!("there is no file {}", backup.display())));
    }
    let source = File::open(backup)?;
    if source.metadata()?.len() == 0 {
        return Err(StoreError::corrupt(format!("{} is empty", backup.display())));
    }
    if !folder::is_unused(dir)? {
        let what = format!("{} is not empty; a backup is restored into a folder of its own", dir.display());
        return Err(StoreError::Misplaced(what));
    }
    let folder = Folder::lock(dir)?;
    let unfinished = Unfinished::beside(&folder.file())?;
    fs::copy(backup, &unfinished.0)?;
    let verified = close_sound(Connection::open(&unfinished.0)?)?;
    unfinished.publish(&folder.file())?;
    Ok(verified)
}

/// Verifies a copy and closes it as a single file.
fn close_sound(copy: Connection) -> Result<Verified, StoreError> {
    sqlite::harden(&copy)?;
    integrity::header(&copy)?;
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    let verified = integrity::everything(&copy)?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(verified)
}

/// A file that is being written under another name; it is deleted unless it is published.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(file: &Path) -> Result<Self, StoreError> {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(".unfinished");
        let unfinished = file.with_file_name(name);
        match File::options().write(true).create_new(true).open(&unfinished) {
            Ok(_) => Ok(Self(unfinished)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(StoreError::Io(format!(
                "{} exists: another process is writing it, or one was interrupted and it can be deleted",
                unfinished.display()
            ))),
            Err(error) => Err(error.into()),
        }
    }

    fn publish(self, to: &Path) -> Result<(), StoreError> {
        File::open(&self.0)?.sync_all()?;
        fs::rename(&self.0, to)?;
        let dir = to.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        sync_dir(dir)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After `publish` there is nothing under this name.
        let _ = fs::remove_file(&self.0);
    }
}
