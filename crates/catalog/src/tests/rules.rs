//! Each rule with a descriptor that breaks it.

use std::collections::BTreeSet;

use super::{bundle, component, read_one};
use crate::*;

/// Checks the problems of one descriptor, each as `line:column rule: message [suggestion]`, and that those expected
/// are all there are.
fn check(text: &str, expected: &[&str]) {
    check_files(&[("catalog-info.yaml", text)], expected);
}

fn check_files(files: &[(&str, &str)], expected: &[&str]) {
    let reading = read(&bundle(files));
    assert_eq!(reading.problems.iter().map(shown).collect::<Vec<_>>(), expected, "in\n{}", files[0].1);
    for problem in &reading.problems {
        let text = files.iter().find(|(path, _)| *path == problem.path).map(|(_, text)| *text).unwrap();
        let line = text.lines().nth(problem.line as usize - 1).unwrap_or_default();
        assert_eq!(problem.source_line, line, "{problem:?}");
    }
}

fn shown(problem: &Problem) -> String {
    let fix = problem.suggestion.as_deref().map(|fix| format!(" [{fix}]")).unwrap_or_default();
    format!("{}:{} {}: {}{fix}", problem.line, problem.column, problem.rule.id(), problem.message)
}

/// A component with more lines in `metadata`.
fn with_metadata(lines: &str) -> String {
    component("cart", "").replace("  name: cart\n", &format!("  name: cart\n{lines}"))
}

#[test]
fn a_descriptor_that_obeys_every_rule_has_no_problems() {
    check(&component("cart", ""), &[]);
    let full = "  namespace: shop\n  title: Cart\n  description: Holds what is bought\n  labels:\n    tier: '1'\n    a.io/b: \
                ''\n  annotations:\n    github.com/project-slug: acme/cart\n  tags: [java, c++, 'lang:c#']\n  links:\n    - \
                url: https://acme.example\n      icon: dashboard\n      type: runbook\n  ours: {deep: [1, null]}\n";
    check(&with_metadata(full), &[]);
}

#[test]
fn all_problems_of_a_document_are_reported_at_once() {
    let text = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: my cart\n  tags: [Java]\nspec:\n  \
                ownr: pay\n  lifecycle: 1\n";
    check(
        text,
        &[
            "4:9 name: metadata.name \"my cart\" is not allowed [write \"my-cart\", or any other 1 to 63 letters and digits, \
             with -, _ and . in between]",
            "5:10 tag: metadata.tags \"Java\" is not allowed [write \"java\", or any other 1 to 63 of a-z, 0-9, :, + and #, \
             with single dashes in between]",
            "6:1 missing-field: a Component needs spec.type [add it under spec, such as `type: service`]",
            "6:1 missing-field: a Component needs spec.owner [add it under spec, such as `owner: the-team`]",
            "7:3 unknown-key: spec has no key \"ownr\"; it is kept, but means nothing [did you mean owner?]",
            "8:14 wrong-type: spec.lifecycle must be a text, not a number [put it in quotes: \"1\"]",
        ],
    );
}

#[test]
fn the_envelope_must_be_whole() {
    check(
        "just a text\n",
        &["1:1 not-an-object: a descriptor must be a mapping with apiVersion, kind, metadata and spec, not a text"],
    );
    check(
        "kind: Component\n",
        &[
            "1:1 missing-field: apiVersion is missing",
            "1:1 missing-field: metadata is missing",
            "1:1 missing-field: spec is missing",
        ],
    );
    check(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetdata:\n  name: cart\nspec: []\n",
        &[
            "1:1 missing-field: metadata is missing [did you mean metadata where it says metdata?]",
            "3:1 root-key: \"metdata\" is not allowed at the root of a descriptor [did you mean metadata?]",
            "5:7 wrong-type: spec must be a mapping, not a list",
        ],
    );
}

#[test]
fn kinds_and_versions_are_known_or_guessed() {
    check(
        &component("cart", "").replace("kind: Component", "kind: Componnet"),
        &["2:7 unknown-kind: the kind \"Componnet\" is not known [did you mean Component?]"],
    );
    check(
        &component("cart", "").replace("v1alpha1", "v1"),
        &[
            "1:13 api-version: the kind Component has no apiVersion \"backstage.io/v1\" [write backstage.io/v1alpha1 or \
           backstage.io/v1beta1]",
        ],
    );
    let problems = read_one(&component("cart", "").replace("kind: Component", "kind: Quux")).problems;
    assert!(problems[0].suggestion.as_deref().unwrap().starts_with("the kinds are Component, API, Resource"));
}

