//! Definitions of APIs that providers publish, as PactFlow's clients do it.

use contracts::{Command, Latest, State, VersionKey};
use serde_json::{Map, Value, json};

use crate::{
    Answer, Call, Failure,
    links::{entitled, named},
    resources::publish::base64_decoded,
    text, view,
};

/// A definition as large as this is taken, once it is decoded.
const DEFINITION_BYTES_MAX: usize = 32 << 20;
/// Results of the provider's own tests as large as this are taken.
const RESULTS_BYTES_MAX: usize = 16 << 20;
/// Consumers whose pacts are spoken of in the answer.
const CONSUMERS_MAX: usize = 20;

/// A definition, as a client sent it.
struct Definition {
    content: Vec<u8>,
    media_type: String,
    specification: String,
    self_verified: Option<bool>,
    results: Option<Vec<u8>>,
    verifier: Option<String>,
}

/// Where the version is that the definition is of.
struct Of {
    provider: String,
    version: String,
    branch: Option<String>,
    tags: Vec<String>,
    build_url: Option<String>,
}

#[derive(Default)]
struct Errors(Vec<(String, String)>);

impl Errors {
    fn add(&mut self, field: String, text: &str) {
        self.0.push((field, text.to_owned()));
    }

    fn text(&mut self, object: &Value, prefix: &str, key: &str) -> String {
        match object.get(key) {
            None => self.add(format!("{prefix}{key}"), "is missing"),
            Some(Value::String(text)) if text.trim().is_empty() => self.add(format!("{prefix}{key}"), "can't be blank"),
            Some(Value::String(text)) => return text.clone(),
            Some(_) => self.add(format!("{prefix}{key}"), "must be a string"),
        }
        String::new()
    }

    fn optional(&mut self, object: &Value, prefix: &str, key: &str) -> Option<String> {
        match object.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()).filter(|text| !text.is_empty()),
            Some(_) => {
                self.add(format!("{prefix}{key}"), "must be a string");
                None
            }
        }
    }

    fn decoded(&mut self, text: &str, field: String, max: usize) -> Vec<u8> {
        match base64_decoded(text) {
            None => self.add(field, "is not valid Base64"),
            Some(bytes) if bytes.len() > max => {
                self.add(field, &format!("has {} bytes; at most {max} are allowed", bytes.len()));
            }
            Some(bytes) => return bytes,
        }
        Vec::new()
    }
}

/// Reads a definition; its two forms differ in how they call things.
fn read(errors: &mut Errors, object: &Value, prefix: &str, [sort, results]: [&str; 2]) -> Definition {
    let content = errors.text(object, prefix, "content");
    let content = errors.decoded(&content, format!("{prefix}content"), DEFINITION_BYTES_MAX);
    if std::str::from_utf8(&content).is_err() {
        errors.add(format!("{prefix}content"), "is not a UTF-8 text");
    }
    let media_type = errors.text(object, prefix, "contentType");
    let specification = errors.text(object, prefix, sort);
    if !specification.is_empty() && specification != "oas" {
        errors.add(format!("{prefix}{sort}"), "must be one of: oas");
    }
    let mut definition =
        Definition { content, media_type, specification, self_verified: None, results: None, verifier: None };
    match object.get(results) {
        None | Some(Value::Null) => {}
        Some(said @ Value::Object(_)) => read_results(errors, &mut definition, said, &format!("{prefix}{results}.")),
        Some(_) => errors.add(format!("{prefix}{results}"), "must be a hash"),
    }
    definition
}

fn read_results(errors: &mut Errors, definition: &mut Definition, said: &Value, prefix: &str) {
    match said.get("success") {
        Some(Value::Bool(success)) => definition.self_verified = Some(*success),
        Some(_) => errors.add(format!("{prefix}success"), "must be boolean"),
        None => errors.add(format!("{prefix}success"), "is missing"),
    }
    if let Some(content) = errors.optional(said, prefix, "content") {
        definition.results = Some(errors.decoded(&content, format!("{prefix}content"), RESULTS_BYTES_MAX));
    }
    let verifier = errors.optional(said, prefix, "verifier");
    let version = errors.optional(said, prefix, "verifierVersion");
    definition.verifier = verifier.map(|verifier| match version {
        Some(version) => format!("{verifier} {version}"),
        None => verifier,
    });
}

/// Publishes; true if the version was known.
fn store(call: &mut Call<'_>, of: &Of, definition: Definition) -> Result<bool, Failure> {
    let existed = call.state().version_named(&of.provider, &of.version).is_some();
    let mut blobs = vec![definition.content];
    blobs.extend(definition.results);
    let kept = call.host.keep(&blobs)?;
    let missing = || kernel::Refusal::new(&kernel::codes::INTERNAL, "the store kept no document");
    let blob = kept.first().copied().ok_or_else(missing)?;
    call.submit(Command::PublishDefinition {
        provider: of.provider.clone(),
        version: of.version.clone(),
        branch: of.branch.clone(),
        tags: of.tags.clone(),
        build_url: of.build_url.clone(),
        blob,
        media_type: definition.media_type,
        specification: definition.specification,
        self_verified: definition.self_verified,
        self_results: kept.get(1).copied(),
        verifier: definition.verifier,
    })?;
    Ok(existed)
}

