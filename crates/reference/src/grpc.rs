//! Protocol buffers: the methods of the services are the operations.
//!
//! The file is read by itself, by protox-parse, which looks at the syntax alone. Imports are never opened. The types
//! in `google/protobuf/` are known by heart; any other imported type stays a name, with a warning.

use std::collections::HashMap;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, MethodDescriptorProto,
    UninterpretedOption,
};

use crate::model::{Body, EnumValue, Field, Group, Operation, Reference, Response, Schema, Shape, TypeDoc};
use crate::walk::{Slugs, Warnings};
use crate::{DefinitionKind, ReferenceError};

// The numbers of fields in descriptor.proto, by which comments are found.
const FILE_PACKAGE: i32 = 2;
const FILE_MESSAGES: i32 = 4;
const FILE_ENUMS: i32 = 5;
const FILE_SERVICES: i32 = 6;
const FILE_SYNTAX: i32 = 12;
const MESSAGE_FIELDS: i32 = 2;
const MESSAGE_MESSAGES: i32 = 3;
const MESSAGE_ENUMS: i32 = 4;
const ENUM_VALUES: i32 = 2;
const SERVICE_METHODS: i32 = 2;

pub(crate) fn read(text: &str) -> Result<Reference, ReferenceError> {
    let file = protox_parse::parse("definition.proto", text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.and_then(|before| u64::try_from(before.matches('\n').count() + 1).ok());
        ReferenceError::new(line, format!("not a valid protobuf file: {error}"))
    })?;
    let mut reader = Reader::new(&file);
    let groups: Vec<Group> = (0..).zip(&file.service).map(|(at, service)| reader.service(at, service)).collect();
    for (at, message) in (0..).zip(&file.message_type) {
        reader.message(message, file.package(), &[FILE_MESSAGES, at]);
    }
    for (at, enumeration) in (0..).zip(&file.enum_type) {
        reader.enumeration(enumeration, file.package(), &[FILE_ENUMS, at]);
    }
    if groups.iter().all(|group| group.operations.is_empty()) {
        reader.warnings.add("the file has no services");
    }
    let description = match reader.comment(&[FILE_SYNTAX]) {
        none if none.is_empty() => reader.comment(&[FILE_PACKAGE]),
        comment => comment,
    };
    Ok(Reference {
        kind: DefinitionKind::Grpc,
        title: file.package().to_owned(),
        version: version(file.package()),
        description,
        servers: Vec::new(),
        groups,
        types: reader.types,
        warnings: reader.warnings.into_list(),
    })
}

/// `flagd.evaluation.v1` → `v1`.
fn version(package: &str) -> String {
    let last = package.rsplit('.').next().unwrap_or_default();
    let is_version = last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if is_version { last.to_owned() } else { String::new() }
}

/// A type that the file defines, or a map's entry, which is a message that nobody wrote.
enum Known {
    Type { id: String },
    MapEntry(Box<DescriptorProto>),
}

struct Reader<'f> {
    file: &'f FileDescriptorProto,
    /// By full name, without a dot in front.
    known: HashMap<String, Known>,
    comments: HashMap<&'f [i32], &'f str>,
    types: Vec<TypeDoc>,
    warnings: Warnings,
}

impl<'f> Reader<'f> {
    fn new(file: &'f FileDescriptorProto) -> Self {
        let mut known = HashMap::new();
        let mut slugs = Slugs::default();
        for message in &file.message_type {
            learn(message, file.package(), &mut known, &mut slugs, file.package());
        }
        for enumeration in &file.enum_type {
            let name = join(file.package(), enumeration.name());
            let id = slugs.unique(&format!("type-{}", enumeration.name()));
            known.insert(name, Known::Type { id });
        }
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        let comments = locations
            .filter_map(|location| {
                let comment = location.leading_comments.as_deref().or(location.trailing_comments.as_deref())?;
                Some((location.path.as_slice(), comment))
            })
            .collect();
        Self { file, known, comments, types: Vec::new(), warnings: Warnings::default() }
    }

    /// The comment on the element at a path, without the stars of a block comment.
    fn comment(&self, path: &[i32]) -> String {
        let comment = self.comments.get(path).copied().unwrap_or_default();
        let lines: Vec<&str> = comment
            .lines()
            .map(|line| {
                let line = line.trim_end();
                let starless = line.trim_start().strip_prefix('*').unwrap_or(line);
                starless.strip_prefix(' ').unwrap_or(starless)
            })
            .collect();
        lines.join("\n").trim().to_owned()
    }

    fn service(&mut self, at: i32, service: &prost_types::ServiceDescriptorProto) -> Group {
        let full_name = join(self.file.package(), service.name());
        let operations = (0..)
            .zip(&service.method)
            .map(|(method_at, method)| {
                let path = [FILE_SERVICES, at, SERVICE_METHODS, method_at];
                self.method(&full_name, service.name(), method, &path)
            })
            .collect();
        Group { name: service.name().to_owned(), description: self.comment(&[FILE_SERVICES, at]), operations }
    }

