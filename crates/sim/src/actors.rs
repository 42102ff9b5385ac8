//! Who does something, and what.

use deploys::{Outcome, Settings};
use engine::{Clock as _, Request};
use jiff::SignedDuration;
use kernel::{Actor, CommandId, EntityRef, EventId, Refusal, Sha256, Timestamp};
use world::{Command, Effect};

use crate::{
    estate::{ENVIRONMENT, Fault},
    hooks, rollout,
    sim::Sim,
    undoing,
};

/// Something that a pipeline has done and has yet to report.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) request: Request,
    pub(crate) words: String,
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Apply,
    Answer,
    Ask,
    Configure,
    Crash,
    Declare,
    Define,
    Deploy,
    Hooks,
    Jump,
    Letters,
    Misuse,
    Probe,
    Rush,
    Snapshot,
    Steer,
    Tend,
    Tick,
    Turn,
    Undo,
    Wait,
    Again,
    Pause,
}

const ACTS: [(Act, u32); 23] = [
    (Act::Again, 5),
    (Act::Answer, 9),
    (Act::Apply, 6),
    (Act::Ask, 5),
    (Act::Configure, 6),
    (Act::Crash, 2),
    (Act::Declare, 1),
    (Act::Define, 3),
    (Act::Deploy, 7),
    (Act::Hooks, 10),
    (Act::Jump, 1),
    (Act::Letters, 10),
    (Act::Misuse, 1),
    (Act::Pause, 1),
    (Act::Probe, 36),
    (Act::Rush, 4),
    (Act::Snapshot, 3),
    (Act::Steer, 12),
    (Act::Tend, 5),
    (Act::Tick, 8),
    (Act::Turn, 8),
    (Act::Undo, 9),
    (Act::Wait, 3),
];

/// Lets somebody do something.
pub(crate) fn act(sim: &mut Sim, number: usize) {
    // Without a catalog there is little to do.
    let act = if number == 0 { Some(Act::Apply) } else { sim.dice.weighted(&ACTS) };
    match act.unwrap_or(Act::Probe) {
        Act::Again => again(sim),
        Act::Answer => one(sim, rollout::answer),
        Act::Ask => one(sim, rollout::ask),
        Act::Apply => apply(sim, number),
        Act::Configure => configure(sim),
        Act::Crash => {
            sim.note("the server dies");
            sim.crash();
        }
        Act::Declare | Act::Tend => one(sim, tend),
        Act::Define => one(sim, rollout::define),
        Act::Deploy => deploy(sim),
        Act::Hooks => hooks::call(sim),
        Act::Jump => jump(sim),
        Act::Letters => letter(sim),
        Act::Misuse => misuse(sim),
        Act::Pause => one(sim, pause),
        Act::Probe => probe(sim),
        Act::Rush => rush(sim),
        Act::Snapshot => sim.keep_snapshot(),
        Act::Steer => one(sim, rollout::steer),
        Act::Tick => tick(sim),
        Act::Turn => one(sim, turn),
        Act::Undo => undoing::act(sim),
        Act::Wait => {
            let by = sim.dice.between(60, 900);
            sim.clock.advance(SignedDuration::from_secs(by));
            sim.note(format!("{by} s pass"));
        }
    }
}

pub(crate) fn one(sim: &mut Sim, wish: fn(&mut Sim) -> Option<(Request, String)>) {
    match wish(sim) {
        Some((request, words)) => {
            sim.note(words);
            sim.execute(&[request]);
        }
        None => sim.note("nothing to wish for"),
    }
}

pub(crate) fn person(sim: &mut Sim, command: Command) -> Request {
    let name = *sim.dice.pick(&["ada", "bo", "cleo"]).unwrap_or(&"ada");
    let reason = sim.dice.chance(0.2).then(|| "because".to_owned());
    let id = Some(key(sim));
    Request { command, actor: Actor::Person(name.to_owned()), reason, id }
}

/// A new key for a new request.
fn key(sim: &mut Sim) -> CommandId {
    let number = sim.estate.serial().to_le_bytes();
    CommandId::keyed(&Sha256::of(&number), &Sha256::of(b"request"))
}

/// Somebody turns a flag; perhaps one that breaks what asks for it.
pub(crate) fn turn(sim: &mut Sim) -> Option<(Request, String)> {
    let at = sim.dice.below(sim.estate.flags.len());
    let flag = sim.estate.flags.get(at)?.entity.clone();
    let on = sim.dice.chance(0.6);
    let is_guilty = on && sim.dice.chance(0.3);
    if is_guilty {
        let user = sim.estate.user_of(at, &mut sim.dice)?;
        sim.estate.make_guilty(user, Fault::Flag(at));
    }
    let words = format!("flag {} {}{}", flag.name(), if on { "on" } else { "off" }, guilt(is_guilty));
    let command = flags::Command::Turn { flag, environment: ENVIRONMENT.to_owned(), on };
    Some((person(sim, Command::Flags(command)), words))
}

