//! `GET /contracts/environments`: what is where, and whether contracts are asked before something goes there.

use std::cmp::Reverse;

use ::contracts::{Command as ContractsCommand, Gate, KnownEnvironment, Placed, matrix};
use askama::Template;
use axum::{
    extract::{Path, Query, State as AppState},
    response::Response,
};
use serde::Deserialize;
use world::Command;

use super::{Part, component, parts, question_address, standing};
use crate::{
    App,
    api::not_found,
    frame::Frame,
    guard::By,
    paging::Paged,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    show::segment,
    views::{Choice, Cli, Empty, Entity, Field, Form, Link, Moment, Pager, State, Tabs, Tone},
};

/// The environments, with what is there.
#[derive(Debug, Template)]
#[template(path = "contracts/environments.html")]
pub struct EnvironmentsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Integrations, network, matrix, webhooks, environments.
    pub parts: Tabs,
    /// All of them, where one is shown alone.
    pub all: Option<Link>,
    /// The environments, those of production first.
    pub environments: Vec<EnvironmentView>,
    /// What is said where there are none.
    pub none: Empty,
}

/// One environment.
#[derive(Debug)]
pub struct EnvironmentView {
    /// Its name.
    pub name: String,
    /// Its name for people, where it is another.
    pub display: Option<String>,
    /// Whether it is one of production, where its name does not say so.
    pub production: bool,
    /// Whether contracts are asked first.
    pub gate: State,
    /// What that means, in a sentence.
    pub meaning: &'static str,
    /// The same from a terminal.
    pub command: Cli,
    /// Changes that; none where the reader may not.
    pub set: Option<Form>,
    /// What is there, the latest first.
    pub placed: Vec<PlacedRow>,
    /// It alone, where more is there than is shown.
    pub alone: Option<Link>,
    /// The way to the rest, where it is shown alone.
    pub pager: Option<Pager>,
    /// What is said where nothing is there.
    pub none: Empty,
}

/// A version in an environment.
#[derive(Debug)]
pub struct PlacedRow {
    /// The pacticipant.
    pub pacticipant: String,
    /// Its component; none is a gap.
    pub component: Option<Entity>,
    /// The version.
    pub version: String,
    /// Whether it could be deployed there now, and where that is asked.
    pub verdict: (State, String),
    /// `deployed`, `released`, `instance blue`.
    pub how: String,
    /// Since when.
    pub since: Moment,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    environment: String,
    from: Option<usize>,
}

/// What a form says.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    gate: Gate,
    #[serde(default)]
    reason: String,
}

/// Environments, and versions of each, that are shown.
const ENVIRONMENTS_MAX: usize = 12;
const PLACED_MAX: usize = 10;

/// Shows the environments.
///
/// # Errors
/// `NOT_FOUND` if one is asked for that is not there.
pub async fn show(frame: Frame, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let app = frame.app.clone();
    // Whether each version could go where it is looks at all of its contracts.
    let drawn = app.blocking(move |_| drawn(&frame, &asked));
    Ok(drawn.await?)
}

fn drawn(frame: &Frame, asked: &Asked) -> Result<Response, kernel::Refusal> {
    let state = &frame.world.contracts;
    let mut known: Vec<&KnownEnvironment> = state.environments().collect();
    known.sort_by_key(|known| !known.environment.production);
    let alone = !asked.environment.is_empty();
    if alone {
        known.retain(|known| known.environment.name == asked.environment);
        if known.is_empty() {
            return Err(not_found("environment", &asked.environment).0);
        }
    }
    Ok(screen(&EnvironmentsScreen {
        chrome: frame.chrome("Environments", Place::Contracts),
        parts: parts(frame, Part::Environments, ""),
        all: alone.then(|| Link::new("All environments", frame.href("/contracts/environments"))),
        environments: known.into_iter().take(ENVIRONMENTS_MAX).map(|known| view(frame, known, asked)).collect(),
        none: Empty::with(
            "No environment is known yet: there is nothing that could be deployed to.",
            format!(
                "pact-broker create-environment --name production --production --broker-base-url {}/pact",
                frame.app.settings().base_url
            ),
        ),
    }))
}

