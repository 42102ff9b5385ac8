//! Pacts and verifications, and what an address remembers of why a pact was asked for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use contracts::{Event, PublicationKey, State, VerificationKey, VersionKey, selection::Verifiable};
use serde_json::{Map, Value, json};

use super::{object, short_party, time};
use crate::{
    Call, Failure,
    links::{Links, entitled, link, segment, templated, titled},
    query,
};

/// What a pact is called.
pub(crate) fn pact_name(consumer: &str, number: &str, provider: &str) -> String {
    format!("Pact between {consumer} ({number}) and {provider}")
}

/// Names and numbers of a pact.
struct Named<'a> {
    consumer: &'a str,
    number: &'a str,
    provider: &'a str,
    sha: String,
}

fn names(state: &State, key: PublicationKey) -> Option<Named<'_>> {
    let pact = state.publication(key)?;
    let version = state.version(pact.version)?;
    Some(Named {
        consumer: state.name(version.pacticipant),
        number: &version.number,
        provider: state.name(pact.provider),
        sha: state.content(pact.content)?.sha.to_string(),
    })
}

/// A pact: the document as it was published, with ids, when it was published, and links. `metadata` is what the address
/// remembers, and is handed on to the verification.
pub(crate) fn pact_document(call: &Call<'_>, key: PublicationKey, metadata: Option<&str>) -> Result<Value, Failure> {
    let state = call.state();
    let pact = state.publication(key).ok_or(Failure::NotFound)?;
    let blob = state.blob_of(pact).ok_or(Failure::NotFound)?;
    let missing = || {
        let detail = format!("the document {blob} of a pact is missing in the store");
        Failure::Refused(kernel::Refusal::new(&kernel::codes::DATA_CORRUPT, detail))
    };
    let bytes = call.host.blob(&blob)?.ok_or_else(missing)?;
    let document: Value = serde_json::from_slice(&bytes).map_err(|_| missing())?;
    let mut fields = match contracts::content::with_ids(document) {
        Value::Object(fields) => fields,
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            return Ok(other);
        }
    };
    fields.insert("createdAt".to_owned(), json!(time(pact.at)));
    fields.insert("_links".to_owned(), pact_links(state, &call.links, key, metadata));
    Ok(Value::Object(fields))
}

fn pact_links(state: &State, links: &Links, key: PublicationKey, metadata: Option<&str>) -> Value {
    let Some(Named { consumer, number, provider, sha }) = names(state, key) else { return Value::Null };
    let here = links.pact(provider, consumer, number);
    let between = links.pacts(provider, consumer);
    let content = links.pact_version(provider, consumer, &sha);
    let publish = links.pact_version_with(provider, consumer, &sha, metadata.unwrap_or_default());
    let version = links.version(consumer, number);
    let matrix =
        format!("/matrix?q[][pacticipant]={}&q[][version]={}&latestby=cvpv", segment(consumer), segment(number));
    json!({
        "self": entitled(here.clone(), "Pact", &pact_name(consumer, number, provider)),
        "pb:consumer": entitled(links.pacticipant(consumer), "Consumer", consumer),
        "pb:consumer-version": entitled(version.clone(), "Consumer version", number),
        "pb:provider": entitled(links.pacticipant(provider), "Provider", provider),
        "pb:pact-version": entitled(content.clone(), "Pact content version permalink", &sha),
        "pb:latest-pact-version": titled(format!("{between}/latest"), "Latest version of this pact"),
        "pb:all-pact-versions": titled(format!("{between}/versions"), "All versions of this pact"),
        "pb:latest-untagged-pact-version": titled(
            format!("{between}/latest-untagged"), "Latest untagged version of this pact"),
        "pb:latest-tagged-pact-version": templated(
            format!("{between}/latest/{{tag}}"), "Latest tagged version of this pact"),
        "pb:previous-distinct": titled(format!("{here}/previous-distinct"), "Previous distinct version of this pact"),
        "pb:diff-previous-distinct": titled(
            format!("{here}/diff/previous-distinct"), "Diff with previous distinct version of this pact"),
        "pb:diff": templated(
            format!("{content}/diff/pact-version/{{pactVersion}}"), "Diff with another specified version of this pact"),
        "pb:pact-webhooks": titled(
            links.at(&["webhooks", "provider", provider, "consumer", consumer]),
            &format!("Webhooks for the pact between {consumer} and {provider}")),
        "pb:consumer-webhooks": titled(
            links.at(&["webhooks", "consumer", consumer]),
            &format!("Webhooks for all pacts with consumer {consumer}")),
        "pb:tag-prod-version": titled(
            format!("{version}/tags/prod"), "PUT to this resource to tag this consumer version as 'production'"),
        "pb:tag-version": titled(format!("{version}/tags/{{tag}}"), "PUT to this resource to tag this consumer version"),
        "pb:publish-verification-results": titled(
            format!("{publish}/verification-results"), "Publish verification results"),
        "pb:latest-verification-results": link(format!("{content}/verification-results/latest")),
        "pb:triggered-webhooks": titled(
            format!("{here}/triggered-webhooks"), "Webhooks triggered by the publication of this pact"),
        "pb:matrix-for-consumer-version": titled(
            links.raw(&matrix), "View matrix rows for the consumer version to which this pact belongs"),
        "curies": links.curies(),
    })
}

