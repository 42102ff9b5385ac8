//! `mainstay alert`: list, ack, resolve.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use kernel::Refusal;
use serde_json::json;

use super::Session;
use crate::{
    answers::Alert,
    output::{Table, Tone, short},
};

pub(crate) const HELP: &str = "\
Alerts are what other tools report; see `mainstay integration`.

Examples:
  mainstay alert list --entity checkout
  mainstay alert ack 5f0c0b6a1f4b4d0f9d7e8a3c2b1a0f9e
  mainstay alert resolve 5f0c0b6a1f4b4d0f9d7e8a3c2b1a0f9e --reason \"the disk was replaced\"";

/// What to do with alerts.
#[derive(Debug, Args)]
pub(crate) struct AlertArgs {
    #[command(subcommand)]
    verb: AlertVerb,
}

#[derive(Debug, Subcommand)]
enum AlertVerb {
    /// List alerts, the newest first: those that are open, unless a status is named
    #[command(after_help = "Example: mainstay alert list --severity critical")]
    List {
        /// open, triggered, acknowledged or resolved
        #[arg(long, value_name = "WORD")]
        status: Option<String>,
        /// Only those about this component
        #[arg(long, value_name = "ENTITY")]
        entity: Option<String>,
        /// Only those of this integration
        #[arg(long, value_name = "NAME")]
        integration: Option<String>,
        /// Only these: critical, error, warning or info
        #[arg(long, value_name = "WORD")]
        severity: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: usize,
    },
    /// Take an alert on, and its incident
    #[command(after_help = "Example: mainstay alert ack 5f0c0b6a1f4b4d0f9d7e8a3c2b1a0f9e")]
    Ack {
        /// The alert's name, as the list has it
        alert: String,
    },
    /// End an alert by hand; if it is told again, another one opens
    #[command(after_help = "Example: mainstay alert resolve 5f0c0b6a1f4b4d0f9d7e8a3c2b1a0f9e")]
    Resolve {
        /// The alert's name, as the list has it
        alert: String,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// Lists, takes on or ends.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: AlertArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        AlertVerb::List { status, entity, integration, severity, limit } => {
            let asked = [("status", status), ("entity", entity), ("integration", integration), ("severity", severity)];
            let query: Vec<_> = asked.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
            list(session, &query, limit).await
        }
        AlertVerb::Ack { alert } => session.carry_out(&["alerts", &alert, "acknowledge"], &json!({})).await,
        AlertVerb::Resolve { alert, reason } => {
            session.carry_out(&["alerts", &alert, "resolve"], &json!({ "reason": reason })).await
        }
    }
}

async fn list(session: &Session, query: &[(&str, &str)], limit: usize) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["alerts"], query, limit).await?;
    session.out.show(answer, |alerts: Vec<Alert>| {
        let mut table = Table::new(&["status", "severity", "about", "what", "since", "incident", "by", "alert"]);
        for alert in &alerts {
            let tone = match alert.status.as_str() {
                "triggered" => Tone::Bad,
                "resolved" => Tone::Good,
                _ => Tone::Warn,
            };
            let incident = alert.incident.map_or_else(String::new, |number| number.to_string());
            table.row([
                session.out.toned(tone, &alert.status),
                alert.severity.clone(),
                short(&alert.entity).to_owned(),
                alert.summary.clone(),
                session.out.ago(alert.since),
                incident,
                alert.integration.clone(),
                short(&alert.alert).to_owned(),
            ]);
        }
        table.or("No such alert.")
    })?;
    Ok(ExitCode::SUCCESS)
}
