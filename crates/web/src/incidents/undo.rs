//! `/undo/{position}`: what undoing a change will do, before it is done; and doing it.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use kernel::{Refusal, codes};
use serde::Deserialize;
use serde_json::Value;
use world::{Command, Event, Undo as Undoing, World, journal, plan_undo};

use crate::{
    App,
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::{csrf::PostedForm, own_path},
    shell::{Chrome, Place, screen},
    timeline::entry_at,
    views::{Callout, Change, Cli, Diff, DiffLine, Field, Form, Link, State as Shown, Tone, Undo},
};

/// Asks before a change is undone.
#[derive(Debug, Template)]
#[template(path = "incidents/undo.html")]
pub struct UndoScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The change.
    pub change: Change,
    /// Why it can't be undone, and what to do instead.
    pub refused: Option<Callout>,
    /// What will be done: `turns new-checkout off in production`.
    pub will: String,
    /// What will be different.
    pub diff: Diff,
    /// What it touches besides, and what it can't bring back.
    pub consequences: Vec<String>,
    /// Asks for the reason, and does it; none where it is refused.
    pub form: Option<Form>,
    /// The same from a terminal.
    pub command: Option<Cli>,
    /// Where one came from.
    pub back: Link,
}

/// Where one came from.
#[derive(Debug, Default, Deserialize)]
pub struct From {
    next: Option<String>,
}

/// Shows what undoing will do.
pub async fn ask(
    frame: Frame,
    Path(position): Path<String>,
    Query(From { next }): Query<From>,
) -> Result<Response, Problem> {
    let entry = entry_at(&frame, &position).await?;
    let next = next.as_deref().map_or_else(|| own_screen(&entry), |next| own_path(next).to_owned());
    Ok(screen(&asking(&frame, &entry, &next, None)))
}

fn own_screen(entry: &timeline::Entry) -> String {
    format!("/timeline/{}", entry.stamp.position)
}

/// That it is meant, and why.
#[derive(Debug, Deserialize)]
pub struct Meant {
    reason: Option<String>,
    next: Option<String>,
}

/// Undoes the change and goes back to where one came from; a refusal is shown in place.
pub async fn undo(
    State(app): State<App>,
    frame: Frame,
    by: By,
    Path(position): Path<String>,
    PostedForm(meant): PostedForm<Meant>,
) -> Result<Response, Problem> {
    let entry = entry_at(&frame, &position).await?;
    let next = meant.next.as_deref().map_or_else(|| own_screen(&entry), |next| own_path(next).to_owned());
    let command = Command::Undo(Undoing { event: entry.stamp.event });
    match app.submit(by.request(command, meant.reason.as_deref(), None)?).await {
        Ok(receipt) => {
            let asked = receipt
                .recorded
                .iter()
                .any(|recorded| matches!(*recorded.event, Event::Journal(journal::Event::Undone { asked: true, .. })));
            Ok(back(&next, if asked { Done::Asked } else { Done::Undone }))
        }
        Err(refusal) => {
            let shown = asking(&frame, &entry, &next, Some(&refusal));
            Ok((Problem::status_of(&refusal), screen(&shown)).into_response())
        }
    }
}

fn asking(frame: &Frame, entry: &timeline::Entry, next: &str, refusal: Option<&Refusal>) -> UndoScreen {
    let event = entry.stamp.event;
    let change = Change { undo: Undo::Nothing, ..frame.event(entry, None) };
    let incident = own_path(next).strip_prefix("/incidents/").and_then(|rest| rest.split(['?', '#']).next());
    let reason = incident.map(|number| format!("incident {number}")).unwrap_or_default();
    let label = incident.map_or_else(|| "Back".to_owned(), |number| format!("Incident {number}"));
    let planned = match refusal {
        Some(refusal) => Err(refusal.clone()),
        None => plan_undo(&frame.world, event),
    };
    let mut shown = UndoScreen {
        chrome: frame.chrome("Undo a change", Place::Timeline),
        change,
        refused: None,
        will: String::new(),
        diff: Diff::default(),
        consequences: Vec::new(),
        form: None,
        command: None,
        back: Link::new(label, next),
    };
    match planned {
        Ok(plan) => {
            let field = Field::line("reason", "Reason", &reason).hint("Stands on the timeline beside the change.");
            let address = format!("/undo/{}", entry.stamp.position);
            let form = frame.form(address, "Undo it", vec![field]);
            let hidden = vec![("next".to_owned(), next.to_owned())];
            shown.form = frame.may_write().then_some(Form { hidden, main: true, ..form });
            let because = if reason.is_empty() { "why" } else { &reason };
            shown.command = Some(Cli::new(format!("mainstay undo {event} --reason '{because}'")));
            shown.diff = difference(&frame.world, entry);
            shown.consequences = consequences(frame, entry, plan.asks);
            shown.will = plan.will;
        }
        Err(refusal) => shown.refused = Some(refused(frame, entry, &refusal)),
    }
    shown
}

