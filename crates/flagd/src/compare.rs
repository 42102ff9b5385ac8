//! How a rule compares: as JavaScript does, which is what JSON Logic was written in, and what flagd keeps to.
//!
//! The engine's own comparisons differ in what matters most to a flag: to them a missing field equals an empty text, and
//! a text where a number was expected is an error rather than no match.

use datalogic_rs::{CustomOperator, DataValue, bumpalo::Bump, operator::EvalContext};

/// `==`: a text, a number and a boolean are compared as numbers if they are not of one type. Null equals nothing else.
pub(crate) fn loosely_equal(left: &DataValue<'_>, right: &DataValue<'_>) -> bool {
    if left.is_null() || right.is_null() {
        return left.is_null() && right.is_null();
    }
    left.as_str().zip(right.as_str()).map_or_else(|| number(left) == number(right), |(left, right)| left == right)
}

/// `===`: the same type and value. Two arrays or objects are never the same.
pub(crate) fn strictly_equal(left: &DataValue<'_>, right: &DataValue<'_>) -> bool {
    match (left, right) {
        (DataValue::Null, DataValue::Null) => true,
        (DataValue::Bool(left), DataValue::Bool(right)) => left == right,
        (DataValue::Number(left), DataValue::Number(right)) => left.as_f64() == right.as_f64(),
        (DataValue::String(left), DataValue::String(right)) => left == right,
        _ => false,
    }
}

/// `<`: two texts by their letters, all else as numbers.
pub(crate) fn less(left: &DataValue<'_>, right: &DataValue<'_>) -> bool {
    left.as_str().zip(right.as_str()).map_or_else(|| number(left) < number(right), |(left, right)| left < right)
}

/// `<=`, which is not the opposite of `>`: what is no number is neither.
pub(crate) fn at_most(left: &DataValue<'_>, right: &DataValue<'_>) -> bool {
    left.as_str().zip(right.as_str()).map_or_else(|| number(left) <= number(right), |(left, right)| left <= right)
}

/// `in`: part of a text, for which a number is taken as it is written, or one of an array's items.
pub(crate) fn is_in(part: &DataValue<'_>, whole: &DataValue<'_>) -> bool {
    match (part, whole) {
        (DataValue::String(part), DataValue::String(whole)) => whole.contains(part),
        (DataValue::Number(part), DataValue::String(whole)) => whole.contains(&part.to_string()),
        (_, DataValue::Array(items)) => items.iter().any(|item| strictly_equal(part, item)),
        _ => false,
    }
}

/// True if the text equals no number, and so nothing but itself.
pub(crate) fn is_no_number(text: &str) -> bool {
    number_of(text.trim()).is_nan()
}

/// The value as a number; NaN, which compares to nothing, if it is none.
fn number(value: &DataValue<'_>) -> f64 {
    match value {
        DataValue::Null => 0.0,
        DataValue::Bool(bool) => f64::from(u8::from(*bool)),
        DataValue::Number(number) => number.as_f64(),
        DataValue::String(text) => number_of(text.trim()),
        DataValue::Array(_) | DataValue::Object(_) => f64::NAN,
    }
}

fn number_of(text: &str) -> f64 {
    // Rust reads more words as numbers than JavaScript.
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    match text {
        "" => 0.0,
        _ if is_decimal => text.parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

/// An operator that holds of each pair of neighbours among its arguments.
pub(crate) struct Comparison(pub(crate) fn(&DataValue<'_>, &DataValue<'_>) -> bool);

impl CustomOperator for Comparison {
    fn evaluate<'a>(
        &self,
        arguments: &[&'a DataValue<'a>],
        _context: &mut EvalContext<'_, 'a>,
        arena: &'a Bump,
    ) -> datalogic_rs::Result<&'a DataValue<'a>> {
        let holds = |pair: &[&DataValue<'a>]| matches!(pair, [left, right] if self.0(left, right));
        Ok(arena.alloc(DataValue::Bool(arguments.len() > 1 && arguments.windows(2).all(holds))))
    }
}

#[cfg(test)]
mod tests {
    use datalogic_rs::ParsedData;

    use super::*;

    fn check(left: &str, holds: fn(&DataValue<'_>, &DataValue<'_>) -> bool, right: &str, expect: bool) {
        let (l, r) = (ParsedData::from_json(left).unwrap(), ParsedData::from_json(right).unwrap());
        assert_eq!(holds(l.value(), r.value()), expect, "{left} and {right}");
    }

    #[test]
    fn equality_is_that_of_javascript() {
        check("1", loosely_equal, "\"1\"", true);
        check("1", loosely_equal, "true", true);
        check("0", loosely_equal, "\"\"", true);
        check("25", loosely_equal, "\"\"", false);
        check("null", loosely_equal, "\"\"", false);
        check("null", loosely_equal, "0", false);
        check("null", loosely_equal, "null", true);
        check("true", loosely_equal, "\"team\"", false);
        check("\"nan\"", loosely_equal, "0", false);
        check("1", strictly_equal, "1.0", true);
        check("1", strictly_equal, "\"1\"", false);
        check("[1]", strictly_equal, "[1]", false);
    }

    #[test]
    fn order_is_that_of_javascript() {
        check("\"a\"", less, "\"b\"", true);
        check("\"10\"", less, "\"9\"", true);
        check("\"10\"", less, "9", false);
        check("null", less, "5", true);
        check("\"old\"", less, "5", false);
        check("5", less, "\"old\"", false);
        check("\"old\"", at_most, "5", false);
        check("5", at_most, "5", true);
    }

    #[test]
    fn a_part_is_found_in_a_text_and_in_an_array() {
        check("\"ring\"", is_in, "\"Springfield\"", true);
        check("7", is_in, "\"a7\"", true);
        check("null", is_in, "\"null\"", false);
        check("7", is_in, "[1, 7.0]", true);
        check("\"7\"", is_in, "[7]", false);
        check("\"\"", is_in, "null", false);
    }
}
