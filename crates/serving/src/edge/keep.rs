//! The last good set, on disk.
//!
//! A file is a line of JSON that says what follows and its SHA-256, then the document as it came. It is written beside
//! the old one, flushed, and renamed over it, so that a crash leaves the one or the other; what is torn all the same
//! does not match its hash.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::upstream::SET_BYTES_MAX;

/// Where an environment's set is kept.
#[derive(Debug, Clone)]
pub(super) struct Keep {
    path: PathBuf,
    environment: String,
}

/// A set as the server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// The server's tag.
    pub(super) etag: Option<String>,
    /// When it was known to be current, in seconds since 1970.
    pub(super) fetched_at: u64,
    /// flagd's JSON.
    pub(super) document: Vec<u8>,
}

/// What the first line says.
#[derive(Serialize, Deserialize)]
struct Head {
    environment: String,
    etag: Option<String>,
    fetched_at: u64,
    sha256: String,
}

/// Why the file can't be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeepError {
    #[error("can't read {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} is damaged: {why}; it is ignored, and replaced as soon as the server answers")]
    Damaged { path: PathBuf, why: &'static str },
}

impl Keep {
    /// Makes the folder, and sees that it can be written.
    pub(super) fn open(folder: &Path, environment: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let name: String = url::form_urlencoded::byte_serialize(environment.as_bytes()).collect();
        let keep = Self { path: folder.join(format!("flags-{name}.kept")), environment: environment.to_owned() };
        File::create(keep.beside())?;
        Ok(keep)
    }

    fn beside(&self) -> PathBuf {
        self.path.with_extension("new")
    }

    /// What was kept last, if anything was.
    pub(super) fn read(&self) -> Result<Option<Kept>, KeepError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(KeepError::Unreadable { path: self.path.clone(), source }),
        };
        let mut bytes = Vec::new();
        let limit = u64::try_from(SET_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(HEAD_BYTES_MAX);
        let read = file.take(limit).read_to_end(&mut bytes);
        read.map_err(|source| KeepError::Unreadable { path: self.path.clone(), source })?;
        self.understood(&bytes).map(Some).map_err(|why| KeepError::Damaged { path: self.path.clone(), why })
    }

    fn understood(&self, bytes: &[u8]) -> Result<Kept, &'static str> {
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or("it has no first line")?;
        let (head, document) = bytes.split_at_checked(end + 1).ok_or("it has no first line")?;
        let head: Head = serde_json::from_slice(head).map_err(|_| "its first line can't be read")?;
        if head.environment != self.environment {
            return Err("it belongs to another environment");
        }
        if head.sha256 != sha256(document) {
            return Err("its content does not match its hash");
        }
        Ok(Kept { etag: head.etag, fetched_at: head.fetched_at, document: document.to_vec() })
    }

    /// Keeps a set instead of the last. Afterwards it is on disk.
    pub(super) fn write(&self, kept: &Kept) -> io::Result<()> {
        let head = Head {
            environment: self.environment.clone(),
            etag: kept.etag.clone(),
            fetched_at: kept.fetched_at,
            sha256: sha256(&kept.document),
        };
        let mut file = File::create(self.beside())?;
        serde_json::to_writer(&mut file, &head)?;
        file.write_all(b"\n")?;
        file.write_all(&kept.document)?;
        file.sync_all()?;
        fs::rename(self.beside(), &self.path)?;
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// More than any first line has.
const HEAD_BYTES_MAX: u64 = 64 << 10;

/// In hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(document: &str) -> Kept {
        Kept { etag: Some("\"7\"".to_owned()), fetched_at: 12, document: document.into() }
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::open(&folder.path().join("new/folder"), "../prod uction").unwrap();
        assert_eq!(keep.read().unwrap(), None);
        keep.write(&kept("{}\n{}")).unwrap();
        keep.write(&kept("{\"flags\":{}}")).unwrap();
        assert_eq!(keep.read().unwrap(), Some(kept("{\"flags\":{}}")));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is written elsewhere");
    }

    #[test]
    fn a_file_that_is_torn_anywhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::open(folder.path(), "production").unwrap();
        keep.write(&kept("{\"flags\":{}}")).unwrap();
        let whole = fs::read(&keep.path).unwrap();
        for length in 0..whole.len() {
            fs::write(&keep.path, &whole[..length]).unwrap();
            let error = keep.read().unwrap_err().to_string();
            assert!(error.contains("is damaged"), "{length}: {error}");
        }
        let other = Keep { environment: "staging".to_owned(), ..keep.clone() };
        fs::write(&keep.path, &whole).unwrap();
        assert!(other.read().unwrap_err().to_string().contains("another environment"));
    }
}
