//! `/settings/integrations`: who may send alerts or tell of deployments, and what to paste into the tool that sends them. A key is shown once.

use access::Scope;
use alerts::{Command as AlertCommand, Integration, Kind};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use kernel::{Refusal, Sha256};
use serde::Deserialize;
use world::Command;

use super::{refused, tabs};
use crate::{
    App,
    api::integrations::{KINDS, NewIntegration, named, path_of},
    deploys::door,
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    views::{Choice, Empty, Entity, Field, Form, Moment, Press, State as Shown, Tabs, Tone},
};

const ADDRESS: &str = "/settings/integrations";

/// Integrations.
#[derive(Debug, Template)]
#[template(path = "settings/integrations.html")]
pub struct IntegrationsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Me, tokens, users, integrations.
    pub tabs: Tabs,
    /// The key that was just made, shown this once.
    pub made: Option<MadeKey>,
    /// The integrations.
    pub rows: Vec<IntegrationRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// Makes one.
    pub create: Option<Form>,
}

/// A key that was just made.
#[derive(Debug)]
pub struct MadeKey {
    /// Its integration.
    pub name: String,
    /// The key: never shown again.
    pub key: String,
    /// What to put where: a file's name, and the text.
    pub snippet: (String, String),
}

/// One integration.
#[derive(Debug)]
pub struct IntegrationRow {
    /// `active`, `no key`.
    pub state: Shown,
    /// Its name.
    pub name: String,
    /// Whose protocol it speaks.
    pub kind: &'static str,
    /// What its alerts are about.
    pub entity: Entity,
    /// Where its alerts are listed.
    pub href: String,
    /// How many of them are open: `3 open alerts`.
    pub open: String,
    /// Since when its key is what it is.
    pub keyed: Option<Moment>,
    /// Renews the key, takes it away, removes it.
    pub acts: Vec<Press>,
}

/// Lists the integrations.
pub async fn list(frame: Frame) -> Response {
    screen(&integrations(&frame, &Asked::default(), None, None))
}

fn integrations(frame: &Frame, asked: &Asked, made: Option<MadeKey>, refusal: Option<&Refusal>) -> IntegrationsScreen {
    let mut chrome = frame.chrome("Integrations", Place::Settings);
    chrome.remarks.extend(refusal.map(refused));
    IntegrationsScreen {
        chrome,
        tabs: tabs(frame, ADDRESS),
        made,
        rows: frame.world.alerts.integrations().map(|integration| row(frame, integration)).collect(),
        none: Empty::with(
            "No tool may send alerts yet, or tell of deployments.",
            "mainstay integration create prometheus --kind alertmanager --entity component:NAME",
        ),
        create: frame.may(Scope::Admin).then(|| form(frame, asked)),
    }
}

fn row(frame: &Frame, integration: &Integration) -> IntegrationRow {
    let (id, settings) = (integration.id, &integration.settings);
    let open = frame.world.alerts.open_of_integration(id);
    let query = serde_html_form::to_string([("integration", &settings.name)]).unwrap_or_default();
    let press =
        |verb: &str, label: &str| frame.press(format!("{ADDRESS}/{id}/{verb}"), format!("{label} {}", settings.name));
    let mut acts = Vec::new();
    if frame.may(Scope::Admin) {
        acts.push(press("renew-key", "New key for"));
        if integration.keyed.is_some() {
            acts.push(press("revoke-key", "Revoke the key of"));
        }
        acts.push(press("remove", "Remove"));
    }
    IntegrationRow {
        state: match integration.keyed {
            Some(_) => Shown::new(Tone::Good, "active"),
            None => Shown::new(Tone::Warn, "no key"),
        },
        name: settings.name.clone(),
        kind: settings.kind.word(),
        entity: frame.entity(&settings.entity),
        href: frame.href(format!("/alerts?{query}")),
        open: if open == 1 { "1 open alert".to_owned() } else { format!("{open} open alerts") },
        keyed: integration.keyed.map(|at| frame.ago(at)),
        acts,
    }
}

fn form(frame: &Frame, asked: &Asked) -> Form {
    let kinds = KINDS.map(|(kind, word)| Choice::new(word, kind.word(), &asked.kind));
    let severities = ["error", "critical", "warning", "info"].map(|word| Choice::new(word, word, &asked.severity));
    let fields = vec![
        Field::line("name", "Name", &asked.name).required().hint("What sends the alerts: prometheus-eu."),
        Field::select("kind", "Protocol", kinds.to_vec()),
        Field::line("entity", "About", &asked.entity).required().hint(
            "The component whose alerts or deployments these are, unless they say otherwise: component:checkout.",
        ),
        Field::line("label", "Label", &asked.label)
            .hint("The label that names another component, where an alert has it: service."),
        Field::select("severity", "Severity", severities.to_vec()).hint("Of an alert that doesn't say."),
    ];
    frame.form(ADDRESS, "Make the integration", fields)
}

/// An integration to be made.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Asked {
    name: String,
    kind: String,
    entity: String,
    label: String,
    severity: String,
}

impl Default for Asked {
    fn default() -> Self {
        let text = String::new;
        Self { name: text(), kind: text(), entity: text(), label: "service".to_owned(), severity: text() }
    }
}

