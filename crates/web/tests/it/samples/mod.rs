//! Every screen, drawn from invented values. The tests check them; `examples/gallery.rs` serves them to be looked at.

mod apis;
mod catalog;
mod contracts;
mod flags;
mod home;
mod incidents;
mod operations;
mod reading;
mod system;

use std::sync::LazyLock;

use askama::Template;
use jiff::{SignedDuration, Timestamp};
use web::{
    shell::{Chrome, OpenIncident, Place},
    views::{Change, Entity, Moment, State, Tone, Undo, Who},
};

/// Address and HTML of every screen.
pub(crate) fn screens() -> Vec<(&'static str, String)> {
    let mut screens = Vec::new();
    home::add(&mut screens);
    catalog::add(&mut screens);
    incidents::add(&mut screens);
    operations::add(&mut screens);
    flags::add(&mut screens);
    contracts::add(&mut screens);
    reading::add(&mut screens);
    apis::add(&mut screens);
    system::add(&mut screens);
    screens
}

pub(crate) type Screens = Vec<(&'static str, String)>;

pub(crate) fn draw(screens: &mut Screens, address: &'static str, screen: &impl Template) {
    screens.push((address, screen.render().unwrap()));
}

/// The samples' present: the moment they are first asked for.
pub(crate) fn now() -> Timestamp {
    static NOW: LazyLock<Timestamp> = LazyLock::new(Timestamp::now);
    *NOW
}

pub(crate) fn minutes_ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

pub(crate) fn ago(minutes: i64) -> Moment {
    Moment::ago(minutes_ago(minutes), now())
}

pub(crate) fn for_minutes(minutes: i64) -> Moment {
    Moment::elapsed(minutes_ago(minutes), now())
}

pub(crate) const CSRF: &str = "6f1f7c0e9b3a4d52";

/// The frame of a screen, while something is broken.
pub(crate) fn chrome(title: &str, place: Place) -> Chrome {
    Chrome {
        user: Some(Who::at("Mira Okafor", "/settings/me")),
        csrf: CSRF.to_owned(),
        environment: Some("demo".to_owned()),
        incidents_open: 1,
        findings: 7,
        incident: Some(OpenIncident {
            title: "Buyers can’t check out".to_owned(),
            href: "/incidents/12".to_owned(),
            since: for_minutes(12),
        }),
        server: Some(State::new(Tone::Good, "Server up")),
        path: place.href().to_owned(),
        ..Chrome::new(title).at(place)
    }
}

/// The frame of a screen on a quiet day.
pub(crate) fn quiet(title: &str, place: Place) -> Chrome {
    Chrome { incidents_open: 0, incident: None, ..chrome(title, place) }
}

pub(crate) fn component(name: &str) -> Entity {
    Entity::new("component", name, format!("/services/{name}"))
}

pub(crate) fn group(name: &str) -> Entity {
    Entity::new("group", name, format!("/services/group:{}", name.to_lowercase()))
}

pub(crate) fn up() -> State {
    State::new(Tone::Good, "up")
}

pub(crate) fn down() -> State {
    State::new(Tone::Bad, "down")
}

pub(crate) fn degraded() -> State {
    State::new(Tone::Warn, "degraded")
}

pub(crate) fn unknown() -> State {
    State::new(Tone::Unknown, "unknown")
}

pub(crate) fn change(minutes: i64, sort: &str, subject: &str, summary: &str, who: &str) -> Change {
    Change {
        at: ago(minutes),
        href: format!("/timeline/{}", 4_000 - minutes),
        sort: sort.to_owned(),
        subject: (!subject.is_empty()).then(|| component(subject)),
        summary: summary.to_owned(),
        who: Who::new(who),
        reason: None,
        relation: None,
        undo: Undo::Nothing,
    }
}

pub(crate) fn undoable(change: Change, will: &str) -> Change {
    Change { undo: Undo::Offered { href: "/undo/3984".to_owned(), will: will.to_owned() }, ..change }
}

pub(crate) fn related(change: Change, relation: &str) -> Change {
    Change { relation: Some(relation.to_owned()), ..change }
}
