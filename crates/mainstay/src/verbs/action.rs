//! `mainstay action`: promises: list, show, promise, and what becomes of them.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use kernel::{EntityRef, RefDefaults, Refusal, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Session;
use crate::output::{Printer, Table, Tone, short};

pub(crate) const HELP: &str = "\
`list` shows what is late first. Its exit code is 1 if any of what it shows is late.
A token is no person: say whose promise, list or decision it is by --owner, --person and --by.

Examples:
  mainstay action list --person kim
  mainstay action promise 'Watch the checkout' --about checkout --owner kim --until 2026-12-01 --done-when check-up=buy
  mainstay action done 7 --note 'merged' --link https://git.example/pull/4
  mainstay action deprioritise 7 --reason 'the shop closes' --by kim";

const PROMISE_HELP: &str = "\
What Mainstay sees by itself, nobody has to say:
  --done-when check-up=CHECK              the check exists and is green
  --done-when check-exists=CHECK          the check exists
  --done-when flag-gone=FLAG              the flag is removed
  --done-when alert-fires=ENTITY          an alert about it fires
  --done-when depends-on=ENTITY,ENTITY    the catalog says that one depends on the other
  --done-when document-changed=ENTITY     its docs or description change; with ,PAGE that page of them
  --done-when contract-verified=CONSUMER,PROVIDER
  --done-when owned=ENTITY                it has an owner

Example: mainstay action promise 'Remove the old checkout' --about checkout --owner kim --until 2026-12-01 --done-when flag-gone=old-checkout";

/// What to do with promises.
#[derive(Debug, Args)]
pub(crate) struct ActionArgs {
    #[command(subcommand)]
    verb: ActionVerb,
}

