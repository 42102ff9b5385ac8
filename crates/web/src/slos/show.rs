//! `GET /slos/{namespace}/{name}`: one service level objective: what is left of its budget, and what burnt it.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use incidents::Incident;
use kernel::Timestamp;
use serde::Deserialize;
use slo::{
    Budget, Input, Ledger, Measure, Objective, Period, Standing, burn_down, in_letters, minute_of, moment_of, percent,
    spent,
};

use super::{
    keeper::Look,
    standing::{minutes_words, state_of, window_words},
};
use crate::{
    api::not_found,
    frame::Frame,
    marks::{self, Happened, Mark},
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::named,
    views::{Answer, Empty, Moment, State, Tab, Tabs, Tone},
};

/// One SLO.
#[derive(Debug, Template)]
#[template(path = "slos/show.html")]
pub struct SloScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What it is called.
    pub name: String,
    /// What it says of itself.
    pub description: String,
    /// State, what is left, what it is about, how long it lasts.
    pub answers: Vec<Answer>,
    /// Its objectives, where there are several.
    pub objectives: Option<Tabs>,
    /// How the budget went; none if nothing is known.
    pub chart: Option<BurnDown>,
    /// What is said where nothing is known.
    pub none: Empty,
    /// What burnt it, the most first.
    pub burnt: Vec<Burnt>,
    /// What each alert sees.
    pub alerts: Vec<AlertRow>,
    /// What is not followed, or can't work.
    pub notes: Vec<String>,
    /// What it says, field by field.
    pub facts: Vec<(String, String)>,
}

/// What was left of a budget over its period.
#[derive(Debug)]
pub struct BurnDown {
    /// In words.
    pub words: String,
    /// The bars, oldest first.
    pub bars: Vec<Bar>,
    /// What happened meanwhile, oldest first.
    pub marks: Vec<Mark>,
}

/// What was left at the end of one step.
#[derive(Debug)]
pub struct Bar {
    /// When the step ended.
    pub at: Moment,
    /// Where it begins, in percent of the width.
    pub x: f64,
    /// How wide it is.
    pub width: f64,
    /// Its upper end, in pixels.
    pub y: f64,
    /// How high it is, in pixels.
    pub height: f64,
    /// In words: `87.1%`.
    pub left: String,
}

/// What burnt a part of the budget.
#[derive(Debug)]
pub struct Burnt {
    /// What.
    pub name: String,
    /// Its own screen.
    pub href: Option<String>,
    /// When it began.
    pub at: Option<Moment>,
    /// How wide its bar is, of 100.
    pub width: u8,
    /// `12.3% of the budget`.
    pub share: String,
}

/// What an alert sees.
#[derive(Debug)]
pub struct AlertRow {
    /// Whether it fires.
    pub state: State,
    /// Its name, and how urgent it is.
    pub name: String,
    /// The two windows and their burn rates, in words.
    pub seen: String,
}

/// Which objective.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    objective: usize,
}

/// So many bars.
const BARS: i64 = 60;
/// So many things that happened are marked; of more, the newest.
const MARKS_MAX: usize = 20;
/// So many incidents are listed.
const BURNT_MAX: usize = 20;
/// How high the plot is, in pixels, below its numbers.
const HEIGHT: f64 = 120.0;
const TOP: f64 = 14.0;

