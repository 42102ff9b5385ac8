//! Where in a file a value stands, by its JSON pointer: for those who look into a `spec` further than the catalog does.

use crate::{
    Bundle, Origin, Problem, Rule,
    yaml::{self, Budget, Node, Place, Value},
};

/// The problem that the document at `origin` has at `pointer` (RFC 6901), with its line and column. Where the pointer
/// leads nowhere (a field is missing), the place is that of the nearest value around it.
#[must_use]
pub fn problem_at(bundle: &Bundle, origin: &Origin, pointer: &str, message: &str) -> Problem {
    let field = pointer.trim_start_matches('/').replace('/', ".");
    let problem = Problem::of_file(Rule::Spec, &*origin.path, format!("{field} {message}"));
    let Some(text) = bundle.files.iter().find(|file| file.path == *origin.path).and_then(|file| file.text()) else {
        return problem.at(origin.line, 1, "");
    };
    let documents = yaml::parse(text, &mut Budget::default());
    let root =
        documents.iter().find(|document| document.place.line == origin.line).and_then(|found| found.root.as_ref());
    let place = root.map_or(Place { line: origin.line, column: 1 }, |root| walk(root, pointer));
    let index = usize::try_from(place.line).unwrap_or_default().saturating_sub(1);
    problem.at(place.line, place.column, text.lines().nth(index).unwrap_or_default())
}

fn walk(root: &Node, pointer: &str) -> Place {
    let (mut node, mut place) = (root, root.place);
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let next = match &node.value {
            Value::Map(entries) => {
                entries.iter().find(|entry| entry.key == step).map(|entry| (&entry.value, entry.key_place))
            }
            Value::List(items) => {
                step.parse::<usize>().ok().and_then(|index| items.get(index)).map(|item| (item, item.place))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => None,
        };
        let Some(next) = next else { return place };
        (node, place) = next;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BundleFile;

    fn check(pointer: &str, expected: (u32, u32)) {
        let text = "kind: Other\n---\nkind: Check\nspec:\n  http:\n    url: x\n  path:\n    - one\n    - two\n";
        let file = BundleFile { path: "a.yaml".to_owned(), bytes: text.as_bytes().into() };
        let bundle = Bundle { source: "shop".to_owned(), files: vec![file], problems: vec![] };
        let origin = Origin { source: "shop".into(), path: "a.yaml".into(), line: 3, code_owners: vec![] };
        let problem = problem_at(&bundle, &origin, pointer, "is wrong");
        assert_eq!((problem.line, problem.column), expected, "{pointer}");
    }

    #[test]
    fn a_value_is_found_by_its_pointer_and_a_missing_one_by_what_is_around_it() {
        check("/spec/http/url", (6, 5));
        check("/spec/path/1", (9, 7));
        check("/spec/http/method", (5, 3));
        check("/metadata/name", (3, 1));
    }
}
