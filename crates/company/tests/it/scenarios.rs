//! Every scenario really breaks the pages that it names, and its reverse really heals them.

use std::collections::BTreeMap;

use company::{Page, Scenario};
use serde_json::{Value, json};

use crate::{Stage, until};

/// Strikes, waits until the named pages fail and no others, has `undo` reverse it, and waits until all is well.
async fn check(scenario: Scenario, undo: impl AsyncFn(&Stage)) {
    let stage = Stage::new().await;
    stage.company.history().await.unwrap();
    until("the shop is well", async || stage.broken().await.is_empty()).await;
    stage.company.strike(scenario).await.unwrap();
    until("the shop is broken", async || stage.broken().await == scenario.breaks()).await;
    undo(&stage).await;
    until("the shop has recovered", async || stage.broken().await.is_empty()).await;
}

/// Has the deployer go back to the version before the newest, as Mainstay does.
async fn roll_back(stage: &Stage, component: &str) {
    let deployments = stage.mainstay.deployments_of(component);
    let version = &deployments[deployments.len() - 2]["version"];
    let body = json!({"component": component, "environment": "production", "version": version, "rollback_of": "e-1"});
    assert_eq!(stage.post("deployer", "/hooks/deploy", body).await.0, 202);
    until("the rollback is reported", async || {
        stage.mainstay.deployments_of(component).last().is_some_and(|newest| newest["rollback_of"] == "e-1")
    })
    .await;
}

/// Has the deployer restore the configuration before the newest.
async fn restore(stage: &Stage, component: &str) {
    let configs = stage.mainstay.configs_of(component);
    let before: BTreeMap<String, Value> = serde_json::from_value(configs[configs.len() - 2]["config"].clone()).unwrap();
    let body =
        json!({"component": format!("component:default/{component}"), "environment": "production", "config": before});
    assert_eq!(stage.post("deployer", "/hooks/config", body).await.0, 202);
}

#[tokio::test]
async fn the_new_checkout_breaks_the_checkout_until_its_flag_is_off() {
    check(Scenario::NewCheckout, async |stage| {
        let (status, body) = stage.post("storefront", "/checkout", json!({"cart": "x", "dry_run": true})).await;
        assert_eq!(status, 502);
        assert_eq!(
            body["error"],
            "checkout answered 502: shipping answered 501: shipping 1.14.2 does not serve /v2/parcels"
        );
        stage.mainstay.set_flag("new-checkout", false);
    })
    .await;
}

#[tokio::test]
async fn a_release_of_payments_breaks_the_checkout_until_it_is_rolled_back() {
    check(Scenario::PaymentsRelease, async |stage| roll_back(stage, "payments").await).await;
}

#[tokio::test]
async fn an_impatient_checkout_is_healed_by_its_former_configuration() {
    check(Scenario::ImpatientCheckout, async |stage| {
        let (status, body) = stage.post("checkout", "/orders", json!({"cart": "x"})).await;
        assert_eq!((status, &body["error"]), (504, &json!("payments took longer than 50 ms")));
        assert_eq!(body["upstream"], "payments");
        restore(stage, "checkout").await;
    })
    .await;
}

#[tokio::test]
async fn weather_moods_slow_the_front_page_until_the_flag_is_off() {
    check(Scenario::WeatherMoods, async |stage| stage.mainstay.set_flag("weather-moods", false)).await;
}

#[tokio::test]
async fn the_forecast_breaks_the_front_page_until_its_flag_is_off() {
    check(Scenario::ForecastRamp, async |stage| stage.mainstay.set_flag("forecast-strip", false)).await;
}

#[tokio::test]
async fn a_release_of_products_breaks_browsing_until_it_is_rolled_back() {
    check(Scenario::ProductsRelease, async |stage| {
        assert_eq!(stage.get("products", "/healthz").await.0, 200);
        roll_back(stage, "products").await;
    })
    .await;
}

#[tokio::test]
async fn sandbox_rates_break_all_prices_until_the_former_configuration_is_back() {
    check(Scenario::SandboxRates, async |stage| restore(stage, "currency").await).await;
}

#[tokio::test]
async fn a_release_of_shipping_breaks_the_checkout_until_it_is_rolled_back() {
    check(Scenario::ShippingRelease, async |stage| roll_back(stage, "shipping").await).await;
}

#[test]
fn every_page_is_broken_by_some_scenario() {
    for page in Page::ALL {
        assert!(Scenario::ALL.iter().any(|scenario| scenario.breaks().contains(&page)), "{page:?}");
    }
}
