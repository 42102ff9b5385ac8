//! The HTTP client: every connection is new, asks no proxy, and goes only where the policy allows.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use checks::TlsOptions;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::{AddressPolicy, Secrets};

/// Makes runs. Clones share everything.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    policy: AddressPolicy,
    secrets: Arc<ArcSwap<Secrets>>,
    plugins: Option<Arc<Path>>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The program has not chosen its cryptography: call `rustls::crypto::ring::default_provider().install_default()`
    /// first.
    #[error("no rustls provider is installed in this process")]
    NoProvider,
    /// The machine's trusted certificates can't be used.
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] reqwest::Error),
}

/// A host may not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostError {
    #[error("{0} {1}")]
    Refused(IpAddr, &'static str),
    #[error("the name {0} can't be resolved: {1}")]
    Unresolved(String, String),
    #[error("the name {0} has no address")]
    NoAddress(String),
}

impl Client {
    /// A client that keeps to this policy.
    ///
    /// # Errors
    /// If the process has no rustls provider, or the machine's trusted certificates can't be used.
    pub fn new(policy: AddressPolicy) -> Result<Self, ClientError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(ClientError::NoProvider);
        }
        let http = builder(policy).build()?;
        let secrets = Arc::new(ArcSwap::from_pointee(Secrets::new()));
        Ok(Self { http, policy, secrets, plugins: None })
    }

    /// The same client, which also runs the programs of a folder.
    #[must_use]
    pub fn with_plugins(self, folder: PathBuf) -> Self {
        Self { plugins: Some(folder.into()), ..self }
    }

    /// The secrets that templates name, from now on.
    pub fn set_secrets(&self, secrets: Secrets) {
        self.secrets.store(Arc::new(secrets));
    }

    pub(crate) fn secrets(&self) -> Arc<Secrets> {
        self.secrets.load_full()
    }

    pub(crate) fn plugins(&self) -> Option<&Path> {
        self.plugins.as_deref()
    }

    pub(crate) fn policy(&self) -> AddressPolicy {
        self.policy
    }

    /// The client for what a check asks of TLS: that of all, unless it asks for something of its own.
    pub(crate) fn http_for(&self, tls: &TlsOptions) -> Result<reqwest::Client, reqwest::Error> {
        if *tls == TlsOptions::default() {
            return Ok(self.http.clone());
        }
        let mut builder = builder(self.policy).tls_danger_accept_invalid_certs(tls.insecure);
        if let Some(pem) = &tls.ca {
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem.as_bytes())?);
        }
        builder.build()
    }

    /// Refuses a host that is written as an address: those are not resolved, so the resolver doesn't see them.
    pub(crate) fn allow(&self, url: &Url) -> Result<(), HostError> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        self.policy.refusal(address).map_or(Ok(()), |why| Err(HostError::Refused(address, why)))
    }
}

fn builder(policy: AddressPolicy) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // A run is what a new visitor does: it resolves, connects and shakes hands.
        .pool_max_idle_per_host(0)
        .connect_timeout(Duration::from_secs(120))
        .user_agent(concat!("Mainstay-check/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(PolicedResolver(policy)))
}

/// Gives only the addresses that may be asked; the connection is made to one of these, and the name isn't resolved
/// again in between.
struct PolicedResolver(AddressPolicy);

impl Resolve for PolicedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|error| HostError::Unresolved(name.clone(), error.to_string()))?;
            let mut refused = None;
            let mut allowed = Vec::new();
            for address in found {
                match policy.refusal(address.ip()) {
                    Some(why) => refused = Some(HostError::Refused(address.ip(), why)),
                    None => allowed.push(address),
                }
            }
            if allowed.is_empty() {
                return Err(refused.unwrap_or(HostError::NoAddress(name)).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
