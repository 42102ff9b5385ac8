//! Status pages: list, show, publish, update, set a component's status; who is subscribed.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use kernel::{Timestamp, codes};
use serde::{Deserialize, Serialize};
use statuspage::{Command as PageCommand, Gone, Kind, Page, Report, Subscription};
use utoipa::ToSchema;
use world::{Command, World};

use super::{Asked, Done, Listed, Paging, carry_out, event::ActorView, not_found, undo::Why};
use crate::{
    App,
    problem::Problem,
    status::{
        subscribe,
        wish::{self, AffectedComponent, NewReport, NewUpdate},
    },
};

/// A status page.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusPageView {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Whether everybody may read it.
    pub public: bool,
    /// Its address.
    pub url: String,
    /// `none`, `maintenance`, `minor`, `major` or `critical`.
    pub indicator: &'static str,
    /// The sentence on its top.
    pub description: &'static str,
    /// Its components.
    pub components: Vec<PageComponent>,
    /// How many incidents and maintenances are open.
    pub open: usize,
    /// How many are subscribed.
    pub subscribers: usize,
    /// The names of its templates.
    pub templates: Vec<String>,
}

/// A component of a status page.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageComponent {
    /// Its id on the page.
    pub id: String,
    /// Its public name.
    pub name: String,
    /// What the page shows; `no_data` where nothing is known.
    pub status: &'static str,
    /// What is measured.
    pub measured: &'static str,
    /// Until when a person has set it.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub set_until: Option<Timestamp>,
    /// What stands behind it. The public doesn't see this.
    pub behind: Vec<String>,
}

/// An incident or a maintenance on a status page.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportView {
    /// Its id.
    pub id: String,
    /// The page's name.
    pub page: String,
    /// Its public address.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub status: &'static str,
    /// How bad it is.
    pub impact: &'static str,
    /// When a maintenance begins.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub scheduled_for: Option<Timestamp>,
    /// When it ends.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub scheduled_until: Option<Timestamp>,
    /// The number of the internal incident.
    pub incident: Option<u64>,
    /// True if the page's own rule published it.
    pub automatic: bool,
    /// True if it is not shown: it was published by mistake.
    pub retracted: bool,
    /// The components that it is about.
    pub components: Vec<AffectedComponent>,
    /// What was said, the oldest first.
    pub updates: Vec<UpdateView>,
}

/// What was said.
#[derive(Debug, Serialize, ToSchema)]
pub struct UpdateView {
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Who. The public doesn't see this.
    pub by: ActorView,
    /// Where it stands since.
    pub status: &'static str,
    /// What.
    pub text: String,
}

/// Somebody who is subscribed. Addresses are sealed, and not told.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriberView {
    /// The subscription's id.
    pub id: String,
    /// `email`, `slack` or `webhook`.
    pub by: &'static str,
    /// The components; all if empty.
    pub components: Vec<String>,
    /// Since when.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
}

fn page_view(app: &App, world: &World, page: &Page) -> StatusPageView {
    let now = app.now();
    let shown = world::statuspage::components(world, page, now);
    let statuses: Vec<_> = shown.iter().map(|(.., shown)| shown.status).collect();
    let open = || world.statuspage.open_reports(&page.page);
    let impacts: Vec<_> = open().filter(|report| !report.is_maintenance()).map(|report| report.impact).collect();
    let (indicator, description) = statuspage::indicator(&statuses, &impacts);
    let component =
        |(component, measured, shown): &(&statuspage::Component, statuspage::Measured, statuspage::Shown)| {
            let set = world.statuspage.set(&page.page, &component.key).filter(|set| set.until > now);
            PageComponent {
                id: component.key.clone(),
                name: component.name.clone(),
                status: shown.status.as_str(),
                measured: measured.status.as_str(),
                set_until: set.map(|set| set.until),
                behind: component.behind.iter().map(ToString::to_string).collect(),
            }
        };
    StatusPageView {
        name: page.name().to_owned(),
        title: page.title.clone(),
        public: page.public,
        url: format!("{}/status/{}", app.settings().base_url, crate::show::segment(page.name())),
        indicator: indicator.as_str(),
        description,
        components: shown.iter().map(component).collect(),
        open: open().count(),
        subscribers: world.statuspage.subscriptions(&page.page).count(),
        templates: page.templates.iter().map(|template| template.name.clone()).collect(),
    }
}

