//! How well a few typed letters fit a title: the letters in their order, with anything between them.
//!
//! Scores are those of fzf's second algorithm: letters count more at the beginning of a word and in a row, gaps cost.

const MATCH: i32 = 16;
const GAP_START: i32 = -3;
const GAP_MORE: i32 = -1;
const WORD_START: i32 = 8;
const HUMP: i32 = 7;
const IN_A_ROW: i32 = 4;
/// The first letter's bonus counts twice: people begin at the beginning of a word.
const FIRST_LETTER: i32 = 2;

/// More letters than this are not typed to pick something.
pub(crate) const QUERY_CHARS_MAX: usize = 64;
/// Longer titles are matched by their beginning.
const TITLE_CHARS_MAX: usize = 128;

const NOT_REACHED: i32 = i32::MIN / 2;

/// What was typed.
pub(crate) struct Pattern {
    letters: Vec<char>,
    mask: u64,
}

/// Holds what was typed against many titles; its memory is used again for each.
pub(crate) struct Scorer<'a> {
    letters: &'a [char],
    title: Vec<Letter>,
    row: Vec<i32>,
    last: Vec<i32>,
}

#[derive(Clone, Copy)]
struct Letter {
    folded: char,
    bonus: i32,
}

impl Pattern {
    /// White space between the letters means nothing.
    pub(crate) fn new(query: &str) -> Self {
        let letters: Vec<char> = query.chars().filter(|c| !c.is_whitespace()).map(fold).take(QUERY_CHARS_MAX).collect();
        let mask = letters.iter().fold(0, |mask, &letter| mask | bit(letter));
        Self { letters, mask }
    }

    pub(crate) fn scorer(&self) -> Scorer<'_> {
        Scorer { letters: &self.letters, title: Vec::new(), row: Vec::new(), last: Vec::new() }
    }

    /// False if some letter is certainly not in a title of this mask.
    pub(crate) fn may_fit(&self, title_mask: u64) -> bool {
        self.mask & !title_mask == 0
    }
}

impl Scorer<'_> {
    /// The score of a title; nothing if the letters are not in it in this order.
    pub(crate) fn score(&mut self, title: &str) -> Option<i32> {
        let mut wanted = self.letters.iter().peekable();
        for c in title.chars().take(TITLE_CHARS_MAX) {
            let folded = fold(c);
            wanted.next_if(|&&letter| letter == folded);
        }
        if wanted.peek().is_some() {
            return None;
        }
        self.read(title);
        self.last.clear();
        self.last.resize(self.title.len(), 0);
        for (place, &letter) in self.letters.iter().enumerate() {
            self.row.clear();
            // The best that ends before the letter in front, less the gap; and what ends right at the letter in front.
            let (mut over_gap, mut adjacent) = (NOT_REACHED, NOT_REACHED);
            for (at, here) in self.title.iter().enumerate() {
                let reached = if here.folded != letter {
                    NOT_REACHED
                } else if place == 0 {
                    MATCH + here.bonus * FIRST_LETTER
                } else {
                    MATCH + (adjacent + here.bonus.max(IN_A_ROW)).max(over_gap + here.bonus)
                };
                self.row.push(reached);
                over_gap = (over_gap + GAP_MORE).max(adjacent + GAP_START);
                adjacent = self.last.get(at).copied().unwrap_or(NOT_REACHED);
            }
            std::mem::swap(&mut self.row, &mut self.last);
        }
        self.last.iter().copied().max().filter(|score| *score > NOT_REACHED / 2)
    }

    fn read(&mut self, title: &str) {
        self.title.clear();
        let mut before = None;
        for c in title.chars().take(TITLE_CHARS_MAX) {
            let bonus = match before {
                _ if !c.is_alphanumeric() => 0,
                None => WORD_START,
                Some(last) if !char::is_alphanumeric(last) => WORD_START,
                Some(last) if c.is_uppercase() && !last.is_uppercase() => HUMP,
                Some(last) if c.is_numeric() && !last.is_numeric() => HUMP,
                Some(_) => 0,
            };
            self.title.push(Letter { folded: fold(c), bonus });
            before = Some(c);
        }
    }
}

/// Which letters a title has, as a set of hashes.
pub(crate) fn mask(title: &str) -> u64 {
    title.chars().take(TITLE_CHARS_MAX).fold(0, |mask, c| mask | bit(fold(c)))
}

fn bit(folded: char) -> u64 {
    1 << (u32::from(folded) % 64)
}

/// One letter for one letter, so that places in the title stay what they are.
fn fold(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The better title first.
    fn check(query: &str, better: &str, worse: &str) {
        let pattern = Pattern::new(query);
        let (better_score, worse_score) = (pattern.scorer().score(better), pattern.scorer().score(worse));
        assert!(better_score.is_some(), "{query} does not fit {better}");
        assert!(better_score > worse_score, "{better} {better_score:?}, {worse} {worse_score:?}");
        assert!(pattern.may_fit(mask(better)));
    }

    #[test]
    fn beginnings_of_words_and_letters_in_a_row_win() {
        check("co", "checkout-orders", "bacon");
        check("chk", "checkout", "catch-bucket");
        check("pay", "payments", "display");
        check("us", "user-service", "focus");
        check("gubi", "getUserById", "regular bits");
        check("che", "acme checkout", "cache");
        check("check out", "checkout", "check");
    }

    #[test]
    fn letters_in_another_order_do_not_fit() {
        for (query, title) in [("tuo", "checkout"), ("checkoutt", "checkout"), ("x", "")] {
            assert_eq!(Pattern::new(query).scorer().score(title), None, "{query} {title}");
        }
    }
}