    fn method(&mut self, full_name: &str, service: &str, method: &MethodDescriptorProto, path: &[i32]) -> Operation {
        let verb = match (method.client_streaming(), method.server_streaming()) {
            (false, false) => "rpc unary",
            (true, false) => "rpc client-stream",
            (false, true) => "rpc server-stream",
            (true, true) => "rpc bidi-stream",
        };
        let request = self.body(method.input_type());
        let response = self.body(method.output_type());
        Operation {
            id: format!("{service} {}", method.name()),
            verb: verb.to_owned(),
            path: format!("{full_name}/{}", method.name()),
            description: self.comment(path),
            deprecated: method.options.as_ref().is_some_and(|options| is_deprecated(&options.uninterpreted_option)),
            request: vec![request],
            responses: vec![Response {
                status: response.name.clone(),
                description: String::new(),
                bodies: vec![response],
                headers: Vec::new(),
            }],
            ..Operation::default()
        }
    }

    fn body(&mut self, type_name: &str) -> Body {
        let schema = self.reference(type_name, self.file.package());
        let name = schema.type_text();
        Body { name, media_type: String::new(), description: String::new(), schema, example: None }
    }

    fn message(&mut self, message: &DescriptorProto, scope: &str, path: &[i32]) {
        if is_map_entry(message) {
            return;
        }
        let full_name = join(scope, message.name());
        let fields = (0..)
            .zip(&message.field)
            .map(|(at, field)| self.field(field, message, &full_name, &below(path, MESSAGE_FIELDS, at)))
            .collect();
        let deprecated = message.options.as_ref().is_some_and(|options| is_deprecated(&options.uninterpreted_option));
        self.add_type(&full_name, path, Shape::Object { fields, others: None }, deprecated, Vec::new());
        for (at, nested) in (0..).zip(&message.nested_type) {
            self.message(nested, &full_name, &below(path, MESSAGE_MESSAGES, at));
        }
        for (at, nested) in (0..).zip(&message.enum_type) {
            self.enumeration(nested, &full_name, &below(path, MESSAGE_ENUMS, at));
        }
    }

    fn enumeration(&mut self, enumeration: &EnumDescriptorProto, scope: &str, path: &[i32]) {
        let full_name = join(scope, enumeration.name());
        let values = (0..)
            .zip(&enumeration.value)
            .map(|(at, value)| EnumValue {
                name: value.name().to_owned(),
                description: self.comment(&below(path, ENUM_VALUES, at)),
                deprecated: value.options.as_ref().is_some_and(|options| is_deprecated(&options.uninterpreted_option)),
            })
            .collect();
        let deprecated =
            enumeration.options.as_ref().is_some_and(|options| is_deprecated(&options.uninterpreted_option));
        let shape = Shape::Scalar { name: "enum".to_owned(), format: String::new() };
        self.add_type(&full_name, path, shape, deprecated, values);
    }

    fn add_type(&mut self, full_name: &str, path: &[i32], shape: Shape, deprecated: bool, values: Vec<EnumValue>) {
        let Some(Known::Type { id }) = self.known.get(full_name) else { return };
        let description = self.comment(path);
        let schema = Schema { shape, description, deprecated, values, ..Schema::default() };
        self.types.push(TypeDoc { id: id.clone(), name: short_name(full_name, self.file.package()), schema });
    }

    fn field(&mut self, field: &FieldDescriptorProto, message: &DescriptorProto, scope: &str, path: &[i32]) -> Field {
        let (label, is_list) = (field.label(), field.label() == Label::Repeated);
        let (mut schema, is_map) = self.field_type(field, scope);
        if is_list && !is_map {
            schema = Schema::of(Shape::List(Box::new(schema)));
        }
        schema.description = self.comment(path);
        schema.deprecated = field.options.as_ref().is_some_and(|options| is_deprecated(&options.uninterpreted_option));
        schema.default = field.default_value.as_deref().map(Into::into);
        let oneof = field.oneof_index.filter(|_| !field.proto3_optional());
        let oneof = oneof.and_then(|at| message.oneof_decl.get(usize::try_from(at).ok()?));
        if let Some(oneof) = oneof {
            schema.constraints.push(format!("one of {}", oneof.name()));
        }
        if field.proto3_optional() {
            schema.constraints.push("optional".to_owned());
        }
        Field { name: field.name().to_owned(), required: label == Label::Required, schema }
    }

    /// A field's type, and whether it is a map (which is written as a repeated entry).
    fn field_type(&mut self, field: &FieldDescriptorProto, scope: &str) -> (Schema, bool) {
        if field.type_name.is_none() {
            return (Schema::scalar(scalar_name(field), ""), false);
        }
        let entry = self.resolve(field.type_name(), scope).and_then(|name| match self.known.get(&name) {
            Some(Known::MapEntry(entry)) => {
                Some((entry.field.iter().find(|field| field.name() == "value")?.clone(), name))
            }
            Some(Known::Type { .. }) | None => None,
        });
        match entry {
            Some((value, entry_name)) => {
                let (value, _) = self.field_type(&value, &entry_name);
                (Schema::of(Shape::Object { fields: Vec::new(), others: Some(Box::new(value)) }), true)
            }
            None => (self.reference(field.type_name(), scope), false),
        }
    }

