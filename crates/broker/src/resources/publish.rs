//! Publishing pacts.

mod merge;

use std::collections::BTreeSet;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use contracts::{
    Command, ContentSha, Outline, PactChange, State,
    command::{NewPact, Onto, is_overtaken, modification_refused, similar_to_each},
    content::without_ids,
};
use kernel::codes;
use serde_json::{Value, json};

use self::merge::{conflicts, merged};
use super::more;
use crate::{
    Answer, Call, Failure,
    call::fragment,
    links::entitled,
    text,
    view::{self, pact_name},
};

/// A pact as large as this is taken, once it is decoded.
const PACT_BYTES_MAX: usize = 32 << 20;
/// So many pacts are taken in one publication.
const CONTRACTS_MAX: usize = 1_000;

/// So often, pacts are merged anew because somebody else's came between.
const MERGES_MAX: usize = 50;

/// Calls of webhooks made within this time are those of this publication.
const RECENT: std::time::Duration = std::time::Duration::from_secs(5);

/// Base64 as everybody writes it: with padding, or without.
pub(crate) fn base64_decoded(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    LENIENT.decode(text.as_bytes()).ok()
}

/// One contract of a publication.
struct Contract {
    provider: String,
    merge: bool,
    /// True if it is not merged over an interaction that has another request.
    strict: bool,
    pact: Value,
    bytes: Vec<u8>,
}

/// A publication.
struct Publication {
    name: String,
    number: String,
    branch: Option<String>,
    tags: Vec<String>,
    build_url: Option<String>,
    contracts: Vec<Contract>,
}

impl Publication {
    fn version(&self) -> (&str, &str) {
        (&self.name, &self.number)
    }
}

pub(crate) fn publish(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let mut publication = read(&call.json()?)?;
    refuse_conflicts(call, &publication)?;
    let mut notices = Vec::new();
    let existed = call.state().version_named(&publication.name, &publication.number).is_some();
    let made = if existed { "Updated" } else { "Created" };
    let said = text::version_made(
        made,
        &publication.name,
        &publication.number,
        publication.branch.as_deref(),
        &publication.tags,
    );
    notices.push(notice("debug", said));
    if publication.branch.is_none() {
        let next = "  Next steps:\n    Configure the version branch to be the value of your repository branch.";
        notices.push(notice("prompt", next));
    }
    let before: Vec<Option<ContentSha>> = publication
        .contracts
        .iter()
        .map(|contract| published(call.state(), publication.version(), &contract.provider))
        .collect();
    submit(call, &mut publication)?;
    for (contract, before) in publication.contracts.iter().zip(before) {
        notices.extend(notices_for(call, &publication, contract, before));
    }
    Ok(Answer::hal(&results(call, &publication, &notices)))
}

fn notice(kind: &str, text: impl Into<String>) -> Value {
    json!({"type": kind, "text": text.into()})
}

/// The content that a version expects of a provider.
fn published(state: &State, (name, number): (&str, &str), provider: &str) -> Option<ContentSha> {
    let version = state.version(state.version_named(name, number)?)?;
    let pact = state.publication(version.pact_with(state.pacticipant_named(provider)?)?)?;
    state.content(pact.content).map(|content| content.sha)
}