fn view(frame: &Frame, known: &KnownEnvironment, asked: &Asked) -> EnvironmentView {
    let state = &frame.world.contracts;
    let environment = &known.environment;
    let name = &environment.name;
    let mut placed: Vec<&Placed> = state.all_placed_in(environment.id).collect();
    placed.sort_by_key(|placed| Reverse(placed.since));
    let count = placed.len();
    let here = format!("/contracts/environments?environment={}", segment(name));
    let (placed, pager) = match asked.environment.is_empty() {
        true => (placed.into_iter().take(PLACED_MAX).collect(), None),
        false => {
            let page = Paged::of(placed, asked.from, &frame.href(here.clone()));
            (page.items, Some(page.pager))
        }
    };
    let more = pager.is_none() && count > placed.len();
    EnvironmentView {
        display: environment.display_name.clone().filter(|display| !display.eq_ignore_ascii_case(name)),
        production: environment.production && name != "production",
        gate: gate_state(environment.gate),
        meaning: meaning(environment.gate),
        command: Cli::new(format!("mainstay contract environment gate {} refuse", super::shell(name))),
        set: frame.may_write().then(|| form(frame, name, environment.gate)),
        placed: placed.into_iter().map(|placed| row(frame, placed, name)).collect(),
        alone: more.then(|| Link::new(format!("All {count}"), frame.href(here))),
        pager,
        none: Empty::with(
            "Nothing is recorded there. A pipeline records a deployment after it; a deployment of a component counts as well.",
            format!("mainstay deploy checkout 1.4.2 --environment {name}"),
        ),
        name: name.clone(),
    }
}

fn row(frame: &Frame, placed: &Placed, environment: &str) -> PlacedRow {
    let state = &frame.world.contracts;
    let (name, version) = (state.name(placed.pacticipant), state.number(placed.version));
    let answer = matrix::ask(state, &standing::question(name, version, environment));
    let how = if placed.released { "released" } else { "deployed" };
    PlacedRow {
        pacticipant: name.to_owned(),
        component: component(frame, placed.pacticipant),
        version: version.to_owned(),
        verdict: (
            standing::verdict(answer.deployable()),
            frame.href(question_address(name, version, Some(environment))),
        ),
        how: match &placed.instance {
            Some(instance) => format!("{how}, instance {instance}"),
            None => how.to_owned(),
        },
        since: frame.ago(placed.since),
    }
}

fn gate_state(gate: Gate) -> State {
    match gate {
        Gate::Off => State::new(Tone::Quiet, "not asked"),
        Gate::Warn => State::new(Tone::Warn, "warns"),
        Gate::Refuse => State::new(Tone::Good, "refuses"),
    }
}

fn meaning(gate: Gate) -> &'static str {
    match gate {
        Gate::Off => "Deployments don’t ask the contracts first.",
        Gate::Warn => "A deployment that the contracts don’t agree to is recorded, and the timeline says so.",
        Gate::Refuse => {
            "A deployment that the contracts don’t agree to is refused; going back never is, nor what is marked as an emergency."
        }
    }
}

fn form(frame: &Frame, name: &str, gate: Gate) -> Form {
    let current = word(gate);
    let choices = [Gate::Off, Gate::Warn, Gate::Refuse].map(|gate| Choice::new(word(gate), label(gate), current));
    let fields = vec![
        Field::select("gate", format!("Before deployments to {name}"), choices.to_vec()).id(format!("gate-{name}")),
        Field::line("reason", "Reason", "").id(format!("reason-{name}")),
    ];
    frame.form(format!("/contracts/environments/{}/gate", segment(name)), "Set", fields)
}

fn word(gate: Gate) -> &'static str {
    match gate {
        Gate::Off => "off",
        Gate::Warn => "warn",
        Gate::Refuse => "refuse",
    }
}

fn label(gate: Gate) -> &'static str {
    match gate {
        Gate::Off => "Don’t ask the contracts",
        Gate::Warn => "Ask, and warn",
        Gate::Refuse => "Ask, and refuse",
    }
}

/// Says whether deployments to an environment ask first.
///
/// # Errors
/// `NOT_FOUND` if there is no such environment.
pub async fn set_gate(
    AppState(app): AppState<App>,
    by: By,
    Path(environment): Path<String>,
    PostedForm(Wanted { gate, reason }): PostedForm<Wanted>,
) -> Result<Response, Problem> {
    let same =
        app.world().contracts.environment_named(&environment).is_some_and(|known| known.environment.gate == gate);
    let command = Command::Contracts(ContractsCommand::SetGate { environment, gate });
    app.submit(by.request(command, Some(&reason), None)?).await?;
    Ok(back("/contracts/environments", if same { Done::Nothing } else { Done::Gate }))
}
