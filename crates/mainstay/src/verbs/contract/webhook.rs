//! `mainstay contract webhook`.

use std::process::ExitCode;

use clap::Subcommand;
use jiff::Timestamp;
use kernel::Refusal;
use serde::Deserialize;
use serde_json::json;

use super::Session;
use crate::output::{Table, Tone, indented};

pub(super) const HELP: &str = "\
Webhooks are made and changed with the Pact CLI or the Pact Broker's API; each call is kept, signed, and tried for a day.

Examples:
  mainstay contract webhook list
  mainstay contract webhook deliveries --state gave_up
  mainstay contract webhook refire 01a20507-3830-7391-97f0-ed0fcf78a12b
  mainstay contract webhook signing-key";

#[derive(Debug, Subcommand)]
pub(super) enum WebhookVerb {
    /// List the webhooks
    #[command(after_help = "Example: mainstay contract webhook list")]
    List,
    /// List the last calls with what came of them, newest first
    #[command(after_help = "Example: mainstay contract webhook deliveries --state gave_up")]
    Deliveries {
        /// Only those of this webhook, by its id
        #[arg(long, value_name = "ID")]
        webhook: Option<String>,
        /// Only those of which this came: waiting, retrying, done or `gave_up`
        #[arg(long, value_name = "STATE", value_parser = ["waiting", "retrying", "done", "gave_up"])]
        state: Option<String>,
        /// How many
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
        limit: u16,
    },
    /// Make a call again
    #[command(after_help = "Example: mainstay contract webhook refire 01a20507-3830-7391-97f0-ed0fcf78a12b")]
    Refire {
        /// The call's id
        id: String,
    },
    /// Print the key that calls are signed with
    #[command(name = "signing-key", after_help = "Example: mainstay contract webhook signing-key")]
    SigningKey,
}

#[derive(Debug, Deserialize)]
struct Webhook {
    id: String,
    name: String,
    enabled: bool,
    consumer: Option<String>,
    provider: Option<String>,
    events: Vec<String>,
    method: String,
    url: String,
}

#[derive(Debug, Deserialize)]
struct Delivery {
    id: String,
    name: String,
    event: String,
    consumer: Option<String>,
    consumer_version: Option<String>,
    provider: Option<String>,
    provider_version: Option<String>,
    created: Timestamp,
    state: String,
    answer: Option<String>,
    next: Option<Timestamp>,
    tries: Vec<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct SigningKey {
    key: String,
}

const AT: [&str; 2] = ["contracts", "webhooks"];

/// Does it.
///
/// # Errors
/// What the server refuses.
pub(super) async fn run(verb: &WebhookVerb, session: &Session) -> Result<ExitCode, Refusal> {
    match verb {
        WebhookVerb::List => list(session).await,
        WebhookVerb::Deliveries { webhook, state, limit } => {
            deliveries((webhook.as_deref(), state.as_deref()), usize::from(*limit), session).await
        }
        WebhookVerb::Refire { id } => session.carry_out(&[AT[0], AT[1], "deliveries", id, "refire"], &json!({})).await,
        WebhookVerb::SigningKey => {
            let answer = session.client.get(&[AT[0], AT[1], "signing-key"], &[]).await?;
            session.out.show(answer, |SigningKey { key }| key)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn list(session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&AT, &[], usize::MAX).await?;
    session.out.show(answer, |found: Vec<Webhook>| {
        let mut table = Table::new(&["id", "webhook", "state", "for", "events", "calls"]);
        for webhook in found {
            let anybody = || "anybody".to_owned();
            let whose = match (webhook.consumer, webhook.provider) {
                (None, None) => anybody(),
                (consumer, provider) => {
                    format!("{} → {}", consumer.unwrap_or_else(anybody), provider.unwrap_or_else(anybody))
                }
            };
            let (tone, state) = if webhook.enabled { (Tone::Good, "on") } else { (Tone::Quiet, "off") };
            let (events, calls) = (webhook.events.join(", "), format!("{} {}", webhook.method, webhook.url));
            table.row([webhook.id, webhook.name, session.out.toned(tone, state), whose, events, calls]);
        }
        table.or("There is no webhook: make one with the Pact CLI, `pact-broker create-webhook`.")
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn deliveries(
    (webhook, state): (Option<&str>, Option<&str>),
    limit: usize,
    session: &Session,
) -> Result<ExitCode, Refusal> {
    let pairs = [("webhook", webhook), ("state", state)];
    let query: Vec<(&str, &str)> = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let answer = session.client.list(&[AT[0], AT[1], "deliveries"], &query, limit).await?;
    session.out.show(answer, |found: Vec<Delivery>| {
        let mut table = Table::new(&["id", "webhook", "event", "about", "when", "tries", "outcome"]);
        for delivery in found {
            let version = |name: Option<String>, version: Option<String>| {
                name.map(|name| version.map_or_else(|| name.clone(), |version| format!("{name} {version}")))
            };
            let about = [
                version(delivery.consumer, delivery.consumer_version),
                version(delivery.provider, delivery.provider_version),
            ];
            let about = about.into_iter().flatten().collect::<Vec<_>>().join(" → ");
            let tone = match delivery.state.as_str() {
                "done" => Tone::Good,
                "retrying" => Tone::Warn,
                "gave_up" => Tone::Bad,
                _ => Tone::Unknown,
            };
            let mut outcome = session.out.toned(tone, &delivery.state.replace('_', " "));
            if let Some(answer) = &delivery.answer {
                outcome.push_str(&format!(": {}", indented(answer, 2).replace('\n', " ")));
            }
            if let Some(next) = delivery.next {
                outcome.push_str(&format!(", again {}", session.out.ago(next)));
            }
            let (when, tries) = (session.out.ago(delivery.created), delivery.tries.len().to_string());
            table.row([delivery.id, delivery.name, delivery.event, about, when, tries, outcome]);
        }
        table.or("There is no such call.")
    })?;
    Ok(ExitCode::SUCCESS)
}