#[test]
fn names_namespaces_and_keys_follow_backstages_code() {
    check(
        &with_metadata("  namespace: My_Team\n"),
        &[
            "5:14 namespace: metadata.namespace \"My_Team\" is not allowed [write \"my-team\", or any other 1 to 63 lower-case \
           letters and digits, with single dashes in between]",
        ],
    );
    let key = "what is allowed: [domain/]name, the domain in lower case, the name 1 to 63 letters and digits with -, _ and \
               . in between";
    check(
        &with_metadata("  labels:\n    a/b/c: x\n    tier: 1\n    zone: a b\n"),
        &[
            &format!("6:5 label-key: the key \"a/b/c\" of metadata.labels is not allowed [{key}]"),
            "7:11 label-value: metadata.labels.tier must be a text, not a number [put it in quotes: \"1\"]",
            "8:11 label-value: the value \"a b\" of the label zone is not allowed [what is allowed: nothing, or 1 to 63 \
             letters and digits, with -, _ and . in between]",
        ],
    );
    check(
        &with_metadata("  annotations:\n    A.io/b: x\n    ok: true\n"),
        &[
            &format!("6:5 annotation-key: the key \"A.io/b\" of metadata.annotations is not allowed [{key}]"),
            "7:9 annotation-value: metadata.annotations.ok must be a text, not true or false [put it in quotes: \"true\"]",
        ],
    );
}

#[test]
fn links_have_a_url_and_a_proper_icon() {
    check(
        &with_metadata("  links:\n    - url: acme.example\n    - title: x\n      icon: a b\n    - nothing\n"),
        &[
            "6:12 link-url: the link's url \"acme.example\" is no URL: relative URL without a base [write it with its \
             scheme: https://...]",
            "7:7 missing-field: url is missing",
            "8:13 link-icon: the link's icon \"a b\" is not allowed [write \"a-b\", or any other 1 to 63 letters and \
             digits, with -, _ and . in between]",
            "9:7 wrong-type: metadata.links must be a mapping with a url, not a text",
        ],
    );
}

#[test]
fn references_need_a_kind_where_the_field_has_none() {
    check(
        &component("cart", "  dependsOn: [ledger, 'resource:db', 'compnent:x', 'a:b:c']\n  system: 3\n"),
        &[
            "9:15 reference: spec.dependsOn: \"ledger\" has no kind; write it as \"component:ledger\", \"resource:ledger\" or \
             the like",
            "9:38 unknown-key: spec.dependsOn \"compnent:x\" has the unknown kind \"compnent\" [did you mean component?]",
            "9:52 reference: spec.dependsOn: \"a:b:c\" is not an entity reference; the form is [kind:][namespace/]name",
            "10:11 wrong-type: spec.system must be a text, not a number [put it in quotes: \"3\"]",
        ],
    );
    // It can never resolve, but Backstage takes it, and so does its own petstore.
    check(&component("cart", "").replace("owner: pay", "owner: petstore@example.com"), &[]);
}

#[test]
fn each_kind_needs_its_own_fields() {
    let missing = |kind: &str, version: &str, spec: &str| -> Vec<String> {
        let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n");
        let missing = |problem: &Problem| {
            assert_eq!(problem.rule, Rule::MissingField, "{problem:?}");
            problem.message.rsplit_once('.').unwrap().1.to_owned()
        };
        read_one(&text).problems.iter().map(missing).collect()
    };
    let core = "backstage.io/v1alpha1";
    assert_eq!(missing("Component", core, "{}"), ["type", "lifecycle", "owner"]);
    assert_eq!(missing("API", core, "{}"), ["type", "lifecycle", "owner", "definition"]);
    assert_eq!(missing("API", core, "{type: mcp-server}"), ["lifecycle", "owner", "remotes"]);
    assert_eq!(missing("Resource", core, "{}"), ["type", "owner"]);
    assert_eq!(missing("System", core, "{}"), ["owner"]);
    assert_eq!(missing("Domain", "backstage.io/v1beta1", "{}"), ["owner"]);
    assert_eq!(missing("Group", core, "{}"), ["type", "children"]);
    assert_eq!(missing("User", core, "{}"), ["memberOf"]);
    assert_eq!(missing("Location", core, "{}"), [""; 0]);
    assert_eq!(missing("Template", "scaffolder.backstage.io/v1beta3", "{}"), ["type", "steps"]);
    assert_eq!(missing("AiResource", core, "{type: skill}"), ["lifecycle", "owner"]);
    let rule = missing("AiResource", core, "{type: rule}");
    assert_eq!(rule, ["lifecycle", "owner", "category", "rationale"]);
    for kind in ["Check", "Flag", "Rotation", "Cycle"] {
        assert_eq!(missing(kind, "mainstay.dev/v1alpha1", "{anything: goes}"), [""; 0]);
    }
}

