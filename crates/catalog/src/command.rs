//! The wishes that the catalog grants.

use kernel::{Context, EntityRef, Refusal, Sha256, Stamp, codes};
use serde::{Deserialize, Serialize};

use crate::{
    Counts, Descriptor, Event, Origin, Problem, Reading, State,
    difference::{Difference, fields},
};

/// A wish about the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Make the catalog say what a source's files say.
    Apply(Apply),
    /// Have an entity that somebody made on a screen. It belongs to no folder: see [`Origin::BY_HAND`].
    Declare {
        /// What it shall be; its source is [`Origin::BY_HAND`].
        entity: Descriptor,
        /// The digest that it must have now; nothing if it must not exist. Else somebody changed it since.
        from: Option<Sha256>,
    },
    /// Have an entity no more that was made on a screen.
    Withdraw {
        /// The entity.
        entity: EntityRef,
    },
    /// Put an entity back to what it was: how a change is undone.
    Restore {
        /// The entity.
        entity: EntityRef,
        /// The digest that it must have now; nothing if it must not exist. Else somebody changed it since.
        from: Option<Sha256>,
        /// What it shall be; nothing if it shall not exist.
        to: Option<Descriptor>,
    },
}

/// What was read from a source, to be applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apply {
    /// What was read. The bodies of its docs must be stored already.
    pub reading: Reading,
    /// Apply what is right although other things are wrong. Entities of broken files stay as they are.
    pub partial: bool,
}

/// Decides what a command leads to. No events: there is nothing to do.
///
/// # Errors
/// [`codes::CATALOG_INVALID`] if there are errors and the application is not partial; [`codes::MOVED_ON`] if an entity
/// that is to be restored or declared has changed since; [`codes::CONFLICT`] if a folder declares what is to be changed
/// by hand.
pub fn decide(state: &State, command: Command, _: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Apply(apply) => decide_apply(state, &apply),
        Command::Declare { entity, from } => decide_declare(state, entity, from),
        Command::Withdraw { entity } => {
            let current = by_hand(state, &entity)?.ok_or_else(|| {
                Refusal::new(&codes::NOT_FOUND, format!("there is no {} {}", entity.kind(), entity.short()))
            })?;
            Ok(vec![Event::EntityRemoved { entity: current.clone(), restored: false }])
        }
        Command::Restore { entity, from, to } => decide_restore(state, &entity, from, to),
    }
}

fn decide_declare(state: &State, entity: Descriptor, from: Option<Sha256>) -> Result<Vec<Event>, Refusal> {
    if *entity.origin.source != *Origin::BY_HAND {
        let detail = format!("{} is to belong to the catalog {}", entity.reference, entity.origin.source);
        return Err(Refusal::new(&codes::INVALID, detail).fix("apply that catalog"));
    }
    let current = by_hand(state, &entity.reference)?;
    if current.map(|current| current.digest) != from {
        return Err(moved_on(state, &entity.reference).fix("look at it again, and change it as it is now"));
    }
    Ok(match current {
        Some(current) if current.digest == entity.digest => Vec::new(),
        Some(current) => vec![change(entity, current.clone(), false)],
        None => vec![Event::EntityDeclared { entity, restored: false }],
    })
}

/// The entity as it is, if no folder declares it.
fn by_hand<'a>(state: &'a State, entity: &EntityRef) -> Result<Option<&'a Descriptor>, Refusal> {
    let current = state.descriptor(entity);
    match current.map(|current| &current.origin).filter(|origin| *origin.source != *Origin::BY_HAND) {
        None => Ok(current),
        Some(Origin { source, path, line, .. }) => {
            let detail = format!("{} is declared in the catalog {source}, in {path}:{line}", entity.short());
            Err(Refusal::new(&codes::CONFLICT, detail).fix("change the file and apply it"))
        }
    }
}

fn decide_apply(state: &State, apply: &Apply) -> Result<Vec<Event>, Refusal> {
    let reading = &apply.reading;
    if *reading.source == *Origin::BY_HAND {
        let detail = format!("\"{}\" is what people made on screens, and no folder", Origin::BY_HAND);
        return Err(Refusal::new(&codes::INVALID, detail).field("source").fix("apply the folder under another name"));
    }
    let difference = Difference::of(state, reading);
    if !apply.partial {
        refuse_errors(&reading.source, &difference.problems)?;
    }
    let digest = digest(reading, &difference.problems);
    let is_known = state.source(&reading.source).is_some_and(|record| record.digest == digest);
    let Difference { added, changed, removed, moved, settled, docs, problems, .. } = difference;
    let counts = Counts { added: added.len() as u64, changed: changed.len() as u64, removed: removed.len() as u64 };
    let mut events = Vec::new();
    events.extend(added.into_iter().map(|entity| Event::EntityDeclared { entity: entity.clone(), restored: false }));
    events.extend(changed.into_iter().map(|(entity, before)| change(entity.clone(), before.clone(), false)));
    events.extend(removed.into_iter().map(|entity| Event::EntityRemoved { entity: entity.clone(), restored: false }));
    events.extend(docs.into_iter().map(|docs| Event::DocsPublished { docs }));
    if !events.is_empty() || !is_known || !moved.is_empty() || !settled.is_empty() {
        let problems_total = problems.len() as u64;
        let problems = problems.into_iter().take(Event::PROBLEMS_MAX).collect();
        let source = reading.source.clone();
        events.push(Event::SourceApplied { source, digest, counts, problems, problems_total, moved, settled });
    }
    Ok(events)
}

