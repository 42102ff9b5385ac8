//! What becomes of a publication.

use jiff::SignedDuration;
use kernel::codes;

use super::{Broker, pact, publication, verification};
use crate::{
    Command, Event, PactChange, Via,
    command::{NewPact, Onto, is_overtaken},
};

/// A publication with everything.
fn full(version: &str, branch: Option<&str>, tags: &[&str], pacts: Vec<NewPact>) -> Command {
    Command::Publish {
        pacticipant: "Foo".to_owned(),
        version: version.to_owned(),
        branch: branch.map(str::to_owned),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        build_url: Some("https://ci/1".to_owned()),
        pacts,
        may_modify: false,
    }
}

#[test]
fn a_publication_makes_everybody_known() {
    let broker = Broker::new().do_(full("1", Some("main"), &["dev"], vec![pact("Bar", "x"), pact("Baz", "y")]));
    let expected = [
        "pacticipant_created",
        "version_created",
        "branch_set",
        "pacticipant_changed",
        "tagged",
        "pacticipant_created",
        "pact_published",
        "pacticipant_created",
        "pact_published",
    ];
    assert_eq!(broker.kinds(), expected);
    let state = &broker.state;
    let foo = state.pacticipant(state.pacticipant_named("Foo").unwrap()).unwrap();
    assert_eq!(foo.details.main_branch.as_deref(), Some("main"));
    assert_eq!(foo.component.to_string(), "component:default/foo");
    let version = state.version(state.version_named("Foo", "1").unwrap()).unwrap();
    assert_eq!(version.build_url.as_deref(), Some("https://ci/1"));
    assert!(version.is_on("main") && version.has_tag("dev") && version.pacts.len() == 2);
    assert!(!version.branches[0].automatic);
}

#[test]
fn publishing_the_same_again_changes_nothing() {
    let command = full("1", Some("main"), &["dev"], vec![pact("Bar", "x")]);
    let broker = Broker::new().do_(command.clone());
    let before = format!("{:?}", broker.state);
    let broker = broker.do_(command);
    assert_eq!(broker.kinds(), ["pact_repeated"], "whoever wants to know of publications is told");
    assert_eq!(format!("{:?}", broker.state), before);
}

#[test]
fn the_first_branch_with_a_usual_name_becomes_the_main_branch() {
    let main = |broker: &Broker| {
        let key = broker.state.pacticipant_named("Foo").unwrap();
        broker.state.pacticipant(key).unwrap().details.main_branch.clone()
    };
    let broker = Broker::new().branch("Foo", "1", "feat");
    assert_eq!(main(&broker), None);
    let broker = broker.branch("Foo", "2", "develop").branch("Foo", "3", "main");
    assert_eq!(main(&broker).as_deref(), Some("develop"));
    assert_eq!(main(&Broker::new().tag("Foo", "1", "master")).as_deref(), Some("master"));
    assert_eq!(main(&Broker::new().pacticipant("Foo", "x").branch("Foo", "1", "main")).as_deref(), Some("x"));
}

#[test]
fn the_first_tag_of_a_young_version_becomes_its_branch() {
    let branches = |broker: &Broker| -> Vec<(String, bool)> {
        let version = broker.state.version(broker.state.version_named("Foo", "1").unwrap()).unwrap();
        version.branches.iter().map(|on| (on.branch.to_string(), on.automatic)).collect()
    };
    let tagged_after = |seconds: i64| {
        let mut broker = Broker::new().version("Foo", "1").after(SignedDuration::from_secs(seconds - 60));
        let tags = vec!["feat".to_owned(), "other".to_owned()];
        let (pacticipant, version) = ("Foo".to_owned(), "1".to_owned());
        broker.try_(Command::PutVersion { pacticipant, version, build_url: None, branch: None, tags }).unwrap();
        branches(&broker)
    };
    assert_eq!(tagged_after(10), [("feat".to_owned(), true)]);
    assert_eq!(tagged_after(11), []);
    let broker = Broker::new().put("Foo", "1", Some("main"), &["feat"]);
    assert_eq!(branches(&broker), [("main".to_owned(), false)]);
}

