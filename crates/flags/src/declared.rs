//! Flags as catalog files declare them.

use kernel::EntityRef;
use serde_json::Value;
use spec::{Fields, Problems, SpecProblem, Wrong, read};
use std::collections::BTreeMap;

use crate::{Definition, Origin, Setting};

/// A flag names at most this many environments and users.
const ENTRIES_MAX: usize = 200;
const DESCRIPTION_BYTES_MAX: usize = 2_000;
const KEYS: [&str; 6] = ["owner", "type", "usedBy", "environments", "description", "expires"];

impl Definition {
    /// The longest name of an environment, in bytes.
    pub const ENVIRONMENT_BYTES_MAX: usize = 63;

    /// Reads the `spec` of a `kind: Flag` document. `description` is that of its metadata, which comes first.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn from_spec(flag: EntityRef, description: Option<&str>, spec: &Value) -> Result<Self, Vec<SpecProblem>> {
        let problems = Problems::default();
        let fields = Fields::of_spec(spec, &KEYS, &problems);
        let read = fields.map(|fields| {
            let namespace = flag.namespace();
            fields.optional("type", read::one_of(&[("boolean", ())]));
            let own = fields.optional("description", read::text(DESCRIPTION_BYTES_MAX));
            Self {
                description: description.map(str::to_owned).or(own).unwrap_or_default(),
                owner: fields.optional("owner", read::reference(Some("group"), namespace)),
                used_by: fields.list("usedBy", ENTRIES_MAX, read::reference(Some("component"), namespace)),
                environments: environments(&fields),
                expires: fields.optional("expires", date),
                origin: Origin::Declared,
                ..Self::boolean(flag.clone())
            }
        });
        problems.or(read)
    }
}

fn environments(fields: &Fields<'_>) -> BTreeMap<String, Setting> {
    let enabled = |name: &str, state: &Value| {
        if name.is_empty() || name.len() > Definition::ENVIRONMENT_BYTES_MAX {
            return Err(Wrong::new("an environment's name has 1 to 63 characters"));
        }
        let enabled = state.get("enabled").and_then(Value::as_bool);
        enabled.map(Setting::from).ok_or_else(|| Wrong::new("must be \"enabled: true\" or \"enabled: false\""))
    };
    fields.pairs("environments", ENTRIES_MAX, enabled).into_iter().collect()
}

fn date(value: &Value) -> Result<String, Wrong> {
    let date = value.as_str().filter(|text| text.parse::<jiff::civil::Date>().is_ok());
    date.map(str::to_owned).ok_or_else(|| Wrong::new(format!("{value} is no date; write it as \"2026-12-31\"")))
}
