//! The request's id, and the one line that the log has of each request.
//!
//! Ids and their transport are W3C Trace Context's (`traceparent`); the field names are those of OpenTelemetry's semantic
//! conventions for HTTP.

use std::{fmt, net::SocketAddr, time::Instant};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use ring::rand::{SecureRandom, SystemRandom};
use tracing::Instrument;

/// What a request is known by: in the log, in problem documents, in `x-request-id`, and to tracing tools. It is the trace
/// id of the caller's `traceparent`, or a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(super) async fn trace(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = trace_id(request.headers()).unwrap_or_else(random_hex::<16>);
    let span_id = random_hex::<8>();
    let line = Line::of(&request);
    let span = tracing::info_span!("request", trace_id = %id, span_id = %span_id);

    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).instrument(span.clone()).await;

    span.in_scope(|| line.write(&response, begun));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID, value);
    }
    if let Ok(value) = HeaderValue::from_str(&format!("00-{id}-{span_id}-01")) {
        headers.insert(TRACEPARENT, value);
    }
    response
}

/// What the access log says of a request. The query is left out: people paste secrets into addresses. Where the path itself
/// is a secret, the route stands in its place.
struct Line {
    method: String,
    path: String,
    route: String,
    client: Option<String>,
    agent: String,
}

impl Line {
    fn of(request: &Request) -> Self {
        let text = |value: &HeaderValue| value.to_str().ok().map(|text| text.chars().take(256).collect());
        let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
        let is_secret = route.contains("{secret}") || route.contains("{token}");
        let path = if is_secret { route.as_str() } else { request.uri().path() };
        Self {
            method: request.method().to_string(),
            path: path.chars().take(512).collect(),
            route,
            client: request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string()),
            agent: request.headers().get(header::USER_AGENT).and_then(text).unwrap_or_default(),
        }
    }

    fn write(&self, response: &Response, begun: Instant) {
        tracing::info!(
            http.request.method = self.method,
            url.path = self.path,
            http.route = self.route,
            http.response.status_code = response.status().as_u16(),
            http.server.request.duration_s = begun.elapsed().as_secs_f64(),
            client.address = self.client,
            user_agent.original = self.agent,
            "request"
        );
    }
}

/// The trace id of a well-formed `traceparent` (W3C Trace Context, section 3.2).
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let well_formed = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    let present = trace.bytes().any(|b| b != b'0') && parent.bytes().any(|b| b != b'0');
    (well_formed && present).then(|| trace.to_owned())
}

/// Random bytes as hexadecimal digits. Where the system has no randomness to give, ids repeat; nothing else depends on them.
fn random_hex<const BYTES: usize>() -> String {
    let mut bytes = [0_u8; BYTES];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        tracing::warn!("the system gave no randomness for a request id");
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(traceparent: &'static str, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(traceparent));
        assert_eq!(trace_id(&headers).as_deref(), expected, "{traceparent}");
    }

    #[test]
    fn a_trace_goes_on_where_its_header_is_well_formed() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        check("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Some(id));
        check("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like", Some(id));
        check("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None);
        check("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None);
        check("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", None);
        check("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", None);
        check("nonsense", None);
    }

    #[test]
    fn random_ids_differ() {
        assert_ne!(random_hex::<16>(), random_hex::<16>());
        assert_eq!(random_hex::<8>().len(), 16);
    }
}