fn report_view(app: &App, page: &Page, report: &Report) -> ReportView {
    let window = match report.kind {
        Kind::Maintenance { from, to } => Some((from, to)),
        Kind::Incident => None,
    };
    let components = report.last().map(|posted| posted.components.as_slice()).unwrap_or_default();
    let component = |affected: &statuspage::Affected| AffectedComponent {
        id: affected.component.clone(),
        status: Some(affected.status.as_str().to_owned()),
    };
    let update = |posted: &statuspage::Posted| UpdateView {
        at: posted.at,
        by: ActorView::of(&posted.by),
        status: posted.update.stage.as_str(),
        text: posted.update.text.clone(),
    };
    ReportView {
        id: report.id.to_string(),
        page: page.name().to_owned(),
        url: format!(
            "{}/status/{}/incidents/{}",
            app.settings().base_url,
            crate::show::segment(page.name()),
            report.id
        ),
        title: report.title.clone(),
        status: report.stage().as_str(),
        impact: report.impact.as_str(),
        scheduled_for: window.map(|(from, _)| from),
        scheduled_until: window.map(|(_, to)| to),
        incident: report.incident,
        automatic: report.automatic,
        retracted: report.retracted,
        components: components.iter().map(component).collect(),
        updates: report.updates.iter().map(update).collect(),
    }
}

/// Lists the status pages.
#[utoipa::path(get, path = "/api/v1/status-pages", tag = "status pages", params(Paging),
    responses((status = 200, body = Listed<StatusPageView>)))]
pub async fn list(
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<StatusPageView>>, Problem> {
    let world = app.world();
    paging.page(world.statuspage.pages().collect(), |page| page_view(&app, &world, page))
}

/// Shows a status page.
#[utoipa::path(get, path = "/api/v1/status-pages/{page}", tag = "status pages",
    params(("page", description = "the page's name")), responses((status = 200, body = StatusPageView)))]
pub async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Json<StatusPageView>, Problem> {
    let world = app.world();
    Ok(Json(page_view(&app, &world, wish::page(&world, &name)?)))
}

/// Which incidents and maintenances are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `open` for those that are not over; all if left out.
    pub state: Option<String>,
}

/// Lists the incidents and maintenances of a status page, the newest first.
#[utoipa::path(get, path = "/api/v1/status-pages/{page}/incidents", tag = "status pages", params(Which, Paging,
    ("page", description = "the page's name")), responses((status = 200, body = Listed<ReportView>)))]
pub async fn reports(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<ReportView>>, Problem> {
    let world = app.world();
    let page = wish::page(&world, &name)?;
    let reports: Vec<_> = match which.state.as_deref() {
        None => world.statuspage.reports(&page.page).collect(),
        Some("open") => world.statuspage.open_reports(&page.page).collect(),
        Some(other) => {
            let refusal = kernel::Refusal::new(&codes::INVALID, format!("\"{other}\" is no state")).field("state");
            return Err(refusal.fix("open, or leave it out").into());
        }
    };
    paging.page(reports, |report| report_view(&app, page, report))
}

/// Publishes an incident, or announces a maintenance. From then on everybody may read it.
#[utoipa::path(post, path = "/api/v1/status-pages/{page}/incidents", tag = "status pages", request_body = NewReport,
    params(("page", description = "the page's name")), responses((status = 200, body = Done)))]
pub async fn publish(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<NewReport>,
) -> Result<Json<Done>, Problem> {
    let world = app.world();
    let command = wish::publish(&world, wish::page(&world, &name)?, &asked.body)?;
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// Posts an update.
#[utoipa::path(post, path = "/api/v1/status-pages/{page}/incidents/{id}/updates", tag = "status pages",
    request_body = NewUpdate, params(("page", description = "the page's name"), ("id", description = "the incident's id")),
    responses((status = 200, body = Done)))]
pub async fn update(
    State(app): State<App>,
    Path((name, id)): Path<(String, String)>,
    asked: Asked<NewUpdate>,
) -> Result<Json<Done>, Problem> {
    let world = app.world();
    let command = wish::post(&world, wish::page(&world, &name)?, &id, &asked.body)?;
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// Takes an incident or a maintenance from the page: it was published by mistake.
#[utoipa::path(post, path = "/api/v1/status-pages/{page}/incidents/{id}/retract", tag = "status pages",
    request_body = Why, params(("page", description = "the page's name"), ("id", description = "the incident's id")),
    responses((status = 200, body = Done)))]
