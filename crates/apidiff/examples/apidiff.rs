//! What changed between two OpenAPI documents: `apidiff EARLIER LATER`, a line for each change.
#![expect(clippy::print_stdout, reason = "it prints what it found")]

use std::{error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = std::env::args().skip(1);
    let (Some(earlier), Some(later)) = (files.next(), files.next()) else {
        return Err("two files are wanted: the earlier and the later document".into());
    };
    for change in apidiff::openapi::compare(&fs::read(earlier)?, &fs::read(later)?)? {
        let operation = change.operation.unwrap_or_default();
        println!("{:?}\t{}\t{operation}\t{}\t{}", change.level, change.rule, change.place, change.text);
    }
    Ok(())
}
