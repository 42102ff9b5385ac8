//! flagd's evaluation service, asked by gRPC clients and as HTTP with JSON.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use prost_types::{Struct, Value as Proto, value::Kind};
use serde_json::{Value, json};
use serving::{
    Serving,
    flagd_ports::Ports,
    proto::{
        evaluation_v1::{self as v1, any_flag, service_client::ServiceClient as V1},
        evaluation_v2::{self as v2, service_client::ServiceClient as V2},
    },
};
use tonic::{Code, Request, Streaming, transport::Channel};

use crate::support::{http, ports, serving, set, shop};

struct Clients {
    serving: Serving,
    ports: Ports,
    v1: V1<Channel>,
    v2: V2<Channel>,
}

impl Clients {
    async fn new() -> Self {
        let serving = serving(&shop("on"));
        let ports = ports(&serving).await;
        let address = format!("http://{}", ports.evaluation);
        let v1 = V1::connect(address.clone()).await.unwrap();
        let v2 = V2::connect(address).await.unwrap();
        Self { serving, ports, v1, v2 }
    }

    async fn json(&self, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> (StatusCode, Value) {
        let mut request = http().post(format!("http://{}/{path}", self.ports.evaluation));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body).send().await.unwrap();
        let status = response.status();
        let body = response.text().await.unwrap();
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }
}

fn context(fields: &[(&str, &str)]) -> Option<Struct> {
    let text = |text: &str| Proto { kind: Some(Kind::StringValue(text.to_owned())) };
    Some(Struct { fields: fields.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect() })
}

#[tokio::test]
async fn v1_resolves_flags_of_every_type() {
    let mut clients = Clients::new().await;
    let flag_key = || "release".to_owned();
    let answer = clients.v1.resolve_boolean(v1::ResolveBooleanRequest { flag_key: flag_key(), context: None }).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!((answer.value, &*answer.variant, &*answer.reason), (true, "on", "STATIC"));
    let metadata = answer.metadata.unwrap().fields;
    assert_eq!(metadata["owner"].kind, Some(Kind::StringValue("team-checkout".to_owned())));

    let staff = context(&[("email", "ada@acme.test")]);
    let asked = v1::ResolveStringRequest { flag_key: "banner".to_owned(), context: staff };
    let answer = clients.v1.resolve_string(asked).await.unwrap().into_inner();
    assert_eq!((&*answer.value, &*answer.reason), ("Hello, staff", "TARGETING_MATCH"));

    let asked = v1::ResolveIntRequest { flag_key: "limit".to_owned(), context: None };
    assert_eq!(clients.v1.resolve_int(asked).await.unwrap().into_inner().value, 10);
    let asked = v1::ResolveFloatRequest { flag_key: "limit".to_owned(), context: None };
    assert_eq!(clients.v1.resolve_float(asked).await.unwrap().into_inner().value.to_string(), "10");
    let asked = v1::ResolveObjectRequest { flag_key: "theme".to_owned(), context: None };
    let answer = clients.v1.resolve_object(asked).await.unwrap().into_inner();
    assert_eq!(answer.value.unwrap().fields["ink"].kind, Some(Kind::StringValue("white".to_owned())));
}

#[tokio::test]
async fn failures_have_the_codes_that_flagds_providers_know() {
    let mut clients = Clients::new().await;
    let mut check = async |flag: &str, context: Option<Struct>, v1_code: Option<Code>, v2_code: Option<Code>| {
        let flag_key = || flag.to_owned();
        let asked = v1::ResolveBooleanRequest { flag_key: flag_key(), context: context.clone() };
        let v1 = clients.v1.resolve_boolean(asked).await.err().map(|status| status.code());
        let asked = v2::ResolveBooleanRequest { flag_key: flag_key(), context };
        let v2 = clients.v2.resolve_boolean(asked).await.err().map(|status| status.code());
        assert_eq!((v1, v2), (v1_code, v2_code), "{flag}");
    };
    let both = |code| (Some(code), Some(code));
    let (v1, v2) = both(Code::NotFound);
    check("absent", None, v1, v2).await;
    let (v1, v2) = both(Code::InvalidArgument);
    check("banner", None, v1, v2).await;
    let (v1, v2) = both(Code::Unknown);
    check("astray", context(&[("wanted", "elsewhere")]), v1, v2).await;
    check("undecided", None, Some(Code::NotFound), None).await;
    check("retired", None, None, None).await;
}

#[tokio::test]
async fn an_absent_value_is_absent_in_v2() {
    let mut clients = Clients::new().await;
    for (flag, reason) in [("retired", "DISABLED"), ("undecided", "DEFAULT")] {
        let asked = v2::ResolveBooleanRequest { flag_key: flag.to_owned(), context: None };
        let answer = clients.v2.resolve_boolean(asked).await.unwrap().into_inner();
        assert_eq!((answer.value, answer.variant, &*answer.reason), (None, None, reason));
    }
    let asked = v1::ResolveBooleanRequest { flag_key: "retired".to_owned(), context: None };
    let answer = clients.v1.resolve_boolean(asked).await.unwrap().into_inner();
    assert_eq!((answer.value, &*answer.variant, &*answer.reason), (false, "", "DISABLED"));
}

