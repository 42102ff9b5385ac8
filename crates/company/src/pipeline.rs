//! The company's delivery pipeline: makes a change take effect, then tells Mainstay.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use kernel::Timestamp;

use crate::{
    contracts::Contracts,
    estate::{Estate, EstateError, Settings, Version},
    mainstay::{DeploymentReport, Mainstay, MainstayError},
};

/// A report is tried this often, since Mainstay may be restarting.
const REPORT_ATTEMPTS: u32 = 5;
const REPORT_RETRY: Duration = Duration::from_millis(500);

/// Makes changes take effect and reports them.
#[derive(Clone)]
pub(crate) struct Pipeline {
    pub(crate) estate: Arc<Estate>,
    pub(crate) mainstay: Mainstay,
    pub(crate) contracts: Contracts,
}

/// Why a change was not made, or not reported.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The company has no such thing.
    #[error(transparent)]
    Estate(#[from] EstateError),
    /// Mainstay was not told.
    #[error(transparent)]
    Mainstay(#[from] MainstayError),
}

impl Pipeline {
    /// Deploys a version that was built.
    pub(crate) async fn deploy(
        &self,
        component: &str,
        version: Version,
        rollback_of: Option<String>,
    ) -> Result<(), ChangeError> {
        self.publish(component, version).await;
        self.estate.switch(component, version)?;
        self.report_version(component, version, rollback_of, None).await
    }

    /// What a build publishes. The company goes on without: who asks whether it can be deployed will be told.
    async fn publish(&self, component: &str, version: Version) {
        if let Err(error) = self.contracts.publish(component, version).await {
            tracing::warn!(error.message = %error, "contracts of {component} {version} were not published");
        }
    }

    /// A build of `component` that breaks what others expect; production does not take it.
    pub(crate) async fn attempt(&self, component: &str, breaks: &str) -> Result<(), ChangeError> {
        let version = self.estate.build(component, None)?;
        self.mainstay.on_main(component, &version.to_string()).await?;
        self.contracts.verify(component, version, Some(breaks)).await?;
        let deployment = DeploymentReport {
            finished: None,
            component: component.to_owned(),
            version: version.to_string(),
            commit: Some(commit_of(component, version)),
            rollback_of: None,
            failed: None,
        };
        match self.mainstay.deployed(&deployment).await {
            Err(MainstayError::Refused { status: 409, detail }) => {
                let failed = Some(format!("not let into production: {detail}"));
                Ok(self.mainstay.deployed(&DeploymentReport { failed, ..deployment }).await?)
            }
            other => Ok(other?),
        }
    }

    /// Verifies what is deployed against everything that is expected by now.
    pub(crate) async fn prove_again(&self) -> Result<(), ChangeError> {
        for component in self.estate.components() {
            let version = self.estate.deployed(component)?.version;
            self.contracts.verify(component, version, None).await?;
        }
        Ok(())
    }

    /// From now on, production takes only what the contracts agree to.
    pub(crate) async fn close_gate(&self) -> Result<(), ChangeError> {
        Ok(self.mainstay.close_gate().await?)
    }

    /// Replaces a component's settings.
    pub(crate) async fn configure(
        &self,
        component: &str,
        settings: Settings,
        reason: Option<&str>,
    ) -> Result<(), ChangeError> {
        self.estate.configure(component, settings)?;
        self.report_settings(component, reason, None).await
    }

    /// Reports everything as it is now.
    pub(crate) async fn report_estate(&self) -> Result<(), ChangeError> {
        for (component, days) in self.estate.components().into_iter().zip((2..=13).cycle()) {
            let deployed = self.estate.deployed(component)?;
            self.publish(component, deployed.version).await;
            let finished = Timestamp::now().checked_sub(SignedDuration::from_hours(24 * days - 7)).ok();
            self.report_version(component, deployed.version, None, finished).await?;
            if !deployed.settings.is_empty() {
                self.report_settings(component, None, finished).await?;
            }
        }
        Ok(())
    }

    async fn report_version(
        &self,
        component: &str,
        version: Version,
        rollback_of: Option<String>,
        finished: Option<Timestamp>,
    ) -> Result<(), ChangeError> {
        self.report(&Report::Version(DeploymentReport {
            finished,
            component: component.to_owned(),
            version: version.to_string(),
            commit: Some(commit_of(component, version)),
            rollback_of,
            failed: None,
        }))
        .await
    }

    async fn report_settings(
        &self,
        component: &str,
        reason: Option<&str>,
        finished: Option<Timestamp>,
    ) -> Result<(), ChangeError> {
        let settings = self.estate.deployed(component)?.settings;
        self.report(&Report::Settings { component, settings, reason, finished }).await
    }

    async fn report(&self, report: &Report<'_>) -> Result<(), ChangeError> {
        Ok(again(|| self.tell(report)).await?)
    }

    async fn tell(&self, report: &Report<'_>) -> Result<(), MainstayError> {
        match report {
            Report::Version(deployment) => self.mainstay.deployed(deployment).await,
            Report::Settings { component, settings, reason, finished } => {
                self.mainstay.configured(component, settings, *reason, *finished).await
            }
        }
    }
}

/// Tries again while Mainstay is away; a refusal stands.
pub(crate) async fn again<T, C>(call: impl Fn() -> C) -> Result<T, MainstayError>
where
    C: Future<Output = Result<T, MainstayError>>,
{
    let mut attempts = 0;
    loop {
        attempts += 1;
        match call().await {
            Err(error) if !error.is_final() && attempts < REPORT_ATTEMPTS => tokio::time::sleep(REPORT_RETRY).await,
            told => return told,
        }
    }
}

/// What Mainstay is told.
enum Report<'a> {
    Version(DeploymentReport),
    Settings { component: &'a str, settings: Settings, reason: Option<&'a str>, finished: Option<Timestamp> },
}

/// The commit of a build: invented, but always the same (FNV-1a, forty hexadecimal digits).
fn commit_of(component: &str, version: Version) -> String {
    let digits = |salt: u64| {
        let seed = 0xcbf2_9ce4_8422_2325_u64 ^ salt;
        format!("{component} {version}")
            .bytes()
            .fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    };
    let text = format!("{:016x}{:016x}{:016x}", digits(1), digits(2), digits(3));
    text.chars().take(40).collect()
}
