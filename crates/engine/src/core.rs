//! The loop without threads.

use std::{collections::VecDeque, sync::Arc};

use kernel::{Actor, CommandId, Context, EventId, Refusal, Stamp, Timestamp, codes};
use timeline::{NewEntry, Snapshot, Store, StoreError};
use world::{Command, Event, Recorded, SNAPSHOT_SCHEMA, World, decide, due, react};

use crate::{
    Clock,
    replay::{decode, load, replay},
};

/// One command, and who gives it.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is wished.
    pub command: Command,
    /// By whom.
    pub actor: Actor,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// The command's id, if it came with an idempotency key: see [`CommandId::keyed`].
    pub id: Option<CommandId>,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// Its events and what followed from them, in order; empty if all was as wished already.
    pub recorded: Vec<Recorded>,
    /// The position of the World that has them.
    pub position: u64,
    /// True if this is the answer to an earlier command with the same idempotency key.
    pub repeated: bool,
}

/// What is new.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The World since.
    pub world: Arc<World>,
    /// The events, in order; those that others wrote in between are among them.
    pub recorded: Arc<[Recorded]>,
}

/// The loop without threads.
pub struct Core {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    world: Arc<World>,
    /// True if the store may have more than the World: others wrote, or a write failed and it isn't known how.
    behind: bool,
    /// What came into the World since the last [`Commit`].
    news: Vec<Recorded>,
}

/// Events that one command and all that follows from it may bring.
const EVENTS_MAX: usize = timeline::limits::ENTRIES;
/// Commands that may follow from one another before it must be a circle.
const REACTIONS_MAX: usize = 200_000;
/// How often a batch is decided again because somebody else was faster.
const CONFLICTS_MAX: usize = 5;

impl Request {
    /// A command of one of Mainstay's own parts.
    #[must_use]
    pub fn by_part(command: Command, part: &str) -> Self {
        Self { command, actor: Actor::mainstay(part), reason: None, id: None }
    }
}

impl Core {
    /// The World as the store has it: the newest snapshot, and the events since.
    ///
    /// # Errors
    /// If the store can't be read.
    pub fn open(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let world = Arc::new(load(store.as_ref(), u64::MAX)?);
        Ok(Self { store, clock, world, behind: false, news: Vec::new() })
    }

