//! `GET /apis/{namespace}/{name}`: what an API can do.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use catalog::Relation;
use kernel::EntityRef;
use reference::{DefinitionKind, Operation, Reference, ReferenceError, TypeDoc};
use serde::Deserialize;

use crate::{
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show,
    views::{Callout, Entity, Pager, Row, State, Tone},
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

/// Where to begin.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    after: usize,
}

/// Shows an API's operations and types.
///
/// # Errors
/// `NOT_FOUND` if there is no such API.
pub async fn show(
    frame: Frame,
    Path((namespace, name)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let api = show::named("api", &namespace, &name)?;
    let app = frame.app.clone();
    let drawn = app.blocking(move |_| {
        let Some(entity) = frame.world.catalog.get(&api) else {
            return Err(show::not_in_catalog("api", &namespace, &name));
        };
        let (nothing, mut remarks) = (nothing_read(), Vec::new());
        let read = frame.app.indexes().reference(entity);
        let reference = match read.as_deref() {
            Some(Ok(reference)) => {
                remarks.extend(reference.warnings.iter().take(WARNINGS_MAX).map(|warning| warn(warning.clone())));
                reference
            }
            Some(Err(error)) => {
                remarks.push(unreadable(error));
                &nothing
            }
            None => {
                remarks.push(warn("This API has no definition: set spec.definition in its file.".to_owned()));
                &nothing
            }
        };
        let base = show::api_address(&api);
        let (groups, pager) = operations_after(reference, &base, asked.after);
        let title = if reference.title.is_empty() { entity.display_name() } else { &reference.title };
        Ok(screen(&ApiScreen {
            chrome: frame.chrome(title, Place::Services),
            entity: frame.entity(&api),
            owner: frame.owner(&api),
            reference,
            groups,
            pager,
            description: prose::render(&reference.description, &prose::Links::nowhere()).html,
            base: &base,
            remarks,
            parties: parties(&frame, &api),
        }))
    });
    Ok(drawn.await?)
}

/// More warnings are left out.
const WARNINGS_MAX: usize = 5;
/// More who provide or consume it are left out; the graph has all.
const PARTIES_MAX: usize = 40;

/// What is shown where nothing could be read.
fn nothing_read() -> Reference {
    Reference {
        kind: DefinitionKind::OpenApi,
        title: String::new(),
        version: String::new(),
        description: String::new(),
        servers: Vec::new(),
        groups: Vec::new(),
        types: Vec::new(),
        warnings: Vec::new(),
    }
}

fn warn(text: String) -> Callout {
    Callout { state: State::new(Tone::Warn, "Definition"), text, link: None }
}

fn unreadable(error: &ReferenceError) -> Callout {
    let text = format!("The definition can’t be read: {error}.");
    Callout { state: State::new(Tone::Bad, "Definition"), text, link: None }
}

/// Who provides and who consumes the API.
fn parties(frame: &Frame, api: &EntityRef) -> Vec<Row> {
    let sorts = [(Relation::ApiProvidedBy, "provides"), (Relation::ApiConsumedBy, "consumes")];
    let related = sorts.into_iter().flat_map(|(relation, word)| {
        frame.world.catalog.related(api, relation).into_iter().map(move |entity| (entity, word))
    });
    let rows = related.take(PARTIES_MAX).map(|(entity, word)| {
        let row = Row::new(frame.entity(&entity).name, frame.href(show::address(&entity))).note(word);
        match show::health(&frame.world, &entity) {
            Some(health) => row.state(health.state()),
            None => row,
        }
    });
    rows.collect()
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
