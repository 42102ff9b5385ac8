//! Jobs that report, over virtual time: whatever goes wrong with a run is told once and ends with the next good one.

use serde_json::json;

use super::*;

fn job() -> EntityRef {
    "check:backup".parse().unwrap()
}

/// A job that is expected once an hour, with ten minutes of grace, and may take five minutes.
fn story() -> Story {
    let spec = json!({"target": "shop", "heartbeat": {"every": "1h", "grace": "10m", "max_run": "5m"}});
    let mut story = Story { state: State::default(), second: 0, events: Vec::new(), tallies: Default::default() };
    story.give(Command::Define { definition: CheckDefinition::from_spec(job(), &spec).unwrap() });
    story
}

impl Story {
    /// At this minute the job says something.
    fn says(&mut self, minute: i64, signal: Signal) -> Vec<&'static str> {
        self.second = minute * 60;
        self.give(Command::Beat { check: job(), signal })
    }

    /// What is due at this minute is done.
    fn passes(&mut self, minute: i64) -> Vec<&'static str> {
        self.second = minute * 60;
        due(&self.state, at(self.second)).into_iter().flat_map(|command| self.give(command)).collect()
    }

    fn error(&self) -> String {
        self.state.watch(&job()).unwrap().evidence.as_ref().unwrap().error.clone()
    }

    fn verdict(&self) -> Verdict {
        self.state.watch(&job()).unwrap().verdict
    }
}

#[test]
fn a_job_that_does_not_begin_in_time_is_down_since_it_was_expected() {
    let mut story = story();
    assert_eq!(story.says(0, Signal::Succeeded), ["checks.beat", "checks.came_up"]);
    assert_eq!(story.passes(70), [""; 0], "within its grace");
    assert_eq!(story.passes(71), ["checks.went_down"]);
    assert!(story.error().starts_with("no report, which was expected at "), "{}", story.error());
    assert_eq!(story.state.watch(&job()).unwrap().down_since, Some(at(60 * 60)));
    assert_eq!(story.passes(200), [""; 0], "it is told once");
    assert_eq!(story.says(201, Signal::Started), ["checks.beat"], "a begin is no success");
    assert_eq!(story.says(203, Signal::Succeeded), ["checks.beat", "checks.recovered"]);
}

#[test]
fn a_job_that_began_and_does_not_end_in_time_is_down_until_it_does() {
    let mut story = story();
    story.says(0, Signal::Succeeded);
    story.says(60, Signal::Started);
    assert_eq!(story.passes(65), [""; 0]);
    assert_eq!(story.passes(66), ["checks.went_down"]);
    assert!(story.error().contains("has not reported its end; 300 s are allowed"), "{}", story.error());
    assert_eq!((story.says(70, Signal::Succeeded).len(), story.verdict()), (2, Verdict::Up));
    assert_eq!(story.passes(119), [""; 0], "the next is expected an hour after the end");
}

#[test]
fn a_job_that_ends_with_another_code_than_0_is_down_at_once_with_the_end_of_its_output() {
    let mut story = story();
    story.says(0, Signal::Started);
    let output = format!("{}disk full", "é".repeat(4_000));
    assert_eq!(story.says(1, Signal::Failed { exit: Some(28), output }), ["checks.beat", "checks.went_down"]);
    assert_eq!(story.error(), "the job failed with exit code 28");
    let excerpt = story.state.watch(&job()).unwrap().evidence.clone().unwrap().body_excerpt.unwrap();
    assert!(excerpt.len() <= 2_048 && excerpt.ends_with("disk full"));
    assert_eq!(story.passes(59), [""; 0]);
}

#[test]
fn a_renewed_address_stays_renewed_when_its_check_goes_and_comes_back() {
    let mut story = story();
    assert_eq!(story.state.beat_address(&job()), None);
    assert_eq!(story.give(Command::RenewBeatAddress { check: job() }), ["checks.beat_address_renewed"]);
    let renewed = story.state.beat_address(&job());
    assert!(renewed.is_some());
    let before = (*story.state.watch(&job()).unwrap().definition).clone();
    story.give(Command::Remove { check: job() });
    story.give(Command::Define { definition: before });
    assert_eq!(story.state.beat_address(&job()), renewed, "an old address must not come back");
    story.give(Command::Define { definition: definition() });
    let context = Context::new(at(0), Actor::mainstay("test"), IdSeed(1));
    let refused = decide(&story.state, Command::RenewBeatAddress { check: check() }, &context).unwrap_err();
    assert_eq!(refused.code.name, "invalid", "probes run it");
}
