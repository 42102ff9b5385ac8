//! The server's own measures, in OpenMetrics' text form, as of the World.

use checks::Verdict;
use kernel::{Refusal, Timestamp, codes};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use world::World;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckLabels {
    check: String,
    target: String,
}

/// The measures as text. Everything is made for this one answer: of two that are asked for at the same time, neither sees
/// what the other is half done with.
///
/// # Errors
/// Only by a bug: writing to memory does not fail.
pub fn text(world: &World, now: Timestamp) -> Result<String, Refusal> {
    let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let mut registry = Registry::with_prefix("mainstay");
    let mut gauge = |name: &str, help: &str, value: i64| {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    let position = i64::try_from(world.position).unwrap_or(i64::MAX);
    gauge("timeline_position", "The position of the last event", position);
    gauge("catalog_entities", "Entities in the catalog", whole(world.catalog.len()));
    gauge("incidents_open", "Open incidents", whole(world.incidents.open().count()));
    let pending = whole(world.effects.pending().count());
    gauge("effects_pending", "Calls of hooks that have not been taken yet", pending);
    let age = world.at.map_or(0, |at| now.duration_since(at).as_secs());
    gauge("timeline_last_event_age_seconds", "Time since the last event", age);
    let checks = Family::<CheckLabels, Gauge>::default();
    for watch in world.checks.watches() {
        let definition = &watch.definition;
        let labels = CheckLabels { check: definition.check.short().to_owned(), target: definition.target.to_string() };
        checks.get_or_create(&labels).set(match watch.verdict {
            Verdict::Up => 1,
            Verdict::Degraded => 2,
            Verdict::Down => 0,
            Verdict::Unknown => -1,
        });
    }
    registry.register("check_up", "The verdict of a check: 1 up, 2 degraded, 0 down, -1 unknown", checks);
    let mut text = String::new();
    let failed = |_| Refusal::new(&codes::INTERNAL, "the measures could not be written");
    encode(&mut text, &registry).map_err(failed)?;
    Ok(text)
}
