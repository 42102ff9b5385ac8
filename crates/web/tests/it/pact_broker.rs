//! The Pact Broker's API over HTTP: a whole story, and what strangers send.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{browser::Site, server::TOKEN};

struct Answer {
    status: StatusCode,
    body: Value,
    text: String,
}

async fn send(site: &Site, method: &str, path: &str, body: impl Into<Body>) -> Answer {
    let request = Request::builder().method(method).uri(format!("/pact{path}"));
    let request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let request = request.header(header::CONTENT_TYPE, "application/json").header(header::HOST, "broker.example");
    let response = site.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status, body: serde_json::from_str(&text).unwrap_or_default(), text }
}

async fn get(site: &Site, path: &str) -> Value {
    let answer = send(site, "GET", path, Body::empty()).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    answer.body
}

async fn post(site: &Site, path: &str, body: &Value) -> Answer {
    send(site, "POST", path, body.to_string()).await
}

fn pact(consumer: &str, provider: &str, path: &str) -> Value {
    json!({"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": [{
        "description": "a request", "providerState": "it exists", "unknown": {"kept": [1, 2.50]},
        "request": {"method": "GET", "path": path}, "response": {"status": 200}}],
        "metadata": {"pactSpecification": {"version": "2.0.0"}}})
}

fn contract(pact: &Value) -> Value {
    json!({"consumerName": pact["consumer"]["name"], "providerName": pact["provider"]["name"], "specification": "pact",
        "contentType": "application/json", "content": STANDARD.encode(pact.to_string())})
}

fn publication(version: &str, pacts: &[Value]) -> Value {
    let contracts: Vec<Value> = pacts.iter().map(contract).collect();
    json!({"pacticipantName": pacts[0]["consumer"]["name"], "pacticipantVersionNumber": version, "branch": "main",
        "tags": ["dev"], "contracts": contracts})
}

