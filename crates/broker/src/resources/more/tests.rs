//! The resources over a State in memory, asked through the table of routes.

mod builds;
mod large;
mod pages;
mod publishing;
mod pure;
mod webhooks;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use contracts::{Command, Delivery, matrix::Answer as Matrix};
use kernel::{Actor, CommandId, Context, EventId, IdSeed, Refusal, Sha256, Stamp, Timestamp};
use serde_json::{Value, json};
use world::World;

use crate::{Answer, Call, Host, Method, Policy, Route, TestCall, query::percent_decoded, routes};

/// A server that keeps everything in memory.
struct Desk {
    world: Mutex<Arc<World>>,
    blobs: Mutex<BTreeMap<Sha256, Vec<u8>>>,
    secrets: Mutex<BTreeMap<String, Vec<u8>>>,
    called: Mutex<Vec<Delivery>>,
    ids: Mutex<u128>,
    /// What others do just before the next commands, the last one first.
    rivals: Mutex<Vec<Command>>,
    /// What others do just after the next command.
    follower: Mutex<Option<Command>>,
    policy: Policy,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            world: Mutex::default(),
            blobs: Mutex::default(),
            secrets: Mutex::default(),
            called: Mutex::default(),
            ids: Mutex::new(1 << 100),
            rivals: Mutex::default(),
            follower: Mutex::default(),
            policy: Policy::default(),
        }
    }
}

impl Host for Desk {
    fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.lock().unwrap())
    }

    fn now(&self) -> Timestamp {
        "2026-11-28T10:00:00Z".parse().unwrap()
    }

    fn blob(&self, digest: &Sha256) -> Result<Option<Vec<u8>>, Refusal> {
        Ok(self.blobs.lock().unwrap().get(digest).cloned())
    }

    fn keep(&self, blobs: &[Vec<u8>]) -> Result<Vec<Sha256>, Refusal> {
        let mut kept = self.blobs.lock().unwrap();
        let digest = |blob: &Vec<u8>| {
            let digest = Sha256::of(blob);
            kept.insert(digest, blob.clone());
            digest
        };
        Ok(blobs.iter().map(digest).collect())
    }

    fn submit(&self, command: Command, _reason: Option<&str>) -> Result<(), Refusal> {
        let rival = self.rivals.lock().unwrap().pop();
        rival.map_or(Ok(()), |rival| self.carry_out(rival))?;
        self.carry_out(command)?;
        let follower = self.follower.lock().unwrap().take();
        follower.map_or(Ok(()), |follower| self.carry_out(follower))
    }

    fn settle(&self, _answer: &Matrix) -> Result<bool, Refusal> {
        Ok(false)
    }

    fn event(&self, _position: u64) -> Result<Option<contracts::Event>, Refusal> {
        Ok(None)
    }

    fn seal(&self, name: &str, secret: &[u8]) -> Result<(), Refusal> {
        self.secrets.lock().unwrap().insert(name.to_owned(), secret.to_vec());
        Ok(())
    }

    fn unseal(&self, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        Ok(self.secrets.lock().unwrap().get(name).cloned())
    }

    fn try_call(&self, delivery: &Delivery) -> TestCall {
        self.called.lock().unwrap().push(delivery.clone());
        TestCall { success: true, log: format!("{} {}\nHTTP/1.1 200\nsecret", delivery.method, delivery.url) }
    }

    fn random_id(&self) -> String {
        format!("{:032x}", self.next_id())
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// What the path means to a route's pattern, with how literally each segment matches.
fn matched(route: &Route, path: &str) -> Option<(Vec<bool>, BTreeMap<String, String>)> {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (route.path.split('/').collect(), path.split('/').collect());
    if pattern.len() != path.len() {
        return None;
    }
    let (mut literal, mut named) = (Vec::new(), BTreeMap::new());
    for (wanted, is) in pattern.iter().zip(path) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => drop(named.insert(name.to_owned(), percent_decoded(is))),
            None if *wanted == is => {}
            None => return None,
        }
        literal.push(!wanted.starts_with('{'));
    }
    Some((literal, named))
}

impl Desk {
    fn carry_out(&self, command: Command) -> Result<(), Refusal> {
        let seed = self.next_id();
        let context = Context::new(self.now(), Actor::Person("ann".to_owned()), IdSeed(seed));
        let mut world = self.world.lock().unwrap();
        let events = contracts::decide(&world.contracts, command, &context)?;
        let world = Arc::make_mut(&mut world);
        for event in events {
            world.position += 1;
            let stamp = Stamp {
                position: world.position,
                event: context.id::<EventId>(),
                command: context.id::<CommandId>(),
                at: self.now(),
                actor: Actor::Person("ann".to_owned()),
                reason: None,
            };
            world.contracts.fold(&event, &stamp);
        }
        Ok(())
    }

    fn next_id(&self) -> u128 {
        let mut ids = self.ids.lock().unwrap();
        *ids += 1;
        *ids
    }

    fn ask_as(&self, method: Method, address: &str, body: &Value, accept: &str) -> Answer {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let routes = routes();
        let of_method = routes.iter().filter(|route| route.method == method);
        let fitting =
            of_method.filter_map(|route| matched(route, path).map(|(literal, named)| (literal, named, route)));
        let (_, named, route) = fitting.max_by_key(|(literal, ..)| literal.clone()).expect(address);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let mut call = Call::new(self, "http://mainstay", named, query, accept, &body);
        route.answer(&mut call)
    }

    fn ask(&self, method: Method, address: &str, body: &Value) -> (u16, Value) {
        let answer = self.ask_as(method, address, body, "application/hal+json, application/json");
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn get(&self, address: &str) -> Value {
        let (status, body) = self.ask(Method::Get, address, &Value::Null);
        assert_eq!(status, 200, "{address}: {body}");
        body
    }

    fn text(&self, address: &str) -> String {
        let answer = self.ask_as(Method::Get, address, &Value::Null, "*/*");
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 200, "{address}: {text}");
        text
    }

    /// Foo's version expects something of Bar.
    fn publish(&self, version: &str, pact: &Value) {
        let (status, body) =
            self.ask(Method::Put, &format!("/pacts/provider/Bar/consumer/Foo/version/{version}"), pact);
        assert!(status < 300, "{status} {body}");
    }

    /// Bar's version was tried against what Foo's version expects.
    fn verify(&self, of: &str, by: &str, success: bool) -> String {
        let pact = self.get(&format!("/pacts/provider/Bar/consumer/Foo/version/{of}"));
        let at = pact["_links"]["pb:publish-verification-results"]["href"].as_str().unwrap().to_owned();
        let at = at.strip_prefix("http://mainstay").unwrap();
        let (status, body) = self.ask(Method::Post, at, &json!({"success": success, "providerApplicationVersion": by}));
        assert_eq!(status, 201, "{body}");
        body["_links"]["self"]["href"].as_str().unwrap().strip_prefix("http://mainstay").unwrap().to_owned()
    }
}

fn pact(method: &str) -> Value {
    json!({
        "consumer": {"name": "Foo"},
        "provider": {"name": "Bar"},
        "interactions": [
            {"description": "a greeting", "providerState": "somebody is there",
                "request": {"method": method, "path": "/hello"}, "response": {"status": 200}},
            {"description": "a farewell", "providerStates": [{"name": "somebody is there", "params": {"who": "Ann"}}],
                "request": {"method": "GET", "path": "/bye"}, "response": {"status": 200}},
        ],
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    })
}
