//! Integrations: who may send alerts.

use alerts::{Command as AlertCommand, Integration, IntegrationId, Kind, Settings, Severity};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use kernel::{EntityRef, Refusal, Sha256, Timestamp, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::{Command, World};

use super::{Asked, Done, Listed, Paging, carry_out, not_found, reference, undo::Why};
use crate::{App, deploys::door, problem::Problem};

/// An integration. Its key is kept nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct IntegrationView {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `events_v2`, `alertmanager`, `prometheus`, `grafana`, `generic`, `opsgenie`; or `github`, `gitlab`, `cdevents`,
    /// which tell of deployments.
    pub kind: &'static str,
    /// What its alerts are about, unless a label says otherwise; what its deployments are of, where no component claims
    /// them and this is one.
    #[schema(value_type = String)]
    pub entity: EntityRef,
    /// How bad an alert is that doesn't say.
    pub severity: &'static str,
    /// After how many seconds without a repetition an alert ends by itself.
    pub auto_resolve_after_s: Option<u32>,
    /// The label that names the component that an alert is about.
    pub label: String,
    /// The path that its sender posts to.
    pub path: &'static str,
    /// How many of its alerts are open.
    pub open: usize,
    /// Since when it exists.
    #[schema(value_type = String, format = "date-time")]
    pub created: Timestamp,
    /// Since when its key is what it is; absent if it was revoked.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub keyed: Option<Timestamp>,
}

impl IntegrationView {
    fn of(world: &World, integration: &Integration) -> Self {
        let settings = integration.settings.clone();
        Self {
            id: integration.id.to_string(),
            name: settings.name,
            kind: kind_word(settings.kind),
            entity: settings.entity,
            severity: settings.severity.word(),
            auto_resolve_after_s: settings.auto_resolve_after_s,
            label: settings.label,
            path: path_of(settings.kind),
            open: world.alerts.open_of_integration(integration.id),
            created: integration.created,
            keyed: integration.keyed,
        }
    }
}

/// The kinds with the words that the API and the command line have for them.
pub(crate) const KINDS: [(Kind, &str); 9] = [
    (Kind::Alertmanager, "alertmanager"),
    (Kind::Prometheus, "prometheus"),
    (Kind::Grafana, "grafana"),
    (Kind::EventsV2, "events_v2"),
    (Kind::Opsgenie, "opsgenie"),
    (Kind::Generic, "generic"),
    (Kind::Github, "github"),
    (Kind::Gitlab, "gitlab"),
    (Kind::Cdevents, "cdevents"),
];

pub(crate) fn kind_word(kind: Kind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("generic", |(_, word)| word)
}

/// Where a sender of this kind posts.
pub(crate) fn path_of(kind: Kind) -> &'static str {
    match kind {
        Kind::EventsV2 => "/v2/enqueue",
        Kind::Alertmanager => "/hooks/alertmanager",
        Kind::Prometheus => "/api/v2/alerts",
        Kind::Grafana => "/hooks/grafana",
        Kind::Generic => "/hooks/alerts",
        Kind::Opsgenie => "/v2/alerts",
        Kind::Github => "/hooks/github",
        Kind::Gitlab => "/hooks/gitlab",
        Kind::Cdevents => "/hooks/cdevents",
    }
}

/// Lists the integrations, the oldest first.
#[utoipa::path(get, path = "/api/v1/integrations", tag = "alerts", params(Paging),
    responses((status = 200, body = Listed<IntegrationView>)))]
pub async fn list(
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<IntegrationView>>, Problem> {
    let world = app.world();
    paging.page(world.alerts.integrations().collect(), |integration| IntegrationView::of(&world, integration))
}

/// What is set of an integration.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIntegration {
    /// What to call it.
    pub name: String,
    /// `events_v2`, `alertmanager`, `prometheus`, `grafana`, `generic`, `opsgenie`; or `github`, `gitlab`, `cdevents`,
    /// which tell of deployments.
    pub kind: String,
    /// What its alerts are about, unless a label says otherwise; what its deployments are of, where no component claims
    /// them and this is one.
    pub entity: String,
    /// How bad an alert is that doesn't say: `critical`, `error`, `warning` or `info`; `error` if left out.
    pub severity: Option<String>,
    /// After how many seconds without a repetition an alert ends by itself; never if left out.
    pub auto_resolve_after_s: Option<u32>,
    /// The label that names the component that an alert is about; `service` if left out.
    pub label: Option<String>,
    /// Why: shown on the timeline.
    pub reason: Option<String>,
}

impl NewIntegration {
    /// The settings, if the entity is in the catalog.
    ///
    /// # Errors
    /// If a word isn't known, or the entity isn't.
    pub(crate) fn settings(&self, world: &World) -> Result<Settings, Refusal> {
        let invalid = |field: &str, detail: String| Refusal::new(&codes::INVALID, detail).field(field);
        let kind = KINDS.iter().find(|(_, word)| *word == self.kind.trim().replace('-', "_")).map(|(kind, _)| *kind);
        let kind = kind.ok_or_else(|| {
            let known = KINDS.map(|(_, word)| word).join(", ");
            invalid("kind", format!("\"{}\" is no kind of integration", self.kind)).fix(format!("use one of {known}"))
        })?;
        let entity = reference("entity", self.entity.trim(), "component")?;
        if world.catalog.get(&entity).is_none() {
            let detail = format!("{entity} is not in the catalog: nobody would be responsible for its alerts");
            return Err(invalid("entity", detail).fix("name an entity of the catalog"));
        }
        let severity = match self.severity.as_deref().map(str::trim).filter(|word| !word.is_empty()) {
            None => Severity::Error,
            Some(word) => Severity::ALL.into_iter().find(|severity| severity.word() == word).ok_or_else(|| {
                invalid("severity", format!("\"{word}\" is none of critical, error, warning and info"))
            })?,
        };
        let label = self.label.clone().unwrap_or_else(Settings::default_label);
        let auto_resolve_after_s = self.auto_resolve_after_s;
        Ok(Settings { name: self.name.clone(), entity, kind, severity, auto_resolve_after_s, label })
    }
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeKey {
    /// The integration's id.
    pub id: String,
    /// The key itself. It is shown this once.
    pub key: String,
    /// The address that its sender posts to.
    pub url: String,
    /// What was recorded.
    #[serde(flatten)]
    pub done: Done,
}

/// Lets somebody send alerts. The key is shown this once.
#[utoipa::path(post, path = "/api/v1/integrations", tag = "alerts", request_body = NewIntegration,
    responses((status = 200, body = MadeKey)))]
