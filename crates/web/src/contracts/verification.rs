//! `GET /contracts/verifications/{number}`: one trial of a provider's version against what a consumer expects.

use std::collections::HashMap;

use ::contracts::{Event, Verification, VerificationKey};
use askama::Template;
use axum::{extract::Path, response::Response};
use engine::Engine;
use kernel::{Refusal, Sha256};
use serde_json::Value;

use super::{
    document, pact_address, pact_broker, pair_address,
    readable::{Interaction, interactions},
    text::{Budget, line},
};
use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::outside,
    views::{Answer, Empty, Link, State, Tone},
};

/// A verification.
#[derive(Debug, Template)]
#[template(path = "contracts/verification.html")]
pub struct VerificationScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Contracts, the integration.
    pub parents: Vec<Link>,
    /// `Verification 17`.
    pub title: String,
    /// Who was tried against what, in a sentence.
    pub lead: String,
    /// Result, provider, consumer, build.
    pub answers: Vec<Answer>,
    /// What did not match, and what did.
    pub results: Vec<TestResult>,
    /// How many are not shown.
    pub more: usize,
    /// What is said where no results were sent.
    pub none: Empty,
    /// With what it was verified, and for whom.
    pub facts: Vec<(String, String)>,
}

/// What came of one interaction.
#[derive(Debug)]
pub struct TestResult {
    /// Whether it was met.
    pub state: State,
    /// The interaction's description.
    pub interaction: String,
    /// The states that it was tried in.
    pub states: Vec<String>,
    /// Where in the answer, and what did not match.
    pub mismatches: Vec<(String, String)>,
    /// How many mismatches are not shown.
    pub more: usize,
}

/// Results that are shown; those that failed come first.
const RESULTS_MAX: usize = 200;
const MISMATCHES_MAX: usize = 25;
/// So much of a screen is for results.
const BYTES_MAX: usize = 60_000;
const FACTS_MAX: usize = 20;

/// Shows a verification.
///
/// # Errors
/// `NOT_FOUND` if there is none of this number.
pub async fn show(frame: Frame, Path(number): Path<String>) -> Result<Response, Problem> {
    let key = number.parse::<u32>().ok().and_then(|number| number.checked_sub(1)).map(VerificationKey);
    let Some(key) = key.filter(|key| frame.world.contracts.verification(*key).is_some()) else {
        // A consumer may be called so.
        return match frame.world.contracts.pacticipant_named("verifications").is_some() {
            true => super::pair::show(frame, Path(("verifications".to_owned(), number))).await,
            false => Err(not_found("verification", &number)),
        };
    };
    let app = frame.app.clone();
    // Results and pacts may be as large as a build wants.
    let drawn = app.blocking(move |engine| drawn(engine, &frame, key));
    Ok(drawn.await?)
}

fn drawn(engine: &Engine, frame: &Frame, key: VerificationKey) -> Result<Response, Refusal> {
    let state = &frame.world.contracts;
    let row = state.verification(key).ok_or_else(|| not_found("verification", &super::number(key).to_string()).0)?;
    let told = Told::of(pact_broker::event(&frame.app, row.position)?);
    let read = |digest: Option<Sha256>| digest.map_or(Ok(None), |digest| document(engine, digest));
    let results = read(told.results)?;
    let pact = read(state.content(row.content).map(|content| content.blob))?.unwrap_or_default();
    Ok(screen(&VerificationScreen::of(frame, key, row, told, results.as_ref(), &interactions(&pact))))
}

/// What only the event says.
#[derive(Default)]
struct Told {
    results: Option<Sha256>,
    build_url: Option<String>,
    verified_by: Option<String>,
    selected_for: Vec<String>,
}

impl Told {
    fn of(event: Option<Event>) -> Self {
        match event {
            Some(Event::VerificationPublished { results, build_url, verified_by, selected_for, .. }) => {
                Self { results, build_url, verified_by: verified_by.map(|by| by.json), selected_for }
            }
            Some(_) | None => Self::default(),
        }
    }

    /// With what it was verified: the fields of what was sent.
    fn facts(&self) -> Vec<(String, String)> {
        let by: Option<Value> = self.verified_by.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let fields = by.as_ref().and_then(Value::as_object).into_iter().flatten();
        let mut facts: Vec<(String, String)> = fields
            .take(FACTS_MAX)
            .map(|(key, value)| {
                (words(key), line(value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str()))
            })
            .collect();
        if !self.selected_for.is_empty() {
            let shown: Vec<&str> = self.selected_for.iter().take(FACTS_MAX).map(String::as_str).collect();
            facts.push(("Asked for by".to_owned(), shown.join(", ")));
        }
        facts
    }
}

/// `clientLanguage` is `Client language`.
fn words(key: &str) -> String {
    let mut words = String::new();
    for (at, c) in key.chars().take(60).enumerate() {
        match (at, c.is_uppercase()) {
            (0, _) => words.extend(c.to_uppercase()),
            (_, true) => {
                words.push(' ');
                words.extend(c.to_lowercase());
            }
            (_, false) => words.push(c),
        }
    }
    words
}

