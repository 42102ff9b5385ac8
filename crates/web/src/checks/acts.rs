//! What can be done with a check on its own screen.

use catalog::{Descriptor, Origin};
use checks::{CheckKind, Watch};
use kernel::EntityRef;

use super::{beat, run};
use crate::{
    frame::Frame,
    show::address,
    views::{Cli, Link, Moment, Press},
};

/// What can be done with a check.
#[derive(Debug, Default)]
pub struct CheckActs {
    /// Runs it now; none for a heartbeat, or where the reader may not.
    pub run: Option<Press>,
    /// What its job has reported, and what is expected of it; nothing for what probes run.
    pub reports: Vec<(&'static str, Moment)>,
    /// Where its job reports; none for what probes run, or where the reader may not know.
    pub beat: Option<BeatBox>,
    /// Where it is edited; none where a folder declares it, or the reader may not.
    pub edit: Option<String>,
    /// Where it is declared; none if it is in no catalog.
    pub declared: Option<Declared>,
    /// The last run that somebody asked for.
    pub last: Option<Link>,
}

/// Where a check is declared, and how.
#[derive(Debug)]
pub struct Declared {
    /// In words.
    pub place: String,
    /// The document.
    pub yaml: String,
}

/// Where a job reports.
#[derive(Debug)]
pub struct BeatBox {
    /// Asks for the address.
    pub command: Cli,
    /// Starts the job, and reports.
    pub wrapped: Cli,
    /// Gives it another address.
    pub renew: Press,
}

/// What the reader may do.
pub(super) fn of(frame: &Frame, watch: &Watch) -> CheckActs {
    let check = &watch.definition.check;
    let run = frame.press(format!("{}/run", address(check)), "Run now");
    let last = frame.app.runs().last(check).filter(|_| frame.past().is_none());
    let waits = !watch.definition.is_run() && frame.may_write();
    let entity = frame.world.catalog.get(check).map(|entity| &entity.descriptor);
    let by_hand = entity.is_some_and(|entity| *entity.origin.source == *Origin::BY_HAND);
    CheckActs {
        edit: (by_hand && frame.may_write()).then(|| format!("{}/edit", address(check))),
        declared: entity.and_then(declared),
        reports: reports(frame, watch),
        beat: waits.then(|| beat_box(frame, check)),
        run: (watch.definition.is_run() && frame.may_write()).then_some(run),
        last: last.map(|last| Link::new("Last run on request", run::address_of(check, &last.id))),
    }
}

fn reports(frame: &Frame, watch: &Watch) -> Vec<(&'static str, Moment)> {
    let CheckKind::Heartbeat(heartbeat) = &watch.definition.kind else { return Vec::new() };
    let beats = watch.beats.clone().unwrap_or_default();
    let next = heartbeat.next_after(beats.started.or(beats.last).unwrap_or(watch.since));
    let all = [
        ("Running since", beats.started),
        ("Last report", beats.last),
        ("Last success", beats.succeeded),
        ("Next report expected", next),
    ];
    all.into_iter().filter_map(|(what, at)| Some((what, frame.ago(at?)))).collect()
}

/// A document that can't be written as YAML is not shown.
fn declared(entity: &Descriptor) -> Option<Declared> {
    let Origin { source, path, line, .. } = &entity.origin;
    let place = match &**source {
        Origin::BY_HAND => "Made on the screen or by the API: no folder declares it.".to_owned(),
        source => format!("In the catalog {source}, in {path}, line {line}. Change it there."),
    };
    Some(Declared { place, yaml: catalog::to_yaml(entity).ok()? })
}

fn beat_box(frame: &Frame, check: &EntityRef) -> BeatBox {
    let secret = beat::address(&frame.app, &frame.world, check);
    BeatBox {
        command: Cli::new(format!("curl -fsS -m 10 --retry 5 {secret}")),
        wrapped: Cli::new(format!("mainstay heartbeat {secret} -- COMMAND")),
        renew: frame.press(format!("{}/renew-address", address(check)), "Make another address"),
    }
}
