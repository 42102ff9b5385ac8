//! `mainstay get`: lists of every noun, and one entity.

use std::process::ExitCode;

use clap::Args;
use kernel::{EntityRef, Refusal, closest, codes};
use serde::Deserialize;
use serde_json::Value;

use super::{Session, check, flag, incident, on_call, probe, token};
use crate::{
    answers::{Deployment, Finding},
    output::{Printer, Table, Tone, add, short},
};

pub(crate) const HELP: &str = "\
Lists: services, entities, apis, resources, systems, domains, groups, users,
       flags, checks, probes, incidents, deployments, findings, on-call, tokens
One entity is named by its reference; \"payments\" alone means component:default/payments.

Examples:
  mainstay get services
  mainstay get services --match pay
  mainstay get component:payments -o json
  mainstay get deployments --limit 10";

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// A list, or entities by their references
    #[arg(required = true, value_name = "LIST|ENTITY")]
    what: Vec<String>,
    /// Only entities in which these words occur
    #[arg(long = "match", value_name = "WORDS")]
    words: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    limit: usize,
}

/// Lists of entities, and the kind that each has.
const KINDS: &[(&str, Option<&str>)] = &[
    ("services", Some("component")),
    ("components", Some("component")),
    ("entities", None),
    ("apis", Some("api")),
    ("resources", Some("resource")),
    ("systems", Some("system")),
    ("domains", Some("domain")),
    ("groups", Some("group")),
    ("teams", Some("group")),
    ("users", Some("user")),
    ("people", Some("user")),
    ("locations", Some("location")),
    ("templates", Some("template")),
    ("rotations", Some("rotation")),
];
/// The other lists.
const LISTS: &[&str] = &["flags", "checks", "probes", "incidents", "deployments", "findings", "on-call", "tokens"];

/// Shows it.
///
/// # Errors
/// What the server refuses, or a name that is neither a list nor an entity.
pub(crate) async fn run(args: GetArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let mut worst = ExitCode::SUCCESS;
    for what in &args.what {
        if one(what, &args, session).await? != ExitCode::SUCCESS {
            worst = ExitCode::FAILURE;
        }
    }
    Ok(worst)
}

async fn one(what: &str, args: &GetArgs, session: &Session) -> Result<ExitCode, Refusal> {
    if let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == what) {
        return entities(*kind, args, session).await;
    }
    match what {
        "flags" => flag::list(&flag::ListArgs::default(), session).await,
        "checks" => check::list(session).await,
        "probes" => probe::list(session).await,
        "incidents" => incident::list(false, args.limit, session).await,
        "deployments" => deployments(args.limit, session).await,
        "findings" => findings(args.limit, session).await,
        "on-call" => on_call::run(on_call::OnCallArgs::default(), session).await,
        "tokens" => token::list(session).await,
        what => named(what, session).await,
    }
}

/// One thing by its reference. Flags, checks and incidents have references too.
async fn named(what: &str, session: &Session) -> Result<ExitCode, Refusal> {
    let reference = on_call::reference(what)?;
    match reference.kind() {
        "flag" => flag::show(reference.short(), session).await,
        "check" => check::show(reference.short(), session).await,
        "incident" => match reference.name().parse() {
            Ok(number) => incident::show(Some(number), false, incident::Format::Terminal, session).await,
            Err(_) => Err(Refusal::new(&codes::INVALID, format!("\"{what}\": an incident has a number"))),
        },
        _ => entity(what, &reference, session).await,
    }
}

async fn entity(what: &str, reference: &EntityRef, session: &Session) -> Result<ExitCode, Refusal> {
    let path = ["entities", reference.kind(), reference.namespace(), reference.name()];
    let answer = session.client.get(&path, &[]).await.map_err(|refusal| {
        if refusal.code != &codes::NOT_FOUND {
            return refusal;
        }
        let lists = KINDS.iter().map(|(name, _)| *name).chain(LISTS.iter().copied());
        match closest(what, lists) {
            Some(list) => refusal.fix(format!("did you mean the list \"{list}\"?")),
            None => refusal.fix("`mainstay get entities` has them all"),
        }
    })?;
    session.out.show(answer, |entity: Entity| text(&session.out, reference, &entity))?;
    Ok(ExitCode::SUCCESS)
}

/// An entity in Backstage's form, as far as it is printed.
#[derive(Debug, Deserialize)]
struct Entity {
    kind: String,
    metadata: Metadata,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    relations: Vec<Relation>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    name: String,
    namespace: Option<String>,
    title: Option<String>,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Debug, Deserialize)]
