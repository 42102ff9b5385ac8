//! `mainstay timeline`: list, show, verify.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use kernel::Refusal;
use serde_json::json;

use super::{Session, on_call::reference, times};
use crate::{
    answers::Event,
    output::{Printer, Table, add},
    settings,
};

pub(crate) const HELP: &str = "\
Examples:
  mainstay timeline list --subject payments --from 2h
  mainstay timeline list --kind flags.,deploys.
  mainstay timeline verify --data ./mainstay-data";

/// What to do with the timeline.
#[derive(Debug, Args)]
pub(crate) struct TimelineArgs {
    #[command(subcommand)]
    verb: TimelineVerb,
}

#[derive(Debug, Subcommand)]
enum TimelineVerb {
    /// List events, newest first
    #[command(after_help = "Example: mainstay timeline list --subject payments --from 2h --limit 20")]
    List(Which),
    /// Show an event with all that it says
    #[command(after_help = "Example: mainstay timeline show 01a20507-3830-7391-97f0-ed0fcf78a12b")]
    Show {
        /// The event's id
        event: String,
    },
    /// Read every event in a data folder and prove that nobody has altered one; a server may be using the folder
    #[command(after_help = "Example: mainstay timeline verify --data ./mainstay-data")]
    Verify {
        /// The data folder [default: ./mainstay-data]
        #[arg(long, env = "MAINSTAY_DATA", value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct Which {
    /// About this entity, flag, check or incident: `payments`, `flag:gift-wrap`
    #[arg(long, value_name = "ENTITY")]
    subject: Option<String>,
    /// Kinds that begin with this, separated by commas: `flags.,deploys.`
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// At this time or later: `2h` ago, or 2026-11-20T03:07:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
}

/// Lists, shows or verifies.
///
/// # Errors
/// What the server refuses, or a damaged timeline.
pub(crate) async fn run(args: TimelineArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        TimelineVerb::List(which) => list(&which, session).await,
        TimelineVerb::Show { event } => show(&event, session).await,
        TimelineVerb::Verify { data } => verify(data, &session.out),
    }
}

async fn list(which: &Which, session: &Session) -> Result<ExitCode, Refusal> {
    let time = |field: &str, text: &Option<String>| {
        let time = text.as_deref().map(|text| times::past(field, text, session.out.now()));
        Ok::<_, Refusal>(time.transpose()?.map(|at| at.to_string()))
    };
    let (from, to) = (time("--from", &which.from)?, time("--to", &which.to)?);
    let subject = which.subject.as_deref().map(reference).transpose()?.map(|subject| subject.to_string());
    let wanted = [("subject", &subject), ("kind", &which.kind), ("from", &from), ("to", &to)];
    let query: Vec<_> = wanted.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let answer = session.client.list(&["timeline"], &query, which.limit).await?;
    session.out.show(answer, |events: Vec<Event>| {
        let mut table = Table::new(&["when (utc)", "who", "what", "event"]);
        for event in &events {
            let at = event.at.strftime("%Y-%m-%d %H:%M:%S").to_string();
            let summary = event.summary.lines().next().unwrap_or_default().to_owned();
            table.row([at, event.actor.words(), summary, event.id.clone()]);
        }
        table.or("Nothing of this sort has happened.")
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn show(event: &str, session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.get(&["timeline", event], &[]).await?;
    session.out.show(answer, |event: Event| text(&session.out, &event))?;
    Ok(ExitCode::SUCCESS)
}

fn text(out: &Printer, event: &Event) -> String {
    let mut text = String::new();
    add(&mut text, out.strong(&event.summary));
    add(&mut text, format!("  when      {}", out.when(event.at)));
    add(&mut text, format!("  who       {}", event.actor.words()));
    if let Some(reason) = &event.reason {
        add(&mut text, format!("  why       {reason}"));
    }
    add(&mut text, format!("  about     {}", event.subjects.join(", ")));
    add(&mut text, format!("  kind      {}", event.kind));
    add(&mut text, format!("  position  {}", event.position));
    add(&mut text, format!("  event     {}", event.id));
    add(&mut text, format!("{:#}", event.event));
    text
}

fn verify(data: Option<PathBuf>, out: &Printer) -> Result<ExitCode, Refusal> {
    let data = settings::data_folder(data)?;
    let verified = timeline::verify_folder(&data)?;
    let head = verified.head;
    let answer = json!({"events": verified.events, "position": head.position, "hash": head.hash.to_string()});
    out.show(answer, |_: serde_json::Value| {
        format!("{} events, the chain is whole\nhead {} {}", verified.events, head.position, head.hash)
    })?;
    Ok(ExitCode::SUCCESS)
}
