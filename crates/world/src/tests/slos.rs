//! From a check that goes down to a budget that burns, and the incident that it opens and ends.

use slo::{Record, Report, Severity, minute_of};

use super::{Command, Recorded, Town, all_kinds as kinds};
use crate::slos;

const OBJECTIVES: &str = "
apiVersion: openslo/v1
kind: Service
metadata: {name: shop, displayName: The shop, labels: {tags: [a, b]}}
spec: {description: sells}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: shop-buys, displayName: Buyers can buy}
spec:
  service: shop
  indicator:
    metadata: {name: buys}
    spec:
      ratioMetric:
        rawType: success
        raw: {metricSource: {type: mainstay/check, spec: {check: buy}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}]
";

impl Town {
    fn with_objectives(files: &str) -> Self {
        let mut town = Self::new();
        town.apply(&format!("{}---{files}", super::FILES));
        town
    }

    /// Looks at the budget as of now.
    fn judge(&mut self) -> Vec<Recorded> {
        let slo = "slo:shop-buys".parse().unwrap();
        let resolved = self.world.slos.resolve(&slo).unwrap().unwrap();
        let slo::Input::Check { check, degraded_is_bad } = &resolved.input else { panic!("{:?}", resolved.input) };
        let turns = slos::turns(&self.world, check, *degraded_is_bad).unwrap();
        let at = minute_of(self.now());
        let mut record = Record::new(&resolved.definition.objectives, resolved.reach());
        for (minute, counts) in slo::judged(turns, at - i64::from(resolved.reach()), at) {
            record.add(minute, counts);
        }
        record.advance(at);
        let judge = slo::Command::Judge {
            slo,
            entity: slos::entity_of(&self.world, &resolved),
            report: Box::new(Report::of(&resolved, &record, at)),
            tell_no_data: resolved.no_data,
            reason: None,
        };
        self.give(Command::Slo(judge)).unwrap()
    }
}

#[test]
fn a_check_that_is_down_burns_the_budget_which_joins_its_incident_and_keeps_it_open_until_the_short_window_is_good() {
    let mut town = Town::with_objectives(OBJECTIVES);
    town.report(None, 2);
    town.pass(2 * 86_400);
    assert!(town.judge().is_empty(), "nothing changed");
    town.report(Some("500"), 1);
    town.report(Some("500"), 2);
    town.pass(180);
    let burnt = kinds(&town.judge());
    assert_eq!(burnt[..2], ["slo.burn_started", "slo.burn_started"], "{burnt:?}");
    assert!(burnt.contains(&"incidents.joined"), "{burnt:?}");
    let slo = "slo:shop-buys".parse().unwrap();
    assert_eq!(town.world.slos.standing(&slo).severity(), Some(Severity::Page));
    let incident = town.world.incidents.open().next().unwrap();
    assert_eq!(incident.entity().short(), "shop", "the service's name is a component's");
    town.report(None, 1);
    town.report(None, 2);
    assert!(town.world.incidents.open().next().is_some(), "the check works, but the budget burns");
    town.pass(6 * 60);
    let ended = kinds(&town.judge());
    assert!(ended.contains(&"slo.burn_ended"), "{ended:?}");
    town.pass(3 * 86_400);
    town.judge();
    assert!(town.world.incidents.open().next().is_none());
}

#[test]
fn a_slow_burn_is_a_mild_incident_and_a_fast_one_makes_it_worse() {
    let mut town = Town::with_objectives(OBJECTIVES);
    let about =
        slo::About { slo: "slo:shop-buys".parse().unwrap(), objective: 0, entity: "component:shop".parse().unwrap() };
    let burn = |severity: Severity| slo::Burn {
        alert: severity.word().to_owned(),
        severity,
        long_minutes: 60,
        long: 20.0,
        short_minutes: 5,
        short: 20.0,
        threshold: 14.4,
        left: Some(0.5),
    };
    let started = |town: &mut Town, severity| {
        let context =
            kernel::Context::new(town.now(), kernel::Actor::mainstay("slos"), kernel::IdSeed(town.log.len() as u128));
        let event = slo::Event::BurnStarted { about: about.clone(), burn: burn(severity) };
        let recorded = town.record(event.into(), &context);
        for reaction in crate::react(&town.world, &recorded, &context) {
            town.give(reaction.command).unwrap();
        }
    };
    started(&mut town, Severity::Ticket);
    assert_eq!(town.world.incidents.open().next().unwrap().severity, incidents::Severity::Sev3);
    started(&mut town, Severity::Page);
    assert_eq!(town.world.incidents.open().count(), 1);
    assert_eq!(town.world.incidents.open().next().unwrap().severity, incidents::Severity::Sev2);
}

