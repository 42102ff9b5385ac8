//! What is removed is gone, and nothing points to it. That the ways to the rows are sound is asserted after each event.

use super::Broker;
use crate::{
    Command, Event, Webhook,
    webhooks::{WebhookRequest, Whose},
};

/// Foo has three versions with pacts with Bar, one of them revised, and one with Baz; all sorts of things hang on them.
fn busy() -> Broker {
    Broker::new()
        .environment("prod")
        .publish_on("main", "Foo", "1", "Bar", "x")
        .verify("Bar", "1", "Foo", "x", true)
        .branch("Bar", "1", "main")
        .publish_on("main", "Foo", "2", "Bar", "x")
        .tag("Foo", "2", "dev")
        .publish("Foo", "3", "Bar", "y")
        .revise("Foo", "3", "Bar", "z")
        .publish("Foo", "3", "Baz", "w")
        .verify("Bar", "2", "Foo", "x", false)
        .verify("Bar", "1", "Foo", "z", true)
        .deploy("Foo", "2", "prod")
        .release("Bar", "1", "prod")
}

fn remove_version(pacticipant: &str, version: &str) -> Command {
    Command::RemoveVersion { pacticipant: pacticipant.to_owned(), version: version.to_owned() }
}

#[test]
fn a_branch_goes_in_time_that_grows_with_its_versions() {
    let mut broker = Broker::new().publish("Foo", "1", "Bar", "x");
    let context = broker.context();
    let party = |name: &str| broker.state.pacticipant(broker.state.pacticipant_named(name).unwrap()).unwrap().party();
    let (foo, bar) = (party("Foo"), party("Bar"));
    for number in 0..4_000 {
        let version = number.to_string();
        let (pacticipant, branch) = (bar.clone(), "main".to_owned());
        let created = Event::VersionCreated { pacticipant: bar.clone(), version: version.clone(), build_url: None };
        let on = Event::BranchSet { pacticipant, version: version.clone(), branch, automatic: false };
        let verified = Event::VerificationPublished {
            provider: bar.clone(),
            version,
            consumer: foo.clone(),
            content: super::sha("x"),
            success: true,
            wip: false,
            build_url: None,
            results: None,
            verified_by: None,
            failures: Vec::new(),
            selected_for: Vec::new(),
        };
        [created, on, verified].iter().for_each(|event| broker.fold_unchecked(event, &context));
    }
    let begun = std::time::Instant::now();
    broker.fold_unchecked(&Event::BranchRemoved { pacticipant: bar, branch: "main".to_owned() }, &context);
    assert!(begun.elapsed().as_secs() < 5, "what it proved was found out anew for each of its versions");
    broker.state.assert_indexed();
}

#[test]
fn a_content_lives_as_long_as_one_pact_has_it() {
    let broker = busy().do_(remove_version("Foo", "1"));
    broker.check_rows("Foo 2, Bar | cvpv", &["Foo2 Bar2 n2", "Foo2 Bar1 n1"]);
    let broker = broker.do_(remove_version("Foo", "2"));
    assert!(broker.there("Foo", "prod").is_empty());
    assert_eq!(broker.state.counts()[3], 1, "only the verification of z is left");
    // The number of a verification is never given twice.
    let broker = broker.publish("Foo", "4", "Bar", "x").verify("Bar", "1", "Foo", "x", true);
    broker.check_rows("Foo 4, Bar | cvpv", &["Foo4 Bar1 n4"]);
}

#[test]
fn a_version_goes_with_all_its_revisions_and_verifications() {
    let broker = busy().do_(remove_version("Foo", "3"));
    broker.check_rows("Foo, Bar", &["Foo2 Bar2 n2", "Foo2 Bar1 n1", "Foo1 Bar2 n2", "Foo1 Bar1 n1"]);
    let (foo, baz) = (broker.state.pacticipant_named("Foo").unwrap(), broker.state.pacticipant_named("Baz").unwrap());
    assert!(!broker.state.are_integrated(foo, baz));
    let broker = broker.do_(remove_version("Bar", "1"));
    broker.check_rows("Foo, Bar | cvpv", &["Foo2 Bar2 n2", "Foo1 Bar2 n2"]);
    assert!(broker.there("Bar", "prod").is_empty());
    let key = broker.state.pacticipant_named("Bar").unwrap();
    assert!(broker.state.branch(key, "main").is_none());
}

