//! `POST /people/{namespace}/{name}/contact/{verb}`: what is done to how somebody is reached. Each goes back there.

use axum::{
    extract::{Path, State},
    response::Response,
};
use kernel::{Refusal, codes};
use paging::{For, MethodId, Rule};
use serde::Deserialize;
use world::Command;

use super::{address, wish};
use crate::{
    App,
    api::not_found,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    show::named,
};

/// What a form says; each uses its own part.
#[derive(Deserialize)]
pub struct Filled {
    #[serde(default)]
    channel: String,
    #[serde(default)]
    address: String,
    method: Option<u32>,
    #[serde(default)]
    code: String,
    after: Option<u32>,
    urgency: Option<For>,
    place: Option<usize>,
    #[serde(default)]
    was: String,
}

/// Does it.
pub async fn act(
    State(app): State<App>,
    by: By,
    Path((namespace, name, verb)): Path<(String, String, String)>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let person = named("user", &namespace, &name)?;
    wish::allowed(&app.world(), Some(&by.0), &person)?;
    let which = || filled.method.map(MethodId).ok_or_else(|| invalid("method", "which method?"));
    let asked = wish::in_name_of(&by);
    let mut done = Done::Contact;
    match verb.as_str() {
        "add" => {
            let channel = wish::channel(&filled.channel)?;
            wish::add(&app, asked, person.clone(), channel, &filled.address).await?;
        }
        "remove" => {
            wish::remove(&app, asked, person.clone(), which()?).await?;
        }
        "test" => {
            wish::test(&app, &person, which()?).await?;
            done = Done::Tested;
        }
        "verify" => {
            let command = wish::verify(&app, person.clone(), which()?, &filled.code)?;
            app.submit(asked(command)?).await?;
        }
        "rule" | "earlier" | "drop" => {
            let contacts = app.world().paging.contacts(&person).cloned().unwrap_or_default();
            let rules = changed(contacts.rules, &verb, &filled)?;
            let command: Command = wish::set_rules(person.clone(), rules);
            app.submit(asked(command)?).await?;
        }
        other => return Err(not_found("verb", other)),
    }
    Ok(back(&address(&person), done))
}

fn invalid(field: &str, detail: &str) -> Refusal {
    Refusal::new(&codes::INVALID, detail).field(field)
}

/// The rules after a form's wish. A rule is moved or dropped only if it is the one that was shown there.
fn changed(mut rules: Vec<Rule>, verb: &str, filled: &Filled) -> Result<Vec<Rule>, Refusal> {
    if verb == "rule" {
        let method = filled.method.map(MethodId).ok_or_else(|| invalid("method", "which method?"))?;
        let after_minutes = filled.after.ok_or_else(|| invalid("after", "after how many minutes?"))?;
        rules.push(Rule { method, after_minutes, urgency: filled.urgency.unwrap_or(For::Both) });
        return Ok(rules);
    }
    let place = filled.place.unwrap_or(usize::MAX);
    if rules.get(place).is_none_or(|rule| said(rule) != filled.was) {
        let refusal = Refusal::new(&codes::CONFLICT, "the rules were changed meanwhile");
        return Err(refusal.fix("look at them again"));
    }
    match (verb, place.checked_sub(1)) {
        ("earlier", Some(before)) => rules.swap(before, place),
        ("drop", _) => drop(rules.remove(place)),
        _ => {}
    }
    Ok(rules)
}

/// A rule as a form remembers it.
pub(super) fn said(rule: &Rule) -> String {
    let which = match rule.urgency {
        For::High => "high",
        For::Low => "low",
        For::Both => "both",
    };
    format!("{} {} {which}", rule.method.0, rule.after_minutes)
}
