//! The frame around every screen: who is signed in, where they are, what is wrong right now, what time is shown.
//!
//! A screen is an askama template with a field `chrome: Chrome` that extends `base.html`; [`screen`] turns it into a
//! response. The frame is drawn again with every screen and holds no state.

use askama::Template;
use axum::{
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
};
use kernel::{Refusal, codes};
use serde::Deserialize;

use crate::{
    problem::Problem,
    views::{Callout, Moment, State, Who},
};

/// What the frame around a screen shows.
#[derive(Debug, Clone, Default)]
pub struct Chrome {
    /// What the screen is about; the browser's tab shows it.
    pub title: String,
    /// Which entry of the navigation it belongs to.
    pub place: Option<Place>,
    /// Who is signed in.
    pub user: Option<Who>,
    /// The session's token against forged forms; every form that posts carries it.
    pub csrf: String,
    /// Light, dark, or as the system has it.
    pub theme: Theme,
    /// Which world this is, where that must not be overlooked: `demo`, `staging`.
    pub environment: Option<String>,
    /// Set where the screen shows the past.
    pub past: Option<Past>,
    /// How many incidents are open.
    pub incidents_open: usize,
    /// How many findings wait to be mended.
    pub findings: usize,
    /// How many requested changes of flags wait for the reader.
    pub requests: usize,
    /// How many promises of the reader's are late.
    pub late: usize,
    /// The incident to point at from every screen.
    pub incident: Option<OpenIncident>,
    /// How the server itself is.
    pub server: Option<State>,
    /// Remarks above the screen, such as the outcome of what was just done.
    pub remarks: Vec<Callout>,
    /// The address of the event stream that keeps the screen true; none for a screen that never changes.
    pub live: Option<String>,
    /// What stands in the search box.
    pub query: String,
    /// This screen's own address, to come back to.
    pub path: String,
}

impl Chrome {
    /// The frame of a screen with this title.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Marks the entry of the navigation that the screen belongs to.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    pub(crate) fn navigation(&self) -> impl Iterator<Item = Entry> {
        Place::ALL.into_iter().map(|place| {
            let (label, href, key) = place.parts();
            let urgent = place == Place::Incidents;
            let count = match place {
                Place::Incidents => self.incidents_open,
                Place::Findings => self.findings,
                Place::Flags => self.requests,
                Place::Actions => self.late,
                Place::Home
                | Place::Services
                | Place::Timeline
                | Place::Checks
                | Place::Objectives
                | Place::Contracts
                | Place::OnCall
                | Place::Dashboards
                | Place::Docs
                | Place::Graph
                | Place::Settings => 0,
            };
            Entry { label, href, key, here: self.place == Some(place), count, urgent }
        })
    }
}

/// One entry of the navigation.
pub(crate) struct Entry {
    pub(crate) label: &'static str,
    pub(crate) href: &'static str,
    pub(crate) key: char,
    pub(crate) here: bool,
    pub(crate) count: usize,
    pub(crate) urgent: bool,
}

/// A moment in the past that a screen shows.
#[derive(Debug, Clone)]
pub struct Past {
    /// As it was asked for: `2026-11-20 03:07 UTC`.
    pub at: String,
    /// The same screen as of now.
    pub now_href: String,
}

/// The open incident that every screen points at.
#[derive(Debug, Clone)]
pub struct OpenIncident {
    /// `Checkout fails`.
    pub title: String,
    /// Its screen.
    pub href: String,
    /// Since when.
    pub since: Moment,
}

/// The entries of the navigation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What is broken, what changed, what is mine.
    Home,
    /// Periods in which something was broken.
    Incidents,
    /// Everything in the catalog.
    Services,
    /// Everything that happened.
    Timeline,
    /// Synthetic tests.
    Checks,
    /// Service level objectives and what is left of their budgets.
    Objectives,
    /// Feature flags.
    Flags,
    /// Who expects what of whom, and whether that was proven.
    Contracts,
    /// Who is on call.
    OnCall,
    /// What is promised.
    Actions,
    /// How teams do.
    Dashboards,
    /// What the catalog lacks.
    Findings,
    /// Markdown beside the entities.
    Docs,
    /// What depends on what.
    Graph,
    /// Tokens, users, oneself.
    Settings,
}

impl Place {
    /// All of them, as the navigation lists them.
    pub const ALL: [Self; 15] = [
        Self::Home,
        Self::Incidents,
        Self::Services,
        Self::Timeline,
        Self::Checks,
        Self::Objectives,
        Self::Flags,
        Self::Contracts,
        Self::OnCall,
        Self::Actions,
        Self::Dashboards,
        Self::Graph,
        Self::Docs,
        Self::Findings,
        Self::Settings,
    ];

    /// Its address.
    #[must_use]
    pub fn href(self) -> &'static str {
        self.parts().1
    }

    /// What it is called.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.parts().0
    }

    /// The key that follows `g`.
    #[must_use]
    pub fn key(self) -> char {
        self.parts().2
    }

    /// What it is called, its address, and the key that follows `g`.
    fn parts(self) -> (&'static str, &'static str, char) {
        match self {
            Self::Home => ("Home", "/", 'h'),
            Self::Incidents => ("Incidents", "/incidents", 'i'),
            Self::Services => ("Services", "/services", 's'),
            Self::Timeline => ("Timeline", "/timeline", 't'),
            Self::Checks => ("Checks", "/checks", 'c'),
            Self::Objectives => ("Objectives", "/slos", 'b'),
            Self::Flags => ("Flags", "/flags", 'f'),
            Self::Contracts => ("Contracts", "/contracts", 'p'),
            Self::OnCall => ("On call", "/on-call", 'o'),
            Self::Actions => ("Actions", "/actions", 'a'),
            Self::Dashboards => ("Dashboards", "/dashboard", 'r'),
            Self::Findings => ("Findings", "/findings", 'n'),
            Self::Docs => ("Docs", "/docs", 'd'),
            Self::Graph => ("Graph", "/graph", 'm'),
            Self::Settings => ("Settings", "/settings", ','),
        }
    }
}

/// Light, dark, or as the reader's system has it; kept in the cookie `theme` so that no screen flashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The theme that the request's cookie asks for.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        match crate::security::cookie(headers, "theme") {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            Some(_) | None => Self::System,
        }
    }

    /// The cookie that keeps it for a year.
    #[must_use]
    pub fn cookie(self) -> String {
        format!("theme={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly", self.as_str())
    }

    /// The cookie's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The response that shows a screen.
pub fn screen(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => ([(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response(),
        Err(error) => {
            Problem(Refusal::new(&codes::INTERNAL, format!("A screen could not be drawn: {error}."))).into_response()
        }
    }
}
