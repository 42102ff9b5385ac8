//! What is done to a post-mortem: begin it, ask for a review, review, publish. Each goes to its screen.

use access::Grant;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Actor, EntityRef, Refusal, Sha256, codes};
use postmortems::{About, Command as Wish, Opinion};
use serde::Deserialize;
use world::Command;

use super::{by_number, draft, texts};
use crate::{
    App,
    api::{incidents, not_found, reference},
    guard::By,
    problem::Problem,
    security::csrf::PostedForm,
};

/// Which incident.
#[derive(Debug, Deserialize)]
pub struct Begun {
    incident: String,
}

/// `POST /postmortems`: begins it from the template.
pub async fn start(
    State(app): State<App>,
    by: By,
    PostedForm(Begun { incident }): PostedForm<Begun>,
) -> Result<Response, Problem> {
    let command = starting(&app, &incident).await?;
    app.submit(by.request(Command::Postmortems(command), None, None)?).await?;
    Ok(Redirect::to(&format!("/postmortems/{incident}/edit")).into_response())
}

/// The command that begins the post-mortem of this incident, with the template filled.
pub(crate) async fn starting(app: &App, number: &str) -> Result<Wish, Problem> {
    let world = app.world();
    let incident = incidents::by_number(&world, number)?;
    let about = About { incident: incident.number(), entity: incident.entity().clone() };
    let title = incident.title.clone();
    // What will be refused needs no text.
    let refused = world.postmortems.get(about.incident).is_some() || incident.is_open() || incident.merged.is_some();
    if refused {
        return Ok(Wish::Start { about, title, text: Sha256::of(b""), bytes: 0 });
    }
    let (text, bytes) = texts::keep(app, draft::of(app, &world, incident).await?).await?;
    Ok(Wish::Start { about, title, text, bytes })
}

/// What a form about a post-mortem says; which field counts depends on the verb.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filled {
    revision: u32,
    reviewers: String,
    opinion: String,
    note: String,
}

/// `POST /postmortems/{number}/{verb}`: asks for a review, reviews, publishes.
pub async fn act(
    State(app): State<App>,
    by: By,
    Path((number, verb)): Path<(String, String)>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let incident = by_number(&app.world(), &number)?.about.incident;
    let command = match verb.as_str() {
        "ask-review" => Wish::AskReview { incident, reviewers: people(&filled.reviewers)? },
        "review" => {
            let opinion = match filled.opinion.as_str() {
                "changes_wanted" => Opinion::ChangesWanted,
                _ => Opinion::Approved,
            };
            Wish::Review { incident, revision: filled.revision, by: reviewer(&by.0, None)?, opinion, note: filled.note }
        }
        "publish" => Wish::Publish { incident, revision: filled.revision },
        other => return Err(not_found("verb", other)),
    };
    app.submit(by.request(Command::Postmortems(command), None, None)?).await?;
    Ok(Redirect::to(&format!("/postmortems/{incident}")).into_response())
}

/// In whose name somebody reviews: a person in their own, a program in that of whom it names.
///
/// # Errors
/// `FORBIDDEN` for a person who names somebody else; `INVALID` for what is no name of a user.
pub(crate) fn reviewer(grant: &Grant, named: Option<&str>) -> Result<Option<EntityRef>, Refusal> {
    let named = named.map(|name| reference("by", name, "user")).transpose()?;
    if !matches!(grant.actor, Actor::Person(_)) {
        return Ok(named);
    }
    match named {
        Some(other) if grant.person.as_ref() != Some(&other) => {
            let detail = format!("a person reviews in their own name, and you are not known to be {}", other.short());
            Err(Refusal::new(&codes::FORBIDDEN, detail).field("by").fix("leave it out"))
        }
        Some(_) | None => Ok(grant.person.clone()),
    }
}

fn people(text: &str) -> Result<Vec<EntityRef>, Refusal> {
    let names = text.split(|letter: char| letter.is_whitespace() || letter == ',').filter(|name| !name.is_empty());
    names.map(|name| reference("reviewers", name, "user")).collect()
}

#[cfg(test)]
mod tests {
    use access::{Reach, Scope};
    use kernel::codes;

    use super::*;

    fn grant(actor: Actor, person: Option<&str>) -> Grant {
        let person = person.map(|name| name.parse().unwrap());
        Grant { actor, scopes: vec![Scope::Admin], person, session: None, token: None, reach: Reach::default() }
    }

    #[test]
    fn a_person_reviews_in_their_own_name_and_a_program_in_that_of_whom_it_names() {
        let check = |grant: Grant, named: Option<&str>, expected: Result<Option<&str>, &'static kernel::Code>| {
            let by = reviewer(&grant, named).map_err(|refusal| refusal.code);
            assert_eq!(by, expected.map(|name| name.map(|name| name.parse().unwrap())), "{grant:?}, {named:?}");
        };
        let person = || Actor::Person("kpark".to_owned());
        let kim = Some("user:kim");
        check(grant(person(), kim), None, Ok(kim));
        check(grant(person(), kim), Some("kim"), Ok(kim));
        check(grant(person(), None), None, Ok(None));
        // Not even an administrator speaks for others.
        check(grant(person(), kim), Some("lee"), Err(&codes::FORBIDDEN));
        check(grant(person(), None), Some("lee"), Err(&codes::FORBIDDEN));
        check(grant(Actor::Token("ci".to_owned()), None), Some("lee"), Ok(Some("user:lee")));
        check(grant(Actor::Token("ci".to_owned()), None), None, Ok(None));
    }
}
