//! The expressions of JSONata that are plain paths, as JSONPath (RFC 9535).

/// A path such as `data.items[0].name` or `$.status`; a name may stand in backticks.
///
/// # Errors
/// Why it is no plain path.
pub(super) fn path(expression: &str) -> Result<String, String> {
    let not_plain = || format!("\"{expression}\" is more than a plain path, and can't be said as JSONPath");
    let text = expression.trim();
    let mut rest = text.strip_prefix("$.").unwrap_or(text);
    let mut out = "$".to_owned();
    if matches!(rest, "" | "$") {
        return Ok(out);
    }
    loop {
        let name = if let Some(quoted) = rest.strip_prefix('`') {
            let (name, tail) = quoted.split_once('`').ok_or_else(not_plain)?;
            rest = tail;
            name
        } else {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (name, tail) = rest.split_at_checked(end).ok_or_else(not_plain)?;
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(not_plain());
            }
            rest = tail;
            name
        };
        if name.chars().any(char::is_control) {
            return Err(not_plain());
        }
        out.push_str(&format!("['{}']", name.replace('\\', r"\\").replace('\'', r"\'")));
        while let Some(index) = rest.strip_prefix('[') {
            let (index, tail) = index.split_once(']').ok_or_else(not_plain)?;
            let index: i32 = index.trim().parse().map_err(|_| not_plain())?;
            out.push_str(&format!("[{index}]"));
            rest = tail;
        }
        match rest.strip_prefix('.') {
            Some(tail) => rest = tail,
            None if rest.is_empty() => return Ok(out),
            None => return Err(not_plain()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_is_said_and_anything_else_is_not() {
        let check = |expression: &str, expected: Option<&str>| {
            assert_eq!(path(expression).ok().as_deref(), expected, "{expression}");
        };
        check("status", Some("$['status']"));
        check("$.data.items[0].name", Some("$['data']['items'][0]['name']"));
        check("data.`a-b`[-1]", Some("$['data']['a-b'][-1]"));
        check("$", Some("$"));
        check("$count(items)", None);
        check("items[name='x']", None);
        check("a + b", None);
        check("a.*", None);
        check("a..b", None);
    }
}
