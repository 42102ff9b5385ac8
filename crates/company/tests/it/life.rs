//! What happens by itself, and what goes on when Mainstay does not.

use company::Service;
use serde_json::json;

use crate::{Stage, until};

#[tokio::test]
async fn a_jar_of_fog_can_be_bought() {
    let stage = Stage::new().await;
    let (status, order) = stage.post("storefront", "/checkout", json!({"cart": "mine", "dry_run": true})).await;
    assert_eq!((status, &order["state"]), (200, &json!("confirmed")));
    assert_eq!((&order["carrier"], &order["letter"]), (&json!("pigeon"), &json!("sent")));
    let (_, page) = stage.get("storefront", "/weather/fog-in-a-jar").await;
    assert_eq!(page["price"], json!(9.96));
    assert_eq!(stage.get("storefront", "/weather/hail").await.0, 404);
}

#[tokio::test]
async fn every_service_says_what_it_is() {
    let stage = Stage::new().await;
    for service in Service::ALL {
        let (status, body) = stage.get(service.name(), "/healthz").await;
        assert_eq!((status, &body["service"]), (200, &json!(service.name())));
    }
}

#[tokio::test]
async fn the_first_day_is_told_in_full_and_leaves_the_shop_well() {
    let stage = Stage::new().await;
    stage.company.history().await.unwrap();
    assert!(stage.mainstay.changes() >= 24, "{}", stage.mainstay.changes());
    let first = &stage.mainstay.deployments_of("payments")[0];
    assert_eq!((&first["version"], &first["outcome"]), (&json!("2.8.0"), &json!("succeeded")));
    assert_eq!(stage.mainstay.configs_of("checkout")[0]["config"]["payments_timeout_ms"], json!("1500"));
    assert_eq!(stage.broken().await, []);
}

#[tokio::test]
async fn a_flag_keeps_its_last_known_value_while_mainstay_is_away() {
    let stage = Stage::new().await;
    stage.mainstay.set_flag("gift-wrap", true);
    let wrapped =
        async || stage.post("checkout", "/orders", json!({"cart": "x"})).await.1["gift_wrapped"] == json!(true);
    until("the flag is seen", wrapped).await;
    stage.mainstay.go_away();
    stage.mainstay.set_flag("gift-wrap", false);
    // Longer than a value is fresh: the shop has asked again, and has been refused.
    tokio::time::timeout(std::time::Duration::from_millis(1500), async { while wrapped().await {} })
        .await
        .expect_err("the value was forgotten");
}

#[tokio::test]
async fn life_breaks_the_shop_and_goes_on_when_it_has_recovered() {
    let stage = Stage::new().await;
    stage.company.history().await.unwrap();
    let story = async {
        for _ in 0..2 {
            until("the shop breaks by itself", async || !stage.broken().await.is_empty()).await;
            undo_everything(&stage).await;
            until("the shop recovers", async || stage.broken().await.is_empty()).await;
        }
    };
    tokio::select! {
        () = stage.company.live() => panic!("life ended"),
        () = story => {}
    }
}

/// Goes back on whatever a scenario can have done.
async fn undo_everything(stage: &Stage) {
    for flag in ["new-checkout", "weather-moods", "forecast-strip"] {
        if stage.mainstay.flag(flag).is_some() {
            stage.mainstay.set_flag(flag, false);
        }
    }
    for (component, version) in [("payments", "2.8.0"), ("products", "5.2.3"), ("shipping", "1.14.2")] {
        stage.post("deployer", "/hooks/deploy", json!({"component": component, "version": version})).await;
    }
    let sound = [("checkout", json!({"payments_timeout_ms": "1500"})), ("currency", json!({"rates_source": "bank"}))];
    for (component, config) in sound {
        stage.post("deployer", "/hooks/config", json!({"component": component, "config": config})).await;
    }
}
