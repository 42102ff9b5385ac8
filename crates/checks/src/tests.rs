mod beats;
mod declared;
mod golden;
mod quorum;
mod uptime;

use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Context, EntityRef, EventId, IdSeed, Stamp};
use serde_json::{Value, json};

use crate::{
    CheckDefinition, CheckKind, Command, Event, Evidence, Outcome, Signal, State, StatusRange, Tally, Verdict, Watch,
    decide, due, shown, silent, why,
};

fn check() -> EntityRef {
    "check:shop-sells".parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn definition() -> CheckDefinition {
    let spec = json!({
        "target": "shop",
        "path": ["resource:stock", "component:shop"],
        "http": {"url": "https://shop.invalid/buy", "expect": {"max_latency_ms": 800}},
        "interval": "30s",
        "timeout": "5s",
    });
    CheckDefinition::from_spec(check(), &spec).unwrap()
}

fn evidence(error: &str) -> Evidence {
    Evidence { latency_ms: 1, ..Evidence::of(error) }
}

/// One check whose runs are spelled out: `.` passed, `s` slow, `x` failed, `?` could not be made; 30 seconds apart.
struct Story {
    state: State,
    second: i64,
    events: Vec<Event>,
    tallies: std::collections::BTreeMap<String, Tally>,
}

impl Story {
    fn begin() -> Self {
        let mut story = Self { state: State::default(), second: 0, events: Vec::new(), tallies: Default::default() };
        story.give(Command::Define { definition: definition() });
        story
    }

    fn give(&mut self, command: Command) -> Vec<&'static str> {
        let context = Context::new(at(self.second), Actor::mainstay("test"), IdSeed(self.events.len() as u128));
        let events = decide(&self.state, command, &context).unwrap();
        for event in &events {
            let stamp = Stamp {
                position: self.events.len() as u64 + 1,
                event: context.id::<EventId>(),
                command: context.command,
                at: context.now,
                actor: context.actor.clone(),
                reason: None,
            };
            self.state.fold(event, &stamp);
            self.events.push(event.clone());
        }
        events.iter().map(Event::kind).collect()
    }

    fn run(&mut self, location: &str, mark: char) -> Vec<&'static str> {
        self.second += 30;
        let outcome = match mark {
            '.' => Outcome::Passed,
            's' => Outcome::Slow { evidence: evidence("took 900 ms") },
            '?' => Outcome::Unable { why: "its system grants no socket".to_owned() },
            _ => Outcome::Failed { evidence: evidence("answered 500") },
        };
        let tally = self.tallies.entry(location.to_owned()).or_default();
        let result = tally.count(&check(), location, at(self.second), outcome, 1);
        self.give(Command::Report { result })
    }

    fn runs(&mut self, marks: &str) -> String {
        let kinds = marks.chars().flat_map(|mark| self.run("here", mark)).collect::<Vec<_>>();
        kinds.join(" ").replace("checks.", "")
    }

    fn watch(&self) -> &Watch {
        self.state.watch(&check()).unwrap()
    }
}

fn plays(marks: &str, expected: &str, verdict: Verdict) {
    let mut story = Story::begin();
    assert_eq!(story.runs(marks), expected, "{marks}");
    assert_eq!(story.watch().verdict, verdict, "{marks}");
}

#[test]
fn only_transitions_become_events() {
    plays("", "", Verdict::Unknown);
    plays("....", "came_up", Verdict::Up);
    plays("..x..", "came_up faltered steadied", Verdict::Up);
    plays("..xxxx", "came_up faltered went_down", Verdict::Down);
    plays("..xx.x..", "came_up faltered went_down recovered", Verdict::Up);
    plays("..xx.x", "came_up faltered went_down", Verdict::Down);
    plays("xx..", "faltered went_down recovered", Verdict::Up);
    plays("x.", "faltered came_up", Verdict::Up);
    plays(".s.s.", "came_up", Verdict::Up);
    plays(".ssss", "came_up degraded", Verdict::Degraded);
    plays(".ss.s..", "came_up degraded restored", Verdict::Up);
    plays(".ssxs", "came_up degraded faltered steadied", Verdict::Degraded);
    plays(".ssxx", "came_up degraded faltered went_down", Verdict::Down);
    plays(".xxs.", "came_up faltered went_down recovered", Verdict::Up);
    plays(".xxsss", "came_up faltered went_down recovered degraded", Verdict::Degraded);
}

