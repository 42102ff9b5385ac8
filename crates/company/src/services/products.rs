//! What is sold: title, temper, price in shillings.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    desk::{Desk, Fault, Request},
    estate::Version,
};

/// The version that will know tomorrow's weather.
const SERVES_FORECASTS: Version = Version(9, 0, 0);

const PRODUCTS: [(&str, &str, &str, u32); 6] = [
    ("fog-in-a-jar", "Fog in a jar", "mild", 12),
    ("tuesday-drizzle", "Tuesday drizzle", "mild", 9),
    ("thunder-slightly-used", "Thunder, slightly used", "foul", 40),
    ("first-snow", "First snow", "brisk", 55),
    ("sea-breeze-no-4", "Sea breeze No. 4", "brisk", 18),
    ("sunday-afternoon-sun", "Sunday afternoon sun", "mild", 70),
];

pub(super) fn answer(desk: &Desk, request: &Request) -> Result<Value, Fault> {
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", ["products"]) => Ok(json!({"products": PRODUCTS.map(product)})),
        ("GET", ["products", slug]) => {
            let found = PRODUCTS.into_iter().find(|(known, ..)| known == slug);
            found.map(product).ok_or_else(Fault::no_such_route)
        }
        ("GET", ["forecast"]) => match desk.deployed() {
            Some(deployed) if deployed.version < SERVES_FORECASTS => {
                let error = format!("products {} does not serve /forecast", deployed.version);
                Err(Fault::new(StatusCode::NOT_IMPLEMENTED, error))
            }
            Some(_) | None => Ok(json!({"tomorrow": PRODUCTS.map(|(slug, ..)| slug)})),
        },
        _ => Err(Fault::no_such_route()),
    }
}

fn product((slug, title, temper, shillings): (&str, &str, &str, u32)) -> Value {
    json!({"slug": slug, "title": title, "temper": temper, "shillings": shillings})
}
