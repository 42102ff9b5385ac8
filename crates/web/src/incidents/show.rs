//! `GET /incidents/{number}`: what is broken, whose it is, what changed, and the way back.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use incidents::{Incident, Verdict, suspects};
use jiff::SignedDuration;
use kernel::{EntityRef, Timestamp};
use serde::Deserialize;
use world::{Culprits, UndoState, culprits};

use super::{
    healed_by, list,
    log::{self, Log, Part},
    past::{self, PastRow},
    people::{self, Amendment, Milestone, RoleRow},
    runbook::{self, Checklist},
};
use crate::{
    api::incidents::by_number,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    status::manage::{OnPages, of_incident},
    views::{Answer, Change, Cli, Empty, Entity, Link, Moment, Press, Score, State, Tone, Undo, Who},
};

/// One incident.
#[derive(Debug, Template)]
#[template(path = "incidents/show.html")]
pub struct IncidentScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The number that people use.
    pub number: u64,
    /// What is broken.
    pub title: String,
    /// `open`, `acknowledged`, `recovered`, `resolved`.
    pub state: State,
    /// `critical`, `major`, `minor`.
    pub severity: String,
    /// When it began.
    pub began: Moment,
    /// When it ended.
    pub ended: Option<Moment>,
    /// What to say at a glance about the likeliest way out.
    pub advice: Option<String>,
    /// Acknowledge, resolve: what can be done to the incident now.
    pub buttons: Vec<Press>,
    /// The post-mortem, if it was begun.
    pub post_mortem: Option<Link>,
    /// Broken path, owner, on call, runbook.
    pub answers: Vec<Answer>,
    /// Changes that may have caused it, the likeliest first.
    pub suspects: Vec<Suspect>,
    /// What is said where there is none.
    pub no_suspects: Empty,
    /// Who was paged for it, and what became of that; the latest page first.
    pub pages: Vec<PageNote>,
    /// The results that say it is broken.
    pub evidence: Vec<Evidence>,
    /// What happened before it began, the latest first.
    pub before: Vec<Change>,
    /// What happened since, the latest last, with what people wrote.
    pub log: Log,
    /// Where a note is posted; none where the reader may not.
    pub note: Option<String>,
    /// Who does what.
    pub roles: Vec<RoleRow>,
    /// When was what.
    pub milestones: Vec<Milestone>,
    /// For how long users were hit: `1 h 4 min`.
    pub impact: String,
    /// What it was merged into, merged from, split off.
    pub relations: Vec<(&'static str, Link)>,
    /// The steps of the runbook, if it has any.
    pub checklist: Option<Checklist>,
    /// Incidents of the past that are like it.
    pub past: Vec<PastRow>,
    /// What can be changed about it.
    pub amendments: Vec<Amendment>,
    /// What the public is told of it.
    pub on_pages: OnPages,
    /// The same from a terminal.
    pub commands: Vec<Cli>,
}

/// A change that may have caused it.
#[derive(Debug)]
pub struct Suspect {
    /// What was done.
    pub summary: String,
    /// To what.
    pub subject: Entity,
    /// The change's own screen.
    pub href: String,
    /// Who did it.
    pub who: Who,
    /// When, in relation to the first failure: `4 min before the first failure`.
    pub when: String,
    /// The time itself.
    pub at: Moment,
    /// How likely.
    pub score: Score,
    /// Why, in words, the weightiest first.
    pub reasons: Vec<Reason>,
    /// The way back.
    pub undo: Undo,
    /// Whether it is the one to try next.
    pub next: bool,
    /// What somebody found about it: `this was it`, `not it`.
    pub verdict: Option<State>,
    /// Says that it was it, or not; none where the reader may not.
    pub judge: Vec<Press>,
}

/// What speaks for a suspicion, or against it.
#[derive(Debug)]
pub struct Reason {
    /// In words.
    pub words: String,
    /// Whether it speaks against it.
    pub against: bool,
}

