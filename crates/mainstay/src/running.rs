//! The server, put together: the store, the loop, and what runs beside it.
//!
//! [`checks`] keeps the checks running and hands in what they saw, [`hooks`] calls what must be called outside, [`messages`] brings
//! pages to people, [`broadcasts`] tells subscribers of status pages, [`slos`] keeps budgets, [`folders`] applies catalog folders when
//! they change, [`published`] keeps up what is served of the flags and [`tallies`]
//! keeps who got it. `changes` of the web crate compares the definitions of APIs when they change. Each ends when the server stops.

mod broadcasts;
mod checks;
pub(crate) mod folders;
mod hooks;
pub(crate) mod log;
mod messages;
mod places;
mod record;
mod resting;
mod slos;
mod webhooks;

use std::{path::PathBuf, sync::Arc};

use engine::{Engine, EngineOptions, Request, SystemClock};
use kernel::{Refusal, codes};
use ring::rand::{SecureRandom, SystemRandom};
use timeline::{SqliteStore, Store};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use web::{
    App,
    contracts::changes,
    evaluation::{published, tallies},
    security::Limits,
    server,
};
use world::Command;

pub(crate) use checks::Probing;

/// What a server is made of.
pub(crate) struct Parts {
    pub(crate) store: SqliteStore,
    pub(crate) web: web::Settings,
    pub(crate) catalog: Vec<PathBuf>,
    pub(crate) hook_secret: Option<String>,
    pub(crate) probing: Probing,
}

/// A server that runs.
pub(crate) struct Running {
    app: App,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Starts everything but the listener.
    ///
    /// # Errors
    /// If the store can't be read, or something can't be started.
    pub(crate) fn start(mut parts: Parts) -> Result<Self, Refusal> {
        parts.web.webhooks = Some(webhooks::trying(&parts.web.contracts)?);
        parts.web.check_trial = Some(checks::trying()?);
        let store: Arc<dyn Store> = Arc::new(parts.store);
        let engine = Engine::start(store, Arc::new(SystemClock::default()), EngineOptions::default())?;
        let app = App::new(engine, parts.web);
        app.warm();
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(checks::run(app.clone(), parts.probing, stopped.clone())?);
        tasks.spawn(published::follow(app.clone(), stopped.clone()));
        tasks.spawn(tallies::collect(app.clone(), stopped.clone()));
        tasks.spawn(hooks::run(app.clone(), parts.hook_secret, stopped.clone())?);
        if let Some(notifier) = app.settings().notifier.clone() {
            tasks.spawn(messages::run(app.clone(), notifier.clone(), stopped.clone()));
            tasks.spawn(broadcasts::run(app.clone(), notifier, stopped.clone())?);
        }
        tasks.spawn(slos::run(app.clone(), stopped.clone())?);
        tasks.spawn(changes::follow(app.clone(), stopped.clone()));
        if !parts.catalog.is_empty() {
            tasks.spawn(folders::run(app.clone(), &parts.catalog, stopped)?);
        }
        Ok(Self { app, stop, tasks })
    }

    /// Makes known what every server begins with.
    ///
    /// # Errors
    /// If the store can't be written.
    pub(crate) async fn seed(&self) -> Result<(), Refusal> {
        let seed = Command::Contracts(contracts::Command::SeedEnvironments);
        self.app.submit(Request::by_part(seed, "contracts")).await.map(drop)
    }

    /// What handlers have.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// Serves until `stop` is done; then finishes what has begun, in order.
    ///
    /// # Errors
    /// If the listener fails.
    pub(crate) async fn serve(
        mut self,
        listener: TcpListener,
        limits: Limits,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Refusal> {
        let result = server::serve(self.app.clone(), limits, listener, stop).await;
        // Without receivers all tasks have ended already.
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        let engine = self.app.engine().clone();
        if tokio::task::spawn_blocking(move || engine.stop()).await.is_err() {
            tracing::error!("the loop could not be stopped in order");
        }
        result
    }
}

/// Waits until somebody asks the process to stop. Whoever asks from this call on is heard, however late that is waited for:
/// it is to be made before the process says that it is there.
#[cfg(unix)]
pub(crate) fn asked_to_stop() -> impl Future<Output = ()> + use<> {
    use tokio::signal::unix::{SignalKind, signal};
    let asked = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
    async move {
        let [interrupted, terminated] = asked.map(|signal| async move {
            match signal {
                Some(mut signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        });
        tokio::select! {
            () = interrupted => {}
            () = terminated => {}
        }
    }
}

/// Waits until somebody asks the process to stop.
#[cfg(not(unix))]
pub(crate) async fn asked_to_stop() {
    drop(tokio::signal::ctrl_c().await);
}

/// Random bytes.
///
/// # Errors
/// If the operating system gives none.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    let none = |_| Refusal::new(&codes::INTERNAL, "the operating system gave no randomness");
    SystemRandom::new().fill(&mut bytes).map_err(none)?;
    Ok(bytes)
}
