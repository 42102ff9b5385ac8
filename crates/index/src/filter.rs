//! Which entities are meant: Backstage's `filter` parameters and its predicate language, as one type.

use kernel::{Refusal, codes};
use serde_json::{Map, Value, json};

use crate::{cell, document::Document};

/// How deep `$all`, `$any` and `$not` may be nested.
pub const DEPTH_MAX: usize = 32;
/// How many conditions a filter may have.
pub const CONDITIONS_MAX: usize = 1_000;
/// How many values its conditions may name together.
pub const VALUES_MAX: usize = 10_000;

/// A condition on entities. Keys and values are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Each of them holds; all entities, if there are none.
    All(Vec<Filter>),
    /// One of them holds; no entity, if there are none.
    Any(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// The entity has the key, whatever its value.
    Has {
        /// Such as `metadata.annotations.github.com/project-slug`.
        key: String,
    },
    /// The key has one of the values, among others perhaps.
    OneOf {
        /// Such as `relations.ownedBy`.
        key: String,
        /// Such as `group:default/payments`.
        values: Vec<String>,
    },
    /// The key has a value that begins so.
    Prefix {
        /// Such as `metadata.name`.
        key: String,
        /// Such as `shop-`.
        prefix: String,
    },
}

impl Filter {
    /// All entities.
    #[must_use]
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// The key has this value.
    #[must_use]
    pub fn is(key: &str, value: &str) -> Self {
        Self::OneOf { key: cell::fold(key), values: vec![cell::fold(value)] }
    }

    /// The key has one of these values.
    #[must_use]
    pub fn one_of<'a>(key: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        Self::OneOf { key: cell::fold(key), values: values.into_iter().map(cell::fold).collect() }
    }

    /// The key is there.
    #[must_use]
    pub fn has(key: &str) -> Self {
        Self::Has { key: cell::fold(key) }
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All(none), one) | (one, Self::All(none)) if none.is_empty() => one,
            (one, other) => Self::All(vec![one, other]),
        }
    }

    /// Reads the repeated `filter` parameter: between parameters is *or*, a comma is *and*, the same key twice within one
    /// parameter is *or* again, `key` alone asks whether it is there (`parseEntityFilterParams.ts`).
    ///
    /// # Errors
    /// If a statement has no key, or there are more of them than a filter may have.
    pub fn parse<'a>(parameters: impl IntoIterator<Item = &'a str>) -> Result<Self, Refusal> {
        let mut bounds = Bounds::of_strangers();
        let mut alternatives = Vec::new();
        for parameter in parameters {
            let conditions = parse_parameter(parameter, &mut bounds)?;
            if !conditions.is_empty() {
                alternatives.push(one_or(conditions, Self::All));
            }
        }
        // No alternative at all is no restriction.
        Ok(if alternatives.is_empty() { Self::everything() } else { one_or(alternatives, Self::Any) })
    }

    /// Reads a predicate: `$all`, `$any`, `$not`, and objects of keys with a value, `$exists`, `$in`, `$hasPrefix` or
    /// `$contains`.
    ///
    /// # Errors
    /// If it is none, naming the place as a JSON pointer, or is nested too deep or too large.
    pub fn from_predicate(predicate: &Value) -> Result<Self, Refusal> {
        read_predicate(predicate, &Place::Root, &mut Bounds::of_strangers())
    }

    /// Reads what [`Filter::to_predicate`] wrote.
    pub(crate) fn from_cursor(predicate: &Value) -> Result<Self, Refusal> {
        read_predicate(predicate, &Place::Root, &mut Bounds::of_cursors())
    }

    /// The predicate that [`Filter::from_predicate`] reads back.
    #[must_use]
    pub fn to_predicate(&self) -> Value {
        match self {
            Self::All(list) => json!({ "$all": list.iter().map(Self::to_predicate).collect::<Vec<_>>() }),
            Self::Any(list) => json!({ "$any": list.iter().map(Self::to_predicate).collect::<Vec<_>>() }),
            Self::Not(filter) => json!({ "$not": filter.to_predicate() }),
            Self::Has { key } => json!({ key: { "$exists": true } }),
            Self::OneOf { key, values } => json!({ key: { "$in": values } }),
            Self::Prefix { key, prefix } => json!({ key: { "$hasPrefix": prefix } }),
        }
    }

    /// Whether it holds for this one entity.
    pub(crate) fn matches(&self, document: &Document) -> bool {
        match self {
            Self::All(list) => list.iter().all(|filter| filter.matches(document)),
            Self::Any(list) => list.iter().any(|filter| filter.matches(document)),
            Self::Not(filter) => !filter.matches(document),
            Self::Has { key } => document.cells(key).next().is_some(),
            Self::OneOf { key, values } => {
                document.cells(key).filter_map(cell::folded).any(|value| values.iter().any(|wanted| wanted == value))
            }
            Self::Prefix { key, prefix } => {
                document.cells(key).filter_map(cell::folded).any(|value| value.starts_with(prefix.as_str()))
            }
        }
    }
}

