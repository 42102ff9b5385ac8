//! `mainstay incident`: list, show, ack, note, suspect, resolve, declare; what else people do is in `acts`.

mod acts;
mod chat;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use kernel::{Refusal, codes};
use serde_json::json;

use super::Session;
use crate::{
    answers::Incident,
    output::{Printer, Table, read, short},
};

pub(crate) const HELP: &str = "\
Where a number can be left out, the newest open incident is meant.

Examples:
  mainstay incident show
  mainstay incident ack 7
  mainstay incident role 7 commander user:kim
  mainstay incident tick 7 3
  mainstay incident show 7 --format chat
  mainstay incident suspect 7 01a20507-3830-7391-97f0-ed0fcf78a12b --guilty";

/// What to do with incidents.
#[derive(Debug, Args)]
pub(crate) struct IncidentArgs {
    #[command(subcommand)]
    verb: IncidentVerb,
}

#[derive(Debug, Subcommand)]
enum IncidentVerb {
    /// List incidents, newest first
    #[command(after_help = "Example: mainstay incident list --open")]
    List {
        /// Only those that are open
        #[arg(long)]
        open: bool,
        /// How many at most
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: usize,
    },
    /// Show an incident: whose it is, who is on call, the runbook, what changed, and the way back
    #[command(after_help = "Example: mainstay incident show")]
    Show {
        /// Its number; the newest open one if left out
        number: Option<u64>,
        /// Show every suspect, not only the likeliest
        #[arg(long)]
        all: bool,
        /// For a terminal, or as short Markdown for a chat
        #[arg(long, value_enum, default_value_t = Format::Terminal)]
        format: Format,
    },
    /// Take an incident on
    #[command(after_help = "Example: mainstay incident ack")]
    Ack {
        /// Its number; the newest open one if left out
        number: Option<u64>,
    },
    /// Write something down
    #[command(after_help = "Example: mainstay incident note 7 \"the bank says it is theirs\"")]
    Note {
        /// The incident's number
        number: u64,
        /// Markdown
        text: String,
    },
    /// Judge a suspect: did this change cause the incident?
    #[command(after_help = "Example: mainstay incident suspect 7 01a20507-3830-7391-97f0-ed0fcf78a12b --innocent")]
    Suspect {
        /// The incident's number
        number: u64,
        /// The change, by its event
        event: String,
        #[command(flatten)]
        verdict: Verdict,
    },
    /// End an incident by hand
    #[command(after_help = "Example: mainstay incident resolve 7 --reason \"a false alarm\"")]
    Resolve {
        /// Its number; the newest open one if left out
        number: Option<u64>,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Declare an incident that no check has seen
    #[command(after_help = "Example: mainstay incident declare checkout \"cards are charged twice\" --severity sev1")]
    Declare {
        /// What is broken: a component
        entity: String,
        /// One line
        title: String,
        /// How bad it is
        #[arg(long, value_enum, default_value_t = Level::Sev2)]
        severity: Level,
        /// What is seen
        #[arg(long, default_value = "", value_name = "TEXT")]
        evidence: String,
    },
    #[command(flatten)]
    Act(acts::Act),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a terminal
    Terminal,
    /// Short Markdown, to be pasted into a chat
    Chat,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Verdict {
    /// It did
    #[arg(long)]
    guilty: bool,
    /// It did not
    #[arg(long)]
    innocent: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    /// Customers can't do what they came for
    Sev1,
    /// An important part fails
    Sev2,
    /// Few are affected
    Sev3,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Sev1 => "sev1",
            Self::Sev2 => "sev2",
            Self::Sev3 => "sev3",
        }
    }
}

/// Does it.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: IncidentArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        IncidentVerb::List { open, limit } => list(open, limit, session).await,
        IncidentVerb::Show { number, all, format } => show(number, all, format, session).await,
        IncidentVerb::Act(act) => acts::run(act, session).await,
        IncidentVerb::Ack { number } => {
            let number = number_or_newest(number, session).await?;
            session.carry_out(&["incidents", &number, "acknowledge"], &json!({})).await
        }
        IncidentVerb::Note { number, text } => {
            session.carry_out(&["incidents", &number.to_string(), "notes"], &json!({"text": text})).await
        }
        IncidentVerb::Suspect { number, event, verdict } => {
            let body = json!({"event": event, "guilty": verdict.guilty});
            session.carry_out(&["incidents", &number.to_string(), "suspects"], &body).await
        }
        IncidentVerb::Resolve { number, reason } => {
            let number = number_or_newest(number, session).await?;
            session.carry_out(&["incidents", &number, "resolve"], &json!({"reason": reason})).await
        }
        IncidentVerb::Declare { entity, title, severity, evidence } => {
            let body = json!({"entity": entity, "title": title, "severity": severity.word(), "evidence": evidence});
            session.carry_out(&["incidents"], &body).await
        }
    }
}

/// Lists incidents.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn list(open: bool, limit: usize, session: &Session) -> Result<ExitCode, Refusal> {
    let query: &[_] = if open { &[("open", "true")] } else { &[] };
    let answer = session.client.list(&["incidents"], query, limit).await?;
    session.out.show(answer, |incidents: Vec<Incident>| {
        if incidents.is_empty() {
            return if open { "No incident is open." } else { "There was no incident yet." }.to_owned();
        }
        table(&session.out, &incidents)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Incidents, one for each line.
pub(crate) fn table(out: &Printer, incidents: &[Incident]) -> String {
    let mut table = Table::new(&["number", "state", "severity", "since", "broken", "title"]);
    for incident in incidents {
        let Incident { number, status, severity, since, entity, title, .. } = incident;
        let title = title.lines().next().unwrap_or_default().to_owned();
        let entity = short(entity).to_owned();
        table.row([number.to_string(), out.state(status), severity.clone(), out.ago(*since), entity, title]);
    }
    table.or("")
}

/// Shows an incident.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn show(
    number: Option<u64>,
    all: bool,
    format: Format,
    session: &Session,
) -> Result<ExitCode, Refusal> {
    let number = number_or_newest(number, session).await?;
    let answer = session.client.get(&["incidents", &number], &[]).await?;
    session.out.show(answer, |incident| match format {
        Format::Terminal => show::text(&session.out, &incident, all),
        Format::Chat => chat::text(&incident),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The number that was given, or that of the newest open incident.
async fn number_or_newest(number: Option<u64>, session: &Session) -> Result<String, Refusal> {
    if let Some(number) = number {
        return Ok(number.to_string());
    }
    let open: Vec<Incident> = read(session.client.list(&["incidents"], &[("open", "true")], 1).await?)?;
    let newest = open.first().map(|incident| incident.number.to_string());
    newest.ok_or_else(|| {
        Refusal::new(&codes::NOT_FOUND, "no incident is open").fix("name one: `mainstay incident list` has them all")
    })
}
