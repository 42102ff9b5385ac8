//! `/flags/requests`: changes that wait for somebody's approval, or for their time.

use ::access::{Grant, Scope};
use ::flags::{Change, ChangeRequest, Command as FlagCommand, RequestAction, RequestState, change_in_words};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use kernel::{Actor, EntityRef, Refusal, RequestId, Sha256, codes};
use serde::Deserialize;
use serde_json::Value;
use world::{Command, World};

use super::{Part, parts};
use crate::{
    App,
    api::not_found,
    frame::Frame,
    guard::By,
    paging::Paged,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    views::{
        Act, Acts, Answer, Callout, Cli, Diff, Empty, Entity, Field, Moment, Pager, State as Shown, Tab, Tabs, Tone,
        Who, writes_html,
    },
};

/// What waits, or waited.
#[derive(Debug, Template)]
#[template(path = "flags/requests.html")]
pub struct RequestsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Flags, segments, requests.
    pub parts: Tabs,
    /// Those that wait, and those that are over.
    pub tabs: Tabs,
    /// The requests.
    pub rows: Vec<RequestRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One request, on a line.
#[derive(Debug, Template)]
#[template(path = "flags/request_row.html")]
pub struct RequestRow {
    /// What became of it.
    pub state: Shown,
    /// `turn flag new-checkout on in production`.
    pub words: String,
    /// Its screen.
    pub href: String,
    /// Who asked.
    pub who: Who,
    /// When.
    pub asked: Moment,
    /// When it shall be done, if that was said.
    pub at: Option<Moment>,
    /// Why.
    pub reason: Option<String>,
    /// Whether it waits for the reader.
    pub for_you: bool,
}

writes_html!(RequestRow);

/// One request.
#[derive(Debug, Template)]
#[template(path = "flags/request.html")]
pub struct RequestScreen {
    /// The frame.
    pub chrome: Chrome,
    /// `Turn flag new-checkout on in production`.
    pub title: String,
    /// What became of it.
    pub state: Shown,
    /// Why the last try was refused.
    pub trouble: Option<Callout>,
    /// What it is about.
    pub subject: Entity,
    /// Who asked, why, when it is done, who agreed, the hash.
    pub answers: Vec<Answer>,
    /// Why it was asked for.
    pub reason: Option<String>,
    /// What will be different, in words.
    pub differences: Vec<String>,
    /// What will be different, line by line.
    pub diff: Diff,
    /// What approving it means, or why the reader can't.
    pub advice: Option<String>,
    /// Approve, reject, withdraw.
    pub decide: Option<Acts>,
    /// The same from a terminal.
    pub commands: Vec<Cli>,
}

/// Which requests, and from which on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    state: String,
    from: Option<usize>,
}

/// How many wait for somebody's approval who may give it.
pub(crate) fn waiting_for(world: &World, grant: Option<&Grant>) -> usize {
    world.flags.requests().filter(|request| grant.is_some_and(|grant| waits_for(request, grant))).count()
}

fn waits_for(request: &ChangeRequest, grant: &Grant) -> bool {
    request.is_open()
        && !request.is_approved()
        && grant.allows(Scope::Write)
        && obstacle(request, &grant.actor).is_none()
}

/// Why this actor can't approve it.
fn obstacle(request: &ChangeRequest, actor: &Actor) -> Option<&'static str> {
    if !actor.is_person() {
        return Some("Only a person who is signed in approves a change.");
    }
    if request.authors.contains(actor) {
        return Some("You wrote it, so somebody else must approve it: four eyes see more than two.");
    }
    let agreed = request.approvals.iter().any(|approval| approval.by == *actor);
    agreed.then_some("You have approved it. It waits for somebody else, or for its time.")
}

/// `GET /flags/requests`: what waits.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Response {
    let is_over = which.state == "over";
    let mut wanted: Vec<&ChangeRequest> =
        frame.world.flags.requests().rev().filter(|request| request.is_open() != is_over).collect();
    let for_you = |request: &ChangeRequest| frame.grant.as_ref().is_some_and(|grant| waits_for(request, grant));
    // What waits for the reader comes first, then what comes soonest.
    wanted.sort_by_key(|request| (!for_you(request), request.wish.at.filter(|_| !is_over)));
    let open = frame.world.flags.requests().filter(|request| request.is_open()).count();
    let tab = |label: &str, href: &str, here: bool, count: Option<usize>| Tab {
        label: label.to_owned(),
        href: frame.href(href),
        here,
        count,
    };
    let address = if is_over { "/flags/requests?state=over" } else { "/flags/requests" };
    let page = Paged::of(wanted, which.from, &frame.href(address));
    screen(&RequestsScreen {
        chrome: frame.chrome("Requests", Place::Flags),
        parts: parts(&frame, Part::Requests),
        tabs: Tabs {
            label: "Requests".to_owned(),
            tabs: vec![
                tab("Waiting", "/flags/requests", !is_over, Some(open)),
                tab("Over", "/flags/requests?state=over", is_over, None),
            ],
        },
        rows: page.items.into_iter().map(|request| row(&frame, request)).collect(),
        none: match is_over {
            true => Empty::new("No request is over yet."),
            false => Empty::new(
                "Nothing waits. A change waits here if others must agree to it, or if it shall happen at a later time: \
                 both are said where the change is made.",
            ),
        },
        pager: page.pager,
    })
}

