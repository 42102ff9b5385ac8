//! `/status-pages`: where pages are looked after by those who are signed in.

mod forms;
mod on_incident;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use kernel::{Class, Refusal, codes};
use serde::Deserialize;
use statuspage::{Command as PageCommand, Impact, Page, Report, Stage, Status};
use world::{Command, World};

use self::forms::{Given, publish_form, schedule_form, set_form};
pub use self::on_incident::OnPages;
pub(crate) use self::on_incident::of_incident;
use super::{
    show::{tone, tone_of_indicator},
    wish::{self, AffectedComponent, NewReport, NewUpdate},
};
use crate::{
    App,
    api::not_found,
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    show::segment,
    views::{Callout, Choice, Empty, Entry, Field, Form, Moment, Press, State as Shown, Tone},
};

/// All pages.
#[derive(Debug, Template)]
#[template(path = "status/list.html")]
pub struct PagesScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The pages.
    pub rows: Vec<PageRow>,
    /// What is said where there are none.
    pub none: Empty,
}

/// One page.
#[derive(Debug)]
pub struct PageRow {
    /// How it is.
    pub state: Shown,
    /// Its title.
    pub title: String,
    /// Where it is looked after.
    pub href: String,
    /// `public, 2 open, 40 subscribers`.
    pub under: String,
}

/// One page, to be looked after.
#[derive(Debug, Template)]
#[template(path = "status/manage.html")]
pub struct ManageScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Its title.
    pub title: String,
    /// How it is.
    pub state: Shown,
    /// Its public address.
    pub public_href: String,
    /// Whether it is public, and who hears of updates.
    pub lead: String,
    /// Why the last wish was refused; what stands behind components and isn't there.
    pub troubles: Vec<Callout>,
    /// What is open.
    pub open: Vec<ReportRow>,
    /// What was published last and is over, or was retracted.
    pub past: Vec<ReportRow>,
    /// Its components.
    pub components: Vec<ComponentRow>,
    /// Updates on their way.
    pub broadcasts: Vec<BroadcastRow>,
    /// Publishes an incident.
    pub publish: Option<Form>,
    /// Announces a maintenance.
    pub schedule: Option<Form>,
    /// Sets a component's status.
    pub set: Option<Form>,
    /// Its templates: what fills in the form.
    pub templates: Vec<(String, String)>,
}

/// An incident or maintenance.
#[derive(Debug)]
pub struct ReportRow {
    /// Where it stands.
    pub state: Shown,
    /// Its title.
    pub title: String,
    /// Its public address.
    pub href: String,
    /// When it was last told of.
    pub at: Moment,
    /// By whom, about what.
    pub under: String,
    /// Takes it back, or puts it back.
    pub press: Option<Press>,
    /// Posts an update.
    pub update: Option<Form>,
}

/// A component.
#[derive(Debug)]
pub struct ComponentRow {
    /// What the page shows.
    pub state: Shown,
    /// Its public name.
    pub name: String,
    /// What is measured, and what stands behind it.
    pub under: String,
    /// Shows what is measured again.
    pub press: Option<Press>,
}

/// An update on its way.
#[derive(Debug)]
pub struct BroadcastRow {
    /// Of what.
    pub title: String,
    /// `told 400 of at most 5,000; 3 are tried again`.
    pub under: String,
    /// Since when.
    pub at: Moment,
}

/// The address of a page's screen.
pub(crate) fn address(page: &Page) -> String {
    format!("/status-pages/{}", segment(page.name()))
}

/// Lists the pages.
pub async fn list(frame: Frame) -> Response {
    let row = |page: &std::sync::Arc<Page>| {
        let (state, open) = overall(&frame.world, page, frame.now);
        let public = if page.public { "public" } else { "not public" };
        let subscribers = frame.world.statuspage.subscriptions(&page.page).count();
        PageRow {
            state,
            title: page.title.clone(),
            href: frame.href(address(page)),
            under: format!("{public}, {open} open, {subscribers} subscribed"),
        }
    };
    screen(&PagesScreen {
        rows: frame.world.statuspage.pages().map(row).collect(),
        none: Empty::with(
            "No status page is declared. One is a document of the catalog: kind StatusPage.",
            "mainstay apply ./catalog",
        ),
        chrome: frame.chrome("Status pages", Place::Incidents),
    })
}

