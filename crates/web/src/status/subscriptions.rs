//! `/status/subscribe` asks for updates; `/status/subscriptions/{token}` confirms, changes and ends that.
//!
//! The one-click end of RFC 8058 is a `POST` with `List-Unsubscribe=One-Click` to the link of a mail's header: no screen,
//! no sign-in, no question.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use askama::Template;
use axum::{
    Extension,
    body::Bytes,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use engine::Request;
use kernel::{Class, Refusal, codes};
use serde::Deserialize;
use statuspage::{Command as PageCommand, Gone, Page, Subscription, Way};
use world::Command;

use super::{
    Asked, not_found,
    show::{HTML, Outside, drawn, outside, outside_of_none},
    subscribe::{self, Link},
    view::View,
};
use crate::{App, problem::Problem, security::rate::Caller, views::Choice};

/// A peer's address, where the server knows it.
type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

fn caller(peer: &Peer) -> Caller {
    let address = peer.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(ConnectInfo(peer))| peer.ip());
    Caller::at(address)
}

/// Asks by which way, and of what.
#[derive(Debug, Template)]
#[template(path = "status/subscribe.html")]
struct SubscribeScreen {
    outside: Outside,
    action: String,
    ways: Vec<Choice>,
    address: String,
    components: Vec<Choice>,
    trouble: Option<String>,
    /// True if a message went out, or would have.
    sent: bool,
}

/// What came of a link.
#[derive(Debug, Template)]
#[template(path = "status/subscription.html")]
struct SubscriptionScreen {
    outside: Outside,
    heading: String,
    text: String,
    /// Where the buttons post to; none if there is nothing to do.
    post: Option<String>,
    /// Confirms.
    confirm: bool,
    components: Vec<Choice>,
    /// What a program's calls are signed with.
    key: Option<String>,
}

/// What a form says.
#[derive(Debug, Default, Deserialize)]
struct Filled {
    #[serde(default)]
    way: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    component: Vec<String>,
}

/// Asks.
pub async fn ask(asked: Asked) -> Result<Response, Problem> {
    let app = asked.app.clone();
    asked.answer(HTML, |view| drawn(&asking(&app, view, &Filled::default(), None, false)))
}

fn asking(app: &App, view: &View, filled: &Filled, trouble: Option<String>, sent: bool) -> SubscribeScreen {
    let way = |way: Way| Choice::new(way.as_str(), called(way), &filled.way);
    let component = |it: &super::view::ComponentView| Choice {
        value: it.key.clone(),
        label: it.name.clone(),
        chosen: filled.component.contains(&it.key),
    };
    SubscribeScreen {
        outside: outside(view, format!("Subscribe · {}", view.page.title)),
        action: format!("{}/subscribe", view.base),
        ways: subscribe::ways(app).into_iter().map(way).collect(),
        address: filled.address.clone(),
        components: view.components.iter().map(component).collect(),
        trouble,
        sent,
    }
}

fn called(way: Way) -> &'static str {
    match way {
        Way::Email => "E-mail",
        Way::Slack => "Slack (incoming webhook)",
        Way::Webhook => "Webhook (JSON)",
    }
}

/// Sends a message with a link, whoever is subscribed already.
pub async fn send(asked: Asked, peer: Peer, body: Bytes) -> Result<Response, Problem> {
    let view = asked.view()?;
    if !view.page.public {
        return Err(not_found());
    }
    let filled: Filled = serde_html_form::from_bytes(&body)
        .map_err(|error| Refusal::new(&codes::MALFORMED, format!("the form: {error}")))?;
    let way = Way::ALL.into_iter().find(|way| way.as_str() == filled.way).unwrap_or(Way::Email);
    let refused = subscribe::ask(&asked.app, &view.page, way, &filled.address, &filled.component, caller(&peer)).err();
    match refused {
        None => Ok(uncached(StatusCode::OK, drawn(&asking(&asked.app, &view, &Filled::default(), None, true))?)),
        Some(refusal) if refusal.class() == Class::UserFixable => {
            let status = Problem::status_of(&refusal);
            let screen = asking(&asked.app, &view, &filled, Some(refusal.to_string()), false);
            Ok(uncached(status, drawn(&screen)?))
        }
        Some(refusal) => Err(refusal.into()),
    }
}

/// What is one person's is kept nowhere, and found by no search engine.
fn uncached(status: StatusCode, html: String) -> Response {
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    response
}

