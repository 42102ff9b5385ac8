//! `mainstay postmortem`: list, show, start, edit, ask, review, publish.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use kernel::{Refusal, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Session;
use crate::output::{Table, Tone, add, read, warn};

pub(crate) const HELP: &str = "\
A post-mortem is named by its incident's number. An item is WHAT | WHO | UNTIL | DONE WHEN; it is done when somebody
says so, by the words that stand there, or when check:NAME passes, flag:NAME is gone, alert:component:NAME fires.

Examples:
  mainstay postmortem start 7
  mainstay postmortem show 7 > 7.md          (says which revision it is)
  mainstay postmortem edit 7 --revision 1 --text 7.md --item 'retry less | kim | 2026-12-24 | check:queue-is-short'
  mainstay postmortem review 7 --revision 2 --approve --by lee
  mainstay postmortem publish 7 --revision 2";

/// What to do with post-mortems.
#[derive(Debug, Args)]
pub(crate) struct PostmortemArgs {
    #[command(subcommand)]
    verb: PostmortemVerb,
}

#[derive(Debug, Subcommand)]
enum PostmortemVerb {
    /// List post-mortems, or find those that are published by their words
    #[command(after_help = "Example: mainstay postmortem list --search 'connection pool'")]
    List {
        /// Words in what is published
        #[arg(long, value_name = "WORDS")]
        search: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: usize,
    },
    /// Print the text of a post-mortem
    #[command(after_help = "Example: mainstay postmortem show 7 --edition 1")]
    Show {
        /// The incident's number
        number: u64,
        /// An edition; the draft if left out
        #[arg(long, value_name = "N")]
        edition: Option<u32>,
    },
    /// Say where a post-mortem stands, and what keeps it from being published
    #[command(after_help = "Example: mainstay postmortem status 7")]
    Status {
        /// The incident's number
        number: u64,
    },
    /// Begin the post-mortem of an incident that is over, with the template filled
    #[command(after_help = "Example: mainstay postmortem start 7")]
    Start {
        /// The incident's number
        number: u64,
    },
    /// Change the draft; what is left out stays as it is
    #[command(after_help = "Example: mainstay postmortem edit 7 --revision 2 --text 7.md")]
    Edit {
        /// The incident's number
        number: u64,
        /// A file of Markdown
        #[arg(long, value_name = "FILE")]
        text: Option<PathBuf>,
        /// What it is called
        #[arg(long, value_name = "TEXT")]
        title: Option<String>,
        /// What is promised, in place of what was: one to three of them
        #[arg(long = "item", value_name = "WHAT | WHO | UNTIL | DONE WHEN")]
        items: Vec<String>,
        /// The revision that this was made of, which must still be the newest; whatever is the newest if left out
        #[arg(long, value_name = "N")]
        revision: Option<u32>,
    },
    /// Ask for a review
    #[command(after_help = "Example: mainstay postmortem ask 7 lee")]
    Ask {
        /// The incident's number
        number: u64,
        /// Users of the catalog; anybody if left out
        reviewers: Vec<String>,
    },
    /// Say what somebody thinks of the draft
    #[command(after_help = "Example: mainstay postmortem review 7 --changes 'why did no check see it?' --by lee")]
    Review {
        /// The incident's number
        number: u64,
        #[command(flatten)]
        opinion: Opinion,
        /// Whose opinion it is: a user of the catalog
        #[arg(long, value_name = "USER")]
        by: Option<String>,
        /// The revision that was read, which must still be the newest; whatever is the newest if left out
        #[arg(long, value_name = "N")]
        revision: Option<u32>,
    },
    /// Publish the draft, and promise its action items
    #[command(after_help = "Example: mainstay postmortem publish 7 --revision 2")]
    Publish {
        /// The incident's number
        number: u64,
        /// The revision that is meant, which must still be the newest; whatever is the newest if left out
        #[arg(long, value_name = "N")]
        revision: Option<u32>,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Opinion {
    /// It can be published
    #[arg(long)]
    approve: bool,
    /// Something must be changed, for this reason
    #[arg(long, value_name = "TEXT")]
    changes: Option<String>,
}

/// A post-mortem, as a server tells of it.
#[derive(Debug, Deserialize)]
struct PostMortem {
    incident: u64,
    title: String,
    stage: String,
    revision: u32,
    authors: Vec<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    missing: Vec<Missing>,
    #[serde(default)]
    actions: Vec<u64>,
}

#[derive(Debug, Deserialize)]
struct Item {
    what: String,
    owner: String,
    deadline: String,
    done_when: String,
}

#[derive(Debug, Deserialize)]
struct Missing {
    detail: String,
    fix: Option<String>,
}

/// Does it.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: PostmortemArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        PostmortemVerb::List { search, limit } => list(search.as_deref(), limit, session).await,
        PostmortemVerb::Show { number, edition } => {
            let edition = edition.map(|edition| edition.to_string());
            let query: Vec<(&str, &str)> = edition.iter().map(|edition| ("edition", edition.as_str())).collect();
            let answer = session.client.get(&["postmortems", &number.to_string()], &query).await?;
            session.out.show(answer, |of: PostMortem| {
                if edition.is_none() {
                    warn(&format!("revision {}", of.revision));
                }
                of.text
            })?;
            Ok(ExitCode::SUCCESS)
        }
        PostmortemVerb::Status { number } => {
            let answer = session.client.get(&["postmortems", &number.to_string()], &[]).await?;
            session.out.show(answer, |of| status(session, &of))?;
            Ok(ExitCode::SUCCESS)
        }
        PostmortemVerb::Start { number } => session.carry_out(&["postmortems"], &json!({"incident": number})).await,
        PostmortemVerb::Edit { number, text, title, items, revision } => {
            let revision = meant(revision, number, session).await?;
            let mut body = json!({"revision": revision, "title": title});
            if let Some(file) = text {
                let text = std::fs::read_to_string(&file).map_err(|error| {
                    Refusal::new(&codes::INVALID, format!("{} can't be read: {error}", file.display())).field("--text")
                })?;
                set(&mut body, "text", Value::String(text));
            }
            if !items.is_empty() {
                let items = items.iter().map(|item| self::item(item)).collect::<Result<Vec<_>, _>>()?;
                set(&mut body, "items", Value::Array(items));
            }
            session.carry_out(&["postmortems", &number.to_string()], &body).await
        }
        PostmortemVerb::Ask { number, reviewers } => {
            let path = ["postmortems", &number.to_string(), "review-requests"];
            session.carry_out(&path, &json!({"reviewers": reviewers})).await
        }
        PostmortemVerb::Review { number, opinion, by, revision } => {
            let (revision, note) = (meant(revision, number, session).await?, opinion.changes.unwrap_or_default());
            let body = json!({"revision": revision, "approve": opinion.approve, "note": note, "by": by});
            session.carry_out(&["postmortems", &number.to_string(), "reviews"], &body).await
        }
        PostmortemVerb::Publish { number, revision } => {
            let body = json!({"revision": meant(revision, number, session).await?});
            session.carry_out(&["postmortems", &number.to_string(), "publish"], &body).await
        }
    }
}

