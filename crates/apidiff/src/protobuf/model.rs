//! What of a set of files is compared: every name full, every option read, nothing nested.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use prost_types::field_descriptor_proto::{Label, Type as Scalar};

use super::ranges::Range;

/// One side of a comparison: its files by name.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) files: BTreeMap<String, File>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Proto2,
    Proto3,
}

#[derive(Debug)]
pub(super) struct File {
    pub(super) package: String,
    pub(super) syntax: Syntax,
    /// The options that rules look at, by name, where they are set.
    pub(super) options: BTreeMap<&'static str, String>,
    /// With the nested ones, the groups and the maps' entries.
    pub(super) messages: Vec<Message>,
    pub(super) enums: Vec<Enum>,
    pub(super) services: Vec<Service>,
    pub(super) extensions: Vec<Field>,
}

/// What has a full name, and a name within its file.
pub(super) trait Named {
    /// With the package: `orders.v1.Order.Line`.
    fn full_name(&self) -> &str;
    /// Without it: `Order.Line`.
    fn nested_name(&self) -> &str;
}

#[derive(Debug, Clone)]
pub(super) struct TypeName {
    pub(super) full: Rc<str>,
    pub(super) package_bytes: usize,
}

#[derive(Debug)]
pub(super) struct Message {
    pub(super) name: TypeName,
    /// A message that nobody wrote: what a map field repeats.
    pub(super) is_map_entry: bool,
    pub(super) syntax: Syntax,
    pub(super) fields: Vec<Field>,
    /// Without those that stand for an `optional` of proto3.
    pub(super) oneofs: Vec<String>,
    pub(super) reserved: Vec<Range>,
    pub(super) reserved_names: BTreeSet<String>,
    pub(super) extension_ranges: Vec<Range>,
    pub(super) has_no_descriptor_accessor: bool,
}

/// A field of a message, or an extension.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// The message, or the scope that the extension is declared in.
    pub(super) scope: TypeName,
    /// The message that is extended, for an extension.
    pub(super) extendee: Option<Rc<str>>,
    pub(super) number: i32,
    pub(super) label: Label,
    pub(super) field_type: Type,
    pub(super) is_map: bool,
    pub(super) is_in_map_entry: bool,
    /// Its oneof, unless that only stands for an `optional` of proto3.
    pub(super) oneof: Option<String>,
    pub(super) is_proto3_optional: bool,
    pub(super) default: Option<String>,
    pub(super) json_name: String,
    pub(super) jstype: String,
    pub(super) ctype: String,
    pub(super) syntax: Syntax,
    /// The file's `java_string_check_utf8`.
    pub(super) java_checks_utf8: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    Scalar(Scalar),
    Message(Rc<str>),
    Group(Rc<str>),
    Enum(Rc<str>),
    /// A name that no file of the set declares, as it is written, without a dot in front.
    Unknown(Rc<str>),
}

#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: TypeName,
    pub(super) syntax: Syntax,
    pub(super) values: Vec<(String, i32)>,
    pub(super) reserved: Vec<Range>,
    pub(super) reserved_names: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: TypeName,
    pub(super) methods: Vec<Method>,
}

#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: String,
    /// `orders.v1.Orders/Get`.
    pub(super) operation: String,
    pub(super) request: Type,
    pub(super) response: Type,
    pub(super) client_streaming: bool,
    pub(super) server_streaming: bool,
    pub(super) idempotency: String,
}

impl Definition {
    pub(super) fn messages(&self) -> BTreeMap<&str, &Message> {
        by_full_name(self.files.values().flat_map(|file| &file.messages))
    }

    pub(super) fn enums(&self) -> BTreeMap<&str, &Enum> {
        by_full_name(self.files.values().flat_map(|file| &file.enums))
    }

    pub(super) fn services(&self) -> BTreeMap<&str, &Service> {
        by_full_name(self.files.values().flat_map(|file| &file.services))
    }

    /// By the extended message and the number.
    pub(super) fn extensions(&self) -> BTreeMap<(&str, i32), &Field> {
        let all = self.files.values().flat_map(|file| &file.extensions);
        first_of_each(all.filter_map(|field| Some(((field.extendee.as_deref()?, field.number), field))))
    }

    /// Every method: files by name, within a file as they are declared.
    pub(super) fn methods(&self) -> impl Iterator<Item = &Method> {
        self.files.values().flat_map(|file| &file.services).flat_map(|service| &service.methods)
    }
}

fn by_full_name<'d, T: Named>(all: impl Iterator<Item = &'d T>) -> BTreeMap<&'d str, &'d T> {
    first_of_each(all.map(|one| (one.full_name(), one)))
}

/// A valid definition has nothing twice; in another, the first counts.
pub(super) fn first_of_each<K: Ord, V>(all: impl Iterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut firsts = BTreeMap::new();
    for (key, value) in all {
        firsts.entry(key).or_insert(value);
    }
    firsts
}

impl TypeName {
    fn nested(&self) -> &str {
        let skipped = if self.package_bytes == 0 { 0 } else { self.package_bytes + 1 };
        self.full.get(skipped..).unwrap_or_default()
    }
}

impl Named for Message {
    fn full_name(&self) -> &str {
        &self.name.full
    }
    fn nested_name(&self) -> &str {
        self.name.nested()
    }
}

impl Named for Enum {
    fn full_name(&self) -> &str {
        &self.name.full
    }
    fn nested_name(&self) -> &str {
        self.name.nested()
    }
}

impl Named for Service {
    fn full_name(&self) -> &str {
        &self.name.full
    }
    fn nested_name(&self) -> &str {
        self.name.nested()
    }
}

impl Field {
    /// `orders.v1.Order.price`.
    pub(super) fn place(&self) -> String {
        join(&self.scope.full, &self.name)
    }

    /// Without the package: `Order.price`.
    pub(super) fn nested_name(&self) -> String {
        join(self.scope.nested(), &self.name)
    }

    /// The message that carries it.
    pub(super) fn carrier(&self) -> &str {
        self.extendee.as_deref().unwrap_or(&self.scope.full)
    }
}

impl Type {
    /// The name of what isn't a scalar.
    pub(super) fn name(&self) -> Option<&Rc<str>> {
        match self {
            Self::Scalar(_) => None,
            Self::Message(name) | Self::Group(name) | Self::Enum(name) | Self::Unknown(name) => Some(name),
        }
    }

    /// Whether both are one type, as far as can be told: a name that isn't resolved may be the end of a full one.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_unknown = matches!(self, Self::Unknown(_)) || matches!(other, Self::Unknown(_));
        match (self.name(), other.name()) {
            (Some(one), Some(another)) if is_unknown => {
                one == another || is_end_of(one, another) || is_end_of(another, one)
            }
            (Some(_), Some(_)) | (Some(_), None) | (None, Some(_)) | (None, None) => self == other,
        }
    }
}

fn is_end_of(end: &str, full: &str) -> bool {
    full.strip_suffix(end).is_some_and(|start| start.ends_with('.'))
}

pub(super) fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}
