//! Which fields of an entity are wanted: the `fields` parameter.

use kernel::{Refusal, codes};
use serde_json::{Map, Value};

/// The most fields of one request.
const FIELDS_MAX: usize = 200;

/// The wanted fields, as dotted paths; all, if there are none.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<String>);

impl Fields {
    /// Reads the parameter, which may be repeated and may hold several fields with commas between them.
    ///
    /// # Errors
    /// If there are too many, or one goes into an array.
    pub(super) fn parse(parameters: &[String]) -> Result<Self, Refusal> {
        let refuse = |detail: String| Refusal::new(&codes::MALFORMED, detail).field("fields");
        let fields = parameters.iter().flat_map(|parameter| parameter.split(','));
        let fields: Vec<String> = fields.map(str::trim).filter(|field| !field.is_empty()).map(str::to_owned).collect();
        if fields.len() > FIELDS_MAX {
            return Err(refuse(format!("there are {} fields; at most {FIELDS_MAX} are read", fields.len())));
        }
        if let Some(array) = fields.iter().find(|field| field.contains('[')) {
            return Err(refuse(format!("\"{array}\" goes into an array")).fix("ask for the array as a whole"));
        }
        Ok(Self(fields))
    }

    /// The entity with the wanted fields only.
    pub(super) fn of(&self, entity: Value) -> Value {
        if self.0.is_empty() {
            return entity;
        }
        let mut wanted = Map::new();
        for field in &self.0 {
            if let Some((path, value)) = find(&entity, field) {
                put(&mut wanted, &path, value.clone());
            }
        }
        Value::Object(wanted)
    }
}

/// The field's value, and its path as keys. A key may itself have dots, as annotations do: the shortest key that leads
/// to a value is taken.
fn find<'v, 'f>(value: &'v Value, field: &'f str) -> Option<(Vec<&'f str>, &'v Value)> {
    let object = value.as_object()?;
    let mut ends = field.match_indices('.').map(|(at, _)| at).chain([field.len()]);
    ends.find_map(|end| {
        let key = field.get(..end)?;
        let found = object.get(key)?;
        let Some(rest) = field.get(end + 1..) else { return Some((vec![key], found)) };
        let (path, found) = find(found, rest)?;
        Some((std::iter::once(key).chain(path).collect(), found))
    })
}

fn put(object: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [key] => {
            object.insert((*key).to_owned(), value);
        }
        [key, rest @ ..] => {
            let inner = object.entry(*key).or_insert_with(|| Value::Object(Map::new()));
            if let Some(inner) = inner.as_object_mut() {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Fields;

    fn check(fields: &[&str], expect: Value) {
        let entity = json!({
            "kind": "Component",
            "metadata": {
                "name": "cart",
                "annotations": { "github.com/project-slug": "acme/cart", "github": "no" },
                "tags": ["java"]
            }
        });
        let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        assert_eq!(Fields::parse(&fields).unwrap().of(entity), expect, "{fields:?}");
    }

    #[test]
    fn only_the_wanted_fields_are_left() {
        check(&["kind"], json!({ "kind": "Component" }));
        check(&["kind,metadata.name"], json!({ "kind": "Component", "metadata": { "name": "cart" } }));
        check(&["kind", " metadata.tags "], json!({ "kind": "Component", "metadata": { "tags": ["java"] } }));
    }

    #[test]
    fn a_key_may_have_dots() {
        let slug = json!({ "metadata": { "annotations": { "github.com/project-slug": "acme/cart" } } });
        check(&["metadata.annotations.github.com/project-slug"], slug);
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        check(&["spec.owner", "metadata.nothing", "kind.more", "."], json!({}));
    }

    #[test]
    fn a_field_within_an_array_and_too_many_fields_are_refused() {
        assert!(Fields::parse(&["metadata.tags[0]".to_owned()]).is_err());
        assert!(Fields::parse(&["a,".repeat(201)]).is_err());
    }
}
