//! Numbers and texts.

use serde_json::Value;

use super::check::{Check, Site};
use super::formats;
use crate::value::written;

/// How many bytes a text may have that should be a pattern.
const PATTERN_BYTES_MAX: usize = 16_384;
/// What it costs to find out whether it is one.
const PATTERN_STEPS: u64 = 1_000;

impl<'s> Check<'s> {
    pub(super) fn number(&mut self, site: Site<'_, 's>, value: &Value) {
        let Some(number) = value.as_f64() else { return };
        type Broken = fn(f64, f64) -> bool;
        let bounds: [(&str, &str, Broken); 4] = [
            ("maximum", "<=", |number, bound| number > bound),
            ("minimum", ">=", |number, bound| number < bound),
            ("exclusiveMaximum", "<", |number, bound| number >= bound),
            ("exclusiveMinimum", ">", |number, bound| number <= bound),
        ];
        for (keyword, sign, broken) in bounds {
            if let Some(Value::Number(bound)) = site.map.get(keyword)
                && bound.as_f64().is_some_and(|bound| broken(number, bound))
            {
                self.fault(site, keyword, format!("must be {sign} {}", written(bound)));
            }
        }
        if let Some(Value::Number(step)) = site.map.get("multipleOf") {
            let quotient = step.as_f64().map_or(0.0, |step| number / step);
            // From 1e21 on a number is written with an exponent, which the validator's test can't read.
            if quotient.fract() != 0.0 || !quotient.is_finite() || quotient.abs() >= 1e21 {
                self.fault(site, "multipleOf", format!("must be multiple of {}", written(step)));
            }
        }
        if let Some(Value::String(format)) = site.map.get("format")
            && !formats::number(format, number)
        {
            self.fault(site, "format", format!("must match format \"{format}\""));
        }
    }

    pub(super) fn text(&mut self, site: Site<'_, 's>, value: &Value) {
        let Value::String(text) = value else { return };
        if !self.budget.spend(u64::try_from(text.len() / 64).unwrap_or(u64::MAX)) {
            self.stopped = true;
            return;
        }
        let length = text.chars().count();
        self.size(site, ["maxLength", "minLength"], length, "characters");
        if let Some(Value::String(pattern)) = site.map.get("pattern")
            && self.matches(pattern, text) == Some(false)
        {
            self.fault(site, "pattern", format!("must match pattern \"{pattern}\""));
        }
        let Some(Value::String(format)) = site.map.get("format") else { return };
        // To read a pattern takes more than to read a text.
        let is_pattern = format == "regex";
        if is_pattern && (text.len() > PATTERN_BYTES_MAX || !self.budget.spend(PATTERN_STEPS)) {
            self.stopped = true;
        } else if !formats::text(format, text) {
            self.fault(site, "format", format!("must match format \"{format}\""));
        }
    }

    /// The upper and the lower bound of something that is counted.
    pub(super) fn size(&mut self, site: Site<'_, 's>, keywords: [&str; 2], size: usize, what: &str) {
        let [most, least] = keywords;
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts are below 2^53")]
        let size = size as f64;
        let bound = |keyword: &str| site.map.get(keyword).and_then(Value::as_number);
        if let Some(bound) = bound(most).filter(|bound| bound.as_f64().is_some_and(|bound| size > bound)) {
            self.fault(site, most, format!("must NOT have more than {} {what}", written(bound)));
        }
        if let Some(bound) = bound(least).filter(|bound| bound.as_f64().is_some_and(|bound| size < bound)) {
            self.fault(site, least, format!("must NOT have fewer than {} {what}", written(bound)));
        }
    }
}
