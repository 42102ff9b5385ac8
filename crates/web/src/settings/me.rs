//! `GET /settings`: oneself; `POST /settings/password`: another password.

use std::net::SocketAddr;

use access::Role;
use axum::{
    Extension,
    extract::{ConnectInfo, State},
    response::{IntoResponse, Response},
};
use kernel::{Refusal, UserId, codes};
use serde::Deserialize;

use super::{MeScreen, SessionRow, refused, tabs};
use crate::{
    App,
    access::{count, start_session, submit},
    credentials,
    frame::Frame,
    guard::By,
    problem::Problem,
    security::csrf::PostedForm,
    shell::{Place, screen},
    views::{Entry, Field, Form},
};

/// Shows oneself.
pub async fn show(frame: Frame) -> Response {
    screen(&me(&frame, None))
}

fn me(frame: &Frame, refusal: Option<&Refusal>) -> MeScreen {
    let mut chrome = frame.chrome("Settings", Place::Settings);
    chrome.remarks.extend(refusal.map(refused));
    let user = user(frame);
    let signed_in = frame.grant.as_ref().is_some_and(|grant| grant.session.is_some());
    MeScreen {
        chrome,
        tabs: tabs(frame, "/settings"),
        facts: facts(frame, user.as_ref().map(|(_, role)| *role)),
        password: user.filter(|_| frame.past().is_none()).map(|_| password_form(frame, refusal)),
        sessions: sessions(frame, user.map(|(id, _)| id)),
        sign_out: (signed_in && frame.past().is_none()).then(|| frame.press("/logout", "Sign out")),
    }
}

/// The user whose session it is.
fn user(frame: &Frame) -> Option<(UserId, Role)> {
    let session = frame.world.access.session(frame.grant.as_ref()?.session?)?;
    Some((session.user, frame.world.access.user(session.user)?.role))
}

fn facts(frame: &Frame, role: Option<Role>) -> Vec<(String, String)> {
    let Some(grant) = &frame.grant else { return Vec::new() };
    let scopes: Vec<&str> = grant.scopes.iter().map(|scope| scope.as_str()).collect();
    let teams: Vec<String> = frame.own_teams().iter().map(|team| frame.catalog_person(team).name).collect();
    let mut facts = vec![("Name", grant.actor.to_string())];
    facts.extend(role.map(|role| ("Role", role.as_str().to_owned())));
    facts.push(("May", format!("{} and what is weaker", scopes.join(", "))));
    facts.push(match &grant.person {
        Some(person) => ("In the catalog", frame.catalog_person(person).name),
        None => ("In the catalog", "nobody: an administrator can say which person you are".to_owned()),
    });
    if !teams.is_empty() {
        facts.push(("Teams", teams.join(", ")));
    }
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn sessions(frame: &Frame, user: Option<UserId>) -> Vec<SessionRow> {
    let own = frame.grant.as_ref().and_then(|grant| grant.session);
    let sessions = user.into_iter().flat_map(|user| frame.world.access.sessions_of(user));
    let current = sessions.filter(|(_, session)| session.expires > frame.now);
    let row = current.map(|(id, session)| SessionRow {
        name: if own == Some(*id) {
            "this browser".to_owned()
        } else {
            format!("signed in {}", session.started.strftime("%-d %b %Y, %H:%M UTC"))
        },
        used: frame.ago(session.last_seen),
        ends: frame.ago(session.expires),
        end: None,
    });
    row.collect()
}

fn password_form(frame: &Frame, refusal: Option<&Refusal>) -> Form {
    let hint = format!("At least {} characters. All other browsers are signed out.", credentials::PASSWORD_CHARS_MIN);
    let new =
        Field::new("password", "New password", Entry::Password).required().autocomplete("new-password").hint(hint);
    let wrong = refusal.filter(|refusal| refusal.field.as_deref() == Some("password"));
    let new = match wrong {
        Some(refusal) => new.error(refusal.detail.clone()),
        None => new,
    };
    let current = Field::new("current", "Current password", Entry::Password);
    let fields = vec![current.required().autocomplete("current-password"), new];
    frame.form("/settings/password", "Set the password", fields)
}

/// The password that is, and the one that shall be.
#[derive(Deserialize)]
pub struct NewPassword {
    current: String,
    password: String,
}

/// Sets another password; this browser stays signed in.
pub async fn set_password(
    State(app): State<App>,
    frame: Frame,
    By(grant): By,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    PostedForm(new): PostedForm<NewPassword>,
) -> Result<Response, Problem> {
    let Some((user, _)) = user(&frame) else {
        return Err(Refusal::new(&codes::FORBIDDEN, "only who signed in by name and password has one").into());
    };
    let name = grant.actor.name().to_owned();
    let done = async {
        count(&app, &name, peer.map(|Extension(peer)| peer))?;
        credentials::sign_in(&app, &name, new.current).await?;
        credentials::set_password(&app, user, new.password).await?;
        submit(&app, access::Command::SetPassword { user }, grant.actor).await
    };
    match done.await {
        Ok(()) => start_session(&app, user, "/settings?done=password").await,
        Err(refusal) => Ok((Problem::status_of(&refusal), screen(&me(&frame, Some(&refusal)))).into_response()),
    }
}
