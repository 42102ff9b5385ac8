//! Which deployments failed, by checks that really went down.

use deploys::{Outcome, measures::Window};
use incidents::Verdict;
use kernel::{EntityRef, EventId};

use super::Town;
use crate::{
    Command,
    measures::{Deployment, Evidence, Light, Unplanned, components_of, is_production, measures},
};

impl Town {
    fn breaks(&mut self) {
        self.report(Some("502"), 1);
        self.report(Some("502"), 2);
    }

    fn works(&mut self) {
        self.report(None, 1);
        self.report(None, 2);
    }

    fn deployments(&self, component: &str) -> Vec<Deployment> {
        let from = kernel::Timestamp::from_second(super::START_S - 1_000_000).unwrap();
        let component: EntityRef = component.parse().unwrap();
        let services = Light::since(&self.world, from).services(&component, from);
        services.into_iter().flat_map(|service| service.deployments).collect()
    }

    fn failed(&self, component: &str) -> Vec<String> {
        let failed = self.deployments(component).into_iter().filter(Deployment::failed);
        failed.map(|one| one.record.version.to_string()).collect()
    }

    fn mark(&mut self, event: EventId, verdict: Verdict) {
        let incident = self.world.incidents.recent().next().unwrap().about.incident;
        self.give(Command::Incidents(incidents::Command::MarkSuspect { incident, event, verdict, rank: None }))
            .unwrap();
    }
}

#[test]
fn a_failure_on_a_path_speaks_against_what_was_deployed_last_on_it() {
    let mut town = Town::new();
    town.works();
    town.deploy("component:pay", "p1");
    town.pass(4_000);
    town.deploy("component:shop", "s1");
    town.pass(600);
    let guilty = town.deploy("component:pay", "p2");
    town.pass(300);
    town.breaks();
    assert_eq!((town.failed("component:pay"), town.failed("component:shop")), (vec!["p2".to_owned()], vec![]));
    let p2 = town.deployments("component:pay").pop().unwrap();
    assert!(matches!(&p2.evidence[..], [Evidence::TurnedBad { incident: 1, .. }]), "{:?}", p2.evidence);
    assert_eq!(p2.recovered, None, "it is still broken");

    // Who is innocent lets the one before it be looked at.
    town.mark(guilty, Verdict::Innocent);
    assert_eq!((town.failed("component:pay"), town.failed("component:shop")), (vec![], vec!["s1".to_owned()]));
    town.mark(guilty, Verdict::Guilty);
    assert_eq!(town.failed("component:pay"), ["p2"]);
    town.pass(60);
    town.works();
    let p2 = town.deployments("component:pay").pop().unwrap();
    assert_eq!(p2.recovered, Some(town.world.incidents.recent().next().unwrap().ended.as_ref().unwrap().at));
}

#[test]
fn what_broke_long_after_a_deployment_speaks_against_nobody() {
    let mut town = Town::new();
    town.works();
    town.deploy("component:pay", "p1");
    town.pass(3_700);
    town.works();
    town.breaks();
    assert_eq!(town.failed("component:pay"), Vec::<String>::new());
}

#[test]
fn a_rollback_speaks_against_what_it_took_back_and_is_unplanned() {
    let mut town = Town::new();
    town.deploy("component:pay", "p1");
    town.pass(500);
    let bad = town.deploy("component:pay", "p2");
    town.pass(500);
    let command = deploys::Command::RecordDeployment {
        component: "component:pay".parse().unwrap(),
        environment: "production".to_owned(),
        version: "p1".to_owned(),
        outcome: Outcome::Succeeded,
        url: None,
        commit: None,
        rollback_of: Some(bad),
        finished: None,
        told: deploys::Told::default(),
    };
    town.give(Command::Deploys(command)).unwrap();
    let all = town.deployments("component:pay");
    assert_eq!(town.failed("component:pay"), ["p2"]);
    assert!(matches!(all[1].evidence[..], [Evidence::TakenBack { .. }]));
    assert_eq!(all[1].recovered, Some(all[2].record.at));
    assert_eq!((all[1].unplanned, all[2].unplanned), (None, Some(Unplanned::Rollback)));
    let from = kernel::Timestamp::from_second(super::START_S).unwrap();
    let services = Light::since(&town.world, from).services(&"component:pay".parse().unwrap(), from);
    town.pass(1);
    let window = Window { from, to: town.now() };
    let of = measures(window, &services);
    assert_eq!((of.deployments, of.failed, of.unplanned), (3, 1, 1));
    assert_eq!(of.recovery.p50_s, Some(501));
    // A person's word goes before it.
    let judge = |failed| deploys::Command::Judge {
        component: "component:pay".parse().unwrap(),
        environment: "production".to_owned(),
        of: bad,
        failed,
    };
    town.give(Command::Deploys(judge(Some(false)))).unwrap();
    assert_eq!(town.failed("component:pay"), Vec::<String>::new());
    assert_eq!(components_of(&town.world, &"group:money".parse().unwrap()).len(), 1);
}

#[test]
fn production_is_what_the_catalog_says_then_the_forge_then_the_name() {
    let named = ["blue".to_owned()];
    assert!(is_production(Some(&named), "blue", Some(false)));
    assert!(!is_production(Some(&named), "production", Some(true)));
    assert!(is_production(None, "eu-west", Some(true)));
    assert!(!is_production(None, "production", Some(false)));
    assert!(is_production(None, "prod-eu", None) && !is_production(None, "staging", None));
}
