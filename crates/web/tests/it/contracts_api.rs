//! What our own API has of contracts: each answer, and each way to ask for nothing.

use axum::http::{Method, StatusCode};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::server::Server;

const CATALOG: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: money }
spec: { type: team, children: [] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: payments }
spec: { type: service, lifecycle: production, owner: money, providesApis: [ledger] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: checkout }
spec: { type: service, lifecycle: production, owner: money, consumesApis: [ledger] }
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: ledger }
spec:
  type: grpc
  lifecycle: production
  owner: money
  definition: |
    syntax = \"proto3\";
    package ledger;
    message Entry { string id = 1; int64 amount = 2; }
";

async fn server() -> Server {
    let server = Server::start();
    server.apply("it", &[("catalog-info.yaml", CATALOG)]).await;
    // The binary does so at its start.
    let production = json!({ "name": "production", "production": true });
    server.post("/pact/environments", production).await;
    server
}

async fn publish(server: &Server, version: &str, status: u16) {
    let request = json!({ "method": "GET", "path": "/" });
    publish_interaction(server, version, json!({ "request": request, "response": { "status": status } })).await;
}

async fn publish_call(server: &Server, version: &str, method: &str, path: &str) {
    let request = json!({ "method": method, "path": path });
    publish_interaction(server, version, json!({ "request": request, "response": { "status": 200 } })).await;
}

async fn publish_interaction(server: &Server, version: &str, mut interaction: Value) {
    interaction["description"] = json!("a charge");
    let pact = json!({
        "consumer": { "name": "checkout" }, "provider": { "name": "payments" }, "interactions": [interaction],
    });
    let body = json!({
        "pacticipantName": "checkout", "pacticipantVersionNumber": version, "branch": "main", "contracts": [contract(&pact)],
    });
    server.post("/pact/contracts/publish", body).await;
}

fn contract(pact: &Value) -> Value {
    json!({
        "consumerName": "checkout", "providerName": "payments", "content": STANDARD.encode(pact.to_string()),
        "contentType": "application/json", "specification": "pact",
    })
}

/// What is refused, and which field is at fault.
async fn refused(server: &Server, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = server.ask(method, path, Some(&body)).await;
    (answer.status, answer.body["field"].clone())
}

#[tokio::test]
async fn integrations_and_pacticipants_are_listed_with_whose_they_are() {
    let server = server().await;
    publish(&server, "1", 200).await;
    let listed = server.get("/api/v1/contracts/integrations?provider=payments").await;
    let one = &listed["items"][0];
    assert_eq!((&listed["total"], &one["state"]), (&json!(1), &json!("unverified")));
    assert_eq!((&one["provider"]["owner"], &one["latest"]["version"]), (&json!("group:default/money"), &json!("1")));
    let nobody = server.get("/api/v1/contracts/integrations?consumer=payments").await;
    assert_eq!(nobody["items"], json!([]));
    let found = server.get("/api/v1/contracts/pacticipants?q=CHECK").await;
    let one = &found["items"][0];
    assert_eq!((&one["name"], &one["in_catalog"], &one["versions"]), (&json!("checkout"), &json!(true), &json!(1)));
    assert_eq!((&one["main_branch"], &one["newest"]), (&json!("main"), &json!("1")));
    let of_component = server.get("/api/v1/contracts/pacticipants?component=payments").await;
    assert_eq!(of_component["total"], 1);
    let other = json!({ "pacticipantName": "checkout", "pacticipantVersionNumber": "2", "branch": "feature",
        "contracts": [contract(&json!({ "consumer": { "name": "checkout" }, "provider": { "name": "payments" },
            "interactions": [] }))] });
    server.post("/pact/contracts/publish", other).await;
    let listed = server.get("/api/v1/contracts/integrations").await;
    assert_eq!(listed["items"][0]["latest"]["version"], "1", "what a branch tries out is not what matters");
}