pub async fn retract(
    State(app): State<App>,
    Path((name, id)): Path<(String, String)>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let world = app.world();
    let report = wish::report(&world, wish::page(&world, &name)?, &id)?.id;
    let command = Command::Statuspage(PageCommand::Retract { report });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// Puts an incident or a maintenance that was retracted back on the page.
#[utoipa::path(post, path = "/api/v1/status-pages/{page}/incidents/{id}/restore", tag = "status pages",
    request_body = Why, params(("page", description = "the page's name"), ("id", description = "the incident's id")),
    responses((status = 200, body = Done)))]
pub async fn restore(
    State(app): State<App>,
    Path((name, id)): Path<(String, String)>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let world = app.world();
    let report = wish::report(&world, wish::page(&world, &name)?, &id)?.id;
    let command = Command::Statuspage(PageCommand::Restore { report });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// How a component is, whatever is measured.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStatus {
    /// `operational`, `degraded_performance`, `partial_outage`, `major_outage` or `under_maintenance`.
    pub status: String,
    /// Until when that counts: 90 days at most.
    #[schema(value_type = String, format = "date-time")]
    pub until: Timestamp,
    /// Why: shown on the timeline, not to the public.
    pub reason: String,
}

/// Sets a component's status by hand.
#[utoipa::path(post, path = "/api/v1/status-pages/{page}/components/{component}/status", tag = "status pages",
    request_body = SetStatus,
    params(("page", description = "the page's name"), ("component", description = "the component's id on the page")),
    responses((status = 200, body = Done)))]
pub async fn set(
    State(app): State<App>,
    Path((name, component)): Path<(String, String)>,
    asked: Asked<SetStatus>,
) -> Result<Json<Done>, Problem> {
    let world = app.world();
    let page = wish::page(&world, &name)?;
    let command = wish::set(&page.page, component, &asked.body.status, asked.body.until)?;
    carry_out(&app, &asked, command, Some(&asked.body.reason)).await
}

/// Shows of a component what is measured again.
#[utoipa::path(post, path = "/api/v1/status-pages/{page}/components/{component}/clear", tag = "status pages",
    request_body = Why,
    params(("page", description = "the page's name"), ("component", description = "the component's id on the page")),
    responses((status = 200, body = Done)))]
pub async fn clear(
    State(app): State<App>,
    Path((name, component)): Path<(String, String)>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let world = app.world();
    let page = wish::page(&world, &name)?.page.clone();
    let command = Command::Statuspage(PageCommand::ClearStatus { page, component });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// Lists who is subscribed to a status page, the oldest first.
#[utoipa::path(get, path = "/api/v1/status-pages/{page}/subscribers", tag = "status pages", params(Paging,
    ("page", description = "the page's name")), responses((status = 200, body = Listed<SubscriberView>)))]
pub async fn subscribers(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<SubscriberView>>, Problem> {
    let world = app.world();
    let page = wish::page(&world, &name)?;
    let view = |held: &std::sync::Arc<Subscription>| SubscriberView {
        id: held.id.to_string(),
        by: held.way.as_str(),
        components: held.components.clone(),
        since: held.since,
    };
    paging.page(world.statuspage.subscriptions(&page.page).collect(), view)
}

/// Ends somebody's subscription and deletes the address.
#[utoipa::path(post, path = "/api/v1/status-pages/{page}/subscribers/{id}/remove", tag = "status pages",
    request_body = Why, params(("page", description = "the page's name"), ("id", description = "the subscription's id")),
    responses((status = 200, body = Done)))]
pub async fn remove_subscriber(
    State(app): State<App>,
    Path((name, id)): Path<(String, String)>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let world = app.world();
    let page = wish::page(&world, &name)?;
    let held = id.parse().ok().and_then(|id| world.statuspage.subscription(id));
    let held = held.filter(|held| held.page == page.page).ok_or_else(|| not_found("subscription", &id))?;
    let request = asked.request(subscribe::ended(held.id, Gone::Removed), asked.body.reason.as_deref())?;
    let receipt = subscribe::end(&app, held.id, request).await?;
    Ok(Done::of(&receipt))
}
