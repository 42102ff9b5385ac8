//! What changed in the definitions of the catalog's APIs, and whom it breaks.
//!
//! Each new definition is compared with the one before it, and with the one that was the newest when what runs now was
//! deployed, in each environment. A breaking change names who calls the operation: consumers by their pacts, and components
//! whose descriptor says that they consume the API.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use apidiff::{Change, Level};
use catalog::{Entity, Relation};
use contracts::{
    ApiHistory, Command as Wish, Outline,
    event::{ApiChange, ApiComparison, ApiConsumer},
};
use engine::Request;
use kernel::{Class, EntityRef, Refusal, Sha256};
use tokio::sync::{broadcast::error::RecvError, watch};
use world::{Command, World};

use super::fits::contents_that_matter;
use crate::App;

/// Changes that an event names; the worst come first.
const CHANGES_MAX: usize = 50;
/// Consumers that an event names.
const CONSUMERS_MAX: usize = 50;

/// Compares what is new in the catalog, now and whenever it changes, until the server stops.
pub async fn follow(app: App, mut stopped: watch::Receiver<bool>) {
    let mut commits = app.engine().subscribe();
    let mut seen: u64 = 0;
    loop {
        let looked = app.clone();
        let since = seen;
        let now = app.world().catalog.revision();
        match app.blocking(move |_| observe(&looked, since)).await {
            Ok(()) => seen = now,
            // The next commit, of whatever, tries again.
            Err(refusal) => {
                tracing::warn!(error.code = refusal.code.name, "the definitions of APIs were not compared: {refusal}");
            }
        }
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return,
                commit = commits.recv() => match commit {
                    Ok(_) if app.world().catalog.revision() == seen => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }
}

/// Compares the definitions that changed since the catalog was at `since`; all if that is not known. What one API's
/// definition is refused for keeps nobody from comparing the others.
///
/// # Errors
/// If the store can't be read or written: then it is worth trying again.
fn observe(app: &App, since: u64) -> Result<(), Refusal> {
    let world = app.world();
    let changed = if since == 0 { None } else { world.catalog.changed_since(since) };
    let apis: Vec<Arc<Entity>> = match changed {
        Some(changed) => {
            let apis = changed.iter().filter(|reference| reference.kind() == "api");
            apis.filter_map(|reference| world.catalog.get(reference).cloned()).collect()
        }
        None => world.catalog.of_kind("api").cloned().collect(),
    };
    let mut again = None;
    for api in apis {
        match observe_one(app, &world, &api) {
            Ok(()) => {}
            // It will be refused as long as it stays as it is.
            Err(refusal) if refusal.class() == Class::UserFixable => {
                let (api, code) = (api.reference().as_str(), refusal.code.name);
                tracing::warn!(entity.r#ref = api, error.code = code, "the definition was not compared: {refusal}");
            }
            Err(refusal) => again = Some(refusal),
        }
    }
    again.map_or(Ok(()), Err)
}

fn observe_one(app: &App, world: &World, api: &Entity) -> Result<(), Refusal> {
    let Some(definition) = api.api_definition() else { return Ok(()) };
    let Some(format) = comparable(&definition.format) else { return Ok(()) };
    let digest = Sha256::of(definition.text.as_bytes());
    if world.contracts.api(api.reference()).and_then(ApiHistory::newest) == Some(digest) {
        return Ok(());
    }
    app.engine().store().put_blobs(&[definition.text.as_bytes().to_vec()])?;
    let comparisons = comparisons(app, world, api.reference(), format, digest, &definition.text)?;
    let (api, format) = (api.reference().clone(), format.to_owned());
    let command = Command::Contracts(Wish::ObserveApi { api, blob: digest, format, comparisons });
    app.engine().submit_blocking(Request::by_part(command, "contracts"))?;
    Ok(())
}

fn comparable(format: &str) -> Option<&'static str> {
    match format {
        "openapi" => Some("openapi"),
        "grpc" | "protobuf" => Some("grpc"),
        _ => None,
    }
}

/// The definitions that a new one is compared with: the one before, and what runs in each environment.
fn baselines(world: &World, api: &EntityRef) -> Vec<(Option<String>, Sha256)> {
    let Some(history) = world.contracts.api(api) else { return Vec::new() };
    let mut baselines: Vec<(Option<String>, Sha256)> =
        history.newest().map(|newest| (None, newest)).into_iter().collect();
    for component in world.catalog.related(api, Relation::ApiProvidedBy) {
        for environment in world.deploys.environments(&component) {
            let live = world.deploys.live(&component, environment);
            let Some(document) = live.and_then(|live| history.at(live.since)) else { continue };
            if !baselines.iter().any(|(_, known)| *known == document) {
                baselines.push((Some(environment.to_owned()), document));
            }
        }
    }
    baselines
}

/// A definition compared with what was before and with what runs.
///
/// # Errors
/// If the store can't be read.
fn comparisons(
    app: &App,
    world: &World,
    api: &EntityRef,
    format: &str,
    to: Sha256,
    text: &str,
) -> Result<Vec<ApiComparison>, Refusal> {
    let mut comparisons = Vec::new();
    for (deployed_in, from) in baselines(world, api) {
        if from == to {
            continue;
        }
        let Some(earlier) = app.engine().store().get_blob(&from)? else { continue };
        let changes = match compare(format, &earlier, text.as_bytes()) {
            Ok(changes) => changes,
            Err(unreadable) => vec![Change {
                rule: "definition-unreadable".to_owned(),
                level: Level::Risky,
                operation: None,
                place: String::new(),
                text: unreadable.to_string(),
            }],
        };
        comparisons.push(comparison(world, api, (deployed_in, from, to), changes));
    }
    Ok(comparisons)
}

/// What changed from one document to the other.
///
/// # Errors
/// If one of them can't be read.
pub fn compare(format: &str, earlier: &[u8], later: &[u8]) -> Result<Vec<Change>, apidiff::Unreadable> {
    if format == "openapi" {
        return apidiff::openapi::compare(earlier, later);
    }
    let (earlier, later) = (String::from_utf8_lossy(earlier), String::from_utf8_lossy(later));
    // One file each, of the same name, so that what it holds is compared rather than the files.
    apidiff::protobuf::compare(&[("api.proto", &earlier)], &[("api.proto", &later)])
}

/// What changed, in the order of how bad it is, with whom it breaks.
#[must_use]
pub fn comparison(
    world: &World,
    api: &EntityRef,
    (deployed_in, from, to): (Option<String>, Sha256, Sha256),
    mut changes: Vec<Change>,
) -> ApiComparison {
    changes.sort_by_key(|change| std::cmp::Reverse(change.level));
    let count =
        |level: Level| u32::try_from(changes.iter().filter(|change| change.level == level).count()).unwrap_or(u32::MAX);
    let shown = changes.iter().take(CHANGES_MAX).map(|change| ApiChange {
        rule: change.rule.clone(),
        level: level_word(change.level).to_owned(),
        operation: change.operation.clone(),
        text: change.text.clone(),
    });
    ApiComparison {
        from,
        to,
        deployed_in,
        breaking: count(Level::Breaking),
        risky: count(Level::Risky),
        compatible: count(Level::Compatible),
        consumers: consumers(world, api, &changes),
        changes: shown.collect(),
    }
}

/// The level as it is written.
fn level_word(level: Level) -> &'static str {
    match level {
        Level::Breaking => "breaking",
        Level::Risky => "risky",
        Level::Compatible => "compatible",
    }
}

