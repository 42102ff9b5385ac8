//! Every route there is. Screens come first, then our API, then other people's protocols.

mod contracting;
mod response;

use ::access::Scope::{Admin, Evaluate, Probe, Read, Report, Write};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::Method,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use utoipa::OpenApi as _;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use crate::{
    App, access, actions, alerts, api, assets, backstage, catalog, checks, contacts, contracts, dashboard, deploys,
    docs, evaluation, flags, guard, help, home, incidents, live, manual, oncall, pages, reference, retros, search,
    security::{Limits, protect},
    settings, slos, status,
    table::{Access, Access::Needs, Finished, Route, Table},
    timeline,
};

const PROBED: Access = Access::Public { because: "orchestrators and load balancers have no token" };
const SIGN_IN: Access = Access::Public { because: "whoever signs in is not known before" };
const ANSWER: Access =
    Access::Public { because: "whoever is woken answers by the link in the message, which is signed and theirs alone" };
const CALENDAR: Access = Access::Public {
    because: "a calendar program can't sign in: the address is the secret, and it shows shifts and deadlines alone",
};
const BEAT: Access = Access::Public {
    because: "a job can't sign in: the address is the secret, lets it report for itself, and shows nothing",
};
const START: Access =
    Access::Public { because: "the link's secret is what lets somebody create the first administrator" };
const MANUAL: Access =
    Access::Public { because: "every error names one of these pages, also those that strangers get" };
const STATUS: Access =
    Access::Public { because: "a status page is for everybody; it has declared names and published words alone" };
const SUBSCRIBER: Access =
    Access::Public { because: "subscribers have no account: the link in their messages is signed and theirs alone" };
const KEYED: &str = "the handler checks the integration's key, which is no token and lets alerts in and nothing else";
const SIGNED: &str =
    "the handler checks the signature or the token by the integration's secret, before it reads the body";
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
    protocols(
        status_pages(alerts_api(contracting::api(flags_api(response::api(our_api(response::screens(operations(
            contracting::screens(flag_screens(screens(table))),
        )))))))),
        app,
    )
}

fn screens(table: Table) -> Table {
    table
        .screen(ASSETS, Method::GET, "/assets/{file}", get(assets::show))
        .screen(Needs(Read), Method::GET, "/live", get(live::stream))
        .screen(Needs(Read), Method::GET, "/", get(home::show))
        .screen(Needs(Read), Method::GET, "/services", get(catalog::list::show))
        .screen(Needs(Read), Method::GET, "/entities/{kind}/{namespace}/{name}", get(catalog::show::show))
        .screen(Needs(Read), Method::GET, "/graph", get(catalog::graph::show))
        .screen(Needs(Read), Method::GET, "/findings", get(catalog::findings::show))
        .screen(Needs(Read), Method::GET, "/deployments", get(deploys::list::index))
        .screen(Needs(Read), Method::GET, "/deployments/{position}", get(deploys::show::show))
        .screen(Needs(Write), Method::POST, "/deployments/{position}/judge", post(deploys::show::judge))
        .screen(Needs(Read), Method::GET, "/dashboard", get(dashboard::list))
        .screen(Needs(Read), Method::GET, "/dashboard/{namespace}/{name}", get(dashboard::show))
        .screen(Needs(Read), Method::GET, "/apis/{namespace}/{name}", get(reference::list::show))
        .screen(Needs(Read), Method::GET, "/apis/{namespace}/{name}/operations/{id}", get(reference::show::operation))
        .screen(Needs(Read), Method::GET, "/apis/{namespace}/{name}/types/{id}", get(reference::show::named_type))
        .screen(Needs(Read), Method::GET, "/docs", get(docs::list))
        .screen(Needs(Read), Method::GET, "/docs/{kind}/{namespace}/{name}", get(docs::show_first))
        .screen(Needs(Read), Method::GET, "/docs/{kind}/{namespace}/{name}/{*path}", get(docs::show))
        .screen(MANUAL, Method::GET, "/docs/errors", get(manual::errors))
        .screen(MANUAL, Method::GET, "/docs/errors/{name}", get(manual::error))
        .screen(Needs(Read), Method::GET, "/manual", get(manual::first))
        .screen(Needs(Read), Method::GET, "/manual/{*path}", get(manual::show))
        .screen(Needs(Read), Method::GET, "/search", get(search::show))
        .screen(Needs(Read), Method::GET, "/search/palette", get(search::palette))
        .screen(Needs(Read), Method::GET, "/help", get(help::show))
}

