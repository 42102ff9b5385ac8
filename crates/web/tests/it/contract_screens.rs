//! The screens of contracts: what they say, empty and full, and what their forms do.

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use contracts::{Command as Wish, Gate};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{browser::Site, server::TOKEN};

/// Carries out what somebody wants of the contracts.
async fn done(site: &Site, by: &str, wish: Wish) {
    site.done_by(by, world::Command::Contracts(wish)).await;
}

/// Asks the Pact Broker's protocol, as a build does.
async fn call(site: &Site, method: Method, path: &str, body: Value) -> Value {
    let request = Request::builder().method(&method).uri(path);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let request = request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())).unwrap();
    let response = site.router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(status.is_success(), "{method} {path}: {status} {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

fn order(total: &str) -> Value {
    json!({
        "description": "an order", "providerStates": [{"name": "order 7 exists", "params": {"id": 7}}],
        "request": {"method": "GET", "path": "/orders/7", "query": {"full": ["true"]}},
        "response": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": {"id": 7, total: 120},
            "matchingRules": {"body": {"$.id": {"combine": "AND", "matchers": [{"match": "integer"}]}}}}
    })
}

fn pact(interactions: &[Value]) -> Value {
    json!({"consumer": {"name": "shop"}, "provider": {"name": "orders"}, "interactions": interactions,
        "metadata": {"pactSpecification": {"version": "3.0.0"}}})
}

async fn publish(site: &Site, version: &str, pact: &Value) {
    let (consumer, provider) = (pact["consumer"]["name"].as_str().unwrap(), pact["provider"]["name"].as_str().unwrap());
    let contract = json!({"consumerName": consumer, "providerName": provider, "specification": "pact",
        "contentType": "application/json", "content": STANDARD.encode(pact.to_string())});
    let body = json!({"pacticipantName": consumer, "pacticipantVersionNumber": version, "branch": "main",
        "tags": ["candidate"], "buildUrl": "https://ci.example/1", "contracts": [contract]});
    call(site, Method::POST, "/pact/contracts/publish", body).await;
}

/// Tries a version of the provider against the newest pact.
async fn verify(site: &Site, version: &str, success: bool) {
    let pact = call(site, Method::GET, "/pact/pacts/provider/orders/consumer/shop/latest", json!(null)).await;
    let to = pact["_links"]["pb:publish-verification-results"]["href"].as_str().unwrap();
    let to = &to[to.find("/pact/").unwrap()..];
    let id = pact["interactions"][0]["_id"].as_str().unwrap();
    let mismatch =
        json!({"attribute": "body", "identifier": "$.total", "description": "Expected '120' but was missing"});
    let mismatches = if success { json!([]) } else { json!([mismatch]) };
    let body = json!({"success": success, "providerApplicationVersion": version, "buildUrl": "https://ci.example/2",
        "testResults": [{"interactionId": id, "success": success, "mismatches": mismatches}],
        "verifiedBy": {"implementation": "pact_verifier", "clientLanguage": {"name": "rust"}}});
    call(site, Method::POST, to, body).await;
}

/// What a shop expects of its orders; a version that is deployed meets it, a newer one does not.
async fn shop(site: &Site) {
    done(site, "ci", Wish::SeedEnvironments).await;
    publish(site, "1.0", &pact(&[order("total")])).await;
    verify(site, "5", true).await;
    let ids: Vec<_> = site.app.world().contracts.environments().map(|known| known.environment.id).collect();
    for environment in ids {
        for (pacticipant, version) in [("shop", "1.0"), ("orders", "5")] {
            let (pacticipant, version) = (pacticipant.to_owned(), version.to_owned());
            let via = contracts::Via::Contracts;
            let deploy = Wish::Deploy { pacticipant, version, environment, instance: None, via, emergency: false };
            done(site, "ci", deploy).await;
        }
    }
    site.pass(600);
    verify(site, "6", false).await;
    site.pass(60);
}

