//! A rule on its way from its author to the engine: checked, with shared rules in the place of their references, and
//! with the flag's key where the rule asks for it.

mod literals;

use datalogic_rs::datavalue::OwnedDataValue;
use serde_json::{Map, Number, Value};

use crate::{
    Bucketing, Evaluators, Problem,
    bucketing::WEIGHTS_MAX,
    limits::{DEPTH_MAX, ITEMS_MAX, NODES_MAX, PROBLEMS_MAX, STEPS_MAX},
    operator::{self, Form},
    place::Place,
};

/// What a rule is prepared for.
#[derive(Clone, Copy)]
pub(crate) struct Purpose<'r> {
    /// The key of the flag.
    pub(crate) flag: &'r str,
    pub(crate) evaluators: &'r Evaluators,
    pub(crate) bucketing: Bucketing,
    /// The variants that the rule may give; nothing where they are not known, as in a shared rule.
    pub(crate) variants: Option<&'r Map<String, Value>>,
}

/// What is found out about a rule without making it ready.
pub(crate) struct Checked {
    pub(crate) depends_on_time: bool,
    pub(crate) problems: Vec<Problem>,
}

/// Checks the rule that stands at `place`.
pub(crate) fn check(rule: &Value, place: &Place<'_>, purpose: Purpose<'_>) -> Checked {
    let mut walk = Walk::new(purpose, false);
    walk.value(rule, place, Part::WHOLE);
    Checked { depends_on_time: walk.depends_on_time, problems: walk.problems }
}

/// The rule as the engine takes it. Whatever is wrong with it was found when it was checked.
pub(crate) fn prepare(rule: &Value, purpose: Purpose<'_>) -> OwnedDataValue {
    Walk::new(purpose, true).value(rule, &Place::new("targeting"), Part::WHOLE)
}

struct Walk<'r> {
    purpose: Purpose<'r>,
    /// True if the walk is to bring something home; else all it gives is null.
    builds: bool,
    /// The shared rules that the walk is inside of.
    open: Vec<&'r str>,
    /// Where the outermost of them is referred to.
    reference: String,
    nodes: usize,
    /// What an evaluation may cost.
    steps: u64,
    /// True once the rule was found too large.
    is_cut: bool,
    /// How often the body of a `reduce`, with those inside of it, reads what it gave last, and whether it makes something
    /// longer of it.
    last_read: usize,
    last_is_joined: bool,
    depends_on_time: bool,
    problems: Vec<Problem>,
}

/// What a part is within its rule.
#[derive(Clone, Copy)]
struct Part {
    depth: usize,
    /// True if what it gives is what the rule gives.
    gives_variant: bool,
    /// True inside of `map` and its like, where variables are those of an item.
    in_body: bool,
    /// How often it is evaluated.
    repeats: u64,
    /// The items of the `reduce` whose body this is in.
    folds: Option<u64>,
    /// True where a text or an array is put together.
    joins: bool,
}

impl Part {
    const WHOLE: Self = Self { depth: 0, gives_variant: true, in_body: false, repeats: 1, folds: None, joins: false };

    fn argument(self) -> Self {
        Self { depth: self.depth + 1, gives_variant: false, ..self }
    }

    fn branch(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    fn joined(self) -> Self {
        Self { joins: true, ..self.argument() }
    }

    fn body(self, items: u64, folds: bool) -> Self {
        let repeats = self.repeats.saturating_mul(items);
        Self { in_body: true, repeats, folds: folds.then_some(items), joins: false, ..self.argument() }
    }

    /// The most items that an array has which the part gives. All arrays that are within the items of one together have
    /// no more than the context has room for.
    fn items(self, array: &Value) -> u64 {
        match array {
            Value::Array(items) => items.len() as u64,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
            Value::Object(_) if self.in_body => INNER_ITEMS,
            Value::Object(_) => ITEMS_MAX as u64,
        }
    }
}

impl<'r> Walk<'r> {
    fn new(purpose: Purpose<'r>, builds: bool) -> Self {
        let (open, reference, problems) = (Vec::new(), String::new(), Vec::new());
        Self {
            purpose,
            builds,
            open,
            reference,
            nodes: 0,
            steps: 0,
            is_cut: false,
            last_read: 0,
            last_is_joined: false,
            depends_on_time: false,
            problems,
        }
    }