/// The open requests about a flag or segment.
pub(super) fn about(frame: &Frame, subject: &EntityRef) -> Vec<RequestRow> {
    let open = frame.world.flags.requests().filter(|request| request.is_open());
    open.filter(|request| request.wish.change.subject() == subject).map(|request| row(frame, request)).collect()
}

fn row(frame: &Frame, request: &ChangeRequest) -> RequestRow {
    RequestRow {
        state: state(request),
        words: request.wish.change.words(),
        href: frame.href(format!("/flags/requests/{}", request.id)),
        who: author(frame, request),
        asked: frame.ago(request.asked),
        at: request.wish.at.map(|at| frame.ago(at)),
        reason: request.reason.clone(),
        for_you: frame.grant.as_ref().is_some_and(|grant| waits_for(request, grant)),
    }
}

fn author(frame: &Frame, request: &ChangeRequest) -> Who {
    request.authors.first().map_or_else(|| Who::new("nobody known"), |author| frame.who(author))
}

fn state(request: &ChangeRequest) -> Shown {
    match &request.state {
        RequestState::Open if !request.is_approved() => {
            Shown::new(Tone::Warn, format!("{} of {} agree", request.approvals.len(), request.wish.needed))
        }
        RequestState::Open => Shown::new(Tone::Good, "scheduled"),
        RequestState::Applied { .. } => Shown::new(Tone::Good, "done"),
        RequestState::Rejected { .. } => Shown::new(Tone::Quiet, "rejected"),
        RequestState::Withdrawn { .. } => Shown::new(Tone::Quiet, "withdrawn"),
        RequestState::Failed { .. } => Shown::new(Tone::Bad, "failed"),
    }
}

/// `GET /flags/requests/{id}`: one of them, and exactly what it would change.
pub async fn show(frame: Frame, Path(id): Path<String>) -> Result<Response, Problem> {
    let request = by_id(&frame.world, &id)?;
    Ok(screen(&of(&frame, request, None)))
}

fn by_id<'a>(world: &'a World, id: &str) -> Result<&'a ChangeRequest, Problem> {
    let request = id.parse::<RequestId>().ok().and_then(|id| world.flags.request(id));
    request.ok_or_else(|| not_found("request", id))
}

