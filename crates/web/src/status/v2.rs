//! `/status/api/v2/…`: what programs read, in the form of Statuspage's own interface (<https://metastatuspage.com/api>).
//!
//! Its words are a closed set and have none for "nobody knows": such a component is `degraded_performance` there, and
//! says `"no_data": true` besides, which Statuspage doesn't.

use axum::response::Response;
use jiff::Timestamp;
use kernel::Refusal;
use serde_json::{Map, Value, json};
use statuspage::{Affected, Kind, Posted, Report, Stage, Status};

use super::{
    Asked, not_found,
    view::{ComponentView, LISTED, View},
};
use crate::problem::Problem;

const JSON: &str = "application/json; charset=utf-8";

/// `/api/v2/{file}`.
pub async fn show(asked: Asked) -> Result<Response, Problem> {
    let parts: &'static [&'static str] = match asked.part("file") {
        "summary.json" => &["components", "incidents", "scheduled_maintenances", "status"],
        "status.json" => &["status"],
        "components.json" => &["components"],
        "incidents.json" => &["all_incidents"],
        "scheduled-maintenances.json" => &["all_maintenances"],
        _ => return Err(not_found()),
    };
    answer(&asked, parts)
}

/// `/api/v2/incidents/{file}`.
pub async fn incidents(asked: Asked) -> Result<Response, Problem> {
    match asked.part("file") {
        "unresolved.json" => answer(&asked, &["incidents"]),
        _ => Err(not_found()),
    }
}

/// `/api/v2/scheduled-maintenances/{file}`.
pub async fn maintenances(asked: Asked) -> Result<Response, Problem> {
    match asked.part("file") {
        "upcoming.json" => answer(&asked, &["upcoming"]),
        "active.json" => answer(&asked, &["active"]),
        _ => Err(not_found()),
    }
}

fn answer(asked: &Asked, parts: &'static [&'static str]) -> Result<Response, Problem> {
    asked.answer(JSON, |view| Ok::<_, Refusal>(document(view, parts).to_string()))
}

fn document(view: &View, parts: &[&str]) -> Value {
    let mut document = Map::new();
    document.insert("page".to_owned(), page(view));
    for part in parts {
        let (name, value) = match *part {
            "status" => ("status", json!({"indicator": view.indicator.as_str(), "description": view.words})),
            "components" => ("components", components(view)),
            "incidents" => ("incidents", all(view, view.unresolved())),
            "all_incidents" => ("incidents", all(view, view.incidents())),
            "all_maintenances" => ("scheduled_maintenances", all(view, view.maintenances())),
            "upcoming" => ("scheduled_maintenances", all(view, view.upcoming())),
            "active" => ("scheduled_maintenances", all(view, view.active())),
            _ => ("scheduled_maintenances", all(view, view.active().chain(view.upcoming()))),
        };
        document.insert(name.to_owned(), value);
    }
    Value::Object(document)
}

fn page(view: &View) -> Value {
    json!({
        "id": view.page.name(),
        "name": view.page.title,
        "url": view.url,
        "time_zone": view.page.time_zone,
        "updated_at": time(view.updated),
    })
}

fn all<'a>(view: &View, reports: impl Iterator<Item = &'a std::sync::Arc<Report>>) -> Value {
    reports.take(LISTED).map(|report| incident(view, report)).collect()
}

/// The components, each group before what is in it.
fn components(view: &View) -> Value {
    let mut all = Vec::new();
    for (nth, group) in view.page.groups.iter().enumerate() {
        let within: Vec<&ComponentView> = view.components.iter().filter(|component| component.group == nth).collect();
        let id = (!group.name.is_empty()).then(|| group.key());
        if let Some(id) = &id {
            let worst = within.iter().map(|component| component.status).max().unwrap_or(Status::NoData);
            let since = within.iter().filter_map(|component| component.since).max().unwrap_or(view.updated);
            let keys: Vec<&str> = within.iter().map(|component| component.key.as_str()).collect();
            all.push(json!({
                "id": id, "name": group.name, "status": worst.wire(),
                "created_at": time(view.updated), "updated_at": time(since), "position": nth + 1,
                "description": some(&group.description), "showcase": false, "start_date": null, "group_id": null,
                "page_id": view.page.name(), "group": true, "only_show_if_degraded": false, "components": keys,
            }));
        }
        for (place, it) in within.into_iter().enumerate() {
            all.push(component(view, it, id.as_deref(), place + 1));
        }
    }
    Value::Array(all)
}

