//! The matrix, and whether something can be deployed.

use contracts::{
    PacticipantKey, State, VersionKey,
    matrix::{Answer as Answered, LatestBy, Query, Row, Selector},
};
use serde_json::{Map, Value, json};

use crate::{
    Answer, Call, Failure,
    links::link,
    query,
    view::{self, time},
};

/// Rows that are shown; what is judged is never cut off.
const ROWS_SHOWN: usize = 100;
/// Selectors of one question.
const SELECTORS_MAX: usize = 5_000;

/// A question, and how many of the rows are shown.
struct Asked {
    query: Query,
    shown: Option<usize>,
}

pub(crate) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let asked = read(&call.query)?;
    validate(call.state(), &asked.query)?;
    if call.accept.starts_with("text/plain") {
        let answer = call.ask(&asked.query)?;
        return Ok(Answer::text("text/plain;charset=utf-8", table(call.state(), &answer)));
    }
    answered(call, &asked)
}

pub(crate) fn of_pair(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let name = |key: PacticipantKey| Selector { pacticipant: call.state().name(key).to_owned(), ..Selector::default() };
    let query = Query {
        selectors: vec![name(consumer), name(provider)],
        latest_by: Some(LatestBy::ConsumerVersionProviderVersion),
        ..Query::default()
    };
    answered(call, &Asked { query, shown: Some(ROWS_SHOWN) })
}

