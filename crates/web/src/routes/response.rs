//! The routes of what people do when something breaks.

use ::access::Scope::{Read, Write};
use axum::{
    extract::DefaultBodyLimit,
    http::Method,
    routing::{MethodRouter, get, post},
};
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use crate::{
    App,
    api::{incidents as api, postmortems as written},
    incidents, postmortems,
    table::{Access::Needs, Table},
};

/// A picture, and the form around it.
const PICTURE_BYTES_MAX: usize = incidents::pictures::BYTES_MAX + (64 << 10);

/// Lets a route read a form with a picture in it.
fn pictured(handler: MethodRouter<App>) -> MethodRouter<App> {
    handler.layer(DefaultBodyLimit::max(PICTURE_BYTES_MAX))
}

/// Lets a route read a picture.
fn picture((schemas, paths, handler): UtoipaMethodRouter<App>) -> UtoipaMethodRouter<App> {
    (schemas, paths, pictured(handler))
}

pub(super) fn screens(table: Table) -> Table {
    table
        .screen(Needs(Read), Method::GET, "/postmortems", get(postmortems::list::index))
        .screen(Needs(Write), Method::POST, "/postmortems", post(postmortems::act::start))
        .screen(Needs(Read), Method::GET, "/postmortems/{number}", get(postmortems::show::show))
        .screen(Needs(Write), Method::GET, "/postmortems/{number}/edit", get(postmortems::edit::ask))
        .screen(Needs(Write), Method::POST, "/postmortems/{number}/edit", post(postmortems::edit::change))
        .screen(Needs(Write), Method::POST, "/postmortems/{number}/{verb}", post(postmortems::act::act))
        .screen(Needs(Read), Method::GET, "/incidents", get(incidents::list::index))
        .screen(Needs(Write), Method::GET, "/incidents/declare", get(incidents::ask))
        .screen(Needs(Write), Method::POST, "/incidents", post(incidents::declare))
        .screen(Needs(Read), Method::GET, "/incidents/{number}", get(incidents::show::show))
        .screen(Needs(Write), Method::POST, "/incidents/{number}/acknowledge", post(incidents::acknowledge))
        .screen(Needs(Write), Method::POST, "/incidents/{number}/resolve", post(incidents::resolve))
        .screen(Needs(Write), Method::POST, "/incidents/{number}/notes", pictured(post(incidents::note)))
        .screen(Needs(Read), Method::GET, "/incidents/{number}/pictures/{digest}", get(incidents::pictures::show))
        .screen(Needs(Write), Method::POST, "/incidents/{number}/{verb}", post(incidents::change))
        .screen(Needs(Write), Method::POST, "/incidents/{number}/suspects", post(incidents::judge))
}

pub(super) fn api(table: Table) -> Table {
    table
        .api(Needs(Read), routes!(api::list))
        .api(Needs(Write), routes!(api::declare))
        .api(Needs(Read), routes!(api::show))
        .api(Needs(Write), routes!(api::acknowledge))
        .api(Needs(Write), routes!(api::resolve))
        .api(Needs(Write), routes!(api::note))
        .api(Needs(Write), routes!(api::judge))
        .api(Needs(Read), routes!(written::list))
        .api(Needs(Write), routes!(written::start))
        .api(Needs(Read), routes!(written::show))
        .api(Needs(Write), routes!(written::edit))
        .api(Needs(Write), routes!(written::ask_review))
        .api(Needs(Write), routes!(written::review))
        .api(Needs(Write), routes!(written::publish))
        .api(Needs(Read), routes!(api::past::accuracy))
        .api(Needs(Read), routes!(api::past::running_log))
        .api(Needs(Write), routes!(api::acts::assign))
        .api(Needs(Write), routes!(api::acts::weigh))
        .api(Needs(Write), routes!(api::acts::mitigate))
        .api(Needs(Write), routes!(api::acts::correct))
        .api(Needs(Write), routes!(api::acts::retitle))
        .api(Needs(Write), routes!(api::acts::decide))
        .api(Needs(Write), routes!(api::acts::tick))
        .api(Needs(Write), routes!(api::acts::merge))
        .api(Needs(Write), routes!(api::acts::split))
        .api(Needs(Write), picture(routes!(api::acts::picture)))
}
