//! Two people swap shifts.

use super::*;

const JOS: &str = "2026-03-17T00:00:00Z";
const KIMS: &str = "2026-03-25T00:00:00Z";

impl Log {
    fn propose(&mut self, from: (&str, &str), to: (&str, &str)) -> Result<usize, Refusal> {
        self.give(Command::ProposeSwap {
            rotation: reference("rotation:money"),
            from: reference(from.0),
            from_at: moment(from.1),
            to: reference(to.0),
            to_at: moment(to.1),
        })
    }

    fn last_id(&self) -> kernel::EventId {
        self.events.last().unwrap().1.event
    }

    fn accept(&mut self, by: &str) -> Result<usize, Refusal> {
        let id = self.last_id();
        self.give(Command::AcceptSwap { rotation: reference("rotation:money"), id, by: reference(by) })
    }

    fn decline(&mut self, by: &str) -> Result<usize, Refusal> {
        let id = self.last_id();
        self.give(Command::DeclineSwap { rotation: reference("rotation:money"), id, by: reference(by) })
    }

    fn weeks(&self) -> Vec<String> {
        self.plan("2026-03-17T00:00:00Z", "2026-04-01T00:00:00Z")
    }

    fn waiting(&self) -> usize {
        self.state.roster(&reference("rotation:money")).unwrap().proposals.len()
    }
}

const AS_DECLARED: [&str; 3] =
    ["jo from 2026-03-16T08:00:00Z", "kim from 2026-03-23T08:00:00Z", "lee from 2026-03-30T07:00:00Z"];
const SWAPPED: [&str; 3] =
    ["kim for jo from 2026-03-16T08:00:00Z", "jo for kim from 2026-03-23T08:00:00Z", "lee from 2026-03-30T07:00:00Z"];

#[test]
fn a_swap_that_both_agree_to_puts_each_in_for_the_other_and_can_be_undone_and_made_again() {
    let mut log = Log::with(weekly());
    assert_eq!(log.propose(("user:jo", JOS), ("user:kim", KIMS)), Ok(1));
    assert_eq!(log.weeks(), AS_DECLARED, "nothing has changed until the other agrees");
    assert_eq!(log.propose(("user:jo", JOS), ("user:kim", KIMS)), Ok(0), "asked twice");
    assert_eq!(log.accept("user:kim"), Ok(1));
    assert_eq!((log.weeks(), log.waiting()), (SWAPPED.map(str::to_owned).to_vec(), 0));
    let words = log.events.last().unwrap().0.summary();
    assert_eq!(
        words,
        "agreed to swap shifts in money: jo's from 2026-03-16T08:00:00Z for kim's from 2026-03-23T08:00:00Z"
    );
    assert_eq!(log.undo_last(), Ok(1));
    assert_eq!(log.events.last().unwrap().0.kind(), "oncall.swap_reverted");
    assert_eq!(log.weeks(), AS_DECLARED);
    let (accepted, stamp) = log.events[log.events.len() - 2].clone();
    assert_eq!(undo(&log.state, &accepted, &stamp).unwrap_err().code, &codes::CONFLICT);
    let (reverted, reverted_stamp) = log.events.last().unwrap().clone();
    assert_eq!(log.undo_last(), Ok(1));
    assert_eq!(log.weeks(), SWAPPED);
    let again = undo(&log.state, &reverted, &reverted_stamp).unwrap();
    refused(log.give(again), &codes::CONFLICT, "made again");
}

#[test]
fn only_whoever_was_asked_agrees_and_only_the_two_decline() {
    let mut log = Log::with(weekly());
    log.propose(("user:jo", JOS), ("user:kim", KIMS)).unwrap();
    refused(log.accept("user:jo"), &codes::FORBIDDEN, "only kim");
    refused(log.accept("user:lee"), &codes::FORBIDDEN, "only kim");
    refused(log.decline("user:lee"), &codes::FORBIDDEN, "between jo and kim");
    assert_eq!(log.decline("user:kim"), Ok(1));
    assert_eq!((log.weeks(), log.waiting()), (AS_DECLARED.map(str::to_owned).to_vec(), 0));
    assert_eq!(log.undo_last(), Ok(1), "to undo a no is to ask again");
    assert_eq!(log.waiting(), 1);
    assert_eq!(log.undo_last(), Ok(1), "to undo a question is to take it back");
    assert!(log.events.last().unwrap().0.summary().starts_with("took back the wish"));
    let (asked, stamp) = log.events[log.events.len() - 2].clone();
    assert_eq!(undo(&log.state, &asked, &stamp).unwrap_err().code, &codes::CONFLICT);
    refused(log.accept("user:kim"), &codes::NOT_FOUND, "no swap");
}