fn overall(world: &World, page: &Page, now: Timestamp) -> (Shown, usize) {
    let shown = world::statuspage::components(world, page, now);
    let statuses: Vec<Status> = shown.iter().map(|(.., shown)| shown.status).collect();
    let open: Vec<_> = world.statuspage.open_reports(&page.page).collect();
    let impacts: Vec<Impact> =
        open.iter().filter(|report| !report.is_maintenance()).map(|report| report.impact).collect();
    let (indicator, words) = statuspage::indicator(&statuses, &impacts);
    (Shown::new(tone_of_indicator(indicator), words), open.len())
}

/// What fills in the forms.
#[derive(Debug, Default, Deserialize)]
pub struct Known {
    template: Option<String>,
    incident: Option<u64>,
}

/// Shows one page.
pub async fn show(frame: Frame, Path(name): Path<String>, Query(known): Query<Known>) -> Result<Response, Problem> {
    let page = wish::page(&frame.world, &name)?;
    let filled = Filled {
        template: known.template.unwrap_or_default(),
        incident: known.incident.map(|number| number.to_string()).unwrap_or_default(),
        ..Filled::default()
    };
    Ok(screen(&managing(&frame, page, &Given { verb: "publish", filled: &filled, refusal: None })))
}

fn managing(frame: &Frame, page: &Page, given: &Given<'_>) -> ManageScreen {
    let (state, _) = overall(&frame.world, page, frame.now);
    let pages = &frame.world.statuspage;
    let refused = given.refusal.map(|refusal| Callout {
        state: Shown::new(Tone::Bad, "Refused"),
        text: refusal.to_string(),
        link: None,
    });
    let dangling = world::statuspage::dangling(&frame.world, page).into_iter().map(|reference| Callout {
        state: Shown::new(Tone::Warn, "Missing"),
        text: format!("{reference} stands behind a component and is not in the catalog."),
        link: None,
    });
    let over = |report: &&std::sync::Arc<Report>| report.stage().is_over() || report.retracted;
    let writes = frame.may_write();
    ManageScreen {
        title: page.title.clone(),
        state,
        public_href: format!("/status/{}", segment(page.name())),
        lead: lead(&frame.world, page),
        troubles: refused.into_iter().chain(dangling).collect(),
        open: pages.open_reports(&page.page).map(|report| report_row(frame, page, report, given)).collect(),
        past: pages.reports(&page.page).filter(over).take(10).map(|it| report_row(frame, page, it, given)).collect(),
        components: component_rows(frame, page),
        broadcasts: broadcasts(frame, page),
        publish: writes.then(|| publish_form(frame, page, given)),
        schedule: writes.then(|| schedule_form(frame, page, given)),
        set: writes.then(|| set_form(frame, page, given)),
        templates: templates(page, &given.to("publish").incident),
        chrome: frame.chrome(page.title.clone(), Place::Incidents),
    }
}

fn lead(world: &World, page: &Page) -> String {
    let public = if page.public { "Everybody may read it." } else { "It is not public." };
    let subscribers = world.statuspage.subscriptions(&page.page).count();
    let by_rule = page.publish_after_s.map(|seconds| {
        format!(" An outage of more than {} min is published by itself, in neutral words.", seconds / 60)
    });
    format!("{public} {subscribers} are subscribed.{}", by_rule.unwrap_or_default())
}

fn templates(page: &Page, incident: &str) -> Vec<(String, String)> {
    let link = |template: &statuspage::Template| {
        let query = [("template", template.name.as_str()), ("incident", incident)];
        let query = query.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>();
        let query = serde_html_form::to_string(query).unwrap_or_default();
        (template.name.clone(), format!("{}?{query}#publish", address(page)))
    };
    page.templates.iter().map(link).collect()
}

