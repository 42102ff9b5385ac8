//! The store on SQLite: a folder with one database file in it.

use std::fs::{self, File};
use std::path::Path;

use kernel::{Sha256, Timestamp};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::{
    Entry, Head, NewEntry, Page, Query, Sample, SampleBatch, SampleRange, Snapshot, Store, StoreError, Verified,
    backup, blobs, find, folder, folder::Folder, integrity, packed::Packed, reader, reader::Readers, rows, samples,
    secrets, snapshots, writer::Writer,
};

/// How a store is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many requests may wait for the writing thread; one more is [`StoreError::Busy`].
    pub queue: usize,
    /// How many reads go on at the same time; further ones wait.
    pub readers: usize,
    /// A bound on the size of the database in bytes, beyond which writing is [`StoreError::DiskFull`].
    pub max_bytes: Option<u64>,
    /// Whether a write is answered only when it is on disk. Without, a power cut can lose the newest writes; a crash of
    /// the process can't.
    pub durable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue: 1024, readers: 4, max_bytes: None, durable: true }
    }
}

const SCHEMA: &str = include_str!("schema.sql");
const PAGE_BYTES: u64 = 4096;
/// After how many pages the write-ahead log is folded into the file: seldom enough that busy pages are copied once for many
/// commits.
const WAL_PAGES: u32 = 4000;
/// How large the write-ahead log's file may stay after an unusually large transaction.
const WAL_BYTES_KEPT: u64 = 64 << 20;
/// How much of the file the connection for writing keeps in memory. Those for reading have SQLite's default of 2 MB each:
/// there are several, and what they read again is in the system's cache.
const WRITER_CACHE_KIB: i32 = 16 << 10;

/// A [`Store`] in a folder, which no other process can open for writing at the same time.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped in this order: the writer's connection is the last to close, so that it folds the write-ahead log into the
    // file; then the lock goes, then the folder if it is a temporary one.
    readers: Readers,
    writer: Writer,
    folder: Folder,
    _temporary: Option<TempDir>,
}

impl SqliteStore {
    /// Opens the store in `dir`, which is created if it is missing.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::TooNew`], [`StoreError::ReadOnly`], [`StoreError::DiskFull`], or
    /// [`StoreError::Corrupt`] if the file is no timeline or is damaged in a way that shows at once;
    /// [`Store::verify`] looks at everything.
    pub fn open(dir: &Path, options: &Options) -> Result<Self, StoreError> {
        let folder = Folder::lock(dir)?;
        let file = folder.file();
        if !folder::has_timeline(dir)? {
            create(&folder)?;
        }
        let connection = open_for_writing(&file, options)?;
        integrity::head(&connection)?;
        let writer = Writer::start(connection, options.queue)?;
        let readers = Readers::open(&file, options.readers)?;
        Ok(Self { readers, writer, folder, _temporary: None })
    }

    /// A store that is deleted when it is dropped and doesn't wait for the disk: for tests, simulations and the demo. In all
    /// else it is the same.
    ///
    /// # Errors
    /// If there is no room for temporary files.
    pub fn temporary() -> Result<Self, StoreError> {
        let dir = TempDir::with_prefix("mainstay-")?;
        let store = Self::open(&dir.path().join("data"), &Options { durable: false, ..Options::default() })?;
        Ok(Self { _temporary: Some(dir), ..store })
    }

    /// The folder that the store is in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }
}

/// Makes an empty timeline under another name and renames it, so that a crash half way leaves no file that looks damaged.
fn create(folder: &Folder) -> Result<(), StoreError> {
    let unfinished = folder.path().join("timeline.new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let connection = Connection::open(&unfinished)?;
    connection.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "application_id", integrity::APPLICATION)?;
    connection.pragma_update(None, "user_version", integrity::SCHEMA_VERSION)?;
    connection.execute_batch(SCHEMA)?;
    connection.close().map_err(|(_, error)| error)?;
    File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, folder.file())?;
    folder.sync()
}

