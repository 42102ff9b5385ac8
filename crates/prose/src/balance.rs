//! Balances HTML before a tree is built of it.
//!
//! HTML's rules for tags that overlap make a tree that can be far larger than its text: after `<p><b title=…>`, every
//! further `<p>` opens the `<b>` again, with its attributes. And a tree builder's work grows with the number of open
//! elements. So a document's tags are first made to nest, by rules that leave a well-formed document as it is: inline
//! elements end where a block begins or ends, every element ends with the one around it, and depth is bounded.
//! Safety doesn't depend on this: the sanitiser runs afterwards.

use std::cell::RefCell;
use std::collections::HashSet;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};

use crate::text::{INLINE, escape};

/// How many elements may be open at once: Markdown's own, and those of raw HTML in it.
const MAX_OPEN: usize = 80;

/// Balances `html`, and leaves out every tag that isn't `allowed`.
pub(crate) fn balance(html: &str, allowed: &HashSet<&str>) -> String {
    let state = State { out: String::with_capacity(html.len() + html.len() / 8), open: Vec::new(), skipped: None };
    let tokenizer = Tokenizer::new(Balancer { allowed, state: RefCell::new(state) }, Default::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // Scripts alone make it stop half-way, and no tag is passed on to it as one.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut state = tokenizer.sink.state.into_inner();
    state.close_to(0);
    state.out
}

struct Balancer<'a> {
    allowed: &'a HashSet<&'a str>,
    state: RefCell<State>,
}

struct State {
    out: String,
    open: Vec<String>,
    /// The element that is being left out with all that is in it.
    skipped: Option<String>,
}

impl TokenSink for Balancer<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::TagToken(tag) => return state.tag(&tag, self.allowed),
            Token::CharacterTokens(text) if state.skipped.is_none() => state.out.push_str(&escape(&text)),
            Token::CharacterTokens(_)
            | Token::NullCharacterToken
            | Token::CommentToken(_)
            | Token::DoctypeToken(_)
            | Token::ParseError(_)
            | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn tag(&mut self, tag: &Tag, allowed: &HashSet<&str>) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        if let Some(skipped) = &self.skipped {
            if tag.kind == TagKind::EndTag && skipped == name {
                self.skipped = None;
            }
            return TokenSinkResult::Continue;
        }
        match (tag.kind, raw_text(name)) {
            (TagKind::StartTag, Some(kind)) => {
                self.skipped = Some(name.to_owned());
                return TokenSinkResult::RawData(kind);
            }
            (TagKind::StartTag, None) if allowed.contains(name) => self.start(tag, name),
            (TagKind::EndTag, _) => self.end(name),
            (TagKind::StartTag, None) => {}
        }
        TokenSinkResult::Continue
    }

    fn start(&mut self, tag: &Tag, name: &str) {
        if !INLINE.contains(&name) {
            self.close_inline();
            while self.open.last().is_some_and(|open| ends_before(open, name)) {
                self.close_to(self.open.len() - 1);
            }
        }
        let is_void = matches!(name, "br" | "col" | "hr" | "img" | "input" | "wbr");
        if !is_void {
            if self.open.len() >= MAX_OPEN {
                return;
            }
            self.open.push(name.to_owned());
        }
        self.out.push('<');
        self.out.push_str(name);
        for attribute in &tag.attrs {
            let key: &str = &attribute.name.local;
            if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                self.out.push(' ');
                self.out.push_str(key);
                self.out.push_str("=\"");
                self.out.push_str(&escape(&attribute.value));
                self.out.push('"');
            }
        }
        self.out.push('>');
    }

    fn end(&mut self, name: &str) {
        if let Some(at) = self.open.iter().rposition(|open| open == name) {
            self.close_to(at);
        }
    }

    fn close_inline(&mut self) {
        let blocks = self.open.iter().rposition(|open| !INLINE.contains(&open.as_str())).map_or(0, |at| at + 1);
        self.close_to(blocks);
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(name) = self.open.pop() else { return };
            self.out.push_str("</");
            self.out.push_str(&name);
            self.out.push('>');
        }
    }
}

/// Elements whose content isn't HTML: they are left out whole.
fn raw_text(name: &str) -> Option<RawKind> {
    match name {
        "script" => Some(RawKind::ScriptData),
        "style" | "iframe" | "noembed" | "noframes" | "noscript" | "xmp" => Some(RawKind::Rawtext),
        "textarea" | "title" => Some(RawKind::Rcdata),
        _ => None,
    }
}

/// Whether an open block ends, without an end tag, where another begins.
fn ends_before(open: &str, next: &str) -> bool {
    match open {
        "p" => true,
        "li" => next == "li",
        "td" | "th" => matches!(next, "td" | "th" | "tr"),
        "tr" => next == "tr",
        "dt" | "dd" => matches!(next, "dt" | "dd"),
        _ => false,
    }
}
