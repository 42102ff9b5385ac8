//! One run of one check.

use std::time::Duration;

use checks::{
    CheckDefinition, CheckKind, Evidence, Expectation, Hop, HttpCheck, JourneyCheck, Observed, Outcome, StatusRange,
    Step, hold,
};
use cookie_store::CookieStore;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use crate::{
    Client,
    exchange::{Fault, http::BODY_BYTES},
    seen::Seen,
    trace::Trace,
    values::Values,
};

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

/// What is wrong with an answer.
pub(crate) enum Verdict {
    Good,
    Slow(String),
    Bad(String),
    /// There was no question: this machine doesn't let the probe ask it.
    Unable(String),
}

impl From<Fault> for Verdict {
    fn from(fault: Fault) -> Self {
        if let Fault::Unable(why) = fault { Self::Unable(why) } else { Self::Bad(fault.to_string()) }
    }
}

impl Client {
    /// Runs a check once. Never fails: what goes wrong is the run's outcome.
    pub async fn run_once(&self, definition: &CheckDefinition) -> Run {
        self.run_traced(definition).await.0
    }

    /// The same, with what was seen of the last answer. That is neither masked nor kept: it is for whoever asked.
    pub async fn run_seen(&self, definition: &CheckDefinition) -> (Run, Seen) {
        let (run, trace) = self.run_traced(definition).await;
        (run, Seen::of(trace))
    }

    async fn run_traced(&self, definition: &CheckDefinition) -> (Run, Trace) {
        let mut trace = Trace::default();
        let started = Instant::now();
        let limit = started + definition.timeout();
        let judged = timeout_at(limit, self.run_kind(definition, limit, &mut trace)).await;
        trace.end();
        let latency_ms = trace.round_trip.map_or_else(|| millis_since(started), millis);
        let verdict = judged.unwrap_or_else(|_| {
            let part = trace.status().map_or("no answer", |_| "no complete answer");
            Verdict::Bad(at_step(&trace, format!("{part} within {} ms", definition.timeout_ms)))
        });
        let secrets = self.secrets().and(&trace.taken);
        let evidence = |error| trace.evidence(error, latency_ms, &secrets);
        let outcome = match verdict {
            Verdict::Good => Outcome::Passed,
            Verdict::Slow(why) => Outcome::Slow { evidence: evidence(why) },
            Verdict::Bad(why) => Outcome::Failed { evidence: evidence(why) },
            Verdict::Unable(why) => Outcome::Unable { why },
        };
        let mut hops = std::mem::take(&mut trace.hops);
        hops.truncate(Evidence::HOPS);
        hops.iter_mut().for_each(|hop| secrets.mask_hop(hop));
        (Run { outcome, latency_ms, hops }, trace)
    }

    async fn run_kind(&self, definition: &CheckDefinition, limit: Instant, trace: &mut Trace) -> Verdict {
        match &definition.kind {
            CheckKind::Http(http) => self.run_http(http, trace).await,
            CheckKind::Journey(journey) => self.run_journey(journey, trace).await,
            CheckKind::Tcp(tcp) => self.run_tcp(tcp, trace).await,
            CheckKind::Tls(tls) => self.run_tls(tls, trace).await,
            CheckKind::Dns(dns) => self.run_dns(dns, trace).await,
            CheckKind::Exec(exec) => self.run_exec(exec, trace).await,
            CheckKind::Icmp(icmp) => self.run_icmp(icmp, limit, trace).await,
            CheckKind::Grpc(grpc) => self.run_grpc(grpc, limit, trace).await,
            CheckKind::WebSocket(socket) => self.run_websocket(socket, trace).await,
            CheckKind::Heartbeat(_) => {
                Verdict::Unable("no probe runs a heartbeat: the job reports by itself".to_owned())
            }
        }
    }

    async fn run_http(&self, http: &HttpCheck, trace: &mut Trace) -> Verdict {
        trace.url.clone_from(&http.url);
        let now = Timestamp::now();
        let secrets = self.secrets();
        let values = match Values::new(&secrets, now) {
            Ok(values) => values,
            Err(error) => return Fault::from(error).into(),
        };
        let started = Instant::now();
        if let Err(fault) = self.exchange(http, &values, &mut CookieStore::default(), trace).await {
            return fault.into();
        }
        let took_ms = millis_since(started);
        let observed = match http.expect.assertions.as_slice() {
            [] => trace.observed_plainly(took_ms),
            [..] => trace.observed(0, took_ms, now),
        };
        judge(&http.expect, &observed)
    }