/// Who calls an operation that was broken, and who may.
fn consumers(world: &World, api: &EntityRef, changes: &[Change]) -> Vec<ApiConsumer> {
    let breaking = || changes.iter().filter(|change| change.level == Level::Breaking);
    if breaking().next().is_none() {
        return Vec::new();
    }
    let broken: BTreeSet<&str> = breaking().filter_map(|change| change.operation.as_deref()).collect();
    let (mut found, mut told) = (BTreeMap::<EntityRef, BTreeSet<&str>>::new(), BTreeSet::new());
    let state = &world.contracts;
    for component in world.catalog.related(api, Relation::ApiProvidedBy) {
        for provider in state.pacticipants_of(&component) {
            for content in contents_that_matter(state, provider) {
                let Some(known) = state.content(content) else { continue };
                let Some(consumer) = state.pacticipant(known.consumer) else { continue };
                let outline = &known.outline;
                if !outline.calls.is_empty() {
                    told.insert((consumer.component.clone(), outline.calls.len() < Outline::CALLS_MAX));
                }
                let calls = outline.calls.iter().filter_map(|call| call.split_once(' '));
                for (method, path) in calls {
                    let called = broken.iter().copied().filter(|operation| is_call_of(method, path, operation));
                    let mut called = called.peekable();
                    if called.peek().is_some() {
                        found.entry(consumer.component.clone()).or_default().extend(called);
                    }
                }
            }
        }
    }
    // Who only says that it consumes the API may call any of it. Who has pacts calls what they say, as far as both that and
    // what is broken is known to the last operation.
    let is_whole = breaking().all(|change| change.operation.as_deref().is_some_and(names_itself_alone))
        && !changes.iter().any(|change| matches!(change.rule.as_str(), "comparison-cut" | "more-changes"));
    for component in world.catalog.related(api, Relation::ApiConsumedBy) {
        let says_all = told.contains(&(component.clone(), true)) && !told.contains(&(component.clone(), false));
        if !(is_whole && says_all) {
            found.entry(component).or_default();
        }
    }
    let all = found.into_iter().map(|(component, operations)| ApiConsumer {
        component,
        operations: operations.into_iter().map(str::to_owned).collect(),
    });
    all.take(CONSUMERS_MAX).collect()
}

/// True if a request of a pact calls an operation: `GET /orders/{id}` of an OpenAPI document, or `shop.Orders/Get` of a
/// protobuf service, which is called by a POST to that path.
fn is_call_of(method: &str, path: &str, operation: &str) -> bool {
    if !names_itself_alone(operation) {
        let path = path.split(['?', '#']).next().unwrap_or(path).trim_matches('/');
        let rest = path.strip_suffix(operation);
        return method.eq_ignore_ascii_case("POST") && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    }
    apidiff::openapi::matches(method, path, operation)
}

/// True if a change that names this operation concerns no other: those of protobuf name the first that they concern.
fn names_itself_alone(operation: &str) -> bool {
    operation.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_calls_an_operation_of_an_openapi_document_or_of_a_protobuf_service() {
        assert!(is_call_of("GET", "/orders/7?x=1", "GET /orders/{id}"));
        assert!(!is_call_of("POST", "/orders/7", "GET /orders/{id}"));
        assert!(is_call_of("POST", "/shop.Orders/Get", "shop.Orders/Get"));
        assert!(is_call_of("post", "/grpc/shop.Orders/Get", "shop.Orders/Get"));
        assert!(!is_call_of("GET", "/shop.Orders/Get", "shop.Orders/Get"));
        assert!(!is_call_of("POST", "/myshop.Orders/Get", "shop.Orders/Get"));
        assert!(!is_call_of("POST", "/shop.Orders/GetAll", "shop.Orders/Get"));
    }
}
