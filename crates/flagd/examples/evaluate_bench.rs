//! How long an evaluation takes, in nanoseconds, and how long it takes to compile many flags.
//!
//! `cargo run --release -p flagd --example evaluate_bench`

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use flagd::{Bucketing, Context, Evaluators, Flag, Set};
use serde_json::{Map, Value, json};

const NOW: u64 = 1_790_000_000;

fn main() {
    let context = json!({
        "targetingKey": "user-4711", "email": "ada@acme.test", "country": "pt", "plan": "team", "version": "2.4.1",
        "age": 42, "beta": true, "org": { "id": "org-17", "seats": 250 },
    });
    let json = context.to_string();
    report("context parsed (8 fields)", || Context::parse(black_box(json.as_bytes()), NOW));
    let context = Context::from_value(&context, NOW).unwrap_or_else(|failure| unreachable!("{failure}"));
    for (name, bucketing, targeting) in rules() {
        let set = set(1, bucketing, &targeting);
        report(name, || set.evaluate("flag-0", black_box(&context)));
    }
    costly();
    many(&context);
}

fn rules() -> Vec<(&'static str, Bucketing, Value)> {
    let ends_with = json!({ "ends_with": [{ "var": "email" }, "@acme.test"] });
    let fractional = json!({ "fractional": [["on", 20], ["off", 80]] });
    vec![
        ("static", Bucketing::V2, Value::Null),
        ("targeted: if ends_with", Bucketing::V2, json!({ "if": [ends_with, "on", "off"] })),
        (
            "targeted: country in 3",
            Bucketing::V2,
            json!({ "if": [{ "in": [{ "var": "country" }, ["de", "fr", "pt"]] }, "on", "off"] }),
        ),
        (
            "targeted: sem_ver",
            Bucketing::V2,
            json!({ "if": [{ "sem_ver": [{ "var": "version" }, ">=", "2.0.0"] }, "on", "off"] }),
        ),
        ("fractional v2", Bucketing::V2, fractional.clone()),
        ("fractional v3", Bucketing::V3, fractional.clone()),
        ("if ends_with, else fractional", Bucketing::V2, json!({ "if": [{ "!": ends_with }, "on", fractional] })),
        ("100 branches, the last holds", Bucketing::V2, branches()),
    ]
}

/// An `if` with a hundred conditions, none of which holds for the bench's context.
fn branches() -> Value {
    let branch = |i| [json!({ "==": [{ "var": "org.id" }, format!("org-{}", 1000 + i)] }), json!("on")];
    let mut branches: Vec<Value> = (0..100).flat_map(branch).collect();
    branches.push(json!("off"));
    json!({ "if": branches })
}

fn set(count: usize, bucketing: Bucketing, targeting: &Value) -> Set {
    let evaluators = Arc::new(Evaluators::default());
    let definition = json!({
        "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "off", "targeting": targeting,
        "metadata": { "owner": "team-checkout" },
    });
    let flags = (0..count).map(|i| Arc::new(Flag::compile(&format!("flag-{i}"), &definition, &evaluators, bucketing)));
    Set::new(flags.collect::<Vec<_>>(), Arc::clone(&evaluators), Map::new())
}

/// About the costliest rules that are accepted, over the largest context.
fn costly() {
    let context = json!({ "xs": vec![json!("pt"); 10_000] });
    let context = Context::from_value(&context, NOW).unwrap_or_else(|failure| unreachable!("{failure}"));
    let any = json!({ "or": vec![json!({ "==": [{ "var": "" }, "de"] }); 95] });
    let some = json!({ "some": [{ "var": "xs" }, any] });
    let last = json!({ "cat": [{ "var": "accumulator" }, { "var": "current" }] });
    let folded = json!({ "reduce": [vec!["abcdefgh"; 1_000], last, ""] });
    for (name, condition) in [("some of 10,000 × 95 conditions", some), ("1,000 texts joined one by one", folded)] {
        let set = set(1, Bucketing::V2, &json!({ "if": [condition, "on", "off"] }));
        let refused = set.flags().flat_map(|flag| flag.problems().to_vec()).map(|problem| problem.message).next();
        let start = Instant::now();
        let answered = set.evaluate("flag-0", &context).is_ok();
        let time = format!("{:.1} ms", start.elapsed().as_secs_f64() * 1000.0);
        say(name, refused.as_deref().unwrap_or(if answered { &time } else { "failed" }));
    }
}

fn many(context: &Context) {
    const FLAGS: usize = 10_000;
    let start = Instant::now();
    let set = set(FLAGS, Bucketing::V2, &branches());
    say("compile 10,000 flags of 100 rules", &format!("{:.2} s", start.elapsed().as_secs_f64()));
    let keys: Vec<String> = (0..FLAGS).map(|i| format!("flag-{}", i * 7919 % FLAGS)).collect();
    report("evaluate one of them, again and again", || set.evaluate("flag-4711", black_box(context)));
    let mut next = keys.iter().cycle();
    report("evaluate all of them, out of order", || next.next().map(|key| set.evaluate(key, black_box(context))));
}

/// Prints the time of one call: the best of several rounds, since others use the machine as well.
fn report<T>(name: &str, mut call: impl FnMut() -> T) {
    let mut best = Duration::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        for _ in 0..ROUND {
            black_box(call());
        }
        best = best.min(start.elapsed());
    }
    say(name, &format!("{} ns", best.as_nanos() / u128::from(ROUND)));
}

const ROUND: u32 = 5_000;

#[expect(clippy::print_stdout, reason = "the figures are what the example is for")]
fn say(name: &str, figure: &str) {
    println!("{name:<40} {figure:>10}");
}
