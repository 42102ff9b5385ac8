//! `mainstay integration`: create, list, renew-key, revoke-key, delete.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use kernel::Refusal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Session;
use crate::{
    answers::Integration,
    output::{Table, Tone, short},
};

pub(crate) const HELP: &str = "\
An integration lets another tool send its alerts, or tell of deployments, by a key that does nothing else.

Examples:
  mainstay integration create prometheus-eu --kind alertmanager --entity component:checkout
  mainstay integration create github --kind github --entity group:platform
  mainstay integration list
  mainstay integration renew-key prometheus-eu
  mainstay integration delete prometheus-eu";

/// What to do with integrations.
#[derive(Debug, Args)]
pub(crate) struct IntegrationArgs {
    #[command(subcommand)]
    verb: IntegrationVerb,
}

#[derive(Debug, Subcommand)]
enum IntegrationVerb {
    /// Let a tool send alerts; its key is shown this once
    #[command(
        after_help = "Example: mainstay integration create prometheus-eu --kind alertmanager --entity component:checkout"
    )]
    Create {
        /// What to call it: what sends the alerts
        name: String,
        /// Whose protocol it speaks
        #[arg(long, value_enum)]
        kind: Kind,
        /// What its alerts are about, unless a label says otherwise: a component. Of deployments: the component whose
        /// they are where no other claims them; a group, so that those are a finding
        #[arg(long, value_name = "ENTITY")]
        entity: String,
        /// The label that names another component, where an alert has it
        #[arg(long, default_value = "service", value_name = "NAME")]
        label: String,
        /// How bad an alert is that doesn't say: critical, error, warning or info
        #[arg(long, default_value = "error", value_name = "WORD")]
        severity: String,
        /// After how many seconds without a repetition an alert ends by itself; never if left out
        #[arg(long, value_name = "SECONDS")]
        auto_resolve_after: Option<u32>,
    },
    /// List the integrations
    #[command(after_help = "Example: mainstay integration list")]
    List,
    /// Give one another key, shown this once; the one before is worth nothing from then on
    #[command(after_help = "Example: mainstay integration renew-key prometheus-eu")]
    RenewKey {
        /// Its name or id
        integration: String,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Take its key away: it can send nothing until it gets another one
    #[command(after_help = "Example: mainstay integration revoke-key prometheus-eu")]
    RevokeKey {
        /// Its name or id
        integration: String,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Remove one; its open alerts are resolved
    #[command(after_help = "Example: mainstay integration delete prometheus-eu")]
    Delete {
        /// Its name or id
        integration: String,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Alertmanager's webhook
    Alertmanager,
    /// Prometheus itself, which takes Mainstay for an Alertmanager
    Prometheus,
    /// Grafana's webhook contact point
    Grafana,
    /// PagerDuty's Events API v2
    EventsV2,
    /// Opsgenie's alert API
    Opsgenie,
    /// Simple JSON, or a form
    Generic,
    /// GitHub's webhooks: deployments
    Github,
    /// GitLab's webhooks: deployments
    Gitlab,
    /// CDEvents: deployments and incidents
    Cdevents,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::Prometheus => "prometheus",
            Self::Grafana => "grafana",
            Self::EventsV2 => "events_v2",
            Self::Opsgenie => "opsgenie",
            Self::Generic => "generic",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Cdevents => "cdevents",
        }
    }
}

/// Creates, lists, renews, revokes or deletes.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: IntegrationArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        IntegrationVerb::Create { name, kind, entity, label, severity, auto_resolve_after } => {
            let body = json!({
                "name": name, "kind": kind.word(), "entity": entity, "label": label, "severity": severity,
                "auto_resolve_after_s": auto_resolve_after,
            });
            show_key(session.client.post(&["integrations"], &body).await?, session)
        }
        IntegrationVerb::List => list(session).await,
        IntegrationVerb::RenewKey { integration, reason } => {
            let path = ["integrations", &integration, "renew-key"];
            show_key(session.client.post(&path, &json!({ "reason": reason })).await?, session)
        }
        IntegrationVerb::RevokeKey { integration, reason } => {
            session.carry_out(&["integrations", &integration, "revoke-key"], &json!({ "reason": reason })).await
        }
        IntegrationVerb::Delete { integration, reason } => {
            let path = ["integrations", &*integration];
            session.show_done(session.client.delete(&path, &json!({ "reason": reason })).await?)
        }
    }
}

#[derive(Deserialize)]
struct Made {
    key: String,
}

/// The key alone, so that a script can take it as it is.
fn show_key(answer: Value, session: &Session) -> Result<ExitCode, Refusal> {
    session.out.show(answer, |made: Made| made.key)?;
    Ok(ExitCode::SUCCESS)
}

async fn list(session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["integrations"], &[], usize::MAX).await?;
    session.out.show(answer, |integrations: Vec<Integration>| {
        let mut table = Table::new(&["name", "kind", "about", "open", "key", "posts to", "id"]);
        for integration in &integrations {
            let Integration { id, name, kind, entity, path, open, keyed } = integration;
            let keyed = keyed.map_or_else(|| session.out.toned(Tone::Warn, "none"), |at| session.out.ago(at));
            let about = short(entity).to_owned();
            table.row([name.clone(), kind.clone(), about, open.to_string(), keyed, path.clone(), id.clone()]);
        }
        table.or("No tool may send alerts yet: mainstay integration create NAME --kind KIND --entity component:NAME")
    })?;
    Ok(ExitCode::SUCCESS)
}
