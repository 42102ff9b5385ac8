//! `/dashboard`: how a team does: what it delivers, what its budgets are left with, how soon people can use its screens,
//! what it promised, and who is woken.
//!
//! All of it is of one window, which stands in the address, so that a dashboard can be sent to somebody and looks the same
//! there; `?at=` shows it as of another day. Each number leads to what it was counted of.

pub mod broke;
pub(crate) mod week;

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use catalog::Relation;
use deploys::measures::Window;
use kernel::{EntityRef, Refusal};
use serde::Deserialize;
use slo::percent;
use timeline::{SampleRange, Sketch};
use world::{
    measures::{Light, Service, measures},
    slos::entity_of,
};

use crate::{
    api::measures::{day_minutes, interaction_series},
    dashboard::broke::BrokeRow,
    deploys::measured::{self, Chart, Scope, ServiceRow},
    frame::Frame,
    oncall::team::address as schedule,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::{address, named, not_in_catalog, segment},
    slos::standing::{WORDS, state_of},
    views::{Answer, Empty, Entity, Field, Filters, State, Who},
};

/// The teams that have a dashboard.
#[derive(Debug, Template)]
#[template(path = "dashboard/list.html")]
pub struct DashboardsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The teams that own something, in order of their names.
    pub teams: Vec<TeamRow>,
    /// What is said where there are none.
    pub none: Empty,
}

/// One team.
#[derive(Debug)]
pub struct TeamRow {
    /// Its name.
    pub name: String,
    /// Its dashboard.
    pub href: String,
    /// How many deployments in the last 90 days.
    pub deployments: usize,
    /// Lead time: half.
    pub lead: String,
    /// Share that failed.
    pub failed: String,
}

/// One team's dashboard.
#[derive(Debug, Template)]
#[template(path = "dashboard/show.html")]
pub struct DashboardScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The team.
    pub team: Entity,
    /// From, until.
    pub filters: Filters,
    /// `2026-08-30 to 2026-11-28`.
    pub window: String,
    /// The five measures.
    pub answers: Vec<Answer>,
    /// Deployments week by week.
    pub chart: Chart,
    /// Each service's own measures.
    pub services: Vec<ServiceRow>,
    /// Incidents, promises, first interaction, pages.
    pub beside: Vec<Answer>,
    /// What broke, the newest first, and what was learned of it.
    pub broke: Vec<BrokeRow>,
    /// What is said where nothing did.
    pub nothing_broke: Empty,
    /// The budgets, the worst first.
    pub budgets: Vec<BudgetRow>,
    /// What is said where there are none.
    pub no_budgets: Empty,
    /// Times to first meaningful interaction.
    pub interactions: Vec<InteractionRow>,
    /// What is said where there are none.
    pub no_interactions: Empty,
    /// Who carried how much of the on-call.
    pub load: Vec<LoadRow>,
    /// What is said where nobody takes turns.
    pub no_load: Empty,
}

/// One budget.
#[derive(Debug)]
pub struct BudgetRow {
    /// How it stands.
    pub state: State,
    /// Its name.
    pub name: String,
    /// Its screen.
    pub href: String,
    /// What is left: how wide, and in words.
    pub left: Option<(u8, String)>,
    /// How fast it burns.
    pub burn: String,
}

/// One component's time to first meaningful interaction.
#[derive(Debug)]
pub struct InteractionRow {
    /// The component.
    pub component: Entity,
    /// How many were measured.
    pub count: u64,
    /// Half were at most this long.
    pub p50: String,
    /// Nine of ten.
    pub p90: String,
    /// Half, in the time before.
    pub before: String,
}

/// One person's on-call.
#[derive(Debug)]
pub struct LoadRow {
    /// Who.
    pub who: Who,
    /// Hours on call.
    pub hours: i64,
    /// Nights.
    pub nights: u32,
    /// Pages.
    pub pages: usize,
    /// The list of them.
    pub pages_href: String,
    /// The schedule by which the hours are counted.
    pub schedule: String,
}

/// Which window.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    from: String,
    to: String,
}

/// A team's dashboard.
pub(crate) fn address_of(team: &EntityRef) -> String {
    format!("/dashboard/{}/{}", segment(team.namespace()), segment(team.name()))
}

