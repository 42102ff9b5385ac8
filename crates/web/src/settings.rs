//! `GET /settings`, `/settings/tokens`, `/settings/users`: oneself, tokens, users.

pub mod integrations;
pub mod me;
pub mod tokens;
pub mod users;

use access::Scope;
use askama::Template;
use axum::{
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use crate::{
    frame::Frame,
    security::csrf::PostedForm,
    shell::{Chrome, Theme},
    views::{Callout, Cli, Empty, Form, Moment, Press, State, Tab, Tabs, Tone},
};

/// Oneself.
#[derive(Debug, Template)]
#[template(path = "settings/me.html")]
pub struct MeScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Me, tokens, users.
    pub tabs: Tabs,
    /// Name, address, role, teams.
    pub facts: Vec<(String, String)>,
    /// Changes the password.
    pub password: Option<Form>,
    /// The reader's sessions.
    pub sessions: Vec<SessionRow>,
    /// Signs out.
    pub sign_out: Option<Press>,
}

/// A browser that is signed in.
#[derive(Debug)]
pub struct SessionRow {
    /// Which: `this one`, or what the browser calls itself.
    pub name: String,
    /// When it was last used.
    pub used: Moment,
    /// When it ends at the latest.
    pub ends: Moment,
    /// Ends it.
    pub end: Option<Press>,
}

/// API tokens.
#[derive(Debug, Template)]
#[template(path = "settings/tokens.html")]
pub struct TokensScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Me, tokens, users.
    pub tabs: Tabs,
    /// The token that was just made, shown this once.
    pub made: Option<MadeToken>,
    /// The tokens.
    pub rows: Vec<TokenRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// Makes one, where the reader may.
    pub create: Option<Form>,
}

/// A token that was just made.
#[derive(Debug)]
pub struct MadeToken {
    /// Its name.
    pub name: String,
    /// The secret: never shown again.
    pub secret: String,
    /// A command that shows that it works.
    pub command: Cli,
}

/// One token.
#[derive(Debug)]
pub struct TokenRow {
    /// `active`, `expires soon`, `expired`, `revoked`.
    pub state: State,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: String,
    /// Who made it.
    pub made_by: String,
    /// When it ends.
    pub expires: Option<Moment>,
    /// When it was last used.
    pub used: Option<Moment>,
    /// Takes it back.
    pub revoke: Option<Press>,
}

/// Local users.
#[derive(Debug, Template)]
#[template(path = "settings/users.html")]
pub struct UsersScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Me, tokens, users.
    pub tabs: Tabs,
    /// The users.
    pub rows: Vec<UserRow>,
    /// Adds one, where the reader may.
    pub create: Option<Form>,
}

/// One user.
#[derive(Debug)]
pub struct UserRow {
    /// `active`, `disabled`.
    pub state: State,
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: String,
    /// The catalog's user that they are, if any.
    pub person: Option<String>,
    /// When they were last seen.
    pub seen: Option<Moment>,
    /// Disables or enables them.
    pub button: Option<Press>,
}

/// Which theme, and where the reader was.
#[derive(Debug, Deserialize)]
pub struct ThemeChoice {
    theme: Theme,
    back: String,
}

/// `POST /settings/theme`: keeps the choice in a cookie and goes back.
pub async fn choose_theme(PostedForm(choice): PostedForm<ThemeChoice>) -> Response {
    ([(header::SET_COOKIE, choice.theme.cookie())], Redirect::to(crate::security::own_path(&choice.back)))
        .into_response()
}

/// Me, tokens, users; the last two for those who may see them.
fn tabs(frame: &Frame, here: &str) -> Tabs {
    let tab = |label: &str, href: &str| Tab {
        label: label.to_owned(),
        href: href.to_owned(),
        here: href == here,
        count: None,
    };
    let mut tabs = vec![tab("Me", "/settings")];
    if frame.grant.as_ref().is_some_and(|grant| grant.allows(Scope::Admin)) {
        tabs.extend([
            tab("API tokens", "/settings/tokens"),
            tab("Users", "/settings/users"),
            tab("Integrations", "/settings/integrations"),
        ]);
    }
    Tabs { label: "Settings".to_owned(), tabs }
}

/// Why something was refused, above the screen where it was asked for.
fn refused(refusal: &kernel::Refusal) -> Callout {
    Callout { state: State::new(Tone::Bad, "Not done"), text: crate::access::sentence(refusal), link: None }
}
