//! One request, with what the server gives to answer it.

use std::{cell::OnceCell, collections::BTreeMap, sync::Arc};

use contracts::{
    Command, State,
    matrix::{Answer as Matrix, Query, ask},
};
use kernel::{Refusal, Sha256, Timestamp};
use serde_json::Value;
use world::World;

use crate::{Failure, links::Links, query};

/// What the operator decided about contracts.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Whether another content may be published for the same version of a consumer.
    pub may_modify: bool,
    /// Whether a new name that is much like a known one is refused.
    pub asks_about_similar_names: bool,
    /// The methods that webhooks may use.
    pub webhook_methods: Vec<String>,
    /// The schemes that webhooks may use.
    pub webhook_schemes: Vec<String>,
    /// The hosts that webhooks may call, beside public ones: names, `*.` and a domain, or networks such as `10.0.0.0/8`.
    pub webhook_hosts: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            may_modify: false,
            asks_about_similar_names: true,
            webhook_methods: texts(&["POST"]),
            webhook_schemes: texts(&["https"]),
            webhook_hosts: Vec::new(),
        }
    }
}

/// What came of a call of a webhook that was made at once, to try it.
#[derive(Debug, Clone)]
pub struct TestCall {
    /// Whether it was taken.
    pub success: bool,
    /// What was sent and what was answered, in words.
    pub log: String,
}

/// What the server gives.
pub trait Host: Send + Sync {
    /// Everything that is known now.
    fn world(&self) -> Arc<World>;

    /// The time.
    fn now(&self) -> Timestamp;

    /// A document.
    ///
    /// # Errors
    /// If the store can't be read.
    fn blob(&self, digest: &Sha256) -> Result<Option<Vec<u8>>, Refusal>;

    /// Keeps documents.
    ///
    /// # Errors
    /// If the store can't be written, or one is too large.
    fn keep(&self, blobs: &[Vec<u8>]) -> Result<Vec<Sha256>, Refusal>;

    /// Carries out a command, and notes why if that was said; the World is new when it returns.
    ///
    /// # Errors
    /// What is refused.
    fn submit(&self, command: Command, reason: Option<&str>) -> Result<(), Refusal>;

    /// Finds out what an answer of the matrix lacks: whether pacts fit definitions. True if there was anything; then the
    /// World is new.
    ///
    /// # Errors
    /// If it can't be found out.
    fn settle(&self, answer: &Matrix) -> Result<bool, Refusal>;

    /// The event at a position of the timeline, if it is one of contracts.
    ///
    /// # Errors
    /// If the store can't be read.
    fn event(&self, position: u64) -> Result<Option<contracts::Event>, Refusal>;

    /// Seals a secret under a name.
    ///
    /// # Errors
    /// If it can't be kept.
    fn seal(&self, name: &str, secret: &[u8]) -> Result<(), Refusal>;

    /// The secret that was sealed under a name.
    ///
    /// # Errors
    /// If it can't be read.
    fn unseal(&self, name: &str) -> Result<Option<Vec<u8>>, Refusal>;

    /// Calls a webhook at once, and once only.
    fn try_call(&self, delivery: &contracts::Delivery) -> TestCall;

    /// An id that nobody can guess.
    fn random_id(&self) -> String;

    /// What the operator decided.
    fn policy(&self) -> &Policy;
}

/// One request.
pub struct Call<'a> {
    /// What the server gives.
    pub host: &'a dyn Host,
    /// Where things are, as the client reaches them.
    pub links: Links,
    /// The parameters of the path, decoded.
    pub path: BTreeMap<String, String>,
    /// The query, as it was sent.
    pub query: String,
    /// The `Accept` header.
    pub accept: String,
    /// The body.
    pub body: &'a [u8],
    world: OnceCell<Arc<World>>,
}

impl<'a> Call<'a> {
    /// A request.
    #[must_use]
    pub fn new(
        host: &'a dyn Host,
        base: &str,
        path: BTreeMap<String, String>,
        query: &str,
        accept: &str,
        body: &'a [u8],
    ) -> Self {
        Self {
            host,
            links: Links::new(base),
            path,
            query: query.to_owned(),
            accept: accept.to_owned(),
            body,
            world: OnceCell::new(),
        }
    }

    /// Everything that was known when this was first asked for.
    pub(crate) fn world(&self) -> &World {
        self.world.get_or_init(|| self.host.world())
    }

    /// The contracts.
    pub(crate) fn state(&self) -> &State {
        &self.world().contracts
    }

    /// A parameter of the path.
    pub(crate) fn param(&self, name: &str) -> Result<&str, Failure> {
        self.path.get(name).map(String::as_str).ok_or(Failure::NotFound)
    }

    /// Carries out a command; from then on the World is the new one, also if it was refused.
    pub(crate) fn submit(&mut self, command: Command) -> Result<(), Failure> {
        self.submit_because(command, None)
    }

    /// [`Call::submit`], with why.
    pub(crate) fn submit_because(&mut self, command: Command, reason: Option<&str>) -> Result<(), Failure> {
        let submitted = self.host.submit(command, reason);
        // A refusal may come of what is only known since.
        self.world = OnceCell::new();
        Ok(submitted?)
    }

    /// Answers a question to the matrix; what it lacks is found out first.
    pub(crate) fn ask(&mut self, query: &Query) -> Result<Matrix, Failure> {
        let mut answer = ask(self.state(), query);
        // What is found out may bring another version's row to the front, which is missing in its turn.
        for _ in 0..4 {
            if !answer.lacks_comparisons() || !self.host.settle(&answer)? {
                break;
            }
            self.world = OnceCell::new();
            answer = ask(self.state(), query);
        }
        Ok(answer)
    }

    /// A query's parameter that is said once.
    pub(crate) fn query_text(&self, name: &str) -> Option<String> {
        query::parse(&self.query).ok()?.get(name)?.as_str().map(str::to_owned)
    }

    /// The body as a JSON object.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        let text = std::str::from_utf8(self.body).map_err(|error| {
            let (at, before) = fragment(self.body, error.valid_up_to());
            Failure::list(vec![format!(
                "Request body has a non UTF-8 character at char {at} and cannot be parsed as JSON. Fragment preceding \
                 invalid character is: '{before}'"
            )])
        })?;
        if text.trim().is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        let value: Value =
            serde_json::from_str(text).map_err(|error| Failure::list(vec![format!("Invalid JSON - {error}")]))?;
        if value.is_object() {
            Ok(value)
        } else {
            Err(Failure::list(vec!["Invalid JSON - expected a Hash".to_owned()]))
        }
    }

    /// True if errors are wanted as `application/problem+json`.
    pub(crate) fn wants_problem(&self) -> bool {
        self.accept.contains("application/problem+json")
    }
}

/// Where the first bad byte is, counted in characters, and what stands before it.
pub(crate) fn fragment(bytes: &[u8], valid: usize) -> (usize, String) {
    let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default()).into_owned();
    let count = before.chars().count();
    let shown: String = before.chars().skip(count.saturating_sub(100)).collect();
    (count + 1, shown)
}
