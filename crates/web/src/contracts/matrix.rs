//! `GET /contracts/matrix`: whether something can be deployed, what keeps it from that, and the rows that say so.

use ::contracts::{
    State as Contracts,
    matrix::{self, Answer, LatestBy, Query, Row, Selector},
};
use askama::Template;
use axum::{extract::RawQuery, response::Response};
use kernel::{Refusal, codes};

use super::{
    Part, environments,
    explain::{self, Explained, Verdict},
    fits::ask_settled,
    newest, pact_address, pair_address, parts, question_command, verification_address,
};
use crate::{
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    views::{Callout, Choice, Cli, Empty, Entity, Field, Link, Moment, State, Tabs, Tone, Who},
};

/// A question to the matrix, and the answer.
#[derive(Debug, Template)]
#[template(path = "contracts/matrix.html")]
pub struct MatrixScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Integrations, network, matrix, webhooks, environments.
    pub parts: Tabs,
    /// The question: what is to go where.
    pub question: Vec<Field>,
    /// What can be asked besides.
    pub more: Vec<Field>,
    /// True if anything of that is asked, so that it is unfolded.
    pub more_open: bool,
    /// The moment that is looked at, if it is a past one.
    pub at: Option<String>,
    /// The address without a question, if one is asked.
    pub clear: Option<String>,
    /// Whether it can be deployed.
    pub verdict: Option<Callout>,
    /// What makes the answer less reliable.
    pub warnings: Vec<String>,
    /// What keeps from deploying.
    pub blockers: Vec<BlockerView>,
    /// How many more there are.
    pub more_blockers: usize,
    /// The rows, those that say no first.
    pub rows: Vec<MatrixRow>,
    /// How many more there are.
    pub more_rows: usize,
    /// What is said where there are none.
    pub none: Empty,
    /// The same from a terminal.
    pub command: Option<Cli>,
}

/// One thing that keeps from deploying.
#[derive(Debug)]
pub struct BlockerView {
    /// How it is: `failed`, `does not fit`, `not known`.
    pub state: State,
    /// What is wrong, in one sentence.
    pub what: String,
    /// What to do.
    pub advice: String,
    /// Who must do it: the pacticipant.
    pub party: String,
    /// The team that owns it; none is a gap.
    pub owner: Option<Entity>,
    /// Who of the team is on call; none is a gap.
    pub on_call: Option<Who>,
    /// Since when.
    pub since: Option<Moment>,
    /// The interactions that failed, with what did not match.
    pub interactions: Vec<(String, Option<String>)>,
    /// How many more failed.
    pub more: usize,
    /// The integration, and the verification that failed.
    pub links: Vec<Link>,
}

/// One pact with what came of it.
#[derive(Debug)]
pub struct MatrixRow {
    /// The consumer and its version, with the pact.
    pub consumer: (String, Link),
    /// The provider and its version, where one was tried.
    pub provider: (String, Option<String>),
    /// What came of it.
    pub state: State,
    /// The verification, or how it was found out.
    pub proof: Option<Link>,
    /// True if it is not judged.
    pub ignored: bool,
}

/// More rows make a screen too heavy; those that say no come first.
const ROWS_MAX: usize = 120;
/// More is not read.
const BLOCKERS_MAX: usize = 12;
const INTERACTIONS_MAX: usize = 4;
/// Mismatches are cut after so many characters; the verification's screen has more.
const MISMATCH_CHARS_MAX: usize = 300;
/// Selectors that can be given.
const SELECTORS_MAX: usize = 6;

/// How versions are chosen: the word in the address, and what it is called.
const WAYS: [(&str, &str); 8] = [
    ("", "its newest version"),
    ("version", "version"),
    ("branch", "newest of branch"),
    ("tag", "newest with tag"),
    ("environment", "deployed to"),
    ("all-branch", "all of branch"),
    ("all-tag", "all with tag"),
    ("all", "all versions"),
];
/// Which rows are kept.
const LATEST_BY: [(&str, &str); 5] = [
    ("", "As fits the question"),
    ("cvpv", "Per pair of versions"),
    ("cvp", "Per consumer’s version"),
    ("cp", "Per integration"),
    ("every", "Every verification"),
];
const SUCCESS: [(&str, &str); 4] =
    [("", "Any"), ("true", "verified"), ("false", "failed"), ("unknown", "not verified")];

/// What the address asks for.
#[derive(Debug, Default)]
struct Asked {
    /// Whose, in which way, and which.
    selectors: Vec<[String; 3]>,
    environment: String,
    tag: String,
    latest_by: String,
    success: String,
}

