//! `mainstay contract list`.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use kernel::Refusal;
use serde::Deserialize;

use super::Session;
use crate::output::{Printer, Table, Tone, short};

/// Which integrations.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those with this provider
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Only those of this consumer
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
}

/// Two that have contracts.
#[derive(Debug, Deserialize)]
struct Integration {
    consumer: Party,
    provider: Party,
    latest: Option<Latest>,
    state: String,
    verification: Option<Verification>,
}

#[derive(Debug, Deserialize)]
struct Party {
    name: String,
    owner: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Latest {
    version: String,
    published: Timestamp,
    interactions: u32,
    messages: u32,
}

#[derive(Debug, Deserialize)]
struct Verification {
    provider_version: String,
    at: Timestamp,
}

/// Lists who has contracts with whom.
///
/// # Errors
/// What the server refuses.
pub(super) async fn list(args: &List, session: &Session) -> Result<ExitCode, Refusal> {
    let pairs = [("provider", args.provider.as_deref()), ("consumer", args.consumer.as_deref())];
    let query: Vec<(&str, &str)> = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let answer = session.client.list(&["contracts", "integrations"], &query, usize::MAX).await?;
    let empty = if query.is_empty() {
        "There is no contract yet: publish pact files with `mainstay contract publish DIR --version V`."
    } else {
        "There is no such contract."
    };
    session.out.show(answer, |found: Vec<Integration>| {
        let mut table = Table::new(&["consumer", "newest pact", "expects", "provider", "owner", "state"]);
        for integration in &found {
            table.row(row(&session.out, integration));
        }
        table.or(empty)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn row(out: &Printer, integration: &Integration) -> [String; 6] {
    let Integration { consumer, provider, latest, state, verification } = integration;
    let (version, expects) = match latest {
        Some(latest) => (
            format!("{}, {}", latest.version, out.ago(latest.published)),
            counted(latest.interactions, latest.messages),
        ),
        None => ("none".to_owned(), String::new()),
    };
    let tone = match state.as_str() {
        "verified" => Tone::Good,
        "failed" => Tone::Bad,
        _ => Tone::Unknown,
    };
    let said = match verification {
        Some(verification) => format!("{state} by {}, {}", verification.provider_version, out.ago(verification.at)),
        None => state.clone(),
    };
    let owner = provider.owner.as_deref().or(consumer.owner.as_deref()).map_or("nobody", short).to_owned();
    [consumer.name.clone(), version, expects, provider.name.clone(), owner, out.toned(tone, &said)]
}

/// `3 interactions`, `1 message`, or both.
pub(super) fn counted(interactions: u32, messages: u32) -> String {
    let count = |number: u32, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    match (interactions, messages) {
        (_, 0) => count(interactions, "interaction"),
        (0, _) => count(messages, "message"),
        _ => format!("{}, {}", count(interactions, "interaction"), count(messages, "message")),
    }
}
