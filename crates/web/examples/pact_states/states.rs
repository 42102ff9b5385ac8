//! What holds in each state, in as few words as the protocol allows.

use contracts::{Environment, Event, Gate, Party, Via, event::Details};
use kernel::EntityRef;
use serde_json::{Value, json};

use crate::{Broker, Failure};

/// The one version of Foo that most states about deployments speak of.
const BUILD: &str = "5556b8149bf8bac76bc30f50a8a2dd4c22c85f30";
const DEPLOYED: &str = "ff3adecf-cfc5-4653-a4e3-f1861092f8e0";
const TEST: &str = "cb632df3-0a0d-4227-aac3-60114dd36479";
const OTHER_TEST: &str = "16926ef3-590f-4e3f-838e-719717aa88c9";
const WEBHOOK: &str = "696c5f93-1b7f-44bc-8d03-59440fcaa9a0";
const PRICING: &str = "Pricing Service";

/// How a state comes about.
#[derive(Default)]
pub(crate) struct Seed {
    /// What is on the timeline before the engine starts: where an id is given, as no client could choose it.
    pub(crate) facts: Vec<Event>,
    /// What clients do then.
    pub(crate) steps: Vec<Step>,
}

/// What a client does.
pub(crate) enum Step {
    Pacticipant(&'static str),
    Version(&'static str, &'static str),
    Branch(&'static str, &'static str, &'static str),
    Tag(&'static str, &'static str, &'static str),
    /// A consumer's version publishes a pact with a provider, of so many interactions.
    Pact(&'static str, &'static str, &'static str, u32),
    /// The provider's version verifies the pact that was published last.
    Verified(&'static str, bool),
    Environment(Value),
    Webhook(&'static str),
}

use Step::{Branch, Pact, Pacticipant, Tag, Verified, Version};

impl Seed {
    /// The seed of a state; none if nobody wrote one.
    pub(crate) fn of(state: &str) -> Option<Self> {
        if NOTHING.contains(&state) {
            return Some(Self::default());
        }
        pacts(state)
            .or_else(|| matrix(state))
            .or_else(|| places(state))
            .map_or_else(|| fixed(state), |steps| Some(Self { facts: Vec::new(), steps }))
    }
}

/// States in which nothing is known: they speak of what is absent, of the index, or of what we have not: teams.
const NOTHING: &[&str] = &[
    "",
    "'Condor' does not exist in the pact-broker",
    "no pact between Condor and the Pricing Service exists",
    "no pacticipant version exists for the Pricing Service",
    "the 'Pricing Service' does not exist in the pact-broker",
    "the pacticipant relations are present",
    "the pb:environments relation exists in the index resource",
    "the pb:latest-pact-versions relation exists in the index resource",
    "the pb:latest-tagged-version relation exists in the index resource",
    "the pb:latest-version relation exists in the index resource",
    "the pb:pacticipant relation exists in the index resource",
    "the pb:pacticipant-branch relation exists in the index resource",
    "the pb:pacticipant-version and pb:environments relations exist in the index resource",
    "the pb:pacticipant-version relation exists in the index resource",
    "the pb:pacticipants relation exists in the index resource",
    "the pb:publish-contracts relations exists in the index resource",
    "the pb:publish-provider-contract relation exists in the index resource",
    "a team with UUID 2abbc12a-427d-432a-a521-c870af1739d9 exists",
    "there is a pf:ui href in the response",
    "version 26f353580936ad3b9baddb17b00e84f33c69e7cb of pacticipant Foo does not exist",
    "version 5556b8149bf8bac76bc30f50a8a2dd4c22c85f30 of pacticipant Foo does not exist",
];

/// Condor and the Pricing Service.
fn pacts(state: &str) -> Option<Vec<Step>> {
    let pact = || vec![Version("Condor", "1.3.0"), Pact("Condor", "1.3.0", PRICING, 0)];
    let in_production =
        || vec![Version("Condor", "1.3.0"), Tag("Condor", "1.3.0", "prod"), Pact("Condor", "1.3.0", PRICING, 0)];
    Some(match state {
        "'Condor' exists in the pact-broker" => vec![Version("Condor", "1.3.0")],
        "'Condor' already exist in the pact-broker, but the 'Pricing Service' does not" => vec![Pacticipant("Condor")],
        "'Condor' exists in the pact-broker with the latest tagged 'production' version 1.2.3" => {
            vec![Version("Condor", "1.2.3"), Tag("Condor", "1.2.3", "production"), Version("Condor", "2.0.0")]
        }
        "'Condor' exists in the pact-broker with the latest version 1.2.3" => {
            vec![Version("Condor", "1.0.0"), Version("Condor", "1.2.3")]
        }
        "'Condor' exists in the pact-broker with version 1.3.0, tagged with 'prod'" => {
            vec![Version("Condor", "1.3.0"), Tag("Condor", "1.3.0", "prod")]
        }
        "the 'Pricing Service' already exists in the pact-broker" => {
            vec![Pacticipant(PRICING), Version(PRICING, "1.3.0")]
        }
        "the 'Pricing Service' and 'Condor' already exist in the pact-broker" => {
            vec![Pacticipant("Condor"), Pacticipant(PRICING)]
        }
        "a webhook with the uuid 696c5f93-1b7f-44bc-8d03-59440fcaa9a0 exists" => {
            vec![Pacticipant("Condor"), Pacticipant(PRICING), Step::Webhook(WEBHOOK)]
        }
        "a latest pact between Condor and the Pricing Service exists"
        | "a pact between Condor and the Pricing Service exists"
        | "the 'Pricing Service' and 'Condor' already exist in the pact-broker, and Condor already has a pact published for version 1.3.0" => {
            pact()
        }
        "a pact between Condor and the Pricing Service exists for the production version of Condor"
        | "tagged as prod pact between Condor and the Pricing Service exists" => in_production(),
        _ => return None,
    })
}

/// Foo and Bar, and what is verified between them.
fn matrix(state: &str) -> Option<Vec<Step>> {
    let with_bar = |version, interactions| Pact("Foo", version, "Bar", interactions);
    Some(match state {
        "the pact for Foo Thing version 1.2.3 has been verified by Bar version 4.5.6" => vec![
            Pact("Foo Thing", "1.2.3", "Bar", 0),
            Verified("4.5.6", true),
            Verified("7.8.9", true),
            Pact("Foo Thing", "2.0.0", "Bar", 1),
            Verified("4.5.6", true),
        ],
        "the pact for Foo version 1.2.3 has been verified by Bar version 4.5.6" => vec![
            with_bar("1.2.3", 0),
            Verified("4.5.6", true),
            Verified("7.8.9", true),
            with_bar("2.0.0", 1),
            Verified("4.5.6", true),
        ],
        "the pact for Foo version 1.2.3 and 1.2.4 has been verified by Bar version 4.5.6" => {
            vec![with_bar("1.2.3", 0), Verified("4.5.6", true), with_bar("1.2.4", 1), Verified("4.5.6", true)]
        }
        "the pact for Foo version 1.2.3 has been successfully verified by Bar version 4.5.6, and 1.2.4 unsuccessfully by 9.9.9" =>
        {
            vec![with_bar("1.2.3", 0), Verified("4.5.6", true), with_bar("1.2.4", 1), Verified("9.9.9", false)]
        }
        "the pact for Foo version 1.2.3 has been successfully verified by Bar version 4.5.6 with tag prod, and 1.2.4 unsuccessfully by 9.9.9" =>
        {
            vec![
                with_bar("1.2.3", 0),
                Verified("4.5.6", true),
                Tag("Bar", "4.5.6", "prod"),
                with_bar("1.2.4", 1),
                Verified("9.9.9", false),
            ]
        }
        "the pact for Foo version 1.2.3 has been verified by Bar version 4.5.6 and version 5.6.7" => {
            vec![with_bar("1.2.3", 0), Verified("4.5.6", true), Verified("5.6.7", true)]
        }
        "the pact for Foo version 1.2.3 has been successfully verified by Bar version 4.5.6 (tagged prod) and version 5.6.7" =>
        {
            vec![with_bar("1.2.3", 0), Verified("4.5.6", true), Tag("Bar", "4.5.6", "prod"), Verified("5.6.7", true)]
        }
        "provider Bar version 4.5.6 has a successful verification for Foo version 1.2.3 tagged prod and a failed verification for version 3.4.5 tagged prod" =>
        {
            vec![
                with_bar("1.2.3", 0),
                Tag("Foo", "1.2.3", "prod"),
                Verified("4.5.6", true),
                with_bar("3.4.5", 1),
                Tag("Foo", "3.4.5", "prod"),
                Verified("4.5.6", false),
            ]
        }
        _ => return None,
    })
}

/// Foo's versions and branches, and environments whose ids nobody asks for.
fn places(state: &str) -> Option<Vec<Step>> {
    let environment = |name: &str| Step::Environment(json!({ "name": name, "production": false }));
    Some(match state {
        "a pacticipant with name Foo exists" => vec![Pacticipant("Foo")],
        "version 26f353580936ad3b9baddb17b00e84f33c69e7cb of pacticipant Foo does exist" => {
            vec![Version("Foo", "26f353580936ad3b9baddb17b00e84f33c69e7cb")]
        }
        "a branch named main exists for pacticipant Foo" => vec![Branch("Foo", "1", "main")],
        "an environment exists" => {
            let contacts = json!([{ "name": "foo", "details": { "emailAddress": "foo@bar.com" } }]);
            let all = json!({ "name": "test", "displayName": "Test", "production": false, "contacts": contacts });
            vec![Step::Environment(all)]
        }
        "an environment with name test exists" => vec![environment("test")],
        "version 5556b8149bf8bac76bc30f50a8a2dd4c22c85f30 of pacticipant Foo exists with 2 environments that aren't test available for deployment" =>
        {
            vec![Version("Foo", BUILD), environment("prod"), environment("dev")]
        }
        _ => return None,
    })
}

/// States with ids of things that are not given ids by clients.
fn fixed(state: &str) -> Option<Seed> {
    let with = |facts: Option<Vec<Event>>, steps| Some(Seed { facts: facts?, steps });
    match state {
        "an environment with name test and UUID 16926ef3-590f-4e3f-838e-719717aa88c9 exists" => {
            with(Some(vec![test(OTHER_TEST)?]), Vec::new())
        }
        "version 5556b8149bf8bac76bc30f50a8a2dd4c22c85f30 of pacticipant Foo exists with a test environment available for deployment"
        | "version 5556b8149bf8bac76bc30f50a8a2dd4c22c85f30 of pacticipant Foo exists with a test environment available for release" => {
            with(Some(vec![test(TEST)?]), vec![Version("Foo", BUILD)])
        }
        "an version is deployed to environment with UUID 16926ef3-590f-4e3f-838e-719717aa88c9 with target customer-1" => {
            with(deployed(OTHER_TEST, Some("customer-1")), Vec::new())
        }
        "a currently deployed version exists" => with(deployed(TEST, None), Vec::new()),
        _ => None,
    }
}

fn test(id: &str) -> Option<Event> {
    let environment = Environment {
        id: id.parse().ok()?,
        name: "test".to_owned(),
        display_name: Some("Test".to_owned()),
        production: false,
        contacts: None,
        gate: Gate::Off,
    };
    Some(Event::EnvironmentDefined { environment })
}

/// The environment, the version, and that it runs there.
fn deployed(environment: &str, instance: Option<&str>) -> Option<Vec<Event>> {
    let pacticipant = Party { name: "Foo".to_owned(), component: EntityRef::new("component", "default", "foo").ok()? };
    let version = BUILD.to_owned();
    Some(vec![
        test(environment)?,
        Event::PacticipantCreated { pacticipant: pacticipant.clone(), details: Details::default() },
        Event::VersionCreated { pacticipant: pacticipant.clone(), version: version.clone(), build_url: None },
        Event::VersionDeployed {
            placement: DEPLOYED.parse().ok()?,
            pacticipant,
            version,
            environment: environment.parse().ok()?,
            environment_name: "test".to_owned(),
            instance: instance.map(str::to_owned),
            via: Via::Contracts,
            without_contract: true,
        },
    ])
}

/// Has clients do all this, in its order.
pub(crate) async fn carry_out(broker: &Broker, steps: Vec<Step>) -> Result<(), Failure> {
    let mut results = String::new();
    for step in steps {
        let (method, path, body) = request(&step, &results);
        let answer = broker.send(method, &path, &body).await?;
        let link = answer.pointer("/_links/pb:publish-verification-results/href").and_then(Value::as_str);
        if let Some((_, path)) = link.and_then(|link| link.split_once("http://example.org")) {
            path.clone_into(&mut results);
        }
    }
    Ok(())
}

/// The request of a step; `results` is where the last pact's verifications go.
fn request(step: &Step, results: &str) -> (&'static str, String, Value) {
    let escaped = |name: &str| name.replace(' ', "%20");
    match step {
        Pacticipant(name) => {
            let source = "git@git.realestate.com.au:business-systems/pricing-service";
            ("POST", "/pacticipants".to_owned(), json!({ "name": name, "repositoryUrl": source }))
        }
        Version(name, version) => ("PUT", format!("/pacticipants/{}/versions/{version}", escaped(name)), json!({})),
        Branch(name, version, branch) => {
            ("PUT", format!("/pacticipants/{}/branches/{branch}/versions/{version}", escaped(name)), json!({}))
        }
        Tag(name, version, tag) => {
            ("PUT", format!("/pacticipants/{}/versions/{version}/tags/{tag}", escaped(name)), json!({}))
        }
        Pact(consumer, version, provider, interactions) => {
            let path =
                format!("/pacts/provider/{}/consumer/{}/version/{version}", escaped(provider), escaped(consumer));
            let (request, response) = (json!({ "method": "GET", "path": "/" }), json!({ "status": 200 }));
            let expected =
                |number: u32| json!({ "description": number.to_string(), "request": request, "response": response });
            let interactions: Vec<Value> = (0..*interactions).map(expected).collect();
            let (consumer, provider) = (json!({ "name": consumer }), json!({ "name": provider }));
            ("PUT", path, json!({ "consumer": consumer, "provider": provider, "interactions": interactions }))
        }
        Verified(version, success) => {
            let body = json!({ "success": success, "providerApplicationVersion": version });
            ("POST", results.to_owned(), body)
        }
        Step::Environment(environment) => ("POST", "/environments".to_owned(), environment.clone()),
        Step::Webhook(id) => {
            let request = json!({ "method": "POST", "url": "https://webhook.example" });
            (
                "PUT",
                format!("/webhooks/{id}"),
                json!({ "events": [{ "name": "contract_published" }], "request": request }),
            )
        }
    }
}
