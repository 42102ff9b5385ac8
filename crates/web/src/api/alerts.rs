//! Alerts: list, show, acknowledge, resolve.

use std::collections::BTreeMap;

use alerts::{Alert, Content, Severity};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use kernel::{EntityRef, Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use timeline::Query as Search;
use utoipa::ToSchema;
use world::{Command, World};

use super::{Asked, Done, Listed, Paging, carry_out, event::ActorView, integrations, not_found, reference, undo::Why};
use crate::{App, problem::Problem};

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertView {
    /// Its reference.
    #[schema(value_type = String)]
    pub alert: EntityRef,
    /// `triggered`, `acknowledged` or `resolved`.
    pub status: &'static str,
    /// `critical`, `error`, `warning` or `info`.
    pub severity: &'static str,
    /// What is wrong, in one line.
    pub summary: String,
    /// What it is about.
    #[schema(value_type = String)]
    pub entity: EntityRef,
    /// Who sent it.
    pub integration: String,
    /// The sender's name for it.
    pub key: String,
    /// Where it comes from.
    pub source: String,
    /// Names and values.
    pub labels: BTreeMap<String, String>,
    /// What made it.
    pub url: Option<String>,
    /// The number of the open incident that it stands in.
    pub incident: Option<u64>,
    /// Since when the sender says that it is so.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
    /// When it was last recorded as told.
    #[schema(value_type = String, format = "date-time")]
    pub last: Timestamp,
    /// When it ends by itself unless it is told again.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub expires: Option<Timestamp>,
    /// Who took it on.
    pub acknowledged_by: Option<ActorView>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub ended: Option<Timestamp>,
}

impl AlertView {
    fn of(world: &World, alert: &Alert) -> Self {
        let integration = world.alerts.integration(alert.about.integration);
        Self {
            alert: alert.about.alert.clone(),
            status: alert.status().word(),
            severity: alert.severity.word(),
            summary: alert.summary.clone(),
            entity: alert.about.entity.clone(),
            integration: integration
                .map_or_else(|| alert.about.integration.to_string(), |integration| integration.settings.name.clone()),
            key: alert.about.key.clone(),
            source: alert.source.clone(),
            labels: alert.labels.clone(),
            url: alert.url.clone(),
            incident: world.incidents.for_check(&alert.about.alert).map(incidents::Incident::number),
            since: alert.since,
            last: alert.last,
            expires: alert.expires,
            acknowledged_by: alert.acknowledged.as_ref().map(|taken| ActorView::of(&taken.by)),
            ended: alert.ended.as_ref().map(|ended| ended.at),
        }
    }
}

/// Which alerts.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `open`, `triggered`, `acknowledged` or `resolved`; `open` if left out.
    pub status: Option<String>,
    /// What they are about.
    pub entity: Option<String>,
    /// Who sent them: the integration's id or name.
    pub integration: Option<String>,
    /// `critical`, `error`, `warning` or `info`.
    pub severity: Option<String>,
}

/// Lists alerts, the newest first; of the resolved ones the last two thousand.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(Which, Paging),
    responses((status = 200, body = Listed<AlertView>)))]
pub async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<AlertView>>, Problem> {
    let world = app.world();
    paging.page(which.of(&world)?, |alert| AlertView::of(&world, alert))
}

