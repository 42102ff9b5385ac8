//! Applies catalog folders, now and whenever they change.

use std::path::PathBuf;

use catalog::{Apply, Bundle};
use engine::{Receipt, Request};
use kernel::{Actor, Refusal};
use sources::{Gathered, Limits, Pace, watch};
use tokio::sync::watch::Receiver;
use web::{App, api::catalog::keep_blobs};
use world::Command;

/// The task that follows the folders until the server stops.
///
/// # Errors
/// If the system gives no thread.
pub(super) fn run(
    app: App,
    dirs: &[PathBuf],
    mut stopped: Receiver<bool>,
) -> Result<impl Future<Output = ()> + use<>, Refusal> {
    let mut gathered = watch(dirs, Limits::default(), Pace::default())?;
    Ok(async move {
        loop {
            let folder = tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return,
                folder = gathered.recv() => match folder {
                    Some(folder) => folder,
                    None => return,
                },
            };
            let Gathered { source, bundle } = folder;
            let applied = match bundle {
                Ok(bundle) => apply(&app, bundle).await.map(|_| ()),
                Err(refusal) => Err(refusal),
            };
            if let Err(refusal) = applied {
                tracing::warn!(catalog.source = source, error.code = refusal.code.name, "not applied: {refusal}");
            }
        }
    })
}

/// Applies what is right in a folder, and logs what is wrong.
///
/// # Errors
/// If the store can't write.
pub(crate) async fn apply(app: &App, bundle: Bundle) -> Result<Receipt, Refusal> {
    let reading = app.blocking(move |_| Ok(world::read_bundle(&bundle))).await?;
    for problem in reading.problems.iter().take(100) {
        let place = problem.place();
        tracing::warn!(catalog.source = &*reading.source, "{place}: {}", problem.message);
    }
    let actor = Actor::Source(reading.source.to_string());
    let reading = keep_blobs(app, reading).await?;
    let command = Command::Catalog(catalog::Command::Apply(Apply { reading, partial: true }));
    let receipt = app.submit(Request { command, actor, reason: None, id: None }).await?;
    app.warm();
    Ok(receipt)
}
