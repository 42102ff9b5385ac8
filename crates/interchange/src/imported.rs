//! What an export became, and what it did not.

use flags::{Definition, Segment};
use kernel::EntityRef;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;
use spec::SpecProblem;

use crate::written;

/// The largest file that is read.
const FILE_BYTES_MAX: usize = 64 << 20;
/// A description has room for this many bytes.
const DESCRIPTION_BYTES_MAX: usize = 2_000;
/// An import has at most this many flags.
pub(crate) const FLAGS_MAX: usize = 50_000;

/// What an export became.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Imported {
    /// The flags, in the order of the file.
    pub definitions: Vec<Definition>,
    /// What flags share.
    pub segments: Vec<Segment>,
    /// What is not the same here.
    pub unmapped: Vec<Unmapped>,
}

impl Imported {
    /// The flags as declarations have them: the key, and the `spec` of `kind: Flag`.
    pub fn flag_specs(&self) -> impl Iterator<Item = (&str, Value)> {
        self.definitions.iter().map(|definition| (definition.key(), written::of_flag(definition)))
    }

    /// The environments that the flags name.
    pub fn environments(&self) -> impl Iterator<Item = &str> {
        self.definitions.iter().flat_map(|definition| definition.environments.keys().map(String::as_str))
    }

    /// Calls an environment by another name; false if there is none of this name.
    pub fn rename_environment(&mut self, from: &str, to: &str) -> bool {
        let mut found = false;
        for environments in self.definitions.iter_mut().map(|definition| &mut definition.environments) {
            if let Some(setting) = environments.remove(from) {
                environments.insert(to.to_owned(), setting);
                found = true;
            }
        }
        for place in self.unmapped.iter_mut().map(|unmapped| &mut unmapped.place) {
            if let Some(within) =
                place.strip_prefix(from).filter(|within| within.is_empty() || within.starts_with(", "))
            {
                *place = format!("{to}{within}");
            }
        }
        found
    }

    /// Says who keeps the flags and segments.
    pub fn give_to(&mut self, owner: &EntityRef) {
        self.definitions.iter_mut().for_each(|definition| definition.owner = Some(owner.clone()));
        self.segments.iter_mut().for_each(|segment| segment.owner = Some(owner.clone()));
    }

    /// The segments as declarations have them: the name, and the `spec` of `kind: Segment`.
    pub fn segment_specs(&self) -> impl Iterator<Item = (&str, Value)> {
        self.segments.iter().map(|segment| (segment.segment.short(), written::of_segment(segment)))
    }
}

/// Something that is not the same here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmapped {
    /// Of which flag; none if of all, or of a segment.
    pub flag: Option<String>,
    /// Where in the flag: `production, strategy 2, constraint 1`.
    pub place: String,
    /// What it was.
    pub what: String,
    /// Why it is not the same, and what became of it.
    pub why: String,
    /// How much it matters.
    pub severity: Severity,
}

/// How much a difference matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It is not here: somebody gets something else until a person mends it.
    Lost,
    /// It is here, but not quite the same.
    Changed,
    /// Good to know.
    Note,
}

/// Why a file can't be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is larger than what is read.
    #[error("the file has {0} bytes; at most {FILE_BYTES_MAX} are read")]
    TooLarge(usize),
    /// It is no JSON, or not of that service.
    #[error("this is no {service} export: {why}")]
    NotThat {
        /// Which service's it should be.
        service: &'static str,
        /// What is wrong.
        why: String,
    },
    /// It has more flags than one import may have.
    #[error("the file has {0} flags; at most {FLAGS_MAX} are read")]
    TooMany(usize),
}

/// Refuses files that are larger than what is read.
pub(crate) fn bounded(file: &[u8]) -> Result<&[u8], Problem> {
    if file.len() > FILE_BYTES_MAX { Err(Problem::TooLarge(file.len())) } else { Ok(file) }
}

