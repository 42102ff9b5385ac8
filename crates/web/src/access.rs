//! `/login`, `/logout` and `/start/{secret}`: signing in and out, and the first administrator.
//!
//! Nobody is known here yet, so that these forms carry no session's token: a forged one could only sign somebody in who
//! knows a password, and browsers say where it came from ([`same_origin`](crate::security::csrf)). Tries are counted by
//! name and by address.

use std::net::SocketAddr;

use askama::Template;
use axum::{
    Extension, Form as Posted,
    extract::{ConnectInfo, Path, Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Actor, Refusal, Sha256, UserId};
use serde::Deserialize;
use world::Command;

use crate::{
    App, credentials,
    guard::{SESSION_COOKIE, Visitor},
    problem::Problem,
    security::{csrf::PostedForm, own_path, rate::Caller},
    shell::{Chrome, Theme, screen},
    views::{Callout, Entry, Field, Form, State as Shown, Tone},
};

/// A form alone on its screen.
#[derive(Debug, Template)]
#[template(path = "access/form.html")]
pub struct AccessScreen {
    /// The frame; its title is the heading.
    pub chrome: Chrome,
    /// What this is about, in a sentence.
    pub lead: String,
    /// What went wrong the last time.
    pub trouble: Option<Callout>,
    /// The form.
    pub form: Form,
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub struct Next {
    next: Option<String>,
}

/// Somebody who says who they are.
#[derive(Deserialize)]
pub struct SignIn {
    name: String,
    password: String,
    next: Option<String>,
}

/// `GET /login`: asks for name and password; whoever is known goes on at once.
pub async fn login(visitor: Visitor, headers: HeaderMap, Query(Next { next }): Query<Next>) -> Response {
    let next = own_path(next.as_deref().unwrap_or("/"));
    match visitor.0 {
        Some(_) => Redirect::to(next).into_response(),
        None => screen(&login_screen(&headers, next, "", None)),
    }
}

/// `POST /login`: starts a session if the two go together.
pub async fn sign_in(
    State(app): State<App>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Posted(asked): Posted<SignIn>,
) -> Result<Response, Problem> {
    let next = own_path(asked.next.as_deref().unwrap_or("/")).to_owned();
    let attempt = count(&app, &asked.name, peer.map(|Extension(peer)| peer));
    let found = match attempt {
        Ok(()) => credentials::sign_in(&app, &asked.name, asked.password).await,
        Err(refusal) => Err(refusal),
    };
    match found {
        Ok(user) => start_session(&app, user, &next).await,
        Err(refusal) => {
            let refused = login_screen(&headers, &next, &asked.name, Some(&refusal));
            Ok((Problem::status_of(&refusal), screen(&refused)).into_response())
        }
    }
}

/// A password can be guessed for one name from many places, and for many names from one.
pub(crate) fn count(app: &App, name: &str, peer: Option<ConnectInfo<SocketAddr>>) -> Result<(), Refusal> {
    let now = std::time::Instant::now();
    if let Some(ConnectInfo(peer)) = peer {
        app.sign_ins().take(Caller::at(peer.ip()), now)?;
    }
    app.sign_ins().take(Caller::named(name), now)
}

pub(crate) async fn start_session(app: &App, user: UserId, next: &str) -> Result<Response, Problem> {
    let name = app.world().access.user(user).map(|user| user.name.clone()).unwrap_or_default();
    let secret = credentials::new_session()?;
    let command = access::Command::StartSession { user, hash: Sha256::of(secret.as_bytes()) };
    submit(app, command, Actor::Person(name)).await?;
    let lasts = access::State::SESSION_LIFETIME.as_secs();
    let cookie = session_cookie(app, &secret, lasts);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
}

fn session_cookie(app: &App, secret: &str, lasts: i64) -> String {
    let secure = if app.settings().https { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={secret}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax{secure}")
}

pub(crate) async fn submit(app: &App, command: access::Command, actor: Actor) -> Result<(), Refusal> {
    let request = engine::Request { command: Command::Access(command), actor, reason: None, id: None };
    app.submit(request).await.map(|_| ())
}

fn login_screen(headers: &HeaderMap, next: &str, name: &str, refusal: Option<&Refusal>) -> AccessScreen {
    let fields = vec![
        Field::line("name", "Name", name).required().autocomplete("username"),
        Field::new("password", "Password", Entry::Password).required().autocomplete("current-password"),
    ];
    AccessScreen {
        chrome: alone(headers, "Sign in"),
        lead: "Sign in to see and change things here.".to_owned(),
        trouble: refusal.map(trouble),
        form: Form {
            action: "/login".to_owned(),
            csrf: String::new(),
            fields,
            hidden: vec![("next".to_owned(), next.to_owned())],
            submit: "Sign in".to_owned(),
            main: true,
        },
    }
}

pub(crate) fn alone(headers: &HeaderMap, title: &str) -> Chrome {
    Chrome { theme: Theme::of(headers), ..Chrome::new(title) }
}

fn trouble(refusal: &Refusal) -> Callout {
    let text = match refusal.retry_after_s {
        Some(seconds) if refusal.code == &kernel::codes::RATE_LIMITED => {
            format!("There were too many tries. Wait {seconds} seconds.")
        }
        Some(_) | None => sentence(refusal),
    };
    Callout { state: Shown::new(Tone::Bad, "Not signed in"), text, link: None }
}

pub(crate) fn sentence(refusal: &Refusal) -> String {
    match &refusal.fix {
        Some(fix) => format!("{}: {fix}.", refusal.detail.trim_end_matches('.')),
        None => format!("{}.", refusal.detail.trim_end_matches('.')),
    }
}

/// What `POST /logout` is sent: no more than that it is meant.
#[derive(Debug, Deserialize)]
pub struct SignOut {}

/// `POST /logout`: ends the session.
pub async fn logout(
    State(app): State<App>,
    visitor: Visitor,
    PostedForm(SignOut {}): PostedForm<SignOut>,
) -> Result<Response, Problem> {
    if let Some(grant) = visitor.0
        && let Some(session) = grant.session
    {
        submit(&app, access::Command::EndSession { session }, grant.actor).await?;
    }
    let cookie = session_cookie(&app, "", 0);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

/// The first administrator.
#[derive(Deserialize)]
pub struct First {
    name: String,
    password: String,
}

/// `GET /start/{secret}`: asks who the first administrator is to be.
pub async fn start(
    State(app): State<App>,
    headers: HeaderMap,
    Path(secret): Path<String>,
) -> Result<Response, Problem> {
    setup_in_force(&app, &secret)?;
    Ok(screen(&start_screen(&headers, &secret, "", None)))
}

/// `POST /start/{secret}`: creates the first administrator and signs them in.
pub async fn create_first(
    State(app): State<App>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    Posted(first): Posted<First>,
) -> Result<Response, Problem> {
    setup_in_force(&app, &secret)?;
    let (name, hash) = (first.name.clone(), Sha256::of(secret.as_bytes()));
    let actor = Actor::Person(name.clone());
    let created = credentials::create_user(&app, first.password, |user| {
        let command = Command::Access(access::Command::Setup { hash, user, name });
        Ok(engine::Request { command, actor, reason: None, id: None })
    });
    match created.await {
        Ok((user, _)) => start_session(&app, user, "/").await,
        Err(refusal) if refusal.field.is_some() => {
            let refused = start_screen(&headers, &secret, &first.name, Some(&refusal));
            Ok((Problem::status_of(&refusal), screen(&refused)).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Refuses a link that is used, replaced or over, before anything is kept for it.
fn setup_in_force(app: &App, secret: &str) -> Result<(), Refusal> {
    let world = app.world();
    if world.access.setup_is(&Sha256::of(secret.as_bytes()), app.now()) {
        return Ok(());
    }
    let detail = "this link was used or replaced by a newer one, or its time is over";
    Err(Refusal::new(&kernel::codes::GONE, detail).fix("sign in, or start the server again for a new link"))
}

fn start_screen(headers: &HeaderMap, secret: &str, name: &str, refusal: Option<&Refusal>) -> AccessScreen {
    let hint = format!(
        "At least {} characters: a few words that only you would put together.",
        credentials::PASSWORD_CHARS_MIN
    );
    let wrong = |field: Field| match refusal.filter(|refusal| refusal.field.as_deref() == Some(field.name.as_str())) {
        Some(refusal) => field.error(sentence(refusal)),
        None => field,
    };
    let fields = vec![
        wrong(Field::line("name", "Name", name).required().autocomplete("username")),
        wrong(Field::new("password", "Password", Entry::Password).required().autocomplete("new-password").hint(hint)),
    ];
    AccessScreen {
        chrome: alone(headers, "Welcome to Mainstay"),
        lead: "Choose the name and password of the administrator. This link works once.".to_owned(),
        trouble: refusal.map(|refusal| Callout {
            state: Shown::new(Tone::Bad, "Not created"),
            text: sentence(refusal),
            link: None,
        }),
        form: Form {
            action: format!("/start/{secret}"),
            csrf: String::new(),
            fields,
            hidden: Vec::new(),
            submit: "Create and sign in".to_owned(),
            main: true,
        },
    }
}
