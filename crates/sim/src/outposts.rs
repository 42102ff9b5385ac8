//! Probes at several places: some with a clock that is wrong, some that are silent, one that sees nothing right; and what
//! takes their results, as `web` does it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use checks::{Command as CheckCommand, Outcome, RunResult, series};
use engine::{Clock as _, Request};
use jiff::SignedDuration;
use kernel::{Actor, Context, EntityRef, IdSeed, Timestamp};
use timeline::{SampleBatch, Sketch, Store as _};
use world::Command;

use crate::{dice::Dice, probes::Probes, sim::Sim};

/// A probe of which nothing was heard for so long is silent.
const PROBE_SILENT_AFTER: SignedDuration = SignedDuration::from_secs(90);
/// Results in one batch.
const BATCH: usize = 500;

/// One probe.
#[derive(Debug)]
struct Outpost {
    probes: Probes,
    /// How far its clock is ahead.
    ahead: SignedDuration,
    /// It says nothing until then.
    silent_until: Option<Timestamp>,
    /// What the server has not taken.
    spool: VecDeque<RunResult>,
}

/// All probes, and what the server remembers of them as long as it runs.
#[derive(Debug)]
pub(crate) struct Outposts {
    posts: Vec<Outpost>,
    /// The one that sees nothing right, in some runs.
    pub(crate) blind: Option<usize>,
    may_go_blind: bool,
    began: Timestamp,
    checks: BTreeMap<EntityRef, Timestamp>,
    heard: BTreeMap<String, Timestamp>,
    /// The checks that a place with good eyes saw fail, ever.
    pub(crate) truly_failed: BTreeSet<EntityRef>,
}

impl Outposts {
    pub(crate) fn random(dice: &mut Dice, now: Timestamp) -> Self {
        let count = *dice.pick(&[1, 6, 6, 12]).unwrap_or(&6);
        let may_go_blind = count == 6 && dice.chance(0.6);
        let post = |at| {
            let mut probes = Probes::at(format!("place-{at}"));
            // Where one is to be alone, nobody else fails by chance.
            probes.is_exact = may_go_blind;
            Outpost { probes, ahead: SignedDuration::ZERO, silent_until: None, spool: VecDeque::new() }
        };
        Self {
            posts: (0..count).map(post).collect(),
            blind: None,
            may_go_blind,
            began: now,
            checks: BTreeMap::new(),
            heard: BTreeMap::new(),
            truly_failed: BTreeSet::new(),
        }
    }

    /// The server starts again, and has heard nothing.
    pub(crate) fn begin(&mut self, now: Timestamp) {
        self.began = now;
        self.checks.clear();
        self.heard.clear();
    }

    /// True if one of several may see nothing right, and nobody else is wrong.
    pub(crate) fn has_one_blind(&self) -> bool {
        self.may_go_blind
    }

    /// Every probe sees and tells what is so.
    pub(crate) fn calm(&mut self) {
        self.blind = None;
        for post in &mut self.posts {
            (post.ahead, post.silent_until) = (SignedDuration::ZERO, None);
            (post.probes.is_exact, post.probes.is_blind) = (true, false);
        }
    }

    /// When a check was last heard of.
    pub(crate) fn last_heard(&self, check: &EntityRef, since: Timestamp) -> Timestamp {
        self.checks.get(check).copied().unwrap_or(self.began.max(since))
    }
}

/// Every probe runs what its time has come for, and hands in what it has, unless the server is away.
pub(crate) fn run(sim: &mut Sim, server_is_there: bool) {
    let (world, now) = (sim.world(), sim.clock.now());
    let mut handed = 0;
    for at in 0..sim.outposts.posts.len() {
        let is_blind = sim.outposts.blind == Some(at);
        let Some(post) = sim.outposts.posts.get_mut(at) else { continue };
        post.probes.is_blind = is_blind;
        let results = post.probes.run(&world, &sim.estate, now + post.ahead, &mut sim.dice);
        if !is_blind {
            let failed = results.iter().filter(|result| matches!(result.outcome, Outcome::Failed { .. }));
            sim.outposts.truly_failed.extend(failed.map(|result| result.check.clone()));
        }
        handed += results.len();
        post.spool.extend(results);
        let tells = post.silent_until.is_none_or(|until| until <= now);
        if server_is_there && tells {
            // It is heard even where there is nothing to run.
            hand_in(sim, at);
        }
    }
    sim.note(format!("probes: {handed} runs"));
}

/// A probe hands in what waits, batch by batch, as long as they are taken.
fn hand_in(sim: &mut Sim, at: usize) {
    loop {
        let Some(post) = sim.outposts.posts.get(at) else { return };
        let batch: Vec<RunResult> = post.spool.iter().take(BATCH).cloned().collect();
        let location = post.probes.location.clone();
        let count = batch.len();
        if !take(sim, &location, batch) {
            return sim.note(format!(" {location} keeps {count}"));
        }
        let Some(post) = sim.outposts.posts.get_mut(at) else { return };
        post.spool.drain(..count);
        if post.spool.is_empty() {
            return;
        }
    }
}

