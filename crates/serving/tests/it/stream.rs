//! OFREP's event stream.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, BodyDataStream},
    http::{Request, StatusCode},
    response::Response,
};
use futures::{FutureExt, StreamExt};
use serde_json::Value;
use serving::{Scope, Serving, ofrep, stream::Limits};
use tower::ServiceExt;

use crate::{
    schema::validate_component,
    support::{everything, serving, serving_with, set, shop},
};

async fn open(router: &Router, scope: Option<Scope>, last: Option<&str>) -> Response {
    let mut request = Request::get(ofrep::EVENTS);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let mut request = request.body(Body::empty()).unwrap();
    if let Some(scope) = scope {
        request.extensions_mut().insert(scope);
    }
    router.clone().oneshot(request).await.unwrap()
}

/// A client's end of a stream.
struct Events(BodyDataStream);

/// One message as it stands on the wire.
#[derive(Debug, Default)]
struct Message {
    id: Option<String>,
    event: Option<String>,
    data: Option<String>,
    retry: Option<u64>,
}

impl Events {
    async fn of(router: &Router, last: Option<&str>) -> Self {
        let response = open(router, everything(), last).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response.into_body().into_data_stream())
    }

    async fn next(&mut self) -> Option<Message> {
        let piece = self.0.next().await?.unwrap();
        let mut message = Message::default();
        for line in std::str::from_utf8(&piece).unwrap().lines().filter(|line| !line.is_empty()) {
            let (field, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
            match field {
                "id" => message.id = Some(value.to_owned()),
                "event" => message.event = Some(value.to_owned()),
                "data" => message.data = Some(value.to_owned()),
                "retry" => message.retry = Some(value.parse().unwrap()),
                other => panic!("{other}"),
            }
        }
        Some(message)
    }

    fn is_quiet(&mut self) -> bool {
        self.0.next().now_or_never().is_none()
    }
}

fn refetch(message: &Message) -> Value {
    let data: Value = serde_json::from_str(message.data.as_deref().unwrap()).unwrap();
    validate_component("sseEventData", &data);
    assert_eq!(message.event.as_deref(), Some("message"));
    assert_eq!(data["type"], "refetchEvaluation");
    assert_eq!(data["etag"], format!("\"{}\"", message.id.as_deref().unwrap()));
    data
}

fn flip(serving: &Serving, release: &str) {
    serving.board().publish("production", set(&shop(release)));
}

#[tokio::test]
async fn a_flip_is_told_with_an_id_to_come_back_with() {
    let serving = serving(&shop("on"));
    let router = ofrep::router(serving.clone());
    let mut events = Events::of(&router, None).await;
    // The set is new, so the client may have asked before it came.
    let first = events.next().await.unwrap();
    refetch(&first);
    assert!(first.retry.is_some_and(|retry| (1000..=2000).contains(&retry)));
    assert!(events.is_quiet());
    flip(&serving, "off");
    let second = events.next().await.unwrap();
    refetch(&second);
    assert_ne!(first.id, second.id);
}

#[tokio::test]
async fn a_client_that_comes_back_is_told_what_it_missed_and_nothing_else() {
    let serving = serving(&shop("on"));
    let router = ofrep::router(serving.clone());
    let on = Events::of(&router, None).await.next().await.unwrap().id.unwrap();

    let mut up_to_date = Events::of(&router, Some(&on)).await;
    let greeting = up_to_date.next().await.unwrap();
    assert_eq!((greeting.id.as_deref(), greeting.data), (Some(&*on), None));

    flip(&serving, "off");
    refetch(&Events::of(&router, Some(&on)).await.next().await.unwrap());
    refetch(&Events::of(&router, Some("from another server")).await.next().await.unwrap());
    flip(&serving, "on");
    assert!(Events::of(&router, Some(&on)).await.next().await.unwrap().data.is_none(), "on, off and on again is on");
}

#[tokio::test(start_paused = true)]
async fn many_flips_at_once_are_one_message() {
    let serving = serving(&shop("on"));
    let mut events = Events::of(&ofrep::router(serving.clone()), None).await;
    events.next().await.unwrap();
    flip(&serving, "off");
    refetch(&events.next().await.unwrap());
    for _ in 0..50 {
        flip(&serving, "on");
        flip(&serving, "off");
    }
    flip(&serving, "on");
    assert!(events.is_quiet(), "the next message waits for its time");
    refetch(&events.next().await.unwrap());
    assert!(events.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_does_not_read_costs_no_more_than_its_place() {
    let serving = serving(&shop("on"));
    let router = ofrep::router(serving.clone());
    let mut slow = Events::of(&router, None).await;
    let mut quick = Events::of(&router, None).await;
    slow.next().await.unwrap();
    quick.next().await.unwrap();
    for round in 0..100 {
        flip(&serving, if round % 2 == 0 { "off" } else { "on" });
        quick.next().await.unwrap();
    }
    flip(&serving, "off");
    refetch(&slow.next().await.unwrap());
    assert!(slow.is_quiet(), "nothing was kept for it");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_is_kept_alive_by_comments() {
    let serving = serving(&shop("on"));
    let mut events = Events::of(&ofrep::router(serving.clone()), None).await;
    events.next().await.unwrap();
    let piece = tokio::time::timeout(Duration::from_secs(16), events.0.next()).await.unwrap().unwrap().unwrap();
    assert!(piece.starts_with(b":"), "{piece:?}");
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let serving = serving(&shop("on"));
    let router = ofrep::router(serving.clone());
    let mut events = Events::of(&router, None).await;
    events.next().await.unwrap();
    serving.board().close();
    assert!(events.next().await.is_none());
    assert_eq!(open(&router, everything(), None).await.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_client_that_reconnects_in_a_loop_is_told_to_wait() {
    let limits = Limits { burst: 5, per_second: 1, ..Limits::default() };
    let router = ofrep::router(serving_with(&shop("on"), limits));
    for _ in 0..5 {
        assert_eq!(open(&router, everything(), None).await.status(), StatusCode::OK);
    }
    let refused = open(&router, everything(), None).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "1");
}

#[tokio::test]
async fn no_more_streams_are_opened_than_there_is_room_for() {
    let limits = Limits { streams_max: 2, ..Limits::default() };
    let router = ofrep::router(serving_with(&shop("on"), limits));
    let first = open(&router, everything(), None).await;
    let _second = open(&router, everything(), None).await;
    assert_eq!(open(&router, everything(), None).await.status(), StatusCode::TOO_MANY_REQUESTS);
    drop(first);
    assert_eq!(open(&router, everything(), None).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_stream_needs_a_scope_as_well() {
    let router = ofrep::router(serving(&shop("on")));
    assert_eq!(open(&router, None, None).await.status(), StatusCode::UNAUTHORIZED);
    let nowhere = open(&router, Some(Scope::all("nowhere")), None).await;
    assert_eq!(nowhere.status(), StatusCode::SERVICE_UNAVAILABLE);
}
