//! How things look in HAL.

mod pact;
mod placed;
mod version;

use contracts::{PacticipantKey, State};
use kernel::Timestamp;
use serde_json::{Map, Value, json};

use crate::{Call, Failure, links::Links};
pub(crate) use pact::{
    consumer_metadata, latest_pact, pact_document, pact_name, selected_metadata, selected_versions, verification,
};
pub(crate) use placed::{environment, placed};
pub(crate) use version::{
    branch, branch_version, branches_of, embedded_environments, embedded_pacticipant, embedded_version, pacticipant,
    tag, tags_of, version,
};

/// A time as upstream writes it.
pub(crate) fn time(at: impl Into<Timestamp>) -> String {
    at.into().strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// Adds when it was made and changed.
pub(crate) fn stamp(into: &mut Map<String, Value>, created: Timestamp, updated: Timestamp) {
    if updated != created {
        into.insert("updatedAt".to_owned(), json!(time(updated)));
    }
    into.insert("createdAt".to_owned(), json!(time(created)));
}

/// An object of fields; those that are null are left out.
pub(crate) fn object(fields: Value) -> Map<String, Value> {
    match fields {
        Value::Object(mut fields) => {
            fields.retain(|_, value| !value.is_null());
            fields
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// Which part of a list is wanted: `page` and `size`, or `pageNumber` and `pageSize`.
#[derive(Debug, Clone)]
pub(crate) struct Paging {
    number: usize,
    size: usize,
    asked: bool,
    /// The rest of the query, which the other pages are asked with as well.
    rest: String,
}

/// Entries of one page, at most.
const PAGE_MAX: usize = 1_000;

impl Paging {
    pub(crate) fn of(call: &Call<'_>, usual: usize) -> Result<Self, Failure> {
        let number_of = |names: [&str; 2]| -> Result<Option<usize>, Failure> {
            let Some(text) = names.iter().find_map(|name| call.query_text(name)) else { return Ok(None) };
            match text.parse::<usize>() {
                Ok(number) if number > 0 => Ok(Some(number)),
                Ok(_) | Err(_) => Err(Failure::field(names[1], "must be greater than 0")),
            }
        };
        let (number, size) = (number_of(["page", "pageNumber"])?, number_of(["size", "pageSize"])?);
        let asked = number.is_some() || size.is_some();
        let pages = ["page", "pageNumber", "size", "pageSize"];
        let others = |pair: &&str| !pages.contains(&pair.split_once('=').map_or(*pair, |(name, _)| name));
        let rest = call.query.split('&').filter(|pair| !pair.is_empty()).filter(others);
        let rest = rest.map(|pair| format!("{pair}&")).collect();
        Ok(Self { number: number.unwrap_or(1), size: size.unwrap_or(usual).min(PAGE_MAX), asked, rest })
    }

    /// True if a page was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked
    }

    /// The page of a list that has `total` entries.
    pub(crate) fn cut<T>(&self, all: impl Iterator<Item = T>) -> Vec<T> {
        all.skip((self.number - 1).saturating_mul(self.size)).take(self.size).collect()
    }

    /// Adds what page it is, and where the others are.
    pub(crate) fn note(&self, document: &mut Value, total: usize, here: &str) {
        let pages = total.div_ceil(self.size).max(1);
        let at = |number: usize| format!("{here}?{}size={}&page={number}", self.rest, self.size);
        let Value::Object(fields) = document else { return };
        let page = json!({"number": self.number, "size": self.size, "totalElements": total, "totalPages": pages});
        fields.insert("page".to_owned(), page);
        if let Some(Value::Object(links)) = fields.get_mut("_links") {
            if self.number < pages {
                links.insert("next".to_owned(), json!({"href": at(self.number + 1), "title": "Next page"}));
            }
            if self.number > 1 {
                links.insert("previous".to_owned(), json!({"href": at(self.number - 1), "title": "Previous page"}));
            }
        }
    }
}

/// The pacticipant that the path names.
pub(crate) fn party(call: &Call<'_>, name: &str) -> Result<PacticipantKey, Failure> {
    call.state().pacticipant_named(call.param(name)?).ok_or(Failure::NotFound)
}

/// The consumer and the provider that the path names.
pub(crate) fn pair(call: &Call<'_>) -> Result<(PacticipantKey, PacticipantKey), Failure> {
    Ok((party(call, "consumer")?, party(call, "provider")?))
}

/// A pacticipant by name and link.
pub(crate) fn short_party(state: &State, links: &Links, key: PacticipantKey) -> Value {
    let name = state.name(key);
    json!({"name": name, "_links": {"self": {"href": links.pacticipant(name)}}})
}
