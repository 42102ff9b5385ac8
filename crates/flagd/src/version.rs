//! `sem_ver`: versions compared as flagd compares them, which is as Go does, with partial versions and a leading `v`.

use std::cmp::Ordering;

/// A version of Semantic Versioning 2.0.0 without its build metadata, which never counts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Version<'a> {
    major: &'a str,
    minor: &'a str,
    patch: &'a str,
    prerelease: &'a str,
}

impl<'a> Version<'a> {
    /// Reads `1`, `1.2` or `1.2.3`, the last with `-prerelease` and `+build`, each with or without a leading `v` or `V`.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
        let (core, prerelease) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
        let mut numbers = core.split('.');
        let major = numbers.next()?;
        let (minor, patch) = (numbers.next(), numbers.next());
        let is_partial = patch.is_none();
        let numbers_right = [Some(major), minor, patch].into_iter().flatten().all(is_number);
        let prerelease_right = prerelease.is_none_or(|text| text.split('.').all(is_prerelease_part));
        let build_right = build.is_none_or(|text| text.split('.').all(is_part));
        let suffix_right = !is_partial || (prerelease.is_none() && build.is_none());
        if numbers.next().is_some() || !(numbers_right && prerelease_right && build_right && suffix_right) {
            return None;
        }
        let (minor, patch) = (minor.unwrap_or("0"), patch.unwrap_or("0"));
        Some(Self { major, minor, patch, prerelease: prerelease.unwrap_or_default() })
    }

    /// What `version operator other` is; nothing if there is no such operator.
    pub(crate) fn compare(&self, operator: &str, other: &Self) -> Option<bool> {
        let order = self.order(other);
        Some(match operator {
            "=" => order.is_eq(),
            "!=" => order.is_ne(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "^" => self.major == other.major,
            "~" => self.major == other.major && self.minor == other.minor,
            _ => return None,
        })
    }

    fn order(&self, other: &Self) -> Ordering {
        by_number(self.major, other.major)
            .then_with(|| by_number(self.minor, other.minor))
            .then_with(|| by_number(self.patch, other.patch))
            .then_with(|| by_prerelease(self.prerelease, other.prerelease))
    }
}

/// The operators of `sem_ver`.
pub(crate) const OPERATORS: [&str; 8] = ["=", "!=", "<", "<=", ">", ">=", "^", "~"];

/// Digits without a leading zero. Of any length: numbers are compared as texts, so none is too large.
fn is_number(text: &str) -> bool {
    is_digits(text) && (text == "0" || !text.starts_with('0'))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_part(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_prerelease_part(text: &str) -> bool {
    is_part(text) && (!is_digits(text) || is_number(text))
}

fn by_number(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// Section 11 of Semantic Versioning: a prerelease is lower than the release; numbers are lower than words.
fn by_prerelease(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (is_digits(left), is_digits(right)) {
                (true, true) => by_number(left, right),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => left.cmp(right),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: &str, operator: &str, right: &str, expect: impl Into<Option<bool>>) {
        let got = Version::parse(left).zip(Version::parse(right)).and_then(|(l, r)| l.compare(operator, &r));
        assert_eq!(got, expect.into(), "{left} {operator} {right}");
    }

    #[test]
    fn versions_are_compared_by_precedence() {
        check("1.0.0", "=", "v1.0.0", true);
        check("V1", "=", "1.0", true);
        check("1.0.0+a", "=", "1.0.0+b", true);
        check("1.10.0", ">", "1.9.0", true);
        check("1.0.0-alpha", "<", "1.0.0-alpha.1", true);
        check("1.0.0-alpha.1", "<", "1.0.0-alpha.beta", true);
        check("1.0.0-beta.2", "<", "1.0.0-beta.11", true);
        check("1.0.0-rc.1", "<", "1.0.0", true);
        check("1.2.3", "^", "1.9.0", true);
        check("1.2.3", "~", "1.9.0", false);
        check("99999999999999999999.0.0", ">", "99999999999999999998.0.0", true);
    }

    #[test]
    fn what_is_no_version_or_no_operator_compares_to_nothing() {
        for wrong in ["", "v", "a", "1.", "1.2.3.4", "01.0.0", "1.0.0-", "1.0.0-01", "1-a", "1.2+b", " 1.0.0", "1.0.0+"]
        {
            check(wrong, "=", "1.0.0", None);
        }
        check("1.0.0", "===", "1.0.0", None);
    }
}
