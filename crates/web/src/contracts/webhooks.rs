//! `GET /contracts/webhooks`: who is told of what. `GET /contracts/webhooks/{id}`: one of them, with its calls.

use std::collections::HashMap;

use ::contracts::{
    Command as ContractsCommand, KnownDelivery, KnownWebhook, Outcome, State as Contracts, webhooks::Whose,
};
use askama::Template;
use axum::{
    extract::{Path, Query, State as AppState},
    response::Response,
};
use kernel::EffectId;
use serde::Deserialize;
use world::Command;

use super::{Part, how_to_match, pair_address, parts};
use crate::{
    App,
    api::not_found,
    frame::Frame,
    guard::By,
    paging::Paged,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    show::segment,
    views::{Answer, Empty, Link, Moment, Pager, Press, State, Tabs, Tone},
};

/// All webhooks.
#[derive(Debug, Template)]
#[template(path = "contracts/webhooks.html")]
pub struct WebhooksScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Integrations, network, matrix, webhooks, environments.
    pub parts: Tabs,
    /// The webhooks, by name.
    pub rows: Vec<WebhookRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One webhook.
#[derive(Debug)]
pub struct WebhookRow {
    /// What it is called.
    pub name: String,
    /// Its screen.
    pub href: String,
    /// True if it is called.
    pub enabled: bool,
    /// Whom it concerns: `any consumer of payments`.
    pub concerns: String,
    /// The events.
    pub events: String,
    /// Where it calls.
    pub url: String,
    /// What came of the last call, and when that was.
    pub last: Option<(State, Moment)>,
}

/// One webhook with its calls.
#[derive(Debug, Template)]
#[template(path = "contracts/webhook.html")]
pub struct WebhookScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What it is called.
    pub name: String,
    /// Contracts, and all webhooks.
    pub parents: Vec<Link>,
    /// Whom it concerns, what it calls, the last call.
    pub answers: Vec<Answer>,
    /// The events that it is called for.
    pub events: Vec<String>,
    /// The headers, those that are secret without their values.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Option<String>,
    /// Its calls, the latest first.
    pub deliveries: Vec<DeliveryRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One call.
#[derive(Debug)]
pub struct DeliveryRow {
    /// What came of it.
    pub state: State,
    /// Why it was made.
    pub event: String,
    /// The two that it is about.
    pub about: Option<Link>,
    /// When it was asked for.
    pub at: Moment,
    /// When it is tried again.
    pub next: Option<Moment>,
    /// Each try: when, and what was answered.
    pub tries: Vec<(Moment, String)>,
    /// Asks for it again; none where the reader may not.
    pub again: Option<Press>,
}

/// From which call on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    from: Option<usize>,
}

/// Nothing but the session's token.
#[derive(Debug, Deserialize)]
pub struct Again {}

const TRIES_MAX: usize = 8;
const ANSWER_CHARS_MAX: usize = 400;
const BODY_CHARS_MAX: usize = 8_000;

/// What came of a call, in a word.
pub(super) fn outcome(of: &Outcome) -> State {
    match of {
        Outcome::Waiting => State::new(Tone::Quiet, "waiting"),
        Outcome::Retrying { .. } => State::new(Tone::Warn, "trying again"),
        Outcome::Done { .. } => State::new(Tone::Good, "delivered"),
        Outcome::GaveUp { .. } => State::new(Tone::Bad, "gave up"),
    }
}

/// What came of the last call about each two.
pub(super) fn last_outcomes(state: &Contracts) -> HashMap<(String, String), &Outcome> {
    let mut last = HashMap::new();
    for known in state.deliveries() {
        if let (Some(consumer), Some(provider)) = (&known.delivery.consumer, &known.delivery.provider) {
            last.entry((consumer.clone(), provider.clone())).or_insert(&known.outcome);
        }
    }
    last
}

fn address(id: &str) -> String {
    format!("/contracts/webhooks/{}", segment(id))
}

