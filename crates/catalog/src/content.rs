//! The content of a file, and what was read of it.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use crate::file::FileReading;

/// The content of a file. Clones share it, and what was read of it: whoever gathers a folder again and keeps the content
/// of files that have not changed spares [`read`](crate::read) reading them again.
#[derive(Clone)]
pub struct Content(Arc<Shared>);

struct Shared {
    bytes: Box<[u8]>,
    reading: OnceLock<Arc<FileReading>>,
}

impl Content {
    /// True if both are the same content, not merely an equal one.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What was read of it before.
    pub(crate) fn reading(&self) -> Option<&Arc<FileReading>> {
        self.0.reading.get()
    }

    /// Keeps what was read of it, unless something was kept before.
    pub(crate) fn keep(&self, reading: &Arc<FileReading>) {
        self.0.reading.get_or_init(|| Arc::clone(reading));
    }
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Shared { bytes: bytes.into(), reading: OnceLock::new() }))
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || **self == **other
    }
}

impl Eq for Content {}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}