#[test]
fn an_outage_lasts_from_the_first_failing_run_to_the_first_good_one() {
    let mut story = Story::begin();
    story.runs("..xx..");
    let Event::WentDown { since, last_good, path, .. } = &story.events[3] else { panic!("{:?}", story.events) };
    assert_eq!((*since, *last_good), (at(90), Some(at(60))));
    assert_eq!(path.iter().map(EntityRef::short).collect::<Vec<_>>(), ["shop", "stock"]);
    let Event::Recovered { down_since, at: end, .. } = &story.events[4] else { panic!("{:?}", story.events) };
    assert_eq!((*down_since, *end), (at(90), at(150)));
    assert_eq!(story.events[4].subjects().len(), 3);
    assert!(story.watch().down_since.is_none() && story.watch().evidence.is_some());
}

#[test]
fn one_location_can_not_end_what_others_see() {
    let mut story = Story::begin();
    for location in ["here", "there", "elsewhere"] {
        story.give(Command::HearProbe { location: location.to_owned() });
    }
    story.runs(".xx");
    story.run("there", 'x');
    assert_eq!(story.run("there", 'x'), ["checks.went_down"]);
    for _ in 0..5 {
        assert!(story.run("elsewhere", '.').is_empty());
    }
    assert_eq!(story.watch().verdict, Verdict::Down);
    assert_eq!(story.runs(".."), "recovered");
    assert_eq!(story.run("elsewhere", 'x'), ["checks.faltered"]);
    assert!(story.run("here", '.').is_empty());
    assert_eq!(story.run("elsewhere", '.'), ["checks.steadied"]);
}

#[test]
fn silence_is_unknown_and_does_not_end_an_outage() {
    let mut story = Story::begin();
    assert!(silent(&story.state, |_| at(0), at(1000)).is_empty(), "unknown already");
    story.runs(".");
    assert!(silent(&story.state, |_| at(30), at(125)).is_empty());
    let commands = silent(&story.state, |_| at(30), at(126));
    assert_eq!(commands, [Command::MarkSilent { check: check(), last: Some(at(30)) }]);
    story.give(commands[0].clone());
    assert_eq!(story.watch().verdict, Verdict::Unknown);
    assert_eq!(story.runs(".xx"), "came_up faltered went_down");
    let down_since = story.watch().down_since;
    assert_eq!(story.give(Command::MarkSilent { check: check(), last: None }), ["checks.fell_silent"]);
    assert_eq!((story.watch().verdict, story.watch().down_since), (Verdict::Unknown, down_since));
    assert!(why(story.watch(), at(900)).contains("not known to be over"));
    assert_eq!(story.runs("xx"), "went_down");
    assert_eq!(story.watch().down_since, down_since, "the same outage");
    story.give(Command::MarkSilent { check: check(), last: None });
    assert_eq!(story.runs(".."), "recovered");
}

#[test]
fn a_paused_check_does_not_judge_and_a_report_from_the_past_changes_nothing() {
    let mut story = Story::begin();
    story.runs(".");
    assert_eq!(story.give(Command::Pause { check: check() }), ["checks.paused"]);
    assert!(story.give(Command::Pause { check: check() }).is_empty());
    assert_eq!(story.runs("xxxx"), "");
    assert!(story.state.definitions("here").is_empty());
    assert_eq!(story.give(Command::Resume { check: check() }), ["checks.resumed"]);
    let verdicts: Vec<Verdict> = story.watch().history.iter().map(|turn| turn.verdict).collect();
    assert_eq!(
        verdicts,
        [Verdict::Unknown, Verdict::Up, Verdict::Unknown, Verdict::Up],
        "what nobody judges is not known"
    );
    assert_eq!(story.runs(".xx"), "faltered went_down");
    let before = story.second;
    story.second = 0;
    assert_eq!(story.runs("...."), "");
    story.second = before;
    let gone: EntityRef = "check:gone".parse().unwrap();
    let late = Tally::default().count(&gone, "here", at(0), Outcome::Passed, 1);
    assert!(story.give(Command::Report { result: late }).is_empty());
}

