//! Every route there is. Screens come first, then our API, then other people's protocols.

use access::Scope::{Admin, Evaluate, Read, Report, Write};
use axum::{Router, http::Method, middleware::{from_fn, from_fn_with_state}, routing::get};
use utoipa::OpenApi as _;
use utoipa_axum::routes;

use crate::{
    App, api, assets, backstage, guard, live,
    security::{Limits, protect},
    table::{Access, Access::Needs, Route, Table},
};

const PROBED: Access = Access::Public { because: "orchestrators and load balancers have no token" };
const ASSETS: Access = Access::Public { because: "the files are the same for everybody and hold nothing secret" };

/// What the OpenAPI document says of the whole.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Mainstay", description = "Who owns it, what changed, and the way back.", license(name = "MIT OR Apache-2.0")),
    components(schemas(api::ProblemDocument)),
    modifiers(&Tokens),
    security(("token" = []))
)]
struct Document;

struct Tokens;

impl utoipa::Modify for Tokens {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The whole table: screens, our API, other people's protocols.
#[must_use]
pub fn table(app: &App) -> Table {
    let table = Table::new(app.clone(), Document::openapi());
    protocols(our_api(screens(table)))
}

fn screens(table: Table) -> Table {
    table
        .screen(ASSETS, Method::GET, "/assets/{file}", get(assets::show))
        .screen(Needs(Read), Method::GET, "/live", get(live::stream))
}

fn our_api(table: Table) -> Table {
    table
        .api(PROBED, routes!(api::status::healthz))
        .api(PROBED, routes!(api::status::readyz))
        .api(Needs(Read), routes!(api::status::metrics))
        .api(Needs(Read), routes!(api::status::status))
        .api(Needs(Read), routes!(api::access::me))
        .api(Needs(Admin), routes!(api::access::list_tokens))
        .api(Needs(Admin), routes!(api::access::issue_token))
        .api(Needs(Admin), routes!(api::access::revoke_token))
        .api(Needs(Admin), routes!(api::access::list_users))
        .api(Needs(Admin), routes!(api::access::create_user))
        .api(Needs(Write), routes!(api::catalog::plan))
        .api(Needs(Write), routes!(api::catalog::apply))
        .api(Needs(Read), routes!(api::catalog::export))
        .api(Needs(Read), routes!(api::catalog::findings))
        .api(Needs(Read), routes!(api::catalog::entity))
        .api(Needs(Read), routes!(api::checks::list))
        .api(Needs(Read), routes!(api::checks::show))
        .api(Needs(Write), routes!(api::checks::pause))
        .api(Needs(Write), routes!(api::checks::resume))
        .api(Needs(Read), routes!(api::deploys::list))
        .api(Needs(Report), routes!(api::deploys::record))
        .api(Needs(Report), routes!(api::deploys::configure))
        .api(Needs(Read), routes!(api::flags::list))
        .api(Needs(Write), routes!(api::flags::create))
        .api(Needs(Read), routes!(api::flags::show))
        .api(Needs(Write), routes!(api::flags::on))
        .api(Needs(Write), routes!(api::flags::off))
        .api(Needs(Read), routes!(api::incidents::list))
        .api(Needs(Write), routes!(api::incidents::declare))
        .api(Needs(Read), routes!(api::incidents::show))
        .api(Needs(Write), routes!(api::incidents::acknowledge))
        .api(Needs(Write), routes!(api::incidents::resolve))
        .api(Needs(Write), routes!(api::incidents::note))
        .api(Needs(Write), routes!(api::incidents::judge))
        .api(Needs(Read), routes!(api::oncall::list))
        .api(Needs(Read), routes!(api::timeline::list))
        .api(Needs(Read), routes!(api::timeline::show))
        .api(Needs(Read), routes!(api::undo::plan))
        .api(Needs(Write), routes!(api::undo::undo))
}

fn protocols(table: Table) -> Table {
    backstage(table.api(Needs(Evaluate), routes!(crate::flags::ofrep::evaluate_one)))
}

fn backstage(table: Table) -> Table {
    table
        .api(Needs(Read), routes!(backstage::entities::list))
        .api(Needs(Read), routes!(backstage::by_query::find))
        .api(Needs(Read), routes!(backstage::by_query::find_by_predicate))
        .api(Needs(Read), routes!(backstage::by_refs::find))
        .api(Needs(Read), routes!(backstage::entity::by_uid))
        .api(Needs(Write), routes!(backstage::entity::remove))
        .api(Needs(Read), routes!(backstage::entity::by_name))
        .api(Needs(Read), routes!(backstage::entity::ancestry))
        .api(Needs(Read), routes!(backstage::facets::count))
        .api(Needs(Read), routes!(backstage::facets::count_by_predicate))
        .api(Needs(Read), routes!(backstage::locations::list))
        .api(Needs(Write), routes!(backstage::register::register))
        .api(Needs(Read), routes!(backstage::locations::find))
        .api(Needs(Read), routes!(backstage::locations::show))
        .api(Needs(Write), routes!(backstage::register::remove))
        .api(Needs(Read), routes!(backstage::locations::of_entity))
        .api(Needs(Write), routes!(backstage::refresh::refresh))
        .api(Needs(Read), routes!(backstage::validate::validate))
        .api(Needs(Read), routes!(backstage::analyze::analyze))
}

/// The server's router: all routes, and what guards them.
#[must_use]
pub fn router(app: &App, limits: &Limits) -> (Router, Vec<Route>) {
    let (router, routes, openapi) = table(app).finish();
    let document = openapi.to_json().unwrap_or_default();
    let described = get(move || async move { ([("content-type", "application/json")], document) });
    let router = router
        .route("/openapi.json", described)
        .layer(from_fn_with_state(app.clone(), guard::identify))
        .layer(from_fn(backstage::error::shape));
    (protect(router, limits), routes)
}