    fn value(&mut self, value: &'r Value, place: &Place<'_>, part: Part) -> OwnedDataValue {
        self.nodes += 1;
        self.steps = self.steps.saturating_add(part.repeats);
        if self.nodes > NODES_MAX || part.depth > DEPTH_MAX || self.steps > STEPS_MAX {
            self.too_large(place, part);
            return OwnedDataValue::Null;
        }
        match value {
            Value::Null => OwnedDataValue::Null,
            Value::Bool(bool) => {
                self.check_variant(if *bool { "true" } else { "false" }, place, part);
                OwnedDataValue::Bool(*bool)
            }
            Value::Number(number) => number_value(number),
            Value::String(text) => {
                self.check_variant(text, place, part);
                self.text(text)
            }
            Value::Array(items) => self.items(items, place, |_| part.joined()),
            Value::Object(fields) => self.rule(fields, place, part),
        }
    }

    fn text(&self, text: &str) -> OwnedDataValue {
        if self.builds { OwnedDataValue::String(text.to_owned()) } else { OwnedDataValue::Null }
    }

    fn operation(&self, name: &str, arguments: OwnedDataValue) -> OwnedDataValue {
        if self.builds { OwnedDataValue::Object(vec![(name.to_owned(), arguments)]) } else { OwnedDataValue::Null }
    }

    /// An operator of which nothing is known but its arguments.
    fn plain(&mut self, name: &str, arguments: &'r Value, place: &Place<'_>, part: Part) -> OwnedDataValue {
        let joins = matches!(name, "cat" | "merge");
        let part = if joins { part.joined() } else { part.argument() };
        if joins && !part.in_body {
            // Each argument may be the longest that a context can hold.
            let arguments = arguments.as_array().into_iter().flatten().filter(|argument| argument.is_object());
            self.steps = self.steps.saturating_add(arguments.count() as u64 * (ITEMS_MAX as u64 / 2));
        }
        let name = operator::engine_name_with(name, arguments);
        let arguments = match arguments {
            Value::Array(items) => self.items(items, place, |_| part),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                self.value(arguments, place, part)
            }
        };
        self.operation(name, arguments)
    }

    /// An array, of whose items `part` says what each is.
    fn items(&mut self, items: &'r [Value], place: &Place<'_>, part: impl Fn(usize) -> Part) -> OwnedDataValue {
        let builds = self.builds;
        let items = items.iter().enumerate().map(|(i, item)| self.value(item, &place.item(i), part(i)));
        if builds {
            return OwnedDataValue::Array(items.collect());
        }
        items.for_each(drop);
        OwnedDataValue::Null
    }

    fn rule(&mut self, fields: &'r Map<String, Value>, place: &Place<'_>, part: Part) -> OwnedDataValue {
        let mut fields = fields.iter();
        let Some((name, arguments)) = fields.next() else {
            self.warn(place, "an empty object is no rule");
            return OwnedDataValue::Object(Vec::new());
        };
        if let Some((other, _)) = fields.next() {
            self.fail(place, format!("a rule has one operator, and this has '{name}' and '{other}'"));
            return OwnedDataValue::Null;
        }
        if name == "$ref" {
            return self.reference(arguments, place, part);
        }
        let Some(form) = operator::form(name) else {
            let problem = Problem::error(place.field(name).pointer(), format!("there is no operator '{name}'"));
            self.report(problem.did_you_mean(name, operator::NAMES));
            return OwnedDataValue::Null;
        };
        let place = place.field(name);
        self.check_count(name, form, arguments, &place);
        match form {
            Form::Var => self.var(arguments, &place, part),
            Form::If => self.branches(name, arguments, &place, part),
            Form::Iterate | Form::Reduce => self.iterate(name, form, arguments, &place, part),
            Form::Fractional => self.fractional(arguments, &place, part),
            Form::SemVer => self.checked(name, arguments, &place, part, Self::check_versions),
            Form::Affix => self.checked(name, arguments, &place, part, Self::check_texts),
            Form::Missing => self.checked(name, arguments, &place, part, Self::check_names),
            Form::Plain { .. } | Form::Unary => self.plain(name, arguments, &place, part),
        }
    }

