//! `GET /graph`: what depends on what, as a drawing and as the equivalent list.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{extract::Query, response::Response};
use catalog::Relation;
use kernel::EntityRef;
use serde::Deserialize;

use super::show::{Dependency, dependency};
use crate::{
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show,
    views::{Choice, Empty, Field, Filters},
};

/// The graph, or the part of it around one entity.
#[derive(Debug, Template)]
#[template(path = "catalog/graph.html")]
pub struct GraphScreen {
    /// The frame.
    pub chrome: Chrome,
    /// `Around payments`, `The whole catalog`.
    pub heading: String,
    /// What was left out to keep it legible.
    pub note: Option<String>,
    /// Centre, steps, kinds.
    pub filters: Filters,
    /// The drawing: a complete `<svg>` element that was made from escaped text.
    pub svg: String,
    /// The same in words.
    pub nodes: Vec<Node>,
    /// What is said where there is nothing to draw.
    pub none: Empty,
}

/// One entity of the drawing, with what it needs.
#[derive(Debug)]
pub struct Node {
    /// The entity, how it is, and where in the drawing it stands.
    pub entity: Dependency,
    /// What it needs.
    pub needs: Vec<Dependency>,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    root: String,
    depth: Option<u32>,
    kind: String,
}

/// A drawing with more boxes can't be read, and with its list would weigh more than a screen may.
const DRAWN_MAX: usize = 100;
/// How far around an entity is drawn, where it is not said.
const DEPTH: u32 = 2;
/// Further is not drawn.
const DEPTH_MAX: u32 = 6;
/// The kinds that are drawn where none is said: what runs, and what it needs.
const DRAWN_KINDS: [&str; 3] = ["component", "api", "resource"];

/// Draws what depends on what.
///
/// # Errors
/// If the root is no reference, or the drawing can't be made.
pub async fn show(frame: Frame, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let app = frame.app.clone();
    let drawn = app.blocking(move |_| {
        let root = match asked.root.as_str() {
            "" => None,
            root => Some(root.parse::<EntityRef>().map_err(|error| {
                kernel::Refusal::new(&kernel::codes::INVALID, error.to_string())
                    .field("root")
                    .fix("write it as component:default/checkout")
            })?),
        };
        Ok(screen(&GraphScreen::of(&frame, &asked, root.as_ref())?))
    });
    Ok(drawn.await?)
}

/// The part of the graph that is drawn.
struct Part {
    /// What is drawn, each with its distance from the root.
    nodes: BTreeMap<EntityRef, u32>,
    /// From what needs to what is needed.
    edges: BTreeMap<(EntityRef, EntityRef), &'static str>,
    /// True if more belonged to it than can be drawn.
    cut: bool,
}

impl Part {
    fn of(frame: &Frame, asked: &Asked, root: Option<&EntityRef>) -> Self {
        let mut part = Self { nodes: BTreeMap::new(), edges: BTreeMap::new(), cut: false };
        match root {
            Some(root) => part.walk(frame, asked, root),
            None => part.take_all(frame, asked),
        }
        part.join(frame);
        part
    }

    /// What the root needs, and what those need; and in the other direction what needs it. What merely shares a
    /// neighbour with the root is left out.
    fn walk(&mut self, frame: &Frame, asked: &Asked, root: &EntityRef) {
        let catalog = &frame.world.catalog;
        let is_group = matches!(root.kind(), "system" | "domain");
        let follows = |(relation, entity): (Relation, EntityRef)| {
            let is_grouping = matches!(relation, Relation::PartOf | Relation::HasPart);
            ((is_group || !is_grouping) && shown(entity.kind(), &asked.kind)).then_some(entity)
        };
        self.nodes.insert(root.clone(), 0);
        self.spread(asked, root, |of| catalog.needs(of).into_iter().filter_map(follows).collect());
        self.spread(asked, root, |of| catalog.needed_by(of).into_iter().filter_map(follows).collect());
    }

    fn spread(&mut self, asked: &Asked, root: &EntityRef, next: impl Fn(&EntityRef) -> BTreeSet<EntityRef>) {
        let mut rim = vec![root.clone()];
        for distance in 1..=asked.depth.unwrap_or(DEPTH).clamp(1, DEPTH_MAX) {
            let mut around: BTreeSet<EntityRef> = rim.iter().flat_map(&next).collect();
            around.retain(|entity| !self.nodes.contains_key(entity));
            rim.clear();
            for entity in around {
                if self.nodes.len() == DRAWN_MAX {
                    self.cut = true;
                    return;
                }
                self.nodes.insert(entity.clone(), distance);
                rim.push(entity);
            }
        }
    }

    /// Without a root: all that are joined to something.
    fn take_all(&mut self, frame: &Frame, asked: &Asked) {
        let catalog = &frame.world.catalog;
        let kinds: Vec<&str> = if asked.kind.is_empty() { DRAWN_KINDS.to_vec() } else { vec![&asked.kind] };
        let all = kinds.into_iter().flat_map(|kind| catalog.of_kind(kind));
        for entity in all {
            if self.nodes.len() == DRAWN_MAX {
                self.cut = true;
                return;
            }
            self.nodes.insert(entity.reference().clone(), 0);
        }
    }