pub(super) fn publish(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let body = call.json()?;
    let mut errors = Errors::default();
    let version = errors.text(&body, "", "pacticipantVersionNumber");
    let branch = errors.optional(&body, "", "branch");
    let build_url = errors.optional(&body, "", "buildUrl");
    let tags = match body.get("tags") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(tags)) if tags.iter().all(Value::is_string) => {
            tags.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some(_) => {
            errors.add("tags".to_owned(), "must be an array of strings");
            Vec::new()
        }
    };
    let definition = match body.get("contract") {
        Some(contract @ Value::Object(_)) => {
            Some(read(&mut errors, contract, "contract.", ["specification", "selfVerificationResults"]))
        }
        Some(_) => {
            errors.add("contract".to_owned(), "must be a hash");
            None
        }
        None => {
            errors.add("contract".to_owned(), "is missing");
            None
        }
    };
    let Some(definition) = definition.filter(|_| errors.0.is_empty()) else { return Err(Failure::fields(errors.0)) };
    let of = Of { provider: call.param("provider")?.to_owned(), version, branch, tags, build_url };
    let self_verified = definition.self_verified;
    let existed = store(call, &of, definition)?;
    let notices = notices(call.state(), &of, existed, self_verified);
    Ok(Answer::hal(&published(call, &of, &notices)))
}

fn published(call: &Call<'_>, of: &Of, notices: &[Value]) -> Value {
    let (links, state) = (&call.links, call.state());
    let (provider, number) = (of.provider.as_str(), of.version.as_str());
    let key = state.version_named(provider, number);
    let mut linked = Map::new();
    linked.insert("pb:pacticipant".to_owned(), entitled(links.pacticipant(provider), "Pacticipant", provider));
    linked.insert(
        "pb:pacticipant-version".to_owned(),
        entitled(links.version(provider, number), "Pacticipant version", number),
    );
    if let Some(branch) = &of.branch {
        let at = links.branch_version(provider, branch, number);
        linked.insert("pb:branch-version".to_owned(), entitled(at, "Branch version", branch));
    }
    let tags: Vec<Value> = of.tags.iter().map(|tag| named(links.tag(provider, number, tag), tag)).collect();
    // PactFlow's command line can't read an answer without it.
    linked.insert("pb:pacticipant-version-tags".to_owned(), Value::Array(tags));
    json!({
        "notices": notices,
        "_embedded": {
            "pacticipant": state.pacticipant_named(provider).map(|key| view::short_party(state, links, key)),
            "version": key.map(|key| view::embedded_version(state, links, key)),
        },
        "_links": linked,
    })
}

fn notices(state: &State, of: &Of, existed: bool, self_verified: Option<bool>) -> Vec<Value> {
    let notice = |kind: &str, text: String| json!({"type": kind, "text": text});
    let (provider, number) = (&of.provider, &of.version);
    let made = if existed { "Updated" } else { "Created" };
    let mut notices = vec![
        notice("debug", text::version_made(made, provider, number, of.branch.as_deref(), &of.tags)),
        notice("success", format!("Provider contract published for {provider} version {number}")),
    ];
    if of.branch.is_none() {
        let next = "  Next steps:\n    Configure the version branch to be the value of your repository branch.";
        notices.push(notice("prompt", next.to_owned()));
    }
    match self_verified {
        None => notices.push(notice("info", "  No result of the provider's own tests came with it.".to_owned())),
        Some(true) => {}
        Some(false) => {
            let text = "  The provider's own tests failed, so that no consumer can rely on this version.".to_owned();
            notices.push(notice("warning", text));
        }
    }
    if let Some(key) = state.version_named(provider, number) {
        notices.extend(misfits(state, key).into_iter().map(|text| notice("warning", text)));
    }
    notices
}

/// The consumers whose newest pact does not fit the definition of a version, as far as that was found out.
fn misfits(state: &State, key: VersionKey) -> Vec<String> {
    let (Some(version), Some(definition)) = (state.version(key), state.definition_of(key)) else { return Vec::new() };
    let newest = state.consumers_of(version.pacticipant).filter_map(|consumer| {
        let pact = state.latest_pact(consumer, version.pacticipant, Latest::Overall)?;
        state.publication(pact).map(|pact| (consumer, pact))
    });
    let misfits = newest.filter_map(|(consumer, pact)| {
        let fit = state.fit(pact.content, definition.blob).filter(|fit| !fit.fits)?;
        let first = fit.problems.first().map(|problem| match &problem.message {
            Some(message) => format!(": {} ({message})", problem.interaction),
            None => format!(": {}", problem.interaction),
        });
        let (name, number) = (state.name(consumer), state.number(pact.version));
        Some(format!("  The pact of {name} ({number}) does not fit it{}", first.unwrap_or_default()))
    });
    misfits.take(CONSUMERS_MAX).collect()
}

/// As PactFlow's older clients publish.
pub(super) fn put(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let body = call.json()?;
    let mut errors = Errors::default();
    let definition = read(&mut errors, &body, "", ["contractType", "verificationResults"]);
    if !errors.0.is_empty() {
        return Err(Failure::fields(errors.0));
    }
    let of = Of {
        provider: call.param("provider")?.to_owned(),
        version: call.param("version")?.to_owned(),
        branch: None,
        tags: Vec::new(),
        build_url: None,
    };
    let known = call.state().version_named(&of.provider, &of.version);
    let replaced = known.is_some_and(|version| call.state().definition_of(version).is_some());
    let self_verified = definition.self_verified;
    let existed = store(call, &of, definition)?;
    let mut document = published(call, &of, &notices(call.state(), &of, existed, self_verified));
    if let Some(Value::Object(linked)) = document.get_mut("_links") {
        let here = call.links.at(&["contracts", "provider", &of.provider, "version", &of.version]);
        linked.insert("self".to_owned(), entitled(here, "Provider contract", &of.version));
        // Where people look at it: the page of the version.
        let page = call.links.version(&of.provider, &of.version);
        linked.insert("pf:ui".to_owned(), entitled(page, "Provider contract", &of.version));
    }
    Ok(Answer::with_status(if replaced { 200 } else { 201 }, &document))
}
