//! What the formats share: durations, patterns, credentials and templates.

use checks::{Maintenance, StatusRange};
use kernel::Weekday;

/// A check may have so many ranges of statuses.
const RANGES_MAX: usize = 20;

/// A duration of Go or Prometheus, in milliseconds: `1h30m`, `1.5s`, `2d`. A bare number has none.
pub(crate) fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() || rest.len() > 64 {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        let scale = match unit {
            "ns" => 1e-6,
            "us" | "µs" => 1e-3,
            "ms" => 1.0,
            "s" => 1e3,
            "m" => 6e4,
            "h" => 3.6e6,
            "d" => 8.64e7,
            "w" => 6.048e8,
            "y" => 3.1536e10,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * scale;
        rest = tail;
    }
    (0.0..1e15).contains(&total).then_some(total.round() as u64)
}

/// A number of milliseconds without its fraction; none below 0, and no more than a day has.
pub(crate) fn whole(ms: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to a day")]
    let whole = ms.clamp(0.0, 86_400_000.0) as u64;
    whole
}

/// The ranges of all statuses of which something holds; none if they are too many.
pub(crate) fn ranges(holds: impl Fn(u16) -> bool) -> Option<Vec<StatusRange>> {
    let mut ranges: Vec<StatusRange> = Vec::new();
    for status in (100..600).filter(|status| holds(*status)) {
        match ranges.last_mut() {
            Some(last) if last.to + 1 == status => last.to = status,
            Some(_) | None => ranges.push(StatusRange { from: status, to: status }),
        }
    }
    (ranges.len() <= RANGES_MAX).then_some(ranges)
}

/// A text in which nothing is a template.
pub(crate) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// True if a header of this name carries a credential.
pub(crate) fn is_credential_header(name: &str) -> bool {
    let name = name.to_lowercase();
    matches!(name.as_str(), "authorization" | "proxy-authorization" | "cookie") || is_credential(&name)
}

/// True if something of this name is a credential.
pub(crate) fn is_credential(name: &str) -> bool {
    const WORDS: [&str; 10] =
        ["token", "secret", "password", "passwd", "apikey", "api_key", "signature", "auth", "credential", "private"];
    let name = name.to_lowercase().replace('-', "_");
    matches!(name.as_str(), "key" | "sig" | "pass" | "pwd") || WORDS.iter().any(|word| name.contains(word))
}

/// The words of an authorization before the credential: `Bearer `, `Basic `.
pub(crate) fn scheme_of(value: &str) -> &str {
    match value.split_once(' ') {
        Some((scheme, _)) if scheme.len() <= 12 && scheme.chars().all(|c| c.is_ascii_alphabetic()) => {
            value.get(..=scheme.len()).unwrap_or_default()
        }
        Some(_) | None => "",
    }
}

/// A day's number, Monday being 1, from its English name.
pub(crate) fn day(name: &str) -> Option<Weekday> {
    let name = name.to_lowercase();
    Weekday::ALL.into_iter().find(|day| day.as_str().get(..3).is_some_and(|start| name.starts_with(start)))
}

/// A window of maintenance, if its parts are valid.
pub(crate) fn window(days: Vec<Weekday>, from: &str, duration_ms: u64, time_zone: &str) -> Option<Maintenance> {
    let from = from.parse().ok()?;
    kernel::zone(time_zone)?;
    (1..=24 * 3_600_000).contains(&duration_ms).then(|| Maintenance {
        days,
        from,
        duration_ms,
        time_zone: time_zone.to_owned(),
    })
}

/// An address without the user and password in it, and these.
pub(crate) fn without_user(address: &str) -> (String, Option<(String, String)>) {
    let Some((scheme, rest)) = address.split_once("://") else { return (address.to_owned(), None) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let Some((user, host)) = authority.rsplit_once('@') else { return (address.to_owned(), None) };
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    (format!("{scheme}://{host}{tail}"), Some((user.to_owned(), password.to_owned())))
}

/// An address as a template in which no credential of its query is written: each value whose name says that it is one
/// becomes what `secret` gives for it, by name and value. The user and password are gone already.
pub(crate) fn without_credentials(address: &str, mut secret: impl FnMut(&str, String) -> String) -> String {
    let Some((before, rest)) = address.split_once('?') else { return literal(address) };
    let (query, fragment) = rest.split_once('#').map_or((rest, None), |(query, rest)| (query, Some(rest)));
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_credential(name) && !value.is_empty() => {
            let pair = format!("v={value}");
            let decoded = url::form_urlencoded::parse(pair.as_bytes()).map(|(_, value)| value.into_owned()).collect();
            let reference = secret(name, decoded);
            format!("{}={}", literal(name), reference.replace('}', " | url}"))
        }
        Some(_) | None => literal(pair),
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    let fragment = fragment.map_or_else(String::new, |fragment| format!("#{}", literal(fragment)));
    format!("{}?{query}{fragment}", literal(before))
}