#[tokio::test]
async fn a_pacticipant_is_taken_for_another_component() {
    let server = server().await;
    publish(&server, "1", 200).await;
    let path = "/api/v1/contracts/pacticipants/payments/component";
    let done = server.ask(Method::PUT, path, Some(&json!({ "component": "checkout", "reason": "renamed" }))).await;
    assert_eq!(done.body["events"][0]["kind"], "contracts.pacticipant_matched", "{}", done.body);
    let component =
        async || server.get("/api/v1/contracts/pacticipants?q=payments").await["items"][0]["component"].clone();
    assert_eq!(component().await, "component:default/checkout");
    let again = server.ask(Method::PUT, path, Some(&json!({ "component": "checkout" }))).await;
    assert_eq!(again.body["events"], json!([]), "all is as wished");
    server.ask(Method::PUT, path, Some(&json!({ "component": null }))).await;
    assert_eq!(component().await, "component:default/payments");
    let nobody = "/api/v1/contracts/pacticipants/nobody/component";
    assert_eq!(refused(&server, Method::PUT, nobody, json!({})).await.0, StatusCode::NOT_FOUND);
    let wrong = refused(&server, Method::PUT, path, json!({ "component": "a b:c/d e" })).await;
    assert_eq!(wrong, (StatusCode::UNPROCESSABLE_ENTITY, json!("component")));
}

