//! `/settings/tokens`: what programs show instead of a password. A token's text is shown once, when it is made.

use access::{Reach, Scope, Token};
use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use jiff::SignedDuration;
use kernel::{Refusal, Timestamp, TokenId, codes};
use serde::Deserialize;
use world::Command;

use super::{MadeToken, TokenRow, TokensScreen, refused, tabs};
use crate::{
    App, credentials,
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    shell::{Place, screen},
    views::{Choice, Cli, Empty, Entry, Field, Form, State as Shown, Tone},
};

const ADDRESS: &str = "/settings/tokens";

/// Lists the tokens in force.
pub async fn list(frame: Frame) -> Response {
    screen(&tokens(&frame, &NewToken::default(), None, None))
}

fn tokens(frame: &Frame, asked: &NewToken, made: Option<MadeToken>, refusal: Option<&Refusal>) -> TokensScreen {
    let mut chrome = frame.chrome("API tokens", Place::Settings);
    chrome.remarks.extend(refusal.map(refused));
    TokensScreen {
        chrome,
        tabs: tabs(frame, ADDRESS),
        made,
        rows: frame.world.access.tokens_with_ids().map(|(id, token)| row(frame, *id, token)).collect(),
        none: Empty::with("No token is in force.", "mainstay token create ci --scope report"),
        create: frame.may(Scope::Admin).then(|| form(frame, asked)),
    }
}

fn row(frame: &Frame, id: TokenId, token: &Token) -> TokenRow {
    let soon = SignedDuration::from_hours(24 * 7);
    let state = match token.expires {
        Some(expires) if expires <= frame.now => Shown::new(Tone::Bad, "expired"),
        Some(expires) if expires.duration_since(frame.now) < soon => Shown::new(Tone::Warn, "expires soon"),
        Some(_) | None => Shown::new(Tone::Good, "active"),
    };
    let scopes = token.scopes.iter().map(|scope| scope.as_str().to_owned());
    let scopes: Vec<String> = scopes.chain(token.reach.words()).collect();
    let revoke = frame.press(format!("{ADDRESS}/{id}/revoke"), format!("Revoke {}", token.name));
    TokenRow {
        state,
        name: token.name.clone(),
        scopes: scopes.join(", "),
        made_by: frame.who(&token.by).name,
        expires: token.expires.map(|at| frame.ago(at)),
        used: token.last_used.map(|at| frame.ago(at)),
        revoke: frame.may(Scope::Admin).then_some(revoke),
    }
}

fn form(frame: &Frame, asked: &NewToken) -> Form {
    let scope = |scope: Scope, label: &str| Choice {
        value: scope.as_str().to_owned(),
        label: label.to_owned(),
        chosen: asked.scopes.iter().any(|chosen| chosen == scope.as_str()),
    };
    let scopes = vec![
        scope(Scope::Evaluate, "Evaluate flags: for SDKs"),
        scope(Scope::Report, "Report deployments and heartbeats: for CI and jobs"),
        scope(Scope::Probe, "Run checks elsewhere: for a probe, which is told the secrets that they name"),
        scope(Scope::Read, "Read everything"),
        scope(Scope::Write, "Write: flags, catalog, incidents, undo"),
        scope(Scope::Admin, "Administer: users and tokens"),
    ];
    let days = ["", "30", "90", "365"].map(|days| {
        let label = if days.is_empty() { "never".to_owned() } else { format!("in {days} days") };
        Choice::new(days, label, &asked.days)
    });
    let fields = vec![
        Field::line("name", "Name", &asked.name)
            .required()
            .hint("What uses it: every event it causes bears this name."),
        Field::new("scopes", "What it may do", Entry::Ticks(scopes)),
        Field::line("environment", "Environment", &asked.environment)
            .hint("Confines a token that only evaluates flags: production. Empty for all."),
        Field::line("flag_sets", "Flag sets", &asked.flag_sets)
            .hint("Confines a token that only evaluates flags: shop, search. Empty for all."),
        Field::select("days", "It ends", days.to_vec()),
    ];
    frame.form(ADDRESS, "Make the token", fields)
}

/// A token to be made.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewToken {
    name: String,
    scopes: Vec<String>,
    environment: String,
    flag_sets: String,
    days: String,
}

impl NewToken {
    fn reach(&self) -> Reach {
        let environment = self.environment.trim();
        let environment = (!environment.is_empty()).then(|| environment.to_owned());
        let flag_sets = self.flag_sets.split(',').map(str::trim).filter(|name| !name.is_empty());
        Reach { environment, flag_sets: flag_sets.map(str::to_owned).collect() }
    }

    fn read(&self, now: Timestamp) -> Result<(Vec<Scope>, Option<Timestamp>), Refusal> {
        let scopes = self.scopes.iter().map(|scope| {
            let refuse = |error: access::NoSuchScope| Refusal::new(&codes::INVALID, error.to_string()).field("scopes");
            scope.parse().map_err(refuse)
        });
        let scopes = scopes.collect::<Result<_, _>>()?;
        if self.days.is_empty() {
            return Ok((scopes, None));
        }
        let refuse = || Refusal::new(&codes::INVALID, "a token lasts 1 to 3650 days, or for ever").field("days");
        let days: i64 = self.days.parse().ok().filter(|days| (1..=3650).contains(days)).ok_or_else(refuse)?;
        let expires = now.checked_add(SignedDuration::from_hours(24 * days)).map_err(|_| refuse())?;
        Ok((scopes, Some(expires)))
    }
}

/// Makes a token and shows it this once.
pub async fn issue(
    State(app): State<App>,
    mut frame: Frame,
    by: By,
    PostedForm(asked): PostedForm<NewToken>,
) -> Result<Response, Problem> {
    let issued = async {
        let (scopes, expires) = asked.read(app.now())?;
        let asking = |command| by.request(command, None, None);
        credentials::issue_token(&app, asked.name.clone(), scopes, expires, asked.reach(), asking).await
    };
    let mut response = match issued.await {
        Ok((secret, _)) => {
            let base = &app.settings().base_url;
            let command = Cli::new(format!("curl -H 'Authorization: Bearer {secret}' {base}/api/v1/me"));
            let made = MadeToken { name: asked.name, secret, command };
            frame.world = app.world();
            screen(&tokens(&frame, &NewToken::default(), Some(made), None))
        }
        Err(refusal) => {
            let shown = tokens(&frame, &asked, None, Some(&refusal));
            (Problem::status_of(&refusal), screen(&shown)).into_response()
        }
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// That it is meant.
#[derive(Debug, Deserialize)]
pub struct Meant {}

/// Revokes a token.
pub async fn revoke(
    State(app): State<App>,
    by: By,
    Path(id): Path<String>,
    PostedForm(Meant {}): PostedForm<Meant>,
) -> Result<Response, Problem> {
    let token = id.parse().map_err(|_| Refusal::new(&codes::MALFORMED, "a token's id is a UUID").field("id"))?;
    let command = Command::Access(access::Command::RevokeToken { token });
    app.submit(by.request(command, None, None)?).await?;
    Ok(back(ADDRESS, Done::Revoked))
}
