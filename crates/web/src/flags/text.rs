//! The short notations in which forms take lists: one thing a line.

use ::flags::{Hold, Step};
use serde_json::{Map, Value, json};

/// The lines that have something in them.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// Lines of `name = value`.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let pair = |line: &str| {
        let (name, value) = line.split_once('=').ok_or_else(|| format!("“{}” has no “=” in it.", cut(line)))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    lines(text).map(pair).collect()
}

/// Lines of `name = value`, where a value is JSON, or else a text as it stands.
pub(super) fn values(text: &str) -> Result<Map<String, Value>, String> {
    let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(pairs(text)?.into_iter().map(|(name, text)| (name, value(text))).collect())
}

/// JSON; nothing where nothing stands.
pub(super) fn json(text: &str) -> Result<Option<Value>, String> {
    match text.trim() {
        "" => Ok(None),
        text => serde_json::from_str(text).map(Some).map_err(|error| format!("This is no JSON: {error}.")),
    }
}

/// A list of values as [`values`] reads it.
pub(super) fn of_values(values: &Map<String, Value>) -> String {
    // A text that would be read as something else keeps its quotes.
    let plain = |text: &&str| serde_json::from_str::<Value>(text).is_err();
    let line = |(name, value): (&String, &Value)| match value.as_str().filter(plain) {
        Some(text) => format!("{name} = {text}"),
        None => format!("{name} = {value}"),
    };
    joined(values.iter().map(line))
}

/// JSON as one reads it.
pub(super) fn of_json(value: Option<&Value>) -> String {
    value.map(|value| format!("{value:#}")).unwrap_or_default()
}

/// Lines.
pub(super) fn joined(lines: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push('\n');
    }
    text
}

/// The steps of a ramp as declarations have them, of lines or parts between slashes: `5% 10m / 25% approval /
/// 50% 1000 samples / 100%`.
pub(super) fn steps(text: &str) -> Result<Vec<Value>, String> {
    text.split(['/', '\n']).map(str::trim).filter(|step| !step.is_empty()).map(step).collect()
}

fn step(text: &str) -> Result<Value, String> {
    let wrong = || format!("“{}” is no step: write “5% 10m”, “25% approval”, “50% 1000 samples” or “100%”.", cut(text));
    let (percent, hold) = text.split_once('%').ok_or_else(wrong)?;
    let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
    let hold = hold.trim();
    let samples =
        hold.strip_suffix("samples").map(|count| count.trim().parse::<u64>().map_err(|_| wrong())).transpose()?;
    Ok(match (hold, samples) {
        ("", _) => json!({ "percent": percent }),
        (_, Some(samples)) => json!({ "percent": percent, "hold": { "samples": samples } }),
        (hold, None) => json!({ "percent": percent, "hold": hold }),
    })
}

/// Steps as [`steps`] reads them.
pub(super) fn of_steps(steps: &[Step]) -> String {
    let last = steps.len().saturating_sub(1);
    let line = |(at, step): (usize, &Step)| match step.hold {
        _ if at == last => format!("{}%", step.percent()),
        Hold::For(time) => format!("{}% {time:#}", step.percent()),
        Hold::Approval => format!("{}% approval", step.percent()),
        Hold::Samples(count) => format!("{}% {count} samples", step.percent()),
    };
    joined(steps.iter().enumerate().map(line))
}

fn cut(line: &str) -> String {
    line.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_lines_or_parts_between_slashes() {
        let expected = json!([
            { "percent": 5.0, "hold": "10m" }, { "percent": 25.0, "hold": "approval" },
            { "percent": 50.0, "hold": { "samples": 1000 } }, { "percent": 100.0 },
        ]);
        assert_eq!(Value::Array(steps("5% 10m / 25% approval / 50% 1000 samples / 100%").unwrap()), expected);
        assert_eq!(Value::Array(steps("5% 10m\n25 % approval\n\n50% 1000 samples\n100%\n").unwrap()), expected);
        assert!(steps("5 10m").unwrap_err().contains("“5 10m” is no step"));
        assert!(steps("5% many samples").is_err());
    }

    #[test]
    fn values_are_json_or_else_texts_and_come_back_as_they_were() {
        let read = values("on = true\nblue = #00f\nnumber = \"7\"\nbig = {\"a\": [1]}\n").unwrap();
        assert_eq!(
            Value::Object(read.clone()),
            json!({ "on": true, "blue": "#00f", "number": "7", "big": { "a": [1] } })
        );
        assert_eq!(values(&of_values(&read)).unwrap(), read);
        assert!(values("on").unwrap_err().contains("has no “=”"));
    }
}