#[tokio::test]
async fn without_contracts_each_screen_says_what_belongs_there_and_how_it_comes() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    for view in ["/contracts", "/contracts/network"] {
        let page = ann.see(view).await;
        assert!(
            page.says("Nobody has published a pact yet") && page.says("mainstay contract publish"),
            "{}",
            page.html
        );
    }
    assert!(ann.see("/contracts/matrix").await.says("mainstay can-i-deploy checkout 1.4.2"));
    assert!(ann.see("/contracts/webhooks").await.says("pact-broker create-webhook"));
    assert!(ann.see("/contracts/environments").await.says("No environment is known yet"));
    for missing in
        ["/contracts/a/b", "/contracts/pacts/a/1/b", "/contracts/pacts/a/1/b/diff", "/contracts/verifications/1"]
    {
        assert_eq!(ann.get(missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    for missing in ["/contracts/verifications/0", "/contracts/webhooks/x", "/contracts/environments?environment=x"] {
        assert_eq!(ann.get(missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    assert!(ann.see("/contracts/matrix?p1=nobody").await.says("nobody is called nobody"));
}

#[tokio::test]
async fn the_list_and_the_drawing_say_how_each_integration_stands() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    shop(&site).await;
    let page = ann.see("/contracts").await;
    assert!(page.says("1 integration: 1 failed.") && page.says("/contracts/shop/orders"), "{}", page.html);
    assert!(page.says("To production") && page.says("2 pacticipants are no component of the catalog"));
    assert!(page.says("Consumer or provider"));
    assert!(ann.see("/contracts?state=verified").await.says("No integration passes these filters"));
    assert!(ann.see("/contracts?q=SHO&state=failed&owner=nobody").await.says("/contracts/shop/orders"));
    assert!(!ann.see("/contracts?label=core").await.says("/contracts/shop/orders"));
    let label = Wish::Label { name: "orders".to_owned(), label: "core".to_owned(), given: true };
    done(&site, "ann", label).await;
    assert!(ann.see("/contracts?label=core").await.says("/contracts/shop/orders"));
    let drawn = ann.see("/contracts/network").await;
    assert!(drawn.says("<svg xmlns") && drawn.says("graph-edge tone-bad") && drawn.says("1 failed"), "{}", drawn.html);

    publish(&site, "2.0", &pact(&[order("sum")])).await;
    assert!(ann.see("/contracts").await.says("changed since"));
}

#[tokio::test]
async fn an_integration_shows_what_can_be_deployed_as_far_as_the_other_is_concerned() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    shop(&site).await;
    publish(&site, "2.0", &pact(&[order("sum")])).await;
    let page = ann.see("/contracts/shop/orders").await;
    for text in [
        "not in the catalog",
        "mainstay.dev/pacticipant",
        "1.0 is there",
        "/contracts/verifications/2",
        "against 1.0",
        "tag candidate",
    ] {
        assert!(page.says(text), "{text}: {}", page.html);
    }
    assert!(page.says("changed since 1.0") && page.says("/contracts/pacts/shop/2.0/orders/diff?with=1.0"));
    assert!(page.says("an earlier pact was verified, this one was not"));
    assert!(page.says("aria-label=\"What can be deployed\"") && page.says("not known"));
}

#[tokio::test]
async fn the_matrix_says_no_and_who_must_do_what() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    shop(&site).await;
    let page = ann.see("/contracts/matrix?p1=orders&w1=version&v1=6&environment=production").await;
    assert!(page.says("It must not be deployed to production: 0 verified, 1 failed, 0 not verified."), "{}", page.html);
    assert!(
        page.says("orders 6 does not do what shop 1.0 expects") && page.says("Expected &#39;120&#39; but was missing")
    );
    assert!(page.says("nobody is on call") && page.says("nobody’s") && page.says("/contracts/verifications/2"));
    assert!(page.says("mainstay can-i-deploy orders 6 --to-environment production"));

    let page = ann.see("/contracts/matrix?p1=shop&environment=production").await;
    assert!(page.says("It can be deployed to production: 1 verified"), "{}", page.html);
    let both = ann.see("/contracts/matrix?p1=shop&w1=all&p2=orders&w2=all&latestby=every").await;
    assert!(both.says("verification 1") && both.says("verification 2") && both.says("id=\"p3\""), "{}", both.html);
    let failed = ann.see("/contracts/matrix?p1=shop&w1=all&p2=orders&w2=all&latestby=every&success=false").await;
    assert!(!failed.says("verification 1<") && failed.says("Only rows of one result are looked at"));
    let wrong = ann.see("/contracts/matrix?p1=shop&w1=branch&environment=nowhere").await;
    assert!(wrong.says("say which: a version, branch, tag or environment of shop") && wrong.says("id=\"p1-error\""));
    assert!(ann.see("/contracts/matrix?p1=shop&environment=nowhere").await.says("there is no environment nowhere"));
    let past = ann.see("/contracts/matrix?p1=orders&w1=version&v1=9").await;
    assert!(past.says("It must not be deployed") && past.says("Nothing is known of the version"), "{}", past.html);
}

#[tokio::test]
async fn the_matrix_finds_out_whether_a_pact_fits_a_definition_but_not_in_the_past() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    publish(&site, "1.0", &pact(&[order("total")])).await;
    publish(&site, "1.1", &pact(&[order("sum")])).await;
    let oas = json!({"openapi": "3.0.3", "info": {"title": "orders", "version": "1"}, "paths": {}});
    let contract = json!({"content": STANDARD.encode(oas.to_string()), "contentType": "application/json",
        "specification": "oas"});
    let define = json!({"pacticipantVersionNumber": "5", "branch": "main", "contract": contract});
    call(&site, Method::POST, "/pact/provider-contracts/provider/orders/publish", define).await;
    let before = site.app.now();
    site.pass(60);
    let question = "/contracts/matrix?p1=shop&w1=version&v1=1.0&p2=orders&w2=version&v2=5";
    let past = format!("{question}&at={before}");
    let then = ann.see(&past).await;
    assert!(then.says("is being found out"));
    let hidden = format!("name=\"at\" value=\"{before}\"");
    assert!(then.says(&hidden), "who asks again stays in the past: {}", then.html);
    let page = ann.see(question).await;
    assert!(!page.says("name=\"at\""));
    assert!(!page.says("is being found out") && page.says("does not offer"), "{}", page.html);
    assert!(page.says("does not fit") && !page.says("not known"), "{}", page.html);
    assert!(ann.see(&past).await.says("is being found out"));
}

#[tokio::test]
async fn a_provider_that_does_not_do_what_its_definition_says_is_shown_everywhere_as_failing_its_consumers() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    publish(&site, "1.0", &pact(&[order("total")])).await;
    verify(&site, "5", true).await;
    let state = async || {
        call(&site, Method::GET, "/api/v1/contracts/integrations", json!(null)).await["items"][0]["state"].clone()
    };
    assert_eq!(state().await, "verified");
    let offered = json!({"get": {"parameters": [{"name": "full", "in": "query", "schema": {"type": "boolean"}}],
        "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object", "properties": {"id": {}, "total": {}}}}}}}}});
    let oas = json!({"openapi": "3.0.3", "info": {"title": "orders", "version": "1"}, "paths": {"/orders/7": offered}});
    let contract = json!({"content": STANDARD.encode(oas.to_string()), "contentType": "application/json",
        "specification": "oas", "selfVerificationResults": {"success": false}});
    let define = json!({"pacticipantVersionNumber": "5", "branch": "main", "contract": contract});
    call(&site, Method::POST, "/pact/provider-contracts/provider/orders/publish", define).await;
    assert_eq!(state().await, "failed");
    assert!(ann.see("/contracts").await.says("1 does not fit"));
    let page = ann.see("/contracts/matrix?p1=shop&w1=version&v1=1.0&p2=orders&w2=version&v2=5").await;
    assert!(page.says("does not do what its own API definition says"), "{}", page.html);
    assert!(!page.says("verification 1"), "that it was verified is no proof of the no: {}", page.html);
}

