//! The screens of flags, segments and requests: what they say, and what their forms do.

use axum::http::StatusCode;
use kernel::EntityRef;
use serde_json::json;
use world::Command;

use crate::browser::{Browser, Site};

const CART: &str = "/flags/default/new-cart";

fn cart() -> EntityRef {
    "flag:new-cart".parse().unwrap()
}

/// The fields of a form as its screen shows them, with some filled in otherwise.
fn filled<'a>(names: &[&'a str], values: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let left = names.iter().filter(|name| values.iter().all(|(known, _)| known != *name)).map(|name| (*name, ""));
    left.chain(values.iter().copied()).collect()
}

const FLAG: [&str; 14] = [
    "key",
    "description",
    "owner",
    "purpose",
    "expires",
    "variants",
    "off",
    "default",
    "targeting",
    "requires",
    "used_by",
    "flag_set",
    "reason",
    "at",
];
const SETTING: [&str; 14] = [
    "environment",
    "audiences",
    "targeting",
    "shares",
    "steps",
    "ramp_variant",
    "ramp_from",
    "guards",
    "on_failure",
    "start",
    "by",
    "default",
    "approvals",
    "reason",
];

async fn make_cart(browser: &mut Browser<'_>) {
    let fields = [
        ("key", "new-cart"),
        ("purpose", "release"),
        ("variants", "on = true\noff = false"),
        ("off", "off"),
        ("default", "on"),
    ];
    let made = browser.send("/flags/new", "/flags/new", &filled(&FLAG, &fields)).await;
    assert_eq!((made.status, made.location()), (StatusCode::SEE_OTHER, "/flags/default/new-cart?done=saved"));
}

async fn set(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> crate::browser::Page {
    let given = [("environment", "production"), ("by", "targetingKey"), ("on_failure", "rollback")];
    let given: Vec<_> = given.iter().chain(fields).copied().collect();
    let (screen, action) = (format!("{CART}/setting?environment=production"), format!("{CART}/setting"));
    browser.send(&screen, &action, &filled(&SETTING, &given)).await
}

const RAMP: [(&str, &str); 3] =
    [("steps", "5% 10m / 25% approval / 100%"), ("ramp_variant", "on"), ("ramp_from", "off")];

#[tokio::test]
async fn a_ramp_is_made_and_steered_on_the_flag_s_screen() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    make_cart(&mut ann).await;
    assert_eq!(set(&mut ann, &RAMP).await.status, StatusCode::SEE_OTHER);
    assert!(ann.see(CART).await.says("begins when it is turned on"));
    ann.send(CART, CART, &[("environment", "production"), ("act", "on"), ("reason", "go")]).await;
    let page = ann.see(CART).await;
    assert!(page.says("ramping") && page.says("on for 5%") && page.says("until somebody approves"));
    assert!(ann.see("/flags?state=partly").await.says("on for 5%"));
    assert!(ann.see("/flags?state=off").await.says("No flag passes these filters"));

    let ramp = format!("{CART}/ramp");
    let steer = async |ann: &mut Browser<'_>, act: &str, step: &str| {
        ann.send(CART, &ramp, &[("environment", "production"), ("act", act), ("step", step), ("reason", "why")]).await
    };
    assert_eq!(steer(&mut ann, "pause", "0").await.location(), "/flags/default/new-cart?done=steered");
    assert!(ann.see(CART).await.says("paused at 5%"));
    steer(&mut ann, "resume", "0").await;
    site.pass(601);
    steer(&mut ann, "rollback", "1").await;
    let page = ann.see(CART).await;
    assert!(page.says("rolled back") && page.says("Start it again"));
    steer(&mut ann, "restart", "1").await;
    assert!(ann.see(CART).await.says("on for 5%"));
    site.pass(601);
    assert!(ann.see(CART).await.says("Go on to 100%"));
    assert_eq!(steer(&mut ann, "approve", "0").await.status, StatusCode::CONFLICT, "another step than was shown");
    steer(&mut ann, "approve", "1").await;
    assert!(ann.see("/flags?state=on").await.says("new-cart"));
}

