//! `GET /actions/{number}`: one item: how it stands, what shows it, what happened, and what can be done.

use ::actions::{Action, ActionState, DoneWhen, Evidence, Knowledge as _, Lead, Look};
use askama::Template;
use axum::{extract::Path, response::Response};
use kernel::Refusal;

use super::{state_of, wish::by_number};
use crate::{
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::outside,
    views::{Answer, Callout, Choice, Cli, Entry, Field, Form, Link, Moment, State, Tone, Who},
};

/// One item.
#[derive(Debug, Template)]
#[template(path = "actions/show.html")]
pub struct ActionScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Why the last try was refused.
    pub trouble: Option<Callout>,
    /// What was promised.
    pub what: String,
    /// Its number, where it comes from.
    pub tags: Vec<String>,
    /// Why, as HTML.
    pub why: Option<String>,
    /// State, owner, team, deadline, escalation, condition.
    pub answers: Vec<Answer>,
    /// What shows that it was done, or why it isn't to be: as HTML.
    pub evidence: Option<String>,
    /// Where it can be seen.
    pub link: Option<Link>,
    /// What happened, the latest first.
    pub log: Vec<LogRow>,
    /// Entries of the log that were left out.
    pub left_out: u64,
    /// What can be done; none where the reader may not.
    pub forms: Vec<(&'static str, Form)>,
    /// The same from a terminal.
    pub commands: Vec<Cli>,
}

/// One line of the log.
#[derive(Debug)]
pub struct LogRow {
    /// When.
    pub at: Moment,
    /// Who.
    pub by: Who,
    /// What.
    pub what: String,
}

/// Shows an item.
///
/// # Errors
/// `not-found` if there is none of this number.
pub async fn show(frame: Frame, Path(number): Path<String>) -> Result<Response, Problem> {
    let action = by_number(&frame.world, &number)?;
    Ok(screen(&drawn(&frame, action, None)))
}

/// The item's screen; with what was refused, the form that was filled in keeps what stood in it.
pub(super) fn drawn(
    frame: &Frame,
    action: &Action,
    refused: Option<(&Refusal, &str, &super::act::Filled)>,
) -> ActionScreen {
    let promise = &action.promise;
    let rendered = |text: &str| prose::render(text, &prose::Links::nowhere()).html;
    let (evidence, link) = match &action.state {
        ActionState::Done { evidence: Evidence::Word { note, link }, .. } => {
            (Some(rendered(note)), outside(link).map(|href| Link::new(link.clone(), href)))
        }
        ActionState::Done { evidence: Evidence::Seen { words }, .. } => (Some(rendered(words)), None),
        ActionState::Deprioritised { reason, .. } => (Some(rendered(reason)), None),
        ActionState::Open | ActionState::Escalated { .. } => (None, None),
    };
    let log = action.log.iter().rev();
    ActionScreen {
        chrome: frame.chrome(format!("Action {}", action.number), Place::Actions),
        trouble: refused.map(|(refusal, ..)| Callout {
            state: State::new(Tone::Bad, "Not done"),
            text: refusal.to_string(),
            link: None,
        }),
        what: promise.what.clone(),
        tags: vec![format!("action {}", action.number), promise.source.in_words()],
        why: (!promise.why.trim().is_empty()).then(|| rendered(&promise.why)),
        answers: answers(frame, action),
        evidence,
        link,
        log: log
            .map(|entry| LogRow { at: frame.ago(entry.at), by: frame.who(&entry.by), what: entry.what.clone() })
            .collect(),
        left_out: action.log_left_out,
        forms: if frame.may_write() { forms(frame, action, refused) } else { Vec::new() },
        commands: commands(action),
    }
}

fn answers(frame: &Frame, action: &Action) -> Vec<Answer> {
    let promise = &action.promise;
    let since = match &action.state {
        ActionState::Open => action.promised,
        ActionState::Done { at, .. } | ActionState::Escalated { at } | ActionState::Deprioritised { at, .. } => *at,
    };
    let mut state = Answer::to("State").state(state_of(action, frame.now), Some(frame.elapsed(since)));
    if let ActionState::Done { by, .. } | ActionState::Deprioritised { by, person: None, .. } = &action.state {
        state = state.note(format!("by {}", frame.who(by).name));
    }
    if let ActionState::Deprioritised { person: Some(person), .. } = &action.state {
        state = state.note(format!("by {}", frame.catalog_person(person).name));
    }
    if action.reopened > 0 {
        let times = if action.reopened == 1 { "once".to_owned() } else { format!("{} times", action.reopened) };
        state = state.note(format!("reopened {times}"));
    }
    let owner = if frame.world.catalog.get(&promise.owner).is_some() {
        Answer::to("Owner").who(frame.catalog_person(&promise.owner))
    } else {
        Answer::to("Owner").gap(format!("{} left", promise.owner.short())).note("give it to somebody else")
    };
    let team = match &promise.team {
        Some(team) => Answer::to("Team").entity(frame.entity(team)),
        None => Answer::to("Team").gap("No team").note("nobody can be found to escalate to"),
    };
    let mut deadline = Answer::to("Deadline").text(promise.deadline.strftime("%-d %b %Y").to_string());
    if promise.deadline != action.first_deadline {
        deadline = deadline.note(format!("first promised for {}", action.first_deadline.strftime("%-d %b %Y")));
    }
    let about = Answer::to("About").entity(frame.entity(&promise.subject));
    let escalation = escalation(frame, action);
    [Some(state), Some(owner), Some(team), Some(deadline), escalation, Some(about), Some(condition(frame, action))]
        .into_iter()
        .flatten()
        .collect()
}

