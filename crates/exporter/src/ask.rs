//! One probe: a module, a target, and the time that it may take.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use checks::{Agreement, CheckDefinition, CheckKind, Evidence, IpVersion, Outcome, Severity};
use kernel::EntityRef;
use monitors::{Credential, Module, Preference, Question};
use probe::{Client, Run, Secrets, Seen};
use tokio::{
    io::AsyncReadExt as _,
    time::{Instant, timeout},
};

use crate::FILE_BYTES_MAX;

/// The longest credential that is read from a file.
const CREDENTIAL_BYTES_MAX: u64 = 64 * 1024;

/// What a probe came to.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) kind: CheckKind,
    /// The address that was chosen, and how long that took.
    pub(crate) address: Option<IpAddr>,
    pub(crate) lookup: Duration,
    pub(crate) run: Run,
    pub(crate) seen: Seen,
    pub(crate) took: Duration,
}

/// Why nothing was asked.
#[derive(Debug)]
pub(crate) enum NotAsked {
    /// The module can't be asked here, of this target or at all.
    Differs(String),
}

impl Asked {
    /// Whether the answer was as the module wants it.
    pub(crate) fn succeeded(&self) -> bool {
        self.run.outcome.is_good()
    }

    /// What is wrong, if anything is.
    pub(crate) fn error(&self) -> Option<&str> {
        match &self.run.outcome {
            Outcome::Passed => None,
            Outcome::Slow { evidence } | Outcome::Failed { evidence } => Some(&evidence.error),
            Outcome::Unable { why } => Some(why.as_str()),
        }
    }
}

/// Asks once.
///
/// # Errors
/// If the module says something that can't be asked here.
pub(crate) async fn ask(
    client: &Client,
    module: &Module,
    target: &str,
    hostname: Option<&str>,
    within: Duration,
) -> Result<Asked, NotAsked> {
    let began = Instant::now();
    let mut files = BTreeMap::new();
    for path in module.authorities() {
        let pem = read(path, FILE_BYTES_MAX).await;
        let pem =
            pem.map_err(|error| NotAsked::Differs(format!("the certificates of {path} can't be read: {error}")))?;
        files.insert(path.to_owned(), pem);
    }
    let question = module.question(target, hostname, &files).map_err(NotAsked::Differs)?;
    let lost = question.differences.iter().find(|note| note.severity == monitors::Severity::Lost);
    if let Some(lost) = lost {
        return Err(NotAsked::Differs(format!("{}: {}: {}", lost.place, lost.what, lost.why)));
    }
    let Question { mut kind, host, prefers, secrets, .. } = question;
    let mut values = BTreeMap::new();
    for (name, credential) in secrets {
        let value = match credential {
            Credential::Value(value) => value,
            Credential::File(path) => match read(&path, CREDENTIAL_BYTES_MAX).await {
                Ok(value) => value.trim().to_owned(),
                Err(error) => {
                    return Err(NotAsked::Differs(format!("the credential in {path} can't be read: {error}")));
                }
            },
        };
        values.insert(name, value);
    }
    let looking = Instant::now();
    let chosen = timeout(within, choose(&host, prefers)).await.unwrap_or(Err("no address within the time".to_owned()));
    let lookup = looking.elapsed();
    let failed = |kind, error: String| Asked {
        kind,
        address: None,
        lookup,
        run: Run {
            outcome: Outcome::Failed { evidence: Evidence::of(error).bounded() },
            latency_ms: 0,
            hops: Vec::new(),
        },
        seen: Seen::default(),
        took: began.elapsed(),
    };
    let address = match chosen {
        Ok(address) => address,
        Err(why) => return Ok(failed(kind, format!("the name {host} can't be resolved: {why}"))),
    };
    pin(&mut kind, &host, address);
    let Some(definition) = definition(kind.clone(), within.saturating_sub(began.elapsed())) else {
        return Ok(failed(kind, "the probe can't be named".to_owned()));
    };
    let client = client.clone().with_secrets(Secrets::new(values));
    let (run, seen) = client.run_seen(&definition).await;
    if let Outcome::Unable { why } = run.outcome {
        return Err(NotAsked::Differs(why));
    }
    Ok(Asked { kind, address: Some(address), lookup, run, seen, took: began.elapsed() })
}

async fn read(path: &str, most: u64) -> std::io::Result<String> {
    let mut text = String::new();
    let file = tokio::fs::File::open(path).await?;
    if file.take(most + 1).read_to_string(&mut text).await? as u64 > most {
        return Err(std::io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(text)
}

/// The one address that blackbox_exporter asks: the first of the version that is preferred, else of the other.
async fn choose(host: &str, prefers: Preference) -> Result<IpAddr, String> {
    let found: Vec<IpAddr> = match host.parse() {
        Ok(address) => vec![address],
        Err(_) => {
            let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| error.to_string())?;
            found.map(|address| address.ip()).collect()
        }
    };
    let first = found.iter().find(|address| address.is_ipv6() == prefers.v6);
    let other = found.first().filter(|_| prefers.falls_back);
    let which = if prefers.v6 { "IPv6" } else { "IPv4" };
    first.or(other).copied().ok_or_else(|| format!("it has no address of {which}"))
}

/// The check goes to that address, or at least to its version of IP.
fn pin(kind: &mut CheckKind, host: &str, address: IpAddr) {
    let version = if address.is_ipv6() { IpVersion::V6 } else { IpVersion::V4 };
    let with_port = |asked: &str| {
        let port = asked.rsplit_once(':').filter(|(before, _)| !before.contains(':') || before.ends_with(']'));
        port.and_then(|(_, port)| port.parse().ok()).map(|port| SocketAddr::new(address, port).to_string())
    };
    match kind {
        CheckKind::Http(http) => http.ip = version,
        CheckKind::Journey(journey) => {
            if let Some(step) = journey.steps.last_mut() {
                step.request.ip = version;
            }
        }
        CheckKind::Tcp(tcp) => tcp.ip = version,
        CheckKind::Icmp(icmp) => icmp.ip = version,
        CheckKind::Dns(dns) => {
            let server = dns.server.as_deref().and_then(with_port);
            dns.server = Some(server.unwrap_or_else(|| address.to_string()));
        }
        CheckKind::Grpc(grpc) => {
            if let Some(tls) = &mut grpc.tls {
                tls.server_name.get_or_insert_with(|| host.to_owned());
            }
            if let Some(pinned) = with_port(&grpc.address) {
                grpc.address = pinned;
            }
        }
        CheckKind::Tls(_) | CheckKind::WebSocket(_) | CheckKind::Heartbeat(_) | CheckKind::Exec(_) => {}
    }
}

fn definition(kind: CheckKind, within: Duration) -> Option<CheckDefinition> {
    let ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX).max(1);
    Some(CheckDefinition {
        check: EntityRef::new("check", EntityRef::DEFAULT_NAMESPACE, "probe").ok()?,
        target: EntityRef::new("component", EntityRef::DEFAULT_NAMESPACE, "probe").ok()?,
        path: Vec::new(),
        kind,
        interval_ms: ms,
        timeout_ms: ms,
        failures_to_down: 1,
        successes_to_up: 1,
        severity: Severity::Low,
        locations: Vec::new(),
        agreement: Agreement::default(),
        slowness: None,
        maintenance: Vec::new(),
    })
}
