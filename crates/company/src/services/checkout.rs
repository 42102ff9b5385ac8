//! From basket to order. Any step but the letter fails the order.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    Service,
    desk::{Call, Desk, Fault, Request},
};

pub(super) async fn answer(desk: &Desk, request: &Request) -> Result<Value, Fault> {
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("POST", ["orders"]) => place(desk, &request.body).await,
        _ => Err(Fault::no_such_route()),
    }
}

async fn place(desk: &Desk, order: &Value) -> Result<Value, Fault> {
    let cart = order
        .get("cart")
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty() && id.len() <= 60 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        .ok_or_else(|| Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "cart: the basket's id is wanted"))?;
    let basket = desk.ask(Call::get(Service::Cart, &format!("/carts/{cart}"))).await?;
    let postage = if desk.flags.is_on("new-checkout", false).await { "/v2/parcels" } else { "/quotes" };
    let parcel = json!({"country": "PT", "jars": basket.get("jars")});
    let quote = desk.ask(Call::post(Service::Shipping, postage, parcel)).await?;
    let rate = desk.ask(Call::get(Service::Currency, "/rates/EUR")).await?;
    let charge = json!({"order": cart, "shillings": basket.get("shillings"), "dry_run": order.get("dry_run")});
    let patience = desk.setting_ms("payments_timeout_ms", 1500);
    desk.ask(Call::post(Service::Payments, "/charges", charge).within(patience)).await?;
    let wrapped = desk.flags.is_on("gift-wrap", false).await;
    let letter = send_letter(desk, cart).await;
    Ok(json!({
        "order": cart,
        "state": "confirmed",
        "carrier": quote.get("carrier"),
        "rate": rate.get("rate"),
        "gift_wrapped": wrapped,
        "letter": letter,
    }))
}

/// An order stands without its letter, so a failure is only told.
async fn send_letter(desk: &Desk, order: &str) -> &'static str {
    if desk.setting("letters").as_deref() == Some("off") {
        return "not wanted";
    }
    match desk.ask(Call::post(Service::Email, "/letters", json!({"order": order}))).await {
        Ok(_) => "sent",
        Err(_) => "later",
    }
}
