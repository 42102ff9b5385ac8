//! The single values of `blackbox.yml`, as Go reads them.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::{blackbox::regexp, document::as_text, text};

/// A text; a number or a truth value is one too, as Go's YAML has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::blackbox) struct Text(pub(in crate::blackbox) String);

impl Text {
    /// The text, if it isn't empty.
    pub(in crate::blackbox) fn given(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|text| !text.is_empty())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        if value.is_null() {
            return Ok(Self::default());
        }
        as_text(&value).map(Self).ok_or_else(|| D::Error::custom("a text is wanted"))
    }
}

/// A truth value that is true unless it is said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(in crate::blackbox) struct Yes(pub(in crate::blackbox) bool);

impl Default for Yes {
    fn default() -> Self {
        Self(true)
    }
}

/// A duration of Go, in milliseconds; 0 if there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::blackbox) struct Time(pub(in crate::blackbox) u64);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Text(written) = Text::deserialize(from)?;
        if written.is_empty() || written == "0" {
            return Ok(Self::default());
        }
        let ms = text::duration_ms(&written);
        ms.map(Self).ok_or_else(|| D::Error::custom(format!("\"{written}\" is no duration, such as 5s")))
    }
}

/// A size as `units.Base2Bytes` reads it: `1MB` and `1MiB` are both 2^20. 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::blackbox) struct Bytes(pub(in crate::blackbox) u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Text(written) = Text::deserialize(from)?;
        let digits = written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len());
        let (number, unit) = written.split_at_checked(digits).unwrap_or((&written, ""));
        let power = match unit {
            "" | "B" => 0,
            "KB" | "KiB" => 10,
            "MB" | "MiB" => 20,
            "GB" | "GiB" => 30,
            "TB" | "TiB" => 40,
            _ => return Err(D::Error::custom(format!("\"{written}\" is no size, such as 10MB"))),
        };
        let number: u64 = if number.is_empty() { Ok(0) } else { number.parse() }
            .map_err(|_| D::Error::custom(format!("\"{written}\" is no size, such as 10MB")))?;
        Ok(Self(number.saturating_mul(1 << power)))
    }
}

/// A regular expression of Go, as it was written and as it is said here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::blackbox) struct Pattern {
    pub(in crate::blackbox) written: String,
    pub(in crate::blackbox) here: String,
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Text(written) = Text::deserialize(from)?;
        let here = regexp::from_go(&written).map_err(|why| D::Error::custom(format!("\"{written}\" {why}")))?;
        Ok(Self { written, here })
    }
}
