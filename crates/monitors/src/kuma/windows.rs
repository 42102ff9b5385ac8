//! Uptime Kuma's maintenances.

use std::collections::BTreeMap;

use checks::Maintenance;
use kernel::Weekday;
use serde_json::Value;

use super::{text, tree, truth, whole};
use crate::{
    document::{list_of, text_of, whole_of},
    imported::Import,
    text as texts,
};

/// The windows of each monitor.
pub(super) struct Windows {
    windows: BTreeMap<u64, Maintenance>,
    of_monitors: BTreeMap<u64, Vec<u64>>,
}

impl Windows {
    /// Those that come again every day or week; each other is noted.
    pub(super) fn of(document: &Value, import: &mut Import<'_>) -> Self {
        let mut windows = BTreeMap::new();
        for row in list_of(document, "maintenance") {
            let Some(id) = whole_of(row, "id") else { continue };
            let place = format!("maintenance {id}");
            let title = text_of(row, "title").unwrap_or_else(|| place.clone());
            if !truth(row, "active") {
                import.info(&place, title, "it is switched off there; it was left out");
                continue;
            }
            match window(row) {
                Ok(window) => {
                    windows.insert(id, window);
                }
                Err(why) => import.lost(&place, title, format!("{why}; pause the checks, or declare it in them")),
            }
        }
        let mut of_monitors: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for row in list_of(document, "monitor_maintenance") {
            if let (Some(monitor), Some(maintenance)) = (whole_of(row, "monitor_id"), whole_of(row, "maintenance_id")) {
                of_monitors.entry(monitor).or_default().push(maintenance);
            }
        }
        Self { windows, of_monitors }
    }

    pub(super) fn of_monitor(&self, id: u64) -> Vec<Maintenance> {
        let of_it = self.of_monitors.get(&id).into_iter().flatten();
        of_it.filter_map(|maintenance| self.windows.get(maintenance).cloned()).collect()
    }
}

fn window(row: &Value) -> Result<Maintenance, String> {
    let strategy = text(row, "strategy").unwrap_or_default();
    let days = match strategy.as_str() {
        // There a week begins on Sunday, with 0.
        "recurring-weekday" => {
            let days = tree(row, "weekdays");
            let days = days.as_array().into_iter().flatten().filter_map(Value::as_u64);
            let day = |number: u64| {
                let from_monday = usize::try_from((number + 6) % 7).ok()?;
                Weekday::ALL.get(from_monday).copied()
            };
            days.filter_map(day).collect::<Vec<Weekday>>()
        }
        "recurring-interval" if whole(row, "interval_day") == Some(1) => Vec::new(),
        other => return Err(format!("a maintenance of the sort \"{other}\" has no counterpart")),
    };
    if strategy == "recurring-weekday" && days.is_empty() {
        return Err("it names no day".to_owned());
    }
    let zone = text(row, "timezone").filter(|zone| zone != "SAME_AS_SERVER");
    let zone = zone.ok_or("its time zone is the server's, which the database doesn't say")?;
    let time = |name: &str| {
        let text = text(row, name)?;
        let mut parts = text.split(':').map(|part| part.parse::<u64>().ok());
        let (hour, minute) = (parts.next()??, parts.next()??);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let (Some(from), Some(to)) = (time("start_time"), time("end_time")) else {
        return Err("its times can't be read".to_owned());
    };
    let minutes = if to >= from { to - from } else { to + 24 * 60 - from };
    let from = format!("{:02}:{:02}", from / 60, from % 60);
    texts::window(days, &from, minutes * 60_000, &zone).ok_or_else(|| "its times can't be read".to_owned())
}
