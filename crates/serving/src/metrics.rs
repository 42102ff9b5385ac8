//! What is served, in OpenMetrics' text form.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{Scope, Serving};

/// What is measured.
pub(crate) struct Metrics {
    registry: Registry,
    streams: Gauge,
    flags: Family<Environment, Gauge>,
    published: Family<Environment, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Environment {
    environment: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("mainstay_flags");
        let (streams, flags, published) = (Gauge::default(), Family::default(), Family::default());
        registry.register("streams", "Open streams that tell of changes", Gauge::clone(&streams));
        registry.register("served", "Flags of an environment", Family::clone(&flags));
        registry.register("published_timestamp_seconds", "When the flags changed last", Family::clone(&published));
        Self { registry, streams, flags, published }
    }
}

impl Metrics {
    /// More measures beside these.
    pub(crate) fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// The measures as they are now.
    pub(crate) fn answer(&self, serving: &Serving) -> Response {
        let board = serving.board();
        self.streams.set(whole(board.subscribers()));
        self.flags.clear();
        self.published.clear();
        for environment in board.environments() {
            let Some(view) = board.view(&Scope::all(environment.clone())) else { continue };
            let label = Environment { environment };
            self.flags.get_or_create(&label).set(whole(view.set.flags().count()));
            self.published.get_or_create(&label).set(i64::try_from(view.published_at).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
    }
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
