//! GraphQL's schema definition language: the fields of the root types are the operations.

use std::collections::HashMap;

use graphql_parser::schema::{
    Definition, Directive, Document, EnumType, Field as GraphQlField, InputValue, ObjectType, Type, TypeDefinition,
    TypeExtension, UnionType, Value as GraphQlValue, parse_schema,
};
use serde_json::Value;

use crate::model::{Body, EnumValue, Field, Group, Operation, Parameter, Reference, Response, Schema, Shape, TypeDoc};
use crate::walk::{Slugs, Warnings};
use crate::{DefinitionKind, ReferenceError};

const SCALARS: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

type Text = String;

pub(crate) fn read(text: &str) -> Result<Reference, ReferenceError> {
    let mut document: Document<'_, Text> = parse_schema(text).map_err(|error| syntax_error(&error.to_string()))?;
    let roots = roots(&document);
    merge_extensions(&mut document);
    let types: Vec<&TypeDefinition<'_, Text>> = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            Definition::TypeDefinition(definition) => Some(definition),
            Definition::SchemaDefinition(_) | Definition::TypeExtension(_) | Definition::DirectiveDefinition(_) => None,
        })
        .collect();
    let mut reader = Reader::new(&types);
    let mut groups = Vec::new();
    for (verb, root) in &roots {
        let operations: Vec<Operation> = types
            .iter()
            .filter(|definition| name_of(definition) == root)
            .filter_map(|definition| if let TypeDefinition::Object(object) = definition { Some(object) } else { None })
            .flat_map(|object| &object.fields)
            .map(|field| reader.operation(verb, field))
            .collect();
        if !operations.is_empty() {
            groups.push(Group { name: root.clone(), description: String::new(), operations });
        }
    }
    let types = types
        .into_iter()
        .filter(|definition| !roots.iter().any(|(_, root)| root == name_of(definition)))
        .map(|definition| reader.type_doc(definition))
        .collect();
    if groups.is_empty() {
        reader.warnings.add("the schema has no query, mutation or subscription");
    }
    Ok(Reference {
        kind: DefinitionKind::GraphQl,
        title: String::new(),
        version: String::new(),
        description: String::new(),
        servers: Vec::new(),
        groups,
        types,
        warnings: reader.warnings.into_list(),
    })
}

/// The parser's message is `schema parse error: Parse error at 3:5` and lines of what it expected.
fn syntax_error(message: &str) -> ReferenceError {
    let position = message.split_once("Parse error at ").map(|(_, rest)| rest);
    let line = position.and_then(|rest| rest.split(':').next()?.parse().ok());
    let detail: Vec<&str> = message.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()).take(6).collect();
    ReferenceError::new(line, format!("not a valid GraphQL schema: {}", detail.join("; ")))
}

/// The verb and the type's name for each kind of operation.
fn roots(document: &Document<'_, Text>) -> Vec<(&'static str, String)> {
    let declared = document.definitions.iter().find_map(|definition| match definition {
        Definition::SchemaDefinition(schema) => Some(schema),
        Definition::TypeDefinition(_) | Definition::TypeExtension(_) | Definition::DirectiveDefinition(_) => None,
    });
    let roots = match declared {
        Some(schema) => [schema.query.clone(), schema.mutation.clone(), schema.subscription.clone()],
        None => [Some("Query".to_owned()), Some("Mutation".to_owned()), Some("Subscription".to_owned())],
    };
    ["query", "mutation", "subscription"]
        .into_iter()
        .zip(roots)
        .filter_map(|(verb, root)| Some((verb, root?)))
        .collect()
}

/// Puts what `extend type` adds where it belongs. An extension of a type that isn't here becomes that type: a part of
/// a federated schema is often only that.
fn merge_extensions(document: &mut Document<'_, Text>) {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (at, definition) in document.definitions.iter().enumerate() {
        if let Definition::TypeDefinition(definition) = definition {
            places.insert(name_of(definition).to_owned(), at);
        }
    }
    let extensions: Vec<TypeDefinition<'_, Text>> = document.definitions.iter().filter_map(extension).collect();
    for extension in extensions {
        let name = name_of(&extension).to_owned();
        let base = places.get(&name).and_then(|at| document.definitions.get_mut(*at));
        match base {
            Some(Definition::TypeDefinition(base)) => extend(base, extension),
            Some(_) | None => {
                places.insert(name, document.definitions.len());
                document.definitions.push(Definition::TypeDefinition(extension));
            }
        }
    }
}

