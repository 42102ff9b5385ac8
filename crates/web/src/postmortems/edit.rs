//! `GET` and `POST /postmortems/{number}/edit`: writes a post-mortem. What was refused is shown again as it was sent.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Refusal, codes};
use postmortems::{Command as Wish, ITEMS_MAX, Item, PostMortem};
use serde::Deserialize;
use world::Command;

use super::{
    by_number, in_words,
    items::{self, ItemText},
    texts,
};
use crate::{
    App,
    frame::Frame,
    guard::By,
    problem::Problem,
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    views::{Callout, Entry, Field, Form, Link, State as Shown, Tone},
};

/// Writes a post-mortem.
#[derive(Debug, Template)]
#[template(path = "postmortems/edit.html")]
pub struct EditScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The incident's number.
    pub number: u64,
    /// Whether something can still be promised: before the first edition.
    pub promises: bool,
    /// Why the last try was refused.
    pub trouble: Option<Callout>,
    /// What others made of it meanwhile.
    pub theirs: Option<Theirs>,
    /// Title, text, what is promised.
    pub form: Form,
}

/// A draft that was changed by others while it was edited.
#[derive(Debug)]
pub struct Theirs {
    /// Its revision.
    pub revision: u32,
    /// What it is called.
    pub title: String,
    /// Its Markdown.
    pub text: String,
    /// What is promised in it: `retry less (kim, until 2026-12-24): the load test shows it`.
    pub items: Vec<String>,
}

/// What was filled in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filled {
    revision: u32,
    title: String,
    text: String,
    what: Vec<String>,
    owner: Vec<String>,
    deadline: Vec<String>,
    done_when: Vec<String>,
}

impl Filled {
    fn of(held: &PostMortem, text: String) -> Self {
        let items: Vec<ItemText> = held.items.iter().map(ItemText::of).collect();
        let all = |of: fn(&ItemText) -> &String| items.iter().map(|item| of(item).clone()).collect();
        Self {
            revision: held.revision,
            title: held.title.clone(),
            text,
            what: all(|item| &item.what),
            owner: all(|item| &item.owner),
            deadline: all(|item| &item.deadline),
            done_when: all(|item| &item.done_when),
        }
    }

    /// The items as they were filled in, blank ones too.
    fn items(&self) -> Vec<ItemText> {
        let text = |all: &[String], at: usize| all.get(at).cloned().unwrap_or_default();
        let count = self.what.len().clamp(ITEMS_MAX, 20);
        let item = |at| ItemText {
            what: text(&self.what, at),
            owner: text(&self.owner, at),
            deadline: text(&self.deadline, at),
            done_when: text(&self.done_when, at),
        };
        (0..count).map(item).collect()
    }
}

/// Why something was not saved, and what others wrote if it is because of that.
#[derive(Default)]
struct Refused {
    refusal: Option<Refusal>,
    theirs: Option<Theirs>,
}

impl Theirs {
    async fn of(app: &App, held: &PostMortem) -> Result<Self, Refusal> {
        let line = |item: &Item| {
            let (ItemText { what, deadline, .. }, done) = (ItemText::of(item), items::in_words(&item.done_when));
            format!("{what} ({}, until {deadline}): {done}", item.owner.short())
        };
        let items = held.items.iter().map(line).collect();
        let text = texts::read(app, held.text).await?;
        Ok(Self { revision: held.revision, title: held.title.clone(), text, items })
    }
}

/// Shows the draft as a form.
pub async fn ask(frame: Frame, Path(number): Path<String>) -> Result<Response, Problem> {
    let held = by_number(&frame.world, &number)?.clone();
    let text = texts::read(&frame.app, held.text).await?;
    Ok(screen(&asking(&frame, &held, &Filled::of(&held, text), None)))
}

