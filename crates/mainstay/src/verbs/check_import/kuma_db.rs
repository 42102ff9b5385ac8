//! Uptime Kuma's database (SQLite) as a document of rows. It is somebody's, and only read: what is in it is bounded before
//! it is looked at, and nothing that a schema could run is run.

use std::{fs::File, io::Read as _, path::Path};

use rusqlite::{Connection, OpenFlags, limits::Limit, types::ValueRef};
use serde_json::{Map, Value};

/// How a database begins (SQLite's file format, section 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The tables that are read.
const TABLES: [&str; 5] = ["monitor", "tag", "monitor_tag", "maintenance", "monitor_maintenance"];
/// Rows of one table, bytes of one value, and of all.
const ROWS_MAX: usize = 20_000;
const VALUE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a value that SQLite makes at all, and of a row: a column can be generated, of any length.
const MADE_BYTES_MAX: i32 = 1 << 20;
const BYTES_MAX: usize = 32 << 20;
const COLUMNS_MAX: usize = 300;

/// Whether the file begins as a database does.
pub(super) fn is_database(path: &Path) -> std::io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut head)?;
    Ok(head == MAGIC)
}

/// The rows, by their tables.
///
/// # Errors
/// Why it can't be read, in words.
pub(super) fn rows(path: &Path) -> Result<Value, String> {
    let broken = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly) => {
            format!(
                "can't be opened ({error}); copy it, with the files -wal and -shm beside it, to where you can write"
            )
        }
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            format!("is damaged, or no database: {error}")
        }
        Some(_) | None => error.to_string(),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags).map_err(broken)?;
    database.set_limit(Limit::SQLITE_LIMIT_LENGTH, MADE_BYTES_MAX).map_err(broken)?;
    // What a schema says must not run functions with side effects.
    database.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;").map_err(broken)?;
    let mut document = Map::new();
    let mut bytes = 0;
    for table in TABLES {
        if is_table(&database, table).map_err(broken)? {
            document.insert(table.to_owned(), read(&database, table, &mut bytes, broken)?);
        }
    }
    if !document.contains_key("monitor") {
        return Err("has no table \"monitor\": it is no database of Uptime Kuma".to_owned());
    }
    Ok(Value::Object(document))
}

/// Whether it is a table of its own: a view or a virtual table could be anything.
fn is_table(database: &Connection, table: &str) -> rusqlite::Result<bool> {
    let sql =
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1 AND sql NOT LIKE 'CREATE VIRTUAL%'";
    database.query_row(sql, [table], |row| row.get::<_, i64>(0)).map(|found| found > 0)
}

