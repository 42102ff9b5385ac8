//! `GET /flags/{namespace}/{name}`: one flag: where it is on and for whom, who reads it, what was done to it.

use ::flags::{Definition, Flag, Origin};
use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use flagd::Evaluators;
use kernel::EntityRef;
use serde::Deserialize;

use super::{
    PRODUCTION,
    chart::{self, Chart, Period},
    environment::{FlagEnvironment, short},
    environments_of,
    history::{self, Version},
    requests::{self, RequestRow},
};
use crate::{
    api::not_found,
    catalog::findings,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::{address, health, named},
    views::{Answer, Callout, Change, Cli, Empty, Link, Row, State, Tone},
};

/// One flag.
#[derive(Debug, Template)]
#[template(path = "flags/show.html")]
pub struct FlagScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Its key.
    pub key: String,
    /// What it is for.
    pub description: Option<String>,
    /// `boolean`, `release`, `declared in a file`.
    pub tags: Vec<String>,
    /// Where it is changed; none where the reader may not, or where a file says what it is.
    pub edit: Option<String>,
    /// The file and line that say what it is.
    pub declared_at: Option<String>,
    /// Where another environment gets a setting; none where the reader may not.
    pub elsewhere: Option<String>,
    /// Where one asks what somebody gets.
    pub explain: String,
    /// Owner, age, last change, last evaluation.
    pub answers: Vec<Answer>,
    /// Changes that wait for somebody or for their time.
    pub requests: Vec<RequestRow>,
    /// Where it is on and for whom, and the switch.
    pub environments: Vec<FlagEnvironment>,
    /// The environments that are not shown.
    pub others: Vec<Link>,
    /// Who got what lately.
    pub chart: Chart,
    /// The values that there are.
    pub variants: Vec<VariantRow>,
    /// The flags that must serve a certain variant for it to be on.
    pub requires: Vec<Row>,
    /// The flags that require it.
    pub required_by: Vec<Row>,
    /// The components that read it.
    pub readers: Vec<Row>,
    /// What is said where none does.
    pub no_readers: Empty,
    /// What was done to it, the latest first.
    pub changes: Vec<Change>,
    /// What is said where nothing was.
    pub no_changes: Empty,
    /// All of its definitions.
    pub history: String,
    /// What its last definitions changed, the latest first.
    pub versions: Vec<Version>,
    /// Where source code names it, per reporter.
    pub references: Vec<References>,
    /// What is said where nothing was found.
    pub no_references: Empty,
    /// What clients get with every answer.
    pub metadata: Vec<(String, String)>,
    /// The same from a terminal.
    pub commands: Vec<Cli>,
}

/// A value that it can have.
#[derive(Debug)]
pub struct VariantRow {
    /// Its name.
    pub name: String,
    /// The value, as JSON.
    pub value: String,
    /// When it is served without any rule: `while off`, `by default`.
    pub roles: Vec<&'static str>,
}

/// The places in one source that name it.
#[derive(Debug)]
pub struct References {
    /// Who reported them, such as a repository.
    pub source: String,
    /// `src/cart.ts:41`.
    pub places: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The environment of the chart.
    environment: Option<String>,
    /// How far it looks back.
    period: Option<String>,
}

