//! What is checked of arguments that are written out: their number, and their form where an operator has one of its own.

use serde_json::Value;

use super::Walk;
use crate::{
    operator::Form,
    place::Place,
    version::{self, Version},
};

pub(super) const BUCKET: &str = "a bucket is an array of a variant and a weight";

impl<'r> Walk<'r> {
    /// The bucket's weight as far as it is written, after it has been checked.
    pub(super) fn check_weight(&mut self, bucket: &[Value], place: &Place<'_>) -> u64 {
        match bucket {
            [_] | [_, Value::Object(_)] => 1,
            [_, Value::Number(weight)] if weight.is_u64() => weight.as_u64().unwrap_or_default(),
            [_, _] => {
                self.warn(&place.item(1), "a weight is a whole number, 0 or more, or a rule that gives one");
                0
            }
            _ => {
                self.warn(place, BUCKET);
                0
            }
        }
    }

    pub(super) fn check_versions(&mut self, arguments: &'r [Value], place: &Place<'_>) {
        for (i, argument) in arguments.iter().enumerate() {
            let place = place.item(i);
            match argument {
                Value::Object(_) => {}
                Value::String(operator) if i == 1 => {
                    if !version::OPERATORS.contains(&operator.as_str()) {
                        let known = version::OPERATORS.join(" ");
                        self.warn(&place, format!("'{operator}' compares no versions; one of {known} does"));
                    }
                }
                Value::String(text) => {
                    if Version::parse(text).is_none() {
                        self.warn(&place, format!("'{text}' is no semantic version, such as 1.2.3"));
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                    self.warn(&place, "sem_ver takes a version, an operator and a version, each as text");
                }
            }
        }
    }

    pub(super) fn check_texts(&mut self, arguments: &'r [Value], place: &Place<'_>) {
        self.check_kind(arguments, place, "text or a rule that gives text", |value| {
            value.is_string() || value.is_object()
        });
    }

    pub(super) fn check_names(&mut self, arguments: &'r [Value], place: &Place<'_>) {
        self.check_kind(arguments, place, "the name of a field", |value| value.is_string() || value.is_object());
    }

    fn check_kind(&mut self, arguments: &'r [Value], place: &Place<'_>, wanted: &str, fits: fn(&Value) -> bool) {
        for (i, argument) in arguments.iter().enumerate() {
            if !fits(argument) {
                self.warn(&place.item(i), format!("here belongs {wanted}"));
            }
        }
    }

    pub(super) fn check_count(&mut self, name: &str, form: Form, arguments: &Value, place: &Place<'_>) {
        let (least, most) = form.count();
        match arguments {
            Value::Array(items) if items.len() < least || items.len() > most => {
                let wanted = match (least, most) {
                    (_, usize::MAX) => format!("at least {least}"),
                    _ if least == most => least.to_string(),
                    _ => format!("{least} to {most}"),
                };
                self.warn(place, format!("'{name}' takes {wanted} arguments, and has {}", items.len()));
            }
            Value::Array(_) => {}
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                if !form.takes_one_bare() {
                    self.warn(place, format!("'{name}' takes its arguments in an array"));
                }
            }
        }
    }
}
