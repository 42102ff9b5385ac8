//! What is declared in catalog files and lives in other areas: checks, flags, segments, rotations, escalation policies, status
//! pages, calendars of sprints, OpenSLO documents.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use catalog::{Bundle, Descriptor, Origin, Problem, Reading, Rule};
use kernel::{EntityRef, Sha256};
use serde_json::{Value, json};
use spec::SpecProblem;

use crate::{Command, World, react::Reaction};

/// A declared thing of another area.
enum Declared {
    Check(Box<checks::CheckDefinition>),
    Flag(Box<flags::Definition>),
    Segment(flags::Segment),
    Rotation(oncall::Rotation),
    Policy(paging::Policy),
    Page(Box<statuspage::Page>),
    Slo(EntityRef, Box<slo::Document>),
    Cycle(::actions::Cycle),
}

/// Reads a catalog folder, and looks also into what other areas must understand: a check, flag, segment or rotation that
/// can't be used is a problem with its line and left out, like any other entity.
#[must_use]
pub fn read_bundle(bundle: &Bundle) -> Reading {
    let mut reading = catalog::read(bundle);
    let mut problems = flagd_files(bundle, &mut reading);
    reading.entities.retain(|descriptor| {
        let found = spec_problems(descriptor);
        problems.extend(found.iter().map(|problem| {
            let placed = catalog::problem_at(bundle, &descriptor.origin, &problem.pointer, &problem.message);
            match &problem.suggestion {
                Some(suggestion) => placed.suggest(format!("did you mean \"{suggestion}\"?")),
                None => placed,
            }
        }));
        found.is_empty()
    });
    problems.extend(leave_out_circles(bundle, &mut reading));
    problems.extend(leave_out_cycles(bundle, &mut reading));
    reading.problems.extend(problems);
    reading.problems.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
    reading
}

/// The name of a plain flagd file ends so; each of its flags is like a `kind: Flag` document.
const FLAGD_FILE: &str = ".flagd.json";

/// Adds the flags of plain flagd files to the reading; answers what is wrong with those files.
fn flagd_files(bundle: &Bundle, reading: &mut Reading) -> Vec<Problem> {
    let mut known: HashSet<EntityRef> = reading.entities.iter().map(|entity| entity.reference.clone()).collect();
    let mut problems = Vec::new();
    for file in bundle.files.iter().filter(|file| file.name().ends_with(FLAGD_FILE)) {
        let path = file.path.as_str().into();
        let origin = Origin { source: reading.source.clone(), path, line: 1, code_owners: Vec::new() };
        let imported = flags::import::flagd(&file.bytes);
        let wrong = imported.problems.iter();
        problems.extend(wrong.map(|it| catalog::problem_at(bundle, &origin, &it.pointer, &it.message)));
        for (reference, spec) in imported.flags {
            let document = json!({
                "apiVersion": "mainstay.dev/v1alpha1", "kind": "Flag", "metadata": {"name": reference.name()}, "spec": spec,
            });
            if !known.insert(reference.clone()) {
                let message = format!("{reference} is declared already; that one counts");
                problems.push(Problem::of_file(Rule::Duplicate, file.path.as_str(), message));
                continue;
            }
            let document: Arc<str> = document.to_string().into();
            let digest = Sha256::of(document.as_bytes());
            reading.entities.push(Descriptor { reference, origin: origin.clone(), document, digest });
        }
    }
    problems
}

/// Takes out the flags that require each other in a circle; answers what is wrong with them. Circles across sources are
/// refused when the second one is applied.
fn leave_out_circles(bundle: &Bundle, reading: &mut Reading) -> Vec<Problem> {
    let requiring = reading
        .entities
        .iter()
        .filter(|entity| entity.reference.kind() == "flag" && entity.json().pointer("/spec/requires").is_some());
    let definitions = requiring.filter_map(|entity| match read(entity)?.ok()? {
        Declared::Flag(definition) => Some(*definition),
        Declared::Check(_)
        | Declared::Segment(_)
        | Declared::Rotation(_)
        | Declared::Policy(_)
        | Declared::Page(_)
        | Declared::Cycle(_)
        | Declared::Slo(..) => None,
    });
    let circles: HashMap<EntityRef, String> = flags::circles(&definitions.collect::<Vec<_>>()).into_iter().collect();
    let mut problems = Vec::new();
    reading.entities.retain(|entity| {
        let Some(circle) = circles.get(&entity.reference) else { return true };
        problems.push(catalog::problem_at(bundle, &entity.origin, "/spec/requires", circle));
        false
    });
    problems
}

/// Takes out the escalation policies that go on with each other in a circle; answers what is wrong with them.
fn leave_out_cycles(bundle: &Bundle, reading: &mut Reading) -> Vec<Problem> {
    let policies = reading.entities.iter().filter(|entity| entity.reference.kind() == paging::POLICY_KIND);
    let policies = policies.filter_map(|entity| match read(entity)?.ok()? {
        Declared::Policy(policy) => Some(policy),
        Declared::Check(_)
        | Declared::Flag(_)
        | Declared::Segment(_)
        | Declared::Rotation(_)
        | Declared::Page(_)
        | Declared::Cycle(_)
        | Declared::Slo(..) => None,
    });
    let cycles: HashMap<EntityRef, String> = paging::cycles(&policies.collect::<Vec<_>>()).into_iter().collect();
    let mut problems = Vec::new();
    reading.entities.retain(|entity| {
        let Some(cycle) = cycles.get(&entity.reference) else { return true };
        problems.push(catalog::problem_at(bundle, &entity.origin, "/spec/then", cycle));
        false
    });
    problems
}

