//! What every handler has: the engine, the settings, and who is asking.

use std::{net::IpAddr, sync::Arc};

use engine::{Engine, Receipt, Request};
use kernel::{EntityRef, Refusal, Sha256, Timestamp};
use world::World;

use crate::{
    checks::{
        beat::Beats,
        intake::Intake,
        runs::Runs,
        trial::{TrialRunner, Trials},
    },
    evaluation::{Published, published::concern_flags},
    indexes::Indexes,
    live::Live,
    security::rate::Limiter,
    slos::keeper::Keeper,
    status::{DRAWN_MAX, Drawn, subscribe::Subscribing},
};

/// What lets scripts of other web sites ask.
pub type Cors = tower_http::cors::CorsLayer;

/// What the operator chose.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The address by which people reach the server, without a slash at the end.
    pub base_url: String,
    /// True for `demo`: whoever comes from this machine may do everything without signing in.
    pub open_on_loopback: bool,
    /// The catalog user that such a visitor is taken for.
    pub visitor: Option<EntityRef>,
    /// The SHA-256 of the administrator's token from the environment.
    pub admin_token: Option<Sha256>,
    /// What this server is, if that must not be overlooked: `demo`.
    pub label: Option<String>,
    /// True if browsers reach the server by HTTPS, so that cookies may be bound to it.
    pub https: bool,
    /// The secret that form tokens are made with; new with every start.
    pub form_secret: [u8; 32],
    /// The key that secrets are sealed with.
    pub vault_key: crate::vault::Key,
    /// Which web sites' scripts may evaluate flags; none if left out.
    pub evaluation_cors: Option<Cors>,
    /// What was decided about contracts.
    pub contracts: broker::Policy,
    /// Who calls a webhook that somebody tries.
    pub webhooks: Option<WebhookCaller>,
    /// The values of the secrets that checks name, by their names.
    pub check_secrets: std::collections::BTreeMap<String, String>,
    /// Who runs a draft of a check that somebody tries.
    pub check_trial: Option<TrialRunner>,
    /// Private hosts that webhooks of status pages' subscribers may call.
    pub subscriber_hosts: Vec<String>,
    /// What brings messages to people.
    pub notifier: Option<notifier::Notifier>,
}

/// Calls a webhook at once, and once only.
#[derive(Clone)]
pub struct WebhookCaller(Arc<Call>);

type Call = dyn Fn(&App, &contracts::Delivery) -> broker::TestCall + Send + Sync;

impl WebhookCaller {
    /// By this function, which may block.
    pub fn new(call: impl Fn(&App, &contracts::Delivery) -> broker::TestCall + Send + Sync + 'static) -> Self {
        Self(Arc::new(call))
    }

    /// Calls it.
    #[must_use]
    pub fn call(&self, app: &App, delivery: &contracts::Delivery) -> broker::TestCall {
        (self.0)(app, delivery)
    }
}

impl std::fmt::Debug for WebhookCaller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookCaller(..)")
    }
}

/// What every handler has. Cloning it is cheap.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    engine: Engine,
    settings: Settings,
    indexes: Indexes,
    live: Live,
    sign_ins: Limiter,
    links: Limiter,
    beats: Beats,
    published: Published,
    intake: Intake,
    drawn: Drawn,
    subscribing: Subscribing,
    runs: Runs,
    trials: Trials,
    slos: Keeper,
}

/// Who tries to sign in may do so this often in one go, and every five seconds in the long run.
const SIGN_INS_AT_ONCE: f64 = 20.0;
const SIGN_INS_PER_SECOND: f64 = 0.2;

/// Links that acknowledge may be opened this often from one address. Mail scanners and a whole office share one.
const LINKS_AT_ONCE: f64 = 120.0;
const LINKS_PER_SECOND: f64 = 2.0;

impl App {
    /// The server's parts, put together.
    #[must_use]
    pub fn new(engine: Engine, settings: Settings) -> Self {
        let live = Live::of(&engine);
        let sign_ins = Limiter::new(SIGN_INS_PER_SECOND, SIGN_INS_AT_ONCE);
        let published = Published::new();
        published.refresh(&engine.world(), engine.now());
        let intake = Intake::new(engine.now());
        Self(Arc::new(Shared {
            engine,
            settings,
            indexes: Indexes::default(),
            live,
            sign_ins,
            links: Limiter::new(LINKS_PER_SECOND, LINKS_AT_ONCE),
            beats: Beats::default(),
            published,
            intake,
            drawn: Drawn::new(DRAWN_MAX),
            subscribing: Subscribing::default(),
            runs: Runs::default(),
            trials: Trials::default(),
            slos: Keeper::default(),
        }))
    }