fn refuse_errors(source: &str, problems: &[Problem]) -> Result<(), Refusal> {
    let mut errors = problems.iter().filter(|problem| problem.is_error());
    let Some(first) = errors.next() else { return Ok(()) };
    let more = match errors.count() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let detail = format!("the catalog {source} has errors: {}: {}{more}", first.place(), first.message);
    let fix = first.suggestion.clone().unwrap_or_else(|| "mend the files, or apply what is right alone".to_owned());
    Err(Refusal::new(&codes::CATALOG_INVALID, detail).field(first.place()).fix(fix))
}

/// The digest of everything that was read.
fn digest(reading: &Reading, problems: &[Problem]) -> Sha256 {
    let json = serde_json::to_vec(&(&reading.docs, problems)).unwrap_or_default();
    let mut parts: Vec<&[u8]> = vec![&json];
    for entity in &reading.entities {
        parts.extend([entity.reference.as_str().as_bytes(), entity.digest.0.as_slice(), entity.origin.path.as_bytes()]);
    }
    Sha256::of_parts(&parts)
}

fn change(entity: Descriptor, before: Descriptor, restored: bool) -> Event {
    let changed = fields(&before.json(), &entity.json()).into_iter().map(|field| field.path);
    let changed = changed.take(Event::FIELDS_MAX).collect();
    Event::EntityChanged { entity, before, changed, restored }
}

fn decide_restore(
    state: &State,
    entity: &EntityRef,
    from: Option<Sha256>,
    to: Option<Descriptor>,
) -> Result<Vec<Event>, Refusal> {
    let current = state.descriptor(entity);
    if current.map(|current| current.digest) != from {
        return Err(moved_on(state, entity));
    }
    if let Some(other) = to.as_ref().map(|to| &to.reference).filter(|reference| *reference != entity) {
        let detail = format!("{entity} can't be restored to the document of {other}");
        return Err(Refusal::new(&codes::INVALID, detail).field("to"));
    }
    Ok(match (current.cloned(), to) {
        (None, None) => Vec::new(),
        (Some(current), Some(to)) if current.digest == to.digest => Vec::new(),
        (Some(current), Some(to)) => vec![change(to, current, true)],
        (None, Some(entity)) => vec![Event::EntityDeclared { entity, restored: true }],
        (Some(entity), None) => vec![Event::EntityRemoved { entity, restored: true }],
    })
}

/// The command that reverses a change.
///
/// # Errors
/// [`codes::IRREVERSIBLE`] for what is no change of an entity, [`codes::CONFLICT`] if it was undone already, and
/// [`codes::MOVED_ON`] if the entity has changed since.
pub fn undo(state: &State, event: &Event, _: &Stamp) -> Result<Command, Refusal> {
    let (entity, before, after) = match event {
        Event::SourceApplied { source, .. } => {
            let detail = format!("an application of the catalog {source} is many changes");
            return Err(Refusal::new(&codes::IRREVERSIBLE, detail).fix("undo its changes of entities one by one"));
        }
        Event::DocsPublished { docs } => {
            let detail = format!("the docs of {} are what their files say", docs.entity.short());
            return Err(Refusal::new(&codes::IRREVERSIBLE, detail).fix("change the files and apply them again"));
        }
        Event::EntityDeclared { entity, .. } => (entity, None, Some(entity)),
        Event::EntityChanged { entity, before, .. } => (entity, Some(before), Some(entity)),
        Event::EntityRemoved { entity, .. } => (entity, Some(entity), None),
    };
    let current = state.descriptor(&entity.reference).map(|current| current.digest);
    let digest = |descriptor: Option<&Descriptor>| descriptor.map(|descriptor| descriptor.digest);
    if current == digest(after) {
        return Ok(Command::Restore { entity: entity.reference.clone(), from: current, to: before.cloned() });
    }
    if current == digest(before) {
        let detail = format!("this change of {} was undone already", entity.reference);
        return Err(Refusal::new(&codes::CONFLICT, detail));
    }
    Err(moved_on(state, &entity.reference))
}

fn moved_on(state: &State, entity: &EntityRef) -> Refusal {
    let detail = match state.get(entity) {
        Some(current) => {
            format!("{entity} was changed since, at {} (event {})", current.changed_at, current.changed_position)
        }
        None => format!("{entity} was removed since"),
    };
    Refusal::new(&codes::MOVED_ON, detail).fix("undo the later change first, or change the catalog file")
}
