//! From texts to a [`Definition`]: bounds, parsing, names.

use std::collections::{BTreeMap, HashSet};

use prost_types::field_descriptor_proto::{Label, Type as Scalar};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use prost_types::{MethodDescriptorProto, ServiceDescriptorProto};

use super::model::{Definition, Enum, Field, File, Message, Method, Service, Syntax, Type, TypeName, join};
use super::names::Names;
use super::ranges::Range;
use super::{options, rules};
use crate::Unreadable;

const FILES_MAX: usize = 200;
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Messages, enums and services, with those that are nested.
const TYPES_MAX: usize = 20_000;
/// Fields, extensions and methods.
const MEMBERS_MAX: usize = 100_000;
/// Names between the dots of a package.
const PACKAGE_PARTS_MAX: usize = 32;
/// Bytes of a file's name, and of a full name.
const NAME_BYTES_MAX: usize = 512;
/// Characters of the parser's complaint that are passed on.
const PROBLEM_CHARS_MAX: usize = 300;

/// Reads one side; `which` names it in errors.
pub(super) fn read(which: &'static str, files: &[(&str, &str)]) -> Result<Definition, Unreadable> {
    let too_large = |problem: String| Unreadable::TooLarge { which, problem };
    if files.len() > FILES_MAX {
        return Err(too_large(format!("it has more than {FILES_MAX} files")));
    }
    let bytes = files.iter().fold(0_usize, |sum, (name, text)| sum.saturating_add(name.len() + text.len()));
    if bytes > BYTES_MAX {
        return Err(too_large(format!("it has more than {} MiB", BYTES_MAX / 1024 / 1024)));
    }
    if files.iter().any(|(name, _)| name.len() > NAME_BYTES_MAX) {
        return Err(too_large(format!("a file's name has more than {NAME_BYTES_MAX} bytes")));
    }
    let mut parsed = BTreeMap::new();
    for (name, text) in files {
        let file = parse(name, text).map_err(|problem| Unreadable::Malformed { which, problem })?;
        if parsed.insert(*name, file).is_some() {
            let problem = format!("two files are named {}", clipped(name));
            return Err(Unreadable::Malformed { which, problem });
        }
    }
    Measure::default().files(parsed.values()).map_err(too_large)?;
    let mut names = Names::default();
    for file in parsed.values() {
        file.message_type.iter().for_each(|message| names.learn_message(message, file.package()));
        file.enum_type.iter().for_each(|enumeration| names.learn_enum(enumeration.name(), file.package()));
    }
    let files = parsed.iter().map(|(name, file)| ((*name).to_owned(), Reader::new(file, &names).read(file)));
    Ok(Definition { files: files.collect() })
}

fn parse(name: &str, text: &str) -> Result<FileDescriptorProto, String> {
    protox_parse::parse("definition.proto", text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let rest = error.span().and_then(|span| text.get(span.start..));
        if rest.is_some_and(|rest| rest.starts_with("edition ") || rest.starts_with("edition=")) {
            return format!("{}: editions aren't read, only proto2 and proto3", clipped(name));
        }
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        format!("{} line {line}: {}", clipped(name), clipped(&error.to_string()))
    })
}

fn clipped(text: &str) -> String {
    text.chars().take(PROBLEM_CHARS_MAX).collect()
}

/// Whether names are short enough and types few enough, before anything is copied.
#[derive(Default)]
struct Measure {
    types: usize,
    members: usize,
}

