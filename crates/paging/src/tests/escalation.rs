use kernel::{Actor, codes};
use serde_json::json;

use super::{Sim, gave_up, policy, reference, refused, user};
use crate::{Channel, Closing, Command, Reached, Status, Target, Urgency, Via, explain};

#[test]
fn an_unacknowledged_page_escalates_after_its_timeout() {
    let mut sim = Sim::with_jo();
    sim.who.insert(Target::Team(reference("group:money")), vec![user("jo"), user("kim")]);
    sim.contact("kim", &[(Channel::Ntfy, 0)]);
    let page = sim.open("checkout is down");
    let from = sim.now;
    sim.minutes(9);
    assert_eq!(
        sim.told(from),
        [
            "0s jo ntfy Page 1",
            "180s jo sms Page 1",
            "300s jo ntfy Page 1",
            "300s kim ntfy Page 1",
            "480s jo sms Page 1"
        ]
    );
    assert_eq!(sim.page(page).status, Status::Open);
    assert!(explain(sim.page(page), sim.now).iter().any(|words| words.contains("If nobody answers, it tells")));
}

#[test]
fn who_acknowledges_stops_it_and_those_who_were_told_hear_of_it_but_not_by_voice() {
    let mut sim = Sim::new();
    sim.on_call(&["jo", "kim", "lee"]);
    sim.contact("jo", &[(Channel::Ntfy, 0), (Channel::Voice, 1), (Channel::Sms, 30)]);
    sim.contact("kim", &[(Channel::Ntfy, 0)]);
    sim.contact("lee", &[(Channel::Ntfy, 30)]);
    let page = sim.open("checkout is down");
    let from = sim.now;
    sim.minutes(2);
    sim.told(from);
    sim.acknowledge(page);
    sim.minutes(600);
    // Kim acknowledged, and lee wasn't told at all.
    assert_eq!(sim.told(from), ["120s jo ntfy FollowUp 1"]);
    let Status::Acknowledged { by, via, .. } = &sim.page(page).status else { panic!("not acknowledged") };
    assert_eq!((by, via), (&Actor::Person("kim".to_owned()), &Via::ByHand));
    assert_eq!(sim.state.next_due(), None);
    assert_eq!(sim.ok(Command::Acknowledge { page, via: Via::ByHand }), 0, "said twice");
}

#[test]
fn an_answer_to_a_message_acknowledges_as_the_person_who_got_it() {
    let mut sim = Sim::with_jo();
    let page = sim.open("checkout is down");
    let via = |name: &str| Via::Notice { person: user(name), channel: Channel::Ntfy };
    sim.seconds(1);
    refused(sim.give(Command::Acknowledge { page, via: via("kim") }), &codes::INVALID, "was not told");
    sim.ok(Command::Acknowledge { page, via: via("jo") });
    let Status::Acknowledged { by, .. } = &sim.page(page).status else { panic!("not acknowledged") };
    assert_eq!(*by, Actor::Person("jo".to_owned()));
}

#[test]
fn one_answer_acknowledges_all_pages_that_somebody_was_told_of() {
    let mut sim = Sim::with_jo();
    let pages = [sim.open("one"), sim.open("two"), sim.open("three")];
    sim.seconds(1);
    let later = sim.open("not told yet");
    assert_eq!(sim.ok(Command::AcknowledgeAll { person: user("jo"), channel: Channel::Sms }), 3);
    assert!(pages.iter().all(|page| matches!(sim.page(*page).status, Status::Acknowledged { .. })));
    assert_eq!(sim.page(later).status, Status::Open);
}

#[test]
fn a_page_that_nobody_answers_ends_in_an_alarm_and_stays_until_somebody_does() {
    let mut sim = Sim::with_jo();
    sim.contact("kim", &[(Channel::Voice, 0)]);
    let spec = json!({"steps": [{"notify": ["owner"], "after": "10m"}, {"notify": ["user:kim"], "after": "10m"}]});
    sim.ok(Command::DefinePolicy { definition: policy("p", &spec) });
    let page = sim.open_by(Some("p"), Urgency::High, "checkout is down");
    let from = sim.now;
    sim.minutes(15);
    sim.told(from);
    sim.minutes(600);
    assert_eq!(sim.told(from), ["1200s jo ntfy Alarm 1", "1200s jo sms Alarm 1", "1200s kim voice Alarm 1"]);
    assert_eq!(sim.state.exhausted().map(crate::Page::id).collect::<Vec<_>>(), [page]);
    assert_eq!(sim.state.unfinished_count(), 1);
    refused(sim.give(Command::Escalate { page }), &codes::CONFLICT, "unanswered");
    sim.acknowledge(page);
    assert_eq!((sim.state.unfinished_count(), sim.state.exhausted().count()), (0, 0));
    sim.minutes(2);
    assert_eq!(sim.told(from), ["36900s jo ntfy FollowUp 1", "36900s jo sms FollowUp 1"]);
}