/// A pact in the list of the latest ones.
pub(crate) fn latest_pact(state: &State, links: &Links, key: PublicationKey) -> Value {
    let (Some(Named { consumer, number, provider, .. }), Some(pact)) = (names(state, key), state.publication(key))
    else {
        return Value::Null;
    };
    let Some(version) = state.version(pact.version) else { return Value::Null };
    let between = links.pacts(provider, consumer);
    let mut of = short_party(state, links, version.pacticipant);
    if let Value::Object(of) = &mut of {
        let tags: Vec<&str> = version.tags.iter().map(|(tag, _)| &**tag).collect();
        let shown = json!({"number": number, "tags": tags, "_links": {"self": link(links.version(consumer, number))}});
        of.insert("_embedded".to_owned(), json!({"version": shown}));
    }
    json!({
        "createdAt": time(pact.at),
        "_embedded": {"consumer": of, "provider": short_party(state, links, pact.provider)},
        "_links": {"self": [link(format!("{between}/latest")), link(links.pact(provider, consumer, number))]},
    })
}

/// What an address remembers: the consumer's version.
pub(crate) fn consumer_metadata(number: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("cvn={}", segment(number)))
}

/// What an address remembers: the selected versions and whether it was pending, or that it is work in progress.
pub(crate) fn selected_metadata(state: &State, verifiable: &Verifiable) -> String {
    if verifiable.wip {
        return URL_SAFE_NO_PAD.encode("w=true");
    }
    let mut parts = Vec::new();
    for because in &verifiable.because {
        let selector = &because.selector;
        let mut put = |key: &str, value: &str| parts.push(format!("s[][{key}]={}", segment(value)));
        if let Some(branch) = &selector.branch {
            put("b", branch);
        }
        if let Some(tag) = &selector.tag {
            put("t", tag);
        }
        if selector.latest || selector.main_branch {
            put("l", "true");
        }
        if let Some(environment) = &because.environment {
            put("e", environment);
        }
        put("cvn", state.number(because.version));
    }
    if let Some(pending) = verifiable.pending {
        parts.push(format!("p={pending}"));
    }
    URL_SAFE_NO_PAD.encode(parts.join("&"))
}

/// What an address remembered: whether it was work in progress, and the consumer's versions.
pub(crate) fn selected_versions(metadata: Option<&str>) -> (bool, Vec<String>) {
    let Some(bytes) = metadata.and_then(|text| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()) else {
        return (false, Vec::new());
    };
    let Some(parsed) = String::from_utf8(bytes).ok().and_then(|text| query::parse(&text).ok()) else {
        return (false, Vec::new());
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let wip = parsed.get("w").and_then(Value::as_str) == Some("true");
    let mut numbers: Vec<String> = parsed.get("cvn").and_then(text).into_iter().collect();
    if let Some(Value::Array(selectors)) = parsed.get("s") {
        numbers.extend(selectors.iter().filter_map(|selector| text(selector.get("cvn")?)));
    }
    let mut seen = std::collections::BTreeSet::new();
    numbers.retain(|number| seen.insert(number.clone()));
    (wip, numbers)
}

/// What was said of a verification when it was published.
fn verification_event(call: &Call<'_>, key: VerificationKey) -> Result<Option<Event>, Failure> {
    let position = call.state().verification(key).ok_or(Failure::NotFound)?.position;
    Ok(call.host.event(position)?)
}

/// A verification. `of` is the consumer's version that it is shown for; the newest with the content if left out.
pub(crate) fn verification(call: &Call<'_>, key: VerificationKey, of: Option<VersionKey>) -> Result<Value, Failure> {
    let (state, links) = (call.state(), &call.links);
    let row = state.verification(key).ok_or(Failure::NotFound)?;
    let content = state.content(row.content).ok_or(Failure::NotFound)?;
    let newest = state.publications_of(row.content).rev().find(|pact| state.is_current(*pact));
    let newest = newest.and_then(|pact| state.publication(pact)).map(|pact| pact.version);
    let number = of.or(newest).map(|version| state.number(version)).unwrap_or_default();
    let (consumer, provider) = (state.name(content.consumer), state.name(content.provider));
    let sha = content.sha.to_string();
    let here = links.verification(provider, consumer, &sha, key.0 + 1);
    let name = pact_name(consumer, number, provider);
    let mut fields: Map<String, Value> = object(json!({
        "providerName": provider,
        "providerApplicationVersion": state.number(row.version),
        "success": row.success,
        "verificationDate": time(row.at),
    }));
    if let Some(Event::VerificationPublished { build_url, results, verified_by, .. }) = verification_event(call, key)? {
        if let Some(build_url) = build_url {
            fields.insert("buildUrl".to_owned(), json!(build_url));
        }
        if let Some(digest) = results
            && let Some(bytes) = call.host.blob(&digest)?
            && let Ok(results) = serde_json::from_slice::<Value>(&bytes)
        {
            fields.insert("testResults".to_owned(), results);
        }
        if let Some(by) = verified_by
            && let Ok(by) = serde_json::from_str::<Value>(&by.json)
        {
            fields.insert("verifiedBy".to_owned(), by);
        }
    }
    let permalink = links.pact_version_with(provider, consumer, &sha, &consumer_metadata(number));
    let links_value = json!({
        "self": entitled(here.clone(), "Verification result", &format!("Verification result {} for {name}", key.0 + 1)),
        "pb:pact-version": entitled(permalink, "Pact", &name),
        "pb:triggered-webhooks": titled(
            format!("{here}/triggered-webhooks"), "Webhooks triggered by the publication of this verification result"),
    });
    fields.insert("_links".to_owned(), links_value);
    Ok(Value::Object(fields))
}