async fn list(search: Option<&str>, limit: usize, session: &Session) -> Result<ExitCode, Refusal> {
    let query: Vec<(&str, &str)> = search.iter().map(|words| ("q", *words)).collect();
    let answer = session.client.list(&["postmortems"], &query, limit).await?;
    session.out.show(answer, |all: Vec<PostMortem>| {
        if all.is_empty() {
            return if search.is_some() { "Nothing that is published matches." } else { "There is none yet." }
                .to_owned();
        }
        let mut table = Table::new(&["incident", "state", "title", "by"]);
        for of in &all {
            let by = of.authors.join(", ");
            table.row([of.incident.to_string(), session.out.state(&of.stage), of.title.clone(), by]);
        }
        table.or("")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The revision that a wish is about: the one that was named, else the newest.
async fn meant(named: Option<u32>, number: u64, session: &Session) -> Result<u32, Refusal> {
    if let Some(named) = named {
        return Ok(named);
    }
    let of: PostMortem = read(session.client.get(&["postmortems", &number.to_string()], &[]).await?)?;
    Ok(of.revision)
}

fn status(session: &Session, of: &PostMortem) -> String {
    let (out, mut text) = (&session.out, String::new());
    let name = out.strong(&format!("POST-MORTEM of incident {}", of.incident));
    add(&mut text, format!("{name}  {}  revision {}", out.state(&of.stage), of.revision));
    add(&mut text, format!("  {}", of.title));
    for item in &of.items {
        add(
            &mut text,
            format!("  - {} ({}, until {}): done when {}", item.what, item.owner, item.deadline, item.done_when),
        );
    }
    for action in &of.actions {
        add(&mut text, format!("  promised as action {action}"));
    }
    for missing in &of.missing {
        let fix = missing.fix.as_ref().map(|fix| format!(" ({fix})")).unwrap_or_default();
        add(&mut text, format!("  {} {}{fix}", out.toned(Tone::Warn, "missing:"), missing.detail));
    }
    text
}

fn set(body: &mut Value, name: &str, value: Value) {
    if let Some(body) = body.as_object_mut() {
        body.insert(name.to_owned(), value);
    }
}

fn item(text: &str) -> Result<Value, Refusal> {
    let parts: Vec<&str> = text.splitn(4, '|').map(str::trim).collect();
    let [what, owner, deadline, done_when] = parts.as_slice() else {
        let refusal = Refusal::new(&codes::INVALID, "an item has four parts").field("--item");
        return Err(refusal.fix("write it as 'WHAT | WHO | UNTIL | DONE WHEN'"));
    };
    Ok(json!({"what": what, "owner": owner, "deadline": deadline, "done_when": done_when}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_has_four_parts_and_the_last_may_have_bars() {
        let read = item("retry less | kim | 2026-12-24 | a | b").unwrap();
        assert_eq!((&read["what"], &read["done_when"]), (&json!("retry less"), &json!("a | b")));
        assert_eq!(item("retry less | kim").unwrap_err().field.as_deref(), Some("--item"));
    }
}