fn guilt(is_guilty: bool) -> &'static str {
    if is_guilty { " (guilty)" } else { "" }
}

/// A pipeline deploys; what it did is reported later.
pub(crate) fn deploy(sim: &mut Sim) {
    let at = sim.dice.below(sim.estate.services.len());
    let version = format!("v{}", sim.estate.serial());
    let is_guilty = sim.dice.chance(0.25);
    if is_guilty {
        sim.estate.make_guilty(at, Fault::Version(version.clone()));
    }
    let outcome = if sim.dice.chance(0.1) { Outcome::Failed } else { Outcome::Succeeded };
    run_version(sim, at, &version, outcome, None);
    sim.note(format!("service {at} gets {version}, {outcome:?}{}", guilt(is_guilty)));
}

pub(crate) fn run_version(sim: &mut Sim, at: usize, version: &str, outcome: Outcome, rollback_of: Option<EventId>) {
    let Some(component) = sim.estate.services.get(at).map(|service| service.entity.clone()) else { return };
    if outcome == Outcome::Succeeded {
        sim.estate.versions.insert(at, version.to_owned());
    }
    let command = deploys::Command::RecordDeployment {
        component,
        environment: ENVIRONMENT.to_owned(),
        version: version.to_owned(),
        outcome,
        url: None,
        commit: None,
        rollback_of,
        finished: finished(sim),
        told: deploys::Told::default(),
    };
    post(sim, Command::Deploys(command), format!("service {at} has {version}, {outcome:?}"));
}

/// Some pipelines say when it happened, since they report later.
fn finished(sim: &mut Sim) -> Option<Timestamp> {
    sim.dice.chance(0.5).then(|| sim.clock.now())
}

fn post(sim: &mut Sim, command: Command, words: String) {
    let id = Some(key(sim));
    let request = Request { command, actor: Actor::Token("pipeline".to_owned()), reason: None, id };
    sim.letters.push(Letter { request, words });
}

/// Somebody changes a setting outside; it is reported later.
fn configure(sim: &mut Sim) {
    let at = sim.dice.below(sim.estate.services.len());
    let key = format!("limit_{}", sim.dice.below(3));
    let value = sim.estate.serial().to_string();
    let is_guilty = sim.dice.chance(0.25);
    if is_guilty {
        sim.estate.make_guilty(at, Fault::Setting(key.clone(), value.clone()));
    }
    let mut settings = sim.estate.settings.get(&at).cloned().unwrap_or_default();
    sim.note(format!("service {at} gets {key} = {value}{}", guilt(is_guilty)));
    settings.insert(key, value);
    run_settings(sim, at, settings);
}

pub(crate) fn run_settings(sim: &mut Sim, at: usize, settings: Settings) {
    let Some(component) = sim.estate.services.get(at).map(|service| service.entity.clone()) else { return };
    sim.estate.settings.insert(at, settings.clone());
    let environment = ENVIRONMENT.to_owned();
    let command = deploys::Command::RecordConfig { component, environment, settings, finished: finished(sim) };
    post(sim, Command::Deploys(command), format!("service {at} is configured"));
}

/// A pipeline reports; sometimes twice, and again if the answer was that it should.
pub(crate) fn letter(sim: &mut Sim) {
    if sim.letters.is_empty() {
        return sim.note("no pipeline has anything to report");
    }
    let at = sim.dice.below(sim.letters.len().min(3));
    let Letter { request, words } = sim.letters.remove(at);
    sim.note(format!("pipeline: {words}"));
    let answers = sim.execute(std::slice::from_ref(&request));
    let retry = answers.iter().any(|answer| matches!(answer, Err(refusal) if refusal.code.status >= 500));
    if retry || sim.dice.chance(0.1) {
        sim.letters.push(Letter { request, words });
    }
}

