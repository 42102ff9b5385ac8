//! What a shilling is worth elsewhere.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::desk::{Desk, Fault, Request};

/// The rates of the day.
const RATES: [(&str, f64); 4] = [("EUR", 0.83), ("GBP", 0.71), ("USD", 0.9), ("NOK", 9.7)];

pub(super) fn answer(desk: &Desk, request: &Request) -> Result<Value, Fault> {
    let (method, path) = request.route();
    let ("GET", ["rates", code]) = (method, path.as_slice()) else {
        return Err(Fault::no_such_route());
    };
    let source = desk.setting("rates_source").unwrap_or_default();
    if source == "sandbox" {
        let error = format!("the source of rates \"{source}\" has none for {code}");
        return Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, error));
    }
    let found = RATES.into_iter().find(|(known, _)| known == code);
    let (code, rate) = found.ok_or_else(Fault::no_such_route)?;
    Ok(json!({"code": code, "rate": rate, "source": source}))
}