impl Measure {
    fn files<'f>(mut self, files: impl Iterator<Item = &'f FileDescriptorProto>) -> Result<(), String> {
        for file in files {
            let package = file.package().len();
            self.name(package)?;
            if file.package().split('.').count() > PACKAGE_PARTS_MAX {
                return Err(format!("a package has more than {PACKAGE_PARTS_MAX} parts"));
            }
            file.message_type.iter().try_for_each(|message| self.message(message, package))?;
            file.enum_type.iter().try_for_each(|enumeration| self.enumeration(enumeration, package))?;
            file.extension.iter().try_for_each(|field| self.field(field, package))?;
            for service in &file.service {
                let scope = self.declared(service.name(), package)?;
                for method in &service.method {
                    self.member(scope + 1 + method.name().len())?;
                    self.name(method.input_type().len())?;
                    self.name(method.output_type().len())?;
                }
            }
        }
        Ok(())
    }

    fn message(&mut self, message: &DescriptorProto, scope: usize) -> Result<(), String> {
        let scope = self.declared(message.name(), scope)?;
        message.field.iter().chain(&message.extension).try_for_each(|field| self.field(field, scope))?;
        message.oneof_decl.iter().try_for_each(|oneof| self.name(scope + 1 + oneof.name().len()))?;
        message.reserved_name.iter().try_for_each(|name| self.name(name.len()))?;
        message.enum_type.iter().try_for_each(|enumeration| self.enumeration(enumeration, scope))?;
        message.nested_type.iter().try_for_each(|nested| self.message(nested, scope))
    }

    fn field(&mut self, field: &FieldDescriptorProto, scope: usize) -> Result<(), String> {
        self.member(scope + 1 + field.name().len())?;
        self.name(field.json_name().len())?;
        self.name(field.type_name().len())?;
        self.name(field.extendee().len())
    }

    fn enumeration(&mut self, enumeration: &EnumDescriptorProto, scope: usize) -> Result<(), String> {
        let scope = self.declared(enumeration.name(), scope)?;
        enumeration.reserved_name.iter().try_for_each(|name| self.name(name.len()))?;
        enumeration.value.iter().try_for_each(|value| self.name(scope + 1 + value.name().len()))
    }

    /// The bytes of the full name of one type more.
    fn declared(&mut self, name: &str, scope: usize) -> Result<usize, String> {
        self.types += 1;
        if self.types > TYPES_MAX {
            return Err(format!("it declares more than {TYPES_MAX} messages, enums and services"));
        }
        let bytes = scope + 1 + name.len();
        self.name(bytes).map(|()| bytes)
    }

    fn member(&mut self, name_bytes: usize) -> Result<(), String> {
        self.members += 1;
        if self.members > MEMBERS_MAX {
            return Err(format!("it declares more than {MEMBERS_MAX} fields and methods"));
        }
        self.name(name_bytes)
    }

    fn name(&self, bytes: usize) -> Result<(), String> {
        if bytes <= NAME_BYTES_MAX { Ok(()) } else { Err(format!("a full name has more than {NAME_BYTES_MAX} bytes")) }
    }
}

/// Reads what one file declares.
struct Reader<'n> {
    names: &'n Names,
    package_bytes: usize,
    syntax: Syntax,
    java_checks_utf8: bool,
}

impl<'n> Reader<'n> {
    fn new(file: &FileDescriptorProto, names: &'n Names) -> Self {
        let written = file.options.as_ref().map(|options| options.uninterpreted_option.as_slice()).unwrap_or_default();
        Self {
            names,
            package_bytes: file.package().len(),
            syntax: if file.syntax() == "proto3" { Syntax::Proto3 } else { Syntax::Proto2 },
            java_checks_utf8: options::is_true(written, "java_string_check_utf8"),
        }
    }