fn read(body: &Value) -> Result<Publication, Failure> {
    let mut errors: Vec<(String, String)> = Vec::new();
    let mut required = |field: &str| -> String {
        match body.get(field) {
            None => errors.push((field.to_owned(), "is missing".to_owned())),
            Some(Value::String(text)) if text.trim().is_empty() => {
                errors.push((field.to_owned(), "can't be blank".to_owned()));
            }
            Some(Value::String(text)) if text.contains('\n') => {
                errors.push((field.to_owned(), "cannot contain multiple lines".to_owned()));
            }
            Some(Value::String(text)) => return text.clone(),
            Some(_) => errors.push((field.to_owned(), "must be a string".to_owned())),
        }
        String::new()
    };
    let (name, number) = (required("pacticipantName"), required("pacticipantVersionNumber"));
    let optional = |field: &str| body.get(field).and_then(Value::as_str).map(str::to_owned);
    let tags = body.get("tags").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let tags: Vec<String> = tags.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let list = match body.get("contracts") {
        Some(Value::Array(list)) if list.len() <= CONTRACTS_MAX => list.as_slice(),
        Some(Value::Array(list)) => {
            let text = format!("has {} contracts; at most {CONTRACTS_MAX} are allowed", list.len());
            errors.push(("contracts".to_owned(), text));
            &[]
        }
        Some(_) => {
            errors.push(("contracts".to_owned(), "must be an array".to_owned()));
            &[]
        }
        None => {
            errors.push(("contracts".to_owned(), "is missing".to_owned()));
            &[]
        }
    };
    let mut contracts = Vec::new();
    for (at, contract) in list.iter().enumerate() {
        match read_contract(&name, contract) {
            Ok(contract) => contracts.push(contract),
            Err(wrong) => errors.push((format!("contracts[{at}].{}", wrong.0), format!("{} (at index {at})", wrong.1))),
        }
    }
    if !errors.is_empty() {
        return Err(Failure::fields(errors));
    }
    let branch = optional("branch").filter(|branch| !branch.is_empty());
    Ok(Publication { name, number, branch, tags, build_url: optional("buildUrl"), contracts })
}

fn read_contract(name: &str, contract: &Value) -> Result<Contract, (&'static str, String)> {
    let text = |field: &'static str| -> Result<&str, (&'static str, String)> {
        match contract.get(field) {
            None => Err((field, "is missing".to_owned())),
            Some(Value::String(text)) if text.trim().is_empty() => Err((field, "can't be blank".to_owned())),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err((field, "must be a string".to_owned())),
        }
    };
    let (consumer, provider) = (text("consumerName")?, text("providerName")?);
    if consumer != name {
        let wrong = format!("consumerName ('{consumer}') must match pacticipantName ('{name}')");
        return Err(("consumerName", wrong));
    }
    let media_type = text("contentType")?;
    if !media_type.contains("json") {
        return Err(("contentType", "must be one of: application/json".to_owned()));
    }
    if text("specification")? != "pact" {
        return Err(("specification", "must be one of: pact".to_owned()));
    }
    let on_conflict = contract.get("onConflict").or(contract.get("writeMode")).and_then(Value::as_str);
    if on_conflict.is_some_and(|on_conflict| !matches!(on_conflict, "overwrite" | "merge")) {
        return Err(("onConflict", "must be one of: overwrite, merge".to_owned()));
    }
    let bytes = base64_decoded(text("content")?).ok_or(("content", "is not valid Base64".to_owned()))?;
    let pact = parsed(&bytes, media_type).map_err(|wrong| ("content", wrong))?;
    for (role, name) in [("consumer", consumer), ("provider", provider)] {
        let said = pact.get(role).and_then(|party| party.get("name")).and_then(Value::as_str);
        if let Some(said) = said.filter(|said| *said != name) {
            let wrong = format!(
                "{role} name in contract content ('{said}') must match {role}Name in contract params ('{name}')"
            );
            return Err((if role == "consumer" { "consumerName" } else { "providerName" }, wrong));
        }
    }
    Ok(Contract { provider: provider.to_owned(), merge: on_conflict == Some("merge"), strict: false, pact, bytes })
}

/// The pact in the bytes.
fn parsed(bytes: &[u8], media_type: &str) -> Result<Value, String> {
    if bytes.len() > PACT_BYTES_MAX {
        return Err(format!("has {} bytes; at most {PACT_BYTES_MAX} are allowed", bytes.len()));
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        let (at, before) = fragment(bytes, error.valid_up_to());
        return Err(format!(
            "contract content has a non UTF-8 character at char {at} and cannot be parsed as JSON. Fragment preceding \
             invalid character is: '{before}'"
        ));
    }
    let pact: Value =
        serde_json::from_slice(bytes).map_err(|_| format!("content could not be parsed as {media_type}"))?;
    let class = match &pact {
        Value::Object(_) => return Ok(pact),
        Value::Array(_) => "Array",
        Value::String(_) => "String",
        Value::Number(_) => "Integer",
        Value::Bool(_) => "TrueClass",
        Value::Null => "NilClass",
    };
    Err(format!("parsed content was expected to be a Hash but was a {class}"))
}

