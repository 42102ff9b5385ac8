use kernel::codes;

use super::{Sim, implied, refused, rule, user};
use crate::{Channel, Command, Contacts, For, Method, MethodId, NewMethod, Reached, Rule, Urgency};

fn method(channel: Channel, verified: bool) -> NewMethod {
    NewMethod { channel, label: "...".to_owned(), secret: "jo/x".to_owned(), verified }
}

fn add(sim: &mut Sim, channel: Channel, verified: bool) {
    sim.ok(Command::AddMethod { person: user("jo"), method: method(channel, verified) });
}

fn ways(sim: &Sim, mail: bool, urgency: Urgency) -> Vec<(&'static str, u32)> {
    let mail: Option<Method> = mail.then(|| implied("jo"));
    let nothing = Contacts::default();
    let contacts = sim.state.contacts(&user("jo")).unwrap_or(&nothing);
    contacts.ways(mail.as_ref(), urgency).into_iter().map(|(method, after)| (method.channel.as_str(), after)).collect()
}

#[test]
fn without_rules_all_methods_are_used_at_once_and_the_catalogs_address_only_if_there_is_no_other() {
    let mut sim = Sim::new();
    assert_eq!(ways(&sim, false, Urgency::High), []);
    assert_eq!(ways(&sim, true, Urgency::High), [("email", 0)]);
    add(&mut sim, Channel::Ntfy, true);
    add(&mut sim, Channel::Voice, true);
    assert_eq!(ways(&sim, true, Urgency::High), [("ntfy", 0), ("voice", 0)]);
}

#[test]
fn a_method_that_is_not_verified_is_used_only_where_none_is() {
    let mut sim = Sim::new();
    add(&mut sim, Channel::Sms, false);
    assert_eq!(ways(&sim, true, Urgency::High), [("sms", 0), ("email", 0)]);
    add(&mut sim, Channel::Ntfy, true);
    assert_eq!(ways(&sim, true, Urgency::High), [("ntfy", 0)]);
    assert_eq!(sim.ok(Command::VerifyMethod { person: user("jo"), method: MethodId(1) }), 1);
    assert_eq!(sim.ok(Command::VerifyMethod { person: user("jo"), method: MethodId(1) }), 0, "it is already");
    assert_eq!(ways(&sim, true, Urgency::High), [("sms", 0), ("ntfy", 0)]);
}

#[test]
fn rules_say_when_and_for_which_urgency_and_where_none_applies_a_page_arrives_all_the_same() {
    let mut sim = Sim::new();
    add(&mut sim, Channel::Ntfy, true);
    add(&mut sim, Channel::Voice, true);
    let at = |method, after_minutes, urgency| Rule { method: MethodId(method), after_minutes, urgency };
    let rules = vec![at(1, 0, For::Both), at(2, 5, For::High)];
    sim.ok(Command::SetRules { person: user("jo"), rules: rules.clone() });
    assert_eq!(sim.ok(Command::SetRules { person: user("jo"), rules }), 0, "the same again");
    assert_eq!(ways(&sim, true, Urgency::High), [("ntfy", 0), ("voice", 5)]);
    assert_eq!(ways(&sim, true, Urgency::Low), [("ntfy", 0)]);
    sim.ok(Command::SetRules { person: user("jo"), rules: vec![at(2, 5, For::High)] });
    assert_eq!(ways(&sim, true, Urgency::Low), [("ntfy", 0), ("voice", 0)]);
}

#[test]
fn a_method_that_is_removed_takes_its_rules_with_it_and_its_id_is_not_given_again() {
    let mut sim = Sim::new();
    sim.contact("jo", &[(Channel::Ntfy, 0), (Channel::Sms, 5)]);
    sim.ok(Command::RemoveMethod { person: user("jo"), method: MethodId(2) });
    assert_eq!(sim.state.contacts(&user("jo")).unwrap().rules, [rule(1, 0)]);
    add(&mut sim, Channel::Voice, true);
    assert_eq!(sim.state.contacts(&user("jo")).unwrap().methods[1].id, MethodId(3));
    let gone = Command::RemoveMethod { person: user("jo"), method: MethodId(2) };
    refused(sim.give(gone), &codes::NOT_FOUND, "no contact method 2");
}

#[test]
fn contacts_are_bounded() {
    let mut sim = Sim::new();
    for _ in 0..20 {
        add(&mut sim, Channel::Email, true);
    }
    let more = Command::AddMethod { person: user("jo"), method: method(Channel::Email, true) };
    refused(sim.give(more), &codes::INVALID, "20 contact methods already");
    let rules = |count, after| Command::SetRules { person: user("jo"), rules: vec![rule(1, after); count] };
    refused(sim.give(rules(21, 0)), &codes::INVALID, "at most 20");
    refused(sim.give(rules(1, 1_441)), &codes::INVALID, "1440 minutes");
    let unknown = Command::SetRules { person: user("jo"), rules: vec![rule(21, 0)] };
    refused(sim.give(unknown), &codes::NOT_FOUND, "no contact method 21");
    let empty = NewMethod { label: " ".to_owned(), ..method(Channel::Sms, true) };
    refused(sim.give(Command::AddMethod { person: user("kim"), method: empty }), &codes::INVALID, "/label");
    let team = super::reference("group:money");
    let of_team = Command::AddMethod { person: team, method: method(Channel::Sms, true) };
    refused(sim.give(of_team), &codes::INVALID, "not a user");
}

#[test]
fn somebody_who_set_up_nothing_is_told_by_the_catalogs_address() {
    let mut sim = Sim::new();
    let page = sim.open("checkout is down");
    let people = vec![Reached { person: user("new"), implied: Some(implied("new")) }];
    sim.ok(Command::Reach { page, at: crate::Place::default(), people, unresolved: Vec::new() });
    let from = sim.now;
    sim.seconds(1);
    assert_eq!(sim.told(from), ["0s new email Page 1"]);
}
