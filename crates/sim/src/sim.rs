//! One simulation: steps, the log of them, and what is asked of the core.

use std::sync::{Arc, Mutex, PoisonError};

use engine::{Clock as _, Commit, Core, Receipt, Request};
use jiff::SignedDuration;
use kernel::{Class, CommandId, EventId, Refusal, Sha256};
use timeline::{Snapshot, Store, StoreError};
use world::{SNAPSHOT_SCHEMA, World};

use crate::{
    MemoryStore, Options, Report,
    actors::{self, Letter},
    clock::VirtualClock,
    dice::Dice,
    estate::Estate,
    faulty::{Fault, FaultyStore, Snapshots},
    invariants,
    probes::Probes,
    witness::Witness,
};

/// How often everything is looked at, and not only what is new.
const DEEP_EVERY: usize = 25;

/// One run.
pub(crate) struct Sim {
    pub(crate) dice: Dice,
    pub(crate) clock: Arc<VirtualClock>,
    inner: Arc<dyn Store>,
    store: Arc<FaultyStore>,
    core: Core,
    pub(crate) estate: Estate,
    pub(crate) probes: Probes,
    /// What pipelines have done and not yet reported.
    pub(crate) letters: Vec<Letter>,
    /// Commands with a key that were sent, each with its first answer.
    pub(crate) sent: Vec<(Request, Option<Receipt>)>,
    /// The hook's memory: the effects that it has carried out.
    pub(crate) carried_out: std::collections::BTreeSet<kernel::EffectId>,
    witness: Witness,
    elsewhere: Arc<Mutex<Vec<EventId>>>,
    options: Options,
    steps: Vec<String>,
    line: String,
    violations: Vec<String>,
}

/// What was asked of the core, and what became of it.
struct Asked {
    new: Vec<EventId>,
    elsewhere: Vec<EventId>,
    may_have_written: bool,
}

