//! What people do in an incident, from a terminal: roles, times, decisions, steps of the runbook, merging, splitting.

use std::{path::PathBuf, process::ExitCode};

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use kernel::{Refusal, codes};
use serde_json::{Value, json};

use super::Level;
use crate::{
    answers::LogLine,
    output::{add, indented},
    verbs::{Session, times},
};

#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// Give a role to a person, or to nobody
    #[command(after_help = "Example: mainstay incident role 7 commander user:kim")]
    Role {
        /// The incident's number
        number: u64,
        /// Which
        #[arg(value_enum)]
        role: Role,
        /// A user of the catalog; nobody if left out
        person: Option<String>,
    },
    /// Set how bad an incident is
    #[command(after_help = "Example: mainstay incident severity 7 sev1 --reason \"nobody can pay\"")]
    Severity {
        /// The incident's number
        number: u64,
        /// How bad it is
        #[arg(value_enum)]
        severity: Level,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Say that users are well again, although the cause may still be there
    #[command(after_help = "Example: mainstay incident mitigate 7 --at 10m")]
    Mitigate {
        /// The incident's number
        number: u64,
        /// Since when: a time, or a span before now; now if left out
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// They are not, after all
        #[arg(long, conflicts_with = "at")]
        withdraw: bool,
    },
    /// Correct when an incident began
    #[command(after_help = "Example: mainstay incident impact 7 2026-11-20T03:07:00Z")]
    Impact {
        /// The incident's number
        number: u64,
        /// When users were first hit: a time, or a span before now
        at: String,
    },
    /// Call an incident something else
    #[command(after_help = "Example: mainstay incident rename 7 \"cards are charged twice\"")]
    Rename {
        /// The incident's number
        number: u64,
        /// One line
        title: String,
    },
    /// Write down what was decided
    #[command(after_help = "Example: mainstay incident decide 7 \"writes stay off until the ledger is repaired\"")]
    Decide {
        /// The incident's number
        number: u64,
        /// Markdown
        text: String,
    },
    /// Tick a step of the runbook; without one, show the steps
    #[command(after_help = "Example: mainstay incident tick 7 3")]
    Tick {
        /// The incident's number
        number: u64,
        /// The step's number in the runbook, or its id
        step: Option<String>,
        /// Take it back
        #[arg(long)]
        undo: bool,
    },
    /// Merge an incident into another, which goes on with its checks, its log and its pages
    #[command(after_help = "Example: mainstay incident merge 8 7")]
    Merge {
        /// The incident that is over by that
        number: u64,
        /// The one that goes on
        into: u64,
    },
    /// Split failing checks off: they are another incident
    #[command(after_help = "Example: mainstay incident split 7 check:mail-works --title \"mail is late\"")]
    Split {
        /// The incident's number
        number: u64,
        /// Which of its failing checks
        #[arg(required = true)]
        checks: Vec<String>,
        /// What the new incident is called
        #[arg(long, value_name = "TEXT")]
        title: Option<String>,
        /// How bad it is
        #[arg(long, value_enum)]
        severity: Option<Level>,
    },
    /// Keep a picture, and say what shows it in a note
    #[command(after_help = "Example: mainstay incident picture 7 graph.png")]
    Picture {
        /// The incident's number
        number: u64,
        /// PNG, JPEG, GIF or WebP
        file: PathBuf,
    },
    /// Show what happened while an incident lasts, with what people wrote
    #[command(after_help = "Example: mainstay incident log 7 --part people")]
    Log {
        /// The incident's number
        number: u64,
        /// Which part
        #[arg(long, value_enum, default_value_t = Part::All)]
        part: Part,
    },
    /// Show how often the ranking of suspects was right
    #[command(after_help = "Example: mainstay incident accuracy")]
    Accuracy,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Role {
    /// Decides
    Commander,
    /// Tells everybody else
    Communications,
    /// Writes down what happens
    Scribe,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Part {
    /// Everything
    All,
    /// What people wrote, decided and did
    People,
    /// Changes of software and of the catalog
    Changes,
    /// What checks and other tools saw
    Checks,
    /// Who was paged
    Pages,
    /// What the public was told
    Public,
}

/// Does it.
///
/// # Errors
/// What the server refuses.
pub(super) async fn run(act: Act, session: &Session) -> Result<ExitCode, Refusal> {
    let (number, verb, body) = match act {
        Act::Role { number, role, person } => {
            let role = match role {
                Role::Commander => "commander",
                Role::Communications => "communications",
                Role::Scribe => "scribe",
            };
            (number, "roles", json!({"role": role, "person": person}))
        }
        Act::Severity { number, severity, reason } => {
            (number, "severity", json!({"severity": severity.word(), "reason": reason}))
        }
        Act::Mitigate { number, at, withdraw } => {
            let at = at.map(|at| times::past("--at", &at, Timestamp::now())).transpose()?;
            (number, "mitigate", json!({"at": at, "withdraw": withdraw}))
        }
        Act::Impact { number, at } => (number, "impact", json!({"at": times::past("AT", &at, Timestamp::now())?})),
        Act::Rename { number, title } => (number, "title", json!({"title": title})),
        Act::Decide { number, text } => (number, "decisions", json!({"text": text})),
        Act::Tick { number, step: Some(step), undo } => (number, "steps", json!({"step": step, "done": !undo})),
        Act::Tick { number, step: None, undo: _ } => return steps(number, session).await,
        Act::Merge { number, into } => (number, "merge", json!({"into": into})),
        Act::Split { number, checks, title, severity } => {
            let severity = severity.map(Level::word);
            (number, "split", json!({"checks": checks, "title": title, "severity": severity}))
        }
        Act::Picture { number, file } => return picture(number, &file, session).await,
        Act::Log { number, part } => return log(number, part, session).await,
        Act::Accuracy => return accuracy(session).await,
    };
    session.carry_out(&["incidents", &number.to_string(), verb], &body).await
}

async fn steps(number: u64, session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.get(&["incidents", &number.to_string()], &[]).await?;
    session.out.show(answer, |incident: crate::answers::IncidentDetail| super::show::steps(&session.out, &incident))?;
    Ok(ExitCode::SUCCESS)
}

async fn picture(number: u64, file: &std::path::Path, session: &Session) -> Result<ExitCode, Refusal> {
    let bytes = std::fs::read(file).map_err(|error| {
        Refusal::new(&codes::INVALID, format!("{} can't be read: {error}", file.display())).field("FILE")
    })?;
    let answer = session.client.upload(&["incidents", &number.to_string(), "pictures"], bytes).await?;
    session.out.show(answer, |kept: Value| {
        let markdown = kept.get("markdown").and_then(Value::as_str).unwrap_or_default().to_owned();
        format!("{markdown}\n")
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn log(number: u64, part: Part, session: &Session) -> Result<ExitCode, Refusal> {
    let part = match part {
        Part::All => "all",
        Part::People => "people",
        Part::Changes => "changes",
        Part::Checks => "checks",
        Part::Pages => "pages",
        Part::Public => "public",
    };
    let path = ["incidents", &number.to_string(), "log"];
    let answer = session.client.get(&path, &[("part", part)]).await?;
    let items = answer.get("items").cloned().unwrap_or_default();
    session.out.show(items, |entries: Vec<LogLine>| {
        let mut text = String::new();
        if entries.is_empty() {
            add(&mut text, "Nothing of this sort has happened since it began.");
        }
        for entry in &entries {
            let (at, by) = (entry.at.strftime("%H:%M:%S"), session.out.faint(&entry.actor.words()));
            add(&mut text, format!("{at}  {}  {by}", indented(&entry.summary, 10)));
            if let Some(written) = &entry.text {
                let sort = if entry.decision { "decision: " } else { "" };
                add(&mut text, format!("          {sort}{}", indented(written, 10)));
            }
        }
        text
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn accuracy(session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.get(&["incidents", "accuracy"], &[]).await?;
    session.out.show(answer, |counted: Value| {
        let number = |name: &str| counted.get(name).and_then(Value::as_u64).unwrap_or_default();
        let percent =
            |name: &str| counted.get(name).and_then(Value::as_u64).map_or_else(String::new, |of| format!(" ({of} %)"));
        let judged = number("judged");
        if judged == 0 {
            return "Nobody has said yet which change an incident was: mainstay incident suspect.\n".to_owned();
        }
        let mut text = String::new();
        add(&mut text, format!("Of {judged} incidents of which somebody said which change it was,"));
        add(&mut text, format!("  the ranking had it first in {}{},", number("first"), percent("first_percent")));
        add(
            &mut text,
            format!("  among the first three in {}{},", number("first_three"), percent("first_three_percent")),
        );
        add(&mut text, format!("  and not at all in {}.", number("missed")));
        text
    })?;
    Ok(ExitCode::SUCCESS)
}