#[tokio::test]
async fn a_gate_refuses_a_deployment_unless_it_is_an_emergency_with_a_reason() {
    let server = server().await;
    publish(&server, "1", 200).await;
    let gate = "/api/v1/contracts/environments/production/gate";
    let deployment = json!({ "component": "checkout", "version": "1" });
    let with = |key: &str, value: Value| {
        let mut body = deployment.clone();
        body[key] = value;
        body["emergency"] = json!(true);
        body
    };
    let set = server.ask(Method::PUT, gate, Some(&json!({ "gate": "refuse", "reason": "an outage" }))).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.body);
    assert_eq!(server.get("/api/v1/contracts/environments").await["items"][0]["gate"], "refuse");
    let answer = server.ask(Method::POST, "/api/v1/deployments", Some(&deployment)).await;
    assert_eq!((answer.status, &answer.body["type"]), (StatusCode::CONFLICT, &json!("/docs/errors/contract-broken")));
    for reason in [Value::Null, json!("  ")] {
        let without = refused(&server, Method::POST, "/api/v1/deployments", with("reason", reason)).await;
        assert_eq!(without, (StatusCode::UNPROCESSABLE_ENTITY, json!("reason")));
    }
    let done = server.post("/api/v1/deployments", with("reason", json!("it is down"))).await;
    let kinds: Vec<&str> =
        done["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"contracts.gate_passed"), "{kinds:?}");
    assert_eq!(
        refused(&server, Method::PUT, gate, json!({ "gate": "ajar" })).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let nowhere = "/api/v1/contracts/environments/nowhere/gate";
    assert_eq!(refused(&server, Method::PUT, nowhere, json!({ "gate": "off" })).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_gate_finds_out_itself_whether_a_pact_fits_a_definition() {
    let server = server().await;
    publish(&server, "1", 200).await;
    publish(&server, "2", 201).await;
    let oas = json!({ "openapi": "3.0.3", "info": { "title": "payments", "version": "1" }, "paths": {
        "/": { "get": { "responses": { "200": { "description": "ok" } } } } } });
    let contract = json!({ "content": STANDARD.encode(oas.to_string()), "contentType": "application/json",
        "specification": "oas" });
    let define = json!({ "pacticipantVersionNumber": "7", "branch": "main", "contract": contract });
    server.post("/pact/provider-contracts/provider/payments/publish", define).await;
    server.post("/api/v1/deployments", json!({ "component": "payments", "version": "7" })).await;
    let gate = "/api/v1/contracts/environments/production/gate";
    server.ask(Method::PUT, gate, Some(&json!({ "gate": "refuse" }))).await;
    // Only what the newest version expects was compared when the definition came.
    server.post("/api/v1/deployments", json!({ "component": "checkout", "version": "1" })).await;
    let second = json!({ "component": "checkout", "version": "2" });
    let answer = server.ask(Method::POST, "/api/v1/deployments", Some(&second)).await;
    assert_eq!(answer.body["type"], "/docs/errors/contract-broken", "{}", answer.body);
}

#[tokio::test]
async fn a_dry_cleanup_removes_nothing_and_says_what_the_real_one_removes() {
    let server = server().await;
    for (version, status) in [("1", 200), ("2", 201), ("3", 202)] {
        publish(&server, version, status).await;
    }
    let path = "/api/v1/contracts/cleanup";
    let planned = server.post(path, json!({ "keep_days": 0, "dry_run": true })).await;
    assert_eq!(planned["removed"].as_array().unwrap().len(), 2, "{planned}");
    let one = server.post(path, json!({ "keep_days": 0, "at_most": 1 })).await;
    assert_eq!((&one["removed"][0], &one["left"]), (&planned["removed"][0], &json!(1)));
    let rest = server.post(path, json!({ "keep_days": 0 })).await;
    assert_eq!((&rest["removed"][0], &rest["left"]), (&planned["removed"][1], &json!(0)));
    assert_eq!(rest["removed"][0]["pacts"], 1);
    for (body, field) in [
        (json!({ "keep_days": 40_000 }), json!("keep_days")),
        (json!({ "keep_days": 0, "at_most": 0 }), json!("at_most")),
        (json!({ "keep_days": 0, "at_most": 5_000 }), json!("at_most")),
        (json!({ "keep_days": 0, "keep": ["all"] }), json!("keep")),
        (json!({}), Value::Null),
    ] {
        assert_eq!(refused(&server, Method::POST, path, body).await, (StatusCode::UNPROCESSABLE_ENTITY, field));
    }
}

#[tokio::test]
async fn a_definition_is_compared_and_nothing_is_kept() {
    let server = server().await;
    let path = "/api/v1/contracts/compare";
    let message = |fields: &str| format!("syntax = \"proto3\";\npackage ledger;\nmessage Entry {{ {fields} }}\n");
    let before = server.get("/api/v1/timeline?limit=1").await["items"][0]["position"].clone();
    let broken = server.post(path, json!({ "api": "ledger", "definition": message("string id = 1;") })).await;
    assert_eq!((&broken["breaking"], &broken["breaks_somebody"]), (&json!(true), &json!(true)));
    let compared = &broken["comparisons"][0];
    assert_eq!((&compared["current"], &compared["deployed_in"]), (&json!(true), &json!([])));
    assert_eq!(compared["consumers"][0]["component"], "component:default/checkout");
    let fine = message("string id = 1; int64 amount = 2; string note = 3;");
    let fine = server.post(path, json!({ "api": "api:default/ledger", "definition": fine })).await;
    assert_eq!((&fine["breaking"], &fine["comparisons"][0]["breaking"]), (&json!(false), &json!(0)));
    let deployed = server.post(path, json!({ "api": "ledger", "definition": "", "deployed": true })).await;
    assert_eq!(deployed["comparisons"], json!([]));
    assert_eq!(server.get("/api/v1/timeline?limit=1").await["items"][0]["position"], before);
    for (body, status, field) in [
        (
            json!({ "api": "ledger", "definition": "message {{{" }),
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("definition"),
        ),
        (
            json!({ "api": "ledger", "definition": "", "format": "wsdl" }),
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("format"),
        ),
        (json!({ "api": "nothing", "definition": "" }), StatusCode::NOT_FOUND, Value::Null),
    ] {
        assert_eq!(refused(&server, Method::POST, path, body).await, (status, field));
    }
}

const ORDERS: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: payments }
spec: { type: service, lifecycle: production, owner: money, providesApis: [orders, ledger] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: checkout }
spec: { type: service, lifecycle: production, owner: money, consumesApis: [orders] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: ledger-ui }
spec: { type: service, lifecycle: production, owner: money, consumesApis: [orders] }
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: orders }
spec:
  type: openapi
  lifecycle: production
  owner: money
  definition: |
    openapi: 3.0.3
    info: { title: orders, version: '1' }
    paths:
      /: { get: { responses: { '200': { description: ok } } } }
      /old: { get: { responses: { '200': { description: ok } } } }
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: ledger }
spec:
  type: grpc
  lifecycle: production
  owner: money
  definition: |
    syntax = \"proto3\";
    package ledger;
    message Entry { string id = 1; }
    service Ledger { rpc Get (Entry) returns (Entry); rpc Put (Entry) returns (Entry); }
