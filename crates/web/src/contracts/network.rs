//! The network of integrations as a drawing: all that was asked for where it can be read, else team by team, else the worst.

use std::collections::{BTreeMap, BTreeSet};

use ::contracts::PacticipantKey;
use kernel::{EntityRef, Refusal};

use super::{
    list::{NodeRow, Parties},
    pair_address,
    standing::{Pair, Standing},
};
use crate::{
    frame::Frame,
    show::segment,
    views::{Link, State, Tone},
};

/// A drawing with more boxes can't be read.
const NODES_MAX: usize = 60;
/// With more lines it can't be followed, and would weigh more than a screen may.
const LINES_MAX: usize = 120;

/// A drawing, and the same in words.
pub(super) struct Drawn {
    pub(super) svg: String,
    pub(super) note: Option<String>,
    pub(super) nodes: Vec<NodeRow>,
}

/// What stands in the drawing for a pacticipant: itself, or whoever owns it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    Party(PacticipantKey),
    Team(Option<EntityRef>),
}

/// The integrations from one spot to another.
#[derive(Debug, Default)]
struct Bundle {
    count: usize,
    broken: usize,
    unproven: usize,
    worst: Option<Standing>,
}

struct Network<'a> {
    frame: &'a Frame,
    parties: &'a Parties,
    query: &'a str,
    members: BTreeMap<Spot, BTreeSet<PacticipantKey>>,
    lines: BTreeMap<(Spot, Spot), Bundle>,
}

/// Draws the pairs, which are given the worst first.
///
/// # Errors
/// If the drawing can't be made.
pub(super) fn draw(frame: &Frame, parties: &Parties, pairs: &[Pair], query: &str) -> Result<Drawn, Refusal> {
    let drawn: BTreeSet<PacticipantKey> = pairs.iter().flat_map(|pair| [pair.consumer, pair.provider]).collect();
    let owners: BTreeSet<Option<&EntityRef>> =
        drawn.iter().map(|key| parties.get(key).and_then(|known| known.owner.as_ref())).collect();
    let is_legible = drawn.len() <= NODES_MAX && pairs.len() <= LINES_MAX;
    let by_team = !is_legible && owners.len() > 2 && !query.contains("owner=");
    let mut network = Network { frame, parties, query, members: BTreeMap::new(), lines: BTreeMap::new() };
    let mut left_out = 0;
    for pair in pairs {
        if !network.add(pair, by_team) {
            left_out += 1;
        }
    }
    let note = match (by_team, left_out) {
        (false, 0) => None,
        (true, 0) => Some(format!(
            "{} are too many to draw: each box is a team, and a line stands for all integrations between two. Choose an \
             owner or part of a name to see its neighbourhood.",
            drawn.len()
        )),
        (_, left_out) => Some(format!(
            "{left_out} integrations are left out, the worst are drawn: choose part of a name, an owner or a state. The \
             list has all of them."
        )),
    };
    Ok(Drawn { svg: network.svg()?, note, nodes: network.nodes() })
}

