//! What a check asks for, and what a good answer is.

use std::{fmt, time::Duration};

use kernel::EntityRef;
use serde::{Deserialize, Serialize};

/// One check, complete and valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckDefinition {
    /// The check itself, such as `check:default/storefront-buys`.
    pub check: EntityRef,
    /// What users reach by this path: the component that is broken when the check fails.
    pub target: EntityRef,
    /// What else lies on the path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<EntityRef>,
    /// What is asked for.
    pub kind: CheckKind,
    /// From the start of one run to the start of the next.
    pub interval_ms: u64,
    /// After how long a run has failed.
    pub timeout_ms: u64,
    /// Failing runs in a row that make the check down.
    pub failures_to_down: u32,
    /// Good runs in a row that make it up again.
    pub successes_to_up: u32,
    /// How bad it is when this path is broken.
    pub severity: Severity,
}

/// The sorts of check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// One HTTP request.
    Http(HttpCheck),
}

/// One HTTP request, and the answer that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCheck {
    /// The method.
    pub method: Method,
    /// The address: http or https, without user or password.
    pub url: String,
    /// Header names and values, in the order given. None of them holds a credential.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What a good answer is.
    pub expect: Expectation,
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
}

/// A range of HTTP statuses, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRange {
    /// The lowest.
    pub from: u16,
    /// The highest.
    pub to: u16,
}

/// How bad it is when a path is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It can wait for the morning.
    Low,
    /// It should not wait.
    High,
    /// Users can't do what they came for.
    Critical,
}

impl CheckDefinition {
    /// From the start of one run to the start of the next.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// After how long a run has failed.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// Everything on the critical path, the target first.
    #[must_use]
    pub fn critical_path(&self) -> Vec<EntityRef> {
        std::iter::once(&self.target).chain(&self.path).cloned().collect()
    }

    /// How long without a result is silence: three intervals, and the time that a run may take.
    #[must_use]
    pub fn silent_after(&self) -> Duration {
        self.interval().saturating_mul(3).saturating_add(self.timeout())
    }

    /// What the check asks for, in a few words: `GET https://shop.example/`.
    #[must_use]
    pub fn request(&self) -> String {
        match &self.kind {
            CheckKind::Http(http) => format!("{} {}", http.method.as_str(), crate::shown(&http.url)),
        }
    }
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

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::High, Self::Low];

    /// The severity's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Low => "low",
        }
    }
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

impl fmt::Display for StatusRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