/// Asks the matrix.
///
/// # Errors
/// If the question names what is not there.
pub async fn show(frame: Frame, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let app = frame.app.clone();
    let asked = Asked::of(query.as_deref().unwrap_or_default());
    // A question about all versions of somebody looks at many rows.
    Ok(app.blocking(move |_| drawn(frame, &asked)).await?)
}

fn drawn(mut frame: Frame, asked: &Asked) -> Result<Response, Refusal> {
    let (answer, refusal) = match asked.question(&frame.world.contracts) {
        Ok(None) => (None, None),
        Err(refusal) => (None, Some(refusal)),
        // Nothing is found out about the past: what was known then is shown.
        Ok(Some(question)) if frame.past().is_some() => (Some(matrix::ask(&frame.world.contracts, &question)), None),
        Ok(Some(question)) => {
            let answer = ask_settled(&frame.app, &question)?;
            // What was found out is in the World by now.
            frame.world = frame.app.world();
            (Some(answer), None)
        }
    };
    Ok(screen(&MatrixScreen::of(&frame, asked, answer, refusal.as_ref())))
}

impl Asked {
    fn of(query: &str) -> Self {
        let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
        let get = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let selectors = (1..=SELECTORS_MAX).map(|at| ["p", "w", "v"].map(|key| get(&format!("{key}{at}"))));
        Self {
            selectors: selectors.filter(|[party, ..]| !party.is_empty()).collect(),
            environment: get("environment"),
            tag: get("tag"),
            latest_by: get("latestby"),
            success: get("success"),
        }
    }

    /// The question to the matrix; nothing if nothing is asked.
    fn question(&self, state: &Contracts) -> Result<Option<Query>, Refusal> {
        if self.selectors.is_empty() {
            return Ok(None);
        }
        let refuse = |field: &str, detail: String| Err(Refusal::new(&codes::INVALID, detail).field(field));
        let mut selectors = Vec::new();
        for (at, asked) in self.selectors.iter().enumerate() {
            match selector(state, asked) {
                Ok(selector) => selectors.push(selector),
                Err(detail) => return refuse(&format!("p{}", at + 1), detail),
            }
        }
        if !self.environment.is_empty() && state.environment_named(&self.environment).is_none() {
            return refuse("environment", format!("there is no environment {}", self.environment));
        }
        if !self.environment.is_empty() && !self.tag.is_empty() {
            return refuse("tag", "either an environment or a tag".to_owned());
        }
        let latest_by = match self.latest_by.as_str() {
            "cvp" => Some(LatestBy::ConsumerVersionProvider),
            "cp" => Some(LatestBy::ConsumerProvider),
            "every" => None,
            "" if self.environment.is_empty() => Some(LatestBy::ConsumerVersionProvider),
            _ => Some(LatestBy::ConsumerVersionProviderVersion),
        };
        let success = match self.success.as_str() {
            "true" => vec![Some(true)],
            "false" => vec![Some(false)],
            "unknown" => vec![None],
            _ => Vec::new(),
        };
        Ok(Some(Query {
            selectors,
            latest_by,
            success,
            latest: !self.tag.is_empty(),
            tag: (!self.tag.is_empty()).then(|| self.tag.clone()),
            environment: (!self.environment.is_empty()).then(|| self.environment.clone()),
            ..Query::default()
        }))
    }

    /// The same from a terminal, where one version is to go to one environment.
    fn command(&self, state: &Contracts) -> Option<Cli> {
        let ([[party, way, which]], false) = (self.selectors.as_slice(), self.environment.is_empty()) else {
            return None;
        };
        let version = match way.as_str() {
            "version" => which.clone(),
            "" => state.number(newest(state, state.pacticipant_named(party)?)?).to_owned(),
            _ => return None,
        };
        Some(Cli::new(question_command(party, &version, &self.environment)))
    }

