//! The operators of a rule: those of JSON Logic that flagd's schema lists, and flagd's own.

use std::sync::LazyLock;

use datalogic_rs::{
    CustomOperator, DataValue, Engine, EvaluationConfig, NanHandling, bumpalo::Bump, operator::EvalContext,
};

use serde_json::Value;

use crate::{
    Bucketing,
    bucketing::{WEIGHTS_MAX, bucket, murmur3},
    cbor,
    compare::{Comparison, at_most, is_in, is_no_number, less, loosely_equal, strictly_equal},
    version::Version,
};

/// All operators that a rule may have.
pub(crate) const NAMES: [&str; 37] = [
    "var",
    "missing",
    "missing_some",
    "if",
    "==",
    "===",
    "!=",
    "!==",
    ">",
    ">=",
    "<",
    "<=",
    "!",
    "!!",
    "or",
    "and",
    "+",
    "-",
    "*",
    "/",
    "%",
    "min",
    "max",
    "map",
    "filter",
    "reduce",
    "all",
    "none",
    "some",
    "merge",
    "in",
    "cat",
    "substr",
    "starts_with",
    "ends_with",
    "sem_ver",
    "fractional",
];

/// What an operator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The name of a field, and what to take if it is missing.
    Var,
    /// Names of fields.
    Missing,
    /// Conditions and what follows from them in turn.
    If,
    /// An array, and what to ask of each item.
    Iterate,
    /// An array, what to make of the last result and an item, and the first result.
    Reduce,
    /// Two texts.
    Affix,
    /// A version, an operator and a version.
    SemVer,
    /// Who is bucketed, and buckets.
    Fractional,
    /// One value, in an array or bare.
    Unary,
    /// So many values.
    Plain {
        /// No fewer.
        least: usize,
        /// No more.
        most: usize,
    },
}

impl Form {
    /// The least and the most arguments.
    pub(crate) fn count(self) -> (usize, usize) {
        match self {
            Self::Unary => (1, 1),
            Self::Iterate | Self::Affix => (2, 2),
            Self::Reduce | Self::SemVer => (3, 3),
            Self::Missing => (0, usize::MAX),
            Self::Var | Self::If | Self::Fractional => (1, usize::MAX),
            Self::Plain { least, most } => (least, most),
        }
    }

    /// True if a single argument needs no array around it.
    pub(crate) fn takes_one_bare(self) -> bool {
        matches!(self, Self::Var | Self::Unary)
    }
}

/// What the operator of that name takes; nothing if there is none.
pub(crate) fn form(name: &str) -> Option<Form> {
    Some(match name {
        "var" => Form::Var,
        "missing" => Form::Missing,
        "if" => Form::If,
        "map" | "filter" | "all" | "none" | "some" => Form::Iterate,
        "reduce" => Form::Reduce,
        "starts_with" | "ends_with" => Form::Affix,
        "sem_ver" => Form::SemVer,
        "fractional" => Form::Fractional,
        "!" | "!!" => Form::Unary,
        "missing_some" | "==" | "===" | "!=" | "!==" | ">" | ">=" | "%" | "/" | "in" => {
            Form::Plain { least: 2, most: 2 }
        }
        "<" | "<=" | "substr" => Form::Plain { least: 2, most: 3 },
        "*" => Form::Plain { least: 2, most: usize::MAX },
        "or" | "and" | "+" | "-" | "max" | "min" | "merge" | "cat" => Form::Plain { least: 1, most: usize::MAX },
        _ => return None,
    })
}

/// The engine's name for `fractional`. Its first argument is the flag's key, and then come those of the rule.
pub(crate) fn fractional(bucketing: Bucketing) -> &'static str {
    match bucketing {
        Bucketing::V2 => "fractional_v2",
        Bucketing::V3 => "fractional_v3",
    }
}

/// What the engine calls an operator: those that it has of its own, but not as a rule means them, have another name.
pub(crate) fn engine_name(name: &str) -> &str {
    match name {
        "==" => "loosely_equal",
        "!=" => "loosely_unequal",
        "===" => "strictly_equal",
        "!==" => "strictly_unequal",
        "<" => "less",
        "<=" => "at_most",
        ">" => "more",
        ">=" => "at_least",
        "in" => "is_in",
        _ => name,
    }
}

/// The same for an operator with these arguments. Nothing but the same text equals a text that is no number, and of that
/// the engine's own comparison is sure as well, and faster.
pub(crate) fn engine_name_with<'n>(name: &'n str, arguments: &Value) -> &'n str {
    let is_word = |argument: &Value| argument.as_str().is_some_and(is_no_number);
    let has_word = arguments.as_array().is_some_and(|arguments| arguments.len() == 2 && arguments.iter().any(is_word));
    match name {
        "==" | "===" if has_word => "===",
        "!=" | "!==" if has_word => "!==",
        _ => engine_name(name),
    }
}

