//! The catalog: plan, apply, export, findings, one entity.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use catalog::{Apply, Bundle, Plan, Problem as FileProblem, Reading};
use kernel::{EntityRef, Refusal, codes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spec::SpecProblem;
use utoipa::ToSchema;
use world::Command;

use super::{Asked, Done, Listed, Paging, carry_out, not_found};
use crate::{App, problem::Problem};

/// The files of one folder.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Files {
    /// The folder's name: what is applied under one name belongs together.
    pub source: String,
    /// The files.
    #[schema(value_type = Vec<FileBody>)]
    pub files: Vec<catalog::BundleFile>,
    /// What could not be gathered.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub problems: Vec<FileProblem>,
    /// Apply what is right although other things are wrong.
    #[serde(default)]
    pub partial: bool,
    /// Why.
    pub reason: Option<String>,
}

/// One file: its text, or base64 if it is none.
#[derive(Debug, ToSchema)]
#[schema(as = FileBody)]
pub struct FileBody {
    /// Relative to the folder, with forward slashes.
    pub path: String,
    /// The content as text.
    pub text: Option<String>,
    /// The content as base64.
    pub base64: Option<String>,
}

/// What applying would change, and what is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct Planned {
    /// The changes.
    #[schema(value_type = Object)]
    pub plan: Plan,
    /// The same as text, as a terminal shows it.
    pub text: String,
    /// What is wrong with the files, as a terminal shows it.
    pub problems: Vec<String>,
    /// How many of these are errors; applying is refused while there are any, unless `partial`.
    pub errors: usize,
}

/// Shows what applying a folder would change.
#[utoipa::path(post, path = "/api/v1/catalog/plan", tag = "catalog", request_body = Files,
    responses((status = 200, body = Planned)))]
pub async fn plan(State(app): State<App>, asked: Asked<Files>) -> Result<Json<Planned>, Problem> {
    let (_, files) = asked.split();
    let reading = read(&app, files).await?;
    let world = app.world();
    let apply = Apply { reading: reading.reading, partial: reading.partial };
    let plan = catalog::plan(&world.catalog, &apply);
    let problems = apply.reading.problems.iter().map(catalog::render).collect();
    let errors = apply.reading.errors();
    Ok(Json(Planned { text: plan.to_text(), plan, problems, errors }))
}

/// Applies a folder: all of it or nothing, unless `partial`.
#[utoipa::path(post, path = "/api/v1/catalog/apply", tag = "catalog", request_body = Files,
    responses((status = 200, body = Done)))]
pub async fn apply(State(app): State<App>, asked: Asked<Files>) -> Result<Json<Done>, Problem> {
    let (asked, files) = asked.split();
    let reason = files.reason.clone();
    let Read { reading, partial } = read(&app, files).await?;
    let reading = keep_blobs(&app, reading).await?;
    let command = Command::Catalog(catalog::Command::Apply(Apply { reading, partial }));
    carry_out(&app, &asked, command, reason.as_deref()).await
}

struct Read {
    reading: Reading,
    partial: bool,
}

async fn read(app: &App, files: Files) -> Result<Read, Refusal> {
    let Files { source, files, problems, partial, .. } = files;
    if source.trim().is_empty() || source.len() > 200 {
        return Err(Refusal::new(&codes::INVALID, "a source has a name of 1 to 200 bytes").field("source"));
    }
    let bundle = Bundle { source, files, problems };
    app.blocking(move |_| Ok(Read { reading: world::read_bundle(&bundle), partial })).await
}

/// Stores the bodies of a reading's docs, which its events name by digest.
///
/// # Errors
/// If the store can't write.
pub async fn keep_blobs(app: &App, mut reading: Reading) -> Result<Reading, Refusal> {
    let blobs: Vec<Vec<u8>> = std::mem::take(&mut reading.blobs).into_iter().map(|blob| blob.bytes.to_vec()).collect();
    if !blobs.is_empty() {
        app.blocking(move |engine| Ok(engine.store().put_blobs(&blobs)?)).await?;
    }
    Ok(reading)
}

/// The catalog as files.
#[derive(Debug, Serialize, ToSchema)]
pub struct Exported {
    /// The files, by path.
    pub files: Vec<ExportedFile>,
}

/// One file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedFile {
    /// Where to write it.
    pub path: String,
    /// What to write.
    pub text: String,
}

/// Gives the catalog back as files.
#[utoipa::path(get, path = "/api/v1/catalog/export", tag = "catalog", responses((status = 200, body = Exported)))]
pub async fn export(State(app): State<App>) -> Result<Json<Exported>, Problem> {
    let world = app.world();
    let files = app.blocking(move |_| catalog::export(&world.catalog)).await?;
    Ok(Json(Exported { files: files.into_iter().map(|(path, text)| ExportedFile { path, text }).collect() }))
}

/// Something that is wrong with the catalog as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingView {
    /// The rule.
    pub rule: String,
    /// `error` or `warning`.
    pub severity: String,
    /// What it is about.
    #[schema(value_type = Option<String>)]
    pub subject: Option<EntityRef>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub fix: String,
}

/// Lists what is wrong with the catalog.
#[utoipa::path(get, path = "/api/v1/findings", tag = "catalog", params(Paging),
    responses((status = 200, body = Listed<FindingView>)))]
pub async fn findings(
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<FindingView>>, Problem> {
    let findings = app.indexes().findings(&app.world());
    paging.page(findings.iter().collect(), |finding| FindingView {
        rule: finding.rule.id().to_owned(),
        severity: match finding.severity {
            catalog::Severity::Error => "error",
            catalog::Severity::Warning => "warning",
        }
        .to_owned(),
        subject: finding.subject.clone(),
        message: finding.message.clone(),
        fix: finding.fix.clone(),
    })
}

/// Shows an entity in Backstage's form, with its relations.
#[utoipa::path(get, path = "/api/v1/entities/{kind}/{namespace}/{name}", tag = "catalog",
    params(("kind", description = "the kind"), ("namespace", description = "the namespace"),
        ("name", description = "the name")),
    responses((status = 200, body = Object)))]
pub async fn entity(
    State(app): State<App>,
    Path((kind, namespace, name)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let reference = EntityRef::new(&kind, &namespace, &name)
        .map_err(|error| Refusal::new(&codes::INVALID, error.to_string()).field("name"))?;
    let world = app.world();
    let entity = catalog::to_backstage_json(&world.catalog, &reference);
    entity.map(Json).ok_or_else(|| not_found("entity", reference.as_str()))
}

/// The first of the problems of a `spec`, as a refusal.
pub(crate) fn first_problem(problems: &[SpecProblem]) -> Refusal {
    let Some(problem) = problems.first() else { return Refusal::new(&codes::INVALID, "it can't be read") };
    let refusal = Refusal::new(&codes::INVALID, problem.message.clone()).field(problem.pointer.clone());
    match &problem.suggestion {
        Some(suggestion) => refusal.fix(format!("did you mean {suggestion}?")),
        None => refusal,
    }
}
