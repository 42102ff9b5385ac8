//! What a provider's build is to verify.

use contracts::selection::{self, Asked, ConsumerSelector, Notice, Verifiable};
use kernel::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    Answer, Call, Failure,
    links::titled,
    query,
    view::{self, pact_name},
};

/// Selectors of one question, and tags of the provider.
const SELECTORS_MAX: usize = 1_000;

pub(crate) fn selected(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let asked = read(call, &call.json()?)?;
    answered(call, &asked)
}

/// The older way, with the selectors in the query.
pub(crate) fn usual(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let parsed = query::parse(&call.query).map_err(|wrong| Failure::list(vec![wrong]))?;
    let mut body = Map::new();
    for (from, to) in [
        ("consumer_version_selectors", "consumerVersionSelectors"),
        ("provider_version_tags", "providerVersionTags"),
        ("provider_version_branch", "providerVersionBranch"),
        ("include_pending_status", "includePendingStatus"),
        ("include_wip_pacts_since", "includeWipPactsSince"),
    ] {
        if let Some(value) = parsed.get(from) {
            body.insert(to.to_owned(), typed(value));
        }
    }
    let asked = read(call, &Value::Object(body))?;
    answered(call, &asked)
}

/// The texts `true` and `false` of a query as what they mean, with keys as JSON has them.
fn typed(value: &Value) -> Value {
    match value {
        Value::String(text) if text == "true" => json!(true),
        Value::String(text) if text == "false" => json!(false),
        Value::Array(list) => Value::Array(list.iter().map(typed).collect()),
        Value::Object(fields) => {
            let renamed = fields.iter().map(|(key, value)| {
                let key = match key.as_str() {
                    "fallback_tag" => "fallbackTag",
                    other => other,
                };
                (key.to_owned(), typed(value))
            });
            Value::Object(renamed.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// One pact to be verified, as it is written: there may be thousands in an answer, with long notices.
#[derive(Serialize)]
struct Shown {
    #[serde(rename = "shortDescription")]
    short_description: String,
    #[serde(rename = "verificationProperties")]
    properties: Properties,
    #[serde(rename = "_links")]
    links: SelfLink,
}

#[derive(Serialize)]
struct Properties {
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wip: Option<bool>,
    notices: Vec<Notice>,
}

#[derive(Serialize)]
struct SelfLink {
    #[serde(rename = "self")]
    link: Named,
}

#[derive(Serialize)]
struct Named {
    name: String,
    href: String,
}

#[derive(Serialize)]
struct Found {
    #[serde(rename = "_embedded")]
    embedded: Pacts,
    #[serde(rename = "_links")]
    links: Value,
}

#[derive(Serialize)]
struct Pacts {
    pacts: Vec<Shown>,
}

fn answered(call: &Call<'_>, asked: &Asked) -> Result<Answer, Failure> {
    let provider = view::party(call, "provider")?;
    let (state, links) = (call.state(), &call.links);
    let found = selection::for_verification(state, provider, asked, call.host.now());
    let pacts = found.iter().map(|verifiable| shown(call, verifiable, asked)).collect();
    let here = format!("{}/for-verification", links.provider_pacts(state.name(provider)));
    let links = json!({"self": titled(here, "Pacts to be verified")});
    Answer::written(&Found { embedded: Pacts { pacts }, links })
}

fn shown(call: &Call<'_>, verifiable: &Verifiable, asked: &Asked) -> Shown {
    let (state, links) = (call.state(), &call.links);
    let (consumer, provider) = (state.name(verifiable.consumer), state.name(verifiable.provider));
    let sha = state.content(verifiable.content).map(|content| content.sha.to_string()).unwrap_or_default();
    let number = state.publication(verifiable.publication).map(|pact| state.number(pact.version)).unwrap_or_default();
    let plain = links.pact_version(provider, consumer, &sha);
    let notices = selection::notices(state, verifiable, asked, &plain);
    let metadata = view::selected_metadata(state, verifiable);
    Shown {
        short_description: selection::short_description(verifiable),
        properties: Properties {
            pending: verifiable.pending.filter(|_| asked.pending),
            wip: verifiable.wip.then_some(true),
            notices,
        },
        links: SelfLink {
            link: Named {
                name: pact_name(consumer, number, provider),
                href: links.pact_version_with(provider, consumer, &sha, &metadata),
            },
        },
    }
}

fn read(call: &Call<'_>, body: &Value) -> Result<Asked, Failure> {
    let mut errors: Vec<(String, String)> = Vec::new();
    let branch = body.get("providerVersionBranch").and_then(Value::as_str).map(str::to_owned);
    let tags = match body.get("providerVersionTags") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(tags)) if tags.len() > SELECTORS_MAX => {
            let text = format!("has {} tags; at most {SELECTORS_MAX} are allowed", tags.len());
            errors.push(("providerVersionTags".to_owned(), text));
            Vec::new()
        }
        Some(Value::Array(tags)) => tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(tag)) => vec![tag.clone()],
        Some(_) => {
            errors.push(("providerVersionTags".to_owned(), "must be an array".to_owned()));
            Vec::new()
        }
    };
    // Left out, it is wanted to be known what is pending.
    let pending = match body.get("includePendingStatus") {
        None | Some(Value::Null) => true,
        Some(Value::Bool(pending)) => *pending,
        Some(_) => {
            errors.push(("includePendingStatus".to_owned(), "must be one of: true, false".to_owned()));
            true
        }
    };
    let wip_since = match body.get("includeWipPactsSince").and_then(Value::as_str) {
        None => None,
        Some(text) => match date(text) {
            Some(since) => Some(since),
            None => {
                errors.push(("includeWipPactsSince".to_owned(), "must be a date".to_owned()));
                None
            }
        },
    };
    if branch.as_deref() == Some("") && tags.is_empty() && (pending || wip_since.is_some()) {
        let text = "when pending or WIP pacts are enabled and there are no tags provided, the provider version branch must \
                    not be an empty string, as it is used in the calculations for WIP/pending. A value must be provided \
                    (recommended), or it must not be set at all.";
        errors.push(("providerVersionBranch".to_owned(), text.to_owned()));
    }
    let list = match body.get("consumerVersionSelectors") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(list)) if list.len() <= SELECTORS_MAX => list.as_slice(),
        Some(Value::Array(list)) => {
            let text = format!("has {} selectors; at most {SELECTORS_MAX} are allowed", list.len());
            errors.push(("consumerVersionSelectors".to_owned(), text));
            &[]
        }
        Some(_) => {
            errors.push(("consumerVersionSelectors".to_owned(), "must be an array".to_owned()));
            &[]
        }
    };
    let mut selectors = Vec::new();
    for (at, selector) in list.iter().enumerate() {
        match read_selector(call, selector, branch.as_deref()) {
            Ok(selector) => selectors.push(selector),
            Err(texts) => {
                let each = texts.into_iter().map(|text| format!("{text} (at index {at})"));
                errors.extend(each.map(|text| ("consumerVersionSelectors".to_owned(), text)));
            }
        }
    }
    if !errors.is_empty() {
        return Err(Failure::fields(errors));
    }
    let branch = branch.filter(|branch| !branch.is_empty());
    Ok(Asked { selectors, branch, tags, pending, wip_since })
}

