//! `/segments`: users that several flags treat alike.

use ::flags::{Change, Origin, Segment};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use kernel::{EntityRef, RefDefaults, codes};
use serde::Deserialize;
use serde_json::json;

use super::{
    Part,
    edit::{EditScreen, Wrong, filled, owners},
    environment::cut,
    parts, text,
    wish::{self, Terms},
};
use crate::{
    App,
    api::not_found,
    frame::Frame,
    guard::By,
    paging::Paged,
    problem::Problem,
    remark::Done,
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    show::{address, named},
    views::{Answer, Change as Shown, Empty, Entry, Field, Form, Link, Pager, Row, Tabs},
};

/// All segments.
#[derive(Debug, Template)]
#[template(path = "flags/segments.html")]
pub struct SegmentsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Flags, segments, requests.
    pub parts: Tabs,
    /// Where one is made; none where the reader may not.
    pub create: Option<String>,
    /// The segments.
    pub rows: Vec<Row>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One segment.
#[derive(Debug, Template)]
#[template(path = "flags/segment.html")]
pub struct SegmentScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Its key.
    pub key: String,
    /// Who is meant.
    pub description: Option<String>,
    /// `made by hand`.
    pub tags: Vec<&'static str>,
    /// Where it is changed; none where the reader may not, or where a file says it.
    pub edit: Option<String>,
    /// Owner, size, use.
    pub answers: Vec<Answer>,
    /// Who is in it, condition by condition: any of them is enough.
    pub conditions: Vec<Condition>,
    /// What is said where it has none.
    pub no_conditions: Empty,
    /// The flags that use it.
    pub users: Vec<Row>,
    /// What is said where none does.
    pub no_users: Empty,
    /// What was done to it, the latest first.
    pub changes: Vec<Shown>,
}

/// One way to be in a segment.
#[derive(Debug)]
pub struct Condition {
    /// `Targeting key is one of`.
    pub what: &'static str,
    /// The values that are shown.
    pub values: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

/// Values of a condition that its screen shows.
const VALUES_MAX: usize = 100;
/// Changes that its screen shows.
const CHANGES_MAX: usize = 20;

/// From which on.
#[derive(Debug, Default, Deserialize)]
pub struct From {
    from: Option<usize>,
}

/// `GET /segments`: all of them.
pub async fn index(frame: Frame, Query(From { from }): Query<From>) -> Response {
    let page = Paged::of(frame.world.flags.segments().collect(), from, &frame.href("/segments"));
    screen(&SegmentsScreen {
        chrome: frame.chrome("Segments", Place::Flags),
        parts: parts(&frame, Part::Segments),
        create: frame.may_write().then(|| "/segments/new".to_owned()),
        rows: page.items.into_iter().map(|segment| row(&frame, segment)).collect(),
        none: Empty::new(
            "No segment is defined yet. A segment names users that several flags treat alike, such as your own staff: \
             make one here, or as `kind: Segment` in a catalog file.",
        ),
        pager: page.pager,
    })
}

fn row(frame: &Frame, segment: &Segment) -> Row {
    let flags = frame.world.flags.users_of(&segment.segment).count();
    let used = match flags {
        0 => "used by no flag".to_owned(),
        1 => "used by 1 flag".to_owned(),
        flags => format!("used by {flags} flags"),
    };
    let who =
        conditions(segment).iter().map(|one| format!("{} {}", one.what, one.values.join(", "))).collect::<Vec<_>>();
    Row::new(segment.segment.short(), frame.href(address(&segment.segment)))
        .note(format!("{} · {used}", segment.description).trim_start_matches(" · ").to_owned())
        .under(cut(&who.join("; or "), LINE_CHARS_MAX))
}

/// A longer line is cut.
const LINE_CHARS_MAX: usize = 160;

fn conditions(segment: &Segment) -> Vec<Condition> {
    let list = |what: &'static str, values: &[String]| {
        let shown: Vec<String> = values.iter().take(VALUES_MAX).cloned().collect();
        Condition { what, more: values.len().saturating_sub(VALUES_MAX), values: shown }
    };
    let rule = segment.when.as_ref().map(|rule| {
        let words = flagd::words(rule, &flagd::Evaluators::default());
        let values = words.into_iter().map(|line| line.text).take(VALUES_MAX).collect();
        Condition { what: "Rule", values, more: 0 }
    });
    let lists = [
        list("Targeting key is one of", &segment.members),
        list("E-mail ends with @", &segment.email_domains),
        list("In one of the groups", &segment.groups),
    ];
    lists.into_iter().filter(|one| !one.values.is_empty()).chain(rule).collect()
}

