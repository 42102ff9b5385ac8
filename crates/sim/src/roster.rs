//! Who is called: people and teams, their rotations, and the policies by which they are paged.

use catalog::BundleFile;
use kernel::EntityRef;

/// Everybody, as the catalog names them.
pub(crate) const PEOPLE: [&str; 5] = ["ada", "bo", "cleo", "dan", "eve"];

/// The person of this name.
pub(crate) fn person(name: &str) -> EntityRef {
    format!("user:{name}").parse().unwrap_or_else(|_| unreachable!("the names are ours"))
}

/// The team of a service, by its number.
pub(crate) fn team(at: usize) -> &'static str {
    if at % 3 == 2 { "menders" } else { "keepers" }
}

/// The policy that a service names itself; most leave it to their team.
pub(crate) fn policy(at: usize) -> Option<&'static str> {
    (at % 4 == 3).then_some("everybody")
}

/// The catalog file of all that. Bo can be reached only by what the catalog has of him, dan only by what he set up, and
/// there are hours in which nobody is on call for the menders.
pub(crate) fn file() -> BundleFile {
    let documents = [
        backstage("Group", "keepers", "keepers", "type: team, children: []"),
        backstage("Group", "menders", "calm", "type: team, children: []"),
        backstage("User", "ada", "", "memberOf: [keepers], profile: {email: ada@acme.test}"),
        backstage("User", "bo", "", "memberOf: [keepers], profile: {email: bo@acme.test}"),
        backstage("User", "cleo", "", "memberOf: [keepers, menders], profile: {email: cleo@acme.test}"),
        backstage("User", "dan", "", "memberOf: [menders]"),
        backstage("User", "eve", "", "memberOf: [menders], profile: {email: eve@acme.test}"),
        ours(
            "Rotation",
            "keepers-turns",
            "team: group:keepers, people: [user:ada, user:bo, user:cleo], time_zone: Europe/Berlin, handover: \"02:30\", length: \"1 day\", starts: 2026-10-01",
        ),
        ours(
            "Rotation",
            "menders-days",
            "team: group:menders, people: [user:dan, user:eve], time_zone: America/New_York, handover: \"monday 09:00\", starts: 2026-10-05, restrict: [{from: \"08:00\", to: \"22:00\"}]",
        ),
        ours(
            "EscalationPolicy",
            "keepers",
            "steps: [{notify: [owner], after: 5m}, {notify: [\"user:cleo\", \"rotation:menders-days\"], after: 3m}], repeat: 1, then: everybody",
        ),
        ours("EscalationPolicy", "everybody", "steps: [{notify: [\"group:keepers\", \"group:menders\"], after: 4m}]"),
        ours(
            "EscalationPolicy",
            "calm",
            "steps: [{notify: [owner], after: 10m}, {notify: [\"group:menders\"], after: 5m}], low_urgency: {time_zone: Europe/Berlin, from: \"06:00\", to: \"22:00\"}",
        ),
    ];
    BundleFile { path: "people/catalog-info.yaml".to_owned(), bytes: documents.join("---\n").into_bytes().into() }
}

fn backstage(kind: &str, name: &str, policy: &str, spec: &str) -> String {
    let policy = match policy {
        "" => String::new(),
        policy => format!(", annotations: {{mainstay.dev/escalation-policy: {policy}}}"),
    };
    format!("apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}{policy}}}\nspec: {{{spec}}}\n")
}

fn ours(kind: &str, name: &str, spec: &str) -> String {
    format!("apiVersion: mainstay.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}