/// What is wrong with the `spec` of a declared check, flag, segment or rotation; nothing for other kinds.
#[must_use]
fn spec_problems(descriptor: &Descriptor) -> Vec<SpecProblem> {
    read(descriptor).and_then(Result::err).unwrap_or_default()
}

/// The declared thing, or what is wrong with it; none for kinds that are the catalog's own.
fn read(descriptor: &Descriptor) -> Option<Result<Declared, Vec<SpecProblem>>> {
    let reference = descriptor.reference.clone();
    let kind = reference.kind();
    if slo::declared::KINDS.contains(&kind) {
        let read = slo::Document::read(&reference, &descriptor.json())?;
        return Some(read.map(|document| Declared::Slo(reference, Box::new(document))));
    }
    if !matches!(
        kind,
        "check" | "flag" | "rotation" | "segment" | paging::POLICY_KIND | statuspage::PAGE_KIND | ::actions::CYCLE_KIND
    ) {
        return None;
    }
    let document = descriptor.json();
    let spec = document.get("spec").unwrap_or(&Value::Null);
    let description = document.pointer("/metadata/description").and_then(Value::as_str);
    Some(match kind {
        "check" => checks::CheckDefinition::from_spec(reference, spec).map(|check| Declared::Check(Box::new(check))),
        "flag" => {
            let name = document.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let read = flags::Definition::from_spec(reference, description, spec);
            read.map(|flag| if flag.spelling.is_none() { flag.spelled(name) } else { flag })
                .map(|flag| Declared::Flag(Box::new(flag)))
        }
        "segment" => flags::Segment::from_spec(reference, description, spec).map(Declared::Segment),
        paging::POLICY_KIND => paging::Policy::from_spec(reference, spec).map(Declared::Policy),
        statuspage::PAGE_KIND => {
            statuspage::Page::from_spec(reference, spec).map(|page| Declared::Page(Box::new(page)))
        }
        ::actions::CYCLE_KIND => ::actions::Cycle::from_spec(reference, spec).map(Declared::Cycle),
        _ => oncall::Rotation::from_spec(reference, spec).map(Declared::Rotation),
    })
}

/// The commands that make the areas agree with what the catalog now declares.
pub(crate) fn follow(world: &World, event: &catalog::Event) -> Vec<Reaction> {
    let command = match event {
        catalog::Event::EntityDeclared { entity, .. } | catalog::Event::EntityChanged { entity, .. } => define(entity),
        catalog::Event::EntityRemoved { entity, .. } => remove(world, &entity.reference),
        catalog::Event::SourceApplied { .. } | catalog::Event::DocsPublished { .. } => None,
    };
    command.map(|command| Reaction { command, part: None }).into_iter().collect()
}

/// A declaration that can't be read leaves what was defined before; it is shown as a finding.
fn define(descriptor: &Descriptor) -> Option<Command> {
    Some(match read(descriptor)?.ok()? {
        Declared::Check(definition) => Command::Checks(checks::Command::Define { definition: *definition }),
        Declared::Flag(definition) => Command::Flags(flags::Command::Define { definition: *definition }),
        Declared::Segment(segment) => Command::Flags(flags::Command::DefineSegment { segment }),
        Declared::Rotation(definition) => Command::Oncall(oncall::Command::DefineRotation { definition }),
        Declared::Policy(definition) => Command::Paging(paging::Command::DefinePolicy { definition }),
        Declared::Page(definition) => Command::Statuspage(statuspage::Command::Define { definition: *definition }),
        Declared::Cycle(definition) => Command::Actions(::actions::Command::DefineCycle { definition }),
        Declared::Slo(reference, document) => Command::Slo(slo::Command::Define { reference, document }),
    })
}

fn remove(world: &World, reference: &EntityRef) -> Option<Command> {
    match reference.kind() {
        "check" => {
            world.checks.watch(reference)?;
            Some(Command::Checks(checks::Command::Remove { check: reference.clone() }))
        }
        "flag" => {
            world.flags.flag(reference)?;
            Some(Command::Flags(flags::Command::Remove { flag: reference.clone() }))
        }
        "segment" => {
            world.flags.segment(reference)?;
            Some(Command::Flags(flags::Command::RemoveSegment { segment: reference.clone() }))
        }
        "rotation" => {
            world.oncall.roster(reference)?;
            Some(Command::Oncall(oncall::Command::RemoveRotation { rotation: reference.clone() }))
        }
        paging::POLICY_KIND => {
            world.paging.policy(reference)?;
            Some(Command::Paging(paging::Command::RemovePolicy { policy: reference.clone() }))
        }
        statuspage::PAGE_KIND => {
            world.statuspage.page(reference)?;
            Some(Command::Statuspage(statuspage::Command::Remove { page: reference.clone() }))
        }
        ::actions::CYCLE_KIND => {
            world.actions.cycle(reference)?;
            Some(Command::Actions(::actions::Command::RemoveCycle { cycle: reference.clone() }))
        }
        kind if slo::declared::KINDS.contains(&kind) => {
            world.slos.document(reference)?;
            Some(Command::Slo(slo::Command::Remove { reference: reference.clone() }))
        }
        _ => None,
    }
}
