//! What is said between a probe and its server.

use std::{collections::BTreeMap, fs, io::Write as _, path::Path, path::PathBuf, sync::Arc, time::Duration};

use checks::CheckDefinition;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use kernel::{EntityRef, Refusal, codes};
use probe::Client;
use reqwest::{Response, StatusCode, Url, header};
use serde_json::json;
use tokio::sync::watch;
use web::api::probes::Work;

use super::{Skew, spool::Spool, uplink::Health};

/// The definitions that the prober runs.
type Definitions = watch::Sender<Arc<Vec<Arc<CheckDefinition>>>>;

/// How long the server is asked to wait for changes.
const WAIT_S: u64 = 50;
/// How long an answer may take beyond that.
const ANSWER: Duration = Duration::from_secs(20);
/// Tries after a failure are this far apart, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long results are handed in after the stop, at most: who stops a probe waits for half a minute before killing it.
const LAST: Duration = Duration::from_secs(10);
/// The largest answer that is read.
const WORK_BYTES_MAX: usize = 64 << 20;
/// A difference of clocks below this is the network's.
const SKEW_MS_MIN: i128 = 2_000;

/// The server, as a probe calls it.
#[derive(Debug, Clone)]
pub(super) struct Server {
    http: reqwest::Client,
    base: Url,
    token: String,
    location: String,
    skew: Skew,
    health: Health,
}

/// Why the server took nothing.
enum Failed {
    /// It may another time.
    Later(String),
    /// It never will.
    Never(String),
}