/// One of its pages.
#[derive(Debug)]
pub struct PageNote {
    /// How it stands.
    pub state: State,
    /// `page 7`.
    pub name: String,
    /// Its screen.
    pub href: String,
    /// When it was opened.
    pub at: Moment,
    /// What was done and what comes next.
    pub explained: String,
}

/// One result of a check.
#[derive(Debug)]
pub struct Evidence {
    /// The verdict.
    pub state: State,
    /// Which check.
    pub check: String,
    /// Its screen.
    pub href: String,
    /// From where, and what was seen: `eu-west: 503 after 41 ms`.
    pub seen: String,
    /// When.
    pub at: Moment,
}

/// So many suspects are shown however unlikely they are.
const SHOWN_MIN: usize = 3;

/// What of the log is wanted.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    #[serde(default)]
    log: Part,
}

/// Shows an incident.
pub async fn show(frame: Frame, Path(number): Path<String>, Query(which): Query<Which>) -> Result<Response, Problem> {
    let incident = by_number(&frame.world, &number)?.clone();
    let culprits = culprits(&frame.world, &incident, frame.now);
    let (before, log) = log::of(&frame, &incident, &culprits, which.log).await?;
    let checklist = runbook::checklist(&frame, &incident).await?;
    let plausible =
        culprits.suspects.iter().enumerate().filter(|(rank, suspect)| *rank < SHOWN_MIN || suspect.score > 0);
    let mut suspects: Vec<Suspect> =
        plausible.filter_map(|(_, suspect)| suspect_of(&frame, &incident, suspect)).collect();
    let offered = |suspect: &&mut Suspect| matches!(suspect.undo, Undo::Offered { .. });
    if let Some(next) = suspects.iter_mut().find(offered).filter(|_| incident.is_open()) {
        next.next = true;
    }
    let open = incident.is_open();
    let may = frame.may_write() && incident.merged.is_none();
    Ok(screen(&IncidentScreen {
        chrome: Chrome { incident: None, ..frame.chrome(&incident.title, Place::Incidents) },
        number: incident.number(),
        title: incident.title.clone(),
        state: state(&frame, &incident),
        severity: format!("{}, {}", incident.severity.name(), incident.severity.word()),
        began: if open { frame.elapsed(incident.since) } else { frame.ago(incident.since) },
        ended: incident.ended.as_ref().map(|ending| frame.ago(ending.at)),
        advice: advice(&frame, &incident, &suspects, culprits.changes),
        buttons: buttons(&frame, &incident),
        post_mortem: frame.world.postmortems.get(incident.number()).map(|of| {
            let name = format!("Post-mortem ({})", of.stage().word());
            Link::new(name, frame.href(format!("/postmortems/{}", incident.number())))
        }),
        answers: answers(&frame, &incident),
        no_suspects: no_suspects(culprits.changes),
        pages: pages(&frame, &incident),
        evidence: evidence(&frame, &incident),
        before,
        log,
        note: may.then(|| format!("/incidents/{}/notes", incident.number())),
        roles: people::roles(&frame, &incident),
        milestones: people::milestones(&frame, &incident),
        impact: people::in_minutes(incident.impact(frame.now).as_mins()),
        relations: people::relations(&frame, &incident),
        checklist,
        past: past::rows(&frame, &incident),
        amendments: people::amendments(&frame, &incident),
        on_pages: of_incident(&frame, &incident),
        commands: commands(&incident, &culprits),
        suspects,
    }))
}

fn pages(frame: &Frame, incident: &Incident) -> Vec<PageNote> {
    let note = |page: &paging::Page| PageNote {
        state: crate::pages::state_of(page),
        name: format!("page {}", page.number()),
        href: frame.href(format!("/pages/{}", page.number())),
        at: frame.ago(page.opened),
        explained: paging::explain(page, frame.now).join(" "),
    };
    frame.world.paging.of_incident(incident.about.incident).map(note).collect()
}