fn open_for_writing(file: &Path, options: &Options) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    if connection.is_readonly("main")? {
        return Err(StoreError::ReadOnly(format!("{} is read-only", file.display())));
    }
    harden(&connection)?;
    integrity::header(&connection)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Io(format!("the file system has no write-ahead log; the journal's mode is {mode}")));
    }
    connection.pragma_update(None, "synchronous", if options.durable { "FULL" } else { "OFF" })?;
    // On macOS a plain fsync doesn't reach the disk.
    connection.pragma_update(None, "fullfsync", options.durable)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    if let Some(bytes) = options.max_bytes {
        connection.pragma_update_and_check(None, "max_page_count", bytes.div_ceil(PAGE_BYTES), |_| Ok(()))?;
    }
    upgrade(&connection)?;
    Ok(connection)
}

/// Brings a file of an earlier version to the newest, all of it or nothing. It touches no entry.
fn upgrade(connection: &Connection) -> Result<(), StoreError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found < integrity::SCHEMA_VERSION {
        connection
            .execute_batch("BEGIN; ALTER TABLE sample ADD COLUMN parts BLOB; PRAGMA user_version = 2; COMMIT;")?;
    }
    Ok(())
}

/// What every connection has: room for statements, patience, and distrust of the file.
pub(crate) fn harden(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

impl Store for SqliteStore {
    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.writer.head())
    }

    fn append(&self, expected: u64, entries: Vec<NewEntry>) -> Result<Head, StoreError> {
        rows::admit(&entries)?;
        self.writer.submit(move |connection| rows::append(connection, expected, &entries))
    }

    fn read(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.readers.at_once(|connection| reader::read(connection, after, limit))
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        self.readers.at_once(|connection| find::find(connection, query))
    }

    fn position_at(&self, at: Timestamp) -> Result<u64, StoreError> {
        self.readers.at_once(|connection| reader::position_at(connection, at))
    }

    fn save_snapshot(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        let packed = snapshots::pack(&snapshot)?;
        self.writer.submit(move |connection| snapshots::save(connection, &packed))
    }

    fn snapshot_before(&self, schema: u32, position: u64) -> Result<Option<Snapshot>, StoreError> {
        self.readers.at_once(|connection| snapshots::newest(connection, schema, position))
    }

    fn put_blobs(&self, blobs: &[Vec<u8>]) -> Result<Vec<Sha256>, StoreError> {
        let digests = blobs.iter().map(|blob| blobs::digest(blob)).collect::<Result<Vec<_>, _>>()?;
        // Most are there already: whoever applies a catalog brings all of its documents. Packing costs more than looking.
        let absent = self.readers.at_once(|connection| blobs::absent(connection, &digests))?;
        let new = blobs.iter().zip(&digests).filter(|(_, digest)| absent.contains(digest));
        let packed = new.map(|(blob, _)| Packed::new(blob)).collect::<Result<Vec<_>, _>>()?;
        if !packed.is_empty() {
            self.writer.submit(move |connection| packed.iter().try_for_each(|blob| blobs::put(connection, blob)))?;
        }
        Ok(digests)
    }

    fn get_blob(&self, digest: &Sha256) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers.at_once(|connection| blobs::get(connection, digest))
    }

    fn add_samples(&self, batches: Vec<SampleBatch>) -> Result<(), StoreError> {
        samples::admit(&batches)?;
        self.writer.submit(move |connection| batches.iter().try_for_each(|batch| samples::add(connection, batch)))
    }

    fn samples(&self, range: &SampleRange) -> Result<Vec<Sample>, StoreError> {
        range.admit()?;
        self.readers.at_once(|connection| samples::within(connection, range))
    }

    fn prune_samples(&self, minute: i64) -> Result<u64, StoreError> {
        self.writer.submit(move |connection| samples::prune(connection, minute))
    }

    fn put_secret(&self, name: &str, sealed: Option<&[u8]>) -> Result<(), StoreError> {
        secrets::admit(name, sealed)?;
        let (name, sealed) = (name.to_owned(), sealed.map(<[u8]>::to_vec));
        self.writer.submit(move |connection| secrets::put(connection, &name, sealed.as_deref()))
    }

    fn get_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers.at_once(|connection| secrets::get(connection, name))
    }

    fn backup(&self, to: &Path) -> Result<Verified, StoreError> {
        backup::backup(&self.folder.file(), to)
    }
}