struct Link {
    url: String,
    title: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relation {
    r#type: String,
    target_ref: String,
}

impl Entity {
    fn spec(&self, key: &str) -> &str {
        self.spec.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn name(&self) -> String {
        match self.metadata.namespace.as_deref() {
            None | Some(EntityRef::DEFAULT_NAMESPACE) => self.metadata.name.clone(),
            Some(namespace) => format!("{namespace}/{}", self.metadata.name),
        }
    }

    fn related(&self, by: &str) -> Vec<&str> {
        self.relations.iter().filter(|relation| relation.r#type == by).map(|one| short(&one.target_ref)).collect()
    }

    /// Kinds that somebody should own: for these, nobody is a gap.
    fn is_owned(&self) -> bool {
        matches!(self.kind.as_str(), "Component" | "API" | "Resource" | "System" | "Domain")
    }
}

fn text(out: &Printer, reference: &EntityRef, entity: &Entity) -> String {
    let Metadata { title, description, tags, links, .. } = &entity.metadata;
    let mut text = String::new();
    add(&mut text, format!("{}  {reference}", out.strong(title.as_deref().unwrap_or(&entity.metadata.name))));
    if let Some(description) = description {
        add(&mut text, description.trim_end());
    }
    for key in ["type", "lifecycle"] {
        if !entity.spec(key).is_empty() {
            add(&mut text, format!("  {key:<14}{}", entity.spec(key)));
        }
    }
    if entity.is_owned() && entity.related("ownedBy").is_empty() {
        add(&mut text, format!("  {:<14}{}", "ownedBy", out.toned(Tone::Bad, "nobody")));
    }
    let mut kinds: Vec<&str> = Vec::new();
    for relation in &entity.relations {
        if !kinds.contains(&relation.r#type.as_str()) {
            kinds.push(&relation.r#type);
        }
    }
    for kind in kinds {
        add(&mut text, format!("  {kind:<14}{}", entity.related(kind).join(", ")));
    }
    if !tags.is_empty() {
        add(&mut text, format!("  {:<14}{}", "tags", tags.join(", ")));
    }
    for link in links {
        add(&mut text, format!("  {:<14}{}  {}", "link", link.title.as_deref().unwrap_or_default(), link.url));
    }
    text
}

async fn entities(kind: Option<&str>, args: &GetArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let filter = kind.map(|kind| format!("kind={kind}"));
    let mut query: Vec<(&str, &str)> = filter.iter().map(|filter| ("filter", filter.as_str())).collect();
    query.extend(args.words.as_deref().map(|words| ("fullTextFilterTerm", words)));
    let answer = session.client.entities(&query, args.limit).await?;
    session.out.show(answer, |entities: Vec<Entity>| {
        let first = if kind.is_some() { "name" } else { "entity" };
        let mut table = Table::new(&[first, "type", "lifecycle", "owner", "description"]);
        for entity in &entities {
            let name = match kind {
                Some(_) => entity.name(),
                None => format!("{}:{}", entity.kind.to_lowercase(), entity.name()),
            };
            let description = entity.metadata.description.as_deref().unwrap_or_default();
            let description = description.lines().next().unwrap_or_default().to_owned();
            let (sort, lifecycle) = (entity.spec("type").to_owned(), entity.spec("lifecycle").to_owned());
            table.row([name, sort, lifecycle, owner(&session.out, entity), description]);
        }
        table.or("There is none. Declare it in a catalog folder, then use `mainstay apply DIR`.")
    })?;
    Ok(ExitCode::SUCCESS)
}

fn owner(out: &Printer, entity: &Entity) -> String {
    let owners = entity.related("ownedBy");
    match owners.is_empty() && entity.is_owned() {
        true => out.toned(Tone::Bad, "nobody"),
        false => owners.join(", "),
    }
}

async fn deployments(limit: usize, session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["deployments"], &[], limit).await?;
    session.out.show(answer, |deployments: Vec<Deployment>| {
        let mut table = Table::new(&["when", "component", "environment", "what", "state", "event"]);
        for Deployment { component, environment, event, at, version, outcome, changed, live } in &deployments {
            let what = version.clone().unwrap_or_else(|| format!("config: {}", changed.join(", ")));
            let state = match outcome.as_deref() {
                Some("failed") => session.out.state("failed"),
                Some(_) if *live => session.out.toned(Tone::Good, "live"),
                Some(_) | None => String::new(),
            };
            let component = short(component).to_owned();
            table.row([session.out.ago(*at), component, environment.clone(), what, state, event.clone()]);
        }
        table.or("Nothing was deployed yet: CI tells by `mainstay deploy COMPONENT VERSION`.")
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn findings(limit: usize, session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["findings"], &[], limit).await?;
    session.out.show(answer, |findings: Vec<Finding>| {
        let mut table = Table::new(&["severity", "rule", "about", "what is wrong", "fix"]);
        for Finding { rule, severity, subject, message, fix } in &findings {
            let subject = subject.clone().unwrap_or_default();
            table.row([session.out.state(severity), rule.clone(), subject, message.clone(), fix.clone()]);
        }
        table.or("Nothing is wrong with the catalog.")
    })?;
    Ok(ExitCode::SUCCESS)
}
