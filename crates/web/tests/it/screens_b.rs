//! The screens on which something is done: signing in, incidents, undo, flags, checks, settings.

use axum::http::{StatusCode, header};
use checks::{Evidence, Outcome, Tally};
use kernel::{EntityRef, EventId};
use serde_json::json;
use world::Command;

use crate::browser::{Browser, PASSWORD, Site};

fn reference(text: &str) -> EntityRef {
    text.parse().unwrap()
}

async fn define_flag(site: &Site, name: &str) -> EntityRef {
    let flag = reference(&format!("flag:{name}"));
    let spec = json!({ "usedBy": ["component:checkout"], "environments": { "production": { "enabled": false } } });
    let definition = flags::Definition::from_spec(flag.clone(), Some("Checks out anew."), &spec).unwrap();
    site.done_by("ann", Command::Flags(flags::Command::Define { definition })).await;
    flag
}

async fn turn(site: &Site, flag: &EntityRef, on: bool) -> (EventId, u64) {
    let command = flags::Command::Turn { flag: flag.clone(), environment: "production".to_owned(), on };
    let receipt = site.done_by("bo", Command::Flags(command)).await;
    (receipt.recorded[0].stamp.event, receipt.recorded[0].stamp.position)
}

/// A check of `checkout`, its runs, and what they saw.
struct Probe<'a> {
    site: &'a Site,
    check: EntityRef,
    tally: Tally,
}

impl<'a> Probe<'a> {
    async fn define(site: &'a Site) -> Self {
        let check = reference("check:checkout-works");
        let spec = json!({
            "target": "component:checkout", "http": { "url": "https://shop.example/checkout" },
            "interval": "10s", "failures_to_down": 2, "successes_to_up": 1, "severity": "critical",
        });
        let definition = checks::CheckDefinition::from_spec(check.clone(), &spec);
        let definition = definition.unwrap_or_else(|problems| panic!("{problems:?}"));
        site.done_by("ann", Command::Checks(checks::Command::Define { definition })).await;
        Self { site, check, tally: Tally::default() }
    }

    async fn run(&mut self, passes: bool) {
        self.site.pass(10);
        let evidence = Evidence {
            url: "https://shop.example/checkout".to_owned(),
            status: Some(500),
            latency_ms: 41,
            ..Evidence::of("500 from flag new-checkout")
        };
        let outcome = if passes { Outcome::Passed } else { Outcome::Failed { evidence } };
        let at = engine::Clock::now(self.site.clock.as_ref());
        let result = self.tally.count(&self.check, "home", at, outcome, 41);
        self.site.done_by("probe", Command::Checks(checks::Command::Report { result })).await;
    }
}