/// Lists the webhooks.
pub async fn index(frame: Frame, Query(asked): Query<Asked>) -> Response {
    let state = &frame.world.contracts;
    let mut last: HashMap<&str, &KnownDelivery> = HashMap::new();
    for known in state.deliveries() {
        last.entry(&known.delivery.webhook).or_insert(known);
    }
    let mut all: Vec<&KnownWebhook> = state.webhooks().collect();
    all.sort_by_key(|known| known.webhook.name().to_lowercase());
    let page = Paged::of(all, asked.from, &frame.href("/contracts/webhooks"));
    let row = |known: &KnownWebhook| {
        let webhook = &known.webhook;
        let last = last.get(webhook.id.as_str());
        WebhookRow {
            name: webhook.name().to_owned(),
            href: frame.href(address(&webhook.id)),
            enabled: webhook.enabled,
            concerns: concerns(known),
            events: webhook.events.iter().map(|event| words(event)).collect::<Vec<_>>().join(", "),
            url: format!("{} {}", webhook.request.method, webhook.request.url),
            last: last.map(|known| (outcome(&known.outcome), frame.ago(known.created))),
        }
    };
    screen(&WebhooksScreen {
        chrome: frame.chrome("Webhooks", Place::Contracts),
        parts: parts(&frame, Part::Webhooks, ""),
        rows: page.items.into_iter().map(row).collect(),
        none: Empty::with(
            "Nobody is told of anything yet. A webhook starts a provider’s verification when a contract changes, or reports a \
             result to the repository.",
            format!(
                "pact-broker create-webhook https://ci.example/verify --request POST --provider payments \
                 --contract-requiring-verification-published --broker-base-url {}/pact",
                frame.app.settings().base_url
            ),
        ),
        pager: page.pager,
    })
}

/// `contract_published` is `contract published`.
fn words(event: &str) -> String {
    event.replace('_', " ")
}

/// `checkout and any provider labelled core`.
fn concerns(known: &KnownWebhook) -> String {
    let whose = |whose: &Option<Whose>, role: &str| match whose {
        None => format!("any {role}"),
        Some(Whose::Name(name)) => name.clone(),
        Some(Whose::Label(label)) => format!("any {role} labelled {label}"),
    };
    format!("{} and {}", whose(&known.webhook.consumer, "consumer"), whose(&known.webhook.provider, "provider"))
}

/// Shows a webhook with its calls.
///
/// # Errors
/// `NOT_FOUND` if there is none of this id.
pub async fn show(frame: Frame, Path(id): Path<String>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let state = &frame.world.contracts;
    let Some(known) = state.webhook(&id) else {
        // A consumer may be called so.
        return match state.pacticipant_named("webhooks").is_some() {
            true => super::pair::show(frame, Path(("webhooks".to_owned(), id))).await,
            false => Err(not_found("webhook", &id)),
        };
    };
    let webhook = &known.webhook;
    let own: Vec<&KnownDelivery> = state.deliveries().filter(|known| known.delivery.webhook == id).collect();
    let last = own.first().map(|known| (outcome(&known.outcome), frame.ago(known.created)));
    let page = Paged::of(own, asked.from, &frame.href(address(&id)));
    let request = &webhook.request;
    let secret = request.secret_headers.iter().map(|name| (name.clone(), "(secret)".to_owned()));
    Ok(screen(&WebhookScreen {
        chrome: frame.chrome(webhook.name(), Place::Contracts),
        name: webhook.name().to_owned(),
        parents: vec![
            Link::new("Contracts", frame.href("/contracts")),
            Link::new("Webhooks", frame.href("/contracts/webhooks")),
        ],
        answers: answers(&frame, known, last),
        events: webhook.events.iter().map(|event| words(event)).collect(),
        headers: request.headers.iter().cloned().chain(secret).collect(),
        body: request.body.as_deref().map(|body| body.chars().take(BODY_CHARS_MAX).collect()),
        deliveries: page.items.into_iter().map(|known| delivery(&frame, known)).collect(),
        none: Empty::new("It has not been called yet. It is as soon as one of its events happens."),
        pager: page.pager,
    }))
}

