//! The bundle's files, by path, and the bounds on each.

use std::{collections::BTreeMap, ops::Bound};

use kernel::closest;

use crate::{BundleFile, path};

/// A larger file is not read.
pub(crate) const FILE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// The files of a bundle by their path.
pub(crate) struct Files<'a>(BTreeMap<&'a str, &'a BundleFile>);

impl<'a> Files<'a> {
    pub(crate) fn new(files: &'a [BundleFile]) -> Self {
        Self(files.iter().map(|file| (file.path.as_str(), file)).collect())
    }

    /// In the order of their paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a BundleFile> + '_ {
        self.0.values().copied()
    }

    pub(crate) fn get(&self, path: &str) -> Option<&'a BundleFile> {
        self.0.get(path).copied()
    }

    /// True if the file is small enough to be read.
    pub(crate) fn is_readable(&self, path: &str) -> bool {
        self.get(path).is_some_and(|file| file.bytes.len() <= FILE_BYTES_MAX)
    }

    /// All files below a folder, with their path as seen from it.
    pub(crate) fn below<'b>(&'b self, folder: &'b str) -> impl Iterator<Item = (&'a str, &'a BundleFile)> + 'b {
        let from = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let files = self.0.range::<str, _>((Bound::Included(from.as_str()), Bound::Unbounded));
        files.map_while(move |(path, file)| Some((path::below(folder, path)?, *file)))
    }

    /// The file in the same folder whose name is most like the one that is not there.
    pub(crate) fn likely(&self, path: &str) -> Option<&'a str> {
        let folder = path::folder(path);
        let same = self.0.keys().copied().filter(|other| path::folder(other) == folder);
        closest(path, same)
    }
}
