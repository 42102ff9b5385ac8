mod golden;

use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Context, EntityRef, EventId, IdSeed, Refusal, Sha256, Stamp, codes};
use proptest::prelude::*;

use super::*;

/// A timeline of post-mortems alone.
struct Desk {
    state: State,
    now: Timestamp,
    position: u64,
}

fn about(incident: u64) -> About {
    About { incident, entity: "component:shop".parse().unwrap() }
}

fn item(what: &str, days: i64) -> Item {
    let deadline = Timestamp::from_second(1_790_000_000).unwrap() + SignedDuration::from_hours(24 * days);
    let done_when = DoneWhen::Word { words: "the load test shows it".to_owned() };
    Item { what: what.to_owned(), owner: "user:kim".parse().unwrap(), deadline, done_when }
}

/// Of the accounts, two are known to be one person's of another name; `kim` and the others are the catalog's or nobody's.
fn person_of(account: &str) -> Option<EntityRef> {
    matches!(account, "root" | "p.quill").then(|| "user:quill".parse().unwrap())
}

impl Desk {
    fn new() -> Self {
        let mut desk =
            Self { state: State::default(), now: Timestamp::from_second(1_790_000_000).unwrap(), position: 0 };
        let text = Sha256::of(b"draft");
        let start = Command::Start { about: about(7), title: "nobody can pay".to_owned(), text, bytes: 5 };
        assert_eq!(desk.does("kim", start), ["started"]);
        desk
    }

    fn try_do(&mut self, actor: Actor, command: Command) -> Result<Vec<Event>, Refusal> {
        let context = Context::new(self.now, actor, IdSeed(u128::from(self.position) + 1));
        let events = decide(&self.state, command, &context, &person_of)?;
        for event in &events {
            self.position += 1;
            let stamp = Stamp {
                position: self.position,
                event: EventId::from_bytes(u128::from(self.position).to_be_bytes()),
                command: context.command,
                at: self.now,
                actor: context.actor.clone(),
                reason: None,
            };
            self.state.fold(event, &stamp);
        }
        Ok(events)
    }

    fn does(&mut self, name: &str, command: Command) -> Vec<&'static str> {
        let events = self.try_do(Actor::Person(name.to_owned()), command).unwrap();
        events.iter().map(|event| event.kind().trim_start_matches("postmortems.")).collect()
    }

    fn refused(&mut self, name: &str, command: Command) -> Refusal {
        self.try_do(Actor::Person(name.to_owned()), command).unwrap_err()
    }

    fn held(&self) -> &PostMortem {
        self.state.get(7).unwrap()
    }

    fn edit(&self, items: Vec<Item>) -> Command {
        let (title, text) = ("nobody can pay".to_owned(), Sha256::of(&self.held().revision.to_be_bytes()));
        Command::Edit { incident: 7, base: self.held().revision, title, text, bytes: 4, items }
    }

    fn review(&self, opinion: Opinion) -> Command {
        let note = "see the second part".to_owned();
        Command::Review { incident: 7, revision: self.held().revision, by: None, opinion, note }
    }

    fn publish(&self) -> Command {
        Command::Publish { incident: 7, revision: self.held().revision }
    }
}

#[test]
fn it_is_written_reviewed_published_and_corrected_by_another_edition() {
    let mut desk = Desk::new();
    let edit = desk.edit(vec![item("turn retries down", 14)]);
    assert_eq!(desk.does("kim", edit), ["edited"]);
    assert_eq!(desk.does("kim", Command::AskReview { incident: 7, reviewers: vec![] }), ["review_asked"]);
    assert_eq!(desk.held().stage(), Stage::InReview);
    let wanted = desk.review(Opinion::ChangesWanted);
    assert_eq!(desk.does("lee", wanted), ["reviewed"]);
    assert_eq!(desk.held().stage(), Stage::ChangesWanted);
    let edit = desk.edit(vec![item("turn retries down", 14)]);
    desk.does("kim", edit);
    assert_eq!(desk.held().stage(), Stage::Draft, "what was said before is of another revision");
    let approved = desk.review(Opinion::Approved);
    desk.does("lee", approved);
    let publish = desk.publish();
    let events = desk.try_do(Actor::Person("kim".to_owned()), publish.clone()).unwrap();
    assert!(matches!(&events[0], Event::Published { edition: 1, promised, .. } if promised.len() == 1));
    assert_eq!((desk.does("kim", publish), desk.held().stage()), (vec![], Stage::Published));

    let first = desk.held().newest().unwrap().text;
    let edit = desk.edit(vec![item("turn retries down", 14)]);
    desk.does("max", edit);
    let approved = desk.review(Opinion::Approved);
    desk.does("lee", approved);
    let publish = desk.publish();
    let events = desk.try_do(Actor::Person("max".to_owned()), publish).unwrap();
    assert!(matches!(&events[0], Event::Published { edition: 2, promised, .. } if promised.is_empty()));
    assert_eq!(desk.held().editions[0].text, first, "what was published stays");
}

