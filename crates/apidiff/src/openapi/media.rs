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
    for (name, before) in had.into_iter().flatten() {
        match has.and_then(|has| has.get(name)) {
            Some(after) => media.both.push(Both { was: name, is: name, before, after }),
            None => media.removed.push(name),
        }
    }
    let fresh = has.into_iter().flatten().filter(|(name, _)| !had.is_some_and(|had| had.contains_key(*name)));
    for (name, after) in fresh {
        let near = media.removed.iter().take(NAMES_MAX).position(|was| holds(was, name) || holds(name, was));
        match near.map(|at| media.removed.remove(at)) {
            Some(was) => {
                if let Some(before) = had.and_then(|had| had.get(was)) {
                    media.both.push(Both { was, is: name, before, after });
                }
            }
            None => media.added.push(name),
        }
    }
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
        } else if holds(self.was, self.is) {
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
}

/// Whether all of the second is of the first, whatever their parameters.
fn holds(wide: &str, narrow: &str) -> bool {
    let (Some(wide), Some(narrow)) = (Name::of(wide), Name::of(narrow)) else { return false };
    let is_base = wide.suffix.is_none() && narrow.suffix.as_ref() == Some(&wide.subtype);
    wide.kind == narrow.kind && (is_base || (wide.subtype == narrow.subtype && wide.suffix == narrow.suffix))
}
