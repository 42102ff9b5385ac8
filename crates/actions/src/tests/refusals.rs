use kernel::codes;

use super::*;

fn refused(result: Result<Vec<Event>, Refusal>, code: &str, field: Option<&str>, detail: &str) {
    let refusal = result.unwrap_err();
    assert_eq!((refusal.code.name, refusal.field.as_deref()), (code, field), "{refusal}");
    assert!(refusal.to_string().contains(detail), "{refusal}");
}

fn refused_promise(change: impl FnOnce(&mut Promise), field: &str, detail: &str) {
    let mut log = Log::new();
    log.town.holds.insert(DoneWhen::FlagGone { flag: reference("flag:old") }, true);
    let mut wrong = promise(green());
    change(&mut wrong);
    refused(log.give(Command::Promise { promise: wrong }), "invalid", Some(field), detail);
    assert!(log.events.is_empty());
}

#[test]
fn a_promise_that_nobody_can_keep_is_refused_with_its_field_and_a_way_out() {
    refused_promise(|wrong| wrong.what = "  ".to_owned(), "/what", "empty");
    refused_promise(|wrong| wrong.what = "x".repeat(201), "/what", "201 bytes");
    refused_promise(|wrong| wrong.what = "a\nb".to_owned(), "/what", "one line");
    refused_promise(|wrong| wrong.why = "x".repeat(5_001), "/why", "5001 bytes");
    refused_promise(|wrong| wrong.owner = reference("group:money"), "/owner", "not a person");
    refused_promise(|wrong| wrong.owner = reference("user:jon"), "/owner", "did you mean jo?");
    refused_promise(|wrong| wrong.owner = reference("user:max"), "/owner", "they left");
    refused_promise(|wrong| wrong.team = Some(reference("group:none")), "/team", "no group");
    refused_promise(|wrong| wrong.deadline = moment("2026-03-02T09:00:00Z"), "/deadline", "over already");
    refused_promise(|wrong| wrong.deadline = moment("2028-04-01T09:00:00Z"), "/deadline", "two years");
    let gone = DoneWhen::FlagGone { flag: reference("flag:old") };
    refused_promise(|wrong| wrong.done_when = gone, "/done_when", "is so already");
    let (shop, check) = (reference("component:shop"), reference("check:buy"));
    let kind = |done_when: DoneWhen, field: &str, detail: &str| {
        refused_promise(|wrong| wrong.done_when = done_when, field, detail);
    };
    kind(DoneWhen::CheckUp { check: shop.clone() }, "/done_when/check", "is no check");
    kind(DoneWhen::CheckExists { check: shop.clone() }, "/done_when/check", "is no check");
    kind(DoneWhen::FlagGone { flag: check.clone() }, "/done_when/flag", "is no flag");
    let verified = DoneWhen::ContractVerified { consumer: shop, provider: check };
    kind(verified, "/done_when/provider", "is no component");
    let lost = Source::PostMortem { incident: 8 };
    refused_promise(|wrong| wrong.source = lost, "/source/incident", "no post-mortem of incident 8");
    let key = |key: &str| Source::Finding { key: key.to_owned() };
    refused_promise(|wrong| wrong.source = key(" "), "/source/key", "1200");
}

#[test]
fn a_finding_is_promised_once_until_that_is_finished() {
    let mut log = Log::new();
    let finding = Source::Finding { key: "stale-flag flag:default/old".to_owned() };
    let first = log.promise(Promise { source: finding.clone(), ..promise(DoneWhen::Word) });
    let again = Promise { source: finding, ..promise(DoneWhen::Word) };
    let answer = log.give(Command::Promise { promise: again.clone() });
    refused(answer, "conflict", Some("/source/key"), "jo has promised to mend this finding already, by action 1");
    log.give(Command::Deprioritise { action: first, reason: "no".to_owned(), by: None }).unwrap();
    assert_eq!(log.promise(again), 2);
}

#[test]
fn a_word_needs_a_note_and_an_address_that_others_can_open() {
    let mut log = Log::new();
    let number = log.promise(promise(DoneWhen::Word));
    let mut say = |note: &str, link: &str, field: &str| {
        let command = Command::Done { action: number, note: note.to_owned(), link: link.to_owned() };
        refused(log.give(command), "invalid", Some(field), "");
    };
    say("", "https://example.com/", "/note");
    for link in ["", "http://example.com/", "https://", "https:///x", "https://a b", "javascript:alert(1)"] {
        say("done", link, "/link");
    }
    let link = "https://example.com/pull/4".to_owned();
    log.give(Command::Done { action: number, note: "merged".to_owned(), link }).unwrap();
    assert_eq!(log.word(number), "done");
}