fn flag_screens(table: Table) -> Table {
    table
        .screen(Needs(Read), Method::GET, "/flags", get(flags::list::index))
        .screen(Needs(Read), Method::GET, "/flags/{namespace}/{name}", get(flags::show::show))
        .screen(Needs(Write), Method::POST, "/flags/{namespace}/{name}", post(flags::turn::turn))
        .screen(Needs(Write), Method::POST, "/flags/{namespace}/{name}/ramp", post(flags::ramp::steer_it))
        .screen(Needs(Read), Method::GET, "/flags/{namespace}/{name}/explain", get(flags::explain::show))
        .screen(Needs(Read), Method::GET, "/flags/{namespace}/{name}/history", get(flags::history::show))
        .screen(Needs(Write), Method::GET, "/flags/new", get(flags::edit::ask_new))
        .screen(Needs(Write), Method::POST, "/flags/new", post(flags::edit::make))
        .screen(Needs(Write), Method::GET, "/flags/{namespace}/{name}/edit", get(flags::edit::ask))
        .screen(Needs(Write), Method::POST, "/flags/{namespace}/{name}/edit", post(flags::edit::change))
        .screen(Needs(Write), Method::POST, "/flags/{namespace}/{name}/remove", post(flags::edit::remove))
        .screen(Needs(Write), Method::GET, "/flags/{namespace}/{name}/setting", get(flags::setting::ask))
        .screen(Needs(Write), Method::POST, "/flags/{namespace}/{name}/setting", post(flags::setting::change))
        .screen(Needs(Read), Method::GET, "/flags/requests", get(flags::requests::index))
        .screen(Needs(Read), Method::GET, "/flags/requests/{id}", get(flags::requests::show))
        .screen(Needs(Write), Method::POST, "/flags/requests/{id}", post(flags::requests::act))
        .screen(Needs(Read), Method::GET, "/segments", get(flags::segments::index))
        .screen(Needs(Write), Method::GET, "/segments/new", get(flags::segments::ask_new))
        .screen(Needs(Write), Method::POST, "/segments/new", post(flags::segments::make))
        .screen(Needs(Read), Method::GET, "/segments/{namespace}/{name}", get(flags::segments::show))
        .screen(Needs(Write), Method::GET, "/segments/{namespace}/{name}/edit", get(flags::segments::ask))
        .screen(Needs(Write), Method::POST, "/segments/{namespace}/{name}/edit", post(flags::segments::change))
        .screen(Needs(Write), Method::POST, "/segments/{namespace}/{name}/remove", post(flags::segments::remove))
}

