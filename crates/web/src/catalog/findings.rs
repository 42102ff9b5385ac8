//! `GET /findings`: what the catalog lacks or contradicts, until it is mended.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::Arc,
};

use askama::Template;
use axum::{extract::Query, response::Response};
use catalog::{FindingRule, Problem as FileProblem, Severity};
use kernel::{EntityRef, Timestamp};
use serde::Deserialize;
use world::World;

use crate::{
    contracts::gaps::ContractGap,
    frame::Frame,
    indexes::{Indexes, Uncovered, Whole},
    problem::Problem,
    shell::{Chrome, Place, screen},
    views::{Choice, Cli, Empty, Field, Filters, Finding, Link, Pager, State, Tone},
};

/// The findings that pass the filters.
#[derive(Debug, Template)]
#[template(path = "catalog/findings.html")]
pub struct FindingsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// How many of each sort there are, in a sentence.
    pub summary: String,
    /// Rule, owner, source.
    pub filters: Filters,
    /// The findings, the worst first.
    pub findings: Vec<Finding>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    rule: String,
    owner: String,
    severity: String,
    after: usize,
}

/// How many findings one page shows.
const PAGE: usize = 50;

/// The rule of teams that own something and have nobody on call.
pub(crate) const NO_ON_CALL: &str = "no-on-call";
/// The rule of flags that should be gone.
pub(crate) const STALE_FLAG: &str = "stale-flag";
/// The rule of what is deployed and is no component of the catalog.
pub(crate) const UNKNOWN_DEPLOYMENT: &str = "unknown-deployment";

/// Shows the findings that pass the filters.
///
/// # Errors
/// If the findings can't be made.
pub async fn show(frame: Frame, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let app = frame.app.clone();
    let drawn = app.blocking(move |_| Ok(screen(&FindingsScreen::of(&frame, &asked))));
    Ok(drawn.await?)
}

/// Anything that is missing or wrong, wherever it was found.
pub(crate) struct Gap<'a> {
    /// The stable id of its sort.
    pub(crate) rule: &'static str,
    /// How much it matters.
    pub(crate) severity: Severity,
    /// What has it.
    subject: Option<&'a EntityRef>,
    /// Who is to mend it.
    owner: Option<&'a EntityRef>,
    found: Found<'a>,
}