/// What the server does with a batch. False if the probe is to hand it in again.
fn take(sim: &mut Sim, location: &str, results: Vec<RunResult>) -> bool {
    let now = sim.clock.now();
    sim.outposts.heard.insert(location.to_owned(), now);
    let known = sim.world().checks.probe(location).is_some_and(|probe| !probe.silent);
    if !known && !submit(sim, CheckCommand::HearProbe { location: location.to_owned() }) {
        return false;
    }
    let world = sim.world();
    let mut samples: BTreeMap<(String, i64), (Sketch, u64)> = BTreeMap::new();
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for result in results.iter().filter(|result| world.checks.watch(&result.check).is_some()) {
        let at = result.at.min(now);
        let newest = sim.outposts.checks.entry(result.check.clone()).or_insert(at);
        *newest = (*newest).max(at);
        let name = series(&result.check, location);
        *counted.entry(name.clone()).or_default() += 1;
        let (sketch, errors) = samples.entry((name, at.as_second().div_euclid(60))).or_default();
        if result.outcome.is_good() {
            // A whole number of milliseconds is finite.
            let _ = sketch.add(result.latency_ms as f64);
        } else {
            *errors += 1;
        }
    }
    let batch =
        |((series, minute), (measured, errors))| SampleBatch { series, minute, measured, errors, parts: Vec::new() };
    if sim.chance_of_trouble(0.02) {
        sim.note(" the samples are not taken");
        return false;
    }
    if let Err(error) = sim.store().add_samples(samples.into_iter().map(batch).collect()) {
        sim.violation(format!("samples can't be written: {error}"));
    }
    if sim.chance_of_trouble(0.01) {
        sim.note(" the server dies after it took samples");
        sim.crash();
        return false;
    }
    for mut result in results {
        result.at = result.at.min(now);
        if let Outcome::Failed { .. } = &result.outcome {
            sim.ledger.reported(&result.check, &result.location);
        }
        let command = CheckCommand::Report { result };
        if changes(sim, &command) && !submit(sim, command) {
            return false;
        }
    }
    sim.ledger.results_taken(counted);
    true
}

/// True if the command would bring an event about, or be refused, as things are now.
fn changes(sim: &Sim, command: &CheckCommand) -> bool {
    let context = Context::new(sim.clock.now(), Actor::mainstay("checks"), IdSeed(0));
    checks::decide(&sim.world().checks, command.clone(), &context).map_or(true, |events| !events.is_empty())
}

fn submit(sim: &mut Sim, command: CheckCommand) -> bool {
    sim.execute(&[Request::by_part(Command::Checks(command), "checks")]).iter().all(Result::is_ok)
}

/// The server looks for silence. False if the store didn't take what it found.
pub(crate) fn keep_house(sim: &mut Sim) -> bool {
    let (world, now) = (sim.world(), sim.clock.now());
    let last_heard = |check: &EntityRef| {
        let since = world.checks.watch(check).map_or(sim.outposts.began, |watch| watch.since);
        sim.outposts.last_heard(check, since)
    };
    let mut commands = checks::silent(&world.checks, last_heard, now);
    for (location, _) in world.checks.probes().filter(|(_, probe)| !probe.silent) {
        let last = sim.outposts.heard.get(location).copied().unwrap_or(sim.outposts.began);
        if now.duration_since(last) > PROBE_SILENT_AFTER {
            commands.push(CheckCommand::MarkProbeSilent { location: location.to_owned(), last });
        }
    }
    let mut were_all_taken = true;
    for command in commands {
        were_all_taken &= submit(sim, command);
    }
    were_all_taken
}

/// Something happens to one of the probes.
pub(crate) fn trouble(sim: &mut Sim) {
    let now = sim.clock.now();
    let at = sim.dice.below(sim.outposts.posts.len());
    let world = sim.world();
    let all_heard = world.checks.probes().filter(|(_, probe)| !probe.silent).count() == sim.outposts.posts.len();
    // Whoever was wrong before has been right since, and said so: else two are wrong together, which is no one's error.
    let all_well = world.checks.watches().all(|watch| watch.failing.is_empty());
    let all_told = sim.outposts.posts.iter().all(|post| post.spool.is_empty());
    let kind = sim.dice.below(6);
    let ahead = SignedDuration::from_secs(sim.dice.between(-3_600, 3_600));
    let silent_until = now + SignedDuration::from_secs(sim.dice.between(60, 1_500));
    let Some(post) = sim.outposts.posts.get_mut(at) else { return };
    match kind {
        0 | 1 if sim.outposts.may_go_blind && sim.outposts.blind.is_none() && all_heard && all_well && all_told => {
            sim.outposts.blind = Some(at);
            sim.note(format!("place {at} sees nothing right"));
        }
        0 => {
            sim.outposts.blind = None;
            sim.note("every place sees");
        }
        1 | 2 => {
            post.probes.restart();
            sim.note(format!("the probe at place {at} starts again"));
        }
        3 => {
            post.silent_until = Some(silent_until);
            sim.note(format!("place {at} is silent"));
        }
        4 => {
            post.ahead = ahead;
            sim.note(format!("the clock of place {at} is {ahead:?} ahead"));
        }
        _ => {
            post.ahead = SignedDuration::ZERO;
            sim.note(format!("the clock of place {at} is right"));
        }
    }
}

/// The server is away for an hour; the probes go on, and then hand in what they kept.
pub(crate) fn away(sim: &mut Sim) {
    sim.note("the server is away for an hour: ");
    for _ in 0..60 {
        sim.clock.advance(SignedDuration::from_mins(1));
        run(sim, false);
    }
    sim.crash();
}
