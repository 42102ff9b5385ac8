//! Several locations, and what they say together.

use kernel::EventId;

use super::*;
use crate::{Agreement, Maintenance, why_paged};

const LOCATIONS: [&str; 6] = ["ams", "bos", "cpt", "del", "ewr", "fra"];

/// Six probes have joined, and each has seen the check once.
fn six() -> Story {
    let mut story = Story::begin();
    for location in LOCATIONS {
        story.give(Command::HearProbe { location: location.to_owned() });
        story.run(location, '.');
    }
    assert_eq!(story.watch().verdict, Verdict::Up);
    story
}

fn story_of(marks: &[(&str, &str)]) -> String {
    let mut story = six();
    let mut kinds = Vec::new();
    for (location, marks) in marks {
        kinds.extend(marks.chars().flat_map(|mark| story.run(location, mark)).collect::<Vec<_>>());
    }
    format!("{}; {}", kinds.join(" ").replace("checks.", ""), story.watch().verdict.as_str())
}

#[test]
fn one_bad_location_of_six_brings_nobody_down() {
    assert_eq!(story_of(&[("ams", "xxxxxx"), ("bos", "...")]), "faltered location_failed; up");
    assert_eq!(story_of(&[("ams", "xxx.."), ("bos", "...")]), "faltered location_failed location_recovered; up");
    assert_eq!(story_of(&[("ams", "ssss"), ("bos", "...")]), "location_slowed; up");
}

#[test]
fn two_that_agree_do_and_the_outage_began_where_it_was_first_seen() {
    let mut story = six();
    story.run("bos", 'x');
    let first = story.second;
    for mark in "xx".chars() {
        story.run("bos", mark);
    }
    assert_eq!(story.run("ewr", 'x'), ["checks.faltered"]);
    assert_eq!(story.run("ewr", 'x'), ["checks.went_down"]);
    let Some(Event::WentDown { location, agreeing, since, .. }) = story.events.last() else { panic!() };
    assert_eq!((location.as_str(), agreeing.as_slice(), *since), ("ewr", ["bos".to_owned()].as_slice(), at(first)));
    assert_eq!(story.run("fra", 'x').len() + story.run("fra", 'x').len(), 1, "who joins is told of");
    for location in ["ams", "cpt", "del"] {
        assert!(story.run(location, '.').is_empty() && story.run(location, '.').is_empty(), "{location} can't end it");
    }
    story.run("bos", '.');
    assert_eq!(story.run("bos", '.'), ["checks.location_recovered"]);
    story.run("fra", '.');
    assert_eq!(story.run("fra", '.'), ["checks.recovered"], "one location alone is left");
    assert_eq!(story.watch().verdict, Verdict::Up);
    assert!(why(story.watch(), at(story.second)).contains("fails at ewr"));
    let paged = why_paged(&story.state, story.watch(), at(story.second));
    assert!(paged.contains("1 of 6 reporting locations see it down, and 2 must agree"), "{paged}");
}

#[test]
fn slow_at_two_locations_is_degraded() {
    assert_eq!(story_of(&[("ams", "ss"), ("bos", "ss")]), "location_slowed degraded; degraded");
    assert_eq!(story_of(&[("ams", "ss"), ("bos", "ss"), ("ams", "..")]), "location_slowed degraded restored; up");
    assert_eq!(story_of(&[("ams", "ss"), ("bos", "xx")]), "location_slowed faltered location_failed; up");
}

#[test]
fn a_location_that_can_not_run_it_is_unknown_and_hides_no_outage_that_the_others_see() {
    let mut story = six();
    story.run("ams", 'x');
    assert_eq!(story.run("ams", '?'), ["checks.location_unable"], "and what it saw before is forgotten");
    assert!(story.run("ams", '?').is_empty(), "once");
    assert!(story.watch().falters.is_empty());
    let said = why(story.watch(), at(story.second));
    assert!(said.contains("At ams it can't be run: its system grants no socket."), "{said}");
    let paged = why_paged(&story.state, story.watch(), at(story.second));
    assert!(paged.contains("1 location is silent or can't run it"), "{paged}");
    for location in ["bos", "cpt", "del", "ewr"] {
        assert_eq!(story.run(location, '?'), ["checks.location_unable"]);
    }
    // One reports, and two must agree: that isn't known to be up.
    assert_eq!(due(&story.state, at(story.second)).len(), 1);
    for command in due(&story.state, at(story.second)) {
        assert_eq!(story.give(command), ["checks.fell_silent"]);
    }
    assert!(story.run("fra", '.').is_empty());
    assert_eq!(story.run("bos", '.'), ["checks.location_able", "checks.came_up"]);
    assert_eq!(story.run("cpt", 'x'), ["checks.location_able", "checks.faltered"]);
}

