//! Go's regular expressions (RE2) as those of the `regex` crate.
//!
//! The two are siblings. What differs: a `{` that begins no repetition is itself in Go, as is a `[` in a class; `\Q…\E`
//! quotes; `\d`, `\s`, `\w` and `\b` know ASCII alone; and `&&`, `--` and `~~` in a class, like `\<` outside of one, are
//! ordinary characters.

/// The pattern as it is said here.
///
/// # Errors
/// Why it is none, in words.
pub(super) fn from_go(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '\\' {
            rest = escape(tail, in_class, &mut out);
            continue;
        }
        rest = tail;
        match c {
            '[' if in_class && tail.starts_with(':') => {
                let end = tail.find(":]").map_or(tail.len(), |end| end + 2);
                out.push('[');
                out.push_str(tail.get(..end).unwrap_or_default());
                rest = tail.get(end..).unwrap_or_default();
            }
            '[' | '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            // A range goes from the character before to the one after; `--` is a range or two hyphens, never a difference.
            '-' if in_class && tail.starts_with('-') => out.push_str(r"\-"),
            ']' if in_class => {
                in_class = false;
                out.push(c);
            }
            '[' => {
                in_class = true;
                out.push('[');
                let (not, tail) = tail.strip_prefix('^').map_or(("", tail), |tail| ("^", tail));
                out.push_str(not);
                // The first of a class may be `]` itself.
                let (bracket, tail) = tail.strip_prefix(']').map_or(("", tail), |tail| (r"\]", tail));
                out.push_str(bracket);
                rest = tail;
            }
            '{' if !in_class && !repeats(tail) => out.push_str(r"\{"),
            '}' if !in_class && !closes_repetition(&out) => out.push_str(r"\}"),
            c => out.push(c),
        }
    }
    checks::pattern(&out).map(|_| out)
}

/// Whether what follows a `{` is a repetition: `n}`, `n,}` or `n,m}`.
fn repeats(tail: &str) -> bool {
    let Some((inside, _)) = tail.split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

/// Whether a repetition is open at the end of what was written.
fn closes_repetition(out: &str) -> bool {
    let inside = out.rsplit_once('{').filter(|(before, _)| !before.ends_with('\\')).map(|(_, inside)| inside);
    let named = out.rsplit_once('{').is_some_and(|(before, inside)| {
        (before.ends_with(r"\p") || before.ends_with(r"\P") || before.ends_with(r"\x")) && !inside.contains('}')
    });
    named || inside.is_some_and(|inside| !inside.is_empty() && inside.chars().all(|c| c.is_ascii_digit() || c == ','))
}

/// Writes what an escape means, and gives what stands after it.
fn escape<'a>(tail: &'a str, in_class: bool, out: &mut String) -> &'a str {
    let Some(c) = tail.chars().next() else {
        out.push('\\');
        return "";
    };
    let after = tail.get(c.len_utf8()..).unwrap_or_default();
    let (inside, alone) = match c {
        'Q' if !in_class => {
            let (quoted, after) = after.split_once(r"\E").unwrap_or((after, ""));
            out.push_str(&regex::escape(quoted));
            return after;
        }
        'E' => return after,
        'd' => ("0-9", "[0-9]"),
        's' => (r"\t\n\x0c\r ", r"[\t\n\x0c\r ]"),
        'w' => ("0-9A-Za-z_", "[0-9A-Za-z_]"),
        'D' => ("[^0-9]", "[^0-9]"),
        'S' => (r"[^\t\n\x0c\r ]", r"[^\t\n\x0c\r ]"),
        'W' => ("[^0-9A-Za-z_]", "[^0-9A-Za-z_]"),
        'b' if !in_class => ("", r"(?-u:\b)"),
        'p' | 'P' | 'x' => {
            // Its braces are part of it.
            let end = if after.starts_with('{') { after.find('}').map_or(after.len(), |end| end + 1) } else { 0 };
            out.push('\\');
            out.push(c);
            out.push_str(after.get(..end).unwrap_or_default());
            return after.get(end..).unwrap_or_default();
        }
        c if c.is_ascii_punctuation() || c == ' ' => {
            if c == ' ' || c == '<' || c == '>' {
                out.push(c);
            } else {
                out.push('\\');
                out.push(c);
            }
            return after;
        }
        c => {
            out.push('\\');
            out.push(c);
            return after;
        }
    };
    out.push_str(if in_class { inside } else { alone });
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(go: &str, matching: &[&str], others: &[&str]) {
        let here = from_go(go).unwrap_or_else(|why| panic!("{go} {why}"));
        let pattern = regex::Regex::new(&here).unwrap();
        for text in matching {
            assert!(pattern.is_match(text), "{go} as {here} must match {text:?}");
        }
        for text in others {
            assert!(!pattern.is_match(text), "{go} as {here} must not match {text:?}");
        }
    }

    #[test]
    fn a_pattern_of_go_means_the_same_here() {
        check(r#"{"status":"ok"}"#, &[r#"a {"status":"ok"}"#], &["status"]);
        check(r"a{2,3}b{2}c{1,}", &["aabbc"], &["abbc"]);
        check("a{,3}", &["a{,3}"], &["aaa"]);
        check(r"\Qa.b*{\E+", &["a.b*{{"], &["axb"]);
        check("[[a]", &["[", "a"], &["b"]);
        check("[a&&b]", &["&"], &["c"]);
        check("[]a]", &["]"], &["b"]);
        check("[^]a]", &["b"], &["]"]);
        check("^[[:alpha:]]+$", &["ab"], &["a1", "ä"]);
        check(r"^\d\s\w$", &["1 a"], &["١ a"]);
        check(r"^[\d\s-]+$", &["1 -"], &["a"]);
        check(r"^[^\d]$", &["a"], &["1"]);
        check(r"^[\D]$", &["a"], &["1"]);
        check(r"\<title\>", &["<title>"], &["title"]);
        check(r"\x{41}\p{L}\pN", &["Ab1"], &["A11"]);
        check("^+OK", &["OK"], &["+OK"]);
        check(r"(\*|example\.com)", &["*", "example.com"], &["examplescom"]);
        check("^SSH-2.0-([^ -]+)(?: (.*))?$", &["SSH-2.0-OpenSSH_9 Debian"], &["ssh"]);
        check(r"(?i)(?P<a>x)(?s:.)$", &["X\n"], &["x"]);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for go in [":[", "(", r"\C"] {
            assert!(from_go(go).is_err(), "{go}");
        }
    }
}