    /// An operator whose literal arguments have a form of their own.
    fn checked(
        &mut self,
        name: &str,
        arguments: &'r Value,
        place: &Place<'_>,
        part: Part,
        check: fn(&mut Self, &'r [Value], &Place<'_>),
    ) -> OwnedDataValue {
        check(self, arguments.as_array().map(Vec::as_slice).unwrap_or_default(), place);
        self.plain(name, arguments, place, part)
    }

    fn reference(&mut self, name: &'r Value, place: &Place<'_>, part: Part) -> OwnedDataValue {
        let Some(name) = name.as_str() else {
            self.fail(place, "$ref takes the name of a shared rule");
            return OwnedDataValue::Null;
        };
        if self.open.contains(&name) {
            let ring = self.open.iter().chain([&name]).copied().collect::<Vec<_>>().join(" → ");
            self.fail(place, format!("the shared rules refer to each other in a ring: {ring}"));
            return OwnedDataValue::Null;
        }
        let Some(rule) = self.purpose.evaluators.get(name) else {
            let problem = Problem::error(place.field("$ref").pointer(), format!("there is no shared rule '{name}'"));
            self.report(problem.did_you_mean(name, self.purpose.evaluators.names()));
            return OwnedDataValue::Null;
        };
        if self.open.is_empty() {
            self.reference = place.pointer();
        }
        self.open.push(name);
        let value = self.value(rule, place, part.branch());
        self.open.pop();
        value
    }

    fn var(&mut self, arguments: &'r Value, place: &Place<'_>, part: Part) -> OwnedDataValue {
        let name = arguments.as_array().map_or(Some(arguments), |items| items.first());
        self.count_last(name, part);
        if !part.in_body {
            match name {
                Some(Value::String(name)) => match name.strip_prefix("$flagd.") {
                    Some("flagKey") => return self.text(self.purpose.flag),
                    Some("timestamp") => self.depends_on_time = true,
                    Some(other) => {
                        let message = format!("'{name}' is neither $flagd.flagKey nor $flagd.timestamp");
                        let problem = Problem::warning(place.pointer(), message);
                        self.report(problem.did_you_mean(other, ["flagKey", "timestamp"]));
                    }
                    // The whole context holds the time.
                    None => self.depends_on_time |= name.is_empty() || name == "$flagd",
                },
                Some(Value::Object(_)) => self.depends_on_time = true,
                Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => {}
            }
        }
        self.plain("var", arguments, place, part)
    }

    /// `if`: what every second argument gives, and the last, is what the rule gives.
    fn branches(&mut self, name: &str, arguments: &'r Value, place: &Place<'_>, part: Part) -> OwnedDataValue {
        let Value::Array(items) = arguments else {
            return self.plain(name, arguments, place, part);
        };
        let is_branch = |i| i % 2 == 1 || i + 1 == items.len();
        let branches = self.items(items, place, |i| if is_branch(i) { part.branch() } else { part.argument() });
        self.operation(name, branches)
    }

    fn iterate(
        &mut self,
        name: &str,
        form: Form,
        arguments: &'r Value,
        place: &Place<'_>,
        part: Part,
    ) -> OwnedDataValue {
        let Value::Array(items) = arguments else {
            return self.plain(name, arguments, place, part);
        };
        let folds = form == Form::Reduce;
        let count = items.first().map_or(0, |array| part.items(array));
        let is_outermost = folds && part.folds.is_none();
        let outer =
            is_outermost.then(|| (std::mem::take(&mut self.last_read), std::mem::take(&mut self.last_is_joined)));
        let items = self.items(items, place, |i| match i {
            1 => part.body(count, folds),
            _ => part.joined(),
        });
        if folds && self.last_is_joined && self.last_read > 1 {
            self.fail(place, "the accumulator is joined with itself: the result would double with each item");
        }
        if let Some(outer) = outer {
            (self.last_read, self.last_is_joined) = outer;
        }
        self.operation(name, items)
    }

