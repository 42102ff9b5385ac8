//! Alerts: other tools' protocols, each in a file, behind a door of their own; and the screens that show what came in.
//!
//! What a protocol's body means, and its server's answers, are the crate `alerts`'; here are the routes, the keys
//! ([`door`]) and the one way in ([`door::receive`]). An answer that says yes is given after what was sent is on disk.

pub mod door;
pub mod events_v2;
pub mod hooks;
pub mod list;
pub mod opsgenie;
pub mod prometheus;
pub mod show;

use alerts::Alert;

use crate::frame::Frame;

/// An alert's screen.
fn address(alert: &Alert) -> String {
    format!("/alerts/{}", crate::show::segment(alert.about.alert.name()))
}

/// The name of who sent it; of an integration that is gone, its id.
fn sender(frame: &Frame, alert: &Alert) -> String {
    let integration = frame.world.alerts.integration(alert.about.integration);
    let gone = || format!("a removed integration ({})", alert.about.integration);
    integration.map_or_else(gone, |integration| integration.settings.name.clone())
}

/// The open incident that an alert stands in: what to call it, and its screen.
fn incident(frame: &Frame, alert: &Alert) -> Option<(String, String)> {
    let number = frame.world.incidents.for_check(&alert.about.alert)?.number();
    Some((format!("Incident {number}"), frame.href(format!("/incidents/{number}"))))
}
