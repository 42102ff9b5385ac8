//! Rules about the methods of services that are on both sides.

use std::collections::BTreeMap;

use super::changes::{About, Changes, quoted};
use super::model::{Definition, Method, Service, Type, first_of_each};
use super::rules::{self, Rule};

pub(super) fn compare(earlier: &Definition, later: &Definition, changes: &mut Changes<'_>) {
    let later = later.services();
    for (name, service) in earlier.services() {
        if let Some(later) = later.get(name) {
            compare_methods(service, later, changes);
        }
    }
}

fn compare_methods(earlier: &Service, later: &Service, changes: &mut Changes<'_>) {
    let (earlier, later) = (by_name(earlier), by_name(later));
    for (name, method) in &earlier {
        match later.get(name) {
            Some(later) => compare_pair(method, later, changes),
            None => {
                let text = format!("The method {} was deleted", method.operation);
                changes.add(rules::RPC_NO_DELETE, About::Method(method), &method.operation, text);
            }
        }
    }
    for (_, method) in later.iter().filter(|(name, _)| !earlier.contains_key(*name)) {
        let text = format!("The method {} was added", method.operation);
        changes.add(rules::RPC_ADDED, About::Method(method), &method.operation, text);
    }
}

fn by_name(service: &Service) -> BTreeMap<&str, &Method> {
    first_of_each(service.methods.iter().map(|method| (method.name.as_str(), method)))
}

fn compare_pair(earlier: &Method, later: &Method, changes: &mut Changes<'_>) {
    let mut add = |rule: Rule, what: &str, from: &str, to: &str| {
        let text = format!("The {what} of {} changed from {from} to {to}", earlier.operation);
        changes.add(rule, About::Method(earlier), &earlier.operation, text);
    };
    if !earlier.request.is_same(&later.request) {
        add(rules::RPC_SAME_REQUEST_TYPE, "request", name(&earlier.request), name(&later.request));
    }
    if !earlier.response.is_same(&later.response) {
        add(rules::RPC_SAME_RESPONSE_TYPE, "response", name(&earlier.response), name(&later.response));
    }
    if earlier.client_streaming != later.client_streaming {
        let (from, to) = (streaming(earlier.client_streaming), streaming(later.client_streaming));
        add(rules::RPC_SAME_CLIENT_STREAMING, "client's side", from, to);
    }
    if earlier.server_streaming != later.server_streaming {
        let (from, to) = (streaming(earlier.server_streaming), streaming(later.server_streaming));
        add(rules::RPC_SAME_SERVER_STREAMING, "server's side", from, to);
    }
    if earlier.idempotency != later.idempotency {
        let (from, to) = (quoted(&earlier.idempotency), quoted(&later.idempotency));
        add(rules::RPC_SAME_IDEMPOTENCY_LEVEL, "option idempotency_level", &from, &to);
    }
}

fn name(of: &Type) -> &str {
    of.name().map_or("", |name| name)
}

fn streaming(is_streaming: bool) -> &'static str {
    if is_streaming { "a stream" } else { "one message" }
}
