//! A targeting rule, made ready to be evaluated.

use std::{cell::RefCell, sync::LazyLock};

use datalogic_rs::{CustomOperator, DataValue, Engine, Logic, bumpalo::Bump, operator::EvalContext};
use serde_json::{Map, Value, json};

use crate::{
    Bucketing, Context, Evaluators, Problem,
    bucketing::{WEIGHTS_MAX, bucket, murmur3},
    cbor,
    limits::{DEPTH_MAX, NODES_MAX},
    problem::step,
    version::Version,
};

/// A compiled rule.
pub(crate) struct Rule {
    logic: Logic,
    pub(crate) depends_on_time: bool,
}

impl Rule {
    pub(crate) fn compile(
        flag: &str,
        targeting: &Value,
        evaluators: &Evaluators,
        bucketing: Bucketing,
    ) -> Result<Self, Problem> {
        let mut preparation = Preparation { flag, evaluators, bucketing, nodes: 0, depends_on_time: false };
        let prepared = preparation.prepare(targeting, "/targeting", &mut Vec::new(), 0)?;
        let logic =
            ENGINE.compile(&prepared.to_string()).map_err(|error| Problem::new("/targeting", error.to_string()))?;
        Ok(Self { logic, depends_on_time: preparation.depends_on_time })
    }

    /// Evaluates the rule, and hands what it gave to `read`.
    pub(crate) fn evaluate<T>(&self, context: &Context, read: impl FnOnce(&DataValue<'_>) -> T) -> Result<T, String> {
        ARENA.with_borrow_mut(|arena| {
            arena.reset();
            let value = ENGINE.evaluate(&self.logic, context.data(), arena);
            value.map(read).map_err(|error| error.to_string())
        })
    }
}

thread_local! {
    static ARENA: RefCell<Bump> = RefCell::new(Bump::with_capacity(4096));
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    Engine::builder()
        .add_operator("fractional", Fractional(Bucketing::V2))
        .add_operator("fractional_v3", Fractional(Bucketing::V3))
        .add_operator("starts_with", Affix(|text, affix| text.starts_with(affix)))
        .add_operator("ends_with", Affix(|text, affix| text.ends_with(affix)))
        .add_operator("sem_ver", SemVer)
        .build()
});

/// Puts shared rules in the place of their references, and the flag's key in the place of `$flagd.flagKey`.
struct Preparation<'r> {
    flag: &'r str,
    evaluators: &'r Evaluators,
    bucketing: Bucketing,
    nodes: usize,
    depends_on_time: bool,
}

impl<'r> Preparation<'r> {
    fn prepare(
        &mut self,
        rule: &'r Value,
        pointer: &str,
        open: &mut Vec<&'r str>,
        depth: usize,
    ) -> Result<Value, Problem> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(Problem::new(pointer, format!("the rule has more than {NODES_MAX} values")));
        }
        if depth > DEPTH_MAX {
            return Err(Problem::new(pointer, format!("the rule is nested deeper than {DEPTH_MAX} levels")));
        }
        match rule {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(rule.clone()),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let items = items.map(|(i, item)| self.prepare(item, &step(pointer, i), open, depth + 1));
                Ok(Value::Array(items.collect::<Result<_, _>>()?))
            }
            Value::Object(fields) => {
                if let Some(Value::String(name)) = fields.get("$ref")
                    && fields.len() == 1
                {
                    return self.reference(name, pointer, open, depth);
                }
                if let Some(name) = fields.get("var") {
                    let name = name.as_array().and_then(|items| items.first()).unwrap_or(name).as_str();
                    match name {
                        Some("$flagd.flagKey") => return Ok(json!(self.flag)),
                        Some("$flagd.timestamp") => self.depends_on_time = true,
                        _ => {}
                    }
                }
                let mut prepared = Map::new();
                for (name, field) in fields {
                    let field = self.prepare(field, &step(pointer, name), open, depth + 1)?;
                    let (name, field) =
                        if name == "fractional" { self.fractional(field) } else { (name.as_str(), field) };
                    prepared.insert(name.to_owned(), field);
                }
                Ok(Value::Object(prepared))
            }
        }
    }

    fn fractional(&self, arguments: Value) -> (&'static str, Value) {
        let mut all = vec![json!(self.flag)];
        match arguments {
            Value::Array(items) => all.extend(items),
            single @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                all.push(single);
            }
        }
        let name = match self.bucketing {
            Bucketing::V2 => "fractional",
            Bucketing::V3 => "fractional_v3",
        };
        (name, Value::Array(all))
    }

    fn reference(
        &mut self,
        name: &'r str,
        pointer: &str,
        open: &mut Vec<&'r str>,
        depth: usize,
    ) -> Result<Value, Problem> {
        if open.contains(&name) {
            let ring = open.iter().chain([&name]).copied().collect::<Vec<_>>().join(" → ");
            return Err(Problem::new(pointer, format!("the shared rules refer to each other in a ring: {ring}")));
        }
        let Some(rule) = self.evaluators.get(name) else {
            let problem = Problem::new(pointer, format!("there is no shared rule '{name}' in $evaluators"));
            return Err(problem.did_you_mean(name, self.evaluators.names()));
        };
        open.push(name);
        let prepared = self.prepare(rule, pointer, open, depth + 1);
        open.pop();
        prepared
    }
}

