//! What is wrong with a data folder, and what to do about it.

use std::fs;
use std::path::Path;

use kernel::{Sha256, Timestamp};
use rusqlite::Connection;

use crate::{StoreError, blobs, folder, integrity, reader, rows, snapshots};

/// Below this there is cause to worry about the disk.
const ROOM_BYTES_LEAST: u64 = 1 << 30;
const RESTORE: &str =
    "restore the newest backup into a new folder with `mainstay restore`; keep this folder until that has worked";
const OWN: &str =
    "give the folder and its files to the user that runs Mainstay, and to nobody else: `chown -R`, `chmod 700`";

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a word or two.
    pub what: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was seen.
    pub detail: String,
    /// What to do, if it is not.
    pub fix: Option<String>,
}

impl Finding {
    fn new(what: &'static str, seen: Seen, fix: &str) -> Self {
        match seen {
            Ok(detail) => Self { what, ok: true, detail, fix: None },
            Err(Wrong(detail)) => Self { what, ok: false, detail, fix: Some(fix.to_owned()) },
        }
    }
}

/// What was seen: as it should be, or not.
type Seen = Result<String, Wrong>;

/// What is wrong, in words.
struct Wrong(String);

impl<E: std::error::Error> From<E> for Wrong {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Looks at everything in the data folder `dir`, whether or not a server is using it, and changes nothing. `now` is
/// compared with the time of the newest entry. What can't be seen because of an earlier finding is left out.
#[must_use]
pub fn doctor(dir: &Path, now: Timestamp) -> Vec<Finding> {
    let exists = fs::read_dir(dir).map(|_| format!("{} can be read", dir.display())).map_err(Wrong::from);
    let missing = exists.is_err();
    let mut findings = vec![Finding::new("folder", exists, "name the data folder with `--data`")];
    if missing {
        return findings;
    }
    findings.push(Finding::new("permissions", permissions(dir), OWN));
    findings.push(Finding::new("lock", lock(dir), OWN));
    findings.push(Finding::new("room", room(dir), "free some room, or move the folder to a larger disk"));
    match open(dir) {
        Ok(Some(connection)) => findings.extend(contents(&connection, now)),
        Ok(None) => {
            findings.push(Finding::new("timeline", Ok("there is none yet; the server makes one".to_owned()), ""))
        }
        Err(error) => {
            let fix = if matches!(error, StoreError::TooNew { .. }) {
                "start that version of Mainstay or a later one"
            } else if matches!(error, StoreError::ReadOnly(_)) {
                OWN
            } else {
                RESTORE
            };
            findings.push(Finding::new("timeline", Err(error.into()), fix));
        }
    }
    findings
}

fn open(dir: &Path) -> Result<Option<Connection>, StoreError> {
    if !folder::has_timeline(dir)? {
        return Ok(None);
    }
    let connection = reader::connect(&folder::file_in(dir))?;
    integrity::header(&connection)?;
    Ok(Some(connection))
}

fn contents(connection: &Connection, now: Timestamp) -> Vec<Finding> {
    let schema = connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
    let schema =
        schema.map(|version| format!("version {version}")).map_err(|error| Wrong::from(StoreError::from(error)));
    let structure = integrity::structure(connection)
        .map(|()| "SQLite finds its pages and tables sound".to_owned())
        .map_err(Wrong::from);
    vec![
        Finding::new("schema", schema, ""),
        Finding::new("structure", structure, RESTORE),
        Finding::new("chain", chain(connection), RESTORE),
        Finding::new(
            "snapshots",
            all_snapshots(connection),
            "nothing: a damaged snapshot is passed over, and the server makes new ones",
        ),
        Finding::new("blobs", all_blobs(connection), "restore the newest backup, or upload the document again"),
        Finding::new(
            "clock",
            clock(connection, now),
            "set the clock; until it has caught up, new events get the newest event's time",
        ),
    ]
}

fn permissions(dir: &Path) -> Seen {
    use rustix::fs::{Access, access};
    let file = folder::file_in(dir);
    access(dir, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)?;
    if file.exists() {
        access(&file, Access::READ_OK | Access::WRITE_OK)?;
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(dir)?) & 0o777;
        if mode & 0o077 != 0 {
            return Err(Wrong(format!("other users can read the folder (mode {mode:o})")));
        }
    }
    Ok("this user alone can read and write".to_owned())
}

fn lock(dir: &Path) -> Seen {
    Ok(match folder::lock_holder(dir)? {
        None => "no server is using the folder".to_owned(),
        Some(None) => "a server is using the folder".to_owned(),
        Some(Some(id)) => format!("a server is using the folder (process {id})"),
    })
}

fn room(dir: &Path) -> Seen {
    let disk = rustix::fs::statvfs(dir)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < ROOM_BYTES_LEAST {
        return Err(Wrong(format!("only {} MiB are free on the disk", free >> 20)));
    }
    Ok(format!("{} GiB are free on the disk", free >> 30))
}

fn chain(connection: &Connection) -> Seen {
    let verified = integrity::entries(connection)?;
    Ok(format!("{} events, the newest with hash {}", verified.events, verified.head.hash))
}

fn all_snapshots(connection: &Connection) -> Seen {
    let damaged: Vec<u64> =
        snapshots::all(connection)?.into_iter().filter_map(|(at, sound)| (!sound).then_some(at)).collect();
    if damaged.is_empty() {
        return Ok("all can be read".to_owned());
    }
    Err(Wrong(format!("the snapshots at positions {damaged:?} can't be read")))
}

fn all_blobs(connection: &Connection) -> Seen {
    let mut statement = connection.prepare("SELECT digest FROM blob")?;
    let mut found = statement.query([])?;
    let mut sound = 0_u64;
    while let Some(row) = found.next()? {
        blobs::get(connection, &Sha256(row.get(0)?))?;
        sound += 1;
    }
    Ok(format!("{sound}, all as they were stored"))
}

fn clock(connection: &Connection, now: Timestamp) -> Seen {
    let newest = rows::tip(connection)?.at;
    if now < newest {
        return Err(Wrong(format!("the clock says {now}, which is before the newest event at {newest}")));
    }
    Ok(format!("{now}, not before the newest event"))
}