#[test]
fn nothing_is_published_without_one_to_three_promises_of_persons_with_deadlines_to_come() {
    let mut desk = Desk::new();
    let approved = desk.review(Opinion::Approved);
    desk.does("lee", approved);
    let publish = desk.publish();
    assert_eq!(desk.refused("kim", publish).field.as_deref(), Some("items"));
    let four: Vec<Item> = (0..4).map(|at| item(&at.to_string(), 14)).collect();
    let edit = desk.edit(four);
    let refusal = desk.refused("kim", edit);
    assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::INVALID, Some("items")));
    let team = Item { owner: "group:money".parse().unwrap(), ..item("x", 14) };
    let mute = Item { done_when: DoneWhen::Word { words: " ".to_owned() }, ..item("x", 14) };
    for (wrong, field) in [(team, "items/1/owner"), (mute, "items/1/done_when"), (item(" ", 14), "items/1/what")] {
        let edit = desk.edit(vec![item("x", 14), wrong]);
        assert_eq!(desk.refused("kim", edit).field.as_deref(), Some(field));
    }
    let edit = desk.edit(vec![item("x", 14), item("y", 1)]);
    desk.does("kim", edit);
    let approved = desk.review(Opinion::Approved);
    desk.does("lee", approved);
    desk.now += SignedDuration::from_hours(25);
    let publish = desk.publish();
    assert_eq!(desk.refused("kim", publish).field.as_deref(), Some("items/1/deadline"));
    assert_eq!(desk.held().items.len(), 2, "nothing is lost");
}

#[test]
fn nobody_approves_what_they_wrote_and_nobody_publishes_what_is_not_approved() {
    let mut desk = Desk::new();
    let edit = desk.edit(vec![item("x", 14)]);
    desk.does("max", edit);
    for author in ["kim", "max"] {
        let approve = desk.review(Opinion::Approved);
        assert_eq!(desk.refused(author, approve).code, &codes::FORBIDDEN);
    }
    let publish = desk.publish();
    assert_eq!(desk.refused("kim", publish.clone()).field.as_deref(), Some("review"));
    let revision = desk.held().revision;
    let by_program = |by: Option<&str>| Command::Review {
        incident: 7,
        revision,
        by: by.map(|name| name.parse().unwrap()),
        opinion: Opinion::Approved,
        note: String::new(),
    };
    let token = Actor::Token("ci".to_owned());
    assert_eq!(desk.try_do(token.clone(), by_program(None)).unwrap_err().code, &codes::FORBIDDEN);
    assert_eq!(desk.try_do(token.clone(), by_program(Some("user:kim"))).unwrap_err().code, &codes::FORBIDDEN);
    assert_eq!(
        desk.refused("max", by_program(Some("user:lee"))).code,
        &codes::FORBIDDEN,
        "an author in another's name"
    );
    desk.try_do(token, by_program(Some("user:lee"))).unwrap();
    let wanted = desk.review(Opinion::ChangesWanted);
    desk.does("jo", wanted);
    assert_eq!(desk.refused("kim", publish.clone()).field.as_deref(), Some("review"), "one of two wants changes");
    let approved = desk.review(Opinion::Approved);
    desk.does("jo", approved);
    assert_eq!(desk.does("kim", publish), ["published"]);
}

#[test]
fn a_person_reviews_in_their_own_name_and_approves_their_own_text_under_none() {
    let mut desk = Desk::new();
    let edit = desk.edit(vec![item("x", 14)]);
    desk.does("p.quill", edit);
    let in_name = |desk: &Desk, name: &str| {
        let Command::Review { incident, revision, opinion, note, .. } = desk.review(Opinion::Approved) else {
            unreachable!()
        };
        Command::Review { incident, revision, by: Some(name.parse().unwrap()), opinion, note }
    };
    let own = desk.review(Opinion::Approved);
    let quill = in_name(&desk, "user:quill");
    for wrote in ["p.quill", "root"] {
        assert_eq!(desk.refused(wrote, own.clone()).code, &codes::FORBIDDEN, "{wrote}");
    }
    let token = Actor::Token("ci".to_owned());
    assert_eq!(desk.try_do(token.clone(), quill).unwrap_err().code, &codes::FORBIDDEN, "the account is theirs");
    let lee = in_name(&desk, "user:lee");
    let refusal = desk.refused("root", lee.clone());
    assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::FORBIDDEN, Some("by")));
    assert_eq!(refusal.detail, "you are quill, and can't review in the name of lee");
    desk.try_do(token, lee).unwrap();
    let wanted = desk.review(Opinion::ChangesWanted);
    desk.does("root", wanted);
    assert_eq!(desk.held().reviews.iter().map(|review| review.by.as_str()).collect::<Vec<_>>(), ["lee", "quill"]);
}

