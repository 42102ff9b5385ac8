//! Long texts on a screen that must stay light: what is cut, and how two of them differ.

use crate::views::DiffLine;

/// How much more a screen may hold.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self { bytes }
    }

    /// True if this text still fits, as HTML; then it is counted.
    pub(super) fn fits(&mut self, text: &str) -> bool {
        let escaped = text.bytes().filter(|byte| matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'&')).count();
        let weight = text.len() + escaped * 4 + 8;
        let fits = weight <= self.bytes;
        if fits {
            self.bytes -= weight;
        }
        fits
    }
}

/// A longer line is cut.
const LINE_CHARS_MAX: usize = 400;

/// A line as it is shown.
pub(super) fn line(text: &str) -> String {
    let mut shown: String = text.chars().take(LINE_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// The lines of a text that fit, and how many there are beyond.
pub(super) fn lines(text: &str, max: usize, budget: &mut Budget) -> (String, usize) {
    let mut all = text.lines();
    let mut shown = Vec::new();
    let mut more = 0;
    for text in all.by_ref() {
        let text = line(text);
        if shown.len() == max || !budget.fits(&text) {
            more = 1;
            break;
        }
        shown.push(text);
    }
    (shown.join("\n"), more + all.count())
}

/// Lines before and after a difference that are shown with it.
const CONTEXT: usize = 3;
/// Longer texts are not compared line by line where they differ: that would take too long.
const COMPARED_MAX: usize = 2_000;

/// How two texts differ, line by line, each difference with a few lines around it.
pub(super) fn difference(before: &str, after: &str) -> Vec<DiffLine> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let rest = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let old = before.get(head..before.len() - tail).unwrap_or_default();
    let new = after.get(head..after.len() - tail).unwrap_or_default();
    let same = |text: &&str| DiffLine::Same(line(text));
    let mut lines: Vec<DiffLine> = before.iter().take(head).map(same).collect();
    lines.extend(changed(old, new));
    lines.extend(before.iter().skip(before.len() - tail).map(same));
    around(lines)
}

/// The shortest way from one to the other (the longest common subsequence stays).
fn changed(old: &[&str], new: &[&str]) -> Vec<DiffLine> {
    let removed = |text: &&str| DiffLine::Removed(line(text));
    let added = |text: &&str| DiffLine::Added(line(text));
    if old.len().max(new.len()) > COMPARED_MAX {
        return old.iter().map(removed).chain(new.iter().map(added)).collect();
    }
    let width = new.len() + 1;
    // common[i * width + j]: how many lines of old[i..] and new[j..] can stay.
    let mut common = vec![0_u16; (old.len() + 1) * width];
    let at = |common: &[u16], i: usize, j: usize| common.get(i * width + j).copied().unwrap_or(0);
    for (i, one) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            let best = match one == other {
                true => at(&common, i + 1, j + 1).saturating_add(1),
                false => at(&common, i + 1, j).max(at(&common, i, j + 1)),
            };
            if let Some(cell) = common.get_mut(i * width + j) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    loop {
        match (old.get(i), new.get(j)) {
            (Some(one), Some(other)) if one == other => {
                lines.push(DiffLine::Same(line(one)));
                (i, j) = (i + 1, j + 1);
            }
            (Some(one), other) if other.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) => {
                lines.push(removed(one));
                i += 1;
            }
            (_, Some(other)) => {
                lines.push(added(other));
                j += 1;
            }
            (_, None) => return lines,
        }
    }
}

/// Only what differs, with a few lines around it.
fn around(lines: Vec<DiffLine>) -> Vec<DiffLine> {
    let differs: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| !matches!(line, DiffLine::Same(_))).map(|(at, _)| at).collect();
    let mut kept = Vec::new();
    let mut left_out = false;
    let mut next = differs.as_slice();
    for (at, line) in lines.into_iter().enumerate() {
        while let [first, rest @ ..] = next
            && first + CONTEXT < at
        {
            next = rest;
        }
        if next.first().is_some_and(|first| at + CONTEXT >= *first) {
            if left_out && !kept.is_empty() {
                kept.push(DiffLine::Same("…".to_owned()));
            }
            left_out = false;
            kept.push(line);
        } else {
            left_out = true;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> String {
        let lines = difference(before, after).into_iter().map(|line| match line {
            DiffLine::Same(text) => format!(" {text}"),
            DiffLine::Added(text) => format!("+{text}"),
            DiffLine::Removed(text) => format!("-{text}"),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_stays_is_not_told_as_changed() {
        assert_eq!(shown("a\nb\nc", "a\nc\nd"), " a\n-b\n c\n+d");
        assert_eq!(shown("a\nb", "a\nb"), "");
        assert_eq!(shown("", "a"), "+a");
        assert_eq!(shown("a", ""), "-a");
    }

    #[test]
    fn far_from_a_difference_nothing_is_shown() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12";
        let after = before.replace("2\n", "x\n").replace("\n11", "\ny");
        assert_eq!(
            shown(before, &after),
            " 1\n-2\n+x\n 3\n 4\n 5\n …\n 8\n 9\n 10\n-11\n+y\n-12\n+x".replace("-12\n+x", " 12")
        );
    }

    #[test]
    fn what_is_too_heavy_is_counted_and_left_out() {
        assert_eq!(lines("a\nb\nc", 2, &mut Budget::new(1_000)), ("a\nb".to_owned(), 1));
        assert_eq!(lines("aa\nbb\ncc", 9, &mut Budget::new(10)), ("aa".to_owned(), 2));
        assert_eq!(lines("a", 9, &mut Budget::new(1_000)), ("a".to_owned(), 0));
    }
}