enum Found<'a> {
    /// By looking at the catalog as a whole.
    Whole(&'a catalog::Finding),
    /// In a file of a source.
    File(&'a str, &'a FileProblem),
    /// In the rotations.
    OnCall(&'a oncall::Gap),
    /// Among the flags.
    Stale(&'a ::flags::Stale),
    /// Among the contracts.
    Contract(&'a ContractGap),
    /// Among what is deployed.
    Deployed,
}

/// Where [`Gap`]s are found, as of one moment.
pub(crate) struct Searched<'a> {
    world: &'a World,
    whole: Whole,
    uncovered: Arc<[Uncovered]>,
    stale: Arc<[::flags::Stale]>,
    contracts: Arc<[ContractGap]>,
    deployed: Arc<[EntityRef]>,
}

impl<'a> Searched<'a> {
    /// The present.
    pub(crate) fn of(frame: &'a Frame) -> Self {
        let indexes = frame.app.indexes();
        Self::at(indexes, &frame.world, indexes.whole(&frame.world), frame.now)
    }

    /// Another moment. `whole` is that of the same World.
    pub(crate) fn at(indexes: &Indexes, world: &'a World, whole: Whole, now: Timestamp) -> Self {
        let uncovered = indexes.uncovered(world, &whole, now);
        let (stale, contracts) = (indexes.stale(world, now), indexes.contract_gaps(world, now));
        let deployed = indexes.unknown_deployments(world, now);
        Self { world, whole, uncovered, stale, contracts, deployed }
    }

    /// How many [`Searched::gaps`] there are.
    pub(crate) fn count(&self) -> usize {
        let in_files: usize = self.world.catalog.sources().map(|(_, source)| source.problems.len()).sum();
        self.whole.findings.len()
            + in_files
            + self.uncovered.len()
            + self.stale.len()
            + self.contracts.len()
            + self.deployed.len()
    }

    /// Everything that is missing or wrong, in no order.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = Gap<'_>> {
        let files = self.world.catalog.sources().flat_map(|(source, known)| {
            known.problems.iter().map(move |problem| Gap {
                rule: problem.rule.id(),
                severity: problem.severity,
                subject: None,
                owner: None,
                found: Found::File(source, problem),
            })
        });
        let found = self.whole.findings.iter().zip(self.whole.answerable.iter()).map(|(finding, owner)| Gap {
            rule: finding.rule.id(),
            severity: finding.severity,
            subject: finding.subject.as_ref(),
            owner: owner.as_ref(),
            found: Found::Whole(finding),
        });
        let on_call = self.uncovered.iter().map(|Uncovered { team, gap }| Gap {
            rule: NO_ON_CALL,
            severity: Severity::Error,
            subject: Some(team),
            owner: Some(team),
            found: Found::OnCall(gap),
        });
        let stale = self.stale.iter().map(|stale| Gap {
            rule: STALE_FLAG,
            severity: Severity::Warning,
            subject: Some(&stale.flag),
            owner: stale.owner.as_ref(),
            found: Found::Stale(stale),
        });
        let contracts = self.contracts.iter().map(|gap| Gap {
            rule: gap.rule,
            severity: Severity::Warning,
            subject: Some(&gap.subject),
            owner: gap.owner.as_ref(),
            found: Found::Contract(gap),
        });
        let deployed = self.deployed.iter().map(|component| Gap {
            rule: UNKNOWN_DEPLOYMENT,
            severity: Severity::Warning,
            subject: Some(component),
            owner: None,
            found: Found::Deployed,
        });
        files.chain(on_call).chain(found).chain(stale).chain(contracts).chain(deployed)
    }
}

/// What is wrong with one entity, and with the file that declares it.
pub(crate) fn about(frame: &Frame, of: &EntityRef) -> Vec<Finding> {
    let searched = Searched::of(frame);
    let origin = frame.world.catalog.get(of).map(|entity| &entity.descriptor.origin);
    let in_its_file = |gap: &Gap<'_>| match (&gap.found, origin) {
        (Found::File(source, problem), Some(origin)) => *origin.source == **source && *origin.path == *problem.path,
        (
            Found::File(..)
            | Found::Whole(_)
            | Found::OnCall(_)
            | Found::Stale(_)
            | Found::Contract(_)
            | Found::Deployed,
            _,
        ) => false,
    };
    let own = searched.gaps().filter(|gap| gap.subject == Some(of) || in_its_file(gap));
    own.take(PAGE).map(|gap| Finding { subject: None, ..gap.view(frame) }).collect()
}

