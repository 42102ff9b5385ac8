//! Mainstay's public HTTP API, as the company's pipelines and services call it.
//!
//! This is the only file that knows its paths and bodies.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use kernel::Timestamp;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::estate::Settings;

/// The only environment that the company has.
pub(crate) const ENVIRONMENT: &str = "production";

const CHANGE_TIMEOUT: Duration = Duration::from_secs(10);
const EVALUATE_TIMEOUT: Duration = Duration::from_millis(400);

/// A client of one Mainstay.
#[derive(Clone)]
pub(crate) struct Mainstay {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// A deployment that has ended well.
#[derive(Debug, Clone)]
pub(crate) struct DeploymentReport {
    pub(crate) component: String,
    pub(crate) version: String,
    pub(crate) commit: Option<String>,
    pub(crate) rollback_of: Option<String>,
    /// Why it did not take effect, if it did not.
    pub(crate) failed: Option<String>,
    /// When it ended, if that was long ago.
    pub(crate) finished: Option<Timestamp>,
}

/// Why a call did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum MainstayError {
    /// No answer came, or none that can be read.
    #[error("Mainstay does not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// It answered that it won't.
    #[error("Mainstay answered {status}: {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The beginning of what it said.
        detail: String,
    },
}

impl MainstayError {
    /// True if trying again will not help.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Refused { status, .. } => (400..500).contains(status) && *status != 429,
            Self::Unreachable(_) => false,
        }
    }
}

#[derive(Deserialize)]
struct Evaluation {
    value: bool,
}

/// For how long a commit waited until it was deployed: from half an hour to a day, and always the same.
fn age_of(commit: &str) -> SignedDuration {
    let minutes = commit.bytes().fold(0_i64, |sum, byte| (sum * 31 + i64::from(byte)) % 1_410);
    SignedDuration::from_mins(30 + minutes)
}

impl Mainstay {
    pub(crate) fn new(http: reqwest::Client, base: &str, token: &str) -> Self {
        Self { http, base: base.trim_end_matches('/').to_owned(), token: token.to_owned() }
    }

    /// Records a deployment that has taken effect.
    pub(crate) async fn deployed(&self, report: &DeploymentReport) -> Result<(), MainstayError> {
        let DeploymentReport { component, version, commit, rollback_of, failed, finished } = report;
        let mut body = json!({
            "component": format!("component:default/{component}"),
            "environment": ENVIRONMENT,
            "version": version,
            "outcome": if failed.is_none() { "succeeded" } else { "failed" },
            "reason": failed,
            "url": format!("https://git.drizzle.example/{component}/releases/{version}"),
        });
        if let (Some(fields), Some(commit)) = (body.as_object_mut(), commit) {
            fields.insert("commit".to_owned(), json!(commit));
            let ended = finished.unwrap_or_else(Timestamp::now);
            let written = ended.checked_sub(age_of(commit)).unwrap_or(ended);
            fields.insert("commits".to_owned(), json!([{"sha": commit, "at": written}]));
        }
        if let (Some(fields), Some(event)) = (body.as_object_mut(), rollback_of) {
            fields.insert("rollback_of".to_owned(), json!(event));
        }
        if let (Some(fields), Some(finished)) = (body.as_object_mut(), finished) {
            fields.insert("finished".to_owned(), json!(finished));
        }
        self.change("/api/v1/deployments", &body).await
    }

    /// Records a configuration that has taken effect.
    pub(crate) async fn configured(
        &self,
        component: &str,
        settings: &Settings,
        reason: Option<&str>,
        finished: Option<Timestamp>,
    ) -> Result<(), MainstayError> {
        let body = json!({
            "reason": reason,
            "finished": finished,
            "component": format!("component:default/{component}"),
            "environment": ENVIRONMENT,
            "config": settings,
        });
        self.change("/api/v1/configs", &body).await
    }

    /// Turns a flag on or off.
    pub(crate) async fn turn(&self, flag: &str, on: bool, reason: &str) -> Result<(), MainstayError> {
        let verb = if on { "on" } else { "off" };
        let body = json!({"environment": ENVIRONMENT, "reason": reason});
        self.change(&format!("/api/v1/flags/{flag}/{verb}"), &body).await
    }

    /// Evaluates a boolean flag for somebody by the OpenFeature Remote Evaluation Protocol.
    pub(crate) async fn evaluate(&self, flag: &str, service: &str, subject: &str) -> Result<bool, MainstayError> {
        let body = json!({"context": {"targetingKey": subject, "service": service, "environment": ENVIRONMENT}});
        let path = format!("/ofrep/v1/evaluate/flags/{flag}");
        let answer = self.post(&path, &body, EVALUATE_TIMEOUT).await?;
        Ok(answer.json::<Evaluation>().await?.value)
    }

    /// Publishes the pacts of a build.
    pub(crate) async fn publish_pacts(
        &self,
        component: &str,
        version: &str,
        pacts: &[(&str, Value)],
    ) -> Result<(), MainstayError> {
        let contracts: Vec<Value> = pacts
            .iter()
            .map(|(provider, pact)| {
                json!({"consumerName": component, "providerName": provider, "specification": "pact",
                    "contentType": "application/json", "content": STANDARD.encode(pact.to_string())})
            })
            .collect();
        let body = json!({"pacticipantName": component, "pacticipantVersionNumber": version, "branch": "main",
            "buildUrl": format!("https://git.drizzle.example/{component}/builds/{version}"), "contracts": contracts});
        self.change("/pact/contracts/publish", &body).await
    }