    fn join(&mut self, frame: &Frame) {
        for from in self.nodes.keys() {
            for (relation, to) in frame.world.catalog.needs(from) {
                if self.nodes.contains_key(&to) {
                    self.edges.entry((from.clone(), to)).or_insert(show::verb(relation));
                }
            }
        }
        self.edges.retain(|(from, to), _| from != to);
    }

    fn needs<'a>(&'a self, of: &'a EntityRef) -> impl Iterator<Item = (&'a EntityRef, &'static str)> + 'a {
        self.edges.iter().filter(move |((from, _), _)| from == of).map(|((_, to), verb)| (to, *verb))
    }
}

fn shown(kind: &str, asked: &str) -> bool {
    if asked.is_empty() { !matches!(kind, "check" | "location") } else { kind == asked }
}

impl GraphScreen {
    fn of(frame: &Frame, asked: &Asked, root: Option<&EntityRef>) -> Result<Self, kernel::Refusal> {
        let part = Part::of(frame, asked, root.filter(|root| frame.world.catalog.get(root).is_some()));
        let heading = match root {
            Some(root) => format!("Around {}", frame.entity(root).name),
            None => "What runs, and what it needs".to_owned(),
        };
        let missing = root.filter(|root| frame.world.catalog.get(root).is_none());
        let note = match (missing, part.cut) {
            (Some(root), _) => Some(format!("The catalog has no {root}, so that all is drawn")),
            (None, true) => {
                Some(format!("Only the first {DRAWN_MAX} are drawn: choose a centre, fewer steps or one kind"))
            }
            (None, false) => None,
        };
        let svg = draw(frame, &part, &heading)?;
        let nodes = part.nodes.iter().map(|(entity, distance)| Node {
            entity: dependency(frame, entity, &distance_words(*distance, root)),
            needs: part.needs(entity).map(|(to, verb)| dependency(frame, to, verb)).collect(),
        });
        Ok(Self {
            chrome: frame.chrome("Graph", Place::Graph),
            heading,
            note,
            filters: filters(frame, asked),
            svg,
            nodes: nodes.collect(),
            none: Empty::with(
                "There is nothing to draw: the catalog has no such entities.",
                "mainstay apply ./catalog",
            ),
        })
    }
}

fn distance_words(distance: u32, root: Option<&EntityRef>) -> String {
    match (root, distance) {
        (None, _) => String::new(),
        (Some(_), 0) => "the centre".to_owned(),
        (Some(_), 1) => "1 step away".to_owned(),
        (Some(_), steps) => format!("{steps} steps away"),
    }
}

fn draw(frame: &Frame, part: &Part, label: &str) -> Result<String, kernel::Refusal> {
    let nodes = part.nodes.iter().map(|(entity, distance)| {
        let (word, class) = match show::health(&frame.world, entity) {
            Some(health) => (health.state().word, health.state().tone.class()),
            None => (String::new(), "tone-quiet"),
        };
        let known = frame.entity(entity);
        let sub = match (&known.href, word.as_str()) {
            (None, _) => "not in the catalog".to_owned(),
            (Some(_), "") => entity.kind().to_owned(),
            (Some(_), word) => format!("{}, {word}", entity.kind()),
        };
        let here = if *distance == 0 && part.nodes.values().any(|other| *other > 0) { " here" } else { "" };
        graph::Node { id: entity.to_string(), label: known.name, sub, class: format!("{class}{here}") }
    });
    let edges = part.edges.iter().map(|((from, to), verb)| graph::Edge {
        from: from.to_string(),
        to: to.to_string(),
        label: (*verb).to_owned(),
        class: String::new(),
    });
    let graph = graph::Graph { nodes: nodes.collect(), edges: edges.take(graph::EDGES_MAX).collect() };
    let drawing = graph::layout(&graph, &graph::Options::default())?;
    let href = |id: &str| {
        let entity: EntityRef = id.parse().ok()?;
        frame.world.catalog.get(&entity).map(|_| frame.href(show::address(&entity)))
    };
    Ok(drawing.to_svg(label, href))
}

fn filters(frame: &Frame, asked: &Asked) -> Filters {
    let depth = asked.depth.unwrap_or(DEPTH).clamp(1, DEPTH_MAX).to_string();
    let depths = (1..=DEPTH_MAX).map(|steps| Choice::new(steps.to_string(), steps.to_string(), &depth)).collect();
    let kinds = [
        ("", "All that runs"),
        ("component", "Components"),
        ("api", "APIs"),
        ("resource", "Resources"),
        ("system", "Systems"),
    ];
    let kinds = kinds.into_iter().map(|(kind, label)| Choice::new(kind, label, &asked.kind)).collect();
    let is_set = !asked.root.is_empty() || !asked.kind.is_empty() || asked.depth.is_some();
    Filters {
        action: "/graph".to_owned(),
        fields: vec![
            Field::line("root", "Around", &asked.root).hint("such as component:checkout").autocomplete("off"),
            Field::select("depth", "Steps", depths),
            Field::select("kind", "Kind", kinds),
        ],
        clear: is_set.then(|| frame.href("/graph")),
    }
}
