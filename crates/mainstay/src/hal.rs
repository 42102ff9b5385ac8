//! A Pact Broker's HTTP API, as its clients use it: our own server's, or another one's.
//!
//! Everything is JSON (HAL). What failed for a moment is tried again: a refusal because of load, a broken connection, a
//! server that is starting. What is sent twice by that changes nothing: a second pact or tag says the same. A second
//! verification would count: it is sent again only where it is certain that the first was not taken.

use std::time::Duration;

use kernel::{Refusal, codes};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, header::HeaderMap};
use serde_json::Value;

use crate::client;

/// Tries of one request.
const TRIES_MAX: u32 = 6;
/// The wait after the first failure; it doubles.
const WAIT: Duration = Duration::from_millis(250);
/// The longest wait that a server may ask for.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// The media types of a broker.
const ACCEPT: &str = "application/hal+json, application/json";
/// What to do where nobody answers.
const LOOK: &str = "check the address and that the server runs";

/// As whom.
#[derive(Debug, Clone)]
pub(crate) enum Credentials {
    /// Nobody.
    None,
    /// Who has this token.
    Token(String),
    /// This user.
    Password { user: String, password: String },
}

/// Why a request was not answered well.
struct Failed {
    refusal: Refusal,
    /// How long the server asks to wait.
    wait: Option<Duration>,
    /// True if the server certainly did nothing of it.
    was_not_taken: bool,
}

/// A broker.
#[derive(Debug)]
pub(crate) struct Broker {
    http: reqwest::Client,
    base: Url,
    credentials: Credentials,
}