/// Signing in, and what is done when something breaks.
fn operations(table: Table) -> Table {
    table
        .screen(ANSWER, Method::GET, "/ack/{token}", get(pages::ack::show))
        .screen(ANSWER, Method::POST, "/ack/{token}", post(pages::ack::answer))
        .screen(SIGN_IN, Method::GET, "/login", get(access::login))
        .screen(SIGN_IN, Method::POST, "/login", post(access::sign_in))
        .screen(Needs(Read), Method::POST, "/logout", post(access::logout))
        .screen(START, Method::GET, "/start/{secret}", get(access::start))
        .screen(START, Method::POST, "/start/{secret}", post(access::create_first))
        .screen(Needs(Read), Method::POST, "/settings/theme", post(settings::choose_theme))
        .screen(Needs(Write), Method::GET, "/undo/{position}", get(incidents::undo::ask))
        .screen(Needs(Write), Method::POST, "/undo/{position}", post(incidents::undo::undo))
        .screen(Needs(Read), Method::GET, "/timeline", get(timeline::list::index))
        .screen(Needs(Read), Method::GET, "/timeline/{position}", get(timeline::show::show))
        .screen(Needs(Read), Method::GET, "/pages", get(pages::list::index))
        .screen(Needs(Read), Method::GET, "/pages/{number}", get(pages::show::show))
        .screen(Needs(Write), Method::POST, "/pages/{number}/{verb}", post(pages::act::act))
        .screen(Needs(Read), Method::GET, "/actions", get(actions::list::index))
        .screen(Needs(Write), Method::GET, "/actions/new", get(actions::new::ask))
        .screen(Needs(Write), Method::POST, "/actions", post(actions::new::make))
        .screen(Needs(Read), Method::GET, "/actions/{number}", get(actions::show::show))
        .screen(Needs(Write), Method::POST, "/actions/{number}/{verb}", post(actions::act::act))
        .screen(Needs(Read), Method::GET, "/retrospectives", get(retros::list::index))
        .screen(Needs(Write), Method::POST, "/retrospectives", post(retros::act::open))
        .screen(Needs(Read), Method::GET, "/retrospectives/{number}", get(retros::show::show))
        .screen(Needs(Write), Method::POST, "/retrospectives/{number}/{verb}", post(retros::act::act))
        .screen(Needs(Read), Method::GET, "/inbox", get(pages::inbox::show))
        .screen(Needs(Read), Method::GET, "/checks", get(checks::list::index))
        .screen(Needs(Read), Method::GET, "/checks/{namespace}/{name}", get(checks::show::show))
        .screen(Needs(Write), Method::POST, "/checks/{namespace}/{name}/pause", post(checks::pause::pause))
        .screen(Needs(Write), Method::POST, "/checks/{namespace}/{name}/resume", post(checks::pause::resume))
        .screen(Needs(Read), Method::GET, "/probes", get(checks::probes::index))
        .screen(Needs(Admin), Method::POST, "/probes/{location}/retire", post(checks::probes::retire))
        .screen(Needs(Read), Method::GET, "/maintenance", get(checks::maintenance::show))
        .screen(Needs(Write), Method::POST, "/maintenance", post(checks::maintenance::plan))
        .screen(Needs(Write), Method::POST, "/maintenance/end", post(checks::maintenance::end))
        .screen(Needs(Write), Method::GET, "/checks/new", get(checks::edit::ask_new))
        .screen(Needs(Write), Method::POST, "/checks/new", post(checks::edit::make))
        .screen(Needs(Write), Method::GET, "/checks/{namespace}/{name}/edit", get(checks::edit::ask))
        .screen(Needs(Write), Method::POST, "/checks/{namespace}/{name}/edit", post(checks::edit::change))
        .screen(Needs(Write), Method::POST, "/checks/{namespace}/{name}/remove", post(checks::edit::remove))
        .screen(Needs(Write), Method::POST, "/checks/{namespace}/{name}/run", post(checks::run::start))
        .screen(Needs(Read), Method::GET, "/checks/{namespace}/{name}/runs/{id}", get(checks::run::show))
        .screen(Needs(Write), Method::POST, "/checks/{namespace}/{name}/renew-address", post(checks::beat::renew))
        .screen(BEAT, Method::GET, "/beat/{secret}", get(checks::beat::succeed))
        .screen(BEAT, Method::POST, "/beat/{secret}", post(checks::beat::succeed))
        .screen(BEAT, Method::GET, "/beat/{secret}/{signal}", get(checks::beat::signal))
        .screen(BEAT, Method::POST, "/beat/{secret}/{signal}", post(checks::beat::signal))
        .screen(Needs(Read), Method::GET, "/slos", get(slos::list::index))
        .screen(Needs(Read), Method::GET, "/slos/{namespace}/{name}", get(slos::show::show))
        .screen(Needs(Read), Method::GET, "/on-call", get(oncall::list))
        .screen(Needs(Read), Method::GET, "/on-call/{namespace}/{name}", get(oncall::team::show))
        .screen(Needs(Write), Method::POST, "/on-call/{namespace}/{name}/{verb}", post(oncall::act::act))
        .screen(Needs(Read), Method::GET, "/me/contact", get(contacts::own))
        .screen(Needs(Read), Method::GET, "/people/{namespace}/{name}/contact", get(contacts::show))
        .screen(Needs(Read), Method::POST, "/people/{namespace}/{name}/contact/{verb}", post(contacts::act))
        .screen(CALENDAR, Method::GET, "/ical/{token}", get(oncall::feed::show))
        .screen(Needs(Read), Method::GET, "/settings", get(settings::me::show))
        .screen(Needs(Read), Method::POST, "/settings/password", post(settings::me::set_password))
        .screen(Needs(Admin), Method::GET, "/settings/tokens", get(settings::tokens::list))
        .screen(Needs(Admin), Method::POST, "/settings/tokens", post(settings::tokens::issue))
        .screen(Needs(Admin), Method::POST, "/settings/tokens/{id}/revoke", post(settings::tokens::revoke))
        .screen(Needs(Admin), Method::GET, "/settings/users", get(settings::users::list))
        .screen(Needs(Admin), Method::POST, "/settings/users", post(settings::users::create))
        .screen(Needs(Admin), Method::POST, "/settings/users/{id}/disable", post(settings::users::disable))
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
        .api(Needs(Write), large(routes!(api::catalog::plan)))
        .api(Needs(Write), large(routes!(api::catalog::apply)))
        .api(Needs(Read), routes!(api::catalog::export))
        .api(Needs(Read), routes!(api::catalog::findings))
        .api(Needs(Read), routes!(api::catalog::entity))
        .api(Needs(Read), routes!(api::checks::list))
        .api(Needs(Read), routes!(api::checks::show))
        .api(Needs(Write), routes!(api::checks::pause))
        .api(Needs(Write), routes!(api::checks::resume))
        .api(Needs(Read), routes!(api::maintenances::list))
        .api(Needs(Write), routes!(api::maintenances::plan))
        .api(Needs(Write), routes!(api::maintenances::end))
        .api(Needs(Write), routes!(api::checks::by_hand::put))
        .api(Needs(Write), routes!(api::checks::by_hand::remove))
        .api(Needs(Read), routes!(api::checks::by_hand::declaration))
        .api(Needs(Write), routes!(api::runs::start))
        .api(Needs(Read), routes!(api::runs::show))
        .api(Needs(Read), routes!(api::slos::list))
        .api(Needs(Read), routes!(api::slos::show))
        .api(Needs(Read), routes!(api::pages::list))
        .api(Needs(Read), routes!(api::pages::show))
        .api(Needs(Write), routes!(api::pages::open))
        .api(Needs(Write), routes!(api::pages::acknowledge))
        .api(Needs(Write), routes!(api::pages::escalate))
        .api(Needs(Write), routes!(api::pages::renotify))
        .api(Needs(Write), routes!(api::pages::reassign))
        .api(Needs(Write), routes!(api::pages::close))
        .api(Needs(Read), routes!(api::actions::list))
        .api(Needs(Read), routes!(api::actions::show))
        .api(Needs(Write), routes!(api::actions::create))
        .api(Needs(Write), routes!(api::actions::done))
        .api(Needs(Write), routes!(api::actions::deprioritise))
        .api(Needs(Write), routes!(api::actions::reassign))
        .api(Needs(Write), routes!(api::actions::postpone))
        .api(Needs(Write), routes!(api::actions::reopen))
        .api(Needs(Read), routes!(api::actions::cycle))
        .api(Needs(Read), routes!(api::retros::list))
        .api(Needs(Write), routes!(api::retros::open))
        .api(Needs(Read), routes!(api::retros::show))
        .api(Needs(Write), routes!(api::retros::say))
        .api(Needs(Write), routes!(api::retros::vote))
        .api(Needs(Write), routes!(api::retros::close))
        .api(Needs(Report), routes!(api::probes::beat))
        .api(Needs(Write), routes!(api::beats::show))
        .api(Needs(Write), routes!(api::beats::renew))
        .api(Needs(Read), routes!(api::probes::list))
        .api(Needs(Probe), routes!(api::probes::work))
        .api(Needs(Probe), large(routes!(api::probes::report)))
        .api(Needs(Admin), routes!(api::probes::retire))
        .api(Needs(Read), routes!(api::deploys::list))
        .api(Needs(Report), routes!(api::deploys::record))
        .api(Needs(Report), routes!(api::deploys::configure))
        .api(Needs(Read), routes!(api::measures::show))
        .api(Needs(Read), routes!(api::measures::deployment))
        .api(Needs(Write), routes!(api::measures::judge))
        .api(Needs(Report), routes!(api::measures::interactions))
        .api(Needs(Read), routes!(api::oncall::list))
        .api(Needs(Read), routes!(api::contacts::show))
        .api(Needs(Write), routes!(api::contacts::add))
        .api(Needs(Write), routes!(api::contacts::remove))
        .api(Needs(Write), routes!(api::contacts::test))
        .api(Needs(Write), routes!(api::contacts::verify))
        .api(Needs(Write), routes!(api::contacts::set_rules))
        .api(Needs(Read), routes!(api::schedule::show))
        .api(Needs(Write), routes!(api::schedule::put_in))
        .api(Needs(Write), routes!(api::schedule::clear))
        .api(Needs(Write), routes!(api::schedule::propose))
        .api(Needs(Write), routes!(api::schedule::accept))
        .api(Needs(Write), routes!(api::schedule::decline))
        .api(Needs(Write), routes!(api::schedule::revert))
        .api(Needs(Read), routes!(api::timeline::list))
        .api(Needs(Read), routes!(api::timeline::show))
        .api(Needs(Read), routes!(api::undo::plan))
        .api(Needs(Write), routes!(api::undo::undo))
}

