//! What a run has seen so far. It outlives a run that is cut off.

use std::{collections::BTreeMap, time::Duration};

use checks::{Certificate, Evidence, Hop, Observed, Phase, Phases, shown};
use hyper::{HeaderMap, Method, StatusCode, Version};
use jiff::Timestamp;
use rustls::{CipherSuite, pki_types::CertificateDer};
use tokio::time::Instant;

use crate::{exchange::certificate, secrets::Secrets, seen::Sections};

/// What a run has seen so far.
#[derive(Default)]
pub(crate) struct Trace {
    /// What was done, in order.
    pub(crate) hops: Vec<Hop>,
    /// The journey's step that is under way.
    pub(crate) step: Option<String>,
    /// The address that was asked last.
    pub(crate) url: String,
    /// What its name resolved to.
    pub(crate) addresses: Vec<String>,
    /// The address that was connected to.
    pub(crate) address: Option<String>,
    /// The chain of certificates that was shown there, with the version of TLS and the suite of ciphers that were agreed on.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) tls_version: &'static str,
    pub(crate) cipher: Option<CipherSuite>,
    /// What a name server's answer has.
    pub(crate) sections: Option<Sections>,
    /// The head of the request: method, path and headers.
    pub(crate) request: Option<(Method, String, HeaderMap)>,
    /// The answer's status, version and headers.
    pub(crate) head: Option<(StatusCode, Version, HeaderMap)>,
    /// The body, or its beginning.
    pub(crate) body: Vec<u8>,
    /// Cookies that were set on the way.
    pub(crate) cookies: Vec<(String, String)>,
    /// What was taken from answers, for later steps.
    pub(crate) taken: Vec<String>,
    /// What counts as the run's latency, if it isn't how long the run took.
    pub(crate) round_trip: Option<Duration>,
    /// The phase that is under way, and since when.
    running: Option<(Phase, Instant)>,
}

impl Trace {
    /// Nothing seen yet, after these hops.
    pub(crate) fn after(hops: Vec<Hop>) -> Self {
        Self { hops, ..Self::default() }
    }

    /// A new exchange begins; what was seen of the last one is history.
    pub(crate) fn hop(&mut self, request: String, url: String) {
        self.end();
        let Self { hops, step, cookies, taken, .. } = std::mem::take(self);
        *self = Self { hops, step: step.clone(), url, cookies, taken, ..Self::default() };
        self.hops.push(Hop { step, request, ..Hop::default() });
    }

    /// A phase begins, and with it the one before it ends.
    pub(crate) fn begin(&mut self, phase: Phase) {
        self.end();
        self.running = Some((phase, Instant::now()));
    }

    /// The phase that is under way ends, perhaps because the run is cut off.
    pub(crate) fn end(&mut self) {
        if let Some((phase, since)) = self.running.take() {
            self.took(phase, since.elapsed());
        }
    }

    /// So much more of the last hop was this phase.
    pub(crate) fn took(&mut self, phase: Phase, time: Duration) {
        let Some(hop) = self.hops.last_mut() else { return };
        let took_us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let phases = &mut hop.phases;
        let of = match phase {
            Phase::Resolve => &mut phases.resolve_us,
            Phase::Connect => &mut phases.connect_us,
            Phase::Tls => &mut phases.tls_us,
            Phase::Processing => &mut phases.processing_us,
            Phase::Transfer => &mut phases.transfer_us,
        };
        *of = of.saturating_add(took_us);
    }

    /// Connected there.
    pub(crate) fn connected(&mut self, address: String) {
        if let Some(hop) = self.hops.last_mut() {
            hop.address = Some(address.clone());
        }
        self.address = Some(address);
    }

    /// The head of an answer came.
    pub(crate) fn answered(&mut self, status: StatusCode, version: Version, headers: HeaderMap) {
        if let Some(hop) = self.hops.last_mut() {
            hop.status = Some(status.as_u16());
        }
        self.head = Some((status, version, headers));
    }

    /// The status of the last answer.
    pub(crate) fn status(&self) -> Option<u16> {
        self.head.as_ref().map(|(status, ..)| status.as_u16())
    }