pub async fn create(State(app): State<App>, asked: Asked<NewIntegration>) -> Result<Json<MadeKey>, Problem> {
    let settings = asked.body.settings(&app.world())?;
    let kind = settings.kind;
    let key = door::new_key(kind)?;
    let command = AlertCommand::CreateIntegration { settings, key: Sha256::of(key.as_bytes()) };
    let made = made(&app, &asked, key.clone(), kind, command, asked.body.reason.as_deref());
    door::keep(&app, kind, &key, made).await
}

async fn made<T>(
    app: &App,
    asked: &Asked<T>,
    key: String,
    kind: Kind,
    command: AlertCommand,
    reason: Option<&str>,
) -> Result<Json<MadeKey>, Problem> {
    let receipt = app.submit(asked.request(Command::Alerts(command), reason)?).await?;
    if receipt.repeated {
        let detail = "this key was made before and its text is not kept";
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("renew the integration's key").into());
    }
    let id = receipt.recorded.iter().find_map(|recorded| {
        let world::Event::Alerts(event) = &*recorded.event else { return None };
        Some(event.integration().to_string())
    });
    let url = format!("{}{}", app.settings().base_url, path_of(kind));
    let Json(done) = Done::of(&receipt);
    Ok(Json(MadeKey { id: id.unwrap_or_default(), key, url, done }))
}

/// The integration that a path names, by its id or its name.
pub(crate) fn named<'a>(world: &'a World, text: &str) -> Result<&'a Integration, Problem> {
    let by_id = text.parse::<IntegrationId>().ok().and_then(|id| world.alerts.integration(id));
    by_id
        .or_else(|| world.alerts.integrations().find(|integration| integration.settings.name == text))
        .ok_or_else(|| not_found("integration", text))
}

/// Sets an integration otherwise. Its open alerts stay what they are.
#[utoipa::path(put, path = "/api/v1/integrations/{id}", tag = "alerts", request_body = NewIntegration,
    params(("id", description = "the integration's id or name")), responses((status = 200, body = Done)))]
pub async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Asked<NewIntegration>,
) -> Result<Json<Done>, Problem> {
    let world = app.world();
    let had = named(&world, &id)?;
    let integration = had.id;
    let settings = asked.body.settings(&world)?;
    if settings.kind != had.settings.kind && (settings.kind.signs() || had.settings.kind.signs()) {
        let detail = "an integration whose senders sign keeps its kind, and no other becomes one: its key is another";
        return Err(Refusal::new(&codes::CONFLICT, detail).field("kind").fix("make another integration").into());
    }
    let command = Command::Alerts(AlertCommand::ChangeIntegration { integration, settings });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// Gives an integration another key, shown this once; the one before is worth nothing from then on.
#[utoipa::path(post, path = "/api/v1/integrations/{id}/renew-key", tag = "alerts", request_body = Why,
    params(("id", description = "the integration's id or name")), responses((status = 200, body = MadeKey)))]
pub async fn renew_key(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<MadeKey>, Problem> {
    let world = app.world();
    let integration = named(&world, &id)?;
    let kind = integration.settings.kind;
    let key = door::new_key(kind)?;
    let command = AlertCommand::RenewKey { integration: integration.id, key: Sha256::of(key.as_bytes()) };
    let made = made(&app, &asked, key.clone(), kind, command, asked.body.reason.as_deref());
    let made = door::keep(&app, kind, &key, made).await?;
    door::forget(&app, integration).await?;
    Ok(made)
}

/// Takes an integration's key away: it can send nothing until it gets another one.
#[utoipa::path(post, path = "/api/v1/integrations/{id}/revoke-key", tag = "alerts", request_body = Why,
    params(("id", description = "the integration's id or name")), responses((status = 200, body = Done)))]
pub async fn revoke_key(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let had = named(&app.world(), &id)?.clone();
    let command = Command::Alerts(AlertCommand::RevokeKey { integration: had.id });
    let done = carry_out(&app, &asked, command, asked.body.reason.as_deref()).await?;
    door::forget(&app, &had).await?;
    Ok(done)
}

/// Removes an integration. Its open alerts are resolved soon after.
#[utoipa::path(delete, path = "/api/v1/integrations/{id}", tag = "alerts", request_body = Why,
    params(("id", description = "the integration's id or name")), responses((status = 200, body = Done)))]
pub async fn remove(State(app): State<App>, Path(id): Path<String>, asked: Asked<Why>) -> Result<Json<Done>, Problem> {
    let had = named(&app.world(), &id)?.clone();
    let command = Command::Alerts(AlertCommand::RemoveIntegration { integration: had.id });
    let done = carry_out(&app, &asked, command, asked.body.reason.as_deref()).await?;
    door::forget(&app, &had).await?;
    Ok(done)
}