fn read(
    database: &Connection,
    table: &str,
    bytes: &mut usize,
    broken: impl Fn(rusqlite::Error) -> String,
) -> Result<Value, String> {
    // The name is one of ours.
    let sql = format!("SELECT * FROM \"{table}\" LIMIT {}", ROWS_MAX + 1);
    let mut statement = database.prepare(&sql).map_err(&broken)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    if names.len() > COLUMNS_MAX {
        return Err(format!("has more than {COLUMNS_MAX} columns in {table}"));
    }
    let mut found = statement.query([]).map_err(&broken)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(&broken)? {
        if rows.len() >= ROWS_MAX {
            return Err(format!("has more than {ROWS_MAX} rows in {table}"));
        }
        let mut fields = Map::new();
        for (index, name) in names.iter().enumerate() {
            let value = match row.get_ref(index).map_err(&broken)? {
                ValueRef::Null => continue,
                ValueRef::Integer(number) => number.into(),
                ValueRef::Real(number) => number.into(),
                ValueRef::Text(text) | ValueRef::Blob(text) => {
                    if text.len() > VALUE_BYTES_MAX {
                        return Err(format!("has more than {VALUE_BYTES_MAX} bytes in {table}.{name}"));
                    }
                    *bytes += text.len();
                    String::from_utf8_lossy(text).into_owned().into()
                }
            };
            fields.insert(name.clone(), value);
        }
        *bytes += names.len() * 16;
        if *bytes > BYTES_MAX {
            return Err(format!("has more than {} MB in the tables that are read", BYTES_MAX >> 20));
        }
        rows.push(Value::Object(fields));
    }
    Ok(Value::Array(rows))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A database by the schema of Uptime Kuma's migrations, as far as it is read.
    const SCHEMA: &str = "
        CREATE TABLE monitor (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name VARCHAR(150), active BOOLEAN NOT NULL
            DEFAULT 1, user_id INTEGER, interval INTEGER NOT NULL DEFAULT 20, url TEXT, type VARCHAR(20), weight INTEGER
            DEFAULT 2000, hostname VARCHAR(255), port INTEGER, keyword VARCHAR(255), maxretries INTEGER NOT NULL DEFAULT 0,
            ignore_tls BOOLEAN NOT NULL DEFAULT 0, upside_down BOOLEAN NOT NULL DEFAULT 0, maxredirects INTEGER NOT NULL
            DEFAULT 10, accepted_statuscodes_json TEXT NOT NULL DEFAULT '[\"200-299\"]', retry_interval INTEGER NOT NULL
            DEFAULT 0, method TEXT NOT NULL DEFAULT 'GET', headers TEXT, basic_auth_user TEXT, basic_auth_pass TEXT);
        CREATE TABLE tag (id INTEGER PRIMARY KEY, name VARCHAR(255) NOT NULL, color VARCHAR(255) NOT NULL);
        CREATE TABLE monitor_tag (id INTEGER PRIMARY KEY, monitor_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, value TEXT);";
    /// What later migrations of version 1 and 2 add.
    const LATER: &str = "
        ALTER TABLE monitor ADD timeout DOUBLE DEFAULT 0 NOT NULL;
        ALTER TABLE monitor ADD parent INTEGER REFERENCES monitor (id) ON DELETE SET NULL ON UPDATE CASCADE;
        ALTER TABLE monitor ADD invert_keyword BOOLEAN DEFAULT 0 NOT NULL;
        ALTER TABLE monitor ADD json_path TEXT;
        ALTER TABLE monitor ADD expected_value VARCHAR(255);
        ALTER TABLE monitor ADD json_path_operator VARCHAR(255);
        ALTER TABLE monitor ADD conditions TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE monitor ADD ping_count INTEGER DEFAULT 1 NOT NULL;";

    fn database(folder: &Path, sql: &[&str]) -> (PathBuf, Connection) {
        let path = folder.join("kuma.db");
        let database = Connection::open(&path).unwrap();
        database.pragma_update(None, "journal_mode", "WAL").unwrap();
        sql.iter().for_each(|sql| database.execute_batch(sql).unwrap());
        (path, database)
    }

    #[test]
    fn both_versions_are_read_with_what_stands_in_the_log_beside_them() {
        let row =
            "INSERT INTO monitor (name, type, url, interval) VALUES ('Shop', 'http', 'https://shop.example/', 60);
            INSERT INTO tag VALUES (1, 'team', '#000'); INSERT INTO monitor_tag VALUES (1, 1, 1, 'web');";
        for schema in [&[SCHEMA][..], &[SCHEMA, LATER]] {
            let folder = tempfile::tempdir().unwrap();
            let (path, open) = database(folder.path(), &[schema, &[row]].concat());
            // Its owner has it open, and the rows are in the log alone.
            assert!(folder.path().join("kuma.db-wal").metadata().unwrap().len() > 0);
            assert!(is_database(&path).unwrap());
            let document = rows(&path).unwrap();
            assert_eq!(document["monitor"][0]["name"], "Shop");
            assert_eq!(document["monitor_tag"][0]["value"], "web");
            let imported = monitors::kuma("kuma.db", &document, &monitors::Options::default()).unwrap();
            assert_eq!(imported.checks[0].spec()["http"]["url"], "https://shop.example/");
            drop(open);
        }
    }

    #[test]
    fn what_is_hostile_or_something_else_is_refused() {
        let refused = |sql: &[&str], why: &str| {
            let folder = tempfile::tempdir().unwrap();
            let (path, open) = database(folder.path(), sql);
            drop(open);
            let error = rows(&path).unwrap_err();
            assert!(error.contains(why), "{error}");
        };
        refused(&["CREATE TABLE other (a)"], "no table \"monitor\"");
        // One that never ends.
        let endless =
            "CREATE VIEW monitor AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
        refused(&[endless], "no table \"monitor\"");
        refused(&[SCHEMA, "INSERT INTO monitor (name) VALUES (hex(zeroblob(300000)))"], "bytes in monitor.name");
        let generated = "CREATE TABLE monitor (id INTEGER, name TEXT AS (zeroblob(1000000000))); INSERT INTO monitor (id) VALUES (1)";
        refused(&[generated], "too big");
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20001)
            INSERT INTO monitor (name) SELECT i FROM n";
        refused(&[SCHEMA, many], "more than 20000 rows");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kuma.db");
        std::fs::write(&path, [MAGIC.as_slice(), &[7; 4096]].concat()).unwrap();
        assert!(rows(&path).unwrap_err().contains("damaged"), "{:?}", rows(&path));
        std::fs::write(&path, "SQLite").unwrap();
        assert!(!is_database(&path).unwrap());
    }
}