#[test]
fn where_no_location_can_run_it_it_is_never_up_or_down() {
    let mut story = Story::begin();
    story.give(Command::HearProbe { location: "ams".to_owned() });
    for _ in 0..5 {
        story.run("ams", '?');
    }
    assert_eq!(story.watch().verdict, Verdict::Unknown);
    let said = why(story.watch(), at(story.second));
    assert!(said.starts_with("Unknown") && said.contains("can't be run"), "{said}");
    story.run("ams", 'x');
    assert_eq!(story.run("ams", 'x'), ["checks.went_down"]);
    story.run("ams", '?');
    assert_eq!(story.watch().verdict, Verdict::Down, "until silence is due");
    for command in due(&story.state, at(story.second)) {
        story.give(command);
    }
    assert_eq!(story.watch().verdict, Verdict::Unknown);
    assert!(story.watch().down_since.is_some(), "an outage is not over because nobody looks any more");
}

#[test]
fn a_silent_probe_is_unknown_and_takes_its_word_with_it() {
    let mut story = six();
    for mark in "xx".chars() {
        story.run("ams", mark);
    }
    let last = at(story.second);
    let silent = |location: &str| Command::MarkProbeSilent { location: location.to_owned(), last };
    assert_eq!(story.give(silent("ams")), ["checks.probe_fell_silent"]);
    assert!(story.give(silent("ams")).is_empty(), "once");
    assert!(story.watch().failing.is_empty());
    for location in ["bos", "cpt", "del"] {
        story.give(silent(location));
    }
    assert!(due(&story.state, last).is_empty(), "two still agree");
    story.give(silent("ewr"));
    let commands = due(&story.state, last);
    assert_eq!(commands, [Command::MarkSilent { check: check(), last: None }]);
    story.give(commands[0].clone());
    assert_eq!(story.watch().verdict, Verdict::Unknown);
    for mark in "xxxx".chars() {
        story.run("fra", mark);
    }
    assert_eq!(story.watch().verdict, Verdict::Unknown, "one alone brings no verdict");
    story.give(Command::HearProbe { location: "ams".to_owned() });
    story.run("ams", 'x');
    story.run("ams", 'x');
    assert_eq!(story.watch().verdict, Verdict::Down);
}

#[test]
fn an_outage_ends_when_a_broken_location_falls_silent_and_the_others_work() {
    let mut story = six();
    for location in ["ams", "bos"] {
        story.run(location, 'x');
        story.run(location, 'x');
    }
    assert_eq!(story.watch().verdict, Verdict::Down);
    let last = at(story.second);
    story.give(Command::MarkProbeSilent { location: "bos".to_owned(), last });
    assert_eq!(story.watch().verdict, Verdict::Down);
    assert!(story.run("cpt", '.').contains(&"checks.recovered"));
    let Some(Event::Recovered { at: end, .. }) = story.events.last() else { panic!() };
    assert_eq!(*end, at(story.second), "not when the good location's streak began");
}

#[test]
fn a_check_that_flaps_must_be_good_for_longer() {
    let mut story = Story::begin();
    story.runs(".");
    for _ in 0..2 {
        story.runs("xx..");
        assert_eq!(story.watch().verdict, Verdict::Up);
    }
    story.runs("xx..");
    assert_eq!(story.watch().verdict, Verdict::Down, "the third time it has to show more");
    assert!(story.watch().is_flapping(at(story.second)));
    assert!(why(story.watch(), at(story.second)).contains("again and again"));
    story.runs("..");
    assert_eq!(story.watch().verdict, Verdict::Up);
    story.second += 3_700;
    story.runs("xx..");
    assert_eq!(story.watch().verdict, Verdict::Up, "an hour later it is like any other");
}

#[test]
fn a_maintenance_pages_nobody_and_what_is_still_broken_after_it_counts_from_its_end() {
    let mut story = six();
    let from = at(story.second);
    let to = at(story.second + 600);
    let of = check();
    story.give(Command::SetMaintenance { of, from, to });
    for location in LOCATIONS {
        for mark in "xxx".chars() {
            assert!(story.run(location, mark).is_empty());
        }
    }
    story.second += 100;
    assert_eq!(story.run("ams", 'x'), ["checks.location_failed"]);
    assert_eq!(story.run("bos", 'x'), ["checks.went_down"]);
    let Some(Event::WentDown { since, .. }) = story.events.last() else { panic!() };
    assert_eq!(*since, to);
}

