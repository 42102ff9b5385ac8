use catalog::{Apply, Bundle, BundleFile};
use checks::{Outcome, RunResult, Streak};
use kernel::{Actor, Context, EntityRef, EventId, IdSeed, Refusal, Stamp, Timestamp, codes};

use crate::{Command, Event, Recorded, Undo, UndoState, World, culprits, decide, due, effects, plan_undo, react};

mod actions;
mod gates;
mod golden;
mod journal;
mod measures;
mod paging;
mod postmortems;
mod ramps;
mod slos;
mod statuspage;

const START_S: i64 = 1_700_000_000;

const FILES: &str = "
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: shop}
spec: {type: service, lifecycle: production, owner: group:web, dependsOn: [component:pay]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: pay
  annotations: {mainstay.dev/deploy-hook: 'http://deployer.invalid/deploy'}
spec: {type: service, lifecycle: production, owner: group:money}
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: buy}
spec: {owner: group:web, target: component:shop, path: [component:pay], interval: 5s, http: {url: 'http://shop.invalid/'}}
---
apiVersion: mainstay.dev/v1alpha1
kind: Flag
metadata: {name: new-buy}
spec: {owner: group:web, usedBy: [shop], environments: {production: {enabled: false}}}
";

/// The World and its timeline, without a store.
struct Town {
    world: World,
    log: Vec<Recorded>,
    second: i64,
    /// Who gives commands.
    actor: Actor,
}

