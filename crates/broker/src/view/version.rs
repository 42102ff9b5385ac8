//! Pacticipants and versions, with their branches and tags.

use contracts::{BranchedVersion, Moment, PacticipantKey, State, VersionKey};
use serde_json::{Value, json};

use super::{object, stamp, time};
use crate::links::{Links, entitled, link, templated, titled};

/// A pacticipant.
pub(crate) fn pacticipant(state: &State, links: &Links, key: PacticipantKey) -> Value {
    let Some(known) = state.pacticipant(key) else { return Value::Null };
    let (name, details) = (&*known.name, &known.details);
    let here = links.pacticipant(name);
    let below = |path: &str| format!("{here}{path}");
    let mut fields = object(json!({
        "name": name,
        "displayName": details.display_name.clone().unwrap_or_else(|| display_name(name)),
        "repositoryUrl": details.repository_url,
        "repositoryName": details.repository_name,
        "repositoryNamespace": details.repository_namespace,
        "mainBranch": details.main_branch,
    }));
    stamp(&mut fields, known.created, known.updated);
    let labels: Vec<Value> = known
        .labels
        .keys()
        .map(|label| {
            json!({"name": label, "_links": {"self": {"title": "Label", "name": label, "href": links.label(name, label)}}})
        })
        .collect();
    let mut embedded = json!({"labels": labels});
    if let (Some(latest), Value::Object(embedded)) = (state.versions_of(key).next_back(), &mut embedded) {
        let latest = embedded_version(state, links, latest);
        embedded.insert("latestVersion".to_owned(), latest.clone());
        // As older clients know it.
        embedded.insert("latest-version".to_owned(), latest);
    }
    fields.insert("_embedded".to_owned(), embedded);
    let deployed: Vec<Value> = {
        let environments = state.environments();
        let there =
            environments.flat_map(|known| state.placed_in(known.environment.id, key).map(move |at| (known, at)));
        let deployed = there.filter(|(_, placed)| !placed.released);
        let shown = deployed.map(|(known, placed)| {
            let display = display_of(&known.environment);
            json!({"title": format!("Version deployed to {display}"), "name": display,
                "href": links.at(&["deployed-versions", &placed.id.to_string()]), "currently_deployed": true})
        });
        shown.collect()
    };
    let links_value = json!({
        "self": link(here.clone()),
        "pb:versions": link(below("/versions")),
        "pb:branches": link(below("/branches")),
        "pb:deployed-environments": deployed,
        "pb:version": templated(below("/versions/{version}"), "Get, create or delete a pacticipant version"),
        "pb:version-tag": templated(
            below("/versions/{version}/tags/{tag}"),
            &format!("Get, create or delete a tag for a version of {name}"),
        ),
        "pb:branch-version": templated(
            below("/branches/{branch}/versions/{version}"),
            &format!("Get or add/create a version for a branch of {name}"),
        ),
        "pb:label": templated(below("/labels/{label}"), &format!("Get, create or delete a label for {name}")),
        "versions": titled(below("/versions"), "Deprecated - use pb:versions"),
        "pb:can-i-deploy-badge": templated(
            below("/latest-version/{tag}/can-i-deploy/to/{environmentTag}/badge"),
            &format!("Can I Deploy {name} badge"),
        ),
        "pb:can-i-deploy-branch-to-environment-badge": templated(
            below("/branches/{branch}/latest-version/can-i-deploy/to-environment/{environment}/badge"),
            &format!("Can I Deploy {name} from branch to environment badge"),
        ),
        "curies": links.curies(),
    });
    fields.insert("_links".to_owned(), links_value);
    Value::Object(fields)
}

/// A name for people, made of the name.
fn display_name(name: &str) -> String {
    let spaced = name.replace(['_', '-'], " ");
    let words = spaced.split_whitespace().map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    });
    words.collect::<Vec<_>>().join(" ")
}

pub(super) fn display_of(environment: &contracts::Environment) -> String {
    environment.display_name.clone().unwrap_or_else(|| display_name(&environment.name))
}

