use kernel::codes;

use super::*;
use crate::{Column, Outcome, Retro, RetroCommand, VOTES};

fn money() -> EntityRef {
    reference("group:money")
}

impl Log {
    fn retro(&mut self, command: RetroCommand) -> Result<Vec<Event>, Refusal> {
        self.give(Command::Retro { command })
    }

    fn open_retro(&mut self) -> u64 {
        let events = self.retro(RetroCommand::Open { team: money(), title: String::new() }).unwrap();
        events[0].retro().unwrap().number
    }

    fn say(&mut self, retro: u64, column: Column, text: &str) -> Result<Vec<Event>, Refusal> {
        self.retro(RetroCommand::Say { retro, column, text: text.to_owned() })
    }

    fn held(&self, retro: u64) -> &Retro {
        self.state.retros().get(retro).unwrap()
    }
}

#[test]
fn a_retrospective_opens_with_the_verdict_on_what_was_promised_in_the_last() {
    let mut log = Log::new();
    log.town.calendar = Some(sprints());
    let first = log.open_retro();
    assert_eq!((log.held(first).about.title.as_str(), log.held(first).verdict.len()), ("sprint 5", 0));
    let from = |deadline: &str| Promise {
        source: Source::Retrospective { retrospective: first },
        deadline: moment(deadline),
        ..promise(DoneWhen::Word)
    };
    let numbers: Vec<u64> = (0..4).map(|_| log.promise(from("2026-03-12T09:00:00Z"))).collect();
    let open = log.promise(from("2026-09-01T09:00:00Z"));
    let done = |log: &mut Log, action: u64| {
        let link = "https://example.com/".to_owned();
        log.give(Command::Done { action, note: "done".to_owned(), link }).unwrap();
    };
    done(&mut log, numbers[0]);
    log.give(Command::Deprioritise { action: numbers[1], reason: "no".to_owned(), by: None }).unwrap();
    log.pass(days(15));
    done(&mut log, numbers[2]);
    log.retro(RetroCommand::Close { retro: first }).unwrap();
    let second = log.open_retro();
    let outcomes: Vec<Outcome> = log.held(second).verdict.iter().map(|verdict| verdict.outcome).collect();
    let expected = [Outcome::InTime, Outcome::Deprioritised, Outcome::Late, Outcome::Overdue, Outcome::Open];
    assert_eq!(outcomes, expected);
    assert_eq!(log.held(second).previous, Some(first));
    let opened = log.events.last().unwrap().summary();
    assert!(opened.ends_with("of 5 promised last time, 1 were done in time"), "{opened}");
    // What becomes of them later doesn't change what was said then.
    done(&mut log, open);
    assert_eq!(log.held(second).verdict.last().unwrap().outcome, Outcome::Open);
}

#[test]
fn everybody_has_five_votes_and_the_most_wanted_stands_first() {
    let mut log = Log::new();
    let retro = log.open_retro();
    for text in ["one", "two", "three", "four", "five", "six"] {
        log.say(retro, Column::Badly, text).unwrap();
    }
    let vote = |log: &mut Log, card, on| log.retro(RetroCommand::Vote { retro, card, on });
    for card in 2..=6 {
        vote(&mut log, card, true).unwrap();
    }
    assert_eq!(log.held(retro).votes_of("jo"), VOTES);
    assert_eq!(vote(&mut log, 1, true).unwrap_err().code, &codes::CONFLICT);
    assert!(vote(&mut log, 2, true).unwrap().is_empty());
    vote(&mut log, 2, false).unwrap();
    // Whoever makes tokens would have as many votes as they like.
    log.actor = Actor::Token("ci".to_owned());
    assert_eq!(vote(&mut log, 4, true).unwrap_err().code, &codes::FORBIDDEN);
    log.actor = Actor::Person("kim".to_owned());
    vote(&mut log, 4, true).unwrap();
    let first = log.held(retro).column(Column::Badly)[0];
    assert_eq!((first.text.as_str(), first.votes.len()), ("four", 2));
}

#[test]
fn a_card_is_taken_back_by_whoever_said_it_and_its_number_is_not_used_again() {
    let mut log = Log::new();
    let retro = log.open_retro();
    log.say(retro, Column::Well, " the release was dull ").unwrap();
    assert_eq!(log.held(retro).card(1).unwrap().text, "the release was dull");
    log.actor = Actor::Person("kim".to_owned());
    let take_back = |log: &mut Log| log.retro(RetroCommand::TakeBack { retro, card: 1 });
    assert_eq!(take_back(&mut log).unwrap_err().code, &codes::FORBIDDEN);
    log.actor = Actor::Person("jo".to_owned());
    take_back(&mut log).unwrap();
    log.say(retro, Column::Well, "it was not").unwrap();
    assert_eq!(log.held(retro).cards.iter().map(|card| card.number).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_team_has_one_at_a_time_and_a_closed_one_stays_as_it_is() {
    let mut log = Log::new();
    let retro = log.open_retro();
    let again = log.retro(RetroCommand::Open { team: money(), title: String::new() }).unwrap_err();
    assert_eq!((again.code, again.field.as_deref()), (&codes::CONFLICT, Some("/team")));
    let other = log.retro(RetroCommand::Open { team: reference("group:none"), title: String::new() }).unwrap_err();
    assert_eq!(other.field.as_deref(), Some("/team"));
    for text in ["", "x".repeat(1_001).as_str()] {
        assert_eq!(log.say(retro, Column::Puzzle, text).unwrap_err().field.as_deref(), Some("/text"));
    }
    log.retro(RetroCommand::Close { retro }).unwrap();
    assert!(log.retro(RetroCommand::Close { retro }).unwrap().is_empty());
    assert_eq!(log.say(retro, Column::Puzzle, "why?").unwrap_err().code, &codes::CONFLICT);
    assert_eq!(log.say(9, Column::Puzzle, "why?").unwrap_err().code, &codes::NOT_FOUND);
    let lost = Promise { source: Source::Retrospective { retrospective: 9 }, ..promise(DoneWhen::Word) };
    let refusal = log.give(Command::Promise { promise: lost }).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("/source/retrospective"));
    // Without a calendar it is named by its day.
    assert_eq!(log.held(retro).about.title, "2026-03-02");
    // What is promised in it is judged when the next is opened: until then it can be promised, and then no more.
    let late = || Promise { source: Source::Retrospective { retrospective: retro }, ..promise(DoneWhen::Word) };
    log.promise(late());
    let title = "After the outage".to_owned();
    log.retro(RetroCommand::Open { team: money(), title }).unwrap();
    let refusal = log.give(Command::Promise { promise: late() }).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("/source/retrospective"));
    assert!(refusal.to_string().contains("in retrospective 2"), "{refusal}");
    assert_eq!(log.state.retros().of_team(&money()).next().unwrap().about.title, "After the outage");
}

#[test]
fn a_retrospective_holds_two_hundred_cards() {
    let mut log = Log::new();
    let retro = log.open_retro();
    for _ in 0..200 {
        log.say(retro, Column::Well, "dull").unwrap();
    }
    assert_eq!(log.say(retro, Column::Well, "dull").unwrap_err().code, &codes::CONFLICT);
}
