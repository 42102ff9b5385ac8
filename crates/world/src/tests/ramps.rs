//! Ramps whose guards fail, and what becomes of their incidents.

use kernel::{Actor, Timestamp};

use super::{FILES, START_S, Town, UndoState, culprits, kinds, plan_undo};

const RAMP: &str = "
---
apiVersion: mainstay.dev/v1alpha1
kind: Flag
metadata: {name: ramped}
spec:
  usedBy: [pay]
  environments:
    production:
      enabled: true
      ramp: {steps: [{percent: 5, hold: 10m}, {percent: 100}], guards: [buy]}
";

impl Town {
    fn with_ramp(change: impl Fn(&str) -> String) -> Self {
        let mut town = Self::new();
        town.apply(&format!("{FILES}{}", change(RAMP)));
        town.report(None, 1);
        assert_eq!(town.wait(1), ["flags.ramp_stepped"]);
        town
    }

    fn share(&self) -> (u16, &'static str) {
        let flag = self.world.flags.flag(&"flag:ramped".parse().unwrap()).unwrap();
        let position = flag.ramp_position("production", self.now()).unwrap();
        (position.basis_points, position.state.as_str())
    }
}

#[test]
fn a_ramp_whose_guard_goes_down_is_rolled_back_and_its_step_is_the_first_suspect() {
    let mut town = Town::with_ramp(str::to_owned);
    assert_eq!(town.share(), (500, "holding"));
    town.report(Some("502"), 1);
    let events = town.report(Some("502"), 2);
    assert_eq!(kinds(&events), ["checks.went_down", "incidents.opened", "flags.ramp_rolled_back"]);
    assert_eq!(events[2].stamp.actor, Actor::mainstay("guards"));
    assert_eq!(town.share(), (0, "rolled-back"));
    let incident = town.world.incidents.open().next().unwrap();
    let ranked = culprits(&town.world, incident, town.now());
    let first = town.world.journal.get(ranked.suspects[0].event).unwrap();
    assert_eq!(first.change.summary, "flag ramped serves on to 5% in production, after 0%");
    assert!(matches!(first.undo, UndoState::Undone { .. }), "nobody is offered to undo it again");
    assert!(town.wait(7_200).is_empty());
}

#[test]
fn a_ramp_whose_guard_gets_slow_stops_with_an_incident_of_its_own() {
    let mut town = Town::with_ramp(|ramp| ramp.replace("guards: [buy]", "guards: [buy], onFailure: pause"));
    let slow = (1..20).map(|runs| town.report_slow(runs)).find(|events| !events.is_empty()).unwrap();
    assert_eq!(kinds(&slow), ["checks.degraded", "flags.ramp_paused", "incidents.opened"]);
    let title = &town.world.incidents.open().next().unwrap().title;
    assert_eq!(title, "ramp of ramped paused in production: check buy fails");
    assert_eq!(town.share(), (500, "paused"));
}

#[test]
fn a_ramp_that_begins_while_its_guard_is_down_goes_nowhere() {
    let mut town = Town::new();
    town.report(None, 1);
    town.report(Some("502"), 1);
    town.report(Some("502"), 2);
    town.apply(&format!("{FILES}{RAMP}"));
    assert_eq!(town.share(), (0, "rolled-back"));
    assert!(town.wait(7_200).is_empty());
}

#[test]
fn a_ramp_that_ran_to_its_end_unannounced_is_taken_back_if_its_guard_is_down() {
    let mut town = Town::new();
    let start = format!("start: \"{}\", steps", Timestamp::from_second(START_S + 600).unwrap());
    town.apply(&format!("{FILES}{}", RAMP.replace("steps", &start)));
    town.report(Some("502"), 1);
    town.report(Some("502"), 2);
    assert_eq!(town.share(), (0, "waiting"));
    assert_eq!(town.wait(86_400), ["flags.ramp_stepped", "flags.ramp_rolled_back"]);
    assert_eq!(town.share(), (0, "rolled-back"));
}

#[test]
fn the_incident_of_a_ramp_that_a_slow_check_stopped_ends_when_the_check_is_quick_again() {
    let mut town = Town::with_ramp(str::to_owned);
    let slow = (1..20).map(|runs| town.report_slow(runs)).find(|events| !events.is_empty()).unwrap();
    assert_eq!(kinds(&slow), ["checks.degraded", "flags.ramp_rolled_back", "incidents.opened"]);
    let quick = (1..20).map(|runs| town.report(None, runs)).find(|events| !events.is_empty()).unwrap();
    assert_eq!(kinds(&quick), ["checks.restored", "incidents.recovered", "incidents.resolved"]);
}

#[test]
fn a_step_of_a_ramp_is_undone_by_rolling_it_back() {
    let mut town = Town::with_ramp(str::to_owned);
    let step = town.log.last().unwrap().stamp.event;
    assert_eq!(plan_undo(&town.world, step).unwrap().will, "roll back the ramp of flag ramped in production");
    town.undo(step).unwrap();
    assert_eq!(town.share(), (0, "rolled-back"));
    assert!(matches!(town.undo_state(step), UndoState::Undone { .. }));
}