#[test]
fn a_maintenance_ends_early_when_somebody_ends_it() {
    let mut story = six();
    let (from, to) = (at(story.second), at(story.second + 6_000));
    story.give(Command::SetMaintenance { of: "component:default/shop".parse().unwrap(), from, to });
    assert!(story.run("ams", 'x').is_empty());
    let id: EventId = story.state.maintenances().next().unwrap().id;
    assert_eq!(story.give(Command::EndMaintenance { id }), ["checks.maintenance_ended"]);
    assert!(story.give(Command::EndMaintenance { id }).is_empty());
    assert_eq!(story.run("ams", 'x'), ["checks.location_failed"]);
}

#[test]
fn declared_windows_hold_like_those_set_by_hand() {
    let mut story = Story::begin();
    let mut definition = definition();
    let zone = "UTC".to_owned();
    definition.maintenance =
        vec![Maintenance { days: vec![], from: "00:00".parse().unwrap(), duration_ms: 86_400_000, time_zone: zone }];
    story.give(Command::Define { definition });
    assert_eq!(story.runs("xxxx..xx"), "came_up");
}

#[test]
fn only_the_locations_that_run_a_check_count() {
    let mut story = Story::begin();
    let mut definition = definition();
    definition.locations = vec!["ams".to_owned()];
    definition.agreement = Agreement::Two;
    story.give(Command::Define { definition });
    for location in LOCATIONS {
        story.give(Command::HearProbe { location: location.to_owned() });
    }
    story.run("ams", 'x');
    assert_eq!(story.run("ams", 'x'), ["checks.went_down"], "the only one that runs it");
    assert!(story.state.definitions("bos").is_empty());
    assert_eq!(story.state.definitions("ams").len(), 1);
}

#[test]
fn a_job_is_down_when_it_says_so_or_says_nothing() {
    let mut story = Story::begin();
    let job: EntityRef = "check:backup".parse().unwrap();
    let expected = crate::Expected::Every(3_600_000);
    let heartbeat = crate::HeartbeatCheck { expected, grace_ms: 600_000, max_run_ms: None };
    let definition = CheckDefinition { check: job.clone(), kind: CheckKind::Heartbeat(heartbeat), ..definition() };
    story.give(Command::Define { definition });
    let beat = |signal| Command::Beat { check: job.clone(), signal };
    assert_eq!(story.give(beat(Signal::Started)), ["checks.beat"]);
    assert_eq!(story.give(beat(Signal::Succeeded)), ["checks.beat", "checks.came_up"]);
    story.second += 4_000;
    assert!(due(&story.state, at(story.second)).is_empty());
    story.second += 300;
    let commands = due(&story.state, at(story.second));
    assert_eq!(commands, [Command::MarkOverdue { check: job.clone() }]);
    assert_eq!(story.give(commands[0].clone()), ["checks.went_down"]);
    assert!(due(&story.state, at(story.second)).is_empty(), "once");
    assert_eq!(story.give(beat(Signal::Succeeded)), ["checks.beat", "checks.recovered"]);
    let failed = Signal::Failed { exit: Some(3), output: format!("{}the end", "x".repeat(5_000)) };
    assert_eq!(story.give(beat(failed)), ["checks.beat", "checks.went_down"]);
    let evidence = story.state.watch(&job).unwrap().evidence.clone().unwrap();
    assert!(evidence.error.contains("exit code 3"));
    assert!(evidence.body_excerpt.unwrap().ends_with("the end"));
    let context = Context::new(at(0), Actor::mainstay("test"), IdSeed(1));
    let refused = decide(&story.state, Command::Beat { check: check(), signal: Signal::Started }, &context);
    assert_eq!(refused.unwrap_err().code.name, "invalid");
}

#[test]
fn what_a_probe_kept_while_the_server_was_away_pages_nobody_afterwards() {
    let mut story = six();
    let kept = |second: i64, tally: &mut Tally| {
        tally.count(&check(), "ams", at(second), Outcome::Failed { evidence: evidence("cut off") }, 1)
    };
    let mut tally = Tally::default();
    let (first, second) = (kept(story.second, &mut tally), kept(story.second + 30, &mut tally));
    story.second += 3_600;
    assert!(story.give(Command::Report { result: first }).is_empty());
    assert!(story.give(Command::Report { result: second }).is_empty());
    let fresh = kept(story.second, &mut tally);
    assert_eq!(story.give(Command::Report { result: fresh }), ["checks.location_failed"], "but what is seen now does");
}
