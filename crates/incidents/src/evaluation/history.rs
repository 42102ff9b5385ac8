//! A day of changes, most of them harmless.

use jiff::Timestamp;
use kernel::{Actor, EntityRef, EventId};

use super::{company::Company, dice::Dice};
use crate::suspects::{Change, ChangeKind};

/// The morning, in seconds from the start of the day; three changes in four are made after it.
const MORNING_S: i64 = 14 * 3_600;

/// The end of the day: the last moment at which something is changed.
pub(super) const EVENING_S: i64 = 25 * 3_600;

/// When the day starts. Any moment would do.
pub(super) fn moment(second_of_day: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second_of_day).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A change before it is recorded.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) at_s: i64,
    pub(super) kind: ChangeKind,
    pub(super) subject: EntityRef,
    pub(super) affects: Vec<EntityRef>,
    /// The nodes that it can break.
    pub(super) touches: Vec<usize>,
    pub(super) keyword: String,
    pub(super) production: bool,
    /// The place in the drafts of the change that it undoes.
    pub(super) undoes: Option<usize>,
}

/// The day's changes in no order.
pub(super) fn day(company: &Company, dice: &mut Dice) -> Vec<Draft> {
    let mut drafts = vec![];
    for at in 0..company.nodes.len() {
        for kind in kinds_of_the_day(at < company.services, dice) {
            let at_s = time_of_day(dice);
            drafts.extend(draft(company, kind, at, at_s, dice));
        }
    }
    let undone = (0..drafts.len()).filter(|_| dice.chance(0.03)).collect::<Vec<_>>();
    for at in undone {
        if let Some(mut undo) = drafts.get(at).cloned() {
            undo.at_s += dice.between(120, 1_800);
            undo.undoes = Some(at);
            drafts.push(undo);
        }
    }
    drafts
}

fn kinds_of_the_day(is_service: bool, dice: &mut Dice) -> Vec<ChangeKind> {
    if !is_service {
        return if dice.chance(0.15) { vec![ChangeKind::Migration] } else { vec![] };
    }
    let deployments = dice.weighted(&[((0, 0), 0.5), ((1, 1), 0.3), ((2, 3), 0.15), ((5, 12), 0.05)]);
    let (fewest, most) = deployments.unwrap_or((1, 1));
    let mut kinds = vec![ChangeKind::Deployment; dice.between(fewest, most) as usize];
    let others = [
        (ChangeKind::Flag, 0.25),
        (ChangeKind::Config, 0.2),
        (ChangeKind::Switch, 0.04),
        (ChangeKind::Job, 0.1),
        (ChangeKind::Catalog, 0.15),
        (ChangeKind::Check, 0.05),
    ];
    kinds.extend(others.into_iter().filter(|(_, often)| dice.chance(*often)).map(|(kind, _)| kind));
    kinds
}

fn time_of_day(dice: &mut Dice) -> i64 {
    let morning = if dice.chance(0.75) { MORNING_S } else { 0 };
    dice.between(morning, EVENING_S)
}

/// A change of this kind around the node `at`.
pub(super) fn draft(company: &Company, kind: ChangeKind, at: usize, at_s: i64, dice: &mut Dice) -> Option<Draft> {
    let entity = company.entity(at)?.clone();
    let number = dice.below(1_000);
    let named = |kind: &str, name: &str| EntityRef::new(kind, EntityRef::DEFAULT_NAMESPACE, name).ok();
    let (subject, keyword) = match kind {
        ChangeKind::Deployment => (entity.clone(), format!("v{}.{}.{}", number / 100, number / 10 % 10, number % 10)),
        ChangeKind::Flag => (named("flag", &format!("flag-{number:03}"))?, format!("flag-{number:03}")),
        ChangeKind::Config | ChangeKind::Contract | ChangeKind::Switch | ChangeKind::Reported => {
            (entity.clone(), format!("setting_{number:03}"))
        }
        ChangeKind::Migration => (entity.clone(), format!("migration_{number:03}")),
        ChangeKind::Job => (entity.clone(), format!("job-{number:03}")),
        ChangeKind::Catalog => (entity.clone(), entity.name().to_owned()),
        ChangeKind::Check => (named("check", entity.name())?, entity.name().to_owned()),
    };
    let mut touches = vec![at];
    if kind == ChangeKind::Flag {
        for _ in 0..dice.between(0, 2) {
            touches.push(dice.below(company.services));
        }
    }
    let affects = touches.iter().filter_map(|at| company.entity(*at).cloned()).collect();
    let production = dice.chance(0.8);
    Some(Draft { at_s, kind, subject, affects, touches, keyword, production, undoes: None })
}

/// Records the drafts in the order of their times; gives their events in the order of `drafts`.
pub(super) fn record(drafts: &[Draft]) -> (Vec<Change>, Vec<EventId>) {
    let ids: Vec<_> = (1..=drafts.len() as u128).map(|number| EventId::from_bytes(number.to_be_bytes())).collect();
    let undone: Vec<_> = drafts.iter().filter_map(|draft| ids.get(draft.undoes?).copied()).collect();
    let mut in_order: Vec<_> = drafts.iter().zip(&ids).collect();
    in_order.sort_by_key(|(draft, _)| draft.at_s);
    let changes = in_order.iter().zip(1..).map(|((draft, event), position)| Change {
        event: **event,
        position,
        at: moment(draft.at_s),
        kind: draft.kind,
        subject: draft.subject.clone(),
        affects: draft.affects.clone(),
        environment: Some(if draft.production { "production" } else { "staging" }.to_owned()),
        actor: Actor::Token("pipeline".to_owned()),
        summary: format!("changed {}", draft.subject.short()),
        keywords: vec![draft.keyword.clone()],
        undone: undone.contains(event),
        undoes: draft.undoes.and_then(|at| ids.get(at).copied()),
    });
    (changes.collect(), ids)
}
