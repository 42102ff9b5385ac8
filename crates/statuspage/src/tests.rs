//! The life of a status page, with a clock in the test's hand.

mod bars;
mod broadcasts;
mod declared;
mod golden;
mod reports;
mod showing;

use jiff::SignedDuration;
use kernel::{Actor, Context, EntityRef, IdSeed, Refusal, ReportId, Stamp, Timestamp};
use serde_json::json;

use crate::{
    Affected, Command, Component, Event, Kind, Page, Posting, Publication, Stage, State, Status, Update, decide, due,
};

struct Log {
    state: State,
    position: u64,
    now: Timestamp,
}

fn page_ref() -> EntityRef {
    "statuspage:default/main".parse().unwrap()
}

fn page() -> Page {
    let spec = json!({
        "title": "Shop status", "public": true,
        "components": [{"name": "Web site"}],
        "groups": [{"name": "Payments", "components": [
            {"name": "Checkout", "behind": ["component:checkout"]},
            {"name": "Refunds", "behind": ["check:refunds"]},
        ]}],
    });
    Page::from_spec(page_ref(), &spec).unwrap()
}

fn component(key: &str) -> Component {
    page().component(key).unwrap().clone()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Log {
    fn new() -> Self {
        let mut log = Self { state: State::default(), position: 0, now: at("2026-11-20T12:00:00Z") };
        log.give(Command::Define { definition: page() }).unwrap();
        log
    }

    fn pass(&mut self, minutes: i64) {
        self.now += SignedDuration::from_mins(minutes);
    }

    fn give(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        self.give_because(command, Some("as agreed"))
    }

    fn give_because(&mut self, command: Command, reason: Option<&str>) -> Result<Vec<Event>, Refusal> {
        let mut context = Context::new(self.now, Actor::Person("jo".to_owned()), IdSeed(self.position.into()));
        context.reason = reason.map(str::to_owned);
        let events = decide(&self.state, command, &context)?;
        for event in &events {
            self.position += 1;
            let (position, event_id, command) = (self.position, context.id(), context.command);
            let (actor, reason) = (context.actor.clone(), context.reason.clone());
            let stamp = Stamp { position, event: event_id, command, at: self.now, actor, reason };
            self.state.fold(event, &stamp);
        }
        Ok(events)
    }

    /// Does what is due until nothing is.
    fn settle(&mut self) -> Vec<Event> {
        let mut all = Vec::new();
        loop {
            let due = due(&self.state, self.now);
            if due.is_empty() {
                return all;
            }
            for command in due {
                all.extend(self.give(command).unwrap());
            }
        }
    }

    fn publish(&mut self, publication: Publication) -> ReportId {
        match self.give(Command::Publish(publication)).unwrap().as_slice() {
            [Event::Published { about, .. }] => about.report,
            other => panic!("{other:?}"),
        }
    }

    fn post(&mut self, report: ReportId, stage: Stage) -> Result<Vec<Event>, Refusal> {
        self.give(Command::Post(posting(report, stage)))
    }
}

fn update(stage: Stage) -> Update {
    Update { stage, text: format!("It is {}.", stage.as_str()) }
}

fn affected(component: &str, status: Status) -> Affected {
    Affected { component: component.to_owned(), status }
}

fn incident(components: Vec<Affected>) -> Publication {
    Publication {
        page: page_ref(),
        kind: Kind::Incident,
        title: "Payments fail".to_owned(),
        impact: None,
        components,
        update: update(Stage::Investigating),
        incident: Some(7),
        automatic: false,
        notify: true,
    }
}

fn maintenance(from: &str, to: &str) -> Publication {
    Publication {
        kind: Kind::Maintenance { from: at(from), to: at(to) },
        title: "Database move".to_owned(),
        update: update(Stage::Scheduled),
        incident: None,
        ..incident(vec![affected("checkout", Status::Operational)])
    }
}

fn posting(report: ReportId, stage: Stage) -> Posting {
    Posting { report, update: update(stage), title: None, impact: None, components: None, window: None, notify: true }
}
