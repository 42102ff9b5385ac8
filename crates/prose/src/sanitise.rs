//! The one gate to safe HTML.

use std::borrow::Cow;

use ammonia::{Builder, UrlRelative};

use crate::ID_PREFIX;
use crate::balance::balance;
use crate::extensions::ADMONITIONS;
use crate::links::Links;

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
        .add_tag_attributes("div", ["align"])
        .add_tag_attributes("h1", ["align"])
        .add_tag_attributes("p", ["align"])
        .add_tag_attributes("details", ["open"])
        .add_tag_attributes("input", ["type", "disabled", "aria-label", "checked"])
        // An input can only be a task's checkbox, whatever the document says.
        .set_tag_attribute_value("input", "type", "checkbox")
        .set_tag_attribute_value("input", "disabled", "")
        .set_tag_attribute_value("img", "loading", "lazy")
        // What scrolls sideways on a narrow screen can be reached by keyboard.
        .set_tag_attribute_value("pre", "tabindex", "0")
        .set_tag_attribute_value("table", "tabindex", "0")
        .attribute_filter(
            |_, attribute, value| if attribute == "class" { known_classes(value) } else { Some(value.into()) },
        )
        .id_prefix(Some(ID_PREFIX))
        .link_rel(Some("noopener nofollow"))
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .url_relative(UrlRelative::Custom(Box::new(Resolver(links))));
    let balanced = balance(html, &builder.clone_tags());
    builder.clean(&balanced).to_string()
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
