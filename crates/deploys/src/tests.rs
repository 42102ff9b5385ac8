mod counting;
mod golden;

use std::cell::RefCell;

use jiff::Timestamp;
use kernel::{Actor, Code, Context, EntityRef, EventId, IdSeed, Refusal, Stamp, codes};

use crate::{Command, Event, Outcome, Settings, State, Told, Undoing, decide, due, undo};

const HOOK: Option<&str> = Some("http://deploy.invalid/");

/// A timeline of one area, with a clock that the test moves.
#[derive(Default)]
struct Log {
    state: State,
    events: Vec<(Event, Stamp)>,
    second: RefCell<i64>,
}

impl Log {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + *self.second.borrow()).unwrap()
    }

    fn wait(&self, seconds: i64) {
        *self.second.borrow_mut() += seconds;
    }

    fn give(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let seed = IdSeed(
            u128::try_from(self.events.len()).unwrap() << 64 | u128::from(self.now().as_second().unsigned_abs()),
        );
        let context = Context::new(self.now(), Actor::Person("jo".to_owned()), seed);
        let events = decide(&self.state, command, &context)?;
        for event in &events {
            let stamp = Stamp {
                position: u64::try_from(self.events.len()).unwrap() + 1,
                event: context.id(),
                command: context.command,
                at: context.now,
                actor: context.actor.clone(),
                reason: None,
            };
            self.state.fold(event, &stamp);
            self.events.push((event.clone(), stamp));
        }
        Ok(events)
    }

    fn deploy(&mut self, version: &str, outcome: Outcome) -> usize {
        self.wait(120);
        self.give(deployment(version, outcome)).unwrap().len()
    }

    fn configure(&mut self, settings: &[(&str, &str)]) -> Result<Vec<Event>, Refusal> {
        self.wait(120);
        self.give(Command::RecordConfig {
            component: cart(),
            environment: "production".to_owned(),
            settings: map(settings),
            finished: None,
        })
    }

    fn last(&self) -> EventId {
        self.events.last().unwrap().1.event
    }

    /// Asks for the undoing of the event that is so many before the last.
    fn undo(&mut self, back: usize, hook: Option<&str>) -> Result<Vec<Event>, Refusal> {
        let (event, stamp) = self.events[self.events.len() - 1 - back].clone();
        let command = undo(&self.state, &event, &stamp, hook)?;
        self.give(command)
    }

    fn live(&self) -> &str {
        self.state.live(&cart(), "production").map_or("nothing", |live| &live.version)
    }

    fn last_good(&self) -> Option<&str> {
        self.state.last_good(&cart(), "production")
    }
}

fn cart() -> EntityRef {
    "component:cart".parse().unwrap()
}

