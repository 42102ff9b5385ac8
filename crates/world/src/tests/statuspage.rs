//! What checks mean for a public page.

use checks::{Evidence, Outcome, RunResult, Streak};
use statuspage::{Impact, Stage, Status};

use super::{FILES, Town};
use crate::{Command, due, statuspage::components};

const PAGE: &str = "
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: trade}
spec: {owner: group:web}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: desk}
spec: {type: service, lifecycle: production, owner: group:web, system: trade}
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: desk-answers}
spec: {target: component:desk, interval: 5s, agree: 1, http: {url: 'http://desk.invalid/'}}
---
apiVersion: mainstay.dev/v1alpha1
kind: StatusPage
metadata: {name: main}
spec:
  title: Town status
  public: true
  publish_after: 10m
  components:
    - {name: Shop, behind: [component:shop]}
    - {name: Desk, behind: [system:trade]}
    - {name: Buying, behind: [check:buy]}
    - {name: Pay, behind: [component:pay]}
    - {name: News}
";

fn town() -> Town {
    let mut town = Town::new();
    town.apply(&format!("{FILES}{PAGE}"));
    town
}

fn shown(town: &Town) -> Vec<Status> {
    let page = town.world.statuspage.main_page().unwrap();
    components(&town.world, page, town.now()).into_iter().map(|(.., shown)| shown.status).collect()
}

fn report(town: &mut Town, check: &str, location: &str, failed: bool, runs: u32) {
    town.pass(1);
    let at = town.now();
    let streak = Streak { runs, since: at };
    let evidence = Evidence { url: "http://desk.invalid/".to_owned(), latency_ms: 9, ..Evidence::of("answered 500") };
    let outcome = if failed { Outcome::Failed { evidence } } else { Outcome::Passed };
    let result = RunResult {
        check: check.parse().unwrap(),
        location: location.to_owned(),
        at,
        outcome,
        latency_ms: 9,
        streak,
        pace: streak,
        last_good: None,
        hops: Vec::new(),
        asked: None,
    };
    town.give(Command::Checks(checks::Command::Report { result })).unwrap();
}

fn settle(town: &mut Town) {
    for (command, _) in due(&town.world, town.now()) {
        if matches!(command, Command::Statuspage(_)) {
            town.give(command).unwrap();
        }
    }
}

#[test]
fn a_component_is_what_its_checks_say_and_without_any_nothing_is_known() {
    let mut town = town();
    let [good, none] = [Status::Operational, Status::NoData];
    assert_eq!(shown(&town), [none, none, none, none, good], "nothing has run yet; the last is set by hand");
    town.report(None, 1);
    report(&mut town, "check:desk-answers", "home", false, 1);
    assert_eq!(shown(&town), [good, good, good, none, good], "that a check passes by is no measurement");
    town.report(Some("answered 500"), 2);
    assert_eq!(shown(&town), [Status::MajorOutage, good, Status::MajorOutage, none, good]);
    town.report(None, 2);
    assert_eq!(shown(&town), [good, good, good, none, good]);
}

#[test]
fn down_at_some_locations_is_a_partial_outage_and_at_all_a_major_one() {
    let mut town = town();
    for location in ["eu", "us"] {
        town.give(Command::Checks(checks::Command::HearProbe { location: location.to_owned() })).unwrap();
        report(&mut town, "check:desk-answers", location, false, 1);
    }
    report(&mut town, "check:desk-answers", "eu", true, 2);
    assert_eq!(shown(&town)[1], Status::PartialOutage);
    report(&mut town, "check:desk-answers", "us", true, 2);
    assert_eq!(shown(&town)[1], Status::MajorOutage);
}

#[test]
fn a_check_in_maintenance_or_paused_is_said_to_be() {
    let mut town = town();
    town.report(None, 1);
    let (of, from) = ("component:shop".parse().unwrap(), town.now());
    let to = from + jiff::SignedDuration::from_hours(1);
    town.give(Command::Checks(checks::Command::SetMaintenance { of, from, to })).unwrap();
    assert_eq!(shown(&town)[0], Status::UnderMaintenance);
    town.pass(3_600);
    let check = "check:buy".parse().unwrap();
    town.give(Command::Checks(checks::Command::Pause { check })).unwrap();
    assert_eq!(shown(&town)[0], Status::NoData);
}

