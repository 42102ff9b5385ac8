//! HTTP: one request, or a journey of several.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Assertion, IpVersion, TlsOptions, is_default};

/// One HTTP request, and the answer that is wanted. Texts may be templates, see [`crate::template`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCheck {
    /// The method.
    pub method: Method,
    /// The address: http or https, without user or password.
    pub url: String,
    /// Header names and values, in the order given. A credential in them is a reference to a secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The user and password of basic authentication; the password is a reference to a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<(String, String)>,
    /// The body to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How many redirects are followed.
    #[serde(default = "HttpCheck::redirects_default", skip_serializing_if = "HttpCheck::is_redirects_default")]
    pub redirects: u8,
    /// What is asked of TLS.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tls: TlsOptions,
    /// Over which version of IP.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ip: IpVersion,
    /// What a good answer is.
    pub expect: Expectation,
}

impl HttpCheck {
    /// The redirects that are followed if nothing is said.
    pub const REDIRECTS: u8 = 5;

    fn redirects_default() -> u8 {
        Self::REDIRECTS
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
    fn is_redirects_default(redirects: &u8) -> bool {
        *redirects == Self::REDIRECTS
    }
}

/// The methods that a check may use (RFC 9110, section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are the methods")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl Method {
    /// Every method, in the order in which they are offered.
    pub const ALL: [Self; 7] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete, Self::Options];

    /// The method as it is sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

/// What a good answer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// The status is in one of these ranges.
    pub status: Vec<StatusRange>,
    /// The body contains this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_contains: Option<String>,
    /// A good answer that took longer than this is slow: the check degrades, but isn't down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_latency_ms: Option<u64>,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

/// A range of HTTP statuses, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRange {
    /// The lowest.
    pub from: u16,
    /// The highest.
    pub to: u16,
}

impl StatusRange {
    /// 200 to 299.
    pub const SUCCESS: Self = Self { from: 200, to: 299 };

    /// True if `status` is in the range.
    #[must_use]
    pub fn contains(self, status: u16) -> bool {
        (self.from..=self.to).contains(&status)
    }
}

impl std::fmt::Display for StatusRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundreds = self.from / 100;
        if self.from == self.to {
            write!(f, "{}", self.from)
        } else if self.from == hundreds * 100 && self.to == hundreds * 100 + 99 {
            write!(f, "{hundreds}xx")
        } else {
            write!(f, "{}-{}", self.from, self.to)
        }
    }
}

/// Several requests in a row, as one user makes them. It is down if one of its steps fails; those after it aren't made,
/// unless they are `always`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JourneyCheck {
    /// Values that templates may name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// What is done, in order. Not empty.
    pub steps: Vec<Step>,
    /// A journey that worked but took longer than this, in all, is slow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_latency_ms: Option<u64>,
}

/// One request of a journey. Cookies go from step to step as in a browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name, for people.
    pub name: String,
    /// What is asked for.
    pub request: HttpCheck,
    /// What is remembered of the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extract: Vec<Extract>,
    /// Done even if a step before it failed, such as signing out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub always: bool,
}

/// Something that is remembered of an answer. That it is there is part of what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extract {
    /// The variable that it becomes.
    pub name: String,
    /// Where it is found.
    pub from: Source,
}

/// Where something is found in an answer. A pattern's first group is taken, or else all that it matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The first node of a JSONPath (RFC 9535).
    Json(String),
    /// A header, by name, or what a pattern finds in it.
    Header(String, Option<String>),
    /// What a pattern finds in the body.
    Body(String),
    /// A cookie's value.
    Cookie(String),
    /// What a pattern finds in the address that answered in the end.
    Url(String),
}