fn component(view: &View, it: &ComponentView, group: Option<&str>, position: usize) -> Value {
    let mut value = json!({
        "id": it.key,
        "name": it.name,
        "status": it.status.wire(),
        "created_at": time(it.known_since.unwrap_or(view.updated)),
        "updated_at": time(it.since.unwrap_or(view.updated)),
        "position": position,
        "description": some(&it.description),
        "showcase": it.bars.is_some(),
        "start_date": it.known_since.map(|at| at.strftime("%Y-%m-%d").to_string()),
        "group_id": group,
        "page_id": view.page.name(),
        "group": false,
        "only_show_if_degraded": false,
    });
    if let (Status::NoData, Some(fields)) = (it.status, value.as_object_mut()) {
        fields.insert("no_data".to_owned(), true.into());
    }
    value
}

/// An incident or a maintenance, as Statuspage writes it.
pub(crate) fn incident(view: &View, report: &Report) -> Value {
    let published = report.published().unwrap_or(view.now);
    let updates: Vec<Value> = (0..report.updates.len()).rev().filter_map(|nth| update(view, report, nth)).collect();
    let place = |key: &str| view.component(key).map(|it| component(view, it, None, 1));
    let components: Vec<Value> = report.components().filter_map(place).collect();
    let mut value = json!({
        "id": report.id.to_string(),
        "name": report.title,
        "status": report.stage().as_str(),
        "created_at": time(published),
        "updated_at": time(report.last().map_or(published, |posted| posted.at)),
        "monitoring_at": report.reached(Stage::Monitoring).map(time),
        "resolved_at": report.reached(Stage::Resolved).or(report.reached(Stage::Completed)).map(time),
        "impact": if report.is_maintenance() { "maintenance" } else { report.impact.as_str() },
        "shortlink": view.link(report.id),
        "started_at": time(published),
        "page_id": view.page.name(),
        "incident_updates": updates,
        "components": components,
        "reminder_intervals": null,
    });
    if let (Kind::Maintenance { from, to }, Some(fields)) = (report.kind, value.as_object_mut()) {
        fields.insert("scheduled_for".to_owned(), time(from).into());
        fields.insert("scheduled_until".to_owned(), time(to).into());
    }
    value
}

fn update(view: &View, report: &Report, nth: usize) -> Option<Value> {
    let posted = report.updates.get(nth)?;
    let before = nth.checked_sub(1).and_then(|before| report.updates.get(before));
    let affected: Vec<Value> =
        posted.components.iter().map(|affected| affected_component(view, affected, before)).collect();
    Some(json!({
        "id": posted.id.to_string(),
        "status": posted.update.stage.as_str(),
        "body": posted.update.text,
        "incident_id": report.id.to_string(),
        "created_at": time(posted.at),
        "updated_at": time(posted.at),
        "display_at": time(posted.at),
        "affected_components": affected,
        "deliver_notifications": true,
        "custom_tweet": null,
        "tweet_id": null,
    }))
}

fn affected_component(view: &View, affected: &Affected, before: Option<&Posted>) -> Value {
    let old = before.and_then(|posted| posted.components.iter().find(|old| old.component == affected.component));
    json!({
        "code": affected.component,
        "name": view.name_of(&affected.component),
        "old_status": old.map_or(Status::Operational, |old| old.status).wire(),
        "new_status": affected.status.wire(),
    })
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// As Statuspage writes it: with milliseconds.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