#[tokio::test]
async fn v1_resolves_all_flags_at_once() {
    let mut clients = Clients::new().await;
    let asked = v1::ResolveAllRequest { context: context(&[("wanted", "elsewhere")]) };
    let answer = clients.v1.resolve_all(asked).await.unwrap().into_inner();
    let found: BTreeMap<_, _> =
        answer.flags.iter().map(|(key, flag)| (&**key, (&*flag.variant, &*flag.reason))).collect();
    let expect = BTreeMap::from([
        ("astray", ("", "ERROR")),
        ("banner", ("plain", "DEFAULT")),
        ("limit", ("low", "STATIC")),
        ("release", ("on", "STATIC")),
        ("retired", ("", "DISABLED")),
        ("theme", ("dark", "STATIC")),
        ("undecided", ("", "DEFAULT")),
    ]);
    assert_eq!(found, expect);
    assert_eq!(answer.flags["limit"].value, Some(any_flag::Value::DoubleValue(10.0)));
    assert!(answer.metadata.unwrap().fields.contains_key("version"));
}

#[tokio::test]
async fn a_selector_chooses_the_flags() {
    let mut clients = Clients::new().await;
    clients
        .serving
        .board()
        .publish("staging", set(&json!({ "flags": { "only-here": shop("on")["flags"]["release"] } })));
    let mut ask = async |key: &str, selector: &'static str| {
        let asked = v1::ResolveBooleanRequest { flag_key: key.to_owned(), context: None };
        let mut request = Request::new(asked);
        request.metadata_mut().insert("flagd-selector", selector.parse().unwrap());
        clients
            .v1
            .resolve_boolean(request)
            .await
            .map(|answer| answer.into_inner().value)
            .map_err(|status| status.code())
    };
    assert_eq!(ask("release", "flagSetId=web").await, Ok(true));
    assert_eq!(ask("release", "flagSetId=api").await, Err(Code::NotFound));
    assert_eq!(ask("only-here", "environment=staging").await, Ok(true));
    assert_eq!(ask("only-here", "environment=nowhere").await, Err(Code::Unavailable));
    assert_eq!(ask("release", "nonsense").await, Err(Code::InvalidArgument));
}

