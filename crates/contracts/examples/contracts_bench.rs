//! How fast contracts are on a large broker: 300 pacticipants, 1,000 integrations, 100,000 versions, 250,000 publications of
//! 30,000 contents, 1,000,000 verifications and 3 environments; and beside them what has hurt brokers: a provider with 500
//! deployed consumers, one content with 15,000 verifications, and a provider with 2,000 open branches of consumers.
//!
//! `cargo run --release -p contracts --example contracts_bench`
#![expect(clippy::print_stdout, reason = "a report for whoever ran it")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "what it asks about is what it made")]

use std::{hint::black_box, time::Instant};

use contracts::{
    Command, ContentSha, Environment, Event, Gate, Outline, PactChange, Party, State, Via,
    command::{NewPact, Onto, component_named, decide},
    matrix::{LatestBy, Query, Selector, ask},
    selection::{Asked, for_verification},
};
use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Context, EnvironmentId, IdSeed, PlacementId, Sha256, Stamp};

const PACTICIPANTS: usize = 300;
const INTEGRATIONS: usize = 1_000;
const VERSIONS: usize = 100_000;
const PUBLICATIONS: usize = 250_000;
const CONTENTS: usize = 30_000;
const VERIFICATIONS: usize = 1_000_000;
const ENVIRONMENTS: [&str; 3] = ["test", "staging", "production"];
const HUB_CONSUMERS: usize = 500;
const OPEN_BRANCHES: usize = 2_000;
const TRIED_OFTEN: usize = 15_000;

/// Numbers that look like chance and are the same in each run (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or(0) % bound
    }
}

struct Seeded {
    state: State,
    context: Context,
    at: Timestamp,
    position: u64,
}

fn name(number: usize) -> String {
    format!("service-{number}")
}

fn party(name: &str) -> Party {
    Party { name: name.to_owned(), component: component_named(name) }
}

fn sha(of: &str) -> ContentSha {
    let digest = Sha256::of(of.as_bytes());
    let mut short = [0; 20];
    short.copy_from_slice(&digest.0[..20]);
    ContentSha(short)
}

impl Seeded {
    fn fold(&mut self, event: &Event) {
        self.position += 1;
        self.at += SignedDuration::from_millis(20);
        let stamp = Stamp {
            position: self.position,
            event: self.context.id(),
            command: self.context.command,
            at: self.at,
            actor: self.context.actor.clone(),
            reason: None,
        };
        self.state.fold(event, &stamp);
    }

    fn version(&mut self, of: &str, number: &str, branch: &str) {
        let (pacticipant, version) = (party(of), number.to_owned());
        if self.state.pacticipant_named(of).is_none() {
            let details = contracts::event::Details { main_branch: Some("main".to_owned()), ..Default::default() };
            self.fold(&Event::PacticipantCreated { pacticipant: pacticipant.clone(), details });
        }
        self.fold(&Event::VersionCreated {
            pacticipant: pacticipant.clone(),
            version: version.clone(),
            build_url: None,
        });
        self.fold(&Event::BranchSet { pacticipant, version, branch: branch.to_owned(), automatic: false });
    }

    fn publish(&mut self, consumer: &str, version: &str, provider: &str, content: &str) {
        let outline = Outline { interactions: 8, messages: 0, calls: vec![format!("GET /{content}")] };
        self.fold(&Event::PactPublished {
            consumer: party(consumer),
            version: version.to_owned(),
            provider: party(provider),
            content: sha(content),
            blob: Sha256::of(content.as_bytes()),
            outline: Some(outline),
            change: PactChange::Changed,
            unproven: false,
        });
    }

    fn verify(&mut self, provider: &str, version: &str, consumer: &str, content: &str, success: bool) {
        self.fold(&Event::VerificationPublished {
            provider: party(provider),
            version: version.to_owned(),
            consumer: party(consumer),
            content: sha(content),
            success,
            wip: false,
            build_url: None,
            results: None,
            verified_by: None,
            failures: Vec::new(),
            selected_for: Vec::new(),
        });
    }