impl VerificationScreen {
    fn of(
        frame: &Frame,
        key: VerificationKey,
        row: &Verification,
        told: Told,
        results: Option<&Value>,
        pact: &[Interaction<'_>],
    ) -> Self {
        let state = &frame.world.contracts;
        let content = state.content(row.content);
        let (consumer, provider) =
            content.map(|content| (state.name(content.consumer), state.name(content.provider))).unwrap_or_default();
        let version = state.number(row.version);
        let newest = state.publications_of(row.content).rev().find(|pact| state.is_current(*pact));
        let expected = newest.and_then(|pact| state.publication(pact)).map(|pact| state.number(pact.version));
        let mut tests = match results {
            Some(results) => read(results, pact),
            None => Vec::new(),
        };
        if tests.is_empty() {
            tests = row.failures.iter().flat_map(|failures| failures.iter()).map(remembered).collect();
        }
        let total = tests.len();
        let tests = bounded(tests);
        let number = super::number(key);
        let result = if row.success { State::new(Tone::Good, "verified") } else { State::new(Tone::Bad, "failed") };
        let mut tried = Answer::to("Provider").text(format!("{provider} {version}"));
        if let Some(on) = state.version(row.version).and_then(|version| version.branches.last()) {
            tried = tried.note(format!("branch {}", on.branch));
        }
        if let Some(url) = told.build_url.as_deref().and_then(outside) {
            tried = tried.link("The build", url);
        }
        let mut expecting = Answer::to("Against what is expected by");
        expecting = match expected {
            Some(expected) => expecting
                .text(format!("{consumer} {expected}"))
                .link("The pact", frame.href(pact_address(consumer, expected, provider))),
            None => expecting.text(consumer),
        };
        let outcome = Answer::to("Result").state(result, None);
        Self {
            chrome: frame.chrome(format!("Verification {number}"), Place::Contracts),
            parents: vec![
                Link::new("Contracts", frame.href("/contracts")),
                Link::new(format!("{consumer} → {provider}"), frame.href(pair_address(consumer, provider))),
            ],
            title: format!("Verification {number}"),
            lead: match row.success {
                true => format!("{provider} {version} does what {consumer} expects."),
                false => format!("{provider} {version} does not do what {consumer} expects."),
            },
            answers: vec![
                if row.wip { outcome.note("as work in progress: it fails no build") } else { outcome },
                tried,
                expecting,
                Answer::to("When")
                    .text(frame.ago(row.at.into()).text())
                    .link("On the timeline", frame.href(format!("/timeline/{}", row.position))),
            ],
            more: total - tests.len(),
            results: tests,
            none: Empty::new("The results of each interaction were not sent along."),
            facts: told.facts(),
        }
    }
}

fn remembered(failure: &::contracts::Failure) -> TestResult {
    TestResult {
        state: State::new(Tone::Bad, "failed"),
        interaction: line(&failure.interaction),
        states: failure.state.iter().map(|state| line(state)).collect(),
        mismatches: failure.message.iter().map(|message| (String::new(), message.clone())).collect(),
        more: 0,
    }
}

/// The results as they were sent: the verifier's own form, or pact-ruby's. Those that failed come first.
fn read(results: &Value, pact: &[Interaction<'_>]) -> Vec<TestResult> {
    let list = results.as_array().or_else(|| results.get("tests")?.as_array()).map_or(&[] as &[Value], Vec::as_slice);
    let known: HashMap<&str, &Interaction<'_>> = pact.iter().map(|one| (one.id.as_str(), one)).collect();
    let mut tests: Vec<TestResult> = list.iter().map(|test| result(test, &known)).collect();
    tests.sort_by_key(|test| test.state.tone != Tone::Bad);
    tests
}

fn result(test: &Value, known: &HashMap<&str, &Interaction<'_>>) -> TestResult {
    let text = |key: &str| test.get(key).and_then(Value::as_str);
    let of = text("interactionId").and_then(|id| known.get(id));
    let said = ["interactionDescription", "testDescription", "fullDescription"].into_iter().find_map(text);
    let failed = test.get("success") == Some(&Value::Bool(false)) || text("status") == Some("failed");
    let state = text("interactionProviderState").map(str::to_owned);
    TestResult {
        state: if failed { State::new(Tone::Bad, "failed") } else { State::new(Tone::Good, "met") },
        interaction: line(of.map(|of| of.description).or(said).unwrap_or("an interaction")),
        states: of.map_or_else(|| state.into_iter().collect(), |of| of.states.clone()),
        mismatches: mismatches(test),
        more: 0,
    }
}

/// Where something did not match, and what.
fn mismatches(test: &Value) -> Vec<(String, String)> {
    let list = |key: &str| test.get(key).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).map(str::to_owned);
    let told = list("mismatches").iter().filter_map(|mismatch| {
        let what = text(mismatch, "description").or_else(|| text(mismatch, "mismatch"))?;
        let place = text(mismatch, "identifier").or_else(|| text(mismatch, "path")).or_else(|| text(mismatch, "key"));
        let place = match (text(mismatch, "attribute"), place) {
            (Some(attribute), Some(place)) => format!("{attribute} {place}"),
            (Some(attribute), None) => attribute,
            (None, place) => place.unwrap_or_default(),
        };
        Some((place, what))
    });
    let exceptions = list("exceptions").iter().chain(test.get("exception")).filter_map(|exception| {
        let message = text(exception, "message").or_else(|| exception.as_str().map(str::to_owned))?;
        Some(("error".to_owned(), message))
    });
    told.chain(exceptions).collect()
}

/// As many as a screen can hold.
fn bounded(tests: Vec<TestResult>) -> Vec<TestResult> {
    let mut budget = Budget::new(BYTES_MAX);
    let mut shown = Vec::new();
    for test in tests.into_iter().take(RESULTS_MAX) {
        // The markup around a result weighs as well.
        if !budget.fits(&test.interaction) || !budget.fits(&" ".repeat(160)) {
            break;
        }
        let total = test.mismatches.len();
        let told: Vec<(String, String)> = test
            .mismatches
            .iter()
            .take(MISMATCHES_MAX)
            .map(|(place, what)| (line(place), what.lines().take(20).map(line).collect::<Vec<_>>().join("\n")))
            .take_while(|(place, what)| budget.fits(place) && budget.fits(what))
            .collect();
        shown.push(TestResult { more: total - told.len(), mismatches: told, ..test });
    }
    shown
}
