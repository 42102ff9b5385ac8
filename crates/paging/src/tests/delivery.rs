use serde_json::json;

use super::{Sim, failing, gave_up, policy, user};
use crate::{Channel, Command, MethodId, NoticeState, Outcome, Status, Urgency, explain};

#[test]
fn the_first_failure_brings_the_next_rule_forward_while_the_first_is_tried_again() {
    let mut sim = Sim::new();
    sim.on_call(&["jo"]);
    sim.contact("jo", &[(Channel::Ntfy, 0), (Channel::Sms, 3), (Channel::Voice, 4)]);
    let page = sim.open("checkout is down");
    let from = sim.now;
    sim.seconds(10);
    let first = sim.last_effect();
    sim.deliver(first, failing());
    sim.seconds(20);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 1", "10s jo sms Page 1"]);
    // A second failure of the same message changes nothing more.
    sim.deliver(first, failing());
    sim.seconds(60);
    assert_eq!(sim.told(from), [""; 0]);
    let words = explain(sim.page(page), sim.now).join("\n");
    assert!(words.contains("jo could not be told by ntfy yet, which is tried again (no answer)"), "{words}");
    sim.deliver(first, Outcome::Sent);
    assert_eq!(sim.deliver(first, Outcome::Sent), 0, "told twice");
    assert!(sim.state.message(first).is_none());
    assert!(sim.page(page).notices.values().any(|notice| matches!(notice.state, NoticeState::Sent { .. })));
    sim.minutes(4);
    assert_eq!(sim.told(from)[0], "240s jo voice Page 1");
}

#[test]
fn a_step_of_which_all_has_failed_for_good_is_passed_at_once() {
    let mut sim = Sim::new();
    sim.on_call(&["jo", "lee"]);
    sim.contact("jo", &[(Channel::Ntfy, 0), (Channel::Sms, 3)]);
    sim.contact("lee", &[(Channel::Ntfy, 0)]);
    sim.contact("kim", &[(Channel::Email, 0)]);
    let spec = json!({"steps": [{"notify": ["owner"], "after": "1h"}, {"notify": ["user:kim"], "after": "1h"}]});
    sim.ok(Command::DefinePolicy { definition: policy("p", &spec) });
    let page = sim.open_by(Some("p"), Urgency::High, "checkout is down");
    let from = sim.now;
    sim.settle();
    for (_, message) in sim.sent.clone() {
        sim.deliver(message.effect, gave_up());
    }
    sim.seconds(10);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 1", "0s lee ntfy Page 1", "0s jo sms Page 1"]);
    let sms = sim.state.messages().last().unwrap().effect;
    sim.deliver(sms, gave_up());
    sim.seconds(10);
    assert_eq!(sim.told(from), ["10s kim email Page 1"]);
    assert!(sim.log(page).contains("nobody of this step can be told"));
}

#[test]
fn a_step_of_which_somebody_was_told_waits_for_them() {
    let mut sim = Sim::new();
    sim.on_call(&["jo", "lee"]);
    sim.contact("jo", &[(Channel::Ntfy, 0)]);
    sim.contact("lee", &[(Channel::Ntfy, 0)]);
    let page = sim.open("checkout is down");
    sim.settle();
    let (jo, lee) = (sim.sent[0].1.effect, sim.sent[1].1.effect);
    sim.deliver(jo, Outcome::Sent);
    sim.deliver(lee, gave_up());
    assert_eq!(sim.page(page).next_at, Some(sim.now + jiff::SignedDuration::from_mins(5)));
}

#[test]
fn who_was_not_reached_gets_no_follow_up() {
    let mut sim = Sim::with_jo();
    let page = sim.open("checkout is down");
    let from = sim.now;
    sim.minutes(4);
    let ntfy = sim.sent[0].1.effect;
    sim.deliver(ntfy, gave_up());
    sim.told(from);
    sim.acknowledge(page);
    sim.minutes(2);
    assert_eq!(sim.told(from), ["240s jo sms FollowUp 1"]);
}

#[test]
fn a_removed_method_falls_through_when_it_can_not_be_used() {
    let mut sim = Sim::with_jo();
    let page = sim.open("checkout is down");
    let from = sim.now;
    sim.ok(Command::Escalate { page });
    sim.settle();
    sim.ok(Command::RemoveMethod { person: user("jo"), method: MethodId(2) });
    let ntfy = sim.last_effect();
    sim.deliver(ntfy, gave_up());
    sim.seconds(1);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 1", "0s jo sms Page 1"]);
    let sms = sim.state.messages().last().unwrap().effect;
    sim.deliver(sms, gave_up());
    sim.seconds(1);
    // Jo is still on call: the step after it tells them by what is left.
    assert_eq!(sim.page(page).run, 2);
}

#[test]
fn a_report_about_a_page_that_ended_meanwhile_changes_nothing_of_it() {
    let mut sim = Sim::with_jo();
    let page = sim.open("checkout is down");
    sim.settle();
    let effect = sim.last_effect();
    sim.acknowledge(page);
    sim.deliver(effect, gave_up());
    assert!(matches!(sim.page(page).status, Status::Acknowledged { .. }));
    assert_eq!(sim.page(page).next_at, None);
}

#[test]
fn a_message_that_is_tried_again_says_nothing_of_pages_that_ended_and_is_dropped_if_none_is_left() {
    let mut sim = Sim::with_jo();
    let pages = [sim.open("one"), sim.open("two")];
    sim.seconds(1);
    let effect = sim.last_effect();
    let left = |sim: &Sim| sim.state.lines(sim.state.message(effect).unwrap()).len();
    assert_eq!(left(&sim), 2);
    sim.acknowledge(pages[0]);
    assert_eq!(left(&sim), 1);
    let mut early = Sim::with_jo();
    let page = early.open("one");
    early.settle();
    let still_needed = early.last_effect();
    early.deliver(still_needed, Outcome::Dropped);
    early.settle();
    assert!(early.log(page).contains("failed for good: it was dropped"), "and the next rule is due");
    assert_eq!(early.sent.len(), 2);

    sim.acknowledge(pages[1]);
    assert_eq!(left(&sim), 0);
    assert_eq!(sim.deliver(effect, Outcome::Dropped), 1);
    assert!(sim.state.message(effect).is_none());
    assert!(sim.page(pages[0]).log.iter().all(|entry| !entry.loud));
}

#[test]
fn an_alarm_that_fails_is_tried_by_everything_else_that_the_person_has() {
    let mut sim = Sim::new();
    sim.on_call(&["jo"]);
    sim.contact("jo", &[(Channel::Ntfy, 0), (Channel::Voice, 30), (Channel::Email, 30)]);
    let spec = json!({"steps": [{"notify": ["owner"], "after": "10m"}]});
    sim.ok(Command::DefinePolicy { definition: policy("p", &spec) });
    sim.open_by(Some("p"), Urgency::High, "checkout is down");
    let from = sim.now;
    sim.minutes(11);
    let alarm = sim.last_effect();
    sim.deliver(alarm, failing());
    sim.deliver(alarm, failing());
    sim.minutes(60);
    assert_eq!(
        sim.told(from),
        ["0s jo ntfy Page 1", "600s jo ntfy Alarm 1", "660s jo email Alarm 1", "660s jo voice Alarm 1"]
    );
}
