//! Changes that somebody asks for: because others must agree, because they shall happen later, or both.
//!
//! People agree to the hash of the exact change and its time. If it is amended, they must agree again; if the flag was
//! changed since the wish was written, it is not done.

use std::sync::Arc;

use imbl::OrdMap;
use kernel::{Actor, Context, EntityRef, Refusal, RequestId, Sha256, Stamp, Timestamp, codes};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Definition, Event, RequestStep, Segment, State, Wish, approval, command};

/// A change that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a change is a command, of which there are few at a time")]
pub enum Change {
    /// Turn a flag on or off.
    Turn {
        /// Which.
        flag: EntityRef,
        /// Where.
        environment: String,
        /// What it shall be.
        on: bool,
    },
    /// Define a flag, or replace its definition.
    Define {
        /// The definition.
        definition: Definition,
    },
    /// Remove a flag.
    Remove {
        /// Which.
        flag: EntityRef,
    },
    /// Define a segment, or replace its definition.
    DefineSegment {
        /// The segment.
        segment: Segment,
    },
    /// Remove a segment.
    RemoveSegment {
        /// Which.
        segment: EntityRef,
    },
}

/// A change that somebody asked for, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRequest {
    /// Its id.
    pub id: RequestId,
    /// What is wished.
    pub wish: Wish,
    /// Who wrote it: who asked, then who amended.
    pub authors: Vec<Actor>,
    /// When it was asked for.
    pub asked: Timestamp,
    /// Why, in its author's words.
    pub reason: Option<String>,
    /// Who agreed to exactly this wish.
    pub approvals: Vec<Approval>,
    /// What became of it.
    pub state: RequestState,
}

/// That somebody agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RequestState {
    /// It waits for approvals or for its time.
    Open,
    /// It was done.
    Applied {
        /// When.
        at: Timestamp,
    },
    /// Somebody said no.
    Rejected {
        /// Who.
        by: Actor,
        /// When.
        at: Timestamp,
        /// Why, in their words.
        reason: Option<String>,
    },
    /// Its author took it back.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
    /// It could not be done.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
}

/// What somebody does with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "it is a command, of which there are few at a time")]
pub enum RequestAction {
    /// Wish something else instead.
    Amend {
        /// The change.
        change: Change,
        /// When.
        at: Option<Timestamp>,
    },
    /// Agree.
    Approve {
        /// To exactly this.
        hash: Sha256,
    },
    /// Say no.
    Reject,
    /// Take it back.
    Withdraw,
    /// Do it: its time has come.
    Apply,
}

/// This many requests may be open.
const OPEN_MAX: usize = 1_000;
/// This many are remembered, open ones included.
const REMEMBERED_MAX: usize = 2_000;

impl Change {
    /// The flag or segment that it changes.
    #[must_use]
    pub fn subject(&self) -> &EntityRef {
        match self {
            Self::Turn { flag, .. } | Self::Remove { flag } => flag,
            Self::Define { definition } => &definition.flag,
            Self::DefineSegment { segment } => &segment.segment,
            Self::RemoveSegment { segment } => segment,
        }
    }

    /// It in words: "turn flag x on in production".
    #[must_use]
    pub fn words(&self) -> String {
        let subject = self.subject().short();
        match self {
            Self::Turn { environment, on, .. } => {
                format!("turn flag {subject} {} in {environment}", if *on { "on" } else { "off" })
            }
            Self::Define { .. } => format!("define flag {subject}"),
            Self::Remove { .. } => format!("remove flag {subject}"),
            Self::DefineSegment { .. } => format!("define segment {subject}"),
            Self::RemoveSegment { .. } => format!("remove segment {subject}"),
        }
    }
}

impl ChangeRequest {
    /// True if as many people agreed as must.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        self.approvals.len() >= usize::from(self.wish.needed)
    }

    /// True while it waits.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == RequestState::Open
    }

    /// True if it can be done now.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.is_open() && self.is_approved() && self.wish.at.is_none_or(|at| at <= now)
    }
}

/// The hash of a change and its time: of their JSON with the keys of every object in order.
#[must_use]
pub fn hash(change: &Change, at: Option<Timestamp>) -> Sha256 {
    let value = serde_json::json!({ "change": change, "at": at });
    Sha256::of(ordered(value).to_string().as_bytes())
}

