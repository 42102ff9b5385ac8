//! Calls of webhooks: what was triggered, and what came of it.

use std::collections::BTreeSet;

use contracts::{KnownDelivery, Latest, Outcome, State};
use kernel::EffectId;
use serde_json::{Value, json};

use super::webhooks::request_name;
use crate::{
    Answer, Call, Failure,
    links::{entitled, titled},
    resources::pacts,
    view::{self, object, pact_name, time},
};

/// Tries of a call until it is given up; `world::effects::Patience::Day` says when each is.
const TRIES_MAX: usize = 29;

/// What came of a call, in upstream's words.
pub(super) fn status(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Waiting => "not_run",
        Outcome::Retrying { .. } => "retrying",
        Outcome::Done { .. } => "success",
        Outcome::GaveUp { .. } => "failure",
    }
}

fn shown(call: &Call<'_>, known: &KnownDelivery) -> Value {
    let delivery = &known.delivery;
    let name = request_name(&delivery.method, &delivery.url);
    let logs = logs_at(call, known);
    let made = known.tries.len();
    let remaining = match known.outcome {
        Outcome::Waiting | Outcome::Retrying { .. } => TRIES_MAX.saturating_sub(made),
        Outcome::Done { .. } | Outcome::GaveUp { .. } => 0,
    };
    let webhook = call.state().webhook(&delivery.webhook);
    let webhook = webhook.map(|known| entitled(call.links.webhook(&known.webhook.id), "Webhook", &name));
    let links = object(json!({
        "pb:logs": entitled(logs.clone(), "Webhook execution logs", &name),
        "logs": entitled(logs, "DEPRECATED - Use pb:logs", &name),
        "pb:webhook": webhook,
    }));
    json!({
        "name": name,
        "status": status(&known.outcome),
        "attemptsMade": made,
        "attemptsRemaining": remaining,
        "triggerType": "resource_creation",
        "eventName": delivery.event,
        "triggeredAt": time(known.created),
        "_links": links,
    })
}

fn logs_at(call: &Call<'_>, known: &KnownDelivery) -> String {
    call.links.at(&["triggered-webhooks", &known.delivery.effect.to_string(), "logs"])
}

fn listed(call: &Call<'_>, meant: impl Fn(&KnownDelivery) -> bool, title: &str, here: String) -> Answer {
    let triggered: Vec<Value> =
        call.state().deliveries().filter(|known| meant(known)).map(|known| shown(call, known)).collect();
    Answer::hal(&json!({"_embedded": {"triggeredWebhooks": triggered}, "_links": {"self": titled(here, title)}}))
}

fn is_between(known: &KnownDelivery, consumer: &str, provider: &str) -> bool {
    known.delivery.consumer.as_deref() == Some(consumer) && known.delivery.provider.as_deref() == Some(provider)
}

pub(super) fn of_pact(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, number, provider) = (call.param("consumer")?, call.param("version")?, call.param("provider")?);
    pacts::of_version(call.state(), consumer, number, provider).ok_or(Failure::NotFound)?;
    let meant = |known: &KnownDelivery| {
        is_between(known, consumer, provider)
            && known.delivery.consumer_version.as_deref() == Some(number)
            && known.delivery.event.starts_with("contract_")
    };
    let name = pact_name(consumer, number, provider);
    let name = name.strip_prefix('P').map_or_else(|| name.clone(), |rest| format!("p{rest}"));
    let title = format!("Webhooks triggered by the publication of the {name}");
    let here = format!("{}/triggered-webhooks", call.links.pact(provider, consumer, number));
    Ok(listed(call, meant, &title, here))
}

pub(super) fn of_verification(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let content = pacts::content(call)?;
    let number: u32 = call.param("number")?.parse().map_err(|_| Failure::NotFound)?;
    let key = number.checked_sub(1).map(contracts::VerificationKey).ok_or(Failure::NotFound)?;
    let row = call.state().verification(key).filter(|row| row.content == content);
    row.ok_or(Failure::NotFound)?;
    let (consumer, provider) = (call.param("consumer")?, call.param("provider")?);
    let meant = |known: &KnownDelivery| {
        is_between(known, consumer, provider)
            && known.delivery.verification == Some(number)
            && known.delivery.event.starts_with("provider_verification")
    };
    let title = format!("Webhooks triggered by the publication of verification result {number}");
    let at = call.links.verification(provider, consumer, call.param("sha")?, number);
    Ok(listed(call, meant, &title, format!("{at}/triggered-webhooks")))
}

