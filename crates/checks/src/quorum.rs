//! What the locations say together.
//!
//! Each location has a *standing* of its own: good, slow or down, which takes several runs in a row to change. The
//! verdict is down only when enough locations are, and degraded when enough are slow or down. Who doesn't report says
//! nothing: a silent location is neither down nor up, and where too few report to agree, nothing new can be said.

use std::collections::BTreeMap;

use crate::{Agreement, Verdict};

/// How a path looks from one location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It works, as far as is known.
    Good,
    /// It is slow.
    Slow,
    /// It is broken.
    Down,
}

/// The locations that matter for one check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Panel {
    /// Those that run it and report, each with its standing.
    pub reporting: BTreeMap<String, Standing>,
    /// How many are to run it but aren't heard, or can't.
    pub silent: u32,
}

impl Panel {
    /// How many must agree; never more than there are, and never fewer than one.
    #[must_use]
    pub fn needed(&self, agreement: Agreement) -> u32 {
        let reporting = u32::try_from(self.reporting.len()).unwrap_or(u32::MAX);
        let all = reporting.saturating_add(self.silent);
        let wanted = match agreement {
            Agreement::Two => 2,
            Agreement::AtLeast(locations) => locations,
            // Rounded up, so that 50% of 3 is 2.
            Agreement::Percent(percent) => {
                let share = u64::from(reporting).saturating_mul(u64::from(percent)).div_ceil(100);
                u32::try_from(share).unwrap_or(u32::MAX).max(2)
            }
        };
        wanted.min(all).max(1)
    }

    /// How many are at least as bad as this.
    #[must_use]
    pub fn count(&self, standing: Standing) -> u32 {
        let count = self.reporting.values().filter(|theirs| **theirs >= standing).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// What can be said.
    #[must_use]
    pub fn verdict(&self, agreement: Agreement) -> Verdict {
        let needed = self.needed(agreement);
        if u32::try_from(self.reporting.len()).unwrap_or(u32::MAX) < needed {
            return Verdict::Unknown;
        }
        if self.count(Standing::Down) >= needed {
            return Verdict::Down;
        }
        if self.count(Standing::Slow) >= needed { Verdict::Degraded } else { Verdict::Up }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.` good, `s` slow, `x` down, `?` silent.
    fn says(locations: &str, agreement: Agreement) -> Verdict {
        let mut panel = Panel::default();
        for (number, mark) in locations.chars().enumerate() {
            let standing = match mark {
                '.' => Standing::Good,
                's' => Standing::Slow,
                'x' => Standing::Down,
                _ => {
                    panel.silent += 1;
                    continue;
                }
            };
            panel.reporting.insert(format!("l{number}"), standing);
        }
        panel.verdict(agreement)
    }

    #[test]
    fn one_location_of_several_is_not_enough() {
        assert_eq!(says("x", Agreement::Two), Verdict::Down, "the only one there is");
        assert_eq!(says("x.", Agreement::Two), Verdict::Up);
        assert_eq!(says("xx", Agreement::Two), Verdict::Down);
        assert_eq!(says("x.....", Agreement::Two), Verdict::Up);
        assert_eq!(says("x...x.", Agreement::Two), Verdict::Down);
        assert_eq!(says("xx....", Agreement::AtLeast(3)), Verdict::Up);
        assert_eq!(says("xxx...", Agreement::AtLeast(3)), Verdict::Down);
        assert_eq!(says("xx", Agreement::AtLeast(3)), Verdict::Down, "all there are");
        assert_eq!(says("x..", Agreement::Percent(50)), Verdict::Up);
        assert_eq!(says("xx.", Agreement::Percent(50)), Verdict::Down, "rounded up");
        assert_eq!(says("x.........", Agreement::Percent(1)), Verdict::Up, "never one alone");
    }

    #[test]
    fn slow_and_down_together_are_degraded() {
        assert_eq!(says("s.", Agreement::Two), Verdict::Up);
        assert_eq!(says("ss", Agreement::Two), Verdict::Degraded);
        assert_eq!(says("sx....", Agreement::Two), Verdict::Degraded);
        assert_eq!(says("sxx...", Agreement::Two), Verdict::Down);
    }

    #[test]
    fn who_does_not_report_is_unknown_and_never_down() {
        assert_eq!(says("", Agreement::Two), Verdict::Unknown);
        assert_eq!(says("??????", Agreement::Two), Verdict::Unknown);
        assert_eq!(says("x?????", Agreement::Two), Verdict::Unknown, "one alone can't bring a verdict");
        assert_eq!(says(".?????", Agreement::Two), Verdict::Unknown);
        assert_eq!(says("..????", Agreement::Two), Verdict::Up);
        assert_eq!(says("xx????", Agreement::Two), Verdict::Down);
        assert_eq!(says("x?", Agreement::AtLeast(2)), Verdict::Unknown);
    }
}