/// Reads JSON of this form.
pub(crate) fn read<T: DeserializeOwned>(service: &'static str, json: &[u8]) -> Result<T, Problem> {
    let json = bounded(json)?;
    serde_json::from_slice(json).map_err(|error| Problem::NotThat { service, why: error.to_string() })
}

/// Takes a value for one of this form.
pub(crate) fn shaped<T: DeserializeOwned>(service: &'static str, value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| Problem::NotThat { service, why: error.to_string() })
}

/// Reads a member in which some versions write null for none.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// Collects what is not the same.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    pub(crate) all: Vec<Unmapped>,
}

impl Remarks {
    /// About the import as a whole, or about a segment.
    pub(crate) fn general(&mut self) -> About<'_> {
        About { remarks: self, flag: None, place: String::new() }
    }

    /// About one flag.
    pub(crate) fn flag(&mut self, key: &str) -> About<'_> {
        About { remarks: self, flag: Some(key.to_owned()), place: String::new() }
    }
}

impl Remarks {
    /// The flag, if the server will take it.
    pub(crate) fn sound(&mut self, definition: Definition) -> Option<Definition> {
        let problems = definition.problems();
        self.left_out(Some(definition.key()), "the whole flag", &problems).then_some(definition)
    }

    /// The segment, if the server will take it.
    pub(crate) fn sound_segment(&mut self, segment: Segment) -> Option<Segment> {
        let what = format!("the whole segment {}", segment.segment.short());
        self.left_out(None, &what, &segment.problems()).then_some(segment)
    }

    fn left_out(&mut self, flag: Option<&str>, what: &str, problems: &[SpecProblem]) -> bool {
        let words = problems.iter().map(|problem| format!("{}: {}", problem.pointer, problem.message));
        let mut about = About { remarks: self, flag: flag.map(str::to_owned), place: String::new() };
        if !problems.is_empty() {
            about.lost(
                what,
                format!("it can't be made here, and was left out: {}", words.collect::<Vec<_>>().join("; ")),
            );
        }
        problems.is_empty()
    }
}

/// Collects what is not the same about one place.
#[derive(Debug)]
pub(crate) struct About<'a> {
    remarks: &'a mut Remarks,
    flag: Option<String>,
    place: String,
}

impl About<'_> {
    /// A place within this one.
    pub(crate) fn at(&mut self, place: impl AsRef<str>) -> About<'_> {
        let separator = if self.place.is_empty() { "" } else { ", " };
        let place = format!("{}{separator}{}", self.place, place.as_ref());
        About { remarks: self.remarks, flag: self.flag.clone(), place }
    }

    /// What a flag or segment is for, as far as there is room for it.
    pub(crate) fn description(&mut self, text: &str) -> String {
        let mut text = text.trim().to_owned();
        if text.len() > DESCRIPTION_BYTES_MAX {
            let cut = (0..=DESCRIPTION_BYTES_MAX).rev().find(|index| text.is_char_boundary(*index));
            text.truncate(cut.unwrap_or_default());
            self.changed(
                "the description",
                format!("is longer than {DESCRIPTION_BYTES_MAX} bytes; the rest was cut off"),
            );
        }
        text
    }

    pub(crate) fn lost(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.add(Severity::Lost, what.into(), why.into());
    }

    pub(crate) fn changed(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.add(Severity::Changed, what.into(), why.into());
    }

    pub(crate) fn note(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.add(Severity::Note, what.into(), why.into());
    }

    /// The same thing is said once of a flag, at its first place.
    fn add(&mut self, severity: Severity, what: String, why: String) {
        let mut of_this_flag = self.remarks.all.iter().rev().take_while(|unmapped| unmapped.flag == self.flag);
        let said = severity != Severity::Lost && of_this_flag.any(|said| said.what == what && said.why == why);
        if !said {
            let (flag, place) = (self.flag.clone(), self.place.clone());
            self.remarks.all.push(Unmapped { flag, place, what, why, severity });
        }
    }
}