/// What to say at a glance: what healed it, what is being waited for, or how sure the ranking is.
fn advice(frame: &Frame, incident: &Incident, suspects: &[Suspect], changes: usize) -> Option<String> {
    if let Some(healed) = healed_by(&frame.world, incident) {
        return Some(format!("It recovered after this was undone: {}.", healed.change.summary));
    }
    if let Some(asked) = suspects.iter().find(|suspect| matches!(suspect.undo, Undo::Asked { .. })) {
        return Some(format!(
            "Undoing “{}” was asked for. This screen shows by itself when it is done.",
            asked.summary
        ));
    }
    if !incident.is_open() {
        return None;
    }
    let looked_at = if changes == 1 { "1 change".to_owned() } else { format!("{changes} changes") };
    let undone = suspects.iter().filter(|suspect| matches!(suspect.undo, Undo::Done)).count();
    let last = last_undone(frame, incident);
    Some(match (last, suspects.first()) {
        (Some((entry, at)), _) if undone > 0 && frame.now.duration_since(at) <= patience(frame, incident) => {
            format!("“{}” is undone. It is over when all its checks pass again.", entry.change.summary)
        }
        (Some((entry, _)), _) if undone > 0 => format!(
            "“{}” was undone and the checks still fail: that was not it, or not alone. Try the next.",
            entry.change.summary
        ),
        (_, Some(first)) if first.score.percent >= CLEAR => {
            format!("Of {looked_at} before the failure, the first is the likeliest cause.")
        }
        (_, Some(_)) => format!("Of {looked_at} before the failure, none stands out: look at the evidence first."),
        (_, None) => return None,
    })
}

/// The change that was undone last since it began.
fn last_undone<'a>(frame: &'a Frame, incident: &Incident) -> Option<(&'a world::Entry, Timestamp)> {
    let undone = frame.world.journal.newest_first().filter_map(|entry| match entry.undo {
        UndoState::Undone { at, .. } if at >= incident.since => Some((entry, at)),
        UndoState::Undone { .. } | UndoState::Asked { .. } | UndoState::Standing => None,
    });
    undone.max_by_key(|(_, at)| *at)
}

/// How long after an undo its failing checks need to pass again, if it helps.
fn patience(frame: &Frame, incident: &Incident) -> SignedDuration {
    let failing = incident.failing().filter_map(|failing| frame.world.checks.watch(&failing.check));
    let longest = failing.map(|watch| {
        let definition = &watch.definition;
        let runs = definition.successes_to_up.saturating_add(1);
        definition.interval().saturating_mul(runs).saturating_add(definition.timeout())
    });
    longest.max().and_then(|longest| longest.try_into().ok()).unwrap_or(SignedDuration::ZERO)
}

/// A score from which on one suspect is called the likeliest.
const CLEAR: u8 = 50;

fn no_suspects(changes: usize) -> Empty {
    Empty::new(match changes {
        0 => "No change is recorded in the hours before the failure. Look at what it depends on outside the catalog.",
        _ => "None of the changes in the hours before the failure can have caused it. Look outside the catalog.",
    })
}

fn buttons(frame: &Frame, incident: &Incident) -> Vec<Press> {
    if !frame.may_write() {
        return Vec::new();
    }
    if !incident.is_open() {
        let is_begun = frame.world.postmortems.get(incident.number()).is_some() || incident.merged.is_some();
        let hidden = vec![("incident".to_owned(), incident.number().to_string())];
        let begin = Press { hidden, ..frame.press("/postmortems", "Write the post-mortem") };
        return if is_begun { Vec::new() } else { vec![begin] };
    }
    let address = format!("/incidents/{}", incident.number());
    let acknowledge =
        incident.acknowledged.is_none().then(|| frame.press(format!("{address}/acknowledge"), "Acknowledge"));
    let mitigate = match incident.mitigated {
        None => frame.press(format!("{address}/mitigate"), "Mitigated"),
        Some(_) => frame.press(format!("{address}/unmitigate"), "Not mitigated after all"),
    };
    acknowledge.into_iter().chain([mitigate, frame.press(format!("{address}/resolve"), "Resolve")]).collect()
}

