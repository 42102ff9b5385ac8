//! What the parts do together. What one part does alone is tested beside it.

use std::sync::Arc;

use kernel::{Actor, Context, EntityRef, IdSeed, Stamp, Timestamp};

use crate::*;

mod again;
mod applying;
mod corpora;
mod gaps;
mod golden;
mod hostile;
mod rules;
mod scale;
mod showing;

/// A bundle of these files.
fn bundle(files: &[(&str, &str)]) -> Bundle {
    let file = |(path, text): &(&str, &str)| BundleFile { path: (*path).to_owned(), bytes: text.as_bytes().into() };
    Bundle { source: "shop".to_owned(), files: files.iter().map(file).collect(), problems: Vec::new() }
}

/// What is read of one descriptor file.
fn read_one(text: &str) -> Reading {
    read(&bundle(&[("catalog-info.yaml", text)]))
}

fn reference(text: &str) -> EntityRef {
    text.parse().unwrap()
}

fn context() -> Context {
    Context::new(Timestamp::from_second(1_800_000_000).unwrap(), Actor::Source("shop".to_owned()), IdSeed(7))
}

fn stamp(position: u64) -> Stamp {
    let context = context();
    Stamp {
        position,
        event: context.id(),
        command: context.command,
        at: context.now,
        actor: context.actor.clone(),
        reason: None,
    }
}

/// A catalog to which commands are given one after another.
#[derive(Default)]
struct Catalog {
    state: State,
    position: u64,
}

impl Catalog {
    fn of(files: &[(&str, &str)]) -> Self {
        let mut catalog = Self::default();
        catalog.apply(read(&bundle(files)));
        catalog
    }

    fn apply(&mut self, reading: Reading) -> Vec<Event> {
        self.give(Command::Apply(Apply { reading, partial: true }))
    }

    fn give(&mut self, command: Command) -> Vec<Event> {
        self.ask(command).unwrap()
    }

    fn ask(&mut self, command: Command) -> Result<Vec<Event>, kernel::Refusal> {
        let events = decide(&self.state, command, &context())?;
        self.fold(&events);
        Ok(events)
    }

    fn fold(&mut self, events: &[Event]) {
        for event in events {
            self.position += 1;
            self.state.fold(event, &stamp(self.position));
        }
    }

    fn undo(&mut self, event: &Event) -> Result<Vec<Event>, kernel::Refusal> {
        let command = undo(&self.state, event, &stamp(1))?;
        Ok(self.give(command))
    }

    fn get(&self, text: &str) -> Arc<Entity> {
        self.state.get(&reference(text)).unwrap().clone()
    }
}

/// The events' kinds, without the area.
fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind().trim_start_matches("catalog.")).collect()
}

/// A component that obeys every rule.
fn component(name: &str, more: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: service\n  \
         lifecycle: production\n  owner: pay\n{more}"
    )
}
