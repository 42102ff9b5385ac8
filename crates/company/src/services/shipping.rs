//! What the postage costs. The parcels that replace quotes come with version 2.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    desk::{Desk, Fault, Request},
    estate::Version,
};

const SERVES_PARCELS: Version = Version(2, 0, 0);

pub(super) fn answer(desk: &Desk, request: &Request) -> Result<Value, Fault> {
    let (method, path) = request.route();
    let carriers = desk.setting("carriers").unwrap_or_default();
    let carrier = carriers.split(',').next().unwrap_or("pigeon");
    let quote = json!({"shillings": 3, "carrier": carrier});
    match (method, path.as_slice()) {
        ("POST", ["quotes"]) => Ok(quote),
        ("POST", ["v2", "parcels"]) => match desk.deployed() {
            Some(deployed) if deployed.version < SERVES_PARCELS => {
                let error = format!("shipping {} does not serve /v2/parcels", deployed.version);
                Err(Fault::new(StatusCode::NOT_IMPLEMENTED, error))
            }
            Some(_) | None => Ok(quote),
        },
        _ => Err(Fault::no_such_route()),
    }
}
