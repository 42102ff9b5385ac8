//! An entity as Backstage's catalog API shows it.

use kernel::{EntityRef, Sha256};
use serde_json::{Map, Value, json};

use crate::{Entity, State};

/// The entity with what a server adds: `uid`, `etag`, where it came from, and the relations of both directions.
/// Nothing if there is no such entity.
#[must_use]
pub fn to_backstage_json(state: &State, reference: &EntityRef) -> Option<Value> {
    let entity = state.get(reference)?;
    let Value::Object(mut document) = entity.descriptor.json() else { return None };
    if let Some(metadata) = object(&mut document, "metadata") {
        metadata.entry("namespace").or_insert_with(|| (&*entity.namespace).into());
        metadata.insert("uid".to_owned(), uid(reference).into());
        metadata.insert("etag".to_owned(), etag(entity).into());
        if let Some(annotations) = object(metadata, "annotations") {
            for key in ["backstage.io/managed-by-location", "backstage.io/managed-by-origin-location"] {
                annotations.entry(key).or_insert_with(|| location(entity).into());
            }
        }
    }
    let relations = state.relations_of(reference).into_iter();
    let relations = relations.map(|(relation, target)| json!({ "type": relation.as_str(), "targetRef": target }));
    document.insert("relations".to_owned(), relations.collect());
    Some(Value::Object(document))
}

/// The object under a key, which is made if there is none.
fn object<'a>(map: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    map.entry(key).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

/// A UUID version 8 (RFC 9562, section 5.8) made of the reference: the same for ever, as clients remember it.
#[must_use]
pub fn uid(reference: &EntityRef) -> String {
    let mut hex: Vec<char> = Sha256::of(reference.as_str().as_bytes()).to_string().chars().take(32).collect();
    // Digit 12 is the version, digit 16 the variant.
    hex.iter_mut().enumerate().for_each(|(at, digit)| match at {
        12 => *digit = '8',
        16 => *digit = 'a',
        _ => {}
    });
    let text: String = hex.into_iter().collect();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// Changes whenever the document does.
fn etag(entity: &Entity) -> String {
    entity.descriptor.digest.to_string().chars().take(40).collect()
}

fn location(entity: &Entity) -> String {
    let origin = &entity.descriptor.origin;
    format!("file:{}/{}", origin.source.trim_end_matches('/'), origin.path)
}