/// Why it can't be undone, what to do instead, and where: the change that came since, if that is the reason.
fn refused(frame: &Frame, entry: &timeline::Entry, refusal: &Refusal) -> Callout {
    let own = frame.world.journal.get(entry.stamp.event);
    let newer = own.filter(|_| refusal.code == &codes::MOVED_ON).and_then(|own| {
        let later = frame.world.journal.newest_first().take_while(|other| other.change.position > own.change.position);
        later.filter(|other| other.change.subject == own.change.subject).last()
    });
    let instead = match (&refusal.fix, newer) {
        (Some(fix), _) => format!(" What to do instead: {fix}."),
        (None, Some(_)) => " Undo the later change first, or set the thing to what it should be.".to_owned(),
        (None, None) => String::new(),
    };
    let word = match refusal.code {
        code if code == &codes::CONFLICT => "Nothing to undo",
        code if code == &codes::MOVED_ON => "Changed since",
        _ => "Can’t be undone",
    };
    Callout {
        state: Shown::new(Tone::Warn, word),
        text: format!("{}.{instead}", refusal.detail.trim_end_matches('.')),
        link: newer.map(|newer| Link::new("The later change", format!("/timeline/{}", newer.change.position))),
    }
}

/// What will be different, line by line.
fn difference(world: &World, entry: &timeline::Entry) -> Diff {
    let Some(known) = world.journal.get(entry.stamp.event) else { return Diff::default() };
    let lines = match known.recorded.event.as_ref() {
        Event::Flags(flags::Event::Turned { flag, environment, on, .. }) => {
            let word = |on: bool| if on { "on" } else { "off" };
            let mut lines = vec![DiffLine::Same(format!("flag {}", flag.short()))];
            let switches = world.flags.flag(flag).into_iter().flat_map(|flag| flag.switches.iter());
            for (name, switch) in switches.take(20) {
                if name == environment {
                    lines.push(DiffLine::Removed(format!("{name}: {}", word(*on))));
                    lines.push(DiffLine::Added(format!("{name}: {}", word(!*on))));
                } else {
                    lines.push(DiffLine::Same(format!("{name}: {}", word(switch.on))));
                }
            }
            lines
        }
        Event::Flags(event @ flags::Event::Defined { definition }) => {
            let before = match flags::undo(&world.flags, event, &known.recorded.stamp) {
                Ok(flags::Command::Define { definition }) => serde_json::to_value(definition),
                Ok(_) | Err(_) => Ok(Value::Null),
            };
            let now = serde_json::to_value(definition);
            Diff::documents(&now.unwrap_or_default(), &before.unwrap_or_default()).lines
        }
        Event::Deploys(deploys::Event::DeploymentFinished { component, environment, version, previous, .. }) => vec![
            DiffLine::Same(format!("{} in {environment}", component.short())),
            DiffLine::Removed(format!("version: {version}")),
            DiffLine::Added(format!("version: {}", previous.as_deref().unwrap_or("the one before"))),
        ],
        Event::Deploys(deploys::Event::ConfigApplied { component, environment, before, after, changed, .. }) => {
            let mut lines = vec![DiffLine::Same(format!("{} in {environment}", component.short()))];
            for key in changed.iter().take(50) {
                lines.extend(after.get(key).map(|value| DiffLine::Removed(format!("{key} = {value}"))));
                lines.extend(before.get(key).map(|value| DiffLine::Added(format!("{key} = {value}"))));
            }
            lines
        }
        Event::Catalog(catalog::Event::EntityChanged { entity, before, .. }) => {
            Diff::documents(&entity.json(), &before.json()).lines
        }
        Event::Catalog(catalog::Event::EntityRemoved { entity, .. }) => {
            Diff::documents(&Value::Null, &entity.json()).lines
        }
        Event::Access(_)
        | Event::Actions(_)
        | Event::Catalog(_)
        | Event::Checks(_)
        | Event::Contracts(_)
        | Event::Deploys(_)
        | Event::Effects(_)
        | Event::Flags(_)
        | Event::Incidents(_)
        | Event::Journal(_)
        | Event::Oncall(_)
        | Event::Alerts(_)
        | Event::Paging(_)
        | Event::Postmortems(_)
        | Event::Statuspage(_)
        | Event::Slo(_) => Vec::new(),
    };
    Diff { lines }
}

/// What it touches besides, and what it can't bring back.
fn consequences(frame: &Frame, entry: &timeline::Entry, asks: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(known) = frame.world.journal.get(entry.stamp.event) else { return lines };
    if asks {
        lines.push(
            "The component’s hook is asked to do it. The change stands until the outcome is reported.".to_owned(),
        );
        lines.push("Mainstay can’t take back what was written to databases since.".to_owned());
    }
    if matches!(*known.recorded.event, Event::Flags(_)) {
        let readers: Vec<String> = known.change.affects.iter().map(|entity| frame.entity(entity).name).collect();
        if !readers.is_empty() {
            lines.push(format!("It is read by {}, which see it with their next evaluation.", readers.join(", ")));
        }
    }
    if matches!(*known.recorded.event, Event::Catalog(_)) {
        lines.push(
            "The file in the catalog folder stays as it is: change it as well, or the next change of it wins."
                .to_owned(),
        );
    }
    let needing = frame.world.catalog.downstream(&known.change.subject).len();
    if needing > 0 {
        lines.push(format!(
            "{needing} other entities need {} directly or indirectly.",
            frame.entity(&known.change.subject).name
        ));
    }
    lines
}
