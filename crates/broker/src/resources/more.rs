//! Webhooks, badges, differences, overviews: what people and other programs look at.
//!
//! One file answers for one sort of resource; `badge`, `difference`, `webhook_body` and `webhook_host` are pure and know
//! nothing of calls. Lists that can grow are found by keys: no resource here walks all pacts or all verifications.

mod badge;
mod badges;
mod dashboard;
mod definitions;
mod difference;
mod diffs;
mod docs;
mod integrations;
mod labels;
mod lists;
mod overviews;
mod states;
#[cfg(test)]
mod tests;
mod triggered;
mod webhook_body;
mod webhook_host;
mod webhooks;

use crate::{
    Answer, Call, Failure, Route,
    routes::{
        Method::{Delete, Get, Post, Put},
        Needs::{Read, Report, Write},
        route,
    },
};

type Handler = fn(&mut Call<'_>) -> Result<Answer, Failure>;

const fn get(path: &'static str, handler: Handler, about: &'static str) -> Route {
    route(Get, path, Read, handler, about)
}

const fn post(path: &'static str, handler: Handler, about: &'static str) -> Route {
    route(Post, path, Write, handler, about)
}

const fn put(path: &'static str, handler: Handler, about: &'static str) -> Route {
    route(Put, path, Write, handler, about)
}

const fn delete(path: &'static str, handler: Handler, about: &'static str) -> Route {
    route(Delete, path, Write, handler, about)
}

/// What lies below the pacts between two.
macro_rules! pair {
    ($below:literal) => {
        concat!("/pacts/provider/{provider}/consumer/{consumer}", $below)
    };
}

/// What lies below a pacticipant.
macro_rules! party {
    ($below:literal) => {
        concat!("/pacticipants/{pacticipant}", $below)
    };
}

/// The routes.
pub(crate) const ROUTES: &[Route] = &[
    get("/webhooks", webhooks::list, "All webhooks."),
    post("/webhooks", webhooks::create, "Makes a webhook."),
    post("/webhooks/execute", webhooks::execute_unsaved, "Tries a webhook that is not kept."),
    get("/webhooks/{uuid}", webhooks::show, "A webhook."),
    put("/webhooks/{uuid}", webhooks::replace, "Makes or changes a webhook."),
    delete("/webhooks/{uuid}", webhooks::remove, "Removes a webhook."),
    post("/webhooks/{uuid}/execute", webhooks::execute, "Tries a webhook."),
    get("/webhooks/provider/{provider}", webhooks::list_of, "The webhooks for a provider."),
    post("/webhooks/provider/{provider}", webhooks::create, "Makes a webhook for a provider."),
    get("/webhooks/consumer/{consumer}", webhooks::list_of, "The webhooks for a consumer."),
    post("/webhooks/consumer/{consumer}", webhooks::create, "Makes a webhook for a consumer."),
    get("/webhooks/provider/{provider}/consumer/{consumer}", webhooks::list_of, "The webhooks for two."),
    post("/webhooks/provider/{provider}/consumer/{consumer}", webhooks::create, "Makes a webhook for two."),
    get(pair!("/webhooks"), webhooks::list_of_pact, "The webhooks for two."),
    post(pair!("/webhooks"), webhooks::create, "Makes a webhook for two."),
    get(pair!("/webhooks/status"), triggered::of_pair, "What came of the last webhooks for two."),
    get(pair!("/version/{version}/triggered-webhooks"), triggered::of_pact, "The webhooks that a pact triggered."),
    get(
        pair!("/pact-version/{sha}/verification-results/{number}/triggered-webhooks"),
        triggered::of_verification,
        "The webhooks that a verification triggered.",
    ),
    get(
        pair!("/pact-version/{sha}/metadata/{metadata}/verification-results/{number}/triggered-webhooks"),
        triggered::of_verification,
        "The webhooks that a verification triggered.",
    ),
    get("/triggered-webhooks/{uuid}/logs", triggered::logs, "What was sent and answered."),
    get(pair!("/latest/badge"), badges::latest, "Whether the newest pact is verified, as a picture."),
    get(pair!("/latest/badge.svg"), badges::latest, "Whether the newest pact is verified, as a picture."),
    get(pair!("/latest/{tag}/badge"), badges::latest, "Whether the newest pact with a tag is verified, as a picture."),
    get(pair!("/latest/{tag}/badge.svg"), badges::latest, "As without the ending."),
    get(pair!("/latest-untagged/badge"), badges::latest_untagged, "Whether the newest pact without a tag is verified."),
    get(pair!("/latest-untagged/badge.svg"), badges::latest_untagged, "As without the ending."),
    get(
        "/matrix/provider/{provider}/latest/{ptag}/consumer/{consumer}/latest/{ctag}/badge",
        badges::latest_by_tags,
        "Whether versions with two tags work with each other, as a picture.",
    ),
    get(
        "/matrix/provider/{provider}/latest/{ptag}/consumer/{consumer}/latest/{ctag}/badge.svg",
        badges::latest_by_tags,
        "As without the ending.",
    ),
    get(
        party!("/latest-version/{tag}/can-i-deploy/to/{to}/badge"),
        badges::tag_to_tag,
        "Whether the newest version with a tag can be deployed, as a picture.",
    ),
    get(party!("/latest-version/{tag}/can-i-deploy/to/{to}/badge.svg"), badges::tag_to_tag, "As without the ending."),
    get(
        party!("/branches/{branch}/latest-version/can-i-deploy/to-environment/{to}/badge"),
        badges::branch_to_environment,
        "Whether the newest version of a branch can be deployed, as a picture.",
    ),
    get(
        party!("/branches/{branch}/latest-version/can-i-deploy/to-environment/{to}/badge.svg"),
        badges::branch_to_environment,
        "As without the ending.",
    ),
    get(party!("/main-branch/can-i-merge/badge"), badges::can_i_merge, "Whether the main branch works, as a picture."),
    get(party!("/main-branch/can-i-merge/badge.svg"), badges::can_i_merge, "As without the ending."),
    get(pair!("/version/{version}/previous-distinct"), diffs::show_previous, "The last pact with another content."),
    get(pair!("/version/{version}/diff/previous-distinct"), diffs::with_previous, "What changed since then."),
    get(pair!("/version/{version}/diff/version/{other}"), diffs::with_version, "What differs between two versions."),
    get(
        pair!("/pact-version/{sha}/diff/pact-version/{other_sha}"),
        diffs::with_content,
        "What differs between two contents.",
    ),
    get("/integrations", integrations::list, "Who has pacts with whom."),
    delete("/integrations", integrations::remove_all, "Removes all pacts and verifications."),
    delete(
        "/integrations/provider/{provider}/consumer/{consumer}",
        integrations::remove,
        "Removes everything between two.",
    ),
    get("/labels", labels::list, "All labels."),
    get("/pacticipants/label/{label}", labels::pacticipants, "The pacticipants with a label."),
    get(party!("/labels/{label}"), labels::show, "A pacticipant's label."),
    put(party!("/labels/{label}"), labels::put, "Labels a pacticipant."),
    delete(party!("/labels/{label}"), labels::remove, "Takes a label from a pacticipant."),
    get(pair!("/versions"), lists::all, "All pacts between two."),
    delete(pair!("/versions"), lists::remove_all, "Removes all pacts between two."),
    get(pair!("/tag/{tag}"), lists::tagged, "The pacts between two with a tag."),
    delete(pair!("/tag/{tag}"), lists::remove_some, "Removes the pacts between two with a tag."),
    get(pair!("/branch/{branch}"), lists::on_branch, "The pacts between two from a branch."),
    delete(pair!("/branch/{branch}"), lists::remove_some, "Removes the pacts between two from a branch."),
    get(pair!("/branch/versions"), lists::on_branch, "The pacts between two from the main branch."),
    get(pair!("/branch/latest/versions"), lists::latest_on_branch, "The newest pact between two from the main branch."),
    get(
        pair!("/branch/{branch}/latest/versions"),
        lists::latest_on_branch,
        "The newest pact between two from a branch.",
    ),
    get("/dashboard", dashboard::show, "The pacts that matter now, with what came of them."),
    get("/dashboard/provider/{provider}/consumer/{consumer}", dashboard::show_pair, "Those between two."),
    get("/relationships", overviews::relationships, "Who has pacts with whom, as a table."),
    get("/groups/{pacticipant}", overviews::group, "Who is connected with a pacticipant, as a table."),
    get("/metrics", overviews::metrics, "How much there is."),
    get("/doc/{rel}", docs::show, "What a relation means."),
    get(
        "/pacts/provider/{provider}/provider-states",
        states::of_main_branches,
        "The states that a provider is asked for.",
    ),
    get("/pacts/provider/{provider}/provider-states/branch/{branch}", states::of_branch, "Those of consumers' branch."),
    get(
        "/pacts/provider/{provider}/provider-states/environment/{environment}",
        states::of_environment,
        "Those of what is in an environment.",
    ),
    route(
        Post,
        "/provider-contracts/provider/{provider}/publish",
        Report,
        definitions::publish,
        "Publishes what a provider's version says its API is.",
    ),
    route(
        Put,
        "/contracts/provider/{provider}/version/{version}",
        Report,
        definitions::put,
        "Publishes what a provider's version says its API is.",
    ),
];

/// What differs between two documents, in words.
pub(crate) fn diff(before: &serde_json::Value, after: &serde_json::Value) -> String {
    difference::diff(before, after)
}
