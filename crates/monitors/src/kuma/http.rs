//! The types `http`, `keyword` and `json-query`.

use std::collections::BTreeMap;

use checks::{
    Assertion, CheckKind, Expectation, HttpCheck, IpVersion, JourneyCheck, Method, Relation, StatusRange, Step,
    Subject, TlsOptions,
};
use serde_json::Value;

use super::{jsonata, text, tree, truth, whole};
use crate::{document::as_text, imported::Import, oauth, text as texts};

const REDIRECTING: [u16; 5] = [301, 302, 303, 307, 308];
const REDIRECTS_MAX: u64 = 20;

pub(super) fn kind(
    monitor: &Value,
    title: &str,
    sort: &str,
    place: &str,
    import: &mut Import<'_>,
) -> Result<CheckKind, String> {
    let word = text(monitor, "method").unwrap_or_else(|| "GET".to_owned());
    let method = Method::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(&word));
    let method = method.ok_or_else(|| format!("a check doesn't use the method {word}"))?;
    let (url, user) = texts::without_user(&text(monitor, "url").unwrap_or_default());
    let wanted = wanted(monitor, sort)?;
    let mut url = texts::without_credentials(&url, |name, _| import.secret(&format!("{title}_{name}")));
    if truth(monitor, "cache_bust") {
        let sign = if url.contains('?') { '&' } else { '?' };
        url = format!("{url}{sign}uptime_kuma_cachebuster=${{random.hex}}");
    }
    if whole(monitor, "proxy_id").is_some() {
        let why = "probes ask without a proxy; run a probe where the address can be reached";
        import.lost(&format!("{place}.proxy_id"), "the proxy", why);
    }
    let mut headers = headers(monitor, title, place, import);
    let body = text(monitor, "body").filter(|body| !body.trim().is_empty());
    if body.is_some() && !has(&headers, "content-type") {
        let media_type = match text(monitor, "http_body_encoding").as_deref() {
            None | Some("json") => "application/json",
            Some("form") => "application/x-www-form-urlencoded",
            Some(_) => "text/xml; charset=utf-8",
        };
        headers.push(("Content-Type".to_owned(), media_type.to_owned()));
    }
    let mut tls = TlsOptions { insecure: truth(monitor, "ignore_tls"), ..TlsOptions::default() };
    let mut basic = user.map(|(user, _)| (texts::literal(&user), import.secret(&format!("{title}_PASSWORD"))));
    let mut token = None;
    match text(monitor, "auth_method").as_deref() {
        // Before it had a method, a user was enough.
        Some("basic") => basic = Some(of_basic(monitor, title, import)),
        None if text(monitor, "basic_auth_user").is_some() => basic = Some(of_basic(monitor, title, import)),
        Some("bearer") => put(&mut headers, format!("Bearer {}", import.secret(&format!("{title}_TOKEN")))),
        Some("oauth2-cc") => {
            token = Some(of_oauth(monitor, title, place, import));
            put(&mut headers, "Bearer ${access_token}".to_owned());
        }
        Some("mtls") => {
            let why = "probes have no certificate of their own for a server";
            import.lost(&format!("{place}.tls_cert"), "the client's certificate", why);
            tls.ca = text(monitor, "tls_ca");
        }
        Some("ntlm") => return Err("nobody signs in by NTLM here".to_owned()),
        Some(_) | None => {}
    }
    if basic.is_some() {
        let why = "it is not written where everybody can read it; set the secret";
        import.changed(&format!("{place}.basic_auth_pass"), "the password", why);
    }
    let redirects = whole(monitor, "maxredirects").unwrap_or(10).min(REDIRECTS_MAX);
    let request = HttpCheck {
        method,
        url,
        headers,
        basic,
        body: body.map(|body| texts::literal(&body)),
        redirects: u8::try_from(redirects).unwrap_or(HttpCheck::REDIRECTS),
        tls,
        ip: ip(monitor),
        expect: Expectation {
            status: statuses(monitor, redirects > 0)?,
            body_contains: None,
            max_latency_ms: None,
            assertions: wanted,
        },
    };
    Ok(match token {
        Some(token) => {
            let step = Step { name: title.to_owned(), request, extract: Vec::new(), always: false };
            let steps = vec![token, step];
            CheckKind::Journey(JourneyCheck { variables: BTreeMap::new(), steps, max_latency_ms: None })
        }
        None => CheckKind::Http(request),
    })
}

pub(super) fn ip(monitor: &Value) -> IpVersion {
    match text(monitor, "ip_family").as_deref() {
        Some("ipv4") => IpVersion::V4,
        Some("ipv6") => IpVersion::V6,
        Some(_) | None => IpVersion::Any,
    }
}