#[test]
fn a_verification_that_is_removed_uncovers_the_one_before() {
    let broker = busy().verify("Bar", "2", "Foo", "x", true);
    broker.check_rows("Foo 1, Bar 2 | cvpv", &["Foo1 Bar2 n4"]);
    let broker = broker.do_(Command::RemoveVerification { number: 4 });
    broker.check_rows("Foo 1, Bar 2 | cvpv", &["Foo1 Bar2 n2"]);
    let broker = broker.do_(Command::RemoveVerification { number: 2 });
    broker.check_rows("Foo 1, Bar 2 | cvpv", &["Foo1 Bar? n?"]);
}

#[test]
fn pacts_are_removed_one_by_one_or_by_tag_or_by_branch() {
    let remove = |tag: Option<&str>, branch: Option<&str>| Command::RemovePacts {
        consumer: "Foo".to_owned(),
        provider: "Bar".to_owned(),
        tag: tag.map(str::to_owned),
        branch: branch.map(str::to_owned),
    };
    let left = |broker: &Broker| -> Vec<String> {
        broker
            .ask("Foo, Bar | cvp")
            .rows
            .iter()
            .map(|row| broker.state.number(row.consumer_version).to_owned())
            .collect()
    };
    assert_eq!(left(&busy()), ["3", "2", "1"]);
    assert_eq!(left(&busy().do_(remove(Some("dev"), None))), ["3", "1"]);
    assert_eq!(left(&busy().do_(remove(None, Some("main")))), ["3"]);
    assert_eq!(left(&busy().do_(remove(None, None))), Vec::<String>::new());
    let one = |version: &str| {
        let (consumer, provider) = ("Foo".to_owned(), "Bar".to_owned());
        Command::RemovePact { consumer, version: version.to_owned(), provider }
    };
    let broker = busy().do_(one("3"));
    assert_eq!(left(&broker), ["2", "1"]);
    assert!(broker.state.version_named("Foo", "3").is_some(), "the version stays");
}

#[test]
fn an_integration_began_with_the_first_pact_that_is_left() {
    let began = |broker: &Broker| broker.state.integrations().next().map(|(_, _, began)| began);
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").days(1).publish("Foo", "2", "Bar", "y");
    let second = crate::Moment::from(broker.now);
    assert_ne!(began(&broker), Some(second));
    assert_eq!(began(&broker.do_(remove_version("Foo", "1"))), Some(second));
}

fn webhook(id: &str, consumer: Option<Whose>, provider: Option<Whose>) -> Webhook {
    Webhook {
        id: id.to_owned(),
        description: None,
        team: None,
        enabled: true,
        consumer,
        provider,
        events: vec!["contract_published".to_owned()],
        request: WebhookRequest {
            method: "POST".to_owned(),
            url: "https://ci".to_owned(),
            headers: Vec::new(),
            secret_headers: Vec::new(),
            body: None,
            json: false,
            username: None,
            password: false,
            secret: None,
        },
    }
}

fn hooked() -> Broker {
    let name = |name: &str| Some(Whose::Name(name.to_owned()));
    let webhooks = [
        webhook("all", None, None),
        webhook("labelled", Some(Whose::Label("Foo".to_owned())), None),
        webhook("of-foo", name("Foo"), None),
        webhook("of-bar", None, name("Bar")),
        webhook("of-both", name("Foo"), name("Bar")),
        webhook("of-foo-and-baz", name("Foo"), name("Baz")),
    ];
    webhooks.into_iter().fold(busy(), |broker, webhook| broker.do_(Command::PutWebhook { webhook }))
}

fn hooks(broker: &Broker) -> Vec<&str> {
    broker.state.webhooks().map(|known| known.webhook.id.as_str()).collect()
}

#[test]
fn everything_between_two_goes_with_the_webhooks_for_just_them() {
    let broker = hooked().do_(Command::RemoveIntegration { consumer: "Foo".to_owned(), provider: "Bar".to_owned() });
    assert_eq!(broker.kinds(), ["webhook_removed", "integration_removed"]);
    assert_eq!(hooks(&broker), ["all", "labelled", "of-bar", "of-foo", "of-foo-and-baz"]);
    assert_eq!(broker.state.counts(), [3, 5, 1, 0], "the pact with Baz is left, and all versions");
}