/// Whose it is, who is on call, what to do: in this order.
fn answers(frame: &Frame, incident: &Incident) -> Vec<Answer> {
    let entity = incident.entity();
    let broken = match frame.world.catalog.get(entity) {
        Some(known) => match known.chat().and_then(|chat| crate::show::outside(&chat)) {
            Some(chat) => Answer::to("Broken").link("Chat", chat),
            None => Answer::to("Broken"),
        },
        None => Answer::to("Broken"),
    };
    let failing = incident.failing().count();
    let checks = incident.checks.len();
    let broken = broken.entity(frame.entity(entity)).note(match (checks, failing) {
        (0, _) => "declared by hand".to_owned(),
        (1, 0) => "its check passes again".to_owned(),
        (1, _) => "its check fails".to_owned(),
        (_, 0) => format!("all {checks} checks pass again"),
        _ => format!("{failing} of {checks} checks fail"),
    });
    vec![broken, owner(frame, entity), on_call(frame, incident), runbook(frame, entity)]
}

/// How it stands, and by whose doing.
fn state(frame: &Frame, incident: &Incident) -> State {
    let state = list::state_of(incident);
    match (&incident.acknowledged, incident.is_open()) {
        (Some(taken), true) => State::new(state.tone, format!("{} by {}", state.word, frame.who(&taken.by).name)),
        _ => state,
    }
}

fn owner(frame: &Frame, entity: &EntityRef) -> Answer {
    let answer = Answer::to("Whose service");
    match frame.world.owner_of(entity) {
        Some(owner) => answer.entity(frame.entity(&owner)),
        None => answer.gap("No owner").note("Name one as spec.owner in its catalog file"),
    }
}

fn on_call(frame: &Frame, incident: &Incident) -> Answer {
    let answer = Answer::to("On call now");
    let Some(team) = frame.world.owner_of(incident.entity()) else {
        return answer.gap("Nobody").note("there is no owner whose rotation could say");
    };
    let duties = oncall::current(&frame.world.oncall, &team, frame.now);
    let Some(first) = duties.first() else {
        let gap = oncall::gap(&frame.world.oncall, &team, frame.now);
        let why = gap.as_ref().map(crate::api::oncall::gap_in_words).unwrap_or_default();
        return answer.gap("Nobody").note(why);
    };
    let until = Moment::ago(first.until, frame.now).text().to_owned();
    let others = duties.iter().skip(1).map(|duty| format!("also {}", frame.catalog_person(&duty.person).name));
    let next = first.next.iter().map(|next| format!("then {}", frame.catalog_person(next).name));
    let note = [format!("hands over {until}")].into_iter().chain(next).chain(others).collect::<Vec<_>>().join(", ");
    answer.who(frame.catalog_person(&first.person)).note(note).link("Schedule", frame.href("/on-call"))
}

fn runbook(frame: &Frame, entity: &EntityRef) -> Answer {
    let answer = Answer::to("Runbook");
    let runbooks = crate::catalog::show::runbooks(frame, entity);
    match runbooks.split_first() {
        None => answer
            .gap("No runbook")
            .note("Add a page with “runbook” in its name to the docs, or a link of type runbook"),
        Some((first, others)) => {
            let answer = answer.entity(Entity::new("runbook", first.title.clone(), first.href.clone()));
            let answer = match first.note.is_empty() {
                true => answer,
                false => answer.note(first.note.clone()),
            };
            others.iter().take(3).fold(answer, |answer, other| answer.link(other.title.clone(), other.href.clone()))
        }
    }
}

