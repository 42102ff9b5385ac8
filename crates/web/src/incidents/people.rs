//! Who does what in an incident, when was what, and what can be changed about it.

use incidents::{Incident, Role, Severity};
use kernel::{EntityRef, Timestamp};

use crate::{
    frame::Frame,
    views::{Choice, Entry, Field, Form, Link, Moment, Press, Who},
};

/// A role and who has it.
#[derive(Debug)]
pub struct RoleRow {
    /// `commander`.
    pub role: &'static str,
    /// Who has it.
    pub who: Option<Who>,
    /// Takes it, or gives it up; none where the reader may not.
    pub buttons: Vec<Press>,
}

/// A moment of an incident's life.
#[derive(Debug)]
pub struct Milestone {
    /// `Impact began`.
    pub name: &'static str,
    /// When that was; none if it has not been.
    pub at: Option<Moment>,
    /// How long after the one before: `4 min later`.
    pub after: Option<String>,
}

/// A part of what can be changed, behind a heading.
#[derive(Debug)]
pub struct Amendment {
    /// `Split it`.
    pub name: &'static str,
    /// What it does.
    pub form: Form,
}

pub(super) fn roles(frame: &Frame, incident: &Incident) -> Vec<RoleRow> {
    let may = frame.may_write() && incident.merged.is_none();
    let address = format!("/incidents/{}/role", incident.number());
    let row = |role: Role| {
        let holder = incident.holder(role);
        let press = |person: &str, label: &str| Press {
            hidden: vec![("role".to_owned(), role.word().to_owned()), ("person".to_owned(), person.to_owned())],
            ..frame.press(address.clone(), label)
        };
        let own = frame.person().filter(|own| holder != Some(own));
        let take = own.map(|own| press(&own.to_string(), "Take it"));
        let leave = holder.map(|_| press("", "Clear"));
        let buttons = if may { take.into_iter().chain(leave).collect() } else { Vec::new() };
        RoleRow { role: role.word(), who: holder.map(|person| frame.catalog_person(person)), buttons }
    };
    Role::ALL.into_iter().map(row).collect()
}

/// The moments in their order, each with how long after impact began.
pub(super) fn milestones(frame: &Frame, incident: &Incident) -> Vec<Milestone> {
    let after = |at: Timestamp| {
        let minutes = at.duration_since(incident.since).as_secs().max(0) / 60;
        Some(format!("after {}", in_minutes(minutes)))
    };
    let moment = |name, at: Option<Timestamp>| Milestone {
        name,
        at: at.map(|at| frame.ago(at)),
        after: at.and_then(after).filter(|_| name != "Impact began"),
    };
    let acknowledged = incident.acknowledged.as_ref().map(|taken| taken.at);
    vec![
        moment("Impact began", Some(incident.since)),
        moment("Detected", Some(incident.opened)),
        moment("Acknowledged", acknowledged),
        moment("Mitigated", incident.mitigated),
        moment("Resolved", incident.ended.as_ref().map(|ending| ending.at)),
    ]
}

/// `4 min`, `2 h 5 min`.
pub(crate) fn in_minutes(minutes: i64) -> String {
    if minutes < 60 { format!("{minutes} min") } else { format!("{} h {} min", minutes / 60, minutes % 60) }
}

/// A time as `datetime-local` has it, in UTC.
pub(crate) fn local(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M").to_string()
}

/// Other open incidents that one can be merged into.
const OTHERS_MAX: usize = 50;
/// Failing checks that can be chosen to be split off.
const CHECKS_SHOWN: usize = 50;