const STERN: &str =
    "metadata: {name: shop-buys, annotations: {mainstay.dev/when-exhausted: pause-ramps refuse-deployments}}";
const RAMP: &str = "
---
apiVersion: mainstay.dev/v1alpha1
kind: Flag
metadata: {name: ramped}
spec:
  usedBy: [shop]
  environments: {production: {enabled: true, ramp: {steps: [{percent: 5, hold: 200h}, {percent: 100}]}}}
";

/// A town whose shop's budget is gone, and was there before.
fn exhausted(more: &str) -> (Town, Vec<Recorded>) {
    exhausted_as(STERN, more)
}

fn exhausted_as(metadata: &str, more: &str) -> (Town, Vec<Recorded>) {
    let objectives = OBJECTIVES.replace("metadata: {name: shop-buys, displayName: Buyers can buy}", metadata);
    let mut town = Town::with_objectives(&format!("{objectives}{more}"));
    town.report(None, 2);
    town.deploy("component:shop", "1");
    town.pass(86_400);
    town.wait(0);
    town.report(Some("500"), 1);
    town.report(Some("500"), 2);
    town.pass(3_600);
    let events = town.judge();
    (town, events)
}

fn deployment(version: &str) -> deploys::Command {
    deploys::Command::RecordDeployment {
        component: "component:shop".parse().unwrap(),
        environment: "production".to_owned(),
        version: version.to_owned(),
        outcome: deploys::Outcome::Succeeded,
        url: None,
        commit: None,
        rollback_of: None,
        finished: None,
        told: deploys::Told::default(),
    }
}

#[test]
fn what_has_no_budget_left_is_deployed_only_in_an_emergency_which_is_noted() {
    let (mut town, events) = exhausted("");
    assert!(kinds(&events).contains(&"slo.budget_exhausted"), "{events:?}");
    let refused = town.give(Command::Deploys(deployment("2"))).unwrap_err();
    assert_eq!(refused.code, &kernel::codes::BUDGET_EXHAUSTED);
    assert!(refused.detail.contains("the budget of shop-buys is used up"), "{refused}");
    let again = kinds(&town.give(Command::Deploys(deployment("1"))).unwrap());
    assert!(!again.contains(&"slo.overridden"), "it is there already: {again:?}");
    let mut elsewhere = deployment("2");
    if let deploys::Command::RecordDeployment { environment, .. } = &mut elsewhere {
        *environment = "staging".to_owned();
    }
    town.give(Command::Deploys(elsewhere)).unwrap();
    let emergency = town.give(Command::Emergency(deployment("2"))).unwrap();
    assert!(kinds(&emergency).contains(&"slo.overridden"), "{emergency:?}");
    let bad = emergency[0].stamp.event;
    let mut back = deployment("1");
    if let deploys::Command::RecordDeployment { rollback_of, .. } = &mut back {
        *rollback_of = Some(bad);
    }
    let back = kinds(&town.give(Command::Deploys(back)).unwrap());
    assert!(!back.contains(&"slo.overridden"), "going back is never refused: {back:?}");
}

#[test]
fn a_budget_judges_what_ended_since_it_was_gone_and_no_history() {
    let (mut town, _) = exhausted("");
    let told = |town: &Town, version: &str, ago_s: i64| {
        let mut command = deployment(version);
        let deploys::Command::RecordDeployment { finished, .. } = &mut command else { panic!() };
        *finished = Some(town.now() - jiff::SignedDuration::from_secs(ago_s));
        command
    };
    town.pass(600);
    let before = kinds(&town.give(Command::Deploys(told(&town, "1.5", 1_200))).unwrap());
    assert!(!before.contains(&"slo.overridden"), "there was a budget then: {before:?}");
    let refused = town.give(Command::Deploys(told(&town, "2", 300))).unwrap_err();
    assert_eq!(refused.code, &kernel::codes::BUDGET_EXHAUSTED);
    let noted = kinds(&town.give(Command::Emergency(told(&town, "3", 10))).unwrap());
    assert!(noted.contains(&"slo.overridden"), "{noted:?}");
    town.pass(60);
    let history = kinds(&town.give(Command::Emergency(told(&town, "2", 300))).unwrap());
    assert!(!history.contains(&"slo.overridden"), "3 followed it already: {history:?}");
    town.give(Command::Deploys(told(&town, "2.5", 240))).unwrap();
}