#[tokio::test]
async fn a_pact_is_read_with_its_rules_in_words_and_what_failed_of_it() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    shop(&site).await;
    let page = ann.see("/contracts/pacts/shop/1.0/orders").await;
    for text in [
        "What shop 1.0 expects of orders",
        "Pact 3.0.0",
        "GET /orders/7?full=true",
        "Status 200",
        "order 7 exists (id: 7)",
        "&#34;total&#34;: 120",
        "body.id",
        "any whole number",
        "Expected &#39;120&#39; but was missing",
        "failed",
        "https://ci.example/1",
        "branch main",
    ] {
        assert!(page.says(text), "{text}: {}", page.html);
    }
}

#[tokio::test]
async fn two_pacts_are_compared_interaction_by_interaction() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    shop(&site).await;
    let list = json!({"description": "all orders", "request": {"path": "/orders"}, "response": {"status": 200}});
    publish(&site, "2.0", &pact(&[order("sum"), list])).await;
    let last = ann.see("/contracts/pacts/shop/2.0/orders/diff").await;
    assert!(last.says("1 added, 0 removed, 1 changed, 0 the same."), "{}", last.html);
    assert!(last.says("<code class=\"add\">+       &#34;sum&#34;: 120"), "{}", last.html);
    assert!(last.says("<code class=\"del\">-       &#34;total&#34;: 120"));
    let back = ann.see("/contracts/pacts/shop/1.0/orders/diff?with=2.0").await;
    assert!(back.says("0 added, 1 removed, 1 changed") && back.says("all orders"));
    assert!(ann.see("/contracts/pacts/shop/1.0/orders/diff").await.says("There is no earlier pact"));
    assert_eq!(ann.get("/contracts/pacts/shop/1.0/orders/diff?with=3").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_verification_shows_what_did_not_match_and_with_what_it_was_verified() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    shop(&site).await;
    let page = ann.see("/contracts/verifications/2").await;
    for text in [
        "orders 6 does not do what shop expects",
        "body $.total",
        "Expected &#39;120&#39;",
        "an order",
        "pact_verifier",
        "Client language",
        "https://ci.example/2",
    ] {
        assert!(page.says(text), "{text}: {}", page.html);
    }
    assert!(ann.see("/contracts/verifications/1").await.says("orders 5 does what shop expects"));
}

