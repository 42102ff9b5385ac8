//! One simulation: steps, the log of them, and what is asked of the core.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use engine::{Clock as _, Core, Receipt, Request};
use jiff::SignedDuration;
use kernel::{EffectId, EventId, Refusal, Sha256, Timestamp};
use timeline::{Snapshot, Store, StoreError};
use world::{Recorded, SNAPSHOT_SCHEMA, World};

use crate::{
    Options, Report, Scene,
    actors::{self, Letter},
    arrival::{self, Ledger, Lives},
    clock::{self, VirtualClock},
    dice::Dice,
    duty,
    estate::Estate,
    faulty::{Fault, FaultyStore, Snapshots},
    invariants,
    keys::Keys,
    outposts::Outposts,
    post::{Post, Received},
    probes::Probes,
    senders::Senders,
    witness::Witness,
};

/// How often the World is compared with the fold of the timeline.
const COMPARED_EVERY: usize = 50;
/// A quiet time at the end: long enough for every check, hook and deadline.
const QUIET_ROUNDS: usize = 20;
/// Looks at what is due next, after that, until nothing is.
const WAITING_ROUNDS: usize = 300;
const QUIET_ROUND: SignedDuration = SignedDuration::from_mins(2);
/// The core decides a batch again at most five times.
const OVERTAKEN_TOO_OFTEN: usize = 6;

/// One run.
pub(crate) struct Sim {
    pub(crate) dice: Dice,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) estate: Estate,
    pub(crate) probes: Probes,
    /// What pipelines have done and not yet reported.
    pub(crate) letters: Vec<Letter>,
    /// The commands with a key.
    pub(crate) keys: Keys,
    /// The memory of what stands behind the hooks: the effects that it has carried out.
    pub(crate) carried_out: BTreeSet<EffectId>,
    /// Messages, and who brings them.
    pub(crate) post: Post,
    /// Tools that send alerts.
    pub(crate) senders: Senders,
    /// Probes at several places.
    pub(crate) outposts: Outposts,
    /// What went in and out.
    pub(crate) ledger: Ledger,
    /// True until the server was away for long.
    pub(crate) may_go_away: bool,
    began: Timestamp,
    inner: Arc<dyn Store>,
    store: Arc<FaultyStore>,
    core: Core,
    other: Arc<Mutex<OtherServer>>,
    witness: Witness,
    options: Options,
    met: BTreeMap<String, u64>,
    log: Vec<String>,
    line: String,
    violations: Vec<String>,
}

/// Another server on the same timeline.
struct OtherServer {
    core: Core,
    /// What it wrote since the last time somebody looked.
    written: Vec<EventId>,
}

/// What was armed for one call of the core.
#[derive(Debug, Clone, Copy)]
struct Armed {
    name: &'static str,
    faults: usize,
    may_write_unseen: bool,
    goes_dark: bool,
}

