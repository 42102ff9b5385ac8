//! What a subscriber is told of an update, made when it is sent.
//!
//! A message's id is made of the broadcast's and the subscription's: the same at each try.

use kernel::{Refusal, codes};
use notifier::Address;
use serde_json::{Value, json};
use statuspage::{Broadcast, Kind, Posted, Report, Subscription, Way};
use world::World;

use super::{
    subscribe::{address_of, manage_link, webhook_key},
    v2,
    view::View,
};
use crate::App;

/// A message as it is to be delivered.
pub enum Ready {
    /// By the notifier.
    Message(Box<(Address, notifier::Message)>),
    /// By a call of a program's webhook.
    Call(Box<outbound::Outgoing>),
}

/// What all receivers of one update are told alike: made once for a batch.
pub struct Told {
    id: String,
    thread: String,
    subject: String,
    text: String,
    link: String,
    facts: Vec<(String, String)>,
    page: Value,
    incident: Value,
}

impl Told {
    /// What an update says; none if the page or the report is not public any more.
    #[must_use]
    pub fn of(app: &App, world: &World, broadcast: &Broadcast) -> Option<Self> {
        let page = world.statuspage.page(&broadcast.page).filter(|page| page.public)?;
        let view = View::of(app, world, page, format!("/status/{}", crate::show::segment(page.name())));
        let report = view.report(broadcast.report)?;
        let posted = report.updates.iter().find(|posted| posted.id == broadcast.update)?;
        Some(Self {
            id: broadcast.effect.to_string(),
            thread: format!("status-{}", report.id),
            subject: format!("[{}] {}: {}", page.title, posted.update.stage.label(), report.title),
            text: posted.update.text.clone(),
            link: view.link(report.id),
            facts: facts(&view, report, posted),
            page: json!({
                "id": page.name(), "status_indicator": view.indicator.as_str(), "status_description": view.words,
                "url": view.url,
            }),
            incident: v2::incident(&view, report),
        })
    }

    /// The message to one subscriber. It reads the store.
    ///
    /// # Errors
    /// If the address is lost.
    pub fn to(&self, app: &App, held: &Subscription) -> Result<Ready, Refusal> {
        let (address, parsed) = address_of(app, held)?;
        let manage = manage_link(app, held.id);
        let id = format!("{}-{}", self.id, held.id);
        if held.way == Way::Webhook {
            // As Statuspage's own webhooks (https://support.atlassian.com/statuspage/docs/enable-webhook-notifications).
            let body = json!({
                "meta": {"unsubscribe": manage, "documentation": "https://www.standardwebhooks.com"},
                "page": self.page,
                "incident": self.incident,
            });
            return Ok(Ready::Call(Box::new(call(app, id, &address, body.to_string()))));
        }
        let message = notifier::Message {
            id,
            thread: self.thread.clone(),
            subject: self.subject.clone(),
            text: self.text.clone(),
            facts: self.facts.clone(),
            link: Some(self.link.clone()),
            unsubscribe: Some(manage),
            ..notifier::Message::default()
        };
        Ok(Ready::Message(Box::new((parsed, message))))
    }
}

/// A signed call of a program's webhook.
#[must_use]
pub fn call(app: &App, id: String, address: &str, body: String) -> outbound::Outgoing {
    outbound::Outgoing {
        id,
        method: "POST".to_owned(),
        url: address.to_owned(),
        body,
        key: Some(webhook_key(app, address)),
        ..outbound::Outgoing::default()
    }
}

/// True if the address of a subscription is gone, so that nothing can ever be sent there. One that can't be opened is not:
/// the operator may put the right key back.
#[must_use]
pub fn is_lost(refusal: &Refusal) -> bool {
    refusal.code == &codes::NOT_FOUND
}

fn facts(view: &View, report: &Report, posted: &Posted) -> Vec<(String, String)> {
    let mut facts = vec![("Status".to_owned(), posted.update.stage.label().to_owned())];
    match report.kind {
        Kind::Incident => facts.push(("Impact".to_owned(), report.impact.label().to_owned())),
        Kind::Maintenance { from, to } => {
            facts.push(("From".to_owned(), view.clock(from)));
            facts.push(("Until".to_owned(), view.clock(to)));
        }
    }
    let names: Vec<&str> = report.components().map(|key| view.name_of(key)).take(20).collect();
    if !names.is_empty() {
        facts.push(("Affects".to_owned(), names.join(", ")));
    }
    facts.push(("Posted".to_owned(), view.clock(posted.at)));
    facts
}