#[test]
fn ramps_are_paused_when_the_budget_is_gone_until_somebody_resumes_them() {
    let (mut town, events) = exhausted(RAMP);
    assert!(kinds(&events).contains(&"flags.ramp_paused"), "{events:?}");
    let flag: kernel::EntityRef = "flag:ramped".parse().unwrap();
    let state = |town: &Town| {
        let position = town.world.flags.flag(&flag).unwrap().ramp_position("production", town.now()).unwrap();
        position.state.as_str()
    };
    assert_eq!(state(&town), "paused");
    let environment = "production".to_owned();
    let action = flags::RampAction::Resume;
    town.give(Command::Flags(flags::Command::Ramp { flag: flag.clone(), environment, action })).unwrap();
    assert_eq!(state(&town), "holding", "somebody's word stands");
    let objectives = OBJECTIVES.replace("metadata: {name: shop-buys, displayName: Buyers can buy}", STERN);
    let longer = RAMP.replace("hold: 200h", "hold: 300h");
    town.apply(&format!("{}---{objectives}{longer}", super::FILES));
    assert_eq!(state(&town), "holding", "under another schedule too");
    let (mut late, _) = exhausted("");
    let objectives = OBJECTIVES.replace("metadata: {name: shop-buys, displayName: Buyers can buy}", STERN);
    late.apply(&format!("{}---{objectives}{RAMP}", super::FILES));
    assert_eq!(state(&late), "paused", "one that begins meanwhile");
}

fn act_on(town: &mut Town, environment: &str, action: flags::RampAction) -> Vec<&'static str> {
    let (flag, environment) = ("flag:ramped".parse().unwrap(), environment.to_owned());
    kinds(&town.give(Command::Flags(flags::Command::Ramp { flag, environment, action })).unwrap())
}

#[test]
fn that_somebody_resumed_a_ramp_before_says_nothing_about_a_budget() {
    let unconcerned = RAMP.replace("usedBy: [shop]", "usedBy: [pay]");
    let (mut town, _) = exhausted(&unconcerned);
    act_on(&mut town, "production", flags::RampAction::Pause { why: flags::Why::ByHand });
    town.pass(60);
    assert_eq!(act_on(&mut town, "production", flags::RampAction::Resume), ["flags.ramp_resumed"]);
    let seen =
        flags::Command::See { flag: "flag:ramped".parse().unwrap(), component: "component:shop".parse().unwrap() };
    let seen = kinds(&town.give(Command::Flags(seen)).unwrap());
    assert!(seen.contains(&"flags.ramp_paused"), "what is seen to evaluate it has no budget left: {seen:?}");
    assert_eq!(act_on(&mut town, "production", flags::RampAction::Resume), ["flags.ramp_resumed"]);
    let again = act_on(&mut town, "production", flags::RampAction::Pause { why: flags::Why::ByHand });
    assert_eq!(again, ["flags.ramp_paused"]);
    let resumed = act_on(&mut town, "production", flags::RampAction::Resume);
    assert_eq!(resumed, ["flags.ramp_resumed"], "that it goes on in spite of the budget is known");
    assert!(
        act_on(&mut town, "production", flags::RampAction::Restart).contains(&"flags.ramp_paused"),
        "but of this run"
    );
}

#[test]
fn a_ramp_for_all_environments_pauses_if_it_holds_in_one_that_is_named() {
    let (mut town, events) = exhausted(&RAMP.replace("{production: ", "{'*': "));
    assert!(kinds(&events).contains(&"flags.ramp_paused"), "{events:?}");
    assert_eq!(act_on(&mut town, "*", flags::RampAction::Resume), ["flags.ramp_resumed"]);
    let elsewhere = RAMP.replace("{production: ", "{production: {enabled: true}, '*': ");
    let (_, events) = exhausted(&elsewhere);
    assert!(!kinds(&events).contains(&"flags.ramp_paused"), "production has its own switch: {events:?}");
}

#[test]
fn an_objective_that_says_only_later_what_its_budget_stops_stops_it_then() {
    let (mut town, events) = exhausted_as("metadata: {name: shop-buys}", RAMP);
    assert!(kinds(&events).contains(&"slo.budget_exhausted") && !kinds(&events).contains(&"flags.ramp_paused"));
    let objectives = OBJECTIVES.replace("metadata: {name: shop-buys, displayName: Buyers can buy}", STERN);
    town.apply(&format!("{}---{objectives}{RAMP}", super::FILES));
    assert!(kinds(&town.log).contains(&"flags.ramp_paused"));
}

/// An environment of contracts.
fn contracts_environment(town: &mut Town, name: &str) -> kernel::EnvironmentId {
    let put = contracts::Command::PutEnvironment {
        id: None,
        name: name.to_owned(),
        display_name: None,
        production: true,
        contacts: None,
    };
    town.give(Command::Contracts(put)).unwrap();
    town.world.contracts.environment_named(name).unwrap().environment.id
}

fn published(version: &str, tags: &[&str]) -> Command {
    Command::Contracts(contracts::Command::Publish {
        pacticipant: "shop".to_owned(),
        version: version.to_owned(),
        branch: None,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        build_url: None,
        pacts: Vec::new(),
        may_modify: false,
    })
}

