//! Which operation a request talks to.
//!
//! A tree of path segments. A segment is a text, or it has parameters: `{id}`, `{id}.json`, `v{major}.{minor}`. Where several
//! suit, the one with the longest text before its first parameter is tried first, then the one with the longest text at its
//! end, and a wrong turn is taken back. A parameter takes one character or more, and no slash. A star at a path's end takes
//! the rest of the path, if nothing else does.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use regex::Regex;

use crate::document::{Operation, Switches};
use crate::value::{Budget, strictly_decoded};

/// How long a parameter's value may be.
const PARAMETER_MAX: usize = 2_048;

/// How many segments a path may have; longer ones lead nowhere, since walking them takes stack.
const SEGMENTS_MAX: usize = 256;

/// How many bytes a path of the document may have; longer ones lead nowhere, since every finding tells the path.
const PATH_BYTES_MAX: usize = 16_384;

/// What paths lead to.
#[derive(Debug, Default)]
pub(crate) struct Router {
    /// By method in upper case.
    trees: BTreeMap<String, Segment>,
}

/// Where a request was found to lead.
#[derive(Debug)]
pub(crate) struct Found {
    /// Position in the list of operations.
    pub(crate) operation: usize,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) query: String,
}

#[derive(Debug, Default)]
struct Segment {
    texts: HashMap<String, Segment>,
    patterns: Vec<(Pattern, Segment)>,
    /// Where in the list each pattern is, while the tree is made.
    known: HashMap<Pattern, usize>,
    /// Texts that a star follows, with the operation and its parameters' names.
    stars: Vec<(String, (usize, Vec<String>))>,
    /// An operation that ends here, and its parameters' names.
    end: Option<(usize, Vec<String>)>,
}

/// A segment with parameters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pattern {
    before: String,
    /// What follows each parameter.
    after: Vec<String>,
}

impl Router {
    /// Puts operations into the tree. Of two that can't be told apart the first counts.
    pub(crate) fn new(operations: &[Operation<'_>], switches: &Switches) -> Self {
        let mut router = Self::default();
        for (index, operation) in operations.iter().enumerate() {
            let path = normalised(&format!("{}{}", switches.base_path, operation.path), switches);
            if path.len() > PATH_BYTES_MAX || path.split('/').count() > SEGMENTS_MAX {
                continue;
            }
            let mut names = Vec::new();
            let mut place = router.trees.entry(operation.method.clone()).or_default();
            let (path, starred) = match path.rsplit_once('/') {
                Some((path, last)) if last.ends_with('*') && !last.contains('{') => {
                    (path.to_owned(), Some(last.to_owned()))
                }
                _ => (path, None),
            };
            for segment in path.split('/') {
                place = place.child(parse(segment, switches.case_insensitive, &mut names));
            }
            match starred {
                None => {
                    place.end.get_or_insert((index, names));
                }
                Some(last) => {
                    let before = parse(last.trim_end_matches('*'), switches.case_insensitive, &mut names).before;
                    place.stars.push((before, (index, names)));
                }
            }
        }
        router.trees.values_mut().for_each(Segment::sort);
        router
    }

    /// Where a request leads; nothing where its path or its method isn't known, or where the budget ends.
    pub(crate) fn find(
        &self,
        method: &str,
        path: &str,
        query: &str,
        switches: &Switches,
        budget: &Budget,
    ) -> Option<Found> {
        let tree = self.trees.get(&method.to_uppercase())?;
        let url = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let path = normalised(&unescaped(url.get(..end)?)?, switches);
        let segments: Vec<&str> = path.split('/').collect();
        if segments.len() > SEGMENTS_MAX {
            return None;
        }
        let mut values = Vec::new();
        let (operation, names) = tree.find(&segments, switches.case_insensitive, &mut values, budget)?;
        let parameters = names.iter().cloned().zip(values).collect();
        Some(Found { operation: *operation, parameters, query: url.get(end + 1..).unwrap_or_default().to_owned() })
    }
}

impl Segment {
    fn child(&mut self, pattern: Pattern) -> &mut Self {
        if pattern.after.is_empty() {
            return self.texts.entry(pattern.before).or_default();
        }
        let index = *self.known.entry(pattern.clone()).or_insert(self.patterns.len());
        if index == self.patterns.len() {
            self.patterns.push((pattern, Self::default()));
        }
        // The fallback is never taken: the index was just found or made.
        match self.patterns.get_mut(index) {
            Some((_, child)) => child,
            None => self.texts.entry(String::new()).or_default(),
        }
    }

    /// Puts the patterns into the order in which they are tried. Of those with unlike ends at most one suits.
    fn sort(&mut self) {
        self.known = HashMap::new();
        self.patterns
            .sort_by_key(|(pattern, _)| Reverse((pattern.before.len(), pattern.after.last().map_or(0, String::len))));
        self.stars.sort_by_key(|(before, _)| Reverse(before.len()));
        self.patterns.iter_mut().map(|(_, child)| child).chain(self.texts.values_mut()).for_each(Self::sort);
    }

