//! Entity tags of bulk answers.
//!
//! A tag stands for the flags and the context: clients drop their tag only when the targeting key changes, so one for
//! the flags alone would tell a user with a new context that nothing changed (open-feature/flagd, issue 2012).

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::{HeaderMap, HeaderValue, header};
use flagd::{Context, Set};

use crate::Scope;

/// The tag of what the same question is answered while the flags stay the same.
pub(super) fn of_question(set: &Set, scope: &Scope, context: &Context) -> u64 {
    let mut hasher = DefaultHasher::new();
    (set.revision(), &scope.environment, &scope.flag_sets, context.digest()).hash(&mut hasher);
    hasher.finish()
}

/// The tag of an answer that the question does not decide alone, because rules read the time.
pub(super) fn of_answer(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

/// As the header carries it.
pub(super) fn header(etag: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{etag:016x}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// True if the caller has this answer already. `*` is no tag that it got from us.
pub(super) fn matches(headers: &HeaderMap, etag: u64) -> bool {
    let mut given = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).peekable();
    if given.peek().is_none() {
        return false;
    }
    let ours = format!("{etag:016x}");
    given.flat_map(|list| list.split(',')).any(|tag| {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"') == ours
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_lists_and_when_it_is_weak() {
        let check = |given: &[&str], expect: bool| {
            let mut headers = HeaderMap::new();
            given.iter().for_each(|given| {
                headers.append(header::IF_NONE_MATCH, HeaderValue::from_str(given).unwrap());
            });
            assert_eq!(matches(&headers, 0xab), expect, "{given:?}");
        };
        check(&[], false);
        check(&["\"00000000000000ab\""], true);
        check(&["W/\"00000000000000ab\""], true);
        check(&["\"x\", W/\"00000000000000ab\""], true);
        check(&["\"x\"", "\"00000000000000ab\""], true);
        check(&["\"x\""], false);
        check(&["*"], false);
        check(&[""], false);
    }
}
