//! `mainstay contract publish` and `publish-api`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use kernel::{Refusal, codes};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Session;
use crate::output::{Printer, Tone, add, indented};

pub(super) const HELP: &str = "\
Files are pacts; of a folder, its files that end with .json are. The consumer is the one that the pacts name; several may
be in one folder. A version's pact does not change: publishing another content for the same version is refused.

Examples:
  mainstay contract publish pacts/ --version 1.4.2 --branch main
  mainstay contract publish pacts/checkout-payments.json --version 1.4.2 --tag prod --build-url https://ci.example.com/812
  mainstay contract publish shard-2/ --version 1.4.2 --merge";

pub(super) const API_HELP: &str = "\
Consumers' pacts are compared with the definition; `can-i-deploy` then needs no verification by the provider. Say with
--self-verified whether the provider's own tests found that it does what the definition says.

Examples:
  mainstay contract publish-api payments openapi.yaml --version 2.8.1 --branch main --self-verified true";

/// Larger files are no contracts.
const FILE_BYTES_MAX: u64 = 32 << 20;
/// Files of one publication.
const FILES_MAX: usize = 1_000;

/// What a consumer's version expects.
#[derive(Debug, Args)]
pub(super) struct Publish {
    /// Pact files, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    from: Vec<PathBuf>,
    /// The consumer's version: best the commit
    #[arg(long, short = 'a', visible_alias = "consumer-app-version", value_name = "VERSION")]
    version: String,
    /// Only the pacts of this consumer
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
    /// The branch that the version is on
    #[arg(long, short = 'b', value_name = "BRANCH")]
    branch: Option<String>,
    /// A tag of the version; may be given several times
    #[arg(long, short = 't', value_name = "TAG")]
    tag: Vec<String>,
    /// The page of the build
    #[arg(long, value_name = "URL")]
    build_url: Option<String>,
    /// Add to the interactions that the version has published already, as builds in parts do
    #[arg(long)]
    merge: bool,
}

/// What a provider's version offers.
#[derive(Debug, Args)]
pub(super) struct PublishApi {
    /// Whose API it is
    provider: String,
    /// The OpenAPI definition, YAML or JSON
    file: PathBuf,
    /// The provider's version: best the commit
    #[arg(long, short = 'a', visible_alias = "provider-app-version", value_name = "VERSION")]
    version: String,
    /// The branch that the version is on
    #[arg(long, short = 'b', value_name = "BRANCH")]
    branch: Option<String>,
    /// A tag of the version; may be given several times
    #[arg(long, short = 't', value_name = "TAG")]
    tag: Vec<String>,
    /// The page of the build
    #[arg(long, value_name = "URL")]
    build_url: Option<String>,
    /// Whether the provider was found to do what the definition says
    #[arg(long, value_name = "true|false")]
    self_verified: Option<bool>,
    /// What found it out
    #[arg(long, requires = "self_verified", value_name = "NAME")]
    verifier: Option<String>,
}

/// A pact file.
struct Pact {
    consumer: String,
    provider: String,
    text: Vec<u8>,
}

/// What was published, in the broker's words.
#[derive(Debug, Deserialize)]
struct Published {
    #[serde(default)]
    notices: Vec<Notice>,
}

#[derive(Debug, Deserialize)]
struct Notice {
    r#type: String,
    text: String,
}

/// Publishes pact files: each consumer's in one publication.
///
/// # Errors
/// If a file is no pact, or what the server refuses.
pub(super) async fn publish(args: &Publish, session: &Session) -> Result<ExitCode, Refusal> {
    let mut by_consumer: BTreeMap<String, Vec<Pact>> = BTreeMap::new();
    for path in files(&args.from)? {
        let pact = pact(&path)?;
        if args.consumer.as_ref().is_none_or(|consumer| *consumer == pact.consumer) {
            by_consumer.entry(pact.consumer.clone()).or_default().push(pact);
        }
    }
    if by_consumer.is_empty() {
        let whose = args.consumer.as_ref().map_or_else(String::new, |name| format!(" of the consumer {name}"));
        return Err(wrong("FILE|DIR", format!("there is no pact{whose} there")));
    }
    let broker = session.client.broker()?;
    let mut answers = Vec::new();
    for (consumer, pacts) in by_consumer {
        let contracts: Vec<Value> = pacts.iter().map(|pact| contract(pact, args.merge)).collect();
        let body = json!({
            "pacticipantName": consumer, "pacticipantVersionNumber": args.version, "branch": args.branch,
            "tags": args.tag, "buildUrl": args.build_url, "contracts": contracts,
        });
        answers.push(broker.send(Method::POST, &["contracts", "publish"], &body).await?);
    }
    show(session, answers)
}

