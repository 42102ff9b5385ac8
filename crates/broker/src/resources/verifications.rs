//! Verifications.

use contracts::{Command, ContentKey, Failure as Failed, Latest, VerificationKey, VerifiedBy};
use serde_json::{Value, json};

use super::pacts;
use crate::{Answer, Call, Failure, links::titled, view};

/// Bytes of the results of a verification.
const RESULTS_BYTES_MAX: usize = 16 << 20;
/// Bytes of what is said of who verified.
const VERIFIED_BY_BYTES_MAX: usize = 16 << 10;
/// Failures that are looked for in the results.
const FAILURES_MAX: usize = 5;

pub(crate) fn publish(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let content = pacts::content(call)?;
    let body = call.json()?;
    let mut errors = Vec::new();
    let success = match body.get("success") {
        Some(Value::Bool(success)) => *success,
        Some(_) => {
            errors.push(("success".to_owned(), "must be boolean".to_owned()));
            false
        }
        None => {
            errors.push(("success".to_owned(), "is missing".to_owned()));
            false
        }
    };
    let version = match body.get("providerApplicationVersion") {
        Some(Value::String(text)) if text.trim().is_empty() => {
            errors.push(("providerApplicationVersion".to_owned(), "can't be blank".to_owned()));
            String::new()
        }
        Some(Value::String(text)) => text.clone(),
        Some(_) => {
            errors.push(("providerApplicationVersion".to_owned(), "must be a string".to_owned()));
            String::new()
        }
        None => {
            errors.push(("providerApplicationVersion".to_owned(), "is missing".to_owned()));
            String::new()
        }
    };
    let build_url = match body.get("buildUrl") {
        None | Some(Value::Null) => None,
        Some(Value::String(url)) if url.starts_with("http://") || url.starts_with("https://") => Some(url.clone()),
        Some(_) => {
            errors.push(("buildUrl".to_owned(), "is not a valid URL eg. http://example.org".to_owned()));
            None
        }
    };
    if !errors.is_empty() {
        return Err(Failure::fields(errors));
    }
    let results = body.get("testResults").filter(|results| !results.is_null());
    let kept = match results {
        None => None,
        Some(results) => {
            let bytes = results.to_string().into_bytes();
            if bytes.len() > RESULTS_BYTES_MAX {
                let text = format!("has {} bytes; at most {RESULTS_BYTES_MAX} are allowed", bytes.len());
                return Err(Failure::field("testResults", text));
            }
            call.host.keep(&[bytes])?.first().copied()
        }
    };
    let (wip, selected) = view::selected_versions(call.path.get("metadata").map(String::as_str));
    let failures = if success { Vec::new() } else { failures(call, content, results)? };
    let state = call.state();
    let known = state.content(content).ok_or(Failure::NotFound)?;
    let verified_by = body.get("verifiedBy").filter(|by| by.is_object()).map(|by| VerifiedBy { json: by.to_string() });
    if verified_by.as_ref().is_some_and(|by| by.json.len() > VERIFIED_BY_BYTES_MAX) {
        return Err(Failure::field("verifiedBy", format!("has more than {VERIFIED_BY_BYTES_MAX} bytes")));
    }
    let (by, number) = (known.provider, version.clone());
    let command = Command::Verify {
        provider: state.name(known.provider).to_owned(),
        version,
        consumer: state.name(known.consumer).to_owned(),
        content: known.sha,
        success,
        wip,
        build_url,
        results: kept,
        verified_by,
        failures,
        selected_for: selected,
    };
    call.submit(command)?;
    // The newest of all may be another's, who published at the same time.
    let by = call.state().version_numbered(by, &number).ok_or(Failure::NotFound)?;
    let key = call.state().verified(content, by).ok_or(Failure::NotFound)?;
    let document = view::verification(call, key, None)?;
    let here = document.pointer("/_links/self/href").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Answer::with_status(201, &document).header("location", here))
}

