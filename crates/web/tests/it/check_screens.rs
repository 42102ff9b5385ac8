//! The screens of checks, probes and maintenances.

use axum::http::StatusCode;
use catalog::{Bundle, BundleFile};
use checks::{Evidence, Hop, Outcome, Phases, RunResult, Streak, Tally};
use kernel::{EntityRef, Timestamp};
use serde_json::json;
use web::checks::intake;
use world::{Command, read_bundle};

use crate::{browser::Site, server::Server};

const TOWN: &str = "
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: sales}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: market}
spec: {owner: sales}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: till}
spec: {type: service, lifecycle: production, owner: sales, system: market}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: scales}
spec: {type: service, lifecycle: production, owner: sales}
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: till-answers}
spec: {target: component:till, severity: critical, interval: 1m, http: {url: 'https://till.example/'}}
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: scales-weigh}
spec:
  target: component:scales
  interval: 1m
  http: {url: 'https://scales.example/'}
  maintenance: [{from: '02:00', for: 1h, time_zone: Europe/Lisbon}]
";

const CHECK: &str = "/checks/default/till-answers";

async fn apply(site: &Site, files: Vec<(String, String)>) {
    let files = files.into_iter().map(|(path, text)| BundleFile { path, bytes: text.into_bytes().into() }).collect();
    let reading = read_bundle(&Bundle { source: "town".to_owned(), files, problems: Vec::new() });
    site.done_by("ann", Command::Catalog(catalog::Command::Apply(catalog::Apply { reading, partial: true }))).await;
}

async fn town(site: &Site) {
    apply(site, vec![("catalog-info.yaml".to_owned(), TOWN.to_owned())]).await;
    for location in ["eu-west", "us-east", "ap-south"] {
        intake::hear(&site.app, location).await.unwrap();
    }
}

/// One run: which check, from where, and how it went. The clock goes on by a second.
async fn run(site: &Site, name: &str, location: &str, tally: &mut Tally, failed: Option<Evidence>) {
    site.pass(1);
    let check: EntityRef = format!("check:default/{name}").parse().unwrap();
    let outcome = failed.map_or(Outcome::Passed, |evidence| Outcome::Failed { evidence });
    let mut result = tally.count(&check, location, site.app.now(), outcome, 100);
    let phases =
        Phases { resolve_us: 2_000, connect_us: 9_000, tls_us: 14_000, processing_us: 60_000, transfer_us: 5_000 };
    result.hops = vec![Hop { request: "GET https://till.example/".to_owned(), phases, ..Hop::default() }];
    intake::take(&site.app, location, vec![result]).await.unwrap();
}

fn saw(error: &str) -> Evidence {
    Evidence {
        url: "https://till.example/".to_owned(),
        status: Some(500),
        latency_ms: 41,
        request_head: Some("GET / HTTP/1.1".to_owned()),
        response_head: Some("HTTP/1.1 500 Internal Server Error".to_owned()),
        body_excerpt: Some("</pre><script>alert(1)</script>".to_owned()),
        addresses: vec!["192.0.2.7".to_owned()],
        ..Evidence::of(error)
    }
}

#[tokio::test]
async fn one_location_and_everywhere_are_told_apart_and_each_filter_stands_in_the_address() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    town(&site).await;
    let mut tallies = [Tally::default(), Tally::default(), Tally::default()];
    let places = ["eu-west", "us-east", "ap-south"];
    for (place, tally) in places.iter().zip(&mut tallies) {
        run(&site, "till-answers", place, tally, None).await;
    }
    assert!(ann.see("/checks").await.says("all 3 up"));
    for _ in 0..2 {
        run(&site, "till-answers", "us-east", &mut tallies[1], Some(saw("answered 500"))).await;
    }
    let page = ann.see("/checks").await;
    assert!(page.says("down at us-east; 2 up"), "{}", page.html);
    assert!(page.says("1 unknown, 1 up"), "one location alone brings no verdict");
    let partly = ann.see("/checks?state=partly").await;
    assert!(partly.says("till-answers") && !partly.says("scales-weigh"));
    for _ in 0..2 {
        run(&site, "till-answers", "eu-west", &mut tallies[0], Some(saw("answered 500"))).await;
    }
    let page = ann.see("/checks").await;
    assert!(page.says("down at eu-west, us-east; 1 up") && page.says("1 down, 1 unknown"), "{}", page.html);
    assert!(page.html.find("till-answers").unwrap() < page.html.find("scales-weigh").unwrap(), "the worst first");
    for (query, till, scales) in [
        ("q=weigh", false, true),
        ("state=down", true, false),
        ("state=unknown", false, true),
        ("team=group:default/sales", true, true),
        ("team=group:default/others", false, false),
        ("location=us-east", true, true),
        ("location=mars", false, false),
        ("q=%3Cscript%3E", false, false),
    ] {
        let page = ann.see(&format!("/checks?{query}")).await;
        let shown = |name: &str| page.says(&format!("/checks/default/{name}\""));
        assert_eq!((shown("till-answers"), shown("scales-weigh")), (till, scales), "{query}");
        assert!(!page.says("<script>"), "{query}");
    }
    let grouped = ann.see("/checks?by=system&for=7d").await;
    assert!(grouped.says("scope=\"rowgroup\"") && grouped.says("In the last 7 days"), "{}", grouped.html);
    assert!(grouped.says("location=us-east") && grouped.says("by=system"), "links keep the other filters");
}