pub(super) fn amendments(frame: &Frame, incident: &Incident) -> Vec<Amendment> {
    if !frame.may_write() || incident.merged.is_some() {
        return Vec::new();
    }
    let number = incident.number();
    let form = |verb: &str, submit: &str, fields| frame.form(format!("/incidents/{number}/{verb}"), submit, fields);
    let time = |name: &str, label: &str, at: Timestamp| {
        let entry = Entry::Line { kind: "datetime-local", value: local(at) };
        Field::new("at", label, entry).id(name).required()
    };
    let person = || {
        let own = frame.person().map(EntityRef::to_string).unwrap_or_default();
        Field::line("person", "Who", own).id("role-person").hint("A user of the catalog. Empty: nobody.")
    };
    let role_choices = Role::ALL.map(|role| Choice::new(role.word(), role.word(), "commander")).to_vec();
    let current = match incident.severity {
        Severity::Sev1 => "sev1",
        Severity::Sev2 => "sev2",
        Severity::Sev3 => "sev3",
    };
    let levels = vec![
        Choice::new("sev1", "Critical: customers can’t do what they came for", current),
        Choice::new("sev2", "Major: an important part fails", current),
        Choice::new("sev3", "Minor: few are affected", current),
    ];
    let mut all = vec![Amendment {
        name: "Give a role",
        form: form("role", "Give it", vec![Field::select("role", "Role", role_choices), person()]),
    }];
    if incident.is_open() {
        let field = Field::select("severity", "How bad", levels);
        all.push(Amendment { name: "Severity", form: form("severity", "Set it", vec![field]) });
    }
    let title = Field::line("title", "What is broken", &incident.title).id("new-title").required();
    all.push(Amendment { name: "Title", form: form("title", "Change it", vec![title]) });
    let began = time("began-at", "Impact began (UTC)", incident.since).hint("When users were first hit.");
    all.push(Amendment { name: "When it began", form: form("impact", "Correct it", vec![began]) });
    let end = incident.ended.as_ref().map_or(frame.now, |ending| ending.at);
    let well = time("mitigated-at", "Users were well again at (UTC)", incident.mitigated.unwrap_or(end));
    all.push(Amendment { name: "When it was mitigated", form: form("mitigate", "Set it", vec![well]) });
    all.extend(
        merge(frame, incident)
            .map(|field| Amendment { name: "Merge into another", form: form("merge", "Merge it", vec![field]) }),
    );
    all.extend(
        split(frame, incident)
            .map(|fields| Amendment { name: "Split checks off", form: form("split", "Split them off", fields) }),
    );
    all
}

fn merge(frame: &Frame, incident: &Incident) -> Option<Field> {
    let others = frame.world.incidents.open().filter(|other| other.number() != incident.number()).take(OTHERS_MAX);
    let choices: Vec<Choice> = others
        .map(|other| {
            let number = other.number().to_string();
            Choice::new(number.clone(), format!("{number}: {}", other.title), "")
        })
        .collect();
    if choices.is_empty() || !incident.is_open() {
        return None;
    }
    let hint = "This one is over by that. Its checks, its log and its pages go on in the other.";
    Some(Field::select("into", "Which goes on", choices).hint(hint))
}

fn split(frame: &Frame, incident: &Incident) -> Option<Vec<Field>> {
    let failing: Vec<_> = incident.failing().take(CHECKS_SHOWN).collect();
    let enough = if incident.declared { 1 } else { 2 };
    if !incident.is_open() || failing.len() < enough {
        return None;
    }
    let choice = |one: &&incidents::FailingCheck| Choice {
        value: one.check.to_string(),
        label: frame.entity(&one.check).name,
        chosen: false,
    };
    let checks = Field::new("checks", "What is another incident", Entry::Ticks(failing.iter().map(choice).collect()));
    Some(vec![
        checks,
        Field::line("title", "What it is called", "").id("split-title").hint("Empty: made of the check."),
    ])
}

/// What the incident was merged into, merged from, split off.
pub(super) fn relations(frame: &Frame, incident: &Incident) -> Vec<(&'static str, Link)> {
    let link = |number: u64| Link::new(format!("incident {number}"), frame.href(format!("/incidents/{number}")));
    let into = incident.merged.iter().map(|into| ("It is a part of", link(into.number)));
    let absorbed = incident.absorbed.iter().map(|number| ("It has taken in", link(*number)));
    let split = incident.split_off.iter().map(|number| ("It was split off", link(*number)));
    into.chain(absorbed).chain(split).collect()
}