impl Gap<'_> {
    /// What a promise to mend it refers to; none for what no entity has. Two findings have two keys: what one subject can
    /// have several times has in it with what, or in which environment.
    fn key(&self) -> Option<String> {
        let which = match self.found {
            Found::Contract(gap) => gap.with.as_ref().map(EntityRef::as_str).or(gap.environment.as_deref()),
            Found::Whole(finding) => finding.target.as_ref().map(EntityRef::as_str),
            Found::File(..) | Found::OnCall(_) | Found::Stale(_) | Found::Deployed => None,
        };
        let which = which.map(|which| format!(" {which}")).unwrap_or_default();
        Some(format!("{} {}{which}", self.rule, self.subject?))
    }

    /// What is promised by whoever mends it, and how Mainstay sees that it is.
    fn mended(&self) -> (String, &'static str, Option<&EntityRef>, Option<&EntityRef>) {
        let name = self.subject.map(EntityRef::short).unwrap_or_default();
        match &self.found {
            Found::Stale(stale) => (format!("Remove the flag {name}"), "flag_gone", Some(&stale.flag), None),
            Found::Contract(gap) if gap.with.is_some() => {
                let consumer = gap.with.as_ref().map(EntityRef::short).unwrap_or_default();
                let what = format!("Verify {name} against what {consumer} expects");
                (what, "contract_verified", gap.with.as_ref(), Some(&gap.subject))
            }
            Found::Contract(gap) => (gap.title.clone(), "", None, None),
            Found::Whole(catalog::Finding { rule: FindingRule::NoOwner | FindingRule::OwnerUnknown, .. }) => {
                (format!("Give {name} an owner"), "owned", self.subject, None)
            }
            Found::Whole(finding) => (format!("Mend: {}", finding.message), "", None, None),
            Found::OnCall(_) => (format!("Have somebody on call for {name}"), "", None, None),
            Found::Deployed => (format!("Have a component claim {name}"), "", None, None),
            Found::File(..) => (String::new(), "", None, None),
        }
    }

    /// With who has promised to mend it, or where that is promised.
    fn promised(&self, frame: &Frame, shown: Finding) -> Finding {
        let (Some(key), Some(subject)) = (self.key(), self.subject) else { return shown };
        let source = ::actions::Source::Finding { key: key.clone() };
        if let Some(action) = frame.world.actions.of_source(&source).find(|action| !action.is_finished()) {
            let who = frame.catalog_person(&action.promise.owner).name;
            let text = format!("{who} has promised it until {}", action.promise.deadline.strftime("%-d %b"));
            let href = frame.href(format!("/actions/{}", action.number));
            return Finding { promised: Some(Link::new(text, href)), ..shown };
        }
        if !frame.may_write() {
            return shown;
        }
        let (mut what, done, which, other) = self.mended();
        what.truncate(what.floor_char_boundary(::actions::WHAT_BYTES_MAX));
        let of = |reference: Option<&EntityRef>| reference.map(EntityRef::to_string).unwrap_or_default();
        let known = [
            ("finding", key),
            ("subject", subject.to_string()),
            ("what", what),
            ("done", done.to_owned()),
            ("which", of(which)),
            ("other", of(other)),
        ];
        let set: Vec<_> = known.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let query = serde_html_form::to_string(set).unwrap_or_default();
        Finding { promise: Some(Link::new("Promise to mend it", format!("/actions/new?{query}"))), ..shown }
    }

    fn view(&self, frame: &Frame) -> Finding {
        let shown = Finding {
            state: severity(self.severity),
            title: String::new(),
            subject: self.subject.map(|subject| frame.entity(subject)),
            place: None,
            excerpt: None,
            fix: None,
            command: None,
            promise: None,
            promised: None,
            since: None,
        };
        let shown = self.promised(frame, shown);
        match &self.found {
            Found::Whole(finding) => Finding {
                title: finding.message.clone(),
                fix: Some(finding.fix.clone()),
                place: self.subject.and_then(|subject| declared_at(&frame.world, subject)),
                ..shown
            },
            Found::OnCall(gap) => Finding {
                title: "nobody is on call".to_owned(),
                fix: Some(crate::api::oncall::gap_in_words(gap)),
                ..shown
            },
            Found::Stale(stale) => {
                let reasons: Vec<String> = stale.reasons.iter().map(|reason| reason.words(frame.now)).collect();
                let owner = match &stale.owner {
                    Some(owner) => format!("{} owns it", frame.entity(owner).name),
                    None => "nobody owns it".to_owned(),
                };
                Finding {
                    title: format!("the flag {}", reasons.join("; it ")),
                    fix: Some(format!("Take it out of the code, then remove it; {owner}.")),
                    place: declared_at(&frame.world, &stale.flag),
                    ..shown
                }
            }
            Found::Contract(gap) => Finding {
                title: gap.title.clone(),
                fix: Some(gap.fix.clone()),
                place: declared_at(&frame.world, &gap.subject),
                ..shown
            },
            Found::Deployed => Finding {
                title: "deployments of it are recorded, and no component of the catalog is it".to_owned(),
                fix: Some(
                    "Let the component that it is claim the name that its deployments come under, by the annotation mainstay.dev/deploys-as; what is told under a component's own name needs the component alone."
                        .to_owned(),
                ),
                ..shown
            },
            Found::File(source, problem) => Finding {
                title: problem.message.clone(),
                place: Some(format!("{}/{}", source.trim_end_matches('/'), problem.place())),
                excerpt: (!problem.source_line.is_empty()).then(|| catalog::render(problem)),
                fix: problem.suggestion.clone(),
                command: Some(Cli::new(format!("mainstay plan {source}"))),
                since: frame.world.catalog.source(source).map(|source| frame.ago(source.applied_at)),
                ..shown
            },
        }
    }
}

/// The file and line that declare an entity.
pub(crate) fn declared_at(world: &World, entity: &EntityRef) -> Option<String> {
    let origin = &world.catalog.get(entity)?.descriptor.origin;
    Some(format!("{}/{}:{}", origin.source.trim_end_matches('/'), origin.path, origin.line))
}

