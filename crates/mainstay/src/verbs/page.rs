//! `mainstay page`, `pages` and `ack`: tell somebody, see who was told, and answer.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use kernel::{Refusal, codes};
use serde::Deserialize;
use serde_json::json;

use super::Session;
use crate::output::{Printer, Table, Tone, read, short};

pub(crate) const PAGE_HELP: &str = "\
Whoever is on call for the owner is told, by what they chose for themselves, and then the next, until somebody answers.

Examples:
  mainstay page checkout --title 'Refunds look wrong'
  mainstay page group:payments --title 'Please call the bank back' --urgency low";
pub(crate) const PAGES_HELP: &str = "\
The exit code is 1 if --unanswered finds any.

Examples:
  mainstay pages
  mainstay pages --unanswered
  mainstay pages 7";
pub(crate) const ACK_HELP: &str = "\
Nobody else is told of an acknowledged page, and its incident is taken on in your name.

Examples:
  mainstay ack
  mainstay ack 7
  mainstay ack 7 --reason 'on it'";

/// Whom to tell of what.
#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// A service (its owner is paged) or a team (`group:payments`)
    about: String,
    /// What is wrong, in one line
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// Whether it wakes people
    #[arg(long, value_enum, default_value = "high")]
    urgency: Urgency,
}

/// How urgent a page is.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Urgency {
    /// It wakes people
    High,
    /// It may wait for the hours of the policy
    Low,
}

/// Which pages.
#[derive(Debug, Args)]
pub(crate) struct PagesArgs {
    /// One page, with its log
    number: Option<u64>,
    /// Only those that nobody has answered
    #[arg(long, conflicts_with = "number")]
    unanswered: bool,
}

/// What to answer.
#[derive(Debug, Args)]
pub(crate) struct AckArgs {
    /// The page's number; the newest unanswered one that reached you if left out
    number: Option<u64>,
    /// Why: shown on the timeline
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pages {
    items: Vec<Page>,
}

#[derive(Debug, Deserialize)]
struct Page {
    number: u64,
    state: String,
    title: String,
    subject: String,
    opened: Timestamp,
    told: Vec<String>,
    escalates: Option<Timestamp>,
    explained: Vec<String>,
    #[serde(default)]
    log: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Line {
    at: Timestamp,
    words: String,
    loud: bool,
}

/// Pages somebody.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn page(args: PageArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let urgency = match args.urgency {
        Urgency::High => "high",
        Urgency::Low => "low",
    };
    session.carry_out(&["pages"], &json!({"about": args.about, "title": args.title, "urgency": urgency})).await
}

/// Lists pages, or shows one.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn pages(args: PagesArgs, session: &Session) -> Result<ExitCode, Refusal> {
    if let Some(number) = args.number {
        let answer = session.client.get(&["pages", &number.to_string()], &[]).await?;
        session.out.show(answer, |page: Page| one(&session.out, &page))?;
        return Ok(ExitCode::SUCCESS);
    }
    let query: &[(&str, &str)] = if args.unanswered { &[("state", "unanswered")] } else { &[] };
    let answer = session.client.get(&["pages"], query).await?;
    let any = answer.pointer("/items/0").is_some();
    session.out.show(answer, |pages: Pages| table(&session.out, &pages.items))?;
    Ok(if args.unanswered && any { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Answers a page.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn ack(args: AckArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let number = match args.number {
        Some(number) => number,
        None => newest_of_mine(session).await?,
    };
    let number = number.to_string();
    session.carry_out(&["pages", &number, "acknowledge"], &json!({"reason": args.reason})).await
}

/// The newest unanswered page that reached whoever asks.
async fn newest_of_mine(session: &Session) -> Result<u64, Refusal> {
    let answer = session.client.list(&["pages"], &[("state", "unanswered"), ("person", "me")], 500).await?;
    let mine: Vec<Page> = read(answer)?;
    mine.iter().map(|page| page.number).max().ok_or_else(|| {
        Refusal::new(&codes::NOT_FOUND, "no page waits for your answer")
            .fix("name one: `mainstay pages --unanswered` has them all")
    })
}

fn table(out: &Printer, pages: &[Page]) -> String {
    let mut table = Table::new(&["page", "state", "opened", "told", "escalates", "what"]);
    for page in pages {
        let told: Vec<&str> = page.told.iter().map(|person| short(person)).collect();
        let told = if told.is_empty() { "nobody yet".to_owned() } else { told.join(", ") };
        let escalates = page.escalates.map_or_else(String::new, |at| out.when(at));
        table.row([
            page.number.to_string(),
            out.toned(tone(&page.state), &page.state),
            out.when(page.opened),
            told,
            escalates,
            page.title.clone(),
        ]);
    }
    table.or("Nobody was paged.")
}

fn tone(state: &str) -> Tone {
    match state {
        "open" | "unanswered" => Tone::Bad,
        "acknowledged" => Tone::Good,
        _ => Tone::Quiet,
    }
}

fn one(out: &Printer, page: &Page) -> String {
    let mut words =
        format!("{} {}  {}\n", out.toned(tone(&page.state), &page.state), page.number, out.strong(&page.title));
    words.push_str(&format!("  about {}\n  {}\n", short(&page.subject), page.explained.join(" ")));
    for line in &page.log {
        let said = if line.loud { out.toned(Tone::Bad, &line.words) } else { line.words.clone() };
        words.push_str(&format!("  {}  {said}\n", out.when(line.at)));
    }
    words.trim_end().to_owned()
}
