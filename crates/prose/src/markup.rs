//! From Markdown to HTML that isn't safe yet: headings get ids, diagrams labels, broken links a mark.

use std::collections::HashMap;

use pulldown_cmark::{
    Alignment, BlockQuoteKind, CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, TextMergeStream,
    html::push_html,
};

use crate::extensions::capitalised;
use crate::links::{Links, is_relative};
use crate::text::escape;
use crate::{Heading, ID_PREFIX, MAX_DEPTH};

/// Languages of code blocks that other renderers draw as a picture with a script.
const DIAGRAMS: [&str; 5] = ["mermaid", "plantuml", "puml", "dot", "graphviz"];

pub(crate) struct Markup {
    pub(crate) html: String,
    pub(crate) headings: Vec<Heading>,
}

pub(crate) fn mark_up(markdown: &str, links: &Links<'_>) -> Markup {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM
        | Options::ENABLE_DEFINITION_LIST;
    let mut writer = Writer::new(links);
    for event in TextMergeStream::new(Parser::new_ext(markdown, options)) {
        writer.event(event);
    }
    let mut html = String::with_capacity(markdown.len() * 2);
    push_html(&mut html, writer.out.into_iter());
    Markup { html, headings: writer.headings }
}

struct Writer<'a, 'l> {
    links: &'l Links<'l>,
    out: Vec<Event<'a>>,
    headings: Vec<Heading>,
    slugs: Slugs,
    /// Where in `out` the heading that is being read began, and its words so far.
    heading: Option<(usize, String)>,
    depth: usize,
    /// What ends each open link or image: its own tag, or that of the mark for a broken one.
    anchors: Vec<Option<CowStr<'a>>>,
    alignments: Vec<Alignment>,
    column: usize,
    in_table_head: bool,
    in_diagram: bool,
    /// Whether a link or an image has just ended, so that MkDocs' `{: target=_blank }` may follow.
    after_link: bool,
}

impl<'a, 'l> Writer<'a, 'l> {
    fn new(links: &'l Links<'l>) -> Self {
        Self {
            links,
            out: Vec::new(),
            headings: Vec::new(),
            slugs: Slugs::default(),
            heading: None,
            depth: 0,
            anchors: Vec::new(),
            alignments: Vec::new(),
            column: 0,
            in_table_head: false,
            in_diagram: false,
            after_link: false,
        }
    }

    fn event(&mut self, event: Event<'a>) {
        let after_link = std::mem::take(&mut self.after_link);
        match event {
            Event::Start(tag) => {
                self.depth += 1;
                if self.depth <= MAX_DEPTH {
                    self.start(tag);
                }
            }
            Event::End(tag) => {
                if self.depth <= MAX_DEPTH {
                    self.end(tag);
                }
                self.depth -= 1;
            }
            Event::Text(text) => {
                let text = if after_link { without_attributes(text) } else { text };
                self.note_heading_text(&text);
                self.out.push(Event::Text(text));
            }
            Event::Code(code) => {
                self.note_heading_text(&code);
                self.out.push(Event::Code(code));
            }
            Event::FootnoteReference(name) => self.out.push(Event::FootnoteReference(footnote_id(&name))),
            Event::TaskListMarker(done) => {
                let (checked, label) = if done { (" checked", "done") } else { ("", "not done") };
                self.html(format!("<input type=\"checkbox\" disabled aria-label=\"{label}\"{checked}> "));
            }
            Event::SoftBreak | Event::HardBreak => {
                self.note_heading_text(" ");
                self.out.push(event);
            }
            Event::Html(_) | Event::InlineHtml(_) | Event::Rule | Event::InlineMath(_) | Event::DisplayMath(_) => {
                self.out.push(event);
            }
        }
    }

    fn start(&mut self, tag: Tag<'a>) {
        match tag {
            Tag::Heading { .. } => {
                self.heading = Some((self.out.len(), String::new()));
                self.out.push(Event::Start(tag));
            }
            Tag::BlockQuote(Some(kind)) => {
                let kind = alert(kind);
                let title = capitalised(kind);
                self.html(format!("<div class=\"admonition {kind}\"><p class=\"admonition-title\">{title}</p>\n"));
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => self.start_fence(&info),
            Tag::FootnoteDefinition(name) => self.out.push(Event::Start(Tag::FootnoteDefinition(footnote_id(&name)))),
            Tag::Table(alignments) => {
                self.alignments.clone_from(&alignments);
                self.out.push(Event::Start(Tag::Table(alignments)));
            }
            Tag::TableHead => {
                self.in_table_head = true;
                self.column = 0;
                self.out.push(Event::Start(tag));
            }
            Tag::TableRow => {
                self.column = 0;
                self.out.push(Event::Start(tag));
            }
            Tag::TableCell => self.start_cell(),
            Tag::Link { ref dest_url, .. } | Tag::Image { ref dest_url, .. } => {
                if is_relative(dest_url) && self.links.resolve(dest_url).is_none() {
                    let title = escape(dest_url).into_owned();
                    self.html(format!("<span class=\"broken-link\" title=\"Leads nowhere: {title}\">"));
                    self.anchors.push(Some("</span>".into()));
                } else {
                    self.anchors.push(None);
                    self.out.push(Event::Start(tag));
                }
            }
            Tag::BlockQuote(None)
            | Tag::CodeBlock(CodeBlockKind::Indented)
            | Tag::Paragraph
            | Tag::HtmlBlock
            | Tag::List(_)
            | Tag::Item
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => self.out.push(Event::Start(tag)),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.out.push(Event::End(tag));
                self.end_heading();
            }
            TagEnd::BlockQuote(Some(_)) => self.html("</div>\n"),
            TagEnd::CodeBlock => {
                self.out.push(Event::End(tag));
                if std::mem::take(&mut self.in_diagram) {
                    self.html("</figure>\n");
                }
            }
            TagEnd::TableHead => {
                self.in_table_head = false;
                self.out.push(Event::End(tag));
            }
            TagEnd::TableCell => self.html(if self.in_table_head { "</th>" } else { "</td>" }),
            TagEnd::Link | TagEnd::Image => {
                self.after_link = true;
                match self.anchors.pop().flatten() {
                    Some(close) => self.html(close),
                    None => self.out.push(Event::End(tag)),
                }
            }
            TagEnd::BlockQuote(None)
            | TagEnd::Paragraph
            | TagEnd::HtmlBlock
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Table
            | TagEnd::TableRow
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::MetadataBlock(_) => self.out.push(Event::End(tag)),
        }
    }

