//! Alerts of other tools, and who may send them.

use alerts::{Alert, Integration, IntegrationId, Kind, Settings, Severity};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use kernel::{EntityRef, RefDefaults, Refusal, Sha256, Timestamp, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::{Command, World};

use super::{Asked, Done, Listed, Paging, carry_out, not_found, undo::Why};
use crate::{App, credentials, problem::Problem};

/// Who may send alerts.
#[derive(Debug, Serialize, ToSchema)]
pub struct IntegrationView {
    /// What people call it.
    pub name: String,
    /// The protocol: `events_v2`, `alertmanager`, `prometheus`, `grafana`, `generic` or `opsgenie`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// What its alerts are about, unless a label says otherwise.
    #[schema(value_type = String)]
    pub entity: EntityRef,
    /// Since when it exists.
    #[schema(value_type = String, format = "date-time")]
    pub created: Timestamp,
    /// Since when its key is what it is; absent if it has none.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub keyed: Option<Timestamp>,
    /// How many of its alerts are open.
    pub open: usize,
}

impl IntegrationView {
    fn of(world: &World, integration: &Integration) -> Self {
        Self {
            name: integration.settings.name.clone(),
            kind: integration.settings.kind,
            entity: integration.settings.entity.clone(),
            created: integration.created,
            keyed: integration.keyed,
            open: world.alerts.open_of_integration(integration.id),
        }
    }
}

/// An integration to be.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewIntegration {
    /// What people call it.
    pub name: String,
    /// The protocol: `events_v2`, `alertmanager`, `prometheus`, `grafana`, `generic` or `opsgenie`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// What its alerts are about; a component if no kind is said.
    pub entity: String,
    /// How bad an alert is that doesn't say: `critical`, `error`, `warning` or `info`; `error` if left out.
    #[schema(value_type = Option<String>)]
    pub severity: Option<Severity>,
    /// After how many seconds without a repetition an alert ends by itself.
    pub auto_resolve_after_s: Option<u32>,
    /// The label that names the component that an alert is about; `service` if left out.
    pub label: Option<String>,
}

/// A key, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewKey {
    /// The integration.
    pub name: String,
    /// The key: keep it, it can't be shown again.
    pub key: String,
    /// Where the tool sends its alerts.
    pub url: String,
}

/// Lists who may send alerts.
#[utoipa::path(get, path = "/api/v1/integrations", tag = "alerts", params(Paging),
    responses((status = 200, body = Listed<IntegrationView>)))]
pub async fn integrations(
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<IntegrationView>>, Problem> {
    let world = app.world();
    paging.page(world.alerts.integrations().collect(), |integration| IntegrationView::of(&world, integration))
}

/// Lets a tool send alerts, and answers its key.
#[utoipa::path(post, path = "/api/v1/integrations", tag = "alerts", request_body = NewIntegration,
    responses((status = 200, body = NewKey)))]
pub async fn create(State(app): State<App>, asked: Asked<NewIntegration>) -> Result<Json<NewKey>, Problem> {
    let new = &asked.body;
    let defaults = RefDefaults { kind: Some("component"), namespace: EntityRef::DEFAULT_NAMESPACE };
    let entity = EntityRef::parse(&new.entity, defaults)
        .map_err(|error| Refusal::new(&codes::INVALID, error.to_string()).field("/entity"))?;
    let settings = Settings {
        name: new.name.clone(),
        entity,
        kind: new.kind,
        severity: new.severity.unwrap_or(Severity::Error),
        auto_resolve_after_s: new.auto_resolve_after_s,
        label: new.label.clone().unwrap_or_else(Settings::default_label),
    };
    let key = credentials::new_key()?;
    let command = alerts::Command::CreateIntegration { settings, key: Sha256::of(key.as_bytes()) };
    app.submit(asked.request(Command::Alerts(command), None)?).await?;
    Ok(Json(NewKey { name: new.name.trim().to_owned(), url: url(&app, new.kind), key }))
}

