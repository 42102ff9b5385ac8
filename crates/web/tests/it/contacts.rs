//! How somebody is reached: methods, rules, and who may see and change them.

use axum::http::{Method, StatusCode};
use paging::{For, MethodId};
use serde_json::json;

use crate::{
    browser::{Browser, Site},
    server::Server,
    staffed::{STAFF, browser_of, staff, user},
};

const SCREEN: &str = "/people/default/kim/contact";

async fn act(browser: &mut Browser<'_>, verb: &str, fields: &[(&str, &str)]) {
    let done = browser.send(SCREEN, &format!("{SCREEN}/{verb}"), fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{verb}: {}", done.html);
}

#[tokio::test]
async fn a_person_adds_methods_and_rules_and_the_address_is_sealed() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let mut kim = browser_of(&site, &mut ann, "kim").await;
    assert_eq!(kim.get("/me/contact").await.location(), SCREEN);
    let shown = kim.see(SCREEN).await;
    assert!(shown.says("An urgent page is told at once by e-mail of the catalog"), "{}", shown.html);
    act(&mut kim, "add", &[("channel", "sms"), ("address", " +49 171 7654321 ")]).await;
    act(&mut kim, "add", &[("channel", "ntfy"), ("address", "kims-secret-topic")]).await;
    let contacts = site.app.world().paging.contacts(&user("kim")).cloned().unwrap();
    let sms = contacts.methods[0].clone();
    assert!(sms.secret.starts_with("contacts/default/kim/") && !sms.label.contains("7654321"), "{sms:?}");
    let sealed = site.app.engine().store().get_secret(&sms.secret).unwrap().unwrap();
    assert!(!sealed.windows(7).any(|window| window == b"7654321"));
    let shown = kim.see(SCREEN).await;
    assert!(shown.says(&sms.label) && shown.says("not verified") && !shown.says("7654321"));
    act(&mut kim, "rule", &[("method", "2"), ("after", "0"), ("urgency", "both")]).await;
    act(&mut kim, "rule", &[("method", "1"), ("after", "5"), ("urgency", "high")]).await;
    assert!(kim.see(SCREEN).await.says("After 5 min by text message"));
    act(&mut kim, "earlier", &[("place", "1"), ("was", "1 5 high")]).await;
    let rules = site.app.world().paging.contacts(&user("kim")).unwrap().rules.clone();
    assert_eq!((rules[0].method, rules[0].after_minutes, rules[0].urgency), (MethodId(1), 5, For::High));
    act(&mut kim, "remove", &[("method", "1")]).await;
    assert_eq!(site.app.engine().store().get_secret(&sms.secret).unwrap(), None, "the address is gone with the method");
    let left = site.app.world().paging.contacts(&user("kim")).cloned().unwrap();
    assert_eq!((left.methods.len(), left.rules.len()), (1, 1));
}

#[tokio::test]
async fn what_is_no_address_is_refused_and_nothing_is_kept_of_it() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let mut kim = browser_of(&site, &mut ann, "kim").await;
    let before = site.position();
    let refused = kim.send(SCREEN, &format!("{SCREEN}/add"), &[("channel", "email"), ("address", "no address")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.html);
    assert!(!refused.says("no address") && site.position() == before);
    let stale = kim.send(SCREEN, &format!("{SCREEN}/add"), &[("channel", "pigeon"), ("address", "x")]).await;
    assert!(stale.says("no such channel"));
}

#[tokio::test]
async fn nobody_but_the_person_and_administrators_sees_or_changes_how_they_are_reached() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let mut lee = browser_of(&site, &mut ann, "lee").await;
    assert_eq!(lee.get(SCREEN).await.status, StatusCode::FORBIDDEN);
    let csrf = lee.see("/people/default/lee/contact").await.csrf();
    let fields = [("channel", "sms"), ("address", "+49 171 1234567"), ("csrf", csrf.as_str())];
    assert_eq!(lee.post(&format!("{SCREEN}/add"), &fields).await.status, StatusCode::FORBIDDEN);
    act(&mut ann, "add", &[("channel", "sms"), ("address", "+49 171 1234567")]).await;
    assert_eq!(site.app.world().paging.contacts(&user("kim")).unwrap().methods.len(), 1);
    assert_eq!(ann.get("/people/default/nobody/contact").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_wrong_code_verifies_nothing_and_cannot_be_guessed() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    act(&mut ann, "add", &[("channel", "sms"), ("address", "+49 171 1234567")]).await;
    let mut last = StatusCode::OK;
    let csrf = ann.see(SCREEN).await.csrf();
    for code in 0..30 {
        let fields = [("method", "1"), ("code", &format!("{code:08}")), ("csrf", csrf.as_str())];
        last = ann.post(&format!("{SCREEN}/verify"), &fields).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert!(!site.app.world().paging.contacts(&user("kim")).unwrap().methods[0].verified);
}

#[tokio::test]
async fn a_test_message_carries_the_code_that_verifies() {
    let inbox = notifier::Inbox::new();
    let settings = notifier::Settings { all_to_inbox: true, ..notifier::Settings::default() };
    let site = Site::open_with(|with| with.notifier = Some(notifier::Notifier::new(settings, inbox.clone()).unwrap()));
    let mut ann = site.administrator().await;
    staff(&site).await;
    act(&mut ann, "add", &[("channel", "sms"), ("address", "+49 171 7654321")]).await;
    act(&mut ann, "test", &[("method", "1")]).await;
    let subject = inbox.list(1)[0].message.subject.clone();
    let code = subject.rsplit(' ').next().unwrap().to_owned();
    assert_eq!(code.len(), 8, "{subject}");
    site.pass(3_600);
    act(&mut ann, "verify", &[("method", "1"), ("code", &code)]).await;
    assert!(site.app.world().paging.contacts(&user("kim")).unwrap().methods[0].verified);
}

#[tokio::test]
async fn the_api_does_the_same_and_a_token_that_is_nobody_s_does_it_for_nobody() {
    let server = Server::start();
    server.apply("staff", &[("catalog-info.yaml", STAFF)]).await;
    let address = json!({"channel": "slack", "address": "https://hooks.slack.com/services/T0/B0/secretpart"});
    let added = server.post("/api/v1/people/kim/contact/methods", address).await;
    assert_eq!(added["events"][0]["kind"], "paging.method_added");
    assert!(!added.to_string().contains("secretpart"), "{added}");
    let rules =
        json!({"rules": [{"method": 1, "after_minutes": 0}, {"method": 1, "after_minutes": 10, "urgency": "high"}]});
    let set = server.ask(Method::PUT, "/api/v1/people/kim/contact/rules", Some(&rules)).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.body);
    let shown = server.get("/api/v1/people/kim/contact").await;
    assert_eq!((&shown["methods"][0]["channel"], &shown["rules"][1]["after_minutes"]), (&json!("slack"), &json!(10)));
    let token = server.post("/api/v1/tokens", json!({"name": "ci", "scopes": ["write"]})).await;
    let ci = token["token"].as_str().unwrap();
    let refused = server.ask_as(Some(ci), Method::GET, "/api/v1/people/kim/contact", None).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    server.post("/api/v1/people/kim/contact/methods/1/remove", json!({})).await;
    assert_eq!(server.get("/api/v1/people/kim/contact").await["methods"], json!([]));
}