impl Sim {
    pub(crate) fn new(seed: u64, options: Options, inner: Arc<dyn Store>) -> Result<Self, StoreError> {
        let clock = Arc::new(VirtualClock::new(seed));
        let store = Arc::new(FaultyStore::new(Arc::clone(&inner), Arc::clone(&clock)));
        let core = Core::open(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&clock) as _)?;
        let mut dice = Dice::new(seed);
        let estate = Estate::random(&mut dice);
        Ok(Self {
            dice,
            clock,
            inner,
            store,
            core,
            estate,
            probes: Probes::default(),
            letters: Vec::new(),
            sent: Vec::new(),
            carried_out: std::collections::BTreeSet::new(),
            witness: Witness::default(),
            elsewhere: Arc::default(),
            options,
            steps: Vec::new(),
            line: String::new(),
            violations: Vec::new(),
        })
    }

    pub(crate) fn run(mut self) -> Report {
        for number in 0..self.options.steps {
            let at = self.clock.now();
            self.line = format!("{number:04} {at} ");
            actors::act(&mut self, number);
            self.clock.advance(SignedDuration::from_millis(self.dice.between(100, 40_000)));
            self.inspect(number % DEEP_EVERY == DEEP_EVERY - 1);
            self.steps.push(std::mem::take(&mut self.line));
            if !self.violations.is_empty() {
                break;
            }
        }
        self.inspect(true);
        let log = self.steps;
        let lines: Vec<&[u8]> = log.iter().map(String::as_bytes).collect();
        let log_digest = Sha256::of_parts(&lines);
        Report {
            steps: log.len(),
            events: self.witness.world.position,
            head: self.inner.head().map_or(Sha256::ZERO, |head| head.hash),
            log_digest,
            violations: self.violations,
            log,
        }
    }

    pub(crate) fn world(&self) -> Arc<World> {
        self.core.world()
    }

    /// Adds to the line of this step.
    pub(crate) fn note(&mut self, text: impl AsRef<str>) {
        self.line.push_str(text.as_ref());
    }

    pub(crate) fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    /// Gives the requests to the core in one batch, with something going wrong now and then.
    pub(crate) fn execute(&mut self, requests: &[Request]) -> Vec<Result<Receipt, Refusal>> {
        let may_have_written = self.arm();
        let (answers, _) = self.core.execute(requests);
        let asked = self.settle(may_have_written);
        self.judge(requests, &answers, &asked);
        for answer in &answers {
            self.note(&match answer {
                Ok(receipt) if receipt.repeated => format!(" | repeated {}", receipt.recorded.len()),
                Ok(receipt) => format!(" | {} @{}", receipt.recorded.len(), receipt.position),
                Err(refusal) => format!(" | {}: {}", refusal.code.name, refusal.detail),
            });
        }
        answers
    }

    /// What is due.
    pub(crate) fn tick(&mut self) {
        let may_have_written = self.arm();
        let commit = self.core.tick();
        let asked = self.settle(may_have_written);
        let recorded: Vec<_> = commit.iter().flat_map(|commit: &Commit| commit.recorded.iter().cloned()).collect();
        self.witness.acknowledge(&recorded, &mut self.violations);
        let known = |event: &EventId| recorded.iter().any(|one| one.stamp.event == *event);
        self.account(&asked, known);
        self.note(format!(" | {}", recorded.len()));
    }

    fn settle(&mut self, may_have_written: bool) -> Asked {
        let ran_into = self.store.disarm() == 0;
        let new = self.witness.follow(self.inner.as_ref(), &mut self.violations);
        let elsewhere = std::mem::take(&mut *self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner));
        Asked { new, elsewhere, may_have_written: may_have_written && ran_into }
    }

    fn judge(&mut self, requests: &[Request], answers: &[Result<Receipt, Refusal>], asked: &Asked) {
        if requests.len() != answers.len() {
            self.violation(format!("{} requests have {} answers", requests.len(), answers.len()));
        }
        for receipt in answers.iter().flatten() {
            self.witness.acknowledge(&receipt.recorded, &mut self.violations);
        }
        let known = |event: &EventId| {
            let fresh = answers.iter().flatten().filter(|receipt| !receipt.repeated);
            fresh.flat_map(|receipt| &receipt.recorded).any(|one| one.stamp.event == *event)
        };
        self.account(asked, known);
        let keyed = requests.iter().zip(answers).filter(|(request, _)| request.id.is_some());
        for (request, answer) in keyed {
            if let Some(wrong) = remember(&mut self.sent, request, answer) {
                self.violations.push(wrong);
            }
        }
    }

    /// Every new event was acknowledged, is somebody else's, or the store did not tell the truth about it.
    fn account(&mut self, asked: &Asked, known: impl Fn(&EventId) -> bool) {
        for event in &asked.new {
            if !known(event) && !asked.elsewhere.contains(event) && !asked.may_have_written {
                self.violations.push(format!("event {event} was written, and nobody was told"));
            }
        }
    }

    /// Lets something go wrong with the next append. True if it may write although it says that it did not.
    fn arm(&mut self) -> bool {
        if !self.dice.chance(self.options.fault_rate) {
            return false;
        }
        let errors = [StoreError::Busy, StoreError::DiskFull, StoreError::Io("simulated: the disk failed".to_owned())];
        let error = self.dice.pick(&errors).cloned().unwrap_or(StoreError::Busy);
        let fault = match self.dice.below(12) {
            0..=2 => Fault::Refuse(error),
            3..=5 => Fault::WriteAndFail(error),
            6 => Fault::WriteAndGoDark(error),
            7 | 8 => Fault::Overtake(self.somebody_else()),
            9 => Fault::OvertakeAndGoDark(self.somebody_else()),
            10 => {
                for _ in 0..6 {
                    let write = self.somebody_else();
                    self.store.arm(Fault::Overtake(write));
                }
                self.note(" [others write all the time]");
                return false;
            }
            _ => Fault::Stall(SignedDuration::from_secs(self.dice.between(1, 1_200))),
        };
        let may_write = matches!(fault, Fault::WriteAndFail(_) | Fault::WriteAndGoDark(_));
        self.note(format!(" [{fault}]"));
        self.store.arm(fault);
        may_write
    }

    /// Another server on the same timeline, which writes once.
    fn somebody_else(&mut self) -> Box<dyn FnOnce() + Send> {
        let requests: Vec<Request> = (0..2).filter_map(|_| actors::turn(self)).map(|(request, _)| request).collect();
        let (store, clock, written) = (Arc::clone(&self.inner), Arc::clone(&self.clock), Arc::clone(&self.elsewhere));
        Box::new(move || {
            let Ok(mut other) = Core::open(store, clock) else { return };
            let (answers, _) = other.execute(&requests);
            let receipts = answers.into_iter().flatten();
            let events = receipts.flat_map(|receipt| receipt.recorded).map(|one| one.stamp.event);
            written.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
        })
    }

    /// The process dies and starts again.
    pub(crate) fn crash(&mut self) {
        let kinds = [Snapshots::Sound, Snapshots::Sound, Snapshots::Gone, Snapshots::Torn];
        let snapshots = self.dice.pick(&kinds).copied().unwrap_or_default();
        self.store.set_snapshots(snapshots);
        self.note(format!(" | crash, snapshots {snapshots:?}"));
        match Core::open(Arc::clone(&self.store) as Arc<dyn Store>, Arc::clone(&self.clock) as _) {
            Ok(core) => self.core = core,
            Err(error) => self.violation(format!("the World can't be loaded: {error}")),
        }
        self.inspect(true);
    }

    pub(crate) fn keep_snapshot(&mut self) {
        let world = self.core.world();
        let saved = world
            .to_snapshot()
            .map(|body| self.store.save_snapshot(Snapshot { schema: SNAPSHOT_SCHEMA, position: world.position, body }));
        match saved {
            Ok(Ok(())) => self.note(format!("a snapshot is kept at {}", world.position)),
            other => self.violation(format!("no snapshot was kept: {other:?}")),
        }
    }

    fn inspect(&mut self, deep: bool) {
        let world = self.core.world();
        invariants::check(&world, &self.witness, &mut self.violations);
        if !deep {
            return;
        }
        self.witness.look_back(self.inner.as_ref(), &mut self.violations);
        if world.position == self.witness.world.position {
            let (held, folded) = (world.to_snapshot(), self.witness.world.to_snapshot());
            let (Ok(held), Ok(folded)) = (held, folded) else {
                return self.violation("the World can't be written".to_owned());
            };
            if held != folded {
                self.violation(format!("the World at {} is not the fold of the timeline", world.position));
            }
            let again = World::from_snapshot(&held).and_then(|read| read.to_snapshot());
            if !again.is_ok_and(|again| again == held) {
                self.violation(format!("the World at {} is another when it is read again", world.position));
            }
        }
    }
}

