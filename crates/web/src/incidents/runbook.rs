//! The runbook of what is broken, as a list of steps that can be ticked.

use std::sync::Arc;

use catalog::RunbookTarget;
use incidents::Incident;
use kernel::{Refusal, Sha256};
use world::World;

use crate::{
    App,
    frame::Frame,
    show,
    views::{Link, Moment, Who},
};

/// A step of a runbook. It is known by what it says, so that a tick stays with it when the runbook is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The first 16 hexadecimal digits of the SHA-256 of what it says; of its repetitions, of that and a number.
    pub id: String,
    /// What it says.
    pub words: String,
    /// How deep it is nested.
    pub depth: usize,
    /// The heading that it stands under.
    pub under: Option<String>,
}

/// Names the steps of a document.
#[must_use]
pub fn named(steps: Vec<prose::Step>) -> Vec<Step> {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    let mut name = |step: prose::Step| {
        let again = seen.entry(step.words.clone()).or_default();
        *again += 1;
        let text = if *again == 1 { step.words.clone() } else { format!("{}\n{again}", step.words) };
        let mut id = Sha256::of(text.as_bytes()).to_string();
        id.truncate(16);
        Step { id, words: step.words, depth: step.depth.min(3), under: step.under }
    };
    steps.into_iter().map(&mut name).collect()
}

/// The steps of the first runbook in the docs of what is broken, with its path; none if there is no such page.
///
/// # Errors
/// If the store can't be read.
pub(crate) async fn steps(
    app: &App,
    world: &Arc<World>,
    incident: &Incident,
) -> Result<Option<(String, Vec<Step>)>, Refusal> {
    let runbooks = world.catalog.runbooks(incident.entity());
    let path = runbooks.into_iter().find_map(|runbook| match runbook.target {
        RunbookTarget::Docs(path) => Some(path),
        RunbookTarget::Url(_) => None,
    });
    let Some(path) = path else { return Ok(None) };
    let page = world.catalog.docs(incident.entity()).and_then(|docs| docs.page(&path).cloned());
    let Some(page) = page else { return Ok(None) };
    let bytes = app.blocking(move |engine| Ok(engine.store().get_blob(&page.digest)?)).await?.unwrap_or_default();
    Ok(Some((path, named(prose::steps(&String::from_utf8_lossy(&bytes))))))
}

/// The list as it stands on the screen.
#[derive(Debug)]
pub struct Checklist {
    /// The whole runbook.
    pub runbook: Link,
    /// The steps.
    pub steps: Vec<Row>,
    /// How many are done.
    pub done: usize,
    /// Where a tick is posted; none where the reader may not.
    pub action: Option<String>,
    /// The session's token against forged forms.
    pub csrf: String,
    /// How many more steps the runbook has.
    pub more: usize,
}

/// One step.
#[derive(Debug)]
pub struct Row {
    /// The step.
    pub step: Step,
    /// Whether a heading stands above it, as it begins a part of the runbook.
    pub heading: Option<String>,
    /// Who did it, and when.
    pub done: Option<(Who, Moment)>,
}

/// Steps that are shown.
const SHOWN_MAX: usize = 60;

pub(super) async fn checklist(frame: &Frame, incident: &Incident) -> Result<Option<Checklist>, Refusal> {
    let Some((path, steps)) = steps(&frame.app, &frame.world, incident).await? else { return Ok(None) };
    if steps.is_empty() {
        return Ok(None);
    }
    let more = steps.len().saturating_sub(SHOWN_MAX);
    let done = steps.iter().filter(|step| incident.tick(&step.id).is_some()).count();
    let mut before: Option<String> = None;
    let mut row = |step: Step| {
        let heading = step.under.clone().filter(|under| before.as_ref() != Some(under));
        before.clone_from(&step.under);
        let tick = incident.tick(&step.id);
        Row { heading, done: tick.map(|tick| (frame.who(&tick.by), frame.ago(tick.at))), step }
    };
    let steps = steps.into_iter().take(SHOWN_MAX).map(&mut row).collect();
    let may = frame.may_write() && incident.merged.is_none();
    Ok(Some(Checklist {
        runbook: Link::new("The whole runbook", frame.href(show::docs_address(incident.entity(), &path))),
        steps,
        done,
        action: may.then(|| format!("/incidents/{}/step", incident.number())),
        csrf: frame.press("", "").csrf,
        more,
    }))
}