fn report_row(frame: &Frame, page: &Page, report: &Report, given: &Given<'_>) -> ReportRow {
    let last = report.last();
    let at = last.map_or(frame.now, |posted| posted.at);
    let by = last.map(|posted| posted.by.to_string()).unwrap_or_default();
    let incident = report.incident.map(|number| format!(", incident {number}")).unwrap_or_default();
    let names: Vec<&str> = report.components().collect();
    let action = |verb: &str| format!("{}/{verb}", address(page));
    let hidden = vec![("report".to_owned(), report.id.to_string())];
    let (verb, label) = if report.retracted { ("restore", "Put back") } else { ("retract", "Take from the page") };
    let press = frame.may_write().then(|| Press { hidden: hidden.clone(), ..frame.press(action(verb), label) });
    let update = (frame.may_write() && !report.retracted).then(|| {
        let id = |name: &str| format!("{name}-{}", report.id);
        let stages = Stage::ALL.iter().filter(|stage| stage.is_of_maintenance() == report.is_maintenance());
        let own = Given { verb: if given.filled.report == report.id.to_string() { given.verb } else { "" }, ..*given };
        let filled = own.to("update");
        let current = if filled.status.is_empty() { report.stage().as_str() } else { &filled.status };
        let stages = stages.map(|stage| Choice::new(stage.as_str(), stage.label(), current)).collect();
        let text = Entry::Lines { value: filled.text };
        let fields = vec![
            Field::select("status", "Where it stands", stages).id(id("status")),
            Field::new("text", "What the public is told", text).id(id("text")).required(),
            Field::new("notify", "Tell the subscribers", Entry::Tick { on: own.notifies("update") }).id(id("notify")),
        ];
        Form { hidden, ..frame.form(action("update"), "Post the update", fields) }
    });
    let state = if report.retracted {
        Shown::new(Tone::Quiet, "Taken back")
    } else if report.stage().is_over() {
        Shown::new(Tone::Good, report.stage().label())
    } else {
        let tone = if report.is_maintenance() { Tone::Quiet } else { Tone::Warn };
        Shown::new(tone, report.stage().label())
    };
    ReportRow {
        state,
        title: report.title.clone(),
        href: format!("/status/{}/incidents/{}", segment(page.name()), report.id),
        at: frame.ago(at),
        under: format!(
            "by {by}{incident}; {}",
            if names.is_empty() { "no component".to_owned() } else { names.join(", ") }
        ),
        press,
        update,
    }
}

fn component_rows(frame: &Frame, page: &Page) -> Vec<ComponentRow> {
    let shown = world::statuspage::components(&frame.world, page, frame.now);
    let row = |(component, measured, shown): (&statuspage::Component, statuspage::Measured, statuspage::Shown)| {
        let set = frame.world.statuspage.set(&page.page, &component.key).filter(|set| set.until > frame.now);
        let behind: Vec<&str> = component.behind.iter().map(|reference| reference.short()).collect();
        let measured = match behind.as_slice() {
            [] => "set by hand alone".to_owned(),
            [..] => format!("measured: {}, by {}", measured.status.label().to_lowercase(), behind.join(", ")),
        };
        let by_hand = set.map(|set| {
            let until = set.until.strftime("%-d %b %H:%M UTC");
            let reason = set.reason.as_deref().unwrap_or_default();
            format!("; set by {} until {until}: {reason}", set.by)
        });
        let press = (set.is_some() && frame.may_write()).then(|| Press {
            hidden: vec![("component".to_owned(), component.key.clone())],
            ..frame.press(format!("{}/clear", address(page)), "Show what is measured")
        });
        ComponentRow {
            state: Shown::new(tone(shown.status), shown.status.label()),
            name: component.name.clone(),
            under: format!("{measured}{}", by_hand.unwrap_or_default()),
            press,
        }
    };
    shown.into_iter().map(row).collect()
}

fn broadcasts(frame: &Frame, page: &Page) -> Vec<BroadcastRow> {
    let pages = &frame.world.statuspage;
    let row = |broadcast: &std::sync::Arc<statuspage::Broadcast>| {
        let waiting = broadcast.waiting.len();
        let again = if waiting > 0 { format!("; {waiting} are tried again") } else { String::new() };
        let lost = if broadcast.given_up > 0 { format!("; {} given up", broadcast.given_up) } else { String::new() };
        BroadcastRow {
            title: pages.report(broadcast.report).map(|report| report.title.clone()).unwrap_or_default(),
            under: format!("{} told so far{again}{lost}", broadcast.sent),
            at: frame.ago(broadcast.begun),
        }
    };
    pages.broadcasts().filter(|broadcast| broadcast.page == page.page).map(row).collect()
}

