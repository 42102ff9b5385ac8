//! `GET /incidents`: what is broken, and what was.

use askama::Template;
use axum::{extract::Query, response::Response};
use incidents::{Incident, Resolution, Status};
use serde::Deserialize;

use super::healed_by;
use crate::{
    frame::Frame,
    paging::Paged,
    shell::{Chrome, Place, screen},
    views::{Empty, Moment, Pager, State, Tab, Tabs, Tone},
};

/// The incidents.
#[derive(Debug, Template)]
#[template(path = "incidents/list.html")]
pub struct IncidentsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Open, resolved, all.
    pub tabs: Tabs,
    /// Where one declares an incident by hand; none where the reader may not.
    pub declare: Option<String>,
    /// How often the ranking of suspects was right, if anybody has said so.
    pub accuracy: Option<String>,
    /// The incidents, the latest first.
    pub rows: Vec<IncidentRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One incident.
#[derive(Debug)]
pub struct IncidentRow {
    /// Its number.
    pub number: u64,
    /// Its screen.
    pub href: String,
    /// `open`, `acknowledged`, `recovered`, `resolved`.
    pub state: State,
    /// What is or was broken.
    pub title: String,
    /// Whose it is.
    pub owner: String,
    /// `critical`, `major`, `minor`.
    pub severity: String,
    /// When it began.
    pub began: Moment,
    /// How long it took, where it is over: `11 min`.
    pub took: Option<String>,
    /// What ended it, where that is known: `undone: turned new-checkout on`.
    pub outcome: Option<String>,
}

/// Which incidents, and from which on.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    state: Option<String>,
    from: Option<usize>,
}

/// Lists the incidents.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Response {
    let state = which.state.as_deref().unwrap_or_default();
    let all: Vec<&Incident> = frame.world.incidents.recent().collect();
    let open = all.iter().filter(|incident| incident.is_open()).count();
    let tab = |value: &str, label: &str, count| Tab {
        label: label.to_owned(),
        href: frame.href(if value.is_empty() { "/incidents".to_owned() } else { format!("/incidents?state={value}") }),
        here: state == value,
        count: Some(count),
    };
    let tabs = vec![
        tab("", "All", all.len()),
        tab("open", "Open", open),
        tab("resolved", "Resolved", all.len().saturating_sub(open)),
    ];
    let wanted = all.into_iter().filter(|incident| match state {
        "open" => incident.is_open(),
        "resolved" => !incident.is_open(),
        _ => true,
    });
    let address = if state.is_empty() { "/incidents".to_owned() } else { format!("/incidents?state={state}") };
    let page = Paged::of(wanted.collect(), which.from, &frame.href(address));
    screen(&IncidentsScreen {
        chrome: Chrome { incident: None, ..frame.chrome("Incidents", Place::Incidents) },
        tabs: Tabs { label: "Incidents by state".to_owned(), tabs },
        declare: frame.may_write().then(|| "/incidents/declare".to_owned()),
        accuracy: accuracy(&frame),
        rows: page.items.into_iter().map(|incident| row(&frame, incident)).collect(),
        none: Empty::with(
            "There is none. One opens by itself when a check of a critical path goes down, or by hand.",
            "mainstay incident declare shipping 'Labels can’t be printed'",
        ),
        pager: page.pager,
    })
}

/// How often the ranking was right, of all incidents that are held.
fn accuracy(frame: &Frame) -> Option<String> {
    let counted = incidents::accuracy(frame.world.incidents.recent());
    let (first, three) = (counted.percent(counted.first)?, counted.percent(counted.first_three)?);
    let of = if counted.judged == 1 { "1 incident".to_owned() } else { format!("{} incidents", counted.judged) };
    Some(format!(
        "Of {of} of which somebody said which change it was, the ranking had it first in {first} %, and among the first three in {three} %."
    ))
}

fn row(frame: &Frame, incident: &Incident) -> IncidentRow {
    let owner = frame.world.owner_of(incident.entity());
    IncidentRow {
        number: incident.number(),
        href: frame.href(format!("/incidents/{}", incident.number())),
        state: state_of(incident),
        title: incident.title.clone(),
        owner: owner.map_or_else(|| "no owner".to_owned(), |owner| frame.catalog_person(&owner).name),
        severity: incident.severity.word().to_owned(),
        began: frame.ago(incident.since),
        took: incident.ended.as_ref().map(|_| took(incident)),
        outcome: outcome(frame, incident),
    }
}

/// How an incident stands, as a word and a shape.
pub(super) fn state_of(incident: &Incident) -> State {
    let tone = match incident.status() {
        Status::Open => Tone::Bad,
        Status::Acknowledged | Status::Mitigated => Tone::Warn,
        Status::Resolved => Tone::Good,
        Status::Merged => Tone::Quiet,
    };
    State::new(tone, incident.status().word())
}

/// How long it took: `1 h 14 min`.
pub(super) fn took(incident: &Incident) -> String {
    let Some(ending) = &incident.ended else { return String::new() };
    let seconds = ending.at.duration_since(incident.since).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

fn outcome(frame: &Frame, incident: &Incident) -> Option<String> {
    let ending = incident.ended.as_ref()?;
    Some(match (healed_by(&frame.world, incident), ending.cause) {
        (Some(healed), _) => format!("recovered after this was undone: {}", healed.change.summary),
        (None, Resolution::ByRecovery) => "recovered".to_owned(),
        (None, Resolution::ByHand) => format!("resolved by {}", frame.who(&ending.by).name),
    })
}