#[test]
fn a_tag_with_the_name_of_an_environment_says_that_it_is_deployed_there() {
    let broker = Broker::new().environment("prod").do_(full("1", None, &["prod"], vec![pact("Bar", "x")]));
    assert_eq!(broker.there("Foo", "prod"), ["1"]);
    let Some(Event::VersionDeployed { via: Via::Tag, without_contract: false, .. }) = broker.last.last() else {
        panic!("{:?}", broker.last)
    };
    let broker = broker.put("Foo", "2", None, &["prod"]);
    assert_eq!(broker.there("Foo", "prod"), ["2"]);
    let broker = broker.tag("Foo", "1", "prod");
    assert_eq!((broker.kinds(), broker.there("Foo", "prod")), (vec!["version_deployed"], vec!["1".to_owned()]));
}

#[test]
fn another_content_for_the_same_version_is_refused() {
    let mut broker = Broker::new().publish("Foo", "1", "Bar", "x");
    let refusal = broker.try_(publication("Foo", "1", "Bar", "y")).unwrap_err();
    assert_eq!(refusal.code.name, codes::CONFLICT.name);
    let begin =
        "Cannot change the content of the pact for Foo version 1 and provider Bar, as race conditions will cause";
    assert!(refusal.detail.starts_with(begin), "{}", refusal.detail);
    // Nothing of a publication is kept if a part is refused.
    let refused = broker.try_(full("1", None, &["dev"], vec![pact("Baz", "z"), pact("Bar", "y")]));
    assert!(refused.is_err() && broker.state.pacticipant_named("Baz").is_none());
}

#[test]
fn a_merged_pact_takes_the_place_of_what_it_was_merged_with_and_of_nothing_else() {
    let onto = |provider: &str, content: &str, onto: Onto| NewPact { onto, ..pact(provider, content) };
    let this = |content: &str| Onto::This(super::sha(content));
    let mut broker = Broker::new().publish("Foo", "1", "Bar", "x").publish("Foo", "1", "Baz", "z");
    for overtaken in [onto("Bar", "xy", Onto::Nothing), onto("Bar", "xy", this("w")), onto("New", "xy", this("x"))] {
        let refusal = broker.try_(full("1", None, &[], vec![overtaken])).unwrap_err();
        assert!(is_overtaken(&refusal), "{refusal}");
    }
    let mixed = full("1", None, &[], vec![onto("Bar", "xy", this("x")), pact("Baz", "other")]);
    let refusal = broker.try_(mixed).unwrap_err();
    assert!(refusal.detail.contains("Baz, as race conditions"), "one merged pact lets no other one change: {refusal}");
    let broker = broker.do_(full("1", None, &[], vec![onto("Bar", "xy", this("x")), onto("New", "n", Onto::Nothing)]));
    let content_of = |broker: &Broker, provider: &str| {
        let version = broker.state.version(broker.state.version_named("Foo", "1").unwrap()).unwrap();
        let pact = version.pact_with(broker.state.pacticipant_named(provider).unwrap()).unwrap();
        broker.state.content(broker.state.publication(pact).unwrap().content).unwrap().sha
    };
    assert_eq!((content_of(&broker, "Bar"), content_of(&broker, "New")), (super::sha("xy"), super::sha("n")));
    let again = full("1", None, &[], vec![onto("Bar", "xy", this("x"))]);
    assert_eq!(broker.do_(again).kinds(), ["pact_repeated"], "all is as wished");
}

#[test]
fn an_operator_may_allow_another_content_which_is_a_revision_then() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").revise("Foo", "1", "Bar", "y");
    let Some(Event::PactPublished { change: PactChange::Revised, .. }) = broker.last.first() else { panic!() };
    let version = broker.state.version(broker.state.version_named("Foo", "1").unwrap()).unwrap();
    let bar = broker.state.pacticipant_named("Bar").unwrap();
    let pact = broker.state.publication(version.pact_with(bar).unwrap()).unwrap();
    assert_eq!((pact.revision, broker.state.content(pact.content).unwrap().sha), (2, super::sha("y")));
    assert_eq!(broker.state.counts(), [2, 1, 2, 0]);
}

#[test]
fn one_publication_may_not_contradict_itself() {
    let mut broker = Broker::new();
    assert!(broker.try_(full("1", None, &[], vec![pact("Bar", "x"), pact("Bar", "y")])).is_err());
    assert_eq!(broker.try_(full("1", None, &[], vec![pact("Bar", "x"), pact("Bar", "x")])).unwrap().len(), 4);
}