/// Reasons of one suspect that are shown: the weightiest.
const REASONS_MAX: usize = 4;

fn suspect_of(frame: &Frame, incident: &Incident, suspect: &suspects::Suspect) -> Option<Suspect> {
    let entry = frame.world.journal.get(suspect.event)?;
    let change = &entry.change;
    let verdict = incident.verdict_on(suspect.event);
    let press = |word: &str, label: &str| {
        let hidden = vec![("event".to_owned(), suspect.event.to_string()), ("verdict".to_owned(), word.to_owned())];
        Press { hidden, ..frame.press(format!("/incidents/{}/suspects", incident.number()), label) }
    };
    let offered = [(Verdict::Guilty, "guilty", "This was it"), (Verdict::Innocent, "innocent", "Not it")];
    let judge = offered.into_iter().filter(|(other, ..)| frame.may_write() && verdict != Some(*other));
    Some(Suspect {
        summary: change.summary.clone(),
        subject: frame.entity(&change.subject),
        href: frame.href(format!("/timeline/{}", entry.recorded.stamp.position)),
        who: frame.who(&change.actor),
        when: in_relation(incident, change.at),
        at: frame.ago(change.at),
        score: Score { percent: suspect.score.min(100) },
        reasons: suspect
            .reasons
            .iter()
            .take(REASONS_MAX)
            .map(|reason| Reason { words: reason.words.clone(), against: reason.points < 0 })
            .collect(),
        undo: frame.undo(suspect.event),
        next: false,
        verdict: verdict.map(|verdict| match verdict {
            Verdict::Guilty => State::new(Tone::Bad, "this was it"),
            Verdict::Innocent => State::new(Tone::Quiet, "not it"),
        }),
        judge: judge.map(|(_, word, label)| press(word, label)).collect(),
    })
}

/// `4 min before the first failure`.
pub(super) fn in_relation(incident: &Incident, at: Timestamp) -> String {
    let seconds = incident.onset().0.duration_since(at).as_secs();
    let (away, side) = (seconds.unsigned_abs(), if seconds < 0 { "after" } else { "before" });
    let away = match away {
        0..120 => format!("{away} s"),
        120..7_200 => format!("{} min", away / 60),
        7_200..172_800 => format!("{} h", away / 3_600),
        _ => format!("{} d", away / 86_400),
    };
    format!("{away} {side} the first failure")
}

fn evidence(frame: &Frame, incident: &Incident) -> Vec<Evidence> {
    let declared = (incident.checks.is_empty() && !incident.evidence.is_empty()).then(|| Evidence {
        state: State::new(Tone::Bad, "reported"),
        check: frame.entity(incident.entity()).name,
        href: frame.href(crate::show::address(incident.entity())),
        seen: incident.evidence.clone(),
        at: frame.ago(incident.since),
    });
    let checks = incident.checks.iter().map(|failing| Evidence {
        state: match failing.recovered {
            Some(_) => State::new(Tone::Good, "passes again"),
            None => State::new(Tone::Bad, "down"),
        },
        check: frame.entity(&failing.check).name,
        href: frame.href(crate::show::address(&failing.check)),
        seen: failing.evidence.clone(),
        at: frame.ago(failing.recovered.unwrap_or(failing.since)),
    });
    declared.into_iter().chain(checks).collect()
}

fn commands(incident: &Incident, culprits: &Culprits) -> Vec<Cli> {
    let number = incident.number();
    let undo = culprits.suspects.first().filter(|_| incident.is_open());
    let undo = undo.map(|first| format!("mainstay undo {} --reason 'incident {number}'", first.event));
    let acknowledge = incident.acknowledged.is_none() && incident.is_open();
    [Some(format!("mainstay incident show {number}")), undo]
        .into_iter()
        .chain([acknowledge.then(|| format!("mainstay incident ack {number}"))])
        .flatten()
        .map(Cli::new)
        .collect()
}
