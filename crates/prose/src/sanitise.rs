//! The one gate to safe HTML.

use std::borrow::Cow;

use ammonia::{Builder, UrlRelative};

use crate::extensions::ADMONITIONS;
use crate::links::Links;
use crate::{ID_PREFIX, MAX_DEPTH};

/// Classes that a document may use, so that it can't dress up as a part of the page around it. Beside these:
/// `language-*`.
const CLASSES: [&str; 12] = [
    "admonition",
    "admonition-title",
    "align-center",
    "align-left",
    "align-right",
    "broken-link",
    "diagram",
    "footnote-definition",
    "footnote-definition-label",
    "footnote-reference",
    "tab",
    "tab-title",
];

/// Cleans HTML of everything that could run, load, restyle or collide. `links` decides about relative URLs.
pub(crate) fn sanitise(html: &str, links: &Links<'_>) -> String {
    let mut builder = Builder::default();
    builder
        .add_tags(["section", "input"])
        .rm_tags(["area", "map"])
        .add_generic_attributes(["class", "id"])
        .add_tag_attributes("details", ["open"])
        .add_tag_attributes("input", ["type", "disabled", "aria-label", "checked"])
        // An input can only be a task's checkbox, whatever the document says.
        .set_tag_attribute_value("input", "type", "checkbox")
        .set_tag_attribute_value("input", "disabled", "")
        .set_tag_attribute_value("img", "loading", "lazy")
        .attribute_filter(
            |_, attribute, value| if attribute == "class" { known_classes(value) } else { Some(value.into()) },
        )
        .id_prefix(Some(ID_PREFIX))
        .link_rel(Some("noopener nofollow"))
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .url_relative(UrlRelative::Custom(Box::new(Resolver(links))));
    builder.clean(html).to_string()
}

struct Resolver<'a>(&'a Links<'a>);

impl<'a> ammonia::UrlRelativeEvaluate<'a> for Resolver<'a> {
    fn evaluate<'url>(&self, url: &'url str) -> Option<Cow<'url, str>> {
        self.0.resolve(url).map(Cow::Owned)
    }
}

fn known_classes(value: &str) -> Option<Cow<'_, str>> {
    let is_known =
        |class: &&str| class.starts_with("language-") || CLASSES.contains(class) || ADMONITIONS.contains(class);
    let known: Vec<&str> = value.split_whitespace().filter(is_known).collect();
    (!known.is_empty()).then(|| known.join(" ").into())
}

/// Follows the nesting of raw HTML in a document. An HTML parser's work grows with the number of open elements, times
/// the length of the document; so a document that nests too deep has its further tags shown as text.
#[derive(Default)]
pub(crate) struct RawDepth {
    open: Vec<String>,
}

impl RawDepth {
    /// Whether this piece of raw HTML stays within the bounds. If it doesn't it must not be passed on as HTML.
    pub(crate) fn admits(&mut self, html: &str) -> bool {
        for tag in html.split('<').skip(1) {
            let (closes, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
            let name_end = tag.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(tag.len());
            let name = tag.get(..name_end).unwrap_or_default().to_ascii_lowercase();
            if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || is_void(&name) {
                continue;
            }
            if closes {
                if let Some(at) = self.open.iter().rposition(|open| *open == name) {
                    self.open.truncate(at);
                }
            } else if !(closes_itself(&name) && self.open.last() == Some(&name)) {
                if self.open.len() >= MAX_DEPTH {
                    return false;
                }
                self.open.push(name);
            }
        }
        true
    }
}

/// Elements that never have an end tag.
fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area" | "base" | "br" | "col" | "embed" | "hr" | "img" | "input" | "link" | "meta" | "source" | "wbr"
    )
}

/// Elements that end where the next one of their kind begins.
fn closes_itself(name: &str) -> bool {
    matches!(name, "p" | "li" | "td" | "th" | "tr" | "dt" | "dd")
}