/// Shows an SLO.
pub async fn show(
    frame: Frame,
    Path((namespace, name)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let slo = named("slo", &namespace, &name)?;
    let definition = frame.world.slos.slo(&slo).ok_or_else(|| not_found("SLO", slo.short()))?.clone();
    let held = frame.world.slos.standing(&slo);
    let look = frame.app.slos().look(&frame.world, &slo, frame.now).unwrap_or_else(|| Err("it is gone".to_owned()));
    let state = state_of(&look, &held);
    let name = definition.display.clone().unwrap_or_else(|| slo.short().to_owned());
    let index = which.objective.min(definition.objectives.len().saturating_sub(1));
    let mut answers = vec![Answer::to("State").state(state, held.firing.first().map(|it| frame.elapsed(it.since)))];
    let mut facts = vec![
        ("Service".to_owned(), definition.service.clone()),
        ("Window".to_owned(), window_words(&definition.window)),
    ];
    let objectives = (definition.objectives.len() > 1).then(|| {
        let tab = |(at, objective): (usize, &Objective)| Tab {
            label: label(objective),
            href: frame.href(format!("{}?objective={at}", crate::show::address(&slo))),
            here: at == index,
            count: None,
        };
        Tabs { label: "Objective".to_owned(), tabs: definition.objectives.iter().enumerate().map(tab).collect() }
    });
    let mut page = SloScreen {
        chrome: frame.chrome(name.clone(), Place::Objectives),
        name,
        description: definition.description.clone().unwrap_or_default(),
        answers: Vec::new(),
        objectives,
        chart: None,
        none: Empty::new("Nothing was counted in this period yet: how the service does is unknown."),
        burnt: Vec::new(),
        alerts: Vec::new(),
        notes: Vec::new(),
        facts: Vec::new(),
    };
    match (&look, definition.objectives.get(index)) {
        (Ok(look), Some(objective)) => {
            if let Some(now) = look.report.objectives.get(index) {
                answers.extend(answers_of(&frame, look, objective, now));
                page.alerts =
                    now.alerts.iter().map(|(alert, reading)| alert_row(alert, reading, &held, index)).collect();
                let ledger = look.record.of(index);
                if let Some(budget) = &now.budget {
                    page.chart = Some(chart(&frame, look, ledger, budget));
                    page.burnt = burnt(&frame, look, ledger, budget);
                }
            }
            page.notes.clone_from(&look.resolved.notes);
            page.notes.extend(look.trouble.iter().map(|why| format!("its Prometheus could not be asked: {why}")));
            facts.push(("Target".to_owned(), label(objective)));
            facts.push(("Measured by".to_owned(), measured(&look.resolved.input)));
        }
        (Err(wrong), _) => page.notes.push(wrong.clone()),
        (Ok(_), None) => {}
    }
    if let Some(consequences) = &definition.consequences {
        facts.push(("When its budget is gone".to_owned(), consequences.words()));
    }
    page.answers = answers;
    page.facts = facts;
    Ok(screen(&page))
}

fn label(objective: &Objective) -> String {
    let target = format!("{}%", objective.percent());
    let slices = objective
        .slices
        .map(|rule| format!(" of slices of {} with at least {} good", in_letters(rule.minutes), percent(rule.target)));
    let good = objective.good.map(|(op, value)| format!(" {} {value}", op.sign()));
    let name = objective.display.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    format!("{name}{target}{}{}", slices.unwrap_or_default(), good.unwrap_or_default())
}

fn measured(input: &Input) -> String {
    match input {
        Input::Check { check, degraded_is_bad: false } => {
            format!("the check {}, each second that it is up", check.short())
        }
        Input::Check { check, degraded_is_bad: true } => {
            format!("the check {}, each second that it is up and not slow", check.short())
        }
        Input::Runs { check, ms_max } => format!("each run of the check {}, good up to {ms_max} ms", check.short()),
        Input::Prometheus { url, measure, .. } => match measure {
            Measure::Ratio { bad: false, part, total, .. } => format!("{url}: good {part}, of all {total}"),
            Measure::Ratio { bad: true, part, total, .. } => format!("{url}: bad {part}, of all {total}"),
            Measure::Raw { query, .. } => format!("{url}: {query}, each minute counts the same"),
            Measure::Threshold { query, .. } => format!("{url}: {query}, each minute counts the same"),
        },
    }
}

fn answers_of(frame: &Frame, look: &Look, objective: &Objective, now: &Standing) -> Vec<Answer> {
    let left = match now.budget {
        Some(budget) => Answer::to("Budget left").text(percent(budget.left)).note(format!(
            "{:.1} bad of {:.1} allowed",
            budget.counts.bad(),
            budget.allowed
        )),
        None => Answer::to("Budget left").gap("unknown"),
    };
    let measured = match now.budget {
        Some(budget) => Answer::to("Good").text(format!("{:.3}%", (1.0 - budget.error) * 100.0)),
        None => Answer::to("Good").gap("unknown"),
    };
    let burn = match now.burn {
        Some(burn) => Answer::to("Burns")
            .text(format!("{burn:.1} times too fast"))
            .note("in the last hour; at 1 the budget just lasts"),
        None => Answer::to("Burns").gap("unknown"),
    };
    let burn = match now.exhausted_in {
        Some(minutes) => burn.note(format!("used up in {} if that goes on", minutes_words(minutes))),
        None => burn,
    };
    let seen = match look.report.last {
        Some(last) if look.report.silent => {
            Answer::to("Measured").gap(format!("nothing since {}", moment_of(last).strftime("%Y-%m-%d %H:%M UTC")))
        }
        Some(last) => {
            Answer::to("Measured").text("now").note(format!("up to {}", moment_of(last + 1).strftime("%H:%M UTC")))
        }
        None => Answer::to("Measured").gap("never"),
    };
    let owner = match frame.world.owner_of(&look.entity) {
        Some(owner) => Answer::to("Owner").who(frame.catalog_person(&owner)),
        None => Answer::to("Owner").gap("none: nobody is told"),
    };
    vec![
        left,
        measured.note(format!("wanted {}%", objective.percent())),
        burn,
        Answer::to("About").entity(frame.entity(&look.entity)),
        owner,
        seen,
    ]
}

fn alert_row(alert: &slo::Alert, reading: &slo::Reading, held: &slo::Held, objective: usize) -> AlertRow {
    let fires = held.firing.iter().any(|it| usize::from(it.about.objective) == objective && it.alert == alert.name);
    let state = match (fires, reading.verdict) {
        (true, _) => State::new(Tone::Bad, "burning"),
        (false, slo::Verdict::Unknown) => State::new(Tone::Unknown, "unknown"),
        (false, slo::Verdict::Quiet | slo::Verdict::Burning) => State::new(Tone::Good, "quiet"),
    };
    let rate = |rate: Option<f64>| rate.map_or_else(|| "unknown".to_owned(), |rate| format!("{rate:.2}"));
    AlertRow {
        state,
        name: format!("{} ({})", alert.name, alert.severity.word()),
        seen: format!(
            "{} in {}, {} in {}; too much is {} {:.2}",
            rate(reading.long),
            in_letters(alert.long),
            rate(reading.short),
            in_letters(alert.short),
            alert.op.sign(),
            alert.threshold
        ),
    }
}

/// Where a minute lies in the period that is over, in percent of the width.
fn place(minute: i64, period: Period) -> f64 {
    let length = f64::from(period.minutes().max(1));
    let away = (minute - period.from) as f64 * 100.0 / length;
    (away.clamp(0.0, 100.0) * 100.0).round() / 100.0
}

fn chart(frame: &Frame, look: &Look, ledger: &Ledger, budget: &Budget) -> BurnDown {
    let period = look.report.period;
    let until = look.report.at.min(period.to);
    let step = (i64::from(period.minutes()) / BARS).max(1);
    let ends = (1..=BARS).map(|bar| period.from + bar * step).take_while(|at| *at < until).chain([until]);
    let minutes: Vec<i64> = ends.collect();
    let begins = [period.from].into_iter().chain(minutes.iter().copied());
    let bars = burn_down(ledger, budget, period, &minutes).into_iter().zip(begins).map(|((at, left), begin)| {
        let x = place(begin, period);
        let height = (left.clamp(0.0, 1.0) * HEIGHT * 100.0).round() / 100.0;
        Bar {
            at: frame.ago(moment_of(at).min(frame.now)),
            x,
            width: ((place(at, period) - x) * 86.0).round() / 100.0,
            y: TOP + HEIGHT - height,
            height,
            left: percent(left),
        }
    });
    let bars = bars.collect();
    BurnDown {
        words: format!(
            "What was left of the budget, from {} to {}: {} now.",
            moment_of(period.from).strftime("%Y-%m-%d %H:%M"),
            moment_of(period.to).strftime("%Y-%m-%d %H:%M UTC"),
            percent(budget.left)
        ),
        bars,
        marks: marks(frame, look),
    }
}

/// The incidents that touched the entity within the period, the newest first.
fn touching<'a>(frame: &'a Frame, look: &'a Look) -> impl Iterator<Item = &'a Incident> {
    let from = moment_of(look.report.period.from);
    let ended = move |incident: &Incident| incident.ended.as_ref().map(|ending| ending.at);
    let within = move |incident: &&Incident| ended(incident).is_none_or(|at| at >= from) && incident.since <= frame.now;
    frame.world.incidents.by_entity(&look.entity).filter(within)
}

fn marks(frame: &Frame, look: &Look) -> Vec<Mark> {
    let period = look.report.period;
    let from = moment_of(period.from);
    let changes = frame.world.journal.about(&look.entity).take_while(|entry| entry.change.at >= from);
    let changes = changes.map(|entry| Happened::change(frame, entry, entry.change.summary.clone()));
    let incidents = touching(frame, look).map(|incident| Happened::incident(frame, incident));
    let happened = changes.take(MARKS_MAX).chain(incidents.take(MARKS_MAX));
    marks::marks(frame, happened, MARKS_MAX, |at| place(minute_of(at), period))
}

/// What burnt the budget: each incident by name, and the rest. Where incidents overlap, the earlier has the time.
fn burnt(frame: &Frame, look: &Look, ledger: &Ledger, budget: &Budget) -> Vec<Burnt> {
    let (period, until) = (look.report.period, look.report.at);
    let mut incidents: Vec<&Incident> = touching(frame, look).take(BURNT_MAX).collect();
    incidents.sort_by_key(|incident| incident.since);
    let (mut taken, mut shares) = (period.from, Vec::new());
    for incident in incidents {
        let end = incident.ended.as_ref().map_or(until, |ending| minute_of(ending.at) + 1).min(until);
        let begin = minute_of(incident.since).max(taken);
        if end > begin {
            let number = incident.number();
            let share = spent(ledger, budget, begin, end);
            shares.push((
                share,
                format!("incident {number}: {}", incident.title),
                Some(format!("/incidents/{number}")),
                Some(incident.since),
            ));
            taken = end;
        }
    }
    let named: f64 = shares.iter().map(|(share, ..)| share).sum();
    let whole = (1.0 - budget.left).max(0.0);
    shares.push(((whole - named).max(0.0), "outside of incidents".to_owned(), None, None));
    shares.retain(|(share, ..)| *share > 0.0005);
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    let row = |(share, name, href, at): (f64, String, Option<String>, Option<Timestamp>)| Burnt {
        name,
        href: href.map(|href| frame.href(href)),
        at: at.map(|at| frame.ago(at)),
        width: crate::views::Score::of(share / whole.max(f64::EPSILON)).percent,
        share: format!("{} of the budget", percent(share)),
    };
    shares.into_iter().map(row).collect()
}