#[test]
fn another_request_begins_unknown_and_another_interval_keeps_the_verdict() {
    let mut story = Story::begin();
    story.runs(".");
    let mut changed = definition();
    changed.interval_ms = 60_000;
    assert_eq!(story.give(Command::Define { definition: changed.clone() }), ["checks.defined"]);
    assert_eq!(story.watch().verdict, Verdict::Up);
    assert!(story.give(Command::Define { definition: changed.clone() }).is_empty());
    let CheckKind::Http(http) = &mut changed.kind else { panic!("{:?}", changed.kind) };
    http.url = "https://shop.invalid/other".to_owned();
    story.give(Command::Define { definition: changed });
    assert_eq!(story.watch().verdict, Verdict::Unknown);
}

#[test]
fn the_explanation_names_what_was_seen_and_what_would_change_it() {
    let mut story = Story::begin();
    let says = |story: &Story, words: &str| {
        let text = why(story.watch(), at(story.second));
        assert!(text.contains(words), "{text}");
    };
    says(&story, "Unknown: no result of GET https://shop.invalid/buy");
    story.runs(".");
    says(&story, "answered as expected at here");
    story.runs("x");
    says(&story, "2 failing runs in a row would make it down");
    story.runs("x");
    says(&story, "(answered 500). The last good run was at");
    says(&story, "2 good runs in a row will make it up again");
}

#[test]
fn evidence_is_cut_to_its_bounds() {
    let long = Evidence { body_excerpt: Some("é".repeat(5000)), ..evidence(&"e".repeat(5000)) }.bounded();
    assert_eq!((long.error.len(), long.body_excerpt.unwrap().len()), (2048, 2048));
}

#[test]
fn addresses_are_shown_without_credentials() {
    for (address, expected) in [
        ("https://jo:pw@shop.invalid/a?b=c#d", "https://shop.invalid/a?b=c"),
        ("https://shop.invalid/?api_key=1&q=fog", "https://shop.invalid/?api_key=hidden&q=fog"),
        ("https://shop.invalid/?access-token=1", "https://shop.invalid/?access-token=hidden"),
        ("mailto:jo@shop.invalid", "(not a web address)"),
        ("no address", "(not a web address)"),
    ] {
        assert_eq!(shown(address), expected);
    }
}

#[test]
fn a_check_is_read_with_its_defaults() {
    let spec = json!({"owner": "shop", "target": "component:other/shop", "http": {"url": "http://shop.invalid"}});
    let read = CheckDefinition::from_spec(check(), &spec).unwrap();
    assert_eq!(
        (read.interval_ms, read.timeout_ms, read.failures_to_down, read.successes_to_up),
        (60_000, 10_000, 2, 2)
    );
    let CheckKind::Http(http) = read.kind else { panic!("another kind") };
    assert_eq!(http.expect.status, [StatusRange::SUCCESS]);
}

fn rejects(change: Value, pointer: &str, words: &str, suggestion: Option<&str>) {
    let mut spec = json!({"target": "shop", "http": {"url": "http://shop.invalid"}});
    let both = spec.as_object_mut().unwrap();
    both.extend(change.as_object().unwrap().clone());
    let problems = CheckDefinition::from_spec(check(), &spec).unwrap_err();
    let found = problems.iter().find(|problem| problem.pointer == pointer);
    let problem = found.unwrap_or_else(|| panic!("{problems:?}"));
    assert!(problem.message.contains(words), "{problem:?}");
    assert_eq!(problem.suggestion.as_deref(), suggestion, "{problem:?}");
}