#[tokio::test]
async fn a_check_s_screen_says_why_it_paged_where_the_time_goes_and_what_failed() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    town(&site).await;
    let (mut west, mut east) = (Tally::default(), Tally::default());
    for _ in 0..5 {
        run(&site, "till-answers", "eu-west", &mut west, None).await;
        run(&site, "till-answers", "us-east", &mut east, None).await;
    }
    let page = ann.see(CHECK).await;
    for text in [
        "Not paged",
        "It pages nobody: it works",
        "100.000%",
        "processing <span class=\"muted\">60 ms",
        "other <span class=\"muted\">10 ms",
        "the tallest bar is 100 ms",
        "As a table",
        "No run has failed yet",
    ] {
        assert!(page.says(text), "{text}: {}", page.html);
    }
    for _ in 0..2 {
        run(&site, "till-answers", "eu-west", &mut west, Some(saw("answered <b>500</b>"))).await;
        run(&site, "till-answers", "us-east", &mut east, Some(saw("answered 500"))).await;
    }
    let page = ann.see(&format!("{CHECK}?location=us-east&for=1h")).await;
    for text in [
        "2 of 3 reporting locations",
        "/incidents/1",
        "GET / HTTP/1.1",
        "192.0.2.7",
        "&#60;script&#62;alert(1)",
        "When it was not up",
        "From us-east in the last hour",
        "incident 1: till is down",
    ] {
        assert!(page.says(text), "{text}: {}", page.html);
    }
    assert!(!page.says("<script>alert") && !page.says("<b>500"), "evidence is text");
    assert!(page.html.len() < 100 * 1024, "{} bytes", page.html.len());
    let then = site.app.now();
    site.pass(3_600);
    let past = ann.see(&format!("{CHECK}?at={then}")).await;
    assert!(past.says("Phases by step") && !past.says("Plan maintenance"), "the past is not changed");
    assert_eq!(ann.get("/checks/default/nothing").await.status, StatusCode::NOT_FOUND);
    ann.see(&format!("{CHECK}?for=forever&location=mars")).await;
}

