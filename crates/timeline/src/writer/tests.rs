use std::path::PathBuf;
use std::sync::mpsc::channel;

use tempfile::TempDir;

use super::*;
use crate::{Options, SqliteStore};

type Answer = Receiver<Result<(), StoreError>>;

/// The file of an empty timeline with a table to write names into.
fn file_with_names() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(dir.path(), &Options::default()).unwrap());
    let file = dir.path().join("timeline.db");
    Connection::open(&file)
        .unwrap()
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE names (name TEXT)")
        .unwrap();
    (dir, file)
}

fn names(connection: &Connection) -> Vec<String> {
    let mut statement = connection.prepare("SELECT name FROM names ORDER BY rowid").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn request(work: impl Fn(&Connection) -> Result<(), StoreError> + Send + 'static) -> (Box<dyn Job>, Answer) {
    let (reply, answer) = sync_channel(1);
    (Box::new(Request { work, outcome: None, reply }), answer)
}

fn write(name: &'static str) -> impl Fn(&Connection) -> Result<(), StoreError> + Send + 'static {
    move |connection| {
        connection.execute("INSERT INTO names VALUES (?1)", [name])?;
        Ok(())
    }
}

/// Carries out "first", `work`, "last" as one group; what each was answered, and which names were written.
fn check(
    work: impl Fn(&Connection) -> Result<(), StoreError> + Send + 'static,
    expected: Result<(), StoreError>,
    written: &[&str],
) {
    let (_dir, file) = file_with_names();
    let mut connection = Connection::open(&file).unwrap();
    let (group, answers): (Jobs, Vec<Answer>) =
        [request(write("first")), request(work), request(write("last"))].into_iter().unzip();
    carry_out(&mut connection, group).into_iter().for_each(|(job, committed)| job.answer(committed));
    let answers: Vec<_> = answers.iter().map(|answer| answer.recv().unwrap()).collect();
    assert_eq!(answers, [Ok(()), expected, Ok(())]);
    assert_eq!(names(&connection), written);
}

#[test]
fn a_group_is_one_transaction() {
    let (_dir, file) = file_with_names();
    let mut connection = Connection::open(&file).unwrap();
    let look = move |connection: &Connection| {
        assert_eq!(names(connection), ["first"]);
        assert_eq!(names(&Connection::open(&file)?), [""; 0], "the first request was committed on its own");
        Ok(())
    };
    let (group, answers): (Jobs, Vec<Answer>) = [request(write("first")), request(look)].into_iter().unzip();
    carry_out(&mut connection, group).into_iter().for_each(|(job, committed)| job.answer(committed));
    assert!(answers.iter().all(|answer| answer.recv() == Ok(Ok(()))));
}

#[test]
fn one_refusal_in_a_group_harms_nobody_else() {
    let refused = |connection: &Connection| {
        write("refused")(connection)?;
        Err(StoreError::Unacceptable("because".to_owned()))
    };
    check(refused, Err(StoreError::Unacceptable("because".to_owned())), &["first", "last"]);
}

#[test]
fn when_a_whole_group_is_rolled_back_each_request_is_tried_alone() {
    // As SQLite does by itself when the disk is full.
    let too_large = |connection: &Connection| {
        connection.execute_batch("ROLLBACK")?;
        Err(StoreError::DiskFull)
    };
    check(too_large, Err(StoreError::DiskFull), &["first", "last"]);
}

#[test]
fn a_full_queue_is_busy_and_loses_nothing_that_it_took() {
    let (_dir, file) = file_with_names();
    let writer = Writer::start(Connection::open(&file).unwrap(), 1).unwrap();
    let queue = writer.queue.clone().unwrap();
    let ((begun, has_begun), (resume, resumed)) = (channel(), channel::<()>());
    let resumed = Mutex::new(resumed);
    let (waiting, waited) = request(move |_| {
        begun.send(()).unwrap();
        resumed.lock().unwrap().recv().unwrap();
        Ok(())
    });
    queue.try_send(waiting).map_err(drop).unwrap();
    has_begun.recv().unwrap();
    let (queued, answer) = request(write("queued"));
    queue.try_send(queued).map_err(drop).unwrap();
    assert_eq!(writer.submit(write("one too many")), Err(StoreError::Busy));
    resume.send(()).unwrap();
    assert_eq!(waited.recv(), Ok(Ok(())));
    assert_eq!(answer.recv(), Ok(Ok(())));
    assert_eq!(names(&Connection::open(&file).unwrap()), ["queued"]);
}
