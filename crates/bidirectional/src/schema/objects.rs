//! Maps.

use serde_json::{Map, Value};

use super::check::{Check, Seen, Site};
use super::place::Key;

impl<'s> Check<'s> {
    pub(super) fn map(&mut self, site: Site<'_, 's>, value: &mut Value, seen: &mut Seen) {
        let Value::Object(data) = value else { return };
        if !self.budget.spend(u64::try_from(data.len()).unwrap_or(u64::MAX)) {
            self.stopped = true;
            return;
        }
        self.size(site, ["maxProperties", "minProperties"], data.len(), "properties");
        if let Some(Value::Array(required)) = site.map.get("required") {
            let missing = required.iter().filter_map(Value::as_str).filter(|name| !data.contains_key(*name));
            for name in missing.collect::<Vec<_>>() {
                self.fault(site, "required", format!("must have required property '{name}'"));
            }
        }
        self.names(site, data);
        self.additional(site, data, seen);
        self.dependent(site, "dependencies", value, seen);
        if let Value::Object(data) = value {
            self.properties(site, data, seen);
        }
        self.dependent(site, "dependentRequired", value, seen);
        self.dependent(site, "dependentSchemas", value, seen);
        // What a discriminator's branch looks at comes too late to count as looked at, in the validator's order.
        self.unevaluated(site, value, seen);
        self.discriminator(site, value, seen);
    }

    fn names(&mut self, site: Site<'_, 's>, data: &Map<String, Value>) {
        let Some(schema) = site.map.get("propertyNames") else { return };
        let place = site.place.keyword("propertyNames");
        for name in data.keys() {
            let before = self.faults.len();
            let mut text = Value::from(name.as_str());
            self.schema(schema, &mut text, site.spot, &place, site.depth + 1);
            if self.faults.len() > before {
                self.fault(site, "propertyNames", "property name must be valid".to_owned());
            }
        }
    }

    fn additional(&mut self, site: Site<'_, 's>, data: &mut Map<String, Value>, seen: &mut Seen) {
        let Some(schema) = site.map.get("additionalProperties") else { return };
        seen.all_properties = true;
        if *schema == Value::Bool(true) {
            return;
        }
        let named = site.map.get("properties").and_then(Value::as_object);
        let patterns: Vec<&str> =
            crate::value::entries(site.map.get("patternProperties")).map(|(key, _)| key.as_str()).collect();
        let place = site.place.keyword("additionalProperties");
        for (name, value) in data {
            if self.stopped {
                return;
            }
            let known = named.is_some_and(|named| named.contains_key(name))
                // A pattern that can't be applied may be the one that allows the name.
                || patterns.iter().any(|pattern| self.matches(pattern, name) != Some(false));
            if known {
                continue;
            }
            if *schema == Value::Bool(false) {
                let message = format!("must NOT have additional properties - {name}");
                self.fault(site, "additionalProperties", message);
            } else {
                self.part(site, &place, schema, Key::Name(name), value);
            }
        }
    }

    fn properties(&mut self, site: Site<'_, 's>, data: &mut Map<String, Value>, seen: &mut Seen) {
        if let Some(Value::Object(named)) = site.map.get("properties") {
            let parent = site.place.keyword("properties");
            let mut apply = |check: &mut Self, name: &str, schema, value: &mut Value| {
                check.part(site, &parent.below(Key::Name(name)), schema, Key::Name(name), value);
                if check.prepared.tracks {
                    seen.properties.insert(name.to_owned());
                }
            };
            if named.len() <= data.len() {
                for (name, schema) in named {
                    if let Some(value) = data.get_mut(name) {
                        apply(self, name, schema, value);
                    }
                }
            } else {
                for (name, value) in data.iter_mut() {
                    if let Some(schema) = named.get(name) {
                        apply(self, name, schema, value);
                    }
                }
            }
        }
        for (pattern, schema) in crate::value::entries(site.map.get("patternProperties")) {
            let parent = site.place.keyword("patternProperties");
            for (name, value) in data.iter_mut() {
                if self.stopped {
                    return;
                }
                if self.matches(pattern, name) == Some(true) {
                    self.part(site, &parent.below(Key::Name(pattern)), schema, Key::Name(name), value);
                    seen.properties.insert(name.clone());
                }
            }
        }
    }

    /// What has to be there, or to hold, because something else is there.
    fn dependent(&mut self, site: Site<'_, 's>, keyword: &str, value: &mut Value, seen: &mut Seen) {
        for (name, needed) in crate::value::entries(site.map.get(keyword)) {
            if value.get(name).is_none() {
                continue;
            }
            if let Value::Array(list) = needed {
                let names: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
                for _ in names.iter().filter(|needed| value.get(**needed).is_none()).collect::<Vec<_>>() {
                    let plural = if names.len() == 1 { "property" } else { "properties" };
                    let all = names.join(", ");
                    let message = format!("must have {plural} {all} when property {name} is present");
                    self.fault(site, keyword, message);
                }
            } else if keyword != "dependentRequired" {
                let parent = site.place.keyword(keyword);
                let place = parent.below(Key::Name(name));
                seen.add(self.schema(needed, value, site.spot, &place, site.depth + 1));
            }
        }
    }

    fn unevaluated(&mut self, site: Site<'_, 's>, value: &mut Value, seen: &mut Seen) {
        let (Some(schema), Value::Object(data)) = (site.map.get("unevaluatedProperties"), value) else { return };
        // Where a limit ended what came before, nobody knows what it would have looked at.
        if !seen.all_properties && !self.stopped {
            let place = site.place.keyword("unevaluatedProperties");
            for (name, value) in data {
                if seen.properties.contains(name) {
                    continue;
                }
                if *schema == Value::Bool(false) {
                    self.fault(site, "unevaluatedProperties", "must NOT have unevaluated properties".to_owned());
                } else {
                    self.part(site, &place, schema, Key::Name(name), value);
                }
            }
        }
        seen.all_properties = true;
    }
}
