//! Media types: which of those on offer is meant by one that is asked for.

use serde_json::Value;

/// What bodies are compared in; others are only known to be there.
pub(crate) const COMPARED: [&str; 3] = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"];

/// The one of the offers that suits what is asked for (a list as in `Accept`): the same one, or one that differs only in its
/// parameters, in its vendor's prefix (`application/problem+json` is JSON), or by a wildcard, in this order.
pub(crate) fn matching<'o>(asked: &str, offers: &[&'o str]) -> Option<&'o str> {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
    let mut ranked: Vec<(f64, String)> = asked.split(',').map(|one| quality_apart(&squeezed(one))).collect();
    ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let asked: Vec<String> = ranked.into_iter().map(|(_, one)| one).collect();
    let available: Vec<String> = offers.iter().map(|offer| squeezed(offer)).collect();

    let found = |asked: &[String], available: &[String], suits: &dyn Fn(&str, &str) -> bool| {
        asked.iter().find_map(|one| {
            let index = available.iter().position(|offer| suits(offer, one))?;
            offers.get(index).copied()
        })
    };
    if let Some(offer) = found(&asked, &available, &|offer, one| offer == one) {
        return Some(offer);
    }
    let bare = |list: Vec<String>| -> Vec<String> {
        list.into_iter().map(|one| one.split(';').next().unwrap_or_default().to_owned()).collect()
    };
    let (asked, available) = (bare(asked), bare(available));
    found(&asked, &available, &|offer, one| offer == one)
        .or_else(|| {
            found(&asked, &available, &|offer, one| family(offer) == family(one) && subtype(offer) == subtype(one))
        })
        .or_else(|| {
            found(&asked, &available, &|offer, one| subtype(offer) == Some("*") && family(offer) == family(one))
        })
        .or_else(|| available.iter().any(|offer| offer == "*/*").then_some("*/*"))
        .or_else(|| found(&asked, &available, &|offer, one| subtype(one) == Some("*") && family(offer) == family(one)))
        .or_else(|| if asked.iter().any(|one| one == "*/*") { offers.first().copied() } else { None })
}

/// What a map of media types says of one.
pub(crate) fn of<'v>(content: Option<&'v Value>, media_type: &str) -> Option<&'v Value> {
    let content = content?;
    content.get(matching(media_type, &types(Some(content)))?)
}

/// The media types that are the keys of a map.
pub(crate) fn types(content: Option<&Value>) -> Vec<&str> {
    content.and_then(Value::as_object).map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// What becomes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    Compare,
    /// There is nothing to compare.
    Skip,
    /// It is there, in a form that nobody compares.
    Warn,
}

pub(crate) fn treatment(media_type: &str, body: Option<&Value>) -> Treatment {
    if matching(media_type, &COMPARED).is_some() {
        Treatment::Compare
    } else if body.is_some() {
        Treatment::Warn
    } else {
        Treatment::Skip
    }
}

/// A media type's weight (`;q=0.5`), and the type without it.
fn quality_apart(one: &str) -> (f64, String) {
    let Some((before, after)) = one.split_once(";q=").filter(|(_, after)| after.starts_with(['0', '1'])) else {
        return (1.0, one.to_owned());
    };
    // The first digit, any one character, and more digits: as loosely as the comparator reads it.
    let mut end = 1;
    let mut rest = after.char_indices().skip(1).peekable();
    if let Some((index, one)) = rest.next_if(|(_, one)| !one.is_ascii_digit()) {
        end = index + one.len_utf8();
    }
    while let Some((index, _)) = rest.next_if(|(_, one)| one.is_ascii_digit()) {
        end = index + 1;
    }
    let digits: String = after.chars().take_while(|one| one.is_ascii_digit() || *one == '.').collect();
    let weight = digits.parse().unwrap_or(1.0);
    (weight, format!("{before}{}", after.get(end..).unwrap_or_default()))
}

fn family(media_type: &str) -> &str {
    media_type.split('/').next().unwrap_or_default()
}

fn subtype(media_type: &str) -> Option<&str> {
    media_type.split('/').nth(1)?.rsplit('+').next()
}

/// Request header fields that need no word in a document.
pub(crate) const STANDARD_IN_REQUESTS: [&str; 33] = [
    "accept",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-length",
    "content-md5",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "range",
    "referer",
    "te",
    "upgrade",
    "user-agent",
    "via",
    "warning",
];

/// Response header fields that are a warning where a document doesn't say them.
pub(crate) const STANDARD_IN_RESPONSES: [&str; 40] = [
    "access-control-allow-origin",
    "accept-patch",
    "accept-ranges",
    "age",
    "allow",
    "alt-svc",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "date",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "p3p",
    "pragma",
    "proxy-authenticate",
    "public-key-pins",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "status",
    "strict-transport-security",
    "trailer",
    "transfer-encoding",
    "tsv",
    "upgrade",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-frame-options",
];
