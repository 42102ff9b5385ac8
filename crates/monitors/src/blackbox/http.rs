//! The prober `http`.

use std::collections::BTreeMap;

use checks::{
    Assertion, CheckKind, Expectation, HttpCheck, JourneyCheck, Method, Relation, StatusRange, Step, Subject,
};

use super::{
    config::{Authorization, BasicAuth, HeaderValues, Http, OAuth2, Text, Tls},
    question::{Asker, Credential, Preference},
};
use crate::{oauth, text};

/// Redirects that blackbox_exporter follows.
const REDIRECTS: u8 = 10;
const REDIRECTING: [u16; 5] = [301, 302, 303, 307, 308];
/// How much of a body a probe reads.
const BODY_BYTES: u64 = 1 << 20;

type Made = (CheckKind, String, Preference);

pub(super) fn question(
    http: &Http,
    target: &str,
    hostname: Option<&str>,
    asker: &mut Asker<'_>,
) -> Result<Made, String> {
    if http.enable_http3 {
        return Err("probes speak HTTP/1.1 and HTTP/2, not HTTP/3".to_owned());
    }
    if http.body_file.given().is_some() {
        return Err("the body stands in a file of that machine; write it into http.body".to_owned());
    }
    let word = http.method.given().unwrap_or("GET");
    let Some(method) = Method::ALL.into_iter().find(|method| method.as_str() == word) else {
        return Err(format!("a check doesn't use the method {word}"));
    };
    let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    let has_scheme = lower.starts_with("http://") || lower.starts_with("https://");
    let url = if has_scheme { target.to_owned() } else { format!("http://{target}") };
    let (url, user) = text::without_user(&url);
    let parsed = url::Url::parse(&url).map_err(|error| format!("the target is no web address: {error}"))?;
    let host = parsed.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let url = text::without_credentials(&url, |name, value| asker.secret(name, Credential::Value(value)));
    proxies(&http.proxy_url, http.proxy_from_environment, asker);

    let mut headers = headers(http, hostname, asker)?;
    let mut basic = None;
    if let Some(auth) = &http.basic_auth {
        basic = Some(basic_auth(auth, asker));
    } else if let Some(value) =
        authorization(http.authorization.as_ref(), [&http.bearer_token, &http.bearer_token_file], asker)
    {
        headers.push(("Authorization".to_owned(), value));
    } else if let Some((user, password)) = user {
        let name = format!("{host}_PASSWORD");
        basic = Some((text::literal(&user), asker.secret(&name, Credential::Value(password))));
    }
    let mut tls = asker.tls(&http.tls_config);
    if tls.server_name.is_none() {
        // There, too, the name in the Host header is what the certificate must be for.
        let of = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, value)| value);
        tls.server_name = of.map(|host| host.split(':').next().unwrap_or(host).to_owned());
    }
    let prefers = Preference::of(&http.preferred_ip_protocol, http.ip_protocol_fallback.0);
    asker.addresses(prefers);
    let follows = http.follows();
    let expect = Expectation {
        status: statuses(http, follows, asker)?,
        body_contains: None,
        max_latency_ms: None,
        assertions: assertions(http, parsed.scheme() == "https", asker)?,
    };
    let request = HttpCheck {
        method,
        url,
        headers,
        basic,
        body: http.body.given().map(text::literal),
        redirects: if follows { REDIRECTS } else { 0 },
        tls,
        ip: prefers.version(),
        expect,
    };
    let kind = match &http.oauth2 {
        Some(oauth) => signed_in(oauth, request, asker),
        None => CheckKind::Http(request),
    };
    Ok((kind, host, prefers))
}

pub(super) fn proxies(url: &Text, from_environment: bool, asker: &mut Asker<'_>) {
    const WHY: &str = "probes ask without a proxy; run a probe where the address can be reached";
    if url.given().is_some() {
        asker.lost("proxy_url", "the proxy", WHY);
    }
    if from_environment {
        asker.lost("proxy_from_environment", "the proxy of the environment", WHY);
    }
}

fn headers(http: &Http, hostname: Option<&str>, asker: &mut Asker<'_>) -> Result<Vec<(String, String)>, String> {
    let mut headers = Vec::new();
    for (name, Text(value)) in &http.headers {
        if name.eq_ignore_ascii_case("host") && hostname.is_some_and(|hostname| hostname != value) {
            return Err(format!(
                "the header Host is \"{value}\" in the module, and \"{}\" by the parameter hostname",
                { hostname.unwrap_or_default() }
            ));
        }
        if name.eq_ignore_ascii_case("accept-encoding") && !is_plain(&http.compression.0) {
            // Said with the compression.
            continue;
        }
        headers.push((name.clone(), header(name, value, asker)));
    }
    for (name, values) in &http.http_headers {
        headers.extend(last_of(name, values, asker).map(|value| (name.clone(), value)));
    }
    if let Some(hostname) = hostname
        && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        headers.push(("Host".to_owned(), text::literal(hostname)));
    }
    Ok(headers)
}