#[test]
fn yaml_itself_has_rules() {
    check(
        &component("cart", "  type: website\n"),
        &["9:3 duplicate-key: the key \"type\" stands twice in the same mapping"],
    );
    check(
        &component("cart", "  ? [a, b]\n  : x\n"),
        &["9:5 key-not-text: a key must be a text, not a list or a mapping"],
    );
    let merged = component("cart", "  x: &x {a: b}\n  y: {<<: *x}\n");
    check(&merged, &["10:7 merge-key: `<<` does not merge: it is an ordinary key here, as it is in Backstage"]);
    assert_eq!(read_one(&merged).entities.len(), 1);
    let problems = read_one("kind: [").problems;
    assert_eq!((problems[0].rule, problems[0].line), (Rule::Syntax, 1));
}

#[test]
fn substitutions_read_files_of_the_bundle_and_nothing_else() {
    let api = |definition: &str| {
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: cart\nspec:\n  type: openapi\n  lifecycle: \
             production\n  owner: pay\n  definition:\n    {definition}\n"
        )
    };
    let check_api = |definition: &str, expected: &[&str]| {
        let text = api(definition);
        let files =
            [("a/catalog-info.yaml", text.as_str()), ("a/cart.yml", "openapi: 3.1.0\n"), ("a/two.yml", "a\n---\nb")];
        check_files(&files, expected);
    };
    check_api("$text: ./cart.yml", &[]);
    check_api(
        "$text: ./crt.yml",
        &[
            "10:12 substitution-missing: $text names \"./crt.yml\", but there is no file a/crt.yml [did you mean a/cart.yml?]",
        ],
    );
    check_api(
        "$text: ../../etc/passwd",
        &["10:12 substitution-outside: $text names \"../../etc/passwd\", which lies outside of the catalog's folder"],
    );
    check_api(
        "$text: https://acme.example/cart.yml",
        &[
            "10:12 substitution-remote: $text names \"https://acme.example/cart.yml\", which is not fetched: only files beside \
           the descriptors are read [keep a copy of the file in the repository and name that]",
        ],
    );
    check_api(
        "$yaml: two.yml",
        &["10:12 substitution-content: $yaml can't use a/two.yml: it must hold exactly one YAML document"],
    );
    let broken = [("catalog-info.yaml", api("$json: x.json")), ("x.json", "{".to_owned())];
    let broken: Vec<(&str, &str)> = broken.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert_eq!(read(&bundle(&broken)).problems[0].rule, Rule::SubstitutionContent);
}

#[test]
fn a_substitution_stands_for_the_content_anywhere_in_the_document() {
    let text = component("cart", "  a: {$text: t.txt}\n  b: [{$json: j.json}]\n  c: {$yaml: y.yaml, other: key}\n");
    let files = [("catalog-info.yaml", text.as_str()), ("t.txt", "hello\n"), ("j.json", "{\"x\": [1]}")];
    let reading = read(&bundle(&files));
    assert_eq!(reading.problems, []);
    let spec = reading.entities[0].json()["spec"].clone();
    assert_eq!(spec["a"], "hello\n");
    assert_eq!(spec["b"], serde_json::json!([{"x": [1]}]));
    assert_eq!(spec["c"]["$yaml"], "y.yaml", "more than one key is no substitution");
}

#[test]
fn locations_point_at_further_descriptors() {
    let location = |target: &str| {
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: all\nspec:\n  targets:\n    - {target}\n"
        )
    };
    let cart = component("cart", "").replace("backstage.io/v1alpha1", "v1");
    let check_target = |target: &str, expected: &[&str]| {
        let text = location(target);
        check_files(&[("catalog-info.yaml", &text), ("services/cart/entity.yaml", &cart)], expected);
    };
    // The file is no descriptor by its name or its content, so that only the Location makes it one.
    let strict = "1:13 api-version: the kind Component has no apiVersion \"v1\" [write backstage.io/v1alpha1 or \
                  backstage.io/v1beta1]";
    check_target("./services/cart/entity.yaml", &[strict]);
    check_target("./services/*/entity.yaml", &[strict]);
    check_target("./**/entity.yaml", &[strict]);
    check_target(
        "./services/pay/*.yaml",
        &["7:7 location-no-match: the target \"./services/pay/*.yaml\" matches no file"],
    );
    check_target(
        "https://acme.example/all.yaml",
        &[
            "7:7 location-remote: the target \"https://acme.example/all.yaml\" is not fetched: only files below the catalog's \
         folder are read [check the repository out and give its folder as a catalog of its own]",
        ],
    );
    check_target(
        "../all.yaml",
        &[
            "7:7 location-remote: the target \"../all.yaml\" lies outside of the catalog's folder [give that folder as a \
         catalog of its own]",
        ],
    );
    let optional = location("./none.yaml").replace("  targets:", "  presence: optional\n  targets:");
    check(&optional, &[]);
}

