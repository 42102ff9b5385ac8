//! Each finding with a catalog that has it.

use super::{Catalog, component};
use crate::*;

const GROUP: &str = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: pay\nspec:\n  type: team\n  \
                     children: []\n  members: [jo]\n---\napiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: \
                     jo\nspec:\n  memberOf: []\n";

/// The findings of a catalog that, besides these files, has the group `pay` with the user `jo`.
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let mut files = files.to_vec();
    files.push(("groups.yaml", GROUP));
    let found = findings(&Catalog::of(&files).state);
    let shown = |finding: &Finding| {
        let subject = finding.subject.as_ref().map(|subject| format!(" {}", subject.short())).unwrap_or_default();
        format!("{}{subject}: {} [{}]", finding.rule.id(), finding.message, finding.fix)
    };
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected);
}

/// A library, which needs no runbook.
fn library(name: &str, more: &str) -> String {
    component(name, more).replace("service", "library")
}

fn api(name: &str, definition: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: {name}\nspec:\n  type: openapi\n  lifecycle: \
         production\n  owner: pay\n  definition: {definition}\n"
    )
}

#[test]
fn a_sound_catalog_has_no_gaps() {
    let cart = component("cart", "  providesApis: [cart]\n")
        .replace("spec:", "  links:\n    - {url: 'https://acme.example/runbook'}\nspec:");
    check(&[("a.yaml", &cart), ("b.yaml", &api("cart", "'openapi: 3.1.0'"))], &[]);
}

#[test]
fn references_that_lead_nowhere_are_shown_with_a_guess() {
    let text = library("cart", "  dependsOn: ['resource:pay', 'resource:db']\n  system: shop\n");
    check(
        &[("a.yaml", &text)],
        &[
            "dangling-reference cart: partOf leads to system:default/shop, which does not exist [declare it, or correct the \
         reference]",
            "dangling-reference cart: dependsOn leads to resource:default/db, which does not exist [declare it, or correct the \
         reference]",
            "dangling-reference cart: dependsOn leads to resource:default/pay, which does not exist [did you mean \
         group:default/pay?]",
        ],
    );
}

#[test]
fn an_owner_must_be_named_exist_and_be_somebody() {
    let flag = "apiVersion: mainstay.dev/v1alpha1\nkind: Flag\nmetadata: {name: f}\nspec: {}\n";
    let lib =
        |owner: &str| library("cart", "  dependsOn: ['flag:f']\n").replace("owner: pay", &format!("owner: {owner}"));
    check(
        &[("a.yaml", &lib("nobody")), ("f.yaml", flag)],
        &[
            "no-owner f: nobody answers for f [set spec.owner to a group]",
            "owner-unknown cart: the owner group:default/nobody does not exist [declare the group, or name one that exists]",
        ],
    );
    check(
        &[("a.yaml", &lib("'flag:f'")), ("f.yaml", &flag.replace("spec: {}", "spec: {owner: pay}"))],
        &["owner-unknown cart: the owner flag:default/f is neither a group nor a user [set spec.owner to a group]"],
    );
}

#[test]
fn a_component_alone_and_without_a_runbook_is_shown() {
    check(
        &[("a.yaml", &component("cart", ""))],
        &[
            "no-runbook cart: cart has no runbook [add a link of type runbook to metadata.links, or a page under docs/runbooks]",
            "orphan cart: cart is related to nothing [add spec.system, dependsOn, providesApis or consumesApis]",
        ],
    );
    let related = component("cart", "  dependsOn: ['user:jo']\n");
    check(
        &[("catalog-info.yaml", &related), ("docs/runbooks/a.md", "x")],
        &[
            "no-runbook cart: cart has no runbook [add a link of type runbook to metadata.links, or a page under docs/runbooks]",
        ],
    );
    check(&[("a/catalog-info.yaml", &related), ("a/docs/runbooks/a.md", "x")], &[]);
}

#[test]
fn apis_without_readable_docs_are_shown() {
    let remote = api("a", "{$text: 'https://acme.example/a.yaml'}");
    check(
        &[("a.yaml", &remote), ("b.yaml", &api("b", "'hello'")), ("c.yaml", &api("c", "' '"))],
        &[
            "no-api-docs a: the API a names a URL as its definition, which is not fetched [keep the definition in the repository \
         and name the file with $text]",
            "no-api-docs c: the API c has no definition [set spec.definition]",
            "api-docs-unreadable b: the API b has a definition that is not what spec.type says [correct spec.type or the \
         definition]",
        ],
    );
    for right in ["'{\"openapi\": \"3.1.0\"}'", "\"swagger: '2.0'\"", "\"# x\\n\\nopenapi: 3.0.0\\n\""] {
        check(&[("a.yaml", &api("a", right))], &[]);
    }
}

#[test]
fn something_deprecated_that_is_still_used_is_shown() {
    let old = library("old", "").replace("production", "deprecated");
    check(
        &[("a.yaml", &old), ("b.yaml", &library("new", "  dependsOn: ['component:old']\n"))],
        &["deprecated-in-use old: old is deprecated, but used by new [move its users away, or say that it stays]"],
    );
}

#[test]
fn a_circle_is_shown_once_with_the_way_around_it() {
    let (a, b) = (library("a", "  dependsOn: ['component:b']\n"), library("b", "  consumesApis: [c]\n"));
    let c = library("c", "  providesApis: [c]\n  dependsOn: ['component:a', 'component:a']\n");
    check(
        &[("a.yaml", &a), ("b.yaml", &b), ("c.yaml", &c), ("d.yaml", &api("c", "'openapi: 3.1.0'"))],
        &["circle c: these need each other: c → c → a → b → c [break the circle where it is least needed]"],
    );
    let own = library("own", "  providesApis: [c]\n  consumesApis: [c]\n");
    check(&[("a.yaml", &own), ("d.yaml", &api("c", "'openapi: 3.1.0'"))], &[]);
}

#[test]
fn a_team_without_members_is_shown() {
    let empty = GROUP.replace("pay", "empty").replace("[jo]", "[]").replace("  name: jo", "  name: al");
    check(
        &[("a.yaml", &empty)],
        &["empty-team empty: the team empty has no members [add spec.members, or memberOf to its users]"],
    );
}

#[test]
fn codeowners_that_say_otherwise_are_shown() {
    let cart = library("cart", "  dependsOn: ['user:jo']\n");
    let check_owners = |codeowners: &str, expected: &[&str]| {
        check(&[("cart/a.yaml", &cart), (".github/CODEOWNERS", codeowners)], expected);
    };
    check_owners("* @acme/pay", &[]);
    check_owners("* @jo", &[]);
    check_owners("cart/ @Acme/Pay @other\n", &[]);
    check_owners("/pay/ @other\n", &[]);
    check_owners(
        "* @acme/pay\n/cart/ @acme/checkout @someone",
        &[
            "codeowners-conflict cart: the owner is pay, but CODEOWNERS says @acme/checkout, @someone [correct one of the two, or \
         set the annotation github.com/team-slug of the group]",
        ],
    );
}

#[test]
fn a_source_with_errors_is_shown() {
    check(
        &[("a.yaml", &library("my cart", "")), ("b.yaml", &library("cart", "  dependsOn: ['user:jo']\n"))],
        &[
            "source-problems: the catalog shop has 1 errors, the first in a.yaml:4:9: metadata.name \"my cart\" is not allowed \
         [write \"my-cart\", or any other 1 to 63 letters and digits, with -, _ and . in between]",
        ],
    );
}
