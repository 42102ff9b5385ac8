//! The sample company of `mainstay demo`: Drizzle & Daughters, bottled weather by post.
//!
//! - Nine [`Service`]s really run, each an HTTP server on loopback, and really call each other (`services`).
//!   They look up their version and settings in the `estate`, and their flags in Mainstay (`flags`).
//! - Every change goes through the company's `pipeline`, which makes it take effect and then reports it to Mainstay's
//!   public API, as a CI would. Mainstay takes changes back through the deployer's `hooks`.
//! - Each build publishes what it expects of others and proves what others expect of it (`contracts`); one that breaks a
//!   promise is not let into production.
//! - [`Company::history`] and [`Company::live`] are what happens by itself; a [`Scenario`] is one way to break.
//! - What it has learned of an incident is in a post-mortem, whose promises it keeps or doesn't (`lessons`).
//! - Customers (`shopper`) keep the shop busy, and are how the company knows that it is broken.
//!
//! The company's catalog is in `examples/demo`. Its files name hosts under `shop.invalid`, which
//! [`Company::localise`] replaces by the addresses where the services listen.
//!
//! Architecture invariant: the company knows Mainstay by its HTTP API alone; `mainstay.rs` is the only file that does.

mod contracts;
mod desk;
mod estate;
mod flags;
mod hooks;
mod lessons;
mod life;
mod mainstay;
mod pipeline;
mod random;
mod script;
mod service;
mod services;
mod shopper;

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, task::JoinSet};

pub use estate::EstateError;
pub use mainstay::MainstayError;
pub use pipeline::ChangeError;
pub use script::{Page, Scenario};
pub use service::Service;
pub use shopper::Trouble;

use crate::{
    contracts::Contracts, desk::Desk, estate::Estate, flags::Flags, mainstay::Mainstay, pipeline::Pipeline,
    shopper::Shopper,
};

/// The host name of the deployer, beside those of the services.
const DEPLOYER: &str = "deployer";
/// How long a deployment takes at speed 1.
const DEPLOYMENT: Duration = Duration::from_millis(1500);

/// How a company is started.
#[derive(Debug, Clone)]
pub struct CompanyOptions {
    /// Where Mainstay listens: `http://127.0.0.1:7070`.
    pub mainstay_url: String,
    /// A token that may record deployments and configurations, turn flags, and evaluate them.
    pub token: String,
    /// Another, by which people's words come from the chat: an incident's, and a post-mortem's that the first one's
    /// holder approves.
    pub chat_token: String,
    /// What Mainstay sends to the deployer's hooks as bearer token.
    pub hook_secret: String,
    /// How many times faster than usual things happen, from 0.01 to 1000.
    pub speed: f64,
    /// What happens, and in which order, is drawn from this.
    pub seed: u64,
}

/// Why a company cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port on loopback could not be had.
    #[error("a service of the sample company cannot listen on 127.0.0.1: {0}")]
    Listen(#[from] io::Error),
    /// There is no HTTP client.
    #[error("the sample company's HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// A company that runs until it is dropped.
pub struct Company {
    addresses: Arc<BTreeMap<&'static str, String>>,
    pipeline: Pipeline,
    chat: Mainstay,
    shopper: Shopper,
    speed: f64,
    seed: u64,
    /// Servers, the deployer's worker, and customers; they end with the company.
    _tasks: JoinSet<()>,
}

impl Company {
    /// Starts the services, the deployer and the customers.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start(options: CompanyOptions) -> Result<Self, StartError> {
        let http = loopback_client()?;
        let estate = Arc::new(Estate::new());
        let mainstay = Mainstay::new(http.clone(), &options.mainstay_url, &options.token);
        let chat = Mainstay::new(http.clone(), &options.mainstay_url, &options.chat_token);
        let speed = if options.speed.is_finite() { options.speed.clamp(0.01, 1000.0) } else { 1.0 };

        let (deployer_listener, deployer_url) = listen().await?;
        let mut addresses = BTreeMap::from([(DEPLOYER, deployer_url)]);
        let mut listeners = Vec::new();
        for service in Service::ALL {
            let (listener, url) = listen().await?;
            addresses.insert(service.name(), url);
            listeners.push((service, listener));
        }
        let addresses = Arc::new(addresses);
        let contracts = Contracts { mainstay: mainstay.clone(), http: http.clone(), addresses: Arc::clone(&addresses) };
        let pipeline = Pipeline { estate: Arc::clone(&estate), mainstay: mainstay.clone(), contracts };

        let mut tasks = JoinSet::new();
        for (service, listener) in listeners {
            let flags = Flags::new(mainstay.clone(), service.name());
            let (estate, addresses) = (Arc::clone(&estate), Arc::clone(&addresses));
            let desk = Desk { service, estate, flags, http: http.clone(), addresses };
            tasks.spawn(serve(listener, services::router(desk)));
        }
        let (deployer, worker) = hooks::deployer(pipeline.clone(), &options.hook_secret, DEPLOYMENT.div_f64(speed));
        tasks.spawn(serve(deployer_listener, deployer));
        tasks.spawn(worker);
        let storefront = addresses.get(Service::Storefront.name()).cloned().unwrap_or_default();
        let shopper = Shopper { http, storefront };
        tasks.spawn(shopper.clone().keep_coming());
        Ok(Self { addresses, pipeline, chat, shopper, speed, seed: options.seed, _tasks: tasks })
    }

    /// Where each service, and the deployer, listens: `storefront` to `http://127.0.0.1:41234`.
    #[must_use]
    pub fn urls(&self) -> &BTreeMap<&'static str, String> {
        &self.addresses
    }

    /// The text with `http://storefront.shop.invalid` and the like replaced by where the services listen.
    #[must_use]
    pub fn localise(&self, text: &str) -> String {
        let replace =
            |text: String, (name, url): (&&str, &String)| text.replace(&format!("http://{name}.shop.invalid"), url);
        self.addresses.iter().fold(text.to_owned(), replace)
    }
}

/// A client for plain HTTP on loopback: no proxy, no certificates.
fn loopback_client() -> reqwest::Result<reqwest::Client> {
    // reqwest wants a crypto provider even where no TLS is spoken. An error says that the process has chosen one.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build()
}

async fn listen() -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

async fn serve(listener: TcpListener, router: Router) {
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(error.message = %error, "a service of the sample company ended");
    }
}