#[derive(Debug, Subcommand)]
enum ActionVerb {
    /// List promises
    #[command(after_help = "Example: mainstay action list --team payments --state late")]
    List {
        /// Only yours, and what was escalated to you; a token, which is no person, needs --person
        #[arg(long, conflicts_with = "person")]
        mine: bool,
        /// Only this person's, and what was escalated to them
        #[arg(long, value_name = "NAME")]
        person: Option<String>,
        /// Only this team's
        #[arg(long, value_name = "NAME")]
        team: Option<String>,
        /// unfinished (if left out), late, open, escalated, done, deprioritised or all
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        /// post-mortem, retrospective, finding or by-hand
        #[arg(long, value_name = "SOURCE")]
        source: Option<String>,
    },
    /// Show one with its log
    #[command(after_help = "Example: mainstay action show 7")]
    Show {
        /// Its number
        number: u64,
    },
    /// Promise something
    #[command(after_help = PROMISE_HELP)]
    Promise(PromiseArgs),
    /// Say that it was done, and where that can be seen
    #[command(after_help = "Example: mainstay action done 7 --note 'merged' --link https://git.example/pull/4")]
    Done {
        /// Its number
        number: u64,
        /// What was done
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
        /// The https address of the change, the document or the ticket
        #[arg(long, value_name = "URL", default_value = "")]
        link: String,
    },
    /// Decide that it isn't to be done, under a person's name
    #[command(after_help = "Example: mainstay action deprioritise 7 --reason 'the shop closes' --by kim")]
    Deprioritise {
        /// Its number
        number: u64,
        /// Why: everybody sees it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Whose decision it is, where a token hands it in, which takes the scope admin
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Give it to somebody else
    #[command(after_help = "Example: mainstay action reassign 7 --to kim")]
    Reassign {
        /// Its number
        number: u64,
        /// Who does it
        #[arg(long, value_name = "NAME")]
        to: String,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Put the deadline off, once
    #[command(after_help = "Example: mainstay action postpone 7 --until 2026-12-15 --reason 'waits for the vendor'")]
    Postpone {
        /// Its number
        number: u64,
        /// The new deadline
        #[arg(long, value_name = "DAY")]
        until: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Reopen what was done or decided against
    #[command(after_help = "Example: mainstay action reopen 7 --reason 'it was reverted'")]
    Reopen {
        /// Its number
        number: u64,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Debug, Args)]
struct PromiseArgs {
    /// What, in one line
    what: String,
    /// What it is about: a component by its name, or anything as kind:name
    #[arg(long, value_name = "ENTITY")]
    about: String,
    /// Until when: a day, or a time
    #[arg(long, value_name = "DAY")]
    until: String,
    /// Who does it; needed with a token, which is no person
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Whose calendar counts; the owner's team if left out
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// How one can tell; your word with a link, if left out
    #[arg(long, value_name = "CONDITION")]
    done_when: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Item {
    number: u64,
    state: String,
    late: bool,
    what: String,
    why: String,
    subject: String,
    owner: String,
    team: Option<String>,
    deadline: Timestamp,
    escalates: Timestamp,
    escalated_to: Vec<String>,
    done_when_words: String,
    seen: Option<String>,
    reason: Option<String>,
    #[serde(default)]
    log: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Line {
    at: Timestamp,
    by: By,
    words: String,
}

#[derive(Debug, Deserialize)]
struct By {
    name: String,
}

/// Does what the verb says.
///
/// # Errors
/// What the server refuses, or a condition that can't be read.
pub(crate) async fn run(args: ActionArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let act = |number: u64, verb: &str| ["actions".to_owned(), number.to_string(), verb.to_owned()];
    let (path, body) = match args.verb {
        ActionVerb::List { mine, person, team, state, source } => {
            let person = if mine { Some("me".to_owned()) } else { person };
            let all = [("person", person), ("team", team), ("state", state), ("source", source)];
            return list(
                &all.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect::<Vec<_>>(),
                session,
            )
            .await;
        }
        ActionVerb::Show { number } => {
            let answer = session.client.get(&["actions", &number.to_string()], &[]).await?;
            session.out.show(answer, |item: Item| one(&session.out, &item))?;
            return Ok(ExitCode::SUCCESS);
        }
        ActionVerb::Promise(args) => {
            let PromiseArgs { what, about, until, owner, team, why, done_when } = args;
            let body = json!({
                "what": what, "subject": about, "deadline": until, "owner": owner.unwrap_or_default(),
                "team": team.unwrap_or_default(), "why": why.unwrap_or_default(),
                "done_when": done_when.map_or_else(|| Ok(json!({"kind": "word"})), |text| condition(&text))?,
            });
            return session.carry_out(&["actions"], &body).await;
        }
        ActionVerb::Done { number, note, link } => (act(number, "done"), json!({"note": note, "link": link})),
        ActionVerb::Deprioritise { number, reason, by } => {
            (act(number, "deprioritise"), json!({"reason": reason, "by": by}))
        }
        ActionVerb::Reassign { number, to, reason } => {
            (act(number, "reassign"), json!({"owner": to, "reason": reason}))
        }
        ActionVerb::Postpone { number, until, reason } => {
            (act(number, "postpone"), json!({"deadline": until, "reason": reason}))
        }
        ActionVerb::Reopen { number, reason } => (act(number, "reopen"), json!({"reason": reason})),
    };
    session.carry_out(&path.each_ref().map(String::as_str), &body).await
}

/// `check-up=buy`, `depends-on=checkout,ledger`: as the API has it.
fn condition(text: &str) -> Result<Value, Refusal> {
    let wrong = |detail: String| {
        let fix = "such as check-up=buy or flag-gone=old-checkout; `mainstay action promise --help` has all";
        Refusal::new(&codes::INVALID, detail).field("--done-when").fix(fix)
    };
    let (kind, rest) = text.split_once('=').unwrap_or((text, ""));
    let (first, second) = rest.split_once(',').map_or((rest, None), |(first, second)| (first, Some(second)));
    let of = |text: &str, kind: &'static str| {
        let defaults = RefDefaults { kind: Some(kind), namespace: EntityRef::DEFAULT_NAMESPACE };
        EntityRef::parse(text, defaults).map_err(|error| wrong(error.to_string()))
    };
    let both = |kind: &'static str| {
        let second = second.ok_or_else(|| wrong(format!("\"{text}\" names one entity; it takes two")))?;
        Ok::<_, Refusal>((of(first, kind)?, of(second, kind)?))
    };
    Ok(match kind {
        "word" => json!({"kind": "word"}),
        "check-up" => json!({"kind": "check_up", "check": of(first, "check")?}),
        "check-exists" => json!({"kind": "check_exists", "check": of(first, "check")?}),
        "flag-gone" => json!({"kind": "flag_gone", "flag": of(first, "flag")?}),
        "alert-fires" => json!({"kind": "alert_fires", "entity": of(first, "component")?}),
        "document-changed" => json!({"kind": "document_changed", "entity": of(first, "component")?, "path": second}),
        "owned" => json!({"kind": "owned", "entity": of(first, "component")?}),
        "depends-on" => {
            let (from, to) = both("component")?;
            json!({"kind": "depends_on", "from": from, "to": to})
        }
        "contract-verified" => {
            let (consumer, provider) = both("component")?;
            json!({"kind": "contract_verified", "consumer": consumer, "provider": provider})
        }
        _ => return Err(wrong(format!("\"{kind}\" is no condition"))),
    })
}

/// Items that are listed at most.
const LISTED: usize = 500;

async fn list(query: &[(&str, &str)], session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["actions"], query, LISTED).await?;
    let any_late = answer.as_array().is_some_and(|items| items.iter().any(|item| item["late"] == true));
    session.out.show(answer, |items: Vec<Item>| table(&session.out, &items))?;
    Ok(if any_late { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn word(item: &Item) -> (Tone, &str) {
    match item.state.as_str() {
        "open" if item.late => (Tone::Bad, "late"),
        "open" => (Tone::Quiet, "open"),
        "escalated" => (Tone::Bad, "escalated"),
        "done" => (Tone::Good, "done"),
        other => (Tone::Quiet, other),
    }
}

fn table(out: &Printer, items: &[Item]) -> String {
    let mut table = Table::new(&["action", "state", "owner", "deadline", "about", "what"]);
    for item in items {
        let (tone, word) = word(item);
        table.row([
            item.number.to_string(),
            out.toned(tone, word),
            short(&item.owner).to_owned(),
            out.when(item.deadline),
            short(&item.subject).to_owned(),
            item.what.clone(),
        ]);
    }
    table.or("No promise is like that.")
}

fn one(out: &Printer, item: &Item) -> String {
    let (tone, word) = word(item);
    let mut text = format!("{} {}  {}\n", out.toned(tone, word), item.number, out.strong(&item.what));
    let mut add = |name: &str, value: String| text.push_str(&format!("  {name:<10}{value}\n"));
    add("about", short(&item.subject).to_owned());
    let team = item.team.as_deref().map(|team| format!(" ({})", short(team))).unwrap_or_default();
    add("owner", format!("{}{team}", short(&item.owner)));
    add("deadline", out.when(item.deadline));
    match item.state.as_str() {
        "escalated" => {
            let to: Vec<&str> = item.escalated_to.iter().map(|person| short(person)).collect();
            add("to", if to.is_empty() { "nobody: nobody leads".to_owned() } else { to.join(", ") });
        }
        "open" => add("escalates", out.when(item.escalates)),
        _ => {}
    }
    add("done when", item.done_when_words.clone());
    if let Some(seen) = &item.seen {
        add("seen", seen.clone());
    }
    if let Some(reason) = &item.reason {
        add("because", reason.clone());
    }
    if !item.why.trim().is_empty() {
        add("why", item.why.trim().to_owned());
    }
    for line in &item.log {
        text.push_str(&format!("  {}  {}: {}\n", out.when(line.at), line.by.name, line.words));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_read_with_the_kind_that_it_is_about() {
        let read = |text: &str| condition(text).map_err(|refusal| refusal.detail);
        assert_eq!(read("check-up=buy").unwrap(), json!({"kind": "check_up", "check": "check:default/buy"}));
        assert_eq!(
            read("depends-on=checkout,resource:db").unwrap(),
            json!({"kind": "depends_on", "from": "component:default/checkout", "to": "resource:default/db"})
        );
        let page = json!({"kind": "document_changed", "entity": "component:default/shop", "path": "runbook.md"});
        assert_eq!(read("document-changed=shop,runbook.md").unwrap(), page);
        assert!(read("depends-on=checkout").unwrap_err().contains("takes two"));
        assert!(read("magic=x").unwrap_err().contains("is no condition"));
        assert!(read("check-up").is_err());
    }
}
