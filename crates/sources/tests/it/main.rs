//! Real folders, real links, real notifications.
#![cfg(test)]

mod export;
mod gather;
mod watch;

use std::{fs, path::Path};

/// Writes a file and the folders that it stands in.
fn put(dir: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
