//! `/status/incidents/{id}`: one incident or maintenance, at an address that stays.

use askama::Template;
use axum::response::Response;

use super::{
    Asked, not_found,
    show::{HTML, Outside, ReportRow, drawn, outside, report_row},
};
use crate::problem::Problem;

#[derive(Debug, Template)]
#[template(path = "status/incident.html")]
struct IncidentScreen {
    outside: Outside,
    report: ReportRow,
}

/// Shows it.
pub async fn show(asked: Asked) -> Result<Response, Problem> {
    let id = asked.part("id").parse().map_err(|_| not_found())?;
    // What is not there is not kept.
    if !asked.has(id) {
        return Err(not_found());
    }
    asked.answer(HTML, |view| {
        let report = view.report(id).ok_or_else(|| not_found().0)?;
        let title = format!("{} · {}", report.title, view.page.title);
        drawn(&IncidentScreen { outside: outside(view, title), report: report_row(view, report) })
    })
}
