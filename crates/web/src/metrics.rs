//! The server's own measures, in OpenMetrics' text form, as of the World.

use checks::Verdict;
use kernel::{Refusal, Timestamp, codes};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use world::World;

/// What is measured.
pub struct Metrics {
    registry: Registry,
    position: Gauge,
    entities: Gauge,
    incidents_open: Gauge,
    effects_pending: Gauge,
    checks: Family<CheckLabels, Gauge>,
    last_event_age_s: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckLabels {
    check: String,
    target: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("mainstay");
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let position = gauge("timeline_position", "The position of the last event");
        let entities = gauge("catalog_entities", "Entities in the catalog");
        let incidents_open = gauge("incidents_open", "Open incidents");
        let effects_pending = gauge("effects_pending", "Calls of hooks that have not been taken yet");
        let last_event_age_s = gauge("timeline_last_event_age_seconds", "Time since the last event");
        let checks = Family::default();
        registry.register(
            "check_up",
            "The verdict of a check: 1 up, 2 degraded, 0 down, -1 unknown",
            Family::clone(&checks),
        );
        Self { registry, position, entities, incidents_open, effects_pending, checks, last_event_age_s }
    }
}

impl Metrics {
    /// The measures as text.
    ///
    /// # Errors
    /// Only by a bug: writing to memory does not fail.
    pub fn text(&self, world: &World, now: Timestamp) -> Result<String, Refusal> {
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.position.set(i64::try_from(world.position).unwrap_or(i64::MAX));
        self.entities.set(whole(world.catalog.len()));
        self.incidents_open.set(whole(world.incidents.open().count()));
        self.effects_pending.set(whole(world.effects.pending().count()));
        self.last_event_age_s.set(world.at.map_or(0, |at| now.duration_since(at).as_secs()));
        self.checks.clear();
        for watch in world.checks.watches() {
            let definition = &watch.definition;
            let labels =
                CheckLabels { check: definition.check.short().to_owned(), target: definition.target.to_string() };
            self.checks.get_or_create(&labels).set(match watch.verdict {
                Verdict::Up => 1,
                Verdict::Degraded => 2,
                Verdict::Down => 0,
                Verdict::Unknown => -1,
            });
        }
        let mut text = String::new();
        let failed = |_| Refusal::new(&codes::INTERNAL, "the measures could not be written");
        encode(&mut text, &self.registry).map_err(failed)?;
        Ok(text)
    }
}