    /// The fields of the question, and those for what can be asked besides.
    fn fields(&self, frame: &Frame, refusal: Option<&Refusal>) -> (Vec<Field>, Vec<Field>) {
        let choices = |all: &[(&str, &str)], current: &str| -> Vec<Choice> {
            all.iter().map(|(value, label)| Choice::new(*value, *label, current)).collect()
        };
        let (mut fields, mut more) = (Vec::new(), Vec::new());
        // One more than there are, and two at least.
        let rows = (self.selectors.len() + 1).clamp(2, SELECTORS_MAX);
        let blank = [const { String::new() }; 3];
        for at in 1..=rows {
            let [party, way, which] = self.selectors.get(at - 1).unwrap_or(&blank);
            let ordinal = if at == 1 { String::new() } else { format!(" ({at})") };
            let fields = if at == 1 { &mut fields } else { &mut more };
            fields.push(Field::line(format!("p{at}"), format!("Pacticipant{ordinal}"), party).autocomplete("off"));
            fields.push(Field::select(format!("w{at}"), format!("Which{ordinal}"), choices(&WAYS, way)));
            fields.push(
                Field::line(format!("v{at}"), format!("Version, branch or tag{ordinal}"), which).autocomplete("off"),
            );
        }
        let known = environments(&frame.world.contracts);
        let mut there = vec![Choice::new("", "Nowhere in particular", &self.environment)];
        there.extend(known.iter().map(|name| Choice::new(name, name, &self.environment)));
        fields.push(Field::select("environment", "To environment", there));
        more.push(Field::line("tag", "Or to tag", &self.tag).autocomplete("off"));
        more.push(Field::select("latestby", "Rows", choices(&LATEST_BY, &self.latest_by)));
        more.push(Field::select("success", "Result", choices(&SUCCESS, &self.success)));
        if let Some(refusal) = refusal {
            for field in
                fields.iter_mut().chain(&mut more).filter(|field| refusal.field.as_deref() == Some(&field.name))
            {
                field.error = Some(refusal.detail.clone());
            }
        }
        (fields, more)
    }
}

/// A selector as it was filled in, or what is wrong with it.
fn selector(state: &Contracts, [party, way, which]: &[String; 3]) -> Result<Selector, String> {
    let key = state.pacticipant_named(party).ok_or_else(|| format!("nobody is called {party}"))?;
    let selector = Selector { pacticipant: party.clone(), ..Selector::default() };
    if which.is_empty() && !matches!(way.as_str(), "" | "all") {
        return Err(format!("say which: a version, branch, tag or environment of {party}"));
    }
    let which = || Some(which.clone());
    Ok(match way.as_str() {
        "version" => Selector { version: which(), ..selector },
        "branch" => Selector { branch: which(), latest: true, ..selector },
        "tag" => Selector { tag: which(), latest: true, ..selector },
        "environment" => Selector { environment: which(), ..selector },
        "all-branch" => Selector { branch: which(), ..selector },
        "all-tag" => Selector { tag: which(), ..selector },
        "all" => selector,
        _ => match newest(state, key) {
            Some(version) => Selector { version: Some(state.number(version).to_owned()), ..selector },
            None => Selector { latest: true, ..selector },
        },
    })
}

impl MatrixScreen {
    fn of(frame: &Frame, asked: &Asked, answer: Option<Answer>, refusal: Option<&Refusal>) -> Self {
        let (fields, more) = asked.fields(frame, refusal);
        let blank = Self {
            chrome: frame.chrome("Can I deploy?", Place::Contracts),
            parts: parts(frame, Part::Matrix, ""),
            question: fields,
            more,
            more_open: asked.selectors.len() > 1
                || [&asked.tag, &asked.latest_by, &asked.success].into_iter().any(|value| !value.is_empty()),
            at: frame.past().map(|at| at.to_string()),
            clear: (!asked.selectors.is_empty()).then(|| frame.href("/contracts/matrix")),
            verdict: None,
            warnings: Vec::new(),
            blockers: Vec::new(),
            more_blockers: 0,
            rows: Vec::new(),
            more_rows: 0,
            none: Empty::with(
                "Name a pacticipant and where it is to go. The answer says what keeps it from there, whose that is and what \
                 to do; a build asks the same by the command.",
                "mainstay can-i-deploy checkout 1.4.2 --to-environment production",
            ),
            command: None,
        };
        let Some(answer) = answer else { return blank };
        let explained = explain::explain(&frame.world, &answer, frame.now);
        let more_blockers = explained.len().saturating_sub(BLOCKERS_MAX);
        let judged = answer.rows.iter().map(|row| (row, false));
        let mut rows: Vec<(&Row, bool)> = judged.chain(answer.ignored.iter().map(|row| (row, true))).collect();
        rows.sort_by_key(|(row, ignored)| (*ignored, badness(row)));
        Self {
            verdict: Some(verdict(asked, &answer)),
            warnings: warnings(&answer),
            blockers: explained.into_iter().take(BLOCKERS_MAX).map(|one| blocker(frame, one)).collect(),
            more_blockers,
            more_rows: rows.len().saturating_sub(ROWS_MAX),
            rows: rows.into_iter().take(ROWS_MAX).map(|(row, ignored)| matrix_row(frame, row, ignored)).collect(),
            none: Empty::new("No pact is concerned: nobody expects anything that was asked about."),
            command: asked.command(&frame.world.contracts),
            ..blank
        }
    }
}

fn badness(row: &Row) -> u8 {
    match row.success {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    }
}

