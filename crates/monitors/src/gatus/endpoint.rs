//! Gatus' endpoints, by the scheme of their address.

use std::collections::BTreeMap;

use checks::{
    CheckKind, DnsCheck, Exchange, Expectation, GrpcCheck, HttpCheck, IcmpCheck, IpVersion, JourneyCheck, Method,
    StartTls, Step, TcpCheck, TlsCheck, TlsOptions, WebSocketCheck,
};
use serde_json::{Value, json};

use super::{
    Shared, common,
    condition::{self, Sort, Wanted},
    duration, environment, is_off, title,
};
use crate::{
    document::{as_text, entries_of, list_of, text_of, truth_of},
    imported::{Draft, Import},
    oauth, text,
};

/// What Gatus waits for an answer if a client doesn't say.
const TIMEOUT_MS: u64 = 10_000;

pub(super) fn read(entry: &Value, place: &str, shared: &Shared, import: &mut Import<'_>) {
    if is_off(entry, place, import) {
        return;
    }
    let Some(kind) = kind(entry, place, import) else { return };
    let draft = common(entry, place, shared, kind, import);
    let client = entry.get("client").unwrap_or(&Value::Null);
    let timeout = duration(client, "timeout", &format!("{place}.client"), import).unwrap_or(TIMEOUT_MS);
    import.add(place, Draft { timeout_ms: Some(timeout), ..draft });
}

/// What an endpoint asks for; none, with the reason said, if it can't be asked here.
fn kind(entry: &Value, place: &str, import: &mut Import<'_>) -> Option<CheckKind> {
    let url = text_of(entry, "url").unwrap_or_default();
    let left_out = |import: &mut Import<'_>, why: &str| {
        import.lost(
            &format!("{place}.url"),
            environment::shown(&text::without_user(&url).0),
            format!("{why}; the endpoint was left out"),
        );
        None
    };
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url.as_str()));
    if entry.get("dns").is_some_and(Value::is_object) {
        return match environment::plain(rest) {
            Ok(_) if scheme == "https" => left_out(import, "name servers are not asked over HTTPS here"),
            Ok(server) => Some(dns(entry, server, place, import)),
            Err(name) => left_out(import, &unknown(&name)),
        };
    }
    if matches!(scheme, "http" | "https") {
        let Http { token, request } = http(entry, &url, place, &BTreeMap::new(), import)?;
        return Some(match token {
            Some(token) => {
                let step = Step { name: title(entry, place), request, extract: Vec::new(), always: false };
                CheckKind::Journey(JourneyCheck {
                    variables: BTreeMap::new(),
                    steps: vec![token, step],
                    max_latency_ms: None,
                })
            }
            None => CheckKind::Http(request),
        });
    }
    let address = match environment::plain(rest) {
        Ok(address) => address.trim_end_matches('/').to_owned(),
        Err(name) => return left_out(import, &unknown(&name)),
    };
    let ip = client(entry, place, import);
    let body = text_of(entry, "body");
    let tls = TlsOptions { insecure: insecure(entry), ..TlsOptions::default() };
    Some(match scheme {
        "icmp" => {
            let wanted = wanted(entry, Sort::Icmp, place, &BTreeMap::new(), import);
            let assertions = wanted.assertions;
            CheckKind::Icmp(IcmpCheck { host: address, count: 1, payload_bytes: 24, ip, assertions })
        }
        "tcp" | "ssh" => {
            let wanted = wanted(entry, Sort::Tcp, place, &BTreeMap::new(), import);
            let mut dialogue = said(body, place, import);
            if scheme == "ssh" {
                let user = entry.get("ssh").and_then(|ssh| text_of(ssh, "username"));
                if user.is_some() {
                    let why = "nobody signs in and no command is run; that an SSH server answers is checked";
                    import.lost(&format!("{place}.ssh"), "the user and command", why);
                }
                dialogue = vec![Exchange { expect: Some("^SSH-2.0-".to_owned()), ..Exchange::default() }];
            }
            let address = if scheme == "ssh" && !has_port(&address) { format!("{address}:22") } else { address };
            CheckKind::Tcp(TcpCheck { address, tls: None, dialogue, ip, assertions: wanted.assertions })
        }
        "tls" if body.is_some() => {
            let wanted = wanted(entry, Sort::Tcp, place, &BTreeMap::new(), import);
            let dialogue = said(body, place, import);
            CheckKind::Tcp(TcpCheck { address, tls: Some(tls), dialogue, ip, assertions: wanted.assertions })
        }
        "tls" | "starttls" => {
            let wanted = wanted(entry, Sort::Tls, place, &BTreeMap::new(), import);
            let starttls = (scheme == "starttls").then_some(StartTls::Smtp);
            let (days_left, assertions) = (wanted.days_left, wanted.assertions);
            CheckKind::Tls(TlsCheck { address, tls, starttls, days_left, assertions })
        }
        "grpc" | "grpcs" => {
            let wanted = wanted(entry, Sort::Grpc, place, &BTreeMap::new(), import);
            let tls = (scheme == "grpcs").then_some(tls);
            let assertions = wanted.assertions;
            CheckKind::Grpc(GrpcCheck { address, service: String::new(), tls, metadata: Vec::new(), assertions })
        }
        "ws" | "wss" => {
            let wanted = wanted(entry, Sort::WebSocket, place, &BTreeMap::new(), import);
            let headers = headers(entry, place, import);
            let send = body.map(|body| environment::template(&body, import));
            let receive = send.is_some() || wanted.body;
            let url = text::literal(&url);
            CheckKind::WebSocket(WebSocketCheck { url, headers, send, receive, tls, assertions: wanted.assertions })
        }
        "udp" | "sctp" => return left_out(import, &format!("{scheme} is not checked here")),
        _ => return left_out(import, "the address has no scheme that is known here"),
    })
}

