//! Templates: `${pactbroker.consumerName}` and the like.

/// Fills a template: what stands between `${pactbroker.` and `}` is replaced by what `value` gives for it, passed through
/// `escape`; what it does not know is left as it is.
#[must_use]
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>, escape: impl Fn(&str) -> String) -> String {
    const OPEN: &str = "${pactbroker.";
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once(OPEN) {
        filled.push_str(before);
        let known = after.split_once('}').and_then(|(name, rest)| Some((value(name)?, rest)));
        match known {
            Some((text, after)) => {
                filled.push_str(&escape(&text));
                rest = after;
            }
            None => {
                filled.push_str(OPEN);
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// [`fill`], by which the template grows by so many bytes at most: a value that does not fit any more is left empty, so that
/// what is filled stays what it is, a JSON document or an address.
pub(super) fn fill_within(
    template: &str,
    value: impl Fn(&str) -> Option<String>,
    escape: impl Fn(&str) -> String,
    growth_bytes_max: usize,
) -> String {
    let left = std::cell::Cell::new(growth_bytes_max);
    let bounded = |text: &str| {
        let escaped = escape(text);
        match left.get().checked_sub(escaped.len()) {
            Some(rest) => {
                left.set(rest);
                escaped
            }
            None => String::new(),
        }
    };
    fill(template, value, bounded)
}

/// What stands for the server's own address until the call is made.
pub(super) const BASE_URL: &str = "${pactbroker.baseUrl}";

/// Percent-encoded for a query (`application/x-www-form-urlencoded`, but with `%20` for spaces); but for [`BASE_URL`] in
/// front, which must be found again.
pub(super) fn encoded(text: &str) -> String {
    if let Some(path) = text.strip_prefix(BASE_URL) {
        return format!("{BASE_URL}{}", encoded(path));
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Escaped for the inside of a JSON text.
pub(super) fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::String(text.to_owned()).to_string();
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, expected: &str) {
        let value = |name: &str| (name == "consumerName").then(|| "a \"b\"".to_owned());
        assert_eq!(fill(template, value, json_escaped), expected);
    }

    #[test]
    fn what_is_known_is_filled_and_the_rest_is_left() {
        check("x ${pactbroker.consumerName} y", r#"x a \"b\" y"#);
        check("${pactbroker.other} ${pactbroker.consumerName", "${pactbroker.other} ${pactbroker.consumerName");
        check("${HOME} $ {", "${HOME} $ {");
    }

    #[test]
    fn a_value_that_does_not_fit_is_left_empty() {
        let filled = |growth: usize| {
            let value = |name: &str| Some(if name == "long" { "x".repeat(10) } else { "\"".to_owned() });
            fill_within(r#"["${pactbroker.a}", "${pactbroker.long}", "${pactbroker.a}"]"#, value, json_escaped, growth)
        };
        assert_eq!(filled(14), r#"["\"", "xxxxxxxxxx", "\""]"#);
        assert_eq!(filled(13), r#"["\"", "xxxxxxxxxx", ""]"#);
        assert_eq!(filled(4), r#"["\"", "", "\""]"#);
    }

    #[test]
    fn a_name_can_not_break_out_of_an_address() {
        assert_eq!(encoded("a/b c?d"), "a%2Fb%20c%3Fd");
    }
}