fn flags_api(table: Table) -> Table {
    table
        .api(Needs(Read), routes!(api::flags::list))
        .api(Needs(Write), routes!(api::flags::create))
        .api(Needs(Read), routes!(api::flags::show))
        .api(Needs(Write), routes!(api::flags::replace))
        .api(Needs(Write), routes!(api::flags::remove))
        .api(Needs(Write), routes!(api::flags::on))
        .api(Needs(Write), routes!(api::flags::off))
        .api(Needs(Write), routes!(api::flags::setting::set))
        .api(Needs(Write), routes!(api::flags::ramp::steer))
        .api(Needs(Read), routes!(api::flags::explain::explain))
        .api(Needs(Read), routes!(api::flags::history::list))
        .api(Needs(Read), routes!(api::flags::counts::show))
        .api(Needs(Read), routes!(api::flags::requests::list))
        .api(Needs(Write), routes!(api::flags::requests::ask))
        .api(Needs(Read), routes!(api::flags::requests::show))
        .api(Needs(Write), routes!(api::flags::requests::amend))
        .api(Needs(Write), routes!(api::flags::requests::approve))
        .api(Needs(Write), routes!(api::flags::requests::reject))
        .api(Needs(Write), routes!(api::flags::requests::withdraw))
        .api(Needs(Read), routes!(api::flags::segments::list))
        .api(Needs(Read), routes!(api::flags::segments::show))
        .api(Needs(Write), routes!(api::flags::segments::replace))
        .api(Needs(Write), routes!(api::flags::segments::remove))
        .api(Needs(Read), routes!(api::flags::publish::export))
        .api(Needs(Evaluate), routes!(api::flags::publish::set))
        .api(Needs(Report), large(routes!(api::flags::report::references)))
        .api(Needs(Evaluate), large(routes!(api::flags::report::tallies)))
}

