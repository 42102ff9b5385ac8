//! What the company's services expect of one another, and how their builds prove it: by pacts, which each build of a
//! consumer publishes, and by verifications, which each build of a provider publishes after asking the service itself.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use crate::{
    estate::Version,
    mainstay::{Mainstay, MainstayError},
};

/// One request that a consumer makes, with what it reads of the answer.
struct Interaction {
    description: &'static str,
    method: &'static str,
    path: &'static str,
    /// The body that is sent, as JSON text.
    body: Option<&'static str>,
    /// What is read of the answer: the name of a field and an example.
    reads: &'static [(&'static str, &'static str)],
}

const fn get(
    description: &'static str,
    path: &'static str,
    reads: &'static [(&'static str, &'static str)],
) -> Interaction {
    Interaction { description, method: "GET", path, body: None, reads }
}

const fn post(
    description: &'static str,
    path: &'static str,
    body: &'static str,
    reads: &'static [(&'static str, &'static str)],
) -> Interaction {
    Interaction { description, method: "POST", path, body: Some(body), reads }
}

const RATE: Interaction = get("a request for the rate of the euro", "/rates/EUR", &[("rate", "0.83")]);

/// Who expects what of whom. All of it is what the services really do.
const EXPECTATIONS: &[(&str, &str, &[Interaction])] = &[
    (
        "storefront",
        "products",
        &[
            get("a request for all products", "/products", &[("products", "[]")]),
            get(
                "a request for fog in a jar",
                "/products/fog-in-a-jar",
                &[("slug", "\"fog-in-a-jar\""), ("shillings", "12")],
            ),
        ],
    ),
    ("storefront", "currency", &[RATE]),
    ("checkout", "cart", &[get("a request for a basket", "/carts/c-1", &[("jars", "1"), ("shillings", "12")])]),
    (
        "checkout",
        "shipping",
        &[post(
            "a parcel of one jar",
            "/quotes",
            r#"{"country":"PT","jars":1}"#,
            &[("shillings", "3"), ("carrier", "\"pigeon\"")],
        )],
    ),
    ("checkout", "currency", &[RATE]),
    (
        "checkout",
        "payments",
        &[post(
            "a charge",
            "/charges",
            r#"{"order":"c-1","shillings":12,"dry_run":true}"#,
            &[("state", "\"captured\"")],
        )],
    ),
];

/// The builds' way to Mainstay and to the services.
#[derive(Clone)]
pub(crate) struct Contracts {
    pub(crate) mainstay: Mainstay,
    pub(crate) http: reqwest::Client,
    pub(crate) addresses: Arc<BTreeMap<&'static str, String>>,
}

impl Contracts {
    /// What a build of a component publishes: what it expects, and what it proved.
    pub(crate) async fn publish(&self, component: &str, version: Version) -> Result<(), MainstayError> {
        let contracts: Vec<(&str, Value)> = EXPECTATIONS
            .iter()
            .filter(|(consumer, ..)| *consumer == component)
            .map(|(_, provider, interactions)| (*provider, pact(component, provider, interactions)))
            .collect();
        if !contracts.is_empty() {
            self.mainstay.publish_pacts(component, &version.to_string(), &contracts).await?;
        }
        if is_provider(component) {
            self.mainstay.on_main(component, &version.to_string()).await?;
        }
        self.verify(component, version, None).await
    }

    /// Tries a component against what is expected of it. `broken` is what a build gets wrong, in words: then the field that
    /// is read is said to be missing.
    pub(crate) async fn verify(
        &self,
        component: &str,
        version: Version,
        broken: Option<&str>,
    ) -> Result<(), MainstayError> {
        if !is_provider(component) {
            return Ok(());
        }
        for url in self.mainstay.pacts_to_verify(component).await? {
            let pact = self.mainstay.pact(&url).await?;
            let interactions = pact.get("interactions").and_then(Value::as_array).cloned().unwrap_or_default();
            let mut results = Vec::new();
            for interaction in &interactions {
                let wrong = match broken {
                    Some(wrong) => Some(wrong.to_owned()),
                    None => self.wrong_with(component, interaction).await,
                };
                results.push(result(interaction, wrong.as_deref()));
            }
            self.mainstay.publish_verification(&url, &version.to_string(), &results).await?;
        }
        Ok(())
    }

    /// Asks the running service; what is wrong with its answer, if anything is.
    async fn wrong_with(&self, component: &str, interaction: &Value) -> Option<String> {
        let text = |pointer: &str| interaction.pointer(pointer).and_then(Value::as_str);
        let base = self.addresses.get(component)?;
        let url = format!("{base}{}", text("/request/path").unwrap_or_default());
        let request = match interaction.pointer("/request/body") {
            Some(body) => self.http.post(url).json(body),
            None => self.http.get(url),
        };
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Some(format!("no answer: {}", error.without_url())),
        };
        if !answer.status().is_success() {
            return Some(format!("expected status 200, got {}", answer.status().as_u16()));
        }
        let answer: Value = answer.json().await.unwrap_or_default();
        let expected = interaction.pointer("/response/body").and_then(Value::as_object)?;
        let missing = expected.keys().find(|key| answer.get(key.as_str()).is_none())?;
        Some(format!("expected \"{missing}\" in the body, and it is not there"))
    }
}

fn is_provider(component: &str) -> bool {
    EXPECTATIONS.iter().any(|(_, provider, _)| *provider == component)
}

fn pact(consumer: &str, provider: &str, interactions: &[Interaction]) -> Value {
    let interactions: Vec<Value> = interactions
        .iter()
        .map(|of| {
            let mut request = json!({"method": of.method, "path": of.path});
            let sent: Option<Value> = of.body.and_then(|body| serde_json::from_str(body).ok());
            if let (Some(fields), Some(body)) = (request.as_object_mut(), sent) {
                fields.insert("headers".to_owned(), json!({"Content-Type": "application/json"}));
                fields.insert("body".to_owned(), body);
            }
            let example = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
            let body: serde_json::Map<String, Value> =
                of.reads.iter().map(|(name, text)| ((*name).to_owned(), example(text))).collect();
            let rules: serde_json::Map<String, Value> =
                of.reads.iter().map(|(name, _)| (format!("$.body.{name}"), json!({"match": "type"}))).collect();
            json!({
                "description": of.description,
                "request": request,
                "response": {"status": 200, "body": body, "matchingRules": rules},
            })
        })
        .collect();
    json!({
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": interactions,
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    })
}

fn result(interaction: &Value, wrong: Option<&str>) -> Value {
    let mismatches: Vec<Value> = wrong.iter().map(|wrong| json!({"attribute": "body", "description": wrong})).collect();
    json!({
        "interactionId": interaction.get("_id"),
        "interactionDescription": interaction.get("description"),
        "success": wrong.is_none(),
        "mismatches": mismatches,
    })
}