    fn reference(&mut self, type_name: &str, scope: &str) -> Schema {
        let resolved = self.resolve(type_name, scope);
        let known = resolved.and_then(|name| match self.known.get(&name) {
            Some(Known::Type { id }) => Some((id.clone(), name)),
            Some(Known::MapEntry(_)) | None => None,
        });
        if let Some((id, name)) = known {
            return Schema::of(Shape::Named { id, name: short_name(&name, self.file.package()) });
        }
        let name = type_name.trim_start_matches('.');
        if let Some(schema) = name.strip_prefix("google.protobuf.").and_then(well_known) {
            return schema;
        }
        self.warnings.add(format!("{name} isn't in this file; imports aren't read"));
        Schema::of(Shape::Unresolved { name: name.to_owned() })
    }

    /// The full name that a type's name means: looked up from the innermost scope outwards, as protoc does.
    fn resolve(&self, type_name: &str, scope: &str) -> Option<String> {
        if let Some(full) = type_name.strip_prefix('.') {
            return self.known.contains_key(full).then(|| full.to_owned());
        }
        let mut scope = Some(scope);
        while let Some(within) = scope {
            let candidate = join(within, type_name);
            if self.known.contains_key(&candidate) {
                return Some(candidate);
            }
            scope = match within.rsplit_once('.') {
                Some((outer, _)) => Some(outer),
                None if within.is_empty() => None,
                None => Some(""),
            };
        }
        None
    }
}

fn learn(message: &DescriptorProto, scope: &str, known: &mut HashMap<String, Known>, slugs: &mut Slugs, package: &str) {
    let name = join(scope, message.name());
    for nested in &message.nested_type {
        learn(nested, &name, known, slugs, package);
    }
    for enumeration in &message.enum_type {
        let name = join(&name, enumeration.name());
        let id = slugs.unique(&format!("type-{}", short_name(&name, package)));
        known.insert(name, Known::Type { id });
    }
    let entry = if is_map_entry(message) {
        Known::MapEntry(Box::new(message.clone()))
    } else {
        Known::Type { id: slugs.unique(&format!("type-{}", short_name(&name, package))) }
    };
    known.insert(name, entry);
}

/// The parser keeps options as they are written, since their meaning may be in an import.
fn is_deprecated(options: &[UninterpretedOption]) -> bool {
    options.iter().any(|option| {
        let names_it = matches!(option.name.as_slice(), [part] if part.name_part == "deprecated" && !part.is_extension);
        names_it && option.identifier_value() == "true"
    })
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|options| options.map_entry())
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

/// A name without the file's own package.
fn short_name(full_name: &str, package: &str) -> String {
    let short = full_name.strip_prefix(package).and_then(|rest| rest.strip_prefix('.'));
    short.filter(|_| !package.is_empty()).unwrap_or(full_name).to_owned()
}

fn below(path: &[i32], field: i32, at: i32) -> Vec<i32> {
    [path, &[field, at]].concat()
}

fn scalar_name(field: &FieldDescriptorProto) -> &'static str {
    match field.r#type() {
        Type::Double => "double",
        Type::Float => "float",
        Type::Int64 => "int64",
        Type::Uint64 => "uint64",
        Type::Int32 => "int32",
        Type::Fixed64 => "fixed64",
        Type::Fixed32 => "fixed32",
        Type::Bool => "bool",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Uint32 => "uint32",
        Type::Sfixed32 => "sfixed32",
        Type::Sfixed64 => "sfixed64",
        Type::Sint32 => "sint32",
        Type::Sint64 => "sint64",
        Type::Group | Type::Message | Type::Enum => "message",
    }
}

/// The types of `google/protobuf/*.proto`, as protobuf's JSON mapping writes them.
fn well_known(name: &str) -> Option<Schema> {
    let object = |others: Option<Box<Schema>>| Schema::of(Shape::Object { fields: Vec::new(), others });
    Some(match name {
        "Timestamp" | "Duration" => Schema::scalar(name, ""),
        "FieldMask" => Schema::scalar("string", name),
        "Empty" => object(None),
        "Struct" => object(Some(Box::default())),
        "Any" => object(Some(Box::default())),
        "Value" => Schema::default(),
        "ListValue" => Schema::of(Shape::List(Box::default())),
        "NullValue" => Schema::scalar("null", ""),
        "StringValue" => nullable("string"),
        "BoolValue" => nullable("bool"),
        "BytesValue" => nullable("bytes"),
        "DoubleValue" => nullable("double"),
        "FloatValue" => nullable("float"),
        "Int32Value" => nullable("int32"),
        "Int64Value" => nullable("int64"),
        "UInt32Value" => nullable("uint32"),
        "UInt64Value" => nullable("uint64"),
        _ => return None,
    })
}

fn nullable(scalar: &str) -> Schema {
    Schema { nullable: true, ..Schema::scalar(scalar, "") }
}
