//! `GET /contracts/pacts/{consumer}/{version}/{provider}`: a pact as people read it, with what failed of it.

use std::collections::{HashMap, HashSet};

use ::contracts::{ContentKey, Failure, PacticipantKey, Publication, State as Contracts, VersionKey};
use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use kernel::Refusal;
use serde::Deserialize;
use serde_json::Value;

use super::{
    document, number, pact_address, pair_address,
    readable::{Interaction, Said, interactions},
    standing::{last_verification, standing},
    text::{Budget, line, lines},
    verification_address,
};
use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    views::{Answer, Empty, Link, Pager, State, Tone},
};

/// A pact.
#[derive(Debug, Template)]
#[template(path = "contracts/pact.html")]
pub struct PactScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Contracts, the integration.
    pub parents: Vec<Link>,
    /// `checkout 1.4.2 expects of payments`.
    pub title: String,
    /// The version of the specification, branches, tags.
    pub tags: Vec<String>,
    /// How it stands, how much it asks, when it was published.
    pub answers: Vec<Answer>,
    /// Where it is compared, the JSON as it was published.
    pub links: Vec<Link>,
    /// Its interactions and messages.
    pub interactions: Vec<InteractionView>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
    /// All of it, where one interaction is shown alone.
    pub all: Option<Link>,
}

/// One interaction.
#[derive(Debug)]
pub struct InteractionView {
    /// Its place in the pact, counted from 1.
    pub number: usize,
    /// Its description.
    pub description: String,
    /// `GET /orders/7`, `message`.
    pub line: String,
    /// Whether it failed in the newest verification, with why.
    pub failed: Option<Option<String>>,
    /// True if its failure doesn't fail the provider's build.
    pub pending: bool,
    /// What must be so at the provider.
    pub states: Vec<String>,
    /// What its author remarked.
    pub comments: Vec<String>,
    /// Request and response, or contents.
    pub parts: Vec<PartView>,
    /// True if it is unfolded at first.
    pub open: bool,
    /// It alone, with all of its lines.
    pub alone: String,
}

/// One side of an interaction.
#[derive(Debug)]
pub struct PartView {
    /// `Request`, `Response`, `Message`.
    pub title: &'static str,
    /// `GET /orders/7?full=true`, `Status 200`.
    pub line: String,
    /// Headers or metadata.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Option<String>,
    /// How many lines of it are not shown.
    pub more: usize,
    /// What may differ, and how.
    pub rules: Vec<(String, String)>,
    /// How many rules are not shown.
    pub more_rules: usize,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    from: usize,
    interaction: Option<usize>,
}

/// Interactions of one page.
const PAGE: usize = 25;
/// So much of a screen is for what interactions say.
const BYTES_MAX: usize = 62_000;
/// Lines of a body among others, and alone.
const LINES_MAX: usize = 40;
const LINES_ALONE_MAX: usize = 1_200;
const HEADERS_MAX: usize = 30;
const RULES_MAX: usize = 25;
const RULES_ALONE_MAX: usize = 200;
/// As few as these are all unfolded.
const FEW: usize = 3;

/// A pact that an address names.
pub(super) struct Named<'a> {
    pub(super) consumer: PacticipantKey,
    pub(super) provider: PacticipantKey,
    pub(super) version: VersionKey,
    pub(super) pact: &'a Publication,
}

/// The pact of a consumer's version with a provider.
///
/// # Errors
/// `NOT_FOUND` if there is none.
pub(super) fn named<'a>(
    state: &'a Contracts,
    consumer: &str,
    version: &str,
    provider: &str,
) -> Result<Named<'a>, Refusal> {
    let found = || {
        let (by, with) = (state.pacticipant_named(consumer)?, state.pacticipant_named(provider)?);
        let version = state.version_numbered(by, version)?;
        let pact = state.publication(state.version(version)?.pact_with(with)?)?;
        Some(Named { consumer: by, provider: with, version, pact })
    };
    found().ok_or_else(|| not_found("pact", &format!("{consumer} {version} with {provider}")).0)
}

/// Shows a pact.
///
/// # Errors
/// `NOT_FOUND` if there is none, or its document is not at hand any more.
pub async fn show(
    frame: Frame,
    Path((consumer, version, provider)): Path<(String, String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let app = frame.app.clone();
    // A pact may be as large as a build wants.
    let drawn = app.blocking(move |engine| {
        let of = named(&frame.world.contracts, &consumer, &version, &provider)?;
        let digest = frame.world.contracts.blob_of(of.pact).ok_or_else(|| not_found("pact", &consumer).0)?;
        let json = document(engine, digest)?;
        let json = json.ok_or_else(|| not_found("document of the pact", &digest.to_string()).0)?;
        Ok(screen(&PactScreen::of(&frame, &of, &json, &asked)))
    });
    Ok(drawn.await?)
}

/// The interactions of a content that failed in its newest verification, by description.
fn failures(state: &Contracts, provider: PacticipantKey, content: ContentKey) -> Vec<Failure> {
    let row = last_verification(state, provider, content).and_then(|key| state.verification(key));
    row.filter(|row| !row.success).and_then(|row| row.failures.as_deref().cloned()).unwrap_or_default()
}

/// What failed, with the interactions that it may be about.
struct Failures<'a> {
    by_description: HashMap<&'a str, Vec<&'a Failure>>,
    /// Each interaction's description with its first state, which is the one that a failure names.
    known: HashSet<(&'a str, &'a str)>,
}