/// Keeps the first answer to a key; says what is wrong if this one is not the same.
fn remember(
    sent: &mut Vec<(Request, Option<Receipt>)>,
    request: &Request,
    answer: &Result<Receipt, Refusal>,
) -> Option<String> {
    let id = request.id?;
    let known = sent.iter_mut().find(|(earlier, _)| earlier.id.is_some_and(|earlier| same_key(earlier, id)));
    let Some((earlier, first)) = known else {
        let first = answer.as_ref().ok().filter(|receipt| !receipt.recorded.is_empty()).cloned();
        sent.push((request.clone(), first));
        return None;
    };
    let Some(first) = first else {
        if earlier.id == Some(id) {
            *first = answer.as_ref().ok().filter(|receipt| !receipt.recorded.is_empty()).cloned();
        }
        return None;
    };
    match answer {
        Ok(_) if earlier.id != Some(id) => Some(format!("the key of {id} served two requests")),
        Ok(receipt) if !receipt.repeated => Some(format!("{id} was carried out again")),
        Ok(receipt) if receipt.recorded != first.recorded => Some(format!("{id} was answered otherwise")),
        Ok(_) => None,
        Err(refusal) if refusal.class() == Class::UserFixable && earlier.id == Some(id) => {
            Some(format!("{id} was carried out, and its repetition refused: {refusal}"))
        }
        Err(_) => None,
    }
}

fn same_key(one: CommandId, other: CommandId) -> bool {
    one.same_key() == other.same_key()
}

/// A simulation on a store in memory.
pub(crate) fn in_memory(seed: u64, options: Options) -> Result<Report, StoreError> {
    Ok(Sim::new(seed, options, Arc::new(MemoryStore::default()))?.run())
}
