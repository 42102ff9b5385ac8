//! Answers Prometheus in place of blackbox_exporter: `/probe?target=…&module=…`, with the metrics of the same names.
//!
//! **Cast.** An [`Exporter`] has the modules of a `blackbox.yml` and a [`probe::Client`]; [`Exporter::router`] is what
//! Prometheus asks. `ask` makes one probe of a module and a target, `report` says what it saw as metrics, and
//! `exposition` writes them.
//!
//! **Flow.** The module makes a check of the target ([`monitors::Module::question`]); the address is chosen as
//! blackbox_exporter chooses it; the client runs the check once; the outcome is `probe_success`.
//!
//! **Invariants.**
//! - A module that says something that can't be asked here is never answered as if it were: that is 400, with the reason.
//! - A probe ends by the scrape's timeout. Of one target only so many probes run at once, so that one that hangs takes no
//!   place from another; and of all only so many.
//! - What may be connected to is said by the client's policy, whatever Prometheus asks for.
//! - No credential is in an answer, nor in its `debug` form.

mod ask;
mod exposition;
mod places;
mod report;
mod routes;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use axum::Router;
use jiff::Timestamp;
use monitors::{Blackbox, Severity, Unreadable};
use probe::Client;

use places::Places;

/// The largest configuration that is read, and the largest file of certificates.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// What blackbox_exporter has a scrape's timeout less for its answer, in seconds.
pub const TIMEOUT_OFFSET_S: f64 = 0.5;

/// Answers in place of blackbox_exporter. Clones share everything.
#[derive(Debug, Clone)]
pub struct Exporter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    modules: ArcSwap<Blackbox>,
    client: Client,
    timeout_offset_s: f64,
    places: Places,
    /// Whether the last reading of the configuration succeeded, and when one did, in seconds since 1970.
    reloaded: AtomicBool,
    reloaded_at: AtomicU64,
    unknown_modules: AtomicU64,
    refused: AtomicU64,
}

/// Why the configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no `blackbox.yml`, or one that blackbox_exporter refuses.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Exporter {
    /// An exporter with the modules of this file, whose probes are made by this client.
    ///
    /// # Errors
    /// If the file can't be read, or blackbox_exporter refuses it.
    pub fn open(path: &Path, client: Client, timeout_offset_s: f64) -> Result<Self, ConfigError> {
        let modules = read(path)?;
        let shared = Shared {
            path: path.to_owned(),
            modules: ArcSwap::from_pointee(modules),
            client,
            timeout_offset_s,
            places: Places::default(),
            reloaded: AtomicBool::new(true),
            reloaded_at: AtomicU64::new(now_s()),
            unknown_modules: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Reads the file again. What was known stays if it can't be read.
    ///
    /// # Errors
    /// If the file can't be read, or blackbox_exporter refuses it.
    pub fn reload(&self) -> Result<(), ConfigError> {
        let read = read(&self.shared.path);
        self.shared.reloaded.store(read.is_ok(), Ordering::Relaxed);
        self.shared.modules.store(Arc::new(read?));
        self.shared.reloaded_at.store(now_s(), Ordering::Relaxed);
        Ok(())
    }

    /// What Prometheus asks.
    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }
}

fn now_s() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or(0)
}

fn read(path: &Path) -> Result<Blackbox, ConfigError> {
    use std::io::Read as _;
    let file = |source| ConfigError::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(file)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(file)?;
    let modules = Blackbox::read(&path.display().to_string(), &bytes)?;
    for module in modules.modules() {
        for why in lost_of(module) {
            tracing::warn!(module = module.name(), why, "a module can't be asked here as blackbox_exporter asks it");
        }
    }
    Ok(modules)
}

/// What of a module is lost whatever its target is, without its files having been read.
fn lost_of(module: &monitors::Module) -> Vec<String> {
    let target = match module.prober() {
        monitors::Prober::WebSocket => "wss://target.invalid/",
        monitors::Prober::Http => "https://target.invalid/",
        monitors::Prober::Tcp
        | monitors::Prober::Grpc
        | monitors::Prober::Icmp
        | monitors::Prober::Dns
        | monitors::Prober::Unix => "target.invalid:1",
    };
    let files = module.authorities().map(|path| (path.to_owned(), String::new())).collect();
    match module.question(target, None, &files) {
        Ok(question) => {
            let lost = question.differences.into_iter().filter(|note| note.severity == Severity::Lost);
            lost.map(|note| format!("{}: {}", note.place, note.why)).collect()
        }
        Err(why) => vec![why],
    }
}
