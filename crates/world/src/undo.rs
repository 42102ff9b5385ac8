//! How a change is reversed.

use kernel::{Context, EventId, Refusal, codes};

use crate::{Command, Entry, Event, UndoState, World, command, journal};

/// What undoing a change would do.
#[derive(Debug, Clone)]
pub struct UndoPlan {
    /// The command that reverses it.
    pub command: Command,
    /// The change, in words.
    pub change: String,
    /// What will be done, in words: the sentence that is shown before it is done.
    pub will: String,
    /// True if somebody outside must act: the change stands until they report.
    pub asks: bool,
}

/// What undoing this change would do.
///
/// # Errors
/// `NOT_FOUND` if the event is no change or too old, `CONFLICT` if it was undone, `MOVED_ON` if the same thing has been
/// changed since, `IRREVERSIBLE` if Mainstay can't; each says what to do instead.
pub fn plan_undo(world: &World, event: EventId) -> Result<UndoPlan, Refusal> {
    let Some(entry) = world.journal.get(event) else {
        let detail = "there is no such change, or it is older than what Mainstay can undo";
        return Err(Refusal::new(&codes::NOT_FOUND, detail).fix("`mainstay timeline list` shows the events"));
    };
    refuse_twice(entry)?;
    let stamp = &entry.recorded.stamp;
    let (command, will, asks) = match entry.recorded.event.as_ref() {
        Event::Flags(event) => {
            let command = flags::undo(&world.flags, event, stamp)?;
            let will = flag_words(&command);
            (Command::Flags(command), will, false)
        }
        Event::Deploys(event) => {
            let (component, environment) = event.place();
            let hook = hook_for(world, event);
            let command = deploys::undo(&world.deploys, event, stamp, hook.as_deref())?;
            let before = world.deploys.version_before(component, environment, stamp.event);
            let will = deploy_words(event, before, component.short(), environment);
            (Command::Deploys(command), will, true)
        }
        Event::Catalog(event) => {
            let command = catalog::undo(&world.catalog, event, stamp)?;
            let subject = event.subjects().first().map(|subject| subject.short().to_owned()).unwrap_or_default();
            (Command::Catalog(command), format!("put the description of {subject} back as it was before"), false)
        }
        Event::Checks(_) => {
            let detail = "a check is changed where it is declared";
            return Err(Refusal::new(&codes::IRREVERSIBLE, detail).fix("change its file and apply it"));
        }
        Event::Contracts(_) => {
            let detail = "what was published of a contract is a fact, and others may rely on it already";
            return Err(Refusal::new(&codes::IRREVERSIBLE, detail)
                .fix("publish a version that meets it, or roll back what was deployed"));
        }
        Event::Alerts(_) => {
            let detail = "another tool reported it: Mainstay doesn't know how it is reversed";
            return Err(Refusal::new(&codes::IRREVERSIBLE, detail).fix("go back where it was done"));
        }
        Event::Access(_)
        | Event::Actions(_)
        | Event::Effects(_)
        | Event::Incidents(_)
        | Event::Journal(_)
        | Event::Oncall(_)
        | Event::Paging(_)
        | Event::Postmortems(_)
        | Event::Statuspage(_)
        | Event::Slo(_) => {
            return Err(Refusal::new(&codes::IRREVERSIBLE, "this event is not a change of software"));
        }
    };
    Ok(UndoPlan { command, change: entry.change.summary.clone(), will, asks })
}

/// The address that is called to change what runs: the component's annotation for the sort of change.
pub(crate) fn hook_for(world: &World, event: &deploys::Event) -> Option<String> {
    let (component, _) = event.place();
    let annotation = match event {
        deploys::Event::ConfigApplied { .. } | deploys::Event::ConfigRestoreRequested { .. } => {
            "mainstay.dev/config-hook"
        }
        deploys::Event::DeploymentFinished { .. }
        | deploys::Event::RollbackRequested { .. }
        | deploys::Event::UndoAccepted { .. }
        | deploys::Event::UndoFailed { .. }
        | deploys::Event::Judged { .. }
        | deploys::Event::CommitsPushed { .. } => "mainstay.dev/deploy-hook",
    };
    world.catalog.get(component)?.annotation(annotation)
}

pub(crate) fn decide(world: &World, event: EventId, context: &Context) -> Result<Vec<Event>, Refusal> {
    let plan = plan_undo(world, event)?;
    let mut events = command::decide(world, plan.command, context)?;
    if events.is_empty() {
        return Err(Refusal::new(&codes::CONFLICT, "all is as it was before this change already"));
    }
    let subjects = world.journal.get(event).map(|entry| entry.recorded.event.subjects()).unwrap_or_default();
    events.push(journal::Event::Undone { of: event, subjects, change: plan.change, asked: plan.asks }.into());
    Ok(events)
}

fn refuse_twice(entry: &Entry) -> Result<(), Refusal> {
    match entry.undo {
        UndoState::Standing => Ok(()),
        UndoState::Asked { at, .. } => {
            let detail = format!("undoing this was asked for at {} and has not been reported yet", time(at));
            Err(Refusal::new(&codes::CONFLICT, detail).fix("wait for the report, or look at the hook"))
        }
        UndoState::Undone { at, .. } => Err(Refusal::new(&codes::CONFLICT, format!("this was undone at {}", time(at)))),
    }
}

fn time(at: kernel::Timestamp) -> impl std::fmt::Display {
    at.strftime("%Y-%m-%d %H:%M:%SZ")
}

fn flag_words(command: &flags::Command) -> String {
    match command {
        flags::Command::Turn { flag, environment, on } => {
            format!("turn flag {} {} in {environment}", flag.short(), if *on { "on" } else { "off" })
        }
        flags::Command::Define { definition } => format!("put the definition of flag {} back", definition.key()),
        flags::Command::Remove { flag } => format!("remove flag {}", flag.short()),
        flags::Command::Ramp { flag, environment, .. } => {
            format!("roll back the ramp of flag {} in {environment}", flag.short())
        }
        flags::Command::DefineSegment { .. }
        | flags::Command::RemoveSegment { .. }
        | flags::Command::Override { .. }
        | flags::Command::RequestChange { .. }
        | flags::Command::Request { .. }
        | flags::Command::See { .. }
        | flags::Command::SeeEvaluated { .. }
        | flags::Command::ReportReferences { .. } => "change a flag".to_owned(),
    }
}

fn deploy_words(event: &deploys::Event, before: Option<&str>, component: &str, environment: &str) -> String {
    match event {
        deploys::Event::DeploymentFinished { version, .. } => {
            let before = before.unwrap_or("the version before");
            format!("ask the deploy hook of {component} to replace {version} by {before} in {environment}")
        }
        deploys::Event::ConfigApplied { changed, before, .. } => {
            let back: Vec<String> = changed
                .iter()
                .take(5)
                .map(|key| match before.get(key) {
                    Some(value) => format!("{key} = {value}"),
                    None => format!("{key} unset"),
                })
                .collect();
            format!("ask the config hook of {component} to restore {} in {environment}", back.join(", "))
        }
        deploys::Event::RollbackRequested { .. }
        | deploys::Event::ConfigRestoreRequested { .. }
        | deploys::Event::UndoAccepted { .. }
        | deploys::Event::UndoFailed { .. }
        | deploys::Event::Judged { .. }
        | deploys::Event::CommitsPushed { .. } => format!("go back in {environment}, for {component}"),
    }
}