#[tokio::test]
async fn a_large_pact_is_shown_in_under_100_kb_and_one_interaction_of_it_alone() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let body: Value = (0..400).map(|at| json!({"name": format!("\"quoted\" <{at}>"), "at": at})).collect();
    let one = |at: i32| json!({"description": format!("case {at}"), "request": {"path": "/x", "body": body}, "response": {"status": 200, "body": body}});
    let all: Vec<Value> = (0..120).map(one).collect();
    publish(&site, "1", &pact(&all)).await;
    let page = ann.see("/contracts/pacts/shop/1/orders").await;
    assert!(page.html.len() < 100_000, "{} bytes", page.html.len());
    assert!(page.says("1 to 25 of 120") && page.says("lines more"));
    let rest = ann.see("/contracts/pacts/shop/1/orders?from=100").await;
    assert!(rest.says("101 to 120 of 120") && rest.says("case 119"));
    let alone = ann.see("/contracts/pacts/shop/1/orders?interaction=120").await;
    assert!(alone.html.len() < 100_000 && alone.says("case 119") && alone.says("All 120 interactions"));
    let all: Vec<Value> = all
        .into_iter()
        .map(|mut one| {
            one["response"]["status"] = json!(404);
            one
        })
        .collect();
    publish(&site, "2", &pact(&all)).await;
    let changes = ann.see("/contracts/pacts/shop/2/orders/diff").await;
    assert!(changes.html.len() < 100_000 && changes.says("120 changed"), "{} bytes", changes.html.len());
}

