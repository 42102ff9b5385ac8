//! The one thread that writes, in groups.

use std::sync::{
    Arc, Mutex, PoisonError,
    mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, TransactionBehavior};

use crate::{Head, StoreError, rows};

/// How many requests one transaction carries at most: what bounds the time until the first of them is answered.
const GROUP: usize = 1024;

/// The thread, its queue, and the head that it has committed.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `None` only while being dropped.
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    head: Arc<Mutex<Head>>,
}

impl Writer {
    /// Starts the thread, with a queue for `capacity` requests.
    pub(crate) fn start(connection: Connection, capacity: usize) -> Result<Self, StoreError> {
        let head = Arc::new(Mutex::new(rows::tip(&connection)?.head));
        let (queue, requests) = sync_channel(capacity);
        let published = Arc::clone(&head);
        let thread = thread::Builder::new()
            .name("timeline-writer".to_owned())
            .spawn(move || serve(connection, &requests, &published))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), head })
    }

    /// The head of what was committed.
    pub(crate) fn head(&self) -> Head {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `work` carried out in a transaction, and returns when that is on disk. The work may be tried twice, the first time
    /// having been rolled back.
    pub(crate) fn submit<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let gone = || StoreError::Io("the writing thread has stopped".to_owned());
        let (reply, answer) = sync_channel(1);
        let job = Box::new(Request { work, outcome: None, reply });
        match self.queue.as_ref().ok_or_else(gone)?.try_send(job) {
            Ok(()) => answer.recv().map_err(|_| gone())?,
            Err(TrySendError::Full(_)) => Err(StoreError::Busy),
            Err(TrySendError::Disconnected(_)) => Err(gone()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported to whoever waited for it.
            let _ = thread.join();
        }
    }
}

/// One request, whatever it answers.
trait Job: Send {
    /// Does the work and keeps what came of it.
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;

    /// Answers, now that the transaction has ended as `committed` says.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Request<T, F> {
    work: F,
    outcome: Option<T>,
    reply: SyncSender<Result<T, StoreError>>,
}

impl<T, F> Job for Request<T, F>
where
    T: Send,
    F: Fn(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.outcome = Some((self.work)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { outcome, reply, .. } = *self;
        let never_ran = || StoreError::Io("the request was not carried out".to_owned());
        let answer = committed.and_then(|()| outcome.ok_or_else(never_ran));
        // Whoever asked may have gone away; what was committed stays.
        let _ = reply.send(answer);
    }
}

type Jobs = Vec<Box<dyn Job>>;

fn serve(mut connection: Connection, requests: &Receiver<Box<dyn Job>>, published: &Mutex<Head>) {
    while let Ok(first) = requests.recv() {
        let mut group: Jobs = vec![first];
        group.extend(requests.try_iter().take(GROUP - 1));
        let answers = carry_out(&mut connection, group);
        if let Ok(tip) = rows::tip(&connection) {
            *published.lock().unwrap_or_else(PoisonError::into_inner) = tip.head;
        }
        for (job, committed) in answers {
            job.answer(committed);
        }
    }
}

/// Carries out a group in one transaction. If that fails as a whole, each request gets a transaction of its own, so that
/// one that is too large for the disk doesn't take the others along.
fn carry_out(connection: &mut Connection, mut group: Jobs) -> Vec<(Box<dyn Job>, Result<(), StoreError>)> {
    match transact(connection, &mut group) {
        Ok(outcomes) => group.into_iter().zip(outcomes).collect(),
        Err(error) if group.len() == 1 => group.into_iter().map(|job| (job, Err(error.clone()))).collect(),
        Err(_) => group.into_iter().flat_map(|job| carry_out(connection, vec![job])).collect(),
    }
}

/// One transaction with a savepoint around each request. An error means that none of it has happened.
fn transact(connection: &mut Connection, group: &mut Jobs) -> Result<Vec<Result<(), StoreError>>, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for job in group {
        transaction.prepare_cached("SAVEPOINT request")?.execute([])?;
        let outcome = job.run(&transaction);
        if let Err(error) = &outcome {
            // On some errors SQLite rolls back by itself, and not just to the savepoint.
            if transaction.is_autocommit() {
                return Err(error.clone());
            }
            transaction.prepare_cached("ROLLBACK TO request")?.execute([])?;
        }
        transaction.prepare_cached("RELEASE request")?.execute([])?;
        outcomes.push(outcome);
    }
    transaction.commit()?;
    Ok(outcomes)
}

#[cfg(test)]
mod tests;
