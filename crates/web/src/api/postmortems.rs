//! Post-mortems: list and search, show, begin, edit, ask for a review, review, publish.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use kernel::{EntityRef, Timestamp};
use postmortems::{Command as Wish, Opinion, PostMortem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::{Command, postmortem::missing};

use super::{Asked, Done, Listed, Paging, carry_out, event::ActorView, not_found, reference};
use crate::{
    App,
    postmortems::{
        act::{reviewer, starting},
        by_number,
        items::{self, ItemText},
        texts,
    },
    problem::Problem,
};

/// A post-mortem in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostMortemView {
    /// The incident's number.
    pub incident: u64,
    /// What was broken.
    #[schema(value_type = String)]
    pub entity: EntityRef,
    /// What it is called.
    pub title: String,
    /// `draft`, `in review`, `changes wanted`, `approved` or `published`.
    pub stage: &'static str,
    /// The draft's revision: what an edit, a review and publishing name.
    pub revision: u32,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// When the draft was changed last.
    #[schema(value_type = String, format = "date-time")]
    pub edited: Timestamp,
}

/// A post-mortem with its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostMortemDetail {
    /// The post-mortem.
    #[serde(flatten)]
    pub post_mortem: PostMortemView,
    /// The Markdown of the draft, or of the edition that was asked for.
    pub text: String,
    /// What is promised.
    pub items: Vec<ItemText>,
    /// What keeps it from being published.
    pub missing: Vec<MissingView>,
    /// What was published, oldest first.
    pub editions: Vec<EditionView>,
    /// What people thought of it, oldest first.
    pub reviews: Vec<ReviewView>,
    /// The numbers of the actions that publishing made.
    pub actions: Vec<u64>,
}

/// Something that keeps it from being published.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissingView {
    /// Which field is at fault.
    pub field: Option<String>,
    /// What is wrong.
    pub detail: String,
    /// How to mend it.
    pub fix: Option<String>,
}

/// A text that was published.
#[derive(Debug, Serialize, ToSchema)]
pub struct EditionView {
    /// Which, from 1.
    pub edition: u32,
    /// What it is called.
    pub title: String,
    /// Who published it.
    pub by: ActorView,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
}

/// What somebody thought.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewView {
    /// Of which revision.
    pub revision: u32,
    /// Who.
    pub by: String,
    /// True for an approval.
    pub approved: bool,
    /// Why, as Markdown.
    pub note: String,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
}

impl PostMortemView {
    fn of(of: &PostMortem) -> Self {
        Self {
            incident: of.about.incident,
            entity: of.about.entity.clone(),
            title: of.title.clone(),
            stage: of.stage().word(),
            revision: of.revision,
            authors: of.authors.clone(),
            edited: of.edited,
        }
    }
}

/// Which post-mortems.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Words in what is published.
    pub q: Option<String>,
}

/// Lists post-mortems, that of the newest incident first; those that match `q`, the best first.
#[utoipa::path(get, path = "/api/v1/postmortems", tag = "post-mortems", params(Which, Paging),
    responses((status = 200, body = Listed<PostMortemView>)))]
pub async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<PostMortemView>>, Problem> {
    let world = app.world();
    let found: Vec<&PostMortem> = match which.q.as_deref().filter(|q| !q.trim().is_empty()) {
        None => world.postmortems.all().collect(),
        Some(q) => {
            let hits = texts::search(&app, &world, q).await?;
            hits.into_iter().filter_map(|number| world.postmortems.get(number)).collect()
        }
    };
    paging.page(found, PostMortemView::of)
}

/// Which text.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhichText {
    /// An edition; the draft if left out.
    pub edition: Option<u32>,
}

/// Shows a post-mortem with its text.
#[utoipa::path(get, path = "/api/v1/postmortems/{number}", tag = "post-mortems", params(WhichText,
    ("number", description = "the incident's number")), responses((status = 200, body = PostMortemDetail)))]
pub async fn show(
    State(app): State<App>,
    Path(number): Path<String>,
    Query(which): Query<WhichText>,
) -> Result<Json<PostMortemDetail>, Problem> {
    let world = app.world();
    let of = by_number(&world, &number)?;
    let text = match which.edition {
        None => of.text,
        Some(wanted) => {
            let known = of.editions.iter().find(|known| known.edition == wanted);
            known.ok_or_else(|| not_found("edition", &wanted.to_string()))?.text
        }
    };
    let lacks = if of.published_revision == Some(of.revision) { vec![] } else { missing(&world, of, app.now()) };
    let source = actions::Source::PostMortem { incident: of.about.incident };
    let editions = of.editions.iter().map(|known| EditionView {
        edition: known.edition,
        title: known.title.clone(),
        by: ActorView::of(&known.by),
        at: known.at,
    });
    let reviews = of.reviews.iter().map(|review| ReviewView {
        revision: review.revision,
        by: review.by.clone(),
        approved: review.opinion == Opinion::Approved,
        note: review.note.clone(),
        at: review.at,
    });
    let missing = lacks.into_iter().map(|refusal| MissingView {
        field: refusal.field.as_deref().map(str::to_owned),
        detail: refusal.detail.clone(),
        fix: refusal.fix.as_deref().map(str::to_owned),
    });
    Ok(Json(PostMortemDetail {
        post_mortem: PostMortemView::of(of),
        text: texts::read(&app, text).await?,
        items: of.items.iter().map(ItemText::of).collect(),
        missing: missing.collect(),
        editions: editions.collect(),
        reviews: reviews.collect(),
        actions: world.actions.of_source(&source).map(|action| action.number).collect(),
    }))
}