#[tokio::test]
async fn a_webhook_shows_its_calls_and_is_called_again_by_a_button() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    shop(&site).await;
    let webhook = contracts::Webhook {
        id: "w-0123456789abcdef".to_owned(),
        description: Some("Tell CI".to_owned()),
        enabled: true,
        team: None,
        consumer: None,
        provider: Some(contracts::webhooks::Whose::Name("orders".to_owned())),
        events: vec!["contract_published".to_owned()],
        request: contracts::webhooks::WebhookRequest {
            method: "POST".to_owned(),
            url: "https://ci.example/hook".to_owned(),
            headers: vec![("X-From".to_owned(), "mainstay".to_owned())],
            secret_headers: vec!["Authorization".to_owned()],
            body: Some("{}".to_owned()),
            json: true,
            username: None,
            password: false,
            secret: None,
        },
    };
    done(&site, "ann", Wish::PutWebhook { webhook }).await;
    let home = "/contracts/webhooks/w-0123456789abcdef";
    assert!(
        ann.see("/contracts/webhooks").await.says("any consumer and orders")
            && ann.see(home).await.says("has not been called")
    );
    publish(&site, "2.0", &pact(&[order("sum")])).await;
    let page = ann.see(home).await;
    for text in ["waiting", "contract published", "shop 2.0 → orders", "(secret)", "Call again", "Tell CI"] {
        assert!(page.says(text), "{text}: {}", page.html);
    }
    assert!(ann.see("/contracts").await.says("waiting") && ann.see("/contracts/shop/orders").await.says("Tell CI"));

    let again = site.app.world().contracts.deliveries().next().unwrap().delivery.effect;
    let action = format!("{home}/deliveries/{again}/again");
    assert_eq!(ann.send(home, &action, &[]).await.location(), format!("{home}?done=called"));
    assert_eq!(site.app.world().contracts.deliveries().count(), 2);
    assert_eq!(ann.send(home, &action, &[]).await.status, StatusCode::SEE_OTHER);
    let csrf = ann.see(home).await.csrf();
    let unknown = format!("{home}/deliveries/{}/again", kernel::EffectId::from_bytes([9; 16]));
    assert_eq!(ann.post(&unknown, &[("csrf", csrf.as_str())]).await.status, StatusCode::NOT_FOUND);
    assert!(!ann.see(&format!("{home}?at={}", engine::Clock::now(site.clock.as_ref()))).await.says("Call again"));
}

#[tokio::test]
async fn the_gate_of_an_environment_is_set_by_a_form_by_those_who_may() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    shop(&site).await;
    let home = "/contracts/environments";
    let page = ann.see(home).await;
    assert!(page.says("not asked") && page.says("orders") && page.says("Could go there now"), "{}", page.html);
    let action = format!("{home}/production/gate");
    let set = ann.send(home, &action, &[("gate", "refuse"), ("reason", "no more surprises")]).await;
    assert_eq!(set.location(), format!("{home}?done=gate"));
    assert_eq!(site.app.world().contracts.gate("production"), Gate::Refuse);
    assert!(ann.see(home).await.says("refuses") && ann.see("/timeline").await.says("no more surprises"));
    assert_eq!(
        ann.send(home, &action, &[("gate", "refuse"), ("reason", "")]).await.location(),
        format!("{home}?done=nothing")
    );
    let mut bo = site.signed_in(&mut ann, "bo", "viewer").await;
    assert!(!bo.see(home).await.says("/gate"));
    assert!(bo.see(&format!("{home}?environment=production")).await.says("1 to 2 of 2"));
}

