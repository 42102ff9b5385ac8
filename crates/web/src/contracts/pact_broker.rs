//! `/pact`: the Pact Broker's HTTP API.
//!
//! The crate `broker` knows the resources; here each becomes a route of the table. A resource may read the store and waits
//! for its command, so that it runs on a thread where blocking is allowed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use access::Scope;
use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, RawPathParams, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter, on},
};
use broker::{Answer, Call, Host, Method, Needs, Policy, Route, TestCall};
use contracts::matrix::Answer as Matrix;
use kernel::{Refusal, Sha256, Timestamp, codes};
use world::{Command, World};

use crate::{
    App,
    contracts::fits,
    guard::By,
    problem::Problem,
    table::{Access, Table},
    vault,
};

/// The largest body that is read: a publication with many pacts, encoded.
const BODY_BYTES_MAX: usize = 64 << 20;
/// Where the protocol's index is.
pub const BASE: &str = "/pact";

/// What Pact's command line (0.8.8: `get-pacts`, `provider-states list`) looks for at the server's root, whatever the path
/// of its broker is.
const AT_ROOT: [&str; 7] = [
    "/pacts/provider/{provider}/branch",
    "/pacts/provider/{provider}/branch/latest",
    "/pacts/provider/{provider}/branch/{branch}",
    "/pacts/provider/{provider}/branch/{branch}/latest",
    "/pacts/provider/{provider}/provider-states",
    "/pacts/provider/{provider}/provider-states/branch/{branch}",
    "/pacts/provider/{provider}/provider-states/environment/{environment}",
];

/// Adds every resource to the table.
#[must_use]
pub fn mount(mut table: Table) -> Table {
    for route in broker::routes() {
        let scope = match route.needs {
            Needs::Read => Scope::Read,
            Needs::Report => Scope::Report,
            Needs::Write => Scope::Write,
        };
        let path = format!("{BASE}{}", route.path);
        table = table.screen(Access::Needs(scope), method(route.method), &path, handler(route));
        if AT_ROOT.contains(&route.path) {
            table = table.screen(Access::Needs(scope), method(route.method), route.path, handler(route));
        }
        if route.path == "/" {
            table = table.screen(Access::Needs(scope), method(route.method), BASE, handler(route));
        }
    }
    table
}

fn method(method: Method) -> axum::http::Method {
    match method {
        Method::Get => axum::http::Method::GET,
        Method::Post => axum::http::Method::POST,
        Method::Put => axum::http::Method::PUT,
        Method::Patch => axum::http::Method::PATCH,
        Method::Delete => axum::http::Method::DELETE,
    }
}

fn handler(route: Route) -> MethodRouter<App> {
    let filter = match route.method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    };
    let answer = move |State(app): State<App>,
                       by: By,
                       path: RawPathParams,
                       RawQuery(query): RawQuery,
                       headers: HeaderMap,
                       body: Bytes| async move {
        let path: BTreeMap<String, String> =
            path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let base = format!("{}{BASE}", origin(&app, &headers));
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let desk = Desk { app, by };
        let answered = tokio::task::spawn_blocking(move || {
            let mut call = Call::new(&desk, &base, path, query.as_deref().unwrap_or_default(), &accept, &body);
            route.answer(&mut call)
        });
        match answered.await {
            Ok(answer) => response(answer),
            Err(error) => {
                Problem(Refusal::new(&codes::INTERNAL, format!("a task ended by a panic: {error}"))).into_response()
            }
        }
    };
    on(filter, answer).layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// The server as this client reaches it: by the name that it used, which comes back to nobody else.
fn origin(app: &App, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_authority(host));
    let Some(host) = host else { return app.settings().base_url.clone() };
    let forwarded = headers.get("x-forwarded-proto").and_then(|scheme| scheme.to_str().ok());
    let https = app.settings().https || forwarded == Some("https");
    format!("{}://{host}", if https { "https" } else { "http" })
}

fn is_authority(host: &str) -> bool {
    !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']'))
}

fn response(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::NO_CONTENT {
        headers.remove(header::CONTENT_TYPE);
    } else {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.media_type));
    }
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

/// So many providers' definitions are compared before a client is answered; others are when they are asked for.
const SETTLED_MAX: usize = 50;

/// What the server gives to the resources, in the name of who asks.
struct Desk {
    app: App,
    by: By,
}

impl Host for Desk {
    fn world(&self) -> Arc<World> {
        self.app.world()
    }

    fn now(&self) -> Timestamp {
        self.app.now()
    }

    fn blob(&self, digest: &Sha256) -> Result<Option<Vec<u8>>, Refusal> {
        Ok(self.app.engine().store().get_blob(digest)?)
    }

    fn keep(&self, blobs: &[Vec<u8>]) -> Result<Vec<Sha256>, Refusal> {
        Ok(self.app.engine().store().put_blobs(blobs)?)
    }

    fn submit(&self, command: contracts::Command, reason: Option<&str>) -> Result<(), Refusal> {
        let concerns = concerned(&command);
        let request = self.by.request(Command::Contracts(command), reason, None)?;
        self.app.engine().submit_blocking(request)?;
        // What will be asked next is found out before the client is answered.
        for provider in concerns.into_iter().take(SETTLED_MAX) {
            if let Err(refusal) = fits::settle_provider(&self.app, &provider) {
                tracing::warn!(
                    error.code = refusal.code.name,
                    "definitions of {provider} were not compared: {refusal}"
                );
            }
        }
        Ok(())
    }

    fn settle(&self, answer: &Matrix) -> Result<bool, Refusal> {
        fits::settle(&self.app, answer)
    }

    fn event(&self, position: u64) -> Result<Option<contracts::Event>, Refusal> {
        event(&self.app, position)
    }

    fn seal(&self, name: &str, secret: &[u8]) -> Result<(), Refusal> {
        let sealed = vault::seal(&self.app.settings().vault_key, name, secret)?;
        Ok(self.app.engine().store().put_secret(name, Some(&sealed))?)
    }

    fn unseal(&self, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let Some(sealed) = self.app.engine().store().get_secret(name)? else { return Ok(None) };
        vault::open(&self.app.settings().vault_key, name, &sealed).map(Some)
    }

    fn try_call(&self, delivery: &contracts::Delivery) -> TestCall {
        match &self.app.settings().webhooks {
            Some(caller) => caller.call(&self.app, delivery),
            None => TestCall { success: false, log: "This server calls no webhooks.".to_owned() },
        }
    }

    fn random_id(&self) -> String {
        let bytes = self.app.engine().clock().seed().0.to_be_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn policy(&self) -> &Policy {
        &self.app.settings().contracts
    }
}

/// The providers whose definitions may have to be compared with what a command brings.
fn concerned(command: &contracts::Command) -> BTreeSet<String> {
    if let contracts::Command::Publish { pacts, .. } = command {
        return pacts.iter().map(|pact| pact.provider.clone()).collect();
    }
    if let contracts::Command::PublishDefinition { provider, .. } = command {
        return BTreeSet::from([provider.clone()]);
    }
    BTreeSet::new()
}

/// The event at a position, if it is one of contracts.
///
/// # Errors
/// If the store can't be read.
pub fn event(app: &App, position: u64) -> Result<Option<contracts::Event>, Refusal> {
    let Some(before) = position.checked_sub(1) else { return Ok(None) };
    let entries = app.engine().store().read(before, 1)?;
    let event = entries.first().and_then(|entry| world::Event::from_body(&entry.kind, &entry.body).ok());
    Ok(match event {
        Some(world::Event::Contracts(event)) => Some(event),
        Some(_) | None => None,
    })
}