/// Public status pages: the main one, and each by its name.
fn status_pages(table: Table) -> Table {
    let table = table
        .screen(SUBSCRIBER, Method::GET, "/status/subscriptions/{token}", get(status::subscriptions::show))
        .screen(SUBSCRIBER, Method::POST, "/status/subscriptions/{token}", post(status::subscriptions::act))
        .screen(Needs(Read), Method::GET, "/status-pages", get(status::manage::list))
        .screen(Needs(Read), Method::GET, "/status-pages/{page}", get(status::manage::show))
        .screen(Needs(Write), Method::POST, "/status-pages/{page}/{verb}", post(status::manage::act))
        .api(Needs(Read), routes!(api::status_pages::list))
        .api(Needs(Read), routes!(api::status_pages::show))
        .api(Needs(Read), routes!(api::status_pages::reports))
        .api(Needs(Write), routes!(api::status_pages::publish))
        .api(Needs(Write), routes!(api::status_pages::update))
        .api(Needs(Write), routes!(api::status_pages::retract))
        .api(Needs(Write), routes!(api::status_pages::restore))
        .api(Needs(Write), routes!(api::status_pages::set))
        .api(Needs(Write), routes!(api::status_pages::clear))
        .api(Needs(Admin), routes!(api::status_pages::subscribers))
        .api(Needs(Admin), routes!(api::status_pages::remove_subscriber));
    ["/status", "/status/{page}"].into_iter().fold(table, |table, base| {
        let at = |rest: &str| format!("{base}{rest}");
        table
            .screen(STATUS, Method::GET, base, get(status::show::show))
            .screen(STATUS, Method::GET, &at("/history"), get(status::history::show))
            .screen(STATUS, Method::GET, &at("/incidents/{id}"), get(status::incident::show))
            .screen(STATUS, Method::GET, &at("/history.atom"), get(status::feeds::atom))
            .screen(STATUS, Method::GET, &at("/history.rss"), get(status::feeds::rss))
            .screen(STATUS, Method::GET, &at("/maintenances.ics"), get(status::feeds::calendar))
            .screen(STATUS, Method::GET, &at("/subscribe"), get(status::subscriptions::ask))
            .screen(STATUS, Method::POST, &at("/subscribe"), post(status::subscriptions::send))
            .screen(STATUS, Method::GET, &at("/api/v2/{file}"), get(status::v2::show))
            .screen(STATUS, Method::GET, &at("/api/v2/incidents/{file}"), get(status::v2::incidents))
            .screen(STATUS, Method::GET, &at("/api/v2/scheduled-maintenances/{file}"), get(status::v2::maintenances))
    })
}

