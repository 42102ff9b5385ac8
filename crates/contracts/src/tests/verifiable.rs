//! Which pacts a provider's build is to verify.

use super::Broker;
use crate::selection::{Asked, Because, ConsumerSelector, Verifiable, for_verification, short_description};

/// Reads a selector of consumers' versions: `main`, `matching`, `branch:`, `or-branch:`, `tag:`, `or-tag:`, `latest`,
/// `deployed`, `released`, `env:`, `of:`.
pub(crate) fn consumers(text: &str) -> ConsumerSelector {
    let mut selector = ConsumerSelector::default();
    for word in text.split_whitespace() {
        let (key, value) = word.split_once(':').unwrap_or((word, ""));
        let value = Some(value.to_owned());
        match key {
            "main" => selector.main_branch = true,
            "matching" => selector.matching_branch = true,
            "branch" => selector.branch = value,
            "or-branch" => selector.fallback_branch = value,
            "tag" => selector.tag = value,
            "or-tag" => selector.fallback_tag = value,
            "latest" => selector.latest = true,
            "deployed" => selector.deployed = true,
            "released" => selector.released = true,
            "env" => selector.environment = value,
            "of" => selector.consumer = value,
            _ => panic!("{text}"),
        }
    }
    selector
}

/// What is asked for selectors that are separated by commas; nothing for the usual ones.
pub(crate) fn asked(selectors: &str) -> Asked {
    let selectors = selectors.split(',').filter(|text| !text.trim().is_empty()).map(consumers).collect();
    Asked { selectors, ..Asked::default() }
}

impl Broker {
    pub(crate) fn chosen(&self, provider: &str, asked: &Asked) -> Vec<Verifiable> {
        for_verification(&self.state, self.state.pacticipant_named(provider).unwrap(), asked, self.now)
    }

    /// What is chosen of Bar's pacts, as `Foo 2: latest from main branch (2)`.
    pub(crate) fn described(&self, asked: &Asked) -> Vec<String> {
        let shown = |one: &Verifiable| {
            let version = self.state.publication(one.publication).unwrap().version;
            let because = |because: &Because| {
                let alone = Verifiable { because: vec![because.clone()], ..one.clone() };
                format!("{} ({})", short_description(&alone), self.state.number(because.version))
            };
            let because: Vec<String> = one.because.iter().map(because).collect();
            let wip = if one.wip { "wip " } else { "" };
            format!("{wip}{} {}: {}", self.state.name(one.consumer), self.state.number(version), because.join(", "))
        };
        self.chosen("Bar", asked).iter().map(shown).collect()
    }

    #[track_caller]
    pub(crate) fn check_chosen(&self, selectors: &str, expected: &[&str]) {
        assert_eq!(self.described(&asked(selectors)), super::ask::owned(expected), "{selectors}");
    }
}

#[test]
fn by_default_the_main_branch_is_verified_or_its_tag_or_the_latest() {
    let with_branch = || Broker::new().pacticipant("Foo", "main").publish_on("main", "Foo", "1", "Bar", "1");
    let broker = with_branch().publish("Foo", "2", "Bar", "2");
    broker.check_chosen("", &["Foo 1: latest from main branch (1)"]);
    let tagged = Broker::new().pacticipant("Foo", "trunk").version("Foo", "1").tag("Foo", "1", "trunk");
    let broker = tagged.publish("Foo", "1", "Bar", "1").publish("Foo", "2", "Bar", "2");
    broker.check_chosen("", &["Foo 1: latest with tag trunk (1)"]);
    let broker = Broker::new().publish("Foo", "1", "Bar", "1").publish("Foo", "2", "Bar", "2");
    broker.check_chosen("", &["Foo 2: latest (2)"]);
}

#[test]
fn by_default_what_is_deployed_and_released_is_verified_too() {
    let broker = Broker::new()
        .environment("test")
        .publish("Foo", "1", "Bar", "1")
        .deploy("Foo", "1", "test")
        .publish("Foo", "2", "Bar", "2")
        .deploy("Foo", "2", "test")
        .publish("Foo", "3", "Bar", "3")
        .release("Foo", "3", "test")
        .publish("Foo", "4", "Bar", "4");
    let expected = ["Foo 2: deployed to test (2)", "Foo 3: released in test (3)", "Foo 4: latest (4)"];
    broker.check_chosen("", &expected);
}

#[test]
fn the_latest_is_that_of_each_consumer() {
    let broker = Broker::new()
        .publish("Foo1", "1", "Bar", "1")
        .publish("Foo1", "2", "Bar", "2")
        .publish("Foo2", "3", "Bar", "3")
        .publish("Foo2", "4", "Bar2", "4");
    broker.check_chosen("latest", &["Foo1 2: latest (2)", "Foo2 3: latest (3)"]);
    broker.check_chosen("latest of:Foo1", &["Foo1 2: latest (2)"]);
    broker.check_chosen("latest of:Nobody", &[]);
}

/// Foo 1 is in production, 2 and 3 are dev; Baz 9 is both.
fn tagged() -> Broker {
    Broker::new()
        .publish("Foo", "1", "Bar", "foo1")
        .tag("Foo", "1", "prod")
        .put("Foo", "2", None, &["dev"])
        .publish("Foo", "2", "Bar", "foo2")
        .put("Foo", "3", None, &["dev"])
        .publish("Foo", "3", "Bar", "foo3")
        .put("Baz", "9", None, &["dev", "prod"])
        .publish("Baz", "9", "Bar", "baz9")
}