impl<'a> Failures<'a> {
    fn of(failed: &'a [Failure], interactions: &'a [Interaction<'_>]) -> Self {
        let mut by_description: HashMap<&str, Vec<&Failure>> = HashMap::new();
        for failure in failed {
            by_description.entry(&failure.interaction).or_default().push(failure);
        }
        let known = interactions.iter().filter_map(|one| Some((one.description, first_state(one)?))).collect();
        Self { by_description, known }
    }

    /// What failed of an interaction. Of several with one description, it is the one in the state that failed; a state that
    /// none of them has (it was cut, or written otherwise) says nothing, so that it may be any of them.
    fn about(&self, one: &Interaction<'_>) -> Option<&'a Failure> {
        let is_about = |failure: &&&Failure| match failure.state.as_deref() {
            None | Some("") => true,
            Some(state) => first_state(one) == Some(state) || !self.known.contains(&(one.description, state)),
        };
        self.by_description.get(one.description)?.iter().find(is_about).copied()
    }
}

fn first_state<'a>(of: &Interaction<'a>) -> Option<&'a str> {
    let old = ["/providerState", "/provider_state", "/providerStates/0/name"];
    old.into_iter().find_map(|place| of.json.pointer(place)?.as_str()).filter(|state| !state.is_empty())
}

impl PactScreen {
    fn of(frame: &Frame, of: &Named<'_>, json: &Value, asked: &Asked) -> Self {
        let state = &frame.world.contracts;
        let (consumer, provider) = (state.name(of.consumer), state.name(of.provider));
        let version = state.number(of.version);
        let here = pact_address(consumer, version, provider);
        let all = interactions(json);
        let failed = failures(state, of.provider, of.pact.content);
        let told = Failures::of(&failed, &all);
        let alone = asked.interaction.and_then(|number| number.checked_sub(1));
        let (from, page) = match alone {
            Some(at) => (at, 1),
            None => (asked.from, PAGE),
        };
        let mut budget = Budget::new(BYTES_MAX);
        let total = all.len();
        let shown: Vec<InteractionView> = all
            .iter()
            .enumerate()
            .skip(from)
            .take(page)
            .map(|(at, one)| {
                let failure = told.about(one);
                let view = Drawing { budget: &mut budget, is_alone: alone.is_some() }.interaction(one);
                InteractionView {
                    number: at + 1,
                    open: failure.is_some() || total <= FEW || alone.is_some(),
                    failed: failure.map(|failure| failure.message.as_deref().map(line)),
                    alone: frame.href(format!("{here}?interaction={}", at + 1)),
                    ..view
                }
            })
            .collect();
        let last = from + shown.len();
        let to = |from: usize| frame.href(format!("{here}?from={from}"));
        let mut parents = vec![Link::new("Contracts", frame.href("/contracts"))];
        parents.push(Link::new(format!("{consumer} → {provider}"), frame.href(pair_address(consumer, provider))));
        Self {
            chrome: frame.chrome(format!("Pact of {consumer} {version} with {provider}"), Place::Contracts),
            parents,
            title: format!("What {consumer} {version} expects of {provider}"),
            tags: tags(state, of.version, json),
            answers: answers(frame, of),
            links: vec![
                Link::new("What changed in it", frame.href(format!("{here}/diff"))),
                Link::new(
                    "As JSON",
                    format!(
                        "/pact/pacts/provider/{}/consumer/{}/version/{}",
                        crate::show::segment(provider),
                        crate::show::segment(consumer),
                        crate::show::segment(version)
                    ),
                ),
            ],
            interactions: shown,
            none: Empty::new("It has neither interactions nor messages that can be read."),
            pager: match alone {
                Some(_) => Pager::default(),
                None if total == 0 => Pager::default(),
                None => Pager {
                    shown: format!("{} to {last} of {total}", (from + 1).min(total)),
                    before: (from > 0).then(|| to(from.saturating_sub(PAGE))),
                    after: (last < total).then(|| to(last)),
                },
            },
            all: alone.map(|_| Link::new(format!("All {total} interactions"), frame.href(here.clone()))),
        }
    }
}

fn tags(state: &Contracts, version: VersionKey, json: &Value) -> Vec<String> {
    let specification = ::contracts::content::specification(json);
    let specification = specification
        .map(|version| format!("Pact {}", version.as_str().map_or_else(|| version.to_string(), str::to_owned)));
    let known = state.version(version);
    let branches = known.into_iter().flat_map(|known| &known.branches).map(|on| format!("branch {}", on.branch));
    let tags = known.into_iter().flat_map(|known| &known.tags).map(|(tag, _)| format!("tag {tag}"));
    specification.into_iter().chain(branches.take(3)).chain(tags.take(3)).collect()
}