fn answers(frame: &Frame, known: &KnownWebhook, last: Option<(State, Moment)>) -> Vec<Answer> {
    let state = &frame.world.contracts;
    let webhook = &known.webhook;
    let enabled = match webhook.enabled {
        true => State::new(Tone::Good, "enabled"),
        false => State::new(Tone::Quiet, "disabled"),
    };
    let user = webhook.request.username.as_ref().map(|user| format!("as {user}")).unwrap_or_default();
    let mut about = Answer::to("Concerns").text(concerns(known));
    let named = [&webhook.consumer, &webhook.provider].into_iter().flatten().filter_map(|whose| match whose {
        Whose::Name(name) => state.pacticipant_named(name),
        Whose::Label(_) => None,
    });
    for key in named {
        match super::component(frame, key).and_then(|entity| Some((entity.name, entity.href?))) {
            Some((name, href)) => about = about.link(name, href),
            None => about = about.note(how_to_match(state.name(key))),
        }
    }
    let called = Answer::to("Last call");
    vec![
        Answer::to("State").state(enabled, None).note(format!("since {}", frame.ago(known.updated).text())),
        about,
        Answer::to("Calls").text(format!("{} {}", webhook.request.method, webhook.request.url)).note(user),
        match last {
            Some((state, at)) => called.state(state, None).note(at.text()),
            None => called.text("never"),
        },
    ]
}

fn delivery(frame: &Frame, known: &KnownDelivery) -> DeliveryRow {
    let of = &known.delivery;
    let about = of.consumer.as_ref().zip(of.provider.as_ref()).map(|(consumer, provider)| {
        let version = |number: &Option<String>| number.as_ref().map(|number| format!(" {number}")).unwrap_or_default();
        let (by, with) = (version(&of.consumer_version), version(&of.provider_version));
        Link::new(format!("{consumer}{by} → {provider}{with}"), frame.href(pair_address(consumer, provider)))
    });
    let exists = frame.world.contracts.webhook(&of.webhook).is_some();
    let again = (frame.may_write() && exists)
        .then(|| frame.press(format!("{}/deliveries/{}/again", address(&of.webhook), of.effect), "Call again"));
    let tries = known.tries.iter().rev().take(TRIES_MAX).map(|(at, answer)| {
        let mut shown: String = answer.chars().take(ANSWER_CHARS_MAX).collect();
        if shown.len() < answer.len() {
            shown.push('…');
        }
        (frame.ago(*at), shown)
    });
    DeliveryRow {
        state: outcome(&known.outcome),
        event: words(&of.event),
        about,
        at: frame.ago(known.created),
        next: match &known.outcome {
            Outcome::Retrying { next, .. } => Some(frame.ago(*next)),
            Outcome::Waiting | Outcome::Done { .. } | Outcome::GaveUp { .. } => None,
        },
        tries: tries.collect(),
        again,
    }
}

/// Calls a webhook again, with what it was called with before.
///
/// # Errors
/// `NOT_FOUND` if there was no such call.
pub async fn again(
    AppState(app): AppState<App>,
    by: By,
    Path((id, delivery)): Path<(String, String)>,
    PostedForm(Again {}): PostedForm<Again>,
) -> Result<Response, Problem> {
    let effect: EffectId = delivery.parse().map_err(|_| not_found("call of a webhook", &delivery))?;
    let world = app.world();
    let known = world.contracts.delivery(effect).filter(|known| known.delivery.webhook == id);
    if known.is_none() {
        return Err(not_found("call of a webhook", &delivery));
    }
    let command = Command::Contracts(ContractsCommand::Refire { delivery: effect });
    app.submit(by.request(command, None, None)?).await?;
    Ok(back(&address(&id), Done::Called))
}
