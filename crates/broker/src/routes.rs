//! Every resource.

use crate::{Answer, Call, Failure, query, resources as on};

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are HTTP's")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What a resource needs of who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// To read.
    Read,
    /// To report what a build did: publish, verify, tag, deploy.
    Report,
    /// To change or remove.
    Write,
}

/// The function that answers.
type Handler = fn(&mut Call<'_>) -> Result<Answer, Failure>;

/// A resource.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path below the index, with `{parameters}`.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    /// What it is, in one sentence.
    pub about: &'static str,
    handler: Handler,
}

impl Route {
    /// Answers a call.
    #[must_use]
    pub fn answer(&self, call: &mut Call<'_>) -> Answer {
        // A filter that can't be read must not be taken for none.
        let readable = query::parse(&call.query).map_err(|wrong| Failure::list(vec![wrong]));
        let answer = readable.and_then(|_| (self.handler)(call));
        let answer = answer.unwrap_or_else(|failure| failure.answer(call.wants_problem()));
        answer.header("x-pact-broker-version", "2.120.0")
    }
}

use Method::{Delete, Get, Patch, Post, Put};
use Needs::{Read, Report, Write};

pub(crate) const fn route(
    method: Method,
    path: &'static str,
    needs: Needs,
    handler: Handler,
    about: &'static str,
) -> Route {
    Route { method, path, needs, about, handler }
}

/// Every resource there is. The index is the first.
#[must_use]
pub fn routes() -> Vec<Route> {
    [CORE, on::more::ROUTES].concat()
}

