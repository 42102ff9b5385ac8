//! What the server answers, as far as verbs print it. Members that are not named here are left out in text, and are all
//! there in JSON.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

/// Who did something.
#[derive(Debug, Deserialize)]
pub(crate) struct Actor {
    pub(crate) by: String,
    pub(crate) name: String,
}

impl Actor {
    /// `ada`, `admin (token)`.
    pub(crate) fn words(&self) -> String {
        match self.by.as_str() {
            "person" => self.name.clone(),
            "mainstay" => format!("mainstay ({})", self.name),
            by => format!("{} ({by})", self.name),
        }
    }
}

/// An event of the timeline.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) position: u64,
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) actor: Actor,
    pub(crate) reason: Option<String>,
    pub(crate) kind: String,
    pub(crate) subjects: Vec<String>,
    pub(crate) summary: String,
    pub(crate) event: serde_json::Value,
}

/// What a command brought.
#[derive(Debug, Deserialize)]
pub(crate) struct Done {
    pub(crate) events: Vec<Event>,
}

/// A check.
#[derive(Debug, Deserialize)]
pub(crate) struct Check {
    pub(crate) check: String,
    pub(crate) target: String,
    pub(crate) request: String,
    pub(crate) verdict: String,
    pub(crate) since: Timestamp,
    pub(crate) last_good: Option<Timestamp>,
    pub(crate) error: Option<String>,
    pub(crate) interval_ms: u64,
    pub(crate) paused: bool,
}

/// A maintenance.
#[derive(Debug, Deserialize)]
pub(crate) struct Maintenance {
    pub(crate) id: String,
    pub(crate) of: String,
    pub(crate) state: String,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) by: Option<String>,
    pub(crate) reason: Option<String>,
}

/// A probe.
#[derive(Debug, Deserialize)]
pub(crate) struct Probe {
    pub(crate) location: String,
    pub(crate) state: String,
    pub(crate) since: Timestamp,
    pub(crate) heard: Option<Timestamp>,
    pub(crate) checks: usize,
    pub(crate) version: Option<String>,
    pub(crate) skew_ms: Option<i64>,
    pub(crate) uplink: Option<bool>,
    pub(crate) inside: bool,
}

/// An alert of another tool.
#[derive(Debug, Deserialize)]
pub(crate) struct Alert {
    pub(crate) alert: String,
    pub(crate) status: String,
    pub(crate) severity: String,
    pub(crate) summary: String,
    pub(crate) entity: String,
    pub(crate) integration: String,
    pub(crate) since: Timestamp,
    pub(crate) incident: Option<u64>,
}

/// Who may send alerts.
#[derive(Debug, Deserialize)]
pub(crate) struct Integration {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) entity: String,
    pub(crate) path: String,
    pub(crate) open: usize,
    pub(crate) keyed: Option<Timestamp>,
}

/// A deployment or a configuration.
#[derive(Debug, Deserialize)]
pub(crate) struct Deployment {
    pub(crate) component: String,
    pub(crate) environment: String,
    pub(crate) event: String,
    pub(crate) at: Timestamp,
    pub(crate) version: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) changed: Vec<String>,
    pub(crate) live: bool,
}

/// Something that is wrong with the catalog.
#[derive(Debug, Deserialize)]
pub(crate) struct Finding {
    pub(crate) rule: String,
    pub(crate) severity: String,
    pub(crate) subject: Option<String>,
    pub(crate) message: String,
    pub(crate) fix: String,
}

/// A team's on-call.
#[derive(Debug, Deserialize)]
pub(crate) struct TeamOnCall {
    pub(crate) team: String,
    pub(crate) on_call: Vec<Duty>,
    pub(crate) gap: Option<String>,
}

/// One person on call.
#[derive(Debug, Deserialize)]
pub(crate) struct Duty {
    pub(crate) rotation: String,
    pub(crate) person: String,
    pub(crate) until: Timestamp,
    pub(crate) next: Option<String>,
    pub(crate) instead_of: Option<String>,
}

/// An incident in a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Incident {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) status: String,
    pub(crate) severity: String,
    pub(crate) entity: String,
    pub(crate) since: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) acknowledged_by: Option<Actor>,
}

/// An incident with everything about it.
#[derive(Debug, Deserialize)]
pub(crate) struct IncidentDetail {
    #[serde(flatten)]
    pub(crate) incident: Incident,
    pub(crate) owner: Option<String>,
    pub(crate) on_call: Vec<Duty>,
    pub(crate) runbooks: Vec<String>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) suspects: Vec<Suspect>,
    pub(crate) log: Vec<LogEntry>,
    pub(crate) times: Times,
    pub(crate) roles: Vec<RoleOf>,
    pub(crate) steps: Vec<Step>,
    pub(crate) merged_into: Option<u64>,
    pub(crate) absorbed: Vec<u64>,
    pub(crate) similar: Vec<Similar>,
}

