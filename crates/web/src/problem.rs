//! How a refusal is answered: `application/problem+json` (RFC 9457) to programs, a screen to people.
//!
//! A handler returns [`Problem`]. The [`negotiate`] layer, which stands around every route, gives it the form that the
//! request accepts and the id that the log has. It does the same for what the framework itself refuses (no route, wrong
//! method, a body that can't be read), so that there is one shape of error.

use askama::Template;
use axum::{
    Json,
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use kernel::{Class, Code, Refusal, codes};
use serde::Serialize;

use crate::{
    security::RequestId,
    shell::{Chrome, Theme},
    views::{State, Tone},
};

/// A refusal as an answer.
#[derive(Debug, Clone)]
pub struct Problem(pub Refusal);

impl Problem {
    /// The HTTP status of a refusal that a screen shows in place.
    #[must_use]
    pub fn status_of(refusal: &Refusal) -> StatusCode {
        status(refusal.code)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (status(self.0.code), Json(Document::new(&self.0, None))).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// RFC 9457's members, and ours.
#[derive(Debug, Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    class: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
}

impl<'a> Document<'a> {
    fn new(refusal: &'a Refusal, id: Option<&RequestId>) -> Self {
        Self {
            r#type: refusal.code.type_path(),
            title: refusal.code.title,
            status: refusal.code.status,
            detail: &refusal.detail,
            instance: id.map(|id| format!("urn:mainstay:request:{id}")),
            class: refusal.class().as_str(),
            field: refusal.field.as_deref(),
            fix: refusal.fix.as_deref(),
            retry_after: refusal.retry_after_s,
        }
    }
}

fn status(code: &Code) -> StatusCode {
    StatusCode::from_u16(code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The screen that tells a person what went wrong.
#[derive(Debug, Template)]
#[template(path = "system/problem.html")]
pub struct ProblemScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What went wrong.
    pub refusal: Refusal,
    /// The id to quote.
    pub id: Option<String>,
}

impl ProblemScreen {
    fn state(&self) -> State {
        let tone = match self.refusal.class() {
            Class::Retryable | Class::UserFixable => Tone::Warn,
            Class::OperatorFixable | Class::Fatal => Tone::Bad,
        };
        State::new(tone, format!("Error {}", self.refusal.code.status))
    }

    fn what_now(&self) -> &'static str {
        match self.refusal.class() {
            Class::Retryable => "Nothing is wrong with what you asked: try again.",
            Class::UserFixable => "You can mend this yourself.",
            Class::OperatorFixable => "Whoever runs this server must change something.",
            Class::Fatal => "This is a bug in Mainstay. Nothing that was acknowledged is lost.",
        }
    }
}

/// The layer that gives every error its form.
pub async fn negotiate(request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    let response = next.run(request).await;
    if asked.is_options && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        // The router adds `Allow` to whatever leaves this layer.
        return StatusCode::NO_CONTENT.into_response();
    }
    match refusal_in(response, &asked.path).await {
        Ok(response) => response,
        Err((refusal, headers)) => asked.answer(&refusal, headers),
    }
}

/// What of the request decides the form of an error.
struct Asked {
    html: bool,
    is_options: bool,
    path: String,
    theme: Theme,
    id: Option<RequestId>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self {
            html: prefers_html(request.headers()),
            is_options: request.method() == Method::OPTIONS,
            path: request.uri().path().to_owned(),
            theme: Theme::of(request.headers()),
            id: request.extensions().get::<RequestId>().cloned(),
        }
    }

    /// The answer; `headers` are those of the response that it replaces, such as `Allow` or `Set-Cookie`.
    fn answer(&self, refusal: &Refusal, mut headers: HeaderMap) -> Response {
        let mut answer = match self.html.then(|| self.screen(refusal)) {
            Some(Ok(html)) => Html(html).into_response(),
            Some(Err(_)) | None => {
                let mut answer = Json(Document::new(refusal, self.id.as_ref())).into_response();
                answer.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
                answer
            }
        };
        *answer.status_mut() = status(refusal.code);
        headers.remove(header::CONTENT_TYPE);
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = refusal.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if refusal.code == &codes::UNAUTHENTICATED && !self.html {
            headers.entry(header::WWW_AUTHENTICATE).or_insert(HeaderValue::from_static("Bearer"));
        }
        answer.headers_mut().extend(headers);
        answer
    }

    fn screen(&self, refusal: &Refusal) -> askama::Result<String> {
        let title = refusal.code.title.trim_end_matches('.');
        let chrome = Chrome { theme: self.theme, path: self.path.clone(), ..Chrome::new(title) };
        let id = self.id.as_ref().map(RequestId::to_string);
        ProblemScreen { chrome, refusal: refusal.clone(), id }.render()
    }
}

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// How much of the framework's own words on an error is read.
const DETAIL_BYTES_MAX: usize = 1024;

/// The refusal that a response stands for, with the headers to keep; or the response, where it is none or already has
/// a form of its own (a foreign protocol's).
pub(crate) async fn refusal_in(mut response: Response, path: &str) -> Result<Response, (Refusal, HeaderMap)> {
    if let Some(Problem(refusal)) = response.extensions_mut().remove::<Problem>() {
        return Err((refusal, response.into_parts().0.headers));
    }
    let status = response.status();
    let is_plain =
        response.headers().get(header::CONTENT_TYPE).is_none_or(|value| value.as_bytes().starts_with(b"text/plain"));
    if !(status.is_client_error() || status.is_server_error()) || !is_plain {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let words = to_bytes(body, DETAIL_BYTES_MAX).await.unwrap_or_default();
    let words = String::from_utf8_lossy(&words);
    let code = code_for(status);
    let detail = match words.trim() {
        "" if code == &codes::NOT_FOUND => format!("There is nothing at {path}."),
        "" => code.title.to_owned(),
        words => words.to_owned(),
    };
    Err((Refusal::new(code, detail), parts.headers))
}

/// The code for an error that the framework found.
fn code_for(status: StatusCode) -> &'static Code {
    match status {
        StatusCode::UNAUTHORIZED => &codes::UNAUTHENTICATED,
        StatusCode::FORBIDDEN => &codes::FORBIDDEN,
        StatusCode::NOT_FOUND => &codes::NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED => &codes::METHOD_NOT_ALLOWED,
        StatusCode::CONFLICT => &codes::CONFLICT,
        StatusCode::PAYLOAD_TOO_LARGE => &codes::TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => &codes::UNSUPPORTED_MEDIA_TYPE,
        StatusCode::UNPROCESSABLE_ENTITY => &codes::INVALID,
        StatusCode::TOO_MANY_REQUESTS => &codes::RATE_LIMITED,
        StatusCode::SERVICE_UNAVAILABLE => &codes::BUSY,
        status if status.is_client_error() => &codes::MALFORMED,
        _ => &codes::INTERNAL,
    }
}

/// True for browsers. What names no type, or JSON before HTML, is a program.
fn prefers_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match (accept.find("text/html"), accept.find("json")) {
        (Some(html), Some(json)) => html < json,
        (Some(_), None) => true,
        (None, _) => false,
    }
}