/// Integrations and alerts, and the protocols by which alerts come in.
fn alerts_api(table: Table) -> Table {
    table
        .screen(Needs(Read), Method::GET, "/alerts", get(alerts::list::index))
        .screen(Needs(Read), Method::GET, "/alerts/{name}", get(alerts::show::show))
        .screen(Needs(Write), Method::POST, "/alerts/{name}/acknowledge", post(alerts::show::acknowledge))
        .screen(Needs(Write), Method::POST, "/alerts/{name}/resolve", post(alerts::show::resolve))
        .screen(Needs(Admin), Method::GET, "/settings/integrations", get(settings::integrations::list))
        .screen(Needs(Admin), Method::POST, "/settings/integrations", post(settings::integrations::create))
        .screen(
            Needs(Admin),
            Method::POST,
            "/settings/integrations/{id}/renew-key",
            post(settings::integrations::renew_key),
        )
        .screen(
            Needs(Admin),
            Method::POST,
            "/settings/integrations/{id}/revoke-key",
            post(settings::integrations::revoke_key),
        )
        .screen(Needs(Admin), Method::POST, "/settings/integrations/{id}/remove", post(settings::integrations::remove))
        .api(Needs(Admin), routes!(api::integrations::list))
        .api(Needs(Admin), routes!(api::integrations::create))
        .api(Needs(Admin), routes!(api::integrations::change))
        .api(Needs(Admin), routes!(api::integrations::renew_key))
        .api(Needs(Admin), routes!(api::integrations::revoke_key))
        .api(Needs(Admin), routes!(api::integrations::remove))
        .api(Needs(Read), routes!(api::alerts::list))
        .api(Needs(Read), routes!(api::alerts::show))
        .api(Needs(Write), routes!(api::alerts::acknowledge))
        .api(Needs(Write), routes!(api::alerts::resolve))
        .receiving(KEYED, routes!(alerts::events_v2::enqueue))
        .receiving(KEYED, routes!(alerts::events_v2::enqueue_change))
        .receiving(KEYED, routes!(alerts::prometheus::post))
        .receiving(KEYED, routes!(alerts::hooks::from_alertmanager))
        .receiving(KEYED, routes!(alerts::hooks::from_grafana))
        .receiving(KEYED, routes!(alerts::hooks::from_anything))
        .receiving(KEYED, routes!(alerts::opsgenie::create))
        .receiving(KEYED, routes!(alerts::opsgenie::closed))
        .receiving(KEYED, routes!(alerts::opsgenie::acknowledged))
        .receiving(SIGNED, routes!(deploys::hooks::from_github))
        .receiving(SIGNED, routes!(deploys::hooks::from_gitlab))
        .receiving(KEYED, routes!(deploys::hooks::from_cdevents))
}

fn protocols(table: Table, app: &App) -> Table {
    let evaluated =
        table.evaluating(evaluation::Ofrep::openapi(), serving::ofrep::router(app.published().serving().clone()));
    backstage(contracts::pact_broker::mount(evaluated))
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

/// A catalog folder is sent whole, and may be this large as JSON.
const CATALOG_BYTES_MAX: usize = 64 << 20;

/// Lets a route read a body with a catalog in it.
fn large((schemas, paths, handler): UtoipaMethodRouter<App>) -> UtoipaMethodRouter<App> {
    (schemas, paths, handler.layer(DefaultBodyLimit::max(CATALOG_BYTES_MAX)))
}

/// The server's router: all routes, and what guards them.
pub fn router(app: &App, limits: &Limits) -> (Router, Vec<Route>) {
    let Finished { router, evaluating, receiving, routes, openapi } = table(app).finish();
    let document = openapi.to_json().unwrap_or_default();
    let described = get(move || async move { ([("content-type", "application/json")], document) });
    let router = router
        .route("/openapi.json", described)
        .layer(from_fn_with_state(app.clone(), guard::identify))
        .layer(from_fn(backstage::error::shape));
    // What is found nowhere is answered by the router that comes last.
    let apart = evaluation::gate::around(evaluating, app, limits).merge(alerts::door::around(receiving, limits));
    (apart.merge(protect(router, limits)), routes)
}
