//! What is told by forges, in whatever order, and what is counted of it.

use jiff::SignedDuration;
use kernel::codes;

use super::{Log, cart, deployment, refused};
use crate::{
    Command, Commit, Event, LEADS_KEPT, Outcome, Record, Told,
    measures::{Counted, Measures, Window, is_production_by_name},
    not_after,
};

use Outcome::{Failed, Succeeded};

impl Log {
    /// Tells of a deployment that ended so many seconds ago, by this name.
    fn tell(&mut self, version: &str, key: &str, ago_s: i64) -> usize {
        let Command::RecordDeployment { component, environment, version, outcome, url, commit, rollback_of, .. } =
            deployment(version, Succeeded)
        else {
            panic!()
        };
        let finished = Some(self.now() - SignedDuration::from_secs(ago_s));
        let told = Told { key: Some(key.to_owned()), ..Told::default() };
        let command = Command::RecordDeployment {
            component,
            environment,
            version,
            outcome,
            url,
            commit,
            rollback_of,
            finished,
            told,
        };
        self.give(command).unwrap().len()
    }

    fn records(&self) -> Vec<&Record> {
        let cart = cart();
        self.state.place(&cart, "production").unwrap().records.iter().collect()
    }
}

#[test]
fn when_it_ended_decides_what_is_live_and_not_when_it_was_told() {
    let mut log = Log::default();
    log.tell("v1", "a", 7_200);
    log.tell("v3", "c", 0);
    log.wait(300);
    log.tell("v2", "b", 3_600);
    assert_eq!(log.live(), "v3");
    let Event::DeploymentFinished { previous, .. } = &log.events.last().unwrap().0 else { panic!() };
    assert_eq!(previous.as_deref(), Some("v1"), "what was live then");
    let versions: Vec<_> = log.records().iter().map(|record| record.version.to_string()).collect();
    assert_eq!(versions, ["v1", "v2", "v3"]);
    assert_eq!(log.last_good(), Some("v2"));
    // v3 is still the newest: what was told later, but ended before, is not in its way, and is what to go back to.
    let asked = log.undo(1, super::HOOK).unwrap();
    assert!(matches!(&asked[0], Event::RollbackRequested { to_version, .. } if to_version == "v2"), "{asked:?}");
    let at = |log: &Log, ago_s| log.now() - SignedDuration::from_secs(ago_s);
    let live_at = |log: &Log, ago_s| Some(log.state.live_at(&cart(), "production", at(log, ago_s))?.0.to_owned());
    assert_eq!(live_at(&log, 3_900 + 300), Some("v1".to_owned()));
    assert_eq!(live_at(&log, 3_000), Some("v2".to_owned()));
    assert_eq!(live_at(&log, 86_400), None);
}

#[test]
fn what_ended_before_a_rollback_was_asked_for_did_not_come_of_it() {
    let mut log = Log::default();
    log.tell("v1", "a", 7_200);
    log.tell("v2", "b", 3_600);
    let bad = log.last();
    log.undo(0, super::HOOK).unwrap();
    log.wait(60);
    let rolls_back = |log: &Log| {
        let Event::DeploymentFinished { rollback_of, .. } = &log.events.last().unwrap().0 else { panic!() };
        *rollback_of
    };
    log.tell("v1", "c", 1_800);
    assert_eq!((rolls_back(&log), log.state.pending().count()), (None, 1), "it was told after, and ended before");
    log.tell("v1", "d", 30);
    assert_eq!((rolls_back(&log), log.state.pending().count()), (Some(bad), 0));
}

#[test]
fn a_settings_change_from_before_a_restore_was_asked_for_did_not_come_of_it() {
    let mut log = Log::default();
    log.configure(&[("SIZE", "1")]).unwrap();
    log.configure(&[("SIZE", "2")]).unwrap();
    log.undo(0, super::HOOK).unwrap();
    let earlier = Command::RecordConfig {
        component: cart(),
        environment: "production".to_owned(),
        settings: super::map(&[("SIZE", "1")]),
        finished: Some(log.now() - SignedDuration::from_secs(60)),
    };
    let applied = log.give(earlier).unwrap();
    assert!(matches!(&applied[0], Event::ConfigApplied { restore_of: None, .. }), "{applied:?}");
}

