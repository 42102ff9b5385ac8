//! Who got what is kept, and what follows from it.

use serde_json::{Value, json};
use web::evaluation::tallies;

use super::Client;
use crate::browser::Site;

async fn served(client: &Client<'_>, key: &str, variant: &str) -> u64 {
    let counts = client.get(&format!("/api/v1/flags/{key}/counts?hours=2")).await;
    let steps = counts["series"][variant].as_array().cloned().unwrap_or_default();
    steps.iter().map(|step| step["count"].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn evaluations_are_counted_and_show_that_a_flag_is_in_use() {
    let site = Site::open_now();
    let client = Client::of(&site);
    client.define("dark-mode", json!({})).await;
    assert_eq!(client.get("/api/v1/flags/dark-mode").await["evaluated"], Value::Null);
    for _ in 0..3 {
        client.evaluate("dark-mode", json!({})).await;
    }
    tallies::take_in(&site.app).await;
    client.turn("dark-mode", "on", "production").await;
    client.evaluate("dark-mode", json!({})).await;
    let position = site.position();
    tallies::take_in(&site.app).await;
    assert_eq!((served(&client, "dark-mode", "off").await, served(&client, "dark-mode", "on").await), (3, 1));
    assert_ne!(client.get("/api/v1/flags/dark-mode").await["evaluated"], Value::Null);
    assert_eq!(site.position(), position, "that a flag is in use is noted once a day");
    let marks = client.get("/api/v1/flags/dark-mode/counts?hours=1").await["marks"].clone();
    let texts: Vec<&str> = marks.as_array().unwrap().iter().map(|mark| mark["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["defined flag dark-mode", "turned flag dark-mode on in production"]);
}

#[tokio::test]
async fn the_component_that_asks_is_remembered_if_it_exists() {
    let site = Site::open_now();
    let client = Client::of(&site);
    let shop = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: { name: shop }\nspec: { type: service, lifecycle: production, owner: web }";
    let files = json!({ "source": "shop", "files": [{ "path": "catalog-info.yaml", "text": shop }], "partial": true });
    client.done("POST", "/api/v1/catalog/apply", files).await;
    client.define("dark-mode", json!({})).await;
    for name in ["shop", "nobody", "not a name", "user:default/jo"] {
        client.evaluate("dark-mode", json!({ "service": name })).await;
    }
    tallies::take_in(&site.app).await;
    assert_eq!(client.get("/api/v1/flags/dark-mode").await["seen_from"], json!(["component:default/shop"]));
}

#[tokio::test]
async fn what_a_relay_counted_counts_once_and_only_where_its_token_reaches() {
    let site = Site::open_now();
    let admin = Client::of(&site);
    admin.define("dark-mode", json!({})).await;
    let relay = json!({ "name": "relay", "scopes": ["evaluate"], "environment": "production" });
    let relay = admin.with_token(relay).await;
    let now = site.app.now().as_second();
    let count = |environment: &str, flag: &str| json!({ "environment": environment, "flag": flag, "variant": "off", "count": 5, "last": now });
    let batch = json!({ "counts": [count("production", "dark-mode"), count("staging", "dark-mode"), count("production", "no")] });
    for taken in [2, 2] {
        let key = [("idempotency-key", "one")];
        let answer = relay.send("POST", "/api/v1/flags/tallies", &key, Some(batch.clone())).await;
        assert_eq!(answer.body["counts"], taken, "{}", answer.body);
    }
    tallies::take_in(&site.app).await;
    assert_eq!(served(&admin, "dark-mode", "off").await, 5);
}

#[tokio::test]
async fn a_step_that_waits_for_evaluations_ends_when_there_were_enough() {
    let site = Site::open_now();
    let client = Client::of(&site);
    client.define("dark-mode", json!({})).await;
    let ramp = json!({ "steps": [{ "percent": 10, "hold": { "samples": 3 } }, { "percent": 100 }] });
    client.done("POST", "/api/v1/flags/dark-mode/set", json!({ "ramp": ramp })).await;
    client.turn("dark-mode", "on", "production").await;
    let percent =
        async || client.get("/api/v1/flags/dark-mode").await["environments"]["production"]["ramp"]["percent"].clone();
    for (evaluations, expected) in [(2, 10.0), (1, 100.0)] {
        for _ in 0..evaluations {
            client.evaluate("dark-mode", json!({ "targetingKey": "jo" })).await;
        }
        tallies::take_in(&site.app).await;
        assert_eq!(percent().await, expected);
    }
    assert_eq!(client.evaluate("dark-mode", json!({ "targetingKey": "jo" })).await.body["value"], true);
}