    /// Where the pacts are that a provider's build is to verify.
    pub(crate) async fn pacts_to_verify(&self, provider: &str) -> Result<Vec<String>, MainstayError> {
        let body = json!({"providerVersionBranch": "main"});
        let path = format!("/pact/pacts/provider/{provider}/for-verification");
        let answer: Value = self.post(&path, &body, CHANGE_TIMEOUT).await?.json().await?;
        let pacts = answer.pointer("/_embedded/pacts").and_then(Value::as_array).cloned().unwrap_or_default();
        let at = |pact: &Value| pact.pointer("/_links/self/href").and_then(Value::as_str).map(str::to_owned);
        Ok(pacts.iter().filter_map(at).collect())
    }

    /// A pact.
    pub(crate) async fn pact(&self, url: &str) -> Result<Value, MainstayError> {
        self.get(url.strip_prefix(&self.base).unwrap_or(url)).await
    }

    /// Publishes what the verification of a pact gave; the version is on the main branch.
    pub(crate) async fn publish_verification(
        &self,
        pact: &str,
        version: &str,
        results: &[Value],
    ) -> Result<(), MainstayError> {
        let success = results.iter().all(|result| result.get("success") == Some(&json!(true)));
        let body = json!({"success": success, "providerApplicationVersion": version, "testResults": results,
            "verifiedBy": {"implementation": "drizzle-ci", "version": "1"}});
        let path = pact.strip_prefix(&self.base).unwrap_or(pact);
        self.change(&format!("{path}/verification-results"), &body).await
    }

    /// Puts a version on the main branch.
    pub(crate) async fn on_main(&self, component: &str, version: &str) -> Result<(), MainstayError> {
        let path = format!("{}/pact/pacticipants/{component}/branches/main/versions/{version}", self.base);
        let answer =
            self.http.put(path).bearer_auth(&self.token).json(&json!({})).timeout(CHANGE_TIMEOUT).send().await?;
        answer.error_for_status()?;
        Ok(())
    }

    /// From now on, no deployment that the contracts don't agree to.
    pub(crate) async fn close_gate(&self) -> Result<(), MainstayError> {
        let path = format!("{}/api/v1/contracts/environments/{ENVIRONMENT}/gate", self.base);
        let body = json!({"gate": "refuse", "reason": "what breaks a promise stays outside"});
        let answer = self.http.put(path).bearer_auth(&self.token).json(&body).timeout(CHANGE_TIMEOUT).send().await?;
        answer.error_for_status()?;
        Ok(())
    }

    /// Declares an incident; its number.
    pub(crate) async fn declare(&self, component: &str, title: &str, evidence: &str) -> Result<u64, MainstayError> {
        let body = json!({"entity": format!("component:default/{component}"), "title": title, "severity": "sev2",
            "evidence": evidence});
        let done: Value = self.post("/api/v1/incidents", &body, CHANGE_TIMEOUT).await?.json().await?;
        Ok(done.pointer("/events/0/event/about/number").and_then(Value::as_u64).unwrap_or_default())
    }

    /// Does something with an incident.
    pub(crate) async fn respond(&self, incident: u64, verb: &str, body: &Value) -> Result<(), MainstayError> {
        self.change(&format!("/api/v1/incidents/{incident}/{verb}"), body).await
    }

    /// Begins the post-mortem of an incident; the text that Mainstay has filled in.
    pub(crate) async fn begin_post_mortem(&self, incident: u64) -> Result<String, MainstayError> {
        self.change("/api/v1/postmortems", &json!({"incident": incident})).await?;
        let draft: Value = self.get(&format!("/api/v1/postmortems/{incident}")).await?;
        Ok(draft.get("text").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Replaces the draft of a post-mortem that nobody has edited.
    pub(crate) async fn write_post_mortem(
        &self,
        incident: u64,
        text: &str,
        items: &[Value],
    ) -> Result<(), MainstayError> {
        let body = json!({"revision": 1, "text": text, "items": items});
        self.change(&format!("/api/v1/postmortems/{incident}"), &body).await
    }

    /// Approves what was written, in a person's name, and publishes it.
    pub(crate) async fn publish_post_mortem(&self, incident: u64, by: &str) -> Result<(), MainstayError> {
        let path = format!("/api/v1/postmortems/{incident}");
        let review = json!({"revision": 2, "approve": true, "by": by, "note": "Short, and it names no culprit."});
        self.change(&format!("{path}/reviews"), &review).await?;
        self.change(&format!("{path}/publish"), &json!({"revision": 2})).await
    }

    /// Applies a catalog file.
    pub(crate) async fn apply(&self, source: &str, path: &str, text: &str, why: &str) -> Result<(), MainstayError> {
        let body = json!({"source": source, "files": [{"path": path, "text": text}], "reason": why});
        self.change("/api/v1/catalog/apply", &body).await
    }

    async fn get(&self, path: &str) -> Result<Value, MainstayError> {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        Ok(request.timeout(CHANGE_TIMEOUT).send().await?.error_for_status()?.json().await?)
    }

    async fn change(&self, path: &str, body: &Value) -> Result<(), MainstayError> {
        self.post(path, body, CHANGE_TIMEOUT).await.map(drop)
    }

    async fn post(&self, path: &str, body: &Value, timeout: Duration) -> Result<reqwest::Response, MainstayError> {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token).json(body);
        let answer = request.timeout(timeout).send().await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let detail = answer.text().await.unwrap_or_default().chars().take(300).collect();
        Err(MainstayError::Refused { status, detail })
    }
}