const CATALOG: &str = "apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: orders-service, annotations: {mainstay.dev/pacticipant: orders}}
spec: {type: service, lifecycle: production, owner: trade}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: trade}
spec: {type: team, children: []}
";

#[tokio::test]
async fn a_service_s_screen_has_its_contracts_and_the_findings_what_they_lack() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    done(&site, "ci", Wish::SeedEnvironments).await;
    let files = json!([{"path": "catalog-info.yaml", "text": CATALOG}]);
    call(&site, Method::POST, "/api/v1/catalog/apply", json!({"source": "test", "files": files})).await;
    shop(&site).await;
    let page = ann.see("/entities/component/default/orders-service").await;
    for text in
        ["Expect something of it", "/contracts/shop/orders", "What can be deployed", "v1=6&#38;environment=production"]
    {
        assert!(page.says(text), "{text}: {}", page.html);
    }
    assert!(ann.see("/contracts?owner=group%3Adefault%2Ftrade").await.says("/contracts/shop/orders"));
    let found = ann.see("/findings?rule=pacticipant-without-component").await;
    assert!(
        found.says("the pacticipant shop is no component") && !found.says("pacticipant orders is no"),
        "{}",
        found.html
    );
    publish(&site, "7", &json!({"consumer": {"name": "shop"}, "provider": {"name": "mail"}, "interactions": []})).await;
    assert!(ann.see("/findings?rule=contract-without-verification").await.says("mail was never tried against"));
    let id = site.app.world().contracts.environment_named("production").unwrap().environment.id;
    let (pacticipant, version, via) = ("orders".to_owned(), "bare".to_owned(), contracts::Via::Contracts);
    let made = Wish::PutVersion {
        pacticipant: pacticipant.clone(),
        version: version.clone(),
        build_url: None,
        branch: None,
        tags: vec![],
    };
    done(&site, "ci", made).await;
    let deploy = Wish::Deploy { pacticipant, version, environment: id, instance: None, via, emergency: false };
    done(&site, "ci", deploy).await;
    assert!(
        ann.see("/findings?rule=deployed-without-contract")
            .await
            .says("orders bare runs in production without a contract")
    );
}

#[tokio::test]
async fn names_may_hold_anything_and_the_past_is_shown_as_it_was() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let odd = json!({"consumer": {"name": "web/ui <b> & co"}, "provider": {"name": "verifications"}, "interactions": [order("x")]});
    let same =
        json!({"consumer": {"name": "webhooks"}, "provider": {"name": "verifications"}, "interactions": [order("x")]});
    publish(&site, "1/2", &odd).await;
    publish(&site, "1", &same).await;
    let list = ann.see("/contracts").await;
    assert!(list.says("/contracts/web%2Fui%20%3Cb%3E%20%26%20co/verifications"), "{}", list.html);
    for (address, text) in [
        ("/contracts/web%2Fui%20%3Cb%3E%20%26%20co/verifications", "web/ui &#60;b&#62;"),
        ("/contracts/pacts/web%2Fui%20%3Cb%3E%20%26%20co/1%2F2/verifications", "GET /orders/7"),
        ("/contracts/pacts/web%2Fui%20%3Cb%3E%20%26%20co/1%2F2/verifications/diff", "There is no earlier pact"),
        ("/contracts/webhooks/verifications", "webhooks"),
    ] {
        assert!(ann.see(address).await.says(text), "{address}");
    }
    site.pass(60);
    let then = engine::Clock::now(site.clock.as_ref());
    site.pass(60);
    publish(&site, "2", &pact(&[order("total")])).await;
    assert!(ann.see("/contracts").await.says("3 integrations"));
    let past = ann.see(&format!("/contracts?at={then}")).await;
    assert!(
        past.says("2 integrations") && past.says("You see the past") && past.says(&format!("verifications?at={then}"))
    );
    assert!(ann.see("/search/palette?q=webho").await.says("/contracts?q=webhooks"));
}