pub(crate) fn apply(sim: &mut Sim, number: usize) {
    let mut words = String::new();
    for _ in 0..if number == 0 { 0 } else { sim.dice.between(0, 3) } {
        words = format!("{words}{}, ", sim.estate.edit(&mut sim.dice));
    }
    let partial = sim.dice.chance(0.6);
    let reading = world::read_bundle(&sim.estate.bundle());
    sim.note(format!("the catalog: {words}{} problems, partial {partial}", reading.problems.len()));
    let command = Command::Catalog(catalog::Command::Apply(catalog::Apply { reading, partial }));
    let request = Request { command, actor: Actor::Source("estate".to_owned()), reason: None, id: None };
    let answers = sim.execute(&[request]);
    if number == 0 && !matches!(answers.as_slice(), [Ok(_)] | [Err(Refusal { retry_after_s: Some(_), .. })]) {
        sim.note(" (the first catalog was not taken)");
    }
}

fn probe(sim: &mut Sim) {
    let world = sim.world();
    let results = sim.probes.run(&world, &sim.estate, sim.clock.now(), &mut sim.dice);
    let bad: Vec<_> = results.iter().filter(|result| !result.outcome.is_good()).collect();
    bad.iter().for_each(|result| sim.ledger.reported(&result.check, &result.location));
    let failing: Vec<_> = bad.iter().map(|one| one.check.name()).collect();
    sim.note(format!("probes: {} runs, failing {failing:?}", results.len()));
    let report = |result| Request::by_part(Command::Checks(checks::Command::Report { result }), "checks");
    let requests: Vec<_> = results.into_iter().map(report).collect();
    if !requests.is_empty() {
        sim.execute(&requests);
    }
}

fn tick(sim: &mut Sim) {
    sim.note("time: ");
    sim.tick();
    let (world, now) = (sim.world(), sim.clock.now());
    let silent = checks::silent(&world.checks, |check| sim.probes.last_heard(check, now), now);
    let requests: Vec<_> =
        silent.into_iter().map(|command| Request::by_part(Command::Checks(command), "checks")).collect();
    if !requests.is_empty() {
        sim.note(format!(", {} checks are silent", requests.len()));
        sim.execute(&requests);
    }
}

pub(crate) fn jump(sim: &mut Sim) {
    let by = sim.dice.between(-3_600, 3_600);
    sim.clock.advance(SignedDuration::from_secs(by));
    sim.note(format!("the clock jumps by {by} s"));
    if sim.dice.chance(0.3) {
        sim.probes.restart();
        sim.note(", the probes start again");
    }
}

/// Somebody looks after an incident, or declares one.
pub(crate) fn tend(sim: &mut Sim) -> Option<(Request, String)> {
    let world = sim.world();
    let known: Vec<_> = world.incidents.recent().take(5).map(|incident| incident.about.clone()).collect();
    let about = sim.dice.pick(&known).cloned();
    let change = world.journal.newest_first().take(5).last().map(|entry| entry.recorded.stamp.event);
    let open: Vec<_> = world.incidents.open().take(5).collect();
    let other = sim.dice.pick(&open).map(|other| other.about.incident);
    let one = world.incidents.open().find(|open| Some(open.about.incident) == other);
    let one = one.and_then(|open| open.failing().last()).map(|failing| failing.check.clone());
    let (command, words) = match (about, sim.dice.below(11)) {
        (Some(about), 8) => (incidents::Command::Merge { incident: about.incident, into: other? }, "merges"),
        (Some(_), 9) => {
            let checks = vec![one?];
            (incidents::Command::Split { incident: other?, checks, title: None, severity: None }, "splits")
        }
        (Some(about), 10) => (incidents::Command::Mitigate { incident: about.incident, at: None }, "mitigates"),
        (Some(about), 0 | 1) => (incidents::Command::Acknowledge { incident: about.incident }, "acknowledges"),
        (Some(about), 2) => (incidents::Command::Resolve { incident: about.incident }, "resolves"),
        (Some(about), 3) => {
            let text = "looks bad".to_owned();
            (incidents::Command::AddNote { incident: about.incident, text }, "notes")
        }
        (Some(about), 4) => {
            let severity = incidents::Severity::Sev3;
            (incidents::Command::SetSeverity { incident: about.incident, severity }, "calms")
        }
        (Some(about), 5) => {
            let verdict = incidents::Verdict::Innocent;
            (
                incidents::Command::MarkSuspect { incident: about.incident, event: change?, verdict, rank: None },
                "judges",
            )
        }
        (_, _) => (declare(sim)?, "declares"),
    };
    Some((person(sim, Command::Incidents(command)), format!("somebody {words} an incident")))
}

