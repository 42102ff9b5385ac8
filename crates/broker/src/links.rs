//! Where everything is.

use serde_json::{Value, json};

/// The addresses of resources, as a client reaches them.
#[derive(Debug, Clone)]
pub struct Links {
    base: String,
}

/// A segment of a path, percent-encoded.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    encode(text, &mut encoded);
    encoded
}

fn encode(text: &str, into: &mut String) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            into.push(char::from(byte));
        } else {
            let digit = |half: u8| HEX.get(usize::from(half)).copied().unwrap_or('0');
            into.push('%');
            into.push(digit(byte >> 4));
            into.push(digit(byte & 15));
        }
    }
}

/// A link.
pub(crate) fn link(href: impl Into<String>) -> Value {
    json!({"href": href.into()})
}

/// A link with a title.
pub(crate) fn titled(href: impl Into<String>, title: &str) -> Value {
    json!({"title": title, "href": href.into()})
}

/// A link with a name.
pub(crate) fn named(href: impl Into<String>, name: &str) -> Value {
    json!({"name": name, "href": href.into()})
}

/// A link with a title and a name.
pub(crate) fn entitled(href: impl Into<String>, title: &str, name: &str) -> Value {
    json!({"title": title, "name": name, "href": href.into()})
}

/// A link that has parameters.
pub(crate) fn templated(href: impl Into<String>, title: &str) -> Value {
    json!({"title": title, "href": href.into(), "templated": true})
}

impl Links {
    /// The addresses below this one, which has no slash at its end.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned() }
    }

    /// The index.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What lies below the index: the parts of the path, encoded.
    #[must_use]
    pub fn at(&self, parts: &[&str]) -> String {
        let room: usize = parts.iter().map(|part| part.len() + 1).sum();
        let mut address = String::with_capacity(self.base.len() + room + 16);
        address.push_str(&self.base);
        for part in parts {
            address.push('/');
            encode(part, &mut address);
        }
        address
    }

    /// What lies below the index, as it is written.
    #[must_use]
    pub fn raw(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn pacticipant(&self, name: &str) -> String {
        self.at(&["pacticipants", name])
    }

    pub(crate) fn version(&self, name: &str, number: &str) -> String {
        self.at(&["pacticipants", name, "versions", number])
    }

    pub(crate) fn tag(&self, name: &str, number: &str, tag: &str) -> String {
        self.at(&["pacticipants", name, "versions", number, "tags", tag])
    }

    pub(crate) fn branch(&self, name: &str, branch: &str) -> String {
        self.at(&["pacticipants", name, "branches", branch])
    }

    pub(crate) fn branch_version(&self, name: &str, branch: &str, number: &str) -> String {
        self.at(&["pacticipants", name, "branches", branch, "versions", number])
    }

    pub(crate) fn label(&self, name: &str, label: &str) -> String {
        self.at(&["pacticipants", name, "labels", label])
    }

    /// Between two.
    pub(crate) fn pacts(&self, provider: &str, consumer: &str) -> String {
        self.at(&["pacts", "provider", provider, "consumer", consumer])
    }

    pub(crate) fn pact(&self, provider: &str, consumer: &str, number: &str) -> String {
        format!("{}/version/{}", self.pacts(provider, consumer), segment(number))
    }

    pub(crate) fn pact_version(&self, provider: &str, consumer: &str, sha: &str) -> String {
        format!("{}/pact-version/{sha}", self.pacts(provider, consumer))
    }

    /// A content with what is to be remembered of why it was asked for.
    pub(crate) fn pact_version_with(&self, provider: &str, consumer: &str, sha: &str, metadata: &str) -> String {
        let at = self.pact_version(provider, consumer, sha);
        if metadata.is_empty() { at } else { format!("{at}/metadata/{metadata}") }
    }

    pub(crate) fn verification(&self, provider: &str, consumer: &str, sha: &str, number: u32) -> String {
        format!("{}/verification-results/{number}", self.pact_version(provider, consumer, sha))
    }

    pub(crate) fn provider_pacts(&self, provider: &str) -> String {
        self.at(&["pacts", "provider", provider])
    }

    pub(crate) fn environment(&self, id: &str) -> String {
        self.at(&["environments", id])
    }

    pub(crate) fn webhook(&self, id: &str) -> String {
        self.at(&["webhooks", id])
    }

    /// Upstream's documentation of relations.
    pub(crate) fn curies(&self) -> Value {
        json!([{"name": "pb", "href": self.raw("/doc/{rel}?context=pacts"), "templated": true}])
    }
}