#[test]
fn an_outage_that_lasts_publishes_itself_once_and_resolves_itself() {
    let mut town = town();
    town.report(None, 1);
    town.report(Some("answered 500 at db-7.internal"), 2);
    town.pass(9 * 60);
    settle(&mut town);
    assert_eq!(town.world.statuspage.reports(&page()).count(), 0, "not yet");
    town.pass(60);
    settle(&mut town);
    settle(&mut town);
    let reports: Vec<_> = town.world.statuspage.reports(&page()).cloned().collect();
    assert_eq!(reports.len(), 1);
    assert_eq!((reports[0].title.as_str(), reports[0].impact), ("Problem with several systems", Impact::Critical));
    let text = &reports[0].updates[0].update.text;
    assert_eq!(text, "We are aware of a problem with Shop, Buying and are looking into it.");
    assert!(!text.contains("internal") && reports[0].automatic);
    town.report(None, 2);
    settle(&mut town);
    assert_eq!(town.world.statuspage.report(reports[0].id).unwrap().stage(), Stage::Resolved);
    settle(&mut town);
    assert_eq!(town.world.statuspage.open_reports(&page()).count(), 0);
}

#[test]
fn what_people_took_back_is_not_published_again_until_the_outage_is_another() {
    let mut town = town();
    town.apply(&format!("{FILES}{}", PAGE.replace("name: Shop,", &format!("name: {},", "Shop ".repeat(22)))));
    let outage = |town: &mut Town| {
        town.report(None, 2);
        town.report(Some("answered 500"), 2);
        town.pass(11 * 60);
        settle(town);
    };
    outage(&mut town);
    let report = town.world.statuspage.reports(&page()).next().unwrap().id;
    town.give(Command::Statuspage(statuspage::Command::Retract { report })).unwrap();
    for _ in 0..3 {
        town.pass(600);
        settle(&mut town);
    }
    assert_eq!(town.world.statuspage.reports(&page()).count(), 1);
    outage(&mut town);
    assert_eq!(town.world.statuspage.open_reports(&page()).count(), 1, "another outage is told");
}

#[test]
fn a_page_that_does_not_ask_for_it_publishes_nothing_by_itself() {
    let mut town = town();
    town.apply(&format!("{FILES}{}", PAGE.replace("  publish_after: 10m\n", "")));
    town.report(None, 1);
    town.report(Some("answered 500"), 2);
    town.pass(24 * 3_600);
    settle(&mut town);
    assert_eq!(town.world.statuspage.reports(&page()).count(), 0);
}

#[test]
fn what_is_published_and_who_hears_of_it_outlast_a_snapshot() {
    let mut town = town();
    let give = |town: &mut Town, command| town.give(Command::Statuspage(command)).unwrap();
    let subscription = "01932e4a-9c6b-7d20-8b1e-6f2f3c1d5a78".parse().unwrap();
    let (way, components) = (statuspage::Way::Email, vec!["news".to_owned()]);
    give(&mut town, statuspage::Command::Subscribe { page: page(), subscription, way, components });
    let from = town.now() + jiff::SignedDuration::from_hours(1);
    let to = from + jiff::SignedDuration::from_hours(1);
    let update = statuspage::Update { stage: Stage::Scheduled, text: "We move.".to_owned() };
    let affected = statuspage::Affected { component: "news".to_owned(), status: Status::UnderMaintenance };
    let publication = statuspage::Publication {
        page: page(),
        kind: statuspage::Kind::Maintenance { from, to },
        title: "Move".to_owned(),
        impact: None,
        components: vec![affected],
        update,
        incident: None,
        automatic: false,
        notify: true,
    };
    give(&mut town, statuspage::Command::Publish(publication));
    let broadcast = town.world.statuspage.broadcasts().next().unwrap().clone();
    let tried = vec![statuspage::Tried { subscription, outcome: statuspage::TriedOutcome::Retry }];
    give(&mut town, statuspage::Command::Deliver { effect: broadcast.effect, through: 1, tried });
    let read = crate::World::from_snapshot(&town.world.to_snapshot().unwrap()).unwrap();
    let (was, is) = (&town.world.statuspage, &read.statuspage);
    assert_eq!(was.page(&page()), is.page(&page()));
    assert_eq!(was.reports(&page()).collect::<Vec<_>>(), is.reports(&page()).collect::<Vec<_>>());
    assert_eq!(was.subscription(subscription), is.subscription(subscription));
    assert_eq!(was.broadcasts().collect::<Vec<_>>(), is.broadcasts().collect::<Vec<_>>());
    assert_eq!(is.broadcasts().next().unwrap().waiting.len(), 1);
}

#[test]
fn a_page_whose_file_is_gone_is_gone() {
    let mut town = town();
    assert!(town.world.statuspage.main_page().is_some());
    town.apply(FILES);
    assert!(town.world.statuspage.main_page().is_none());
}

fn page() -> kernel::EntityRef {
    "statuspage:default/main".parse().unwrap()
}
