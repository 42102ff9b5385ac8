//! What stands between a stranger and a handler.
//!
//! [`protect`] wraps a router; from the outside in: `trace` gives the request its id and writes the one access log line;
//! `headers` closes what a browser would otherwise leave open; compression; [`problem::negotiate`] gives errors their form;
//! `shield` turns a panic and a time-out into refusals; [`rate`] and [`csrf`] turn requests away. Who is signed in, and
//! what they may do, is decided further in.

pub mod csrf;
mod headers;
pub mod rate;
pub(crate) mod shield;
mod trace;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderMap, header},
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

pub use self::trace::RequestId;
use crate::problem;

/// Bounds on what anybody may send.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest body that is read where a route does not say otherwise.
    pub body_bytes_max: usize,
    /// How long a handler may take until it answers. Streams are bounded by their own routes.
    pub request_time_max: Duration,
    /// How many requests one address may send per second, in the long run.
    pub requests_per_second: f64,
    /// How many it may send at once.
    pub requests_at_once: f64,
    /// How many evaluations of flags one token may ask for per second.
    pub evaluations_per_second: f64,
    /// Whether the server is reached by HTTPS, so that browsers may be told to insist on it.
    pub https: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 1024 * 1024,
            request_time_max: Duration::from_secs(30),
            requests_per_second: 200.0,
            requests_at_once: 1000.0,
            evaluations_per_second: 20_000.0,
            https: false,
        }
    }
}

/// The router, with everything of this module around it.
///
/// The rate limit needs `into_make_service_with_connect_info::<SocketAddr>()`; without it, all callers count as one.
pub fn protect(router: Router, limits: &Limits) -> Router {
    let limiter = Arc::new(rate::Limiter::new(limits.requests_per_second, limits.requests_at_once));
    router
        .layer(DefaultBodyLimit::max(limits.body_bytes_max))
        .layer(from_fn(csrf::same_origin))
        .layer(from_fn_with_state(limiter, rate::limit))
        .layer(from_fn_with_state(limits.request_time_max, shield::time_out))
        .layer(CatchPanicLayer::custom(shield::panicked))
        .layer(from_fn(problem::negotiate))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(limits.https, headers::add))
        .layer(from_fn(trace::trace))
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The path, if it is one of this server's; else home. `//host` and `/\host` are other servers to a browser, and so is
/// whatever it makes of a control character.
#[must_use]
pub fn own_path(path: &str) -> &str {
    let second = path.chars().nth(1);
    let own = path.starts_with('/') && !matches!(second, Some('/' | '\\')) && !path.chars().any(char::is_control);
    if own { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for path in ["/", "/services?kind=api", "/services/payments"] {
            assert_eq!(own_path(path), path);
        }
        for path in ["", "https://attacker.example", "//attacker.example", "/\\attacker.example", "x", "/\r\nx: y"] {
            assert_eq!(own_path(path), "/", "{path}");
        }
    }
}
