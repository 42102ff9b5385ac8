//! Upstream's words, where several resources use them.

/// What is said of a version that was made known by publishing.
pub(crate) fn version_made(action: &str, name: &str, number: &str, branch: Option<&str>, tags: &[String]) -> String {
    let begin = format!("{action} {name} version {number}");
    let tags = tags.join(", ");
    match (branch, tags.as_str()) {
        (Some(branch), "") => format!("{begin} with branch {branch}"),
        (Some(branch), tags) => format!("{begin} with branch {branch} and tags {tags}"),
        (None, "") => begin,
        (None, tags) => format!("{begin} with tags {tags}"),
    }
}

/// What is said to somebody whose new name is much like a known one.
pub(crate) fn similar(new: &str, known: &[String], base: &str) -> String {
    let listed: String = known.iter().map(|name| format!("* {name}\n")).collect();
    format!(
        "This is the first time a pact has been published for \"{new}\".\nThe name \"{new}\" is very similar to the following \
         existing pacticipants:\n{listed}If you meant to specify one of the above names, please correct the pact \
         configuration, and re-publish the pact.\nIf the pact is intended to be for a new consumer or provider, please \
         manually create \"{new}\" using the following command from the Pact Broker CLI, and then re-publish the pact:\n\n\
         pact-broker create-or-update-pacticipant --name \"{new}\" --broker-base-url {base}\n"
    )
}