    fn deploy(&mut self, pacticipant: &str, version: &str, environment: (EnvironmentId, &str)) {
        let placement: PlacementId = self.context.id();
        self.fold(&Event::VersionDeployed {
            placement,
            pacticipant: party(pacticipant),
            version: version.to_owned(),
            environment: environment.0,
            environment_name: environment.1.to_owned(),
            instance: None,
            via: Via::Contracts,
            without_contract: false,
        });
    }

    fn environments(&mut self) -> Vec<(EnvironmentId, &'static str)> {
        let all: Vec<_> = ENVIRONMENTS.iter().map(|name| (self.context.id(), *name)).collect();
        for (id, name) in &all {
            let (display_name, contacts, production) = (None, None, *name == "production");
            let name = (*name).to_owned();
            let environment = Environment { id: *id, name, display_name, production, contacts, gate: Gate::Off };
            self.fold(&Event::EnvironmentDefined { environment });
        }
        all
    }
}

/// The ordinary broker.
fn seed() -> Seeded {
    let at = Timestamp::from_second(1_767_225_600).expect("a moment");
    let context = Context::new(at, Actor::mainstay("bench"), IdSeed(7));
    let mut seeded = Seeded { state: State::default(), context, at, position: 0 };
    let mut chance = Chance(42);
    let environments = seeded.environments();
    let per_party = VERSIONS / PACTICIPANTS;
    // Consumers have on average three providers, so that 2.5 pacts are published of a version.
    let pairs: Vec<(usize, usize)> =
        (0..INTEGRATIONS).map(|at| (at % PACTICIPANTS, (at * 7 + at / PACTICIPANTS + 1) % PACTICIPANTS)).collect();
    let contents_per_pair = CONTENTS / INTEGRATIONS;
    let pacts_per_pair = PUBLICATIONS / INTEGRATIONS;
    let tries_per_content = VERIFICATIONS / CONTENTS;
    for version in 0..per_party {
        for of in 0..PACTICIPANTS {
            let branch = if version % 3 == 0 { "main".to_owned() } else { format!("feat-{}", version / 5) };
            seeded.version(&name(of), &format!("1.0.{version}"), &branch);
        }
        for (number, (consumer, provider)) in pairs.iter().enumerate() {
            if version < pacts_per_pair {
                let content = format!("{number}-{}", version * contents_per_pair / pacts_per_pair);
                seeded.publish(&name(*consumer), &format!("1.0.{version}"), &name(*provider), &content);
            }
        }
    }
    for (number, (consumer, provider)) in pairs.iter().enumerate() {
        for content in 0..contents_per_pair {
            for _ in 0..tries_per_content {
                let version = format!("1.0.{}", chance.below(per_party));
                let success = chance.below(10) > 0;
                seeded.verify(&name(*provider), &version, &name(*consumer), &format!("{number}-{content}"), success);
            }
        }
    }
    for of in 0..PACTICIPANTS {
        for environment in &environments {
            seeded.deploy(&name(of), &format!("1.0.{}", chance.below(per_party)), *environment);
        }
    }
    hurtful(&mut seeded, environments[2]);
    seeded
}

