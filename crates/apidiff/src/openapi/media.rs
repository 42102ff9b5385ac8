//! Media types of a body, before and after.
//!
//! Those with the same name belong together; of the others, those of which one is more particular than the other:
//! `application/json` and `application/problem+json`, or the same type with other parameters.

use std::collections::BTreeMap;

use serde_json::Value;

/// Names that are taken apart to find which belong together.
const NAMES_MAX: usize = 64;

/// A media type in both.
pub(super) struct Both<'d> {
    pub(super) was: &'d str,
    pub(super) is: &'d str,
    pub(super) before: &'d Value,
    pub(super) after: &'d Value,
}

/// Which media types there are, in the order of the documents.
#[derive(Default)]
pub(super) struct Media<'d> {
    pub(super) both: Vec<Both<'d>>,
    pub(super) removed: Vec<&'d str>,
    pub(super) added: Vec<&'d str>,
}

pub(super) fn pair<'d>(before: Option<&'d Value>, after: Option<&'d Value>) -> Media<'d> {
    let (had, has) = (before.and_then(Value::as_object), after.and_then(Value::as_object));
    let mut media = Media::default();
    let mut gone: Vec<(&str, &Value, Option<Name>)> = Vec::new();
    for (name, before) in had.into_iter().flatten() {
        match has.and_then(|has| has.get(name)) {
            Some(after) => media.both.push(Both { was: name, is: name, before, after }),
            None => gone.push((name, before, Name::of(name))),
        }
    }
    let is_few = gone.len() <= NAMES_MAX;
    for (name, after) in has.into_iter().flatten().filter(|(name, _)| !had.is_some_and(|had| had.contains_key(*name))) {
        let is_near = |one: &Name, other: &Name| one.holds(other) || other.holds(one);
        let near = Name::of(name)
            .filter(|_| is_few)
            .and_then(|name| gone.iter().position(|(_, _, was)| was.as_ref().is_some_and(|was| is_near(was, &name))));
        match near.map(|at| gone.remove(at)) {
            Some((was, before, _)) => media.both.push(Both { was, is: name, before, after }),
            None => media.added.push(name),
        }
    }
    media.removed = gone.into_iter().map(|(name, ..)| name).collect();
    media
}

/// What became of a name, if it is another one now.
pub(super) enum Renamed {
    /// Only parameters differ.
    Parameters,
    Narrower,
    Wider,
}

impl Both<'_> {
    pub(super) fn renamed(&self) -> Option<Renamed> {
        let (was, is) = (Name::of(self.was)?, Name::of(self.is)?);
        if was.parameters != is.parameters {
            Some(Renamed::Parameters)
        } else if was == is {
            None
        } else if was.holds(&is) {
            Some(Renamed::Narrower)
        } else {
            Some(Renamed::Wider)
        }
    }
}

/// A media type's name, taken apart (RFC 6838, section 4.2).
#[derive(PartialEq, Eq)]
struct Name {
    kind: String,
    subtype: String,
    suffix: Option<String>,
    parameters: BTreeMap<String, String>,
}

impl Name {
    fn of(name: &str) -> Option<Self> {
        let mut parts = name.split(';');
        let essence = parts.next()?.trim().to_lowercase();
        let (kind, rest) = essence.split_once('/')?;
        let (subtype, suffix) = rest.split_once('+').map_or((rest, None), |(subtype, suffix)| (subtype, Some(suffix)));
        let parameters = parts.filter_map(|part| part.split_once('='));
        Some(Self {
            kind: kind.to_owned(),
            subtype: subtype.to_owned(),
            suffix: suffix.map(str::to_owned),
            parameters: parameters.map(|(key, value)| (key.trim().to_lowercase(), value.trim().to_owned())).collect(),
        })
    }

    /// Whether all of the other is of this, whatever their parameters.
    fn holds(&self, narrow: &Self) -> bool {
        let is_base = self.suffix.is_none() && narrow.suffix.as_ref() == Some(&self.subtype);
        self.kind == narrow.kind && (is_base || (self.subtype == narrow.subtype && self.suffix == narrow.suffix))
    }
}