/// What an extension adds, as a type.
fn extension<'a>(definition: &Definition<'a, Text>) -> Option<TypeDefinition<'a, Text>> {
    let Definition::TypeExtension(extension) = definition else { return None };
    Some(match extension.clone() {
        TypeExtension::Object(it) => {
            let mut object = ObjectType::new(it.name);
            object.fields = it.fields;
            TypeDefinition::Object(object)
        }
        TypeExtension::Interface(it) => {
            let mut interface = graphql_parser::schema::InterfaceType::new(it.name);
            interface.fields = it.fields;
            TypeDefinition::Interface(interface)
        }
        TypeExtension::Union(it) => {
            let mut union = UnionType::new(it.name);
            union.types = it.types;
            TypeDefinition::Union(union)
        }
        TypeExtension::Enum(it) => {
            let mut enumeration = EnumType::new(it.name);
            enumeration.values = it.values;
            TypeDefinition::Enum(enumeration)
        }
        TypeExtension::InputObject(it) => {
            let mut input = graphql_parser::schema::InputObjectType::new(it.name);
            input.fields = it.fields;
            TypeDefinition::InputObject(input)
        }
        // Only directives can be added to a scalar.
        TypeExtension::Scalar(_) => return None,
    })
}

fn extend<'a>(base: &mut TypeDefinition<'a, Text>, extension: TypeDefinition<'a, Text>) {
    match (base, extension) {
        (TypeDefinition::Object(base), TypeDefinition::Object(more)) => base.fields.extend(more.fields),
        (TypeDefinition::Interface(base), TypeDefinition::Interface(more)) => base.fields.extend(more.fields),
        (TypeDefinition::Union(base), TypeDefinition::Union(more)) => base.types.extend(more.types),
        (TypeDefinition::Enum(base), TypeDefinition::Enum(more)) => base.values.extend(more.values),
        (TypeDefinition::InputObject(base), TypeDefinition::InputObject(more)) => base.fields.extend(more.fields),
        // An extension of another kind than its type's isn't valid GraphQL; the type stays as it is.
        (_, _) => {}
    }
}

fn name_of<'d>(definition: &'d TypeDefinition<'_, Text>) -> &'d str {
    match definition {
        TypeDefinition::Scalar(it) => &it.name,
        TypeDefinition::Object(it) => &it.name,
        TypeDefinition::Interface(it) => &it.name,
        TypeDefinition::Union(it) => &it.name,
        TypeDefinition::Enum(it) => &it.name,
        TypeDefinition::InputObject(it) => &it.name,
    }
}

struct Reader {
    ids: HashMap<String, String>,
    warnings: Warnings,
}