#[test]
fn records_are_found_from_a_time_on() {
    let mut log = Log::default();
    for (version, ago_s) in [("v1", 300), ("v2", 200), ("v3", 200), ("v4", 100)] {
        log.tell(version, version, ago_s);
    }
    let until = |ago_s: i64| {
        let until = log.now() - SignedDuration::from_secs(ago_s);
        let cart = cart();
        let records = log.state.records_until(&cart, "production", until);
        records.map(|record| record.version.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(until(100), ["v4", "v3", "v2", "v1"]);
    assert_eq!(until(200), ["v3", "v2", "v1"], "the end is in it");
    assert_eq!(until(201), ["v1"]);
    assert_eq!(until(301), Vec::<String>::new());
}

#[test]
fn what_is_told_again_by_the_same_name_is_one_deployment() {
    let mut log = Log::default();
    assert_eq!(log.tell("v1", "a", 0), 1);
    log.wait(3 * 24 * 3_600);
    assert_eq!(log.tell("v1", "a", 3 * 24 * 3_600), 0);
    assert_eq!(log.tell("v1", "a", 0), 0, "also if the time differs");
    assert_eq!(log.tell("v1", "b", 0), 1);
    assert_eq!(log.tell("v1", "c", 0), 1, "two names are two deployments, however near");
    assert_eq!(log.give(deployment("v1", Succeeded)).unwrap().len(), 0, "without a name it is the one just told");
    assert_eq!(log.records().len(), 3);
}

#[test]
fn a_clock_that_is_ahead_is_taken_for_now_and_noted() {
    let now = Log::default().now();
    let of = |ahead: i64| not_after(now + SignedDuration::from_secs(ahead), now);
    assert_eq!(of(-60), (now - SignedDuration::from_secs(60), None));
    assert_eq!(of(90), (now, None));
    assert_eq!(of(86_400), (now, Some(86_400)));
}

#[test]
fn lead_times_of_many_commits_are_stood_for_by_some() {
    let mut log = Log::default();
    let commit = |number: i64| Commit {
        sha: format!("{number:040x}"),
        at: log.now() - SignedDuration::from_secs(number),
        author: None,
    };
    let told = Told { commits: (1..=500).map(commit).collect(), ..Told::default() };
    let mut command = deployment("v1", Succeeded);
    let Command::RecordDeployment { told: into, .. } = &mut command else { panic!() };
    *into = told.clone();
    log.give(command.clone()).unwrap();
    let record = log.records()[0].clone();
    assert_eq!((record.commits, record.leads.len()), (500, LEADS_KEPT));
    assert!(record.leads.is_sorted());
    let of = counted(&record, false);
    let all = Measures::of(Window::until(log.now() + SignedDuration::from_secs(1), 1), &[vec![of]]);
    assert_eq!(all.lead_time.count, 500);
    let p50 = all.lead_time.p50_s.unwrap();
    assert!((240..=260).contains(&p50), "{p50}");
    let Command::RecordDeployment { told: into, .. } = &mut command else { panic!() };
    into.commits.push(told.commits[0].clone());
    refused(log.give(command), &codes::INVALID, "at most 500");
}

#[test]
fn a_deployment_brings_what_was_pushed_since_the_one_before() {
    let mut log = Log::default();
    let commit = |name: char| Commit { sha: name.to_string().repeat(40), at: log.now(), author: None };
    let all: Vec<Commit> = "abcdef".chars().map(commit).collect();
    let push = |commits: &[Commit]| Command::RecordPush {
        component: cart(),
        repository: "acme/shop".to_owned(),
        commits: commits.to_vec(),
    };
    assert_eq!(log.give(push(&all[..3])).unwrap()[0].summary(), "pushed 3 commits to acme/shop");
    log.give(push(&all[2..])).unwrap();
    assert!(log.give(push(&all)).unwrap().is_empty(), "all were told before");
    let brought = |log: &mut Log, sha: &str| {
        log.wait(600);
        let mut command = deployment(sha, Succeeded);
        let Command::RecordDeployment { commit, told, .. } = &mut command else { panic!() };
        *commit = Some(sha.to_owned());
        told.repository = Some("Acme/Shop".to_owned());
        let events = log.give(command).unwrap();
        let Event::DeploymentFinished { told, .. } = &events[0] else { panic!() };
        told.commits.iter().map(|commit| commit.sha[..1].to_owned()).collect::<String>()
    };
    assert_eq!(brought(&mut log, &"b".repeat(40)), "b", "the first that is known");
    assert_eq!(brought(&mut log, &"e".repeat(8)), "edc", "a hash may be cut");
    assert_eq!(brought(&mut log, &"c".repeat(40)), "", "it goes back");
    assert_eq!(brought(&mut log, &"9".repeat(40)), "", "nobody told of it");
}

#[test]
fn a_person_confirms_or_corrects_what_failed() {
    let mut log = Log::default();
    log.deploy("v1", Succeeded);
    let of = log.last();
    let judge = |of, failed| Command::Judge { component: cart(), environment: "production".to_owned(), of, failed };
    for failed in [Some(true), Some(false), None] {
        log.give(judge(of, failed)).unwrap();
        assert_eq!(log.records()[0].judged, failed);
        assert!(log.give(judge(of, failed)).unwrap().is_empty(), "said before");
    }
    log.deploy("v2", Failed);
    refused(log.give(judge(log.last(), Some(true))), &codes::CONFLICT, "never went live");
    refused(log.give(judge(kernel::EventId::from(uuid_like(7)), None)), &codes::NOT_FOUND, "no such deployment");
}

fn uuid_like(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

fn counted(record: &Record, failed: bool) -> Counted {
    Counted {
        event: record.event,
        position: record.position,
        at: record.at,
        commits: record.commits,
        leads: record.leads.clone(),
        failed,
        recovered: None,
        unplanned: false,
    }
}

#[test]
fn the_five_measures_of_a_window_are_what_can_be_counted_by_hand() {
    let mut log = Log::default();
    for version in ["v1", "v2", "v3", "v4"] {
        log.deploy(version, Succeeded);
        log.wait(3_600 - 120);
    }
    let records: Vec<Record> = log.records().into_iter().cloned().collect();
    let mut cart: Vec<Counted> = records.iter().map(|record| counted(record, false)).collect();
    cart[1].failed = true;
    cart[1].recovered = Some(cart[1].at + SignedDuration::from_secs(600));
    cart[2].unplanned = true;
    cart[3].failed = true;
    (cart[0].leads, cart[0].commits) = (vec![60, 7_200].into(), 2);
    let other = vec![Counted { at: cart[0].at - SignedDuration::from_hours(48), ..cart[0].clone() }];
    let window = Window::until(log.now(), 2);
    let of = Measures::of(window, &[cart, other]);
    assert_eq!((of.deployments, of.failed, of.unrecovered, of.unplanned, of.with_commits), (4, 2, 1, 1, 1));
    assert_eq!((of.change_fail_rate(), of.rework_rate()), (Some(0.5), Some(0.25)));
    assert_eq!((of.between.count, of.between.p50_s), (3, Some(3_600)));
    assert_eq!((of.recovery.count, of.recovery.p50_s, of.recovery.p90_s), (1, Some(600), Some(600)));
    assert_eq!((of.lead_time.p50_s, of.lead_time.p90_s, of.lead_time.histogram[0]), (Some(60), Some(7_200), 1));
    assert!((of.per_day() - 2.0).abs() < 1e-9);
    assert_eq!(of.weeks.iter().map(|week| week.deployments).sum::<usize>(), 4);
    assert_eq!(of.weeks.last().unwrap().failed, 2);
    let before = Measures::of(window.before(), &[Vec::new()]);
    assert_eq!((before.deployments, before.change_fail_rate(), before.lead_time.p50_s), (0, None, None));
}

#[test]
fn environments_are_production_by_their_names() {
    for name in ["production", "Prod", "live", "prod-eu", "production/web", "prod_us"] {
        assert!(is_production_by_name(name), "{name}");
    }
    for name in ["staging", "preproduction", "delivery", "non-prod", "products"] {
        assert!(!is_production_by_name(name), "{name}");
    }
}