fn declare(sim: &mut Sim) -> Option<incidents::Command> {
    let at = sim.dice.below(sim.estate.services.len());
    let entity = sim.estate.services.get(at)?.entity.clone();
    let failed = incidents::Failed {
        check: None,
        path: vec![entity.clone()],
        entity,
        since: sim.clock.now(),
        last_good: None,
        upstream: Vec::new(),
        evidence: "customers call".to_owned(),
    };
    Some(incidents::Command::Open { title: "customers call".to_owned(), severity: incidents::Severity::Sev2, failed })
}

pub(crate) fn pause(sim: &mut Sim) -> Option<(Request, String)> {
    let world = sim.world();
    let watches: Vec<(EntityRef, bool)> =
        world.checks.watches().map(|watch| (watch.definition.check.clone(), watch.paused)).collect();
    let (check, is_paused) = sim.dice.pick(&watches).cloned()?;
    let words = format!("{} {}", if is_paused { "resumes" } else { "pauses" }, check.name());
    let command = if is_paused { checks::Command::Resume { check } } else { checks::Command::Pause { check } };
    Some((person(sim, Command::Checks(command)), words))
}

/// Several people at the same moment, some of them impatient.
fn rush(sim: &mut Sim) {
    sim.note("at once:");
    let mut requests = Vec::new();
    for _ in 0..sim.dice.between(2, 5) {
        let wish = match sim.dice.below(7) {
            0 | 1 => turn(sim),
            2 => tend(sim),
            3 => rollout::answer(sim),
            4 => rollout::steer(sim),
            _ => undoing::wish(sim),
        };
        let Some((request, words)) = wish else { continue };
        sim.note(format!(" {words};"));
        if sim.dice.chance(0.4) {
            sim.note(" the same again;");
            requests.push(request.clone());
        }
        requests.push(request);
    }
    sim.execute(&requests);
}

/// Somebody got no answer, or did not believe it.
pub(crate) fn again(sim: &mut Sim) {
    let reach = if sim.dice.chance(0.8) { 5 } else { usize::MAX };
    let Some(sent) = sim.dice.pick(sim.keys.newest(reach)).cloned() else { return sim.note("nothing to repeat") };
    let events = sent.first.map_or(0, |first| first.recorded.len());
    sim.note(format!("again, with the same key: {events} events before"));
    // What came to nothing the first time is done now, perhaps to what was told again since.
    if let Command::Alerts(alerts::Command::Resolve { alert }) = &sent.request.command
        && let Some(about) = sim.world().alerts.open_alert(alert).map(|alert| alert.about.clone())
    {
        sim.ledger.forget(about.integration, &about.key);
    }
    sim.execute(&[sent.request]);
}

/// Somebody uses a key a second time, for something else.
fn misuse(sim: &mut Sim) {
    let Some(sent) = sim.dice.pick(sim.keys.newest(usize::MAX)).cloned() else { return sim.note("no key to misuse") };
    let Some((other, words)) = turn(sim) else { return };
    let mut key = Sha256::ZERO;
    let used = sent.request.id.map(|id| *id.as_bytes()).unwrap_or_default();
    key.0.iter_mut().zip(used).for_each(|(to, from)| *to = from);
    let id = CommandId::keyed(&key, &Sha256::of(b"another request"));
    sim.note(format!("with a key that was used: {words}"));
    sim.execute(&[Request { id: Some(id), ..other }]);
}

/// Everybody does what they should have done.
pub(crate) fn recover(sim: &mut Sim, number: usize) {
    sim.note("recovery: ");
    resume_all(sim);
    report_all(sim);
    for effect in hooks_due(sim) {
        hooks::carry_out(sim, &effect);
        hooks::report(sim, &effect, Ok("202".to_owned()), true);
    }
    sim.tick();
    probe(sim);
    if number.is_multiple_of(7) {
        sim.crash();
    }
}

/// Nothing is paused any more.
pub(crate) fn resume_all(sim: &mut Sim) {
    let world = sim.world();
    let paused = world.checks.watches().filter(|watch| watch.paused);
    let resume = paused.map(|watch| checks::Command::Resume { check: watch.definition.check.clone() });
    let resume: Vec<_> = resume.map(|command| person(sim, Command::Checks(command))).collect();
    if !resume.is_empty() {
        sim.execute(&resume);
    }
}

/// Pipelines report all that they have done.
pub(crate) fn report_all(sim: &mut Sim) {
    for Letter { request, .. } in std::mem::take(&mut sim.letters) {
        sim.execute(&[request]);
    }
}

/// The hooks that are due.
pub(crate) fn hooks_due(sim: &Sim) -> Vec<Effect> {
    let world = sim.world();
    world.effects.due(sim.clock.now()).filter(|effect| !effect.call.message).cloned().collect()
}
