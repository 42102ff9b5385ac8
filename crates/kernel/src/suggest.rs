//! "Did you mean ...?"

/// The candidate that `word` was most likely meant to be: the one at the smallest edit distance (Damerau's, with
/// adjacent transpositions, case ignored), if that is at most a third of the word's length and at least one.
#[must_use]
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(LONGEST).collect();
    let bound = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let letters: Vec<char> = candidate.to_lowercase().chars().take(LONGEST + 1).collect();
            if letters.len().abs_diff(word.len()) > bound {
                return None;
            }
            let distance = edit_distance(&word, &letters);
            (distance <= bound).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Longer words are compared by their beginning: the cost is bounded whatever a stranger sends.
const LONGEST: usize = 128;

#[expect(clippy::indexing_slicing, reason = "the three rows have one more cell than b, and j runs over b")]
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut row = last.clone();
    for (i, &from) in a.iter().enumerate() {
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let substituted = last[j] + usize::from(from != to);
            row[j + 1] = substituted.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && a[i - 1] == to {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(closest(word, candidates.iter().copied()), expected);
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        check("ownr", &["owner", "type", "lifecycle"], Some("owner"));
        check("lifecylce", &["owner", "type", "lifecycle"], Some("lifecycle"));
        check("Component", &["component"], Some("component"));
        check("banana", &["owner", "type"], None);
        check("", &["owner"], None);
    }
}