#[test]
fn an_incident_that_ends_closes_its_page_and_drops_what_waits() {
    let mut sim = Sim::with_jo();
    let page = sim.open("checkout is down");
    let from = sim.now;
    sim.minutes(1);
    assert_eq!(sim.ok(Command::EndIncident { incident: super::incident(1) }), 1);
    assert_eq!(sim.ok(Command::EndIncident { incident: super::incident(1) }), 0, "it is over already");
    sim.minutes(60);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 1", "60s jo ntfy FollowUp 1"]);
    let Status::Closed { why, .. } = sim.page(page).status else { panic!("not closed") };
    assert_eq!(why, Closing::IncidentEnded);
    refused(sim.give(Command::Acknowledge { page, via: Via::ByHand }), &codes::CONFLICT, "closed");
    assert_eq!(sim.ok(Command::Close { page }), 0);
}

#[test]
fn a_page_that_ends_before_the_first_notice_tells_nobody_anything() {
    let mut sim = Sim::with_jo();
    let page = sim.open("checkout is down");
    let from = sim.now;
    assert_eq!(sim.ok(Command::Close { page }), 1);
    sim.minutes(60);
    assert_eq!(sim.told(from), [""; 0]);
}

#[test]
fn a_rule_with_a_long_wait_is_not_put_off_by_the_steps() {
    let mut sim = Sim::new();
    sim.on_call(&["jo"]);
    sim.contact("jo", &[(Channel::Ntfy, 0), (Channel::Voice, 12)]);
    sim.open("checkout is down");
    let from = sim.now;
    sim.minutes(16);
    assert!(sim.told(from).contains(&"720s jo voice Page 1".to_owned()));
}

#[test]
fn a_step_that_reaches_nobody_is_passed_at_once_and_says_so_loudly() {
    let mut sim = Sim::new();
    sim.contact("kim", &[(Channel::Sms, 0)]);
    let spec = json!({
        "steps": [{"notify": ["owner"], "after": "1h"}, {"notify": ["user:left", "user:kim"], "after": "1h"}],
        "repeat": 1,
    });
    sim.ok(Command::DefinePolicy { definition: policy("p", &spec) });
    let page = sim.open_by(Some("p"), Urgency::High, "checkout is down");
    let from = sim.now;
    sim.seconds(1);
    assert_eq!(sim.told(from), ["0s kim sms Page 1"]);
    let loud: Vec<_> = sim.page(page).log.iter().filter(|entry| entry.loud).map(|entry| entry.words.clone()).collect();
    assert_eq!(
        loud,
        [
            "step 1 of 2 in round 1 of 2 of p tells nobody",
            "nobody is there for whoever is on call for the owner",
            "nobody can be reached by step 1 of 2 in round 1 of 2 of p",
            "left can't be reached: there is no contact method",
        ]
    );
}

#[test]
fn a_page_that_can_reach_nobody_at_all_is_an_alarm_at_once() {
    let mut sim = Sim::new();
    let page = sim.open("checkout is down");
    sim.settle();
    assert!(matches!(sim.page(page).status, Status::Exhausted { .. }));
    // Two steps once: repeating them at the same moment would find nobody either.
    let reached = sim.events.iter().filter(|(event, _)| event.kind() == "paging.reached").count();
    assert_eq!(reached, 2);
    let words = explain(sim.page(page), sim.now).join("\n");
    assert!(words.contains("It has not reached anybody."), "{words}");
    assert!(words.contains("nobody is there for"), "{words}");
}

#[test]
fn a_page_of_low_urgency_waits_for_the_hours_with_all_its_steps() {
    let mut sim = Sim::with_jo();
    let spec = json!({
        "steps": [{"notify": ["owner"], "after": "1h"}, {"notify": ["user:kim"], "after": "1h"}],
        "low_urgency": {"time_zone": "Europe/Berlin", "from": "09:00", "to": "09:30", "days": ["thursday", "friday"]},
    });
    sim.contact("kim", &[(Channel::Email, 0)]);
    sim.ok(Command::DefinePolicy { definition: policy("p", &spec) });
    let page = sim.open_by(Some("p"), Urgency::Low, "the disk fills");
    let words = explain(sim.page(page), sim.now).join("\n");
    assert!(words.contains("It waits for the hours of its policy: at 2026-06-04 07:00:00 UTC"), "{words}");
    sim.minutes(21 * 60 + 10);
    // 09:00 on Thursday; the second step would be at 10:00, and waits for Friday.
    assert_eq!(sim.told(super::moment("2026-06-04T07:00:00Z")), ["0s jo ntfy Page 1", "180s jo sms Page 1"]);
    sim.minutes(24 * 60);
    assert_eq!(sim.told(super::moment("2026-06-05T07:00:00Z")), ["0s kim email Page 1"]);
    // A page of high urgency doesn't wait.
    sim.open_by(Some("p"), Urgency::High, "checkout is down");
    let from = sim.now;
    sim.seconds(1);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 1"]);
}

