//! Other services' names as ours.

use std::collections::BTreeMap;

use kernel::EntityRef;

use crate::imported::Remarks;

/// The flags that were taken in, so that no two become one.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    by_reference: BTreeMap<EntityRef, String>,
}

impl Flags {
    /// The reference of a flag; none, with the reason said, if it can have none.
    pub(crate) fn take(&mut self, key: &str, remarks: &mut Remarks) -> Option<EntityRef> {
        let Some(reference) = flag(key) else {
            let why = "a flag's name here has no colon, slash or white space; it was left out";
            remarks.flag(key).lost(format!("the name \"{key}\""), why);
            return None;
        };
        if let Some(first) = self.by_reference.get(&reference) {
            let why = format!("the names of \"{first}\" and this flag are the same here; this one was left out");
            remarks.flag(key).lost("the whole flag", why);
            return None;
        }
        self.by_reference.insert(reference.clone(), key.to_owned());
        Some(reference)
    }
}

/// The reference of a flag with this key.
pub(crate) fn flag(key: &str) -> Option<EntityRef> {
    EntityRef::new("flag", EntityRef::DEFAULT_NAMESPACE, key).ok()
}

/// The reference of a segment with a free name: its letters and digits, the rest as hyphens.
pub(crate) fn segment(name: &str) -> Option<EntityRef> {
    let mut slug = String::new();
    for c in name.chars().take(NAME_CHARS_MAX) {
        if c.is_alphanumeric() || matches!(c, '_' | '.') {
            slug.extend(c.to_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    EntityRef::new("segment", EntityRef::DEFAULT_NAMESPACE, slug.trim_end_matches('-')).ok()
}

/// What Backstage allows.
const NAME_CHARS_MAX: usize = 63;
