//! Webhooks: whom an event concerns, and what they are told.

use kernel::codes;

use super::{Broker, publication, verification};
use crate::{
    Command, Delivery, Event, Webhook,
    webhooks::{WebhookRequest, Whose, triggered},
};

fn hook(id: &str, events: &[&str], body: &str) -> Webhook {
    Webhook {
        id: id.to_owned(),
        description: None,
        team: None,
        enabled: true,
        consumer: None,
        provider: None,
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        request: WebhookRequest {
            method: "POST".to_owned(),
            url: "https://ci.test/build".to_owned(),
            headers: Vec::new(),
            secret_headers: Vec::new(),
            body: Some(body.to_owned()),
            json: false,
            username: None,
            password: false,
            secret: None,
        },
    }
}

impl Broker {
    fn hook(self, webhook: Webhook) -> Self {
        self.do_(Command::PutWebhook { webhook })
    }

    /// The calls that a command leads to, each after its event, as the engine does.
    fn calls(&mut self, command: Command) -> Vec<Delivery> {
        self.now += jiff::SignedDuration::from_mins(1);
        let context = self.context();
        let events = crate::decide(&self.state, command, &context).unwrap();
        let mut calls = Vec::new();
        for event in &events {
            self.fold(event, &context);
            calls.extend(triggered(&self.state, event, &context));
        }
        calls
    }

    /// Which events a command calls a webhook for that wants all.
    fn events(&mut self, command: Command) -> Vec<String> {
        self.calls(command).into_iter().map(|call| call.event).collect()
    }

    /// The bodies of the calls.
    fn bodies(&mut self, command: Command) -> Vec<String> {
        self.calls(command).into_iter().map(|call| call.body.unwrap()).collect()
    }
}

const PUBLISHED: &str = "contract_published";
const CHANGED: &str = "contract_content_changed";
const REQUIRED: &str = "contract_requiring_verification_published";
const VERIFIED: &str = "provider_verification_published";

#[test]
fn each_event_calls_whom_it_concerns() {
    let all = hook("all", &crate::webhooks::EVENTS, "");
    let mut broker = Broker::new().environment("prod").branch("Bar", "1", "main").hook(all);
    assert_eq!(broker.events(publication("Foo", "1", "Bar", "x")), [PUBLISHED, CHANGED, REQUIRED]);
    assert_eq!(broker.events(publication("Foo", "1", "Bar", "x")), [PUBLISHED], "it is the same again");
    let failed = verification("Bar", "1", "Foo", "x", false);
    assert_eq!(broker.events(failed), [VERIFIED, "provider_verification_failed"]);
    assert_eq!(broker.events(publication("Foo", "2", "Bar", "x")), [PUBLISHED]);
    let well = verification("Bar", "1", "Foo", "x", true);
    assert_eq!(broker.events(well), [VERIFIED, "provider_verification_succeeded"]);
    assert_eq!(broker.events(broker.deployment("Foo", "1", "prod", None)), ["version_deployed"]);
    let placement = broker.placement("Foo", "1");
    assert_eq!(broker.events(Command::Displace { placement }), ["version_undeployed"]);
    let tag = |tag: &str| Command::PutVersion {
        pacticipant: "Foo".to_owned(),
        version: "1".to_owned(),
        build_url: None,
        branch: None,
        tags: vec![tag.to_owned()],
    };
    assert_eq!(broker.events(tag("dev")), ["version_tagged"]);
    assert_eq!(broker.events(tag("prod")), ["version_tagged", "version_deployed"]);
    let environment = broker.environment_id("prod");
    let release =
        Command::Release { pacticipant: "Foo".to_owned(), version: "2".to_owned(), environment, emergency: false };
    assert_eq!(broker.events(release), ["version_released"]);
    assert_eq!(
        broker.events(Command::Label { name: "Foo".to_owned(), label: "x".to_owned(), given: true }),
        Vec::<String>::new()
    );
}

