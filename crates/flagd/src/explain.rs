//! Why a context gets what it gets.

use datalogic_rs::{DataValue, ParsedData};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Bucketing, Context, Failure, Flag, Reason,
    context::to_json,
    operator::Draw,
    prepare::Purpose,
    rule,
    words::{operation, phrase},
};

/// Why a context gets what it gets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The flag's key.
    pub flag: String,
    /// The answer.
    pub resolution: Result<Answer, Failure>,
    /// The rule with what each of its parts gave; nothing if there is no rule, or it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<Node>,
}

/// An answer that outlives its flag.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The variant's name; nothing if the caller's own default applies.
    pub variant: Option<String>,
    /// The variant's value.
    pub value: Option<Value>,
    /// Why this variant.
    pub reason: Reason,
}

/// A part of a rule that was evaluated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// The part in words.
    pub rule: String,
    /// The part as it is written.
    pub json: Value,
    /// What it gave.
    pub value: Value,
    /// Its own parts, in the order in which they were evaluated.
    pub children: Vec<Node>,
    /// True if the answer came through this part.
    pub taken: bool,
}

/// More parts than these are not explained: nobody reads further.
const NODES_MAX: usize = 1_000;

impl Flag {
    /// Why a context gets what it gets: the same answer as that of [`Flag::evaluate`], with the way there.
    pub fn explain(&self, context: &Context) -> Explanation {
        let resolution = self.evaluate(context).map(|found| Answer {
            variant: found.variant.map(str::to_owned),
            value: found.value.cloned(),
            reason: found.reason,
        });
        let tree = self.asked_rule().map(|(rule, targeting)| {
            let mut explainer = Explainer { purpose: rule.purpose(self.key()), context, left: NODES_MAX };
            explainer.node(targeting, true)
        });
        Explanation { flag: self.key().to_owned(), resolution, tree }
    }
}

struct Explainer<'r> {
    purpose: Purpose<'r>,
    context: &'r Context,
    left: usize,
}

impl Explainer<'_> {
    fn node(&mut self, part: &Value, taken: bool) -> Node {
        self.left = self.left.saturating_sub(1);
        let mut rule = phrase(part, self.purpose.evaluators);
        let value = self.value(part).unwrap_or_else(|error| {
            rule = format!("{rule}: {error}");
            Value::Null
        });
        let children = match operation(part) {
            _ if self.left == 0 => Vec::new(),
            None => Vec::new(),
            Some(("if", arguments)) => self.branches(arguments),
            Some(("and", arguments)) => self.until(arguments, |value| !is_truthy(value)),
            Some(("or", arguments)) => self.until(arguments, is_truthy),
            Some(("$ref", [Value::String(name)])) => {
                self.purpose.evaluators.get(name).into_iter().map(|shared| self.node(shared, taken)).collect()
            }
            Some(("fractional", arguments)) => {
                let (drawn, children) = self.draw(arguments);
                if let Some(drawn) = drawn {
                    rule = format!("{rule}: {drawn}");
                }
                children
            }
            // What is asked of each item has no single value; only the array itself has.
            Some(("map" | "filter" | "all" | "none" | "some" | "reduce", [items, ..])) => {
                self.operators(std::slice::from_ref(items))
            }
            Some((_, arguments)) => self.operators(arguments),
        };
        Node { rule, json: part.clone(), value, children, taken }
    }

    fn value(&self, part: &Value) -> Result<Value, String> {
        let logic = rule::compile(part, self.purpose)?;
        rule::evaluate(&logic, self.context, to_json)
    }

    /// The arguments that are rules themselves.
    fn operators(&mut self, arguments: &[Value]) -> Vec<Node> {
        let mut nodes = Vec::new();
        for argument in arguments.iter().filter(|argument| operation(argument).is_some()) {
            if self.left > 0 {
                nodes.push(self.node(argument, false));
            }
        }
        nodes
    }

    /// The conditions of an `if` until one holds, and what follows from it.
    fn branches(&mut self, arguments: &[Value]) -> Vec<Node> {
        let mut nodes = Vec::new();
        for pair in arguments.chunks(2) {
            match pair {
                [condition, then] => {
                    let mut condition = self.node(condition, false);
                    condition.taken = is_truthy(&condition.value);
                    let holds = condition.taken;
                    nodes.push(condition);
                    if holds {
                        nodes.push(self.node(then, true));
                        return nodes;
                    }
                }
                [otherwise] => nodes.push(self.node(otherwise, true)),
                _ => {}
            }
        }
        nodes
    }

    /// The arguments until one decides.
    fn until(&mut self, arguments: &[Value], decides: fn(&Value) -> bool) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        for argument in arguments {
            nodes.push(self.node(argument, false));
            if nodes.last().is_some_and(|node| decides(&node.value)) {
                break;
            }
        }
        if let Some(node) = nodes.last_mut() {
            node.taken = true;
        }
        nodes
    }

    /// What the draw came to in words, by what users are told apart, and the buckets.
    fn draw(&mut self, arguments: &[Value]) -> (Option<String>, Vec<Node>) {
        let (by, buckets) = match arguments.split_first() {
            Some((by, buckets)) if !by.is_array() => (Some(by), buckets),
            _ => (None, arguments),
        };
        let mut nodes: Vec<Node> = self.operators(by.map(std::slice::from_ref).unwrap_or_default());
        let values: Vec<Value> = arguments.iter().map(|part| self.value(part).unwrap_or_default()).collect();
        let all = json!([self.purpose.flag]).as_array().into_iter().flatten().chain(&values).cloned().collect();
        let Ok(parsed) = ParsedData::from_json(&Value::Array(all).to_string()) else { return (None, nodes) };
        let prepared: Vec<&DataValue<'_>> = parsed.value().members().collect();
        let Some(draw) = Draw::new(self.purpose.bucketing, &prepared, self.context.data()) else {
            return (Some("nobody to draw for, or no weights to draw by".to_owned()), nodes);
        };
        let bucket = draw.bucket();
        let mut start = 0;
        let ranges: Vec<_> = draw.ranges().map(|(variant, end)| (to_json(variant), end)).collect();
        for (json, (variant, end)) in buckets.iter().zip(ranges) {
            let taken = (start..end).contains(&bucket);
            let range = if start == end { "no bucket".to_owned() } else { format!("buckets {start} to {}", end - 1) };
            let rule = format!("{range} give {}", phrase(&variant, self.purpose.evaluators));
            let inner = json.get(0).filter(|variant| taken && operation(variant).is_some());
            let children = inner.map(|variant| self.node(variant, true)).into_iter().collect();
            nodes.push(Node { rule, json: json.clone(), value: variant, children, taken });
            start = end;
        }
        let who = self.who(by.and_then(|_| values.first()));
        (Some(format!("{who} has the hash {}, which is bucket {bucket} of {}", draw.hash, draw.total)), nodes)
    }

    /// The value that is hashed, as the reader knows it.
    fn who(&self, by: Option<&Value>) -> String {
        let subject = self.context.targeting_key().unwrap_or_default();
        let implicit = match self.purpose.bucketing {
            Bucketing::V2 => json!(format!("{}{subject}", self.purpose.flag)),
            Bucketing::V3 => json!([self.purpose.flag, subject]),
        };
        by.unwrap_or(&implicit).to_string()
    }
}

/// JSON Logic's truth: nothing, zero and what is empty are false.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(bool) => *bool,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}
