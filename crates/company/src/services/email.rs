//! Letters to customers.

use serde_json::{Value, json};

use crate::desk::{Desk, Fault, Request};

pub(super) async fn answer(desk: &Desk, request: &Request) -> Result<Value, Fault> {
    let (method, path) = request.route();
    let ("POST", ["letters"]) = (method, path.as_slice()) else {
        return Err(Fault::no_such_route());
    };
    let paperless = desk.flags.is_on("paperless-letters", true).await;
    Ok(json!({"accepted": true, "paper": if paperless { None } else { desk.setting("paper") }}))
}