#[test]
fn nobodys_word_closes_an_item_that_has_a_condition() {
    let mut log = Log::new();
    let number = log.promise(promise(green()));
    let done = || Command::Done { action: number, note: "done".to_owned(), link: "https://example.com/".to_owned() };
    refused(log.give(done()), "conflict", None, "nobody knows");
    log.town.holds.insert(green(), true);
    log.give(done()).unwrap();
    let ActionState::Done { evidence: Evidence::Seen { .. }, .. } = &log.action(number).state else { panic!() };
}

#[test]
fn a_program_must_say_who_decides_against_a_promise_and_mainstay_never_does() {
    let mut log = Log::new();
    let number = log.promise(promise(DoneWhen::Word));
    let against = |by: Option<&str>| Command::Deprioritise {
        action: number,
        reason: "the shop closes".to_owned(),
        by: by.map(reference),
    };
    log.actor = Actor::mainstay("actions");
    refused(log.give(against(None)), "forbidden", None, "only a person");
    log.actor = Actor::Token("ci".to_owned());
    refused(log.give(against(None)), "invalid", Some("/by"), "takes a person");
    refused(log.give(against(Some("user:max"))), "invalid", Some("/by"), "not in the catalog");
    log.actor = Actor::Person("jo".to_owned());
    refused(log.give(against(Some("user:max"))), "invalid", Some("/by"), "not in the catalog");
    // Whether somebody may hand in another's decision is decided where they come in.
    log.give(against(Some("user:kim"))).unwrap();
    let ActionState::Deprioritised { person, reason, .. } = &log.action(number).state else { panic!() };
    assert_eq!((person.as_ref().unwrap().name(), reason.as_str()), ("kim", "the shop closes"));
}

#[test]
fn a_decision_against_a_promise_needs_a_reason_even_when_it_is_escalated() {
    let mut log = Log::new();
    let number = log.promise(promise(DoneWhen::Word));
    log.pass(days(29));
    let against = |reason: &str| Command::Deprioritise { action: number, reason: reason.to_owned(), by: None };
    refused(log.give(against(" ")), "invalid", Some("/reason"), "empty");
    assert_eq!(log.word(number), "escalated");
    log.give(against("we stop selling")).unwrap();
    assert_eq!(log.word(number), "deprioritised");
}

#[test]
fn what_is_so_is_not_reopened_and_who_reopens_gets_no_more_time() {
    let mut log = Log::new();
    let number = log.promise(promise(green()));
    let reopen = || Command::Reopen { action: number, reason: "it was not so".to_owned() };
    log.observe(number, true);
    log.town.holds.insert(green(), true);
    refused(log.give(reopen()), "conflict", None, "and it is so: it is so");
    log.town.holds.clear();
    let clock = log.action(number).clock.clone();
    log.pass(days(20));
    log.give(reopen()).unwrap();
    assert_eq!((log.word(number), &log.action(number).clock), ("open", &clock));
    log.give(Command::Deprioritise { action: number, reason: "no".to_owned(), by: None }).unwrap();
    log.pass(days(20));
    log.give(reopen()).unwrap();
    log.tick();
    assert_eq!(log.word(number), "escalated");
}

#[test]
fn a_deadline_is_put_off_once_and_only_before_it_escalates() {
    let mut log = Log::new();
    let number = log.promise(promise(DoneWhen::Word));
    let later = |to: &str| Command::Postpone { action: number, deadline: moment(to), reason: "ill".to_owned() };
    refused(log.give(later("2026-03-10T09:00:00Z")), "invalid", Some("/deadline"), "not later");
    let escalates = log.action(number).clock.escalates;
    log.give(later("2026-03-20T09:00:00Z")).unwrap();
    assert_eq!(log.action(number).clock.escalates, escalates);
    refused(log.give(later("2026-03-25T09:00:00Z")), "conflict", None, "put off before");
    let second = log.promise(promise(DoneWhen::Word));
    log.pass(days(29));
    let command =
        Command::Postpone { action: second, deadline: moment("2026-05-01T09:00:00Z"), reason: "no".to_owned() };
    refused(log.give(command), "conflict", None, "escalated");
}

#[test]
fn what_there_is_not_can_not_be_done_and_what_is_finished_must_be_reopened_first() {
    let mut log = Log::new();
    let reassign = |action| Command::Reassign { action, owner: reference("user:kim") };
    assert_eq!(log.give(reassign(1)).unwrap_err().code, &codes::NOT_FOUND);
    let number = log.promise(promise(DoneWhen::Word));
    log.give(Command::Deprioritise { action: number, reason: "no".to_owned(), by: None }).unwrap();
    refused(log.give(reassign(number)), "conflict", None, "is deprioritised");
    log.give(Command::Reopen { action: number, reason: "yes".to_owned() }).unwrap();
    log.give(reassign(number)).unwrap();
    assert_eq!(log.state.of_owner(&reference("user:kim")).count(), 1);
    assert_eq!(log.state.of_owner(&reference("user:jo")).count(), 0);
    assert!(log.give(reassign(number)).unwrap().is_empty());
}
