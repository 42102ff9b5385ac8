//! Texts with holes: `${name}` in an address, a header or a body.
//!
//! What may stand in a hole: a variable that was declared or extracted, `${secret.NAME}` for what only the probe is
//! told, and a few values that are new for each run ([`BUILT_IN`]). `${name | url}` and `${name | base64}` encode the
//! value; `$$` is one dollar sign. A name that nobody knows is refused when the check is declared.

use base64::Engine as _;
use kernel::closest;

/// What every run has: a random UUID and 32 random hexadecimal digits, the time in seconds, and the verifier and challenge
/// of PKCE (RFC 7636, with S256), which belong together.
pub const BUILT_IN: [&str; 5] = ["random.uuid", "random.hex", "time.unix", "pkce.verifier", "pkce.challenge"];
/// What a name of a secret begins with.
const SECRET: &str = "secret.";
/// A filled text is never longer.
const FILLED_BYTES: usize = 256 * 1024;

/// Why a template can't be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A hole has no end.
    #[error("has a \"${{\" without its \"}}\"; write $$ for a dollar sign")]
    Open,
    /// Nobody knows the name.
    #[error("names \"{0}\", which is not known there")]
    Unknown(String),
    /// Nobody knows what to do with the value.
    #[error("has the filter \"{0}\"; known are url and base64")]
    Filter(String),
    /// It would be too long.
    #[error("is longer than {FILLED_BYTES} bytes when it is filled")]
    TooLong,
}

/// A part of a template.
enum Part<'a> {
    Text(&'a str),
    Hole { name: &'a str, filter: Option<&'a str> },
}

/// Fills a template. `value` knows the names.
///
/// # Errors
/// If a name is unknown, or the text is no template.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, TemplateError> {
    let mut filled = String::with_capacity(text.len());
    for part in parts(text) {
        match part? {
            Part::Text(text) => filled.push_str(text),
            Part::Hole { name, filter } => {
                let value = value(name).ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
                filled.push_str(&filtered(value, filter)?);
            }
        }
        if filled.len() > FILLED_BYTES {
            return Err(TemplateError::TooLong);
        }
    }
    Ok(filled)
}

fn filtered(value: String, filter: Option<&str>) -> Result<String, TemplateError> {
    match filter {
        None => Ok(value),
        // A blank as %20 is one in a path as well as in a form; a plus is one in a form alone.
        Some("url") => {
            Ok(url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20"))
        }
        Some("base64") => Ok(base64::engine::general_purpose::STANDARD.encode(value)),
        Some(other) => Err(TemplateError::Filter(other.to_owned())),
    }
}

/// What is wrong with a template in which these variables may be named, and what was probably meant.
pub(crate) fn problem(text: &str, variables: &[String]) -> Option<(String, Option<String>)> {
    for part in parts(text) {
        let (name, filter) = match part {
            Ok(Part::Text(_)) => continue,
            Ok(Part::Hole { name, filter }) => (name, filter),
            Err(error) => return Some((error.to_string(), None)),
        };
        if let Err(error) = filtered(String::new(), filter) {
            return Some((error.to_string(), None));
        }
        let known = || variables.iter().map(String::as_str).chain(BUILT_IN);
        if name.strip_prefix(SECRET).is_some_and(is_secret_name) || known().any(|known| known == name) {
            continue;
        }
        let meant = closest(name, known()).map(|meant| format!("${{{meant}}}"));
        return Some((TemplateError::Unknown(name.to_owned()).to_string(), meant));
    }
    None
}

/// True if it names a secret, or one of these variables, anywhere.
pub(crate) fn names_any(text: &str, variables: &[String]) -> bool {
    parts(text).any(|part| match part {
        Ok(Part::Hole { name, .. }) => name.starts_with(SECRET) || variables.iter().any(|known| known == name),
        Ok(Part::Text(_)) | Err(_) => false,
    })
}

/// The names of the secrets in a template.
pub fn secrets(text: &str) -> impl Iterator<Item = String> {
    parts(text).filter_map(|part| match part {
        Ok(Part::Hole { name, .. }) => name.strip_prefix(SECRET).map(str::to_owned),
        Ok(Part::Text(_)) | Err(_) => None,
    })
}

/// True of a name that a secret may have: letters, digits, dashes, dots and underscores, at most 100.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    (1..=100).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn parts(text: &str) -> impl Iterator<Item = Result<Part<'_>, TemplateError>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(at) = rest.find("${").into_iter().chain(rest.find("$$")).min() else {
            return Some(Ok(Part::Text(std::mem::take(&mut rest))));
        };
        if at > 0 {
            let (text, after) = rest.split_at(at);
            rest = after;
            return Some(Ok(Part::Text(text)));
        }
        if let Some(after) = rest.strip_prefix("$$") {
            rest = after;
            return Some(Ok(Part::Text("$")));
        }
        let Some((hole, after)) = rest.get(2..).and_then(|hole| hole.split_once('}')) else {
            rest = "";
            return Some(Err(TemplateError::Open));
        };
        rest = after;
        let (name, filter) = match hole.split_once('|') {
            Some((name, filter)) => (name.trim(), Some(filter.trim())),
            None => (hole.trim(), None),
        };
        Some(Ok(Part::Hole { name, filter }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, expected: Result<&str, &str>) {
        let value = |name: &str| match name {
            "user" => Some("a b&c".to_owned()),
            "secret.key" => Some("s3cret".to_owned()),
            _ => None,
        };
        let actual = fill(text, value).map_err(|error| error.to_string());
        assert_eq!(actual.as_ref().map(String::as_str).map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn holes_are_filled_and_encoded_where_that_is_wanted() {
        filled("nothing to fill", Ok("nothing to fill"));
        filled("u=${user}", Ok("u=a b&c"));
        filled("u=${user | url}&k=${secret.key}", Ok("u=a%20b%26c&k=s3cret"));
        assert_eq!(fill("${x | url}", |_| Some("1 + 1/2".to_owned())).unwrap(), "1%20%2B%201%2F2");
        filled("${ user|base64 }", Ok("YSBiJmM="));
        filled("$${user} costs $5", Ok("${user} costs $5"));
        filled("${", Err("has a \"${\" without its \"}\"; write $$ for a dollar sign"));
        filled("${who}", Err("names \"who\", which is not known there"));
        filled("${user | rot13}", Err("has the filter \"rot13\"; known are url and base64"));
    }

    #[test]
    fn what_is_wrong_is_known_before_anything_runs() {
        let known = ["token".to_owned()];
        assert_eq!(problem("Bearer ${token} ${random.uuid} ${secret.API_KEY}", &known), None);
        let (_, meant) = problem("${tokn}", &known).unwrap();
        assert_eq!(meant.as_deref(), Some("${token}"));
        assert!(problem("${secret.}", &known).is_some() && problem("${secret.a b}", &known).is_some());
        assert_eq!(secrets("${secret.a} ${b} ${secret.c|url}").collect::<Vec<_>>(), ["a", "c"]);
    }
}
