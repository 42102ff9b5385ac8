//! The bundle's files, by path, and the bounds on each.

use std::{cell::Cell, collections::BTreeMap, ops::Bound};

use kernel::closest;

use crate::{BundleFile, path};

/// A larger file is not read.
pub(crate) const FILE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// What substitutions may bring in altogether: many small documents can each name the same large file.
pub(crate) const INCLUDED_BYTES_MAX: usize = 128 * 1024 * 1024;

/// The files of a bundle by their path.
pub(crate) struct Files<'a> {
    by_path: BTreeMap<&'a str, &'a BundleFile>,
    included_bytes: Cell<usize>,
}

impl<'a> Files<'a> {
    pub(crate) fn new(files: &'a [BundleFile]) -> Self {
        let by_path = files.iter().map(|file| (file.path.as_str(), file)).collect();
        Self { by_path, included_bytes: Cell::new(0) }
    }

    /// In the order of their paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a BundleFile> + '_ {
        self.by_path.values().copied()
    }

    pub(crate) fn get(&self, path: &str) -> Option<&'a BundleFile> {
        self.by_path.get(path).copied()
    }

    /// The text of a file that a substitution names, or why it can't be had.
    pub(crate) fn include(&self, file: &'a BundleFile) -> Result<&'a str, String> {
        let bytes = file.bytes.len();
        if bytes > FILE_BYTES_MAX {
            return Err(format!("it has {bytes} bytes; more than {FILE_BYTES_MAX} are not read"));
        }
        self.included_bytes.set(self.included_bytes.get() + bytes);
        if self.included_bytes.get() > INCLUDED_BYTES_MAX {
            return Err(format!("all that is included has more than {INCLUDED_BYTES_MAX} bytes"));
        }
        file.text().ok_or_else(|| "it is no UTF-8 text".to_owned())
    }

    /// All files below a folder, with their path as seen from it.
    pub(crate) fn below<'b>(&'b self, folder: &'b str) -> impl Iterator<Item = (&'a str, &'a BundleFile)> + 'b {
        let from = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let files = self.by_path.range::<str, _>((Bound::Included(from.as_str()), Bound::Unbounded));
        files.map_while(move |(path, file)| Some((path::below(folder, path)?, *file)))
    }

    /// The file in the same folder whose name is most like the one that is not there.
    pub(crate) fn likely(&self, path: &str) -> Option<&'a str> {
        let folder = path::folder(path);
        let same = self.by_path.keys().copied().filter(|other| path::folder(other) == folder);
        closest(path, same)
    }
}