fn has(headers: &[(String, String)], name: &str) -> bool {
    headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// The header Authorization, unless the monitor's own headers have one: those are stronger there.
fn put(headers: &mut Vec<(String, String)>, value: String) {
    if !has(headers, "authorization") {
        headers.push(("Authorization".to_owned(), value));
    }
}

fn of_basic(monitor: &Value, title: &str, import: &mut Import<'_>) -> (String, String) {
    let user = text(monitor, "basic_auth_user").unwrap_or_default();
    (texts::literal(&user), import.secret(&format!("{title}_PASSWORD")))
}

fn of_oauth(monitor: &Value, title: &str, place: &str, import: &mut Import<'_>) -> Step {
    let why = "it is not written where everybody can read it; set the secret";
    import.changed(&format!("{place}.oauth_client_secret"), "the client's secret", why);
    if text(monitor, "oauth_auth_method").as_deref() == Some("client_secret_basic") {
        let why = "the client's id and secret are in the form, and not in a header";
        import.changed(&format!("{place}.oauth_auth_method"), "client_secret_basic", why);
    }
    let encoded = |name: &str| texts::literal(&oauth::encoded(&text(monitor, name).unwrap_or_default()));
    let audience = text(monitor, "oauth_audience").map(|_| ("audience", encoded("oauth_audience")));
    let token = oauth::Token {
        url: texts::literal(&text(monitor, "oauth_token_url").unwrap_or_default()),
        client_id: encoded("oauth_client_id"),
        client_secret: import.secret(&format!("{title}_CLIENT_SECRET")),
        scope: encoded("oauth_scopes"),
        params: audience.into_iter().collect(),
        tls: TlsOptions::default(),
    };
    token.step()
}

/// The headers, which are JSON as text; a credential becomes a secret.
pub(super) fn headers(monitor: &Value, title: &str, place: &str, import: &mut Import<'_>) -> Vec<(String, String)> {
    let given = tree(monitor, "headers");
    if text(monitor, "headers").is_some_and(|text| !text.trim().is_empty()) && !given.is_object() {
        import.lost(&format!("{place}.headers"), "the headers", "they are not JSON");
    }
    let mut headers = Vec::new();
    for (name, value) in given.as_object().into_iter().flatten() {
        let Some(value) = as_text(value) else { continue };
        let value = if texts::is_credential_header(name) {
            let why = "a credential is not written where everybody can read it; set the secret";
            import.changed(&format!("{place}.headers.{name}"), format!("the value of {name}"), why);
            format!("{}{}", texts::scheme_of(&value), import.secret(&format!("{title}_{name}")))
        } else {
            texts::literal(&value)
        };
        headers.push((name.clone(), value));
    }
    headers
}

/// The accepted statuses; one that redirects is never seen where redirects are followed.
fn statuses(monitor: &Value, follows: bool) -> Result<Vec<StatusRange>, String> {
    let accepted = accepted(monitor);
    let accepted = if accepted.is_empty() { vec![(200, 299)] } else { accepted };
    let good = |status: u16| {
        let stays = !(follows && REDIRECTING.contains(&status));
        stays && accepted.iter().any(|(from, to)| (*from..=*to).contains(&u64::from(status)))
    };
    let ranges = texts::ranges(good).ok_or("the accepted statuses make too many ranges")?;
    if ranges.is_empty() { Err("no status that can be seen is accepted".to_owned()) } else { Ok(ranges) }
}

/// The ranges of accepted codes.
pub(super) fn accepted(monitor: &Value) -> Vec<(u64, u64)> {
    let of = |name: &str| tree(monitor, name).as_array().cloned();
    let codes = of("accepted_statuscodes_json").or_else(|| of("accepted_statuscodes")).unwrap_or_default();
    let range = |code: &Value| {
        let text = as_text(code)?;
        let (from, to) = text.split_once('-').unwrap_or((&text, &text));
        Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
    };
    codes.iter().filter_map(range).collect()
}

fn wanted(monitor: &Value, sort: &str) -> Result<Vec<Assertion>, String> {
    let expected = |name: &str| text(monitor, name).unwrap_or_default();
    match sort {
        "keyword" => {
            let keyword = expected("keyword");
            let inverted = truth(monitor, "invert_keyword");
            let is = if inverted { Relation::NotContains(keyword) } else { Relation::Contains(keyword) };
            Ok(vec![Assertion { of: Subject::Body, is }])
        }
        "json-query" => {
            let path = jsonata::path(&expected("json_path"))?;
            let expected = expected("expected_value");
            let of = || Subject::Json(path.clone());
            let is = match text(monitor, "json_path_operator").as_deref() {
                None | Some("==") => Relation::Equals(expected),
                Some("!=") => {
                    // What isn't there is not good there either.
                    let there = Assertion { of: of(), is: Relation::Exists };
                    return Ok(vec![there, Assertion { of: of(), is: Relation::NotEquals(expected) }]);
                }
                Some("<") => Relation::LessThan(expected),
                Some("<=") => Relation::AtMost(expected),
                Some(">") => Relation::GreaterThan(expected),
                Some(">=") => Relation::AtLeast(expected),
                Some("contains") => Relation::Contains(expected),
                Some(other) => return Err(format!("the comparison \"{other}\" is not known here")),
            };
            Ok(vec![Assertion { of: of(), is }])
        }
        _ => Ok(Vec::new()),
    }
}
