//! The value that a field has where nobody sets it.

use std::collections::BTreeMap;

use prost_types::field_descriptor_proto::Type as Scalar;

use super::model::{Enum, Field, Type};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Of a string or of bytes.
    Bytes(Vec<u8>),
    Integer(i128),
    Float(f32),
    Double(f64),
    /// The named value of an enum that isn't among the files.
    Named(String),
    /// It can't be told without an import.
    Unknown,
}

impl std::fmt::Display for Value {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => out.write_str(&String::from_utf8_lossy(bytes)),
            Self::Named(name) => out.write_str(name),
            Self::Integer(number) => number.fmt(out),
            Self::Float(number) => number.fmt(out),
            Self::Double(number) => number.fmt(out),
            Self::Unknown => out.write_str("unknown"),
        }
    }
}

/// None for what can't have a default: messages and whatever repeats.
pub(super) fn of(field: &Field, enums: &BTreeMap<&str, &Enum>) -> Option<Value> {
    if field.is_repeated() {
        return None;
    }
    let written = field.default.as_deref();
    match &field.field_type {
        Type::Message(_) | Type::Group(_) => None,
        Type::Enum(name) => Some(match (enums.get(&**name), written) {
            (Some(of), written) => of_enum(of, written),
            (None, Some(written)) => Value::Named(written.to_owned()),
            (None, None) => Value::Unknown,
        }),
        Type::Unknown(_) => Some(written.map_or(Value::Unknown, |written| Value::Named(written.to_owned()))),
        Type::Scalar(scalar) => Some(of_scalar(*scalar, written)),
    }
}

fn of_enum(of: &Enum, written: Option<&str>) -> Value {
    let value = match written {
        Some(written) => of.values.iter().find(|(name, _)| name == written),
        None => of.values.first(),
    };
    value.map_or(Value::Unknown, |(_, number)| Value::Integer(i128::from(*number)))
}

fn of_scalar(scalar: Scalar, written: Option<&str>) -> Value {
    match scalar {
        Scalar::String => Value::Bytes(written.unwrap_or_default().into()),
        Scalar::Bytes => Value::Bytes(unescaped(written.unwrap_or_default())),
        Scalar::Bool => Value::Integer(i128::from(written == Some("true"))),
        Scalar::Float => Value::Float(written.and_then(|written| written.parse().ok()).unwrap_or_default()),
        Scalar::Double => Value::Double(written.and_then(|written| written.parse().ok()).unwrap_or_default()),
        Scalar::Int32 | Scalar::Int64 | Scalar::Uint32 | Scalar::Uint64 => of_integer(written),
        Scalar::Sint32 | Scalar::Sint64 | Scalar::Fixed32 | Scalar::Fixed64 => of_integer(written),
        Scalar::Sfixed32 | Scalar::Sfixed64 => of_integer(written),
        Scalar::Group | Scalar::Message | Scalar::Enum => Value::Unknown,
    }
}

fn of_integer(written: Option<&str>) -> Value {
    Value::Integer(written.and_then(|written| written.parse().ok()).unwrap_or_default())
}

/// The parser escapes the bytes of a default as C does.
fn unescaped(written: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.bytes();
    while let Some(byte) = rest.next() {
        let byte = match (byte, if byte == b'\\' { rest.next() } else { None }) {
            (b'\\', Some(b'n')) => b'\n',
            (b'\\', Some(b'r')) => b'\r',
            (b'\\', Some(b't')) => b'\t',
            (b'\\', Some(digit @ b'0'..=b'7')) => {
                let digits = [digit, rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                digits.iter().fold(0_u8, |sum, digit| sum.wrapping_mul(8).wrapping_add(digit.wrapping_sub(b'0')))
            }
            (_, Some(escaped)) => escaped,
            (byte, None) => byte,
        };
        bytes.push(byte);
    }
    bytes
}

impl Value {
    /// Whether a program sees another value; numbers of different types are compared by value, as buf does it.
    pub(super) fn differs(&self, later: &Self) -> bool {
        if self.is_zero() && later.is_zero() {
            return false;
        }
        match (self, later) {
            (Self::Unknown, _) | (_, Self::Unknown) => false,
            (Self::Named(one), Self::Named(another)) => one != another,
            (Self::Named(_), _) | (_, Self::Named(_)) => false,
            (Self::Bytes(one), Self::Bytes(another)) => one != another,
            (Self::Bytes(_), _) | (_, Self::Bytes(_)) => true,
            (Self::Float(single), Self::Double(double)) | (Self::Double(double), Self::Float(single)) => {
                !same_float(f64::from(*single), f64::from(*double as f32))
            }
            (Self::Integer(one), Self::Integer(another)) => one != another,
            (Self::Integer(whole), other) | (other, Self::Integer(whole)) => {
                other.as_f64().is_none_or(|number| !is_whole(number, *whole))
            }
            (Self::Float(_) | Self::Double(_), Self::Float(_) | Self::Double(_)) => {
                self.as_f64().zip(later.as_f64()).is_none_or(|(one, another)| !same_float(one, another))
            }
        }
    }

    fn is_zero(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Integer(number) => *number == 0,
            Self::Float(number) => *number == 0.0,
            Self::Double(number) => *number == 0.0,
            Self::Named(_) | Self::Unknown => false,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(f64::from(*number)),
            Self::Double(number) => Some(*number),
            Self::Bytes(_) | Self::Integer(_) | Self::Named(_) | Self::Unknown => None,
        }
    }
}

fn same_float(one: f64, another: f64) -> bool {
    one == another || (one.is_nan() && another.is_nan())
}

/// Exactly so: a double holds whole numbers up to 2^53, and all larger ones that it holds print as such.
fn is_whole(number: f64, whole: i128) -> bool {
    number.is_finite() && number.fract() == 0.0 && format!("{number:.0}").parse() == Ok(whole)
}