/// Shows a flag.
pub async fn show(
    frame: Frame,
    Path((namespace, name)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let reference = named("flag", &namespace, &name)?;
    let flag = frame.world.flags.flag(&reference).ok_or_else(|| not_found("flag", reference.short()))?;
    let mut environments = environments(flag);
    let charted = asked.environment.filter(|asked| environments.contains(asked));
    // The one that is asked for is among those that are shown.
    environments.sort_by_key(|name| Some(name) != charted.as_ref() && name != PRODUCTION);
    let others = environments.split_off(environments.len().min(ENVIRONMENTS_MAX));
    let charted = charted.unwrap_or_else(|| PRODUCTION.to_owned());
    let period = Period::of(asked.period.as_deref(), flag, frame.now);
    let chart = chart::of(&frame, flag, &charted, &environments, period).await?;
    let home = address(&reference);
    let others = others.into_iter().map(|name| {
        let query = serde_html_form::to_string([("environment", &name)]).unwrap_or_default();
        Link::new(name, frame.href(format!("{home}?{query}")))
    });
    Ok(screen(&FlagScreen { others: others.collect(), ..of(&frame, flag, &environments, chart) }))
}

/// Environments that its screen shows; the others are linked.
const ENVIRONMENTS_MAX: usize = 12;
/// Changes of one flag that its screen shows.
const CHANGES_MAX: usize = 20;
/// Versions of one flag that its screen shows.
const VERSIONS_MAX: usize = 5;
/// Places in one source that its screen shows.
const PLACES_MAX: usize = 10;

/// The environments of a flag, `production` first, also where nothing is said about it; what holds elsewhere is last.
fn environments(flag: &Flag) -> Vec<String> {
    let mut named: Vec<String> = environments_of(flag).map(str::to_owned).collect();
    named.push(PRODUCTION.to_owned());
    named.sort();
    named.dedup();
    named.sort_by_key(|name| name != PRODUCTION);
    named
}

fn of(frame: &Frame, flag: &Flag, environments: &[String], chart: Chart) -> FlagScreen {
    let definition = &flag.definition;
    let key = definition.key().to_owned();
    let home = address(&definition.flag);
    let changes = frame.world.journal.about(&definition.flag).take(CHANGES_MAX);
    let changes: Vec<Change> = changes.map(|entry| frame.change(entry, Some(&definition.flag))).collect();
    let mut chrome = frame.chrome(&key, Place::Flags);
    chrome.remarks.extend(drift(frame, flag));
    let evaluators = Evaluators::new(&::flags::evaluators(&frame.world.flags, PRODUCTION, frame.now));
    let by_hand = definition.origin == Origin::ByHand;
    FlagScreen {
        chrome,
        description: Some(definition.description.clone()).filter(|text| !text.is_empty()),
        tags: tags(definition),
        edit: (by_hand && frame.may_write()).then(|| format!("{home}/edit")),
        declared_at: findings::declared_at(&frame.world, &definition.flag).filter(|_| !by_hand),
        elsewhere: (by_hand && frame.may_write()).then(|| format!("{home}/setting")),
        explain: frame.href(format!("{home}/explain")),
        answers: answers(frame, flag),
        requests: requests::about(frame, &definition.flag),
        environments: environments
            .iter()
            .enumerate()
            .map(|(at, name)| FlagEnvironment::of(frame, flag, name, &evaluators, at == 0))
            .collect(),
        others: Vec::new(),
        chart,
        variants: variants(definition),
        requires: requires(frame, definition),
        required_by: frame.world.flags.dependants(&definition.flag).map(|other| row(frame, other)).collect(),
        readers: readers(frame, flag),
        no_readers: Empty::new("No component has asked for this flag yet, and none is declared to."),
        changes,
        no_changes: Empty::new("Nothing was done to it yet."),
        history: frame.href(format!("{home}/history")),
        versions: history::versions(frame, flag).into_iter().take(VERSIONS_MAX).collect(),
        references: references(flag),
        no_references: Empty::with("No code was searched for it, or none names it.", "mainstay flag refs . --report"),
        metadata: metadata(definition),
        commands: commands(&key, environments),
        key,
    }
}

fn tags(definition: &Definition) -> Vec<String> {
    let origin = match definition.origin {
        Origin::Declared => "declared in a file",
        Origin::ByHand => "made by hand",
    };
    let sort = definition.value_type().map_or("no values", |sort| sort.as_str());
    [sort, definition.purpose.as_str(), origin].map(str::to_owned).to_vec()
}

fn answers(frame: &Frame, flag: &Flag) -> Vec<Answer> {
    let definition = &flag.definition;
    let owner = match &definition.owner {
        Some(owner) => Answer::to("Owner").entity(frame.entity(owner)),
        None => Answer::to("Owner").gap("No owner").note("Nobody will remove it when it is no longer needed"),
    };
    let last = flag.switches.iter().max_by_key(|(_, switch)| switch.since);
    let turned = match last {
        Some((environment, switch)) => {
            let who = frame.who(&switch.by).name;
            let place = if environment == Definition::EVERYWHERE { "everywhere else" } else { environment };
            Answer::to("Last turned")
                .text(frame.ago(switch.since).text())
                .note(format!("{} in {place}, by {who}", if switch.on { "on" } else { "off" }))
        }
        None => Answer::to("Last turned").text("never"),
    };
    let evaluated = match flag.evaluated {
        Some(day) => Answer::to("Last evaluated").text(day.strftime("%-d %b %Y").to_string()),
        None => Answer::to("Last evaluated").gap("never").note("No client has asked for it"),
    };
    vec![owner, turned, evaluated, lifetime(frame, flag)]
}

/// When it should be gone, and what is stale about it already.
fn lifetime(frame: &Frame, flag: &Flag) -> Answer {
    let definition = &flag.definition;
    let answer = Answer::to("To be gone by");
    let reasons = ::flags::stale_reasons(&frame.world.flags, flag, frame.now);
    let reasons: Vec<String> = reasons.iter().map(|reason| reason.words(frame.now)).collect();
    let said = match (&definition.expires, definition.purpose.expected_days()) {
        (Some(date), _) => date.clone(),
        (None, Some(days)) => {
            let age = jiff::SignedDuration::from_hours(24).saturating_mul(i32::from(days));
            let end = flag.created.checked_add(age).unwrap_or(flag.created);
            end.strftime("%-d %b %Y").to_string()
        }
        (None, None) => "stays".to_owned(),
    };
    let lives = match definition.purpose.expected_days() {
        Some(days) => format!("{} flags live {days} days", definition.purpose.as_str()),
        None => format!("{} flags are permanent", definition.purpose.as_str()),
    };
    match reasons.is_empty() {
        true => answer.text(said).note(lives),
        false => answer.gap(format!("{said}: stale")).note(reasons.join("; ")),
    }
}

/// That a switch is not as the file says.
fn drift(frame: &Frame, flag: &Flag) -> Option<Callout> {
    let environments: Vec<&str> = flag.drift().map(|(name, _)| name.as_str()).collect();
    let declared = flag.definition.origin == Origin::Declared && !flag.definition.environments.is_empty();
    (declared && !environments.is_empty()).then(|| Callout {
        state: State::new(Tone::Warn, "Not as declared"),
        text: format!("Its file says otherwise about {}.", environments.join(", ")),
        link: Some(Link::new(
            "Everything that happened to it",
            frame.href(format!("/timeline?about={}", flag.definition.flag)),
        )),
    })
}

fn variants(definition: &Definition) -> Vec<VariantRow> {
    let rows = definition.variants.iter().map(|(name, value)| {
        let off = definition.off_variant.as_ref() == Some(name);
        let default = definition.default_variant.as_ref() == Some(name);
        VariantRow {
            name: name.clone(),
            value: short(value),
            roles: [off.then_some("while off"), default.then_some("by default")].into_iter().flatten().collect(),
        }
    });
    rows.collect()
}

fn requires(frame: &Frame, definition: &Definition) -> Vec<Row> {
    let rows = definition.requires.iter().map(|requirement| {
        let must = match &requirement.variant {
            Some(variant) => format!("must serve {variant}"),
            None => "must serve another than its off variant".to_owned(),
        };
        row(frame, &requirement.flag).note(must)
    });
    rows.collect()
}

fn row(frame: &Frame, of: &EntityRef) -> Row {
    let entity = frame.entity(of);
    Row::new(entity.name, entity.href.unwrap_or_else(|| frame.href(address(of))))
}

fn readers(frame: &Frame, flag: &Flag) -> Vec<Row> {
    let rows = flag.users().map(|user| {
        let note = if flag.seen_from.contains(user) { "seen evaluating it" } else { "declared" };
        match health(&frame.world, user) {
            Some(health) => row(frame, user).state(health.state()).note(note),
            None => row(frame, user).note(note),
        }
    });
    rows.collect()
}

fn references(flag: &Flag) -> Vec<References> {
    let sources = flag.references.iter().map(|(source, places)| References {
        source: source.clone(),
        places: places.iter().take(PLACES_MAX).map(|place| format!("{}:{}", place.path, place.line)).collect(),
        more: places.len().saturating_sub(PLACES_MAX),
    });
    sources.collect()
}

fn metadata(definition: &Definition) -> Vec<(String, String)> {
    let bucketing = match definition.bucketing {
        flagd::Bucketing::V2 => "v2",
        flagd::Bucketing::V3 => "v3",
    };
    let own = [("Flag set", definition.flag_set.clone()), ("Bucketing", Some(bucketing.to_owned()))];
    let own = own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    own.chain(definition.metadata.iter().map(|(name, value)| (name.clone(), short(value)))).collect()
}

fn commands(key: &str, environments: &[String]) -> Vec<Cli> {
    let environment = environments.first().map_or(PRODUCTION, String::as_str);
    let rest = format!("{key} --environment {environment}");
    vec![
        Cli::new(format!("mainstay flag off {rest} --reason 'why'")),
        Cli::new(format!("mainstay flag on {rest} --reason 'why'")),
        Cli::new(format!("mainstay flag explain {rest} --user user-1")),
        Cli::new(format!("mainstay flag show {key}")),
    ]
}