fn deployed(version: &str, environment: kernel::EnvironmentId, emergency: bool) -> Command {
    Command::Contracts(contracts::Command::Deploy {
        pacticipant: "shop".to_owned(),
        version: version.to_owned(),
        environment,
        instance: None,
        via: contracts::Via::Contracts,
        emergency,
    })
}

#[test]
fn what_a_client_of_contracts_records_as_deployed_asks_for_the_budget_too() {
    let (mut town, _) = exhausted("");
    let production = contracts_environment(&mut town, "production");
    for number in ["1", "2"] {
        town.give(published(number, &[])).unwrap();
    }
    assert_eq!(town.give(deployed("2", production, false)).unwrap_err().code, &kernel::codes::BUDGET_EXHAUSTED);
    let tagged = town.give(published("2", &["production"])).unwrap_err();
    assert_eq!(tagged.code, &kernel::codes::BUDGET_EXHAUSTED, "a tag that means a deployment is one");
    town.give(deployed("1", production, false)).unwrap();
    let emergency = kinds(&town.give(deployed("2", production, true)).unwrap());
    assert!(emergency.contains(&"slo.overridden"), "{emergency:?}");
}

#[test]
fn what_a_component_has_no_place_for_is_recorded_by_the_contracts_all_the_same() {
    let (mut town, _) = exhausted("");
    for number in 0..64 {
        let command = deploys::Command::RecordDeployment {
            component: "component:shop".parse().unwrap(),
            environment: format!("branch-{number}"),
            version: "1".to_owned(),
            outcome: deploys::Outcome::Succeeded,
            url: None,
            commit: None,
            rollback_of: None,
            finished: None,
            told: deploys::Told::default(),
        };
        // There is one already.
        let _ = town.give(Command::Deploys(command));
    }
    let canary = contracts_environment(&mut town, "canary");
    town.give(published("1", &[])).unwrap();
    let context = kernel::Context::new(town.now(), town.actor.clone(), kernel::IdSeed(1));
    let recorded = crate::decide(&town.world, deployed("1", canary, false), &context).unwrap();
    assert_eq!(recorded.iter().map(crate::Event::kind).collect::<Vec<_>>(), ["contracts.version_deployed"]);
}

#[test]
fn a_document_that_is_gone_takes_its_budget_s_incident_along() {
    let mut town = Town::with_objectives(OBJECTIVES);
    town.report(None, 2);
    town.pass(2 * 86_400);
    town.judge();
    town.report(Some("500"), 1);
    town.report(Some("500"), 2);
    town.pass(180);
    town.judge();
    town.apply(super::FILES);
    assert!(town.world.slos.is_empty());
    town.report(None, 1);
    town.report(None, 2);
    assert!(town.world.incidents.open().next().is_none());
}

#[test]
fn the_example_s_documents_can_be_used() {
    let mut town = Town::new();
    let check = "
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: shop-buys}
spec: {target: component:shop, interval: 1m, http: {url: 'https://shop.example/'}}
";
    let example = include_str!("../../../../examples/slos/shop.yaml");
    town.apply(&format!("{}---{check}---\n{example}", super::FILES));
    for (slo, alerts) in [("slo:shop-availability", 4), ("slo:shop-speed", 1)] {
        let resolved = town.world.slos.resolve(&slo.parse().unwrap()).unwrap().unwrap();
        assert_eq!((resolved.alerts.len(), &resolved.notes), (alerts, &Vec::new()), "{slo}");
        assert_eq!(slos::entity_of(&town.world, &resolved).short(), "shop");
    }
}

#[test]
fn a_wrong_document_is_a_problem_with_its_line_and_another_version_is_named() {
    let read = |text: &str| {
        let file = catalog::BundleFile { path: "slo.yaml".to_owned(), bytes: text.as_bytes().into() };
        let bundle = catalog::Bundle { source: "town".to_owned(), files: vec![file], problems: vec![] };
        let problems = crate::read_bundle(&bundle).problems;
        problems.into_iter().map(|problem| (problem.line, problem.message)).collect::<Vec<_>>()
    };
    assert_eq!(read(OBJECTIVES), []);
    let wrong = read(&OBJECTIVES.replace("target: 0.999", "target: 1.0"));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].0 == 20 && wrong[0].1.contains("leaves no budget"), "{wrong:?}");
    let old = read(&OBJECTIVES.replace("openslo/v1", "openslo/v1alpha"));
    assert!(old.iter().all(|(_, message)| message.contains("has no apiVersion \"openslo/v1alpha\"")), "{old:?}");
    assert_eq!(old.len(), 2);
}
