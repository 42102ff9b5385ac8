//! How names, namespaces, keys and tags may be written: the rules of Backstage's code, which differ from its manual's.

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
pub(crate) fn is_namespace(text: &str) -> bool {
    is_dashed(text, |c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// A tag: as a namespace, with `:`, `+` and `#` as well.
pub(crate) fn is_tag(text: &str) -> bool {
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
pub(crate) fn tag_like(text: &str) -> Option<String> {
    let dashed: String = text.to_lowercase().chars().map(|c| if is_tag_letter(c) { c } else { '-' }).collect();
    squeeze(&dashed, is_tag)
}

/// What the name was probably meant to be.
pub(crate) fn name_like(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let dashed: String = text.chars().map(|c| if fits(c) { c } else { '-' }).collect();
    squeeze(dashed.trim_matches(|c: char| !c.is_ascii_alphanumeric()), is_name)
}

/// What the namespace was probably meant to be.
pub(crate) fn namespace_like(text: &str) -> Option<String> {
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
