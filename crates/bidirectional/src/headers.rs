//! Header fields as the Fetch standard keeps them: names in lower case and in order, values without outer space, and of a name
//! that comes twice the values in one list.

use std::collections::BTreeMap;

#[derive(Debug, Clone, Default)]
pub(crate) struct Headers(BTreeMap<String, String>);

impl Headers {
    pub(crate) fn new(fields: &[(String, String)]) -> Self {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in fields {
            let value = value.trim_matches([' ', '\t', '\r', '\n']);
            headers
                .entry(name.to_ascii_lowercase())
                .and_modify(|list| {
                    list.push_str(", ");
                    list.push_str(value);
                })
                .or_insert_with(|| value.to_owned());
        }
        Self(headers)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.0.remove(&name.to_ascii_lowercase()).is_some()
    }

    /// The media type in a field, without its parameters; empty where there is none.
    pub(crate) fn media_type(&self, name: &str) -> &str {
        self.get(name).and_then(|value| value.split(';').next()).unwrap_or_default()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
