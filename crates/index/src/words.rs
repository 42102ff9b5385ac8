//! How text is taken apart into words.

/// Longer words are cut: they are hashes and encoded data, which nobody types.
const WORD_CHARS_MAX: usize = 64;

/// Calls `found` with each word of the text, folded: runs of letters and digits, and within `checkoutService` or
/// `HTTPServer2` also the parts.
pub(crate) fn each(text: &str, mut found: impl FnMut(&str)) {
    for run in text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()) {
        let run = run.char_indices().nth(WORD_CHARS_MAX).and_then(|(end, _)| run.get(..end)).unwrap_or(run);
        found(&run.to_lowercase());
        let mut start = 0;
        for end in humps(run) {
            found(&run.get(start..end).unwrap_or_default().to_lowercase());
            start = end;
        }
        if start > 0 {
            found(&run.get(start..).unwrap_or_default().to_lowercase());
        }
    }
}

/// Where a word within a word begins: at a capital after a small letter or digit, and at the last capital of several if a
/// small letter follows.
fn humps(run: &str) -> impl Iterator<Item = usize> {
    let mut before = [None; 2];
    run.char_indices().filter_map(move |(at, c)| {
        let [two_before, one_before] = before;
        before = [one_before, Some((at, c))];
        match (two_before, one_before) {
            (_, Some((_, last))) if c.is_uppercase() && !last.is_uppercase() => Some(at),
            (Some((_, first)), Some((last_at, last)))
                if first.is_uppercase() && last.is_uppercase() && c.is_lowercase() =>
            {
                Some(last_at)
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    fn check(text: &str, expected: &[&str]) {
        let mut words = Vec::new();
        super::each(text, |word| words.push(word.to_owned()));
        assert_eq!(words, expected);
    }

    #[test]
    fn words_are_runs_of_letters_and_digits_and_the_humps_of_names() {
        check("new-checkout, v2!", &["new", "checkout", "v2"]);
        check("getUserById", &["getuserbyid", "get", "user", "by", "id"]);
        check("HTTPServer", &["httpserver", "http", "server"]);
        check("Straße", &["straße"]);
        check("— …", &[]);
    }
}
