//! `GET /flags/{namespace}/{name}/explain`: what somebody gets, and why. All of the question stands in the address.

use ::flags::Flag;
use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use flagd::{Context, Explanation, Node};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{PRODUCTION, environment::served, environments_of};
use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::{address, named},
    views::{Answer, Choice, Cli, Entry, Field, Link, State, Tone, writes_html},
};

/// What somebody gets, and why.
#[derive(Debug, Template)]
#[template(path = "flags/explain.html")]
pub struct ExplainScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The flag.
    pub flag: Link,
    /// Where the question is asked again.
    pub action: String,
    /// Environment and context.
    pub fields: Vec<Field>,
    /// The variant, its value, and why; nothing before it was asked.
    pub answers: Vec<Answer>,
    /// What to know besides: that the switch is off.
    pub notes: Vec<String>,
    /// The rule with what each of its parts gave.
    pub tree: Option<Branch>,
    /// The same from a terminal.
    pub command: Option<Cli>,
}

/// A part of the rule, and what it gave.
#[derive(Debug, Template)]
#[template(path = "flags/branch.html")]
pub struct Branch {
    /// The part in words.
    pub rule: String,
    /// What it gave, as JSON.
    pub value: String,
    /// Whether the answer came through it.
    pub taken: bool,
    /// Its own parts.
    pub children: Vec<Self>,
}

writes_html!(Branch);

/// What the address asks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    environment: Option<String>,
    context: Option<String>,
}

/// A longer context is refused before it is read.
const CONTEXT_BYTES_MAX: usize = 64 << 10;
/// What one gets who asks for an example.
const EXAMPLE: &str = "targetingKey = user-1\nemail = ada@acme.test\ngroups = [\"staff\"]";

/// Explains what somebody gets.
pub async fn show(
    frame: Frame,
    Path((namespace, name)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let reference = named("flag", &namespace, &name)?;
    let flag = frame.world.flags.flag(&reference).ok_or_else(|| not_found("flag", reference.short()))?;
    Ok(screen(&of(&frame, flag, &asked)))
}

fn of(frame: &Frame, flag: &Flag, asked: &Asked) -> ExplainScreen {
    let definition = &flag.definition;
    let environment = asked.environment.as_deref().unwrap_or(PRODUCTION);
    let written = asked.context.as_deref();
    let read = written.map(|text| read(text).and_then(|value| context(&value, frame).map(|context| (value, context))));
    let wrong = read.as_ref().and_then(|read| read.as_ref().err().cloned());
    let explained = read.and_then(Result::ok).and_then(|(value, context)| {
        Some((value, ::flags::explain(&frame.world.flags, &definition.flag, environment, &context, frame.now)?))
    });
    let lines = Field::new("context", "Context", Entry::Lines { value: written.unwrap_or(EXAMPLE).to_owned() });
    let lines = lines.hint("One “name = value” per line, or a JSON object. targetingKey is who is asked about.");
    let mut shown = ExplainScreen {
        chrome: frame.chrome(format!("Explain {}", definition.key()), Place::Flags),
        flag: Link::new(definition.key(), frame.href(address(&definition.flag))),
        action: format!("{}/explain", address(&definition.flag)),
        fields: vec![
            Field::select("environment", "Environment", environments(flag, environment)),
            match wrong {
                Some(wrong) => lines.error(wrong),
                None => lines,
            },
        ],
        answers: Vec::new(),
        notes: Vec::new(),
        tree: None,
        command: None,
    };
    if let Some((value, explanation)) = explained {
        shown.answers = answers(&explanation);
        shown.notes = notes(flag, environment, &value);
        shown.tree = explanation.tree.as_ref().map(branch);
        let quoted = value.to_string().replace('\'', "'\\''");
        let key = definition.key();
        shown.command =
            Some(Cli::new(format!("mainstay flag explain {key} --environment {environment} --context '{quoted}'")));
    }
    shown
}

fn environments(flag: &Flag, current: &str) -> Vec<Choice> {
    let mut names: Vec<&str> = environments_of(flag).chain([PRODUCTION, current]).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| Choice::new(name, name, current)).collect()
}

/// A context as JSON, or as lines of `name = value`; a value that is no JSON is a text.
fn read(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.len() > CONTEXT_BYTES_MAX {
        return Err(format!("A context has at most {} KB here.", CONTEXT_BYTES_MAX >> 10));
    }
    if text.starts_with('{') {
        return serde_json::from_str(text).map_err(|error| format!("This is no JSON: {error}."));
    }
    let mut fields = Map::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (name, value) = line.split_once('=').ok_or_else(|| {
            let line: String = line.chars().take(40).collect();
            format!("Line {}, “{line}”, has no “=” in it.", at + 1)
        })?;
        let value = value.trim();
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        fields.insert(name.trim().to_owned(), value);
    }
    Ok(Value::Object(fields))
}

fn context(value: &Value, frame: &Frame) -> Result<Context, String> {
    let now = u64::try_from(frame.now.as_second()).unwrap_or_default();
    Context::from_value(value, now).map_err(|failure| format!("{}.", failure.message))
}

fn answers(explanation: &Explanation) -> Vec<Answer> {
    match &explanation.resolution {
        Ok(answer) => {
            let got = match (&answer.variant, &answer.value) {
                (Some(variant), Some(value)) => Answer::to("Gets").text(served(variant, value)),
                (Some(variant), None) => Answer::to("Gets").text(variant.clone()),
                (None, _) => Answer::to("Gets").text("the default in its own code"),
            };
            let why = match answer.reason {
                flagd::Reason::Static => "everybody gets the same",
                flagd::Reason::Default => "no rule said otherwise",
                flagd::Reason::TargetingMatch => "a rule said so",
                flagd::Reason::Disabled => "it is off, and has no variant for that",
            };
            vec![got, Answer::to("Because").text(why).note(format!("OpenFeature’s reason: {}", answer.reason.as_str()))]
        }
        Err(failure) => {
            let state = State::new(Tone::Bad, failure.code.as_str());
            vec![Answer::to("Fails").state(state, None).note(failure.message.clone())]
        }
    }
}

fn notes(flag: &Flag, environment: &str, context: &Value) -> Vec<String> {
    if !flag.is_on(environment) {
        return vec![format!("The switch is off in {environment}: no rule was asked.")];
    }
    let setting = flag.definition.setting(environment);
    let by = setting.and_then(|setting| match (&setting.ramp, &setting.rollout) {
        (Some(ramp), _) => Some(&ramp.by),
        (None, Some(rollout)) => Some(&rollout.by),
        (None, None) => None,
    });
    let missing = by.filter(|by| context.get(by.as_str()).is_none_or(Value::is_null));
    missing
        .map(|by| format!("The context has no {by}, by which shares go: it is in none of them."))
        .into_iter()
        .collect()
}

/// Deeper parts of a rule are not drawn.
const DEPTH_MAX: usize = 32;

fn branch(node: &Node) -> Branch {
    within(node, DEPTH_MAX)
}

fn within(node: &Node, depth: usize) -> Branch {
    let children = match depth.checked_sub(1) {
        Some(depth) => node.children.iter().map(|child| within(child, depth)).collect(),
        None => Vec::new(),
    };
    Branch { rule: node.rule.clone(), value: super::environment::short(&node.value), taken: node.taken, children }
}