fn unknown(name: &str) -> String {
    format!("the variable {name} is not known; give its value when importing")
}

fn has_port(address: &str) -> bool {
    address.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()))
}

/// What Gatus writes to a connection, as one line.
fn said(body: Option<String>, place: &str, import: &mut Import<'_>) -> Vec<Exchange> {
    let Some(body) = body else { return Vec::new() };
    if !body.ends_with('\n') {
        import.changed(&format!("{place}.body"), "the body", "it is sent as a line, with its end");
    }
    let line = body.trim_end_matches('\n').to_owned();
    vec![Exchange { send: Some(environment::shown(&line)), ..Exchange::default() }]
}

fn dns(entry: &Value, server: &str, place: &str, import: &mut Import<'_>) -> CheckKind {
    let question = entry.get("dns").unwrap_or(&Value::Null);
    client(entry, place, import);
    let wanted = wanted(entry, Sort::Dns, place, &BTreeMap::new(), import);
    if wanted.body {
        let why = "any of the records is enough here, where Gatus looks at the last one";
        import.info(&format!("{place}.conditions"), "[BODY]", why);
    }
    CheckKind::Dns(DnsCheck {
        server: Some(server.trim_end_matches('/').to_owned()).filter(|server| !server.is_empty()),
        name: environment::shown(&text_of(question, "query-name").unwrap_or_default()).trim_end_matches('.').to_owned(),
        record: text_of(question, "query-type").unwrap_or_else(|| "A".to_owned()).to_uppercase(),
        tcp: false,
        rcodes: wanted.rcodes(),
        assertions: wanted.assertions,
    })
}

/// The conditions of an entry; each that can't be said is noted.
fn wanted(
    entry: &Value,
    sort: Sort,
    place: &str,
    context: &BTreeMap<String, String>,
    import: &mut Import<'_>,
) -> Wanted {
    let mut wanted = Wanted::default();
    for (index, condition) in list_of(entry, "conditions").iter().enumerate() {
        let condition = as_text(condition).unwrap_or_default();
        let place = format!("{place}.conditions[{index}]");
        match condition::add(&condition, sort, context, &mut wanted) {
            Ok(None) => {}
            Ok(Some(change)) => import.changed(&place, environment::shown(&condition), change),
            Err(why) => import.lost(&place, environment::shown(&condition), why),
        }
    }
    wanted
}

fn insecure(entry: &Value) -> bool {
    entry.get("client").and_then(|client| truth_of(client, "insecure")) == Some(true)
}

/// What a client says that has no counterpart is noted; gives the version of IP.
fn client(entry: &Value, place: &str, import: &mut Import<'_>) -> IpVersion {
    let Some(client) = entry.get("client").filter(|client| client.is_object()) else { return IpVersion::Any };
    let unknown = [
        ("dns-resolver", "names are found by the name servers of the probe's machine"),
        ("proxy-url", "probes ask without a proxy; run a probe where the address can be reached"),
        ("identity-aware-proxy", "there is no counterpart to signing in to Google's proxy"),
        ("tunnel", "there are no tunnels; run a probe where the address can be reached"),
    ];
    for (key, why) in unknown {
        if let Some(value) = client.get(key).filter(|value| !value.is_null()) {
            let shown = as_text(value).filter(|_| key == "dns-resolver").unwrap_or_else(|| key.to_owned());
            import.lost(&format!("{place}.client.{key}"), environment::shown(&shown), why);
        }
    }
    if client.get("tls").is_some_and(Value::is_object) {
        let why = "probes have no certificate of their own for a server";
        import.lost(&format!("{place}.client.tls"), "the client's certificate", why);
    }
    match text_of(client, "network").as_deref() {
        Some("ip4") => IpVersion::V4,
        Some("ip6") => IpVersion::V6,
        Some(_) | None => IpVersion::Any,
    }
}

