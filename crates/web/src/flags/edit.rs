//! `/flags/new` and `/flags/{namespace}/{name}/edit`: a flag is made by hand, changed, and removed.
//!
//! A form becomes the `spec` of a declaration and is read as one: what is wrong is said in the same words, beside the
//! field that it came from.

use std::collections::BTreeMap;

use ::flags::{Change, Definition, Origin, Purpose};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use kernel::{EntityRef, RefDefaults, Refusal, codes};
use serde::Deserialize;
use serde_json::{Value, json};
use spec::SpecProblem;

use super::{
    text,
    wish::{self, Terms},
};
use crate::{
    App,
    api::not_found,
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::Done,
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    show::{address, named},
    views::{Callout, Choice, Entry, Field, Form, Link, State as Shown, Tone},
};

/// Asks what a flag, a setting or a segment shall be.
#[derive(Debug, Template)]
#[template(path = "flags/edit.html")]
pub struct EditScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What is above it.
    pub crumbs: Vec<Link>,
    /// `New flag`.
    pub title: String,
    /// What to know before.
    pub lead: String,
    /// Why the last try was refused.
    pub trouble: Option<Callout>,
    /// The fields.
    pub form: Form,
    /// Removes it; none where it is not there yet.
    pub remove: Option<Form>,
}

/// The fields of a flag as they were filled in.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Filled {
    key: String,
    description: String,
    owner: String,
    purpose: String,
    expires: String,
    variants: String,
    off: String,
    default: String,
    targeting: String,
    requires: String,
    used_by: String,
    flag_set: String,
    reason: String,
    at: String,
    emergency: Option<String>,
}

