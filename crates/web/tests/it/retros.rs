//! Retrospectives on screens and by the API: what was said, voted for and promised, and the verdict on last time.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::{
    browser::Site,
    server::Server,
    staffed::{STAFF, browser_of, staff},
};

const TEAM: [(&str, &str); 2] = [("team", "group:default/web"), ("title", "After the sale")];

#[tokio::test]
async fn a_team_looks_back_promises_something_and_sees_next_time_what_became_of_it() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    assert!(ann.see("/retrospectives").await.says("No team has looked back yet"));
    let opened = ann.send("/retrospectives", "/retrospectives", &TEAM).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.html);
    let screen = "/retrospectives/1";
    let say = format!("{screen}/say");
    let bad = "Nobody saw <b>that</b> the till was shut";
    ann.send(screen, &say, &[("column", "badly"), ("text", bad)]).await;
    ann.send(screen, &say, &[("column", "well"), ("text", "The release was dull")]).await;
    let refused = ann.send(screen, &say, &[("column", "puzzle"), ("text", " ")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut kim = browser_of(&site, &mut ann, "kim").await;
    kim.send(screen, &format!("{screen}/vote"), &[("card", "1")]).await;
    let taken = kim.send(screen, &format!("{screen}/vote"), &[("card", "9")]).await;
    assert_eq!(taken.status, StatusCode::NOT_FOUND);
    let shown = kim.see(screen).await;
    for text in ["1 vote", "4 of 5 left", "first", "Nobody saw &#60;b&#62;that", "retrospective=1&#38;"] {
        assert!(shown.says(text), "{text}: {}", shown.html);
    }
    assert!(!shown.says("Take back</button>"), "only who said it takes it back");
    let promise = [
        ("what", "Watch the till"),
        ("owner", "user:default/kim"),
        ("deadline", "2026-11-30"),
        ("subject", "checkout"),
        ("retrospective", "1"),
    ];
    let made = kim.send("/actions/new?retrospective=1", "/actions", &promise).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.html);
    assert!(kim.see(screen).await.says("Watch the till"));
    let again = ann.send("/retrospectives", "/retrospectives", &TEAM).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "one at a time");
    kim.send(screen, &format!("{screen}/close"), &[]).await;
    let closed = ann.see(screen).await;
    assert!(closed.says("closed") && !closed.says("Vote</button>"));
    let done = [("note", "it is watched"), ("link", "https://example.com/4")];
    kim.send("/actions/1", "/actions/1/done", &done).await;
    ann.send("/retrospectives", "/retrospectives", &[("team", "group:default/web"), ("title", "")]).await;
    let next = ann.see("/retrospectives/2").await;
    assert!(!ann.see(screen).await.says("Promise something"), "its promises have been judged");
    for text in ["Of 1 promised last time, 1 were done in time", "Watch the till", "Retrospective 1"] {
        assert!(next.says(text), "{text}: {}", next.html);
    }
    assert!(ann.see("/retrospectives?team=group:default/web").await.says("After the sale"));
}

#[tokio::test]
async fn who_is_signed_in_votes_and_takes_the_vote_back_by_the_api() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    ann.send("/retrospectives", "/retrospectives", &TEAM).await;
    ann.send("/retrospectives/1", "/retrospectives/1/say", &[("column", "well"), ("text", "It was dull")]).await;
    for (on, votes) in [(true, 1), (false, 0)] {
        let vote = json!({"card": 1, "on": on}).to_string().into_bytes();
        let answer = ann.post_body("/api/v1/retrospectives/1/votes", "application/json", vote).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.html);
        let world = site.app.world();
        assert_eq!(world.actions.retros().get(1).unwrap().card(1).unwrap().votes.len(), votes);
    }
}

#[tokio::test]
async fn the_api_opens_says_and_closes() {
    let server = Server::start();
    server.apply("staff", &[("catalog-info.yaml", STAFF)]).await;
    server.post("/api/v1/retrospectives", json!({"team": "web", "title": "One"})).await;
    server.post("/api/v1/retrospectives/1/cards", json!({"column": "puzzle", "text": "Why on Fridays?"})).await;
    let shown = server.get("/api/v1/retrospectives/1").await;
    assert_eq!((shown["cards"][0]["votes"].as_u64(), shown["cards"][0]["column"].as_str()), (Some(0), Some("puzzle")));
    let vote = json!({"card": 1});
    let refused = server.ask(Method::POST, "/api/v1/retrospectives/1/votes", Some(&vote)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "a program has no votes: {}", refused.body);
    server.post("/api/v1/retrospectives/1/close", json!({})).await;
    assert_eq!(server.get("/api/v1/retrospectives?team=web").await["items"][0]["state"], "closed");
    for (path, body, status) in [
        ("", json!({"team": "nobody"}), StatusCode::UNPROCESSABLE_ENTITY),
        ("/1/cards", json!({"column": "well", "text": "late"}), StatusCode::CONFLICT),
        ("/1/cards", json!({"column": "ugly", "text": "x"}), StatusCode::UNPROCESSABLE_ENTITY),
        ("/9/votes", json!({"card": 1}), StatusCode::NOT_FOUND),
    ] {
        let answer = server.ask(Method::POST, &format!("/api/v1/retrospectives{path}"), Some(&body)).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.body);
    }
}