fn answers(frame: &Frame, of: &Named<'_>) -> Vec<Answer> {
    let state = &frame.world.contracts;
    let verification = last_verification(state, of.provider, of.pact.content);
    let stands = standing(state, of.provider, of.pact.content, verification);
    let shown = stands.map_or_else(|| State::new(Tone::Unknown, "not verified"), |stands| stands.state());
    let stands = Answer::to("State").state(shown, None);
    let stands = match verification.and_then(|key| Some((key, state.verification(key)?))) {
        Some((key, row)) => stands
            .note(format!("by {} {}", state.name(of.provider), state.number(row.version)))
            .link(format!("Verification {}", number(key)), frame.href(verification_address(key))),
        None => stands.note("No version of the provider was tried against it"),
    };
    let outline = state.content(of.pact.content).map(|content| &content.outline);
    let (asks, messages) = outline.map_or((0, 0), |outline| (outline.interactions, outline.messages));
    let same = state.publications_of(of.pact.content).filter(|pact| state.is_current(*pact)).take(SAME_MAX).count();
    let shared = match same {
        0 | 1 => "no other version expects the same".to_owned(),
        SAME_MAX => format!("{SAME_MAX} versions or more expect the same"),
        same => format!("{same} versions expect the same"),
    };
    let build = state.version(of.version).and_then(|known| known.build_url.as_deref()).and_then(crate::show::outside);
    let published = Answer::to("Published").text(frame.ago(of.pact.at.into()).text());
    let published = match of.pact.revision {
        0 | 1 => published,
        revision => published.note(format!("revision {revision}")),
    };
    vec![
        stands,
        Answer::to("Asks for").text(asks_for(asks, messages)).note(shared),
        match build {
            Some(url) => published.link("The build", url),
            None => published,
        },
    ]
}

/// `3 interactions, 1 message`.
fn asks_for(interactions: u32, messages: u32) -> String {
    let counts = [(interactions, "interaction"), (messages, "message")].into_iter().filter(|(count, _)| *count > 0);
    let told = counts.map(|(count, what)| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
}

/// Versions with the same content that are counted.
const SAME_MAX: usize = 100;

/// Draws interactions as far as there is room.
struct Drawing<'a> {
    budget: &'a mut Budget,
    is_alone: bool,
}

impl Drawing<'_> {
    fn interaction(&mut self, of: &Interaction<'_>) -> InteractionView {
        let first = of.parts.first().map(|part| part.line.as_str()).filter(|line| !line.is_empty());
        InteractionView {
            number: 0,
            description: line(of.description),
            line: first.map_or_else(|| of.sort.to_owned(), line),
            failed: None,
            pending: of.pending,
            states: of.states.iter().take(10).map(|state| line(state)).collect(),
            comments: of.comments.iter().take(5).map(|comment| line(comment)).collect(),
            parts: of.parts.iter().take(6).map(|part| self.part(part)).collect(),
            open: false,
            alone: String::new(),
        }
    }

    fn part(&mut self, of: &Said<'_>) -> PartView {
        let (lines_max, rules_max) =
            if self.is_alone { (LINES_ALONE_MAX, RULES_ALONE_MAX) } else { (LINES_MAX, RULES_MAX) };
        let headers = of.headers.iter().take(HEADERS_MAX).map(|(name, value)| (line(name), line(value)));
        let headers: Vec<_> =
            headers.filter(|(name, value)| self.budget.fits(name) && self.budget.fits(value)).collect();
        let (body, more) = match &of.body {
            Some(body) => {
                let (text, more) = lines(&body.text(), lines_max, self.budget);
                (Some(text), more)
            }
            None => (None, 0),
        };
        let rules = of.rules.iter().take(rules_max).map(|(place, words)| (line(place), line(words)));
        let rules: Vec<_> =
            rules.take_while(|(place, words)| self.budget.fits(place) && self.budget.fits(words)).collect();
        PartView {
            title: of.title,
            line: line(&of.line),
            headers,
            body,
            more,
            more_rules: of.rules.len() - rules.len(),
            rules,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_several_interactions_with_one_description_the_one_in_the_failed_state_is_shown_as_failed() {
        let pact = json!({"interactions": [
            {"description": "a sale", "providerStates": [{"name": "open", "params": {"id": 1}}]},
            {"description": "a sale", "providerState": "closed"},
            {"description": "a sale"},
            {"description": "a return"},
        ]});
        let check = |state: Option<&str>, expect: [bool; 4]| {
            let failure = Failure { interaction: "a sale".to_owned(), state: state.map(str::to_owned), message: None };
            let (failed, all) = (vec![failure], interactions(&pact));
            let told = Failures::of(&failed, &all);
            assert_eq!([0, 1, 2, 3].map(|at| told.about(&all[at]).is_some()), expect, "{state:?}");
        };
        check(Some("open"), [true, false, false, false]);
        check(Some("closed"), [false, true, false, false]);
        check(None, [true, true, true, false]);
        check(Some("clos"), [true, true, true, false]);
    }
}
