//! Baskets. Every customer of the demo has the same taste.

use serde_json::{Value, json};

use crate::desk::{Desk, Fault, Request};

pub(super) fn answer(desk: &Desk, request: &Request) -> Result<Value, Fault> {
    let (method, path) = request.route();
    let ("GET", ["carts", id]) = (method, path.as_slice()) else {
        return Err(Fault::no_such_route());
    };
    let days = desk.setting("basket_days");
    Ok(json!({"cart": id, "jars": 1, "slugs": ["fog-in-a-jar"], "shillings": 12, "keeps_days": days}))
}
