//! Post-mortems: from the template to what is published, searched and promised.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::{
    browser::{Browser, PASSWORD, Page, Site},
    server::Server,
    staffed::staff,
};

const NOTHING: [(&str, &str); 12] = [
    ("what", ""),
    ("owner", ""),
    ("deadline", ""),
    ("done_when", ""),
    ("what", ""),
    ("owner", ""),
    ("deadline", ""),
    ("done_when", ""),
    ("what", ""),
    ("owner", ""),
    ("deadline", ""),
    ("done_when", ""),
];

/// One item, and nothing in the other two rows.
fn item<'a>(what: &'a str, owner: &'a str, deadline: &'a str, done_when: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("what", what), ("owner", owner), ("deadline", deadline), ("done_when", done_when)];
    fields.extend(NOTHING.into_iter().skip(4));
    fields
}

async fn over<'a>(site: &'a Site) -> Browser<'a> {
    let mut ann = site.administrator().await;
    staff(site).await;
    let declared = [("title", "Labels fail"), ("entity", "component:checkout"), ("severity", "sev1"), ("evidence", "")];
    ann.send("/incidents/declare", "/incidents", &declared).await;
    ann.send("/incidents/1", "/incidents/1/notes", &[("note", "the |printer| is <b>on fire</b>")]).await;
    site.pass(1_800);
    ann.send("/incidents/1", "/incidents/1/resolve", &[]).await;
    ann
}

