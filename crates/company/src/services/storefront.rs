//! The web shop: each page is put together from what other services answer.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    Service,
    desk::{Call, Desk, Fault, Request},
};

/// Long enough for all that checkout asks of others.
const CHECKOUT_PATIENCE: Duration = Duration::from_millis(5000);

pub(super) async fn answer(desk: &Desk, request: &Request) -> Result<Value, Fault> {
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", []) => home(desk, &request.customer).await,
        ("GET", ["weather", slug]) => product(desk, slug).await,
        ("POST", ["checkout"]) => {
            let call = Call::post(Service::Checkout, "/orders", request.body.clone());
            desk.ask(call.within(CHECKOUT_PATIENCE)).await
        }
        _ => Err(Fault::no_such_route()),
    }
}

async fn home(desk: &Desk, customer: &str) -> Result<Value, Fault> {
    let products = desk.ask(Call::get(Service::Products, "/products")).await?;
    let patience = desk.setting_ms("recommendations_timeout_ms", 4000);
    let recommended = desk.ask(Call::get(Service::Recommendations, "/recommendations/home").within(patience)).await;
    let mut page = json!({"products": products.get("products")});
    if let Some(fields) = page.as_object_mut() {
        if let Ok(recommended) = recommended {
            fields.insert("recommended".to_owned(), recommended);
        }
        if desk.flags.is_on("winter-banner", false).await {
            fields.insert("banner".to_owned(), json!("First snow is in. Keep it cool."));
        }
        if desk.flags.is_on_for("forecast-strip", customer, false).await {
            let forecast = desk.ask(Call::get(Service::Products, "/forecast")).await?;
            fields.insert("forecast".to_owned(), forecast);
        }
    }
    Ok(page)
}

async fn product(desk: &Desk, slug: &str) -> Result<Value, Fault> {
    let mut product = desk.ask(Call::get(Service::Products, &format!("/products/{slug}"))).await?;
    let rate = desk.ask(Call::get(Service::Currency, "/rates/EUR")).await?;
    let unreadable = || Fault::new(StatusCode::BAD_GATEWAY, "a price cannot be read");
    let shillings = product.get("shillings").and_then(Value::as_f64).ok_or_else(unreadable)?;
    let rate = rate.get("rate").and_then(Value::as_f64).ok_or_else(unreadable)?;
    let fields = product.as_object_mut().ok_or_else(unreadable)?;
    fields.insert("price".to_owned(), json!((shillings * rate * 100.0).round() / 100.0));
    Ok(product)
}