#[tokio::test]
async fn maintenance_is_planned_by_a_form_shown_where_it_counts_and_called_off() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    town(&site).await;
    let mut tally = Tally::default();
    run(&site, "till-answers", "eu-west", &mut tally, None).await;
    let empty = ann.see("/maintenance?of=component:till").await;
    assert!(empty.says("Nothing is in maintenance") && empty.says("value=\"component:till\""));
    assert!(empty.says("declared in the catalog"), "what the catalog declares comes, too");
    let fill = |of: &str, lasting: &str, zone: &str, from: &str| {
        [("of", of), ("lasting", lasting), ("time_zone", zone), ("from", from), ("to", ""), ("reason", "new disks")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    for (of, lasting, zone, from, wrong) in [
        ("component:nothing", "1h", "", "", "no check is about nothing"),
        ("", "1h", "", "", "of-error"),
        ("till", "soon", "", "", "no span of time"),
        ("till", "", "", "", "until when, or for how long?"),
        ("till", "1h", "Moon/Sea", "", "no time zone"),
        ("till", "1h", "", "2026-13-77T00:00", "no time"),
        ("till", "1h", "", "2020-01-01T00:00", "is over already"),
        ("till", "999h", "", "", "is longer than 31 days"),
        ("till", "<script>", "", "", "&#60;script&#62;"),
    ] {
        let fields = fill(of, lasting, zone, from);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let refused = ann.send("/maintenance", "/maintenance", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{of} {lasting} {zone} {from}");
        assert!(refused.says(wrong) && refused.says("new disks"), "{wrong}: {}", refused.html);
    }
    assert_eq!(site.app.world().checks.maintenances().count(), 0);
    let fields = fill("till", "90m", "Europe/Lisbon", "");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let done = ann.send("/maintenance", "/maintenance", &fields).await;
    assert_eq!(done.location(), "/maintenance?done=maintenance");
    let page = ann.see(done.location()).await;
    assert!(page.says("new disks · 1 check") && page.says("End now"), "{}", page.html);
    let (list, check) = (ann.see("/checks").await, ann.see(CHECK).await);
    assert!(list.says(">maintenance</span>") && list.says("strip-rest\" d=\"M"), "{}", list.html);
    assert!(check.says("It pages nobody until") && check.says("new disks"));
    let mut vic = site.signed_in(&mut ann, "vic", "viewer").await;
    assert!(!vic.see("/maintenance").await.says("Plan one"));
    let planned = site.app.world().checks.maintenances().next().unwrap().clone();
    let id = planned.id.to_string();
    let ended = ann.send(CHECK, "/maintenance/end", &[("id", &id), ("next", CHECK)]).await;
    assert_eq!(ended.location(), format!("{CHECK}?done=maintenance"));
    assert!(!ann.see("/checks").await.says(">maintenance</span>"));
    assert!(ann.see("/maintenance").await.says("over"));
}

#[tokio::test]
async fn the_api_plans_lists_and_ends_maintenances() {
    let server = Server::start();
    server.apply("town", &[("catalog-info.yaml", TOWN)]).await;
    let to = Timestamp::now() + jiff::SignedDuration::from_hours(2);
    server.post("/api/v1/maintenances", json!({"of": "check:till-answers", "to": to, "reason": "new disks"})).await;
    let listed = server.get("/api/v1/maintenances").await;
    let one = &listed["items"][0];
    assert_eq!(
        (&one["of"], &one["state"], &one["reason"], &one["checks"]),
        (&json!("check:default/till-answers"), &json!("running"), &json!("new disks"), &json!(1))
    );
    let end = format!("/api/v1/maintenances/{}/end", one["id"].as_str().unwrap());
    server.post(&end, json!({})).await;
    assert_eq!(server.get("/api/v1/maintenances").await["items"][0]["state"], "over");
    for (body, field) in [
        (json!({"of": "component:nothing", "to": to}), "/of"),
        (json!({"of": "till", "to": "2020-01-01T00:00:00Z", "from": "2019-12-31T00:00:00Z"}), "/to"),
        (json!({"of": "till", "to": to, "from": to}), "/to"),
    ] {
        let refused = server.ask(axum::http::Method::POST, "/api/v1/maintenances", Some(&body)).await;
        assert_eq!(refused.body["field"], field, "{}", refused.body);
    }
}

#[tokio::test]
async fn a_silent_probe_says_what_it_makes_unknown_and_an_administrator_retires_it() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    town(&site).await;
    let about = intake::About { version: Some("0.0.1".to_owned()), skew_ms: Some(9_000), ..intake::About::default() };
    site.app.intake().note_about("eu-west", about);
    let page = ann.see("/probes").await;
    for text in ["0.0.1; the server has", "9.0 s behind, which is allowed for", "mainstay probe --location LOCATION"] {
        assert!(page.says(text), "{text}: {}", page.html);
    }
    site.pass(600);
    intake::hear(&site.app, "us-east").await.unwrap();
    intake::keep_house(&site.app).await;
    let page = ann.see("/probes").await;
    assert!(page.says("2 not seen from here; 2 unknown, since too few locations report"), "{}", page.html);
    let mut vic = site.signed_in(&mut ann, "vic", "viewer").await;
    assert!(!vic.see("/probes").await.says("/retire\""));
    let done = ann.send("/probes", "/probes/ap-south/retire", &[]).await;
    assert_eq!(done.location(), "/probes?done=retired");
    assert!(site.app.world().checks.probe("ap-south").is_none());
}

#[tokio::test]
async fn what_a_probe_says_of_itself_is_bounded_and_listed() {
    let server = Server::start();
    let long = "9".repeat(500);
    let path = format!("/api/v1/probes/eu-west/work?version=%3Cb%3E{long}&skew_ms=-2500&uplink=false");
    server.get(&path).await;
    let listed = server.get("/api/v1/probes").await["items"][0].clone();
    assert_eq!((&listed["skew_ms"], &listed["uplink"]), (&json!(-2500), &json!(false)));
    assert_eq!(listed["version"].as_str().map(str::len), Some(40));
    let wrong = server.ask(axum::http::Method::GET, "/api/v1/probes/eu-west/work?skew_ms=much", None).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

/// So many checks, each flapping all the time at twelve locations, is what a page can hold at worst.
#[tokio::test]
async fn two_thousand_checks_that_flap_at_twelve_locations_weigh_under_100_kb_a_page() {
    let site = Site::open();
    let check = |number: usize| {
        format!(
            "apiVersion: mainstay.dev/v1alpha1\nkind: Check\nmetadata: {{name: check-{number:04}}}\n\
             spec: {{target: 'component:till', interval: 1m, http: {{url: 'https://till.example/{number}'}}}}\n---\n"
        )
    };
    let file =
        |nth: usize| (format!("checks-{nth}.yaml"), (0..500).map(|at| check(nth * 500 + at)).collect::<String>());
    apply(&site, [("catalog-info.yaml".to_owned(), TOWN.to_owned())].into_iter().chain((0..4).map(file)).collect())
        .await;
    for number in 0..12 {
        intake::hear(&site.app, &format!("location-{number:02}")).await.unwrap();
    }
    let names: Vec<EntityRef> =
        (0..50).map(|number| format!("check:default/check-{number:04}").parse().unwrap()).collect();
    for turn in 0..30 {
        site.pass(1_800);
        let at = site.app.now();
        let streak = Streak { runs: 9, since: at };
        for location in ["location-00", "location-01"] {
            let result = |check: &EntityRef| RunResult {
                check: check.clone(),
                location: location.to_owned(),
                at,
                outcome: if turn % 2 == 0 { Outcome::Failed { evidence: saw("no") } } else { Outcome::Passed },
                latency_ms: 40,
                streak,
                pace: streak,
                last_good: None,
                hops: vec![],
                asked: None,
            };
            intake::take(&site.app, location, names.iter().map(result).collect()).await.unwrap();
        }
    }
    let mut ann = site.administrator().await;
    let began = std::time::Instant::now();
    let page = ann.see("/checks").await;
    println!("2,002 checks: {} bytes in {:?}", page.html.len(), began.elapsed());
    assert!(page.says("1 to 50 of 2002"), "{}", page.html);
    assert!(page.html.len() < 100 * 1024, "{} bytes", page.html.len());
    assert_eq!(page.html.matches("class=\"strip\"").count(), 50);
    let last = ann.see("/checks?from=2000").await;
    assert!(last.says("2001 to 2002 of 2002"));
}

#[tokio::test]
async fn phases_are_kept_with_each_minute_s_sample() {
    let site = Site::open();
    town(&site).await;
    let mut tally = Tally::default();
    for _ in 0..3 {
        run(&site, "till-answers", "eu-west", &mut tally, None).await;
    }
    let minute = site.app.now().as_second().div_euclid(60);
    let series = checks::series(&"check:default/till-answers".parse().unwrap(), "eu-west");
    let range = timeline::SampleRange { series, from_minute: minute - 2, to_minute: minute + 1, step_minutes: 3 };
    let samples = site.app.blocking(move |engine| Ok(engine.store().samples(&range)?)).await.unwrap();
    assert_eq!(samples[0].parts, [6_000, 27_000, 42_000, 180_000, 15_000], "microseconds, summed over three runs");
}

#[tokio::test]
async fn a_batch_that_is_handed_in_again_is_counted_once() {
    let site = Site::open();
    town(&site).await;
    let mut tally = Tally::default();
    let check = "check:default/till-answers".parse().unwrap();
    let mut batch = |millis: i64| {
        let at = site.app.now() + jiff::SignedDuration::from_millis(millis);
        vec![tally.count(&check, "eu-west", at, Outcome::Passed, 7)]
    };
    let (first, second) = (batch(-20), batch(-10));
    for handed_in in [&first, &first, &second, &second, &second] {
        intake::take_once(&site.app, "eu-west", handed_in.clone()).await.unwrap();
    }
    let minute = site.app.now().as_second().div_euclid(60);
    let series = checks::series(&check, "eu-west");
    let range = timeline::SampleRange { series, from_minute: minute - 2, to_minute: minute + 1, step_minutes: 3 };
    let samples = site.app.blocking(move |engine| Ok(engine.store().samples(&range)?)).await.unwrap();
    assert_eq!(samples.iter().map(|sample| sample.measured.count()).sum::<u64>(), 2);
    assert_eq!(site.app.intake().recent(&check).len(), 2);
}