/// A severity as a word and a shape.
pub(crate) fn severity(severity: Severity) -> State {
    match severity {
        Severity::Error => State::new(Tone::Bad, "error"),
        Severity::Warning => State::new(Tone::Warn, "warning"),
    }
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

impl Asked {
    fn href(&self, frame: &Frame, after: usize) -> String {
        let after = if after == 0 { String::new() } else { after.to_string() };
        let all = [("rule", &self.rule), ("owner", &self.owner), ("severity", &self.severity), ("after", &after)];
        let set: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        frame.href(format!("/findings?{}", serde_html_form::to_string(set).unwrap_or_default()))
    }

    fn passes(&self, gap: &Gap<'_>) -> bool {
        let fits = |asked: &str, found: &str| asked.is_empty() || asked == found;
        fits(&self.rule, gap.rule)
            && fits(&self.severity, severity_word(gap.severity))
            && (self.owner.is_empty() || gap.owner.is_some_and(|owner| owner.as_str() == self.owner))
    }
}

impl FindingsScreen {
    fn of(frame: &Frame, asked: &Asked) -> Self {
        let searched = Searched::of(frame);
        let mut all: Vec<Gap<'_>> = searched.gaps().collect();
        all.sort_by_key(|gap| gap.severity);
        let rules = counted(all.iter().map(|gap| gap.rule));
        let owners = counted(all.iter().filter_map(|gap| gap.owner));
        let errors = all.iter().filter(|gap| gap.severity == Severity::Error).count();
        let summary = format!("{} errors, {} warnings. Each is shown until it is mended.", errors, all.len() - errors);
        let passing: Vec<&Gap<'_>> = all.iter().filter(|gap| asked.passes(gap)).collect();
        let shown: Vec<Finding> = passing.iter().skip(asked.after).take(PAGE).map(|gap| gap.view(frame)).collect();
        let last = asked.after + shown.len();
        Self {
            chrome: frame.chrome("Findings", Place::Findings),
            summary,
            filters: filters(frame, asked, rules, owners),
            pager: Pager {
                shown: match shown.len() {
                    0 => "none".to_owned(),
                    _ => format!("{} to {last} of {}", asked.after + 1, passing.len()),
                },
                before: (asked.after > 0).then(|| asked.href(frame, asked.after.saturating_sub(PAGE))),
                after: (last < passing.len()).then(|| asked.href(frame, last)),
            },
            findings: shown,
            none: Empty::new(if all.is_empty() {
                "Nothing is missing, and nothing contradicts anything else."
            } else {
                "No finding passes these filters."
            }),
        }
    }
}

/// How often each is there. They are counted before they are put in order: there are many more than differ.
fn counted<T: Hash + Eq + ToString>(all: impl Iterator<Item = T>) -> BTreeMap<String, usize> {
    let mut counts: HashMap<T, usize> = HashMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    counts.into_iter().map(|(one, count)| (one.to_string(), count)).collect()
}

fn filters(frame: &Frame, asked: &Asked, rules: BTreeMap<String, usize>, owners: BTreeMap<String, usize>) -> Filters {
    let choices = |any: &str, counts: BTreeMap<String, usize>, current: &str| {
        let mut choices = vec![Choice::new("", any, current)];
        choices.extend(counts.into_iter().map(|(value, count)| {
            let name = value.rsplit_once('/').map_or(value.as_str(), |(_, name)| name);
            let label = format!("{name} ({count})");
            Choice::new(value, label, current)
        }));
        choices
    };
    let severities = ["", "error", "warning"]
        .map(|word| Choice::new(word, if word.is_empty() { "Any" } else { word }, &asked.severity))
        .to_vec();
    let is_set = [&asked.rule, &asked.owner, &asked.severity].into_iter().any(|value| !value.is_empty());
    Filters {
        action: "/findings".to_owned(),
        fields: vec![
            Field::select("rule", "Rule", choices("Any", rules, &asked.rule)),
            Field::select("owner", "Owner", choices("Anybody", owners, &asked.owner)),
            Field::select("severity", "Severity", severities),
        ],
        clear: is_set.then(|| frame.href("/findings")),
    }
}