/// Shows what a link does, and its buttons. It changes nothing: scanners follow links.
pub async fn show(State(app): State<App>, peer: Peer, Path(token): Path<String>) -> Result<Response, Problem> {
    app.links().take(caller(&peer), Instant::now())?;
    match subscribe::read(&app, &token)? {
        Link::Confirm(confirm) => {
            let world = app.world();
            let page = subscribe::page_of(&world, confirm.page())?;
            let text = format!("Updates of {} will be sent to {}.", page.title, confirm.masked());
            let screen = screen(&app, Some(page), "Confirm your subscription", text, &token);
            Ok(uncached(StatusCode::OK, drawn(&SubscriptionScreen { confirm: true, ..screen })?))
        }
        Link::Manage(id) => {
            let world = app.world();
            let Some(held) = world.statuspage.subscription(id) else { return over(&app) };
            // Whose page is gone may still have the address deleted.
            let page = world.statuspage.page(&held.page).filter(|page| page.public);
            Ok(uncached(StatusCode::OK, drawn(&managing(&app, page, held, &token).await?)?))
        }
    }
}

/// A screen of a subscription; without a page, if that is gone or not public any more.
fn screen(app: &App, page: Option<&Arc<Page>>, heading: &str, text: String, token: &str) -> SubscriptionScreen {
    let outside = match page {
        Some(page) => {
            let base = format!("/status/{}", crate::show::segment(page.name()));
            let view = View::of(app, &app.world(), page, base);
            outside(&view, format!("{heading} · {}", page.title))
        }
        None => outside_of_none(app.now(), heading.to_owned()),
    };
    SubscriptionScreen {
        outside,
        heading: heading.to_owned(),
        text,
        post: Some(format!("/status/subscriptions/{token}")),
        confirm: false,
        components: Vec::new(),
        key: None,
    }
}

async fn managing(
    app: &App,
    page: Option<&Arc<Page>>,
    held: &Arc<Subscription>,
    token: &str,
) -> Result<SubscriptionScreen, Refusal> {
    let (asked, theirs) = (app.clone(), Arc::clone(held));
    let (address, parsed) = app.blocking(move |_| subscribe::address_of(&asked, &theirs)).await?;
    let component = |it: &statuspage::Component| Choice {
        value: it.key.clone(),
        label: it.name.clone(),
        chosen: held.components.is_empty() || held.components.contains(&it.key),
    };
    let title = page.map_or("a page that is no longer public", |page| page.title.as_str());
    let text = format!("Updates of {title} are sent to {}.", parsed.masked());
    let key = (held.way == Way::Webhook).then(|| outbound::key_text(&subscribe::webhook_key(app, &address)));
    let components = page.into_iter().flat_map(|page| page.components()).map(component).collect();
    Ok(SubscriptionScreen { components, key, ..screen(app, page, "Your subscription", text, token) })
}

/// There is no such subscription any more, which is what its owner wished.
fn over(app: &App) -> Result<Response, Problem> {
    let world = app.world();
    let page = world.statuspage.main_page();
    let text = "Nothing more is sent, and the address is deleted.".to_owned();
    let ended = SubscriptionScreen { post: None, ..screen(app, page, "This subscription has ended", text, "") };
    Ok(uncached(StatusCode::OK, drawn(&ended)?))
}

/// Confirms, changes or ends.
pub async fn act(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    Path(token): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    app.links().take(caller(&peer), Instant::now())?;
    let link = subscribe::read(&app, &token)?;
    let fields: Vec<(String, String)> = serde_html_form::from_bytes(&body).unwrap_or_default();
    let by_mail_program = fields.iter().any(|(name, value)| name == "List-Unsubscribe" && value == "One-Click");
    let act = fields.iter().find(|(name, _)| name == "act").map(|(_, act)| act.as_str()).unwrap_or_default();
    let id = match link {
        Link::Confirm(confirm) => {
            let id = subscribe::confirm(&app, &confirm).await?;
            let manage = format!("/status/subscriptions/{}", subscribe::manage_token(&app, id));
            let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let person = accepted.contains("text/html");
            // A program that confirms itself learns where its subscription is managed.
            let answer = if person {
                Redirect::to(&manage).into_response()
            } else {
                let url = format!("{}{manage}", app.settings().base_url);
                (StatusCode::CREATED, axum::Json(serde_json::json!({"manage_url": url}))).into_response()
            };
            return Ok(answer);
        }
        Link::Manage(id) => id,
    };
    if app.world().statuspage.subscription(id).is_none() {
        return over(&app);
    }
    if by_mail_program || act == "unsubscribe" {
        let request = Request::by_part(subscribe::ended(id, Gone::Asked), world::statuspage::PART);
        subscribe::end(&app, id, request).await?;
        return over(&app);
    }
    if act != "change" {
        return Err(Refusal::new(&codes::INVALID, "say what to do").field("act").fix("unsubscribe or change").into());
    }
    let components: Vec<String> =
        fields.into_iter().filter(|(name, _)| name == "component").map(|(_, key)| key).collect();
    if components.is_empty() {
        let refusal = Refusal::new(&codes::INVALID, "choose at least one component").field("component");
        return Err(refusal.fix("or unsubscribe").into());
    }
    let command = Command::Statuspage(PageCommand::ChangeSubscription { subscription: id, components });
    app.submit(Request::by_part(command, world::statuspage::PART)).await?;
    Ok(Redirect::to(&format!("/status/subscriptions/{token}")).into_response())
}
