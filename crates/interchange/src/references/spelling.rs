//! The texts that may stand for a flag.

use serde::{Deserialize, Serialize};

/// How sure it is that a text means the flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// It is the key.
    Exact,
    /// It is the key as an identifier: `newCart` for `new-cart`.
    Identifier,
}

/// The texts that may stand for one flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spellings {
    /// The key, as clients ask for it.
    pub key: String,
    /// The key in the cases of the usual programming languages, without the key itself.
    pub identifiers: Vec<String>,
}

impl Spellings {
    /// The spellings of this key.
    #[must_use]
    pub fn of(key: &str) -> Self {
        let words = words(key);
        let mut identifiers = Vec::new();
        if words.len() > 1 {
            let capitals: Vec<String> = words.iter().map(|word| capitalised(word)).collect();
            let pascal = capitals.concat();
            let camel = words.iter().take(1).chain(capitals.iter().skip(1)).cloned().collect::<String>();
            let upper = words.join("_").to_uppercase();
            for spelling in [camel, pascal, words.join("_"), upper, words.join("-")] {
                if spelling != key && !identifiers.contains(&spelling) {
                    identifiers.push(spelling);
                }
            }
        }
        Self { key: key.to_owned(), identifiers }
    }
}

/// True for a key that could as well be a word of a sentence.
pub(super) fn is_one_word(key: &str) -> bool {
    key.chars().all(char::is_alphabetic) && words(key).len() < 2
}

/// The words of a key, in lower case: parts between separators, and humps.
fn words(key: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = None::<char>;
    for c in key.chars() {
        let begins = before.is_none_or(|before| {
            !before.is_alphanumeric() || (c.is_uppercase() && (before.is_lowercase() || before.is_numeric()))
        });
        if c.is_alphanumeric() {
            match words.last_mut() {
                Some(word) if !begins => word.extend(c.to_lowercase()),
                _ => words.push(c.to_lowercase().collect()),
            }
        }
        before = Some(c);
    }
    words
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