type Arguments<'s, 'a> = &'s [&'a DataValue<'a>];

struct Affix(fn(&str, &str) -> bool);

impl CustomOperator for Affix {
    fn evaluate<'a>(
        &self,
        arguments: Arguments<'_, 'a>,
        _context: &mut EvalContext<'_, 'a>,
        arena: &'a Bump,
    ) -> datalogic_rs::Result<&'a DataValue<'a>> {
        let held = match arguments {
            [text, affix] => text.as_str().zip(affix.as_str()).map(|(text, affix)| self.0(text, affix)),
            _ => None,
        };
        Ok(arena.alloc(held.map_or(DataValue::Null, DataValue::Bool)))
    }
}

struct SemVer;

impl CustomOperator for SemVer {
    fn evaluate<'a>(
        &self,
        arguments: Arguments<'_, 'a>,
        _context: &mut EvalContext<'_, 'a>,
        arena: &'a Bump,
    ) -> datalogic_rs::Result<&'a DataValue<'a>> {
        let text = |value: &DataValue<'a>| value.as_str().map_or_else(|| value.to_json_string(), str::to_owned);
        let held = match arguments {
            [left, operator, right] => {
                let (left, right) = (text(left), text(right));
                let versions = Version::parse(&left).zip(Version::parse(&right));
                versions.zip(operator.as_str()).and_then(|((left, right), operator)| left.compare(operator, &right))
            }
            _ => None,
        };
        Ok(arena.alloc(held.map_or(DataValue::Null, DataValue::Bool)))
    }
}

/// Its first argument is the flag's key, which the preparation puts there.
struct Fractional(Bucketing);

impl CustomOperator for Fractional {
    fn evaluate<'a>(
        &self,
        arguments: Arguments<'_, 'a>,
        context: &mut EvalContext<'_, 'a>,
        arena: &'a Bump,
    ) -> datalogic_rs::Result<&'a DataValue<'a>> {
        Ok(self.pick(arguments, context.root_input()).unwrap_or_else(|| arena.alloc(DataValue::Null)))
    }
}

impl Fractional {
    fn pick<'a>(&self, arguments: Arguments<'_, 'a>, root: &'a DataValue<'a>) -> Option<&'a DataValue<'a>> {
        let (flag, rest) = arguments.split_first()?;
        let (hash, buckets) = self.hash(flag, rest, root)?;
        let weights: Option<Vec<_>> = buckets.iter().map(|bucket| weight(bucket)).collect();
        let weights = weights?;
        let total = weights.iter().map(|(_, weight)| weight).sum();
        if total > WEIGHTS_MAX {
            return None;
        }
        let bucket = bucket(hash, total);
        let mut end = 0;
        weights.into_iter().find_map(|(variant, weight)| {
            end += weight;
            (bucket < end).then_some(variant)
        })
    }

    /// The hash of who is bucketed, and the arguments that are buckets.
    fn hash<'s, 'a>(
        &self,
        flag: &DataValue<'a>,
        arguments: Arguments<'s, 'a>,
        root: &DataValue<'a>,
    ) -> Option<(u32, Arguments<'s, 'a>)> {
        let (first, others) = arguments.split_first()?;
        let subject =
            || root.get("targetingKey").filter(|subject| subject.as_str().is_some_and(|text| !text.is_empty()));
        Some(match self.0 {
            Bucketing::V2 => match first.as_str() {
                Some(by) => (murmur3(by.as_bytes()), others),
                None => (murmur3([flag.as_str()?, subject()?.as_str()?].concat().as_bytes()), arguments),
            },
            Bucketing::V3 => {
                let mut bytes = Vec::new();
                let buckets = if first.is_array() {
                    cbor::encode(&DataValue::Array(&[*flag, *subject()?]), &mut bytes);
                    arguments
                } else if first.is_null() {
                    return None;
                } else {
                    cbor::encode(first, &mut bytes);
                    others
                };
                (murmur3(&bytes), buckets)
            }
        })
    }
}

fn weight<'a>(bucket: &'a DataValue<'a>) -> Option<(&'a DataValue<'a>, u64)> {
    match bucket.as_array()? {
        [variant] => Some((variant, 1)),
        [variant, weight] => Some((variant, u64::try_from(weight.as_i64()?).unwrap_or(0).min(WEIGHTS_MAX + 1))),
        _ => None,
    }
}
