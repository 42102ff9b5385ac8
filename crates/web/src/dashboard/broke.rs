//! What broke in a dashboard's window, and what was learned of it.

use actions::{ActionState, Source};
use deploys::measures::Window;
use incidents::Incident;
use kernel::EntityRef;
use world::World;

use crate::{
    frame::Frame,
    views::{Link, Moment},
};

/// Incidents that are listed; the list of incidents has all.
const ROWS_MAX: usize = 20;

/// One incident.
#[derive(Debug)]
pub struct BrokeRow {
    /// What it is called.
    pub title: String,
    /// Its screen.
    pub href: String,
    /// `SEV2`
    pub severity: String,
    /// When it began.
    pub began: Moment,
    /// For how long users were hit: `25 min`, `25 min so far`.
    pub hit: String,
    /// Its post-mortem, and how far that is; none if nobody has begun one.
    pub learned: Option<Link>,
    /// What became of what it promised: `1 done, 1 open again`; its screen lists them.
    pub promised: Option<String>,
}

/// The incidents of these components that began in the window, the newest first.
pub(super) fn incidents<'a>(
    world: &'a World,
    owned: &'a [EntityRef],
    window: Window,
) -> impl Iterator<Item = &'a Incident> {
    let touches = |incident: &&Incident| incident.entities().any(|entity| owned.contains(entity));
    world.incidents.recent().filter(move |incident| window.has(incident.since)).filter(touches)
}

pub(super) fn rows(frame: &Frame, window: Window, owned: &[EntityRef]) -> Vec<BrokeRow> {
    incidents(&frame.world, owned, window).take(ROWS_MAX).map(|incident| row(frame, incident)).collect()
}

fn row(frame: &Frame, incident: &Incident) -> BrokeRow {
    let (world, number) = (&frame.world, incident.number());
    let minutes = incident.impact(frame.now).as_mins();
    let is_over = incident.ended.is_some() || incident.mitigated.is_some();
    let written = world.postmortems.get(number);
    BrokeRow {
        title: incident.title.clone(),
        href: frame.href(format!("/incidents/{number}")),
        severity: incident.severity.name().to_owned(),
        began: frame.ago(incident.since),
        hit: if is_over { format!("{minutes} min") } else { format!("{minutes} min so far") },
        learned: written.map(|of| Link::new(of.stage().word(), frame.href(format!("/postmortems/{number}")))),
        promised: promised(world, number),
    }
}

/// What became of what an incident's post-mortem promised; none if nothing was.
fn promised(world: &World, incident: u64) -> Option<String> {
    let mut words: Vec<(&str, usize)> = Vec::new();
    for action in world.actions.of_source(&Source::PostMortem { incident }) {
        let word = match &action.state {
            ActionState::Done { .. } => "done",
            ActionState::Open if action.reopened > 0 => "open again",
            ActionState::Open => "open",
            ActionState::Escalated { .. } => "escalated",
            ActionState::Deprioritised { .. } => "deprioritised",
        };
        match words.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => words.push((word, 1)),
        }
    }
    let words: Vec<String> = words.into_iter().map(|(word, count)| format!("{count} {word}")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}