#[test]
fn escalating_by_hand_takes_the_next_step_at_once_and_ends_the_wait_for_hours() {
    let mut sim = Sim::with_jo();
    let spec = json!({
        "steps": [{"notify": ["owner"], "after": "1h"}, {"notify": ["user:kim"], "after": "1h"}], "urgency": "low",
        "low_urgency": {"time_zone": "Europe/Berlin", "from": "09:00", "to": "09:30", "days": ["monday"]},
    });
    sim.contact("kim", &[(Channel::Email, 0)]);
    sim.ok(Command::DefinePolicy { definition: policy("p", &spec) });
    let page = sim.open_by(Some("p"), Urgency::High, "the policy says low");
    let from = sim.now;
    sim.minutes(60);
    assert_eq!(sim.told(from), [""; 0]);
    assert_eq!(sim.ok(Command::Escalate { page }), 1);
    assert_eq!(sim.ok(Command::Escalate { page }), 0, "it is due already");
    sim.minutes(5);
    assert_eq!(sim.told(from), ["3600s jo ntfy Page 1", "3780s jo sms Page 1"]);
    assert_eq!(sim.ok(Command::Escalate { page }), 1);
    sim.minutes(5);
    assert_eq!(sim.told(from), ["3900s kim email Page 1"]);
}

#[test]
fn a_page_goes_on_with_the_policy_as_it_was() {
    let mut sim = Sim::with_jo();
    let spec = json!({"steps": [{"notify": ["owner"], "after": "10m"}, {"notify": ["user:kim"], "after": "10m"}]});
    sim.contact("kim", &[(Channel::Email, 0)]);
    sim.ok(Command::DefinePolicy { definition: policy("p", &spec) });
    sim.open_by(Some("p"), Urgency::High, "checkout is down");
    sim.ok(Command::RemovePolicy { policy: reference("escalationpolicy:p") });
    let from = sim.now;
    sim.minutes(11);
    assert!(sim.told(from).contains(&"600s kim email Page 1".to_owned()));
    // A page by a policy that isn't there is told as if there were none.
    let page = sim.open_by(Some("p"), Urgency::High, "it is gone");
    assert!(sim.log(page).contains("there is no policy p: the default one is used instead"));
}

#[test]
fn a_page_given_to_another_policy_begins_there_and_leaves_the_others_alone() {
    let mut sim = Sim::with_jo();
    let spec = json!({"steps": [{"notify": ["user:kim"], "after": "10m"}]});
    sim.contact("kim", &[(Channel::Email, 0)]);
    sim.ok(Command::DefinePolicy { definition: policy("p", &spec) });
    let page = sim.open("checkout is down");
    let from = sim.now;
    sim.minutes(1);
    let policy = reference("escalationpolicy:p");
    sim.ok(Command::Reassign { page, policy: policy.clone() });
    refused(sim.give(Command::Reassign { page, policy }), &codes::CONFLICT, "already");
    let unknown = reference("escalationpolicy:q");
    refused(sim.give(Command::Reassign { page, policy: unknown }), &codes::NOT_FOUND, "no policy q");
    sim.minutes(8);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 1", "60s kim email Page 1"]);
    assert_eq!(sim.state.escalating(Some(&reference("group:money")), None).count(), 0);
}

#[test]
fn everybody_is_told_again_by_what_they_were_told_by() {
    let mut sim = Sim::with_jo();
    let page = sim.open("checkout is down");
    refused(sim.give(Command::Renotify { page }), &codes::CONFLICT, "has not reached anybody");
    let from = sim.now;
    sim.minutes(1);
    sim.ok(Command::Renotify { page });
    sim.ok(Command::Renotify { page });
    sim.seconds(100);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 1", "60s jo ntfy Page 1"]);
}

#[test]
fn an_alarm_goes_to_all_methods_of_those_whom_nothing_has_reached() {
    let mut sim = Sim::with_jo();
    let spec = json!({"steps": [{"notify": ["owner"], "after": "10m"}]});
    sim.ok(Command::DefinePolicy { definition: policy("p", &spec) });
    sim.open_by(Some("p"), Urgency::High, "checkout is down");
    let from = sim.now;
    sim.settle();
    for _ in 0..2 {
        let effect = sim.last_effect();
        sim.deliver(effect, gave_up());
        sim.settle();
    }
    sim.minutes(2);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 1", "0s jo sms Page 1", "2s jo ntfy Alarm 1", "60s jo sms Alarm 1"]);
}

#[test]
fn a_step_that_was_answered_by_others_meanwhile_reaches_nobody_late() {
    let mut sim = Sim::with_jo();
    let page = sim.open("checkout is down");
    let stale = |page| Command::Reach {
        page,
        at: crate::Place::default(),
        people: vec![Reached { person: user("jo"), implied: None }],
        unresolved: Vec::new(),
    };
    sim.settle();
    assert_eq!(sim.ok(stale(page)), 0, "the step was reached already");
    sim.acknowledge(page);
    assert_eq!(sim.ok(stale(page)), 0, "it was answered");
}
