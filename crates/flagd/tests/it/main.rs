//! flagd's own tests, and everybody else's flags, against this crate.

#![cfg(test)]

mod document;
mod explain;
mod gherkin;
mod properties;
mod schemas;
mod testbed;
mod words;

use std::path::PathBuf;

/// A folder of other people's tests; nothing, said aloud, where it is not there.
fn corpus(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("MAINSTAY_CORPORA").map(PathBuf::from);
    let root = root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"));
    let folder = root.join(name);
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

/// The files below a folder, with the end of their name given, in order.
fn files(folder: &std::path::Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.to_str().unwrap().ends_with(end)).collect();
    files.sort();
    files
}