impl Town {
    fn new() -> Self {
        let actor = Actor::Person("jo".to_owned());
        let mut town = Self { world: World::default(), log: Vec::new(), second: START_S, actor };
        town.apply(FILES);
        town
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.second).unwrap()
    }

    fn pass(&mut self, seconds: i64) {
        self.second += seconds;
    }

    fn apply(&mut self, files: &str) {
        let file = BundleFile { path: "catalog-info.yaml".to_owned(), bytes: files.as_bytes().into() };
        let bundle = Bundle { source: "town".to_owned(), files: vec![file], problems: vec![] };
        let reading = crate::read_bundle(&bundle);
        assert!(reading.problems.is_empty(), "{:?}", reading.problems);
        self.give(Command::Catalog(catalog::Command::Apply(Apply { reading, partial: false }))).unwrap();
    }

    fn give(&mut self, command: Command) -> Result<Vec<Recorded>, Refusal> {
        self.pass(1);
        let seed = |town: &Self, salt: usize| IdSeed((town.log.len() * 1_000 + salt) as u128);
        let context = Context::new(self.now(), self.actor.clone(), seed(self, 0));
        let mut waiting = std::collections::VecDeque::from([(command, context)]);
        let first = self.log.len();
        let mut salt = 0;
        while let Some((command, context)) = waiting.pop_front() {
            for event in decide(&self.world, command, &context)? {
                let recorded = self.record(event, &context);
                for reaction in react(&self.world, &recorded, &context) {
                    salt += 1;
                    let actor = reaction.part.map_or(context.actor.clone(), Actor::mainstay);
                    let next = Context::new(context.now, actor, seed(self, salt)).of_command(context.command);
                    waiting.push_back((reaction.command, next));
                }
            }
        }
        Ok(self.log[first..].to_vec())
    }

    fn record(&mut self, event: Event, context: &Context) -> Recorded {
        let stamp = Stamp {
            position: self.world.position + 1,
            event: context.id::<EventId>(),
            command: context.command,
            at: context.now,
            actor: context.actor.clone(),
            reason: None,
        };
        let recorded = Recorded { stamp, event: event.into() };
        self.world.fold(&recorded);
        self.log.push(recorded.clone());
        recorded
    }

    fn turn(&mut self, on: bool) -> EventId {
        let flag = "flag:new-buy".parse().unwrap();
        let command = flags::Command::Turn { flag, environment: "production".to_owned(), on };
        self.give(Command::Flags(command)).unwrap()[0].stamp.event
    }

    fn deploy(&mut self, component: &str, version: &str) -> EventId {
        self.record_deployment(component, version, deploys::Outcome::Succeeded)[0].stamp.event
    }

    fn record_deployment(&mut self, component: &str, version: &str, outcome: deploys::Outcome) -> Vec<Recorded> {
        let command = deploys::Command::RecordDeployment {
            component: component.parse().unwrap(),
            environment: "production".to_owned(),
            version: version.to_owned(),
            outcome,
            url: None,
            commit: None,
            rollback_of: None,
            finished: None,
            told: deploys::Told::default(),
        };
        self.give(Command::Deploys(command)).unwrap()
    }

    fn report(&mut self, error: Option<&str>, runs: u32) -> Vec<Recorded> {
        self.pass(1);
        let at = self.now();
        let outcome = match error {
            None => Outcome::Passed,
            Some(error) => {
                let url = "http://shop.invalid/".to_owned();
                let evidence = checks::Evidence { url, latency_ms: 9, ..checks::Evidence::of(error) };
                Outcome::Failed { evidence }
            }
        };
        let streak = Streak { runs, since: at };
        let check = "check:buy".parse().unwrap();
        let result = RunResult {
            check,
            location: "home".to_owned(),
            at,
            outcome,
            latency_ms: 9,
            streak,
            pace: streak,
            last_good: None,
            hops: Vec::new(),
            asked: None,
        };
        self.give(Command::Checks(checks::Command::Report { result })).unwrap()
    }

    fn report_slow(&mut self, runs: u32) -> Vec<Recorded> {
        self.pass(1);
        let at = self.now();
        let (error, url) = ("took 9 s".to_owned(), "http://shop.invalid/".to_owned());
        let evidence = checks::Evidence { url, latency_ms: 9_000, ..checks::Evidence::of(error) };
        let result = RunResult {
            check: "check:buy".parse().unwrap(),
            location: "home".to_owned(),
            at,
            outcome: Outcome::Slow { evidence },
            latency_ms: 9_000,
            streak: Streak { runs, since: at },
            pace: Streak { runs, since: at },
            last_good: None,
            hops: Vec::new(),
            asked: None,
        };
        self.give(Command::Checks(checks::Command::Report { result })).unwrap()
    }

    /// Does what is due; the kinds of what happened.
    fn wait(&mut self, seconds: i64) -> Vec<&'static str> {
        self.pass(seconds);
        let commands = due(&self.world, self.now());
        commands.into_iter().flat_map(|(command, _)| kinds(&self.give(command).unwrap())).collect()
    }

    fn undo(&mut self, event: EventId) -> Result<Vec<Recorded>, &'static str> {
        self.give(Command::Undo(Undo { event })).map_err(|refusal| refusal.code.name)
    }

    fn undo_state(&self, event: EventId) -> UndoState {
        self.world.journal.get(event).unwrap().undo
    }
}

/// The sorts of events, but for pages, which have tests of their own.
fn kinds(recorded: &[Recorded]) -> Vec<&'static str> {
    all_kinds(recorded).into_iter().filter(|kind| !kind.starts_with("paging.")).collect()
}

fn all_kinds(recorded: &[Recorded]) -> Vec<&'static str> {
    recorded.iter().map(|recorded| recorded.event.kind()).collect()
}

#[test]
fn what_is_declared_in_a_file_is_defined_in_its_area_and_goes_with_it() {
    let mut town = Town::new();
    let (check, flag): (EntityRef, EntityRef) = ("check:buy".parse().unwrap(), "flag:new-buy".parse().unwrap());
    assert!(town.world.checks.watch(&check).is_some() && town.world.flags.flag(&flag).is_some());
    let rest: Vec<&str> = FILES.split("---").take(2).collect();
    town.apply(&rest.join("---"));
    assert!(town.world.checks.watch(&check).is_none() && town.world.flags.flag(&flag).is_none());
}