async fn save(ann: &mut Browser<'_>, text: &str, items: &[(&str, &str)]) -> Page {
    let page = ann.see("/postmortems/1/edit").await;
    let revision = page.html.split("name=\"revision\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let csrf = page.csrf();
    let first = [("csrf", csrf.as_str()), ("revision", &revision), ("title", "Labels failed"), ("text", text)];
    let fields: Vec<(&str, &str)> = first.into_iter().chain(items.iter().copied()).collect();
    ann.post("/postmortems/1/edit", &fields).await
}

#[tokio::test]
async fn a_post_mortem_is_filled_in_written_reviewed_published_searched_and_promised() {
    let site = Site::open();
    let mut ann = over(&site).await;
    let begun = ann.send("/incidents/1", "/postmortems", &[("incident", "1")]).await;
    assert_eq!((begun.status, begun.location()), (StatusCode::SEE_OTHER, "/postmortems/1/edit"));
    let draft = ann.see("/postmortems/1").await;
    for said in [
        "<strong>30 minutes</strong>",
        "Seen by a person, who declared it",
        "the |printer| is",
        "Error budget",
        "Nothing is promised yet",
        "nobody has approved",
    ] {
        assert!(draft.says(said), "{said}: {}", draft.html);
    }
    assert!(!draft.says("<b>on fire") && !draft.says("Publish it"), "{}", draft.html);
    assert!(ann.see("/incidents/1").await.says("Post-mortem (draft)"));

    let hostile = "# Why\n\n<script>alert(1)</script><img src=x onerror=alert(2)>\n\nThe zeppelin was late.";
    let items = item("Buy a second printer", "user:kim", "2027-06-01", "two labels come out");
    assert_eq!(save(&mut ann, hostile, &items).await.status, StatusCode::SEE_OTHER);
    let draft = ann.see("/postmortems/1?draft=1").await;
    assert!(
        draft.says("The zeppelin was late.") && !draft.says("alert(1)") && !draft.says("onerror"),
        "{}",
        draft.html
    );

    let revision = [("revision", "2"), ("opinion", "approved"), ("note", "")];
    let own = ann.send("/postmortems/1", "/postmortems/1/review", &revision).await;
    assert_eq!(own.status, StatusCode::FORBIDDEN, "{}", own.html);
    ann.send("/postmortems/1", "/postmortems/1/ask-review", &[("reviewers", "user:lee")]).await;
    let mut lee = site.signed_in(&mut ann, "lee", "editor").await;
    let approved = lee.send("/postmortems/1", "/postmortems/1/review", &revision).await;
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.html);
    let published = ann.send("/postmortems/1", "/postmortems/1/publish", &[("revision", "2")]).await;
    assert_eq!(published.status, StatusCode::SEE_OTHER, "{}", published.html);

    let world = site.app.world();
    let source = actions::Source::PostMortem { incident: 1 };
    let promised: Vec<_> = world.actions.of_source(&source).collect();
    assert_eq!(promised.len(), 1);
    assert_eq!((promised[0].promise.owner.short(), promised[0].promise.what.as_str()), ("kim", "Buy a second printer"));
    let shown = ann.see("/postmortems/1").await;
    assert!(shown.says("edition 1") && shown.says("action 1") && shown.says("two labels come out"), "{}", shown.html);
    assert!(ann.see("/postmortems?q=zeppelin").await.says("Labels failed"));
    assert!(ann.see("/postmortems?q=submarine").await.says("No post-mortem matches"));
    assert!(ann.see("/incidents/1").await.says("published the post-mortem of incident 1"));

    // A correction is of words alone, and is judged by whoever sees it.
    assert!(!ann.see("/postmortems/1/edit").await.says("Action 1"));
    assert_eq!(save(&mut ann, "The submarine was late.", &[]).await.status, StatusCode::SEE_OTHER);
    let another = save(&mut ann, "x", &item("Buy a third", "user:kim", "2027-06-01", "three come out")).await;
    assert_eq!(another.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(another.says("promised with the first edition") && another.says("Buy a third"), "{}", another.html);
    let judged = |page: &Page| page.says("/postmortems/1/review\"") || page.says("/postmortems/1/ask-review");
    for old in ["/postmortems/1", "/postmortems/1?edition=1"] {
        assert!(!judged(&ann.see(old).await), "{old} is not what would be reviewed");
    }
    assert!(judged(&ann.see("/postmortems/1?draft=1").await));
    let third = [("revision", "3"), ("opinion", "approved"), ("note", "")];
    lee.send("/postmortems/1?draft=1", "/postmortems/1/review", &third).await;
    let publish = "/postmortems/1/publish";
    assert!(!ann.see("/postmortems/1").await.says(publish));
    let published = ann.send("/postmortems/1?draft=1", publish, &[("revision", "3")]).await;
    assert_eq!(published.status, StatusCode::SEE_OTHER, "{}", published.html);
    assert!(ann.see("/postmortems?q=submarine").await.says("Labels failed"), "the other edition is found");
    assert!(ann.see("/postmortems?q=zeppelin").await.says("No post-mortem matches"), "by its own words");
}

#[tokio::test]
async fn a_person_with_two_accounts_is_one_who_can_not_approve_their_own_text() {
    let site = Site::open();
    let mut ann = over(&site).await;
    ann.send("/incidents/1", "/postmortems", &[("incident", "1")]).await;
    let mut browsers = Vec::new();
    for (name, person) in [("lmoss", "user:lee"), ("root", "user:lee"), ("kpark", "user:kim")] {
        let user = [("name", name), ("password", PASSWORD), ("role", "editor"), ("person", person)];
        assert_eq!(ann.send("/settings/users", "/settings/users", &user).await.status, StatusCode::SEE_OTHER);
        let mut browser = Browser::new(&site);
        browser.post("/login", &[("name", name), ("password", PASSWORD)]).await;
        browsers.push(browser);
    }
    let items = item("Buy a second printer", "user:kim", "2027-06-01", "two labels come out");
    assert_eq!(save(&mut browsers[0], "# Why", &items).await.status, StatusCode::SEE_OTHER);
    let approve = [("revision", "2"), ("opinion", "approved"), ("note", "")];
    for (browser, expected) in
        browsers.iter_mut().zip([StatusCode::FORBIDDEN, StatusCode::FORBIDDEN, StatusCode::SEE_OTHER])
    {
        let answer = browser.send("/postmortems/1", "/postmortems/1/review", &approve).await;
        assert_eq!(answer.status, expected, "{}", answer.html);
    }
    assert_eq!(site.app.world().postmortems.get(1).unwrap().reviews[0].by, "kim", "by the catalog's name");
}

#[tokio::test]
async fn what_is_wrong_is_named_beside_what_was_written_and_nothing_is_lost() {
    let site = Site::open();
    let mut ann = over(&site).await;
    ann.send("/incidents/1", "/postmortems", &[("incident", "1")]).await;
    let text = "All that I know, in many words.";
    for (wrong, said) in [
        (item("x", "user:gone", "2027-06-01", "y"), "gone is not in the catalog"),
        (item("x", "group:web", "2027-06-01", "y"), "what is everybody’s is nobody’s"),
        (item("x", "user:kim", "someday", "y"), "the deadline is no day"),
        (item("x", "user:kim", "2027-06-01", ""), "how can one tell"),
        (item("", "user:kim", "2027-06-01", "y"), "must not be empty"),
    ] {
        let refused = save(&mut ann, text, &wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}: {}", refused.html);
        assert!(refused.says(said) && refused.says(text), "{said}: {}", refused.html);
    }
    // A deadline that is over is named when it is to be published.
    assert_eq!(save(&mut ann, text, &item("x", "user:kim", "2020-01-01", "y")).await.status, StatusCode::SEE_OTHER);
    assert!(ann.see("/postmortems/1?draft=1").await.says("is over already"));

    // What was opened before others wrote stays of the revision it was opened with, until it was seen what they wrote.
    let csrf = ann.see("/postmortems/1/edit").await.csrf();
    let stale = [("csrf", csrf.as_str()), ("revision", "1"), ("title", "Mine"), ("text", "My own words.")];
    let slip = stale.into_iter().chain(item("x", "user:kim", "someday", "y")).collect::<Vec<_>>();
    let refused = ann.post("/postmortems/1/edit", &slip).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.says("name=\"revision\" value=\"1\"") && !refused.says(text), "{}", refused.html);
    let refused = ann.post("/postmortems/1/edit", &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.says("My own words.") && refused.says("What it says now"), "{}", refused.html);
    assert!(refused.says("name=\"revision\" value=\"2\"") && refused.says(text), "{}", refused.html);
    let large = "x".repeat(10 << 20);
    let refused = ann
        .post("/postmortems/1/edit", &[("csrf", csrf.as_str()), ("revision", "2"), ("title", "x"), ("text", &large)])
        .await;
    assert!(matches!(refused.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::BAD_REQUEST), "{}", refused.status);
    assert!(ann.see("/postmortems/1?draft=1").await.says(text), "what was kept stays");
}

