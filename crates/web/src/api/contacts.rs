//! How somebody is reached: contact methods and rules. For the person themself, and administrators.

use axum::{
    Json,
    extract::{Path, State},
};
use kernel::{EntityRef, Refusal, codes};
use paging::{Contacts, For, MethodId, Rule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Asked, Done, carry_out, reference, undo::Why};
use crate::{App, contacts::wish, guard::By, problem::Problem};

/// How somebody is reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactView {
    /// Who.
    #[schema(value_type = String)]
    pub person: EntityRef,
    /// The methods.
    pub methods: Vec<MethodView>,
    /// The rules, in their order. Without any, all methods are used at once.
    pub rules: Vec<RuleView>,
}

/// One contact method.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodView {
    /// Its id among the person's.
    pub id: u32,
    /// `email`, `slack`, `ntfy`, `sms`, `voice`, `webhook` or `inbox`.
    pub channel: &'static str,
    /// What may be seen of the address.
    pub label: String,
    /// True once the person has shown that it is theirs.
    pub verified: bool,
}

/// One rule.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleView {
    /// The method's id.
    pub method: u32,
    /// So many minutes after the page reached the person: up to 1440.
    pub after_minutes: u32,
    /// For which pages.
    #[serde(default)]
    pub urgency: UrgencyView,
}

/// For which pages a rule is.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UrgencyView {
    /// For those of high urgency.
    High,
    /// For those of low urgency.
    Low,
    /// For all.
    #[default]
    Both,
}

impl ContactView {
    fn of(person: EntityRef, contacts: &Contacts) -> Self {
        let method = |method: &paging::Method| MethodView {
            id: method.id.0,
            channel: method.channel.as_str(),
            label: method.label.clone(),
            verified: method.verified,
        };
        let rule = |rule: &Rule| RuleView {
            method: rule.method.0,
            after_minutes: rule.after_minutes,
            urgency: match rule.urgency {
                For::High => UrgencyView::High,
                For::Low => UrgencyView::Low,
                For::Both => UrgencyView::Both,
            },
        };
        let methods = contacts.methods.iter().map(method).collect();
        Self { person, methods, rules: contacts.rules.iter().map(rule).collect() }
    }
}

fn person(app: &App, by: &By, name: &str) -> Result<EntityRef, Problem> {
    let person = reference("name", name, "user")?;
    wish::allowed(&app.world(), Some(&by.0), &person)?;
    Ok(person)
}

/// Shows how somebody is reached.
#[utoipa::path(get, path = "/api/v1/people/{name}/contact", tag = "on-call",
    params(("name", description = "the person: a user of the catalog")), responses((status = 200, body = ContactView)))]
pub async fn show(State(app): State<App>, by: By, Path(name): Path<String>) -> Result<Json<ContactView>, Problem> {
    let person = person(&app, &by, &name)?;
    let contacts = app.world().paging.contacts(&person).cloned().unwrap_or_default();
    Ok(Json(ContactView::of(person, &contacts)))
}

/// A way to reach somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    /// `email`, `slack`, `ntfy`, `sms`, `voice`, `webhook` or `inbox`.
    pub channel: String,
    /// The address. It is sealed, and never shown again.
    pub address: String,
}

/// Adds a way to reach somebody.
#[utoipa::path(post, path = "/api/v1/people/{name}/contact/methods", tag = "on-call", request_body = NewContact,
    params(("name", description = "the person: a user of the catalog")), responses((status = 200, body = Done)))]
pub async fn add(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<NewContact>,
) -> Result<Json<Done>, Problem> {
    let person = person(&app, &asked.by, &name)?;
    let channel = wish::channel(&asked.body.channel)?;
    let request = |command| asked.request(command, None);
    Ok(Done::of(&wish::add(&app, request, person, channel, &asked.body.address).await?))
}

/// Takes a contact method away, with its address and the rules that use it.
#[utoipa::path(post, path = "/api/v1/people/{name}/contact/methods/{id}/remove", tag = "on-call", request_body = Why,
    params(("name", description = "the person: a user of the catalog"), ("id", description = "the method's id")),
    responses((status = 200, body = Done)))]
pub async fn remove(
    State(app): State<App>,
    Path((name, id)): Path<(String, String)>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let person = person(&app, &asked.by, &name)?;
    let request = |command| asked.request(command, asked.body.reason.as_deref());
    Ok(Done::of(&wish::remove(&app, request, person, method(&id)?).await?))
}

fn method(id: &str) -> Result<MethodId, Refusal> {
    let wrong = |_| Refusal::new(&codes::MALFORMED, "a contact method has a number").field("id");
    id.parse().map(MethodId).map_err(wrong)
}

/// That a test went out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tested {
    /// True: the other side took it.
    pub sent: bool,
}

/// Sends a test message, with a code that shows that the address is the person's.
#[utoipa::path(post, path = "/api/v1/people/{name}/contact/methods/{id}/test", tag = "on-call", request_body = Why,
    params(("name", description = "the person: a user of the catalog"), ("id", description = "the method's id")),
    responses((status = 200, body = Tested)))]
pub async fn test(
    State(app): State<App>,
    Path((name, id)): Path<(String, String)>,
    asked: Asked<Why>,
) -> Result<Json<Tested>, Problem> {
    let person = person(&app, &asked.by, &name)?;
    wish::test(&app, &person, method(&id)?).await?;
    Ok(Json(Tested { sent: true }))
}

/// The code of a test message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Eight digits.
    pub code: String,
}

/// Shows by the code of a test message that an address is the person's.
#[utoipa::path(post, path = "/api/v1/people/{name}/contact/methods/{id}/verify", tag = "on-call", request_body = Code,
    params(("name", description = "the person: a user of the catalog"), ("id", description = "the method's id")),
    responses((status = 200, body = Done)))]
pub async fn verify(
    State(app): State<App>,
    Path((name, id)): Path<(String, String)>,
    asked: Asked<Code>,
) -> Result<Json<Done>, Problem> {
    let person = person(&app, &asked.by, &name)?;
    let command = wish::verify(&app, person, method(&id)?, &asked.body.code)?;
    carry_out(&app, &asked, command, None).await
}

/// All rules of somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRules {
    /// The rules, in their order; none for all methods at once.
    pub rules: Vec<RuleView>,
}

/// Sets by which rules somebody is told of pages.
#[utoipa::path(put, path = "/api/v1/people/{name}/contact/rules", tag = "on-call", request_body = NewRules,
    params(("name", description = "the person: a user of the catalog")), responses((status = 200, body = Done)))]
pub async fn set_rules(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<NewRules>,
) -> Result<Json<Done>, Problem> {
    let person = person(&app, &asked.by, &name)?;
    let rule = |rule: &RuleView| Rule {
        method: MethodId(rule.method),
        after_minutes: rule.after_minutes,
        urgency: match rule.urgency {
            UrgencyView::High => For::High,
            UrgencyView::Low => For::Low,
            UrgencyView::Both => For::Both,
        },
    };
    let command = wish::set_rules(person, asked.body.rules.iter().map(rule).collect());
    carry_out(&app, &asked, command, None).await
}