/// A pacticipant inside something else.
pub(crate) fn embedded_pacticipant(state: &State, links: &Links, key: PacticipantKey) -> Value {
    let name = state.name(key);
    json!({"name": name, "_links": {"self": {"title": "Pacticipant", "name": name, "href": links.pacticipant(name)}}})
}

/// A version inside something else.
pub(crate) fn embedded_version(state: &State, links: &Links, key: VersionKey) -> Value {
    let Some(version) = state.version(key) else { return Value::Null };
    let name = state.name(version.pacticipant);
    json!({
        "number": &*version.number,
        "branch": version.branches.last().map(|on| &*on.branch),
        "_embedded": {"branchVersions": branches_of(state, links, key), "tags": tags_of(state, links, key, false)},
        "_links": {"self": entitled(links.version(name, &version.number), "Version", &version.number)},
    })
}

/// The branches of a version.
pub(crate) fn branches_of(state: &State, links: &Links, key: VersionKey) -> Vec<Value> {
    let Some(version) = state.version(key) else { return Vec::new() };
    let name = state.name(version.pacticipant);
    let shown = |on: &BranchedVersion| {
        json!({
            "name": &*on.branch,
            "latest": state.is_branch_head(key, &on.branch),
            "_links": {"self": {"title": "Branch version", "name": &*on.branch,
                "href": links.branch_version(name, &on.branch, &version.number)}},
        })
    };
    version.branches.iter().map(shown).collect()
}

/// The tags of a version; with whether it is the newest that has each.
pub(crate) fn tags_of(state: &State, links: &Links, key: VersionKey, with_latest: bool) -> Vec<Value> {
    let Some(version) = state.version(key) else { return Vec::new() };
    let name = state.name(version.pacticipant);
    let shown = |(tag, _): &(std::sync::Arc<str>, Moment)| {
        let latest = with_latest.then(|| state.is_tag_head(key, tag));
        let fields = json!({
            "name": &**tag,
            "latest": latest,
            "_links": {"self": entitled(links.tag(name, &version.number, tag), "Tag", tag)},
        });
        Value::Object(object(fields))
    };
    version.tags.iter().map(shown).collect()
}

/// The environments that a version is in.
pub(crate) fn embedded_environments(state: &State, links: &Links, key: VersionKey) -> Vec<Value> {
    let mut seen = Vec::new();
    for placed in state.placements_of(key).filter(|placed| placed.until.is_none()) {
        if !seen.contains(&placed.environment) {
            seen.push(placed.environment);
        }
    }
    seen.into_iter()
        .filter_map(|id| state.environment(id))
        .map(|known| {
            let environment = &known.environment;
            let mut fields = object(json!({
                "uuid": environment.id,
                "name": environment.name,
                "displayName": display_of(environment),
                "production": environment.production,
            }));
            stamp(&mut fields, known.created, known.updated);
            let here = links.environment(&environment.id.to_string());
            fields.insert("_links".to_owned(), json!({"self": entitled(here, "Environment", &environment.name)}));
            Value::Object(fields)
        })
        .collect()
}

/// A version.
pub(crate) fn version(state: &State, links: &Links, key: VersionKey) -> Value {
    let Some(version) = state.version(key) else { return Value::Null };
    let (name, number) = (state.name(version.pacticipant), &*version.number);
    let here = links.version(name, number);
    let mut pacts: Vec<(String, Value)> = version
        .pacts
        .iter()
        .map(|(provider, _)| {
            let provider = state.name(*provider);
            let title = super::pact_name(name, number, provider);
            (provider.to_lowercase(), entitled(links.pact(provider, name, number), "Pact", &title))
        })
        .collect();
    pacts.sort_by(|(a, _), (b, _)| a.cmp(b));
    let pacts: Vec<Value> = pacts.into_iter().map(|(_, link)| link).collect();
    let mut fields = object(json!({"number": number, "buildUrl": version.build_url.as_deref()}));
    fields.insert("createdAt".to_owned(), json!(time(version.created)));
    let embedded = json!({
        "branches": branches_of(state, links, key),
        "branchVersions": branches_of(state, links, key),
        "tags": tags_of(state, links, key, false),
    });
    fields.insert("_embedded".to_owned(), embedded);
    let links_value = json!({
        "self": entitled(here.clone(), "Version", number),
        "pb:pacticipant": entitled(links.pacticipant(name), "Pacticipant", name),
        "pb:tag": templated(format!("{here}/tags/{{tag}}"), "Get, create or delete a tag for this pacticipant version"),
        "pb:latest-verification-results-where-pacticipant-is-consumer": titled(
            links.at(&["verification-results", "consumer", name, "version", number, "latest"]),
            "Latest verification results for consumer version",
        ),
        "pb:pact-versions": pacts,
        "pb:deployed-environments": places(state, links, key, false),
        "pb:released-environments": places(state, links, key, true),
        "pb:record-deployment": to_environments(state, &here, "deployed-versions", "Record deployment to"),
        "pb:record-release": to_environments(state, &here, "released-versions", "Record release to"),
        "curies": links.curies(),
    });
    fields.insert("_links".to_owned(), links_value);
    Value::Object(fields)
}