    /// Everything that is known.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.world)
    }

    /// Decides the commands one after the other, each seeing the events of those before, and appends all events in one
    /// write. The answers are in the order of the requests. Nothing is published unless it is durable.
    ///
    /// # Errors
    /// Within: each command's refusal. If the store can't write, every command that would have changed something, or
    /// that relied on one that would have, is refused. A write that the store reports as failed but has all the same is
    /// a success.
    pub fn execute(&mut self, requests: &[Request]) -> (Vec<Result<Receipt, Refusal>>, Option<Commit>) {
        let answers = self.answer(requests);
        (answers, self.commit())
    }

    fn answer(&mut self, requests: &[Request]) -> Vec<Result<Receipt, Refusal>> {
        let refuse_all = |refusal: Refusal| requests.iter().map(|_| Err(refusal.clone())).collect();
        if self.behind
            && let Err(error) = self.catch_up()
        {
            return refuse_all(error.into());
        }
        for _ in 0..CONFLICTS_MAX {
            let batch = self.decide_batch(requests);
            let Some(first) = batch.entries.first().map(|entry| entry.id) else { return batch.answers };
            let durable = self.world.position;
            match self.store.append(durable, batch.entries) {
                Ok(_) => {
                    self.world = Arc::new(batch.world);
                    self.news.extend(batch.recorded);
                    return batch.answers;
                }
                Err(StoreError::Conflict { .. }) => {
                    if let Err(error) = self.catch_up() {
                        return refuse_unwritten(batch.answers, durable, &error.into());
                    }
                }
                Err(error) => {
                    let is_known = self.catch_up().is_ok();
                    if is_known && self.news.iter().any(|recorded| recorded.stamp.event == first) {
                        tracing::warn!("the store wrote, and reported a failure: {error}");
                        return batch.answers;
                    }
                    return refuse_unwritten(batch.answers, durable, &error.into());
                }
            }
        }
        refuse_all(Refusal::new(&codes::BUSY, "others wrote to the timeline all the time"))
    }

    fn commit(&mut self) -> Option<Commit> {
        let recorded = std::mem::take(&mut self.news);
        (!recorded.is_empty()).then(|| Commit { world: self.world(), recorded: recorded.into() })
    }

    /// Does what is due: deadlines that have passed.
    pub fn tick(&mut self) -> Option<Commit> {
        if self.behind
            && let Err(error) = self.catch_up()
        {
            tracing::warn!("the World is behind the timeline: {error}");
            return None;
        }
        // A clock that was set back keeps nobody waiting: what was stamped before is not later than now.
        let due = due(&self.world, self.world.not_before(self.clock.now()));
        if due.is_empty() {
            return self.commit();
        }
        let requests: Vec<_> = due.into_iter().map(|(command, part)| Request::by_part(command, part)).collect();
        let (answers, commit) = self.execute(&requests);
        for refusal in answers.into_iter().filter_map(Result::err) {
            tracing::warn!(error.code = refusal.code.name, "what was due was refused: {refusal}");
        }
        commit
    }

    /// Folds in what the store has and the World has not.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        self.behind = true;
        let (mut world, mut news) = ((*self.world).clone(), Vec::new());
        replay(self.store.as_ref(), &mut world, u64::MAX, &mut |recorded| news.push(recorded))?;
        self.world = Arc::new(world);
        self.news.append(&mut news);
        self.behind = false;
        Ok(())
    }

    fn decide_batch(&self, requests: &[Request]) -> Batch {
        let mut batch = Batch {
            world: (*self.world).clone(),
            entries: Vec::new(),
            recorded: Vec::new(),
            answers: Vec::with_capacity(requests.len()),
        };
        for request in requests {
            let answer = self.decide_one(&mut batch, request);
            batch.answers.push(answer);
        }
        batch
    }

    fn decide_one(&self, batch: &mut Batch, request: &Request) -> Result<Receipt, Refusal> {
        if let Some(id) = request.id
            && let Some((earlier, first, last)) = batch.world.earlier(id)
        {
            return self.repeat(batch, id, earlier, first, last);
        }
        let mut trial = Trial { world: batch.world.clone(), entries: Vec::new(), recorded: Vec::new() };
        let context = self.context(&trial.world, request);
        trial.run(request.command.clone(), context, self.clock.as_ref())?;
        let Trial { world, entries, recorded } = trial;
        batch.world = world;
        batch.entries.extend(entries);
        batch.recorded.extend(recorded.iter().cloned());
        Ok(Receipt { position: batch.world.position, recorded, repeated: false })
    }

    /// The answer to a command that was carried out before.
    fn repeat(
        &self,
        batch: &Batch,
        id: CommandId,
        earlier: CommandId,
        first: u64,
        last: u64,
    ) -> Result<Receipt, Refusal> {
        if id != earlier {
            return Err(Refusal::new(&codes::IDEMPOTENCY_MISMATCH, "this key was used for another request"));
        }
        let within = |recorded: &&Recorded| recorded.stamp.command == id;
        let mut recorded: Vec<Recorded> = batch.recorded.iter().filter(within).cloned().collect();
        if recorded.is_empty() {
            let count = usize::try_from(last - first + 1).unwrap_or(EVENTS_MAX);
            let entries = self.store.read(first - 1, count)?;
            let readable = entries.into_iter().map(decode).filter_map(|(stamp, event)| Some((stamp, event?)));
            recorded = readable.map(|(stamp, event)| Recorded { stamp, event: Arc::new(event) }).collect();
        }
        Ok(Receipt { recorded, position: batch.world.position, repeated: true })
    }

    fn context(&self, world: &World, request: &Request) -> Context {
        let now = not_before(self.clock.now(), world.at);
        let mut context = Context::new(now, request.actor.clone(), self.clock.seed());
        context.reason.clone_from(&request.reason);
        match request.id {
            Some(id) => context.of_command(id),
            None => context,
        }
    }
}

/// A batch while it is decided.
struct Batch {
    world: World,
    entries: Vec<NewEntry>,
    recorded: Vec<Recorded>,
    answers: Vec<Result<Receipt, Refusal>>,
}