impl Filled {
    fn blank() -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            purpose: text(Purpose::default().as_str()),
            variants: text("on = true\noff = false\n"),
            off: text("off"),
            default: text("on"),
            ..Self::default()
        }
    }

    fn of(definition: &Definition) -> Self {
        let requires = definition.requires.iter().map(|one| match &one.variant {
            Some(variant) => format!("{} = {variant}", one.flag.short()),
            None => one.flag.short().to_owned(),
        });
        Self {
            key: definition.key().to_owned(),
            description: definition.description.clone(),
            owner: definition.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
            purpose: definition.purpose.as_str().to_owned(),
            expires: definition.expires.clone().unwrap_or_default(),
            variants: text::of_values(&definition.variants),
            off: definition.off_variant.clone().unwrap_or_default(),
            default: definition.default_variant.clone().unwrap_or_default(),
            targeting: text::of_json(definition.targeting.as_ref()),
            requires: text::joined(requires),
            used_by: text::joined(definition.used_by.iter().map(EntityRef::short)),
            flag_set: definition.flag_set.clone().unwrap_or_default(),
            ..Self::default()
        }
    }

    fn terms(&self) -> Terms {
        Terms { reason: self.reason.clone(), emergency: self.emergency.clone(), at: self.at.clone() }
    }

    /// What they say, over what `before` says of all else.
    fn read(&self, flag: EntityRef, before: Option<&Definition>) -> Result<Definition, Wrong> {
        let mut wrong = Wrong::default();
        let variants = wrong.of("variants", text::values(&self.variants));
        let targeting = wrong.of("targeting", text::json(&self.targeting));
        let requires: Vec<Value> = text::lines(&self.requires)
            .map(|line| match line.split_once('=') {
                Some((flag, variant)) => json!({ "flag": flag.trim(), "variant": variant.trim() }),
                None => json!(line),
            })
            .collect();
        let spec = json!({
            "owner": filled(&self.owner), "purpose": filled(&self.purpose), "expires": filled(&self.expires),
            "variants": variants, "offVariant": filled(&self.off), "defaultVariant": filled(&self.default),
            "targeting": targeting, "requires": requires, "flagSet": filled(&self.flag_set),
            "usedBy": text::lines(&self.used_by).collect::<Vec<_>>(),
        });
        let description = self.description.trim();
        match Definition::from_spec(flag, Some(description), &spec) {
            Ok(read) if wrong.is_empty() => Ok(Definition {
                origin: Origin::ByHand,
                environments: before.map(|before| before.environments.clone()).unwrap_or_default(),
                metadata: before.map(|before| before.metadata.clone()).unwrap_or_default(),
                bucketing: before.map(|before| before.bucketing).unwrap_or_default(),
                ..read.spelled(before.map_or(self.key.trim(), Definition::key))
            }),
            Ok(_) => Err(wrong),
            Err(problems) => Err(wrong.and(&problems, &PLACES)),
        }
    }

    fn fields(&self, frame: &Frame, is_new: bool, approvals: u8) -> Vec<Field> {
        let line = |name: &str, label: &str, value: &String| Field::line(name, label, value.clone());
        let lines =
            |name: &str, label: &str, value: &String| Field::new(name, label, Entry::Lines { value: value.clone() });
        let purposes = Purpose::ALL.map(|purpose| {
            let lives = match purpose.expected_days() {
                Some(days) => format!("{}: to be gone after {days} days", purpose.as_str()),
                None => format!("{}: stays", purpose.as_str()),
            };
            Choice::new(purpose.as_str(), lives, &self.purpose)
        });
        let key = is_new.then(|| {
            line("key", "Key", &self.key)
                .required()
                .hint("What clients ask for, such as new-checkout. It can’t be changed later.")
        });
        let own = [
            line("description", "What it is for", &self.description),
            Field::select("owner", "Owner", owners(frame, &self.owner))
                .hint("Who removes it when it is no longer needed."),
            Field::select("purpose", "Purpose", purposes.to_vec()),
            Field::new("expires", "To be gone by", Entry::Line { kind: "date", value: self.expires.clone() }),
            lines("variants", "Variants", &self.variants)
                .hint("One “name = value” per line; all values of one type: true, a text, a number or a JSON object."),
            line("off", "Variant while off", &self.off).hint("Empty: the default in each client’s own code."),
            line("default", "Variant while on, where no rule says otherwise", &self.default),
            lines("targeting", "Targeting", &self.targeting)
                .hint("A JsonLogic rule as in flagd, which gives a variant or null. Most flags need none."),
            lines("requires", "Required flags", &self.requires).hint("One per line, as “flag” or “flag = variant”."),
            lines("used_by", "Read by", &self.used_by)
                .hint("Components, one per line. Those that are seen asking are added."),
            line("flag_set", "Flag set", &self.flag_set)
                .hint("flagd’s flagSetId, if clients get only a part of all flags."),
        ];
        key.into_iter().chain(own).chain(self.terms().fields(approvals)).collect()
    }
}

/// Of which field each part of a `spec` was made; the longest match counts.
const PLACES: [(&str, &str); 9] = [
    ("/spec/variants", "variants"),
    ("/spec/offVariant", "off"),
    ("/spec/defaultVariant", "default"),
    ("/spec/targeting", "targeting"),
    ("/spec/requires", "requires"),
    ("/spec/usedBy", "used_by"),
    ("/spec/flagSet", "flag_set"),
    ("/spec/expires", "expires"),
    ("/spec/owner", "owner"),
];

/// What is wrong, by field; what belongs to none is under the empty name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Wrong(BTreeMap<String, String>);

