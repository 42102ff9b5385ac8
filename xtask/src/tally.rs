//! How many tests a runner says that it ran.

use std::{fmt, ops::AddAssign};

/// Tests that passed and failed. One that was cancelled or timed out failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Reads the closing lines of nextest, `cargo test` and `node --test` (its spec and TAP reporters).
    ///
    /// Nothing where no runner reported, which is not the same as a runner that ran no test.
    pub(crate) fn read(printed: &str) -> Option<Self> {
        let mut counts = printed.lines().filter_map(line).peekable();
        counts.peek()?;
        Some(counts.fold(Self::default(), |mut sum, count| {
            sum += count;
            sum
        }))
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The line that CI reads.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn line(line: &str) -> Option<Tally> {
    let line = line.trim();
    if let Some(counts) = line.strip_prefix("test result: ") {
        return Some(count(counts.split(['.', ';'])));
    }
    if line.starts_with("Summary [") {
        return Some(count(line.split([':', ','])));
    }
    let (word, number) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "))?.split_once(' ')?;
    let number = number.parse().ok()?;
    match word {
        "pass" => Some(Tally { passed: number, failed: 0 }),
        "fail" | "cancelled" => Some(Tally { passed: 0, failed: number }),
        _ => None,
    }
}

fn count<'a>(parts: impl Iterator<Item = &'a str>) -> Tally {
    let mut tally = Tally::default();
    for part in parts {
        let mut words = part.split_whitespace();
        let (Some(Ok(number)), Some(word)) = (words.next().map(str::parse::<u64>), words.next()) else { continue };
        match word {
            "passed" => tally.passed += number,
            "failed" | "timed" | "exec" => tally.failed += number,
            _ => {}
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(printed: &str, expect: Option<(u64, u64)>) {
        let expect = expect.map(|(passed, failed)| Tally { passed, failed });
        assert_eq!(Tally::read(printed), expect, "{printed}");
    }

    #[test]
    fn each_runners_closing_lines_are_counted() {
        check("     Summary [   1.234s] 12 tests run: 12 passed (1 slow), 3 skipped", Some((12, 0)));
        check(
            "  Summary [ 1.0s] 12/14 tests run: 8 passed, 2 failed, 1 timed out, 1 exec failed, 0 skipped",
            Some((8, 4)),
        );
        check(
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            Some((5, 0)),
        );
        check(
            "test result: FAILED. 5 passed; 2 failed; 1 ignored\n\ntest result: ok. 1 passed; 0 failed",
            Some((6, 2)),
        );
        check("ℹ tests 9\nℹ suites 0\nℹ pass 7\nℹ fail 1\nℹ cancelled 1\nℹ skipped 0", Some((7, 2)));
        check("# tests 3\n# pass 3\n# fail 0", Some((3, 0)));
    }

    #[test]
    fn silence_is_not_a_result() {
        check("error: could not compile `kernel`", None);
        check("# a comment\nℹ duration_ms 4.5", None);
    }
}