#[test]
fn a_webhook_is_for_a_name_or_a_label_or_everybody_and_may_be_off() {
    let name = |name: &str| Some(Whose::Name(name.to_owned()));
    let label = Some(Whose::Label("shop".to_owned()));
    let with = |id: &str, consumer: Option<Whose>, provider: Option<Whose>| Webhook {
        consumer,
        provider,
        ..hook(id, &[PUBLISHED], "")
    };
    let broker = Broker::new()
        .version("Foo", "0")
        .version("Bar", "0")
        .version("Other", "0")
        .do_(Command::Label { name: "Foo".to_owned(), label: "shop".to_owned(), given: true })
        .hook(with("all", None, None))
        .hook(with("both", name("Foo"), name("Bar")))
        .hook(with("consumer", name("Foo"), None))
        .hook(with("label", label.clone(), None))
        .hook(with("label-provider", None, label))
        .hook(with("other", name("Other"), None))
        .hook(with("provider", None, name("Bar")))
        .hook(Webhook { enabled: false, ..with("off", None, None) })
        .hook(hook("verified", &[VERIFIED], ""));
    let mut broker = broker;
    let called = |calls: Vec<Delivery>| -> Vec<String> { calls.into_iter().map(|call| call.webhook).collect() };
    let calls = called(broker.calls(publication("Foo", "1", "Bar", "x")));
    assert_eq!(calls, ["all", "both", "consumer", "label", "provider"]);
    assert_eq!(called(broker.calls(publication("Bar", "1", "Foo", "y"))), ["all", "label-provider"]);
}

#[test]
fn a_template_is_filled_with_what_is_known() {
    let body = "${pactbroker.consumerName} ${pactbroker.consumerVersionNumber} ${pactbroker.consumerVersionTags} \
                ${pactbroker.consumerVersionBranch} ${pactbroker.consumerLabels}|${pactbroker.providerName} \
                ${pactbroker.providerVersionNumber} ${pactbroker.providerVersionTags} ${pactbroker.providerVersionBranch} \
                ${pactbroker.providerLabels}|${pactbroker.eventName} ${pactbroker.githubVerificationStatus} \
                ${pactbroker.gitlabVerificationStatus} ${pactbroker.bitbucketVerificationStatus} \
                ${pactbroker.azureDevOpsVerificationStatus}|${pactbroker.buildUrl} ${pactbroker.unknown} ${other}";
    let broker = Broker::new()
        .put("Foo", "1", Some("feat"), &["a", "b"])
        .do_(Command::Label { name: "Foo".to_owned(), label: "shop".to_owned(), given: true })
        .publish("Foo", "1", "Bar", "x")
        .put("Bar", "7", Some("main"), &["dev"])
        .hook(hook("all", &[VERIFIED], body));
    let mut command = verification("Bar", "7", "Foo", "x", false);
    if let Command::Verify { build_url, .. } = &mut command {
        *build_url = Some("https://ci/9".to_owned());
    }
    let mut broker = broker;
    let expected = "Foo 1 a, b feat shop|Bar 7 dev main |provider_verification_published failure failed FAILED failed|\
                    https://ci/9 ${pactbroker.unknown} ${other}";
    assert_eq!(broker.bodies(command), [expected]);
}

#[test]
fn addresses_are_filled_when_the_call_is_made() {
    let body = "${pactbroker.pactUrl} ${pactbroker.verificationResultUrl}";
    let mut webhook = hook("all", &[VERIFIED], body);
    webhook.request.url = "https://ci.test/?pact=${pactbroker.pactUrl}&who=${pactbroker.consumerName}".to_owned();
    webhook.request.headers = vec![("X-Pact".to_owned(), "${pactbroker.pactUrl}".to_owned())];
    let mut broker = Broker::new().publish("A/B c", "1", "Bar", "x").hook(webhook);
    let call = broker.calls(verification("Bar", "7", "A/B c", "x", true)).remove(0);
    let path = format!("/pacts/provider/Bar/consumer/A%2FB%20c/pact-version/{}", super::sha("x"));
    let pact = format!("${{pactbroker.baseUrl}}{path}");
    assert_eq!(call.body.unwrap(), format!("{pact} {pact}/verification-results/1"));
    assert_eq!(call.headers, [("X-Pact".to_owned(), pact)]);
    let encoded = path.replace('%', "%25").replace('/', "%2F");
    assert_eq!(call.url, format!("https://ci.test/?pact=${{pactbroker.baseUrl}}{encoded}&who=A%2FB%20c"));
}

