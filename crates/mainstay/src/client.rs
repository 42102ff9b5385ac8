//! The server's API, as verbs use it.

use std::time::Duration;

use clap::Args;
use kernel::{Class, Code, Refusal, codes};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hal::{Broker, Credentials};

/// How long a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long an answer may take, with all of its body.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 << 20;
/// The most items that a page of a list has.
const PAGE_ITEMS_MAX: usize = 500;
/// The most entities that one answer has.
const ENTITIES_MAX: usize = 10_000;

const V1: [&str; 2] = ["api", "v1"];
const BACKSTAGE: [&str; 2] = ["api", "catalog"];

/// Which server, and as whom.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Client options")]
pub(crate) struct ClientArgs {
    /// The server's address
    #[arg(
        long,
        visible_alias = "server",
        global = true,
        env = "MAINSTAY_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:7070",
        value_name = "URL"
    )]
    url: String,
    /// The token to show; `mainstay token create` makes one
    #[arg(long, global = true, env = "MAINSTAY_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

impl ClientArgs {
    /// The server's address and the token.
    ///
    /// # Errors
    /// If the address is none.
    pub(crate) fn whom(self) -> Result<(Url, Option<String>), Refusal> {
        let wrong = |why: &str| {
            Refusal::new(&codes::INVALID, format!("\"{}\" is no address of a server: {why}", self.url))
                .field("MAINSTAY_URL")
                .fix("write it as https://mainstay.example.com")
        };
        let url = Url::parse(&self.url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(wrong("it does not begin with http:// or https://"));
        }
        Ok((url, self.token))
    }
}

/// A connection to the server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
}

impl Client {
    /// A client of the server that was chosen; nothing is sent yet.
    ///
    /// # Errors
    /// If the address is none.
    pub(crate) fn new(args: ClientArgs) -> Result<Self, Refusal> {
        let (base, token) = args.whom()?;
        Ok(Self { http: http(&base)?, base, token: token.filter(|token| !token.is_empty()) })
    }

    /// The Pact Broker that this server is, too.
    ///
    /// # Errors
    /// If its address has no path.
    pub(crate) fn broker(&self) -> Result<Broker, Refusal> {
        let mut base = self.base.clone();
        base.path_segments_mut()
            .map_err(|()| Refusal::new(&codes::INVALID, "the server's address has no path").field("MAINSTAY_URL"))?
            .pop_if_empty()
            .push("pact");
        let credentials = self.token.clone().map_or(Credentials::None, Credentials::Token);
        Ok(Broker::new(self.http.clone(), base, credentials))
    }

    /// Reads `/api/v1/` and these segments.
    ///
    /// # Errors
    /// What the server refuses, or `UNREACHABLE`.
    pub(crate) async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, Refusal> {
        self.send(self.request(Method::GET, V1, path, query)?).await
    }

    /// Finds entities of the catalog, by Backstage's API: at most `limit` of them, with all of their members.
    ///
    /// # Errors
    /// What the server refuses, or `UNREACHABLE`.
    pub(crate) async fn entities(&self, query: &[(&str, &str)], limit: usize) -> Result<Value, Refusal> {
        let limit = limit.min(ENTITIES_MAX).to_string();
        let order = [("limit", &*limit), ("orderField", "kind,asc"), ("orderField", "metadata.name,asc")];
        let query = [query, &order].concat();
        let request = self.request(Method::GET, BACKSTAGE, &["entities", "by-query"], &query)?;
        let page: Page = crate::output::read(self.send(request).await?)?;
        Ok(Value::Array(page.items))
    }

