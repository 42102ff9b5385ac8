//! Against requests that another site makes a signed-in browser send.
//!
//! Two walls. `same_origin` turns away what a browser itself says came from elsewhere. [`PostedForm`] wants the session's
//! [`FormToken`] in every form, which no other site can read. Programs, which send a token and no cookie, meet neither.

use std::fmt;

use axum::{
    body::Bytes,
    extract::{FromRequest, Multipart, RawForm, Request, multipart::MultipartError},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use kernel::{Refusal, SessionId, codes};
use ring::hmac;
use serde::{Deserialize, de::DeserializeOwned};

use crate::problem::Problem;

/// What every form of one session carries. It stands in the request's extensions once the session is known.
#[derive(Clone, PartialEq, Eq)]
pub struct FormToken(String);

impl FormToken {
    /// The session's token under the server's secret.
    #[must_use]
    pub fn of(session: SessionId, secret: &[u8]) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), session.as_bytes());
        Self(tag.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }

    /// For `Chrome::csrf`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is(&self, sent: &str) -> bool {
        // Every byte is looked at, so that the time taken says nothing about where they differ.
        self.0.len() == sent.len() && self.0.bytes().zip(sent.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }
}

impl fmt::Debug for FormToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormToken(..)")
    }
}

/// A form that was posted from a screen of this session.
#[derive(Debug)]
pub struct PostedForm<T>(pub T);

#[derive(Deserialize)]
struct Signature {
    csrf: String,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for PostedForm<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let token = request.extensions().get::<FormToken>().cloned();
        let RawForm(body) = RawForm::from_request(request, state)
            .await
            .map_err(|rejection| Refusal::new(&codes::MALFORMED, rejection.body_text()))?;
        let signature: Signature = read(&body)?;
        if !token.is_some_and(|token| token.is(&signature.csrf)) {
            let refusal = Refusal::new(&codes::CSRF, "The form's token is not this session's.");
            return Err(Problem(refusal.fix("Open the screen again.")));
        }
        Ok(Self(read(&body)?))
    }
}

/// A form that was posted from a screen of this session and may have a file in it: `multipart/form-data`, or a form
/// without one. Of several files the first that is not empty is taken.
#[derive(Debug)]
pub struct PostedFile<T> {
    /// What was filled in.
    pub filled: T,
    /// The file.
    pub file: Option<Bytes>,
}

/// Fields of one form.
const FIELDS_MAX: usize = 50;

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for PostedFile<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let sort = request.headers().get(header::CONTENT_TYPE).and_then(|sort| sort.to_str().ok()).unwrap_or_default();
        if !sort.starts_with("multipart/form-data") {
            let PostedForm(filled) = PostedForm::from_request(request, state).await?;
            return Ok(Self { filled, file: None });
        }
        let token = request.extensions().get::<FormToken>().cloned();
        let mut parts = Multipart::from_request(request, state)
            .await
            .map_err(|rejection| Refusal::new(&codes::MALFORMED, rejection.body_text()))?;
        let (mut fields, mut file): (Vec<(String, String)>, Option<Bytes>) = (Vec::new(), None);
        while let Some(part) = parts.next_field().await.map_err(unread)? {
            let name = part.name().unwrap_or_default().to_owned();
            if part.file_name().is_some() {
                let bytes = part.bytes().await.map_err(unread)?;
                file = file.or(Some(bytes).filter(|bytes| !bytes.is_empty()));
            } else if fields.len() < FIELDS_MAX {
                fields.push((name, part.text().await.map_err(unread)?));
            }
        }
        let csrf = fields.iter().find(|(name, _)| name == "csrf").map(|(_, value)| value.as_str());
        if !token.zip(csrf).is_some_and(|(token, csrf)| token.is(csrf)) {
            let refusal = Refusal::new(&codes::CSRF, "The form's token is not this session's.");
            return Err(Problem(refusal.fix("Open the screen again.")));
        }
        let body = serde_html_form::to_string(&fields)
            .map_err(|error| Refusal::new(&codes::MALFORMED, format!("The form: {error}.")))?;
        Ok(Self { filled: read(body.as_bytes())?, file })
    }
}

fn unread(error: MultipartError) -> Refusal {
    let too_large = error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE;
    let code = if too_large { &codes::TOO_LARGE } else { &codes::MALFORMED };
    Refusal::new(code, error.body_text())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_html_form::from_bytes(body).map_err(|error| Refusal::new(&codes::MALFORMED, format!("The form: {error}.")))
}

/// Turns away a change that a browser says was asked for by another site.
pub(super) async fn same_origin(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !changes || is_same_origin(request.headers()) {
        return next.run(request).await;
    }
    let detail = "The browser says that this was sent from a page of another site.";
    Problem(Refusal::new(&codes::CSRF, detail)).into_response()
}

/// By `Sec-Fetch-Site` where the browser sends it (Fetch Metadata), else by `Origin` (RFC 6454). A request with neither and
/// without a cookie is a program's; with a cookie it is an old browser's, and the form's token decides.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else { return true };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some() && authority == text(header::HOST.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &[(&'static str, &'static str)], expected: bool) {
        let headers = sent.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        assert_eq!(is_same_origin(&headers), expected, "{sent:?}");
    }

    #[test]
    fn a_request_from_another_site_is_told_by_what_the_browser_says() {
        check(&[], true);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "none")], true);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")], false);
        check(&[("origin", "http://a:7070"), ("host", "a:7070")], true);
        check(&[("origin", "http://a:7071"), ("host", "a:7070")], false);
        check(&[("origin", "null"), ("host", "a:7070")], false);
        check(&[("origin", "null")], false);
    }

    #[test]
    fn a_form_token_belongs_to_one_session_and_one_server() {
        let (one, other) = (SessionId::from_bytes([1; 16]), SessionId::from_bytes([2; 16]));
        let token = FormToken::of(one, b"secret");
        assert!(token.is(FormToken::of(one, b"secret").as_str()));
        assert!(!token.is(FormToken::of(other, b"secret").as_str()));
        assert!(!token.is(FormToken::of(one, b"other").as_str()));
        assert!(!token.is(""));
        assert_eq!(format!("{token:?}"), "FormToken(..)");
    }
}
