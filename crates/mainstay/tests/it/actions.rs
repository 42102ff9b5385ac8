//! Promises from a terminal, with a token, which is no person.

use std::path::Path;

use crate::harness::{Server, home};

fn catalog(home: &Path) {
    let person = |name: &str| {
        format!(
            "---\napiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {{name: {name}}}\nspec: {{memberOf: [web]}}\n"
        )
    };
    let group = "---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: web}\n\
                 spec: {type: team, children: []}\n";
    let shop = "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: shop}\n\
                spec: {type: service, lifecycle: production, owner: web}\n";
    std::fs::create_dir(home.join("catalog")).unwrap();
    let text = format!("{}{}{group}{shop}", person("kim"), person("lee"));
    std::fs::write(home.join("catalog/catalog-info.yaml"), text).unwrap();
}

#[test]
fn a_program_says_whose_promise_whose_list_and_whose_decision_it_is() {
    let home = home();
    catalog(home.path());
    let server = Server::start(home.path(), &[]);
    server.verb(&["apply", "catalog"]).exits(0);
    let soon = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(480)).unwrap();
    let soon = soon.strftime("%F").to_string();
    let promise = ["action", "promise", "Watch the shop", "--about", "shop", "--until", &soon];
    let with = |more: &[&str]| server.verb(&[&promise[..], more].concat());
    with(&[]).exits(65).complains(&["who does it?", "name one person"]);
    with(&["--owner", "kim", "--done-when", "check-up=component:shop"]).exits(65).complains(&["is no check"]);
    with(&["--owner", "kim", "--done-when", "check-up=buy"]).exits(0);
    server.verb(&["action", "list", "--mine"]).exits(65).complains(&["which person of the catalog you are"]);
    server.verb(&["action", "list", "--person", "kim"]).exits(0).says(&["Watch the shop", "kim", "open"]);
    server.verb(&["action", "list", "--person", "lee"]).exits(0).says(&["No promise is like that."]);
    let against = ["action", "deprioritise", "1", "--reason", "the shop closes"];
    server.verb(&against).exits(65).complains(&["takes a person"]);
    let by_lee = [&against[..], &["--by", "lee"]].concat();
    let token = server.verb(&["token", "create", "ci", "--scope", "write"]).exits(0).out;
    server.verb_as(token.trim(), &by_lee).exits(65).complains(&["only lee and administrators"]);
    server.verb(&by_lee).exits(0);
    server.verb(&["action", "show", "1"]).exits(0).says(&["deprioritised", "the shop closes", "handed in that lee"]);
    server.verb(&["action", "reopen", "1", "--reason", "it stays"]).exits(0);
    server.verb(&["action", "list", "--state", "open"]).exits(0).says(&["Watch the shop"]);
}