    /// Takes account of a body that reads what it gave for the item before.
    fn count_last(&mut self, name: Option<&Value>, part: Part) {
        let Some(items) = part.folds else { return };
        let is_last = match name {
            Some(Value::String(name)) => name.is_empty() || name.split('.').next() == Some("accumulator"),
            Some(_) | None => true,
        };
        if is_last {
            self.last_read += 1;
            if part.joins {
                self.last_is_joined = true;
                // It is copied for each item, and may be as long as there were items before.
                self.steps = self.steps.saturating_add(part.repeats.saturating_mul(items) / 4);
            }
        }
    }

    /// `fractional`, with the flag's key as an argument before all others.
    fn fractional(&mut self, arguments: &'r Value, place: &Place<'_>, part: Part) -> OwnedDataValue {
        let mut prepared = vec![self.text(self.purpose.flag)];
        let items = match arguments {
            Value::Array(items) => items.as_slice(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                std::slice::from_ref(arguments)
            }
        };
        let mut total: u64 = 0;
        for (i, item) in items.iter().enumerate() {
            let place = place.item(i);
            prepared.push(if let Value::Array(bucket) = item {
                total = total.saturating_add(self.check_weight(bucket, &place));
                self.items(bucket, &place, |i| if i == 0 { part.branch() } else { part.argument() })
            } else {
                if i > 0 {
                    self.warn(&place, literals::BUCKET);
                } else if !item.is_object() {
                    self.warn(
                        &place,
                        "who is bucketed is found by a rule, such as {\"var\": \"email\"}: this is all in one",
                    );
                }
                self.value(item, &place, part.argument())
            });
        }
        if total > WEIGHTS_MAX {
            self.warn(place, format!("the weights sum to {total}: above {WEIGHTS_MAX} the rule gives nothing"));
        }
        self.operation(operator::fractional(self.purpose.bucketing), OwnedDataValue::Array(prepared))
    }

    fn check_variant(&mut self, name: &str, place: &Place<'_>, part: Part) {
        if let Some(variants) = self.purpose.variants
            && part.gives_variant
            && !part.in_body
            && !variants.contains_key(name)
        {
            let problem = Problem::warning(place.pointer(), format!("there is no variant '{name}'"));
            self.report(problem.did_you_mean(name, variants.keys().map(String::as_str)));
        }
    }

    /// Said once: all that follows is left out.
    fn too_large(&mut self, place: &Place<'_>, part: Part) {
        if std::mem::replace(&mut self.is_cut, true) {
            return;
        }
        if part.depth > DEPTH_MAX {
            self.fail(place, format!("the rule is nested deeper than {DEPTH_MAX} levels"));
        } else if self.nodes > NODES_MAX {
            self.fail(place, format!("the rule has more than {NODES_MAX} values, with its shared rules put in"));
        } else {
            self.fail(place, "the rule may take too many steps: it goes over arrays within arrays, or joins too much");
        }
    }

    fn fail(&mut self, place: &Place<'_>, message: impl Into<String>) {
        self.report(Problem::error(place.pointer(), message));
    }

    fn warn(&mut self, place: &Place<'_>, message: impl Into<String>) {
        self.report(Problem::warning(place.pointer(), message));
    }

    /// Inside of a shared rule only what breaks the flag is repeated, at the place of the reference.
    fn report(&mut self, mut problem: Problem) {
        if let Some(shared) = self.open.first() {
            if !problem.is_error() {
                return;
            }
            problem.pointer.clone_from(&self.reference);
            problem.message = format!("in the shared rule '{shared}': {}", problem.message);
        }
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

/// Items of an array that is an item itself, on average.
const INNER_ITEMS: u64 = 50;

fn number_value(number: &Number) -> OwnedDataValue {
    let whole = number.as_i64().map(OwnedDataValue::from_i64);
    whole.unwrap_or_else(|| OwnedDataValue::from_f64(number.as_f64().unwrap_or_default()))
}
