//! `/checks/new` and `/checks/{namespace}/{name}/edit`: a check is made by hand, tried, changed, and removed.
//!
//! Each sort has a form of its own, and there is one for everything else: the document as a catalog file has it. A form
//! becomes such a document and is read as one: what is wrong is said in the same words, beside the field that it came
//! from. *Try it* runs the draft once from this server, and keeps nothing.

mod filled;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use checks::CheckDefinition;
use kernel::{EntityRef, RefDefaults, Sha256, codes};
use serde::Deserialize;
use world::Command;

use self::filled::{FORMS, Filled, PLACES, YAML};
use super::{
    by_hand::{self, Draft, Faults},
    run::Seen,
    trial,
};
use crate::{
    App,
    api::runs::AnswerView,
    flags::edit::Wrong,
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    show::{address, named},
    views::{Act, Acts, Callout, Field, Form, Link, Tab, Tabs},
};

/// Asks what a check shall be.
#[derive(Debug, Template)]
#[template(path = "checks/edit.html")]
pub struct EditScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What is above it.
    pub crumbs: Vec<Link>,
    /// `New check`.
    pub title: String,
    /// What to know before.
    pub lead: String,
    /// The forms that there are; none where the sort is given.
    pub forms: Option<Tabs>,
    /// Why the last try was refused.
    pub trouble: Option<Callout>,
    /// What the draft saw when it was tried.
    pub seen: Option<Seen>,
    /// The fields.
    pub form: Acts,
    /// Removes it; none where it is not there yet.
    pub remove: Option<Form>,
}

/// Which form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    form: String,
}

/// `GET /checks/new`: asks what the new check shall be.
pub async fn ask_new(frame: Frame, Query(which): Query<Which>) -> Response {
    screen(&asking(&frame, None, &Filled::blank(&which.form), Outcome::default()))
}

/// What came of the last press of a button.
#[derive(Debug, Default)]
struct Outcome {
    wrong: Wrong,
    seen: Option<Seen>,
}

/// The screen for a new check, or for one that is there.
fn asking(frame: &Frame, check: Option<&EntityRef>, filled: &Filled, outcome: Outcome) -> EditScreen {
    let Outcome { wrong, seen } = outcome;
    let (fields, trouble) = wrong.told(filled.fields(frame, check.is_none()));
    let save = Act::new("save", if check.is_some() { "Save" } else { "Make the check" }).main();
    let heartbeat = filled.form == "heartbeat";
    let acts = if heartbeat { vec![save] } else { vec![save, Act::new("try", "Try it")] };
    let home = check.map(address);
    let action = home.as_ref().map_or_else(|| "/checks/new".to_owned(), |home| format!("{home}/edit"));
    let hidden = vec![("form".to_owned(), filled.form.clone()), ("was".to_owned(), filled.was.clone())];
    let form = Acts { hidden, ..frame.acts(action, fields, acts) };
    let mut crumbs = vec![Link::new("Checks", "/checks")];
    crumbs.extend(check.zip(home.as_ref()).map(|(check, home)| Link::new(check.short(), home)));
    let title = check.map_or_else(|| "New check".to_owned(), |check| format!("Edit {}", check.short()));
    let lead = match (check.is_some(), filled.form.as_str()) {
        (true, YAML) => "The document is edited as it is: the form has no fields for all that it says.",
        (true, _) => "It was made on the screen. What it is about, and how it is judged, holds from the next run on.",
        (false, YAML) => "For journeys, assertions, headers and all else that a catalog file can say.",
        (false, "heartbeat") => "A job reports by itself, at an address that is shown when the check is made.",
        (false, _) => "It runs as soon as it is made. Nobody is paged before it has failed as often as it must.",
    };
    EditScreen {
        chrome: frame.chrome(title.clone(), Place::Checks),
        crumbs,
        title,
        lead: lead.to_owned(),
        forms: check.is_none().then(|| forms(&filled.form)),
        trouble,
        seen,
        form,
        remove: home.map(|home| {
            let hint = "Its history stays on the timeline, and it can be put back from there.";
            let reason = Field::line("reason", "Reason", "").id("remove-reason").hint(hint);
            frame.form(format!("{home}/remove"), "Remove the check", vec![reason])
        }),
    }
}

fn forms(here: &str) -> Tabs {
    let tabs = FORMS.into_iter().chain([(YAML, "Anything, as YAML")]).map(|(form, label)| Tab {
        label: label.to_owned(),
        href: format!("/checks/new?form={form}"),
        here: form == here,
        count: None,
    });
    Tabs { label: "Sorts of checks".to_owned(), tabs: tabs.collect() }
}

