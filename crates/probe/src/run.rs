//! One run of one check.

use std::{sync::Arc, time::Duration};

use checks::{Certificate, CheckDefinition, CheckKind, Evidence, Hop, Observed, Outcome, Phases, shown};
use jiff::Timestamp;
use reqwest::{Method, Response};
use tokio::time::{Instant, timeout};
use url::Url;

use crate::{Client, cookies::Cookies, dns, exec, http, stream, values::Values};

/// How a run went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Whether it passed, and what it saw if it did not.
    pub outcome: Outcome,
    /// How long it took, to the end of the answer or to its failure.
    pub latency_ms: u64,
    /// What was done on the way.
    pub hops: Vec<Hop>,
}

/// What has been seen so far; it outlives a run that is cut off.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) step: Option<String>,
    pub(crate) url: String,
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) http_version: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) addresses: Vec<String>,
    pub(crate) connected: bool,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) rcode: Option<String>,
    pub(crate) answer: Option<String>,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) request_head: Option<String>,
    pub(crate) hops: Vec<Hop>,
    /// A plugin's warning: the answer is there, but not as it should be.
    pub(crate) warning: Option<String>,
}

impl Client {
    /// Runs a check once. Never fails: what goes wrong is the run's outcome.
    pub async fn run_once(&self, definition: &CheckDefinition) -> Run {
        let mut seen = Seen::default();
        let mut values = Values::new(Arc::clone(&self.secrets()));
        let started = Instant::now();
        let ended = timeout(definition.timeout(), self.ask(definition, &mut values, &mut seen)).await;
        let latency_ms = millis(started.elapsed());
        let failure = match ended {
            Ok(went) => went.err(),
            Err(_) => {
                let part = if seen.connected { "no complete answer" } else { "no answer" };
                Some(format!("{part} within {} ms", definition.timeout_ms))
            }
        };
        let most = match &definition.kind {
            CheckKind::Http(http) => http.expect.max_latency_ms,
            CheckKind::Journey(journey) => journey.max_latency_ms,
            CheckKind::Tcp(_)
            | CheckKind::Tls(_)
            | CheckKind::Dns(_)
            | CheckKind::Icmp(_)
            | CheckKind::Grpc(_)
            | CheckKind::WebSocket(_)
            | CheckKind::Heartbeat(_)
            | CheckKind::Exec(_) => None,
        };
        let evidence = |error: String| seen.evidence(&values.masked(&error), &values, latency_ms);
        let outcome = match (failure, most) {
            (Some(error), _) => Outcome::Failed { evidence: evidence(error) },
            (None, _) if let Some(warning) = seen.warning.clone() => Outcome::Slow { evidence: evidence(warning) },
            (None, Some(max)) if latency_ms > max => {
                Outcome::Slow { evidence: evidence(format!("took {latency_ms} ms; at most {max} ms are wanted")) }
            }
            (None, _) => Outcome::Passed,
        };
        Run { outcome, latency_ms, hops: seen.hops }
    }

    async fn ask(&self, definition: &CheckDefinition, values: &mut Values, seen: &mut Seen) -> Result<(), String> {
        match &definition.kind {
            CheckKind::Http(check) => http::request(self, check, values, &mut Cookies::default(), seen).await,
            CheckKind::Journey(journey) => http::journey(self, journey, values, seen).await,
            CheckKind::Tcp(tcp) => stream::tcp(self.policy(), tcp, seen).await,
            CheckKind::Tls(tls) => stream::tls(self.policy(), tls, seen).await,
            CheckKind::Dns(check) => dns::ask(self.policy(), check, seen).await,
            CheckKind::Exec(check) => exec::run(self.plugins(), check, values, seen).await,
            CheckKind::Icmp(_) | CheckKind::Grpc(_) | CheckKind::WebSocket(_) | CheckKind::Heartbeat(_) => {
                Err(format!("this probe can't run {}", definition.kind.word()))
            }
        }
    }