/// Of which incident.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    /// The number of an incident that is over.
    pub incident: u64,
}

/// Begins the post-mortem of an incident, with the template filled.
#[utoipa::path(post, path = "/api/v1/postmortems", tag = "post-mortems", request_body = Begun,
    responses((status = 200, body = Done)))]
pub async fn start(State(app): State<App>, asked: Asked<Begun>) -> Result<Json<Done>, Problem> {
    let command = starting(&app, &asked.body.incident.to_string()).await?;
    carry_out(&app, &asked, Command::Postmortems(command), None).await
}

/// What the draft is to say; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The revision that this was made of.
    pub revision: u32,
    /// What it is called.
    #[serde(default)]
    pub title: Option<String>,
    /// Markdown, at most 200,000 bytes.
    #[serde(default)]
    pub text: Option<String>,
    /// What is promised: one to three items when it is published first; no others afterwards.
    #[serde(default)]
    pub items: Option<Vec<ItemText>>,
}

/// Changes the draft. One that was made of another revision than the newest is refused.
#[utoipa::path(post, path = "/api/v1/postmortems/{number}", tag = "post-mortems", request_body = Draft,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn edit(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Draft>,
) -> Result<Json<Done>, Problem> {
    let world = app.world();
    let of = by_number(&world, &number)?;
    let Draft { revision, title, text, items: written } = &asked.body;
    let items = match written {
        Some(written) => items::read(written)?,
        None => of.items.clone(),
    };
    let (text, bytes) = match text {
        Some(text) => texts::keep(&app, text.clone()).await?,
        None => (of.text, of.bytes),
    };
    let title = title.clone().unwrap_or_else(|| of.title.clone());
    let command = Wish::Edit { incident: of.about.incident, base: *revision, title, text, bytes, items };
    carry_out(&app, &asked, Command::Postmortems(command), None).await
}

/// Who is asked.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reviewers {
    /// Users of the catalog; anybody who wrote nothing of it if left out.
    pub reviewers: Vec<String>,
}

/// Asks for a review of the draft.
#[utoipa::path(post, path = "/api/v1/postmortems/{number}/review-requests", tag = "post-mortems",
    request_body = Reviewers, params(("number", description = "the incident's number")),
    responses((status = 200, body = Done)))]
pub async fn ask_review(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Reviewers>,
) -> Result<Json<Done>, Problem> {
    let incident = by_number(&app.world(), &number)?.about.incident;
    let named = asked.body.reviewers.iter().map(|name| reference("reviewers", name, "user"));
    let command = Wish::AskReview { incident, reviewers: named.collect::<Result<_, _>>()? };
    carry_out(&app, &asked, Command::Postmortems(command), None).await
}

/// What somebody thinks of the draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Opined {
    /// The revision that was read.
    pub revision: u32,
    /// True if it can be published, false if something must be changed.
    pub approve: bool,
    /// Why, as Markdown; needed if something must be changed.
    #[serde(default)]
    pub note: String,
    /// Whose opinion it is, where a token hands it in: a user of the catalog. A signed-in person's is their own.
    #[serde(default)]
    pub by: Option<String>,
}

/// Says what a person thinks of the draft.
#[utoipa::path(post, path = "/api/v1/postmortems/{number}/reviews", tag = "post-mortems", request_body = Opined,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn review(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Opined>,
) -> Result<Json<Done>, Problem> {
    let incident = by_number(&app.world(), &number)?.about.incident;
    let Opined { revision, approve, note, by } = &asked.body;
    let opinion = if *approve { Opinion::Approved } else { Opinion::ChangesWanted };
    let by = reviewer(&asked.by.0, by.as_deref())?;
    let command = Wish::Review { incident, revision: *revision, by, opinion, note: note.clone() };
    carry_out(&app, &asked, Command::Postmortems(command), None).await
}

/// What is to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// The draft's revision that is meant.
    pub revision: u32,
}

/// Publishes the draft, and promises its action items.
#[utoipa::path(post, path = "/api/v1/postmortems/{number}/publish", tag = "post-mortems", request_body = Revision,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn publish(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Revision>,
) -> Result<Json<Done>, Problem> {
    let incident = by_number(&app.world(), &number)?.about.incident;
    let command = Wish::Publish { incident, revision: asked.body.revision };
    carry_out(&app, &asked, Command::Postmortems(command), None).await
}
