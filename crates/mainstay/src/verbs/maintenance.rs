//! `mainstay maintenance`: plan, list, end.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use kernel::Refusal;
use serde_json::json;

use super::{Session, times};
use crate::{
    answers::Maintenance,
    output::{Table, short},
};

pub(crate) const HELP: &str = "\
While a maintenance holds, nothing bad is judged and nobody is paged. What is still broken afterwards counts from its end.

Examples:
  mainstay maintenance plan component:payments --for 1h --reason \"new disks\"
  mainstay maintenance plan check:pay-by-card --from 2026-11-29T02:00:00Z --for 90m
  mainstay maintenance list
  mainstay maintenance end 019dfa5e-0f3a-7c11-8d6b-1c2d3e4f5a6b";

/// What to do with maintenances.
#[derive(Debug, Args)]
pub(crate) struct MaintenanceArgs {
    #[command(subcommand)]
    verb: MaintenanceVerb,
}

#[derive(Debug, Subcommand)]
enum MaintenanceVerb {
    /// Plan one, of a check or of what checks are about
    #[command(after_help = "Example: mainstay maintenance plan component:payments --from 2h --for 1h")]
    Plan {
        /// The check, or what checks are about: a component, if no kind is given
        of: String,
        /// From then on, if not from now on: a time, or a span from now
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Until then: a time, or a span from now
        #[arg(long, value_name = "TIME", required_unless_present = "span")]
        to: Option<String>,
        /// For so long, from the beginning on; 31 days at most
        #[arg(long = "for", id = "span", value_name = "SPAN", conflicts_with = "to")]
        span: Option<String>,
        /// Why: shown beside it and on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// List them, the latest first
    #[command(after_help = "Example: mainstay maintenance list")]
    List,
    /// End one that holds, or call one off that is to come
    #[command(after_help = "Example: mainstay maintenance end 019dfa5e-0f3a-7c11-8d6b-1c2d3e4f5a6b")]
    End {
        /// Its id, as `list` has it
        id: String,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// Plans, lists or ends.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: MaintenanceArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        MaintenanceVerb::Plan { of, from, to, span, reason } => {
            let now = session.out.now();
            let from = from.map(|text| times::future("--from", &text, now)).transpose()?;
            let to = match (to, span) {
                (Some(to), _) => times::future("--to", &to, now)?,
                (None, span) => times::future("--for", &span.unwrap_or_default(), from.unwrap_or(now))?,
            };
            let body = json!({"of": of, "from": from, "to": to, "reason": reason});
            session.carry_out(&["maintenances"], &body).await
        }
        MaintenanceVerb::List => list(session).await,
        MaintenanceVerb::End { id, reason } => {
            session.carry_out(&["maintenances", &id, "end"], &json!({"reason": reason})).await
        }
    }
}

async fn list(session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["maintenances"], &[], usize::MAX).await?;
    session.out.show(answer, |all: Vec<Maintenance>| {
        let mut table = Table::new(&["of", "state", "from", "to", "by", "why", "id"]);
        for one in all {
            let (from, to) = (session.out.when(one.from), session.out.when(one.to));
            let (by, why) = (one.by.unwrap_or_default(), one.reason.unwrap_or_default());
            table.row([short(&one.of).to_owned(), one.state.replace('_', " "), from, to, by, why, one.id]);
        }
        table.or("No maintenance was planned yet: `mainstay maintenance plan` does.")
    })?;
    Ok(ExitCode::SUCCESS)
}