impl Network<'_> {
    fn spot(&self, of: PacticipantKey, by_team: bool) -> Spot {
        match by_team {
            true => Spot::Team(self.parties.get(&of).and_then(|known| known.owner.clone())),
            false => Spot::Party(of),
        }
    }

    /// Adds a pair; false if there is no room for it.
    fn add(&mut self, pair: &Pair, by_team: bool) -> bool {
        let ends = (self.spot(pair.consumer, by_team), self.spot(pair.provider, by_team));
        let new =
            BTreeSet::from([&ends.0, &ends.1]).into_iter().filter(|spot| !self.members.contains_key(spot)).count();
        let is_inside = ends.0 == ends.1;
        let is_new_line = !is_inside && !self.lines.contains_key(&ends);
        if self.members.len() + new > NODES_MAX || (is_new_line && self.lines.len() == LINES_MAX) {
            return false;
        }
        self.members.entry(ends.0.clone()).or_default().insert(pair.consumer);
        self.members.entry(ends.1.clone()).or_default().insert(pair.provider);
        let bundle = self.lines.entry(ends).or_default();
        bundle.count += 1;
        match pair.standing.tone() {
            Tone::Bad => bundle.broken += 1,
            Tone::Warn | Tone::Unknown => bundle.unproven += 1,
            Tone::Good | Tone::Quiet => {}
        }
        bundle.worst = bundle.worst.into_iter().chain([pair.standing]).min();
        true
    }

    fn name(&self, spot: &Spot) -> String {
        match spot {
            Spot::Party(key) => self.parties.get(key).map(|known| known.name.to_string()).unwrap_or_default(),
            Spot::Team(Some(team)) => self.frame.entity(team).name,
            Spot::Team(None) => "Nobody’s".to_owned(),
        }
    }

    fn href(&self, spot: &Spot) -> String {
        let path = match spot {
            Spot::Party(_) => format!("/contracts/network?q={}", segment(&self.name(spot))),
            Spot::Team(team) => {
                let owner = team.as_ref().map_or("nobody", EntityRef::as_str);
                let joint = if self.query.is_empty() { "" } else { "&" };
                format!("/contracts/network?{}{joint}owner={}", self.query, segment(owner))
            }
        };
        self.frame.href(path)
    }

    /// How all lines of a spot stand together: the worst of those whose consumer or provider it is.
    fn standing(&self, spot: &Spot) -> State {
        let own = self.lines.iter().filter(|((from, to), _)| from == spot || to == spot);
        let (broken, unproven) =
            own.fold((0, 0), |(broken, unproven), (_, line)| (broken + line.broken, unproven + line.unproven));
        match (broken, unproven) {
            (0, 0) => State::new(Tone::Good, "verified"),
            (0, unproven) => State::new(Tone::Unknown, format!("{unproven} not verified")),
            (broken, _) => State::new(Tone::Bad, format!("{broken} failed")),
        }
    }

    fn note(&self, spot: &Spot) -> String {
        let members = self.members.get(spot).map_or(0, BTreeSet::len);
        match spot {
            Spot::Party(key) if self.parties.get(key).is_some_and(|known| !known.matched) => {
                "not in the catalog".to_owned()
            }
            Spot::Party(_) => String::new(),
            Spot::Team(_) if members == 1 => "1 pacticipant".to_owned(),
            Spot::Team(_) => format!("{members} pacticipants"),
        }
    }

    fn svg(&self) -> Result<String, Refusal> {
        let ids: BTreeMap<String, &Spot> =
            self.members.keys().enumerate().map(|(at, spot)| (at.to_string(), spot)).collect();
        let id_of: BTreeMap<&Spot, &String> = ids.iter().map(|(id, spot)| (*spot, id)).collect();
        let nodes = self.members.keys().filter_map(|spot| {
            let state = self.standing(spot);
            let note = self.note(spot);
            let joint = if note.is_empty() { "" } else { ", " };
            Some(graph::Node {
                id: (*id_of.get(spot)?).clone(),
                label: self.name(spot),
                sub: format!("{note}{joint}{}", state.word),
                class: state.tone.class().to_owned(),
            })
        });
        let edges = self.lines.iter().filter(|((from, to), _)| from != to).filter_map(|((from, to), line)| {
            Some(graph::Edge {
                from: (*id_of.get(from)?).clone(),
                to: (*id_of.get(to)?).clone(),
                label: format!("expects of ({}):", words(line)),
                class: line.worst.map(|worst| worst.tone().class().to_owned()).unwrap_or_default(),
            })
        });
        let graph = graph::Graph { nodes: nodes.collect(), edges: edges.collect() };
        let drawing = graph::layout(&graph, &graph::Options::default())?;
        Ok(drawing.to_svg("Who expects something of whom", |id| ids.get(id).map(|spot| self.href(spot))))
    }

    fn nodes(&self) -> Vec<NodeRow> {
        let rows = self.members.keys().map(|spot| {
            let needs = self.lines.iter().filter(|((from, _), _)| from == spot).map(|((from, to), line)| {
                let href = match (from, to) {
                    (Spot::Party(_), Spot::Party(_)) => self.frame.href(pair_address(&self.name(from), &self.name(to))),
                    _ => self.href(to),
                };
                (Link::new(self.name(to), href), words(line))
            });
            NodeRow {
                state: self.standing(spot),
                name: self.name(spot),
                href: self.href(spot),
                note: self.note(spot),
                needs: needs.collect(),
            }
        });
        rows.collect()
    }
}

/// `verified`, or of several `4 integrations, 1 failed`.
fn words(line: &Bundle) -> String {
    if line.count == 1 {
        return line.worst.map(Standing::word).unwrap_or_default().to_owned();
    }
    let mut words = format!("{} integrations", line.count);
    for (count, what) in [(line.broken, "failed"), (line.unproven, "not verified")] {
        if count > 0 {
            words = format!("{words}, {count} {what}");
        }
    }
    words
}