async fn publish(site: &Site, version: &str, pact: &Value) {
    let answer = post(site, "/contracts/publish", &publication(version, std::slice::from_ref(pact))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

/// Verifies what a provider is to verify, as its build would.
async fn verify(site: &Site, provider: &str, version: &str, success: bool) -> usize {
    let asked = json!({"providerVersionBranch": "main"});
    let found = post(site, &format!("/pacts/provider/{provider}/for-verification"), &asked).await;
    let pacts = found.body["_embedded"]["pacts"].as_array().unwrap().clone();
    for pact in &pacts {
        let href = pact["_links"]["self"]["href"].as_str().unwrap();
        let path = href.strip_prefix("http://broker.example/pact").or(href.strip_prefix("https://broker.example/pact"));
        let shown = get(site, path.unwrap()).await;
        let to = shown["_links"]["pb:publish-verification-results"]["href"].as_str().unwrap().to_owned();
        let to = to.split_once("/pact/").map(|(_, path)| format!("/{path}")).unwrap();
        let results = json!([{"interactionId": shown["interactions"][0]["_id"], "success": success,
            "mismatches": [{"description": "expected 200, got 500"}]}]);
        let body = json!({"success": success, "providerApplicationVersion": version, "testResults": results,
            "verifiedBy": {"implementation": "test"}});
        let made = post(site, &to, &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert_eq!(made.body["testResults"], results);
    }
    let on_main = format!("/pacticipants/{provider}/branches/main/versions/{version}");
    assert!(send(site, "PUT", &on_main, "{}").await.status.is_success());
    pacts.len()
}

async fn environment(site: &Site, name: &str) -> String {
    let made = post(site, "/environments", &json!({"name": name, "production": true})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body["uuid"].as_str().unwrap().to_owned()
}

async fn deploy(site: &Site, name: &str, version: &str, environment: &str) -> Answer {
    let path = format!("/pacticipants/{name}/versions/{version}/deployed-versions/environment/{environment}");
    post(site, &path, &json!({})).await
}

async fn deployable(site: &Site, name: &str, version: &str) -> Value {
    let query = format!("/matrix?q[][pacticipant]={name}&q[][version]={version}&latestby=cvpv&environment=production");
    get(site, &query).await["summary"]["deployable"].clone()
}

#[tokio::test]
async fn a_consumer_and_a_provider_learn_from_each_other_whether_they_can_be_deployed() {
    let site = Site::open();
    let production = environment(&site, "production").await;
    publish(&site, "1", &pact("Foo", "Bar", "/orders")).await;
    assert_eq!(deployable(&site, "Foo", "1").await, Value::Null);
    assert_eq!(verify(&site, "Bar", "7", true).await, 1);
    assert_eq!(deployable(&site, "Foo", "1").await, Value::Null, "Bar runs nowhere yet");
    assert_eq!(deployable(&site, "Bar", "7").await, json!(true), "nobody is there who expects anything");
    assert_eq!(deploy(&site, "Bar", "7", &production).await.status, StatusCode::CREATED);
    assert_eq!(deployable(&site, "Foo", "1").await, json!(true));
    assert_eq!(deploy(&site, "Foo", "1", &production).await.status, StatusCode::CREATED);

    // A provider that breaks it can't follow; the same content of another version is verified already.
    publish(&site, "2", &pact("Foo", "Bar", "/orders")).await;
    assert_eq!(deployable(&site, "Foo", "2").await, json!(true));
    assert_eq!(verify(&site, "Bar", "8", false).await, 1);
    assert_eq!(deployable(&site, "Bar", "8").await, json!(false));
    let why = site_api(&site, "/api/v1/contracts/can-i-deploy?pacticipant=Bar&version=8&environment=production").await;
    let blocker = &why["blockers"][0];
    assert_eq!((&blocker["consumer"], &blocker["provider"]), (&json!("Foo"), &json!("Bar")));
    assert_eq!(blocker["interactions"][0]["interaction"], "\"a request\" given \"it exists\"");
    assert_eq!(blocker["interactions"][0]["mismatch"], "expected 200, got 500");

    // What was published comes back as it was.
    let shown = get(&site, "/pacts/provider/Bar/consumer/Foo/version/1").await;
    assert_eq!(shown["interactions"][0]["unknown"], json!({"kept": [1, 2.50]}));
    assert_eq!(shown["interactions"][0]["_id"].as_str().unwrap().len(), 40);
}

async fn site_api(site: &Site, path: &str) -> Value {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let response = site.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
}

#[tokio::test]
async fn an_environment_that_refuses_takes_no_version_that_breaks_a_promise_but_in_an_emergency() {
    let site = Site::open();
    let production = environment(&site, "production").await;
    publish(&site, "1", &pact("Foo", "Bar", "/orders")).await;
    let gate = contracts::Command::SetGate { environment: "production".to_owned(), gate: contracts::Gate::Refuse };
    site.done_by("ann", world::Command::Contracts(gate)).await;
    let refused = deploy(&site, "Foo", "1", &production).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("There is no verified pact between version 1 of Foo"), "{}", refused.text);
    let path = format!("/pacticipants/Foo/versions/1/deployed-versions/environment/{production}");
    let released = format!("/pacticipants/Foo/versions/1/released-versions/environment/{production}");
    assert_eq!(post(&site, &released, &json!({})).await.status, StatusCode::CONFLICT);
    for path in [&path, &released] {
        for body in [json!({"emergency": true}), json!({"emergency": true, "reason": " "})] {
            let without = post(&site, path, &body).await;
            assert_eq!(without.status, StatusCode::BAD_REQUEST, "{}", without.text);
            assert!(without.body["errors"]["reason"].is_array(), "{}", without.text);
        }
        let forced = post(&site, path, &json!({"emergency": true, "reason": "orders are lost"})).await;
        assert_eq!(forced.status, StatusCode::CREATED, "{}", forced.text);
    }
    let entries = site.app.blocking(|engine| Ok(engine.store().read(0, 1_000)?)).await.unwrap();
    let passed = entries.iter().filter(|entry| entry.kind == "contracts.gate_passed");
    let reasons: Vec<_> = passed.map(|entry| entry.stamp.reason.clone()).collect();
    assert_eq!(reasons, [Some("orders are lost".to_owned()), Some("orders are lost".to_owned())]);
}

#[tokio::test]
async fn another_content_for_the_same_version_is_refused_in_upstreams_words() {
    let site = Site::open();
    publish(&site, "1", &pact("Foo", "Bar", "/orders")).await;
    publish(&site, "1", &pact("Foo", "Bar", "/orders")).await;
    let other = publication("1", &[pact("Foo", "Bar", "/other")]);
    let refused = post(&site, "/contracts/publish", &other).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let words =
        "Cannot change the content of the pact for Foo version 1 and provider Bar, as race conditions will cause";
    assert!(refused.body["errors"]["contracts"][0].as_str().unwrap().starts_with(words), "{}", refused.text);
    let put = "/pacts/provider/Bar/consumer/Foo/version/1";
    let refused = send(&site, "PUT", put, pact("Foo", "Bar", "/other").to_string()).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    assert_eq!(send(&site, "PUT", put, pact("Foo", "Bar", "/orders").to_string()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_can_not_be_a_publication_is_refused_with_what_is_wrong() {
    let site = Site::open();
    let good = publication("1", &[pact("Foo", "Bar", "/orders")]);
    let check = async |change: &dyn Fn(&mut Value), field: &str, words: &str| {
        let mut body = good.clone();
        change(&mut body);
        let answer = post(&site, "/contracts/publish", &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{field}: {}", answer.text);
        let told = answer.body["errors"][field].to_string();
        assert!(told.contains(words), "{field} of {}", answer.text);
    };
    let content = |text: &str| {
        let text = text.to_owned();
        move |body: &mut Value| body["contracts"][0]["content"] = json!(text)
    };
    check(&content("%%%"), "contracts[0].content", "is not valid Base64").await;
    check(&content(&STANDARD.encode("{nonsense")), "contracts[0].content", "could not be parsed").await;
    check(&content(&STANDARD.encode("[1]")), "contracts[0].content", "expected to be a Hash but was a Array").await;
    check(&content(&STANDARD.encode([b'{', 0xff])), "contracts[0].content", "non UTF-8 character at char 2").await;
    let other = STANDARD.encode(pact("Foo", "Other", "/x").to_string());
    check(&content(&other), "contracts[0].providerName", "must match providerName").await;
    check(&|body| body["pacticipantName"] = json!("Else"), "contracts[0].consumerName", "must match pacticipantName")
        .await;
    check(&|body| body["pacticipantVersionNumber"] = json!(" "), "pacticipantVersionNumber", "can't be blank").await;
    check(&|body| body["contracts"] = json!("x"), "contracts", "must be an array").await;
    check(&|body| drop(body.as_object_mut().unwrap().shift_remove("contracts")), "contracts", "is missing").await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    check(&content(&STANDARD.encode(format!("{{\"a\":{deep}}}"))), "contracts[0].content", "could not be parsed").await;
    assert_eq!(site.position(), 0, "nothing was written");

    let huge = vec![b'x'; 70 << 20];
    let answer = send(&site, "POST", "/contracts/publish", huge).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer =
        send(&site, "PUT", "/pacts/provider/Bar/consumer/Foo/version/1", pact("X", "Bar", "/").to_string()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.contains("name in pact 'X' does not match name in URL path 'Foo'."), "{}", answer.text);
}

#[tokio::test]
async fn names_with_slashes_spaces_and_other_letters_are_names() {
    let site = Site::open();
    publish(&site, "feat/x 1", &pact("Größe/Foo", "Bar & Sons", "/orders")).await;
    let consumer = "Gr%C3%B6%C3%9Fe%2FFoo";
    let shown = get(&site, &format!("/pacticipants/{consumer}/versions/feat%2Fx%201")).await;
    assert_eq!(shown["number"], "feat/x 1");
    let link = shown["_links"]["pb:pact-versions"][0]["href"].as_str().unwrap();
    let path = link.split_once("/pact/").map(|(_, path)| format!("/{path}")).unwrap();
    assert_eq!(get(&site, &path).await["consumer"]["name"], "Größe/Foo");
    let matrix = get(&site, &format!("/matrix?q[][pacticipant]={consumer}&q[][version]=feat/x+1&latestby=cvpv")).await;
    assert_eq!(matrix["matrix"][0]["provider"]["name"], "Bar & Sons");
}

#[tokio::test]
async fn thousands_of_selectors_are_answered_or_refused_and_what_contradicts_itself_is_said() {
    let site = Site::open();
    publish(&site, "1", &pact("Foo", "Bar", "/orders")).await;
    let many = |count: usize| format!("/matrix?latestby=cvpv{}", "&q[][pacticipant]=Foo&q[][version]=1".repeat(count));
    assert_eq!(send(&site, "GET", &many(1_500), Body::empty()).await.status, StatusCode::OK);
    let check = async |query: &str, words: &str| {
        let answer = send(&site, "GET", &format!("/matrix?{query}"), Body::empty()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.body["errors"].to_string().contains(words), "{query}: {}", answer.text);
    };
    check("", "Please provide 1 or more version selectors").await;
    check("q[][pacticipant]=Nobody", "Pacticipant Nobody not found").await;
    check("q[][pacticipant]=Foo&q[][version]=1&q[][latest]=true", "cannot both be specified for Foo").await;
    check("q[][pacticipant]=Foo&environment=nowhere", "Environment with name 'nowhere' does not exist").await;
    check("q[][pacticipant]=Foo&tag=a&mainBranch=true", "Cannot specify more than one of tag").await;
    check("q[][pacticipant]=Foo&limit=0", "The limit must be 1 or greater").await;
    check("q=1&q[]=2", "expected Array").await;
}

#[tokio::test]
async fn what_a_token_may_not_do_it_can_not_do_here_either() {
    let site = Site::open();
    let request = Request::get("/pact/").body(Body::empty()).unwrap();
    let response = site.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    // The password of basic authentication is a token.
    let basic = STANDARD.encode(format!("anything:{TOKEN}"));
    let request = Request::get("/pact/").header(header::AUTHORIZATION, format!("Basic {basic}"));
    let response = site.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let index: Value = serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap();
    assert!(index["_links"]["pb:publish-contracts"]["href"].as_str().unwrap().ends_with("/pact/contracts/publish"));
}

#[tokio::test]
async fn a_pact_is_compared_with_what_the_provider_says_its_api_is() {
    let site = Site::open();
    let production = environment(&site, "production").await;
    publish(&site, "1", &pact("Foo", "Bar", "/orders")).await;
    let oas = json!({"openapi": "3.0.3", "info": {"title": "Bar", "version": "1"}, "paths": {
        "/orders": {"get": {"responses": {"200": {"description": "ok"}}}}}});
    let define = |version: &str, document: &Value| contracts_define("Bar", version, &document.to_string());
    let answer = post(&site, "/provider-contracts/provider/Bar/publish", &define("1", &oas)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(deploy(&site, "Bar", "1", &production).await.status, StatusCode::CREATED);
    assert_eq!(deployable(&site, "Foo", "1").await, json!(true));
    let other = json!({"openapi": "3.0.3", "info": {"title": "Bar", "version": "2"}, "paths": {
        "/elsewhere": {"get": {"responses": {"200": {"description": "ok", "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/Loop"}}}}}}}},
        "components": {"schemas": {"Loop": {"type": "object", "properties": {"again": {"$ref": "#/components/schemas/Loop"},
            "far": {"$ref": "https://elsewhere.example/schema.json"}}}}}});
    post(&site, "/provider-contracts/provider/Bar/publish", &define("2", &other)).await;
    assert_eq!(deploy(&site, "Foo", "1", &production).await.status, StatusCode::CREATED);
    assert_eq!(deployable(&site, "Bar", "2").await, json!(false), "Foo runs, and calls /orders");
    let why = site_api(&site, "/api/v1/contracts/can-i-deploy?pacticipant=Bar&version=2&environment=production").await;
    let interaction = &why["blockers"][0]["interactions"][0];
    assert!(interaction["mismatch"].as_str().unwrap().contains("request.path-or-method.unknown"), "{why}");
}

fn contracts_define(_provider: &str, version: &str, document: &str) -> Value {
    json!({"pacticipantVersionNumber": version, "branch": "main", "contract": {
        "content": STANDARD.encode(document), "contentType": "application/json", "specification": "oas",
        "selfVerificationResults": {"success": true, "content": STANDARD.encode("ok"), "contentType": "text/plain",
            "verifier": "test"}}})
}
