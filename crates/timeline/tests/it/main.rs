//! What a store promises, against SQLite.

#![cfg(test)]

mod backup;
mod child;
mod damage;
mod find;
mod full;
mod golden;
mod kill;
mod open;

use timeline::{SqliteStore, conformance};

#[test]
fn sqlite_does_what_every_store_must() {
    conformance::run(|| Box::new(SqliteStore::temporary().unwrap()));
}
