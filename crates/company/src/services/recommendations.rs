//! What goes with what, by season or by mood.

use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, Fault, Request};

/// How long it takes to read a customer's mood.
const MOOD_READING: Duration = Duration::from_millis(2500);

pub(super) async fn answer(desk: &Desk, request: &Request) -> Result<Value, Fault> {
    let (method, path) = request.route();
    let ("GET", ["recommendations", _page]) = (method, path.as_slice()) else {
        return Err(Fault::no_such_route());
    };
    if desk.flags.is_on("weather-moods", false).await {
        tokio::time::sleep(MOOD_READING).await;
        return Ok(json!({"slugs": ["thunder-slightly-used", "fog-in-a-jar"], "by": "mood"}));
    }
    Ok(json!({"slugs": ["first-snow", "sea-breeze-no-4"], "by": "season"}))
}