fn headers(entry: &Value, place: &str, import: &mut Import<'_>) -> Vec<(String, String)> {
    let name = title(entry, place);
    let mut headers = Vec::new();
    for (header, value) in entries_of(entry, "headers") {
        let Some(value) = as_text(value) else { continue };
        let given = environment::template(&value, import);
        let value = if text::is_credential_header(header) && !given.contains("${") {
            let why = "a credential is not written where everybody can read it; set the secret";
            import.changed(&format!("{place}.headers.{header}"), format!("the value of {header}"), why);
            let scheme = text::scheme_of(&value);
            format!("{scheme}{}", import.secret(&format!("{name}_{header}")))
        } else {
            given
        };
        headers.push((header.clone(), value));
    }
    headers
}

/// One HTTP request, and the step before it that gets a token, if the client wants one.
pub(super) struct Http {
    pub(super) token: Option<Step>,
    pub(super) request: HttpCheck,
}

/// What an entry asks for over HTTP; none, with the reason said, if it can't be asked here.
pub(super) fn http(
    entry: &Value,
    url: &str,
    place: &str,
    context: &BTreeMap<String, String>,
    import: &mut Import<'_>,
) -> Option<Http> {
    let left_out = |import: &mut Import<'_>, what: &str, why: String| {
        import.lost(
            place,
            environment::shown(&text::without_user(what).0),
            format!("{why}; the endpoint was left out"),
        );
    };
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if let Err(name) = environment::plain(host) {
        left_out(import, url, unknown(&name));
        return None;
    }
    let word = text_of(entry, "method").unwrap_or_else(|| "GET".to_owned());
    let Some(method) = Method::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(&word)) else {
        left_out(import, &word, "a check doesn't use this method".to_owned());
        return None;
    };
    let ip = client(entry, place, import);
    let wanted = wanted(entry, Sort::Http, place, context, import);
    let status = match wanted.status() {
        Ok(status) => status,
        Err(why) => {
            left_out(import, "[STATUS]", why);
            return None;
        }
    };
    let name = title(entry, place);
    let (url, user) = text::without_user(url);
    let basic = user.map(|(user, _)| {
        import.changed(
            &format!("{place}.url"),
            "the password in the address",
            "set the secret; it is not written down",
        );
        (environment::template(&user, import), import.secret(&format!("{name}_PASSWORD")))
    });
    let mut headers = headers(entry, place, import);
    let mut body = text_of(entry, "body").map(|body| environment::template(&body, import));
    if truth_of(entry, "graphql") == Some(true) {
        body = body.map(|query| json!({"query": query}).to_string());
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
    }
    let token = token(entry, place, import);
    if token.is_some() {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        headers.push(("Authorization".to_owned(), "Bearer ${access_token}".to_owned()));
    }
    let client = entry.get("client").unwrap_or(&Value::Null);
    let stays = truth_of(client, "ignore-redirect") == Some(true);
    let request = HttpCheck {
        method,
        url: environment::template(&url, import),
        headers,
        basic,
        body,
        redirects: if stays { 0 } else { HttpCheck::REDIRECTS },
        tls: TlsOptions { insecure: insecure(entry), ..TlsOptions::default() },
        ip,
        expect: Expectation { status, body_contains: None, max_latency_ms: None, assertions: wanted.assertions },
    };
    Some(Http { token, request })
}

/// The client credentials grant (RFC 6749, section 4.4) as a step.
fn token(entry: &Value, place: &str, import: &mut Import<'_>) -> Option<Step> {
    let oauth = entry.get("client")?.get("oauth2").filter(|oauth| oauth.is_object())?;
    let name = title(entry, place);
    let url = text_of(oauth, "token-url").unwrap_or_default();
    if environment::plain(&url).is_err() || url::Url::parse(&url).is_err() {
        import.lost(&format!("{place}.client.oauth2"), environment::shown(&url), "the token's address is no address");
        return None;
    }
    let id = text_of(oauth, "client-id").unwrap_or_default();
    let secret = text_of(oauth, "client-secret").unwrap_or_default();
    let secret = match environment::template(&secret, import) {
        reference if reference.contains("${secret.") => reference,
        _ => {
            let why = "it is not written where everybody can read it; set the secret";
            import.changed(&format!("{place}.client.oauth2.client-secret"), "the client's secret", why);
            import.secret(&format!("{name}_CLIENT_SECRET"))
        }
    };
    let scopes: Vec<String> = list_of(oauth, "scopes").iter().filter_map(as_text).collect();
    let token = oauth::Token {
        url: text::literal(&url),
        client_id: environment::template(&encoded(&id), import),
        client_secret: secret,
        scope: text::literal(&encoded(&scopes.join(" "))),
        params: Vec::new(),
        tls: TlsOptions { insecure: insecure(entry), ..TlsOptions::default() },
    };
    Some(token.step())
}

/// Percent-encoded for a form, but for the marks of variables.
fn encoded(text: &str) -> String {
    if environment::plain(text).is_err() {
        return text.to_owned();
    }
    oauth::encoded(text)
}
