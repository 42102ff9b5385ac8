//! Charging cards, at the bank's pace.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::desk::{Fault, Request};

/// What the bank needs for a charge.
const BANK: Duration = Duration::from_millis(120);

pub(super) async fn answer(request: &Request) -> Result<Value, Fault> {
    let (method, path) = request.route();
    let ("POST", ["charges"]) = (method, path.as_slice()) else {
        return Err(Fault::no_such_route());
    };
    let shillings = request.body.get("shillings").and_then(Value::as_u64).filter(|shillings| *shillings > 0);
    let shillings = shillings
        .ok_or_else(|| Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "shillings: a whole number above 0 is wanted"))?;
    tokio::time::sleep(BANK).await;
    Ok(json!({"state": "captured", "shillings": shillings}))
}