/// Lists the teams.
///
/// # Errors
/// If it can't be drawn.
pub async fn list(frame: Frame) -> Result<Response, Problem> {
    let app = frame.app.clone();
    let drawn = app.blocking(move |_| {
        let window = Window::until(frame.now, measured::DAYS);
        let light = Light::since(&frame.world, window.from);
        let mut teams: BTreeMap<EntityRef, Vec<Service>> = BTreeMap::new();
        for component in frame.world.deploys.components() {
            if let Some(team) = frame.world.owner_of(component) {
                teams.entry(team).or_default().extend(light.services(component, window.from));
            }
        }
        let row = |(team, services): (&EntityRef, &Vec<Service>)| {
            let of = measures(window, services);
            TeamRow {
                name: frame.catalog_person(team).name,
                href: frame.href(address_of(team)),
                deployments: of.deployments,
                lead: measured::took_if_known(of.lead_time.p50_s),
                failed: measured::rate(of.change_fail_rate()),
            }
        };
        Ok(screen(&DashboardsScreen {
            chrome: frame.chrome("Dashboards", Place::Dashboards),
            teams: teams.iter().map(row).collect(),
            none: Empty::with(
                "No team's deployments are known yet.",
                "mainstay integration create github --kind github --entity group:NAME",
            ),
        }))
    });
    Ok(drawn.await?)
}

