//! `GET /apis/{ref}`: what an API can do.

use askama::Template;
use reference::{Operation, Reference, TypeDoc};

use crate::{
    shell::Chrome,
    views::{Callout, Entity, Pager, Row},
};

/// An API's operations.
#[derive(Debug, Template)]
#[template(path = "reference/list.html")]
pub struct ApiScreen<'a> {
    /// The frame.
    pub chrome: Chrome,
    /// The API.
    pub entity: Entity,
    /// Whose it is; none is a gap.
    pub owner: Option<Entity>,
    /// What was read of its definition.
    pub reference: &'a Reference,
    /// The operations of this page.
    pub groups: Vec<OperationGroup<'a>>,
    /// The way to the other operations.
    pub pager: Pager,
    /// Its description as HTML that has been made safe.
    pub description: String,
    /// The API's own address: `/apis/ledger`; its operations and types are below it.
    pub base: &'a str,
    /// Remarks, such as what could not be read.
    pub remarks: Vec<Callout>,
    /// Who provides and who consumes it.
    pub parties: Vec<Row>,
}

/// Operations that belong together, as far as they are on this page.
#[derive(Debug)]
pub struct OperationGroup<'a> {
    /// The tag or the service.
    pub name: &'a str,
    /// Its operations.
    pub operations: &'a [Operation],
}

/// How many operations one page shows, so that it stays small; also the bound for types.
const SHOWN_MAX: usize = 150;

/// The operations after the first `after`, and the way to the others.
#[must_use]
pub fn operations_after<'a>(reference: &'a Reference, base: &str, after: usize) -> (Vec<OperationGroup<'a>>, Pager) {
    let all: usize = reference.groups.iter().map(|group| group.operations.len()).sum();
    let after = after.min(all);
    let until = all.min(after + SHOWN_MAX);
    let mut groups = Vec::new();
    let mut begin = 0;
    for group in &reference.groups {
        let end = begin + group.operations.len();
        let cut = after.clamp(begin, end) - begin..until.clamp(begin, end) - begin;
        if let Some(operations) = group.operations.get(cut).filter(|cut| !cut.is_empty()) {
            groups.push(OperationGroup { name: &group.name, operations });
        }
        begin = end;
    }
    let to = |after: usize| format!("{base}?after={after}");
    let pager = Pager {
        shown: if after == until { format!("none of {all}") } else { format!("{} to {until} of {all}", after + 1) },
        before: (after > 0).then(|| to(after.saturating_sub(SHOWN_MAX))),
        after: (until < all).then(|| to(until)),
    };
    (groups, pager)
}

impl ApiScreen<'_> {
    fn types(&self) -> &[TypeDoc] {
        let all = &self.reference.types;
        all.get(..SHOWN_MAX).unwrap_or(all)
    }

    fn types_left_out(&self) -> usize {
        self.reference.types.len().saturating_sub(SHOWN_MAX)
    }
}

#[cfg(test)]
mod tests {
    use reference::{DefinitionKind, parse};

    use super::*;

    fn check(after: usize, shown: &str, sizes: &[usize], before: Option<&str>, next: Option<&str>) {
        let fields = |count: usize| (0..count).map(|at| format!("f{at}: Int ")).collect::<String>();
        let schema = format!("type Query {{ {} }} type Mutation {{ {} }}", fields(100), fields(100));
        let reference = parse(DefinitionKind::GraphQl, &schema).unwrap();
        let (groups, pager) = operations_after(&reference, "/apis/x", after);
        let found: Vec<usize> = groups.iter().map(|group| group.operations.len()).collect();
        assert_eq!(found, sizes);
        assert_eq!((pager.shown.as_str(), pager.before.as_deref(), pager.after.as_deref()), (shown, before, next));
    }

    #[test]
    fn operations_come_in_pages_that_cut_through_groups() {
        check(0, "1 to 150 of 200", &[100, 50], None, Some("/apis/x?after=150"));
        check(150, "151 to 200 of 200", &[50], Some("/apis/x?after=0"), None);
        check(9_999, "none of 200", &[], Some("/apis/x?after=50"), None);
    }
}
