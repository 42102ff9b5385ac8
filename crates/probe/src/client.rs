//! Makes runs: each connection is new, asks no proxy, and goes only where the policy allows.

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;

use crate::{AddressPolicy, Secrets, exchange::tls::Tls};

/// Makes runs. Clones share what is costly.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) tls: Tls,
    pub(crate) policy: AddressPolicy,
    secrets: Arc<ArcSwap<Secrets>>,
    pub(crate) plugins: Option<PathBuf>,
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
    Tls(#[from] rustls::Error),
}

impl Client {
    /// A client that keeps to this policy knows no secrets and runs no plugins.
    ///
    /// # Errors
    /// If the process has no rustls provider, or the machine's trusted certificates can't be used.
    pub fn new(policy: AddressPolicy) -> Result<Self, ClientError> {
        let provider = rustls::crypto::CryptoProvider::get_default().ok_or(ClientError::NoProvider)?;
        Ok(Self { tls: Tls::new(provider.clone())?, policy, secrets: Arc::default(), plugins: None })
    }

    /// The same, knowing these secrets.
    #[must_use]
    pub fn with_secrets(self, secrets: Secrets) -> Self {
        Self { secrets: Arc::new(ArcSwap::from_pointee(secrets)), ..self }
    }

    /// Whatever runs from now on knows these secrets, here and in all clones.
    pub fn set_secrets(&self, secrets: Secrets) {
        self.secrets.store(Arc::new(secrets));
    }

    pub(crate) fn secrets(&self) -> Secrets {
        Secrets::clone(&self.secrets.load())
    }

    /// The same, running plugins out of this folder. Without one, none is run.
    #[must_use]
    pub fn with_plugins(self, folder: impl Into<PathBuf>) -> Self {
        Self { plugins: Some(folder.into()), ..self }
    }
}