/// Publishes the definition of a provider's API.
///
/// # Errors
/// If the file can't be read, or what the server refuses.
pub(super) async fn publish_api(args: &PublishApi, session: &Session) -> Result<ExitCode, Refusal> {
    let text = read("FILE", &args.file)?;
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok();
    let mut contract = json!({
        "content": STANDARD.encode(&text), "contentType": if is_json { "application/json" } else { "application/yaml" },
        "specification": "oas",
    });
    if let (Some(success), Some(contract)) = (args.self_verified, contract.as_object_mut()) {
        let results = json!({
            "success": success, "content": STANDARD.encode(""), "contentType": "text/plain",
            "verifier": args.verifier.as_deref().unwrap_or("mainstay contract publish-api"),
        });
        contract.insert("selfVerificationResults".to_owned(), results);
    }
    let body = json!({
        "pacticipantVersionNumber": args.version, "branch": args.branch, "tags": args.tag, "buildUrl": args.build_url,
        "contract": contract,
    });
    let path = ["provider-contracts", "provider", &args.provider, "publish"];
    let answer = session.client.broker()?.send(Method::POST, &path, &body).await?;
    show(session, vec![answer])
}

fn show(session: &Session, mut answers: Vec<Value>) -> Result<ExitCode, Refusal> {
    // As it is where there is one, which is nearly always so.
    let answer = if answers.len() == 1 { answers.remove(0) } else { Value::Array(answers) };
    session.out.show(answer, |answer: Value| {
        let answers = if let Value::Array(answers) = answer { answers } else { vec![answer] };
        let mut text = String::new();
        for published in answers.into_iter().filter_map(|answer| serde_json::from_value(answer).ok()) {
            add_notices(&mut text, &session.out, &published);
        }
        text
    })?;
    Ok(ExitCode::SUCCESS)
}

fn add_notices(text: &mut String, out: &Printer, published: &Published) {
    for Notice { r#type, text: said } in &published.notices {
        let said = indented(said, 2);
        add(
            text,
            match r#type.as_str() {
                "success" => out.toned(Tone::Good, &said),
                "warning" | "prompt" => out.strong(&said),
                "error" | "danger" => out.toned(Tone::Bad, &said),
                "debug" => out.faint(&said),
                _ => said,
            },
        );
    }
}

fn contract(pact: &Pact, merge: bool) -> Value {
    json!({
        "consumerName": pact.consumer, "providerName": pact.provider, "content": STANDARD.encode(&pact.text),
        "contentType": "application/json", "specification": "pact",
        "onConflict": if merge { "merge" } else { "overwrite" },
    })
}

/// The files, and the `.json` files of the folders, in order.
fn files(from: &[PathBuf]) -> Result<Vec<PathBuf>, Refusal> {
    let mut files = Vec::new();
    for path in from {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unreadable =
            |error: std::io::Error| wrong("FILE|DIR", format!("{} can't be read: {error}", path.display()));
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?.path();
            if entry.extension().is_some_and(|extension| extension == "json") && entry.is_file() {
                inside.push(entry);
            }
        }
        if inside.is_empty() {
            return Err(wrong("FILE|DIR", format!("there is no .json file in {}", path.display())));
        }
        inside.sort();
        files.append(&mut inside);
    }
    if files.len() > FILES_MAX {
        return Err(wrong(
            "FILE|DIR",
            format!("there are {} files; at most {FILES_MAX} are published at once", files.len()),
        ));
    }
    Ok(files)
}

fn pact(path: &Path) -> Result<Pact, Refusal> {
    let text = read("FILE|DIR", path)?;
    let shown = path.display();
    let document: Value =
        serde_json::from_slice(&text).map_err(|error| wrong("FILE|DIR", format!("{shown} is no JSON: {error}")))?;
    let name = |role: &str| {
        let name = document.pointer(&format!("/{role}/name")).and_then(Value::as_str);
        let missing = || wrong("FILE|DIR", format!("{shown} is no pact: it names no {role}"));
        name.map(str::to_owned).ok_or_else(missing)
    };
    Ok(Pact { consumer: name("consumer")?, provider: name("provider")?, text })
}

/// Reads a whole file.
///
/// # Errors
/// If it can't be read, or is too large.
pub(super) fn read(field: &str, path: &Path) -> Result<Vec<u8>, Refusal> {
    let failed = |error: std::io::Error| wrong(field, format!("{} can't be read: {error}", path.display()));
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(wrong(field, format!("{} has {bytes} bytes; at most {FILE_BYTES_MAX} are read", path.display())));
    }
    fs::read(path).map_err(failed)
}

/// A refusal of what was given for a field.
pub(super) fn wrong(field: &str, why: impl Into<String>) -> Refusal {
    Refusal::new(&codes::INVALID, why).field(field)
}
