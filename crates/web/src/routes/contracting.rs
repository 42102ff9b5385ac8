//! The routes of contracts, but the Pact Broker's own.

use ::access::Scope::{Admin, Read, Write};
use axum::{
    http::Method,
    routing::{get, post},
};
use utoipa_axum::routes;

use super::large;
use crate::{
    api, contracts,
    table::{Access::Needs, Table},
};

pub(super) fn screens(table: Table) -> Table {
    table
        .screen(Needs(Read), Method::GET, "/contracts", get(contracts::list::index))
        .screen(Needs(Read), Method::GET, "/contracts/network", get(contracts::list::network))
        .screen(Needs(Read), Method::GET, "/contracts/{consumer}/{provider}", get(contracts::pair::show))
        .screen(Needs(Read), Method::GET, "/contracts/matrix", get(contracts::matrix::show))
        .screen(
            Needs(Read),
            Method::GET,
            "/contracts/pacts/{consumer}/{version}/{provider}",
            get(contracts::pact::show),
        )
        .screen(
            Needs(Read),
            Method::GET,
            "/contracts/pacts/{consumer}/{version}/{provider}/diff",
            get(contracts::pact_diff::show),
        )
        .screen(Needs(Read), Method::GET, "/contracts/verifications/{number}", get(contracts::verification::show))
        .screen(Needs(Read), Method::GET, "/contracts/webhooks", get(contracts::webhooks::index))
        .screen(Needs(Read), Method::GET, "/contracts/webhooks/{id}", get(contracts::webhooks::show))
        .screen(
            Needs(Write),
            Method::POST,
            "/contracts/webhooks/{id}/deliveries/{delivery}/again",
            post(contracts::webhooks::again),
        )
        .screen(Needs(Read), Method::GET, "/contracts/environments", get(contracts::environments::show))
        .screen(
            Needs(Write),
            Method::POST,
            "/contracts/environments/{environment}/gate",
            post(contracts::environments::set_gate),
        )
}

pub(super) fn api(table: Table) -> Table {
    table
        .api(Needs(Read), routes!(api::contracts::can_i_deploy))
        .api(Needs(Read), routes!(api::contracts::integrations::list))
        .api(Needs(Read), routes!(api::contracts::pacticipants::list))
        .api(Needs(Write), routes!(api::contracts::pacticipants::take_for))
        .api(Needs(Read), routes!(api::contracts::environments::list))
        .api(Needs(Write), routes!(api::contracts::environments::set_gate))
        .api(Needs(Read), routes!(api::contracts::webhooks::list))
        .api(Needs(Read), routes!(api::contracts::webhooks::deliveries))
        .api(Needs(Write), routes!(api::contracts::webhooks::refire))
        .api(Needs(Admin), routes!(api::contracts::webhooks::signing_key))
        .api(Needs(Write), routes!(api::contracts::cleanup::clean_up))
        .api(Needs(Read), large(routes!(api::contracts::compare::compare)))
}