#[tokio::test]
async fn the_first_start_link_creates_one_administrator_and_works_once() {
    let site = Site::open();
    let link = site.setup_link().await;
    let mut browser = Browser::new(&site);
    assert!(browser.see(&link).await.says("Welcome to Mainstay"));

    let short = browser.post(&link, &[("name", "ann"), ("password", "short")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(short.says("a password has 12 characters at least"));

    let created = browser.post(&link, &[("name", "ann"), ("password", PASSWORD)]).await;
    assert_eq!((created.status, created.location()), (StatusCode::SEE_OTHER, "/"));
    let cookie = created.headers[header::SET_COOKIE].to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(browser.see("/settings").await.says("administrator"));

    for answer in [browser.get(&link).await, browser.post(&link, &[("name", "eve"), ("password", PASSWORD)]).await] {
        assert_eq!(answer.status, StatusCode::GONE);
    }
    assert_eq!(site.app.world().access.users().count(), 1);
}

#[tokio::test]
async fn one_signs_in_and_goes_on_where_one_wanted_to_and_out_again() {
    let site = Site::open();
    site.administrator().await;
    let mut browser = Browser::new(&site);
    let sent = browser.get("/flags?q=new").await;
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, "/login?next=/flags%3Fq%3Dnew"));
    let form = browser.see(sent.location()).await;
    assert!(form.says("name=\"next\" value=\"/flags?q=new\""));

    let wrong = browser.post("/login", &[("name", "ann"), ("password", "wrong wrong wrong"), ("next", "/flags")]).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.says("don’t go together") || wrong.says("don&#39;t go together"), "{}", wrong.html);

    let right = browser.post("/login", &[("name", "ANN"), ("password", PASSWORD), ("next", "/flags?q=new")]).await;
    assert_eq!((right.status, right.location()), (StatusCode::SEE_OTHER, "/flags?q=new"));
    browser.see("/flags?q=new").await;

    let out = browser.send("/settings", "/logout", &[]).await;
    assert_eq!((out.status, out.location()), (StatusCode::SEE_OTHER, "/login"));
    assert_eq!(browser.get("/flags").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nobody_is_sent_to_another_site_after_signing_in() {
    let site = Site::open();
    site.administrator().await;
    for next in ["https://attacker.example", "//attacker.example", "/\\attacker.example", "javascript:alert(1)"] {
        let mut browser = Browser::new(&site);
        let answer = browser.post("/login", &[("name", "ann"), ("password", PASSWORD), ("next", next)]).await;
        assert_eq!(answer.location(), "/", "{next}");
    }
}

#[tokio::test]
async fn a_session_that_is_not_used_ends_and_so_does_one_that_is() {
    let site = Site::open();
    let mut browser = site.administrator().await;
    site.pass(11 * 3_600);
    browser.see("/settings").await;
    // The use is noted beside the answer.
    while site.app.world().access.users().next().map(|(id, _)| *id).is_none_or(|user| {
        site.app.world().access.sessions_of(user).all(|(_, session)| session.last_seen == session.started)
    }) {
        tokio::task::yield_now().await;
    }
    site.pass(11 * 3_600);
    browser.see("/settings").await;
    site.pass(12 * 3_600);
    assert_eq!(browser.get("/settings").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down() {
    let site = Site::open();
    let mut browser = Browser::new(&site);
    let mut statuses = Vec::new();
    // On a slow machine a few attempts come back while others are made.
    while statuses.last() != Some(&StatusCode::TOO_MANY_REQUESTS) && statuses.len() < 60 {
        statuses.push(browser.post("/login", &[("name", "ann"), ("password", "guess")]).await.status);
    }
    assert_eq!(statuses.first(), Some(&StatusCode::UNAUTHORIZED));
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
}

#[tokio::test]
async fn a_form_without_the_session_s_token_changes_nothing() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let flag = define_flag(&site, "new-checkout").await;
    let before = site.position();
    let turn = [("environment", "production"), ("act", "on")];
    for sent in [turn.to_vec(), [&turn[..], &[("csrf", "0123456789abcdef0123456789abcdef")]].concat()] {
        let answer = ann.post("/flags/default/new-checkout", &sent).await;
        assert!(matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST), "{}", answer.status);
    }
    assert_eq!(site.position(), before);
    assert!(!site.app.world().flags.flag(&flag).unwrap().is_on("production"));
}

#[tokio::test]
async fn a_flag_is_turned_on_its_screen_with_a_reason() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let flag = define_flag(&site, "new-checkout").await;
    assert!(ann.see("/flags").await.says("new-checkout"));
    let address = "/flags/default/new-checkout";
    let turned =
        ann.send(address, address, &[("environment", "production"), ("act", "on"), ("reason", "try it")]).await;
    assert_eq!(turned.location(), "/flags/default/new-checkout?done=turned");
    let page = ann.see(turned.location()).await;
    assert!(page.says("The flag is turned.") && page.says("“try it”"));
    assert!(site.app.world().flags.flag(&flag).unwrap().is_on("production"));
}

