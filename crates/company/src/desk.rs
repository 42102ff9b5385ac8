//! What every service has to work with: its settings, its flags, its colleagues.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    Service,
    estate::{Deployed, Estate},
    flags::Flags,
};

/// The longest error text that is passed on, in characters.
const ERROR_CHARS_MAX: usize = 300;

/// What one service has to work with.
pub(crate) struct Desk {
    pub(crate) service: Service,
    pub(crate) estate: Arc<Estate>,
    pub(crate) flags: Flags,
    pub(crate) http: reqwest::Client,
    /// Where every service listens.
    pub(crate) addresses: Arc<BTreeMap<&'static str, String>>,
}

/// A request, as far as our services care.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Who it is for: the `x-customer` header, or a name of its own for a stranger.
    pub(crate) customer: String,
    /// Null unless the body is JSON.
    pub(crate) body: Value,
}

impl Request {
    /// The method and the path's segments, to match on.
    pub(crate) fn route(&self) -> (&str, Vec<&str>) {
        (self.method.as_str(), self.path.split('/').filter(|segment| !segment.is_empty()).collect())
    }
}

/// What a service says to another.
pub(crate) struct Call<'a> {
    pub(crate) to: Service,
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) body: Value,
    pub(crate) timeout: Duration,
}

impl<'a> Call<'a> {
    /// How long a service waits for another that has no time-out of its own.
    const PATIENCE: Duration = Duration::from_millis(1200);

    pub(crate) fn get(to: Service, path: &'a str) -> Self {
        Self { to, method: Method::GET, path, body: Value::Null, timeout: Self::PATIENCE }
    }

    pub(crate) fn post(to: Service, path: &'a str, body: Value) -> Self {
        Self { to, method: Method::POST, path, body, timeout: Self::PATIENCE }
    }

    pub(crate) fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

/// Why a service cannot answer.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) error: String,
    pub(crate) upstream: Option<Service>,
}

impl Fault {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), upstream: None }
    }

    pub(crate) fn no_such_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here")
    }

    fn of(upstream: Service, status: StatusCode, error: &str) -> Self {
        Self { status, error: error.chars().take(ERROR_CHARS_MAX).collect(), upstream: Some(upstream) }
    }
}

impl Desk {
    /// The service as it is deployed now; nothing cannot happen, since every service is part of the estate.
    pub(crate) fn deployed(&self) -> Option<Deployed> {
        self.estate.deployed(self.service.name()).ok()
    }

    /// One of the service's settings.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        self.deployed()?.settings.remove(name)
    }

    /// A setting in milliseconds, or the default if it is missing or no number.
    pub(crate) fn setting_ms(&self, name: &str, default_ms: u64) -> Duration {
        Duration::from_millis(self.setting(name).and_then(|text| text.parse().ok()).unwrap_or(default_ms))
    }

    /// Asks another service. Its failure is a 502 that quotes it; its silence is a 504.
    pub(crate) async fn ask(&self, call: Call<'_>) -> Result<Value, Fault> {
        let name = call.to.name();
        let base = self.addresses.get(name).map_or("", String::as_str);
        let mut request = self.http.request(call.method, format!("{base}{}", call.path)).timeout(call.timeout);
        if !call.body.is_null() {
            request = request.json(&call.body);
        }
        let failed = |error: &reqwest::Error| {
            if error.is_timeout() {
                let text = format!("{name} took longer than {} ms", call.timeout.as_millis());
                Fault::of(call.to, StatusCode::GATEWAY_TIMEOUT, &text)
            } else {
                Fault::of(call.to, StatusCode::BAD_GATEWAY, &format!("{name} cannot be reached"))
            }
        };
        let answer = request.send().await.map_err(|error| failed(&error))?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(|error| failed(&error))?;
        if status.is_success() {
            return Ok(body);
        }
        let said = body.get("error").and_then(Value::as_str).unwrap_or("nothing that can be read");
        let text = format!("{name} answered {}: {said}", status.as_u16());
        let status = if status == StatusCode::NOT_FOUND { status } else { StatusCode::BAD_GATEWAY };
        Err(Fault::of(call.to, status, &text))
    }

    /// The answer on the wire.
    pub(crate) fn respond(&self, answer: Result<Value, Fault>) -> Response {
        let fault = match answer {
            Ok(body) => return Json(body).into_response(),
            Err(fault) => fault,
        };
        let version = self.deployed().map(|deployed| deployed.version.to_string());
        let mut body = json!({"error": fault.error, "service": self.service.name(), "version": version});
        if let (Some(fields), Some(upstream)) = (body.as_object_mut(), fault.upstream) {
            fields.insert("upstream".to_owned(), json!(upstream.name()));
        }
        (fault.status, Json(body)).into_response()
    }
}