impl Server {
    /// # Errors
    /// If no client can be had, or the address can't have a path.
    pub(super) fn new(base: Url, token: String, location: &str, skew: Skew, health: Health) -> Result<Self, Refusal> {
        let none = |error: reqwest::Error| Refusal::new(&codes::INTERNAL, format!("no client: {error}"));
        let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).build().map_err(none)?;
        Ok(Self { http, base, token, location: location.to_owned(), skew, health })
    }

    /// Where it listens, for the self-test.
    pub(super) fn host_and_port(&self) -> Option<String> {
        let port = self.base.port_or_known_default()?;
        Some(format!("{}:{port}", self.base.host_str()?))
    }

    fn address(&self, what: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1", "probes", &self.location, what]);
        }
        url
    }

    async fn work(&self, known: Option<&str>) -> Result<Option<Work>, Failed> {
        let mut url = self.address("work");
        url.query_pairs_mut()
            .append_pair("wait_s", &WAIT_S.to_string())
            .append_pair("version", env!("CARGO_PKG_VERSION"))
            .append_pair("skew_ms", &self.skew.ms().to_string());
        if let Some(works) = self.health.get() {
            url.query_pairs_mut().append_pair("uplink", if works { "true" } else { "false" });
        }
        if let Some(known) = known {
            url.query_pairs_mut().append_pair("known", known);
        }
        let wait = Duration::from_secs(WAIT_S) + ANSWER;
        let sent = self.http.get(url).bearer_auth(&self.token).timeout(wait).send().await;
        let mut answer = sent.map_err(|error| Failed::Later(error.without_url().to_string()))?;
        self.note_clock(&answer);
        if answer.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        if !answer.status().is_success() {
            return Err(refused(answer).await);
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| Failed::Later(error.without_url().to_string()))? {
            if body.len() + part.len() > WORK_BYTES_MAX {
                return Err(Failed::Later(format!("the server's answer has more than {WORK_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&part);
        }
        // A newer server may say what this version can't read; it goes on with what it has.
        serde_json::from_slice(&body).map(Some).map_err(|error| Failed::Later(format!("the server's answer: {error}")))
    }

    async fn report(&self, results: &[checks::RunResult]) -> Result<(), Failed> {
        let body = json!({"results": results});
        let call = self.http.post(self.address("results")).bearer_auth(&self.token).timeout(ANSWER).json(&body);
        let answer = call.send().await.map_err(|error| Failed::Later(error.without_url().to_string()))?;
        self.note_clock(&answer);
        if answer.status().is_success() { Ok(()) } else { Err(refused(answer).await) }
    }

    /// Runs are timed by the server's clock, so that probes' clocks need not agree.
    fn note_clock(&self, answer: &Response) {
        let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        if let Some(ahead) = date.and_then(|date| ahead(date, Timestamp::now())) {
            self.skew.set(ahead);
        }
    }
}

/// By how much a clock that shows this date (RFC 9110, section 5.6.7, as servers write it) is ahead of `now`; none if it
/// is no date.
fn ahead(date: &str, now: Timestamp) -> Option<SignedDuration> {
    let ahead = rfc2822::parse(date).ok()?.timestamp().duration_since(now);
    Some(if ahead.as_millis().abs() > SKEW_MS_MIN { ahead } else { SignedDuration::ZERO })
}

/// Only what is wrong with the results themselves is never taken: a wrong address or token is somebody's to mend.
async fn refused(answer: Response) -> Failed {
    let status = answer.status();
    let mut said = answer.text().await.unwrap_or_default();
    said.truncate(said.floor_char_boundary(500));
    let error = format!("the server answered {status}: {said}");
    let never = matches!(status.as_u16(), 400 | 413 | 422);
    if never { Failed::Never(error) } else { Failed::Later(error) }
}

/// What the server says first, however long that takes.
pub(super) async fn first(server: &Server) -> Work {
    let mut wait = RETRY.0;
    loop {
        match server.work(None).await {
            Ok(Some(work)) => return work,
            Ok(None) => {}
            Err(Failed::Later(error) | Failed::Never(error)) => {
                tracing::warn!(error.message = %error, "the server can't be asked, and nothing is known from before");
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(RETRY.1);
    }
}

/// Keeps what is run as the server wants it.
pub(super) async fn follow(server: Server, folder: PathBuf, told: Told, mut stopped: watch::Receiver<bool>) {
    let mut known: Option<String> = None;
    let mut wait = RETRY.0;
    loop {
        let asked = tokio::select! {
            asked = server.work(known.as_deref()) => asked,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        match asked {
            Ok(Some(work)) => {
                known = Some(work.version.clone());
                tracing::info!(checks = work.checks.len(), "the server said what to run");
                keep(&folder, &work);
                told.publish(work);
                wait = RETRY.0;
            }
            Ok(None) => wait = RETRY.0,
            Err(Failed::Later(error) | Failed::Never(error)) => {
                tracing::warn!(error.message = %error, "the server can't be asked; the probe goes on with what it knows");
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    _ = stopped.wait_for(|stopped| *stopped) => return,
                }
                wait = (wait * 2).min(RETRY.1);
            }
        }
    }
}

/// What the prober is told.
pub(super) struct Told {
    pub(super) define: Definitions,
    pub(super) ask: watch::Sender<BTreeMap<EntityRef, Timestamp>>,
    pub(super) client: Client,
}

impl Told {
    /// Gives the prober what it is to run.
    pub(super) fn publish(&self, work: Work) {
        self.client.set_secrets(probe::Secrets::new(work.secrets));
        let checks: Vec<Arc<CheckDefinition>> = work.checks.into_iter().map(Arc::new).collect();
        self.define.send_if_modified(|known| {
            let differs = **known != checks;
            *known = Arc::new(checks);
            differs
        });
        self.ask.send_replace(work.confirm);
    }
}

/// Hands in what is in the spool, the oldest first, until all is handed in after the stop, or the server is away then, or
/// it takes too long: what is left waits for the next probe.
pub(super) async fn deliver(server: Server, spool: Arc<Spool>, stopped: watch::Receiver<bool>) {
    let mut stop = stopped.clone();
    let late = async {
        // Who asked for the stop is there as long as this is awaited.
        let _ = stop.wait_for(|stopped| *stopped).await;
        tokio::time::sleep(LAST).await;
    };
    tokio::select! {
        () = hand_in(&server, &spool, stopped) => {}
        () = late => tracing::warn!(waiting = spool.len(), "results wait for the next start"),
    }
}

async fn hand_in(server: &Server, spool: &Spool, mut stopped: watch::Receiver<bool>) {
    let mut wait = RETRY.0;
    loop {
        let stopping = *stopped.borrow();
        let Some((number, results)) = spool.oldest() else {
            if stopping {
                return;
            }
            tokio::select! {
                () = spool.more() => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
            continue;
        };
        match server.report(&results).await {
            Ok(()) => {
                spool.done(number);
                wait = RETRY.0;
            }
            Err(Failed::Never(error)) => {
                tracing::error!(error.message = %error, results = results.len(), "the server refuses these results");
                spool.done(number);
            }
            Err(Failed::Later(error)) => {
                if stopping {
                    return;
                }
                tracing::warn!(error.message = %error, waiting = spool.len(), "results wait for the server");
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
                wait = (wait * 2).min(RETRY.1);
            }
        }
    }
}

/// What the server said last, from before a restart.
pub(super) fn last_known(folder: &Path) -> Option<Work> {
    let written = fs::read(folder.join("work.json")).ok()?;
    serde_json::from_slice(&written).ok()
}

/// Keeps it for after a restart. Only this user can read it: it has secrets.
fn keep(folder: &Path, work: &Work) {
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(work)?)?;
        file.as_file().sync_data()?;
        file.persist(folder.join("work.json")).map_err(|error| error.error)?;
        Ok(())
    };
    if let Err(error) = write() {
        tracing::warn!(error.message = %error, "what the server said can't be kept for a restart");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_clock_is_read_from_its_answers_and_the_networks_delay_is_not_taken_for_a_difference() {
        let now: Timestamp = "1994-11-06T08:49:37.250Z".parse().unwrap();
        let check = |date: &str, ms: Option<i64>| {
            assert_eq!(ahead(date, now), ms.map(SignedDuration::from_millis), "{date}");
        };
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(0));
        check("Sun, 06 Nov 1994 08:49:36 GMT", Some(0));
        check("Sun, 06 Nov 1994 08:49:39 GMT", Some(0));
        check("Sun, 06 Nov 1994 08:50:37 GMT", Some(59_750));
        check("Sun, 06 Nov 1994 07:49:37 GMT", Some(-3_600_250));
        check("Thu, 29 Feb 1996 00:00:00 GMT", Some(41_440_222_750));
        for nonsense in ["", "yesterday", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:00:00 GMT", "0"] {
            check(nonsense, None);
        }
    }

    #[tokio::test]
    async fn a_probe_that_stops_does_not_wait_for_batches_that_have_no_results() {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("spool")).unwrap();
        fs::write(folder.path().join(format!("spool/{:020}.json", 1)), "").unwrap();
        let spool = Arc::new(Spool::open(folder.path(), 1 << 20).unwrap());
        let base = Url::parse("http://127.0.0.1:1").unwrap();
        let server = Server::new(base, String::new(), "here", Skew::default(), Health::default()).unwrap();
        let (_stop, stopped) = watch::channel(true);
        tokio::time::timeout(LAST / 2, deliver(server, spool, stopped)).await.unwrap();
    }

    #[test]
    fn runs_are_timed_by_the_servers_clock() {
        let skew = Skew::default();
        let far = SignedDuration::from_hours(2);
        skew.set(far);
        let differs = skew.now().duration_since(Timestamp::now()) - far;
        assert!(differs.as_millis().abs() < 1_000, "{differs}");
    }
}