    fn html(&mut self, html: impl Into<CowStr<'a>>) {
        self.out.push(Event::InlineHtml(html.into()));
    }

    fn note_heading_text(&mut self, text: &str) {
        if let Some((_, words)) = &mut self.heading {
            words.push_str(text);
        }
    }

    fn end_heading(&mut self) {
        let Some((at, words)) = self.heading.take() else { return };
        let text = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let Some(Event::Start(Tag::Heading { level, id, .. })) = self.out.get_mut(at) else { return };
        let slug = self.slugs.unique(id.as_deref().unwrap_or(&text));
        *id = Some(slug.clone().into());
        self.headings.push(Heading { level: *level as u8, id: format!("{ID_PREFIX}{slug}"), text });
    }

    /// A fence names its language first; whatever follows it (`title="x"`, `hl_lines="2"`) is for other renderers.
    fn start_fence(&mut self, info: &str) {
        let language = info.trim().split([' ', ',', '{']).next().unwrap_or_default().to_ascii_lowercase();
        if DIAGRAMS.contains(&language.as_str()) {
            self.in_diagram = true;
            self.html(format!("<figure class=\"diagram\"><figcaption>Diagram ({language})</figcaption>\n"));
        }
        self.out.push(Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language.into()))));
    }

    /// Written by hand, since pulldown-cmark aligns cells by an inline style.
    fn start_cell(&mut self) {
        let class = match self.alignments.get(self.column) {
            Some(Alignment::Left) => " class=\"align-left\"",
            Some(Alignment::Center) => " class=\"align-center\"",
            Some(Alignment::Right) => " class=\"align-right\"",
            Some(Alignment::None) | None => "",
        };
        self.column += 1;
        self.html(if self.in_table_head { format!("<th scope=\"col\"{class}>") } else { format!("<td{class}>") });
    }
}

fn alert(kind: BlockQuoteKind) -> &'static str {
    match kind {
        BlockQuoteKind::Note => "note",
        BlockQuoteKind::Tip => "tip",
        BlockQuoteKind::Important => "important",
        BlockQuoteKind::Warning => "warning",
        BlockQuoteKind::Caution => "caution",
    }
}

/// Footnotes get ids that no heading has.
fn footnote_id<'a>(name: &str) -> CowStr<'a> {
    format!("footnote-{}", slug(name)).into()
}

/// Drops `{: target="_blank" }`, `{ .md-button }` and `{ width="300" }` from the front of the text after a link.
fn without_attributes(text: CowStr<'_>) -> CowStr<'_> {
    let rest = text.strip_prefix('{').and_then(|inner| {
        let (list, rest) = inner.split_once('}')?;
        (list.trim_start().starts_with([':', '.', '#']) || list.contains('=')).then(|| rest.to_owned())
    });
    rest.map_or(text, CowStr::from)
}

/// Makes ids of headings: as GitHub does it, so that links which work there work here.
#[derive(Default)]
struct Slugs {
    used: HashMap<String, usize>,
}

impl Slugs {
    fn unique(&mut self, text: &str) -> String {
        let base = slug(text);
        let mut candidate = base.clone();
        while self.used.contains_key(&candidate) {
            let count = self.used.entry(base.clone()).or_default();
            *count += 1;
            candidate = format!("{base}-{count}");
        }
        self.used.insert(candidate.clone(), 0);
        candidate
    }
}

fn slug(text: &str) -> String {
    let slug: String = text
        .chars()
        .filter_map(|c| match c {
            c if c.is_alphanumeric() || c == '_' => Some(c),
            c if c.is_whitespace() || c == '-' => Some('-'),
            _ => None,
        })
        .flat_map(char::to_lowercase)
        .collect();
    if slug.is_empty() { "section".to_owned() } else { slug }
}
