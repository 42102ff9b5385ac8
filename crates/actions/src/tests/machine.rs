//! Whatever is asked in whatever order: nothing is lost, and an escalation ends by being done or decided against.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Promise(bool),
    Done,
    Deprioritise(bool),
    Reassign(bool),
    Postpone(i64),
    Reopen,
    Observe(bool),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => any::<bool>().prop_map(Step::Promise),
        2 => Just(Step::Done),
        1 => any::<bool>().prop_map(Step::Deprioritise),
        1 => any::<bool>().prop_map(Step::Reassign),
        1 => (1_i64..40).prop_map(Step::Postpone),
        1 => Just(Step::Reopen),
        3 => any::<bool>().prop_map(Step::Observe),
        4 => (1_i64..40).prop_map(Step::Pass),
    ]
}

fn command(step: &Step, action: u64, now: Timestamp) -> Option<Command> {
    let reason = "so it is".to_owned();
    let deadline = |days_ahead| now.checked_add(days(days_ahead)).unwrap();
    Some(match step {
        Step::Promise(by_word) => {
            let done_when = if *by_word { DoneWhen::Word } else { green() };
            Command::Promise { promise: Promise { deadline: deadline(10), ..promise(done_when) } }
        }
        Step::Done => Command::Done { action, note: reason, link: "https://example.com/".to_owned() },
        Step::Deprioritise(reasoned) => {
            let reason = if *reasoned { reason } else { String::new() };
            Command::Deprioritise { action, reason, by: None }
        }
        Step::Reassign(known) => {
            Command::Reassign { action, owner: reference(if *known { "user:kim" } else { "user:max" }) }
        }
        Step::Postpone(more) => Command::Postpone { action, deadline: deadline(*more), reason },
        Step::Reopen => Command::Reopen { action, reason },
        Step::Observe(_) | Step::Pass(_) => return None,
    })
}

/// What must hold of every event.
fn allowed(before: Option<&Action>, event: &Event) {
    let Some(before) = before else {
        assert!(matches!(event, Event::Promised { .. }));
        return;
    };
    let was_escalated = matches!(before.state, ActionState::Escalated { .. });
    match event {
        Event::Done { .. } => assert!(!before.is_finished()),
        Event::Deprioritised { reason, .. } => assert!(!before.is_finished() && !reason.is_empty()),
        Event::Reopened { clock, .. } => {
            assert!(before.is_finished());
            assert_eq!(clock.is_none(), before.escalation.is_some());
        }
        Event::Escalated { .. } => assert_eq!(before.state, ActionState::Open),
        Event::Postponed { .. } => assert!(before.state == ActionState::Open && before.postponed == 0),
        Event::Reminded { of, .. } => assert_eq!(*of == Reminder::StillEscalated, was_escalated),
        Event::Reassigned { .. } => assert!(!before.is_finished()),
        Event::CycleDefined { .. }
        | Event::CycleRemoved { .. }
        | Event::Digested { .. }
        | Event::Promised { .. }
        | Event::RetroOpened { .. }
        | Event::RetroSaid { .. }
        | Event::RetroTakenBack { .. }
        | Event::RetroVoted { .. }
        | Event::RetroClosed { .. } => panic!("{event:?}"),
    }
}

proptest! {
    #[test]
    fn an_escalated_item_ends_by_being_done_or_deprioritised_and_no_item_is_lost(
        steps in proptest::collection::vec((step(), 1_u64..5), 1..60),
    ) {
        let mut log = Log::new();
        log.town.calendar = Some(sprints());
        for (step, number) in steps {
            let before = log.state.clone();
            let first = log.events.len();
            match step {
                Step::Observe(_) if before.get(number).is_none() => {}
                Step::Observe(holds) => {
                    log.observe(number, holds);
                }
                Step::Pass(time) => {
                    log.pass(days(time));
                }
                Step::Promise(_)
                | Step::Done
                | Step::Deprioritise(_)
                | Step::Reassign(_)
                | Step::Postpone(_)
                | Step::Reopen => {
                    let _ = command(&step, number, log.now).map(|command| log.give(command));
                }
            }
            let done = log.events[first..].to_vec();
            if let [event] = done.as_slice() {
                allowed(event.number().and_then(|number| before.get(number)), event);
            }
            // What is reopened may be due at once.
            log.pass(days(0));
            for action in before.actions() {
                let after = log.action(action.number);
                let was_escalated = matches!(action.state, ActionState::Escalated { .. });
                prop_assert!(!was_escalated || after.state != ActionState::Open);
                prop_assert!(after.clock == action.clock || done.iter().any(|event| event.kind() == "actions.reopened"));
                // What waits has its next time, and none of it is in the past.
                prop_assert_eq!(after.is_finished(), after.next_due().is_none());
                prop_assert!(after.next_due().is_none_or(|(at, _)| at > log.now));
            }
            let promised = log.events.iter().filter(|event| event.kind() == "actions.promised").count();
            prop_assert_eq!(log.state.actions().count(), promised);
            let unfinished = log.state.actions().filter(|action| !action.is_finished()).count();
            prop_assert_eq!(log.state.unfinished_count(), unfinished);
            for person in ["user:jo", "user:kim", "user:lee"].map(reference) {
                let theirs = log.state.unfinished().filter(|action| action.concerns(&person));
                prop_assert!(log.state.concerning(&person).eq(theirs));
            }
            let watched = log.state.actions().filter(|action| action.is_watched()).count();
            prop_assert_eq!(log.state.watching(&reference("check:buy")).count(), watched);
        }
        // What was folded can be read back as it was written, and read as a snapshot.
        let written = rmp_serde::to_vec_named(&log.state).unwrap();
        prop_assert_eq!(rmp_serde::from_slice::<State>(&written).unwrap(), log.state);
    }
}