#[tokio::test]
async fn what_is_wrong_in_a_form_is_said_beside_its_field_and_nothing_is_written() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    make_cart(&mut ann).await;
    let before = site.position();
    let fields = [
        ("key", "banner"),
        ("variants", "blue = #00f\nred = #f00"),
        ("off", "blue"),
        ("default", "gren"),
        ("targeting", "{\"if\": [{\"startswith\": [1]}, \"red\"]}"),
        ("expires", "soon"),
    ];
    let refused = ann.send("/flags/new", "/flags/new", &filled(&FLAG, &fields)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.says("Not saved") && refused.says("id=\"default-error\"") && refused.says("id=\"expires-error\""));
    assert!(refused.says("At /if/0") && refused.says("starts_with"), "the place within the rule: {}", refused.html);
    assert!(refused.says("red = #f00"), "what was filled in is still there");

    let twice = ann.send("/flags/new", "/flags/new", &filled(&FLAG, &[("key", "new-cart")])).await;
    assert!(twice.says("There is such a flag already."));
    let steps = set(&mut ann, &[("steps", "5% / many"), ("audiences", "staff")]).await;
    assert!(steps.says("“many” is no step") && steps.says("“staff” has no “=” in it"));
    let unknown = set(&mut ann, &[("audiences", "nobody-there = on")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.says("nobody-there"));
    assert_eq!(site.position(), before);
}

#[tokio::test]
async fn a_change_that_needs_approval_is_asked_for_and_somebody_else_approves_exactly_it() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let mut bo = site.signed_in(&mut ann, "bo", "editor").await;
    make_cart(&mut ann).await;
    set(&mut ann, &[("approvals", "1")]).await;
    assert!(bo.see(CART).await.says("Ask to turn on"));
    let asked = bo.send(CART, CART, &[("environment", "production"), ("act", "on"), ("reason", "it is time")]).await;
    let request = asked.location().to_owned();
    assert!(request.starts_with("/flags/requests/"));
    assert!(!site.app.world().flags.flag(&cart()).unwrap().is_on("production"));

    let own = bo.see(&request).await;
    assert!(own.says("somebody else must approve it") && own.says("“it is time”") && !own.says(">Approve<"));
    let hash = own.html.split("name=\"hash\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let refused = bo.send(&request, &request, &[("act", "approve"), ("hash", &hash), ("reason", "")]).await;
    assert!(refused.status.is_client_error() && refused.says("approve it"), "{}", refused.html);

    assert!(ann.see("/").await.says("Flags <span class=\"count\">1"), "the navigation counts what waits for her");
    assert!(ann.see("/flags/requests").await.says("waits for you"));
    let other = "0".repeat(hash.len());
    let wrong = ann.send(&request, &request, &[("act", "approve"), ("hash", &other), ("reason", "")]).await;
    assert!(wrong.status.is_client_error() && wrong.says("another one than you have read"));
    let done = ann.send(&request, &request, &[("act", "approve"), ("hash", &hash), ("reason", "yes")]).await;
    assert_eq!(done.location(), format!("{request}?done=approved"));
    assert!(site.app.world().flags.flag(&cart()).unwrap().is_on("production"));
    assert!(ann.see("/flags/requests?state=over").await.says("done"));

    let off = bo.send(CART, CART, &[("environment", "production"), ("act", "off"), ("reason", "it hurts")]).await;
    assert_eq!(off.location(), "/flags/default/new-cart?done=turned", "turning off waits for nobody");
}

#[tokio::test]
async fn in_an_emergency_nobody_is_waited_for_and_at_a_time_nothing_is_done_before() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    make_cart(&mut ann).await;
    set(&mut ann, &[("approvals", "1")]).await;
    let now = [("environment", "production"), ("act", "on"), ("emergency", "yes"), ("reason", "all is lost")];
    assert_eq!(ann.send(CART, CART, &now).await.location(), "/flags/default/new-cart?done=turned");
    assert!(ann.see("/timeline").await.says("all is lost"));

    let later =
        [("approvals", "1"), ("at", "2027-01-01T09:00"), ("shares", "on = 20\noff = 80"), ("reason", "new year")];
    let asked = set(&mut ann, &later).await;
    let request = ann.see(asked.location()).await;
    assert!(request.says("1 Jan 2027 09:00 UTC") && request.says("20%"), "{}", request.html);
    assert!(ann.see(CART).await.says("Waits"));
    let withdraw = asked.location().to_owned();
    let hash = request.html.split("name=\"hash\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    ann.send(&withdraw, &withdraw, &[("act", "withdraw"), ("hash", &hash), ("reason", "")]).await;
    assert!(ann.see("/flags/requests?state=over").await.says("withdrawn"));
}