#[tokio::test]
async fn a_viewer_sees_everything_and_changes_nothing() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let flag = define_flag(&site, "new-checkout").await;
    let (_, position) = turn(&site, &flag, true).await;
    let mut viewer = site.signed_in(&mut ann, "vic", "viewer").await;
    let page = viewer.see("/flags/default/new-checkout").await;
    assert!(!page.says("Turn off") && !page.says("/undo/"));
    let csrf = viewer.see("/settings").await.csrf();
    let before = site.position();
    let paths = ["/flags/default/new-checkout", &format!("/undo/{position}"), "/incidents", "/settings/tokens"];
    for path in paths {
        let answer = viewer.post(path, &[("csrf", &csrf), ("environment", "production"), ("act", "off")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(site.position(), before);
    assert_eq!(viewer.get("/settings/users").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_incident_names_the_suspect_and_undoing_it_heals() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let flag = define_flag(&site, "new-checkout").await;
    let mut probe = Probe::define(&site).await;
    probe.run(true).await;
    let (event, position) = turn(&site, &flag, true).await;
    probe.run(false).await;
    probe.run(false).await;

    let page = ann.see("/incidents/1").await;
    for said in ["checkout is down", "No owner", "Nobody", "No runbook", "turned flag new-checkout on in production"] {
        assert!(page.says(said), "the incident does not say {said}: {}", page.html);
    }
    assert!(page.says(&format!("/undo/{position}?next=%2Fincidents%2F1")));
    assert!(page.says(&format!("mainstay undo {event}")));
    assert!(ann.see("/incidents").await.says("checkout is down"));

    let asked = ann.see(&format!("/undo/{position}?next=/incidents/1")).await;
    assert!(asked.says("turn flag new-checkout off in production"));
    assert!(asked.says("value=\"incident 1\""));
    let address = format!("/undo/{position}");
    let undone = ann.send(&address, &address, &[("reason", "incident 1"), ("next", "/incidents/1")]).await;
    assert_eq!(undone.location(), "/incidents/1?done=undone");
    assert!(ann.see(undone.location()).await.says("is undone"));

    probe.run(true).await;
    let page = ann.see("/incidents/1").await;
    assert!(
        page.says("It recovered after this was undone: turned flag new-checkout on in production"),
        "{}",
        page.html
    );
    let again = ann.post(&address, &[("csrf", &page.csrf())]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.says("Nothing to undo"));
}

#[tokio::test]
async fn an_undo_that_would_lose_a_later_change_says_so_in_place() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let flag = define_flag(&site, "new-checkout").await;
    let (_, first) = turn(&site, &flag, true).await;
    turn(&site, &flag, false).await;
    let (_, last) = turn(&site, &flag, true).await;
    let page = ann.see(&format!("/undo/{first}")).await;
    assert!(page.says("This change stays") && page.says("Changed since"));
    assert!(page.says(&format!("/timeline/{last}")) || page.says("The later change"));
    let csrf = page.csrf();
    let before = site.position();
    let answer = ann.post(&format!("/undo/{first}"), &[("csrf", &csrf)]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.says("Changed since"));
    assert_eq!(site.position(), before);
}

#[tokio::test]
async fn the_next_page_after_an_undo_is_one_of_ours() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let flag = define_flag(&site, "new-checkout").await;
    let (_, position) = turn(&site, &flag, true).await;
    let address = format!("/undo/{position}");
    let undone = ann.send(&address, &address, &[("next", "https://attacker.example/")]).await;
    assert_eq!(undone.location(), "/?done=undone");
}

#[tokio::test]
async fn an_incident_is_declared_acknowledged_judged_noted_and_resolved() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let flag = define_flag(&site, "new-checkout").await;
    let (event, _) = turn(&site, &flag, true).await;
    site.pass(60);
    let declared =
        [("title", "Labels fail"), ("entity", "component:checkout"), ("severity", "sev2"), ("evidence", "x")];
    let opened = ann.send("/incidents/declare", "/incidents", &declared).await;
    assert_eq!((opened.status, opened.location()), (StatusCode::SEE_OTHER, "/incidents/1"));
    let twice = ann.send("/incidents/declare", "/incidents", &declared).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert!(twice.says("is open for checkout already"));

    let act = async |ann: &mut Browser<'_>, verb: &str, fields: &[(&str, &str)]| {
        ann.send("/incidents/1", &format!("/incidents/1/{verb}"), fields).await.status
    };
    assert_eq!(act(&mut ann, "acknowledge", &[]).await, StatusCode::SEE_OTHER);
    assert_eq!(act(&mut ann, "notes", &[("note", "printers are <fine>")]).await, StatusCode::SEE_OTHER);
    let event = event.to_string();
    assert_eq!(act(&mut ann, "suspects", &[("event", &event), ("verdict", "innocent")]).await, StatusCode::SEE_OTHER);
    assert_eq!(act(&mut ann, "resolve", &[]).await, StatusCode::SEE_OTHER);
    let page = ann.see("/incidents/1").await;
    assert!(page.says("resolved") && page.says("not it") && page.says("acknowledged incident 1"));
    assert!(!page.says("action=\"/incidents/1/resolve\""), "what is over can't be resolved again");
    assert_eq!(site.app.world().incidents.by_number(1).unwrap().log.len(), 5);
}

