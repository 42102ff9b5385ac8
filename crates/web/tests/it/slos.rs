//! Budgets, from a check's results to the screens and the API.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use catalog::{Bundle, BundleFile};
use checks::{Outcome, RunResult, Streak};
use jiff::SignedDuration;
use kernel::EntityRef;
use serde_json::Value;
use slo::Counts;
use tower::ServiceExt as _;
use web::slos::keeper;
use world::{Command, read_bundle};

use crate::{browser::Site, server::TOKEN, staffed::STAFF};

const OBJECTIVES: &str = "
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: buys}
spec: {owner: group:web, target: component:checkout, interval: 1m, http: {url: 'http://shop.invalid/'}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: buyers, displayName: Buyers can buy}
spec:
  service: checkout
  indicator: {metadata: {name: buys}, spec: {ratioMetric: {rawType: success, raw: {metricSource: {type: mainstay/check, spec: {check: buys}}}}}}
  timeWindow: [{duration: 7d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}, {displayName: generous, target: 0.9}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: quick, displayName: Buying is quick}
spec:
  service: checkout
  indicator: {metadata: {name: quick}, spec: {thresholdMetric: {metricSource: {type: mainstay/check, spec: {check: buys}}}}}
  timeWindow: [{duration: 1d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.5, op: lte, value: 300}]
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: seldom}
spec: {owner: group:web, target: component:checkout, interval: 2h, http: {url: 'http://shop.invalid/'}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: seldom}
spec:
  service: checkout
  indicator: {metadata: {name: seldom}, spec: {thresholdMetric: {metricSource: {type: mainstay/check, spec: {check: seldom}}}}}
  timeWindow: [{duration: 1d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.5, op: lte, value: 300}]
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: prometheus}
spec: {type: Prometheus, connectionDetails: {url: 'https://prometheus.invalid'}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: errors}
spec:
  service: checkout
  indicator:
    metadata: {name: errors}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {metricSourceRef: prometheus, spec: {query: errors}}}
        total: {metricSource: {metricSourceRef: prometheus, spec: {query: requests}}}
  timeWindow: [{duration: 1d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: dangling}
spec:
  service: checkout
  indicatorRef: nothing
  timeWindow: [{duration: 1d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
";

fn slo(name: &str) -> EntityRef {
    EntityRef::new("slo", "default", name).unwrap()
}

async fn site() -> Site {
    let site = Site::open();
    let files = vec![BundleFile {
        path: "catalog-info.yaml".to_owned(),
        bytes: format!("{STAFF}---{OBJECTIVES}").into_bytes().into(),
    }];
    let reading = read_bundle(&Bundle { source: "shop".to_owned(), files, problems: Vec::new() });
    assert!(reading.problems.is_empty(), "{:?}", reading.problems);
    site.done_by("ann", Command::Catalog(catalog::Command::Apply(catalog::Apply { reading, partial: true }))).await;
    site
}

async fn report(site: &Site, good: bool) {
    for runs in 1..=2 {
        site.pass(1);
        let at = site.app.now();
        let outcome = match good {
            true => Outcome::Passed,
            false => Outcome::Failed { evidence: checks::Evidence::of("500".to_owned()) },
        };
        let streak = Streak { runs, since: at };
        let check = EntityRef::new("check", "default", "buys").unwrap();
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
        site.done_by("probe", Command::Checks(checks::Command::Report { result })).await;
    }
}

async fn get(site: &Site, address: &str) -> (StatusCode, String) {
    let request = Request::get(address).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let response = site.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn api(site: &Site, name: &str) -> Value {
    let (status, body) = get(site, &format!("/api/v1/slos/{name}")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn an_outage_is_counted_told_shown_by_name_and_over_when_the_short_window_is_good() {
    let site = site().await;
    keeper::keep(&site.app).await;
    assert_eq!(api(&site, "buyers").await["state"], "unknown");
    report(&site, true).await;
    site.pass(86_400);
    keeper::keep(&site.app).await;
    let good = api(&site, "buyers").await;
    assert_eq!((&good["state"], &good["objectives"][0]["left"]), (&"in budget".into(), &1.0.into()));
    report(&site, false).await;
    site.pass(240);
    keeper::keep(&site.app).await;
    let burning = api(&site, "buyers").await;
    assert_eq!(burning["state"], "burning");
    assert_eq!(burning["entity"], "component:default/checkout");
    let left = burning["objectives"][0]["left"].as_f64().unwrap();
    assert!(left < -1.0, "four minutes of a day are more than a thousandth: {left}");
    assert!(burning["objectives"][1]["left"].as_f64().unwrap() > 0.95);
    assert!(burning["objectives"][0]["firing"][0]["severity"] == "page", "{burning}");
    let world = site.app.world();
    assert_eq!(world.incidents.open().count(), 1, "the budget joined the check's incident");
    let (status, list) = get(&site, "/slos").await;
    assert_eq!(status, StatusCode::OK);
    assert!(list.contains("Buyers can buy") && list.contains("burning"), "{list}");
    let (_, filtered) = get(&site, "/slos?state=in+budget&q=buy").await;
    assert!(!filtered.contains("Buyers can buy"));
    let (status, shown) = get(&site, "/slos/default/buyers").await;
    assert_eq!(status, StatusCode::OK);
    let burnt = shown.split("What burnt it").nth(1).expect("it says what burnt it");
    assert!(burnt.contains("incident 1: "), "{burnt}");
    let (_, other) = get(&site, "/slos/default/buyers?objective=1").await;
    assert!(other.contains("generous: 90%"));
    report(&site, true).await;
    site.pass(6 * 3_600);
    keeper::keep(&site.app).await;
    let over = api(&site, "buyers").await;
    assert_eq!(over["state"], "used up");
    assert_eq!(over["objectives"][0]["firing"], Value::Array(Vec::new()));
    assert_eq!(site.app.world().incidents.open().count(), 0);
    // The past is shown as it was.
    let before = site.app.now() - SignedDuration::from_hours(8);
    let (_, past) = get(&site, &format!("/slos/default/buyers?at={before}")).await;
    assert!(past.contains("in budget") && past.contains("100.0%"), "{past}");
}

#[tokio::test]
async fn what_a_prometheus_told_is_counted_once_and_still_known_after_a_restart() {
    let site = site().await;
    let world = site.app.world();
    let resolved = world.slos.resolve(&slo("errors")).unwrap().unwrap();
    keeper::recall(&site.app, &resolved).await.unwrap();
    let from = site.app.slos().asked_up_to(&resolved).unwrap();
    let now = slo::minute_of(site.app.now());
    assert!(from <= now - 1_440, "the whole window is to be asked for");
    let minutes = (now - 100..now).map(|minute| (minute, Counts::events(f64::from(u8::from(minute != now - 50)), 1.0)));
    keeper::take(&site.app, &resolved, minutes.collect(), now).await.unwrap();
    let known = api(&site, "errors").await;
    assert_eq!((&known["objectives"][0]["bad"], &known["objectives"][0]["total"]), (&1.0.into(), &100.0.into()));
    // Another keeper on the same store is what a restart is.
    let again = web::App::new(site.app.engine().clone(), web::Settings::default());
    keeper::recall(&again, &resolved).await.unwrap();
    assert_eq!(again.slos().asked_up_to(&resolved), Some(now));
    let look = again.slos().look(&world, &slo("errors"), site.app.now()).unwrap().unwrap();
    assert_eq!(look.report.objectives[0].budget.unwrap().counts, Counts::events(99.0, 100.0));
    // A Prometheus that can't be asked is why nothing is known.
    site.app.slos().fail(&resolved, "503 Service Unavailable".to_owned());
    site.pass(2 * 3_600);
    keeper::keep(&site.app).await;
    let lost = api(&site, "errors").await;
    assert_eq!((&lost["state"], &lost["trouble"]), (&"unknown".into(), &"503 Service Unavailable".into()));
}

#[tokio::test]
async fn what_is_incomplete_says_what_is_missing_and_what_is_not_there_is_not_found() {
    let site = site().await;
    let dangling = api(&site, "dangling").await;
    assert_eq!(
        (&dangling["state"], &dangling["trouble"]),
        (&"incomplete".into(), &"there is no sli \"nothing\"".into())
    );
    let (status, screen) = get(&site, "/slos/default/dangling").await;
    assert_eq!(status, StatusCode::OK);
    assert!(screen.contains("there is no sli"));
    for address in ["/slos/default/none", "/api/v1/slos/none"] {
        assert_eq!(get(&site, address).await.0, StatusCode::NOT_FOUND, "{address}");
    }
}

#[tokio::test]
async fn each_run_of_a_check_that_was_fast_enough_is_good_and_a_slow_or_failing_one_is_bad() {
    let site = site().await;
    let check: EntityRef = "check:buys".parse().unwrap();
    let began = site.app.now();
    let mut tally = checks::Tally::default();
    for (location, latency_ms, fails) in
        [("eu", 200, false), ("eu", 300, false), ("eu", 900, false), ("us", 250, false), ("us", 10, true)]
    {
        let outcome = if fails { Outcome::Failed { evidence: checks::Evidence::of("500") } } else { Outcome::Passed };
        let result = tally.count(&check, location, began, outcome, latency_ms);
        web::checks::intake::take(&site.app, location, vec![result]).await.unwrap();
    }
    let (slo, minute) = (slo("quick"), slo::minute_of(began));
    let resolved = site.app.world().slos.resolve(&slo).unwrap().unwrap();
    let at = began + SignedDuration::from_mins(3);
    let look = || site.app.slos().look(&site.app.world(), &slo, at).unwrap().unwrap();
    assert!(look().report.objectives[0].budget.is_none(), "nothing counted is unknown");
    keeper::recall(&site.app, &resolved).await.unwrap();
    for (from, to) in [(minute - 5, minute), (minute, minute + 1)] {
        keeper::count_runs(&site.app, &resolved, from, to).await.unwrap();
    }
    let counts = look().report.objectives[0].budget.unwrap().counts;
    assert_eq!((counts.good(), counts.total()), (3.0, 5.0));
}

/// Counts what is there of an SLO of a check's runs, as the server does each minute.
async fn count(site: &Site, name: &str) {
    let resolved = site.app.world().slos.resolve(&slo(name)).unwrap().unwrap();
    keeper::recall(&site.app, &resolved).await.unwrap();
    let until = slo::minute_of(site.app.now()) - keeper::RUNS_LAG_MINUTES;
    let from = site.app.slos().asked_up_to(&resolved).unwrap();
    keeper::count_runs(&site.app, &resolved, from, until).await.unwrap();
}

async fn run(site: &Site, check: &str, at: jiff::Timestamp, latency_ms: u64) {
    let result = checks::Tally::default().count(
        &EntityRef::new("check", "default", check).unwrap(),
        "eu",
        at,
        Outcome::Passed,
        latency_ms,
    );
    web::checks::intake::take(&site.app, "eu", vec![result]).await.unwrap();
}

#[tokio::test]
async fn runs_that_a_probe_hands_in_after_their_minutes_were_counted_are_counted_too() {
    let site = site().await;
    let began = site.app.now();
    run(&site, "buys", began, 200).await;
    site.pass(600);
    count(&site, "quick").await;
    let counted = api(&site, "quick").await;
    assert_eq!((&counted["objectives"][0]["bad"], &counted["objectives"][0]["total"]), (&0.0.into(), &1.0.into()));
    // What waited at a probe that had no way to its server.
    run(&site, "buys", began, 900).await;
    run(&site, "buys", began + SignedDuration::from_mins(4), 100).await;
    run(&site, "buys", began - SignedDuration::from_hours(30), 100).await;
    site.pass(60);
    count(&site, "quick").await;
    let counted = api(&site, "quick").await;
    assert_eq!((&counted["objectives"][0]["bad"], &counted["objectives"][0]["total"]), (&1.0.into(), &3.0.into()));
    site.pass(60);
    count(&site, "quick").await;
    assert_eq!(api(&site, "quick").await["objectives"][0]["total"], 3.0, "once");
}

#[tokio::test]
async fn a_check_that_runs_seldom_is_measured_in_between() {
    let site = site().await;
    for _ in 0..3 {
        run(&site, "seldom", site.app.now(), 200).await;
        site.pass(2 * 3_600 - 60);
        count(&site, "seldom").await;
        keeper::keep(&site.app).await;
        assert_eq!(api(&site, "seldom").await["state"], "in budget");
        assert!(!site.app.world().slos.standing(&slo("seldom")).lost);
    }
    site.pass(5 * 3_600);
    count(&site, "seldom").await;
    keeper::keep(&site.app).await;
    assert_eq!(api(&site, "seldom").await["state"], "unknown");
    assert!(site.app.world().slos.standing(&slo("seldom")).lost);
}

#[tokio::test]
async fn a_store_that_can_t_be_read_is_why_nothing_is_known_and_is_read_again() {
    let site = site().await;
    let resolved = site.app.world().slos.resolve(&slo("quick")).unwrap().unwrap();
    site.pass(3_600);
    site.app.slos().fail(&resolved, "the disk is away".to_owned());
    keeper::keep(&site.app).await;
    let shown = api(&site, "quick").await;
    assert_eq!((&shown["state"], &shown["trouble"]), (&"unknown".into(), &"the disk is away".into()));
    assert!(!site.app.world().slos.standing(&slo("quick")).lost, "what is stored may say otherwise");
    count(&site, "quick").await;
    assert_eq!(api(&site, "quick").await["trouble"], Value::Null);
}