#[test]
fn a_name_can_not_break_out_of_a_json_body() {
    let mut webhook = hook("all", &[PUBLISHED], r#"{"who": "${pactbroker.consumerName}"}"#);
    webhook.request.json = true;
    let mut broker = Broker::new().hook(webhook);
    let body = broker.bodies(publication(r#"a", "admin": "b\"#, "1", "Bar", "x")).remove(0);
    let parsed: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(parsed, serde_json::json!({"who": r#"a", "admin": "b\"#}));
}

#[test]
fn whoever_must_verify_a_pact_is_called_once_each() {
    let body = "${pactbroker.providerVersionNumber} ${pactbroker.providerVersionBranch} \
                ${pactbroker.providerVersionDescriptions} ${pactbroker.githubVerificationStatus}";
    let mut broker = Broker::new()
        .environment("test")
        .environment("prod")
        .branch("Bar", "1", "feat")
        .deploy("Bar", "1", "test")
        .deploy_to("Bar", "1", "prod", "a")
        .deploy_to("Bar", "1", "prod", "b")
        .branch("Bar", "2", "main")
        .release("Bar", "2", "prod")
        .hook(hook("all", &[REQUIRED], body));
    let expected = [
        "1 feat deployed in test, deployed in prod pending",
        "2 main latest from main branch, released in prod pending",
    ];
    assert_eq!(broker.bodies(publication("Foo", "1", "Bar", "x")), expected);
    let mut broker = broker.verify("Bar", "2", "Foo", "x", true);
    assert_eq!(broker.bodies(publication("Foo", "2", "Bar", "x")).len(), 1);
    let mut broker = broker.verify("Bar", "1", "Foo", "x", true);
    assert_eq!(broker.bodies(publication("Foo", "3", "Bar", "x")).len(), 0);
}

#[test]
fn each_version_of_the_consumer_for_which_it_was_verified_is_told() {
    let selected = |versions: &[&str]| {
        let mut command = verification("Bar", "7", "Foo", "x", true);
        if let Command::Verify { selected_for, .. } = &mut command {
            *selected_for = versions.iter().map(|version| (*version).to_owned()).collect();
        }
        command
    };
    let mut broker = Broker::new().publish("Foo", "1", "Bar", "x").publish("Foo", "2", "Bar", "x").hook(hook(
        "all",
        &[VERIFIED],
        "${pactbroker.consumerVersionNumber}",
    ));
    assert_eq!(broker.bodies(selected(&["1", "2"])), ["1", "2"]);
    assert_eq!(broker.bodies(selected(&[])), ["2"]);
    assert_eq!(broker.bodies(selected(&["1", "gone"])), ["1"]);
    assert_eq!(broker.bodies(selected(&["gone"])), ["2"], "somebody is told all the same");
}

#[test]
fn a_webhook_that_names_the_deployed_version_is_called_for_each() {
    let body = "${pactbroker.currentlyDeployedProviderVersionNumber} of ${pactbroker.providerVersionNumber}";
    let mut broker =
        Broker::new().environment("test").environment("prod").hook(hook("all", &[PUBLISHED, REQUIRED], body));
    assert_eq!(broker.bodies(publication("Foo", "1", "Bar", "x")), Vec::<String>::new(), "nothing is deployed");
    let mut broker = broker
        .version("Bar", "1")
        .version("Bar", "2")
        .branch("Bar", "3", "main")
        .deploy("Bar", "1", "test")
        .deploy("Bar", "1", "prod")
        .deploy_to("Bar", "2", "prod", "blue")
        .verify("Bar", "1", "Foo", "x", true)
        .verify("Bar", "2", "Foo", "x", true);
    let expected = ["1 of 2", "2 of 2", "1 of 3", "2 of 3"];
    assert_eq!(broker.bodies(publication("Foo", "2", "Bar", "x")), expected);
}

#[test]
fn a_call_is_bounded_whatever_it_is_filled_with() {
    let tag = "${pactbroker.consumerVersionTags}";
    let mut webhook = hook("all", &[PUBLISHED], &tag.repeat(3_000));
    webhook.request.url = format!("https://ci.test/?{}", tag.repeat(50));
    webhook.request.headers = (0..50).map(|number| (format!("x-{number}"), tag.repeat(10))).collect();
    webhook.request.username = Some(tag.repeat(7));
    let tags: Vec<String> = (0..900).map(|number| format!("{number}{}", "\"".repeat(240))).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let mut broker = Broker::new().put("Foo", "1", None, &tags).hook(webhook);
    let delivery = broker.calls(publication("Foo", "1", "Bar", "x")).remove(0);
    let bytes = serde_json::to_string(&Event::WebhookTriggered { delivery, about: Vec::new() }).unwrap().len();
    assert!(bytes < 1_000_000, "{bytes} bytes are more than an event may have");
}

#[test]
fn a_call_is_remembered_and_can_be_made_again() {
    let mut broker = Broker::new().hook(hook("all", &[PUBLISHED], "x"));
    let call = broker.calls(publication("Foo", "1", "Bar", "x")).remove(0);
    let broker = broker.do_(Command::Trigger { delivery: call.clone() });
    let Some(Event::WebhookTriggered { about, .. }) = broker.last.first() else { panic!() };
    assert_eq!(about.iter().map(kernel::EntityRef::name).collect::<Vec<_>>(), ["bar", "foo"]);
    let broker = broker.do_(Command::Refire { delivery: call.effect });
    let Some(Event::WebhookRefired { delivery, again, .. }) = broker.last.first() else { panic!() };
    assert_eq!((*delivery, &Delivery { effect: call.effect, ..again.clone() }), (call.effect, &call));
    assert_ne!(again.effect, call.effect);
    let mut state = broker.state.clone();
    let retry = crate::Outcome::Retrying { error: "503".to_owned(), next: broker.now };
    state.note_delivery(call.effect, retry, broker.now);
    state.note_delivery(call.effect, crate::Outcome::Done { answer: "200".to_owned() }, broker.now);
    let known = state.delivery(call.effect).unwrap();
    assert_eq!(known.tries.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>(), ["503", "200"]);
    assert_eq!(known.outcome, crate::Outcome::Done { answer: "200".to_owned() });
}

#[test]
fn a_webhook_is_refused_with_the_field_that_is_wrong() {
    let mut broker = Broker::new();
    let long = |bytes: usize| "x".repeat(bytes);
    let mut check = |field: &str, change: &dyn Fn(&mut Webhook)| {
        let mut webhook = hook("all", &[PUBLISHED], "x");
        change(&mut webhook);
        let refusal = broker.try_(Command::PutWebhook { webhook }).unwrap_err();
        assert_eq!((refusal.code.name, refusal.field.as_deref()), (codes::INVALID.name, Some(field)));
    };
    check("events", &|webhook| webhook.events.clear());
    check("events", &|webhook| webhook.events.push("x".to_owned()));
    check("description", &|webhook| webhook.description = Some(long(1_001)));
    check("request.url", &|webhook| webhook.request.url = long(2_049));
    check("request.body", &|webhook| webhook.request.body = Some(long(100_001)));
    check("request.headers", &|webhook| webhook.request.headers = vec![("a".to_owned(), "b".to_owned()); 51]);
    let header = |name: usize, value: usize| vec![(long(name), long(value))];
    check("request.headers", &|webhook| webhook.request.headers = header(256, 1));
    check("request.headers", &|webhook| webhook.request.headers = header(1, 32_768));
    check("request.headers", &|webhook| webhook.request.secret_headers = vec![long(256)]);
    check("request.username", &|webhook| webhook.request.username = Some(long(256)));
    check("consumer.name", &|webhook| webhook.consumer = Some(Whose::Name("Nobody".to_owned())));
    check("provider.name", &|webhook| webhook.provider = Some(Whose::Name("Nobody".to_owned())));
    let webhook = hook("all", &[PUBLISHED], "x");
    let broker = broker.hook(webhook.clone()).hook(webhook);
    assert_eq!(broker.kinds(), Vec::<&str>::new());
}