fn places(state: &State, links: &Links, key: VersionKey, released: bool) -> Vec<Value> {
    let placements = state.placements_of(key).filter(|placed| placed.released == released && placed.until.is_none());
    placements
        .filter_map(|placed| {
            let display = display_of(&state.environment(placed.environment)?.environment);
            let (how, path, flag) = if released {
                ("released", "released-versions", "currently_supported")
            } else {
                ("deployed", "deployed-versions", "currently_deployed")
            };
            let mut fields = object(json!({
                "title": format!("Version {how} to {display}"), "name": display,
                "href": links.at(&[path, &placed.id.to_string()]),
                "application_instance": placed.instance,
            }));
            fields.insert(flag.to_owned(), json!(true));
            Some(Value::Object(fields))
        })
        .collect()
}

fn to_environments(state: &State, here: &str, path: &str, what: &str) -> Vec<Value> {
    let environments = state.environments().map(|known| &known.environment);
    let shown = environments.map(|environment| {
        let title = format!("{what} {}", display_of(environment));
        entitled(format!("{here}/{path}/environment/{}", environment.id), &title, &environment.name)
    });
    shown.collect()
}

/// A branch.
pub(crate) fn branch(state: &State, links: &Links, key: PacticipantKey, name: &str) -> Value {
    let Some(known) = state.branch(key, name) else { return Value::Null };
    let here = links.branch(state.name(key), name);
    let mut fields = object(json!({"name": name}));
    stamp(&mut fields, known.created.into(), known.updated.into());
    let links_value = json!({
        "self": titled(here.clone(), "Branch"),
        "pb:latest-version": titled(format!("{here}/latest-version"), "Latest version for branch"),
    });
    fields.insert("_links".to_owned(), links_value);
    Value::Object(fields)
}

/// A version on a branch.
pub(crate) fn branch_version(state: &State, links: &Links, key: VersionKey, branch: &str) -> Value {
    let Some(version) = state.version(key) else { return Value::Null };
    let name = state.name(version.pacticipant);
    let at = version.branches.iter().find(|on| &*on.branch == branch).map(|on| time(on.at));
    json!({
        "createdAt": at,
        "_links": {
            "self": titled(links.branch_version(name, branch, &version.number), "Branch version"),
            "pb:branch": entitled(links.branch(name, branch), "Branch", branch),
            "pb:version": entitled(links.version(name, &version.number), "Version", &version.number),
        },
    })
}

/// A version's tag.
pub(crate) fn tag(state: &State, links: &Links, key: VersionKey, tag: &str) -> Value {
    let Some(version) = state.version(key) else { return Value::Null };
    let (name, number) = (state.name(version.pacticipant), &*version.number);
    let at = version.tags.iter().find(|(known, _)| &**known == tag).map(|(_, at)| time(*at));
    json!({
        "name": tag,
        "createdAt": at,
        "_links": {
            "self": entitled(links.tag(name, number, tag), "Tag", tag),
            "version": entitled(links.version(name, number), "Version", number),
            "pacticipant": entitled(links.pacticipant(name), "Pacticipant", name),
        },
    })
}