fn one_or(mut list: Vec<Filter>, combined: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match (list.pop(), list.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            list.push(last);
            combined(list)
        }
        (None, _) => combined(list),
    }
}

fn parse_parameter(parameter: &str, bounds: &mut Bounds) -> Result<Vec<Filter>, Refusal> {
    let mut conditions: Vec<(String, Vec<String>)> = Vec::new();
    for statement in parameter.split(',').map(str::trim).filter(|statement| !statement.is_empty()) {
        let (key, value) = match statement.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim())),
            None => (statement, None),
        };
        if key.is_empty() {
            let detail = format!("\"{statement}\" is not a filter");
            return Err(Refusal::new(&codes::MALFORMED, detail).field("filter").fix("write key=value, key= or key"));
        }
        bounds.condition()?;
        let key = cell::fold(key);
        let place = conditions.iter().position(|(known, _)| *known == key).unwrap_or(conditions.len());
        if place == conditions.len() {
            conditions.push((key, Vec::new()));
        }
        if let (Some((_, values)), Some(value)) = (conditions.get_mut(place), value) {
            values.push(cell::fold(value));
        }
    }
    let filter = |(key, values): (String, Vec<String>)| match values.is_empty() {
        true => Filter::Has { key },
        false => Filter::OneOf { key, values },
    };
    Ok(conditions.into_iter().map(filter).collect())
}

/// What a filter has used of its bounds so far.
struct Bounds {
    depth_max: usize,
    conditions_max: usize,
    conditions: usize,
    values: usize,
}

impl Bounds {
    /// Those of what a client writes.
    fn of_strangers() -> Self {
        Self { depth_max: DEPTH_MAX, conditions_max: CONDITIONS_MAX, conditions: 0, values: 0 }
    }

    /// Those of what was within bounds, but has been combined and written out since.
    fn of_cursors() -> Self {
        Self { depth_max: DEPTH_MAX + 4, conditions_max: CONDITIONS_MAX * 3, conditions: 0, values: 0 }
    }

    fn condition(&mut self) -> Result<(), Refusal> {
        self.conditions += 1;
        if self.conditions > self.conditions_max {
            return Err(too_much(format!("the filter has more than {} conditions", self.conditions_max)));
        }
        Ok(())
    }

    fn values(&mut self, count: usize) -> Result<(), Refusal> {
        self.values += count;
        // Each condition of a parameter has a value, and they come back as lists of one.
        if self.values > VALUES_MAX + self.conditions_max {
            return Err(too_much(format!("the filter names more than {VALUES_MAX} values")));
        }
        Ok(())
    }
}

fn too_much(detail: String) -> Refusal {
    Refusal::new(&codes::MALFORMED, detail).field("query").fix("ask for less at once")
}

/// A place within a predicate; shown as a JSON pointer (RFC 6901).
enum Place<'a> {
    Root,
    Member(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl Place<'_> {
    fn depth(&self) -> usize {
        match self {
            Self::Root => 0,
            Self::Member(parent, _) | Self::Item(parent, _) => parent.depth() + 1,
        }
    }

    fn pointer(&self) -> String {
        match self {
            Self::Root => "query".to_owned(),
            Self::Member(parent, name) => {
                format!("{}/{}", parent.pointer(), name.replace('~', "~0").replace('/', "~1"))
            }
            Self::Item(parent, place) => format!("{}/{place}", parent.pointer()),
        }
    }

    fn refuse(&self, detail: impl Into<String>) -> Refusal {
        Refusal::new(&codes::MALFORMED, detail).field(self.pointer())
    }
}

fn read_predicate(predicate: &Value, place: &Place<'_>, bounds: &mut Bounds) -> Result<Filter, Refusal> {
    // A list operator adds two steps to the place for each level.
    if place.depth() > bounds.depth_max * 2 {
        return Err(too_much(format!("the query is nested deeper than {} levels", bounds.depth_max)));
    }
    let Value::Object(members) = predicate else {
        return Err(place
            .refuse(format!("a predicate is an object, not {}", excerpt(predicate)))
            .fix("name the key, as in {\"kind\": \"component\"}"));
    };
    let Some((operator, operand)) = members.iter().find(|(name, _)| name.starts_with('$')) else {
        return read_fields(members, place, bounds);
    };
    let here = Place::Member(place, operator);
    if members.len() > 1 {
        return Err(here
            .refuse(format!("{operator} stands beside other members"))
            .fix("put all of them into one $all"));
    }
    bounds.condition()?;
    match operator.as_str() {
        "$all" => read_list(operand, &here, bounds).map(Filter::All),
        "$any" => read_list(operand, &here, bounds).map(Filter::Any),
        "$not" => read_predicate(operand, &here, bounds).map(|filter| Filter::Not(Box::new(filter))),
        unknown => Err(unknown_operator(unknown, &["$all", "$any", "$not"], &here)),
    }
}