    /// Reads a list page by page until it has `limit` items.
    ///
    /// # Errors
    /// What the server refuses, or `UNREACHABLE`.
    pub(crate) async fn list(&self, path: &[&str], query: &[(&str, &str)], limit: usize) -> Result<Value, Refusal> {
        let mut items = Vec::new();
        let mut cursor = None::<String>;
        while items.len() < limit {
            let count = (limit - items.len()).min(PAGE_ITEMS_MAX).to_string();
            let mut query = query.to_vec();
            query.push(("limit", &count));
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page: Page = crate::output::read(self.get(path, &query).await?)?;
            items.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(Value::Array(items))
    }

    /// Sends a wish to `/api/v1/` and these segments.
    ///
    /// # Errors
    /// What the server refuses, or `UNREACHABLE`.
    pub(crate) async fn post(&self, path: &[&str], body: &(impl Serialize + Sync)) -> Result<Value, Refusal> {
        self.wish(self.request(Method::POST, V1, path, &[])?.json(body)).await
    }

    /// Sends a file to `/api/v1/` and these segments.
    ///
    /// # Errors
    /// What the server refuses, or `UNREACHABLE`.
    pub(crate) async fn upload(&self, path: &[&str], bytes: Vec<u8>) -> Result<Value, Refusal> {
        let request = self.request(Method::POST, V1, path, &[])?;
        self.send(request.header("content-type", "application/octet-stream").body(bytes)).await
    }

    /// Asks a question that needs a body, at `/api/v1/` and these segments: it changes nothing.
    ///
    /// # Errors
    /// What the server refuses, or `UNREACHABLE`.
    pub(crate) async fn ask(&self, path: &[&str], body: &(impl Serialize + Sync)) -> Result<Value, Refusal> {
        self.send(self.request(Method::POST, V1, path, &[])?.json(body)).await
    }

    /// Puts something at `/api/v1/` and these segments, in place of what is there.
    ///
    /// # Errors
    /// What the server refuses, or `UNREACHABLE`.
    pub(crate) async fn put(&self, path: &[&str], body: &(impl Serialize + Sync)) -> Result<Value, Refusal> {
        self.wish(self.request(Method::PUT, V1, path, &[])?.json(body)).await
    }

    /// Asks to delete what is at `/api/v1/` and these segments.
    ///
    /// # Errors
    /// What the server refuses, or `UNREACHABLE`.
    pub(crate) async fn delete(&self, path: &[&str], body: &(impl Serialize + Sync)) -> Result<Value, Refusal> {
        self.wish(self.request(Method::DELETE, V1, path, &[])?.json(body)).await
    }

    fn request(
        &self,
        method: Method,
        api: [&str; 2],
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<RequestBuilder, Refusal> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Refusal::new(&codes::INVALID, "the server's address has no path").field("MAINSTAY_URL"))?
            .pop_if_empty()
            .extend(api)
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.request(method, url).header("accept", "application/json");
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    /// Sends what changes something. If the connection breaks before the answer, it is sent once more with the same
    /// idempotency key, so that it happens once whether or not the first one arrived.
    async fn wish(&self, request: RequestBuilder) -> Result<Value, Refusal> {
        let key = crate::running::random::<16>()?.map(|byte| format!("{byte:02x}")).concat();
        let request = request.header("idempotency-key", key);
        let again = request.try_clone();
        match (request.send().await, again) {
            (Err(error), Some(again)) if !error.is_connect() && !error.is_timeout() => self.send(again).await,
            (sent, _) => self.answer(sent).await,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, Refusal> {
        self.answer(request.send().await).await
    }

    async fn answer(&self, sent: Result<Response, reqwest::Error>) -> Result<Value, Refusal> {
        let response = sent.map_err(|error| unreachable(&self.base, error, START_IT))?;
        let status = response.status();
        let body = body(&self.base, response, START_IT).await?;
        if !status.is_success() {
            return Err(refused(status, &body));
        }
        serde_json::from_slice(&body).map_err(|_| no_mainstay(status))
    }
}

/// What to do where no server of ours answers.
const START_IT: &str = "start the server with `mainstay serve`, or set MAINSTAY_URL or --url to its address";

/// An HTTP client for the server at this address.
///
/// # Errors
/// If it can't be made.
pub(crate) fn http(base: &Url) -> Result<reqwest::Client, Refusal> {
    let mut http = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIME)
        .timeout(ANSWER_TIME)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")));
    if is_loopback(base) {
        // A proxy elsewhere would look for the server on its own machine.
        http = http.no_proxy();
    }
    http.build().map_err(|error| Refusal::new(&codes::INTERNAL, format!("no HTTP client: {error}")))
}

/// An answer's body, up to a bound.
///
/// # Errors
/// If the connection breaks, or it is larger.
pub(crate) async fn body(base: &Url, mut response: Response, fix: &str) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(base, error, fix))? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(Refusal::new(&codes::TOO_LARGE, "the server's answer is larger than 256 MiB"));
        }
    }
    Ok(body)
}