    /// The first certificate of the chain. It is read only where somebody wants to know.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        certificate::of(&self.chain, self.tls_version)
    }

    /// How long the phases took from this hop on.
    pub(crate) fn phases_from(&self, hop: usize) -> Phases {
        self.hops.iter().skip(hop).fold(Phases::default(), |sum, hop| sum.and(&hop.phases))
    }

    /// The last answer, where there are no assertions.
    pub(crate) fn observed_plainly(&self, latency_ms: u64) -> Observed<'_> {
        let body_size = self.body.len() as u64;
        Observed {
            status: self.status(),
            body: self.body.as_slice().into(),
            body_size,
            latency_ms,
            ..Observed::default()
        }
    }

    /// The last answer, as assertions see it. `from` is the first hop that belongs to it.
    pub(crate) fn observed(&self, from: usize, latency_ms: u64, now: Timestamp) -> Observed<'_> {
        let headers = self.head.iter().flat_map(|(_, _, headers)| headers);
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Observed {
            status: self.status(),
            headers: headers.map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect(),
            body: self.body.as_slice().into(),
            body_size: self.body.len() as u64,
            latency_ms,
            phases: self.phases_from(from),
            certificate: self.certificate().map(|certificate| {
                let days = days_left(&certificate, now);
                (certificate, days)
            }),
            http_version: self.head.as_ref().map(|(_, version, _)| in_words(*version).to_owned()),
            address: self.address.clone(),
            url: self.url.clone(),
            connected: self.address.is_some(),
            cookies: self.cookies.clone(),
            ..Observed::default()
        }
    }

    /// What is kept of it, bounded and without secrets.
    pub(crate) fn evidence(&self, error: String, latency_ms: u64, secrets: &Secrets) -> Evidence {
        // Secrets are masked before the text is cut: half a secret would not be known as one.
        let excerpt = self.body.get(..Evidence::EXCERPT_BYTES * 2).unwrap_or(&self.body);
        let excerpt = String::from_utf8_lossy(excerpt).into_owned();
        let url = if self.url.contains("://") { shown(&self.url) } else { self.url.clone() };
        let mut evidence = Evidence {
            url,
            status: self.status(),
            latency_ms,
            body_excerpt: (!excerpt.is_empty()).then_some(excerpt),
            request_head: self
                .request
                .as_ref()
                .map(|(method, path, headers)| format!("{method} {path}\n{}", shown_headers(headers))),
            response_head: self.head.as_ref().map(|(status, version, headers)| {
                format!("HTTP/{} {status}\n{}", in_words(*version), shown_headers(headers))
            }),
            addresses: self.addresses.clone(),
            certificate: self.certificate(),
            hops: self.hops.clone(),
            ..Evidence::of(error)
        };
        secrets.mask_evidence(&mut evidence);
        evidence.bounded()
    }
}

/// Whole days until the first certificate of the chain ends; negative after that.
pub(crate) fn days_left(certificate: &Certificate, now: Timestamp) -> i64 {
    (certificate.chain_ends.as_second() - now.as_second()).div_euclid(86_400)
}

/// The version of HTTP as people write it.
pub(crate) fn in_words(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

/// Headers as they may be shown, one a line: of cookies and credentials only that they were there.
pub(crate) fn shown_headers(headers: &HeaderMap) -> String {
    let mut lines = Vec::with_capacity(headers.len());
    let mut hidden = BTreeMap::new();
    for (name, value) in headers {
        if is_credential(name.as_str()) || value.is_sensitive() {
            *hidden.entry(name.as_str()).or_insert(0) += 1;
        } else if name == hyper::header::LOCATION {
            let value = String::from_utf8_lossy(value.as_bytes());
            lines
                .push(format!("{name}: {}", if value.contains("://") { shown(&value) } else { without_query(&value) }));
        } else {
            lines.push(format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
        }
    }
    lines.extend(hidden.into_keys().map(|name| format!("{name}: (hidden)")));
    lines.join("\n")
}

/// A relative address can't be read for secrets in its query, so the query isn't shown.
fn without_query(address: &str) -> String {
    address.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// True of headers whose value opens something.
pub(crate) fn is_credential(name: &str) -> bool {
    const WORDS: [&str; 7] = ["authorization", "cookie", "token", "secret", "password", "api-key", "apikey"];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}
