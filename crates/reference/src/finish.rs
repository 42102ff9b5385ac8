//! What all four languages have in common at the end: bounds, unique ids, examples.

use crate::MAX_OPERATIONS;
use crate::example::Examples;
use crate::model::{Body, Reference};
use crate::walk::Slugs;

/// The longest example that is shown.
const MAX_EXAMPLE_BYTES: usize = 16 * 1024;

pub(crate) fn finish(mut reference: Reference) -> Reference {
    bound(&mut reference);
    let mut ids = Slugs::default();
    for operation in reference.groups.iter_mut().flat_map(|group| &mut group.operations) {
        operation.id = ids.unique(&operation.id);
        if operation.summary.is_empty() {
            operation.summary = first_sentence(&operation.description);
        }
    }
    let Reference { groups, types, .. } = &mut reference;
    let mut examples = Examples::new(types);
    for operation in groups.iter_mut().flat_map(|group| &mut group.operations) {
        let responses = operation.responses.iter_mut().flat_map(|response| &mut response.bodies);
        for body in operation.request.iter_mut().chain(responses) {
            complete(body, &mut examples);
        }
    }
    reference
}

fn bound(reference: &mut Reference) {
    let total = reference.operations().count();
    let mut left = MAX_OPERATIONS;
    for group in &mut reference.groups {
        group.operations.truncate(left);
        left -= group.operations.len();
    }
    reference.groups.retain(|group| !group.operations.is_empty());
    if total > MAX_OPERATIONS {
        reference.warnings.push(format!("only the first {MAX_OPERATIONS} of {total} operations are shown"));
    }
}

/// Only JSON can be made up from a schema; form data and streams can't.
fn complete(body: &mut Body, examples: &mut Examples) {
    let is_json = body.media_type.is_empty() || body.media_type.contains("json") || body.media_type == "*/*";
    if body.example.is_none() && is_json {
        body.example = examples.make(&body.schema);
    }
    if body.example.as_ref().is_some_and(|example| example.len() > MAX_EXAMPLE_BYTES) {
        body.example = None;
    }
}

/// What a description says first, on one line.
fn first_sentence(description: &str) -> String {
    const MAX_CHARS: usize = 120;
    let paragraph =
        description.split("\n\n").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = paragraph.split_inclusive(". ").next().unwrap_or_default().trim();
    match sentence.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => format!("{}…", sentence.split_at(at).0.trim_end()),
        None => sentence.to_owned(),
    }
}