/// What has hurt brokers.
fn hurtful(seeded: &mut Seeded, production: (EnvironmentId, &str)) {
    seeded.version("hub", "1", "main");
    for number in 0..HUB_CONSUMERS {
        let consumer = format!("hub-consumer-{number}");
        seeded.version(&consumer, "1", "main");
        seeded.publish(&consumer, "1", "hub", &consumer);
        seeded.verify("hub", "1", &consumer, &consumer, true);
        seeded.deploy(&consumer, "1", production);
    }
    seeded.version("tried-often", "1", "main");
    seeded.version("tries-often", "0", "main");
    seeded.publish("tried-often", "1", "tries-often", "tried-often");
    for number in 0..TRIED_OFTEN {
        let version = format!("build-{number}");
        seeded.version("tries-often", &version, "main");
        seeded.verify("tries-often", &version, "tried-often", "tried-often", number % 100 != 0);
    }
    seeded.deploy("tries-often", &format!("build-{}", TRIED_OFTEN - 1), production);
    seeded.version("open", "0", "main");
    for number in 0..OPEN_BRANCHES {
        let consumer = format!("brancher-{}", number % 20);
        let (version, content) = (format!("b{number}"), format!("open-{number}"));
        seeded.version(&consumer, &version, &format!("branch-{number}"));
        seeded.publish(&consumer, &version, "open", &content);
    }
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

/// Prints the median and the 99th percentile of `runs` runs, with the goal for the latter.
fn measure(what: &str, runs: usize, goal_ms: f64, mut run: impl FnMut(usize)) {
    run(0);
    let mut took_us: Vec<u128> = Vec::with_capacity(runs);
    for number in 0..runs {
        let began = Instant::now();
        run(number);
        took_us.push(began.elapsed().as_micros());
    }
    took_us.sort_unstable();
    let ms = |share: usize| {
        let us = took_us.get((runs * share / 100).min(runs - 1)).copied().unwrap_or(0);
        f64::from(u32::try_from(us).unwrap_or(u32::MAX)) / 1_000.0
    };
    let verdict = if ms(99) < goal_ms { "" } else { "  MISSED" };
    println!("{what:<58} p50 {:>8.3} ms  p99 {:>8.3} ms  goal {goal_ms} ms{verdict}", ms(50), ms(99));
}

fn selector(pacticipant: &str, version: &str) -> Selector {
    Selector { pacticipant: pacticipant.to_owned(), version: Some(version.to_owned()), ..Selector::default() }
}

fn to_production(pacticipant: &str, version: &str) -> Query {
    Query {
        selectors: vec![selector(pacticipant, version)],
        latest_by: Some(LatestBy::ConsumerVersionProviderVersion),
        environment: Some("production".to_owned()),
        ..Query::default()
    }
}

fn questions(state: &State) {
    let mut chance = Chance(99);
    measure("can-i-deploy to an environment", 2_000, 5.0, |_| {
        let query = to_production(&name(chance.below(PACTICIPANTS)), &format!("1.0.{}", chance.below(250)));
        let answer = ask(state, &query);
        assert!(!answer.integrations.is_empty());
        black_box(answer.deployable());
    });
    measure("can-i-deploy of the hub to 500 consumers", 300, 20.0, |_| {
        let answer = ask(state, &to_production("hub", "1"));
        assert_eq!((answer.rows.len(), answer.deployable()), (HUB_CONSUMERS, Some(true)));
    });
    measure("can-i-deploy of a content with 15,000 verifications", 1_000, 5.0, |_| {
        let answer = ask(state, &to_production("tried-often", "1"));
        assert_eq!(answer.deployable(), Some(true));
    });
    let latest = Query {
        selectors: vec![selector("tried-often", "1")],
        latest_by: Some(LatestBy::ConsumerVersionProvider),
        ..Query::default()
    };
    measure("the same, of any version of its provider", 300, 20.0, |_| {
        assert_eq!(ask(state, &latest).rows.len(), 1);
    });
    let by_name = |of: &str| Selector { pacticipant: of.to_owned(), ..Selector::default() };
    measure("the matrix of two by name", 300, 50.0, |number| {
        let (consumer, provider) = (number % PACTICIPANTS, (number % PACTICIPANTS * 7 + 1) % PACTICIPANTS);
        let selectors = vec![by_name(&name(consumer)), by_name(&name(provider))];
        let latest_by = Some(LatestBy::ConsumerVersionProviderVersion);
        black_box(ask(state, &Query { selectors, latest_by, ..Query::default() }).rows.len());
    });
}

fn verifications(state: &State, now: Timestamp) {
    let wip_since = Some(now - SignedDuration::from_hours(24 * 30));
    let asked = Asked { branch: Some("main".to_owned()), pending: true, wip_since, ..Asked::default() };
    let open = state.pacticipant_named("open").expect("seeded");
    measure("for verification, with 2,000 branches in progress", 300, 20.0, |_| {
        let chosen = for_verification(state, open, &asked, now);
        assert_eq!(chosen.len(), OPEN_BRANCHES);
    });
    measure("for verification, with work in progress", 300, 20.0, |number| {
        let provider = state.pacticipant_named(&name(number % PACTICIPANTS)).expect("seeded");
        black_box(for_verification(state, provider, &asked, now).len());
    });
    let often = state.pacticipant_named("tries-often").expect("seeded");
    measure("for verification, a content with 15,000 verifications", 300, 20.0, |_| {
        black_box(for_verification(state, often, &asked, now).len());
    });
    let tagged = Asked { branch: None, tags: vec!["main".to_owned()], ..asked };
    measure("the same for tags of the provider", 300, 20.0, |_| {
        black_box(for_verification(state, often, &tagged, now).len());
    });
}

fn publications(seeded: &mut Seeded) {
    let mut chance = Chance(5);
    measure("publish: decide and fold", 2_000, 5.0, |number| {
        let pact = |provider: usize| {
            let content = format!("new-{number}-{provider}");
            let outline = Outline { interactions: 8, messages: 0, calls: vec![content.clone()] };
            NewPact {
                provider: name(provider),
                content: sha(&content),
                blob: Sha256::of(content.as_bytes()),
                outline,
                onto: Onto::Any,
            }
        };
        let command = Command::Publish {
            pacticipant: name(chance.below(PACTICIPANTS)),
            version: format!("2.0.{number}"),
            branch: Some(format!("feat-{number}")),
            tags: vec!["dev".to_owned()],
            build_url: None,
            pacts: vec![pact(chance.below(PACTICIPANTS)), pact(chance.below(PACTICIPANTS))],
            may_modify: false,
        };
        let context = Context::new(seeded.at, Actor::mainstay("bench"), IdSeed(u128::from(seeded.position)));
        let events = decide(&seeded.state, command, &context).unwrap_or_default();
        events.iter().for_each(|event| seeded.fold(event));
    });
}

fn removals(seeded: &Seeded) {
    let context = Context::new(seeded.at, Actor::mainstay("bench"), IdSeed(3));
    let version = format!("build-{}", TRIED_OFTEN / 2);
    let remove = Command::RemoveVersion { pacticipant: "tries-often".to_owned(), version };
    measure("remove one of 15,000 versions that tried a content", 50, 100.0, |_| {
        assert!(decide(&seeded.state, remove.clone(), &context).is_ok());
    });
    let remove = Command::RemovePacticipant { name: "tries-often".to_owned() };
    measure("remove a pacticipant with 15,000 versions", 3, 1_000.0, |_| {
        assert!(decide(&seeded.state, remove.clone(), &context).is_ok());
    });
}

/// Seconds of the processor that this process has had: what it takes when nobody else wants one.
fn processor_s() -> f64 {
    const TICKS_OF_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in brackets, may have spaces; user and system time are the 12th and 13th fields after it.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS_OF_A_SECOND
}

fn snapshots(state: &State) {
    let (began, had) = (Instant::now(), processor_s());
    let bytes = rmp_serde::to_vec_named(state).expect("it can be written");
    let (took, used) = (began.elapsed().as_secs_f64(), processor_s() - had);
    println!("snapshot: {} MB, written in {took:.2} s, {used:.2} s of the processor", bytes.len() / 1_048_576);
    let before = resident_mb();
    let (began, had) = (Instant::now(), processor_s());
    let copy: State = rmp_serde::from_slice(&bytes).expect("it can be read");
    let (took, used) = (began.elapsed().as_secs_f64(), processor_s() - had);
    println!("snapshot: read and indexed in {took:.2} s, {used:.2} s of the processor; goal 3 s");
    println!("resident memory of the copy: {} MB", resident_mb().saturating_sub(before));
    assert_eq!(copy.counts(), state.counts());
}

fn main() {
    let before = resident_mb();
    let began = Instant::now();
    let mut seeded = seed();
    let took = began.elapsed();
    let [pacticipants, versions, pacts, verifications_made] = seeded.state.counts();
    println!("{pacticipants} pacticipants, {versions} versions, {pacts} pacts, {verifications_made} verifications");
    println!("folded {} events in {:.1} s", seeded.position, took.as_secs_f64());
    println!("resident memory: {before} MB before, {} MB after", resident_mb());
    questions(&seeded.state);
    verifications(&seeded.state, seeded.at);
    publications(&mut seeded);
    removals(&seeded);
    snapshots(&seeded.state);
}