    /// The loop.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// What the operator chose.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The indexes over the catalog and its docs.
    #[must_use]
    pub fn indexes(&self) -> &Indexes {
        &self.0.indexes
    }

    /// What bounds how often somebody may try to sign in.
    #[must_use]
    pub fn sign_ins(&self) -> &Limiter {
        &self.0.sign_ins
    }

    /// What bounds how often links that acknowledge are opened from one address.
    #[must_use]
    pub fn links(&self) -> &Limiter {
        &self.0.links
    }

    /// What bounds how often jobs report at their secret addresses.
    #[must_use]
    pub fn beats(&self) -> &Beats {
        &self.0.beats
    }

    /// The flags as they are served.
    #[must_use]
    pub fn published(&self) -> &Published {
        &self.0.published
    }

    /// Where checks' results are taken.
    #[must_use]
    pub fn intake(&self) -> &Intake {
        &self.0.intake
    }

    /// Public status pages as they were drawn last.
    #[must_use]
    pub fn drawn(&self) -> &Drawn {
        &self.0.drawn
    }

    /// What is kept in memory of who wants to be subscribed to status pages.
    #[must_use]
    pub fn subscribing(&self) -> &Subscribing {
        &self.0.subscribing
    }

    /// What bounds how often drafts of checks are tried.
    #[must_use]
    pub fn trials(&self) -> &Trials {
        &self.0.trials
    }

    /// The runs of checks that somebody asked for.
    #[must_use]
    pub fn runs(&self) -> &Runs {
        &self.0.runs
    }

    /// What was counted for service level objectives.
    #[must_use]
    pub fn slos(&self) -> &Keeper {
        &self.0.slos
    }

    /// What tells open pages that something changed.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    /// Everything that is known now.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        self.0.engine.world()
    }

    /// The server's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.engine.now()
    }

    /// Carries out a command. If it changes flags, whoever evaluates them after the answer gets what they are then.
    ///
    /// # Errors
    /// What was refused and why.
    pub async fn submit(&self, request: Request) -> Result<Receipt, Refusal> {
        let receipt = self.0.engine.submit(request).await?;
        if concern_flags(&receipt.recorded) {
            self.publish_flags().await;
        }
        Ok(receipt)
    }

    /// Brings what is served of the flags up to now.
    pub async fn publish_flags(&self) {
        let app = self.clone();
        let published = self.blocking(move |engine| {
            app.published().refresh(&engine.world(), engine.now());
            Ok(())
        });
        if let Err(refusal) = published.await {
            tracing::error!(error.code = refusal.code.name, "the flags were not published: {refusal}");
        }
    }

    /// Everything that was known at `at`.
    ///
    /// # Errors
    /// If the store can't be read.
    pub async fn world_at(&self, at: Timestamp) -> Result<Arc<World>, Refusal> {
        self.blocking(move |engine| engine.world_at(at)).await
    }

    /// Runs what blocks (reading the store) where that harms nobody.
    ///
    /// # Errors
    /// What `work` refuses; `INTERNAL` if it panics.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let engine = self.0.engine.clone();
        match tokio::task::spawn_blocking(move || work(&engine)).await {
            Ok(result) => result,
            Err(error) => Err(Refusal::new(&kernel::codes::INTERNAL, format!("a task ended by a panic: {error}"))),
        }
    }

    /// Makes what is derived from the catalog, so that the next reader need not wait for it. Blocks nobody.
    pub fn warm(&self) {
        let app = self.clone();
        tokio::task::spawn_blocking(move || {
            let world = app.world();
            let indexes = app.indexes();
            // They are kept; what is handed out here is not needed.
            drop((indexes.entities(&world), indexes.findings(&world)));
            drop(indexes.texts(&world, app.engine().store().as_ref()));
        });
    }

    /// True where nobody needs to sign in: the demo, asked from this machine by a name of this machine. The name is
    /// looked at because any web site can make a browser ask the loopback address under the site's own name.
    #[must_use]
    pub fn is_open_to(&self, peer: Option<IpAddr>, host: Option<&str>) -> bool {
        self.0.settings.open_on_loopback
            && peer.is_some_and(|peer| peer.to_canonical().is_loopback())
            && host.is_some_and(is_loopback_name)
    }
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback_name;

    #[test]
    fn only_names_of_this_machine_open_the_demo() {
        for name in ["localhost", "LOCALHOST:7070", "127.0.0.1:7070", "127.0.0.5", "[::1]:7070", "[::1]"] {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in ["attacker.example", "127.0.0.1.attacker.example:7070", "10.0.0.1", "", "[::2]", "localhost.x"] {
            assert!(!is_loopback_name(name), "{name}");
        }
    }
}
