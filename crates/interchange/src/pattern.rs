//! Regular expressions that need none.

use crate::logic::{self, Condition};

/// A regular expression's meaning, if plain comparison says the same: JsonLogic has no regular expressions, but most of
/// those in flags are `^internal-` or `@acme\.test$`.
pub(crate) fn plain(attribute: &str, expression: &str) -> Option<Condition> {
    let (begins, rest) = match expression.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, expression),
    };
    let (begins, rest) = match rest.strip_prefix(".*") {
        Some(rest) => (false, rest),
        None => (begins, rest),
    };
    let (ends, rest) = match rest.strip_suffix('$') {
        Some(before) if !before.ends_with('\\') => (true, before),
        Some(_) | None => (false, rest),
    };
    let (ends, rest) = match rest.strip_suffix(".*") {
        Some(before) if !before.ends_with('\\') => (false, before),
        Some(_) | None => (ends, rest),
    };
    let text = literal(rest)?;
    Some(match (begins, ends) {
        (true, true) => logic::is_one_of(attribute, &[text.into()]),
        (true, false) => logic::starts_with(attribute, &text),
        (false, true) => logic::ends_with(attribute, &text),
        (false, false) => logic::contains(attribute, &text),
    })
}

/// The text that an expression without any operator stands for.
fn literal(expression: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = expression.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next().filter(|escaped| escaped.is_ascii_punctuation())?),
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            c => text.push(c),
        }
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, expect: &str) {
        let found = match plain("email", expression) {
            Some(Condition::When(rule)) => rule.to_string(),
            Some(Condition::Always | Condition::Never) | None => "none".to_owned(),
        };
        assert_eq!(found, expect, "{expression}");
    }

    #[test]
    fn an_expression_without_operators_is_a_comparison() {
        check(r"@acme\.test$", r#"{"ends_with":[{"var":"email"},"@acme.test"]}"#);
        check(r"^.*@acme\.test$", r#"{"ends_with":[{"var":"email"},"@acme.test"]}"#);
        check("^internal-", r#"{"starts_with":[{"var":"email"},"internal-"]}"#);
        check("^internal-.*$", r#"{"starts_with":[{"var":"email"},"internal-"]}"#);
        check("^ada$", r#"{"===":[{"var":"email"},"ada"]}"#);
        check("beta", r#"{"in":["beta",{"var":"email"}]}"#);
        check(r"a\$$", r#"{"ends_with":[{"var":"email"},"a$"]}"#);
    }

    #[test]
    fn any_other_expression_is_none() {
        for expression in ["a|b", "@acme.test$", r"\d+", "[ab]c", "a+", "", "^$", ".*", r"a\", r"a\.*$"] {
            check(expression, "none");
        }
    }
}
