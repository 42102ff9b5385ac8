//! How names, namespaces, keys and tags may be written: the rules of Backstage's code, which differ from its manual's.

use crate::Rule;

/// A rule for how a text may be written.
pub(crate) struct Form {
    pub(crate) rule: Rule,
    /// The rule in words.
    pub(crate) wanted: &'static str,
    pub(crate) is_right: fn(&str) -> bool,
    /// What a text that breaks the rule was probably meant to be.
    pub(crate) likely: fn(&str) -> Option<String>,
}

/// `metadata.name`.
pub(crate) const NAME: Form = Form { rule: Rule::Name, wanted: NAME_IN_WORDS, is_right: is_name, likely: name_like };

/// The icon of a link.
pub(crate) const ICON: Form =
    Form { rule: Rule::LinkIcon, wanted: NAME_IN_WORDS, is_right: is_name, likely: name_like };

/// `metadata.namespace`.
pub(crate) const NAMESPACE: Form = Form {
    rule: Rule::Namespace,
    wanted: "1 to 63 lower-case letters and digits, with single dashes in between",
    is_right: is_namespace,
    likely: namespace_like,
};

/// A tag.
pub(crate) const TAG: Form = Form {
    rule: Rule::Tag,
    wanted: "1 to 63 of a-z, 0-9, :, + and #, with single dashes in between",
    is_right: is_tag,
    likely: tag_like,
};

/// The rule for names in words.
pub(crate) const NAME_IN_WORDS: &str = "1 to 63 letters and digits, with -, _ and . in between";

/// The rule for keys in words.
pub(crate) const KEY_IN_WORDS: &str =
    "[domain/]name, the domain in lower case, the name 1 to 63 letters and digits with -, _ and . in between";

/// Longer names of any sort are refused.
const NAME_MAX: usize = 63;

/// `metadata.name`, label values, icons: letters and digits, with `-`, `_` and `.` in between.
pub(crate) fn is_name(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= NAME_MAX
        && ends(text.chars().next())
        && ends(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// `metadata.namespace`, and each part of a domain name: lower case and digits, with single `-` in between.
fn is_namespace(text: &str) -> bool {
    is_dashed(text, |c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// A tag: as a namespace, with `:`, `+` and `#` as well.
fn is_tag(text: &str) -> bool {
    is_dashed(text, is_tag_letter)
}

/// A label's or annotation's key: `[domain/]name`.
pub(crate) fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        None => is_name(text),
        Some((domain, name)) => domain.len() <= 253 && domain.split('.').all(is_namespace) && is_name(name),
    }
}

/// What the tag was probably meant to be.
fn tag_like(text: &str) -> Option<String> {
    let dashed: String = text.to_lowercase().chars().map(|c| if is_tag_letter(c) { c } else { '-' }).collect();
    squeeze(&dashed, is_tag)
}

/// What the name was probably meant to be.
fn name_like(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let dashed: String = text.chars().map(|c| if fits(c) { c } else { '-' }).collect();
    squeeze(dashed.trim_matches(|c: char| !c.is_ascii_alphanumeric()), is_name)
}

/// What the namespace was probably meant to be.
fn namespace_like(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let dashed: String = text.to_lowercase().chars().map(|c| if fits(c) { c } else { '-' }).collect();
    squeeze(&dashed, is_namespace)
}

fn is_tag_letter(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, ':' | '+' | '#')
}

fn is_dashed(text: &str, letter: impl Fn(char) -> bool) -> bool {
    text.len() <= NAME_MAX && text.split('-').all(|part| !part.is_empty() && part.chars().all(&letter))
}

/// The text with single dashes, if that obeys the rule.
fn squeeze(text: &str, is_right: impl Fn(&str) -> bool) -> Option<String> {
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).collect();
    Some(parts.join("-")).filter(|text| is_right(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_backstages_code() {
        for (text, expected) in
            [("cart", true), ("a--b", true), ("Cart_v1.2", true), ("-cart", false), ("a b", false), ("", false)]
        {
            assert_eq!(is_name(text), expected, "{text}");
        }
        assert!(is_name(&"x".repeat(63)) && !is_name(&"x".repeat(64)));
        for (text, expected) in [("shop-1", true), ("Shop", false), ("a--b", false), ("a_b", false), ("", false)] {
            assert_eq!(is_namespace(text), expected, "{text}");
        }
        for (text, expected) in [("c++", true), ("lang:c#", true), ("Java", false), ("a.b", false), ("a_b", false)] {
            assert_eq!(is_tag(text), expected, "{text}");
        }
        for (text, expected) in
            [("a.io/b", true), ("b", true), ("a/b/c", false), ("A.io/b", false), ("/b", false), ("a.io/", false)]
        {
            assert_eq!(is_key(text), expected, "{text}");
        }
    }

    #[test]
    fn what_was_meant_is_offered_only_if_it_obeys_the_rule() {
        assert_eq!(tag_like("Spring Boot_3").as_deref(), Some("spring-boot-3"));
        assert_eq!(tag_like("日本"), None);
        assert_eq!(name_like("my cart!").as_deref(), Some("my-cart"));
        assert_eq!(namespace_like("My_Team").as_deref(), Some("my-team"));
    }
}