";

/// Those whom a definition breaks, each with the operations.
async fn broken_by(server: &Server, api: &str, definition: &str) -> Vec<(String, Value)> {
    let compared = server.post("/api/v1/contracts/compare", json!({ "api": api, "definition": definition })).await;
    let of = |caller: &Value| (caller["component"].as_str().unwrap().to_owned(), caller["operations"].clone());
    compared["comparisons"][0]["consumers"].as_array().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn a_breaking_change_names_those_whose_pacts_call_it_and_those_who_say_nothing_of_what_they_call() {
    let server = Server::start();
    server.apply("it", &[("catalog-info.yaml", ORDERS)]).await;
    publish(&server, "1", 200).await;
    let orders =
        |paths: Value| json!({ "openapi": "3.0.3", "info": { "title": "orders", "version": "2" }, "paths": paths });
    let offered = json!({ "get": { "responses": { "200": { "description": "ok" } } } });
    let (checkout, ui) = ("component:default/checkout".to_owned(), "component:default/ledger-ui".to_owned());
    let without_old = orders(json!({ "/": offered })).to_string();
    assert_eq!(broken_by(&server, "orders", &without_old).await, [(ui.clone(), json!([]))]);
    let without_root = orders(json!({ "/old": offered })).to_string();
    let both = [(checkout.clone(), json!(["GET /"])), (ui, json!([]))];
    assert_eq!(broken_by(&server, "orders", &without_root).await, both);
    // A pact about a method of a protobuf service asks for its path.
    publish_call(&server, "2", "POST", "/ledger.Ledger/Put").await;
    let without_put = "syntax = \"proto3\";\npackage ledger;\nmessage Entry { string id = 1; }\n\
                       service Ledger { rpc Get (Entry) returns (Entry); }\n";
    assert_eq!(broken_by(&server, "ledger", without_put).await, [(checkout, json!(["ledger.Ledger/Put"]))]);
}

#[tokio::test]
async fn calls_of_webhooks_are_listed_and_asked_for_again() {
    let server = server().await;
    let webhook = json!({
        "description": "tell somebody", "events": [{ "name": "contract_published" }],
        "request": { "method": "POST", "url": "https://ci.example/start" },
    });
    server.post("/pact/webhooks", webhook).await;
    publish(&server, "1", 200).await;
    let listed = server.get("/api/v1/contracts/webhooks").await;
    assert_eq!((&listed["items"][0]["name"], &listed["items"][0]["enabled"]), (&json!("tell somebody"), &json!(true)));
    let deliveries = server.get("/api/v1/contracts/webhooks/deliveries?state=waiting").await;
    let delivery = &deliveries["items"][0];
    assert_eq!((&delivery["event"], &delivery["consumer_version"]), (&json!("contract_published"), &json!("1")));
    let path = format!("/api/v1/contracts/webhooks/deliveries/{}/refire", delivery["id"].as_str().unwrap());
    let done = server.post(&path, json!({ "reason": "it was away" })).await;
    assert_eq!(done["events"][0]["kind"], "contracts.webhook_refired");
    assert_eq!(server.get("/api/v1/contracts/webhooks/deliveries").await["total"], 2);
    let none = server.get("/api/v1/contracts/webhooks/deliveries?webhook=other").await;
    assert_eq!(none["items"], json!([]));
    let wrong = refused(&server, Method::POST, "/api/v1/contracts/webhooks/deliveries/x/refire", json!({})).await;
    assert_eq!(wrong, (StatusCode::BAD_REQUEST, json!("id")));
    let key = server.get("/api/v1/contracts/webhooks/signing-key").await;
    assert_eq!(STANDARD.decode(key["key"].as_str().unwrap().strip_prefix("whsec_").unwrap()).unwrap().len(), 32);
}
