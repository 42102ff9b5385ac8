//! All flags of one place.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, OnceLock},
};

use serde_json::{Map, Value};

use crate::{Context, ErrorCode, Evaluators, Failure, Flag, Resolution};

/// All flags of one place, with the metadata that they share. Cheap to make of flags that are already compiled.
pub struct Set {
    entries: Vec<Entry>,
    by_key: HashMap<String, usize>,
    evaluators: Arc<Evaluators>,
    metadata: Map<String, Value>,
    revision: u64,
    depends_on_time: bool,
    document: OnceLock<Arc<str>>,
}

struct Entry {
    flag: Arc<Flag>,
    /// The flag's metadata over the set's; nothing if the set has none.
    merged: Option<(Map<String, Value>, String)>,
}

impl Set {
    /// Puts the flags together. Of several flags with the same key the last is the one that is found by it.
    pub fn new(
        flags: impl IntoIterator<Item = Arc<Flag>>,
        evaluators: Arc<Evaluators>,
        metadata: Map<String, Value>,
    ) -> Self {
        let mut entries: Vec<_> =
            flags.into_iter().map(|flag| Entry { merged: merged(&metadata, &flag), flag }).collect();
        entries.sort_by(|left, right| left.flag.key().cmp(right.flag.key()));
        let by_key = entries.iter().enumerate().map(|(i, entry)| (entry.flag.key().to_owned(), i)).collect();
        let mut hasher = DefaultHasher::new();
        entries.iter().for_each(|entry| entry.flag.digest().hash(&mut hasher));
        (json(evaluators.rules()), json(&metadata)).hash(&mut hasher);
        let depends_on_time = entries.iter().any(|entry| entry.flag.depends_on_time());
        let (revision, document) = (hasher.finish(), OnceLock::new());
        Self { entries, by_key, evaluators, metadata, revision, depends_on_time, document }
    }

    /// The flag of that key.
    pub fn get(&self, key: &str) -> Option<&Arc<Flag>> {
        self.entry(key).map(|entry| &entry.flag)
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(*self.by_key.get(key)?)
    }

    /// All flags, by key.
    pub fn flags(&self) -> impl Iterator<Item = &Arc<Flag>> {
        self.entries.iter().map(|entry| &entry.flag)
    }

    /// Which variant of the flag the context gets, and why.
    ///
    /// # Errors
    /// `FlagNotFound`, and those of [`Flag::evaluate`].
    pub fn evaluate<'a>(&'a self, key: &str, context: &Context) -> Result<Resolution<'a>, Failure> {
        let entry = self.entry(key);
        let entry = entry.ok_or_else(|| Failure::new(ErrorCode::FlagNotFound, format!("there is no flag '{key}'")))?;
        let resolution = entry.flag.evaluate(context)?;
        Ok(match &entry.merged {
            None => resolution,
            Some((metadata, metadata_json)) => Resolution { metadata, metadata_json, ..resolution },
        })
    }

    /// A hash of the content: two sets that answer alike have the same.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// True if an answer may change by itself.
    pub fn depends_on_time(&self) -> bool {
        self.depends_on_time
    }

    /// What the flags share.
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    /// The whole set as flagd's JSON.
    pub fn document(&self) -> Arc<str> {
        let written = self.document.get_or_init(|| {
            // Of flags with the same key in several flag sets, the one that is found by it: keys are unique in an object.
            let found = self.flags().filter(|flag| self.get(flag.key()).is_some_and(|found| Arc::ptr_eq(found, flag)));
            let flags = found.map(|flag| format!("{}:{}", Value::from(flag.key()), flag.json()));
            let mut document = format!("{{\"flags\":{{{}}}", flags.collect::<Vec<_>>().join(","));
            for (name, fields) in [("$evaluators", self.evaluators.rules()), ("metadata", &self.metadata)] {
                if !fields.is_empty() {
                    document.push_str(&format!(",\"{name}\":{}", json(fields)));
                }
            }
            document.push('}');
            document.into()
        });
        Arc::clone(written)
    }

    /// The flags that belong to one of these flag sets; a flag that names none belongs to the set that the metadata name.
    pub fn only(&self, sets: &[String]) -> Self {
        let of_all = self.metadata.get("flagSetId").and_then(Value::as_str);
        let belongs =
            |flag: &&Arc<Flag>| flag.flag_set().or(of_all).is_some_and(|set| sets.iter().any(|wanted| wanted == set));
        let flags = self.flags().filter(belongs).cloned();
        Self::new(flags, Arc::clone(&self.evaluators), self.metadata.clone())
    }
}

fn merged(metadata: &Map<String, Value>, flag: &Flag) -> Option<(Map<String, Value>, String)> {
    if metadata.is_empty() {
        return None;
    }
    let mut merged = metadata.clone();
    merged.extend(flag.metadata().clone());
    let json = json(&merged);
    Some((merged, json))
}

/// The fields as JSON. Can't fail, since their names are texts.
fn json(fields: &Map<String, Value>) -> String {
    serde_json::to_string(fields).unwrap_or_default()
}