    fn find(
        &self,
        segments: &[&str],
        any_case: bool,
        values: &mut Vec<String>,
        budget: &Budget,
    ) -> Option<&(usize, Vec<String>)> {
        let Some((segment, rest)) = segments.split_first() else { return self.end.as_ref() };
        let key = if any_case { segment.to_lowercase() } else { (*segment).to_owned() };
        if let Some(child) = self.texts.get(&key) {
            let found = budget.spend(1).then(|| child.find(rest, any_case, values, budget)).flatten();
            if found.is_some() {
                return found;
            }
        }
        for (pattern, child) in &self.patterns {
            if !budget.spend(1) {
                return None;
            }
            let Some(taken) = pattern.values(segment, &key, budget) else { continue };
            let before = values.len();
            values.extend(taken.into_iter().map(|value| unescaped_reserved(&value)));
            if let Some(found) = child.find(rest, any_case, values, budget) {
                return Some(found);
            }
            values.truncate(before);
        }
        self.stars.iter().find(|(before, _)| key.starts_with(before.as_str())).map(|(_, end)| end)
    }
}

impl Pattern {
    /// What the parameters are if a segment suits. The key is the segment, or the segment in lower case.
    fn values(&self, segment: &str, key: &str, budget: &Budget) -> Option<Vec<String>> {
        key.strip_prefix(self.before.as_str())?;
        let rest = segment.get(self.before.len()..)?;
        let values = match self.after.as_slice() {
            [after] => vec![rest.strip_suffix(after.as_str())?.to_owned()],
            several => {
                // No text is longer than parameters of the greatest length make it; a character has up to four bytes.
                let length_max: usize = several.iter().map(|after| PARAMETER_MAX * 4 + after.len()).sum();
                if rest.len() > length_max {
                    return None;
                }
                // A long pattern costs more to prepare than to apply, if the text isn't long too.
                let source: String = several.iter().map(|after| format!("(.+){}", regex::escape(after))).collect();
                let steps = (source.len() * 20).saturating_add(rest.len().saturating_mul(source.len()) / 256);
                if !budget.spend(u64::try_from(steps).unwrap_or(u64::MAX)) {
                    return None;
                }
                let captures = Regex::new(&format!("^{source}$")).ok()?.captures(rest)?;
                captures.iter().skip(1).flatten().map(|value| value.as_str().to_owned()).collect()
            }
        };
        let suits = |value: &String| !value.is_empty() && value.encode_utf16().count() <= PARAMETER_MAX;
        values.iter().all(suits).then_some(values)
    }
}

fn normalised(path: &str, switches: &Switches) -> String {
    let mut path = path.to_owned();
    while switches.ignore_duplicate_slashes && path.contains("//") {
        path = path.replace("//", "/");
    }
    match path.strip_suffix('/') {
        Some(shorter) if switches.ignore_trailing_slash && !shorter.is_empty() => shorter.to_owned(),
        _ => path,
    }
}

/// A segment of a document's path. Names are without hyphens, and without the signs of style (`{;id*}`), of which the first
/// belongs to the text.
fn parse(segment: &str, any_case: bool, names: &mut Vec<String>) -> Pattern {
    let mut texts = vec![String::new()];
    let mut rest = segment;
    let text_of = |text: &str| {
        let text = text.replace('%', "%25");
        if any_case { text.to_lowercase() } else { text }
    };
    while let Some((before, name, after)) = braces(rest) {
        let style = name.get(..1).filter(|style| matches!(*style, "." | ";")).unwrap_or_default();
        if let Some(last) = texts.last_mut() {
            last.push_str(&text_of(before));
            last.push_str(style);
        }
        names.push(name.trim_start_matches(style).trim_end_matches('*').replace('-', ""));
        texts.push(String::new());
        rest = after;
    }
    if let Some(last) = texts.last_mut() {
        last.push_str(&text_of(rest));
    }
    let before = texts.remove(0);
    Pattern { before, after: texts }
}

/// The text before a parameter, its name, and what follows.
fn braces(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    (!name.is_empty()).then_some((before, name, after))
}

/// Characters that keep their escape until the path is taken apart.
const RESERVED: [(&str, &str); 11] = [
    ("%23", "#"),
    ("%24", "$"),
    ("%26", "&"),
    ("%2B", "+"),
    ("%2C", ","),
    ("%2F", "/"),
    ("%3A", ":"),
    ("%3B", ";"),
    ("%3D", "="),
    ("%3F", "?"),
    ("%40", "@"),
];

/// A path whose escapes are undone but for those of reserved characters and of `%`. Nothing for broken ones.
fn unescaped(path: &str) -> Option<String> {
    let mut result = String::with_capacity(path.len());
    let mut pending = String::new();
    let mut rest = path;
    while let Some(one) = rest.chars().next() {
        let escape = rest.get(..3).filter(|escape| escape.starts_with('%'));
        let kept = escape.filter(|escape| is_kept(escape));
        if let Some(escape) = kept {
            result.push_str(&strictly_decoded(&std::mem::take(&mut pending))?);
            result.push_str(escape);
            rest = rest.get(3..)?;
        } else {
            pending.push(one);
            rest = rest.get(one.len_utf8()..)?;
        }
    }
    Some(result + &strictly_decoded(&pending)?)
}

fn is_kept(escape: &str) -> bool {
    escape == "%25" || RESERVED.iter().any(|(reserved, _)| reserved.eq_ignore_ascii_case(escape))
}

fn unescaped_reserved(value: &str) -> String {
    let mut result = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('%') {
        result.push_str(rest.get(..at).unwrap_or_default());
        let escape = rest.get(at..at + 3).unwrap_or_default();
        let plain =
            RESERVED.iter().find(|(reserved, _)| reserved.eq_ignore_ascii_case(escape)).map(|(_, plain)| *plain);
        let (text, length) = match plain {
            Some(plain) => (plain, 3),
            None if escape == "%25" => ("%", 3),
            None => ("%", 1),
        };
        result.push_str(text);
        rest = rest.get(at + length..).unwrap_or_default();
    }
    result + rest
}