#[test]
fn a_check_that_goes_down_opens_an_incident_in_the_same_command_and_its_recovery_ends_it() {
    let mut town = Town::new();
    town.report(None, 1);
    assert_eq!(kinds(&town.report(Some("502"), 1)), ["checks.faltered"]);
    assert_eq!(kinds(&town.report(Some("502"), 2)), ["checks.went_down", "incidents.opened"]);
    assert_eq!(town.world.incidents.open().count(), 1);
    assert_eq!(kinds(&town.report(None, 2)), ["checks.recovered", "incidents.recovered", "incidents.resolved"]);
    assert_eq!(town.world.incidents.open().count(), 0);
}

#[test]
fn the_flag_that_was_turned_before_the_failure_is_the_first_suspect() {
    let mut town = Town::new();
    town.deploy("component:pay", "1");
    town.deploy("component:pay", "2");
    town.pass(7_200);
    let guilty = town.turn(true);
    town.report(Some("new-buy is not ready"), 1);
    town.report(Some("new-buy is not ready"), 2);
    let incident = town.world.incidents.open().next().unwrap();
    let ranked = culprits(&town.world, incident, town.now());
    assert_eq!(ranked.suspects[0].event, guilty);
    assert!(ranked.suspects[0].score > 50, "{:?}", ranked.suspects[0]);
}

#[test]
fn undoing_a_flag_turns_it_back_once_and_the_undoing_can_be_undone() {
    let mut town = Town::new();
    let on = town.turn(true);
    assert_eq!(plan_undo(&town.world, on).unwrap().will, "turn flag new-buy off in production");
    let undone = town.undo(on).unwrap();
    assert_eq!(kinds(&undone), ["flags.turned", "journal.undone"]);
    assert!(matches!(town.undo_state(on), UndoState::Undone { .. }));
    let back = undone[0].stamp.event;
    assert_eq!(town.world.journal.get(back).unwrap().change.undoes, Some(on));
    assert_eq!(town.undo(on).unwrap_err(), codes::CONFLICT.name);
    town.undo(back).unwrap();
    assert_eq!(town.undo_state(on), UndoState::Standing, "it is in effect again");
    assert_eq!(town.undo(on).unwrap_err(), codes::MOVED_ON.name, "by the newest turn, which is what can be undone");
    assert!(town.world.flags.flag(&"flag:new-buy".parse().unwrap()).unwrap().is_on("production"));
}

#[test]
fn flags_of_plain_flagd_files_and_segments_are_declared_like_others() {
    let flags = r#"{"flags": {
        "banner": {"state": "ENABLED", "variants": {"red": 1, "blue": 2}, "defaultVariant": "red"},
        "new-buy": {"state": "ENABLED", "variants": {"on": true}},
        "wrong": {"state": "ENABLED", "variants": {"on": true}, "defaultVariant": "off"}
    }}"#;
    let segment = "
---
apiVersion: mainstay.dev/v1alpha1
kind: Segment
metadata: {name: staff}
spec: {emailDomains: [town.test]}
";
    let file = |path: &str, text: &str| BundleFile { path: path.to_owned(), bytes: text.as_bytes().into() };
    let files = vec![file("catalog-info.yaml", &format!("{FILES}{segment}")), file("flags/town.flagd.json", flags)];
    let bundle = Bundle { source: "town".to_owned(), files, problems: vec![] };
    let reading = crate::read_bundle(&bundle);
    let places: Vec<String> = reading.problems.iter().map(|problem| problem.place().to_string()).collect();
    assert!(places.iter().all(|place| place.starts_with("flags/town.flagd.json")) && places.len() == 2, "{places:?}");
    let mut town = Town::new();
    town.give(Command::Catalog(catalog::Command::Apply(Apply { reading, partial: true }))).unwrap();
    let banner = town.world.flags.flag(&"flag:banner".parse().unwrap()).unwrap();
    assert!(banner.is_on("anywhere"));
    assert!(town.world.flags.segment(&"segment:staff".parse().unwrap()).is_some());
}

