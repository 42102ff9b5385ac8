//! Rules about fields and extensions that are on both sides, under one number.

use std::collections::BTreeMap;

use prost_types::field_descriptor_proto::{Label, Type as Scalar};

use super::changes::{About, Changes, quoted};
use super::defaults::{self, Value};
use super::model::{Definition, Enum, Field, Syntax, Type};
use super::rules::{self, Rule};

/// The enums of both sides, from which defaults come.
#[derive(Debug)]
pub(super) struct Enums<'d> {
    earlier: BTreeMap<&'d str, &'d Enum>,
    later: BTreeMap<&'d str, &'d Enum>,
}

impl<'d> Enums<'d> {
    pub(super) fn of(earlier: &'d Definition, later: &'d Definition) -> Self {
        Self { earlier: earlier.enums(), later: later.enums() }
    }
}

/// The extensions; fields of messages come with their messages.
pub(super) fn compare_extensions(
    earlier: &Definition,
    later: &Definition,
    enums: &Enums<'_>,
    changes: &mut Changes<'_>,
) {
    let later = later.extensions();
    for (extended, field) in earlier.extensions() {
        if let Some(later) = later.get(&extended) {
            compare_pair(field, later, enums, changes);
        }
    }
}

fn report(rule: Rule, what: &str, field: &Field, from: &str, to: &str, changes: &mut Changes<'_>) {
    let place = field.place();
    let text = format!("The {what} of {place} = {} changed from {from} to {to}", field.number);
    changes.add(rule, About::Type(field.carrier()), place, text);
}

pub(super) fn compare_pair(earlier: &Field, later: &Field, enums: &Enums<'_>, changes: &mut Changes<'_>) {
    names(earlier, later, changes);
    let (from, to) = (cardinality(earlier), cardinality(later));
    let is_same = from.is_as_far_as_known(to) || (earlier.is_in_map_entry && later.is_in_map_entry);
    if !is_same {
        report(rules::FIELD_SAME_CARDINALITY, "cardinality", earlier, from.words(), to.words(), changes);
    }
    if !earlier.field_type.is_same(&later.field_type) {
        let (from, to) = (type_words(&earlier.field_type), type_words(&later.field_type));
        let to = format!("{to}{}", survives(&earlier.field_type, &later.field_type));
        report(rules::FIELD_SAME_TYPE, "type", earlier, &from, &to, changes);
    }
    if let (Some(from), Some(to)) = (defaults::of(earlier, &enums.earlier), defaults::of(later, &enums.later))
        && from.differs(&to)
    {
        let words = |field: &Field, value: &Value| quoted(&field.default.clone().unwrap_or_else(|| value.to_string()));
        let (from, to) = (words(earlier, &from), words(later, &to));
        report(rules::FIELD_SAME_DEFAULT, "default", earlier, &from, &to, changes);
    }
    oneofs(earlier, later, changes);
    options(earlier, later, changes);
}

fn names(earlier: &Field, later: &Field, changes: &mut Changes<'_>) {
    let is_extension = earlier.extendee.is_some();
    let (from, to) = match is_extension {
        true => (earlier.place(), later.place()),
        false => (earlier.name.clone(), later.name.clone()),
    };
    if from != to {
        report(rules::FIELD_SAME_NAME, "name", earlier, &from, &to, changes);
    }
    if !is_extension && earlier.json_name != later.json_name {
        let (from, to) = (quoted(&earlier.json_name), quoted(&later.json_name));
        report(rules::FIELD_SAME_JSON_NAME, "name in JSON", earlier, &from, &to, changes);
    }
}

fn oneofs(earlier: &Field, later: &Field, changes: &mut Changes<'_>) {
    let outside = "none".to_owned();
    if earlier.extendee.is_none() && earlier.oneof != later.oneof {
        let (from, to) = (earlier.oneof.as_ref().unwrap_or(&outside), later.oneof.as_ref().unwrap_or(&outside));
        report(rules::FIELD_SAME_ONEOF, "oneof", earlier, from, to, changes);
    }
}

/// Options that say how code is generated, for the types that they say it of.
fn options(earlier: &Field, later: &Field, changes: &mut Changes<'_>) {
    let (Type::Scalar(one), Type::Scalar(another)) = (&earlier.field_type, &later.field_type) else { return };
    if is_64_bits(*one) && is_64_bits(*another) && earlier.jstype != later.jstype {
        let (from, to) = (quoted(&earlier.jstype), quoted(&later.jstype));
        report(rules::FIELD_SAME_JSTYPE, "option jstype", earlier, &from, &to, changes);
    }
    let is_text = |scalar: Scalar| scalar == Scalar::String || scalar == Scalar::Bytes;
    // A string piece was always generated as a string.
    let is_harmless = earlier.ctype == "STRING_PIECE" && later.ctype == "STRING";
    let is_in_map_entry = earlier.is_in_map_entry && later.is_in_map_entry;
    if is_text(*one) && is_text(*another) && earlier.ctype != later.ctype && !is_harmless && !is_in_map_entry {
        let (from, to) = (quoted(&earlier.ctype), quoted(&later.ctype));
        report(rules::FIELD_SAME_CPP_STRING_TYPE, "type in C++", earlier, &from, &to, changes);
    }
    if *one == Scalar::String && *another == Scalar::String {
        utf8(earlier, later, changes);
    }
}

