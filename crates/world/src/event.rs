//! Every fact there is.

use std::sync::Arc;

use kernel::{EntityRef, Stamp};

use crate::{effects, journal};

/// A fact, of any area.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Users, tokens, sessions.
    Access(access::Event),
    /// Promises, and the calendars of sprints.
    Actions(::actions::Event),
    /// Alerts that other tools send in.
    Alerts(alerts::Event),
    /// Entities.
    Catalog(catalog::Event),
    /// Checks.
    Checks(checks::Event),
    /// Consumer-driven contracts.
    Contracts(contracts::Event),
    /// Deployments and configurations.
    Deploys(deploys::Event),
    /// Effects.
    Effects(effects::Event),
    /// Flags.
    Flags(flags::Event),
    /// Incidents.
    Incidents(incidents::Event),
    /// Undoing.
    Journal(journal::Event),
    /// Rotations.
    Oncall(oncall::Event),
    /// Pages.
    Paging(paging::Event),
    /// Post-mortems.
    Postmortems(postmortems::Event),
    /// Public status pages.
    Statuspage(statuspage::Event),
    /// Service level objectives.
    Slo(slo::Event),
}

/// An event with its envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Who, when, why, where.
    pub stamp: Stamp,
    /// What.
    pub event: Arc<Event>,
}

/// An entry of the timeline that this version can't read. Folding passes over it; the screens say so.
#[derive(Debug, thiserror::Error)]
#[error("an event \"{kind}\" can't be read: {problem}")]
pub struct UnknownEvent {
    /// The event's kind.
    pub kind: String,
    /// What is wrong.
    pub problem: String,
}

macro_rules! areas {
    ($($variant:ident = $prefix:literal),* $(,)?) => {
        impl Event {
            /// The stable name of this sort of event: its area, a dot, and what happened.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(event) => event.kind(),)* }
            }

            /// What it is about, most specific first.
            #[must_use]
            pub fn subjects(&self) -> Vec<EntityRef> {
                match self { $(Self::$variant(event) => event.subjects(),)* }
            }

            /// One plain sentence without its actor.
            #[must_use]
            pub fn summary(&self) -> String {
                match self { $(Self::$variant(event) => event.summary(),)* }
            }

            /// The event as it is written: a JSON document.
            #[must_use]
            pub fn to_body(&self) -> Vec<u8> {
                let written = match self { $(Self::$variant(event) => serde_json::to_vec(event),)* };
                // Writing fails for maps with keys that are no texts; no event has one, which a test proves.
                written.unwrap_or_default()
            }

            /// Reads what [`Event::to_body`] wrote.
            ///
            /// # Errors
            /// If the area is unknown or the document is of another form: it was written by a newer version.
            pub fn from_body(kind: &str, body: &[u8]) -> Result<Self, UnknownEvent> {
                let area = kind.split_once('.').map_or(kind, |(area, _)| area);
                let unknown = |problem: String| UnknownEvent { kind: kind.to_owned(), problem };
                match area {
                    $($prefix => serde_json::from_slice(body)
                        .map(Self::$variant)
                        .map_err(|error| unknown(error.to_string())),)*
                    _ => Err(unknown("the area is not known".to_owned())),
                }
            }
        }

        $(impl From<areas!(@event $variant)> for Event {
            fn from(event: areas!(@event $variant)) -> Self {
                Self::$variant(event)
            }
        })*
    };
    (@event Access) => { access::Event };
    (@event Actions) => { ::actions::Event };
    (@event Alerts) => { alerts::Event };
    (@event Catalog) => { catalog::Event };
    (@event Checks) => { checks::Event };
    (@event Contracts) => { contracts::Event };
    (@event Deploys) => { deploys::Event };
    (@event Effects) => { effects::Event };
    (@event Flags) => { flags::Event };
    (@event Incidents) => { incidents::Event };
    (@event Journal) => { journal::Event };
    (@event Oncall) => { oncall::Event };
    (@event Paging) => { paging::Event };
    (@event Postmortems) => { postmortems::Event };
    (@event Statuspage) => { statuspage::Event };
    (@event Slo) => { slo::Event };
}

areas! {
    Access = "access",
    Actions = "actions",
    Alerts = "alerts",
    Catalog = "catalog",
    Checks = "checks",
    Contracts = "contracts",
    Deploys = "deploys",
    Effects = "effects",
    Flags = "flags",
    Incidents = "incidents",
    Journal = "journal",
    Oncall = "oncall",
    Paging = "paging",
    Postmortems = "postmortems",
    Statuspage = "statuspage",
    Slo = "slo",
}