/// The first interactions that failed, as the results have them: the verifier's own form, or pact-ruby's.
fn failures(call: &Call<'_>, content: ContentKey, results: Option<&Value>) -> Result<Vec<Failed>, Failure> {
    let Some(results) = results else { return Ok(Vec::new()) };
    let list = results.as_array().or_else(|| results.get("tests")?.as_array()).map_or(&[] as &[Value], Vec::as_slice);
    let has_failed = |test: &&Value| {
        test.get("success") == Some(&json!(false)) || test.get("status").and_then(Value::as_str) == Some("failed")
    };
    let failed: Vec<&Value> = list.iter().filter(has_failed).take(FAILURES_MAX).collect();
    if failed.is_empty() {
        return Ok(Vec::new());
    }
    let blob = call.state().content(content).map(|content| content.blob);
    let bytes = blob.map(|blob| call.host.blob(&blob)).transpose()?.flatten();
    let pact: Value = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let pact = contracts::content::with_ids(pact);
    let interactions: Vec<&Value> = ["interactions", "messages"]
        .iter()
        .filter_map(|key| pact.get(key).and_then(Value::as_array))
        .flatten()
        .collect();
    let named = |test: &Value| -> (String, Option<String>) {
        let id = test.get("interactionId").and_then(Value::as_str);
        let found = interactions.iter().find(|known| id.is_some() && known.get("_id").and_then(Value::as_str) == id);
        let said = test.get("interactionDescription").or(test.get("testDescription")).or(test.get("fullDescription"));
        let described = found.and_then(|known| known.get("description")).or(said).and_then(Value::as_str);
        let state = found.and_then(|known| {
            let old = known.get("providerState").and_then(Value::as_str);
            let new = known.pointer("/providerStates/0/name").and_then(Value::as_str);
            old.or(new)
        });
        let state = state.or(test.get("interactionProviderState").and_then(Value::as_str));
        (described.unwrap_or("an interaction").to_owned(), state.map(str::to_owned))
    };
    let message = |test: &Value| -> Option<String> {
        let mismatches = test.get("mismatches").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
        let mut texts: Vec<&str> = mismatches
            .iter()
            .filter_map(|mismatch| mismatch.get("description").or(mismatch.get("mismatch")).and_then(Value::as_str))
            .collect();
        let exceptions = test.get("exceptions").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
        texts.extend(exceptions.iter().filter_map(|exception| exception.get("message").and_then(Value::as_str)));
        texts.extend(test.pointer("/exception/message").and_then(Value::as_str));
        (!texts.is_empty()).then(|| texts.join("; "))
    };
    let each = failed.into_iter().map(|test| {
        let (interaction, state) = named(test);
        Failed { interaction, state, message: message(test) }
    });
    Ok(each.collect())
}

/// The verification that the path names: by number, or the latest.
fn asked(call: &Call<'_>) -> Result<VerificationKey, Failure> {
    let content = pacts::content(call)?;
    let number = call.param("number")?;
    let state = call.state();
    if number == "latest" {
        return state.verifications_of(content).next_back().ok_or(Failure::NotFound);
    }
    let key = number.parse::<u32>().ok().and_then(|number| number.checked_sub(1)).map(VerificationKey);
    let key = key.filter(|key| state.verification(*key).is_some_and(|row| row.content == content));
    key.ok_or(Failure::NotFound)
}

pub(crate) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = asked(call)?;
    let (_, selected) = view::selected_versions(call.path.get("metadata").map(String::as_str));
    let of = selected.first().and_then(|number| call.state().version_named(call.path.get("consumer")?, number));
    Ok(Answer::hal(&view::verification(call, key, of)?))
}

pub(crate) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = asked(call)?;
    call.submit(Command::RemoveVerification { number: key.0 + 1 })?;
    Ok(Answer::empty())
}

fn latest_of(call: &Call<'_>, key: contracts::PublicationKey) -> Result<Answer, Failure> {
    let state = call.state();
    let pact = state.publication(key).ok_or(Failure::NotFound)?;
    let latest = state.verifications_of(pact.content).next_back().ok_or(Failure::NotFound)?;
    Ok(Answer::hal(&view::verification(call, latest, Some(pact.version))?))
}

pub(crate) fn latest_of_version(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, number, provider) = (call.param("consumer")?, call.param("version")?, call.param("provider")?);
    let key = pacts::of_version(call.state(), consumer, number, provider).ok_or(Failure::NotFound)?;
    latest_of(call, key)
}

pub(crate) fn latest_of_latest(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let of = call.path.get("tag").map_or(Latest::Overall, |tag| Latest::Tagged(tag));
    let key = call.state().latest_pact(consumer, provider, of).ok_or(Failure::NotFound)?;
    latest_of(call, key)
}

/// The latest verification of each pact of a consumer's version.
pub(crate) fn summary(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, number) = (call.param("consumer")?, call.param("version")?);
    let state = call.state();
    let key = state.version_named(consumer, number).ok_or(Failure::NotFound)?;
    let version = state.version(key).ok_or(Failure::NotFound)?;
    let (mut successful, mut failed, mut unknown, mut shown) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (provider, pact) in &version.pacts {
        let latest = state.publication(*pact).and_then(|pact| state.verifications_of(pact.content).next_back());
        let name = state.name(*provider);
        match latest.and_then(|latest| Some((latest, state.verification(latest)?.success))) {
            Some((latest, success)) => {
                if success {
                    successful.push(name)
                } else {
                    failed.push(name)
                }
                shown.push(view::verification(call, latest, Some(key))?);
            }
            None => unknown.push(name),
        }
    }
    let success = !shown.is_empty() && failed.is_empty() && unknown.is_empty();
    let here = call.links.at(&["verification-results", "consumer", consumer, "version", number, "latest"]);
    let title = format!("Latest verification results for consumer {consumer} version {number}");
    Ok(Answer::hal(&json!({
        "success": success,
        "providerSummary": {"successful": successful, "failed": failed, "unknown": unknown},
        "_embedded": {"verificationResults": shown},
        "_links": {"self": titled(here, &title)},
    })))
}