/// Where a protocol is spoken.
fn url(app: &App, kind: Kind) -> String {
    let path = match kind {
        Kind::EventsV2 => "/v2/enqueue",
        Kind::Alertmanager => "/hooks/alertmanager",
        Kind::Prometheus => "/api/v2/alerts",
        Kind::Grafana => "/hooks/grafana",
        Kind::Generic => "/hooks/alerts",
        Kind::Opsgenie => "/v2/alerts",
    };
    format!("{}{path}", app.settings().base_url)
}

/// Gives an integration another key; the one before is worth nothing any more.
#[utoipa::path(post, path = "/api/v1/integrations/{name}/renew-key", tag = "alerts", request_body = Why,
    params(("name", description = "the integration's name")), responses((status = 200, body = NewKey)))]
pub async fn renew(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<NewKey>, Problem> {
    let (integration, kind) = named(&app.world(), &name)?;
    let key = credentials::new_key()?;
    let command = alerts::Command::RenewKey { integration, key: Sha256::of(key.as_bytes()) };
    app.submit(asked.request(Command::Alerts(command), asked.body.reason.as_deref())?).await?;
    Ok(Json(NewKey { name, url: url(&app, kind), key }))
}

/// Removes an integration; its open alerts end.
#[utoipa::path(delete, path = "/api/v1/integrations/{name}", tag = "alerts",
    params(("name", description = "the integration's name")), responses((status = 200, body = Done)))]
pub async fn remove(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let (integration, _) = named(&app.world(), &name)?;
    let command = Command::Alerts(alerts::Command::RemoveIntegration { integration });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

fn named(world: &World, name: &str) -> Result<(IntegrationId, Kind), Problem> {
    let found = world.alerts.integrations().find(|integration| integration.settings.name == name);
    found.map(|found| (found.id, found.settings.kind)).ok_or_else(|| not_found("integration", name))
}

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertView {
    /// Its name, which the sender's key makes.
    pub name: String,
    /// `triggered`, `acknowledged` or `resolved`.
    pub status: &'static str,
    /// `critical`, `error`, `warning` or `info`.
    pub severity: &'static str,
    /// What it says.
    pub summary: String,
    /// What it is about.
    #[schema(value_type = String)]
    pub entity: EntityRef,
    /// The sender's own key for it.
    pub key: String,
    /// Since when.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
    /// The number of the incident that it is in.
    pub incident: Option<u64>,
}

impl AlertView {
    fn of(world: &World, alert: &Alert) -> Self {
        let incident = world.incidents.for_check(alert.reference()).map(incidents::Incident::number);
        Self {
            name: alert.reference().name().to_owned(),
            status: alert.status().word(),
            severity: alert.severity.word(),
            summary: alert.summary.clone(),
            entity: alert.group_key().clone(),
            key: alert.about.key.clone(),
            since: alert.since,
            incident,
        }
    }
}

/// Which alerts are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `open` (if left out) or `resolved`.
    pub state: Option<String>,
}

/// Lists alerts.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(Which, Paging),
    responses((status = 200, body = Listed<AlertView>)))]
pub async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<AlertView>>, Problem> {
    let world = app.world();
    let alerts: Vec<&Alert> = match which.state.as_deref() {
        None | Some("open") => world.alerts.open_alerts().collect(),
        Some("resolved") => world.alerts.resolved().collect(),
        Some(other) => {
            let refusal = Refusal::new(&codes::INVALID, format!("\"{other}\" is no state")).field("state");
            return Err(refusal.fix("open or resolved").into());
        }
    };
    paging.page(alerts, |alert| AlertView::of(&world, alert))
}

/// Takes an alert on.
#[utoipa::path(post, path = "/api/v1/alerts/{name}/acknowledge", tag = "alerts", request_body = Why,
    params(("name", description = "the alert's name")), responses((status = 200, body = Done)))]
pub async fn acknowledge(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let alert = super::reference("name", &name, "alert")?;
    let command = Command::Alerts(alerts::Command::Acknowledge { alert });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// Ends an alert by hand; if it is told again, another one opens.
#[utoipa::path(post, path = "/api/v1/alerts/{name}/resolve", tag = "alerts", request_body = Why,
    params(("name", description = "the alert's name")), responses((status = 200, body = Done)))]
pub async fn resolve(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let alert = super::reference("name", &name, "alert")?;
    let command = Command::Alerts(alerts::Command::Resolve { alert });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}