impl Reader {
    fn new(types: &[&TypeDefinition<'_, Text>]) -> Self {
        let mut slugs = Slugs::default();
        let mut ids = HashMap::new();
        for definition in types {
            let name = name_of(definition);
            ids.entry(name.to_owned()).or_insert_with(|| slugs.unique(&format!("type-{name}")));
        }
        Self { ids, warnings: Warnings::default() }
    }

    fn operation(&mut self, verb: &str, field: &GraphQlField<'_, Text>) -> Operation {
        let (deprecated, description) = described(field.description.as_deref(), &field.directives);
        let result = Body {
            name: String::new(),
            media_type: String::new(),
            description: String::new(),
            schema: self.schema(&field.field_type),
            example: None,
        };
        Operation {
            id: format!("{verb} {}", field.name),
            verb: verb.to_owned(),
            path: field.name.clone(),
            description,
            deprecated,
            parameters: field.arguments.iter().map(|argument| self.argument(argument)).collect(),
            responses: vec![Response {
                status: field.field_type.to_string(),
                description: String::new(),
                bodies: vec![result],
                headers: Vec::new(),
            }],
            ..Operation::default()
        }
    }

    fn argument(&mut self, argument: &InputValue<'_, Text>) -> Parameter {
        let Field { name, required, schema } = self.input_field(argument);
        let type_text = argument.value_type.to_string();
        Parameter { type_text, ..schema.into_parameter(&name, "argument", required) }
    }

    fn input_field(&mut self, input: &InputValue<'_, Text>) -> Field {
        let (deprecated, description) = described(input.description.as_deref(), &input.directives);
        let default = input.default_value.as_ref().map(json);
        let required = is_required(&input.value_type) && default.is_none();
        let schema = Schema { description, deprecated, default, ..self.schema(&input.value_type) };
        Field { name: input.name.clone(), required, schema }
    }

    /// A field of a type; what it takes as arguments is told in its constraints.
    fn field(&mut self, field: &GraphQlField<'_, Text>) -> Field {
        let (deprecated, description) = described(field.description.as_deref(), &field.directives);
        let arguments: Vec<String> =
            field.arguments.iter().map(|argument| format!("{}: {}", argument.name, argument.value_type)).collect();
        let constraints =
            if arguments.is_empty() { Vec::new() } else { vec![format!("takes {}", arguments.join(", "))] };
        let schema = Schema { description, deprecated, constraints, ..self.schema(&field.field_type) };
        Field { name: field.name.clone(), required: is_required(&field.field_type), schema }
    }

    fn schema(&mut self, type_: &Type<'_, Text>) -> Schema {
        match type_ {
            Type::NamedType(name) => self.named(name),
            Type::ListType(item) => Schema::of(Shape::List(Box::new(self.schema(item)))),
            Type::NonNullType(inner) => self.schema(inner),
        }
    }

    fn named(&mut self, name: &str) -> Schema {
        match self.ids.get(name) {
            Some(id) => Schema::of(Shape::Named { id: id.clone(), name: name.to_owned() }),
            None if SCALARS.contains(&name) => Schema::scalar(if name == "String" { "string" } else { name }, ""),
            None => {
                self.warnings.add(format!("the type {name} isn't in the schema"));
                Schema::of(Shape::Unresolved { name: name.to_owned() })
            }
        }
    }

    fn type_doc(&mut self, definition: &TypeDefinition<'_, Text>) -> TypeDoc {
        let (description, directives, shape, values) = match definition {
            TypeDefinition::Scalar(it) => {
                let shape = Shape::Scalar { name: it.name.clone(), format: String::new() };
                (&it.description, &it.directives, shape, Vec::new())
            }
            TypeDefinition::Object(it) => {
                let fields = it.fields.iter().map(|field| self.field(field)).collect();
                (&it.description, &it.directives, Shape::Object { fields, others: None }, Vec::new())
            }
            TypeDefinition::Interface(it) => {
                let fields = it.fields.iter().map(|field| self.field(field)).collect();
                (&it.description, &it.directives, Shape::Object { fields, others: None }, Vec::new())
            }
            TypeDefinition::Union(it) => {
                let shape = Shape::OneOf(it.types.iter().map(|name| self.named(name)).collect());
                (&it.description, &it.directives, shape, Vec::new())
            }
            TypeDefinition::Enum(it) => {
                let shape = Shape::Scalar { name: "enum".to_owned(), format: String::new() };
                (&it.description, &it.directives, shape, it.values.iter().map(enum_value).collect())
            }
            TypeDefinition::InputObject(it) => {
                let fields = it.fields.iter().map(|field| self.input_field(field)).collect();
                (&it.description, &it.directives, Shape::Object { fields, others: None }, Vec::new())
            }
        };
        let (deprecated, description) = described(description.as_deref(), directives);
        let name = name_of(definition).to_owned();
        let id = self.ids.get(&name).cloned().unwrap_or_default();
        TypeDoc { id, name, schema: Schema { shape, description, deprecated, values, ..Schema::default() } }
    }
}

fn enum_value(value: &graphql_parser::schema::EnumValue<'_, Text>) -> EnumValue {
    let (deprecated, description) = described(value.description.as_deref(), &value.directives);
    EnumValue { name: value.name.clone(), description, deprecated }
}

/// Whether something is deprecated, and its description, with the reason for that.
fn described(description: Option<&str>, directives: &[Directive<'_, Text>]) -> (bool, String) {
    let mut description = description.unwrap_or_default().to_owned();
    let Some(directive) = directives.iter().find(|directive| directive.name == "deprecated") else {
        return (false, description);
    };
    let reason = directive.arguments.iter().find(|(name, _)| name == "reason");
    if let Some((_, GraphQlValue::String(reason))) = reason {
        if !description.is_empty() {
            description.push_str("\n\n");
        }
        description.push_str("Deprecated: ");
        description.push_str(reason);
    }
    (true, description)
}

fn is_required(type_: &Type<'_, Text>) -> bool {
    matches!(type_, Type::NonNullType(_))
}

fn json(value: &GraphQlValue<'_, Text>) -> Value {
    match value {
        GraphQlValue::Variable(name) | GraphQlValue::Enum(name) => name.as_str().into(),
        GraphQlValue::Int(number) => number.as_i64().into(),
        GraphQlValue::Float(number) => (*number).into(),
        GraphQlValue::String(text) => text.as_str().into(),
        GraphQlValue::Boolean(truth) => (*truth).into(),
        GraphQlValue::Null => Value::Null,
        GraphQlValue::List(items) => items.iter().map(json).collect(),
        GraphQlValue::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), json(value))).collect(),
    }
}