/// Of each webhook that there still is and each event, the last call between the two; the newest first.
fn latest_between<'s>(state: &'s State, consumer: &str, provider: &str) -> Vec<&'s KnownDelivery> {
    let mut seen = BTreeSet::new();
    let between = state.deliveries().filter(|known| is_between(known, consumer, provider));
    let known = between.filter(|known| state.webhook(&known.delivery.webhook).is_some());
    known.filter(|known| seen.insert((known.delivery.webhook.as_str(), known.delivery.event.as_str()))).collect()
}

/// What came of the last calls of webhooks about two.
pub(super) fn of_pair(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer_key, provider_key) = view::pair(call)?;
    let (state, links) = (call.state(), &call.links);
    let (consumer, provider) = (state.name(consumer_key), state.name(provider_key));
    let mut latest = latest_between(state, consumer, provider);
    latest.reverse();
    let count = |wanted: &str| latest.iter().filter(|known| status(&known.outcome) == wanted).count();
    let some = |wanted: &str| Some(count(wanted)).filter(|count| *count > 0);
    let summary = object(json!({
        "successful": count("success"),
        "failed": count("failure"),
        "retrying": some("retrying"),
        "notRun": some("not_run"),
    }));
    let is_wrong = |known: &&&KnownDelivery| matches!(status(&known.outcome), "failure" | "retrying");
    let errors: Vec<Value> = latest
        .iter()
        .filter(is_wrong)
        .map(|known| {
            let name = request_name(&known.delivery.method, &known.delivery.url);
            entitled(logs_at(call, known), "Error logs", &name)
        })
        .collect();
    let pact = state.latest_pact(consumer_key, provider_key, Latest::Overall).and_then(|key| state.publication(key));
    let pact = pact.filter(|_| !latest.is_empty()).map(|pact| {
        let number = state.number(pact.version);
        entitled(links.pact(provider, consumer, number), "Pact", &pact_name(consumer, number, provider))
    });
    let between = links.pacts(provider, consumer);
    let linked = object(json!({
        "self": {"href": format!("{between}/webhooks/status"), "title": "Webhooks status"},
        "pb:error-logs": errors,
        "pb:pact-webhooks": titled(
            format!("{between}/webhooks"), &format!("Webhooks for the pact between {consumer} and {provider}")),
        "pb:pact-version": pact,
        "pb:consumer": entitled(links.pacticipant(consumer), "Consumer", consumer),
        "pb:provider": entitled(links.pacticipant(provider), "Provider", provider),
    }));
    let triggered: Vec<Value> = latest.iter().map(|known| shown(call, known)).collect();
    Ok(Answer::hal(&json!({
        "summary": summary,
        "_embedded": {"triggeredWebhooks": triggered},
        "_links": linked,
    })))
}

pub(super) fn logs(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let effect: EffectId = call.param("uuid")?.parse().map_err(|_| Failure::NotFound)?;
    let known = call.state().delivery(effect).ok_or(Failure::NotFound)?;
    let mut text = String::new();
    for (at, said) in &known.tries {
        for line in said.lines() {
            text.push_str(&format!("[{}] {line}\n", at.strftime("%Y-%m-%dT%H:%M:%SZ")));
        }
    }
    match &known.outcome {
        Outcome::Waiting => text.push_str("Webhook has not executed yet. Please retry in a few seconds.\n"),
        Outcome::Retrying { next, .. } => {
            text.push_str(&format!("It will be tried again at {}.\n", next.strftime("%Y-%m-%dT%H:%M:%SZ")));
        }
        Outcome::GaveUp { .. } => text.push_str("It is not tried again.\n"),
        Outcome::Done { .. } => {}
    }
    Ok(Answer::text("text/plain;charset=utf-8", text))
}
