//! The drawing as SVG: classes only, no inline style and no script, so that a strict Content-Security-Policy holds.
//!
//! A style sheet finds `.graph-node` (a group with `rect`, `.graph-label`, `.graph-sub`), `.graph-edge` (a group with
//! `.graph-line` and `.graph-arrow`; `.graph-back` closes a cycle), each with the classes of its node or edge besides.

use std::{collections::HashMap, fmt::Write};

use crate::{Direction, Drawing, Placed, Point, Route};

const ARROW_LONG_PX: f64 = 7.0;
const ARROW_WIDE_PX: f64 = 3.5;
const CORNER_PX: u8 = 6;

impl Drawing {
    /// The drawing with `label` as its name for those who don't see it. `href` gives each node's link by its id; only
    /// addresses that begin with `/`, `#`, `http://` or `https://` become links.
    ///
    /// With links the drawing is a group, since whatever is inside an image is hidden from assistive technology;
    /// without them it is an image.
    #[must_use]
    pub fn to_svg(&self, label: &str, href: impl Fn(&str) -> Option<String>) -> String {
        let links: Vec<_> = self.nodes.iter().map(|node| href(&node.id).filter(|href| is_safe(href))).collect();
        let role = if links.iter().any(Option::is_some) { "group" } else { "img" };
        let (w, h) = (px(self.width), px(self.height));
        let label = escape(label);
        let mut svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="{role}" aria-label="{label}" width="{w}" height="{h}" viewBox="0 0 {w} {h}">"#
        );
        let names = self.nodes.iter().map(|node| (node.id.as_str(), node.label.as_str())).collect();
        for edge in &self.edges {
            svg.push_str(&self.edge(edge, &names));
        }
        for (node, link) in self.nodes.iter().zip(&links) {
            svg.push_str(&self::node(node, link.as_deref()));
        }
        svg.push_str("</svg>");
        svg
    }

    fn edge(&self, edge: &Route, names: &HashMap<&str, &str>) -> String {
        let back = if edge.back { " graph-back" } else { "" };
        let relation = if edge.label.is_empty() { "→" } else { edge.label.as_str() };
        let name = |id| names.get(id).copied().unwrap_or(id);
        let title = escape(&format!("{} {relation} {}", name(edge.from.as_str()), name(edge.to.as_str())));
        format!(
            r#"<g class="graph-edge{back}{}"><title>{title}</title><path class="graph-line" d="{}"/><path class="graph-arrow" d="{}"/></g>"#,
            classes(&edge.class),
            edge.path(self.direction),
            edge.arrow(self.direction),
        )
    }
}

impl Route {
    /// The way as an SVG path: straight where it runs along the layers, curved between.
    fn path(&self, direction: Direction) -> String {
        let mut path = String::new();
        let is_loop = self.from == self.to;
        for (at, to) in self.points.iter().enumerate() {
            let from = at.checked_sub(1).and_then(|before| self.points.get(before));
            // Writing to a string can't fail.
            let _ = match from {
                None => write!(path, "M{}", pair(to)),
                Some(from) if is_loop || from.x == to.x || from.y == to.y => write!(path, "L{}", pair(to)),
                Some(from) => {
                    let (mid_x, mid_y) = (f64::midpoint(from.x, to.x), f64::midpoint(from.y, to.y));
                    let (first, second) = match direction {
                        Direction::LeftToRight => (Point { x: mid_x, y: from.y }, Point { x: mid_x, y: to.y }),
                        Direction::TopToBottom => (Point { x: from.x, y: mid_y }, Point { x: to.x, y: mid_y }),
                    };
                    write!(path, "C{} {} {}", pair(&first), pair(&second), pair(to))
                }
            };
        }
        path
    }

    /// A triangle whose tip is where the edge enters: along the layers, or from above for a loop.
    fn arrow(&self, direction: Direction) -> String {
        let [.., before, tip] = self.points.as_slice() else { return String::new() };
        let sideways = direction == Direction::LeftToRight && self.from != self.to;
        let (ux, uy) = if sideways { ((tip.x - before.x).signum(), 0.0) } else { (0.0, (tip.y - before.y).signum()) };
        let corner = |side: f64| Point {
            x: tip.x - ux * ARROW_LONG_PX + uy * side * ARROW_WIDE_PX,
            y: tip.y - uy * ARROW_LONG_PX + ux * side * ARROW_WIDE_PX,
        };
        format!("M{}L{}L{}Z", pair(tip), pair(&corner(1.0)), pair(&corner(-1.0)))
    }
}

fn node(node: &Placed, link: Option<&str>) -> String {
    let Placed { x, y, w, h, label, shown, sub, class, .. } = node;
    let whole = if sub.is_empty() { label.clone() } else { format!("{label}, {sub}") };
    let (title, middle) = (escape(&whole), px(x + w / 2.0));
    let mut out = format!(r#"<g class="graph-node{}"><title>{title}</title>"#, classes(class));
    let box_ =
        format!(r#"<rect x="{}" y="{}" width="{}" height="{}" rx="{CORNER_PX}"/>"#, px(*x), px(*y), px(*w), px(*h));
    out.push_str(&box_);
    let mut line = |class: &str, text: &str, baseline: f64| {
        let text = escape(text);
        let _ = write!(
            out,
            r#"<text class="{class}" x="{middle}" y="{}" text-anchor="middle">{text}</text>"#,
            px(baseline)
        );
    };
    line("graph-label", shown, y + if sub.is_empty() { h / 2.0 + 4.5 } else { 19.0 });
    if !sub.is_empty() {
        line("graph-sub", sub, y + 34.0);
    }
    out.push_str("</g>");
    match link {
        Some(href) => format!(r#"<a href="{}">{out}</a>"#, escape(href)),
        None => out,
    }
}

fn is_safe(href: &str) -> bool {
    ["/", "#", "http://", "https://"].iter().any(|start| href.starts_with(start))
}

/// Class names of letters, digits, `-` and `_`, each after a space.
fn classes(class: &str) -> String {
    let sound = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    class.split_whitespace().filter(|name| name.chars().all(sound)).map(|name| format!(" {name}")).collect()
}

/// Characters that XML has no place for are dropped; the five special ones become references.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn pair(point: &Point) -> String {
    format!("{},{}", px(point.x), px(point.y))
}

/// A tenth of a pixel is enough.
fn px(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // Zero has no sign on paper.
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}