    async fn run_journey(&self, journey: &JourneyCheck, trace: &mut Trace) -> Verdict {
        let now = Timestamp::now();
        let secrets = self.secrets();
        let mut values = match Values::new(&secrets, now) {
            Ok(values) => values,
            Err(error) => return Fault::from(error).into(),
        };
        for (name, text) in &journey.variables {
            match values.fill(text) {
                Ok(value) => values.set(name, value),
                Err(error) => return Fault::from(error).into(),
            }
        }
        let started = Instant::now();
        let mut jar = CookieStore::default();
        let mut slow = None;
        let mut steps = journey.steps.iter();
        let failure = loop {
            let Some(step) = steps.next() else { break None };
            match self.run_step(step, &mut values, &mut jar, trace, now).await {
                Verdict::Good => {}
                Verdict::Slow(why) => slow = slow.or(Some(at_step(trace, why))),
                Verdict::Bad(why) | Verdict::Unable(why) => break Some(at_step(trace, why)),
            }
        };
        if let Some(failure) = failure {
            // What was seen of the step that failed is the evidence; the cleaning up only adds its hops.
            let mut after = Trace::after(std::mem::take(&mut trace.hops));
            for step in steps.filter(|step| step.always) {
                self.run_step(step, &mut values, &mut jar, &mut after, now).await;
            }
            after.end();
            trace.hops = after.hops;
            trace.taken.append(&mut after.taken);
            return Verdict::Bad(failure);
        }
        match (slow, journey.max_latency_ms, millis_since(started)) {
            (Some(why), ..) => Verdict::Slow(why),
            (None, Some(max), took) if took > max => Verdict::Slow(too_slow(took, max)),
            (None, ..) => Verdict::Good,
        }
    }

    async fn run_step(
        &self,
        step: &Step,
        values: &mut Values<'_>,
        jar: &mut CookieStore,
        trace: &mut Trace,
        now: Timestamp,
    ) -> Verdict {
        trace.step = Some(step.name.clone());
        let (started, first_hop) = (Instant::now(), trace.hops.len());
        if let Err(fault) = self.exchange(&step.request, values, jar, trace).await {
            return fault.into();
        }
        let observed = trace.observed(first_hop, millis_since(started), now);
        let verdict = judge(&step.request.expect, &observed);
        match verdict {
            Verdict::Good | Verdict::Slow(_) => {}
            Verdict::Bad(_) | Verdict::Unable(_) => return verdict,
        }
        let found =
            step.extract.iter().map(|extract| (&extract.name, extract.from.find(&observed))).collect::<Vec<_>>();
        for (name, value) in found {
            let Some(value) = value else { return Verdict::Bad(format!("{name} is not in the answer")) };
            trace.taken.push(value.clone());
            values.set(name, value);
        }
        verdict
    }
}

fn at_step(trace: &Trace, why: String) -> String {
    trace.step.as_ref().map_or_else(|| why.clone(), |step| format!("{step}: {why}"))
}

pub(crate) fn millis_since(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Whole milliseconds, to the nearest: of a ping that took 1.9 ms the 0.9 matter.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from((time + Duration::from_micros(500)).as_millis()).unwrap_or(u64::MAX)
}

fn too_slow(took_ms: u64, max_ms: u64) -> String {
    format!("took {took_ms} ms; at most {max_ms} ms are wanted")
}

/// In what the answer differs from what is wanted.
fn judge(expect: &Expectation, observed: &Observed<'_>) -> Verdict {
    let status = observed.status.unwrap_or(0);
    if !expect.status.iter().any(|range| range.contains(status)) {
        let wanted = expect.status.iter().map(StatusRange::to_string).collect::<Vec<_>>().join(" or ");
        return Verdict::Bad(format!("answered {status}; {wanted} is wanted"));
    }
    if let Some(text) = &expect.body_contains
        && !contains(&observed.body, text.as_bytes())
    {
        let part = if observed.body.len() < BODY_BYTES { "the answer" } else { "the first 1 MiB of the answer" };
        return Verdict::Bad(format!("{part} does not contain \"{text}\""));
    }
    if let Err(why) = hold(&expect.assertions, observed) {
        return Verdict::Bad(why);
    }
    match expect.max_latency_ms {
        Some(max) if observed.latency_ms > max => Verdict::Slow(too_slow(observed.latency_ms, max)),
        Some(_) | None => Verdict::Good,
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}