#[test]
fn tags_mean_the_latest_of_each_consumer_or_all() {
    let broker = tagged();
    let baz = "Baz 9: latest with tag dev (9), latest with tag prod (9)";
    let both = [baz, "Foo 1: latest with tag prod (1)", "Foo 3: latest with tag dev (3)"];
    broker.check_chosen("latest tag:dev, latest tag:prod", &both);
    broker.check_chosen("tag:dev of:Foo", &["Foo 2: one of Foo dev (2)", "Foo 3: one of Foo dev (3)"]);
    broker.check_chosen("tag:prod", &["Baz 9: one of prod (9)", "Foo 1: one of prod (1)"]);
}

#[test]
fn the_same_content_is_verified_once_for_its_newest_version() {
    let broker = tagged().put("Foo", "4", None, &["dev"]).publish("Foo", "4", "Bar", "foo3");
    let expected = ["Foo 2: one of Foo dev (2)", "Foo 4: one of Foo dev (3), one of Foo dev (4)"];
    broker.check_chosen("tag:dev of:Foo", &expected);
    broker.check_chosen("latest, latest", &["Baz 9: latest (9)", "Foo 4: latest (4)"]);
}

#[test]
fn two_consumers_with_the_same_content_are_two() {
    let broker = Broker::new().publish("A", "1", "Bar", "same").publish("B", "1", "Bar", "same");
    broker.check_chosen("", &["A 1: latest (1)", "B 1: latest (1)"]);
}

#[test]
fn a_fallback_counts_only_where_there_is_nothing_else() {
    let broker = tagged();
    broker.check_chosen("latest tag:dev or-tag:prod of:Foo", &["Foo 3: latest with tag dev (3)"]);
    broker.check_chosen("latest tag:feat or-tag:prod of:Foo", &["Foo 1: latest with tag prod (1)"]);
    broker.check_chosen("latest tag:feat or-tag:neither", &[]);
    let chosen = broker.chosen("Bar", &asked("latest tag:feat or-tag:prod"));
    assert!(chosen.len() == 2 && chosen.iter().all(|one| one.because[0].fell_back));
    let broker = Broker::new().publish_on("main", "Foo", "1", "Bar", "1").publish_on("feat", "Foo", "2", "Bar", "2");
    broker.check_chosen("branch:feat or-branch:main", &["Foo 2: latest from branch feat (2)"]);
    broker.check_chosen("branch:other or-branch:main", &["Foo 1: latest from branch main (1)"]);
}

#[test]
fn branches_mean_their_heads() {
    let broker = Broker::new()
        .pacticipant("Foo", "main")
        .publish_on("main", "Foo", "1", "Bar", "1")
        .publish_on("main", "Foo", "2", "Bar", "2")
        .publish_on("feat", "Foo", "3", "Bar", "3");
    broker.check_chosen("main", &["Foo 2: latest from main branch (2)"]);
    broker.check_chosen("branch:feat", &["Foo 3: latest from branch feat (3)"]);
    let mut matching = asked("matching");
    assert_eq!(broker.described(&matching), Vec::<String>::new());
    matching.branch = Some("feat".to_owned());
    assert_eq!(broker.described(&matching), ["Foo 3: latest from branch feat (3)"]);
}

#[test]
fn a_consumer_whose_head_has_no_pact_any_more_does_without_the_provider() {
    let broker = Broker::new()
        .pacticipant("Foo", "main")
        .publish_on("main", "Foo", "1", "Bar", "1")
        .tag("Foo", "1", "prod")
        .put("Foo", "2", Some("main"), &["prod"])
        .publish("Foo", "2", "Other", "2");
    for selectors in ["main", "branch:main", "latest tag:prod"] {
        broker.check_chosen(selectors, &[]);
    }
    broker.check_chosen("tag:prod", &["Foo 1: one of prod (1)"]);
    // The last that there was is still the latest.
    broker.check_chosen("latest", &["Foo 1: latest (1)"]);
}

#[test]
fn environments_mean_what_is_there() {
    let broker = Broker::new()
        .environment("test")
        .environment("prod")
        .publish("Foo", "1", "Bar", "1")
        .deploy("Foo", "1", "test")
        .deploy("Foo", "1", "prod")
        .publish("Waffle", "4", "Bar", "4")
        .deploy("Waffle", "4", "test")
        .publish("Waffle", "5", "Bar", "5")
        .release("Waffle", "5", "prod")
        .publish("Waffle", "6", "Bar", "6");
    let foo = "Foo 1: deployed to test (1), deployed to prod (1)";
    broker.check_chosen("deployed", &[foo, "Waffle 4: deployed to test (4)"]);
    broker.check_chosen("released", &["Waffle 5: released in prod (5)"]);
    broker.check_chosen("deployed env:test", &["Foo 1: deployed to test (1)", "Waffle 4: deployed to test (4)"]);
    broker.check_chosen("env:prod", &["Foo 1: deployed to prod (1)", "Waffle 5: released in prod (5)"]);
    broker.check_chosen("deployed env:test of:Foo", &["Foo 1: deployed to test (1)"]);
    let broker = broker.publish("Foo", "2", "Bar", "2").deploy("Foo", "2", "test");
    broker.check_chosen("deployed env:test of:Foo", &["Foo 2: deployed to test (2)"]);
}

#[test]
fn a_version_on_two_instances_is_named_once() {
    let broker = Broker::new().environment("test").publish("Foo", "1", "Bar", "1");
    let broker = broker.deploy_to("Foo", "1", "test", "a").deploy_to("Foo", "1", "test", "b");
    broker.check_chosen("deployed", &["Foo 1: deployed to test (1)"]);
}

#[test]
fn only_the_last_revision_is_verified() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "old").revise("Foo", "1", "Bar", "new");
    let chosen = broker.chosen("Bar", &asked("latest"));
    assert_eq!(chosen.len(), 1);
    assert_eq!(broker.state.content(chosen[0].content).unwrap().sha, super::sha("new"));
}