/// When was what in an incident.
#[derive(Debug, Deserialize)]
pub(crate) struct Times {
    pub(crate) detected: Timestamp,
    pub(crate) mitigated: Option<Timestamp>,
    pub(crate) impact_minutes: i64,
}

/// Who has a role.
#[derive(Debug, Deserialize)]
pub(crate) struct RoleOf {
    pub(crate) role: String,
    pub(crate) person: String,
}

/// A step of a runbook.
#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) words: String,
    pub(crate) depth: usize,
    pub(crate) done_by: Option<Actor>,
    pub(crate) done_at: Option<Timestamp>,
}

/// An incident like another.
#[derive(Debug, Deserialize)]
pub(crate) struct Similar {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) since: Timestamp,
    pub(crate) reasons: Vec<String>,
}

/// One entry of an incident's running log.
#[derive(Debug, Deserialize)]
pub(crate) struct LogLine {
    pub(crate) at: Timestamp,
    pub(crate) actor: Actor,
    pub(crate) summary: String,
    pub(crate) text: Option<String>,
    pub(crate) decision: bool,
}

/// What a failing check said.
#[derive(Debug, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) check: String,
    pub(crate) error: String,
    pub(crate) since: Timestamp,
    pub(crate) recovered: Option<Timestamp>,
}

/// A change under suspicion.
#[derive(Debug, Deserialize)]
pub(crate) struct Suspect {
    pub(crate) event: String,
    pub(crate) score: u8,
    pub(crate) summary: String,
    pub(crate) at: Timestamp,
    pub(crate) actor: Actor,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) undo: Option<String>,
    pub(crate) no_undo: Option<String>,
    pub(crate) verdict: Option<String>,
}

/// One observation about a suspect.
#[derive(Debug, Deserialize)]
pub(crate) struct Reason {
    pub(crate) points: i32,
    pub(crate) words: String,
}

/// One line of what happened.
#[derive(Debug, Deserialize)]
pub(crate) struct LogEntry {
    pub(crate) at: Timestamp,
    pub(crate) by: Actor,
    pub(crate) words: String,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) decision: bool,
}

/// What undoing a change would do.
#[derive(Debug, Deserialize)]
pub(crate) struct UndoPlan {
    pub(crate) change: String,
    pub(crate) will: String,
    pub(crate) asks: bool,
}

/// What applying a folder would change.
#[derive(Debug, Deserialize)]
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) text: String,
    pub(crate) problems: Vec<String>,
    pub(crate) errors: usize,
}

/// The changes.
#[derive(Debug, Deserialize)]
pub(crate) struct Plan {
    pub(crate) counts: Counts,
    /// Entities whose docs change.
    pub(crate) docs: Vec<String>,
}

/// How many changes.
#[derive(Debug, Deserialize)]
pub(crate) struct Counts {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) removed: usize,
}

/// The catalog as files.
#[derive(Debug, Deserialize)]
pub(crate) struct Exported {
    pub(crate) files: Vec<ExportedFile>,
}

/// One file.
#[derive(Debug, Deserialize)]
pub(crate) struct ExportedFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A token, without its text.
#[derive(Debug, Deserialize)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) environment: Option<String>,
    #[serde(default)]
    pub(crate) flag_sets: Vec<String>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) by: Actor,
    pub(crate) last_used: Option<Timestamp>,
}

impl Token {
    /// What it may do, and to what that is confined.
    pub(crate) fn may(&self) -> String {
        let environment = self.environment.iter().map(|environment| format!(" in {environment}"));
        let sets = self.flag_sets.iter().map(|set| format!(" of {set}"));
        std::iter::once(self.scopes.join(",")).chain(environment).chain(sets).collect()
    }
}

/// What is going on.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    pub(crate) version: String,
    pub(crate) position: u64,
    pub(crate) entities: usize,
    pub(crate) checks: BTreeMap<String, usize>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) pending_effects: usize,
}

/// A service level objective.
#[derive(Debug, Deserialize)]
pub(crate) struct Slo {
    pub(crate) slo: String,
    pub(crate) service: String,
    pub(crate) entity: Option<String>,
    pub(crate) state: String,
    pub(crate) trouble: Option<String>,
    pub(crate) objectives: Vec<SloObjective>,
    pub(crate) notes: Vec<String>,
}

/// One of its objectives.
#[derive(Debug, Deserialize)]
pub(crate) struct SloObjective {
    pub(crate) display: Option<String>,
    pub(crate) target_percent: f64,
    pub(crate) good_percent: Option<f64>,
    pub(crate) left: Option<f64>,
    pub(crate) burn: Option<f64>,
    pub(crate) firing: Vec<SloFiring>,
}

/// An alert that fires for it.
#[derive(Debug, Deserialize)]
pub(crate) struct SloFiring {
    pub(crate) alert: String,
    pub(crate) severity: String,
    pub(crate) since: Timestamp,
}
