//! Reading a folder into a bundle, again and again.

use std::{
    collections::HashMap,
    fs::{self, Metadata},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use catalog::{Bundle, BundleFile, Content, Problem, Rule};
use kernel::{Refusal, codes};

use crate::{
    limits::{Limits, bytes},
    walk::{Found, Sort, Walk, unreadable},
};

/// A file that was written this short a time before it was read may be written again within one tick of the file
/// system's clock, which its stamp would not show.
const UNSETTLED: Duration = Duration::from_millis(100);

/// Reads all files of the folder that belong to a catalog.
///
/// # Errors
/// If the folder itself is not there or can't be read. Everything else is a problem of the bundle.
pub fn gather(dir: &Path, limits: &Limits) -> Result<Bundle, Refusal> {
    Gatherer::new(dir, *limits).gather()
}

/// Gathers one folder repeatedly; a file that has not changed is not read again.
#[derive(Debug)]
pub struct Gatherer {
    dir: PathBuf,
    limits: Limits,
    known: HashMap<String, Known>,
    folders: Vec<PathBuf>,
}

#[derive(Debug)]
struct Known {
    /// Nothing if the file may have changed without its stamp showing it.
    stamp: Option<Stamp>,
    /// Kept as it is while the file is: what was read of it comes with it.
    content: Content,
}

/// What changes when a file's content does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Gatherer {
    /// Of this folder, by the name that the operator gave it.
    #[must_use]
    pub fn new(dir: &Path, limits: Limits) -> Self {
        Self { dir: dir.to_owned(), limits, known: HashMap::new(), folders: Vec::new() }
    }

    /// The name under which its bundles come.
    #[must_use]
    pub fn source(&self) -> String {
        self.dir.display().to_string()
    }

    /// The folders that the last bundle was gathered from.
    pub(crate) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The folder as it is now.
    ///
    /// # Errors
    /// If the folder itself is not there or can't be read.
    pub fn gather(&mut self) -> Result<Bundle, Refusal> {
        self.folders.clear();
        let walk = Walk::of(&self.dir, &self.limits).map_err(|error| refused(&self.dir, &error))?;
        let mut known = std::mem::take(&mut self.known);
        let mut bundle = Bundle { source: self.source(), files: Vec::new(), problems: walk.problems };
        let mut total = 0;
        for found in walk.files {
            let before = known.remove(&found.path);
            match self.file(&found, before, total) {
                Ok(file) => {
                    total += file.content.len() as u64;
                    let (path, bytes) = (found.path, file.content.clone());
                    self.known.insert(path.clone(), file);
                    bundle.files.push(BundleFile { path, bytes });
                }
                Err(None) => {}
                Err(Some(problem)) => {
                    let last = problem.rule == Rule::FolderTooLarge;
                    bundle.problems.push(problem);
                    if last {
                        break;
                    }
                }
            }
        }
        self.folders = walk.folders;
        Ok(bundle)
    }

    /// Reads a file unless it is as it was; nothing if it has gone since it was found.
    fn file(&self, found: &Found, before: Option<Known>, total: u64) -> Result<Known, Option<Problem>> {
        let limit = match found.sort {
            Sort::Text => self.limits.file_bytes_max,
            Sort::Image => self.limits.image_bytes_max,
        };
        let stamp = Stamp::of(&found.metadata);
        if stamp.length > limit {
            return Err(Some(too_large(&found.path, stamp.length, limit)));
        }
        if total + stamp.length > self.limits.total_bytes_max {
            let bound = bytes(self.limits.total_bytes_max);
            let message = format!("the files have more than {bound} in all; nothing is read from {} on", found.path);
            return Err(Some(
                Problem::of_file(Rule::FolderTooLarge, "", message).suggest("serve several smaller folders"),
            ));
        }
        if let Some(known) = before.as_ref().filter(|known| known.stamp == Some(stamp)) {
            return Ok(Known { stamp: Some(stamp), content: known.content.clone() });
        }
        let settled = found.metadata.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
        let stamp = settled.is_some_and(|age| age > UNSETTLED).then_some(stamp);
        let content = match read(&found.location, limit) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(None),
            Err(error) => return Err(Some(unreadable(&found.path, &error))),
        };
        if content.len() as u64 > limit {
            return Err(Some(too_large(&found.path, content.len() as u64, limit)));
        }
        // Touched but the same: whoever compares bundles sees at once that nothing has changed.
        let same = before.filter(|known| *known.content == *content).map(|known| known.content);
        Ok(Known { stamp, content: same.unwrap_or_else(|| content.into()) })
    }
}

/// The content, and one byte more than the limit if it has grown beyond it.
fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    fs::File::open(path)?.take(limit + 1).read_to_end(&mut content)?;
    Ok(content)
}

fn too_large(path: &str, length: u64, limit: u64) -> Problem {
    let message = format!("{path} has {}; files of more than {} are not read", bytes(length), bytes(limit));
    Problem::of_file(Rule::FileTooLarge, path, message).suggest("split it, or keep it out of the catalog's folder")
}

fn refused(dir: &Path, error: &io::Error) -> Refusal {
    let fix = if error.kind() == io::ErrorKind::PermissionDenied {
        "let the user that runs Mainstay read the folder"
    } else {
        "create the folder, or name another one"
    };
    Refusal::new(&codes::CONFIG_INVALID, format!("the catalog folder {} can't be read: {error}", dir.display()))
        .field("--catalog")
        .fix(fix)
}