/// Refuses another content for the same version, and names that were probably mistyped.
fn refuse_conflicts(call: &Call<'_>, publication: &Publication) -> Result<(), Failure> {
    let policy = call.host.policy();
    let (mut notices, mut errors) = (Vec::new(), Vec::new());
    for contract in publication.contracts.iter().filter(|contract| !contract.merge && !policy.may_modify) {
        let before = published(call.state(), publication.version(), &contract.provider);
        if before.is_some_and(|before| before != ContentSha::of(&contract.pact)) {
            let refusal = modification_refused(&publication.name, &publication.number, &contract.provider);
            errors.push(refusal.detail.clone());
            notices.push(notice("error", refusal.detail));
            if let Some(known) = current(call, (&publication.name, &publication.number), &contract.provider)? {
                notices.push(notice("info", more::diff(&known, &contract.pact)));
            }
        }
    }
    if policy.asks_about_similar_names {
        let mut names: BTreeSet<&str> =
            publication.contracts.iter().map(|contract| contract.provider.as_str()).collect();
        names.insert(&publication.name);
        for (name, known) in similar_to_each(call.state(), names) {
            let said = text::similar(name, &known, call.links.base());
            errors.push(said.clone());
            notices.push(notice("error", said));
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Failure::Errors { status: 409, errors: json!({"contracts": errors}), notices })
}

/// The document that a version has with a provider, as it was published.
fn current(call: &Call<'_>, (name, number): (&str, &str), provider: &str) -> Result<Option<Value>, Failure> {
    let state = call.state();
    let version = state.version_named(name, number).and_then(|version| state.version(version));
    let pact = version.zip(state.pacticipant_named(provider)).and_then(|(version, with)| version.pact_with(with));
    let Some(blob) = pact.and_then(|pact| state.publication(pact)).and_then(|pact| state.blob_of(pact)) else {
        return Ok(None);
    };
    let bytes = call.host.blob(&blob)?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Publishes; pacts are merged with what the version has with the provider already, where they ask for that.
fn submit(call: &mut Call<'_>, publication: &mut Publication) -> Result<(), Failure> {
    let mut pacts: Vec<Option<NewPact>> = vec![None; publication.contracts.len()];
    let mut merges = 0;
    loop {
        let (mut fresh, mut blobs) = (Vec::new(), Vec::new());
        for (place, contract) in publication.contracts.iter_mut().enumerate() {
            if contract.merge {
                let (pact, bytes, onto) = merged_now(call, (&publication.name, &publication.number), contract)?;
                fresh.push((place, ContentSha::of(&pact), Outline::of(&pact), onto));
                blobs.push(bytes);
            } else if merges == 0 {
                fresh.push((place, ContentSha::of(&contract.pact), Outline::of(&contract.pact), Onto::Any));
                blobs.push(std::mem::take(&mut contract.bytes));
            }
        }
        let kept = call.host.keep(&blobs)?;
        for ((place, content, outline, onto), blob) in fresh.into_iter().zip(kept) {
            if let (Some(pact), Some(contract)) = (pacts.get_mut(place), publication.contracts.get(place)) {
                *pact = Some(NewPact { provider: contract.provider.clone(), content, blob, outline, onto });
            }
        }
        let command = Command::Publish {
            pacticipant: publication.name.clone(),
            version: publication.number.clone(),
            branch: publication.branch.clone(),
            tags: publication.tags.clone(),
            build_url: publication.build_url.clone(),
            pacts: pacts.iter().flatten().cloned().collect(),
            may_modify: call.host.policy().may_modify,
        };
        merges += 1;
        match call.submit(command) {
            Err(Failure::Refused(refusal)) if is_overtaken(&refusal) && merges < MERGES_MAX => {}
            done => return done,
        }
    }
}

/// The pact with what the version has with the provider now, and what that is.
fn merged_now(
    call: &Call<'_>,
    (name, number): (&str, &str),
    contract: &Contract,
) -> Result<(Value, Vec<u8>, Onto), Failure> {
    let Some((sha, known)) = published(call.state(), (name, number), &contract.provider).zip(current(
        call,
        (name, number),
        &contract.provider,
    )?) else {
        return Ok((contract.pact.clone(), contract.bytes.clone(), Onto::Nothing));
    };
    if contract.strict && conflicts(&known, &contract.pact) {
        let refusal =
            kernel::Refusal::new(&codes::CONFLICT, "an interaction of the same description and state differs");
        return Err(Failure::Refused(refusal));
    }
    let merged = merged(known, &contract.pact);
    let bytes = merged.to_string().into_bytes();
    Ok((merged, bytes, Onto::This(sha)))
}

fn notices_for(
    call: &Call<'_>,
    publication: &Publication,
    contract: &Contract,
    before: Option<ContentSha>,
) -> Vec<Value> {
    let (name, number, provider) = (&publication.name, &publication.number, &contract.provider);
    let now = published(call.state(), publication.version(), provider);
    let of = format!("for {name} version {number} and provider {provider}");
    let first = match (before, contract.merge) {
        (None, _) => notice("success", format!("Pact successfully published {of}.")),
        (Some(_), true) => notice("success", format!("Pact content merged with existing content {of}.")),
        (Some(before), false) if Some(before) == now => {
            notice("success", format!("Pact successfully republished {of} with no content changes."))
        }
        (Some(_), false) => notice(
            "warning",
            format!(
                "Pact with changed content published over existing content {of}. This is not recommended in normal \
                 circumstances and may indicate that you have not configured your Pact pipeline correctly. For more \
                 information see https://docs.pact.io/go/versioning"
            ),
        ),
    };
    let at = call.links.pact(provider, name, number);
    let mut notices = vec![first, notice("debug", format!("  View the published pact at {at}"))];
    notices.extend(events_and_next_steps(call, publication, contract, before));
    notices
}

fn events_and_next_steps(
    call: &Call<'_>,
    publication: &Publication,
    contract: &Contract,
    before: Option<ContentSha>,
) -> Vec<Value> {
    let state = call.state();
    let mut notices = Vec::new();
    let keys = state.pacticipant_named(&publication.name).zip(state.pacticipant_named(&contract.provider));
    let Some((consumer, provider)) = keys else { return notices };
    let triggered: Vec<_> = state
        .deliveries()
        .take_while(|known| known.created >= call.host.now() - RECENT)
        .filter(|known| known.delivery.consumer.as_deref() == Some(&publication.name))
        .filter(|known| known.delivery.consumer_version.as_deref() == Some(&publication.number))
        .filter(|known| known.delivery.provider.as_deref() == Some(&contract.provider))
        .collect();
    if before.is_none() || !triggered.is_empty() {
        let mut events: BTreeSet<&str> = triggered.iter().map(|known| known.delivery.event.as_str()).collect();
        events.insert("contract_published");
        if let Some(change) = change_of(state, publication, contract)
            && change != PactChange::Unchanged
        {
            events.insert("contract_content_changed");
        }
        let events = events.into_iter().collect::<Vec<_>>().join(", ");
        notices.push(notice("debug", format!("  Events detected: {events}")));
    }
    for known in &triggered {
        let logs = call.links.at(&["triggered-webhooks", &known.delivery.effect.to_string(), "logs"]);
        let (webhook, event) = (&known.delivery.webhook_name, &known.delivery.event);
        notices.push(notice(
            "debug",
            format!("  Webhook {webhook} triggered for event {event}.\n    View logs at {logs}"),
        ));
    }
    let has_webhook = state.webhooks().any(|known| known.webhook.is_for(state, consumer, provider));
    if has_webhook && triggered.is_empty() {
        notices.push(notice("debug", "  No enabled webhooks found for the detected events"));
    }
    let mut steps = Vec::new();
    let tried =
        |pact| state.publication(pact).is_some_and(|pact| state.verifications_of(pact.content).next().is_some());
    if !state.publications_between(consumer, provider).any(tried) {
        steps.push(format!(
            "    * Add Pact verification tests to the {} build. See https://docs.pact.io/go/provider_verification",
            contract.provider
        ));
    }
    if !has_webhook {
        steps.push(format!(
            "    * Configure separate {} pact verification build and webhook to trigger it when the pact content changes. \
             See https://docs.pact.io/go/webhooks",
            contract.provider
        ));
    }
    if !steps.is_empty() {
        notices.push(notice("prompt", "  Next steps:"));
        notices.extend(steps.into_iter().map(|step| notice("prompt", step)));
    }
    notices
}

/// How the pact that was just published relates to the one before: by whether others have its content.
fn change_of(state: &State, publication: &Publication, contract: &Contract) -> Option<PactChange> {
    let version = state.version(state.version_named(&publication.name, &publication.number)?)?;
    let pact = state.publication(version.pact_with(state.pacticipant_named(&contract.provider)?)?)?;
    let repeated = state.publications_of(pact.content).nth(1).is_some();
    Some(if repeated { PactChange::Unchanged } else { PactChange::Changed })
}

fn results(call: &Call<'_>, publication: &Publication, notices: &[Value]) -> Value {
    let (state, links) = (call.state(), &call.links);
    let (name, number) = (&publication.name, &publication.number);
    let logs: Vec<Value> = notices
        .iter()
        .map(|notice| {
            json!({"level": notice.get("type"), "message": notice.get("text"), "deprecationWarning": "Replaced by notices"})
        })
        .collect();
    let tags: Vec<Value> =
        publication.tags.iter().map(|tag| entitled(links.tag(name, number, tag), "Tag", tag)).collect();
    let contracts: Vec<Value> = publication
        .contracts
        .iter()
        .map(|contract| {
            let title = pact_name(name, number, &contract.provider);
            entitled(links.pact(&contract.provider, name, number), "Pact", &title)
        })
        .collect();
    let version = state.version_named(name, number).map(|key| view::embedded_version(state, links, key));
    let pacticipant = state.pacticipant_named(name).map(|key| view::embedded_pacticipant(state, links, key));
    json!({
        "logs": logs,
        "notices": notices,
        "_embedded": {"pacticipant": pacticipant, "version": version},
        "_links": {
            "pb:pacticipant": entitled(links.pacticipant(name), "Pacticipant", name),
            "pb:pacticipant-version": entitled(links.version(name, number), "Pacticipant version", number),
            "pb:pacticipant-version-tags": tags,
            "pb:contracts": contracts,
        },
    })
}

pub(crate) fn put(call: &mut Call<'_>) -> Result<Answer, Failure> {
    one(call, false)
}

pub(crate) fn merge(call: &mut Call<'_>) -> Result<Answer, Failure> {
    one(call, true)
}

/// The older way: one pact, at its own address.
fn one(call: &mut Call<'_>, merge: bool) -> Result<Answer, Failure> {
    let [consumer, provider, number] =
        ["consumer", "provider", "version"].map(|name| call.param(name).map(str::to_owned));
    let (consumer, provider, number) = (consumer?, provider?, number?);
    let pact = parsed(call.body, "application/json").map_err(|wrong| Failure::list(vec![wrong]))?;
    for (role, name) in [("consumer", &consumer), ("provider", &provider)] {
        let said = pact.get(role).and_then(|party| party.get("name")).and_then(Value::as_str);
        if let Some(said) = said.filter(|said| said != name) {
            let wrong = format!("name in pact '{said}' does not match name in URL path '{name}'.");
            return Err(Failure::field(&format!("{role}.name"), wrong));
        }
    }
    let created = published(call.state(), (&consumer, &number), &provider).is_none();
    let (bytes, strict) = (call.body.to_vec(), merge);
    let contract = Contract { provider: provider.clone(), merge, strict, bytes, pact: without_ids(pact) };
    let (branch, tags, build_url) = (None, Vec::new(), None);
    let mut asked = Publication {
        name: consumer.clone(),
        number: number.clone(),
        branch,
        tags,
        build_url,
        contracts: vec![contract],
    };
    refuse_conflicts(call, &asked).map_err(|failure| match failure {
        // Of one pact, it is said without its place.
        Failure::Errors { status: 409, errors, .. } => {
            let said = errors.pointer("/contracts/0").and_then(Value::as_str).unwrap_or_default().to_owned();
            Failure::Errors { status: 409, errors: json!({"error": [said]}), notices: Vec::new() }
        }
        other @ (Failure::NotFound | Failure::Errors { .. } | Failure::Refused(_)) => other,
    })?;
    submit(call, &mut asked)?;
    let key = super::pacts::of_version(call.state(), &consumer, &number, &provider).ok_or(Failure::NotFound)?;
    let document = view::pact_document(call, key, None)?;
    Ok(Answer::with_status(if created { 201 } else { 200 }, &document))
}