#[test]
fn of_two_with_the_same_reference_the_first_counts() {
    let (cart, twice) = (component("cart", ""), format!("{}---\n{}", component("Cart", ""), component("cart", "")));
    check_files(
        &[("a/catalog-info.yaml", &cart), ("b/catalog-info.yaml", &twice)],
        &[
            "1:1 duplicate-entity: component:default/cart is declared already, in a/catalog-info.yaml:1; that one counts [give \
         one of the two another name, or remove it]",
            "10:1 duplicate-entity: component:default/cart is declared already, in a/catalog-info.yaml:1; that one counts [give \
         one of the two another name, or remove it]",
        ],
    );
    let reading = read_one(&twice);
    assert_eq!(reading.problems.iter().map(|problem| problem.rule).collect::<Vec<_>>(), [Rule::Repeated]);
    assert_eq!(reading.errors(), 0);
}

#[test]
fn what_is_no_entity_is_no_error() {
    let files = [
        ("mkdocs.yml", "site_name: x\nplugins: [!!python/name:x y]\n"),
        ("openapi.yaml", "openapi: 3.1.0\n"),
        ("compose.yaml", "services: {cart: {image: cart}}\n"),
        ("deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\n"),
        ("chart/templates/x.yaml", "apiVersion: v1\nkind: {{ .Values.kind }}\n"),
        ("notes.txt", "apiVersion: backstage.io/v1alpha1"),
    ];
    assert_eq!(read(&bundle(&files)), Reading { source: "shop".into(), ..Reading::default() });
}

#[test]
fn a_skeleton_of_the_scaffolder_is_no_entity_and_no_error() {
    let text = component("${{ values.name }}", "");
    check(&text, &["1:1 unfilled-template: this is a template with ${{ ... }} in its name, and no entity of its own"]);
    assert_eq!(read_one(&text).errors(), 0);
}

#[test]
fn a_file_with_another_name_is_read_for_the_entities_in_it() {
    let text = format!("apiVersion: v1\nkind: ConfigMap\n---\n{}", component("cart", ""));
    let reading =
        read(&bundle(&[("k8s/all.yml", &text), ("typo.yaml", "apiVersion: backstge.io/v1alpha1\nkind: API\n")]));
    assert_eq!(
        reading.entities.iter().map(|entity| entity.reference.as_str()).collect::<Vec<_>>(),
        ["component:default/cart"]
    );
    assert_eq!(reading.entities[0].origin.line, 4);
    assert!(
        reading.problems.iter().any(|problem| problem.rule == Rule::ApiVersion),
        "a slip is no reason to pass it over"
    );
}

#[test]
fn scalars_are_read_by_yaml_1_2() {
    let spec = "  a: yes\n  b: 0o14\n  c: 0x1F\n  d: 1e3\n  e: ~\n  f: 'true'\n  g: True\n  h: 2026-01-01\n  i: .inf\n  j: \
                -0.5\n  k: !!str 12\n  l: 18446744073709551615\n  m: 1_000\n  n: .\n  o: 0x+1\n";
    let json = read_one(&component("cart", spec)).entities[0].json();
    let spec: serde_json::Map<_, _> =
        json["spec"].as_object().unwrap().clone().into_iter().filter(|(key, _)| key.len() == 1).collect();
    let expected = serde_json::json!({
        "a": "yes", "b": 12, "c": 31, "d": 1000.0, "e": null, "f": "true", "g": true, "h": "2026-01-01", "i": ".inf",
        "j": -0.5, "k": "12", "l": 18_446_744_073_709_551_615_u64, "m": "1_000", "n": ".", "o": "0x+1",
    });
    assert_eq!(serde_json::Value::Object(spec), expected);
}

#[test]
fn a_problem_is_rendered_with_its_line_and_the_way_out() {
    let problems = read_one(&with_metadata("  tags:\n    - Java  # the language\n")).problems;
    let expected = "\
error[tag]: metadata.tags \"Java\" is not allowed
 --> catalog-info.yaml:6:7
  |
6 |     - Java  # the language
  |       ^^^^
  |
  = help: write \"java\", or any other 1 to 63 of a-z, 0-9, :, + and #, with single dashes in between";
    assert_eq!(render(&problems[0]), expected);
    let whole = Problem::of_file(Rule::Unreadable, "a/b.yaml", "permission denied");
    assert_eq!(render(&whole), "error[unreadable]: permission denied\n |\n = note: in a/b.yaml");
}

#[test]
fn every_rule_has_an_id_of_its_own() {
    let ids: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert_eq!(ids.len(), Rule::ALL.len());
    for &rule in Rule::ALL {
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.id());
    }
}
