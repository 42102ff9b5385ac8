//! `/settings/users`: who can sign in.

use access::{Role, Scope, User};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use kernel::{EntityRef, Refusal, UserId, codes};
use serde::Deserialize;
use world::Command;

use super::{UserRow, UsersScreen, refused, tabs};
use crate::{
    App,
    api::reference,
    credentials,
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    shell::{Place, screen},
    views::{Choice, Entry, Field, Form, State as Shown, Tone},
};

const ADDRESS: &str = "/settings/users";

/// Lists the users, oldest first.
pub async fn list(frame: Frame) -> Response {
    screen(&users(&frame, &NewUser::default(), None))
}

fn users(frame: &Frame, asked: &NewUser, refusal: Option<&Refusal>) -> UsersScreen {
    let mut chrome = frame.chrome("Users", Place::Settings);
    chrome.remarks.extend(refusal.map(refused));
    UsersScreen {
        chrome,
        tabs: tabs(frame, ADDRESS),
        rows: frame.world.access.users().map(|(id, user)| row(frame, *id, user)).collect(),
        create: frame.may(Scope::Admin).then(|| form(frame, asked, refusal)),
    }
}

fn row(frame: &Frame, id: UserId, user: &User) -> UserRow {
    let (tone, word) = if user.disabled { (Tone::Quiet, "disabled") } else { (Tone::Good, "active") };
    let disable = frame.press(format!("{ADDRESS}/{id}/disable"), format!("Disable {}", user.name));
    let seen = frame.world.access.sessions_of(id).map(|(_, session)| session.last_seen).max();
    UserRow {
        state: Shown::new(tone, word),
        name: user.name.clone(),
        role: user.role.as_str().to_owned(),
        person: user.person.as_ref().map(|person| frame.catalog_person(person).name),
        seen: seen.map(|at| frame.ago(at)),
        button: (frame.may(Scope::Admin) && !user.disabled).then_some(disable),
    }
}

fn form(frame: &Frame, asked: &NewUser, refusal: Option<&Refusal>) -> Form {
    let wrong = |field: Field| match refusal.filter(|refusal| refusal.field.as_deref() == Some(field.name.as_str())) {
        Some(refusal) => field.error(refusal.detail.clone()),
        None => field,
    };
    let roles = [(Role::Viewer, "Viewer: sees"), (Role::Editor, "Editor: sees and changes")];
    let roles = roles.into_iter().chain([(Role::Administrator, "Administrator: also decides who may")]);
    let roles = roles.map(|(role, label)| Choice::new(role.as_str(), label, asked.role.as_str()));
    let mut people = vec![Choice::new("", "nobody", &asked.person)];
    people.extend(
        frame
            .world
            .catalog
            .of_kind("user")
            .map(|person| Choice::new(person.reference().as_str(), person.display_name(), &asked.person)),
    );
    let hint = format!(
        "At least {} characters. They can change it when they have signed in.",
        credentials::PASSWORD_CHARS_MIN
    );
    let password = Field::new("password", "Password", Entry::Password).required().autocomplete("new-password");
    let fields = vec![
        wrong(Field::line("name", "Name", &asked.name).required().autocomplete("off")),
        wrong(password.hint(hint)),
        Field::select("role", "Role", roles.collect()),
        wrong(Field::select("person", "In the catalog", people)),
    ];
    frame.form(ADDRESS, "Add the user", fields)
}

/// A user to be created.
#[derive(Deserialize)]
#[serde(default)]
pub struct NewUser {
    name: String,
    password: String,
    role: Role,
    person: String,
}

impl Default for NewUser {
    fn default() -> Self {
        let (name, password, person) = (String::new(), String::new(), String::new());
        Self { name, password, role: Role::Viewer, person }
    }
}

impl NewUser {
    fn person(&self) -> Result<Option<EntityRef>, Refusal> {
        let text = Some(self.person.trim()).filter(|text| !text.is_empty());
        text.map(|text| reference("person", text, "user")).transpose()
    }
}

/// Creates a user.
pub async fn create(
    State(app): State<App>,
    frame: Frame,
    by: By,
    PostedForm(asked): PostedForm<NewUser>,
) -> Result<Response, Problem> {
    let created = async {
        let person = asked.person()?;
        credentials::create_user(&app, asked.password.clone(), |user| {
            let command = access::Command::CreateUser { user, name: asked.name.clone(), role: asked.role, person };
            by.request(Command::Access(command), None, None)
        })
        .await
    };
    match created.await {
        Ok(_) => Ok(back(ADDRESS, Done::Created)),
        Err(refusal) => {
            let shown = users(&frame, &asked, Some(&refusal));
            Ok((Problem::status_of(&refusal), screen(&shown)).into_response())
        }
    }
}

/// That it is meant.
#[derive(Debug, Deserialize)]
pub struct Meant {}

/// Lets a user in no more.
pub async fn disable(
    State(app): State<App>,
    frame: Frame,
    by: By,
    Path(id): Path<String>,
    PostedForm(Meant {}): PostedForm<Meant>,
) -> Result<Response, Problem> {
    let user = id.parse().map_err(|_| Refusal::new(&codes::MALFORMED, "a user's id is a UUID").field("id"))?;
    let command = Command::Access(access::Command::DisableUser { user });
    match app.submit(by.request(command, None, None)?).await {
        Ok(_) => Ok(back(ADDRESS, Done::Disabled)),
        Err(refusal) => {
            let shown = users(&frame, &NewUser::default(), Some(&refusal));
            Ok((Problem::status_of(&refusal), screen(&shown)).into_response())
        }
    }
}