async fn kind(events: &mut Streaming<v1::EventStreamResponse>) -> (String, Vec<(String, String)>) {
    let event = events.message().await.unwrap().unwrap();
    let mut flags = Vec::new();
    if let Some(Kind::StructValue(changed)) = event.data.and_then(|mut data| data.fields.remove("flags")?.kind) {
        for (key, change) in changed.fields {
            let Some(Kind::StructValue(change)) = change.kind else { panic!("{key}") };
            let Some(Kind::StringValue(kind)) = &change.fields["type"].kind else { panic!("{key}") };
            flags.push((key, kind.clone()));
        }
    }
    (event.r#type, flags)
}

#[tokio::test]
async fn the_event_stream_names_the_flags_that_changed_and_says_when_it_ends() {
    let mut clients = Clients::new().await;
    let mut events = clients.v1.event_stream(v1::EventStreamRequest {}).await.unwrap().into_inner();
    assert_eq!(kind(&mut events).await, ("provider_ready".to_owned(), Vec::new()));

    let mut flags = shop("off");
    flags["flags"].as_object_mut().unwrap().remove("retired");
    clients.serving.board().publish("production", set(&flags));
    let changed = |key: &str, kind: &str| (key.to_owned(), kind.to_owned());
    let expect = vec![changed("release", "update"), changed("retired", "delete")];
    assert_eq!(kind(&mut events).await, ("configuration_change".to_owned(), expect));

    clients.serving.board().close();
    assert_eq!(kind(&mut events).await.0, "provider_shutdown");
    assert_eq!(events.message().await.unwrap_err().code(), Code::Unavailable, "so that clients come back");
    clients.ports.close().await;
}

#[tokio::test]
async fn json_is_answered_at_the_same_addresses() {
    let clients = Clients::new().await;
    let kind = [("content-type", "application/json")];
    let check = async |path: &str, body: Value, status: u16, expect: Value| {
        let (found, mut answer) = clients.json(path, &kind, body.to_string()).await;
        if let Some(fields) = answer.as_object_mut() {
            fields.remove("metadata");
            fields.remove("message");
        }
        assert_eq!((found.as_u16(), answer), (status, expect), "{path} {body}");
    };
    let v1 = |method: &str| format!("flagd.evaluation.v1.Service/{method}");
    let v2 = |method: &str| format!("flagd.evaluation.v2.Service/{method}");
    let asked = |key: &str| json!({ "flagKey": key, "context": { "email": "ada@acme.test" } });
    let on = json!({ "value": true, "variant": "on", "reason": "STATIC" });
    check(&v1("ResolveBoolean"), asked("release"), 200, on.clone()).await;
    check(&v2("ResolveBoolean"), json!({ "flag_key": "release" }), 200, on).await;
    let staff = json!({ "value": "Hello, staff", "variant": "staff", "reason": "TARGETING_MATCH" });
    check(&v1("ResolveString"), asked("banner"), 200, staff).await;
    let ten = json!({ "value": "10", "variant": "low", "reason": "STATIC" });
    check(&v1("ResolveInt"), asked("limit"), 200, ten).await;
    let dark = json!({ "value": { "ink": "white" }, "variant": "dark", "reason": "STATIC" });
    check(&v1("ResolveObject"), asked("theme"), 200, dark).await;
    let disabled = json!({ "value": false, "variant": "", "reason": "DISABLED" });
    check(&v1("ResolveBoolean"), asked("retired"), 200, disabled).await;
    check(&v2("ResolveBoolean"), asked("retired"), 200, json!({ "reason": "DISABLED" })).await;
    check(&v1("ResolveBoolean"), asked("absent"), 404, json!({ "code": "not_found" })).await;
    check(&v1("ResolveBoolean"), asked("banner"), 400, json!({ "code": "invalid_argument" })).await;
    check(&v1("ResolveBoolean"), json!([]), 404, json!({ "code": "not_found" })).await;
    check(&v1("ResolveNothing"), asked("release"), 501, json!({ "code": "unimplemented" })).await;
    check(&v2("ResolveAll"), asked("release"), 501, json!({ "code": "unimplemented" })).await;

    let (status, all) = clients.json(&v1("ResolveAll"), &kind, "{}").await;
    assert_eq!((status, &all["flags"]["release"]["boolValue"]), (StatusCode::OK, &json!(true)));
    assert_eq!(all["flags"]["limit"]["doubleValue"], json!(10));
    let (status, _) = clients.json(&v1("ResolveAll"), &kind, "{").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = clients.json(&v1("ResolveAll"), &kind, " ".repeat(2 << 20)).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    let (status, _) = clients.json(&v1("ResolveAll"), &[("content-type", "text/xml")], "{}").await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let selected = [kind[0], ("flagd-selector", "flagSetId=api")];
    let (status, _) = clients.json(&v1("ResolveBoolean"), &selected, asked("release").to_string()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn browsers_get_the_event_stream_in_connects_way() {
    let clients = Clients::new().await;
    let open = async |method: &str, selector: &str| {
        let url = format!("http://{}/flagd.evaluation.v1.Service/{method}", clients.ports.evaluation);
        let request = http().post(url).header("content-type", "application/connect+json");
        request.header("flagd-selector", selector).body(&b"\0\0\0\0\x02{}"[..]).send().await.unwrap()
    };
    let mut events = open("EventStream", "").await;
    assert_eq!(events.headers()["content-type"], "application/connect+json");
    let mut next = async || {
        let piece = events.chunk().await.unwrap()?;
        let (head, message) = piece.split_at(5);
        assert_eq!(u32::from_be_bytes(head[1..].try_into().unwrap()), u32::try_from(message.len()).unwrap());
        Some((head[0], serde_json::from_slice::<Value>(message).unwrap()))
    };
    assert_eq!(next().await, Some((0, json!({ "type": "provider_ready" }))));
    clients.serving.board().publish("production", set(&shop("off")));
    let flags = json!({ "flags": { "release": { "type": "update" } } });
    assert_eq!(next().await, Some((0, json!({ "type": "configuration_change", "data": flags }))));
    clients.serving.board().close();
    assert_eq!(next().await, Some((0, json!({ "type": "provider_shutdown" }))));
    assert_eq!(next().await, Some((2, json!({}))));
    assert_eq!(next().await, None);

    let refused = open("EventStream", "nonsense").await.bytes().await.unwrap();
    let message: Value = serde_json::from_slice(&refused[5..]).unwrap();
    assert_eq!((refused[0], &message["error"]["code"]), (2, &json!("invalid_argument")));
    assert_eq!(open("ResolveAll", "").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_context_that_is_too_large_or_too_deep_is_refused() {
    let mut clients = Clients::new().await;
    let flag_key = || "release".to_owned();
    let large = context(&[("text", &"x".repeat(2 << 20))]);
    let asked = v1::ResolveBooleanRequest { flag_key: flag_key(), context: large };
    assert_eq!(clients.v1.resolve_boolean(asked).await.unwrap_err().code(), Code::OutOfRange);
    let mut deep = Proto { kind: Some(Kind::BoolValue(true)) };
    for _ in 0..1000 {
        let fields = [("a".to_owned(), deep)].into();
        deep = Proto { kind: Some(Kind::StructValue(Struct { fields })) };
    }
    let context = Some(Struct { fields: [("a".to_owned(), deep)].into() });
    let asked = v1::ResolveBooleanRequest { flag_key: flag_key(), context };
    assert!(clients.v1.resolve_boolean(asked).await.is_err());
    let asked = v1::ResolveBooleanRequest { flag_key: flag_key(), context: None };
    assert!(clients.v1.resolve_boolean(asked).await.unwrap().into_inner().value, "others are answered as before");
}
