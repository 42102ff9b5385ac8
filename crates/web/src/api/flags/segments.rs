//! Segments: users that several flags treat alike.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use flags::{Change, Origin, Segment};
use kernel::{EntityRef, Refusal};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use world::World;

use super::{Circumstances, make};
use crate::{
    App,
    api::{Asked, Done, Listed, Paging, catalog::first_problem, not_found, reference, undo::Why},
    problem::Problem,
};

/// A segment.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentView {
    /// Its name.
    pub key: String,
    /// The whole reference.
    #[schema(value_type = String)]
    pub segment: EntityRef,
    /// Who is meant.
    pub description: String,
    /// Who keeps it.
    #[schema(value_type = Option<String>)]
    pub owner: Option<EntityRef>,
    /// True if it is declared in a file.
    pub declared: bool,
    /// Targeting keys that are in it.
    pub members: Vec<String>,
    /// Those whose e-mail address ends so are in it.
    pub email_domains: Vec<String>,
    /// Those of these groups are in it.
    pub groups: Vec<String>,
    /// Those for whom this JsonLogic is true are in it.
    #[schema(value_type = Option<Object>)]
    pub when: Option<Value>,
    /// The flags that use it.
    #[schema(value_type = Vec<String>)]
    pub used_by: Vec<EntityRef>,
}

impl SegmentView {
    fn of(world: &World, segment: &Segment) -> Self {
        let users = world.flags.users_of(&segment.segment);
        Self {
            key: segment.segment.short().to_owned(),
            segment: segment.segment.clone(),
            description: segment.description.clone(),
            owner: segment.owner.clone(),
            declared: segment.origin == Origin::Declared,
            members: segment.members.clone(),
            email_domains: segment.email_domains.clone(),
            groups: segment.groups.clone(),
            when: segment.when.clone(),
            used_by: users.map(|flag| flag.definition.flag.clone()).collect(),
        }
    }
}

/// Lists the segments by name.
#[utoipa::path(get, path = "/api/v1/segments", tag = "flags", params(Paging),
    responses((status = 200, body = Listed<SegmentView>)))]
pub async fn list(State(app): State<App>, Query(paging): Query<Paging>) -> Result<Json<Listed<SegmentView>>, Problem> {
    let world = app.world();
    paging.page(world.flags.segments().collect(), |segment| SegmentView::of(&world, segment))
}

/// Shows a segment.
#[utoipa::path(get, path = "/api/v1/segments/{key}", tag = "flags",
    params(("key", description = "the segment's name")), responses((status = 200, body = SegmentView)))]
pub async fn show(State(app): State<App>, Path(key): Path<String>) -> Result<Json<SegmentView>, Problem> {
    let world = app.world();
    let segment = world.flags.segment(&reference("key", &key, "segment")?);
    let segment = segment.ok_or_else(|| not_found("segment", &key))?;
    Ok(Json(SegmentView::of(&world, segment)))
}

/// Defines a segment, or replaces one that was made by hand. The body has the fields of `spec` of a `kind: Segment` document,
/// and `reason`, and `emergency: true` to do it although somebody else must agree.
#[utoipa::path(put, path = "/api/v1/segments/{key}", tag = "flags", request_body = Object,
    params(("key", description = "the segment's name")), responses((status = 200, body = Done)))]
pub async fn replace(
    State(app): State<App>,
    Path(key): Path<String>,
    asked: Asked<Map<String, Value>>,
) -> Result<Json<Done>, Problem> {
    let (asked, mut spec) = asked.split();
    let circumstances = Circumstances::taken_from(&mut spec)?;
    let segment = segment(reference("key", &key, "segment")?, spec)?;
    make(&app, &asked, Change::DefineSegment { segment }, circumstances).await
}

/// A segment as it is written by hand.
pub(super) fn segment(segment: EntityRef, spec: Map<String, Value>) -> Result<Segment, Refusal> {
    let read = Segment::from_spec(segment, None, &Value::Object(spec));
    let segment = read.map_err(|problems| first_problem(&problems))?;
    Ok(Segment { origin: Origin::ByHand, ..segment })
}

/// Removes a segment that no flag uses.
#[utoipa::path(delete, path = "/api/v1/segments/{key}", tag = "flags", request_body = Why,
    params(("key", description = "the segment's name")), responses((status = 200, body = Done)))]
pub async fn remove(State(app): State<App>, Path(key): Path<String>, asked: Asked<Why>) -> Result<Json<Done>, Problem> {
    let (asked, Why { reason }) = asked.split();
    let segment = reference("key", &key, "segment")?;
    make(&app, &asked, Change::RemoveSegment { segment }, Circumstances { reason, emergency: false }).await
}
