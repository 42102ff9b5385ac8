//! What the company has promised itself, and the hurried sprints in which that can be watched.

use actions::{Command as ActionCommand, DoneWhen, Promise, Source};
use engine::Request;
use jiff::SignedDuration;
use kernel::{Actor, EntityRef, Refusal, Timestamp, codes};
use web::App;
use world::Command;

/// Shopfront's sprints as the catalog has them.
const DASHES: &str = "{length: 4m, starts: \"2026-11-02T00:00\"}";
/// How many seconds one lasts at speed 1.
const DASH_SECONDS: u32 = 240;
/// The shortest one.
const DASH_SECONDS_MIN: u32 = 5;
/// Until when the flag is to be gone.
const DUE: SignedDuration = SignedDuration::from_hours(10 * 24);

/// The text with Shopfront's sprints as short as the speed wants, the next of which begins when a quarter of one is over.
pub(super) fn hurried(text: &str, speed: u32, now: Timestamp) -> String {
    let seconds = (DASH_SECONDS / speed.max(1)).max(DASH_SECONDS_MIN);
    let begun = SignedDuration::from_secs(i64::from(seconds - seconds / 4));
    let starts = now.checked_sub(begun).unwrap_or(now).strftime("%Y-%m-%dT%H:%M:%S");
    text.replace(DASHES, &format!("{{length: {seconds}s, starts: \"{starts}\"}}"))
}

/// Promises what a finding is about: a flag that should be gone. What the company has learned of an incident, it promises
/// itself.
pub(super) async fn make(app: &App) -> Result<(), Refusal> {
    let flag = entity("flag:loyalty-raindrops")?;
    if app.world().flags.flag(&flag).is_none() {
        return Ok(());
    }
    let owner = entity("user:mina.rime")?;
    let actor = Actor::Person(owner.name().to_owned());
    let now = app.now();
    let promise = Promise {
        what: "Take loyalty-raindrops out of the code".to_owned(),
        why: "It was to be gone by the end of September.".to_owned(),
        subject: entity("component:accounts")?,
        owner,
        team: None,
        deadline: now.checked_add(DUE).unwrap_or(now),
        source: Source::Finding { key: format!("stale-flag {flag}") },
        done_when: DoneWhen::FlagGone { flag },
    };
    let command = Command::Actions(ActionCommand::Promise { promise });
    app.submit(Request { command, actor, reason: None, id: None }).await.map(drop)
}

fn entity(name: &str) -> Result<EntityRef, Refusal> {
    name.parse().map_err(|error| Refusal::new(&codes::INTERNAL, format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sprints_of_the_example_are_hurried_and_begin_soon() {
        let file = include_str!("../../../../../examples/demo/org/cycles/catalog-info.yaml");
        let now: Timestamp = "2026-11-28T22:00:30Z".parse().unwrap();
        let hurried = hurried(file, 2, now);
        assert!(hurried.contains("{length: 120s, starts: \"2026-11-28T21:59:00\"}"), "{hurried}");
        assert!(super::hurried(file, 100, now).contains("{length: 5s,"));
        assert!(hurried.contains("{length: 2w, starts: 2026-01-05}"));
    }
}
