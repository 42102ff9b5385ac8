//! What came of something that was done outside is handed in until it is on disk.

use std::time::Duration;

use engine::Request;
use tokio::sync::watch;
use web::App;
use world::Command;

/// How long it is waited before what could not be recorded is handed in again: at first, and at most.
const AGAIN: Duration = Duration::from_millis(500);
const AGAIN_MAX: Duration = Duration::from_secs(30);

/// Hands in what came of it until it is recorded, or the server stops: nothing is done again because the disk is full.
pub(super) async fn record(app: &App, command: Command, part: &str, mut stopped: watch::Receiver<bool>) {
    let mut wait = AGAIN;
    while let Err(refusal) = app.submit(Request::by_part(command.clone(), part)).await {
        tracing::warn!(error.code = refusal.code.name, "what came of {part} is not recorded yet: {refusal}");
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(AGAIN_MAX);
    }
}