#[tokio::test]
async fn a_segment_decides_who_gets_what_and_the_explanation_says_so() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    make_cart(&mut ann).await;
    let segment = [
        ("key", "staff"),
        ("description", "Us"),
        ("owner", ""),
        ("members", ""),
        ("email_domains", "@acme.test"),
        ("groups", ""),
        ("when", ""),
        ("reason", ""),
        ("at", ""),
    ];
    let made = ann.send("/segments/new", "/segments/new", &segment).await;
    assert_eq!(made.location(), "/segments/default/staff?done=saved");
    set(&mut ann, &[("audiences", "staff = off"), ("default", "on")]).await;
    ann.send(CART, CART, &[("environment", "production"), ("act", "on"), ("reason", "")]).await;
    assert!(
        ann.see("/segments/default/staff").await.says("new-cart") && ann.see("/segments").await.says("used by 1 flag")
    );
    assert!(ann.see(CART).await.says("members of staff"));

    let ask = |context: &str| {
        let query = serde_html_form::to_string([("environment", "production"), ("context", context)]).unwrap();
        format!("{CART}/explain?{query}")
    };
    let page = ann.see(&ask("targetingKey = u1\nemail = ada@acme.test")).await;
    assert!(page.says("TARGETING_MATCH") && page.says("class=\"taken\""), "{}", page.html);
    assert!(ann.see(&ask("{\"targetingKey\": \"u1\", \"email\": \"eve@other.test\"}")).await.says("Gets"));
    assert!(ann.see(&ask("no sense")).await.says("has no “=” in it"));
    assert!(ann.see(&ask("{\"a\": ")).await.says("This is no JSON"));

    let used = ann.send("/segments/default/staff/edit", "/segments/default/staff/remove", &[("reason", "")]).await;
    assert_eq!(used.status, StatusCode::CONFLICT, "a flag uses it");
}

#[tokio::test]
async fn a_declared_flag_has_its_switch_and_nothing_else_to_change() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let spec = json!({ "environments": { "production": { "enabled": false } }, "expires": "2020-01-31" });
    let definition = flags::Definition::from_spec(cart(), Some("Declared."), &spec).unwrap();
    site.done_by("ann", Command::Flags(flags::Command::Define { definition })).await;
    let page = ann.see(CART).await;
    assert!(page.says("declared in a file") && page.says("Turn on") && !page.says("/edit") && !page.says("/setting?"));
    assert_eq!(ann.get(&format!("{CART}/edit")).await.status, StatusCode::CONFLICT);
    ann.send(CART, CART, &[("environment", "production"), ("act", "on"), ("reason", "")]).await;
    assert!(ann.see("/flags?state=drifted").await.says("not as declared"));

    assert!(ann.see("/findings?rule=stale-flag").await.says("should have been gone by 2020-01-31"));
    assert!(
        ann.see("/flags?stale=true").await.says("new-cart") && !ann.see("/flags?stale=false").await.says("Declared.")
    );
}

#[tokio::test]
async fn the_past_shows_how_a_flag_was_and_offers_nothing() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    make_cart(&mut ann).await;
    set(&mut ann, &RAMP).await;
    site.pass(60);
    let then = engine::Clock::now(site.clock.as_ref());
    site.pass(60);
    ann.send(CART, CART, &[("environment", "production"), ("act", "on"), ("reason", "")]).await;
    let page = ann.see(&format!("{CART}?at={then}")).await;
    assert!(page.says("You see the past") && page.says("begins when it is turned on"));
    let main = page.html.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
    assert!(!main.contains("<form") && !main.contains("/edit"), "{main}");
    assert!(ann.see(&format!("{CART}/history?at={then}")).await.says("ramp"));
    for screen in ["/flags", "/segments", "/flags/requests"] {
        assert!(!ann.see(&format!("{screen}?at={then}")).await.says("data-key=\"n\""), "{screen}");
    }
}

#[tokio::test]
async fn a_flag_with_many_environments_and_long_rules_is_shown_in_under_100_kb() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let branch = |at: i32| [json!({ "==": [{ "var": "tenant" }, format!("tenant-{at}")] }), json!("on")];
    let rule = json!({ "if": (0..300).flat_map(branch).collect::<Vec<_>>() });
    let setting = json!({ "enabled": true, "targeting": rule });
    let environments: serde_json::Map<_, _> = (10..25).map(|at| (format!("env-{at}"), setting.clone())).collect();
    let spec = json!({ "environments": environments });
    let definition = flags::Definition::from_spec(cart(), Some("Large."), &spec).unwrap();
    site.done_by("ann", Command::Flags(flags::Command::Define { definition })).await;
    let page = ann.see(CART).await;
    assert!(page.html.len() < 100 * 1024, "{} bytes", page.html.len());
    assert!(page.says("Also in") && page.says("more</li>") && !page.says("Rules in env-24"));
    assert!(ann.see(&format!("{CART}?environment=env-24")).await.says("Rules in env-24"));
}
