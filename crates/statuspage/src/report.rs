//! What was published: incidents and planned maintenances.

use kernel::{Actor, EntityRef, EventId, ReportId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Impact, Stage, Status};

/// What a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Something was broken.
    Incident,
    /// Something is worked on, as planned.
    Maintenance {
        /// When it begins. It is in progress from then on by itself.
        from: Timestamp,
        /// When it ends. It is completed then by itself.
        to: Timestamp,
    },
}

/// A component in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    /// The component's key.
    pub component: String,
    /// How it is, by the report.
    pub status: Status,
}

/// What somebody says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Where the report stands since.
    pub stage: Stage,
    /// It in plain text, for the public.
    pub text: String,
}

/// An update that was posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The event, which is its id.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who. Not public.
    pub by: Actor,
    /// What.
    pub update: Update,
    /// How the components are, by the report, from then on.
    pub components: Vec<Affected>,
}

/// An incident or a maintenance on a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// Its page.
    pub page: EntityRef,
    /// Its public title.
    pub title: String,
    /// What it is.
    pub kind: Kind,
    /// How bad it is.
    pub impact: Impact,
    /// Its updates, the oldest first. Not empty.
    pub updates: Vec<Posted>,
    /// The internal incident's number. Not public.
    pub incident: Option<u64>,
    /// True if nobody published it: the page's rule did.
    pub automatic: bool,
    /// True if it is not shown any more: it was published by mistake.
    pub retracted: bool,
}

impl Report {
    /// The newest update.
    #[must_use]
    pub fn last(&self) -> Option<&Posted> {
        self.updates.last()
    }

    /// Where it stands.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.last().map_or(Stage::Investigating, |posted| posted.update.stage)
    }

    /// True for a maintenance.
    #[must_use]
    pub fn is_maintenance(&self) -> bool {
        matches!(self.kind, Kind::Maintenance { .. })
    }

    /// When it was published.
    #[must_use]
    pub fn published(&self) -> Option<Timestamp> {
        self.updates.first().map(|posted| posted.at)
    }

    /// When it came to a stage for the first time since it was last open.
    #[must_use]
    pub fn reached(&self, stage: Stage) -> Option<Timestamp> {
        let after = self.updates.iter().rposition(|posted| !posted.update.stage.is_over()).unwrap_or(0);
        let from = if stage.is_over() { after } else { 0 };
        self.updates.iter().skip(from).find(|posted| posted.update.stage == stage).map(|posted| posted.at)
    }

    /// The components that it names.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.last().into_iter().flat_map(|posted| &posted.components).map(|affected| affected.component.as_str())
    }

    /// How a component was at a moment, by this report; none if it says nothing of it.
    #[must_use]
    pub fn says(&self, component: &str, at: Timestamp) -> Option<Status> {
        if self.retracted {
            return None;
        }
        let posted = self.updates.iter().rev().find(|posted| posted.at <= at)?;
        let affected = posted.components.iter().find(|affected| affected.component == component)?;
        match posted.update.stage {
            Stage::Investigating | Stage::Identified | Stage::Monitoring => Some(affected.status),
            Stage::InProgress | Stage::Verifying => Some(Status::UnderMaintenance),
            Stage::Resolved | Stage::Postmortem | Stage::Scheduled | Stage::Completed => None,
        }
    }
}
