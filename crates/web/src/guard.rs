//! Who is asking, and whether they may.
//!
//! [`identify`] stands around all routes: it looks at the token, the password of basic authentication, or the session's
//! cookie, and leaves a [`Visitor`] in the request. A token that is not known is refused at once: whoever sends one
//! believes to be known. [`require`] stands around each route that is not public.

use std::net::{IpAddr, SocketAddr};

use access::{Grant, Reach, Scope};
use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use kernel::{Actor, CommandId, Refusal, SessionId, Sha256, codes};
use world::Command;

use crate::{
    App,
    problem::Problem,
    security::{cookie, csrf::FormToken},
};

/// The name of the session's cookie.
pub const SESSION_COOKIE: &str = "mainstay_session";

/// Who is asking, as far as is known.
#[derive(Debug, Clone, Default)]
pub struct Visitor(pub Option<Grant>);

/// Somebody who is known: what handlers behind [`require`] take.
#[derive(Debug, Clone)]
pub struct By(pub Grant);

/// The longest reason.
const REASON_BYTES_MAX: usize = 2_000;

impl By {
    /// The request to the engine that carries out `command` in this name.
    ///
    /// # Errors
    /// If the reason is too long.
    pub fn request(
        &self,
        command: Command,
        reason: Option<&str>,
        id: Option<CommandId>,
    ) -> Result<engine::Request, Refusal> {
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty()).map(str::to_owned);
        if reason.as_ref().is_some_and(|reason| reason.len() > REASON_BYTES_MAX) {
            let detail = format!("a reason has at most {REASON_BYTES_MAX} bytes");
            return Err(Refusal::new(&codes::INVALID, detail).field("reason"));
        }
        Ok(engine::Request { command, actor: self.0.actor.clone(), reason, id })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let visitor = parts.extensions.get::<Visitor>().cloned().unwrap_or_default();
        visitor.0.map(Self).ok_or_else(|| Problem(unauthenticated()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Finds out who is asking.
pub async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let token = shown_token(request.headers());
    let Ok(grant) = who(&app, &request, token.as_deref()) else {
        return refuse(&request, unauthenticated().fix("the token is unknown, was revoked, or is over"));
    };
    if let Some(grant) = &grant {
        let session = grant.session.unwrap_or(SessionId::from_bytes([0; 16]));
        if grant.token.is_none() {
            request.extensions_mut().insert(FormToken::of(session, &app.settings().form_secret));
        }
        note_use(&app, grant);
    }
    request.extensions_mut().insert(Visitor(grant));
    next.run(request).await
}

/// A token that nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownToken;

/// Who shows this token; without one, whose session it is, or who may come to the demo.
pub(crate) fn who(app: &App, request: &Request, token: Option<&str>) -> Result<Option<Grant>, UnknownToken> {
    match token {
        Some(token) => grant_for(app, token).map(Some).ok_or(UnknownToken),
        None => Ok(session(app, request.headers()).or_else(|| visitor_of_demo(app, peer(request), request.headers()))),
    }
}

/// The address that a request came from.
pub(crate) fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

/// Lets by who has the scope.
pub async fn require(State((_, scope)): State<(App, Scope)>, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>().cloned().unwrap_or_default();
    match visitor.0 {
        Some(grant) if grant.allows(scope) => next.run(request).await,
        Some(grant) => {
            let detail = format!("this needs the scope \"{scope}\", which {} does not have", grant.actor);
            refuse(&request, Refusal::new(&codes::FORBIDDEN, detail))
        }
        None if wants_screen(&request) => {
            let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
            let next: String = url_encoded(wanted);
            Redirect::to(&format!("/login?next={next}")).into_response()
        }
        None => refuse(&request, unauthenticated()),
    }
}

fn unauthenticated() -> Refusal {
    Refusal::new(&codes::UNAUTHENTICATED, "nobody is signed in, and no token that is known was sent")
}

fn refuse(_: &Request, refusal: Refusal) -> Response {
    let unknown = refusal.code == &codes::UNAUTHENTICATED;
    let mut response = Problem(refusal).into_response();
    if unknown {
        let challenge = HeaderValue::from_static("Bearer realm=\"mainstay\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn wants_screen(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    request.method() == Method::GET && accept.contains("text/html") && !request.uri().path().starts_with("/api/")
}

fn url_encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/');
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The token that was sent: as a bearer's (RFC 6750), or as the password of basic authentication (RFC 7617).
pub(crate) fn shown_token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let password =
            decoded.as_deref().and_then(|pair| pair.split_once(':')).map(|(_, password)| password.to_owned());
        return Some(password.unwrap_or_default());
    }
    Some(if scheme.eq_ignore_ascii_case("bearer") { rest.trim().to_owned() } else { String::new() })
}

fn grant_for(app: &App, token: &str) -> Option<Grant> {
    let hash = Sha256::of(token.as_bytes());
    if app.settings().admin_token == Some(hash) {
        return Some(Grant {
            actor: Actor::Token("admin".to_owned()),
            scopes: vec![Scope::Admin],
            person: None,
            session: None,
            token: None,
            reach: Reach::default(),
        });
    }
    app.world().access.grant_for_token(&hash, app.now())
}

fn session(app: &App, headers: &HeaderMap) -> Option<Grant> {
    let secret = cookie(headers, SESSION_COOKIE)?;
    app.world().access.grant_for_session(&Sha256::of(secret.as_bytes()), app.now())
}

fn visitor_of_demo(app: &App, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<Grant> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    app.is_open_to(peer, host).then(|| Grant {
        actor: Actor::Person("you".to_owned()),
        scopes: vec![Scope::Admin],
        person: app.settings().visitor.clone(),
        session: None,
        token: None,
        reach: Reach::default(),
    })
}

/// Notes that a token or session was used, if that was long ago; nobody waits for it.
pub(crate) fn note_use(app: &App, grant: &Grant) {
    let world = app.world();
    let now = app.now();
    let command = match (grant.token, grant.session) {
        (Some(token), _) if world.access.token(token).is_some_and(|known| known.use_is_worth_noting(now)) => {
            access::Command::UseToken { token }
        }
        (_, Some(session)) if world.access.session(session).is_some_and(|known| known.use_is_worth_noting(now)) => {
            access::Command::SeeSession { session }
        }
        _ => return,
    };
    let (app, actor) = (app.clone(), grant.actor.clone());
    tokio::spawn(async move {
        let request = engine::Request { command: Command::Access(command), actor, reason: None, id: None };
        if let Err(refusal) = app.submit(request).await {
            tracing::debug!(error.code = refusal.code.name, "a use was not noted: {refusal}");
        }
    });
}