#[test]
fn what_would_be_promised_after_the_first_edition_is_refused_and_words_are_still_corrected() {
    let mut desk = Desk::new();
    let edit = desk.edit(vec![item("x", 14)]);
    desk.does("kim", edit);
    let approved = desk.review(Opinion::Approved);
    desk.does("lee", approved);
    let publish = desk.publish();
    desk.does("kim", publish);
    for items in [vec![], vec![item("x", 14), item("y", 14)], vec![item("x", 15)]] {
        let edit = desk.edit(items);
        let refusal = desk.refused("kim", edit);
        assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::INVALID, Some("items")));
    }
    desk.now += SignedDuration::from_hours(24 * 30);
    let edit = desk.edit(vec![item("x", 14)]);
    assert_eq!(desk.does("kim", edit), ["edited"], "although its deadline is over");
}

#[test]
fn nobodys_words_are_overwritten_unseen() {
    let mut desk = Desk::new();
    let (mine, theirs) = (desk.edit(vec![item("mine", 14)]), desk.edit(vec![item("theirs", 14)]));
    desk.does("kim", theirs);
    let refusal = desk.refused("max", mine);
    assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::CONFLICT, Some("revision")));
    assert_eq!(desk.held().items[0].what, "theirs");
    let late = Command::Publish { incident: 7, revision: 1 };
    assert_eq!(desk.refused("kim", late).code, &codes::CONFLICT, "another text was meant");
}

#[test]
fn bounds_are_clear_answers() {
    let mut desk = Desk::new();
    let again = Command::Start { about: about(7), title: "x".to_owned(), text: Sha256::of(b"x"), bytes: 1 };
    assert_eq!(desk.refused("kim", again).code, &codes::CONFLICT);
    let Command::Edit { incident, base, title, text, items, .. } = desk.edit(vec![]) else { unreachable!() };
    let large = Command::Edit { incident, base, title, text, bytes: 10_000_000, items };
    let refusal = desk.refused("kim", large);
    assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::INVALID, Some("text")));
    assert!(refusal.detail.contains("10000000 bytes; at most 200000"), "{refusal}");
    let missing = Command::Publish { incident: 8, revision: 1 };
    assert_eq!(desk.refused("kim", missing).code, &codes::NOT_FOUND);
    let team = Command::AskReview { incident: 7, reviewers: vec!["group:money".parse().unwrap()] };
    assert_eq!(desk.refused("kim", team).field.as_deref(), Some("reviewers"));
    let mute =
        Command::Review { incident: 7, revision: 1, by: None, opinion: Opinion::ChangesWanted, note: " ".to_owned() };
    assert_eq!(desk.refused("lee", mute).field.as_deref(), Some("note"));
}

proptest! {
    #[test]
    fn whatever_happens_only_an_approved_revision_with_promises_is_published(
        steps in prop::collection::vec((0_usize..6, 0_usize..3, 0_usize..5, 0_i64..40), 0..60),
    ) {
        let mut desk = Desk::new();
        let names = ["kim", "lee", "max"];
        let mut published = 0;
        for (what, who, count, hours) in steps {
            desk.now += SignedDuration::from_hours(hours);
            let items = (0..count).map(|at| item(&at.to_string(), 20)).collect();
            let command = match what {
                0 | 1 => desk.edit(items),
                2 => desk.review(Opinion::Approved),
                3 => desk.review(Opinion::ChangesWanted),
                4 => Command::AskReview { incident: 7, reviewers: vec![] },
                _ => desk.publish(),
            };
            let before = desk.held().clone();
            let events = desk.try_do(Actor::Person(names[who].to_owned()), command).unwrap_or_default();
            for event in events {
                if let Event::Published { edition, promised, .. } = event {
                    published += 1;
                    prop_assert_eq!(edition, published);
                    prop_assert_eq!((1..=3).contains(&promised.len()), edition == 1);
                    prop_assert!(promised.iter().all(|item| item.deadline > desk.now));
                    prop_assert_eq!(before.opinion(), Some(Opinion::Approved));
                    let approvers = before.reviews.iter().filter(|review| review.revision == before.revision);
                    prop_assert!(approvers.filter(|one| one.opinion == Opinion::Approved).all(|one| !before.authors.contains(&one.by)));
                }
            }
            let json = serde_json::to_string(&desk.state).unwrap();
            prop_assert_eq!(&serde_json::from_str::<State>(&json).unwrap(), &desk.state);
        }
    }
}
