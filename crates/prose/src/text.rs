//! Words: taken out of HTML for search, and shown in a search result.

use std::borrow::Cow;

/// Elements within a line of text; every other one begins a new line. Those that HTML calls formatting elements must
/// be here, as far as they are let through: see `balance`.
pub(crate) const INLINE: [&str; 32] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "i", "img", "input", "ins",
    "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var",
    "wbr",
];

/// How many characters stand before the first match.
const LEAD: usize = 40;

/// The text of *sanitised* HTML, one line per block. Such HTML is well formed, its text holds no bare `<`, and its
/// attributes are in double quotes, which is what makes this short.
pub(crate) fn words(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some((before, tag_on)) = rest.split_once('<') {
        push_text(&mut text, before);
        let mut quoted = false;
        let end = tag_on.find(|c: char| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let (tag, after) = tag_on.split_at(end.unwrap_or(tag_on.len()));
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if !INLINE.contains(&name) && !text.ends_with('\n') && !text.is_empty() {
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        rest = after.strip_prefix('>').unwrap_or_default();
    }
    push_text(&mut text, rest);
    text.truncate(text.trim_end().len());
    text
}

/// Appends text with its entities decoded and its white space folded.
fn push_text(text: &mut String, html: &str) {
    let decoded = html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&nbsp;", " ");
    for c in decoded.replace("&amp;", "&").chars() {
        if !c.is_whitespace() {
            text.push(c);
        } else if !text.is_empty() && !text.ends_with([' ', '\n']) {
            text.push(' ');
        }
    }
}

/// Text as HTML.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// The part of `text` around the first of the `terms`, at most `max_chars` characters long, as HTML: escaped, and with
/// every term in `<mark>`. Case doesn't matter. Where no term occurs it is the beginning.
#[must_use]
pub fn excerpt(text: &str, terms: &[&str], max_chars: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    let folded: Vec<char> = chars.iter().copied().map(fold).collect();
    let terms: Vec<Vec<char>> = terms
        .iter()
        .map(|term| term.trim().chars().map(fold).collect())
        .filter(|term: &Vec<char>| !term.is_empty())
        .collect();
    let first = (0..folded.len()).find(|at| match_at(&folded, *at, &terms).is_some()).unwrap_or(0);
    let start = word_start(&chars, first.saturating_sub(LEAD), first);
    let end = (start + max_chars).min(chars.len());

    let mut html = String::new();
    if start > 0 {
        html.push('…');
    }
    let mut at = start;
    while at < end {
        let marked = match_at(&folded, at, &terms).filter(|length| at + length <= end);
        let piece: String = chars.iter().skip(at).take(marked.unwrap_or(1)).collect();
        if marked.is_some() {
            html.push_str("<mark>");
        }
        html.push_str(&escape(&piece.replace('\n', " ")));
        if marked.is_some() {
            html.push_str("</mark>");
        }
        at += marked.unwrap_or(1);
    }
    if end < chars.len() {
        html.push('…');
    }
    html
}

/// One character stays one character, so that places in the folded text are places in the text.
fn fold(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// The length of the longest term that stands at this place.
fn match_at(folded: &[char], at: usize, terms: &[Vec<char>]) -> Option<usize> {
    let here = folded.get(at..)?;
    terms.iter().filter(|term| here.starts_with(term)).map(Vec::len).max()
}

/// The first beginning of a word at or after `from`, but not after `limit`.
fn word_start(chars: &[char], from: usize, limit: usize) -> usize {
    if from == 0 {
        return 0;
    }
    (from..limit).find(|at| chars.get(at - 1).is_some_and(|c| c.is_whitespace())).unwrap_or(limit)
}