#[test]
fn what_is_wrong_in_a_check_is_named_with_its_place() {
    let http = |http: Value| {
        let mut whole = json!({"url": "http://shop.invalid"});
        whole.as_object_mut().unwrap().extend(http.as_object().unwrap().clone());
        json!({"http": whole})
    };
    rejects(json!({"target": null}), "/spec/target", "is missing", None);
    rejects(json!({"http": null}), "/spec/http", "is missing", None);
    rejects(json!({"intervall": "30s"}), "/spec/intervall", "is not known", Some("interval"));
    rejects(json!({"interval": "500ms"}), "/spec/interval", "from 1s to 24h", None);
    rejects(json!({"interval": "5s", "timeout": "6s"}), "/spec/timeout", "would overlap", None);
    rejects(json!({"severity": "hihg"}), "/spec/severity", "critical, high, low", Some("high"));
    rejects(json!({"failures_to_down": 0}), "/spec/failures_to_down", "from 1 to 100", None);
    rejects(http(json!({"url": "ftp://shop.invalid"})), "/spec/http/url", "only http and https", None);
    rejects(http(json!({"url": "http://jo:pw@shop.invalid"})), "/spec/http/url", "user or password", None);
    rejects(http(json!({"method": "get"})), "/spec/http/method", "GET, HEAD", Some("GET"));
    rejects(
        http(json!({"headers": {"Authorization": "Bearer x"}})),
        "/spec/http/headers/Authorization",
        "credential",
        Some("${secret.NAME}"),
    );
    rejects(http(json!({"headers": {"a b": "x"}})), "/spec/http/headers/a b", "not a header's name", None);
    rejects(http(json!({"expect": {"status": "2x"}})), "/spec/http/expect/status", "from 100 to 599", None);
    rejects(http(json!({"expect": {"status": [204, 999]}})), "/spec/http/expect/status", "from 100 to 599", None);
    rejects(
        http(json!({"expect": {"max_latency": 1}})),
        "/spec/http/expect/max_latency",
        "not known",
        Some("max_latency_ms"),
    );
}

#[test]
fn statuses_are_read_as_people_write_them() {
    for (status, shown) in [(json!(200), "200"), (json!("2xx"), "2xx"), (json!("200-204"), "200-204")] {
        let spec = json!({"target": "shop", "http": {"url": "http://shop.invalid", "expect": {"status": status}}});
        let CheckKind::Http(http) = CheckDefinition::from_spec(check(), &spec).unwrap().kind else {
            panic!("another kind")
        };
        assert_eq!(http.expect.status[0].to_string(), shown);
    }
}

#[test]
fn state_and_events_can_be_written_and_read() {
    let mut story = Story::begin();
    story.runs("..xx.sss.x");
    let bytes = rmp_serde::to_vec_named(&story.state).unwrap();
    let read: State = rmp_serde::from_slice(&bytes).unwrap();
    assert_eq!(read.watch(&check()), story.state.watch(&check()));
    for event in &story.events {
        let json = serde_json::to_string(event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), *event);
    }
    assert_eq!(definition().silent_after(), SignedDuration::from_secs(95).unsigned_abs());
}

#[test]
fn an_outage_outlasts_another_request_until_enough_runs_are_good() {
    let mut story = Story::begin();
    story.runs(".xx");
    let since = story.watch().down_since;
    assert!(since.is_some());
    let mut changed = definition();
    let CheckKind::Http(http) = &mut changed.kind else { panic!("{:?}", changed.kind) };
    http.url = "https://shop.invalid/other".to_owned();
    story.give(Command::Define { definition: changed });
    assert_eq!((story.watch().verdict, story.watch().down_since), (Verdict::Unknown, since));
    let events = story.runs("..");
    assert!(events.contains("recovered"), "{events}");
    assert_eq!((story.watch().verdict, story.watch().down_since), (Verdict::Up, None));
}
