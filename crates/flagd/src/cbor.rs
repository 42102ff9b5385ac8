//! The canonical CBOR (RFC 8949, section 4.2.1) of a bucketing value: what version 3 of bucketing hashes.

use datalogic_rs::DataValue;

/// Appends the value. A float that is a whole number becomes an integer, so that `1` and `1.0` are the same subject.
pub(crate) fn encode(value: &DataValue<'_>, into: &mut Vec<u8>) {
    match value {
        DataValue::Null => into.push(0xf6),
        DataValue::Bool(false) => into.push(0xf4),
        DataValue::Bool(true) => into.push(0xf5),
        DataValue::Number(number) => match number.as_i64() {
            Some(whole) => integer(i128::from(whole), into),
            None => float(number.as_f64(), into),
        },
        DataValue::String(text) => {
            head(3, text.len() as u64, into);
            into.extend_from_slice(text.as_bytes());
        }
        DataValue::Array(items) => {
            head(4, items.len() as u64, into);
            items.iter().for_each(|item| encode(item, into));
        }
        DataValue::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            // The order of the encoded keys: a shorter text has a lower head.
            sorted.sort_by_key(|(name, _)| (name.len(), *name));
            head(5, fields.len() as u64, into);
            for (name, value) in sorted {
                encode(&DataValue::String(name), into);
                encode(value, into);
            }
        }
    }
}

/// A major type with its argument, in as few bytes as hold it.
fn head(major: u8, argument: u64, into: &mut Vec<u8>) {
    let major = major << 5;
    if let Ok(small @ ..24) = u8::try_from(argument) {
        into.push(major | small);
    } else if let Ok(argument) = u8::try_from(argument) {
        into.extend([major | 24, argument]);
    } else if let Ok(argument) = u16::try_from(argument) {
        into.push(major | 25);
        into.extend(argument.to_be_bytes());
    } else if let Ok(argument) = u32::try_from(argument) {
        into.push(major | 26);
        into.extend(argument.to_be_bytes());
    } else {
        into.push(major | 27);
        into.extend(argument.to_be_bytes());
    }
}

fn integer(whole: i128, into: &mut Vec<u8>) {
    match u64::try_from(whole) {
        Ok(whole) => head(0, whole, into),
        Err(_) => head(1, u64::try_from(-1 - whole).unwrap_or(u64::MAX), into),
    }
}

/// The range in which a whole float is written as an integer.
const WHOLE: std::ops::RangeInclusive<f64> = -9_223_372_036_854_775_808.0..=18_446_744_073_709_549_568.0;

fn float(number: f64, into: &mut Vec<u8>) {
    if number.fract() == 0.0 && WHOLE.contains(&number) {
        return integer(number as i128, into);
    }
    let single = number as f32;
    if f64::from(single) != number {
        into.push(0xfb);
        into.extend(number.to_be_bytes());
    } else if let Some(half) = half(single) {
        into.push(0xf9);
        into.extend(half.to_be_bytes());
    } else {
        into.push(0xfa);
        into.extend(single.to_be_bytes());
    }
}

/// The number in IEEE 754's half precision, if it fits without loss.
fn half(number: f32) -> Option<u16> {
    let bits = number.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let exponent = ((bits >> 23) & 0xff) as i32 - 127;
    let fraction = bits & 0x007f_ffff;
    let (kept, dropped) = match exponent {
        -14..=15 => ((((exponent + 15) as u32) << 10) | (fraction >> 13), fraction & 0x1fff),
        -24..=-15 => {
            // Subnormal: the leading one becomes part of the fraction.
            let shift = (-exponent - 1) as u32;
            let whole = fraction | 0x0080_0000;
            (whole >> shift, whole & ((1 << shift) - 1))
        }
        _ => return None,
    };
    (dropped == 0).then_some(sign | kept as u16)
}

#[cfg(test)]
mod tests {
    use datalogic_rs::ParsedData;

    use super::*;

    fn check(json: &str, hex: &str) {
        let mut bytes = Vec::new();
        encode(ParsedData::from_json(json).unwrap().value(), &mut bytes);
        let got: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(got, hex, "{json}");
    }

    #[test]
    fn values_are_written_as_in_the_appendix_of_the_rfc() {
        check("0", "00");
        check("23", "17");
        check("24", "1818");
        check("1000", "1903e8");
        check("1000000", "1a000f4240");
        check("1000000000000", "1b000000e8d4a51000");
        check("-1", "20");
        check("-1000", "3903e7");
        check("1.5", "f93e00");
        check("1.1", "fb3ff199999999999a");
        check("5.960464477539063e-8", "f90001");
        check("0.00006103515625", "f90400");
        check("-4.1", "fbc010666666666666");
        check("3.4028234663852886e+38", "fa7f7fffff");
        check("null", "f6");
        check("true", "f5");
        check("\"IETF\"", "6449455446");
        check("\"\\u00fc\"", "62c3bc");
        check("[1,[2,3],[4,5]]", "8301820203820405");
        check(r#"{"a":1,"b":[2,3]}"#, "a26161016162820203");
    }

    #[test]
    fn a_whole_float_is_an_integer_and_zero_has_no_sign() {
        check("1.0", "01");
        check("-0.0", "00");
        check("1e3", "1903e8");
        check("1e300", "fb7e37e43c8800759c");
    }

    #[test]
    fn fields_are_sorted_by_length_and_then_by_bytes() {
        check(r#"{"aa":1,"b":2,"a":3}"#, "a361610361620262616101");
    }
}