impl Sim {
    pub(crate) fn new(seed: u64, options: Options, inner: Arc<dyn Store>) -> Result<Self, StoreError> {
        let began = match options.scene {
            Scene::Releases => clock::begin(),
            Scene::OnCall => clock::begin_on_call(seed),
        };
        let clock = Arc::new(VirtualClock::beginning(began, seed));
        let store = Arc::new(FaultyStore::new(Arc::clone(&inner), Arc::clone(&clock)));
        let core = Core::open(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&clock) as _)?;
        let other = Core::open(Arc::clone(&inner), Arc::clone(&clock) as _)?;
        let mut dice = Dice::new(seed);
        let count = dice.between(4, 12) as usize;
        let mut estate = Estate::random(count, &mut dice);
        estate.add_ramps(&mut dice);
        estate.is_staffed = options.scene == Scene::OnCall;
        let outposts = Outposts::random(&mut dice.clone(), began);
        Ok(Self {
            dice,
            clock,
            estate,
            probes: Probes::default(),
            letters: Vec::new(),
            keys: Keys::default(),
            carried_out: BTreeSet::new(),
            post: Post::default(),
            senders: Senders::default(),
            outposts,
            ledger: Ledger::default(),
            may_go_away: true,
            began,
            inner,
            store,
            core,
            other: Arc::new(Mutex::new(OtherServer { core: other, written: Vec::new() })),
            witness: Witness::default(),
            options,
            met: BTreeMap::new(),
            log: Vec::new(),
            line: String::new(),
            violations: Vec::new(),
        })
    }

    pub(crate) fn run(mut self) -> Report {
        for number in 0..self.options.steps {
            match self.options.scene {
                Scene::Releases => self.step(number, actors::act),
                Scene::OnCall => self.step(number, duty::act),
            }
            let by = SignedDuration::from_millis(self.dice.between(100, 40_000));
            self.clock.advance(by);
        }
        self.quiet();
        let lines: Vec<&[u8]> = self.log.iter().map(String::as_bytes).collect();
        let log_digest = Sha256::of_parts(&lines);
        let kinds = self.witness.kinds.iter().map(|(kind, count)| ((*kind).to_owned(), *count));
        self.met.extend(kinds);
        Report {
            events: self.witness.world.position,
            head: self.inner.head().map_or(Sha256::ZERO, |head| head.hash),
            log_digest,
            met: self.met,
            violations: self.violations,
            log: self.log,
        }
    }

    fn step(&mut self, number: usize, act: impl FnOnce(&mut Self, usize)) {
        if !self.violations.is_empty() {
            return;
        }
        self.line = format!("{number:04} {} ", self.clock.now());
        act(self, number);
        let (world, now) = (self.core.world(), self.clock.now());
        invariants::check(&world, &self.witness, now, &mut self.violations);
        if world.position == self.witness.world.position {
            arrival::check(&self.ledger, &self.witness.lives, &world, now, &mut self.violations);
        }
        if number.is_multiple_of(COMPARED_EVERY) {
            self.compare();
        }
        self.log.push(std::mem::take(&mut self.line));
    }

    /// Nothing goes wrong any more: soon everything must be well, and nothing may wait for ever.
    fn quiet(&mut self) {
        self.options.fault_rate = 0.0;
        self.estate.calm();
        self.probes.is_exact = true;
        self.post.calm();
        self.senders.calm();
        self.outposts.calm();
        let behind = self.world().at.map_or(SignedDuration::ZERO, |at| at.duration_since(self.clock.now()));
        self.clock.advance(behind.max(SignedDuration::ZERO));
        for round in 0..QUIET_ROUNDS {
            match self.options.scene {
                Scene::Releases => self.step(self.options.steps + round, actors::recover),
                Scene::OnCall => self.step(self.options.steps + round, duty::recover),
            }
            self.clock.advance(QUIET_ROUND);
        }
        if self.options.scene == Scene::OnCall {
            self.wait_for_pages();
        }
        if self.violations.is_empty() {
            invariants::check_quiet(&self.core.world(), &mut self.violations);
            self.compare();
            self.witness.look_back(self.inner.as_ref(), &mut self.violations);
        }
        if self.violations.is_empty() && self.options.scene == Scene::OnCall {
            duty::check_quiet(self);
            arrival::no_result_is_lost(&self.ledger, self.inner.as_ref(), self.began, &mut self.violations);
        }
    }

    /// Time passes until no page waits for anything, as nobody answers; quiet hours may be long.
    fn wait_for_pages(&mut self) {
        for round in 0..WAITING_ROUNDS {
            let world = self.world();
            let message = world.effects.pending().map(|effect| effect.next).min();
            let Some(next) = world.paging.next_due().into_iter().chain(message).min() else { break };
            if let Ok(by) = SignedDuration::try_from(next - self.clock.now())
                && by.is_positive()
            {
                self.clock.advance(by);
            }
            self.step(self.options.steps + QUIET_ROUNDS + round, duty::wait);
        }
        // Probes may have slept as long.
        for round in 0..QUIET_ROUNDS {
            self.clock.advance(QUIET_ROUND);
            self.step(self.options.steps + QUIET_ROUNDS + WAITING_ROUNDS + round, duty::wait);
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

    fn meet(&mut self, what: &str) {
        *self.met.entry(what.to_owned()).or_default() += 1;
    }

    /// Gives the requests to the core in one batch, with something going wrong now and then.
    pub(crate) fn execute(&mut self, requests: &[Request]) -> Vec<Result<Receipt, Refusal>> {
        let armed = self.arm();
        let (answers, commit) = self.core.execute(requests);
        let told: Vec<Recorded> = commit.iter().flat_map(|commit| commit.recorded.iter().cloned()).collect();
        self.settle(armed, &told);
        if requests.len() != answers.len() {
            self.violation(format!("{} requests have {} answers", requests.len(), answers.len()));
        }
        for (request, answer) in requests.iter().zip(&answers) {
            self.judge(request, answer, &told);
        }
        answers
    }

    fn judge(&mut self, request: &Request, answer: &Result<Receipt, Refusal>, told: &[Recorded]) {
        match answer {
            Ok(receipt) => {
                self.witness.acknowledge(&receipt.recorded, &mut self.violations);
                let is_told = |one: &Recorded| told.iter().any(|other| other.stamp.event == one.stamp.event);
                if !receipt.repeated && !receipt.recorded.iter().all(is_told) {
                    self.violation("what was acknowledged was not published".to_owned());
                }
                let sort = if receipt.repeated { "repeated " } else { "" };
                self.note(format!(" | {sort}{} @{}", receipt.recorded.len(), receipt.position));
            }
            Err(refusal) => {
                self.meet(&format!("refused: {}", refusal.code.name));
                self.note(format!(" | {}: {}", refusal.code.name, refusal.detail));
            }
        }
        if let Some(wrong) = self.keys.remember(request, answer) {
            self.violation(wrong);
        }
    }

    /// What is due.
    pub(crate) fn tick(&mut self) -> bool {
        let armed = self.arm();
        let is_sound = armed.is_none();
        let commit = self.core.tick();
        let told: Vec<Recorded> = commit.iter().flat_map(|commit| commit.recorded.iter().cloned()).collect();
        self.settle(armed, &told);
        self.note(format!(" | {}", told.len()));
        is_sound
    }

    pub(crate) fn check_after_tick(&mut self, was_sound: bool) {
        if was_sound {
            arrival::nothing_waits_beyond_its_time(&self.core.world(), self.clock.now(), &mut self.violations);
        }
    }

    pub(crate) fn check_after_keeping_house(&mut self, was_taken: bool) {
        let (world, now) = (self.core.world(), self.clock.now());
        if was_taken {
            let last_heard = |check: &_, since| self.outposts.last_heard(check, since);
            arrival::what_is_not_heard_is_unknown(&world, last_heard, now, &mut self.violations);
        }
        if self.outposts.has_one_blind() {
            let failed = &self.outposts.truly_failed;
            arrival::one_bad_location_pages_nobody(&world, failed, self.began, now, &mut self.violations);
        }
    }

    /// True if something goes wrong now that would go wrong so often in a run with faults.
    pub(crate) fn chance_of_trouble(&mut self, probability: f64) -> bool {
        self.options.fault_rate > 0.0 && self.dice.chance(probability)
    }

    /// A message gets to somebody.
    pub(crate) fn arrive(&mut self, effect: EffectId, received: Received) {
        self.meet("a message arrived");
        self.ledger.arrived(effect);
        self.post.received.push(received);
    }

    pub(crate) fn lives(&self) -> &Lives {
        &self.witness.lives
    }

    pub(crate) fn store(&self) -> &FaultyStore {
        &self.store
    }

    /// After each call of the core: the witness reads, and compares with what was told to subscribers.
    fn settle(&mut self, armed: Option<Armed>, told: &[Recorded]) {
        let left = self.store.disarm();
        let fault = armed.filter(|armed| left < armed.faults);
        if let Some(fault) = fault {
            self.meet(fault.name);
        }
        let new = self.witness.follow(self.inner.as_ref(), &mut self.violations);
        self.witness.acknowledge(told, &mut self.violations);
        let elsewhere = std::mem::take(&mut lock(&self.other).written);
        for event in new {
            let is_known = told.iter().any(|one| one.stamp.event == event) || elsewhere.contains(&event);
            if !is_known && !fault.is_some_and(|fault| fault.may_write_unseen) {
                self.violation(format!("event {event} was written, and nobody was told"));
            }
        }
        let is_behind = self.core.world().position != self.witness.world.position;
        if is_behind && !fault.is_some_and(|fault| fault.goes_dark) {
            self.violation("the World is behind the timeline".to_owned());
        }
    }

    /// Lets something go wrong with the next append, now and then.
    fn arm(&mut self) -> Option<Armed> {
        if !self.dice.chance(self.options.fault_rate) {
            return None;
        }
        let errors = [StoreError::Busy, StoreError::DiskFull, StoreError::Io("simulated: the disk failed".to_owned())];
        let error = self.dice.pick(&errors).cloned().unwrap_or(StoreError::Busy);
        let (fault, faults) = match self.dice.below(12) {
            0..=2 => (Fault::Refuse(error), 1),
            3..=5 => (Fault::WriteAndFail(error), 1),
            6 => (Fault::WriteAndGoDark(error), 1),
            7 | 8 => (Fault::Overtake(self.somebody_else()), 1),
            9 => (Fault::OvertakeAndGoDark(self.somebody_else()), 1),
            10 => (Fault::Overtake(self.somebody_else()), OVERTAKEN_TOO_OFTEN),
            _ => (Fault::Stall(SignedDuration::from_secs(self.dice.between(1, 1_200))), 1),
        };
        let name = if faults > 1 { "others write all the time" } else { fault.name() };
        let armed = Armed { name, faults, may_write_unseen: fault.may_write_unseen(), goes_dark: fault.goes_dark() };
        self.note(format!(" [{name}]"));
        self.store.arm(fault);
        for _ in 1..faults {
            let write = self.somebody_else();
            self.store.arm(Fault::Overtake(write));
        }
        Some(armed)
    }

    /// Lets the other server write once.
    fn somebody_else(&mut self) -> Box<dyn FnOnce() + Send> {
        let requests: Vec<Request> = (0..2).filter_map(|_| actors::turn(self)).map(|(request, _)| request).collect();
        let other = Arc::clone(&self.other);
        Box::new(move || {
            let mut other = lock(&other);
            let (_, commit) = other.core.execute(&requests);
            let commands: BTreeSet<_> = requests.iter().filter_map(|request| request.id).collect();
            let recorded = commit.iter().flat_map(|commit| commit.recorded.iter());
            let own = recorded.filter(|one| commands.contains(&one.stamp.command)).map(|one| one.stamp.event);
            let own: Vec<_> = own.collect();
            other.written.extend(own);
        })
    }

    /// The process dies and starts again.
    pub(crate) fn crash(&mut self) {
        let kinds = [Snapshots::Sound, Snapshots::Sound, Snapshots::Gone, Snapshots::Torn];
        let snapshots = self.dice.pick(&kinds).copied().unwrap_or_default();
        self.store.set_snapshots(snapshots);
        self.meet(&format!("crash, snapshots {snapshots:?}"));
        self.note(format!(" | crash, snapshots {snapshots:?}"));
        for effect in self.post.die() {
            self.meet("crash between the sending and its record");
            self.ledger.excuse(effect);
        }
        self.outposts.begin(self.clock.now());
        match Core::open(Arc::clone(&self.store) as Arc<dyn Store>, Arc::clone(&self.clock) as _) {
            Ok(core) => self.core = core,
            Err(error) => self.violation(format!("the World can't be loaded: {error}")),
        }
        self.compare();
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

    /// The World is the fold of the timeline from its first event on.
    fn compare(&mut self) {
        let world = self.core.world();
        if world.position != self.witness.world.position {
            return;
        }
        invariants::is_fold(&world, &self.witness.world, &mut self.violations);
    }
}

fn lock(other: &Mutex<OtherServer>) -> MutexGuard<'_, OtherServer> {
    other.lock().unwrap_or_else(PoisonError::into_inner)
}
