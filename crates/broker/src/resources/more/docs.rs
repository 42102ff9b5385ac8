//! What each relation means, in a sentence or two. HAL's clients link here from the names of relations.

use crate::{Answer, Call, Failure};

/// A relation without its prefix, and what it leads to.
const RELATIONS: &[(&str, &str)] = &[
    ("all-pact-versions", "All pacts that the consumer published with this provider, the newest first."),
    ("branch", "A branch of the pacticipant. DELETE removes the branch; its versions stay."),
    (
        "branch-pact-versions",
        "The pacts between the two that were published from a branch of the consumer, the newest first.",
    ),
    ("branch-version", "A version on a branch. PUT makes the version known, if it is not, and puts it on the branch."),
    ("branches", "The branches of the pacticipant, the one that changed last first."),
    ("can-i-deploy-badge", "A picture that says whether the newest version with one tag can go where another tag is."),
    (
        "can-i-deploy-branch-to-environment-badge",
        "A picture that says whether the newest version of a branch can be deployed to an environment.",
    ),
    (
        "can-i-deploy-pacticipant-version-to-environment",
        "Whether a version works with everything that is deployed or released in an environment. `summary.deployable` is true, false, or null if something is not verified yet.",
    ),
    (
        "can-i-deploy-pacticipant-version-to-tag",
        "Whether a version works with the newest versions of all others that have a tag. `summary.deployable` is true, false, or null if something is not verified yet.",
    ),
    ("consumer", "The application that expects something."),
    ("consumer-version", "The version of the consumer that the pact belongs to."),
    ("consumer-webhooks", "The webhooks that are called for all pacts of this consumer."),
    ("create", "POST a webhook here to make one."),
    ("currently-deployed-deployed-versions", "The versions that are deployed in the environment now."),
    ("currently-supported-released-versions", "The versions that are released and supported in the environment now."),
    ("dashboard", "The pacts that matter now, each with its newest verification and what came of its webhooks."),
    ("delete_integration", "DELETE removes all pacts between the two, with their verifications."),
    (
        "deployed-environments",
        "Where the version is deployed. PATCH one with `currentlyDeployed: false` when it no longer is.",
    ),
    ("diff", "What differs between this pact and another content, as text."),
    (
        "diff-previous-distinct",
        "What changed since the last version of the consumer that expected something else, as text.",
    ),
    ("environment", "An environment that versions are deployed or released to."),
    ("environments", "All environments. POST makes one."),
    ("error-logs", "What was sent and answered when a webhook was called in vain."),
    ("execute", "POST calls the webhook once, with the newest pact that it is for, and says what came of it."),
    ("group", "Everybody who is connected with the pacticipant, as a table of comma-separated values."),
    ("integrations", "Who has pacts with whom. DELETE removes all pacts and verifications."),
    ("label", "A label of the pacticipant. PUT gives it, DELETE takes it away; webhooks can be for all with a label."),
    ("latest-branch-pact-versions", "The newest pact between the two from a branch of the consumer."),
    ("latest-main-branch-pact-versions", "The newest pact between the two from the consumer's main branch."),
    ("latest-pact-version", "The newest pact between the two, whichever version that is."),
    ("latest-pact-versions", "The newest pact of every integration."),
    ("latest-provider-pacts", "The newest pact of each consumer of a provider."),
    ("latest-provider-pacts-with-branch", "The newest pact of each consumer of a provider, of those from one branch."),
    (
        "latest-provider-pacts-with-main-branch",
        "The newest pact of each consumer of a provider, of those from the consumers' main branches.",
    ),
    ("latest-provider-pacts-with-tag", "The newest pact of each consumer of a provider, of those with a tag."),
    ("latest-tagged-pact-version", "The newest pact between the two whose version has a tag."),
    ("latest-tagged-version", "The newest version of a pacticipant with a tag."),
    ("latest-untagged-pact-version", "The newest pact between the two whose version has no tag."),
    ("latest-verification-results", "The newest verification of this pact's content."),
    (
        "latest-verification-results-where-pacticipant-is-consumer",
        "Whether all providers of this version's pacts have verified them, in one answer.",
    ),
    ("latest-version", "The newest version of a pacticipant."),
    ("logs", "What was sent and answered each time the webhook was called."),
    ("main-branch-pact-versions", "The pacts between the two from the consumer's main branch, the newest first."),
    ("matrix", "Which versions of the two were tried with each other, and what came of it."),
    ("matrix-for-consumer-version", "The rows of the matrix for the consumer's version that this pact belongs to."),
    ("metrics", "How much there is: pacticipants, versions, pacts, verifications. A number that is not counted is -1."),
    ("pact-version", "The pact by its content: everything with the same expectations has this address."),
    ("pact-versions", "The pacts of this version, one for each provider."),
    ("pact-webhooks", "The webhooks that are only for the two."),
    (
        "pacticipant",
        "An application that is a consumer, a provider, or both. PATCH changes what is known of it, such as its main branch.",
    ),
    ("pacticipant-branch", "A branch of a pacticipant. DELETE removes it; its versions stay."),
    ("pacticipant-branch-version", "PUT puts a version on a branch."),
    ("pacticipant-version", "A version of a pacticipant. PUT makes it known; DELETE removes it with its contracts."),
    (
        "pacticipant-version-tag",
        "PUT gives a version a tag, DELETE takes it away. Branches and deployments say more than tags.",
    ),
    ("pacticipants", "All applications that publish or verify pacts."),
    ("previous-distinct", "The pact of the last version of the consumer that expected something else."),
    ("provider", "The application of which something is expected."),
    ("provider-pacts", "All pacts with a provider."),
    (
        "provider-pacts-for-verification",
        "POST what a provider's build is asked to verify: selectors of consumers' versions. The answer says of each pact why it is there and whether it may fail.",
    ),
    ("provider-pacts-with-branch", "All pacts with a provider from one branch of its consumers."),
    ("provider-pacts-with-main-branch", "All pacts with a provider from its consumers' main branches."),
    ("provider-pacts-with-tag", "All pacts with a provider whose version has a tag."),
    ("provider-states", "The states that the pacts with a provider need it to be in, and who needs each."),
    ("publish-contracts", "POST publishes all pacts of a consumer's version at once, with its branch and tags."),
    ("publish-pact", "PUT publishes one pact. Publishing all at once with `pb:publish-contracts` is better."),
    (
        "publish-provider-contract",
        "POST publishes what a provider's version says its API is: an OpenAPI document, with the result of the provider's own tests.",
    ),
    ("publish-verification-results", "POST says whether a provider's version does what the pact expects."),
    (
        "record-deployment",
        "POST records that the version was deployed to the environment; the version before it is not deployed any more.",
    ),
    ("record-release", "POST records that the version was released to the environment; earlier ones stay supported."),
    (
        "released-environments",
        "Where the version is released. PATCH one with `currentlySupported: false` when it is no longer supported.",
    ),
    ("self", "This resource."),
    ("tag", "A tag of the version. PUT gives it, DELETE takes it away."),
    ("tag-prod-version", "PUT tags the consumer's version as `prod`. Recording a deployment says more."),
    ("tag-version", "PUT tags the consumer's version."),
    ("tagged-pact-versions", "The pacts between the two whose version has a tag, the newest first."),
    ("triggered-webhooks", "The webhooks that were called because of this, and what came of each."),
    ("version", "A version of the pacticipant."),
    ("version-tag", "PUT gives a version a tag."),
    ("versions", "The versions of the pacticipant, the newest first."),
    ("webhook", "A webhook. PUT makes or changes it, DELETE removes it; what is secret of it is never shown."),
    ("webhook-status", "What came of the last calls of webhooks about the two."),
    ("webhooks", WEBHOOKS),
];

