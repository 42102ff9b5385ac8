//! Which type a name means.
//!
//! Imports that aren't among the files stay closed. The types of `google/protobuf/` are known by heart; any other name
//! that no file declares stays as it is written.

use std::collections::HashMap;
use std::rc::Rc;

use prost_types::DescriptorProto;

use super::model::{Type, join};

/// The full names of what a set of files declares.
#[derive(Debug, Default)]
pub(super) struct Names {
    declared: HashMap<Rc<str>, Declared>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Declared {
    Message,
    MapEntry,
    Enum,
}

impl Names {
    /// The parser bounds nesting (31 levels), and so this recursion.
    pub(super) fn learn_message(&mut self, message: &DescriptorProto, scope: &str) {
        let name = join(scope, message.name());
        for nested in &message.nested_type {
            self.learn_message(nested, &name);
        }
        for enumeration in &message.enum_type {
            self.learn_enum(enumeration.name(), &name);
        }
        let is_map_entry = message.options.as_ref().is_some_and(|options| options.map_entry());
        let declared = if is_map_entry { Declared::MapEntry } else { Declared::Message };
        self.declared.entry(name.into()).or_insert(declared);
    }

    pub(super) fn learn_enum(&mut self, name: &str, scope: &str) {
        self.declared.entry(join(scope, name).into()).or_insert(Declared::Enum);
    }

    pub(super) fn is_map_entry(&self, field_type: &Type) -> bool {
        field_type.name().is_some_and(|name| self.declared.get(name) == Some(&Declared::MapEntry))
    }

    /// Looked up from the innermost scope outwards, as protoc does.
    pub(super) fn resolve(&self, written: &str, scope: &str) -> Type {
        if let Some(full) = written.strip_prefix('.') {
            return self.declared(full).unwrap_or_else(|| elsewhere(full));
        }
        let mut scope = scope;
        loop {
            if let Some(found) = self.declared(&join(scope, written)) {
                return found;
            }
            if scope.is_empty() {
                return elsewhere(written);
            }
            scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
    }

    fn declared(&self, full: &str) -> Option<Type> {
        let (name, declared) = self.declared.get_key_value(full)?;
        Some(match declared {
            Declared::Message | Declared::MapEntry => Type::Message(Rc::clone(name)),
            Declared::Enum => Type::Enum(Rc::clone(name)),
        })
    }
}

fn elsewhere(name: &str) -> Type {
    match name.strip_prefix("google.protobuf.") {
        Some(short) if WELL_KNOWN_ENUMS.contains(&short) => Type::Enum(name.into()),
        Some(_) => Type::Message(name.into()),
        None => Type::Unknown(name.into()),
    }
}

/// The enums of `google/protobuf/*.proto`; all else there that a field can have is a message.
const WELL_KNOWN_ENUMS: &[&str] = &[
    "Edition",
    "Field.Cardinality",
    "Field.Kind",
    "FieldDescriptorProto.Label",
    "FieldDescriptorProto.Type",
    "FieldOptions.CType",
    "FieldOptions.JSType",
    "FieldOptions.OptionRetention",
    "FieldOptions.OptionTargetType",
    "FileOptions.OptimizeMode",
    "MethodOptions.IdempotencyLevel",
    "NullValue",
    "Syntax",
];