/// A header's value; a credential becomes a secret.
pub(super) fn header(name: &str, value: &str, asker: &mut Asker<'_>) -> String {
    if !text::is_credential_header(name) {
        return text::literal(value);
    }
    let scheme = text::scheme_of(value);
    let credential = value.get(scheme.len()..).unwrap_or_default().to_owned();
    format!("{scheme}{}", asker.secret(name, Credential::Value(credential)))
}

/// Of several values Prometheus' client sends the last: values, then secrets, then files.
pub(super) fn last_of(name: &str, values: &HeaderValues, asker: &mut Asker<'_>) -> Option<String> {
    if let Some(file) = values.files.last() {
        return Some(asker.secret(name, Credential::File(file.0.clone())));
    }
    if let Some(secret) = values.secrets.last() {
        return Some(asker.secret(name, Credential::Value(secret.0.clone())));
    }
    values.values.last().map(|value| header(name, &value.0, asker))
}

pub(super) fn basic_auth(auth: &BasicAuth, asker: &mut Asker<'_>) -> (String, String) {
    let user = match (auth.username.given(), auth.username_file.given()) {
        (None, Some(path)) => asker.secret("USER", Credential::File(path.to_owned())),
        (user, _) => text::literal(user.unwrap_or_default()),
    };
    // A password may be empty, but is a secret all the same.
    let password = asker.secret_of("PASSWORD", &auth.password, &auth.password_file);
    let password = password.unwrap_or_else(|| asker.secret("PASSWORD", Credential::Value(String::new())));
    (user, password)
}

/// The value of the header Authorization, if it is said.
pub(super) fn authorization(
    authorization: Option<&Authorization>,
    [token, token_file]: [&Text; 2],
    asker: &mut Asker<'_>,
) -> Option<String> {
    if let Some(authorization) = authorization {
        let scheme = authorization.scheme.given().unwrap_or("Bearer");
        let (written, file) = (&authorization.credentials, &authorization.credentials_file);
        return asker.secret_of("TOKEN", written, file).map(|secret| format!("{} {secret}", text::literal(scheme)));
    }
    asker.secret_of("TOKEN", token, token_file).map(|secret| format!("Bearer {secret}"))
}

/// The request behind a step that gets a token.
fn signed_in(oauth: &OAuth2, mut request: HttpCheck, asker: &mut Asker<'_>) -> CheckKind {
    let secret = asker.secret_of("CLIENT_SECRET", &oauth.client_secret, &oauth.client_secret_file);
    proxies(&oauth.proxy_url, oauth.proxy_from_environment, asker);
    let tls = if oauth.tls_config == Tls::default() { request.tls.clone() } else { asker.tls(&oauth.tls_config) };
    let scopes: Vec<&str> = oauth.scopes.iter().map(|scope| scope.0.as_str()).collect();
    let mut params = Vec::new();
    for (name, Text(value)) in oauth.endpoint_params.iter().filter(|(name, _)| *name != "grant_type") {
        let value = if text::is_credential(name) {
            asker.secret(name, Credential::Value(value.clone())).replace('}', " | url}")
        } else {
            text::literal(&oauth::encoded(value))
        };
        params.push((name.as_str(), value));
    }
    let token = oauth::Token {
        url: text::literal(&oauth.token_url.0),
        client_id: text::literal(&oauth::encoded(&oauth.client_id.0)),
        client_secret: secret.unwrap_or_default(),
        scope: text::literal(&oauth::encoded(&scopes.join(" "))),
        params,
        tls: checks::TlsOptions { server_name: None, ..tls },
    };
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
    request.headers.push(("Authorization".to_owned(), "Bearer ${access_token}".to_owned()));
    let step = Step { name: "ask".to_owned(), request, extract: Vec::new(), always: false };
    CheckKind::Journey(JourneyCheck {
        variables: BTreeMap::new(),
        steps: vec![token.step(), step],
        max_latency_ms: None,
    })
}

/// The statuses that are good. One that redirects is never seen where redirects are followed.
fn statuses(http: &Http, follows: bool, asker: &mut Asker<'_>) -> Result<Vec<StatusRange>, String> {
    if http.valid_status_codes.is_empty() {
        return Ok(vec![StatusRange::SUCCESS]);
    }
    let valid = |status: u16| http.valid_status_codes.contains(&status);
    if follows && REDIRECTING.into_iter().any(valid) {
        let why = "redirects are followed, and what they end at is judged; to want a redirect, set redirects: 0";
        asker.changed("valid_status_codes", "a status that redirects", why);
    }
    if http.valid_status_codes.iter().any(|status| !(100..600).contains(status)) {
        asker.info("valid_status_codes", "a status outside of 100 to 599", "no server answers so");
    }
    let seen = |status| valid(status) && !(follows && REDIRECTING.contains(&status));
    let ranges = text::ranges(seen).ok_or("the valid statuses make too many ranges")?;
    if ranges.is_empty() {
        return Err("no status that can be seen is valid: redirects are followed (follow_redirects)".to_owned());
    }
    Ok(ranges)
}