/// The form as it was filled in. It stays that of the revision that it was made of, unless others have changed the draft
/// meanwhile: then it says what they wrote, and is made of that.
fn asking(frame: &Frame, held: &PostMortem, filled: &Filled, refused: Option<Refused>) -> EditScreen {
    let number = held.about.incident;
    let Refused { refusal, theirs } = refused.unwrap_or_default();
    let refusal = refusal.as_ref();
    let wrong = |field: Field, name: &str| match refusal.filter(|refusal| refusal.field.as_deref() == Some(name)) {
        Some(refusal) => field.error(in_words(refusal)),
        None => field,
    };
    let mut fields = vec![
        wrong(Field::line("title", "Title", &filled.title).required(), "title"),
        wrong(
            Field::new("text", "Text", Entry::Lines { value: filled.text.clone() })
                .hint("Markdown, at most 200 KB. HTML that could run is left out when it is shown."),
            "text",
        ),
    ];
    let promises = held.editions.is_empty();
    let is_of_items = refusal.and_then(|refusal| refusal.field.as_deref()).is_some_and(|of| of.starts_with("items"));
    // Rows that were left empty come last, so that what is said of the n-th item stands beside it.
    let said = filled.items().into_iter().filter(|item| !item.is_blank());
    let shown = if promises || is_of_items { ITEMS_MAX } else { 0 };
    let rows = said.chain(std::iter::repeat_with(ItemText::default)).take(shown);
    for (at, item) in rows.enumerate() {
        let (nth, id) = (at + 1, |name: &str| format!("{name}-{at}"));
        let name = |name: &str| format!("items/{at}/{name}");
        let day = Entry::Line { kind: "text", value: item.deadline.clone() };
        fields.push(wrong(Field::line("what", format!("Action {nth}: what"), item.what).id(id("what")), &name("what")));
        let owner = Field::line("owner", format!("Action {nth}: who"), item.owner).id(id("owner"));
        fields.push(wrong(owner.hint("One user of the catalog."), &name("owner")));
        let deadline = Field::new("deadline", format!("Action {nth}: until when"), day).id(id("deadline"));
        fields.push(wrong(deadline.hint("A day, such as 2026-12-24."), &name("deadline")));
        let done = Field::line("done_when", format!("Action {nth}: done when"), item.done_when).id(id("done_when"));
        let hint = "In words; or check:NAME (it passes), flag:NAME (it is gone), alert:component:NAME (one fires).";
        fields.push(wrong(done.hint(hint), &name("done_when")));
    }
    // Whoever sends it again after seeing what others changed means it.
    let revision = theirs.as_ref().map_or(filled.revision, |theirs| theirs.revision);
    let hidden = vec![("revision".to_owned(), revision.to_string())];
    let is_conflict = theirs.is_some();
    EditScreen {
        chrome: frame.chrome(format!("Post-mortem of incident {number}"), Place::Incidents),
        number,
        promises,
        trouble: refusal.map(|refusal| Callout {
            state: Shown::new(Tone::Bad, "Not saved"),
            text: if is_conflict {
                format!(
                    "{}. Nothing of yours is lost: it stands below, and saving again puts it in place of theirs.",
                    refusal.detail
                )
            } else {
                in_words(refusal)
            },
            link: is_conflict
                .then(|| Link::new("What it says now", frame.href(format!("/postmortems/{number}?draft=1")))),
        }),
        theirs,
        form: Form {
            hidden,
            main: true,
            ..frame.form(format!("/postmortems/{number}/edit"), "Save the draft", fields)
        },
    }
}

/// Saves the draft and goes to its screen.
pub async fn change(
    State(app): State<App>,
    frame: Frame,
    by: By,
    Path(number): Path<String>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let held = by_number(&frame.world, &number)?.clone();
    match save(&app, &by, &held, &filled).await {
        Ok(()) => Ok(Redirect::to(&format!("/postmortems/{}?draft=1", held.about.incident)).into_response()),
        Err(refusal) if refusal.field.is_some() => {
            let status = Problem::status_of(&refusal);
            let held = by_number(&app.world(), &number)?.clone();
            let theirs = if refusal.code == &codes::CONFLICT { Some(Theirs::of(&app, &held).await?) } else { None };
            let refused = Refused { refusal: Some(refusal), theirs };
            Ok((status, screen(&asking(&frame, &held, &filled, Some(refused)))).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn save(app: &App, by: &By, held: &PostMortem, filled: &Filled) -> Result<(), Refusal> {
    let written: Vec<ItemText> = filled.items().into_iter().filter(|item| !item.is_blank()).collect();
    // After the first edition the form has no rows for items: those that were promised stay.
    let keeps = written.is_empty() && !held.editions.is_empty();
    let items = if keeps { held.items.clone() } else { items::read(&written)? };
    // Browsers send line ends as CR LF.
    let (text, bytes) = texts::keep(app, filled.text.replace("\r\n", "\n")).await?;
    let (incident, base, title) = (held.about.incident, filled.revision, filled.title.clone());
    let command = Wish::Edit { incident, base, title, text, bytes, items };
    app.submit(by.request(Command::Postmortems(command), None, None)?).await?;
    Ok(())
}
