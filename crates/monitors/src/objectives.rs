//! Sloth's and Pyrra's files as OpenSLO documents.
//!
//! Both make rules for a Prometheus of a short file. Here the file becomes what [`Objectives::yaml`] writes: a
//! `DataSource`, a `Service` for each service, and an `SLO` for each of theirs.

mod pyrra;
mod sloth;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    Note, Severity, Unreadable, document,
    imported::slug,
    write::{comment, line},
};

/// The name of the data source that all queries go to.
const DATA_SOURCE: &str = "prometheus";
/// The most objectives of one import.
const SLOS_MAX: usize = 10_000;
/// What Backstage and OpenSLO allow.
const NAME_CHARS_MAX: usize = 63;

/// What the files became.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objectives {
    /// OpenSLO documents, in the order in which they are to be written.
    pub documents: Vec<Value>,
    /// How many of them are SLOs.
    pub slos: usize,
    /// What is not the same here.
    pub notes: Vec<Note>,
    services: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Objectives {
    /// All of it as one file of catalog YAML. What is not the same stands as comments, before its SLO where it is of one.
    #[must_use]
    pub fn yaml(&self) -> String {
        let mut text = String::new();
        for note in self.notes.iter().filter(|note| note.check.is_none()) {
            comment(&mut text, &line(note));
        }
        for document in &self.documents {
            text.push_str("---\n");
            let name = document.pointer("/metadata/name").and_then(Value::as_str);
            if document.get("kind").is_some_and(|kind| kind == "SLO") {
                for note in self.notes.iter().filter(|note| note.check.is_some() && note.check.as_deref() == name) {
                    comment(&mut text, &line(note));
                }
            }
            // A document of plain JSON values can always be written.
            text.push_str(&serde_saphyr::to_string(document).unwrap_or_default());
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
        text
    }

    fn note(&mut self, slo: Option<&str>, place: &str, what: &str, why: &str, severity: Severity) {
        let (place, what, why) = (place.to_owned(), what.to_owned(), why.to_owned());
        self.notes.push(Note { check: slo.map(str::to_owned), place, what, why, severity });
    }

    /// A name that no other SLO has.
    fn name(&mut self, wanted: &str) -> String {
        let whole = slug(wanted);
        let base: String =
            if whole.is_empty() { "slo".to_owned() } else { whole.chars().take(NAME_CHARS_MAX - 6).collect() };
        let base = base.trim_end_matches(['-', '.', '_']).to_owned();
        let mut name = base.clone();
        let mut number = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{base}-{number}");
            number += 1;
        }
        name
    }

    fn service(&mut self, name: &str) {
        if self.services.insert(name.to_owned()) {
            self.documents.push(json!({
                "apiVersion": "openslo/v1", "kind": "Service", "metadata": {"name": name}, "spec": {}
            }));
        }
    }

    fn add(&mut self, slo: Slo) {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), slo.name.as_str().into());
        if slo.title != slo.name {
            metadata.insert("displayName".to_owned(), slo.title.into());
        }
        let mut spec = Map::new();
        if let Some(description) = slo.description {
            spec.insert("description".to_owned(), description.into());
        }
        spec.insert("service".to_owned(), slo.service.into());
        spec.insert(
            "indicator".to_owned(),
            json!({"metadata": {"name": slo.name}, "spec": {"ratioMetric": slo.ratio}}),
        );
        spec.insert("timeWindow".to_owned(), json!([{"duration": slo.window, "isRolling": true}]));
        spec.insert("budgetingMethod".to_owned(), "Occurrences".into());
        spec.insert("objectives".to_owned(), json!([{"targetPercent": slo.percent}]));
        if let Some(policies) = slo.policies {
            spec.insert("alertPolicies".to_owned(), policies.into());
        }
        self.documents.push(json!({"apiVersion": "openslo/v1", "kind": "SLO", "metadata": metadata, "spec": spec}));
        self.slos += 1;
    }
}

/// An SLO on its way.
struct Slo {
    name: String,
    title: String,
    description: Option<String>,
    service: String,
    ratio: Value,
    window: String,
    percent: f64,
    policies: Option<Vec<Value>>,
}

/// Reads files of Sloth (`version: prometheus/v1`, or its Kubernetes resource) and Pyrra, whichever each document is of.
/// `url` is the Prometheus that all queries go to.
///
/// # Errors
/// If a file can't be read at all.
pub fn objectives(files: &[(&str, &[u8])], url: &str) -> Result<Objectives, Unreadable> {
    let mut read = Objectives::default();
    read.documents.push(json!({
        "apiVersion": "openslo/v1", "kind": "DataSource", "metadata": {"name": DATA_SOURCE},
        "spec": {"type": "Prometheus", "connectionDetails": {"url": url}}
    }));
    for (file, bytes) in files {
        for (number, document) in document::yamls(file, bytes)?.into_iter().enumerate() {
            let place = if number == 0 { (*file).to_owned() } else { format!("{file}[{number}]") };
            let said = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
            match (said("version"), said("apiVersion"), said("kind")) {
                ("prometheus/v1", _, _) => sloth::read(&mut read, &place, &document),
                (_, "sloth.slok.dev/v1", "PrometheusServiceLevel") => {
                    let spec = document.get("spec").cloned().unwrap_or_default();
                    sloth::read(&mut read, &format!("{place}: spec"), &spec);
                }
                (_, "pyrra.dev/v1alpha1", "ServiceLevelObjective") => pyrra::read(&mut read, &place, &document),
                _ if document.is_null() => {}
                _ => read.note(
                    None,
                    &place,
                    "a document",
                    "it is neither Sloth's nor Pyrra's, and was left out",
                    Severity::Lost,
                ),
            }
            if read.slos > SLOS_MAX {
                let why = format!("has more than {SLOS_MAX} objectives");
                return Err(Unreadable::Other { file: (*file).to_owned(), why });
            }
        }
    }
    Ok(read)
}

/// A query for the data source.
fn source(query: &str) -> Value {
    json!({"metricSource": {"metricSourceRef": DATA_SOURCE, "spec": {"query": query.trim()}}})
}

/// The workbook's alerts as policies of their own: the percent of the budget, the window, its minutes.
const ALERTS: [(&str, &str, f64, &str); 4] = [
    ("2", "1h", 60.0, "page"),
    ("5", "6h", 360.0, "page"),
    ("10", "1d", 1_440.0, "ticket"),
    ("10", "3d", 4_320.0, "ticket"),
];

/// Policies for those of the workbook's alerts that are wanted and make sense for a period of so many days.
fn policies(days: f64, wanted: impl Fn(&str) -> bool, no_data: bool) -> Vec<Value> {
    let makes_sense = |percent: &str, minutes: f64| {
        percent.parse::<f64>().unwrap_or_default() / 100.0 * days * 1_440.0 / minutes >= 0.9
    };
    let alerts =
        ALERTS.iter().filter(|(percent, _, minutes, severity)| wanted(severity) && makes_sense(percent, *minutes));
    let policy = |(percent, window, _, severity): &(&str, &str, f64, &str)| {
        json!({"kind": "AlertPolicy", "metadata": {"name": format!("burn-{window}")}, "spec": {
            "alertWhenBreaching": true, "alertWhenNoData": no_data,
            "conditions": [{"kind": "AlertCondition",
                "metadata": {"name": format!("burn-{window}"), "annotations": {"mainstay.dev/budget-percent": percent}},
                "spec": {"severity": severity, "condition": {"kind": "burnrate", "lookbackWindow": window, "alertAfter": "0m"}}}],
            "notificationTargets": []}})
    };
    alerts.map(policy).collect()
}