/// Shows a team's dashboard.
///
/// # Errors
/// If there is no such team, or the window can't be read.
pub async fn show(
    frame: Frame,
    Path((namespace, name)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let team = named("group", &namespace, &name)?;
    if frame.world.catalog.get(&team).is_none() {
        return Err(not_in_catalog("group", &namespace, &name).into());
    }
    let window = measured::window(Some(&which.from), Some(&which.to), frame.now)?;
    let app = frame.app.clone();
    let drawn = app.blocking(move |_| Ok(screen(&drawn(&frame, &team, window, &which)?)));
    Ok(drawn.await?)
}

fn drawn(frame: &Frame, team: &EntityRef, window: Window, which: &Which) -> Result<DashboardScreen, Refusal> {
    let world = &frame.world;
    let scope = Scope { team: Some(team.clone()), component: None, environment: None, window };
    let services = scope.services(world);
    let (now, before) = (measures(window, &services), measures(window.before(), &services));
    let times = format!("&from={}&to={}", window.from, window.to);
    let whose = serde_html_form::to_string([("team", team.as_str())]).unwrap_or_default();
    let mut owned = world.catalog.related(team, Relation::OwnerOf);
    owned.retain(|entity| entity.kind() == "component");
    let name = frame.catalog_person(team).name;
    Ok(DashboardScreen {
        chrome: frame.chrome(format!("Dashboard: {name}"), Place::Dashboards),
        team: frame.entity(team),
        filters: Filters {
            action: address_of(team),
            fields: vec![Field::line("from", "From", &which.from), Field::line("to", "Until", &which.to)],
            clear: (!which.from.is_empty() || !which.to.is_empty()).then(|| frame.href(address_of(team))),
        },
        window: format!("{} to {}", window.from.strftime("%Y-%m-%d"), window.to.strftime("%Y-%m-%d")),
        answers: measured::answers(&now, &before, &frame.href(format!("/deployments?{whose}{times}"))),
        chart: measured::chart(frame, &now, &owned, &frame.href(format!("/deployments?{whose}"))),
        services: measured::rows(frame, window, &services, &times),
        beside: beside(frame, team, window, &owned),
        broke: broke::rows(frame, window, &owned),
        nothing_broke: Empty::new("Nothing of the team's broke in this time."),
        budgets: budgets(frame, team),
        no_budgets: Empty::with(
            "The team's components have no service level objective yet.",
            "mainstay apply ./catalog",
        ),
        interactions: interactions(frame, window, &owned)?,
        no_interactions: Empty::with(
            "No browser reported how soon people could use what the team makes. The manual's page on measures says how.",
            "curl $MAINSTAY_URL/api/v1/interactions -H \"Authorization: Bearer $MAINSTAY_TOKEN\" --json '{\"component\": \"NAME\", \"milliseconds\": [830]}'",
        ),
        load: load(frame, team, window),
        no_load: Empty::new("Nobody takes turns for this team yet: add a document of kind Rotation to the catalog."),
    })
}

/// What broke, what was promised, and who was woken.
fn beside(frame: &Frame, team: &EntityRef, window: Window, owned: &[EntityRef]) -> Vec<Answer> {
    let world = &frame.world;
    let count = |window: Window| broke::incidents(world, owned, window).count();
    let incidents = Answer::to("Incidents")
        .text(count(window).to_string())
        .note(format!("before {}", count(window.before())))
        .link("which they were", "#broke");
    let kept = world.actions.follow_through(team, frame.now);
    let open = world.actions.of_team(team).filter(|action| !action.is_finished()).count();
    let promised = match kept.percent() {
        Some(percent) => Answer::to("Promises kept in time")
            .text(format!("{percent}%"))
            .note(format!("{} of {} that fell due in 90 days; {open} open", kept.in_time, kept.due)),
        None => Answer::to("Promises kept in time").text("none fell due").note(format!("in 90 days; {open} open")),
    };
    let promised = promised.link("its promises", frame.href(format!("/actions?team={}", segment(team.as_str()))));
    let pages = world.paging.of_team(team).filter(|page| window.has(page.opened)).count();
    let pages = Answer::to("Pages")
        .text(pages.to_string())
        .link("its pages", frame.href(format!("/pages?team={}", segment(team.as_str()))));
    vec![incidents, promised, pages]
}

fn budgets(frame: &Frame, team: &EntityRef) -> Vec<BudgetRow> {
    let world = &frame.world;
    let mut rows: Vec<BudgetRow> = Vec::new();
    for (slo, definition) in world.slos.slos() {
        let Some(look) = frame.app.slos().look(world, slo, frame.now) else { continue };
        let about = look.as_ref().map_or_else(|_| slo.clone(), |look| entity_of(world, &look.resolved));
        if world.owner_of(&about).as_ref() != Some(team) {
            continue;
        }
        let report = look.as_ref().ok().map(|look| &look.report);
        let left = report.and_then(slo::Report::left);
        rows.push(BudgetRow {
            state: state_of(&look, &world.slos.standing(slo)),
            name: definition.display.clone().unwrap_or_else(|| slo.short().to_owned()),
            href: frame.href(address(slo)),
            left: left.map(|left| (crate::views::Score::of(left).percent, percent(left))),
            burn: report.and_then(slo::Report::burn).map_or_else(|| "unknown".to_owned(), |burn| format!("{burn:.1}x")),
        });
    }
    rows.sort_by_key(|row| WORDS.iter().position(|word| *word == row.state.word).unwrap_or(WORDS.len()));
    rows
}

fn interactions(frame: &Frame, window: Window, owned: &[EntityRef]) -> Result<Vec<InteractionRow>, Refusal> {
    let store = frame.app.engine().store();
    let read = |component: &EntityRef, window: Window| -> Result<Sketch, Refusal> {
        let days = day_minutes(&window);
        let series = interaction_series(component);
        let range = SampleRange { series, from_minute: days.start, to_minute: days.end, step_minutes: 1_440 };
        let mut all = Sketch::default();
        store.samples(&range)?.iter().for_each(|sample| all.merge(&sample.measured));
        Ok(all)
    };
    let words = |sketch: &Sketch, q: f64| {
        sketch.quantile(q).map_or_else(|| "unknown".to_owned(), |ms| format!("{:.2} s", ms / 1_000.0))
    };
    let mut rows = Vec::new();
    for component in owned {
        let now = read(component, window)?;
        if now.count() == 0 {
            continue;
        }
        let before = read(component, window.before())?;
        rows.push(InteractionRow {
            component: frame.entity(component),
            count: now.count(),
            p50: words(&now, 0.5),
            p90: words(&now, 0.9),
            before: words(&before, 0.5),
        });
    }
    Ok(rows)
}

fn load(frame: &Frame, team: &EntityRef, window: Window) -> Vec<LoadRow> {
    let rosters = frame.world.oncall.of_team(team);
    let people: BTreeSet<EntityRef> = rosters.flat_map(|roster| roster.rotation.people.iter().cloned()).collect();
    let people: Vec<EntityRef> = people.into_iter().collect();
    if people.is_empty() {
        return Vec::new();
    }
    let load = oncall::load(&frame.world.oncall, Some(&people), window.from, window.to);
    let row = |(person, load): (&EntityRef, &oncall::Load)| LoadRow {
        who: frame.catalog_person(person),
        hours: load.on_call.as_hours(),
        nights: load.nights,
        pages: frame.world.paging.of_person(person).filter(|page| window.has(page.opened)).count(),
        pages_href: frame.href(format!("/pages?person={}", segment(person.as_str()))),
        schedule: frame.href(schedule(team)),
    };
    let mut rows: Vec<LoadRow> = load.iter().map(row).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.hours), row.who.name.to_lowercase()));
    rows
}