/// `POST /checks/new`: makes it, or tries it.
pub async fn make(
    State(app): State<App>,
    frame: Frame,
    by: By,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let read = if filled.form == YAML {
        by_hand::read(&filled.yaml).map_err(|faults| in_yaml(&faults))
    } else {
        let defaults = RefDefaults { kind: Some("check"), namespace: EntityRef::DEFAULT_NAMESPACE };
        match EntityRef::parse(filled.name.trim(), defaults) {
            Ok(check) if check.kind() != "check" => Err(Wrong::at("name", "A check has a name without a kind.")),
            Ok(check) => from_fields(&filled, check.name(), check.namespace()),
            Err(error) => Err(Wrong::at("name", format!("{error}."))),
        }
    };
    let taken = |draft: &Draft| app.world().catalog.get(&draft.entity.reference).is_some();
    let read = match read {
        Ok(draft) if filled.act != "try" && taken(&draft) => {
            Err(Wrong::at(if filled.form == YAML { YAML } else { "name" }, "There is such a check already."))
        }
        read => read,
    };
    go_on(&app, &by, read, &filled, |outcome| asking(&frame, None, &filled, outcome)).await
}

fn from_fields(filled: &Filled, name: &str, namespace: &str) -> Result<Draft, Wrong> {
    by_hand::read_document(&filled.document(name, namespace)).map_err(|faults| {
        if faults.spec.is_empty() { other(&faults, "") } else { Wrong::default().and(&faults.spec, &PLACES) }
    })
}

/// What is wrong with a document, said under one field.
fn other(faults: &Faults, field: &str) -> Wrong {
    let said = faults.document.iter().map(|problem| {
        let hint = problem.suggestion.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let line = if field == YAML { format!("Line {}: ", problem.line.max(1)) } else { String::new() };
        format!("{line}{}{hint}.", problem.message.trim_end_matches('.'))
    });
    Wrong::at(field, said.collect::<Vec<_>>().join(" "))
}

fn in_yaml(faults: &Faults) -> Wrong {
    other(faults, YAML)
}

/// Saves the draft or tries it; or shows what is wrong with it.
async fn go_on(
    app: &App,
    by: &By,
    read: Result<Draft, Wrong>,
    filled: &Filled,
    again: impl FnOnce(Outcome) -> EditScreen,
) -> Result<Response, Problem> {
    let refused = |wrong| Outcome { wrong, seen: None };
    let outcome = match read {
        Err(wrong) => refused(wrong),
        Ok(draft) if filled.act == "try" => {
            let mut definition: CheckDefinition = draft.definition;
            definition.locations.clear();
            return Ok(match trial::run(app, by, definition).await {
                Ok(result) => {
                    let seen = Seen::of(&AnswerView::of(&result));
                    screen(&again(Outcome { wrong: Wrong::default(), seen: Some(seen) }))
                }
                Err(refusal) => unprocessable(again(refused(Wrong::refused(&refusal, &PLACES)))),
            });
        }
        Ok(draft) => {
            let home = address(&draft.entity.reference);
            let from: Option<Sha256> = filled.was.parse().ok();
            let command = Command::Catalog(catalog::Command::Declare { entity: draft.entity, from });
            match app.submit(by.request(command, Some(&filled.reason), None)?).await {
                Ok(receipt) => {
                    return Ok(back(&home, if receipt.recorded.is_empty() { Done::Nothing } else { Done::CheckSaved }));
                }
                Err(refusal) => refused(Wrong::refused(&refusal, &PLACES)),
            }
        }
    };
    Ok(unprocessable(again(outcome)))
}

fn unprocessable(shown: EditScreen) -> Response {
    let status = StatusCode::from_u16(codes::INVALID.status).unwrap_or_default();
    (status, screen(&shown)).into_response()
}

/// `GET /checks/{namespace}/{name}/edit`: asks what it shall be.
pub async fn ask(frame: Frame, Path((namespace, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let check = named("check", &namespace, &name)?;
    let entity = by_hand::existing(&frame.world, &check)?;
    let mut filled = Filled::of(&check, &entity.json(), catalog::to_yaml(entity)?);
    filled.was = entity.digest.to_string();
    Ok(screen(&asking(&frame, Some(&check), &filled, Outcome::default())))
}

/// `POST /checks/{namespace}/{name}/edit`: changes it, or tries what it would be.
pub async fn change(
    State(app): State<App>,
    frame: Frame,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let check = named("check", &namespace, &name)?;
    by_hand::existing(&frame.world, &check)?;
    let read = if filled.form == YAML {
        let same = |draft: Draft| match draft.entity.reference == check {
            true => Ok(draft),
            false => Err(Wrong::at(YAML, format!("It must stay {}: a check’s name can’t be changed.", check.short()))),
        };
        by_hand::read(&filled.yaml).map_err(|faults| in_yaml(&faults)).and_then(same)
    } else {
        from_fields(&filled, check.name(), check.namespace())
    };
    go_on(&app, &by, read, &filled, |outcome| asking(&frame, Some(&check), &filled, outcome)).await
}

/// Why.
#[derive(Debug, Deserialize)]
pub struct Why {
    reason: String,
}

/// `POST /checks/{namespace}/{name}/remove`: removes it.
pub async fn remove(
    State(app): State<App>,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(Why { reason }): PostedForm<Why>,
) -> Result<Response, Problem> {
    let check = named("check", &namespace, &name)?;
    app.submit(by.request(by_hand::withdrawing(check), Some(&reason), None)?).await?;
    Ok(back("/checks", Done::Removed))
}
