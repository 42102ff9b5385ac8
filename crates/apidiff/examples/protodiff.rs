//! Compares two protobuf files, or two folders of them, and prints what changed: one line for each change, as
//! level, rule, place, operation and sentence with tabs between them.
//!
//! Usage: `protodiff EARLIER LATER`. Of a folder, each `.proto` file in it counts, under its path from there.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::fs;
use std::path::Path;

use apidiff::protobuf;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [earlier, later] = arguments.as_slice() else { return Err("usage: protodiff EARLIER LATER".into()) };
    let (earlier, later) = (gathered(earlier)?, gathered(later)?);
    for change in protobuf::compare(&borrowed(&earlier), &borrowed(&later))? {
        let level = format!("{:?}", change.level).to_lowercase();
        let operation = change.operation.unwrap_or_default();
        println!("{level}\t{}\t{}\t{operation}\t{}", change.rule, change.place, change.text);
    }
    Ok(())
}

fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

fn gathered(path: &str) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let path = Path::new(path);
    if path.is_file() {
        return Ok(vec![("definition.proto".to_owned(), fs::read_to_string(path)?)]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?.path();
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "proto") {
                let name = entry.strip_prefix(path)?.to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(&entry)?));
            }
        }
    }
    files.sort();
    Ok(files)
}