fn map(settings: &[(&str, &str)]) -> Settings {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn deployment(version: &str, outcome: Outcome) -> Command {
    Command::RecordDeployment {
        component: cart(),
        environment: "production".to_owned(),
        version: version.to_owned(),
        outcome,
        url: Some("https://ci.invalid/1".to_owned()),
        commit: None,
        rollback_of: None,
        finished: None,
        told: Told::default(),
    }
}

fn refused(result: Result<Vec<Event>, Refusal>, code: &'static Code, words: &str) {
    let refusal = result.unwrap_err();
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(refusal.to_string().contains(words), "{refusal}");
}

use Outcome::{Failed, Succeeded};

#[test]
fn a_failed_deployment_leaves_what_was_live() {
    let mut log = Log::default();
    log.deploy("v1", Succeeded);
    log.deploy("v2", Failed);
    assert_eq!(log.live(), "v1");
    log.deploy("v3", Succeeded);
    assert_eq!((log.live(), log.last_good()), ("v3", Some("v1")));
    let Event::DeploymentFinished { previous, .. } = &log.events[2].0 else { panic!() };
    assert_eq!(previous.as_deref(), Some("v1"));
}

#[test]
fn the_same_deployment_reported_twice_within_a_minute_is_one() {
    let mut log = Log::default();
    assert_eq!(log.deploy("v1", Succeeded), 1);
    assert_eq!(log.give(deployment("v1", Succeeded)).unwrap().len(), 0);
    log.wait(59);
    assert_eq!(log.give(deployment("v1", Succeeded)).unwrap().len(), 0);
    assert_eq!(log.give(deployment("v1", Failed)).unwrap().len(), 1);
    log.wait(61);
    assert_eq!(log.give(deployment("v1", Failed)).unwrap().len(), 1);
}

#[test]
fn a_version_that_is_deployed_again_is_live_since_the_first_time() {
    let mut log = Log::default();
    log.deploy("v1", Succeeded);
    let since = log.now();
    log.deploy("v1", Succeeded);
    assert_eq!(log.state.live(&cart(), "production").unwrap().since, since);
    refused(log.undo(0, HOOK), &codes::IRREVERSIBLE, "v1 was live before");
}

#[test]
fn a_rollback_is_done_when_the_earlier_version_is_recorded() {
    let mut log = Log::default();
    log.deploy("v1", Succeeded);
    log.deploy("v2", Succeeded);
    log.deploy("v3", Succeeded);
    let bad = log.last();
    let asked = log.undo(0, HOOK).unwrap();
    let Event::RollbackRequested { to_version, effect, .. } = &asked[0] else { panic!("{asked:?}") };
    assert_eq!((to_version.as_str(), log.live()), ("v2", "v3"));
    assert_eq!(log.give(Command::ReportUndo { effect: *effect, error: None }).unwrap().len(), 1);
    assert_eq!(log.give(Command::ReportUndo { effect: *effect, error: None }).unwrap().len(), 0, "reported twice");
    log.deploy("v2", Succeeded);
    let Event::DeploymentFinished { rollback_of, .. } = &log.events.last().unwrap().0 else { panic!() };
    assert_eq!(*rollback_of, Some(bad));
    assert_eq!((log.live(), log.last_good()), ("v2", Some("v1")), "v3 was rolled back from");
    assert_eq!(log.state.pending().count(), 0);
    let undone = log.state.history(&cart(), "production").find(|change| change.event == bad).unwrap().undoing;
    assert_eq!(undone, Undoing::Done(log.last()));
    assert!(log.events.last().unwrap().0.summary().contains("rolled cart in production back to v2"));
}

#[test]
fn undo_is_refused_with_the_reason() {
    let mut log = Log::default();
    log.deploy("v1", Succeeded);
    refused(log.undo(0, HOOK), &codes::IRREVERSIBLE, "no version of cart in production before v1 is known");
    log.deploy("v2", Succeeded);
    refused(log.undo(0, None), &codes::IRREVERSIBLE, "deploy cart v1 to production by hand");
    log.deploy("v3", Failed);
    refused(log.undo(0, HOOK), &codes::CONFLICT, "v3 never went live");
    log.deploy("v4", Succeeded);
    refused(log.undo(2, HOOK), &codes::MOVED_ON, "v4 was deployed to cart in production since");
    log.undo(0, HOOK).unwrap();
    refused(log.undo(0, HOOK), &codes::IRREVERSIBLE, "a request to go back");
    refused(log.undo(1, HOOK), &codes::CONFLICT, "under way");
    log.deploy("v2", Succeeded);
    refused(log.undo(2, HOOK), &codes::CONFLICT, "taken back already");
}

#[test]
fn a_later_failure_does_not_stand_in_the_way_of_undo() {
    let mut log = Log::default();
    log.deploy("v1", Succeeded);
    log.deploy("v2", Succeeded);
    log.deploy("v3", Failed);
    log.configure(&[("SIZE", "1")]).unwrap();
    assert_eq!(log.undo(2, HOOK).unwrap()[0].kind(), "deploys.rollback_requested");
}

#[test]
fn a_request_that_fails_or_comes_to_nothing_can_be_made_again() {
    let mut log = Log::default();
    log.deploy("v1", Succeeded);
    log.deploy("v2", Succeeded);
    let asked = log.undo(0, HOOK).unwrap();
    let Event::RollbackRequested { effect, .. } = asked[0] else { panic!() };
    let error = Some("the hook answered 500".to_owned());
    assert_eq!(log.give(Command::ReportUndo { effect, error }).unwrap()[0].kind(), "deploys.undo_failed");
    log.undo(2, HOOK).unwrap();
    log.wait(14 * 60);
    assert!(due(&log.state, log.now()).is_empty());
    log.wait(60);
    let late = due(&log.state, log.now());
    assert_eq!(late.len(), 1);
    let failed = log.give(late[0].clone()).unwrap();
    assert!(failed[0].summary().contains("no deployment of v1 was recorded within 15 minutes"));
    assert!(due(&log.state, log.now()).is_empty());
    assert!(log.undo(4, HOOK).is_ok());
}

#[test]
fn a_configuration_is_compared_and_restored() {
    let mut log = Log::default();
    log.configure(&[("SIZE", "1"), ("COLOUR", "red")]).unwrap();
    assert!(log.configure(&[("SIZE", "1"), ("COLOUR", "red")]).unwrap().is_empty(), "nothing changed");
    let changed = log.configure(&[("SIZE", "2"), ("SHAPE", "round")]).unwrap();
    assert_eq!(changed[0].summary(), "changed the configuration of cart in production: COLOUR, SHAPE, SIZE");
    refused(
        log.undo(0, None),
        &codes::IRREVERSIBLE,
        "set COLOUR=red, SHAPE removed, SIZE=1 for cart in production by hand",
    );
    let asked = log.undo(0, HOOK).unwrap();
    let Event::ConfigRestoreRequested { to, .. } = &asked[0] else { panic!("{asked:?}") };
    assert_eq!(*to, map(&[("COLOUR", "red"), ("SIZE", "1")]));
    let restored = log.configure(&[("COLOUR", "red"), ("SIZE", "1")]).unwrap();
    assert!(matches!(restored[0], Event::ConfigApplied { restore_of: Some(_), .. }));
    assert_eq!(log.state.pending().count(), 0);
}

#[test]
fn secrets_and_fields_out_of_bounds_are_refused() {
    let mut log = Log::default();
    refused(log.configure(&[("DB_PASSWORD", "hunter2")]), &codes::INVALID, "/settings/DB_PASSWORD");
    refused(log.configure(&[("DB", "postgres://jo:hunter2@db/cart")]), &codes::INVALID, "looks like a secret");
    log.configure(&[("DB_PASSWORD", "ref:db"), ("API-TOKEN", "sha256:00"), ("DB", "postgres://jo@db/cart")]).unwrap();
    refused(log.give(deployment("", Succeeded)), &codes::INVALID, "/version");
    refused(log.give(deployment(&"v".repeat(129), Succeeded)), &codes::INVALID, "at most 128");
    refused(log.give(deployment("v\n1", Succeeded)), &codes::INVALID, "control character");
    for (component, environment, url, field) in [
        ("resource:db", "production", None, "/component"),
        ("component:cart", " ", None, "/environment"),
        ("component:cart", "production", Some("javascript:alert(1)"), "/url"),
    ] {
        let command = Command::RecordDeployment {
            component: component.parse().unwrap(),
            environment: environment.to_owned(),
            version: "v1".to_owned(),
            outcome: Succeeded,
            url: url.map(str::to_owned),
            commit: None,
            rollback_of: None,
            finished: None,
            told: Told::default(),
        };
        refused(log.give(command), &codes::INVALID, field);
    }
}

#[test]
fn history_is_bounded_and_the_state_can_be_written_and_read() {
    let mut log = Log::default();
    for version in 0..150 {
        log.deploy(&format!("v{version}"), Succeeded);
    }
    log.configure(&[("SIZE", "1")]).unwrap();
    log.undo(1, HOOK).unwrap();
    assert_eq!(log.state.history(&cart(), "production").count(), 100);
    assert_eq!(log.state.environments(&cart()).collect::<Vec<_>>(), ["production"]);
    let bytes = rmp_serde::to_vec_named(&log.state).unwrap();
    let read: State = rmp_serde::from_slice(&bytes).unwrap();
    assert_eq!(rmp_serde::to_vec_named(&read).unwrap(), bytes);
    assert_eq!(read.pending().count(), 1);
    for (event, _) in &log.events {
        let json = serde_json::to_string(event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), *event);
    }
}
