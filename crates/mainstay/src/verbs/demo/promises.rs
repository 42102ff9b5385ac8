//! What the company has promised itself, and the hurried sprints in which that can be watched.

use actions::{Command as ActionCommand, DoneWhen, Promise, Source};
use engine::Request;
use jiff::SignedDuration;
use kernel::{Actor, EntityRef, Refusal, Timestamp, codes};
use web::App;
use world::Command;

/// Shopfront's sprints as the catalog has them.
const DASHES: &str = "{length: 4m, starts: \"2026-11-02T00:00\"}";
/// How many minutes one lasts at speed 1.
const DASH_MINUTES: u32 = 4;

/// The text with Shopfront's sprints as short as the speed wants, the next of which begins within a minute.
pub(super) fn hurried(text: &str, speed: u32, now: Timestamp) -> String {
    let minutes = (DASH_MINUTES / speed.max(1)).max(1);
    let soon = now.checked_add(SignedDuration::from_secs(60)).unwrap_or(now);
    let starts = soon.checked_sub(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(now);
    let starts = starts.strftime("%Y-%m-%dT%H:%M");
    text.replace(DASHES, &format!("{{length: {minutes}m, starts: \"{starts}\"}}"))
}

/// A promise of the sample company's.
struct Made {
    what: &'static str,
    why: &'static str,
    subject: &'static str,
    owner: &'static str,
    due: SignedDuration,
    done_when: DoneWhen,
    source: Source,
}

/// Promises what the company's people have on their minds.
pub(super) async fn make(app: &App) -> Result<(), Refusal> {
    let checkout = entity("check:storefront-checkout")?;
    let expired = entity("flag:loyalty-raindrops").ok().filter(|flag| app.world().flags.flag(flag).is_some());
    let mut all = vec![
        Made {
            what: "Write down what to do when the front page is slow",
            why: "Last time three people looked for the same answer.",
            subject: "component:storefront",
            owner: "user:ada.brolly",
            due: SignedDuration::from_mins(2),
            done_when: DoneWhen::Word,
            source: Source::ByHand,
        },
        Made {
            what: "Keep the checkout's check green",
            why: "Mainstay sees by itself whether it is: this closes when the check is up, and reopens when it goes down.",
            subject: "component:checkout",
            owner: "user:edda.hail",
            due: SignedDuration::from_hours(14 * 24),
            done_when: DoneWhen::CheckUp { check: checkout },
            source: Source::ByHand,
        },
    ];
    all.extend(expired.map(|flag| Made {
        what: "Take loyalty-raindrops out of the code",
        why: "It was to be gone by the end of September.",
        subject: "component:accounts",
        owner: "user:mina.rime",
        due: SignedDuration::from_hours(10 * 24),
        source: Source::Finding { key: format!("stale-flag {flag}") },
        done_when: DoneWhen::FlagGone { flag },
    }));
    for made in all {
        let owner = entity(made.owner)?;
        let actor = Actor::Person(owner.name().to_owned());
        let now = app.now();
        let promise = Promise {
            what: made.what.to_owned(),
            why: made.why.to_owned(),
            subject: entity(made.subject)?,
            owner,
            team: None,
            deadline: now.checked_add(made.due).unwrap_or(now),
            done_when: made.done_when,
            source: made.source,
        };
        let command = Command::Actions(ActionCommand::Promise { promise });
        app.submit(Request { command, actor, reason: None, id: None }).await?;
    }
    Ok(())
}

fn entity(name: &str) -> Result<EntityRef, Refusal> {
    name.parse().map_err(|error| Refusal::new(&codes::INTERNAL, format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sprints_of_the_example_are_hurried_and_begin_within_a_minute() {
        let file = include_str!("../../../../../examples/demo/org/cycles/catalog-info.yaml");
        let now: Timestamp = "2026-11-28T22:00:30Z".parse().unwrap();
        let hurried = hurried(file, 2, now);
        assert!(hurried.contains("{length: 2m, starts: \"2026-11-28T21:59\"}"), "{hurried}");
        assert!(super::hurried(file, 100, now).contains("{length: 1m,"));
        assert!(hurried.contains("{length: 2w, starts: 2026-01-05}"));
    }
}