/// Makes an integration and shows its key this once.
pub async fn create(
    State(app): State<App>,
    mut frame: Frame,
    by: By,
    PostedForm(asked): PostedForm<Asked>,
) -> Result<Response, Problem> {
    let new = NewIntegration {
        name: asked.name.clone(),
        kind: asked.kind.clone(),
        entity: asked.entity.clone(),
        severity: Some(asked.severity.clone()),
        label: Some(asked.label.clone()),
        ..NewIntegration::default()
    };
    let made = async {
        let settings = new.settings(&app.world())?;
        let (kind, key) = (settings.kind, door::new_key(settings.kind)?);
        let command = AlertCommand::CreateIntegration { settings, key: Sha256::of(key.as_bytes()) };
        let submitted = app.submit(by.request(Command::Alerts(command), None, None)?);
        door::keep(&app, kind, &key, submitted).await?;
        Ok::<_, Refusal>((kind, key))
    };
    match made.await {
        Ok((kind, key)) => Ok(shown_once(&app, &mut frame, asked.name, kind, key)),
        Err(refusal) => {
            let shown = integrations(&frame, &asked, None, Some(&refusal));
            Ok((Problem::status_of(&refusal), screen(&shown)).into_response())
        }
    }
}

fn shown_once(app: &App, frame: &mut Frame, name: String, kind: Kind, key: String) -> Response {
    frame.world = app.world();
    let snippet = snippet(&app.settings().base_url, kind, &key);
    let mut response = screen(&integrations(frame, &Asked::default(), Some(MadeKey { name, key, snippet }), None));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What to put where, so that alerts of this kind come in.
fn snippet(base: &str, kind: Kind, key: &str) -> (String, String) {
    let url = format!("{base}{}", path_of(kind));
    let (scheme, host) = base.split_once("://").unwrap_or(("http", base));
    let (place, text) = match kind {
        Kind::Alertmanager => (
            "alertmanager.yml",
            format!(
                "receivers:\n  - name: mainstay\n    webhook_configs:\n      - url: {url}\n        http_config:\n          authorization:\n            credentials: {key}"
            ),
        ),
        Kind::Prometheus => (
            "prometheus.yml",
            format!(
                "alerting:\n  alertmanagers:\n    - scheme: {scheme}\n      authorization:\n        credentials: {key}\n      static_configs:\n        - targets: [\"{host}\"]"
            ),
        ),
        Kind::Grafana => (
            "Grafana, Alerting, Contact points, Webhook",
            format!("URL: {url}\nAuthorization header scheme: Bearer\nAuthorization header credentials: {key}"),
        ),
        Kind::EventsV2 => (
            "a tool that speaks PagerDuty Events v2",
            format!("URL: {url}\nURL of change events: {base}/v2/change/enqueue\nIntegration key (routing key): {key}"),
        ),
        Kind::Opsgenie => ("a tool that speaks Opsgenie's alert API", format!("API URL: {base}\nAPI key: {key}")),
        Kind::Github => (
            "GitHub, Settings, Webhooks (of a repository or an organization)",
            format!(
                "Payload URL: {url}\nContent type: application/json\nSecret: {key}\nEvents: Deployment statuses, Pushes"
            ),
        ),
        Kind::Gitlab => (
            "GitLab, Settings, Webhooks (of a project or a group)",
            format!("URL: {url}\nSecret token, or signing token: {key}\nTrigger: Deployment events, Push events"),
        ),
        Kind::Cdevents => (
            "whatever sends CDEvents",
            format!(
                "URL: {url}\nAuthorization: Bearer {key}\nContent type: application/json, application/cloudevents+json or application/cloudevents-batch+json"
            ),
        ),
        Kind::Generic => (
            "a shell",
            format!(
                "curl {url} -H 'Authorization: Bearer {key}' \\\n  --json '{{\"summary\": \"the backup failed\", \"dedup\": \"backup\"}}'"
            ),
        ),
    };
    (place.to_owned(), text)
}

/// That it is meant.
#[derive(Debug, Deserialize)]
pub struct Meant {}

/// Gives it another key and shows it this once.
pub async fn renew_key(
    State(app): State<App>,
    mut frame: Frame,
    by: By,
    Path(id): Path<String>,
    PostedForm(Meant {}): PostedForm<Meant>,
) -> Result<Response, Problem> {
    let world = app.world();
    let integration = named(&world, &id)?;
    let key = door::new_key(integration.settings.kind)?;
    let command = AlertCommand::RenewKey { integration: integration.id, key: Sha256::of(key.as_bytes()) };
    let submitted = app.submit(by.request(Command::Alerts(command), None, None)?);
    door::keep(&app, integration.settings.kind, &key, submitted).await?;
    door::forget(&app, integration).await?;
    let settings = integration.settings.clone();
    Ok(shown_once(&app, &mut frame, settings.name, settings.kind, key))
}

/// Takes its key away.
pub async fn revoke_key(
    State(app): State<App>,
    by: By,
    Path(id): Path<String>,
    PostedForm(Meant {}): PostedForm<Meant>,
) -> Result<Response, Problem> {
    let had = named(&app.world(), &id)?.clone();
    let command = Command::Alerts(AlertCommand::RevokeKey { integration: had.id });
    app.submit(by.request(command, None, None)?).await?;
    door::forget(&app, &had).await?;
    Ok(back(ADDRESS, Done::KeyRevoked))
}

/// Removes it.
pub async fn remove(
    State(app): State<App>,
    by: By,
    Path(id): Path<String>,
    PostedForm(Meant {}): PostedForm<Meant>,
) -> Result<Response, Problem> {
    let had = named(&app.world(), &id)?.clone();
    let command = Command::Alerts(AlertCommand::RemoveIntegration { integration: had.id });
    app.submit(by.request(command, None, None)?).await?;
    door::forget(&app, &had).await?;
    Ok(back(ADDRESS, Done::Removed))
}