#[test]
fn a_pacticipant_goes_with_everything_of_it() {
    let broker = hooked().do_(Command::RemovePacticipant { name: "Bar".to_owned() });
    assert!(matches!(broker.last.last(), Some(Event::PacticipantRemoved { .. })));
    assert_eq!(hooks(&broker), ["all", "labelled", "of-foo", "of-foo-and-baz"]);
    assert_eq!(broker.state.counts(), [2, 3, 1, 0]);
    let broker = broker.do_(Command::RemovePacticipant { name: "Foo".to_owned() });
    assert_eq!((hooks(&broker), broker.state.counts()), (vec!["all", "labelled"], [1, 0, 0, 0]));
    assert_eq!(
        broker.state.tables.placements.len() + broker.state.tables.branches.len() + broker.state.tables.fits.len(),
        0
    );
    assert_eq!(broker.state.tables.contents.iter().count(), 0);
    // Who comes again begins anew.
    let broker = broker.publish("Foo", "1", "Bar", "x");
    broker.check_rows("Foo, Bar", &["Foo1 Bar? n?"]);
}

#[test]
fn a_branch_goes_and_its_versions_stay() {
    let remove = |branches: &[&str]| Command::RemoveBranches {
        pacticipant: "Foo".to_owned(),
        branches: branches.iter().map(|branch| (*branch).to_owned()).collect(),
    };
    let broker = busy().branch("Foo", "2", "feat").do_(remove(&["main", "feat"]));
    let foo = broker.state.pacticipant_named("Foo").unwrap();
    assert_eq!((broker.state.branches_of(foo).count(), broker.state.versions_of(foo).count()), (0, 3));
    assert!(
        broker
            .state
            .select(foo, &crate::Selectable { main_branch: true, latest: true, ..Default::default() })
            .is_empty()
    );
}

#[test]
fn a_head_that_leaves_its_branch_is_followed_by_the_newest() {
    let unset = |version: &str| Command::UnsetBranch {
        pacticipant: "Foo".to_owned(),
        version: version.to_owned(),
        branch: "main".to_owned(),
    };
    let head = |broker: &Broker| {
        let foo = broker.state.pacticipant_named("Foo").unwrap();
        broker.state.branch(foo, "main").map(|branch| broker.state.number(branch.head).to_owned())
    };
    let broker = busy();
    assert_eq!(head(&broker).as_deref(), Some("2"));
    let broker = broker.do_(unset("2"));
    assert_eq!(head(&broker).as_deref(), Some("1"));
    assert_eq!(head(&broker.do_(unset("1"))), None);
}

#[test]
fn an_environment_goes_with_what_was_there() {
    let broker = busy();
    let id = broker.environment_id("prod");
    let broker = broker.do_(Command::RemoveEnvironment { id });
    assert_eq!(broker.state.tables.placements.len(), 0);
    assert_eq!(broker.ask("Foo 2 | cvpv env:prod").deployable(), None);
}

#[test]
fn many_versions_with_one_content_are_removed_soon() {
    let mut broker = Broker::new().publish("Foo", "1", "Bar", "x");
    let context = broker.context();
    // Folded without looking at all ways each time.
    let party = |name: &str| broker.state.pacticipant(broker.state.pacticipant_named(name).unwrap()).unwrap().party();
    let (foo, bar) = (party("Foo"), party("Bar"));
    let stamp = kernel::Stamp {
        position: 1,
        event: context.id(),
        command: context.command,
        at: broker.now,
        actor: context.actor.clone(),
        reason: None,
    };
    for number in 0..3_000 {
        let version = format!("v{number}");
        broker.state.fold(
            &Event::VersionCreated { pacticipant: bar.clone(), version: version.clone(), build_url: None },
            &stamp,
        );
        let event = Event::VerificationPublished {
            provider: bar.clone(),
            version,
            consumer: foo.clone(),
            content: super::sha("x"),
            success: true,
            wip: false,
            build_url: None,
            results: None,
            verified_by: None,
            failures: Vec::new(),
            selected_for: Vec::new(),
        };
        broker.state.fold(&event, &stamp);
    }
    broker.state.assert_indexed();
    let broker = broker.do_(Command::RemovePacticipant { name: "Bar".to_owned() });
    assert_eq!(broker.state.counts(), [1, 1, 0, 0]);
}