impl Broker {
    /// A broker whose index is at `base`.
    pub(crate) fn new(http: reqwest::Client, base: Url, credentials: Credentials) -> Self {
        Self { http, base, credentials }
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// Reads what is at these segments below the index.
    ///
    /// # Errors
    /// What is refused, or `UNREACHABLE`.
    pub(crate) async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, Refusal> {
        self.ask(Method::GET, path, query, None).await
    }

    /// The same; nothing if there is no such thing.
    ///
    /// # Errors
    /// What is refused, or `UNREACHABLE`.
    pub(crate) async fn find(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Option<Value>, Refusal> {
        match self.get(path, query).await {
            Ok(found) => Ok(Some(found)),
            Err(refusal) if refusal.code == &codes::NOT_FOUND => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Sends a document, or nothing if it is null.
    ///
    /// # Errors
    /// What is refused, or `UNREACHABLE`.
    pub(crate) async fn send(&self, method: Method, path: &[&str], body: &Value) -> Result<Value, Refusal> {
        self.ask(method, path, &[], Some(body).filter(|body| !body.is_null())).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Refusal> {
        let url = self.address(path, query)?;
        let counts_twice = method == Method::POST && path.last() == Some(&"verification-results");
        let mut wait = WAIT;
        for tries in 1.. {
            let sent = self.request(method.clone(), url.clone(), body).send().await;
            let failed = match self.answer(sent).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let passes = matches!(failed.refusal.class(), kernel::Class::Retryable) && tries < TRIES_MAX;
            if !passes || (counts_twice && !failed.was_not_taken) {
                return Err(failed.refusal);
            }
            tokio::time::sleep(failed.wait.unwrap_or(wait).min(WAIT_MAX)).await;
            wait *= 2;
        }
        Err(Refusal::new(&codes::UNREACHABLE, "it was not tried"))
    }

    fn address(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, Refusal> {
        let mut url = self.base.clone();
        if let Some(dots) = path.iter().find(|segment| matches!(**segment, "." | ".." | "")) {
            let detail = format!("\"{dots}\" can't be part of an address");
            return Err(Refusal::new(&codes::INVALID, detail));
        }
        url.path_segments_mut()
            .map_err(|()| Refusal::new(&codes::INVALID, format!("{} has no path", self.base)))?
            .pop_if_empty()
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn request(&self, method: Method, url: Url, body: Option<&Value>) -> RequestBuilder {
        let media = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let mut request = self.http.request(method, url).header("accept", ACCEPT);
        if let Some(body) = body {
            request = request.header("content-type", media).body(body.to_string());
        }
        match &self.credentials {
            Credentials::None => request,
            Credentials::Token(token) => request.bearer_auth(token),
            Credentials::Password { user, password } => request.basic_auth(user, Some(password)),
        }
    }

    async fn answer(&self, sent: Result<Response, reqwest::Error>) -> Result<Value, Failed> {
        let response = sent.map_err(|error| Failed {
            was_not_taken: error.is_connect(),
            refusal: client::unreachable(&self.base, error, LOOK),
            wait: None,
        })?;
        let (status, wait) = (response.status(), retry_after(response.headers()));
        let was_not_taken = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let failed = |refusal: Refusal| Failed { refusal, wait, was_not_taken };
        let body = client::body(&self.base, response, LOOK).await.map_err(failed)?;
        if !status.is_success() {
            return Err(failed(self.refused(status, &body)));
        }
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|_| failed(self.no_broker(status)))
    }

    /// What a broker says is wrong: a list of errors, or lists by field, or one error, or notices.
    fn refused(&self, status: StatusCode, body: &[u8]) -> Refusal {
        let Ok(said) = serde_json::from_slice::<Value>(body) else {
            return match status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                    Refusal::new(code(status), format!("{} answered {status}", self.place()))
                }
                _ => self.no_broker(status),
            };
        };
        let ours = said.get("type").and_then(Value::as_str).is_some_and(|sort| sort.starts_with("/docs/errors/"));
        if ours {
            return client::refused(status, body);
        }
        let notices = said.get("notices").and_then(Value::as_array);
        let mut texts: Vec<String> =
            notices.map(|notices| notices.iter().filter_map(notice).collect()).unwrap_or_default();
        if texts.is_empty() {
            collect(None, said.get("errors").or(said.get("error")).unwrap_or(&Value::Null), &mut texts);
        }
        if texts.is_empty() {
            texts.push(format!("{} answered {status}", self.place()));
        }
        Refusal::new(code(status), texts.join("\n"))
    }

    fn no_broker(&self, status: StatusCode) -> Refusal {
        let code = if status.is_server_error() { &codes::UNREACHABLE } else { &codes::MALFORMED };
        Refusal::new(code, format!("{} answered {status}, but not as a Pact Broker does", self.place()))
            .fix("give the address of the broker's index")
    }
}

/// The text of an error or of what explains it.
fn notice(notice: &Value) -> Option<String> {
    let tells = matches!(notice.get("type")?.as_str()?, "error" | "danger" | "info");
    let text = notice.get("text")?.as_str()?;
    (tells && !text.is_empty()).then(|| text.to_owned())
}

fn collect(field: Option<&str>, errors: &Value, into: &mut Vec<String>) {
    match errors {
        Value::String(text) => into.push(field.map_or_else(|| text.clone(), |field| format!("{field}: {text}"))),
        Value::Array(list) => list.iter().for_each(|error| collect(field, error, into)),
        Value::Object(fields) => {
            for (name, error) in fields.iter().filter(|(name, _)| *name != "reference") {
                let known = matches!(name.as_str(), "message" | "contracts");
                collect(if known { field } else { Some(name) }, error, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn code(status: StatusCode) -> &'static kernel::Code {
    match status {
        StatusCode::UNAUTHORIZED => &codes::UNAUTHENTICATED,
        StatusCode::FORBIDDEN => &codes::FORBIDDEN,
        StatusCode::NOT_FOUND => &codes::NOT_FOUND,
        StatusCode::CONFLICT => &codes::CONFLICT,
        StatusCode::PAYLOAD_TOO_LARGE => &codes::TOO_LARGE,
        StatusCode::TOO_MANY_REQUESTS => &codes::RATE_LIMITED,
        status if status.is_server_error() => &codes::UNREACHABLE,
        _ => &codes::INVALID,
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get("retry-after")?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(base: &str) -> Broker {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Broker::new(reqwest::Client::new(), Url::parse(base).unwrap(), Credentials::None)
    }

    #[test]
    fn a_name_with_a_slash_stays_one_segment() {
        let broker = broker("http://127.0.0.1:1/pact/");
        let url = broker.address(&["pacticipants", "Foo/Bar"], &[("page", "2")]).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:1/pact/pacticipants/Foo%2FBar?page=2");
        assert!(broker.address(&["pacticipants", ".."], &[]).is_err());
    }

    fn check(status: u16, body: &str, name: &str, detail: &str) {
        let refusal = broker("http://127.0.0.1:1").refused(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        assert_eq!((refusal.code.name, refusal.detail.as_str()), (name, detail), "{body}");
    }

    #[test]
    fn every_way_in_which_a_broker_says_no_is_read() {
        check(
            400,
            r#"{"errors":{"name":["can't be blank","is short"]}}"#,
            "invalid",
            "name: can't be blank\nname: is short",
        );
        check(400, r#"{"errors":["Invalid JSON"]}"#, "invalid", "Invalid JSON");
        check(
            404,
            r#"{"error":"The requested document was not found"}"#,
            "not-found",
            "The requested document was not found",
        );
        check(500, r#"{"error":{"message":"oops","reference":"x1"}}"#, "unreachable", "oops");
        let notices = r#"{"notices":[{"type":"error","text":"differs"},{"type":"info","text":"how"}],"errors":{"contracts":["differs"]}}"#;
        check(409, notices, "conflict", "differs\nhow");
        check(401, "<html>", "unauthenticated", "http://127.0.0.1:1 answered 401 Unauthorized");
        check(429, r#"{"type":"/docs/errors/rate-limited","detail":"slower"}"#, "rate-limited", "slower");
    }

    /// A broker that gives these answers, one for each connection, and then no more.
    async fn answering(answers: &'static [&'static str]) -> Broker {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            for answer in answers {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut request = [0; 2_048];
                let _ = connection.read(&mut request).await.unwrap();
                connection.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        broker(&base)
    }

    const BUSY: &str =
        "HTTP/1.1 503 x\r\nretry-after: 0\r\ncontent-length: 14\r\nconnection: close\r\n\r\n{\"error\":\"no\"}";
    const SLOWER: &str = "HTTP/1.1 429 x\r\nretry-after: 0\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    const BROKEN: &str = "";
    const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{\"good\": 1}";
    const BAD: &str = "HTTP/1.1 400 x\r\ncontent-length: 18\r\nconnection: close\r\n\r\n{\"errors\":[\"bad\"]}";

    #[tokio::test]
    async fn what_fails_for_a_moment_is_tried_again_and_what_is_wrong_is_not() {
        let broker = answering(&[BUSY, SLOWER, BROKEN, GOOD]).await;
        assert_eq!(broker.get(&[], &[]).await.unwrap(), serde_json::json!({"good": 1}));
        let broker = answering(&[BAD, GOOD]).await;
        assert_eq!(broker.get(&[], &[]).await.unwrap_err().detail, "bad");
        let broker = answering(&[BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, GOOD]).await;
        assert_eq!(broker.get(&[], &[]).await.unwrap_err().class(), kernel::Class::Retryable, "six tries are enough");
    }

    #[tokio::test]
    async fn a_verification_is_sent_again_only_where_the_first_was_certainly_not_taken() {
        let send = async |broker: Broker| {
            broker.send(Method::POST, &["verification-results"], &serde_json::json!({"success": true})).await
        };
        assert_eq!(send(answering(&[BUSY, SLOWER, GOOD]).await).await.unwrap(), serde_json::json!({"good": 1}));
        assert_eq!(send(answering(&[BROKEN, GOOD]).await).await.unwrap_err().class(), kernel::Class::Retryable);
    }
}
