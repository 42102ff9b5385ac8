//! `GET /pages/{number}`: one page: who was told by what, what became of it, and what comes next.

use askama::Template;
use axum::{extract::Path, response::Response};
use paging::{Notice, NoticeState, Page, Status};

use super::state_of;
use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    views::{Answer, Choice, Field, Form, Moment, State, Tone},
};

/// One page.
#[derive(Debug, Template)]
#[template(path = "pages/show.html")]
pub struct PageScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What it is about.
    pub title: String,
    /// Its number, how urgent it is.
    pub tags: Vec<String>,
    /// What was done and what comes next, in words.
    pub explained: Vec<String>,
    /// How it stands, what it is about, whose it is.
    pub answers: Vec<Answer>,
    /// Who is told by what, and what became of it.
    pub notices: Vec<NoticeRow>,
    /// What happened, the latest first.
    pub log: Vec<LogRow>,
    /// What can be done; none where the reader may not.
    pub forms: Vec<Form>,
}

/// One notice.
#[derive(Debug)]
pub struct NoticeRow {
    /// What became of it.
    pub state: State,
    /// Who.
    pub person: String,
    /// By what.
    pub method: String,
    /// When it falls or fell due.
    pub at: Moment,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// One line of the log.
#[derive(Debug)]
pub struct LogRow {
    /// When.
    pub at: Moment,
    /// Who.
    pub by: String,
    /// What.
    pub words: String,
    /// True for what somebody must look into.
    pub loud: bool,
}

/// Shows a page.
pub async fn show(frame: Frame, Path(number): Path<String>) -> Result<Response, Problem> {
    let found = number.parse().ok().and_then(|number| frame.world.paging.numbered(number));
    let page = found.ok_or_else(|| not_found("page", &number))?;
    Ok(screen(&PageScreen {
        chrome: frame.chrome(format!("Page {}", page.page.number), Place::OnCall),
        title: page.about.title.clone(),
        tags: vec![format!("page {}", page.page.number), format!("{} urgency", page.about.urgency.word())],
        explained: paging::explain(page, frame.now),
        answers: answers(&frame, page),
        notices: page.notices.values().rev().map(|notice| row(&frame, notice)).collect(),
        log: log(&frame, page),
        forms: forms(&frame, page),
    }))
}

fn answers(frame: &Frame, page: &Page) -> Vec<Answer> {
    let about = &page.about;
    let incident = about.incident.map(|incident| {
        let href = frame.href(format!("/incidents/{}", incident.number));
        Answer::to("Incident").link(format!("#{}", incident.number), href)
    });
    let team = match &about.team {
        Some(team) => Answer::to("Team").entity(frame.entity(team)),
        None => Answer::to("Team").gap("No owner"),
    };
    let state = Answer::to("State").state(state_of(page), Some(frame.elapsed(page.opened)));
    [Some(state), Some(Answer::to("About").entity(frame.entity(&about.subject))), Some(team), incident]
        .into_iter()
        .flatten()
        .collect()
}

fn row(frame: &Frame, notice: &Notice) -> NoticeRow {
    let (tone, word, error) = match &notice.state {
        NoticeState::Waiting => (Tone::Quiet, "waits", None),
        NoticeState::Sending { .. } => (Tone::Warn, "on its way", None),
        NoticeState::Retrying { error, .. } => (Tone::Bad, "failed, tried again", Some(error.clone())),
        NoticeState::Sent { .. } => (Tone::Good, "sent", None),
        NoticeState::Failed { error, .. } => (Tone::Bad, "failed", Some(error.clone())),
        NoticeState::Dropped => (Tone::Quiet, "not needed", None),
    };
    NoticeRow {
        state: State::new(tone, word),
        person: frame.catalog_person(&notice.person).name,
        method: format!("{} {}", notice.method.channel.as_str(), notice.method.label),
        at: frame.ago(notice.at),
        error,
    }
}

fn log(frame: &Frame, page: &Page) -> Vec<LogRow> {
    let line = |entry: &paging::LogEntry| LogRow {
        at: frame.ago(entry.at),
        by: frame.who(&entry.by).name,
        words: entry.words.clone(),
        loud: entry.loud,
    };
    page.log.iter().rev().map(line).collect()
}

fn forms(frame: &Frame, page: &Page) -> Vec<Form> {
    if !frame.may_write() || frame.past().is_some() {
        return Vec::new();
    }
    let form = |verb: &str, label: &str| frame.form(format!("/pages/{}/{verb}", page.page.number), label, Vec::new());
    let policies: Vec<Choice> = frame.world.paging.policies().map(|policy| policy_choice(policy, page)).collect();
    let reassign = (!policies.is_empty()).then(|| {
        let field = Field::select("policy", "Give it to another policy", policies);
        frame.form(format!("/pages/{}/reassign", page.page.number), "Give", vec![field])
    });
    let forms = match &page.status {
        Status::Open => vec![
            Form { main: true, ..form("acknowledge", "Acknowledge") },
            form("escalate", "Escalate now"),
            form("renotify", "Tell them again"),
            form("close", "Close"),
        ],
        Status::Exhausted { .. } => vec![
            Form { main: true, ..form("acknowledge", "Acknowledge") },
            form("renotify", "Tell them again"),
            form("close", "Close"),
        ],
        Status::Acknowledged { .. } | Status::Closed { .. } => return Vec::new(),
    };
    forms.into_iter().chain(reassign).collect()
}

fn policy_choice(policy: &paging::Policy, page: &Page) -> Choice {
    let current = page.policy.as_ref().map(ToString::to_string).unwrap_or_default();
    Choice::new(policy.policy.as_str(), policy.policy.short(), &current)
}