const WEBHOOKS: &str = "All webhooks. POST makes one: `events` names what it is called for (`contract_published`, \
`contract_content_changed`, `contract_requiring_verification_published`, `provider_verification_published`, \
`provider_verification_succeeded`, `provider_verification_failed`, `version_deployed`, `version_undeployed`, \
`version_released`, `version_tagged`), `request` what is sent (`method`, `url`, `headers`, `body`, `username`, `password`), \
and `consumer` or `provider` whom it is for, by `name` or by `label`. Texts may have parameters such as \
`${pactbroker.consumerName}`, `${pactbroker.consumerVersionNumber}`, `${pactbroker.consumerVersionBranch}`, \
`${pactbroker.providerName}`, `${pactbroker.providerVersionNumber}`, `${pactbroker.providerVersionBranch}`, \
`${pactbroker.pactUrl}`, `${pactbroker.verificationResultUrl}`, `${pactbroker.githubVerificationStatus}`, \
`${pactbroker.eventName}` and `${pactbroker.environmentName}`; the host may not. The whitelist: the operator decides which \
methods and schemes are allowed, and which private hosts; public hosts may always be called.";

fn about(relation: &str) -> Option<&'static str> {
    let relation = relation.split_once(':').map_or(relation, |(_, relation)| relation);
    let relation = relation.strip_prefix("webhooks-").unwrap_or(relation);
    let at = RELATIONS.binary_search_by_key(&relation, |(name, _)| name).ok()?;
    RELATIONS.get(at).map(|(_, about)| *about)
}

/// As Markdown, or as HTML for a browser.
pub(super) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let relation = call.param("rel")?;
    let about = about(relation).ok_or(Failure::NotFound)?;
    if !call.accept.contains("text/html") {
        return Ok(Answer::text("text/markdown;charset=utf-8", format!("# {relation}\n\n{about}\n")));
    }
    // The relation is one of the table and the sentences are ours, so that nothing has to be escaped but what they have.
    let about = about.replace('&', "&amp;").replace('<', "&lt;");
    let marked: String = about
        .split('`')
        .enumerate()
        .map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect();
    let title: String = relation.chars().filter(|letter| letter.is_alphanumeric() || "-_:".contains(*letter)).collect();
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><main><h1>{title}</h1><p>{marked}</p></main></body></html>\n"
    );
    Ok(Answer::text("text/html;charset=utf-8", page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_so_that_every_relation_is_found() {
        for (name, text) in RELATIONS {
            assert_eq!(about(name), Some(*text), "{name}");
        }
        assert_eq!(about("pb:webhooks"), about("webhooks-webhooks"));
        assert_eq!(about("<script>"), None);
    }
}
