//! `GET /incidents/declare` and `POST /incidents`: opens an incident that no check has found.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Refusal, codes};
use serde::Deserialize;
use world::Event;

use crate::{
    App,
    api::incidents::{Declaration, Level, opening},
    frame::Frame,
    guard::By,
    problem::Problem,
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    views::{Callout, Choice, Entry, Field, Form, State as Shown, Tone},
};

/// Asks what is broken.
#[derive(Debug, Template)]
#[template(path = "incidents/declare.html")]
pub struct DeclareScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Why the last try was refused.
    pub trouble: Option<Callout>,
    /// What, how bad, what is seen.
    pub form: Form,
}

/// What is known already.
#[derive(Debug, Default, Deserialize)]
pub struct Known {
    entity: Option<String>,
}

/// Asks what is broken.
pub async fn ask(frame: Frame, Query(known): Query<Known>) -> Response {
    let blank = Declaration {
        entity: known.entity.unwrap_or_default(),
        title: String::new(),
        severity: Level::default(),
        evidence: String::new(),
    };
    screen(&asking(&frame, &blank, None))
}

fn asking(frame: &Frame, asked: &Declaration, refusal: Option<&Refusal>) -> DeclareScreen {
    let wrong = |field: Field| match refusal.filter(|refusal| refusal.field.as_deref() == Some(field.name.as_str())) {
        Some(refusal) => field.error(refusal.detail.clone()),
        None => field,
    };
    let known = |kind| frame.world.catalog.of_kind(kind);
    let mut entities: Vec<Choice> = known("component")
        .chain(known("api"))
        .chain(known("resource"))
        .map(|entity| {
            let label = format!("{} ({})", entity.display_name(), entity.kind.to_lowercase());
            Choice::new(entity.reference().as_str(), label, &asked.entity)
        })
        .collect();
    entities.sort_by_key(|choice| choice.label.to_lowercase());
    let level = asked.severity.as_str();
    let levels = vec![
        Choice::new("sev1", "Critical: customers can’t do what they came for", level),
        Choice::new("sev2", "Major: an important part fails", level),
        Choice::new("sev3", "Minor: few are affected", level),
    ];
    let fields = vec![
        wrong(Field::line("title", "What is broken", &asked.title).required().hint("One line, as users would say it.")),
        wrong(Field::select("entity", "Where it shows", entities).required()),
        wrong(Field::select("severity", "How bad", levels)),
        wrong(
            Field::new("evidence", "What is seen", Entry::Lines { value: asked.evidence.clone() })
                .hint("Errors, numbers, who reported it. Suspects whose names stand here rank higher."),
        ),
    ];
    DeclareScreen {
        chrome: frame.chrome("Declare an incident", Place::Incidents),
        trouble: refusal.map(|refusal| Callout {
            state: Shown::new(Tone::Bad, "Not opened"),
            text: refusal.to_string(),
            link: None,
        }),
        form: Form { main: true, ..frame.form("/incidents", "Open the incident", fields) },
    }
}

/// What was filled in.
#[derive(Debug, Deserialize)]
pub struct Filled {
    title: String,
    entity: String,
    #[serde(default)]
    severity: Level,
    #[serde(default)]
    evidence: String,
}

/// Opens it and goes to its screen.
pub async fn declare(
    State(app): State<App>,
    frame: Frame,
    by: By,
    PostedForm(Filled { title, entity, severity, evidence }): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let asked = Declaration { title, entity, severity, evidence };
    let receipt = match opening(&asked, app.now()) {
        Ok(command) => app.submit(by.request(command, None, None)?).await,
        Err(refusal) => Err(refusal),
    };
    match receipt {
        Ok(receipt) => {
            let number = receipt.recorded.iter().find_map(|recorded| {
                if let Event::Incidents(event) = recorded.event.as_ref() { Some(event.about().number) } else { None }
            });
            let number = number.ok_or_else(|| Refusal::new(&codes::INTERNAL, "no incident was opened"))?;
            Ok(Redirect::to(&format!("/incidents/{number}")).into_response())
        }
        Err(refusal) if refusal.field.is_some() => {
            let status = Problem::status_of(&refusal);
            Ok((status, screen(&asking(&frame, &asked, Some(&refusal)))).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}
