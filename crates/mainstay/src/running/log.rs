//! The server's log: JSON lines with OpenTelemetry's field names, on standard error.

use tracing::Level;

/// Logs to standard error, from the level that `MAINSTAY_LOG` names (`info` if it names none).
pub(crate) fn to_stderr() {
    let level = std::env::var("MAINSTAY_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(Level::INFO);
    let set = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .try_init();
    // Somebody who set a subscriber before wants that one.
    drop(set);
}
