//! How wide a text will be, roughly: no font is at hand, and the reader's is unknown.

use crate::{Node, Placed};

/// The label's and the state's size, as the style sheet has them.
pub(crate) const LABEL_PX: f64 = 13.0;
pub(crate) const SUB_PX: f64 = 11.0;

const PADDING_PX: f64 = 12.0;
const HEIGHT_PX: f64 = 44.0;
const NARROWEST_PX: f64 = 72.0;

/// Longer texts are cut before they are measured.
const READ_CHARS_MAX: usize = 300;

/// The box that a node needs; its place is not known yet.
pub(crate) fn fit(node: &Node, widest_px: f64) -> Placed {
    let room = widest_px.max(NARROWEST_PX) - 2.0 * PADDING_PX;
    let (shown, sub) = (cut(&node.label, LABEL_PX, room), cut(&node.sub, SUB_PX, room));
    let text = width(&shown, LABEL_PX).max(width(&sub, SUB_PX));
    let w = (text + 2.0 * PADDING_PX).ceil().max(NARROWEST_PX);
    let (id, label, class) = (node.id.clone(), node.label.clone(), node.class.clone());
    Placed { id, x: 0.0, y: 0.0, w, h: HEIGHT_PX, label, shown, sub, class }
}

/// The width of `text` at this size, in pixels.
pub(crate) fn width(text: &str, size_px: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * size_px
}

/// As much of the text as fits, with an ellipsis if that is not all.
fn cut(text: &str, size_px: f64, room: f64) -> String {
    let beginning: String = text.chars().take(READ_CHARS_MAX).collect();
    if beginning.len() == text.len() && width(text, size_px) <= room {
        return beginning;
    }
    let mut shown = String::new();
    let mut used = em('…') * size_px;
    for c in beginning.chars() {
        used += em(c) * size_px;
        if used > room {
            break;
        }
        shown.push(c);
    }
    format!("{}…", shown.trim_end())
}

/// The advance of a character as a share of the font's size: Helvetica's metrics in steps, with a little to spare for
/// wider fonts.
fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '\'' | '|' | '.' | ',' | ':' | ';' | '!' => 0.30,
        'f' | 't' | 'I' | ' ' | '/' | '\\' | '(' | ')' | '[' | ']' | 'r' | '-' => 0.38,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.95,
        'A'..='Z' | '&' | '+' | '=' | '<' | '>' | '~' => 0.72,
        'a'..='z' | '0'..='9' | ' '..='~' => 0.60,
        // Chinese, Japanese and Korean, and emoji, are as wide as high.
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => 1.05,
        '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f000}'.. => 1.05,
        _ => 0.68,
    }
}