/// `GET /segments/{namespace}/{name}`: one of them.
pub async fn show(frame: Frame, Path((namespace, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let reference = named("segment", &namespace, &name)?;
    let segment = frame.world.flags.segment(&reference).ok_or_else(|| not_found("segment", reference.short()))?;
    let users = frame.world.flags.users_of(&reference).map(|flag| {
        Row::new(flag.definition.key(), frame.href(address(&flag.definition.flag)))
            .note(flag.definition.description.clone())
    });
    let users: Vec<Row> = users.collect();
    let changes = frame.world.journal.about(&reference).take(CHANGES_MAX);
    let owner = match &segment.owner {
        Some(owner) => Answer::to("Owner").entity(frame.entity(owner)),
        None => Answer::to("Owner").gap("No owner"),
    };
    let by_hand = segment.origin == Origin::ByHand;
    let key = reference.short();
    Ok(screen(&SegmentScreen {
        chrome: frame.chrome(key, Place::Flags),
        description: Some(segment.description.clone()).filter(|text| !text.is_empty()),
        tags: vec![if by_hand { "made by hand" } else { "declared in a file" }],
        edit: (by_hand && frame.may_write()).then(|| format!("{}/edit", address(&reference))),
        answers: vec![owner, Answer::to("Named members").text(segment.members.len().to_string())],
        conditions: conditions(segment),
        no_conditions: Empty::new("Nobody is in it: it has no condition."),
        users,
        no_users: Empty::new("No flag uses it."),
        changes: changes.map(|entry| frame.change(entry, Some(&reference))).collect(),
        key: key.to_owned(),
    }))
}

/// The fields of a segment as they were filled in.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Filled {
    key: String,
    description: String,
    owner: String,
    members: String,
    email_domains: String,
    groups: String,
    when: String,
    reason: String,
    at: String,
    emergency: Option<String>,
}

/// Of which field each part of a `spec` was made.
const PLACES: [(&str, &str); 5] = [
    ("/spec/members", "members"),
    ("/spec/emailDomains", "email_domains"),
    ("/spec/groups", "groups"),
    ("/spec/when", "when"),
    ("/spec/owner", "owner"),
];

impl Filled {
    fn of(segment: &Segment) -> Self {
        Self {
            key: segment.segment.short().to_owned(),
            description: segment.description.clone(),
            owner: segment.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
            members: text::joined(&segment.members),
            email_domains: text::joined(&segment.email_domains),
            groups: text::joined(&segment.groups),
            when: text::of_json(segment.when.as_ref()),
            ..Self::default()
        }
    }

    fn terms(&self) -> Terms {
        Terms { reason: self.reason.clone(), emergency: self.emergency.clone(), at: self.at.clone() }
    }

    fn read(&self, segment: EntityRef) -> Result<Segment, Wrong> {
        let mut wrong = Wrong::default();
        let when = wrong.of("when", text::json(&self.when));
        let list = |text: &str| text::lines(text).map(str::to_owned).collect::<Vec<_>>();
        let domains: Vec<String> =
            list(&self.email_domains).iter().map(|one| one.trim_start_matches('@').to_owned()).collect();
        let spec = json!({
            "owner": filled(&self.owner), "members": list(&self.members), "emailDomains": domains,
            "groups": list(&self.groups), "when": when,
        });
        match Segment::from_spec(segment, Some(self.description.trim()), &spec) {
            Ok(read) if wrong.is_empty() => Ok(Segment { origin: Origin::ByHand, ..read }),
            Ok(_) => Err(wrong),
            Err(problems) => Err(wrong.and(&problems, &PLACES)),
        }
    }

    fn fields(&self, frame: &Frame, is_new: bool, approvals: u8) -> Vec<Field> {
        let lines =
            |name: &str, label: &str, value: &String| Field::new(name, label, Entry::Lines { value: value.clone() });
        let key = is_new.then(|| Field::line("key", "Key", self.key.clone()).required().hint("Such as staff."));
        let own = [
            Field::line("description", "Who is meant", self.description.clone()),
            Field::select("owner", "Owner", owners(frame, &self.owner)),
            lines("email_domains", "E-mail domains", &self.email_domains)
                .hint("One per line, such as acme.test: everybody whose email ends so."),
            lines("groups", "Groups", &self.groups)
                .hint("One per line: everybody whose groups hold it, or whose group it is."),
            lines("members", "Members", &self.members).hint("Targeting keys, one per line."),
            lines("when", "Or by a rule", &self.when).hint("A JsonLogic rule that is true for members."),
        ];
        key.into_iter().chain(own).chain(self.terms().fields(approvals)).collect()
    }
}

/// `GET /segments/new`: asks who shall be in the new one.
pub async fn ask_new(frame: Frame) -> Response {
    screen(&asking(&frame, None, &Filled::default(), &Wrong::default()))
}

/// `GET /segments/{namespace}/{name}/edit`: asks who shall be in it.
pub async fn ask(frame: Frame, Path((namespace, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let reference = named("segment", &namespace, &name)?;
    let segment = frame.world.flags.segment(&reference).ok_or_else(|| not_found("segment", reference.short()))?;
    Ok(screen(&asking(&frame, Some(&reference), &Filled::of(segment), &Wrong::default())))
}

fn asking(frame: &Frame, of: Option<&EntityRef>, filled: &Filled, wrong: &Wrong) -> EditScreen {
    let users = of.into_iter().flat_map(|segment| frame.world.flags.users_of(segment));
    let approvals = users.flat_map(|flag| flag.definition.environments.values()).map(|setting| setting.approvals).max();
    let (fields, trouble) = wrong.told(filled.fields(frame, of.is_none(), approvals.unwrap_or(0)));
    let above = of.map(|segment| Link::new(segment.short(), address(segment)));
    let (title, action) = match of {
        Some(segment) => (format!("Edit {}", segment.short()), format!("{}/edit", address(segment))),
        None => ("New segment".to_owned(), "/segments/new".to_owned()),
    };
    EditScreen {
        chrome: frame.chrome(&title, Place::Flags),
        crumbs: std::iter::once(Link::new("Segments", "/segments")).chain(above).collect(),
        title,
        lead: "Who meets any of the conditions is in it. All flags that use it follow at once.".to_owned(),
        trouble,
        form: Form { main: true, ..frame.form(action, "Save", fields) },
        remove: of.map(|segment| {
            let reason = Field::line("reason", "Reason", "").id("remove-reason");
            frame.form(format!("{}/remove", address(segment)), "Remove the segment", vec![reason])
        }),
    }
}

/// `POST /segments/new`: makes it.
pub async fn make(
    State(app): State<App>,
    frame: Frame,
    by: By,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let defaults = RefDefaults { kind: Some("segment"), namespace: EntityRef::DEFAULT_NAMESPACE };
    let read = match EntityRef::parse(filled.key.trim(), defaults) {
        Ok(segment) if app.world().flags.segment(&segment).is_some() => {
            Err(Wrong::at("key", "There is such a segment already."))
        }
        Ok(segment) => filled.read(segment),
        Err(error) => Err(Wrong::at("key", format!("{error}."))),
    };
    save(&app, &frame, &by, None, read, &filled).await
}

/// `POST /segments/{namespace}/{name}/edit`: changes it.
pub async fn change(
    State(app): State<App>,
    frame: Frame,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let reference = named("segment", &namespace, &name)?;
    let read = filled.read(reference.clone());
    save(&app, &frame, &by, Some(&reference), read, &filled).await
}

async fn save(
    app: &App,
    frame: &Frame,
    by: &By,
    of: Option<&EntityRef>,
    read: Result<Segment, Wrong>,
    filled: &Filled,
) -> Result<Response, Problem> {
    let wrong = match read {
        Ok(segment) => {
            let home = address(&segment.segment);
            match wish::carry_out(app, by, Change::DefineSegment { segment }, &filled.terms(), &home, Done::Saved).await
            {
                Ok(response) => return Ok(response),
                Err(refusal) => Wrong::refused(&refusal, &PLACES),
            }
        }
        Err(wrong) => wrong,
    };
    let status = axum::http::StatusCode::from_u16(codes::INVALID.status).unwrap_or_default();
    Ok((status, screen(&asking(frame, of, filled, &wrong))).into_response())
}

/// Why.
#[derive(Debug, Deserialize)]
pub struct Why {
    reason: String,
}

/// `POST /segments/{namespace}/{name}/remove`: removes it.
pub async fn remove(
    State(app): State<App>,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(Why { reason }): PostedForm<Why>,
) -> Result<Response, Problem> {
    let segment = named("segment", &namespace, &name)?;
    let terms = Terms { reason, ..Terms::default() };
    Ok(wish::carry_out(&app, &by, Change::RemoveSegment { segment }, &terms, "/segments", Done::Removed).await?)
}
