//! `mainstay status-page`: list, show, publish, schedule, update, retract, restore, set, clear.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use kernel::{Refusal, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Session, times};
use crate::output::{Printer, Table, Tone};

pub(crate) const HELP: &str = "\
Whatever is published here everybody can read, from the next second on. PAGE is `main` unless you say --page.

Examples:
  mainstay status-page list
  mainstay status-page publish --title 'Payments fail' --text 'We are looking into it.' --component checkout=major_outage
  mainstay status-page update 0197 --status resolved --text 'It works again.'
  mainstay status-page schedule --title 'Database move' --text '…' --from 2026-11-20T22:00:00Z --to 2026-11-21T00:00:00Z
  mainstay status-page set checkout --status degraded_performance --for 4h --reason 'one provider is slow'";

/// What to do with status pages.
#[derive(Debug, Args)]
pub(crate) struct StatusPageArgs {
    /// Which page
    #[arg(long, global = true, default_value = "main", value_name = "NAME")]
    page: String,
    #[command(subcommand)]
    verb: StatusPageVerb,
}

#[derive(Debug, Subcommand)]
enum StatusPageVerb {
    /// List the pages
    #[command(after_help = "Example: mainstay status-page list")]
    List,
    /// Show a page with what is published on it
    #[command(after_help = "Example: mainstay status-page show --open")]
    Show {
        /// Only what is not over
        #[arg(long)]
        open: bool,
    },
    /// Publish an incident
    #[command(after_help = "Example: mainstay status-page publish --template provider --incident 12")]
    Publish {
        #[command(flatten)]
        said: Said,
        /// investigating, identified, monitoring or resolved
        #[arg(long, value_name = "WORD")]
        status: Option<String>,
        /// none, minor, major or critical; as bad as the worst component if left out
        #[arg(long, value_name = "WORD")]
        impact: Option<String>,
        /// The number of the internal incident; the public doesn't see it
        #[arg(long, value_name = "NUMBER")]
        incident: Option<u64>,
        /// One of the page's templates, which fills in what is left out
        #[arg(long, value_name = "NAME")]
        template: Option<String>,
    },
    /// Announce a maintenance; it begins and ends by itself
    #[command(
        after_help = "Example: mainstay status-page schedule --title 'Database move' --text 'Read-only.' --from 2d --to 51h"
    )]
    Schedule {
        #[command(flatten)]
        said: Said,
        /// When it begins: a time, or a span from now
        #[arg(long, value_name = "TIME")]
        from: String,
        /// When it ends: a time, or a span from now
        #[arg(long, value_name = "TIME")]
        to: String,
    },
    /// Post an update
    #[command(after_help = "Example: mainstay status-page update 0197 --status monitoring --text 'A fix is out.'")]
    Update {
        /// The id of the incident or maintenance, or its beginning
        id: String,
        /// What the public is told
        #[arg(long, value_name = "TEXT")]
        text: String,
        /// Where it stands since; as before if left out
        #[arg(long, value_name = "WORD")]
        status: Option<String>,
        /// How bad it is since
        #[arg(long, value_name = "WORD")]
        impact: Option<String>,
        /// How a component is since: its id and a status
        #[arg(long, value_name = "ID=STATUS")]
        component: Vec<String>,
        /// Tell no subscribers
        #[arg(long)]
        quiet: bool,
        /// Why: on the timeline; the public doesn't see it
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Take an incident or maintenance from the page: it was published by mistake
    #[command(after_help = "Example: mainstay status-page retract 0197 --reason 'wrong page'")]
    Retract {
        /// Its id, or its beginning
        id: String,
        /// Why: on the timeline; the public doesn't see it
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Put back what was retracted
    #[command(after_help = "Example: mainstay status-page restore 0197")]
    Restore {
        /// Its id, or its beginning
        id: String,
        /// Why: on the timeline; the public doesn't see it
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Set a component's status by hand, for a while
    #[command(
        after_help = "Example: mainstay status-page set checkout --status operational --for 2h --reason 'false alarm'"
    )]
    Set {
        /// The component's id on the page
        component: String,
        /// operational, degraded_performance, partial_outage, major_outage or under_maintenance
        #[arg(long, value_name = "WORD")]
        status: String,
        /// For how long, or until when: 90 days at most
        #[arg(long = "for", value_name = "TIME")]
        until: String,
        /// Why: on the timeline; the public doesn't see it
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Show of a component what is measured again
    #[command(after_help = "Example: mainstay status-page clear checkout")]
    Clear {
        /// The component's id on the page
        component: String,
        /// Why: on the timeline; the public doesn't see it
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// What is said, and of what.
#[derive(Debug, Args)]
struct Said {
    /// The public title
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// What the public is told
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// What is affected: the component's id, and how it is (partial_outage if left out)
    #[arg(long, value_name = "ID[=STATUS]")]
    component: Vec<String>,
    /// Tell no subscribers
    #[arg(long)]
    quiet: bool,
    /// Why: on the timeline; the public doesn't see it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pages {
    items: Vec<Page>,
}

#[derive(Debug, Deserialize)]
struct Page {
    name: String,
    title: String,
    public: bool,
    url: String,
    description: String,
    components: Vec<Component>,
    open: usize,
    subscribers: usize,
}

#[derive(Debug, Deserialize)]
struct Component {
    id: String,
    name: String,
    status: String,
    set_until: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct Report {
    id: String,
    title: String,
    status: String,
    impact: String,
    retracted: bool,
    updates: Vec<Update>,
}

#[derive(Debug, Deserialize)]
struct Update {
    at: Timestamp,
    status: String,
    text: String,
}

/// How many incidents are looked through for an id.
const LOOKED_AT: usize = 500;

/// Lists, shows, publishes or changes.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: StatusPageArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let page = args.page.as_str();
    let base = ["status-pages", page];
    let now = session.out.now();
    match args.verb {
        StatusPageVerb::List => {
            let answer = session.client.get(&["status-pages"], &[]).await?;
            session.out.show(answer, |pages: Pages| table(&session.out, &pages.items))?;
            Ok(ExitCode::SUCCESS)
        }
        StatusPageVerb::Show { open } => show(page, open, session).await,
        StatusPageVerb::Publish { said, status, impact, incident, template } => {
            let mut body = said.body()?;
            let more = json!({"status": status, "impact": impact, "incident": incident, "template": template});
            merge(&mut body, more);
            session.carry_out(&[base[0], base[1], "incidents"], &body).await
        }
        StatusPageVerb::Schedule { said, from, to } => {
            let mut body = said.body()?;
            let (from, to) = (times::future("--from", &from, now)?, times::future("--to", &to, now)?);
            merge(&mut body, json!({"scheduled_for": from, "scheduled_until": to}));
            session.carry_out(&[base[0], base[1], "incidents"], &body).await
        }
        StatusPageVerb::Update { id, text, status, impact, component, quiet, reason } => {
            let components = if component.is_empty() { None } else { Some(components(&component)?) };
            let id = whole(page, &id, session).await?;
            let body = json!({
                "text": text, "status": status, "impact": impact, "components": components, "notify": !quiet,
                "reason": reason,
            });
            session.carry_out(&[base[0], base[1], "incidents", &id, "updates"], &body).await
        }
        StatusPageVerb::Retract { id, reason } => {
            let id = whole(page, &id, session).await?;
            session.carry_out(&[base[0], base[1], "incidents", &id, "retract"], &json!({"reason": reason})).await
        }
        StatusPageVerb::Restore { id, reason } => {
            let id = whole(page, &id, session).await?;
            session.carry_out(&[base[0], base[1], "incidents", &id, "restore"], &json!({"reason": reason})).await
        }
        StatusPageVerb::Set { component, status, until, reason } => {
            let until = times::future("--for", &until, now)?;
            let body = json!({"status": status, "until": until, "reason": reason});
            session.carry_out(&[base[0], base[1], "components", &component, "status"], &body).await
        }
        StatusPageVerb::Clear { component, reason } => {
            let body = json!({"reason": reason});
            session.carry_out(&[base[0], base[1], "components", &component, "clear"], &body).await
        }
    }
}

impl Said {
    fn body(&self) -> Result<Value, Refusal> {
        Ok(json!({
            "title": self.title, "text": self.text, "components": components(&self.component)?, "notify": !self.quiet,
            "reason": self.reason,
        }))
    }
}

fn merge(body: &mut Value, more: Value) {
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
}

fn components(given: &[String]) -> Result<Vec<Value>, Refusal> {
    let one = |text: &String| match text.split_once('=') {
        Some(("", _)) => {
            Err(Refusal::new(&codes::INVALID, "a component has an id").field("--component").fix("write ID=STATUS"))
        }
        Some((id, status)) => Ok(json!({"id": id, "status": status})),
        None => Ok(json!({"id": text})),
    };
    given.iter().map(one).collect()
}

/// The whole id of what begins so.
async fn whole(page: &str, beginning: &str, session: &Session) -> Result<String, Refusal> {
    let answer = session.client.list(&["status-pages", page, "incidents"], &[], LOOKED_AT).await?;
    let reports: Vec<Report> = crate::output::read(answer)?;
    let mut found = reports.iter().filter(|report| report.id.starts_with(beginning) && !beginning.is_empty());
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.id.clone()),
        (Some(_), Some(_)) => {
            let refusal = Refusal::new(&codes::INVALID, format!("more than one id begins with {beginning}"));
            Err(refusal.field("ID").fix("write more of it"))
        }
        (None, _) => {
            let refusal = Refusal::new(&codes::NOT_FOUND, format!("no id on {page} begins with \"{beginning}\""));
            Err(refusal.fix("`mainstay status-page show` has them"))
        }
    }
}

async fn show(page: &str, open: bool, session: &Session) -> Result<ExitCode, Refusal> {
    let mut answer = session.client.get(&["status-pages", page], &[]).await?;
    let query: &[(&str, &str)] = if open { &[("state", "open")] } else { &[] };
    let reports = session.client.list(&["status-pages", page, "incidents"], query, 50).await?;
    if session.out.is_json() {
        merge(&mut answer, json!({"incidents": reports}));
        session.out.json(&answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    let reports: Vec<Report> = crate::output::read(reports)?;
    session.out.show(answer, |page: Page| one(&session.out, &page, &reports))?;
    Ok(ExitCode::SUCCESS)
}

fn table(out: &Printer, pages: &[Page]) -> String {
    let mut table = Table::new(&["page", "public", "status", "open", "subscribers", "address"]);
    for page in pages {
        table.row([
            page.name.clone(),
            if page.public { "yes" } else { "no" }.to_owned(),
            out.toned(tone_of(page), &page.description),
            page.open.to_string(),
            page.subscribers.to_string(),
            page.url.clone(),
        ]);
    }
    table.or("No status page is declared.")
}

fn tone_of(page: &Page) -> Tone {
    let worst = page.components.iter().map(|component| tone(&component.status));
    if worst.clone().any(|tone| matches!(tone, Tone::Bad)) {
        Tone::Bad
    } else if page.components.iter().all(|component| component.status == "operational") && page.open == 0 {
        Tone::Good
    } else {
        Tone::Quiet
    }
}

fn tone(status: &str) -> Tone {
    match status {
        "operational" => Tone::Good,
        "partial_outage" | "major_outage" => Tone::Bad,
        _ => Tone::Quiet,
    }
}

fn one(out: &Printer, page: &Page, reports: &[Report]) -> String {
    let mut words =
        format!("{}  {}\n  {}\n", out.strong(&page.title), out.toned(tone_of(page), &page.description), page.url);
    for component in &page.components {
        let set = component.set_until.map(|until| format!(", set by hand until {}", out.when(until)));
        let state = out.toned(tone(&component.status), &component.status);
        let (id, name, set) = (&component.id, &component.name, set.unwrap_or_default());
        words.push_str(&format!("  {state}  {name} ({id}){set}\n"));
    }
    for report in reports {
        let retracted = if report.retracted { ", retracted" } else { "" };
        let (id, title) = (&report.id, out.strong(&report.title));
        words.push_str(&format!("\n{title}  {}, impact {}{retracted}\n  {id}\n", report.status, report.impact));
        for update in report.updates.iter().rev() {
            words.push_str(&format!("  {}  {}: {}\n", out.when(update.at), update.status, update.text));
        }
    }
    words.trim_end().to_owned()
}
