//! Grafana's webhook contact point: Alertmanager's webhook and more.
//!
//! Source: Grafana's manual, "Configure webhook notifications", and `receivers/webhook` of grafana/alerting.

use kernel::Refusal;
use serde_json::{Map, Value};

use super::{
    Batch, alertmanager,
    json::{self, text},
};
use crate::{Content, Image, Integration, Link};

/// Reads the webhook's body.
///
/// # Errors
/// As [`alertmanager::read`].
pub fn read(body: &[u8], integration: &Integration) -> Result<Batch, Refusal> {
    alertmanager::read_with(body, integration, add)
}

fn add(_message: &Map<String, Value>, alert: &Map<String, Value>, content: &mut Content) {
    // `dashboardURL`, `panelURL` and `silenceURL`; empty if there is none.
    let names = [("dashboardURL", "Dashboard"), ("panelURL", "Panel"), ("silenceURL", "Silence")];
    content.links.extend(
        names
            .iter()
            .filter_map(|(name, shown)| Some(Link { href: text(alert, name)?.to_owned(), text: (*shown).to_owned() })),
    );
    // `imageURL`: a screenshot of the panel, where Grafana is set to make some.
    content.images.extend(text(alert, "imageURL").map(|src| Image {
        src: src.to_owned(),
        href: text(alert, "panelURL").map(str::to_owned),
        alt: "The panel when the alert was sent".to_owned(),
    }));
    // `values`: what each expression came to; `valueString` says the same at more length and is used without them.
    let values = alert.get("values").filter(|values| !json::is_empty(values)).or_else(|| alert.get("valueString"));
    content.details = json::details([("annotations", alert.get("annotations")), ("values", values)]);
}