/// One command while it is decided, with all that follows from it; thrown away if it is refused.
struct Trial {
    world: World,
    entries: Vec<NewEntry>,
    recorded: Vec<Recorded>,
}

impl Trial {
    fn run(&mut self, command: Command, context: Context, clock: &dyn Clock) -> Result<(), Refusal> {
        let mut waiting = VecDeque::from([(command, context.clone(), true)]);
        for _ in 0..REACTIONS_MAX {
            let Some((command, context, first)) = waiting.pop_front() else { return Ok(()) };
            let events = match decide(&self.world, command, &context) {
                Ok(events) => events,
                Err(refusal) if first => return Err(refusal),
                Err(refusal) => {
                    tracing::warn!(
                        error.code = refusal.code.name,
                        "what followed from an event was refused: {refusal}"
                    );
                    continue;
                }
            };
            for event in events {
                let recorded = self.record(event, &context)?;
                for reaction in react(&self.world, &recorded, &context) {
                    let actor = reaction.part.map_or_else(|| context.actor.clone(), Actor::mainstay);
                    let mut next = Context::new(context.now, actor, clock.seed()).of_command(context.command);
                    next.reason.clone_from(&context.reason);
                    waiting.push_back((reaction.command, next, false));
                }
            }
        }
        tracing::error!("the reactions to a command did not come to an end");
        Err(Refusal::new(&codes::INTERNAL, "the reactions to a command did not come to an end"))
    }

    fn record(&mut self, event: Event, context: &Context) -> Result<Recorded, Refusal> {
        if self.entries.len() >= EVENTS_MAX {
            let detail = format!("this would be more than {EVENTS_MAX} events at once");
            return Err(Refusal::new(&codes::TOO_LARGE, detail).fix("do it in several parts"));
        }
        let stamp = Stamp {
            position: self.world.position + 1,
            event: context.id::<EventId>(),
            command: context.command,
            at: context.now,
            actor: context.actor.clone(),
            reason: context.reason.clone(),
        };
        let entry = NewEntry {
            id: stamp.event,
            command: stamp.command,
            at: stamp.at,
            actor: stamp.actor.clone(),
            reason: stamp.reason.clone(),
            kind: event.kind().to_owned(),
            version: 1,
            subjects: event.subjects().into_iter().take(timeline::limits::SUBJECTS).collect(),
            body: event.to_body(),
        };
        if entry.body.len() > timeline::limits::BODY_BYTES {
            let detail = format!("an event about {} would be larger than is allowed", event.summary());
            return Err(Refusal::new(&codes::TOO_LARGE, detail).fix("an entity with its definition has at most 1 MB"));
        }
        let recorded = Recorded { stamp, event: Arc::new(event) };
        self.world.fold(&recorded);
        self.entries.push(entry);
        self.recorded.push(recorded.clone());
        Ok(recorded)
    }
}

/// A clock that was set back stands still here until it has caught up.
fn not_before(now: Timestamp, last: Option<Timestamp>) -> Timestamp {
    last.map_or(now, |last| now.max(last))
}

/// What was decided on events beyond the `durable` position was not written; what was refused, or stands since before,
/// stays as it is.
fn refuse_unwritten(
    answers: Vec<Result<Receipt, Refusal>>,
    durable: u64,
    refusal: &Refusal,
) -> Vec<Result<Receipt, Refusal>> {
    let relied_on = |receipt: &Receipt| match receipt.recorded.last() {
        Some(last) => last.stamp.position,
        None => receipt.position,
    };
    let refuse = |answer: Result<Receipt, Refusal>| match answer {
        Ok(receipt) if relied_on(&receipt) > durable => Err(refusal.clone()),
        other => other,
    };
    answers.into_iter().map(refuse).collect()
}

/// Keeps a World as a snapshot.
pub(crate) fn save(store: &dyn Store, world: &World) -> Result<(), Refusal> {
    let body = world.to_snapshot().map_err(|error| Refusal::new(&codes::INTERNAL, error.to_string()))?;
    let snapshot = Snapshot { schema: SNAPSHOT_SCHEMA, position: world.position, body };
    store.save_snapshot(snapshot).map_err(Refusal::from)
}
