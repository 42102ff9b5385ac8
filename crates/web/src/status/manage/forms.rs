//! The forms by which a page is looked after.

use kernel::Refusal;
use statuspage::{Impact, Page, Stage, Status};

use super::{Filled, address};
use crate::{
    frame::Frame,
    views::{Choice, Entry, Field, Form},
};

/// What one of the forms was filled in with, and why it was refused.
pub(super) struct Given<'a> {
    pub(super) verb: &'a str,
    pub(super) filled: &'a Filled,
    pub(super) refusal: Option<&'a Refusal>,
}

impl Given<'_> {
    /// What the form of this verb was filled in with; nothing, if it was another one.
    pub(super) fn to(&self, verb: &str) -> Filled {
        if self.verb == verb { self.filled.clone() } else { Filled::default() }
    }

    /// Whether that form tells the subscribers: as it was sent, else it does.
    pub(super) fn notifies(&self, verb: &str) -> bool {
        self.refusal.is_none() || self.verb != verb || self.filled.notify == "yes"
    }
}

fn component_choices(page: &Page, chosen: &[String]) -> Vec<Choice> {
    let choice = |component: &statuspage::Component| Choice {
        value: component.key.clone(),
        label: component.name.clone(),
        chosen: chosen.contains(&component.key),
    };
    page.components().map(choice).collect()
}

/// The form that publishes an incident; a template and an internal incident may fill it in.
pub(super) fn publish_form(frame: &Frame, page: &Page, given: &Given<'_>) -> Form {
    let filled = given.to("publish");
    let template = page.templates.iter().find(|template| template.name == filled.template);
    let or = |given: &str, of: Option<&str>| {
        if given.is_empty() { of.unwrap_or_default().to_owned() } else { given.to_owned() }
    };
    let stage = or(&filled.status, template.and_then(|it| it.stage).map(Stage::as_str));
    let impact = or(&filled.impact, template.and_then(|it| it.impact).map(Impact::as_str));
    let stages = Stage::ALL.iter().filter(|stage| !stage.is_of_maintenance() && **stage != Stage::Postmortem);
    let stages = stages.map(|it| Choice::new(it.as_str(), it.label(), &stage)).collect();
    let impacts = Impact::ALL.iter().map(|it| Choice::new(it.as_str(), it.label(), &impact));
    let worst = Choice::new("", "As bad as its worst component", &impact);
    let broken = [Status::DegradedPerformance, Status::PartialOutage, Status::MajorOutage, Status::Operational];
    let component_status = or(&filled.component_status, Some(Status::PartialOutage.as_str()));
    let broken = broken.into_iter().map(|it| Choice::new(it.as_str(), it.label(), &component_status)).collect();
    let text = Entry::Lines { value: or(&filled.text, template.map(|it| it.text.as_str())) };
    let ticks = Entry::Ticks(component_choices(page, &filled.component));
    let fields = vec![
        Field::line("title", "Title", or(&filled.title, template.map(|it| it.title.as_str()))).required(),
        Field::new("text", "What the public is told", text)
            .required()
            .hint("Plain text. No names of people, hosts or internal systems: everybody reads it."),
        Field::select("status", "Where it stands", stages),
        Field::select("impact", "Impact", std::iter::once(worst).chain(impacts).collect()),
        Field::new("component", "What is affected", ticks),
        Field::select("component_status", "How that is", broken),
        Field::new("notify", "Tell the subscribers", Entry::Tick { on: given.notifies("publish") }),
    ];
    let hidden = vec![("incident".to_owned(), filled.incident.clone())];
    Form { hidden, ..frame.form(format!("{}/publish", address(page)), "Publish", fields) }
}

pub(super) fn schedule_form(frame: &Frame, page: &Page, given: &Given<'_>) -> Form {
    let filled = given.to("schedule");
    let text = Entry::Lines { value: filled.text };
    let moment = |value: &str| Entry::Line { kind: "datetime-local", value: value.to_owned() };
    let zone = format!("In the page’s zone, {}.", page.time_zone);
    let ticks = Entry::Ticks(component_choices(page, &filled.component));
    let fields = vec![
        Field::line("title", "Title", filled.title).id("schedule-title").required(),
        Field::new("text", "What the public is told", text).id("schedule-text").required(),
        Field::new("from", "From", moment(&filled.from)).required().hint(zone),
        Field::new("to", "Until", moment(&filled.to)).required().hint("It begins and ends by itself."),
        Field::new("component", "What is affected", ticks).id("schedule-component"),
        Field::new("notify", "Tell the subscribers", Entry::Tick { on: given.notifies("schedule") })
            .id("schedule-notify"),
    ];
    frame.form(format!("{}/schedule", address(page)), "Announce", fields)
}

pub(super) fn set_form(frame: &Frame, page: &Page, given: &Given<'_>) -> Form {
    let filled = given.to("set");
    let chosen = filled.component.first().map(String::as_str).unwrap_or_default();
    let components = page.components().map(|it| Choice::new(it.key.clone(), it.name.clone(), chosen)).collect();
    let statuses = Status::ALL.iter().filter(|status| **status != Status::NoData);
    let statuses = statuses.map(|it| Choice::new(it.as_str(), it.label(), &filled.status)).collect();
    let hours = if filled.hours.is_empty() { "4".to_owned() } else { filled.hours };
    let hours = Entry::Line { kind: "number", value: hours };
    let fields = vec![
        Field::select("component", "Component", components).id("set-component"),
        Field::select("status", "It is", statuses).id("set-status"),
        Field::new("hours", "For hours", hours).required().hint("2160 at most. Then what is measured is shown again."),
        Field::line("reason", "Why", filled.reason).required().hint("On the timeline; the public doesn’t see it."),
    ];
    frame.form(format!("{}/set", address(page)), "Set", fields)
}