fn ordered(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            fields.into_iter().map(|(name, value)| (name, ordered(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(ordered).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

pub(crate) fn ask(
    state: &State,
    change: Change,
    at: Option<Timestamp>,
    context: &Context,
) -> Result<Vec<Event>, Refusal> {
    if state.requests().filter(|request| request.is_open()).count() >= OPEN_MAX {
        let detail = format!("{OPEN_MAX} requests are open, which is the bound");
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("decide some of them first"));
    }
    let wish = wish(state, change, at, context)?;
    let request = ChangeRequest {
        id: context.id(),
        wish: wish.clone(),
        authors: vec![context.actor.clone()],
        asked: context.now,
        reason: None,
        approvals: Vec::new(),
        state: RequestState::Open,
    };
    let asked = event(&request, RequestStep::Asked { wish: Box::new(wish) });
    Ok(std::iter::once(asked).chain(settle(state, &request, context)).collect())
}

/// The wish, if it could be done now: what can't be is better said before others are asked.
fn wish(state: &State, change: Change, at: Option<Timestamp>, context: &Context) -> Result<Wish, Refusal> {
    if at.is_some_and(|at| at <= context.now) {
        return Err(Refusal::new(&codes::INVALID, "the time of the change is over").field("at"));
    }
    if command::perform(state, change.clone())?.is_empty() {
        return Err(Refusal::new(&codes::CONFLICT, format!("nothing would change: {}", change.words())));
    }
    let base = edited(state, &change);
    Ok(Wish { hash: hash(&change, at), base, needed: approval::needed(state, &change), change, at })
}

/// The position of the last event that altered what the change is about.
fn edited(state: &State, change: &Change) -> u64 {
    match change {
        Change::Turn { .. } | Change::Define { .. } | Change::Remove { .. } => {
            state.flag(change.subject()).map_or(0, |flag| flag.edited)
        }
        Change::DefineSegment { .. } | Change::RemoveSegment { .. } => state.segment_edited(change.subject()),
    }
}

pub(crate) fn act(
    state: &State,
    request: RequestId,
    action: RequestAction,
    context: &Context,
) -> Result<Vec<Event>, Refusal> {
    let missing =
        || Refusal::new(&codes::NOT_FOUND, "there is no such request").fix("`mainstay flag requests` lists them");
    let request = state.request(request).ok_or_else(missing)?;
    if !request.is_open() {
        return Err(Refusal::new(&codes::CONFLICT, format!("this request is over: it {}", ending(&request.state))));
    }
    match action {
        RequestAction::Amend { change, at } => amend(state, request, change, at, context),
        RequestAction::Approve { hash } => approve(state, request, hash, context),
        RequestAction::Reject => Ok(vec![event(request, RequestStep::Rejected)]),
        RequestAction::Withdraw if request.authors.contains(&context.actor) => {
            Ok(vec![event(request, RequestStep::Withdrawn)])
        }
        RequestAction::Withdraw => {
            Err(Refusal::new(&codes::FOUR_EYES, "only its author withdraws a request").fix("reject it"))
        }
        RequestAction::Apply => Ok(settle(state, request, context)),
    }
}

fn ending(state: &RequestState) -> &'static str {
    match state {
        RequestState::Open => "is open",
        RequestState::Applied { .. } => "was done",
        RequestState::Rejected { .. } => "was rejected",
        RequestState::Withdrawn { .. } => "was withdrawn",
        RequestState::Failed { .. } => "failed",
    }
}

fn amend(
    state: &State,
    request: &ChangeRequest,
    change: Change,
    at: Option<Timestamp>,
    context: &Context,
) -> Result<Vec<Event>, Refusal> {
    if change.subject() != request.wish.change.subject() {
        return Err(Refusal::new(&codes::INVALID, "a request keeps its subject")
            .field("change")
            .fix("make a new request"));
    }
    let wish = wish(state, change, at, context)?;
    if wish.hash == request.wish.hash && wish.base == request.wish.base {
        return Ok(Vec::new());
    }
    let amended = event(request, RequestStep::Amended { wish: Box::new(wish.clone()) });
    let request = ChangeRequest { wish, approvals: Vec::new(), ..request.clone() };
    Ok(std::iter::once(amended).chain(settle(state, &request, context)).collect())
}

fn approve(state: &State, request: &ChangeRequest, hash: Sha256, context: &Context) -> Result<Vec<Event>, Refusal> {
    if hash != request.wish.hash {
        return Err(Refusal::new(&codes::MOVED_ON, "the request is another one than you have read").field("hash"));
    }
    if !context.actor.is_person() {
        return Err(Refusal::new(&codes::FOUR_EYES, "only a person who is signed in approves a change"));
    }
    if request.authors.contains(&context.actor) {
        return Err(Refusal::new(&codes::FOUR_EYES, "who asked for a change, or amended it, can't approve it"));
    }
    if request.approvals.iter().any(|approval| approval.by == context.actor) {
        return Ok(Vec::new());
    }
    let approved = event(request, RequestStep::Approved { hash });
    let mut request = request.clone();
    request.approvals.push(Approval { by: context.actor.clone(), at: context.now });
    Ok(std::iter::once(approved).chain(settle(state, &request, context)).collect())
}

/// Makes the change if it may be made now.
fn settle(state: &State, request: &ChangeRequest, context: &Context) -> Vec<Event> {
    if !request.is_due(context.now) {
        return Vec::new();
    }
    let wish = &request.wish;
    if edited(state, &wish.change) != wish.base {
        let why = format!("{} was changed since", wish.change.subject().short());
        return vec![event(request, RequestStep::Failed { why })];
    }
    // A segment stays as it is when a flag that needs approvals begins to use it.
    if request.approvals.len() < usize::from(approval::needed(state, &wish.change)) {
        let why = "more people must agree now than when it was asked for".to_owned();
        return vec![event(request, RequestStep::Failed { why })];
    }
    match command::perform(state, wish.change.clone()) {
        Ok(mut events) => {
            events.push(event(request, RequestStep::Applied));
            events
        }
        Err(refusal) => vec![event(request, RequestStep::Failed { why: refusal.to_string() })],
    }
}

fn event(request: &ChangeRequest, step: RequestStep) -> Event {
    Event::Request { request: request.id, subject: request.wish.change.subject().clone(), step }
}

pub(crate) fn fold(
    requests: &mut OrdMap<RequestId, Arc<ChangeRequest>>,
    id: RequestId,
    step: &RequestStep,
    stamp: &Stamp,
) {
    let at = stamp.at;
    if let RequestStep::Asked { wish } = step {
        let request = ChangeRequest {
            id,
            wish: wish.as_ref().clone(),
            authors: vec![stamp.actor.clone()],
            asked: at,
            reason: stamp.reason.clone(),
            approvals: Vec::new(),
            state: RequestState::Open,
        };
        requests.insert(id, Arc::new(request));
        forget_oldest(requests);
        return;
    }
    let Some(request) = requests.get_mut(&id).map(Arc::make_mut) else { return };
    match step {
        RequestStep::Asked { .. } => {}
        RequestStep::Amended { wish } => {
            request.wish = wish.as_ref().clone();
            request.approvals.clear();
            if !request.authors.contains(&stamp.actor) {
                request.authors.push(stamp.actor.clone());
            }
        }
        RequestStep::Approved { .. } => request.approvals.push(Approval { by: stamp.actor.clone(), at }),
        RequestStep::Rejected => {
            let (by, reason) = (stamp.actor.clone(), stamp.reason.clone());
            request.state = RequestState::Rejected { by, at, reason };
        }
        RequestStep::Withdrawn => request.state = RequestState::Withdrawn { at },
        RequestStep::Applied => request.state = RequestState::Applied { at },
        RequestStep::Failed { why } => request.state = RequestState::Failed { at, why: why.clone() },
    }
}

fn forget_oldest(requests: &mut OrdMap<RequestId, Arc<ChangeRequest>>) {
    if requests.len() > REMEMBERED_MAX
        && let Some(oldest) = requests.values().find(|request| !request.is_open()).map(|request| request.id)
    {
        requests.remove(&oldest);
    }
}
