//! Reading a broker: pages, versions, what is where.

use std::collections::BTreeSet;

use kernel::{Refusal, codes};
use serde_json::Value;

use crate::hal::Broker;

/// Items of a page.
const PAGE_ITEMS: &str = "100";
/// Pages of a list.
const PAGES_MAX: usize = 100_000;

/// A version of a pacticipant.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) number: String,
    pub(super) build_url: Option<String>,
    /// Its branches, each with whether it is the newest of it.
    pub(super) branches: Vec<(String, bool)>,
    pub(super) tags: Vec<String>,
    /// The providers with which it has a pact.
    pub(super) providers: Vec<String>,
}

impl Version {
    pub(super) fn is_on(&self, branch: &str) -> bool {
        self.branches.iter().any(|(on, _)| on == branch)
    }

    pub(super) fn is_head_of(&self, branch: &str) -> bool {
        self.branches.iter().any(|(on, latest)| on == branch && *latest)
    }

    pub(super) fn of(document: &Value) -> Option<Self> {
        let embedded = |key: &str| list(document, &format!("/_embedded/{key}"));
        let branches = embedded("branchVersions")
            .iter()
            .filter_map(|on| Some((text(on, "/name")?, on.get("latest").and_then(Value::as_bool).unwrap_or_default())));
        let pacts = list(document, "/_links/pb:pact-versions").iter();
        Some(Self {
            number: text(document, "/number")?,
            build_url: text(document, "/buildUrl").filter(|url| !url.is_empty()),
            branches: branches.collect(),
            tags: embedded("tags").iter().filter_map(|tag| text(tag, "/name")).collect(),
            providers: pacts.filter_map(|pact| after(&text(pact, "/href")?, "provider")).collect(),
        })
    }
}

/// A text of a document.
pub(super) fn text(document: &Value, pointer: &str) -> Option<String> {
    document.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

/// A list of a document.
pub(super) fn list<'a>(document: &'a Value, pointer: &str) -> &'a [Value] {
    document.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The segment after the one of this name, decoded: `b c` of `/a/b%20c` after `a`.
pub(super) fn after(href: &str, name: &str) -> Option<String> {
    let path = href.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path.split('/').skip_while(|segment| *segment != name);
    segments.next();
    decoded(segments.next()?)
}

/// A segment of an address (RFC 3986, 2.1).
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// All items of a list, page by page. Brokers that know no pages answer with all of it at once.
///
/// # Errors
/// What is refused.
pub(super) async fn all(broker: &Broker, path: &[&str], pointer: &str) -> Result<Vec<Value>, Refusal> {
    let mut items = Vec::new();
    for number in 1..=PAGES_MAX {
        let number = number.to_string();
        let page = broker.get(path, &[("page", &number), ("size", PAGE_ITEMS)]).await?;
        let found = list(&page, pointer);
        items.extend(found.iter().cloned());
        let pages = page.pointer("/page/totalPages").and_then(Value::as_u64).unwrap_or(1);
        if found.is_empty() || number.parse::<u64>().is_ok_and(|number| number >= pages) {
            return Ok(items);
        }
    }
    Err(Refusal::new(&codes::TOO_LARGE, format!("{} has more than {PAGES_MAX} pages of them", broker.place())))
}

/// A pacticipant's versions, the oldest first.
///
/// # Errors
/// What is refused.
pub(super) async fn versions(broker: &Broker, pacticipant: &str) -> Result<Vec<Version>, Refusal> {
    let path = ["pacticipants", pacticipant, "versions"];
    let listed = match all(broker, &path, "/_embedded/versions").await {
        Ok(listed) => listed,
        Err(refusal) if refusal.code == &codes::NOT_FOUND => return Ok(Vec::new()),
        Err(refusal) => return Err(refusal),
    };
    let mut versions: Vec<Version> = Vec::with_capacity(listed.len());
    // While it is read, a new version may move others to the next page.
    let mut seen = BTreeSet::new();
    for document in &listed {
        let whole = document.pointer("/_links/pb:pact-versions").is_some();
        let Some(mut version) = Version::of(document) else { continue };
        if !seen.insert(version.number.clone()) {
            continue;
        }
        if !whole {
            // Older brokers list less than they show of one.
            let shown = broker.find(&["pacticipants", pacticipant, "versions", &version.number], &[]).await?;
            version = shown.as_ref().and_then(Version::of).unwrap_or(version);
        }
        versions.push(version);
    }
    versions.reverse();
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_read_of_addresses() {
        let href = "https://b.example/pact/pacts/provider/Foo%2FBar%20%C3%A9/consumer/c/version/1?x=provider/y";
        assert_eq!(after(href, "provider").as_deref(), Some("Foo/Bar é"));
        assert_eq!(after(href, "version").as_deref(), Some("1"));
        assert_eq!(after(href, "nothing"), None);
        assert_eq!(after("/provider/%zz", "provider"), None);
        assert_eq!(after("/provider/%4", "provider"), None);
    }

    #[test]
    fn a_version_is_read_with_all_that_belongs_to_it() {
        let document = json!({
            "number": "1", "buildUrl": null,
            "_embedded": {"branchVersions": [{"name": "main", "latest": true}], "tags": [{"name": "prod"}]},
            "_links": {"pb:pact-versions": [{"href": "http://b/pacts/provider/p%2Fq/consumer/c/version/1"}]},
        });
        let version = Version::of(&document).unwrap();
        assert_eq!((version.number.as_str(), version.build_url), ("1", None));
        assert_eq!((version.branches, version.tags), (vec![("main".to_owned(), true)], vec!["prod".to_owned()]));
        assert_eq!(version.providers, ["p/q"]);
    }
}