/// That nobody answered at an address, and why.
pub(crate) fn unreachable(base: &Url, error: reqwest::Error, fix: &str) -> Refusal {
    let host = base.host_str().unwrap_or_default();
    let place = match base.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    if error.is_timeout() && !error.is_connect() {
        let detail = format!("{place} did not answer within {} s", ANSWER_TIME.as_secs());
        return Refusal::new(&codes::TIMEOUT, detail);
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Refusal::new(&codes::UNREACHABLE, format!("no answer from {place}: {cause}")).fix(fix)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Value>,
    next: Option<String>,
}

/// A problem document (RFC 9457), with our members.
#[derive(Deserialize)]
struct ProblemDocument {
    r#type: String,
    detail: String,
    instance: Option<String>,
    class: Option<String>,
    field: Option<String>,
    fix: Option<String>,
    retry_after: Option<u32>,
}

/// An error as Backstage's API gives it, with our code.
#[derive(Deserialize)]
struct BackstageError {
    error: BackstageDetail,
}

#[derive(Deserialize)]
struct BackstageDetail {
    message: String,
    code: String,
}

/// The refusal that an answer stands for, with the code and class that the server gave it.
pub(crate) fn refused(status: StatusCode, body: &[u8]) -> Refusal {
    if let Ok(BackstageError { error }) = serde_json::from_slice(body) {
        let code = Code::named(&error.code).unwrap_or(&codes::INVALID);
        let refusal = Refusal::new(code, error.message);
        return Refusal { fix: known_fix(code), ..refusal };
    }
    let Ok(problem) = serde_json::from_slice::<ProblemDocument>(body) else { return no_mainstay(status) };
    let name = problem.r#type.rsplit('/').next().unwrap_or_default();
    let code = Code::named(name).unwrap_or_else(|| code_of_class(problem.class.as_deref()));
    let mut refusal = Refusal::new(code, problem.detail);
    if code.class == Class::Fatal
        && let Some(instance) = &problem.instance
    {
        refusal = refusal.fix(format!("report this bug and quote {instance}"));
    }
    refusal.field = problem.field;
    refusal.fix = known_fix(code).or(problem.fix).or(refusal.fix);
    refusal.retry_after_s = problem.retry_after.or(refusal.retry_after_s);
    refusal
}

/// What to do from a terminal, where that is not what the server says to everybody.
fn known_fix(code: &Code) -> Option<String> {
    let fix = if code == &codes::UNAUTHENTICATED {
        "set MAINSTAY_TOKEN or --token to a token of this server"
    } else if code == &codes::CONTRACT_BROKEN {
        "`mainstay can-i-deploy` says who expects what; in an emergency, `mainstay deploy ... --emergency --reason TEXT`"
    } else if code == &codes::BUDGET_EXHAUSTED {
        "`mainstay slo show` says what burnt it; what can't wait: `mainstay deploy ... --emergency --reason TEXT`"
    } else {
        return None;
    };
    Some(fix.to_owned())
}

/// The code for a problem of a newer server, whose own is not known here: the class is what counts.
fn code_of_class(class: Option<&str>) -> &'static Code {
    match class {
        Some("retryable") => &codes::BUSY,
        Some("operator-fixable") => &codes::CONFIG_INVALID,
        Some("fatal") => &codes::INTERNAL,
        Some(_) | None => &codes::INVALID,
    }
}

/// Something answered, but not as Mainstay does.
fn no_mainstay(status: StatusCode) -> Refusal {
    let code = if status.is_server_error() { &codes::UNREACHABLE } else { &codes::MALFORMED };
    Refusal::new(code, format!("the server answered {status}, but not as Mainstay does"))
        .fix("check that MAINSTAY_URL or --url is the address of a Mainstay server")
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    fn check(status: u16, body: &str, name: &str, exit: u8) {
        let refusal = refused(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        assert_eq!((refusal.code.name, refusal.class().exit_code()), (name, exit), "{body}");
    }

    #[test]
    fn a_problem_keeps_its_code_and_class() {
        check(409, r#"{"type":"/docs/errors/moved-on","detail":"x","class":"user-fixable"}"#, "moved-on", 65);
        check(503, r#"{"type":"/docs/errors/busy","detail":"x","class":"retryable"}"#, "busy", 75);
        check(507, r#"{"type":"/docs/errors/disk-full","detail":"x","class":"operator-fixable"}"#, "disk-full", 78);
        check(500, r#"{"type":"/docs/errors/internal","detail":"x","class":"fatal"}"#, "internal", 70);
    }

    #[test]
    fn a_problem_of_a_newer_server_keeps_its_class() {
        check(503, r#"{"type":"/docs/errors/not-yet-known","detail":"x","class":"retryable"}"#, "busy", 75);
        check(
            500,
            r#"{"type":"/docs/errors/not-yet-known","detail":"x","class":"operator-fixable"}"#,
            "config-invalid",
            78,
        );
    }

    #[test]
    fn what_is_not_mainstay_is_named_so() {
        check(502, "<html>", "unreachable", 75);
        check(404, "not here", "malformed", 65);
    }

    #[test]
    fn an_address_without_scheme_is_refused() {
        for url in ["mainstay.example.com", "ftp://mainstay.example.com", ""] {
            let refusal = Client::new(ClientArgs { url: url.to_owned(), token: None }).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some("MAINSTAY_URL"), "{url}");
        }
    }

    #[tokio::test]
    async fn a_wish_whose_answer_was_lost_is_sent_again_under_the_same_key() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let lost = heard(&listener).await.1;
            let (mut connection, kept) = heard(&listener).await;
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
            (lost, kept)
        });
        let client = Client::new(ClientArgs { url, token: None }).unwrap();
        client.post(&["flags"], &Value::Null).await.unwrap();
        let (lost, kept) = server.await.unwrap();
        assert_eq!(lost, kept);
        assert_eq!(lost.len(), "idempotency-key: ".len() + 32);
    }

    /// The next connection, and the line with the key that came over it.
    async fn heard(listener: &TcpListener) -> (TcpStream, String) {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut head = String::new();
        while !head.ends_with("null") {
            let mut bytes = [0; 1024];
            let count = connection.read(&mut bytes).await.unwrap();
            head.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        let key = head.lines().find(|line| line.starts_with("idempotency-key")).unwrap().to_owned();
        (connection, key)
    }
}
