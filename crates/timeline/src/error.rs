//! What can go wrong in a store, and how SQLite's result codes map to it.

use kernel::{Refusal, Sha256, Timestamp, codes};
use rusqlite::ffi;

use crate::Head;

/// Why a store did not do what it was asked. Nothing of the request has happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The head is not where the decision saw it: catch up and decide again.
    #[error("the timeline has moved on to position {}", head.position)]
    Conflict {
        /// Where the head is.
        head: Head,
    },
    /// The queue of writes is full, or another program holds the file for a moment.
    #[error("the timeline has more to write than it can take")]
    Busy,
    /// No room on the disk, or the bound on the file's size is reached.
    #[error("the disk with the timeline is full")]
    DiskFull,
    /// The folder or a file can't be written.
    #[error("the data folder can't be written: {0}")]
    ReadOnly(String),
    /// Another process has the folder open.
    #[error("another server uses the data folder{}", holder.map(|id| format!(" (process {id})")).unwrap_or_default())]
    Locked {
        /// The other's process id, if it could be read.
        holder: Option<u32>,
    },
    /// What was read is not what was written.
    #[error("the timeline is damaged{}: {what}", position.map(|p| format!(" at position {p}")).unwrap_or_default())]
    Corrupt {
        /// What is wrong.
        what: String,
        /// The first entry that is bad, if the damage is in an entry.
        position: Option<u64>,
    },
    /// A newer version has written the file.
    #[error("the timeline has schema version {found}; this version of Mainstay knows versions up to {known}")]
    TooNew {
        /// The file's schema version.
        found: u32,
        /// The newest that this version knows.
        known: u32,
    },
    /// An entry's time is before that of the entry in front of it.
    #[error("an entry's time, {at}, is before {previous}, that of the entry in front of it")]
    Backwards {
        /// The entry's time.
        at: Timestamp,
        /// The time in front of it.
        previous: Timestamp,
    },
    /// The request is beyond a bound, or makes no sense. The caller has a bug.
    #[error("the timeline can't take this: {0}")]
    Unacceptable(String),
    /// A file or folder that the caller named is not what this needs: missing, or there already.
    #[error("{0}")]
    Misplaced(String),
    /// The file system or the database failed in another way.
    #[error("the timeline can't be read or written: {0}")]
    Io(String),
}

impl StoreError {
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into(), position: None }
    }

    pub(crate) fn corrupt_at(position: u64, what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into(), position: Some(position) }
    }

    pub(crate) fn corrupt_blob(digest: &Sha256, what: &str) -> Self {
        Self::corrupt(format!("blob {digest} {what}"))
    }

    /// Refuses a `count` of `what` above `limit`.
    pub(crate) fn bound(what: &str, count: usize, limit: usize) -> Result<(), Self> {
        if count <= limit {
            return Ok(());
        }
        Err(Self::Unacceptable(format!("{what}: {count}, and at most {limit} are allowed")))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(failure) = error.sqlite_error() else {
            // All our statements are fixed: a value of another type can only come from a damaged file.
            return Self::corrupt(error.to_string());
        };
        let text = error.to_string();
        match (failure.extended_code, failure.extended_code & 0xff) {
            // The index of the write-ahead log is a file too, and can fail to grow.
            (_, ffi::SQLITE_FULL) | (ffi::SQLITE_IOERR_SHMSIZE, _) => Self::DiskFull,
            (ffi::SQLITE_READONLY_DBMOVED, _) => Self::Io(format!("the file was moved or deleted: {text}")),
            // The files are there when they are opened; what is missing then is permission.
            (_, ffi::SQLITE_READONLY | ffi::SQLITE_PERM | ffi::SQLITE_AUTH | ffi::SQLITE_CANTOPEN) => {
                Self::ReadOnly(text)
            }
            (_, ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED) => Self::Busy,
            (_, ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB) => Self::corrupt(text),
            // A statement that doesn't fit the file: tables or columns are missing.
            (_, ffi::SQLITE_ERROR | ffi::SQLITE_SCHEMA | ffi::SQLITE_MISMATCH) => Self::corrupt(text),
            (_, ffi::SQLITE_TOOBIG) => Self::Unacceptable(text),
            _ => Self::Io(text),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let kind = error.kind();
        if [ErrorKind::StorageFull, ErrorKind::QuotaExceeded].contains(&kind) {
            Self::DiskFull
        } else if [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem].contains(&kind) {
            Self::ReadOnly(error.to_string())
        } else {
            Self::Io(error.to_string())
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Conflict { .. } => &codes::CONFLICT,
            StoreError::Busy => &codes::BUSY,
            StoreError::DiskFull => &codes::DISK_FULL,
            StoreError::ReadOnly(_) => &codes::DATA_READ_ONLY,
            StoreError::Locked { .. } => &codes::DATA_LOCKED,
            StoreError::Corrupt { .. } => &codes::DATA_CORRUPT,
            StoreError::TooNew { .. } => &codes::DATA_TOO_NEW,
            StoreError::Backwards { .. } | StoreError::Unacceptable(_) => &codes::INTERNAL,
            StoreError::Misplaced(_) => &codes::INVALID,
            StoreError::Io(_) => &codes::STORE_WRITE,
        };
        Self::new(code, error.to_string())
    }
}
