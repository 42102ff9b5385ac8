//! Pacticipants, their labels, versions and branches.

use kernel::{EntityRef, codes};

use super::Broker;
use crate::{
    Command, Event,
    command::{component_named, similar_names, similar_to_each},
    event::Details,
};

fn label(name: &str, label: &str, given: bool) -> Command {
    Command::Label { name: name.to_owned(), label: label.to_owned(), given }
}

fn not_found(broker: &mut Broker, command: Command) -> bool {
    broker.try_(command).unwrap_err().code.name == codes::NOT_FOUND.name
}

#[test]
fn labels_are_given_and_taken() {
    let mut broker = Broker::new().version("Foo", "1").do_(label("Foo", "shop", true));
    assert_eq!(broker.try_(label("Foo", "shop", true)).unwrap(), Vec::<Event>::new());
    assert!(not_found(&mut broker, label("Foo", "other", false)) && not_found(&mut broker, label("Nobody", "x", true)));
    assert_eq!(broker.try_(label("Foo", "", true)).unwrap_err().field.as_deref(), Some("label"));
    let mut broker = broker.do_(label("Foo", "shop", false));
    for number in 0..100 {
        broker = broker.do_(label("Foo", &number.to_string(), true));
    }
    assert_eq!(broker.try_(label("Foo", "one more", true)).unwrap_err().field.as_deref(), Some("label"));
}

#[test]
fn details_are_put_as_a_whole() {
    let details = Details { display_name: Some("The Foo".to_owned()), ..Details::default() };
    let put = |details: &Details| Command::PutPacticipant { name: "Foo".to_owned(), details: details.clone() };
    let broker = Broker::new().do_(put(&details));
    assert_eq!(broker.kinds(), ["pacticipant_created"]);
    let broker = broker.do_(put(&Details::default()));
    assert_eq!(broker.kinds(), ["pacticipant_changed"]);
    let mut broker = broker.do_(put(&Details::default()));
    assert_eq!(broker.kinds(), Vec::<&str>::new());
    let long = Some("x".repeat(2_049));
    let refused = [
        ("displayName", Details { display_name: long.clone(), ..Details::default() }),
        ("mainBranch", Details { main_branch: Some("a\nb".to_owned()), ..Details::default() }),
        ("repositoryUrl", Details { repository_url: long.clone(), ..Details::default() }),
        ("repositoryName", Details { repository_name: long.clone(), ..Details::default() }),
        ("repositoryNamespace", Details { repository_namespace: long, ..Details::default() }),
    ];
    for (field, details) in refused {
        assert_eq!(broker.try_(put(&details)).unwrap_err().field.as_deref(), Some(field));
    }
}

#[test]
fn a_pacticipant_is_taken_for_a_component() {
    let component = EntityRef::new("component", "shop", "checkout").unwrap();
    let take = |component: Option<&EntityRef>| Command::Match { name: "Foo".to_owned(), component: component.cloned() };
    let broker = Broker::new().version("Foo", "1").do_(take(Some(&component)));
    let of: Vec<_> = broker.state.pacticipants_of(&component).collect();
    assert_eq!(of, [broker.state.pacticipant_named("Foo").unwrap()]);
    let broker = broker.do_(take(Some(&component)));
    assert_eq!(broker.kinds(), Vec::<&str>::new());
    let broker = broker.do_(take(None));
    assert_eq!(broker.state.pacticipants_of(&component).count(), 0);
}

#[test]
fn a_component_is_named_as_the_pacticipant_is() {
    let check = |name: &str, expected: &str| assert_eq!(component_named(name).name(), expected, "{name}");
    check("Foo", "foo");
    check("Order Service", "order-service");
    check("a/b.c_d-e", "a-b.c_d-e");
    check("日本", "unnamed");
    check("", "unnamed");
}

#[test]
fn the_build_of_a_version_can_be_changed_and_left() {
    let put = |url: Option<Option<&str>>| Command::PutVersion {
        pacticipant: "Foo".to_owned(),
        version: "1".to_owned(),
        build_url: url.map(|url| url.map(str::to_owned)),
        branch: None,
        tags: Vec::new(),
    };
    let url = |broker: &Broker| {
        broker
            .state
            .version(broker.state.version_named("Foo", "1").unwrap())
            .unwrap()
            .build_url
            .as_deref()
            .map(str::to_owned)
    };
    let broker = Broker::new().do_(put(Some(Some("https://ci/1")))).do_(put(None));
    assert_eq!(url(&broker).as_deref(), Some("https://ci/1"));
    let broker = broker.do_(put(Some(Some("https://ci/2"))));
    assert_eq!((url(&broker).as_deref(), broker.kinds()), (Some("https://ci/2"), vec!["version_changed"]));
    assert_eq!(url(&broker.do_(put(Some(None)))), None);
}

#[test]
fn names_that_consist_of_the_same_words_are_similar() {
    let broker = Broker::new().version("Order Service", "1").version("Zoo", "1");
    let check = |name: &str, expected: &[&str]| assert_eq!(similar_names(&broker.state, name), expected, "{name}");
    check("OrderService", &["Order Service"]);
    check("order-service", &["Order Service"]);
    check("order", &["Order Service"]);
    check("service.order", &["Order Service"]);
    check("Order Service", &[]);
    check("Orders", &[]);
    check("Service", &[]);
    check("", &[]);
    let each = similar_to_each(&broker.state, ["zoo", "other", "OrderService", "order", "Zoo"]);
    let order = vec!["Order Service".to_owned()];
    assert_eq!(each, [("zoo", vec!["Zoo".to_owned()]), ("OrderService", order.clone()), ("order", order)]);
}

#[test]
fn what_is_not_there_can_not_be_taken_away() {
    let (pacticipant, version) = ("Foo".to_owned(), "1".to_owned());
    let mut broker = Broker::new().version("Foo", "1");
    let other = "other".to_owned();
    for command in [
        Command::Untag { pacticipant: pacticipant.clone(), version: version.clone(), tag: other.clone() },
        Command::UnsetBranch { pacticipant: pacticipant.clone(), version: version.clone(), branch: other.clone() },
        Command::RemoveBranches { pacticipant: pacticipant.clone(), branches: vec![other.clone()] },
        Command::RemoveVersion { pacticipant: pacticipant.clone(), version: other.clone() },
        Command::RemovePacticipant { name: other.clone() },
        Command::RemovePact { consumer: pacticipant.clone(), version, provider: pacticipant.clone() },
        Command::RemovePacts { consumer: pacticipant.clone(), provider: pacticipant.clone(), tag: None, branch: None },
        Command::RemoveIntegration { consumer: pacticipant, provider: other.clone() },
        Command::RemoveVerification { number: 0 },
        Command::RemoveVerification { number: 1 },
        Command::RemoveWebhook { id: other },
        Command::Refire { delivery: broker.context().id() },
    ] {
        assert!(not_found(&mut broker, command));
    }
}