/// What a form says; each uses its own part.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Filled {
    #[serde(default)]
    pub(crate) template: String,
    #[serde(default)]
    pub(crate) incident: String,
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) text: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    impact: String,
    #[serde(default)]
    pub(crate) component: Vec<String>,
    #[serde(default)]
    component_status: String,
    #[serde(default)]
    notify: String,
    #[serde(default)]
    report: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    hours: String,
    #[serde(default)]
    reason: String,
}

/// Does it, and goes back; what can be mended is said on the screen, with what was filled in.
pub async fn act(
    State(app): State<App>,
    frame: Frame,
    by: By,
    Path((name, verb)): Path<(String, String)>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let world = app.world();
    let page = wish::page(&world, &name)?;
    let command = command(&world, page, &verb, &filled, app.now());
    let done = match command {
        Ok(command) => app.submit(by.request(command, Some(&filled.reason), None)?).await,
        Err(refusal) if refusal.code == &codes::NOT_FOUND => return Err(refusal.into()),
        Err(refusal) => Err(refusal),
    };
    match done {
        Ok(receipt) => {
            let done = if receipt.recorded.is_empty() { Done::Nothing } else { Done::Published };
            Ok(back(&address(page), done))
        }
        Err(refusal) if refusal.class() == Class::UserFixable => {
            let status = StatusCode::from_u16(refusal.code.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let given = Given { verb: &verb, filled: &filled, refusal: Some(&refusal) };
            Ok((status, screen(&managing(&frame, page, &given))).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn command(world: &World, page: &Page, verb: &str, filled: &Filled, now: Timestamp) -> Result<Command, Refusal> {
    let notify = Some(filled.notify == "yes");
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let affected = |status: &str| -> Vec<AffectedComponent> {
        filled.component.iter().map(|id| AffectedComponent { id: id.clone(), status: some(status) }).collect()
    };
    let report = || wish::report(world, page, &filled.report).map(|report| report.id);
    let incident = some(&filled.incident).and_then(|number| number.parse().ok());
    let new = NewReport { title: some(&filled.title), text: some(&filled.text), notify, ..NewReport::default() };
    match verb {
        "publish" => {
            let (status, impact) = (some(&filled.status), some(&filled.impact));
            let components = affected(&filled.component_status);
            wish::publish(world, page, &NewReport { status, impact, components, incident, ..new })
        }
        "schedule" => {
            let scheduled_for = Some(moment(page, "from", &filled.from)?);
            let scheduled_until = Some(moment(page, "to", &filled.to)?);
            let components = affected("");
            wish::publish(world, page, &NewReport { scheduled_for, scheduled_until, components, ..new })
        }
        "update" => {
            let status = some(&filled.status);
            let update = NewUpdate { text: filled.text.clone(), status, notify, ..NewUpdate::default() };
            wish::post(world, page, &filled.report, &update)
        }
        "retract" => Ok(Command::Statuspage(PageCommand::Retract { report: report()? })),
        "restore" => Ok(Command::Statuspage(PageCommand::Restore { report: report()? })),
        "set" => {
            let hours: i64 =
                filled.hours.trim().parse().ok().filter(|hours| (1..=2_160).contains(hours)).ok_or_else(|| {
                    Refusal::new(&codes::INVALID, "say for how many hours, from 1 to 2160").field("hours")
                })?;
            let until = now.checked_add(SignedDuration::from_hours(hours)).unwrap_or(now);
            wish::set(&page.page, filled.component.first().cloned().unwrap_or_default(), &filled.status, until)
        }
        "clear" => {
            let component = filled.component.first().cloned().unwrap_or_default();
            Ok(Command::Statuspage(PageCommand::ClearStatus { page: page.page.clone(), component }))
        }
        other => Err(not_found("verb", other).0),
    }
}

/// A wall-clock time of the page's zone.
fn moment(page: &Page, field: &str, text: &str) -> Result<Timestamp, Refusal> {
    let wrong = || Refusal::new(&codes::INVALID, "this is no time").field(field).fix("write it as 2026-11-20T22:00");
    let local: DateTime = text.trim().parse().map_err(|_| wrong())?;
    let zone = kernel::zone(&page.time_zone).unwrap_or(TimeZone::UTC);
    zone.to_ambiguous_timestamp(local).compatible().map_err(|_| wrong())
}
