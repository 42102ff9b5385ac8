//! The words by which an operation is found.

use crate::model::{Operation, Reference};

/// For each operation its id, and the words of everything that a reader would search for: verb, path, names, summaries,
/// descriptions, types.
#[must_use]
pub fn search_text(reference: &Reference) -> Vec<(String, String)> {
    reference.operations().map(|operation| (operation.id.clone(), words(operation))).collect()
}

fn words(operation: &Operation) -> String {
    let mut words = vec![operation.verb.clone(), operation.path.clone()];
    words.extend([operation.summary.clone(), operation.description.clone()]);
    words.extend(operation.tags.iter().cloned());
    for parameter in &operation.parameters {
        words.extend([parameter.name.clone(), parameter.description.clone()]);
    }
    for response in &operation.responses {
        words.extend([response.status.clone(), response.description.clone()]);
    }
    let bodies = operation.request.iter().chain(operation.responses.iter().flat_map(|response| &response.bodies));
    for body in bodies {
        words.extend([body.name.clone(), body.schema.type_text(), body.description.clone()]);
    }
    words.retain(|word| !word.is_empty());
    words.join("\n")
}