#[test]
fn declared_flags_that_require_each_other_in_a_circle_are_left_out_with_their_lines() {
    let flag = |name: &str, requires: &str| {
        format!(
            "---\napiVersion: mainstay.dev/v1alpha1\nkind: Flag\nmetadata: {{name: {name}}}\nspec:\n  requires: [{requires}]\n"
        )
    };
    let text = [flag("a", "b"), flag("b", "a"), flag("c", "a")].concat();
    let file = BundleFile { path: "catalog-info.yaml".to_owned(), bytes: text.as_bytes().into() };
    let reading = crate::read_bundle(&Bundle { source: "town".to_owned(), files: vec![file], problems: vec![] });
    assert_eq!(reading.entities.len(), 1);
    let places: Vec<String> = reading.problems.iter().map(|problem| problem.place().to_string()).collect();
    assert_eq!(places, ["catalog-info.yaml:6:3", "catalog-info.yaml:12:3"]);
}

#[test]
fn undoing_what_somebody_changed_since_is_refused() {
    let mut town = Town::new();
    let on = town.turn(true);
    town.turn(false);
    assert_eq!(town.undo(on).unwrap_err(), codes::MOVED_ON.name);
}

#[test]
fn a_rollback_calls_the_hook_and_is_done_when_the_deployment_is_reported() {
    let mut town = Town::new();
    town.deploy("component:pay", "1");
    town.pass(120);
    let bad = town.deploy("component:pay", "2");
    let asked = town.undo(bad).unwrap();
    assert_eq!(kinds(&asked), ["deploys.rollback_requested", "journal.undone", "effects.requested"]);
    let effect = town.world.effects.due(town.now()).next().unwrap().clone();
    assert_eq!(effect.call.url, "http://deployer.invalid/deploy");
    assert!(effect.call.body.contains(r#""version":"1""#), "{}", effect.call.body);
    assert!(matches!(town.undo_state(bad), UndoState::Asked { .. }));
    assert_eq!(town.undo(bad).unwrap_err(), codes::CONFLICT.name);

    let report =
        effects::Command::Report { effect: effect.id, outcome: Ok("202".to_owned()), retry: true, not_before: None };
    assert_eq!(kinds(&town.give(Command::Effects(report.clone())).unwrap()), ["effects.done", "deploys.undo_accepted"]);
    assert!(town.give(Command::Effects(report)).unwrap().is_empty(), "a second report is nothing new");
    let back = town.deploy("component:pay", "1");
    assert!(matches!(town.undo_state(bad), UndoState::Undone { .. }));
    assert_eq!(town.world.journal.get(back).unwrap().change.undoes, Some(bad), "which speaks for its innocence");
}

#[test]
fn a_hook_that_refuses_leaves_the_change_as_it_was_and_undo_can_be_tried_again() {
    let mut town = Town::new();
    town.deploy("component:pay", "1");
    town.pass(120);
    let bad = town.deploy("component:pay", "2");
    town.undo(bad).unwrap();
    let effect = town.world.effects.pending().next().unwrap().id;
    let report = effects::Command::Report { effect, outcome: Err("401".to_owned()), retry: false, not_before: None };
    assert_eq!(kinds(&town.give(Command::Effects(report)).unwrap()), ["effects.gave_up", "deploys.undo_failed"]);
    assert_eq!(town.undo_state(bad), UndoState::Standing);
    assert!(town.undo(bad).is_ok());
}

#[test]
fn a_hook_that_fails_is_tried_again_later_and_later_and_given_up_in_the_end() {
    let mut town = Town::new();
    town.deploy("component:pay", "1");
    town.pass(120);
    let bad = town.deploy("component:pay", "2");
    town.undo(bad).unwrap();
    let mut waits = Vec::new();
    loop {
        let next = town.world.effects.pending().next().cloned();
        let Some(effect) = next else { break };
        waits.push(effect.next.duration_since(town.now()).as_secs());
        town.second = town.second.max(effect.next.as_second());
        let report = effects::Command::Report {
            effect: effect.id,
            outcome: Err("503".to_owned()),
            retry: true,
            not_before: None,
        };
        town.give(Command::Effects(report)).unwrap();
    }
    assert_eq!(waits.len(), 20);
    assert!(waits.windows(2).skip(1).all(|pair| pair[0] <= pair[1]) && *waits.last().unwrap() <= 300, "{waits:?}");
}

#[test]
fn a_rollback_that_nobody_reports_fails_after_a_while() {
    let mut town = Town::new();
    town.deploy("component:pay", "1");
    town.pass(120);
    let bad = town.deploy("component:pay", "2");
    town.undo(bad).unwrap();
    assert!(due(&town.world, town.now()).is_empty());
    town.pass(3_600);
    for (command, _) in due(&town.world, town.now()) {
        town.give(command).unwrap();
    }
    assert_eq!(town.undo_state(bad), UndoState::Standing);
    assert_eq!(town.world.effects.pending().count(), 0, "a hook is not called for what nobody waits for any more");
}

#[test]
fn a_rollback_whose_deployment_fails_can_be_asked_for_again() {
    let mut town = Town::new();
    town.deploy("component:pay", "1");
    town.pass(120);
    let bad = town.deploy("component:pay", "2");
    town.undo(bad).unwrap();
    let events = town.record_deployment("component:pay", "1", deploys::Outcome::Failed);
    assert_eq!(kinds(&events), ["deploys.deployment_finished", "effects.gave_up"]);
    assert_eq!(town.undo_state(bad), UndoState::Standing);
    assert!(town.undo(bad).is_ok());
    let events = town.record_deployment("component:pay", "1", deploys::Outcome::Succeeded);
    assert_eq!(kinds(&events), ["deploys.deployment_finished", "effects.done"], "its hook has not answered yet");
    assert!(matches!(town.undo_state(bad), UndoState::Undone { .. }));
}

#[test]
fn a_deployment_without_a_hook_can_not_be_undone_and_says_what_to_do() {
    let mut town = Town::new();
    town.deploy("component:shop", "1");
    town.pass(120);
    let bad = town.deploy("component:shop", "2");
    let refusal = plan_undo(&town.world, bad).unwrap_err();
    assert_eq!(refusal.code, &codes::IRREVERSIBLE);
    assert!(refusal.detail.contains("deploy shop 1 to production by hand"), "{refusal}");
}

#[test]
fn a_snapshot_and_a_replay_give_the_same_world() {
    let mut town = Town::new();
    town.turn(true);
    town.deploy("component:pay", "1");
    town.report(Some("502"), 1);
    town.report(Some("502"), 2);
    let snapshot = town.world.to_snapshot().unwrap();
    let mut replayed = World::default();
    for recorded in &town.log {
        let read = Event::from_body(recorded.event.kind(), &recorded.event.to_body()).unwrap();
        assert_eq!(read, *recorded.event, "an event is read as it was written");
        replayed.fold(&Recorded { stamp: recorded.stamp.clone(), event: read.into() });
    }
    assert!(replayed.to_snapshot().unwrap() == snapshot);
    assert!(World::from_snapshot(&snapshot).unwrap().to_snapshot().unwrap() == snapshot);
}

#[test]
fn an_event_of_a_later_version_is_told_by_its_kind() {
    let error = Event::from_body("prophecies.made", b"{}").unwrap_err();
    assert_eq!(error.to_string(), "an event \"prophecies.made\" can't be read: the area is not known");
    assert!(Event::from_body("flags.turned", b"{\"type\":\"sung\"}").is_err());
}

#[test]
fn a_wrong_check_is_shown_with_its_line_and_the_rest_is_read() {
    let text = "
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: buy}
spec:
  target: component:shop
  http:
    url: ftp://shop.invalid/
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: shop}
spec: {type: service, lifecycle: production, owner: group:web}
";
    let file = BundleFile { path: "catalog-info.yaml".to_owned(), bytes: text.as_bytes().into() };
    let bundle = Bundle { source: "town".to_owned(), files: vec![file], problems: vec![] };
    let reading = crate::read_bundle(&bundle);
    assert_eq!(reading.entities.len(), 1);
    assert_eq!(reading.problems[0].place(), "catalog-info.yaml:8:5");
}
