//! How long it takes to say who is on call in 500 teams of four rotations each: two duties of two layers.
//!
//! `cargo run --release -p oncall --example oncall_bench`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "it measures, and says what it saw")]

use std::time::Instant;

use kernel::{Actor, Context, EntityRef, EventId, IdSeed, Stamp, Timestamp};
use oncall::{Command, Rotation, State, current, decide, on_call_for};
use serde_json::json;

const TEAMS: usize = 500;

fn main() {
    let mut state = State::default();
    let at: Timestamp = "2026-06-13T12:00:00Z".parse().unwrap();
    for number in 0..TEAMS * 4 {
        let (team, layer) = (format!("team{}", number % TEAMS), number / TEAMS % 2);
        let weekends = if layer == 1 { json!([{"days": ["saturday", "sunday"]}]) } else { json!([]) };
        let spec = json!({
            "team": team, "schedule": format!("s{}", number / (TEAMS * 2)), "layer": layer, "restrict": weekends,
            "people": ["jo", "kim", "lee"], "time_zone": "Europe/Lisbon", "handover": "monday 09:00", "starts": "2026-01-05",
        });
        let name = EntityRef::new("rotation", EntityRef::DEFAULT_NAMESPACE, &format!("r{number}")).unwrap();
        let definition = Rotation::from_spec(name, &spec).unwrap();
        let context = Context::new(at, Actor::mainstay("bench"), IdSeed(number as u128));
        for event in decide(&state, Command::DefineRotation { definition }, &context).unwrap() {
            let stamp = Stamp {
                position: number as u64 + 1,
                event: context.id::<EventId>(),
                command: context.command,
                at,
                actor: context.actor.clone(),
                reason: None,
            };
            state.fold(&event, &stamp);
        }
    }
    let teams: Vec<EntityRef> = state.teams().cloned().collect();
    for _ in 0..3 {
        let began = Instant::now();
        let people: usize = teams.iter().map(|team| on_call_for(&state, team, at).len()).sum();
        let moments = began.elapsed();
        let began = Instant::now();
        let duties: usize = teams.iter().map(|team| current(&state, team, at).len()).sum();
        println!(
            "{} teams: on_call_for {people} in {moments:?}, current {duties} in {:?}",
            teams.len(),
            began.elapsed()
        );
    }
}