pub(crate) fn can_i_deploy(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let parsed = query::parse(&call.query).map_err(|wrong| Failure::list(vec![wrong]))?;
    let text = |name: &str| parsed.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut errors: Vec<(String, String)> = Vec::new();
    for name in ["pacticipant", "version"] {
        if text(name).is_none() {
            errors.push((name.to_owned(), "is missing".to_owned()));
        }
    }
    let (to, environment) = (text("to"), text("environment"));
    match (&to, &environment) {
        (Some(_), Some(_)) => {
            errors.push((String::new(), "Cannot specify both a 'to' tag and an environment.".to_owned()));
        }
        (None, None) => errors.push((String::new(), "Must specify either an environment or a 'to' tag.".to_owned())),
        (Some(_), None) | (None, Some(_)) => {}
    }
    if let Some(name) = &environment
        && call.state().environment_named(name).is_none()
    {
        errors.push(("environment".to_owned(), format!("with name '{name}' does not exist")));
    }
    if let Some(name) = text("pacticipant")
        && call.state().pacticipant_named(&name).is_none()
    {
        errors.push(("pacticipant".to_owned(), "does not match an existing pacticipant".to_owned()));
    }
    if !errors.is_empty() {
        return Err(Failure::fields(errors));
    }
    let ignore = parsed.get("ignore").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let ignore = ignore.iter().filter_map(|one| match one {
        Value::String(name) => Some(Selector { pacticipant: name.clone(), ..Selector::default() }),
        Value::Object(fields) => Some(selector(fields)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    });
    let one = Selector {
        pacticipant: text("pacticipant").unwrap_or_default(),
        version: text("version"),
        ..Selector::default()
    };
    let ignore = ignore.collect();
    let query = target(Query { selectors: vec![one], ignore, ..Query::default() }, to, environment);
    answered(call, &Asked { query, shown: None })
}

/// The same question about where it is to go.
fn target(query: Query, tag: Option<String>, environment: Option<String>) -> Query {
    let latest_by = match environment {
        Some(_) => LatestBy::ConsumerVersionProviderVersion,
        None => LatestBy::ConsumerVersionProvider,
    };
    Query { latest: tag.is_some(), tag, environment, latest_by: Some(latest_by), ..query }
}

/// Whether the newest version with a tag can go to where another tag is.
pub(crate) fn tag_query(call: &Call<'_>) -> Result<Query, Failure> {
    view::party(call, "pacticipant")?;
    let one = Selector {
        pacticipant: call.param("pacticipant")?.to_owned(),
        tag: Some(call.param("tag")?.to_owned()),
        latest: true,
        ..Selector::default()
    };
    let query = Query { selectors: vec![one], ..Query::default() };
    Ok(target(query, Some(call.param("to")?.to_owned()), None))
}

/// Whether the newest version of a branch can go to an environment.
pub(crate) fn branch_query(call: &Call<'_>) -> Result<Query, Failure> {
    view::party(call, "pacticipant")?;
    let environment = call.param("to")?;
    call.state().environment_named(environment).ok_or(Failure::NotFound)?;
    let one = Selector {
        pacticipant: call.param("pacticipant")?.to_owned(),
        branch: Some(call.param("branch")?.to_owned()),
        latest: true,
        ..Selector::default()
    };
    let query = Query { selectors: vec![one], ..Query::default() };
    Ok(target(query, None, Some(environment.to_owned())))
}

/// Whether the newest version of the main branch works with the newest of everybody else's.
pub(crate) fn merge_query(call: &Call<'_>) -> Result<Query, Failure> {
    view::party(call, "pacticipant")?;
    let one = Selector {
        pacticipant: call.param("pacticipant")?.to_owned(),
        main_branch: true,
        latest: true,
        ..Selector::default()
    };
    let latest_by = Some(LatestBy::ConsumerVersionProvider);
    Ok(Query { selectors: vec![one], main_branch: true, latest: true, latest_by, ..Query::default() })
}

pub(crate) fn tag_to_tag(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let query = tag_query(call)?;
    answered(call, &Asked { query, shown: None })
}

pub(crate) fn branch_to_environment(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let query = branch_query(call)?;
    answered(call, &Asked { query, shown: None })
}

fn read(query_text: &str) -> Result<Asked, Failure> {
    let parsed = query::parse(query_text).map_err(|wrong| Failure::list(vec![wrong]))?;
    let text = |name: &str| parsed.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let selectors = |name: &str| -> Vec<Selector> {
        let list = parsed.get(name).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
        list.iter().filter_map(Value::as_object).map(selector).collect()
    };
    let (asked, ignore) = (selectors("q"), selectors("ignore"));
    if asked.len() + ignore.len() > SELECTORS_MAX {
        let text = format!("there are {} selectors; at most {SELECTORS_MAX} are allowed", asked.len() + ignore.len());
        return Err(Failure::list(vec![text]));
    }
    let latest_by = match text("latestby") {
        None => None,
        Some("cvpv") => Some(LatestBy::ConsumerVersionProviderVersion),
        Some("cvp") => Some(LatestBy::ConsumerVersionProvider),
        Some("cp") => Some(LatestBy::ConsumerProvider),
        Some(_) => return Err(Failure::list(vec!["latestby must be one of cvpv, cvp and cp".to_owned()])),
    };
    let outcome = |value: &Value| match value.as_str() {
        Some("true") => Some(true),
        Some("") | None => None,
        Some(_) => Some(false),
    };
    let success = match parsed.get("success") {
        Some(Value::Array(list)) => list.iter().map(outcome).collect(),
        Some(value @ Value::String(_)) => vec![outcome(value)],
        Some(_) | None => Vec::new(),
    };
    let shown = match text("limit") {
        None => Some(ROWS_SHOWN),
        Some(limit) => match limit.parse::<usize>() {
            Ok(limit) if limit > 0 => Some(limit),
            Ok(_) | Err(_) => return Err(Failure::list(vec!["The limit must be 1 or greater.".to_owned()])),
        },
    };
    let query = Query {
        selectors: asked,
        ignore,
        latest_by,
        success,
        latest: text("latest") == Some("true"),
        tag: text("tag").map(str::to_owned),
        environment: text("environment").map(str::to_owned),
        main_branch: text("mainBranch") == Some("true"),
    };
    Ok(Asked { query, shown })
}

fn selector(fields: &Map<String, Value>) -> Selector {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let is_true = |name: &str| fields.get(name).and_then(Value::as_str) == Some("true");
    Selector {
        pacticipant: text("pacticipant").unwrap_or_default(),
        version: text("version"),
        latest: is_true("latest"),
        tag: text("tag"),
        branch: text("branch"),
        environment: text("environment"),
        main_branch: is_true("mainBranch"),
    }
}

fn validate(state: &State, query: &Query) -> Result<(), Failure> {
    let mut errors: Vec<String> = Vec::new();
    for selector in &query.selectors {
        if selector.pacticipant.is_empty() {
            errors.push("Please specify the pacticipant name".to_owned());
        } else if selector.version.is_some() && selector.latest {
            let name = &selector.pacticipant;
            errors.push(format!("A version number and latest flag cannot both be specified for {name}"));
        }
    }
    let named = query.selectors.iter().map(|selector| &selector.pacticipant).filter(|name| !name.is_empty());
    for name in named {
        if state.pacticipant_named(name).is_none() {
            errors.push(format!("Pacticipant {name} not found"));
        }
    }
    if query.selectors.is_empty() {
        errors.push("Please provide 1 or more version selectors.".to_owned());
    }
    for selector in &query.ignore {
        if selector.pacticipant.is_empty() {
            errors.push("Please specify the pacticipant name to ignore".to_owned());
        } else if selector.version.is_some() && selector.latest {
            let name = &selector.pacticipant;
            errors.push(format!("A version number and latest flag cannot both be specified for {name} to ignore"));
        }
    }
    let targets = [query.tag.is_some(), query.environment.is_some(), query.main_branch];
    if targets.into_iter().filter(|target| *target).count() > 1 {
        errors.push("Cannot specify more than one of tag, environment and mainBranch.".to_owned());
    }
    if query.latest && query.environment.is_some() {
        errors.push("Cannot specify both latest=true and an environment.".to_owned());
    }
    if let Some(name) = query.environment.as_ref().filter(|name| state.environment_named(name).is_none()) {
        errors.push(format!("Environment with name '{name}' does not exist"));
    }
    let mut seen = std::collections::BTreeSet::new();
    errors.retain(|error| seen.insert(error.clone()));
    if errors.is_empty() { Ok(()) } else { Err(Failure::list(errors)) }
}

fn answered(call: &mut Call<'_>, asked: &Asked) -> Result<Answer, Failure> {
    let answer = call.ask(&asked.query)?;
    let call = &*call;
    let counts = answer.counts();
    let mut summary = json!({
        "deployable": answer.deployable(),
        "reason": answer.reasons().join("\n"),
        "success": counts.success,
        "failed": counts.failed,
        "unknown": counts.unknown,
    });
    if let (Some(ignored), Value::Object(summary)) = (counts.ignored, &mut summary) {
        summary.insert("ignored".to_owned(), json!(ignored));
    }
    let notices: Vec<Value> =
        answer.notices().iter().map(|reason| json!({"type": reason.kind.as_str(), "text": reason.text})).collect();
    let limit = asked.shown.unwrap_or(usize::MAX);
    let considered = answer.rows.iter().map(|row| (row, false));
    let ignored = answer.ignored.iter().map(|row| (row, true));
    let rows: Vec<Value> =
        considered.chain(ignored).take(limit).map(|(row, is_ignored)| shown(call, row, is_ignored)).collect();
    Ok(Answer::hal(&json!({"summary": summary, "notices": notices, "matrix": rows})))
}

fn shown(call: &Call<'_>, row: &Row, ignored: bool) -> Value {
    let (state, links) = (call.state(), &call.links);
    let (consumer, provider) = (state.name(row.consumer), state.name(row.provider));
    let number = state.number(row.consumer_version);
    let sha = state.content(row.content).map(|content| content.sha.to_string()).unwrap_or_default();
    let published = state.publication(row.publication).map(|pact| time(pact.at));
    let result = row.verification.and_then(|key| Some((key, state.verification(key)?))).map(|(key, verification)| {
        let at = links.pact_version_with(provider, consumer, &sha, &view::consumer_metadata(number));
        json!({
            "success": row.success.unwrap_or(verification.success),
            "verifiedAt": time(verification.at),
            "_links": {"self": link(format!("{at}/verification-results/{}", key.0 + 1))},
        })
    });
    let result = result.or_else(|| compared(call, row));
    let mut fields = Map::new();
    fields.insert("consumer".to_owned(), party(call, row.consumer, Some(row.consumer_version)));
    fields.insert("provider".to_owned(), party(call, row.provider, row.provider_version));
    let pact = json!({"createdAt": published, "_links": {"self": link(links.pact(provider, consumer, number))}});
    fields.insert("pact".to_owned(), pact);
    fields.insert("verificationResult".to_owned(), result.unwrap_or(Value::Null));
    if row.fit.is_some() {
        // As PactFlow names what a result is made of.
        let kind = if row.verification.is_some() { "contract_verification_and_comparison" } else { "comparison" };
        fields.insert("verificationType".to_owned(), json!(kind));
    }
    if ignored {
        fields.insert("ignored".to_owned(), json!(true));
    }
    Value::Object(fields)
}

/// The result of comparing the pact with the provider's definition.
fn compared(call: &Call<'_>, row: &Row) -> Option<Value> {
    let state = call.state();
    let success = row.fit.flatten()?;
    let definition = state.definition_of(row.provider_version?)?;
    let at = state.fit(row.content, definition.blob).map(|fit| time(fit.at));
    let here = call.links.version(state.name(row.provider), state.number(row.provider_version?));
    Some(json!({"success": success, "verifiedAt": at, "_links": {"self": link(here)}}))
}

fn party(call: &Call<'_>, key: PacticipantKey, version: Option<VersionKey>) -> Value {
    let (state, links) = (call.state(), &call.links);
    let name = state.name(key);
    let version = version.and_then(|version| Some((version, state.version(version)?))).map(|(key, known)| {
        let branches = view::branches_of(state, links, key);
        json!({
            "number": &*known.number,
            "branch": known.branches.last().map(|on| &*on.branch),
            "branches": branches,
            "branchVersions": branches,
            "environments": view::embedded_environments(state, links, key),
            "_links": {"self": link(links.version(name, &known.number))},
            "tags": view::tags_of(state, links, key, true),
        })
    });
    json!({"name": name, "version": version, "_links": {"self": link(links.pacticipant(name))}})
}

/// The rows as a table of text.
fn table(state: &State, answer: &Answered) -> String {
    let heads = ["CONSUMER", "C.VERSION", "PROVIDER", "P.VERSION", "SUCCESS?", "RESULT#"].map(str::to_owned);
    let mut rows = vec![heads];
    for row in answer.rows.iter().take(1_000) {
        let outcome = match row.success {
            Some(true) => "true",
            Some(false) => "false",
            None => "???",
        };
        rows.push([
            state.name(row.consumer).to_owned(),
            state.number(row.consumer_version).to_owned(),
            state.name(row.provider).to_owned(),
            row.provider_version.map(|version| state.number(version).to_owned()).unwrap_or_default(),
            outcome.to_owned(),
            row.verification.map(|key| (key.0 + 1).to_string()).unwrap_or_default(),
        ]);
    }
    let mut widths = [0_usize; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; 6]| -> String {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned()
    };
    rows.iter().map(|row| format!("{}\n", line(row))).collect()
}