impl Wrong {
    /// That one field is wrong.
    pub(crate) fn at(field: &str, wrong: impl Into<String>) -> Self {
        Self([(field.to_owned(), wrong.into())].into())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was read, or a default where the field is wrong.
    pub(crate) fn of<T: Default>(&mut self, field: &str, read: Result<T, String>) -> T {
        read.unwrap_or_else(|wrong| {
            self.add(field, wrong);
            T::default()
        })
    }

    fn add(&mut self, field: &str, wrong: String) {
        let said = self.0.entry(field.to_owned()).or_default();
        if !said.is_empty() {
            said.push(' ');
        }
        said.push_str(&wrong);
    }

    /// The same with what is wrong in the `spec` that was made of the fields; a field that can't be read said more.
    pub(crate) fn and(mut self, problems: &[SpecProblem], places: &[(&str, &str)]) -> Self {
        let unreadable: Vec<String> = self.0.keys().cloned().collect();
        for problem in problems {
            let place = places.iter().find(|(place, _)| problem.pointer.starts_with(place));
            let (place, field) = place.copied().unwrap_or(("/spec", ""));
            if unreadable.iter().any(|known| known == field) {
                continue;
            }
            let within = problem.pointer.strip_prefix(place).unwrap_or_default();
            let near = problem.suggestion.as_ref().map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
            let within = if within.is_empty() { String::new() } else { format!("At {within}: ") };
            self.add(field, format!("{within}{}.{near}", problem.message.trim_end_matches('.')));
        }
        self
    }

    /// Of a refusal, which may name a field or a place.
    pub(crate) fn refused(refusal: &Refusal, places: &[(&str, &str)]) -> Self {
        let at = refusal.field.as_deref().unwrap_or_default();
        let field = places.iter().find(|(place, _)| at.starts_with(place)).map_or(at, |(_, field)| field);
        let fix = refusal.fix.as_ref().map(|fix| format!(" What to do: {fix}.")).unwrap_or_default();
        Self::at(field, format!("{}.{fix}", refusal.detail.trim_end_matches('.')))
    }

    /// The fields with what is wrong with them, and what is wrong with none of them.
    pub(crate) fn told(&self, fields: Vec<Field>) -> (Vec<Field>, Option<Callout>) {
        let mut rest = self.0.clone();
        let fields: Vec<Field> = fields
            .into_iter()
            .map(|field| match rest.remove(&field.name) {
                Some(wrong) => field.error(wrong),
                None => field,
            })
            .collect();
        let marked = fields.iter().filter(|field| field.error.is_some()).map(|field| field.label.as_str());
        let marked: Vec<&str> = marked.collect();
        let text = match (rest.is_empty(), marked.is_empty()) {
            (true, true) => return (fields, None),
            (true, false) => format!("See: {}.", marked.join(", ")),
            (false, _) => rest.into_values().collect::<Vec<_>>().join(" "),
        };
        (fields, Some(Callout { state: Shown::new(Tone::Bad, "Not saved"), text, link: None }))
    }
}

/// A field that was left empty says nothing.
pub(crate) fn filled(text: &str) -> Value {
    match text.trim() {
        "" => Value::Null,
        text => json!(text),
    }
}

/// The teams and people who may own a flag.
pub(crate) fn owners(frame: &Frame, current: &str) -> Vec<Choice> {
    let groups = frame.world.catalog.of_kind("group");
    let mut choices: Vec<Choice> =
        groups.map(|group| Choice::new(group.reference().as_str(), crate::show::name(group), current)).collect();
    choices.sort_by_key(|choice| choice.label.to_lowercase());
    let is_listed = current.is_empty() || choices.iter().any(|choice| choice.chosen);
    let other = (!is_listed).then(|| Choice::new(current, current, current));
    std::iter::once(Choice::new("", "Nobody yet", current)).chain(choices).chain(other).collect()
}

/// `GET /flags/new`: asks what the new flag shall be.
pub async fn ask_new(frame: Frame) -> Response {
    screen(&asking_new(&frame, &Filled::blank(), &Wrong::default()))
}

fn asking_new(frame: &Frame, filled: &Filled, wrong: &Wrong) -> EditScreen {
    let (fields, trouble) = wrong.told(filled.fields(frame, true, 0));
    EditScreen {
        chrome: frame.chrome("New flag", Place::Flags),
        crumbs: vec![Link::new("Flags", "/flags")],
        title: "New flag".to_owned(),
        lead:
            "It is off everywhere until somebody turns it on. Audiences, shares and ramps are set per environment, on \
               the flag’s own screen."
                .to_owned(),
        trouble,
        form: Form { main: true, ..frame.form("/flags/new", "Make the flag", fields) },
        remove: None,
    }
}

/// `POST /flags/new`: makes it.
pub async fn make(
    State(app): State<App>,
    frame: Frame,
    by: By,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let defaults = RefDefaults { kind: Some("flag"), namespace: EntityRef::DEFAULT_NAMESPACE };
    let read = match EntityRef::parse(filled.key.trim(), defaults) {
        Ok(flag) if app.world().flags.flag(&flag).is_some() => Err(Wrong::at("key", "There is such a flag already.")),
        Ok(flag) => filled.read(flag, None),
        Err(error) => Err(Wrong::at("key", format!("{error}."))),
    };
    save(&app, &by, read, &filled, |wrong| asking_new(&frame, &filled, &wrong)).await
}

/// Saves it, or shows what is wrong.
async fn save(
    app: &App,
    by: &By,
    read: Result<Definition, Wrong>,
    filled: &Filled,
    again: impl FnOnce(Wrong) -> EditScreen,
) -> Result<Response, Problem> {
    let wrong = match read {
        Ok(definition) => {
            let home = address(&definition.flag);
            match wish::carry_out(app, by, Change::Define { definition }, &filled.terms(), &home, Done::Saved).await {
                Ok(response) => return Ok(response),
                Err(refusal) => Wrong::refused(&refusal, &PLACES),
            }
        }
        Err(wrong) => wrong,
    };
    let status = axum::http::StatusCode::from_u16(codes::INVALID.status).unwrap_or_default();
    Ok((status, screen(&again(wrong))).into_response())
}

/// `GET /flags/{namespace}/{name}/edit`: asks what it shall be.
pub async fn ask(frame: Frame, Path((namespace, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let definition = definition(&frame, &namespace, &name)?;
    Ok(screen(&asking(&frame, &definition, &Filled::of(&definition), &Wrong::default())))
}

/// The definition of a flag that was made by hand.
pub(super) fn definition(frame: &Frame, namespace: &str, name: &str) -> Result<Definition, Problem> {
    let reference = named("flag", namespace, name)?;
    let flag = frame.world.flags.flag(&reference).ok_or_else(|| not_found("flag", reference.short()))?;
    match flag.definition.origin {
        Origin::ByHand => Ok((*flag.definition).clone()),
        Origin::Declared => {
            let detail = format!("the flag {} is declared in a file", reference.short());
            Err(Refusal::new(&codes::CONFLICT, detail).fix("change the file and apply it").into())
        }
    }
}

fn asking(frame: &Frame, definition: &Definition, filled: &Filled, wrong: &Wrong) -> EditScreen {
    let home = address(&definition.flag);
    let approvals = definition.environments.values().map(|setting| setting.approvals).max().unwrap_or(0);
    let (fields, trouble) = wrong.told(filled.fields(frame, false, approvals));
    let removal = frame.form(
        format!("{home}/remove"),
        "Remove the flag",
        vec![
            Field::line("reason", "Reason", "")
                .id("remove-reason")
                .hint("Clients get the default in their own code from then on."),
        ],
    );
    EditScreen {
        chrome: frame.chrome(format!("Edit {}", definition.key()), Place::Flags),
        crumbs: vec![Link::new("Flags", "/flags"), Link::new(definition.key(), home.clone())],
        title: format!("Edit {}", definition.key()),
        lead: "What holds in one environment is changed on the flag’s own screen.".to_owned(),
        trouble,
        form: Form { main: true, ..frame.form(format!("{home}/edit"), "Save", fields) },
        remove: Some(removal),
    }
}

/// `POST /flags/{namespace}/{name}/edit`: changes it.
pub async fn change(
    State(app): State<App>,
    frame: Frame,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let before = definition(&frame, &namespace, &name)?;
    let read = filled.read(before.flag.clone(), Some(&before));
    save(&app, &by, read, &filled, |wrong| asking(&frame, &before, &filled, &wrong)).await
}

/// Why.
#[derive(Debug, Deserialize)]
pub struct Why {
    reason: String,
}

/// `POST /flags/{namespace}/{name}/remove`: removes it.
pub async fn remove(
    State(app): State<App>,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(Why { reason }): PostedForm<Why>,
) -> Result<Response, Problem> {
    let flag = named("flag", &namespace, &name)?;
    let terms = Terms { reason, ..Terms::default() };
    Ok(wish::carry_out(&app, &by, Change::Remove { flag }, &terms, "/flags", Done::Removed).await?)
}