fn of(frame: &Frame, request: &ChangeRequest, refusal: Option<&Refusal>) -> RequestScreen {
    let wish = &request.wish;
    let words = wish.change.words();
    let title = capitalised(&words);
    RequestScreen {
        chrome: frame.chrome(&title, Place::Flags),
        state: state(request),
        trouble: refusal.map(|refusal| Callout {
            state: Shown::new(Tone::Bad, "Refused"),
            text: refusal.to_string(),
            link: None,
        }),
        subject: frame.entity(wish.change.subject()),
        answers: answers(frame, request),
        reason: request.reason.clone(),
        differences: change_in_words(&frame.world.flags, &wish.change),
        diff: documents(&frame.world, &wish.change),
        advice: advice(frame, request),
        decide: decide(frame, request),
        commands: match request.is_open() {
            true => vec![Cli::new(format!("mainstay flag approve {} --hash {}", request.id, wish.hash))],
            false => Vec::new(),
        },
        title,
    }
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The part of a hash that people compare.
fn short(hash: &Sha256) -> String {
    hash.to_string().chars().take(12).collect()
}

fn answers(frame: &Frame, request: &ChangeRequest) -> Vec<Answer> {
    let wish = &request.wish;
    let asked = Answer::to("Asked by").who(author(frame, request)).note(frame.ago(request.asked).text());
    let asked = match request.authors.split_first() {
        Some((_, [])) | None => asked,
        Some((_, others)) => {
            let names: Vec<String> = others.iter().map(|other| frame.who(other).name).collect();
            asked.note(format!("amended by {}", names.join(", ")))
        }
    };
    let when = match wish.at {
        Some(at) => {
            Answer::to("To be done").text(frame.ago(at).text()).note(at.strftime("%-d %b %Y %H:%M UTC").to_string())
        }
        None => Answer::to("To be done").text("as soon as enough agree"),
    };
    let names: Vec<String> = request.approvals.iter().map(|approval| frame.who(&approval.by).name).collect();
    let agreed = Answer::to("Agreed").text(match wish.needed {
        0 => "nobody must".to_owned(),
        needed => format!("{} of {needed}", names.len()),
    });
    let agreed = if names.is_empty() { agreed } else { agreed.note(names.join(", ")) };
    let hash = Answer::to("Exactly this").text(short(&wish.hash)).note("its hash; another change needs new approvals");
    let ended = match &request.state {
        RequestState::Open => None,
        RequestState::Applied { at } => Some(Answer::to("Done").text(frame.ago(*at).text())),
        RequestState::Withdrawn { at } => Some(Answer::to("Withdrawn").text(frame.ago(*at).text())),
        RequestState::Failed { at, why } => Some(Answer::to("Failed").gap(why.clone()).note(frame.ago(*at).text())),
        RequestState::Rejected { at, by, reason } => {
            let said = reason.as_ref().map(|reason| format!(": “{reason}”")).unwrap_or_default();
            Some(Answer::to("Rejected").who(frame.who(by)).note(format!("{}{said}", frame.ago(*at).text())))
        }
    };
    ended.into_iter().chain([asked, when, agreed, hash]).collect()
}

/// What would be different, line by line.
fn documents(world: &World, change: &Change) -> Diff {
    let json = |value: serde_json::Result<Value>| value.unwrap_or_default();
    let (before, after) = match change {
        Change::Define { definition } => {
            let before = world.flags.flag(&definition.flag).map(|flag| json(serde_json::to_value(&*flag.definition)));
            (before.unwrap_or_default(), json(serde_json::to_value(definition)))
        }
        Change::DefineSegment { segment } => {
            let before = world.flags.segment(&segment.segment).map(|before| json(serde_json::to_value(before)));
            (before.unwrap_or_default(), json(serde_json::to_value(segment)))
        }
        Change::Turn { .. } | Change::Remove { .. } | Change::RemoveSegment { .. } => return Diff::default(),
    };
    Diff::documents(&before, &after)
}

fn advice(frame: &Frame, request: &ChangeRequest) -> Option<String> {
    let grant = frame.grant.as_ref().filter(|_| request.is_open())?;
    if request.is_approved() {
        return Some("Enough people agree. It is done at its time, unless the flag is changed before.".to_owned());
    }
    obstacle(request, &grant.actor).map(str::to_owned)
}

/// What the reader may do with it.
fn decide(frame: &Frame, request: &ChangeRequest) -> Option<Acts> {
    if !frame.may_write() || !request.is_open() {
        return None;
    }
    let actor = &frame.grant.as_ref()?.actor;
    let may_approve = obstacle(request, actor).is_none() && !request.is_approved();
    let approve = may_approve.then(|| Act::new("approve", "Approve").main().key(Some('a')));
    let end = match request.authors.contains(actor) {
        true => Act::new("withdraw", "Withdraw"),
        false => Act::new("reject", "Reject"),
    };
    let reason = Field::line("reason", "Reason", "").hint("Stands on the timeline beside your decision.");
    let hidden = vec![("hash".to_owned(), request.wish.hash.to_string())];
    let acts = approve.into_iter().chain([end]).collect();
    Some(Acts { hidden, ..frame.acts(format!("/flags/requests/{}", request.id), vec![reason], acts) })
}

/// What is decided, of exactly what, and why.
#[derive(Debug, Deserialize)]
pub struct Decision {
    act: Decided,
    hash: Sha256,
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decided {
    Approve,
    Reject,
    Withdraw,
}

/// `POST /flags/requests/{id}`: decides it; a refusal is shown in place.
pub async fn act(
    State(app): State<App>,
    frame: Frame,
    by: By,
    Path(id): Path<String>,
    PostedForm(Decision { act, hash, reason }): PostedForm<Decision>,
) -> Result<Response, Problem> {
    let request = by_id(&frame.world, &id)?;
    let (action, done) = match act {
        Decided::Approve => (RequestAction::Approve { hash }, Done::Approved),
        Decided::Reject => (RequestAction::Reject, Done::Rejected),
        Decided::Withdraw => (RequestAction::Withdraw, Done::Withdrawn),
    };
    let command = Command::Flags(FlagCommand::Request { request: request.id, action });
    match app.submit(by.request(command, reason.as_deref(), None)?).await {
        Ok(receipt) => Ok(back(
            &format!("/flags/requests/{}", request.id),
            if receipt.recorded.is_empty() { Done::Nothing } else { done },
        )),
        Err(refusal) if [&codes::MOVED_ON, &codes::FOUR_EYES, &codes::CONFLICT].contains(&refusal.code) => {
            Ok((Problem::status_of(&refusal), screen(&of(&frame, request, Some(&refusal)))).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}