fn verdict(asked: &Asked, answer: &Answer) -> Callout {
    let counts = answer.counts();
    let numbers = format!("{} verified, {} failed, {} not verified", counts.success, counts.failed, counts.unknown);
    let whole = asked.success.is_empty();
    let there = match (asked.environment.as_str(), asked.tag.as_str()) {
        ("", "") => String::new(),
        ("", tag) => format!(" to where {tag} is"),
        (environment, _) => format!(" to {environment}"),
    };
    let (state, text) = match answer.deployable() {
        Some(true) if counts.success == 0 => {
            (State::new(Tone::Good, "Yes"), format!("It can be deployed{there}: no contract concerns it."))
        }
        Some(true) => (State::new(Tone::Good, "Yes"), format!("It can be deployed{there}: {numbers}.")),
        Some(false) => (State::new(Tone::Bad, "No"), format!("It must not be deployed{there}: {numbers}.")),
        None => (
            State::new(Tone::Unknown, "Not known"),
            format!("Whether it can be deployed{there} is not known: {numbers}."),
        ),
    };
    let text = if whole { text } else { format!("{text} Only rows of one result are looked at.") };
    Callout { state, text, link: None }
}

fn warnings(answer: &Answer) -> Vec<String> {
    let warnings = answer.notices().iter().filter(|reason| reason.kind == matrix::ReasonKind::Warning);
    warnings.map(|reason| reason.text.trim_start_matches("WARN: ").to_owned()).collect()
}

/// A text that is cut.
fn cut(text: &str, chars: usize) -> String {
    let mut shown: String = text.chars().take(chars).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn blocker(frame: &Frame, of: Explained) -> BlockerView {
    let more = of.interactions.len().saturating_sub(INTERACTIONS_MAX);
    let mut links = Vec::new();
    if of.consumer != of.provider {
        let text = format!("{} and {}", of.consumer, of.provider);
        links.push(Link::new(text, frame.href(pair_address(&of.consumer, &of.provider))));
    }
    if let Some(number) = of.verification {
        links.push(Link::new(
            format!("Verification {number}"),
            frame.href(format!("/contracts/verifications/{number}")),
        ));
    }
    let interactions = of.interactions.into_iter().take(INTERACTIONS_MAX);
    let told = interactions.map(|(name, mismatch)| {
        (cut(&name, MISMATCH_CHARS_MAX), mismatch.map(|mismatch| cut(&mismatch, MISMATCH_CHARS_MAX)))
    });
    BlockerView {
        state: match of.verdict {
            Verdict::Failed => State::new(Tone::Bad, "failed"),
            Verdict::DoesNotFit => State::new(Tone::Bad, "does not fit"),
            Verdict::NotKnown => State::new(Tone::Unknown, "not known"),
        },
        what: of.what,
        advice: of.advice,
        party: of.party,
        owner: of.owner.map(|owner| frame.entity(&owner)),
        on_call: of.on_call.map(|person| frame.catalog_person(&person)),
        since: of.since.map(|since| frame.elapsed(since)),
        interactions: told.collect(),
        more,
        links,
    }
}

fn matrix_row(frame: &Frame, row: &Row, ignored: bool) -> MatrixRow {
    let state = &frame.world.contracts;
    let (consumer, provider) = (state.name(row.consumer), state.name(row.provider));
    let version = state.number(row.consumer_version);
    let revision = if row.revision > 1 { format!(" (revision {})", row.revision) } else { String::new() };
    let verified = row.verification.and_then(|key| Some((key, state.verification(key)?.success)));
    let shown = match (row.success, verified, row.fit) {
        (Some(true), Some(_), _) => State::new(Tone::Good, "verified"),
        (Some(true), None, _) => State::new(Tone::Good, "fits"),
        (Some(false), Some((_, false)), _) => State::new(Tone::Bad, "failed"),
        (Some(false), _, Some(Some(false))) => State::new(Tone::Bad, "does not fit"),
        (Some(false), ..) => State::new(Tone::Bad, "failed"),
        (None, _, Some(None)) => State::new(Tone::Unknown, "not compared"),
        (None, ..) => State::new(Tone::Unknown, "not verified"),
    };
    // A verification that succeeded is no proof of a no.
    let proof = verified.filter(|(_, success)| row.success == Some(*success)).map(|(key, _)| {
        Link::new(format!("verification {}", super::number(key)), frame.href(verification_address(key)))
    });
    let pact = Link::new(format!("{version}{revision}"), frame.href(pact_address(consumer, version, provider)));
    MatrixRow {
        consumer: (consumer.to_owned(), pact),
        provider: (provider.to_owned(), row.provider_version.map(|version| state.number(version).to_owned())),
        state: shown,
        proof,
        ignored,
    }
}