/// A day, or a moment.
fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let day = text.get(..10).unwrap_or(text);
    format!("{day}T00:00:00Z").parse().ok()
}

const BRANCH_KEYS: [&str; 7] =
    ["branch", "fallbackBranch", "fallbackTag", "latest", "mainBranch", "matchingBranch", "tag"];
const ENVIRONMENT_KEYS: [&str; 4] = ["deployed", "deployedOrReleased", "environment", "released"];

fn read_selector(
    call: &Call<'_>,
    selector: &Value,
    provider_branch: Option<&str>,
) -> Result<ConsumerSelector, Vec<String>> {
    if !selector.is_object() {
        return Err(vec!["must be a hash".to_owned()]);
    }
    let mut errors: Vec<String> = Vec::new();
    let given = |key: &str| selector.get(key).is_some_and(|value| !value.is_null() && *value != json!(""));
    let is_true = |key: &str| selector.get(key).is_some_and(|value| *value == json!(true) || *value == json!("true"));
    let text = |key: &str| selector.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let latest_false = selector.get("latest") == Some(&json!(false));
    let mut refuse = |wrong: bool, text: &str| {
        if wrong {
            errors.push(text.to_owned());
        }
    };
    let criteria = ["mainBranch", "tag", "branch", "environment"].iter().any(|key| given(key))
        || ["matchingBranch", "deployed", "released", "deployedOrReleased", "latest"].iter().any(|key| is_true(key));
    refuse(
        !criteria,
        "must specify a value for environment or tag or branch, or specify mainBranch=true, matchingBranch=true, latest=true, \
         deployed=true, released=true or deployedOrReleased=true",
    );
    let others =
        |allowed: &[&str]| BRANCH_KEYS.iter().chain(&ENVIRONMENT_KEYS).any(|key| !allowed.contains(key) && given(key));
    refuse(
        is_true("mainBranch") && others(&["mainBranch", "latest"]),
        "cannot specify mainBranch=true with any other criteria apart from consumer",
    );
    refuse(is_true("mainBranch") && latest_false, "cannot specify mainBranch=true with latest=false");
    refuse(
        is_true("matchingBranch") && others(&["matchingBranch"]),
        "cannot specify matchingBranch=true with any other criteria apart from consumer",
    );
    refuse(
        is_true("matchingBranch") && provider_branch.is_none(),
        "the providerVersionBranch must be specified when the selector matchingBranch=true is used",
    );
    refuse(given("tag") && given("branch"), "cannot specify both a tag and a branch");
    refuse(given("fallbackTag") && !is_true("latest"), "fallbackTag can only be set if latest is true");
    refuse(given("fallbackTag") && !given("tag"), "a tag must be specified when a fallbackTag is specified");
    refuse(
        given("fallbackBranch") && !given("branch"),
        "a branch must be specified when a fallbackBranch is specified",
    );
    refuse(given("fallbackBranch") && latest_false, "fallbackBranch can only be set if latest is true");
    refuse(given("branch") && latest_false, "cannot specify a branch with latest=false");
    refuse(is_true("deployed") && is_true("released"), "cannot specify both deployed=true and released=true");
    let either = is_true("deployedOrReleased");
    refuse(is_true("deployed") && either, "cannot specify both deployed=true and deployedOrReleased=true");
    refuse(is_true("released") && either, "cannot specify both released=true and deployedOrReleased=true");
    let of_branch: Vec<&str> = BRANCH_KEYS.into_iter().filter(|key| given(key)).collect();
    let of_environment: Vec<&str> = ENVIRONMENT_KEYS.into_iter().filter(|key| given(key)).collect();
    let fields = |count: usize| if count == 1 { "field" } else { "fields" };
    if !of_branch.is_empty() && !of_environment.is_empty() {
        errors.push(format!(
            "cannot specify the {} {} with the {} {}",
            fields(of_branch.len()),
            of_branch.join("/"),
            fields(of_environment.len()),
            of_environment.join("/"),
        ));
    }
    if let Some(environment) = text("environment")
        && call.state().environment_named(&environment).is_none()
    {
        errors.push(format!("environment with name '{environment}' does not exist"));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let branch = text("branch");
    Ok(ConsumerSelector {
        consumer: text("consumer"),
        main_branch: is_true("mainBranch"),
        matching_branch: is_true("matchingBranch"),
        latest: is_true("latest") || branch.is_some(),
        branch,
        fallback_branch: text("fallbackBranch"),
        tag: text("tag"),
        fallback_tag: text("fallbackTag"),
        deployed: is_true("deployed") || either,
        released: is_true("released") || either,
        environment: text("environment"),
    })
}
