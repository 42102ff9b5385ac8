//! From what was learnt to what is promised.

use kernel::{Sha256, codes};
use postmortems::{About, Command as Wish, DoneWhen, Item, Opinion};

use super::{Actor, Command, Refusal, Town, all_kinds as kinds};

const KIM: &str = "
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: kim}
spec: {memberOf: []}
";

fn wish(wish: Wish) -> Command {
    Command::Postmortems(wish)
}

/// A town with an incident that is over, and a draft that promises one thing and is approved.
fn drafted(done_when: DoneWhen) -> Town {
    let mut town = Town::new();
    town.apply(&format!("{}{KIM}", super::FILES));
    town.report(Some("500"), 1);
    town.report(Some("500"), 2);
    town.give(wish(start())).unwrap_err();
    town.report(None, 1);
    town.report(None, 2);
    town.give(wish(start())).unwrap();
    let deadline = town.now() + jiff::SignedDuration::from_hours(24 * 14);
    let item = Item { what: "retry less".to_owned(), owner: "user:kim".parse().unwrap(), deadline, done_when };
    town.give(wish(edit(item))).unwrap();
    let by = Some("user:kim".parse().unwrap());
    let review = Wish::Review { incident: 1, revision: 2, by, opinion: Opinion::Approved, note: String::new() };
    // Whoever wrote it is somebody else than who reviews it.
    assert_eq!(town.give(wish(review.clone())).unwrap_err().code, &codes::FORBIDDEN);
    town.actor = Actor::Token("ci".to_owned());
    town.give(wish(review)).unwrap();
    town
}

fn start() -> Wish {
    // Whatever is said to be broken, the incident knows.
    let about = About { incident: 1, entity: "component:other".parse().unwrap() };
    Wish::Start { about, title: "shop was down".to_owned(), text: Sha256::of(b"x"), bytes: 1 }
}

fn edit(item: Item) -> Wish {
    let (title, text) = ("shop was down".to_owned(), Sha256::of(b"y"));
    Wish::Edit { incident: 1, base: 1, title, text, bytes: 1, items: vec![item] }
}

fn publish(town: &mut Town) -> Result<Vec<&'static str>, Refusal> {
    town.give(wish(Wish::Publish { incident: 1, revision: 2 })).map(|recorded| kinds(&recorded))
}

#[test]
fn what_is_published_is_promised_in_the_same_append() {
    let mut town = drafted(DoneWhen::Word { words: "the load test shows it".to_owned() });
    assert_eq!(publish(&mut town).unwrap(), ["postmortems.published", "actions.promised"]);
    let source = ::actions::Source::PostMortem { incident: 1 };
    let action = town.world.actions.of_source(&source).next().unwrap();
    assert_eq!((action.promise.subject.short(), action.promise.owner.short()), ("shop", "kim"));
    assert!(action.promise.why.contains("the load test shows it"), "{}", action.promise.why);
    assert_eq!(publish(&mut town).unwrap(), [""; 0], "once");
}

#[test]
fn nobody_approves_under_another_name_what_they_wrote_under_their_accounts() {
    let mut town = drafted(DoneWhen::Word { words: "the load test shows it".to_owned() });
    let create = access::Command::CreateUser {
        user: kernel::UserId::from_bytes([4; 16]),
        name: "kpark".to_owned(),
        role: access::Role::Editor,
        person: Some("user:kim".parse().unwrap()),
    };
    town.give(Command::Access(create)).unwrap();
    town.actor = Actor::Person("kpark".to_owned());
    let (title, text, bytes) = ("shop was down".to_owned(), Sha256::of(b"z"), 1);
    let items = town.world.postmortems.get(1).unwrap().items.clone();
    town.give(wish(Wish::Edit { incident: 1, base: 2, title, text, bytes, items })).unwrap();
    town.actor = Actor::Token("other".to_owned());
    let by: Option<kernel::EntityRef> = Some("user:kim".parse().unwrap());
    let named = by.clone();
    let review = Wish::Review { incident: 1, revision: 3, by, opinion: Opinion::Approved, note: String::new() };
    assert_eq!(town.give(wish(review)).unwrap_err().code, &codes::FORBIDDEN);
    // Who left the catalog and still signs in speaks for themself.
    town.apply(super::FILES);
    let note = "why now?".to_owned();
    let wants = Wish::Review { incident: 1, revision: 3, by: named, opinion: Opinion::ChangesWanted, note };
    assert_eq!(town.give(wish(wants.clone())).unwrap_err().field.as_deref(), Some("by"), "a program can't name them");
    town.actor = Actor::Person("kpark".to_owned());
    town.give(wish(wants)).unwrap();
}

#[test]
fn what_was_promised_does_not_keep_words_from_being_corrected_after_its_owner_left() {
    let mut town = drafted(DoneWhen::Word { words: "the load test shows it".to_owned() });
    publish(&mut town).unwrap();
    town.apply(super::FILES);
    let items = town.world.postmortems.get(1).unwrap().items.clone();
    let (title, text) = ("shop was down".to_owned(), Sha256::of(b"z"));
    town.give(wish(Wish::Edit { incident: 1, base: 2, title, text, bytes: 1, items })).unwrap();
}

#[test]
fn an_owner_who_left_and_what_is_so_already_are_refused_by_the_item_that_is_wrong() {
    let mut town = drafted(DoneWhen::Word { words: "the load test shows it".to_owned() });
    town.apply(super::FILES);
    let refusal = publish(&mut town).unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::INVALID, Some("items/0/owner")), "{refusal}");
    let held = town.world.postmortems.get(1).unwrap();
    let missing = crate::postmortem::missing(&town.world, held, town.now());
    assert_eq!(missing.iter().map(|refusal| refusal.field.as_deref()).collect::<Vec<_>>(), [Some("items/0/owner")]);
    assert_eq!(held.items.len(), 1, "nothing is lost");

    let mut town = drafted(DoneWhen::CheckUp { check: "check:default/buy".parse().unwrap() });
    let refusal = publish(&mut town).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("items/0/done_when"), "{refusal}");
}
