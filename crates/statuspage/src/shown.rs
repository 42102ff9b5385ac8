//! What a page shows now.

use kernel::Timestamp;

use crate::{Component, Impact, Indicator, Page, State, Status};

/// What is measured of a component, by whoever can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// How it is now.
    pub status: Status,
    /// Since when.
    pub since: Option<Timestamp>,
    /// How it was, the oldest first: each from its moment on. Before the first nothing is known.
    pub turns: Vec<(Timestamp, Status)>,
}

/// What the page shows of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// How it is.
    pub status: Status,
    /// True if a person said so, and not what is measured.
    pub by_hand: bool,
    /// When it last changed, as far as is known.
    pub since: Option<Timestamp>,
}

impl Measured {
    /// What is known of a component that nothing stands behind: it works unless somebody says otherwise.
    #[must_use]
    pub fn by_hand() -> Self {
        Self { status: Status::Operational, since: None, turns: Vec::new() }
    }

    /// What is known where nothing is.
    #[must_use]
    pub fn nothing() -> Self {
        Self { status: Status::NoData, since: None, turns: Vec::new() }
    }
}

/// How a component is shown: as a person set it; else, while a maintenance of it is in progress, as that or as an open
/// incident says, whatever is measured; else as the worse of what is measured and what open incidents say.
#[must_use]
pub fn shown(state: &State, page: &Page, component: &Component, measured: &Measured, now: Timestamp) -> Shown {
    if let Some(set) = state.set(&page.page, &component.key).filter(|set| set.until > now) {
        return Shown { status: set.status, by_hand: true, since: Some(set.at) };
    }
    let said = state.open_reports(&page.page).filter_map(|report| {
        let status = report.says(&component.key, now)?;
        Some((status, report.last()?.at))
    });
    let said: Vec<(Status, Timestamp)> = said.collect();
    let planned = said.iter().any(|(status, _)| *status == Status::UnderMaintenance);
    let worst = said.into_iter().max_by_key(|(status, _)| *status);
    match worst.filter(|(status, _)| planned || *status > measured.status) {
        Some((status, at)) => Shown { status, by_hand: status != Status::UnderMaintenance, since: Some(at) },
        None => Shown { status: measured.status, by_hand: false, since: measured.since },
    }
}

/// The page in a word, and in the sentence on its top: from its components, by Statuspage's rules, and from the impact of
/// its open incidents, whichever is worse.
#[must_use]
pub fn indicator(statuses: &[Status], impacts: &[Impact]) -> (Indicator, &'static str) {
    let any = |status: Status| statuses.contains(&status);
    let all = |status: Status| !statuses.is_empty() && statuses.iter().all(|known| *known == status);
    let of_components = if all(Status::MajorOutage) {
        (Indicator::Critical, "Major system outage")
    } else if any(Status::MajorOutage) || all(Status::PartialOutage) {
        (Indicator::Major, "Partial system outage")
    } else if any(Status::PartialOutage) {
        (Indicator::Minor, "Minor service outage")
    } else if all(Status::DegradedPerformance) {
        (Indicator::Minor, "Degraded system service")
    } else if any(Status::DegradedPerformance) {
        (Indicator::Minor, "Partially degraded service")
    } else if all(Status::NoData) {
        (Indicator::Minor, "No data: it is not known how the systems are")
    } else if any(Status::NoData) {
        (Indicator::Minor, "Some systems report no data")
    } else if any(Status::UnderMaintenance) {
        (Indicator::Maintenance, "Service under maintenance")
    } else {
        (Indicator::None, "All systems operational")
    };
    let of_incidents = match impacts.iter().max() {
        None | Some(Impact::None) => return of_components,
        Some(Impact::Minor) => (Indicator::Minor, "Minor service outage"),
        Some(Impact::Major) => (Indicator::Major, "Partial system outage"),
        Some(Impact::Critical) => (Indicator::Critical, "Major system outage"),
    };
    if of_incidents.0 > of_components.0 { of_incidents } else { of_components }
}
