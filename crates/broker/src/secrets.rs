//! What is secret of a webhook.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// What stands for a secret when a webhook is shown.
pub(crate) const MASK: &str = "**********";
/// Of a secret where a text was cut off, so many bytes are not shown any more.
const PART_BYTES_MIN: usize = 4;

/// What is secret of a webhook, as it is sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// The password of basic authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The headers that are secret.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

impl Secrets {
    /// True if nothing is secret.
    pub(crate) fn is_empty(&self) -> bool {
        self.password.is_none() && self.headers.is_empty()
    }

    /// The text with what is secret masked, also as it is sent with this user, or as a receiver may write it.
    #[must_use]
    pub fn masked(&self, user: Option<&str>, text: &str) -> String {
        let mut secrets: Vec<String> = self.password.iter().chain(self.headers.values()).cloned().collect();
        // What follows the scheme: `Bearer abc`.
        let after_scheme = self.headers.values().filter_map(|value| value.split_once(' '));
        secrets.extend(after_scheme.map(|(_, value)| value.trim().to_owned()));
        if let Some(user) = user {
            let both = format!("{user}:{}", self.password.as_deref().unwrap_or_default());
            secrets.push(STANDARD.encode(both));
        }
        let escaped: Vec<String> = secrets.iter().map(|secret| in_json(secret)).collect();
        secrets.extend(escaped);
        secrets.retain(|secret| !secret.is_empty());
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let text = secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASK));
        let cut = secrets.iter().filter_map(|secret| begun(&text, secret)).max();
        match cut.and_then(|cut| text.get(..text.len() - cut)) {
            Some(before) => format!("{before}{MASK}"),
            None => text,
        }
    }
}

/// As it stands between quotes in JSON.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned()
}

/// How many of the secret's first bytes the text ends with.
fn begun(text: &str, secret: &str) -> Option<usize> {
    let parts = (PART_BYTES_MIN..secret.len()).rev().filter_map(|bytes| secret.get(..bytes));
    parts.map(|part| text.ends_with(part).then_some(part.len())).find_map(|found| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let headers = [("authorization", "Bearer abcdef"), ("x-api-key", "k\"1")];
        let secrets = Secrets {
            password: Some("hush".to_owned()),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        };
        assert_eq!(secrets.masked(Some("ann"), text), expected);
    }

    #[test]
    fn a_secret_is_masked_however_a_receiver_repeats_it() {
        check("it is hush", "it is **********");
        check("authorization: Basic YW5uOmh1c2g=", "authorization: Basic **********");
        check("authorization: Bearer abcdef", "authorization: **********");
        check("token=abcdef;", "token=**********;");
        check(r#"{"key": "k\"1"}"#, r#"{"key": "**********"}"#);
        check("cut off: Bearer abc", "cut off: **********");
        check("nothing of it", "nothing of it");
    }
}