fn is_plain(compression: &str) -> bool {
    matches!(compression, "" | "identity")
}

fn assertions(http: &Http, is_https: bool, asker: &mut Asker<'_>) -> Result<Vec<Assertion>, String> {
    let mut assertions = Vec::new();
    let mut hold = |of: Subject, is: Relation| assertions.push(Assertion { of, is });
    for matching in &http.fail_if_header_matches {
        let name = || Subject::Header(matching.header.0.clone());
        if !matching.allow_missing {
            hold(name(), Relation::Exists);
        }
        hold(name(), Relation::NotMatches(matching.regexp.here.clone()));
    }
    for (index, matching) in http.fail_if_header_not_matches.iter().enumerate() {
        if matching.allow_missing {
            let place = format!("fail_if_header_not_matches[{index}]");
            let why = "that a header is missing or matches can't be said here; matches: would want it to be there";
            asker.lost(&place, matching.header.0.clone(), why);
        } else {
            hold(Subject::Header(matching.header.0.clone()), Relation::Matches(matching.regexp.here.clone()));
        }
    }
    if !http.fail_if_header_matches.is_empty() || !http.fail_if_header_not_matches.is_empty() {
        let why = "several headers of one name are judged as one, joined by a comma";
        asker.info("fail_if_header_matches", "headers", why);
    }
    if !is_plain(&http.compression.0) {
        let why = "the answer is asked for uncompressed, and judged so; that it comes compressed is not checked";
        asker.lost("compression", http.compression.0.clone(), why);
    }
    for pattern in &http.fail_if_body_matches_regexp {
        hold(Subject::Body, Relation::NotMatches(pattern.here.clone()));
    }
    for pattern in &http.fail_if_body_not_matches_regexp {
        hold(Subject::Body, Relation::Matches(pattern.here.clone()));
    }
    for (key, cel) in [
        ("fail_if_body_json_matches_cel", &http.fail_if_body_json_matches_cel),
        ("fail_if_body_json_not_matches_cel", &http.fail_if_body_json_not_matches_cel),
    ] {
        if let Some(Text(cel)) = cel {
            asker.lost(key, cel.clone(), "expressions in CEL are not known here; say it as assertions on json");
        }
    }
    match http.body_size_limit.0 {
        0 => {}
        limit if limit < BODY_BYTES => hold(Subject::BodySize, Relation::AtMost(limit.to_string())),
        limit => asker.info("body_size_limit", limit.to_string(), "the first 1 MiB of a body is read, and judged"),
    }
    if http.fail_if_ssl {
        hold(Subject::TlsVersion, Relation::Missing);
    }
    if http.fail_if_not_ssl {
        hold(Subject::TlsVersion, Relation::Exists);
    }
    if is_https && http.tls_config.min_version.given() == Some("TLS13") {
        hold(Subject::TlsVersion, Relation::AtLeast("1.3".to_owned()));
    }
    if let Some(is) = versions(http, asker)? {
        hold(Subject::HttpVersion, is);
    }
    Ok(assertions)
}

fn versions(http: &Http, asker: &mut Asker<'_>) -> Result<Option<Relation>, String> {
    if http.valid_http_versions.is_empty() {
        if !http.enable_http2.0 {
            asker.info("enable_http2", "false", "the server chooses between HTTP/1.1 and HTTP/2");
        }
        return Ok(None);
    }
    let mut versions = Vec::new();
    for Text(version) in &http.valid_http_versions {
        match version.as_str() {
            "HTTP/1.0" | "HTTP/1.1" => versions.push(version.trim_start_matches("HTTP/").to_owned()),
            "HTTP/2.0" => versions.push("2".to_owned()),
            other => {
                asker.info("valid_http_versions", other, "no answer has this version there: HTTP/2 is \"HTTP/2.0\"")
            }
        }
    }
    if versions.is_empty() {
        return Err("none of the valid HTTP versions is one that an answer can have".to_owned());
    }
    if !http.enable_http2.0 && versions.iter().any(|version| version == "1.1") {
        let why = "the server chooses the version, so that none is wanted";
        asker.changed("enable_http2", "HTTP/1.1 alone", why);
        return Ok(None);
    }
    Ok(Some(Relation::OneOf(versions)))
}
