//! How an event is shown.

use kernel::{Actor, EntityRef, EventId, Stamp, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use world::{Event, Recorded};

/// An event with its envelope.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Its place on the timeline.
    pub position: u64,
    /// Its id: what is undone.
    #[schema(value_type = String, format = "uuid")]
    pub id: EventId,
    /// When, RFC 3339.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Who.
    pub actor: ActorView,
    /// Why, in the actor's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What sort of event: `flags.turned`.
    pub kind: String,
    /// What it is about, most specific first.
    #[schema(value_type = Vec<String>)]
    pub subjects: Vec<EntityRef>,
    /// One sentence without the actor.
    pub summary: String,
    /// The event itself; its form depends on `kind`.
    #[schema(value_type = Object)]
    pub event: Value,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActorView {
    /// `person`, `token`, `source` or `mainstay`.
    pub by: &'static str,
    /// The name.
    pub name: String,
}

impl ActorView {
    /// The actor as the API shows it.
    #[must_use]
    pub fn of(actor: &Actor) -> Self {
        let by = match actor {
            Actor::Person(_) => "person",
            Actor::Token(_) => "token",
            Actor::Source(_) => "source",
            Actor::Mainstay(_) => "mainstay",
        };
        Self { by, name: actor.name().to_owned() }
    }
}

impl EventView {
    /// The event as the API shows it.
    #[must_use]
    pub fn of(recorded: &Recorded) -> Self {
        let Recorded { stamp, event } = recorded;
        let body = serde_json::from_slice(&event.to_body()).unwrap_or_default();
        Self::new(stamp, event.kind(), event.subjects(), event.summary(), body)
    }

    /// An entry of the timeline; one that this version can't read is shown by its kind.
    #[must_use]
    pub fn of_entry(entry: &timeline::Entry) -> Self {
        let body = serde_json::from_slice(&entry.body).unwrap_or_default();
        let summary = match Event::from_body(&entry.kind, &entry.body) {
            Ok(event) => event.summary(),
            Err(error) => error.to_string(),
        };
        Self::new(&entry.stamp, &entry.kind, entry.subjects.clone(), summary, body)
    }

    fn new(stamp: &Stamp, kind: &str, subjects: Vec<EntityRef>, summary: String, event: Value) -> Self {
        Self {
            position: stamp.position,
            id: stamp.event,
            at: stamp.at,
            actor: ActorView::of(&stamp.actor),
            reason: stamp.reason.clone(),
            kind: kind.to_owned(),
            subjects,
            summary,
            event,
        }
    }
}
