//! What only the probe is told: values for templates that are never shown.

use std::{collections::BTreeMap, fmt, sync::Arc};

use base64::Engine as _;
use checks::{Evidence, Hop};
use url::{Url, form_urlencoded};

/// What stands where a secret stood.
const MASK: &str = "•••";
/// What an answer gave, from this length on, may be a token; what is shorter is a number or a word.
const TOKEN_BYTES_MIN: usize = 16;

/// The secrets that templates may name, by name. Clones share everything, and nothing prints a value.
#[derive(Clone, Default)]
pub struct Secrets {
    values: Arc<BTreeMap<String, String>>,
    /// Every way in which a value may be written, the longest first: a secret may contain another.
    written: Arc<Vec<String>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Secrets {
    /// These secrets, by name. An empty value is masked nowhere.
    #[must_use]
    pub fn new(values: BTreeMap<String, String>) -> Self {
        let written = values.values().flat_map(|value| ways_to_write(value)).collect();
        Self { values: Arc::new(values), written: Arc::new(longest_first(written)) }
    }

    /// These, and what a run took from its answers: an access token is as secret as the password it was got with.
    pub(crate) fn and(&self, taken: &[String]) -> Self {
        let mut tokens = taken.iter().filter(|value| value.len() >= TOKEN_BYTES_MIN).peekable();
        if tokens.peek().is_none() {
            return self.clone();
        }
        let written = self.written.iter().cloned().chain(tokens.flat_map(|value| ways_to_write(value))).collect();
        Self { values: Arc::clone(&self.values), written: Arc::new(longest_first(written)) }
    }

    /// A secret's value.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }

    /// The text without secrets.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for way in self.written.iter() {
            if masked.contains(way.as_str()) {
                masked = masked.replace(way.as_str(), MASK);
            }
        }
        masked
    }

    /// The hop without secrets.
    pub(crate) fn mask_hop(&self, hop: &mut Hop) {
        hop.request = self.mask(&hop.request);
    }

    /// The evidence without secrets.
    pub(crate) fn mask_evidence(&self, evidence: &mut Evidence) {
        evidence.error = self.mask(&evidence.error);
        evidence.url = self.mask(&evidence.url);
        let heads = evidence.request_head.iter_mut().chain(&mut evidence.response_head);
        for text in heads.chain(&mut evidence.body_excerpt) {
            *text = self.mask(text);
        }
        evidence.hops.iter_mut().for_each(|hop| self.mask_hop(hop));
    }
}

fn longest_first(mut written: Vec<String>) -> Vec<String> {
    written.retain(|way| !way.is_empty());
    written.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    written.dedup();
    written
}

/// As it is, as a template's filters write it, as an address does in its path and its query, and as JSON does.
fn ways_to_write(value: &str) -> Vec<String> {
    let form: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let filtered = form.replace('+', "%20");
    let mut ways = vec![value.to_owned(), base64::engine::general_purpose::STANDARD.encode(value), form, filtered];
    if let Ok(mut url) = Url::parse("http://shop.example/") {
        url.set_path(value);
        ways.push(url.path().trim_start_matches('/').to_owned());
        url.set_query(Some(value));
        ways.extend(url.query().map(str::to_owned));
    }
    let quoted = serde_json::to_string(value).unwrap_or_default();
    ways.extend(quoted.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"')).map(str::to_owned));
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_in_every_way_in_which_it_may_be_written() {
        let secrets = Secrets::new(BTreeMap::from([
            ("one".to_owned(), "hunter2 & \"co\"".to_owned()),
            ("part".to_owned(), "hunter2".to_owned()),
            ("none".to_owned(), String::new()),
        ]));
        let check = |text: &str| assert_eq!(secrets.mask(text), format!("a {MASK} b"), "{text}");
        check("a hunter2 & \"co\" b");
        check("a hunter2 & \\\"co\\\" b");
        check("a hunter2+%26+%22co%22 b");
        check("a hunter2%20%26%20%22co%22 b");
        check("a hunter2%20&%20%22co%22 b");
        check("a aHVudGVyMiAmICJjbyI= b");
        check("a hunter2 b");
        assert_eq!(format!("{secrets:?}"), "{\"none\", \"one\", \"part\"}");
        let all = secrets.and(&["0123456789abcdef".to_owned(), "42".to_owned()]);
        assert_eq!(all.mask("0123456789abcdef 42 hunter2"), format!("{MASK} 42 {MASK}"));
    }
}
