//! Schemas made of schemas: `not`, `anyOf`, `oneOf`, `allOf`, `if`, and OpenAPI's discriminator.
//!
//! Where no branch fits, the faults of all branches stay, and the choice's own comes after them.

use serde_json::{Map, Value};

use super::check::{Check, Seen, Site};
use super::place::Key;
use crate::value::truthy;

impl<'s> Check<'s> {
    pub(super) fn choices(&mut self, site: Site<'_, 's>, value: &mut Value) -> Seen {
        let mut seen = Seen::default();
        if let Some(schema) = site.map.get("not")
            && self.fits(schema, value, site).0
            && !self.stopped
        {
            self.fault(site, "not", "must NOT be valid".to_owned());
        }
        self.any_of(site, value, &mut seen);
        if !is_discriminated(site.map) {
            self.one_of(site, value, &mut seen);
        }
        if let Some(Value::Array(schemas)) = site.map.get("allOf") {
            for (index, schema) in schemas.iter().enumerate() {
                seen.add(self.branch(site, "allOf", index, schema, value).1);
            }
        }
        self.condition(site, value, &mut seen);
        seen
    }

    fn branch(
        &mut self,
        site: Site<'_, 's>,
        keyword: &str,
        index: usize,
        schema: &'s Value,
        value: &mut Value,
    ) -> (bool, Seen) {
        let before = self.faults.len();
        let parent = site.place.keyword(keyword);
        let seen = self.schema(schema, value, site.spot, &parent.below(Key::Index(index)), site.depth + 1);
        (self.faults.len() == before, seen)
    }

    fn any_of(&mut self, site: Site<'_, 's>, value: &mut Value, seen: &mut Seen) {
        let Some(Value::Array(schemas)) = site.map.get("anyOf") else { return };
        let before = self.faults.len();
        let mut fits = false;
        for (index, schema) in schemas.iter().enumerate() {
            let (this, evaluated) = self.branch(site, "anyOf", index, schema, value);
            if this {
                fits = true;
                seen.add(evaluated);
            }
        }
        if fits {
            self.faults.truncate(before);
        } else {
            self.fault(site, "anyOf", "must match a schema in anyOf".to_owned());
        }
    }

    fn one_of(&mut self, site: Site<'_, 's>, value: &mut Value, seen: &mut Seen) {
        let Some(Value::Array(schemas)) = site.map.get("oneOf") else { return };
        let before = self.faults.len();
        let mut fitting = 0;
        for (index, schema) in schemas.iter().enumerate() {
            let (this, evaluated) = self.branch(site, "oneOf", index, schema, value);
            if this {
                fitting += 1;
                seen.add(evaluated);
            }
            if fitting > 1 {
                break;
            }
        }
        // What a limit ended counts as fitting, so that nobody knows how many do.
        if fitting == 1 || (fitting > 0 && self.stopped) {
            self.faults.truncate(before);
        } else {
            self.fault(site, "oneOf", "must match exactly one schema in oneOf".to_owned());
        }
    }

    fn condition(&mut self, site: Site<'_, 's>, value: &mut Value, seen: &mut Seen) {
        let Some(schema) = site.map.get("if") else { return };
        if !site.map.contains_key("then") && !site.map.contains_key("else") {
            return;
        }
        let (holds, evaluated) = self.fits(schema, value, site);
        if holds {
            seen.add(evaluated);
        }
        let clause = if holds { "then" } else { "else" };
        let Some(schema) = site.map.get(clause) else { return };
        let before = self.faults.len();
        let evaluated = self.schema(schema, value, site.spot, &site.place.keyword(clause), site.depth + 1);
        if self.faults.len() == before {
            seen.add(evaluated);
        } else {
            self.fault(site, "if", format!("must match \"{clause}\" schema"));
        }
    }

    /// The branch that a map names; only its faults count.
    pub(super) fn discriminator(&mut self, site: Site<'_, 's>, value: &mut Value, seen: &mut Seen) {
        let (Some(discriminator), Some(Value::Array(branches))) =
            (site.map.get("discriminator"), site.map.get("oneOf"))
        else {
            return;
        };
        let Some(name) = discriminator.get("propertyName").and_then(Value::as_str) else { return };
        let Some(tag) = value.get(name).and_then(Value::as_str) else {
            return self.fault(site, "discriminator", format!("tag \"{name}\" must be string"));
        };
        match self.chosen(discriminator, branches, name, tag) {
            Some((index, schema)) => seen.add(self.branch(site, "oneOf", index, schema, value).1),
            None => self.fault(site, "discriminator", format!("value of tag \"{name}\" must be in oneOf")),
        }
    }

    /// By the mapping if there is one, else by the constants of the branches, else by the names of their schemas.
    fn chosen(
        &self,
        discriminator: &Value,
        branches: &'s [Value],
        name: &str,
        tag: &str,
    ) -> Option<(usize, &'s Value)> {
        let reference = |branch: &'s Value| branch.get("$ref").and_then(Value::as_str);
        let named = |wanted: &str| {
            branches.iter().enumerate().find(|(_, branch)| {
                reference(branch).is_some_and(|reference| {
                    reference == wanted || reference.rsplit('/').next().is_some_and(|last| last == wanted)
                })
            })
        };
        if let Some(Value::Object(mapping)) = discriminator.get("mapping") {
            return named(mapping.get(tag)?.as_str()?);
        }
        let mut constants = false;
        for (index, branch) in branches.iter().enumerate() {
            let schema = reference(branch).and_then(|reference| self.prepared.target(reference)).unwrap_or(branch);
            let Some(property) = schema.get("properties").and_then(|properties| properties.get(name)) else { continue };
            let allowed = match (property.get("const"), property.get("enum")) {
                (Some(constant), _) => std::slice::from_ref(constant),
                (None, Some(Value::Array(list))) => list.as_slice(),
                (None, _) => continue,
            };
            constants = true;
            if allowed.iter().any(|allowed| allowed.as_str() == Some(tag)) {
                return Some((index, branch));
            }
        }
        if constants { None } else { named(tag) }
    }
}

fn is_discriminated(map: &Map<String, Value>) -> bool {
    map.get("discriminator").and_then(|value| value.get("propertyName")).is_some_and(truthy)
}
