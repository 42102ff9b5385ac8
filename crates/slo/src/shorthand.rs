//! OpenSLO's durations: a number and one letter.

use serde::{Deserialize, Serialize};
use spec::Wrong;

/// A unit of OpenSLO's `duration-shorthand`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// `m`
    Minute,
    /// `h`
    Hour,
    /// `d`
    Day,
    /// `w`
    Week,
    /// `M`
    Month,
    /// `Q`
    Quarter,
    /// `Y`
    Year,
}

/// A duration as OpenSLO writes it, such as `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shorthand {
    /// How many; at least one.
    pub count: u32,
    /// Of what.
    pub unit: Unit,
}

/// The longest duration that is read: two years.
const MINUTES_MAX: u64 = 2 * 366 * 24 * 60;

impl Shorthand {
    /// Reads a positive whole number followed by one of `m h d w M Q Y`. Case matters.
    ///
    /// # Errors
    /// What is wanted, and what was probably meant.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let wrong = || Wrong::new("must be a whole number and one of m, h, d, w, M, Q, Y, such as \"30d\"");
        let Some((at, letter)) = text.char_indices().next_back() else { return Err(wrong()) };
        let unit = match letter {
            'm' => Unit::Minute,
            'h' => Unit::Hour,
            'd' => Unit::Day,
            'w' => Unit::Week,
            'M' => Unit::Month,
            'Q' => Unit::Quarter,
            'Y' => Unit::Year,
            'H' | 'D' | 'W' | 'q' | 'y' => {
                let (number, letter) = text.split_at(at);
                let meant = if matches!(letter, "q" | "y") { letter.to_uppercase() } else { letter.to_lowercase() };
                return Err(wrong().suggesting(Some(format!("{number}{meant}"))));
            }
            _ => return Err(wrong()),
        };
        let digits = text.get(..at).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let count = digits.and_then(|digits| digits.parse::<u32>().ok()).filter(|count| *count > 0);
        let read = Self { count: count.ok_or_else(wrong)?, unit };
        if u64::from(read.count) * u64::from(read.unit.minutes()) > MINUTES_MAX {
            return Err(Wrong::new("must be at most two years"));
        }
        Ok(read)
    }

    /// How many minutes it is, where no calendar says: a month is 30 days, a quarter 90, a year 365.
    #[must_use]
    pub fn minutes(self) -> u32 {
        self.count.saturating_mul(self.unit.minutes())
    }
}

impl std::fmt::Display for Shorthand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letter = match self.unit {
            Unit::Minute => 'm',
            Unit::Hour => 'h',
            Unit::Day => 'd',
            Unit::Week => 'w',
            Unit::Month => 'M',
            Unit::Quarter => 'Q',
            Unit::Year => 'Y',
        };
        write!(f, "{}{letter}", self.count)
    }
}

impl Unit {
    fn minutes(self) -> u32 {
        match self {
            Self::Minute => 1,
            Self::Hour => 60,
            Self::Day => 24 * 60,
            Self::Week => 7 * 24 * 60,
            Self::Month => 30 * 24 * 60,
            Self::Quarter => 90 * 24 * 60,
            Self::Year => 365 * 24 * 60,
        }
    }
}

/// So many minutes in a few letters: `5m`, `1h`, `2d`, `1h 30m`.
#[must_use]
pub fn in_letters(minutes: u32) -> String {
    let (days, hours, rest) = (minutes / 1_440, minutes % 1_440 / 60, minutes % 60);
    let parts = [(days, 'd'), (hours, 'h'), (rest, 'm')].into_iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = parts.map(|(count, letter)| format!("{count}{letter}")).collect();
    if words.is_empty() { "0m".to_owned() } else { words.join(" ") }
}