    /// True if this sort of check can be run here.
    #[must_use]
    pub fn runs(&self, definition: &CheckDefinition) -> bool {
        match &definition.kind {
            CheckKind::Http(_) | CheckKind::Journey(_) | CheckKind::Tcp(_) | CheckKind::Tls(_) | CheckKind::Dns(_) => {
                true
            }
            CheckKind::Exec(_) => self.plugins().is_some(),
            CheckKind::Icmp(_) | CheckKind::Grpc(_) | CheckKind::WebSocket(_) | CheckKind::Heartbeat(_) => false,
        }
    }
}

/// Whole milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whole microseconds.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Seen {
    /// Notes an answer's head. Up to it, finding the address, connecting and waiting are one time here.
    pub(crate) fn answered(&mut self, method: &Method, url: &Url, response: &Response, took: Duration) {
        self.connected = true;
        self.status = Some(response.status().as_u16());
        self.http_version = Some(format!("{:?}", response.version()).replace("HTTP/", "").replace(".0", ""));
        self.address = response.remote_addr().map(|address| address.to_string());
        self.addresses.extend(response.remote_addr().map(|address| address.ip().to_string()));
        self.headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        self.request_head = Some(format!("{method} {} {:?}", shown(url.as_str()), response.version()));
        self.hops.push(Hop {
            step: self.step.clone(),
            request: format!("{method} {}", shown(url.as_str())),
            address: self.address.clone(),
            status: self.status,
            phases: Phases { processing_us: micros(took), ..Phases::default() },
        });
    }

    /// Notes how long the body took.
    pub(crate) fn transferred(&mut self, took: Duration) {
        if let Some(hop) = self.hops.last_mut() {
            hop.phases.transfer_us = micros(took);
        }
    }

    /// What assertions are about.
    pub(crate) fn observed(&self, latency_ms: u64) -> Observed<'_> {
        let phases = self.hops.iter().fold(Phases::default(), |sum, hop| sum.and(&hop.phases));
        let days = |certificate: &Certificate| {
            certificate.chain_ends.duration_since(Timestamp::now()).as_hours().div_euclid(24)
        };
        Observed {
            status: self.status,
            headers: self.headers.clone(),
            body: self.body.as_slice().into(),
            body_size: self.body.len() as u64,
            latency_ms,
            phases,
            certificate: self.certificate.as_ref().map(|certificate| (certificate.clone(), days(certificate))),
            http_version: self.http_version.clone(),
            address: self.address.clone(),
            url: self.url.clone(),
            connected: self.connected,
            rcode: self.rcode.clone(),
            answer: self.answer.clone(),
            loss: None,
            cookies: self.cookies.clone(),
        }
    }

    fn evidence(&self, error: &str, values: &Values, latency_ms: u64) -> Evidence {
        let excerpt = self.body.get(..Evidence::EXCERPT_BYTES).unwrap_or(&self.body);
        let excerpt = values.masked(&String::from_utf8_lossy(excerpt));
        let url = if self.url.contains("://") { shown(&self.url) } else { self.url.clone() };
        Evidence {
            error: error.to_owned(),
            url: values.masked(&url),
            status: self.status,
            latency_ms,
            body_excerpt: (!excerpt.is_empty()).then_some(excerpt),
            request_head: self.request_head.as_deref().map(|head| values.masked(head)),
            response_head: self.response_head().map(|head| values.masked(&head)),
            addresses: self.addresses.clone(),
            certificate: self.certificate.clone(),
            hops: self.hops.iter().map(|hop| Hop { request: values.masked(&hop.request), ..hop.clone() }).collect(),
        }
        .bounded()
    }

    /// The answer's head, without what may be a credential.
    fn response_head(&self) -> Option<String> {
        let (status, version) = (self.status?, self.http_version.as_ref()?);
        let secret = |name: &str| name.contains("cookie") || name.contains("auth") || name.contains("token");
        let lines = self
            .headers
            .iter()
            .map(|(name, value)| if secret(name) { format!("{name}: (left out)") } else { format!("{name}: {value}") });
        Some([format!("HTTP/{version} {status}")].into_iter().chain(lines).collect::<Vec<_>>().join("\n"))
    }
}
