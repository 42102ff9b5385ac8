//! What MkDocs adds to Markdown, rewritten line by line into Markdown and HTML that pulldown-cmark understands:
//! admonitions (`!!! note "Title"`), collapsible ones (`??? note`), tabs (`=== "Label"`), `{: #id }` on headings, `[TOC]`.
//!
//! The body of such a block is indented by four columns. It is moved to the left and put between an opening and a
//! closing tag with blank lines around them; by CommonMark's rules it is then parsed as Markdown, in the same
//! document, so that its link references and footnotes are the document's.

use std::fmt::Write as _;

use crate::MAX_DEPTH;
use crate::text::escape;

const INDENT: usize = 4;

/// The kinds that have a look of their own; any other looks like a note.
pub(crate) const ADMONITIONS: [&str; 16] = [
    "note",
    "abstract",
    "info",
    "tip",
    "success",
    "question",
    "warning",
    "failure",
    "danger",
    "bug",
    "example",
    "quote",
    "important",
    "caution",
    "attention",
    "hint",
];

/// An open block.
struct Open {
    /// The column of its marker, in the source.
    column: usize,
    close: &'static str,
}

/// A fenced code block: nothing in it is markup.
struct Fence {
    mark: char,
    length: usize,
    /// How many blocks were open around it.
    depth: usize,
}

#[derive(Default)]
struct Expansion {
    out: String,
    open: Vec<Open>,
    fence: Option<Fence>,
    /// Whether the lines so far end in a list, so that an indented marker belongs to an item and isn't code.
    in_list: bool,
}

/// Rewrites a document.
pub(crate) fn expand(source: &str) -> String {
    let mut expansion = Expansion { out: String::with_capacity(source.len()), ..Expansion::default() };
    for line in source.lines() {
        expansion.line(line);
    }
    expansion.close_to(0);
    expansion.out
}

impl Expansion {
    fn line(&mut self, line: &str) {
        if line.trim().is_empty() {
            self.out.push('\n');
            return;
        }
        let (column, words) = split_indent(line);
        while self.open.last().is_some_and(|open| column < open.column + INDENT) {
            self.close_to(self.open.len() - 1);
        }
        let column_here = column - self.open.len() * INDENT;
        let fenced = self.fence.is_some();
        self.follow_fence(column_here, words);
        if fenced || self.fence.is_some() {
            return self.write(column_here, words);
        }
        self.follow_list(column_here, words);
        if column_here < INDENT || self.in_list {
            if self.open.len() < MAX_DEPTH / 2
                && let Some((start, close)) = block_start(words)
            {
                self.out.push('\n');
                for tag in start.lines() {
                    self.write(column_here, tag);
                }
                self.out.push('\n');
                self.open.push(Open { column, close });
                return;
            }
            if words == "[TOC]" || words == "[[_TOC_]]" {
                return;
            }
            if words.starts_with('#') && words.ends_with('}') {
                return self.write(column_here, &words.replacen("{:", "{", 1));
            }
        }
        self.write(column_here, words);
    }

    fn write(&mut self, column: usize, words: &str) {
        self.out.extend(std::iter::repeat_n(' ', column));
        self.out.push_str(words);
        self.out.push('\n');
    }

    fn follow_fence(&mut self, column: usize, words: &str) {
        let mark = words.chars().next().filter(|first| matches!(first, '`' | '~'));
        let length = words.chars().take_while(|c| Some(*c) == mark).count();
        match &self.fence {
            Some(fence) => {
                let after = words.trim_start_matches(fence.mark).trim();
                if mark == Some(fence.mark) && length >= fence.length && after.is_empty() {
                    self.fence = None;
                }
            }
            None => {
                if let Some(mark) = mark
                    && length >= 3
                    && (column < INDENT || self.in_list)
                {
                    self.fence = Some(Fence { mark, length, depth: self.open.len() });
                }
            }
        }
    }

    fn follow_list(&mut self, column: usize, words: &str) {
        let after_number = words.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_item = ["- ", "* ", "+ "].iter().any(|bullet| words.starts_with(bullet))
            || (after_number.len() < words.len() && (after_number.starts_with(". ") || after_number.starts_with(") ")));
        if is_item {
            self.in_list = true;
        } else if column < 2 {
            self.in_list = false;
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(fence) = self.fence.take_if(|fence| fence.depth >= self.open.len()) {
                self.out.extend(std::iter::repeat_n(fence.mark, fence.length));
                self.out.push('\n');
            }
            let Some(open) = self.open.pop() else { break };
            let column = open.column.saturating_sub(self.open.len() * INDENT);
            self.out.push('\n');
            self.write(column, open.close);
            self.out.push('\n');
        }
    }
}

/// The width of a line's indentation, tabs counted to the next multiple of four, and the rest of the line.
fn split_indent(line: &str) -> (usize, &str) {
    let words = line.trim_start_matches([' ', '\t']);
    let indent = line.strip_suffix(words).unwrap_or_default();
    let column =
        indent.chars().fold(0, |column, c| if c == '\t' { (column / INDENT + 1) * INDENT } else { column + 1 });
    (column, words)
}

/// The tags that open and close the block that this line starts, if it starts one.
fn block_start(words: &str) -> Option<(String, &'static str)> {
    if let Some(rest) = words.strip_prefix("!!! ") {
        let (kind, title) = kind_and_title(rest)?;
        let mut tag = format!("<div class=\"admonition {kind}\">");
        if !title.is_empty() {
            write!(tag, "\n<p class=\"admonition-title\">{}</p>", escape(&title)).ok()?;
        }
        return Some((tag, "</div>"));
    }
    if let Some(rest) = words.strip_prefix("???") {
        let (open, rest) = rest.strip_prefix('+').map_or(("", rest), |rest| (" open", rest));
        let (kind, title) = kind_and_title(rest.strip_prefix(' ')?)?;
        let tag = format!("<details class=\"admonition {kind}\"{open}>\n<summary>{}</summary>", escape(&title));
        return Some((tag, "</details>"));
    }
    let rest = words.strip_prefix("===")?.trim_start_matches(['!', '+']).trim();
    let label = rest.strip_prefix('"')?.strip_suffix('"')?;
    Some((format!("<div class=\"tab\">\n<p class=\"tab-title\">{}</p>", escape(label)), "</div>"))
}

/// `danger "Don't"` → `danger`, `Don't`. Without a title it is the kind's name; `""` asks for none.
fn kind_and_title(rest: &str) -> Option<(&'static str, String)> {
    let (words, title) = match rest.split_once('"') {
        Some((words, title)) => (words, Some(title.trim_end().strip_suffix('"')?)),
        None => (rest, None),
    };
    let name = words.split_whitespace().next()?;
    if !name.chars().all(|c| c.is_alphanumeric() || c == '-') {
        return None;
    }
    let kind = ADMONITIONS.into_iter().find(|kind| kind.eq_ignore_ascii_case(name)).unwrap_or("note");
    Some((kind, title.map_or_else(|| capitalised(name), str::to_owned)))
}

/// `note` → `Note`.
pub(crate) fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
