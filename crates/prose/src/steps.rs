//! The steps of a runbook: the items of its lists, as words.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::{MAX_BYTES, split_front_matter};

/// Steps of one document; what comes after them is in the document alone.
const STEPS_MAX: usize = 200;
/// What a step says is cut to this length.
const WORDS_MAX: usize = 300;

/// One item of a list, without what is nested in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it says.
    pub words: String,
    /// How deep its list is nested, from 0.
    pub depth: usize,
    /// The heading that it stands under.
    pub under: Option<String>,
}

/// The steps of a document, in their order. A task's box (`- [ ]`) is no part of its words.
#[must_use]
pub fn steps(markdown: &str) -> Vec<Step> {
    let shown = &markdown[..markdown.floor_char_boundary(MAX_BYTES)];
    let (_, body) = split_front_matter(shown);
    let mut found: Vec<Step> = Vec::new();
    // The items that are open now, by their places.
    let mut open: Vec<usize> = Vec::new();
    let (mut heading, mut in_heading, mut in_code) = (String::new(), false, false);
    for event in Parser::new_ext(body, Options::ENABLE_TASKLISTS | Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => (heading, in_heading) = (String::new(), true),
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Item) => {
                if found.len() == STEPS_MAX {
                    break;
                }
                let under = (!heading.trim().is_empty()).then(|| folded(&heading));
                open.push(found.len());
                found.push(Step { words: String::new(), depth: open.len() - 1, under });
            }
            Event::End(TagEnd::Item) => drop(open.pop()),
            Event::Text(text) | Event::Code(text) if in_heading => heading.push_str(&text),
            Event::Text(text) | Event::Code(text) if !in_code => say(&mut found, &open, &text),
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph) => say(&mut found, &open, " "),
            Event::Start(_)
            | Event::End(_)
            | Event::Text(_)
            | Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }
    for step in &mut found {
        step.words = folded(&step.words);
    }
    found.retain(|step| !step.words.is_empty());
    found
}

fn say(found: &mut [Step], open: &[usize], text: &str) {
    if let Some(step) = open.last().and_then(|at| found.get_mut(*at)).filter(|step| step.words.len() < WORDS_MAX) {
        step.words.push_str(text);
    }
}

fn folded(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.truncate(words.floor_char_boundary(WORDS_MAX));
    words
}