fn utf8(earlier: &Field, later: &Field, changes: &mut Changes<'_>) {
    let words = |is_checked: bool| if is_checked { "checked" } else { "not checked" };
    let is_checked = |field: &Field| field.syntax == Syntax::Proto3;
    let (from, to) = (is_checked(earlier), is_checked(later));
    if from != to {
        report(rules::FIELD_SAME_UTF8_VALIDATION, "UTF-8", earlier, words(from), words(to), changes);
    }
    let is_checked = |field: &Field| field.syntax == Syntax::Proto3 || field.java_checks_utf8;
    let (from, to) = (is_checked(earlier), is_checked(later));
    if from != to {
        report(rules::FIELD_SAME_JAVA_UTF8_VALIDATION, "UTF-8 in Java", earlier, words(from), words(to), changes);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cardinality {
    Explicit,
    Implicit,
    /// One of the two above; which, only an import tells.
    Single,
    Required,
    Repeated,
    Map,
}

impl Cardinality {
    fn is_as_far_as_known(self, other: Self) -> bool {
        let is_single = |one| matches!(one, Self::Explicit | Self::Implicit | Self::Single);
        let is_unclear = self == Self::Single || other == Self::Single;
        self == other || (is_unclear && is_single(self) && is_single(other))
    }

    fn words(self) -> &'static str {
        match self {
            Self::Explicit => "optional with explicit presence",
            Self::Implicit => "optional with implicit presence",
            Self::Single => "optional",
            Self::Required => "required",
            Self::Repeated => "repeated",
            Self::Map => "map",
        }
    }
}

fn cardinality(field: &Field) -> Cardinality {
    match field.label {
        Label::Repeated if field.is_map => Cardinality::Map,
        Label::Repeated => Cardinality::Repeated,
        Label::Required => Cardinality::Required,
        Label::Optional if field.has_presence() => Cardinality::Explicit,
        Label::Optional if matches!(field.field_type, Type::Unknown(_)) => Cardinality::Single,
        Label::Optional => Cardinality::Implicit,
    }
}

impl Field {
    pub(super) fn is_repeated(&self) -> bool {
        self.label == Label::Repeated
    }

    /// Whether a program can tell a field that is set from one that isn't.
    fn has_presence(&self) -> bool {
        let is_message = matches!(self.field_type, Type::Message(_) | Type::Group(_));
        let is_marked = self.is_proto3_optional || self.oneof.is_some() || self.extendee.is_some();
        self.syntax == Syntax::Proto2 || is_message || is_marked
    }
}

fn is_64_bits(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::Int64 | Scalar::Sint64 | Scalar::Uint64 | Scalar::Fixed64 | Scalar::Sfixed64)
}

fn type_words(field_type: &Type) -> String {
    match field_type {
        Type::Scalar(scalar) => scalar.as_str_name().trim_start_matches("TYPE_").to_ascii_lowercase(),
        Type::Message(name) => format!("message {name}"),
        Type::Group(name) => format!("group {name}"),
        Type::Enum(name) => format!("enum {name}"),
        Type::Unknown(name) => format!("{name} (which no file here declares)"),
    }
}

/// What still works after a change of type, as the protobuf documentation has it ("Updating A Message Type").
fn survives(earlier: &Type, later: &Type) -> &'static str {
    let (Type::Scalar(earlier), Type::Scalar(later)) = (earlier, later) else { return "" };
    let is_both = |group: &[Scalar]| group.contains(earlier) && group.contains(later);
    let in_json: [&[Scalar]; 4] = [
        &[Scalar::Int32, Scalar::Uint32],
        &[Scalar::Int64, Scalar::Uint64],
        &[Scalar::Fixed32, Scalar::Sfixed32],
        &[Scalar::Fixed64, Scalar::Sfixed64],
    ];
    let in_binary: [&[Scalar]; 2] = [
        &[Scalar::Int32, Scalar::Int64, Scalar::Uint32, Scalar::Uint64, Scalar::Bool],
        &[Scalar::Sint32, Scalar::Sint64],
    ];
    if in_json.into_iter().any(is_both) {
        ", which binary and JSON messages survive but generated code does not"
    } else if in_binary.into_iter().any(is_both) || (*earlier, *later) == (Scalar::String, Scalar::Bytes) {
        ", which binary messages survive but JSON and generated code do not"
    } else {
        ""
    }
}
