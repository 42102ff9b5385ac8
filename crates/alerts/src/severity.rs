//! How bad a sender says that it is.

use serde::{Deserialize, Serialize};

/// How bad an alert is, in PagerDuty's words; the first is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something is down.
    Critical,
    /// Something fails.
    Error,
    /// Something will fail.
    Warning,
    /// Something happened. Nobody is woken.
    Info,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::Error, Self::Warning, Self::Info];

    /// PagerDuty's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }

    /// True if somebody should look now.
    #[must_use]
    pub fn pages(self) -> bool {
        match self {
            Self::Critical | Self::Error | Self::Warning => true,
            Self::Info => false,
        }
    }

    /// What a sender's word means, in any case; none for a word that is not known here.
    ///
    /// Known are PagerDuty's four, those of syslog (RFC 5424, section 6.2.1), Zabbix and Opsgenie (`P1` to `P5`), and
    /// what Prometheus rules commonly have in their `severity` label (`page`; `none` is the watchdog's). What is in doubt
    /// is taken as the worse, since only the mildest wakes nobody.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "critical" | "crit" | "fatal" | "emergency" | "emerg" | "panic" | "alert" | "disaster" | "page" | "p0"
            | "p1" | "sev1" => Self::Critical,
            "error" | "err" | "high" | "major" | "severe" | "p2" | "sev2" => Self::Error,
            "warning" | "warn" | "medium" | "moderate" | "average" | "minor" | "low" | "ticket" | "p3" | "p4"
            | "sev3" => Self::Warning,
            "info" | "information" | "informational" | "notice" | "debug" | "none" | "ok" | "p5" => Self::Info,
            _ => return None,
        })
    }
}
