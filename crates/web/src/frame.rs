//! What every screen begins with: the World as of the moment that was asked for, who asks, and the frame to draw.
//!
//! `?at=2026-11-20T03:07Z` on any screen shows what was known then. A [`Frame`] takes care of that before the handler
//! runs: the handler reads [`Frame::world`] and never asks whether it is the present. What changes something is offered
//! only where [`Frame::may_write`] says so, and links keep the moment by [`Frame::href`].

use std::sync::Arc;

use access::{Grant, Scope};
use axum::{
    extract::FromRequestParts,
    http::{Uri, request::Parts},
};
use kernel::{EntityRef, Refusal, Timestamp, codes};
use world::World;

use crate::{
    App, actions,
    catalog::findings,
    flags::requests,
    guard::Visitor,
    problem::Problem,
    remark,
    security::csrf::FormToken,
    shell::{Chrome, OpenIncident, Past, Place, Theme},
    views::{Act, Acts, Field, Form, Moment, Press, State, Tone, Who},
};

/// What every screen begins with.
pub struct Frame {
    /// The server's parts.
    pub app: App,
    /// Everything that was known at the moment that is shown.
    pub world: Arc<World>,
    /// The moment that is shown: the server's time, or what `?at=` asks for.
    pub now: Timestamp,
    /// Who asks; nobody on public screens.
    pub grant: Option<Grant>,
    /// The moment in the past that was asked for.
    at: Option<Timestamp>,
    base: Chrome,
}

impl FromRequestParts<App> for Frame {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let present = app.now();
        let grant = parts.extensions.get::<Visitor>().cloned().unwrap_or_default().0;
        // A stranger, who sees nothing but the manual's pages on errors, is told nothing of the World, at no moment.
        let may_read = grant.as_ref().is_some_and(|grant| grant.allows(Scope::Read));
        let at = if may_read { asked_moment(&parts.uri, present)? } else { None };
        let world = match at {
            Some(at) => app.world_at(at).await?,
            None => app.world(),
        };
        let csrf = parts.extensions.get::<FormToken>().map(|token| token.as_str().to_owned()).unwrap_or_default();
        let now = at.unwrap_or(present);
        let base = Chrome {
            user: grant.as_ref().map(|grant| Who::at(grant.actor.name(), "/settings")),
            csrf,
            theme: Theme::of(&parts.headers),
            environment: app.settings().label.clone(),
            past: at.map(|at| Past {
                at: at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
                now_href: without_moment(&parts.uri),
            }),
            server: Some(State::new(Tone::Good, "Server up")),
            live: (may_read && at.is_none()).then(|| "/live".to_owned()),
            remarks: remark::told(&parts.uri).into_iter().collect(),
            path: parts.uri.path_and_query().map(|path| path.as_str().to_owned()).unwrap_or_default(),
            ..Chrome::default()
        };
        let requests = requests::waiting_for(&world, grant.as_ref());
        let reader = grant.as_ref().and_then(|grant| grant.person.as_ref());
        let base =
            if may_read { with_troubles(Chrome { requests, ..base }, reader, app, &world, now).await? } else { base };
        Ok(Self { app: app.clone(), world, now, grant, at, base })
    }
}

impl Frame {
    /// The frame of a screen of this title, at this place of the navigation.
    #[must_use]
    pub fn chrome(&self, title: impl Into<String>, place: Place) -> Chrome {
        Chrome { title: title.into(), place: Some(place), ..self.base.clone() }
    }

    /// The moment in the past that is shown, if it is one.
    #[must_use]
    pub fn past(&self) -> Option<Timestamp> {
        self.at
    }