impl Which {
    /// The alerts that are wanted.
    ///
    /// # Errors
    /// If a word isn't known.
    pub(crate) fn of<'a>(&self, world: &'a World) -> Result<Vec<&'a Alert>, Problem> {
        let set =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let (status, severity) = (set(&self.status).unwrap_or_else(|| "open".to_owned()), set(&self.severity));
        if !["open", "triggered", "acknowledged", "resolved"].contains(&status.as_str()) {
            let detail = format!("\"{status}\" is none of open, triggered, acknowledged and resolved");
            return Err(Refusal::new(&codes::INVALID, detail).field("status").into());
        }
        if let Some(word) = severity.as_ref().filter(|word| Severity::ALL.iter().all(|known| known.word() != *word)) {
            let detail = format!("\"{word}\" is none of critical, error, warning and info");
            return Err(Refusal::new(&codes::INVALID, detail).field("severity").into());
        }
        let entity = set(&self.entity).map(|entity| reference("entity", &entity, "component")).transpose()?;
        let integration = set(&self.integration);
        let integration =
            integration.map(|name| integrations::named(world, &name).map(|known| known.id)).transpose()?;
        let wanted = |alert: &&Alert| {
            (status == "open" || alert.status().word() == status)
                && entity.as_ref().is_none_or(|entity| alert.about.entity == *entity)
                && integration.is_none_or(|integration| alert.about.integration == integration)
                && severity.as_ref().is_none_or(|word| alert.severity.word() == word)
        };
        Ok(match (status.as_str(), &entity) {
            ("resolved", _) => world.alerts.resolved().filter(wanted).collect(),
            (_, Some(entity)) => world.alerts.of_entity(entity).filter(wanted).collect(),
            (_, None) => world.alerts.open_alerts().filter(wanted).collect(),
        })
    }
}

/// An alert with all that its sender says.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertDetails {
    /// The alert.
    #[serde(flatten)]
    pub alert: AlertView,
    /// Everything else that the sender says.
    #[schema(value_type = Object)]
    pub details: Value,
    /// Where to read on: `href` and `text`.
    #[schema(value_type = Vec<Object>)]
    pub links: Vec<alerts::Link>,
    /// Pictures: `src`, `href` and `alt`.
    #[schema(value_type = Vec<Object>)]
    pub images: Vec<alerts::Image>,
}

/// Shows an alert.
#[utoipa::path(get, path = "/api/v1/alerts/{name}", tag = "alerts",
    params(("name", description = "the alert's name")), responses((status = 200, body = AlertDetails)))]
pub async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Json<AlertDetails>, Problem> {
    let world = app.world();
    let alert = world.alerts.get(&reference("name", &name, "alert")?).ok_or_else(|| not_found("alert", &name))?;
    let content = content_of(&app, alert).await?;
    let (details, links, images) =
        content.map(|content| (content.details, content.links, content.images)).unwrap_or_default();
    let details = serde_json::from_str(&details).unwrap_or_default();
    Ok(Json(AlertDetails { alert: AlertView::of(&world, alert), details, links, images }))
}

/// All that the sender says of an alert now, from the timeline.
///
/// # Errors
/// If the store can't be read.
pub(crate) async fn content_of(app: &App, alert: &Alert) -> Result<Option<Content>, Refusal> {
    let search = Search { event: Some(alert.told_by), limit: 1, ..Search::default() };
    let page = app.blocking(move |engine| Ok(engine.store().find(&search)?)).await?;
    let event = page.entries.first().and_then(|entry| world::Event::from_body(&entry.kind, &entry.body).ok());
    let Some(world::Event::Alerts(alerts::Event::Triggered { content, .. } | alerts::Event::Updated { content, .. })) =
        event
    else {
        return Ok(None);
    };
    Ok(Some(content))
}

/// Takes an alert on, and its incident.
#[utoipa::path(post, path = "/api/v1/alerts/{name}/acknowledge", tag = "alerts", request_body = Why,
    params(("name", description = "the alert's name")), responses((status = 200, body = Done)))]
pub async fn acknowledge(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let command = alerts::Command::Acknowledge { alert: reference("name", &name, "alert")? };
    carry_out(&app, &asked, Command::Alerts(command), asked.body.reason.as_deref()).await
}

/// Ends an alert by hand. If its sender tells it again, another one opens.
#[utoipa::path(post, path = "/api/v1/alerts/{name}/resolve", tag = "alerts", request_body = Why,
    params(("name", description = "the alert's name")), responses((status = 200, body = Done)))]
pub async fn resolve(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let command = alerts::Command::Resolve { alert: reference("name", &name, "alert")? };
    carry_out(&app, &asked, Command::Alerts(command), asked.body.reason.as_deref()).await
}
