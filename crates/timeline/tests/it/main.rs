//! What a store promises, against SQLite.

use timeline::{SqliteStore, conformance};

#[test]
fn sqlite_does_what_every_store_must() {
    conformance::run(|| Box::new(SqliteStore::temporary().unwrap()));
}
