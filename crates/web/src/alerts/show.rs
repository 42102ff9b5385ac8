//! `GET /alerts/{name}`: one alert, with all that its sender says; and taking it on or ending it.

use alerts::{Command as AlertCommand, Content};
use askama::Template;
use axum::{
    extract::{Path, State as Server},
    response::{IntoResponse, Redirect, Response},
};
use kernel::EntityRef;
use serde::Deserialize;
use world::Command;

use super::list::state_of;
use crate::{
    App,
    api::{alerts::content_of, not_found},
    frame::Frame,
    guard::By,
    problem::Problem,
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    show::{named, outside},
    views::{Entity, Press, State},
};

/// One alert.
#[derive(Debug, Template)]
#[template(path = "alerts/show.html")]
pub struct AlertScreen {
    /// The frame.
    pub chrome: Chrome,
    /// One line.
    pub summary: String,
    /// Where it stands.
    pub state: State,
    /// How bad it is.
    pub severity: &'static str,
    /// What it is about.
    pub entity: Entity,
    /// The open incident that it stands in: what to call it, and its screen.
    pub incident: Option<(String, String)>,
    /// Who sent it, since when, by which key, who took it on, how it ended.
    pub facts: Vec<(String, String)>,
    /// Names and values.
    pub labels: Vec<(String, String)>,
    /// Where to read on: what to call it, and its address.
    pub links: Vec<(String, String)>,
    /// Everything else that the sender says.
    pub details: String,
    /// Takes it on, ends it; none where the reader may not, or it is over.
    pub acts: Vec<Press>,
    /// The alert on the timeline.
    pub timeline: String,
}

/// Shows an alert.
pub async fn show(frame: Frame, Path(name): Path<String>) -> Result<Response, Problem> {
    let reference = alert_named(&name)?;
    let alert = frame.world.alerts.get(&reference).ok_or_else(|| not_found("alert", &name))?;
    let content = content_of(&frame.app, alert).await?;
    let time = |at: kernel::Timestamp| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let mut facts = vec![
        ("Sent by".to_owned(), super::sender(&frame, alert)),
        ("Since".to_owned(), time(alert.since)),
        ("Last told".to_owned(), time(alert.last)),
        ("Dedup key".to_owned(), alert.about.key.clone()),
    ];
    if !alert.source.is_empty() {
        facts.push(("Source".to_owned(), alert.source.clone()));
    }
    if let Some(taken) = &alert.acknowledged {
        facts.push(("Acknowledged".to_owned(), format!("by {}, {}", frame.who(&taken.by).name, time(taken.at))));
    }
    if let Some(ended) = &alert.ended {
        facts.push(("Resolved".to_owned(), format!("by {}, {}", frame.who(&ended.by).name, time(ended.at))));
    } else if let Some(expires) = alert.expires {
        facts.push(("Ends by itself".to_owned(), format!("{} unless it is told again", time(expires))));
    }
    let mut acts = Vec::new();
    if frame.may_write() && alert.is_open() {
        let address = super::address(alert);
        if alert.acknowledged.is_none() {
            acts.push(frame.press(format!("{address}/acknowledge"), "Acknowledge"));
        }
        acts.push(frame.press(format!("{address}/resolve"), "Resolve"));
    }
    Ok(screen(&AlertScreen {
        chrome: frame.chrome(alert.summary.clone(), Place::Incidents),
        summary: alert.summary.clone(),
        state: state_of(alert),
        severity: alert.severity.word(),
        entity: frame.entity(&alert.about.entity),
        incident: super::incident(&frame, alert),
        facts,
        labels: alert.labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        links: content.iter().flat_map(links).collect(),
        details: content.as_ref().map(details).unwrap_or_default(),
        acts,
        timeline: frame.href(format!("/timeline?about={reference}")),
    }))
}

fn links(content: &Content) -> Vec<(String, String)> {
    let shown = |text: &str, href: &str| {
        let href = outside(href)?;
        Some((if text.is_empty() { href.clone() } else { text.to_owned() }, href))
    };
    let source = content.url.as_deref().and_then(|url| shown("Where it was made", url));
    // Pictures are links too: nothing of another server is loaded into our screens.
    let images = content
        .images
        .iter()
        .filter_map(|image| shown(if image.alt.is_empty() { "Picture" } else { &image.alt }, &image.src));
    let links = content.links.iter().filter_map(|link| shown(&link.text, &link.href));
    source.into_iter().chain(links).chain(images).collect()
}

fn details(content: &Content) -> String {
    let read = serde_json::from_str::<serde_json::Value>(&content.details);
    match read {
        Ok(serde_json::Value::String(text)) => text,
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        Err(_) => content.details.clone(),
    }
}

fn alert_named(name: &str) -> Result<EntityRef, Problem> {
    Ok(named("alert", EntityRef::DEFAULT_NAMESPACE, name)?)
}

/// That it is meant.
#[derive(Debug, Deserialize)]
pub struct Meant {}

/// Takes an alert on, and its incident.
pub async fn acknowledge(
    Server(app): Server<App>,
    by: By,
    Path(name): Path<String>,
    PostedForm(Meant {}): PostedForm<Meant>,
) -> Result<Response, Problem> {
    let command = AlertCommand::Acknowledge { alert: alert_named(&name)? };
    act(&app, &by, &name, command).await
}

/// Ends an alert by hand.
pub async fn resolve(
    Server(app): Server<App>,
    by: By,
    Path(name): Path<String>,
    PostedForm(Meant {}): PostedForm<Meant>,
) -> Result<Response, Problem> {
    let command = AlertCommand::Resolve { alert: alert_named(&name)? };
    act(&app, &by, &name, command).await
}

async fn act(app: &App, by: &By, name: &str, command: AlertCommand) -> Result<Response, Problem> {
    app.submit(by.request(Command::Alerts(command), None, None)?).await?;
    Ok(Redirect::to(&format!("/alerts/{}", crate::show::segment(name))).into_response())
}