/// JSON Logic with flagd's operators.
pub(crate) static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    // flagd itself counts what is no number as 0, where the engine would fail.
    let config = EvaluationConfig::default().with_arithmetic_nan_handling(NanHandling::CoerceToZero);
    Engine::builder()
        .with_config(config)
        .add_operator(fractional(Bucketing::V2), Fractional(Bucketing::V2))
        .add_operator(fractional(Bucketing::V3), Fractional(Bucketing::V3))
        .add_operator("starts_with", Affix(|text, affix| text.starts_with(affix)))
        .add_operator("ends_with", Affix(|text, affix| text.ends_with(affix)))
        .add_operator("sem_ver", SemVer)
        .add_operator(engine_name("=="), Comparison(loosely_equal))
        .add_operator(engine_name("!="), Comparison(|left, right| !loosely_equal(left, right)))
        .add_operator(engine_name("==="), Comparison(strictly_equal))
        .add_operator(engine_name("!=="), Comparison(|left, right| !strictly_equal(left, right)))
        .add_operator(engine_name("<"), Comparison(less))
        .add_operator(engine_name("<="), Comparison(at_most))
        .add_operator(engine_name(">"), Comparison(|left, right| less(right, left)))
        .add_operator(engine_name(">="), Comparison(|left, right| at_most(right, left)))
        .add_operator(engine_name("in"), Comparison(is_in))
        .build()
});

type Arguments<'s, 'a> = &'s [&'a DataValue<'a>];

/// `starts_with` and `ends_with`: nothing for what is no text.
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

/// `sem_ver`: a number is taken as the text that writes it.
struct SemVer;

impl CustomOperator for SemVer {
    fn evaluate<'a>(
        &self,
        arguments: Arguments<'_, 'a>,
        _context: &mut EvalContext<'_, 'a>,
        arena: &'a Bump,
    ) -> datalogic_rs::Result<&'a DataValue<'a>> {
        let text = |value: &DataValue<'a>| value.as_str().unwrap_or_else(|| value.to_json_str_in(arena));
        let held = match arguments {
            [left, operator, right] => Version::parse(text(left))
                .zip(Version::parse(text(right)))
                .and_then(|(left, right)| left.compare(operator.as_str()?, &right)),
            _ => None,
        };
        Ok(arena.alloc(held.map_or(DataValue::Null, DataValue::Bool)))
    }
}

struct Fractional(Bucketing);

impl CustomOperator for Fractional {
    fn evaluate<'a>(
        &self,
        arguments: Arguments<'_, 'a>,
        context: &mut EvalContext<'_, 'a>,
        arena: &'a Bump,
    ) -> datalogic_rs::Result<&'a DataValue<'a>> {
        let draw = Draw::new(self.0, arguments, context.root_input());
        Ok(draw.and_then(|draw| draw.pick()).unwrap_or_else(|| arena.alloc(DataValue::Null)))
    }
}

/// One subject's draw from the buckets of a `fractional`.
pub(crate) struct Draw<'s, 'a> {
    pub(crate) hash: u32,
    /// The sum of the weights.
    pub(crate) total: u64,
    buckets: Arguments<'s, 'a>,
}

impl<'s, 'a> Draw<'s, 'a> {
    /// Nothing if nobody is there to draw, or the buckets are not what they must be.
    pub(crate) fn new(bucketing: Bucketing, arguments: Arguments<'s, 'a>, root: &DataValue<'a>) -> Option<Self> {
        let (flag, arguments) = arguments.split_first()?;
        let (hash, buckets) = hash(bucketing, flag, arguments, root)?;
        let total = buckets.iter().try_fold(0, |sum: u64, bucket| Some(sum.saturating_add(weight(bucket)?.1)))?;
        (total <= WEIGHTS_MAX).then_some(Self { hash, total, buckets })
    }

    /// Which of the buckets, counted in weights.
    pub(crate) fn bucket(&self) -> u64 {
        bucket(self.hash, self.total)
    }

    /// The variants with the bucket that each ends before.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (&'a DataValue<'a>, u64)> {
        let mut end = 0;
        self.buckets.iter().filter_map(|bucket| weight(bucket)).map(move |(variant, weight)| {
            end += weight;
            (variant, end)
        })
    }

    fn pick(&self) -> Option<&'a DataValue<'a>> {
        let bucket = self.bucket();
        self.ranges().find(|(_, end)| bucket < *end).map(|(variant, _)| variant)
    }
}

/// The hash of who is bucketed, and the arguments that are buckets.
fn hash<'s, 'a>(
    bucketing: Bucketing,
    flag: &DataValue<'a>,
    arguments: Arguments<'s, 'a>,
    root: &DataValue<'a>,
) -> Option<(u32, Arguments<'s, 'a>)> {
    let (first, others) = arguments.split_first()?;
    let subject = || root.get("targetingKey").filter(|subject| subject.as_str().is_some_and(|text| !text.is_empty()));
    Some(match bucketing {
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

/// A bucket's variant and weight: 1 if it is not written, and 0 if a rule gave less.
fn weight<'a>(bucket: &'a DataValue<'a>) -> Option<(&'a DataValue<'a>, u64)> {
    let (variant, weight) = match bucket.as_array()? {
        [variant] => (variant, 1),
        [variant, weight] => (variant, u64::try_from(weight.as_i64()?).unwrap_or(0)),
        _ => return None,
    };
    let is_variant = !variant.is_array() && !variant.is_object();
    is_variant.then_some((variant, weight))
}