#[test]
fn shifts_that_are_not_as_a_swap_takes_them_to_be_are_refused() {
    let mut log = Log::with(weekly());
    refused(log.propose(("user:jo", JOS), ("user:jo", KIMS)), &codes::INVALID, "two people");
    refused(log.propose(("user:jo", KIMS), ("user:kim", KIMS)), &codes::CONFLICT, "kim is");
    refused(log.propose(("user:jo", JOS), ("user:kim", "2026-03-01T12:00:00Z")), &codes::CONFLICT, "nobody is");
    let mut begun = weekly();
    begun.starts = date(2026, 2, 9);
    let mut running = Log::with(begun);
    // The log's clock stands at 1 March: jo has begun on 9 February and kim on the 16th, lee on the 23rd.
    let result = running.propose(("user:lee", "2026-03-01T12:00:00Z"), ("user:jo", "2026-03-03T00:00:00Z"));
    refused(result, &codes::INVALID, "has begun");
    log.propose(("user:jo", JOS), ("user:kim", KIMS)).unwrap();
    let id = log.last_id();
    log.put_in("user:lee", "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z").unwrap();
    let accept = Command::AcceptSwap { rotation: reference("rotation:money"), id, by: reference("user:kim") };
    refused(log.give(accept), &codes::CONFLICT, "jo's shift has changed");
}

#[test]
fn what_an_override_leaves_of_a_turn_can_be_swapped() {
    let mut log = Log::with(weekly());
    log.put_in("user:lee", "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z").unwrap();
    log.propose(("user:lee", "2026-03-18T12:00:00Z"), ("user:kim", KIMS)).unwrap();
    log.accept("user:kim").unwrap();
    assert_eq!(
        log.weeks(),
        [
            "jo from 2026-03-16T08:00:00Z",
            "kim for jo from 2026-03-18T00:00:00Z",
            "jo from 2026-03-19T00:00:00Z",
            "lee for kim from 2026-03-23T08:00:00Z",
            "lee from 2026-03-30T07:00:00Z",
        ]
    );
}

#[test]
fn half_a_swap_is_not_taken_away() {
    let mut log = Log::with(weekly());
    log.propose(("user:jo", JOS), ("user:kim", KIMS)).unwrap();
    log.accept("user:kim").unwrap();
    let id = log.last_id();
    let clear = Command::ClearOverride { rotation: reference("rotation:money"), id };
    refused(log.give(clear), &codes::CONFLICT, "one half of a swap");
    // Nor is it forgotten alone, when there are too many overrides.
    for hour in 0..State::OVERRIDES - 1 {
        let from = moment("2026-07-01T00:00:00Z") + jiff::SignedDuration::from_hours(i64::try_from(hour).unwrap());
        let to = from + jiff::SignedDuration::from_mins(30);
        log.put_in("user:max", &from.to_string(), &to.to_string()).unwrap();
    }
    assert_eq!(log.weeks(), AS_DECLARED);
    assert_eq!(log.state.rosters().next().unwrap().overrides.len(), State::OVERRIDES - 1);
}

#[test]
fn so_many_swaps_wait_and_no_more_and_those_whose_time_is_over_make_room() {
    let mut log = Log::with(rotation(&["jo", "kim"], "UTC", "09:00", "1 day", "2026-03-10"));
    let day = |number: usize| {
        let days = jiff::SignedDuration::from_hours(i64::try_from(number).unwrap() * 24);
        (moment("2026-03-10T12:00:00Z") + days).to_string()
    };
    for number in 0..State::PROPOSALS {
        log.propose(("user:jo", &day(2 * number)), ("user:kim", &day(1))).unwrap();
    }
    let one_more = log.propose(("user:jo", &day(200)), ("user:kim", &day(1)));
    refused(one_more, &codes::INVALID, "50 swaps wait");
    let context = Context::new(moment("2026-03-12T00:00:00Z"), Actor::Person("jo".to_owned()), IdSeed(9_999));
    let later = Command::ProposeSwap {
        rotation: reference("rotation:money"),
        from: reference("user:jo"),
        from_at: moment(&day(200)),
        to: reference("user:kim"),
        to_at: moment(&day(201)),
    };
    assert_eq!(decide(&log.state, later, &context).map(|events| events.len()), Ok(1), "all others have begun");
}