#[tokio::test]
async fn the_past_has_no_buttons() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let flag = define_flag(&site, "new-checkout").await;
    let mut probe = Probe::define(&site).await;
    turn(&site, &flag, true).await;
    probe.run(false).await;
    probe.run(false).await;
    let then = engine::Clock::now(site.clock.as_ref());
    probe.run(true).await;
    for path in ["/incidents/1", "/flags/default/new-checkout", "/checks/default/checkout-works", "/settings/tokens"] {
        let page = ann.see(&format!("{path}?at={then}")).await;
        assert!(page.says("You see the past"), "{path}");
        let forms: Vec<&str> = page.html.split("method=\"post\" action=\"").skip(1).collect();
        assert!(forms.iter().all(|form| form.starts_with("/settings/theme")), "{path} has a form");
    }
    assert!(ann.see(&format!("/incidents/1?at={then}")).await.says("open"));
}

#[tokio::test]
async fn a_token_is_shown_once_and_works_until_it_is_revoked() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let address = "/settings/tokens";
    let made =
        ann.send(address, address, &[("name", "ci"), ("scopes", "report"), ("scopes", "read"), ("days", "30")]).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.html);
    assert_eq!(made.headers[header::CACHE_CONTROL], "no-store");
    let secret = made.html.split("mst_").nth(1).unwrap().chars().take(43).collect::<String>();
    let list = ann.see(address).await;
    assert!(list.says("report, read") && !list.says(&secret));

    let (id, _) =
        site.app.world().access.tokens_with_ids().next().map(|(id, token)| (*id, token.name.clone())).unwrap();
    let revoked = ann.send(address, &format!("/settings/tokens/{id}/revoke"), &[]).await;
    assert_eq!(revoked.location(), "/settings/tokens?done=revoked");
    assert_eq!(site.app.world().access.tokens().count(), 0);
    let unnamed = ann.send(address, address, &[("name", ""), ("scopes", "read"), ("days", "")]).await;
    assert_eq!(unnamed.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn users_come_and_go_and_the_last_administrator_stays() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let mut bo = site.signed_in(&mut ann, "bo", "editor").await;
    bo.see("/settings").await;
    let id = |name: &str| site.app.world().access.user_named(name).unwrap().0;
    let gone = ann.send("/settings/users", &format!("/settings/users/{}/disable", id("bo")), &[]).await;
    assert_eq!(gone.location(), "/settings/users?done=disabled");
    assert_eq!(bo.get("/settings").await.status, StatusCode::SEE_OTHER, "the session has ended");
    let last = ann.send("/settings/users", &format!("/settings/users/{}/disable", id("ann")), &[]).await;
    assert_eq!(last.status, StatusCode::CONFLICT);
    assert!(last.says("nobody else is an administrator"));
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_ends_the_other_sessions() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let mut elsewhere = Browser::new(&site);
    elsewhere.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
    let set = |current: &'static str| [("current", current), ("password", "another horse battery")];
    let wrong = ann.send("/settings", "/settings/password", &set("wrong")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let done = ann.send("/settings", "/settings/password", &set(PASSWORD)).await;
    assert_eq!(done.location(), "/settings?done=password");
    ann.see("/settings").await;
    assert_eq!(elsewhere.get("/settings").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_timeline_is_filtered_by_its_address() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let flag = define_flag(&site, "new-checkout").await;
    let other = define_flag(&site, "wallet").await;
    turn(&site, &flag, true).await;
    let (_, position) = turn(&site, &other, true).await;
    let changes = ann.see("/timeline?what=flags&about=new-checkout").await;
    assert!(changes.says("turned flag new-checkout on") && !changes.says("turned flag wallet on"));
    assert!(!ann.see("/timeline?by=bo").await.says("defined flag"));
    assert_eq!(ann.get("/timeline?from=noon").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let event = ann.see(&format!("/timeline/{position}")).await;
    assert!(event.says("turned flag wallet on in production") && event.says("/undo/"));
    assert_eq!(ann.get("/timeline/999999").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_check_is_paused_and_judges_again() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let mut probe = Probe::define(&site).await;
    probe.run(true).await;
    let address = "/checks/default/checkout-works";
    assert!(ann.see("/checks").await.says("checkout-works"));
    let paused = ann.send(address, &format!("{address}/pause"), &[("reason", "maintenance")]).await;
    assert_eq!(paused.location(), address);
    assert!(ann.see(address).await.says("paused"));
    ann.send(address, &format!("{address}/resume"), &[]).await;
    assert!(!site.app.world().checks.watch(&reference("check:checkout-works")).unwrap().paused);
}
