//! CDEvents, alone or in a CloudEvents envelope, one or many.
//!
//! Source: cdevents.dev, "Common Metadata" (`context`, `subject`), "Continuous Deployment" (`service.*`), "Continuous
//! Operations" (`incident.*`); "CloudEvents Binding": in the binary mode the body is the event, in the structured mode and
//! in batches it is the envelope's `data`. Artifacts are Package URLs. What is no deployment and no incident is read and
//! passed over.

use kernel::{Refusal, codes};
use serde::Deserialize;
use serde_json::Value;

use super::{BATCH_MAX, Deployed, Reading, Told, line, link, malformed, read, time};
use crate::Outcome;

#[derive(Debug, Deserialize)]
struct Event {
    context: Context,
    subject: Subject,
}

#[derive(Debug, Deserialize)]
struct Context {
    id: String,
    source: String,
    /// `dev.cdevents.service.deployed.0.3.0`.
    #[serde(rename = "type")]
    kind: String,
    timestamp: String,
}

#[derive(Debug, Deserialize)]
struct Subject {
    id: String,
    source: Option<String>,
    content: Content,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Content {
    environment: Option<Named>,
    service: Option<Named>,
    /// A Package URL.
    artifact_id: Option<String>,
    description: Option<String>,
    #[serde(rename = "ticketURI")]
    ticket_uri: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

/// Reads a body: an event, an envelope with one, or an array of either.
///
/// # Errors
/// `MALFORMED` if one of them is no CDEvent: none is taken then. `TOO_LARGE` for too many.
pub fn read_body(body: &[u8]) -> Result<Reading, Refusal> {
    let body: Value = read(body)?;
    let events = if let Value::Array(events) = body { events } else { vec![body] };
    if events.len() > BATCH_MAX {
        let detail = format!("the batch has {} events; at most {BATCH_MAX} are allowed", events.len());
        return Err(Refusal::new(&codes::TOO_LARGE, detail).fix("send smaller batches"));
    }
    let mut reading = Reading::default();
    for (number, event) in events.into_iter().enumerate() {
        let at = |error: String| malformed(format!("event {number}: {error}"));
        let event = opened(event).map_err(|error| at(error.to_owned()))?;
        let event: Event = serde_json::from_value(event).map_err(|error| at(error.to_string()))?;
        take(event, &mut reading).map_err(|error| at(error.to_owned()))?;
    }
    Ok(reading)
}

/// The event without its envelope.
fn opened(event: Value) -> Result<Value, &'static str> {
    let Value::Object(mut fields) = event else { return Err("is no JSON object") };
    if fields.contains_key("context") {
        return Ok(Value::Object(fields));
    }
    match fields.remove("data") {
        Some(data) if fields.contains_key("specversion") => Ok(data),
        Some(_) | None if fields.contains_key("data_base64") => Err("has its data as base64; send it as JSON"),
        Some(_) | None => Err("has neither a CDEvent's context nor a CloudEvent's data"),
    }
}

fn take(event: Event, reading: &mut Reading) -> Result<(), &'static str> {
    let Event { context, subject } = event;
    let at = time::parse(&context.timestamp).ok_or("context.timestamp is no time of RFC 3339")?;
    let kind = context.kind.strip_prefix("dev.cdevents.").ok_or("context.type is not of dev.cdevents")?;
    let mut words = kind.split('.');
    let (of, what) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if of.is_empty() || what.is_empty() || words.next().is_none() {
        return Err("context.type is not dev.cdevents.SUBJECT.PREDICATE.VERSION");
    }
    let id = line(Some(context.id), 128).ok_or("context.id is empty")?;
    let source = line(Some(context.source), 255).ok_or("context.source is empty")?;
    let subject_id = line(Some(subject.id), 128).ok_or("subject.id is empty")?;
    let artifact = subject.content.artifact_id.as_deref().map(purl).unwrap_or_default();
    let environment = line(subject.content.environment.map(|named| named.id), 63);
    match (of, what) {
        ("service", "deployed" | "upgraded" | "rolledback") => reading.deployed.push(Deployed {
            key: format!("cdevents:{source}#{id}/{what}"),
            names: [Some(subject_id.clone()), artifact.base, artifact.name].into_iter().flatten().collect(),
            environment: environment.ok_or("subject.content.environment.id is missing")?,
            version: artifact.version.ok_or("subject.content.artifactId is no Package URL with a version")?,
            outcome: Outcome::Succeeded,
            url: None,
            commit: None,
            finished: Some(at),
            production: None,
            repository: None,
            commits: Vec::new(),
            goes_back: what == "rolledback",
        }),
        ("incident", "detected" | "reported" | "resolved") => {
            let service = line(subject.content.service.map(|named| named.id), 128);
            let whose = subject.source.unwrap_or(source);
            reading.incidents.push(Told {
                key: format!("{whose}#{subject_id}"),
                names: [service, artifact.base, artifact.name].into_iter().flatten().collect(),
                summary: line(subject.content.description, 500).unwrap_or_else(|| format!("incident {subject_id}")),
                environment,
                url: link(subject.content.ticket_uri),
                at: Some(at),
                resolved: what == "resolved",
            });
        }
        _ => {
            let kind = line(Some(format!("{of}.{what}")), 100).unwrap_or_default();
            reading.passed_over.push(format!("{kind}: neither the end of a deployment nor an incident"));
        }
    }
    Ok(())
}

/// What a Package URL names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Artifact {
    /// The whole without its version: `pkg:oci/myapp`.
    pub(super) base: Option<String>,
    /// The name alone: `myapp`.
    pub(super) name: Option<String>,
    /// The tag, else the version; a digest is cut to twelve digits.
    pub(super) version: Option<String>,
}

/// Reads `pkg:TYPE/NAMESPACE/NAME@VERSION?QUALIFIERS#SUBPATH` (the purl specification, "Rules for each component").
pub(super) fn purl(text: &str) -> Artifact {
    let Some(rest) = text.strip_prefix("pkg:").filter(|_| text.len() <= 1_024) else { return Artifact::default() };
    let rest = rest.split('#').next().unwrap_or_default();
    let (path, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    let (path, version) = path.rsplit_once('@').map_or((path, None), |(path, version)| (path, Some(version)));
    let tag = qualifiers.split('&').find_map(|pair| pair.strip_prefix("tag="));
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().ok().map(String::from);
    let short = |version: String| match version.split_once(':') {
        Some((algorithm, digest)) if digest.len() > 12 && digest.is_ascii() => {
            format!("{algorithm}:{}", digest.get(..12).unwrap_or(digest))
        }
        Some(_) | None => version,
    };
    Artifact {
        base: line(decoded(path).map(|path| format!("pkg:{path}")), 255),
        name: line(path.rsplit('/').next().and_then(decoded), 128),
        version: line(tag.or(version).and_then(decoded).map(short), 128),
    }
}