    /// This screen's own address.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.base.path
    }

    /// The session's token against forged forms.
    #[must_use]
    pub fn csrf(&self) -> String {
        self.base.csrf.clone()
    }

    /// A button of this session that posts to `action` at once.
    #[must_use]
    pub fn press(&self, action: impl Into<String>, label: impl Into<String>) -> Press {
        let (action, label) = (action.into(), label.into());
        Press { action, csrf: self.csrf(), hidden: Vec::new(), label, main: false }
    }

    /// A form of this session that posts to `action`.
    #[must_use]
    pub fn form(&self, action: impl Into<String>, submit: impl Into<String>, fields: Vec<Field>) -> Form {
        let (action, submit) = (action.into(), submit.into());
        Form { action, csrf: self.csrf(), fields, hidden: Vec::new(), submit, main: false }
    }

    /// A form of this session with several buttons.
    #[must_use]
    pub fn acts(&self, action: impl Into<String>, fields: Vec<Field>, acts: Vec<Act>) -> Acts {
        Acts { action: action.into(), csrf: self.csrf(), hidden: Vec::new(), fields, acts }
    }

    /// True if buttons that change something are to be offered: the present is shown, to somebody who may.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.may(Scope::Write)
    }

    /// The same for what needs another scope.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.at.is_none() && self.grant.as_ref().is_some_and(|grant| grant.allows(scope))
    }

    /// The catalog's user who asks, if that is known.
    #[must_use]
    pub fn person(&self) -> Option<&EntityRef> {
        self.grant.as_ref().and_then(|grant| grant.person.as_ref())
    }

    /// An address of ours that shows the same moment as this screen. `#fragments` stay last.
    #[must_use]
    pub fn href(&self, path: impl Into<String>) -> String {
        let path = path.into();
        let Some(at) = self.at else { return path };
        let (path, fragment) = path.split_once('#').map_or((path.as_str(), None), |(path, rest)| (path, Some(rest)));
        let joint = if path.contains('?') { '&' } else { '?' };
        match fragment {
            Some(fragment) => format!("{path}{joint}at={at}#{fragment}"),
            None => format!("{path}{joint}at={at}"),
        }
    }
}

/// The frame with what is broken and what is missing.
async fn with_troubles(
    base: Chrome,
    reader: Option<&EntityRef>,
    app: &App,
    world: &Arc<World>,
    now: Timestamp,
) -> Result<Chrome, Refusal> {
    let incident = world.incidents.open().next().map(|incident| OpenIncident {
        title: incident.title.clone(),
        href: format!("/incidents/{}", incident.number()),
        since: Moment::elapsed(incident.since, now),
    });
    let whole = match app.indexes().whole_at_hand(world) {
        Some(whole) => whole,
        None => {
            // Making it anew after a change takes a while where there are many entities.
            let (asked, world) = (app.clone(), Arc::clone(world));
            app.blocking(move |_| Ok(asked.indexes().whole(&world))).await?
        }
    };
    let findings = findings::Searched::at(app.indexes(), world, whole, now).count();
    let late = reader.map_or(0, |person| actions::list::late_of(world, person, now));
    Ok(Chrome { late, incidents_open: world.incidents.open().count(), findings, incident, ..base })
}

/// The parameter that asks for a moment in the past.
const MOMENT: &str = "at";

fn asked_moment(uri: &Uri, present: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let query = uri.query().unwrap_or_default();
    let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
    let Some((_, text)) = pairs.into_iter().find(|(name, _)| name == MOMENT) else { return Ok(None) };
    if text.is_empty() {
        return Ok(None);
    }
    let refuse = |detail: String| Refusal::new(&codes::INVALID, detail).field(MOMENT);
    let at: Timestamp = text.parse().map_err(|_| {
        refuse(format!("\"{}\" is no moment", text.chars().take(40).collect::<String>()))
            .fix("write it as 2026-11-20T03:07Z (RFC 3339)")
    })?;
    if at > present {
        return Err(refuse(format!("{at} has not come yet")).fix("ask for a moment in the past"));
    }
    Ok(Some(at))
}

fn without_moment(uri: &Uri) -> String {
    let kept: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(MOMENT))
        .collect();
    if kept.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_with_and_without_seconds_and_must_lie_in_the_past() {
        let present = "2026-11-22T21:00:00Z".parse().unwrap();
        let ask = |query: &str| asked_moment(&format!("/flags?{query}").parse().unwrap(), present);
        let expected: Timestamp = "2026-11-20T03:07:00Z".parse().unwrap();
        assert_eq!(ask("at=2026-11-20T03:07Z"), Ok(Some(expected)));
        assert_eq!(ask("q=x&at=2026-11-20T04:07:00%2B01:00"), Ok(Some(expected)));
        assert_eq!(ask("q=x"), Ok(None));
        assert_eq!(ask("at="), Ok(None));
        assert_eq!(ask("at=yesterday").unwrap_err().field.as_deref(), Some("at"));
        assert_eq!(ask("at=2026-11-23T03:07Z").unwrap_err().code, &codes::INVALID);
    }

    #[test]
    fn the_way_back_to_the_present_keeps_the_other_filters() {
        let back = |uri: &str| without_moment(&uri.parse().unwrap());
        assert_eq!(back("/flags?q=x&at=2026-11-20T03:07Z&page=2"), "/flags?q=x&page=2");
        assert_eq!(back("/?at=2026-11-20T03:07Z"), "/");
    }
}