fn read_list(operand: &Value, place: &Place<'_>, bounds: &mut Bounds) -> Result<Vec<Filter>, Refusal> {
    let Value::Array(list) = operand else {
        return Err(place.refuse(format!("a list of predicates is wanted, not {}", excerpt(operand))));
    };
    list.iter().enumerate().map(|(at, item)| read_predicate(item, &Place::Item(place, at), bounds)).collect()
}

fn read_fields(members: &Map<String, Value>, place: &Place<'_>, bounds: &mut Bounds) -> Result<Filter, Refusal> {
    let conditions: Result<Vec<Filter>, Refusal> =
        members.iter().map(|(key, value)| read_field(key, value, &Place::Member(place, key), bounds)).collect();
    Ok(one_or(conditions?, Filter::All))
}

fn read_field(key: &str, value: &Value, place: &Place<'_>, bounds: &mut Bounds) -> Result<Filter, Refusal> {
    bounds.condition()?;
    if let Some(value) = scalar(value) {
        return Ok(Filter::is(key, &value));
    }
    let only = value.as_object().filter(|members| members.len() == 1).and_then(|members| members.iter().next());
    let Some((operator, operand)) = only else {
        return Err(place.refuse(format!("a value or one operator is wanted, not {}", excerpt(value))));
    };
    let here = Place::Member(place, operator);
    let wanted = |what: &str| here.refuse(format!("{operator} takes {what}, not {}", excerpt(operand)));
    match operator.as_str() {
        "$exists" => {
            let has = Filter::has(key);
            let exists = operand.as_bool().ok_or_else(|| wanted("true or false"))?;
            Ok(if exists { has } else { Filter::Not(Box::new(has)) })
        }
        "$in" => {
            let values = scalars(operand).ok_or_else(|| wanted("a list of values"))?;
            bounds.values(values.len())?;
            Ok(Filter::one_of(key, values.iter().map(String::as_str)))
        }
        "$hasPrefix" => {
            let prefix = operand.as_str().ok_or_else(|| wanted("a text"))?;
            Ok(Filter::Prefix { key: cell::fold(key), prefix: cell::fold(prefix) })
        }
        "$contains" => match (scalar(operand), operand) {
            (Some(value), _) => Ok(Filter::is(key, &value)),
            (None, Value::Object(relation)) if cell::fold(key) == "relations" => read_relation(relation, &here, bounds),
            (None, _) => Err(wanted("a value, or {\"type\", \"targetRef\"} where the key is \"relations\"")),
        },
        unknown => Err(unknown_operator(unknown, &["$exists", "$in", "$hasPrefix", "$contains"], &here)),
    }
}

/// `{"relations": {"$contains": {"type": "ownedBy", "targetRef": "group:default/payments"}}}`, whose `targetRef` may be
/// left out or be `{"$in": [...]}`.
fn read_relation(relation: &Map<String, Value>, place: &Place<'_>, bounds: &mut Bounds) -> Result<Filter, Refusal> {
    let (mut kind, mut targets) = (None, None);
    for (name, value) in relation {
        let here = Place::Member(place, name);
        let wanted = |what: &str| here.refuse(format!("{what} is wanted, not {}", excerpt(value)));
        match name.to_lowercase().as_str() {
            "type" if kind.is_none() => kind = Some(value.as_str().ok_or_else(|| wanted("a relation's name"))?),
            "targetref" if targets.is_none() => {
                let list =
                    value.as_object().filter(|members| members.len() == 1).and_then(|members| members.get("$in"));
                let list = list.and_then(scalars).filter(|list| !list.is_empty());
                let one = || value.as_str().map(|one| vec![one.to_owned()]);
                let found = list.or_else(one).ok_or_else(|| wanted("a reference or {\"$in\": [references]}"))?;
                bounds.values(found.len())?;
                targets = Some(found);
            }
            _ => return Err(here.refuse(format!("\"{name}\" is not known here, or stands twice"))),
        }
    }
    let kind = kind.filter(|kind| !kind.is_empty()).ok_or_else(|| place.refuse("\"type\" is missing"))?;
    let key = format!("relations.{kind}");
    Ok(match targets {
        Some(targets) => Filter::one_of(&key, targets.iter().map(String::as_str)),
        None => Filter::has(&key),
    })
}

fn unknown_operator(operator: &str, known: &[&str], place: &Place<'_>) -> Refusal {
    let refusal = place.refuse(format!("{operator} is not an operator here"));
    match kernel::closest(operator, known.iter().copied()) {
        Some(meant) => refusal.fix(format!("did you mean {meant}?")),
        None => refusal.fix(format!("there are {}", known.join(", "))),
    }
}

/// A text, number or truth value, as JavaScript writes it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(
            number.as_f64().filter(|_| number.is_f64()).map_or_else(|| number.to_string(), |float| float.to_string()),
        ),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn scalars(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(scalar).collect()
}

/// The beginning of a JSON value, for an error.
fn excerpt(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