/// Publishing, verifying, deploying, asking: what builds do.
const CORE: &[Route] = &[
    route(Get, "/", Read, on::index::show, "The index: where everything is."),
    route(Post, "/contracts/publish", Report, on::publish::publish, "Publishes the pacts of a consumer's version."),
    route(Get, PACT, Read, on::pacts::show, "The pact of a consumer's version."),
    route(Put, PACT, Report, on::publish::put, "Publishes the pact of a consumer's version."),
    route(Patch, PACT, Report, on::publish::merge, "Merges interactions into the pact of a consumer's version."),
    route(Delete, PACT, Write, on::pacts::remove, "Removes the pact of a consumer's version."),
    route(
        Get,
        "/pact/provider/{provider}/consumer/{consumer}/version/{version}",
        Read,
        on::pacts::show,
        "As with pacts.",
    ),
    route(
        Put,
        "/pact/provider/{provider}/consumer/{consumer}/version/{version}",
        Report,
        on::publish::put,
        "As with pacts.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/consumer/{consumer}/versions/{version}",
        Read,
        on::pacts::show,
        "As with version.",
    ),
    route(
        Put,
        "/pacts/provider/{provider}/consumer/{consumer}/versions/{version}",
        Report,
        on::publish::put,
        "As with version.",
    ),
    route(Get, CONTENT, Read, on::pacts::show_content, "A pact by its content."),
    route(Get, CONTENT_WITH, Read, on::pacts::show_content, "A pact by its content, as it was asked for."),
    route(
        Get,
        "/pacts/provider/{provider}/consumer/{consumer}/latest",
        Read,
        on::pacts::latest,
        "The newest pact between two.",
    ),
    route(Get, "/pact/provider/{provider}/consumer/{consumer}/latest", Read, on::pacts::latest, "As with pacts."),
    route(
        Get,
        "/pacts/provider/{provider}/consumer/{consumer}/latest/{tag}",
        Read,
        on::pacts::latest,
        "The newest pact with a tag.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/consumer/{consumer}/latest-untagged",
        Read,
        on::pacts::latest_untagged,
        "The newest pact without a tag.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/consumer/{consumer}/branch/{branch}/latest",
        Read,
        on::pacts::latest,
        "The newest pact of a branch.",
    ),
    route(Get, "/pacts/latest", Read, on::pacts::latest_of_all, "The newest pact of every integration."),
    route(Get, "/pacts/provider/{provider}", Read, on::provider_pacts::all, "All pacts with a provider."),
    route(
        Get,
        "/pacts/provider/{provider}/tag/{tag}",
        Read,
        on::provider_pacts::all,
        "All pacts with a provider that have a tag.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/branch",
        Read,
        on::provider_pacts::branch,
        "All pacts with a provider of main branches.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/branch/{branch}",
        Read,
        on::provider_pacts::branch,
        "All pacts with a provider of a branch.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/branch/latest",
        Read,
        on::provider_pacts::latest_of_branch,
        "The newest pacts of main branches.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/branch/{branch}/latest",
        Read,
        on::provider_pacts::latest_of_branch,
        "The newest pacts of a branch.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/latest",
        Read,
        on::provider_pacts::latest,
        "The newest pact of each consumer.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/latest/{tag}",
        Read,
        on::provider_pacts::latest,
        "The newest pact of each consumer with a tag.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/for-verification",
        Read,
        on::for_verification::usual,
        "What a provider is to verify.",
    ),
    route(
        Post,
        "/pacts/provider/{provider}/for-verification",
        Read,
        on::for_verification::selected,
        "What a provider is to verify, by its selectors.",
    ),
    route(
        Post,
        "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}/verification-results",
        Report,
        on::verifications::publish,
        "Publishes a verification.",
    ),
    route(
        Post,
        "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}/metadata/{metadata}/verification-results",
        Report,
        on::verifications::publish,
        "Publishes a verification.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}/verification-results/{number}",
        Read,
        on::verifications::show,
        "A verification, or the latest.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}/metadata/{metadata}/verification-results/{number}",
        Read,
        on::verifications::show,
        "A verification, or the latest.",
    ),
    route(
        Delete,
        "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}/verification-results/{number}",
        Write,
        on::verifications::remove,
        "Removes a verification.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/consumer/{consumer}/version/{version}/verification-results/latest",
        Read,
        on::verifications::latest_of_version,
        "The latest verification of a version's pact.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/consumer/{consumer}/latest/verification-results/latest",
        Read,
        on::verifications::latest_of_latest,
        "The latest verification of the newest pact.",
    ),
    route(
        Get,
        "/pacts/provider/{provider}/consumer/{consumer}/latest/{tag}/verification-results/latest",
        Read,
        on::verifications::latest_of_latest,
        "The latest verification of the newest pact with a tag.",
    ),
    route(
        Get,
        "/verification-results/consumer/{consumer}/version/{version}/latest",
        Read,
        on::verifications::summary,
        "Whether a consumer's version is verified.",
    ),
    route(Get, "/pacticipants", Read, on::pacticipants::list, "All pacticipants."),
    route(Post, "/pacticipants", Report, on::pacticipants::create, "Makes a pacticipant known."),
    route(Get, "/pacticipants/{pacticipant}", Read, on::pacticipants::show, "A pacticipant."),
    route(Put, "/pacticipants/{pacticipant}", Report, on::pacticipants::replace, "Makes or replaces a pacticipant."),
    route(Patch, "/pacticipants/{pacticipant}", Report, on::pacticipants::change, "Makes or changes a pacticipant."),
    route(
        Delete,
        "/pacticipants/{pacticipant}",
        Write,
        on::pacticipants::remove,
        "Removes a pacticipant and everything of it.",
    ),
    route(
        Get,
        "/pacticipants/{pacticipant}/versions",
        Read,
        on::versions::list,
        "A pacticipant's versions, the newest first.",
    ),
    route(Get, "/pacticipants/{pacticipant}/versions/{version}", Read, on::versions::show, "A version."),
    route(
        Put,
        "/pacticipants/{pacticipant}/versions/{version}",
        Report,
        on::versions::replace,
        "Makes or replaces a version.",
    ),
    route(
        Patch,
        "/pacticipants/{pacticipant}/versions/{version}",
        Report,
        on::versions::change,
        "Makes or changes a version.",
    ),
    route(
        Delete,
        "/pacticipants/{pacticipant}/versions/{version}",
        Write,
        on::versions::remove,
        "Removes a version and its contracts.",
    ),
    route(Get, "/pacticipants/{pacticipant}/latest-version", Read, on::versions::latest, "The newest version."),
    route(
        Get,
        "/pacticipants/{pacticipant}/latest-version/{tag}",
        Read,
        on::versions::latest,
        "The newest version with a tag.",
    ),
    route(Get, "/pacticipants/{pacticipant}/branches", Read, on::branches::list, "A pacticipant's branches."),
    route(
        Delete,
        "/pacticipants/{pacticipant}/branches",
        Write,
        on::branches::remove_all,
        "Removes all branches but the main one.",
    ),
    route(Get, "/pacticipants/{pacticipant}/branches/{branch}", Read, on::branches::show, "A branch."),
    route(Delete, "/pacticipants/{pacticipant}/branches/{branch}", Write, on::branches::remove, "Removes a branch."),
    route(
        Get,
        "/pacticipants/{pacticipant}/branches/{branch}/latest-version",
        Read,
        on::versions::latest,
        "The newest version of a branch.",
    ),
    route(
        Get,
        "/pacticipants/{pacticipant}/branches/{branch}/versions",
        Read,
        on::branches::versions,
        "The versions of a branch.",
    ),
    route(
        Get,
        "/pacticipants/{pacticipant}/branches/{branch}/versions/{version}",
        Read,
        on::branches::show_version,
        "A version of a branch.",
    ),
    route(
        Put,
        "/pacticipants/{pacticipant}/branches/{branch}/versions/{version}",
        Report,
        on::branches::put_version,
        "Puts a version on a branch.",
    ),
    route(
        Delete,
        "/pacticipants/{pacticipant}/branches/{branch}/versions/{version}",
        Write,
        on::branches::remove_version,
        "Takes a version off a branch.",
    ),
    route(Get, "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}", Read, on::tags::show, "A version's tag."),
    route(Put, "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}", Report, on::tags::put, "Tags a version."),
    route(
        Delete,
        "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
        Write,
        on::tags::remove,
        "Takes a tag from a version.",
    ),
    route(Get, "/pacticipants/{pacticipant}/tags/{tag}/versions", Read, on::tags::versions, "The versions with a tag."),
    route(
        Get,
        "/pacticipants/{pacticipant}/environments/{environment}/versions",
        Read,
        on::environments::versions_of,
        "The versions in an environment.",
    ),
    route(Get, "/environments", Read, on::environments::list, "All environments."),
    route(Post, "/environments", Write, on::environments::create, "Makes an environment."),
    route(Get, "/environments/{environment}", Read, on::environments::show, "An environment."),
    route(Put, "/environments/{environment}", Write, on::environments::replace, "Changes an environment."),
    route(Delete, "/environments/{environment}", Write, on::environments::remove, "Removes an environment."),
    route(
        Get,
        "/environments/{environment}/deployed-versions/currently-deployed",
        Read,
        on::deployed::in_environment,
        "What is deployed in an environment.",
    ),
    route(
        Get,
        "/environments/{environment}/released-versions/currently-supported",
        Read,
        on::deployed::supported,
        "What is supported in an environment.",
    ),
    route(
        Get,
        "/pacticipants/{pacticipant}/versions/{version}/deployed-versions/environment/{environment}",
        Read,
        on::deployed::of_version,
        "How a version was deployed to an environment.",
    ),
    route(
        Post,
        "/pacticipants/{pacticipant}/versions/{version}/deployed-versions/environment/{environment}",
        Report,
        on::deployed::deploy,
        "Records that a version was deployed.",
    ),
    route(
        Get,
        "/pacticipants/{pacticipant}/versions/{version}/released-versions/environment/{environment}",
        Read,
        on::deployed::released_of_version,
        "How a version was released to an environment.",
    ),
    route(
        Post,
        "/pacticipants/{pacticipant}/versions/{version}/released-versions/environment/{environment}",
        Report,
        on::deployed::release,
        "Records that a version was released.",
    ),
    route(Get, "/deployed-versions/{uuid}", Read, on::deployed::show, "A deployed version."),
    route(
        Patch,
        "/deployed-versions/{uuid}",
        Report,
        on::deployed::undeploy,
        "Records that a version is not deployed any more.",
    ),
    route(Get, "/released-versions/{uuid}", Read, on::deployed::show_released, "A released version."),
    route(
        Patch,
        "/released-versions/{uuid}",
        Report,
        on::deployed::end_support,
        "Records that a version is not supported any more.",
    ),
    route(Get, "/matrix", Read, on::matrix::show, "Which versions work with which."),
    route(
        Get,
        "/matrix/provider/{provider}/consumer/{consumer}",
        Read,
        on::matrix::of_pair,
        "Which versions of two work with which.",
    ),
    route(Get, "/can-i-deploy", Read, on::matrix::can_i_deploy, "Whether a version can be deployed."),
    route(
        Get,
        "/pacticipants/{pacticipant}/latest-version/{tag}/can-i-deploy/to/{to}",
        Read,
        on::matrix::tag_to_tag,
        "Whether the newest version with a tag can be deployed.",
    ),
    route(
        Get,
        "/pacticipants/{pacticipant}/branches/{branch}/latest-version/can-i-deploy/to-environment/{to}",
        Read,
        on::matrix::branch_to_environment,
        "Whether the newest version of a branch can be deployed.",
    ),
];

const PACT: &str = "/pacts/provider/{provider}/consumer/{consumer}/version/{version}";
const CONTENT: &str = "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}";
const CONTENT_WITH: &str = "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}/metadata/{metadata}";