    fn read(&self, file: &FileDescriptorProto) -> File {
        let scope = TypeName { full: file.package().into(), package_bytes: self.package_bytes };
        let written = file.options.as_ref().map(|options| options.uninterpreted_option.as_slice()).unwrap_or_default();
        let set = |&(name, _, _): &(&'static str, &str, rules::Rule)| Some((name, options::value(written, name)?));
        let mut read = File {
            package: file.package().to_owned(),
            syntax: self.syntax,
            options: rules::FILE_OPTIONS.iter().filter_map(set).collect(),
            messages: Vec::new(),
            enums: file.enum_type.iter().map(|enumeration| self.enumeration(enumeration, &scope)).collect(),
            services: file.service.iter().map(|service| self.service(service, &scope)).collect(),
            extensions: file.extension.iter().map(|field| self.extension(field, &scope)).collect(),
        };
        file.message_type.iter().for_each(|message| self.message(message, &scope, &mut read));
        read
    }

    fn type_name(&self, name: &str, scope: &TypeName) -> TypeName {
        TypeName { full: join(&scope.full, name).into(), package_bytes: self.package_bytes }
    }

    fn message(&self, message: &DescriptorProto, scope: &TypeName, into: &mut File) {
        let name = self.type_name(message.name(), scope);
        let written = message.options.as_ref();
        let is_map_entry = written.is_some_and(|options| options.map_entry());
        let written = written.map(|options| options.uninterpreted_option.as_slice()).unwrap_or_default();
        let synthetic: HashSet<Option<i32>> =
            message.field.iter().filter(|field| field.proto3_optional()).map(|field| field.oneof_index).collect();
        let oneofs = (0..).zip(&message.oneof_decl).filter(|(at, _)| !synthetic.contains(&Some(*at)));
        let reserved = message.reserved_range.iter();
        let extensible = message.extension_range.iter();
        into.messages.push(Message {
            is_map_entry,
            syntax: self.syntax,
            fields: message.field.iter().map(|field| self.field(field, &name, message)).collect(),
            oneofs: oneofs.map(|(_, oneof)| oneof.name().to_owned()).collect(),
            reserved: reserved.filter_map(|range| exclusive(range.start(), range.end())).collect(),
            reserved_names: message.reserved_name.iter().cloned().collect(),
            extension_ranges: extensible.filter_map(|range| exclusive(range.start(), range.end())).collect(),
            has_no_descriptor_accessor: options::is_true(written, "no_standard_descriptor_accessor"),
            name: name.clone(),
        });
        message.nested_type.iter().for_each(|nested| self.message(nested, &name, into));
        into.enums.extend(message.enum_type.iter().map(|enumeration| self.enumeration(enumeration, &name)));
        into.extensions.extend(message.extension.iter().map(|field| self.extension(field, &name)));
    }

    fn extension(&self, field: &FieldDescriptorProto, scope: &TypeName) -> Field {
        let extendee = self.names.resolve(field.extendee(), &scope.full);
        let mut read = self.field(field, scope, &DescriptorProto::default());
        read.extendee = extendee.name().cloned();
        read
    }

    fn field(&self, field: &FieldDescriptorProto, scope: &TypeName, message: &DescriptorProto) -> Field {
        let written = field.options.as_ref().map(|options| options.uninterpreted_option.as_slice()).unwrap_or_default();
        let option = |name: &str, default: &str| options::value(written, name).unwrap_or_else(|| default.to_owned());
        let field_type = self.field_type(field, &scope.full);
        let oneof = field.oneof_index.filter(|_| !field.proto3_optional());
        let oneof = oneof.and_then(|at| message.oneof_decl.get(usize::try_from(at).ok()?));
        Field {
            name: field.name().to_owned(),
            scope: scope.clone(),
            extendee: None,
            number: field.number(),
            label: field.label(),
            is_map: field.label() == Label::Repeated && self.names.is_map_entry(&field_type),
            field_type,
            is_in_map_entry: message.options.as_ref().is_some_and(|options| options.map_entry()),
            oneof: oneof.map(|oneof| oneof.name().to_owned()),
            is_proto3_optional: field.proto3_optional(),
            default: field.default_value.clone(),
            json_name: field.json_name.clone().unwrap_or_else(|| json_name(field.name())),
            jstype: option("jstype", "JS_NORMAL"),
            ctype: option("ctype", "STRING"),
            syntax: self.syntax,
            java_checks_utf8: self.java_checks_utf8,
        }
    }

    fn field_type(&self, field: &FieldDescriptorProto, scope: &str) -> Type {
        if field.type_name.is_none() {
            return Type::Scalar(field.r#type());
        }
        match (field.r#type.is_some() && field.r#type() == Scalar::Group, self.names.resolve(field.type_name(), scope))
        {
            (true, Type::Message(name)) => Type::Group(name),
            (_, resolved) => resolved,
        }
    }

    fn enumeration(&self, enumeration: &EnumDescriptorProto, scope: &TypeName) -> Enum {
        let reserved = enumeration.reserved_range.iter();
        Enum {
            name: self.type_name(enumeration.name(), scope),
            syntax: self.syntax,
            values: enumeration.value.iter().map(|value| (value.name().to_owned(), value.number())).collect(),
            reserved: reserved.filter_map(|range| Range::new(range.start().into(), range.end().into())).collect(),
            reserved_names: enumeration.reserved_name.iter().cloned().collect(),
        }
    }

    fn service(&self, service: &ServiceDescriptorProto, scope: &TypeName) -> Service {
        let name = self.type_name(service.name(), scope);
        let methods = service.method.iter().map(|method| self.method(method, &name.full)).collect();
        Service { name, methods }
    }

    fn method(&self, method: &MethodDescriptorProto, service: &str) -> Method {
        let written =
            method.options.as_ref().map(|options| options.uninterpreted_option.as_slice()).unwrap_or_default();
        let idempotency = options::value(written, "idempotency_level");
        Method {
            name: method.name().to_owned(),
            operation: format!("{service}/{}", method.name()),
            request: self.names.resolve(method.input_type(), service),
            response: self.names.resolve(method.output_type(), service),
            client_streaming: method.client_streaming(),
            server_streaming: method.server_streaming(),
            idempotency: idempotency.unwrap_or_else(|| "IDEMPOTENCY_UNKNOWN".to_owned()),
        }
    }
}

/// A message's ranges end before their second number; an enum's end with it.
fn exclusive(start: i32, end: i32) -> Option<Range> {
    Range::new(start.into(), i64::from(end) - 1)
}

/// `unit_price` → `unitPrice`, as protoc does it.
fn json_name(name: &str) -> String {
    let mut json = String::with_capacity(name.len());
    let mut is_after_underscore = false;
    for letter in name.chars() {
        match letter {
            '_' => {}
            _ if is_after_underscore => json.push(letter.to_ascii_uppercase()),
            _ => json.push(letter),
        }
        is_after_underscore = letter == '_';
    }
    json
}