/// To whom it was escalated, or when it will be, and by what that is counted.
fn escalation(frame: &Frame, action: &Action) -> Option<Answer> {
    if let (ActionState::Escalated { .. }, Some(escalation)) = (&action.state, &action.escalation) {
        let answer = Answer::to("Escalated to");
        let names: Vec<String> = escalation.to.iter().map(|person| frame.catalog_person(person).name).collect();
        let answer = if names.is_empty() { answer.gap("Nobody") } else { answer.text(names.join(", ")) };
        return Some(match &escalation.lead {
            Lead::Leads { team } => answer.note(format!("leads {}", frame.catalog_person(team).name)),
            Lead::Nobody { team: Some(team) } => {
                answer.gap(format!("nobody leads {}", frame.catalog_person(team).name))
            }
            Lead::Nobody { team: None } => answer.gap("it is no team’s"),
        });
    }
    if action.is_finished() {
        return None;
    }
    let answer = Answer::to("Escalates").text(action.clock.escalates.strftime("%-d %b %Y %H:%M UTC").to_string());
    Some(match &action.clock.cycle {
        Some(cycle) => answer.note(format!("two whole sprints by {}", cycle.short())),
        None => answer.note("in four weeks: the team has no calendar"),
    })
}

fn condition(frame: &Frame, action: &Action) -> Answer {
    let condition = &action.promise.done_when;
    let answer = Answer::to("Done when").text(condition.in_words());
    if condition.is_word() || action.is_finished() {
        return answer;
    }
    match frame.world.look(condition, action.promised) {
        Look::Holds(words) => answer.note(words),
        Look::Fails(words) => answer.note(format!("not yet: {words}")),
        Look::Unsure(words) => answer.note(format!("can’t be said: {words}")),
    }
}

fn forms(
    frame: &Frame,
    action: &Action,
    refused: Option<(&Refusal, &str, &super::act::Filled)>,
) -> Vec<(&'static str, Form)> {
    let filled = |verb: &str| refused.filter(|(_, of, _)| *of == verb).map(|(refusal, _, filled)| (refusal, filled));
    let value = |verb: &str, read: fn(&super::act::Filled) -> &String| {
        filled(verb).map(|(_, filled)| read(filled).clone()).unwrap_or_default()
    };
    let wrong = |verb: &str, field: Field| {
        let of = |refusal: &Refusal| refusal.field.as_deref().map(|field| field.trim_start_matches('/').to_owned());
        match filled(verb).filter(|(refusal, _)| of(refusal).as_deref() == Some(field.name.as_str())) {
            Some((refusal, _)) => field.error(refusal.detail.clone()),
            None => field,
        }
    };
    let form = |verb: &str, label: &str, fields: Vec<Field>| {
        let fields = fields.into_iter().map(|field| {
            let id = format!("{verb}-{}", field.name);
            wrong(verb, field).id(id)
        });
        frame.form(format!("/actions/{}/{verb}", action.number), label, fields.collect())
    };
    let lines =
        |name: &str, label: &str, text: String| Field::new(name, label, Entry::Lines { value: text }).required();
    if action.is_finished() {
        // What is so by itself is not reopened by hand.
        if matches!(frame.world.look(&action.promise.done_when, action.promised), Look::Holds(_)) {
            return Vec::new();
        }
        let fields = vec![lines("reason", "Why", value("reopen", |filled| &filled.reason))];
        return vec![("It is not done after all", form("reopen", "Reopen", fields))];
    }
    let mut forms = Vec::new();
    if action.promise.done_when == DoneWhen::Word {
        let link = Field::line("link", "Where it can be seen", value("done", |filled| &filled.link)).required();
        let fields = vec![
            lines("note", "What was done", value("done", |filled| &filled.note)),
            link.hint("The https address of the change, the document or the ticket."),
        ];
        forms.push(("Done", Form { main: true, ..form("done", "It is done", fields) }));
    }
    let reason = lines("reason", "Why", value("deprioritise", |filled| &filled.reason));
    forms.push((
        "Decide against it",
        form("deprioritise", "Deprioritise, under my name", vec![reason.hint("Everybody sees it, with your name.")]),
    ));
    let mut people: Vec<Choice> = frame
        .world
        .catalog
        .of_kind("user")
        .take(PEOPLE_MAX)
        .map(|user| Choice::new(user.reference().as_str(), crate::show::name(user), action.promise.owner.as_str()))
        .collect();
    people.sort_by_key(|choice| choice.label.to_lowercase());
    forms.push((
        "Give it to somebody else",
        form("reassign", "Give", vec![Field::select("owner", "Who does it", people)]),
    ));
    if action.state == ActionState::Open && action.postponed == 0 {
        let day = Entry::Line { kind: "date", value: value("postpone", |filled| &filled.deadline) };
        let fields = vec![
            Field::new("deadline", "New deadline", day).required().hint("Once. When it escalates stays as it is."),
            lines("reason", "Why", value("postpone", |filled| &filled.reason)),
        ];
        forms.push(("Put it off", form("postpone", "Postpone", fields)));
    }
    forms
}

/// People to choose from; more are named by the command line.
pub(super) const PEOPLE_MAX: usize = 1_000;

fn commands(action: &Action) -> Vec<Cli> {
    let number = action.number;
    let done = format!("mainstay action done {number} --note 'merged' --link https://…");
    let against = format!("mainstay action deprioritise {number} --reason '…' --by {}", action.promise.owner.short());
    if action.is_finished() {
        return vec![Cli::new(format!("mainstay action show {number}"))];
    }
    let by_word = action.promise.done_when == DoneWhen::Word;
    by_word.then(|| Cli::new(done)).into_iter().chain([Cli::new(against)]).collect()
}