#[tokio::test]
async fn a_bad_incident_without_a_post_mortem_is_called_out_after_five_days() {
    let site = Site::open();
    let mut ann = over(&site).await;
    assert!(!ann.see("/postmortems").await.says("Not written yet"));
    site.pass(5 * 86_400);
    // The session has ended meanwhile.
    ann.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
    let late = ann.see("/postmortems").await;
    assert!(late.says("Not written yet") && late.says("1: Labels fail"), "{}", late.html);
}

#[tokio::test]
async fn a_program_writes_and_a_person_whom_it_names_reviews() {
    let server = Server::start();
    let kim = "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: kim}\nspec: {memberOf: []}\n---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: shop}\nspec: {type: service, lifecycle: production, owner: user:kim}\n";
    server.apply("shop", &[("catalog-info.yaml", kim)]).await;
    let missing = server.ask(Method::POST, "/api/v1/postmortems", Some(&json!({"incident": 1}))).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    server.post("/api/v1/incidents", json!({"title": "odd", "entity": "component:shop"})).await;
    let early = server.ask(Method::POST, "/api/v1/postmortems", Some(&json!({"incident": 1}))).await;
    assert_eq!((early.status, &early.body["field"]), (StatusCode::CONFLICT, &json!("incident")));
    server.post("/api/v1/incidents/1/resolve", json!({})).await;
    server.post("/api/v1/postmortems", json!({"incident": 1})).await;
    let item = json!({"what": "a check of the queue", "owner": "user:kim", "deadline": "2027-06-01", "done_when": "check:queue"});
    let four = json!({"revision": 1, "items": [item, item, item, item]});
    let refused = server.ask(Method::POST, "/api/v1/postmortems/1", Some(&four)).await;
    assert_eq!((refused.status, &refused.body["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("items")));
    server.post("/api/v1/postmortems/1", json!({"revision": 1, "text": "# Why\n", "items": [item]})).await;
    let stale = server.ask(Method::POST, "/api/v1/postmortems/1", Some(&json!({"revision": 1, "text": "x"}))).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let long = json!({"revision": 2, "text": "x".repeat(200_001)});
    let long = server.ask(Method::POST, "/api/v1/postmortems/1", Some(&long)).await;
    assert_eq!((long.status, &long.body["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("text")));

    let shown = server.get("/api/v1/postmortems/1").await;
    assert_eq!(
        (&shown["text"], &shown["stage"], &shown["items"][0]["done_when"]),
        (&json!("# Why\n"), &json!("draft"), &json!("check:default/queue"))
    );
    assert_eq!(shown["missing"][0]["field"], "review");
    let nobody = json!({"revision": 2, "approve": true});
    let nobody = server.ask(Method::POST, "/api/v1/postmortems/1/reviews", Some(&nobody)).await;
    assert_eq!((nobody.status, &nobody.body["field"]), (StatusCode::FORBIDDEN, &json!("by")));
    // The token that wrote it can't approve it in anybody's name.
    let named = json!({"revision": 2, "approve": true, "by": "user:kim"});
    assert_eq!(
        server.ask(Method::POST, "/api/v1/postmortems/1/reviews", Some(&named)).await.status,
        StatusCode::FORBIDDEN
    );
    let wanted = json!({"revision": 2, "approve": false, "by": "user:kim", "note": "why *now*?"});
    server.post("/api/v1/postmortems/1/reviews", wanted).await;
    let early = server.ask(Method::POST, "/api/v1/postmortems/1/publish", Some(&json!({"revision": 2}))).await;
    assert_eq!((early.status, &early.body["field"]), (StatusCode::CONFLICT, &json!("review")));
    assert_eq!(server.get("/api/v1/postmortems?q=zeppelin").await["total"], 0);
}
