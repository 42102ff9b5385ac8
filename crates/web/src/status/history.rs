//! `/status/history`: what was published, month by month.

use askama::Template;
use axum::{extract::Query, response::Response};
use jiff::{Span, civil::Date};
use kernel::{Refusal, codes};
use serde::Deserialize;

use super::{
    Asked,
    show::{HTML, Outside, ReportRow, drawn, outside, report_row},
    view::View,
};
use crate::problem::Problem;

#[derive(Debug, Template)]
#[template(path = "status/history.html")]
struct HistoryScreen {
    outside: Outside,
    month: String,
    days: Vec<DayRow>,
    /// The month before, and the one after, as `2026-10` and in words.
    before: (String, String),
    after: Option<(String, String)>,
}

/// A day on which something was published.
#[derive(Debug)]
struct DayRow {
    day: String,
    reports: Vec<ReportRow>,
}

/// Which month.
#[derive(Debug, Deserialize)]
pub struct Which {
    month: Option<String>,
}

/// Shows a month; this one, if none is asked for.
pub async fn show(asked: Asked, Query(which): Query<Which>) -> Result<Response, Problem> {
    let month = which.month.as_deref().map(read).transpose()?;
    let asked = match month {
        Some(month) => asked.variant(&month.to_string()),
        None => asked,
    };
    asked.answer(HTML, |view| {
        let today = view.now.to_zoned(view.zone.clone()).date();
        let first = month.unwrap_or_else(|| today.first_of_month());
        drawn(&of(view, first, today.first_of_month()))
    })
}

fn read(text: &str) -> Result<Date, Refusal> {
    let wrong = || Refusal::new(&codes::INVALID, "this is no month").field("month").fix("write it as 2026-11");
    let date: Date = (text.len() == 7).then(|| format!("{text}-01").parse().ok()).flatten().ok_or_else(wrong)?;
    if (2000..=2200).contains(&date.year()) { Ok(date) } else { Err(wrong()) }
}

fn moved(date: Date, months: i64) -> Date {
    Span::new().try_months(months).ok().and_then(|span| date.checked_add(span).ok()).unwrap_or(date)
}

fn of(view: &View, first: Date, current: Date) -> HistoryScreen {
    let next = moved(first, 1);
    let mut days: Vec<DayRow> = Vec::new();
    for report in &view.reports {
        let Some(published) = report.published() else { continue };
        let date = published.to_zoned(view.zone.clone()).date();
        if date < first || date >= next {
            continue;
        }
        let day = date.strftime("%A %-d %B").to_string();
        let row = report_row(view, report);
        match days.last_mut() {
            Some(last) if last.day == day => last.reports.push(row),
            Some(_) | None => days.push(DayRow { day, reports: vec![row] }),
        }
    }
    let named = |date: Date| (date.strftime("%Y-%m").to_string(), date.strftime("%B %Y").to_string());
    HistoryScreen {
        outside: outside(view, format!("{} – history", view.page.title)),
        month: named(first).1,
        days,
        before: named(moved(first, -1)),
        after: (first < current).then(|| named(next)),
    }
}