#[test]
fn a_document_that_differs_in_what_does_not_matter_is_kept_as_it_was_published() {
    let mut other = pact("Bar", "x");
    other.blob = kernel::Sha256::of(b"the same, by another library");
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").do_(full("2", None, &[], vec![other.clone()]));
    let state = &broker.state;
    let (foo, bar) = (state.pacticipant_named("Foo").unwrap(), state.pacticipant_named("Bar").unwrap());
    let blobs: Vec<_> = state
        .publications_between(foo, bar)
        .map(|key| state.blob_of(state.publication(key).unwrap()).unwrap())
        .collect();
    assert_eq!(blobs, [pact("Bar", "x").blob, other.blob]);
    let Some(Event::PactPublished { outline: None, .. }) = broker.last.last() else { panic!("known already") };
}

/// The field that a command is refused for.
#[track_caller]
fn check_refused(broker: &mut Broker, command: Command, field: &str) {
    let refusal = broker.try_(command).unwrap_err();
    assert_eq!((refusal.code.name, refusal.field.as_deref()), (codes::INVALID.name, Some(field)), "{refusal:?}");
}

#[test]
fn what_is_not_allowed_is_refused_with_its_field() {
    let mut broker = Broker::new();
    let long = "x".repeat(256);
    let mut check = |command: Command, field: &str| check_refused(&mut broker, command, field);
    for name in ["", " ", "a\nb", "a\u{7}b", &long] {
        check(publication(name, "1", "Bar", "x"), "pacticipantName");
        check(publication("Foo", name, "Bar", "x"), "pacticipantVersionNumber");
        check(publication("Foo", "1", name, "x"), "providerName");
        check(full("1", Some(name), &[], Vec::new()), "branch");
        check(full("1", None, &[name], Vec::new()), "tags");
    }
    check(full("1", None, &[], vec![pact("Bar", "x"); 1_001]), "contracts");
    let many: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check(full("1", None, &many, Vec::new()), "tags");
    let mut command = full("1", None, &[], Vec::new());
    if let Command::Publish { build_url, .. } = &mut command {
        *build_url = Some("javascript:alert(1)".to_owned());
    }
    check(command, "buildUrl");
    assert_eq!(broker.state.counts(), [0; 4]);
}

#[test]
fn a_version_has_so_many_tags_and_no_more() {
    let many: Vec<String> = (0..999).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut broker = Broker::new().put("Foo", "1", None, &many).tag("Foo", "1", "last");
    check_refused(&mut broker, full("1", None, &["one more"], Vec::new()), "tags");
    assert!(broker.try_(full("1", None, &["last"], Vec::new())).is_ok());
}

#[test]
fn a_verification_needs_the_pact() {
    let mut broker = Broker::new().publish("Foo", "1", "Bar", "x");
    for (provider, consumer, content) in [("Bar", "Foo", "y"), ("Bar", "Nobody", "x"), ("Foo", "Bar", "x")] {
        let refusal = broker.try_(verification(provider, "1", consumer, content, true)).unwrap_err();
        assert_eq!(refusal.code.name, codes::NOT_FOUND.name);
    }
    let broker = broker.verify("Bar", "1", "Foo", "x", true);
    assert_eq!(broker.kinds(), ["version_created", "verification_published"]);
}

#[test]
fn failures_of_a_verification_are_cut() {
    let failure =
        crate::Failure { interaction: "ä".repeat(400), state: Some("s".repeat(400)), message: Some("m".repeat(400)) };
    let mut command = verification("Bar", "1", "Foo", "x", false);
    if let Command::Verify { failures, .. } = &mut command {
        *failures = vec![failure; 9];
    }
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").do_(command);
    let Some(Event::VerificationPublished { failures, .. }) = broker.last.last() else { panic!() };
    let lengths = |failure: &crate::Failure| {
        [
            Some(failure.interaction.len()),
            failure.state.as_ref().map(String::len),
            failure.message.as_ref().map(String::len),
        ]
    };
    assert_eq!((failures.len(), lengths(&failures[0])), (5, [Some(300); 3]));
}
