//! From a failing check to a person who answers.

use paging::{Channel, Kind, MethodId, NewMethod, Status, Via};

use super::{Actor, Command, Recorded, Town, all_kinds as kinds, due, effects};

const PEOPLE: &str = "
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: web}
spec: {type: team, children: [], members: [kim, lee]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: kim}
spec: {memberOf: [web], profile: {email: kim@shop.example}}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: lee}
spec: {memberOf: [web]}
---
apiVersion: mainstay.dev/v1alpha1
kind: Rotation
metadata: {name: web}
spec: {team: web, people: [kim], time_zone: UTC, handover: 'monday 09:00', starts: 2023-01-02}
";

impl Town {
    fn staffed(more: &str) -> Self {
        let mut town = Self::new();
        town.apply(&format!("{}---{PEOPLE}{more}", super::FILES));
        town
    }

    /// Does what is due until nothing is.
    fn tick(&mut self) -> Vec<Recorded> {
        let mut done = Vec::new();
        loop {
            let commands = due(&self.world, self.now());
            if commands.is_empty() {
                return done;
            }
            for (command, _) in commands {
                done.extend(self.give(command).unwrap());
            }
        }
    }

    fn broken(&mut self) -> Vec<Recorded> {
        self.report(Some("500"), 1);
        let mut seen = self.report(Some("500"), 2);
        seen.extend(self.tick());
        seen
    }

    fn page(&self) -> &paging::Page {
        self.world.paging.pages().next().unwrap()
    }

    /// Answers every message that is to be delivered now.
    fn deliver(&mut self, outcome: Result<&str, &str>) -> usize {
        let pending: Vec<_> =
            self.world.effects.due(self.now()).filter(|effect| effect.call.message).map(|effect| effect.id).collect();
        for effect in &pending {
            let outcome = outcome.map(str::to_owned).map_err(str::to_owned);
            let report = effects::Command::Report { effect: *effect, outcome, retry: true, not_before: None };
            self.give(Command::Effects(report)).unwrap();
        }
        pending.len()
    }
}

#[test]
fn a_failing_check_pages_who_is_on_call_by_what_the_catalog_knows_of_them() {
    let mut town = Town::staffed("");
    let seen = kinds(&town.broken());
    for kind in ["incidents.opened", "paging.opened", "paging.reached", "paging.dispatched", "effects.requested"] {
        assert!(seen.contains(&kind), "{kind} is missing in {seen:?}");
    }
    let message = town.world.paging.messages().next().unwrap();
    assert_eq!((message.person.short(), message.method.channel), ("kim", Channel::Email));
    assert_eq!(message.method.label, "k…@shop.example");
    let user = crate::paging::catalog_user(&message.method.secret).unwrap();
    assert_eq!(crate::paging::email_of(&town.world, &user).as_deref(), Some("kim@shop.example"));
    assert_eq!(town.deliver(Ok("250 queued")), 1);
    assert!(town.world.effects.pending().all(|effect| !effect.call.message));
}

#[test]
fn nobody_answers_so_it_escalates_to_the_end_and_says_so_loudly() {
    let mut town = Town::staffed("");
    town.broken();
    let lee = "user:default/lee".parse().unwrap();
    let method = NewMethod {
        channel: Channel::Ntfy,
        label: "ntfy.example/…".to_owned(),
        secret: "contacts/lee/1".to_owned(),
        verified: true,
    };
    town.give(Command::Paging(paging::Command::AddMethod { person: lee, method })).unwrap();
    let mut told = std::collections::BTreeSet::new();
    for _ in 0..40 {
        town.pass(60);
        town.tick();
        told.extend(town.world.paging.messages().map(|message| message.person.short().to_owned()));
        town.deliver(Ok("ok"));
    }
    assert_eq!(told.into_iter().collect::<Vec<_>>(), ["kim", "lee"], "then everybody in the team");
    assert!(matches!(town.page().status, Status::Exhausted { .. }), "{:?}", town.page().status);
    assert_eq!(town.world.paging.exhausted().count(), 1);
    assert!(town.world.incidents.open().next().is_some(), "and the incident is still open");
}

#[test]
fn whoever_answers_the_page_has_the_incident_and_the_other_way_round() {
    let mut town = Town::staffed("");
    town.broken();
    let page = town.page().id();
    let via = Via::Notice { person: "user:default/kim".parse().unwrap(), channel: Channel::Email };
    let seen = kinds(&town.give(Command::Paging(paging::Command::Acknowledge { page, via })).unwrap());
    assert_eq!(seen, ["paging.acknowledged", "incidents.acknowledged"]);
    let by = town.world.incidents.open().next().unwrap().acknowledged.clone().unwrap().by;
    assert_eq!(by, Actor::Person("jo".to_owned()), "in the name of who answered");

    let mut town = Town::staffed("");
    town.broken();
    let incident = town.world.incidents.open().next().unwrap().about.incident;
    let acknowledge = incidents::Command::Acknowledge { incident };
    let seen = kinds(&town.give(Command::Incidents(acknowledge)).unwrap());
    assert_eq!(seen, ["incidents.acknowledged", "paging.acknowledged"]);
}

#[test]
fn a_page_ends_with_its_incident_and_comes_back_with_it() {
    let mut town = Town::staffed("");
    town.broken();
    town.deliver(Ok("ok"));
    town.report(None, 1);
    town.report(None, 2);
    assert!(matches!(town.page().status, Status::Closed { .. }), "{:?}", town.page().status);
    town.tick();
    let follow_ups = town.world.paging.messages().filter(|message| message.kind() == Kind::FollowUp).count();
    assert!(follow_ups <= 1, "at most one, perhaps later");
    town.broken();
    assert_eq!(town.world.paging.pages().count(), 2, "it failed again");
    assert!(town.page().about.title.contains("failed again"));
}

#[test]
fn a_provider_that_fails_for_an_hour_is_outlasted() {
    let mut town = Town::staffed("");
    town.broken();
    let mut tries = 0;
    for _ in 0..720 {
        tries += town.deliver(Err("500"));
        town.pass(5);
    }
    assert!(tries > 50, "{tries}");
    let first = town.world.paging.messages().next().unwrap().effect;
    town.pass(60);
    assert!(town.deliver(Ok("ok")) > 0);
    assert!(town.world.effects.get(first).is_none());
}

#[test]
fn what_nobody_needs_to_hear_any_more_is_dropped() {
    let mut town = Town::staffed("");
    town.broken();
    let page = town.page().id();
    town.give(Command::Paging(paging::Command::Acknowledge { page, via: Via::ByHand })).unwrap();
    let effect = town.world.paging.messages().next().unwrap().effect;
    let outcome = Err("answered meanwhile".to_owned());
    let report = effects::Command::Report { effect, outcome, retry: false, not_before: None };
    town.give(Command::Effects(report)).unwrap();
    assert!(town.world.paging.message(effect).is_none());
    assert_eq!(MethodId::IMPLIED.0, 0);
}

#[test]
fn a_policy_of_the_catalog_is_followed_and_a_circle_is_refused() {
    let policy = "
---
apiVersion: mainstay.dev/v1alpha1
kind: EscalationPolicy
metadata: {name: web}
spec: {owner: group:web, steps: [{notify: ['user:lee', 'user:kim'], after: 2m}], repeat: 1}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: till, annotations: {mainstay.dev/escalation-policy: web}}
spec: {type: service, lifecycle: production, owner: group:web}
";
    let town = Town::staffed(policy);
    let till = "component:default/till".parse().unwrap();
    let web = "group:default/web".parse().unwrap();
    let found = crate::paging::policy_of(&town.world, &till, Some(&web)).unwrap();
    assert_eq!(found.to_string(), "escalationpolicy:default/web");
    assert!(crate::paging::policy_of(&town.world, &"component:default/shop".parse().unwrap(), Some(&web)).is_none());

    let circle = "
apiVersion: mainstay.dev/v1alpha1
kind: EscalationPolicy
metadata: {name: one}
spec: {steps: [{notify: [owner], after: 2m}], then: two}
---
apiVersion: mainstay.dev/v1alpha1
kind: EscalationPolicy
metadata: {name: two}
spec: {steps: [{notify: [owner], after: 2m}], then: one}
";
    let file = catalog::BundleFile { path: "policies.yaml".to_owned(), bytes: circle.as_bytes().into() };
    let bundle = catalog::Bundle { source: "town".to_owned(), files: vec![file], problems: vec![] };
    let reading = crate::read_bundle(&bundle);
    assert!(reading.entities.is_empty());
    assert_eq!(reading.problems.len(), 2, "{:?}", reading.problems);
}

#[test]
fn an_alert_of_another_tool_opens_an_incident_and_ends_it() {
    let mut town = Town::staffed("");
    let settings = serde_json::json!({
        "name": "prometheus", "kind": "generic", "entity": "component:default/pay", "severity": "critical",
    });
    let settings: alerts::Settings = serde_json::from_value(settings).unwrap();
    let key = kernel::Sha256::of(b"key");
    town.give(Command::Alerts(alerts::Command::CreateIntegration { settings, key })).unwrap();
    let integration = town.world.alerts.by_key(&key).unwrap().clone();
    let mut receive = |body: &str| {
        let signals = vec![alerts::formats::generic::read(body.as_bytes(), &integration).unwrap()];
        let integration = integration.id;
        kinds(&town.give(Command::Alerts(alerts::Command::Receive { integration, signals })).unwrap())
    };
    let seen = receive(r#"{"summary": "disk full", "dedup": "disk", "severity": "critical"}"#);
    assert_eq!(seen[..3], ["alerts.triggered", "incidents.opened", "paging.opened"]);
    assert!(receive(r#"{"summary": "disk full", "dedup": "disk", "severity": "critical"}"#).is_empty());
    let seen = receive(r#"{"summary": "disk full", "dedup": "disk", "status": "resolved"}"#);
    assert!(seen.contains(&"incidents.resolved") && seen.contains(&"paging.closed"), "{seen:?}");
}

#[test]
fn a_silent_probe_is_one_incident_and_no_check_is_down_for_it() {
    let mut town = Town::staffed("");
    town.give(Command::Checks(checks::Command::HearProbe { location: "eu-west".to_owned() })).unwrap();
    let last = town.now();
    let silent = checks::Command::MarkProbeSilent { location: "eu-west".to_owned(), last };
    let seen = kinds(&town.give(Command::Checks(silent)).unwrap());
    assert!(seen.starts_with(&["checks.probe_fell_silent", "incidents.opened"]), "{seen:?}");
    let seen =
        kinds(&town.give(Command::Checks(checks::Command::HearProbe { location: "eu-west".to_owned() })).unwrap());
    assert!(seen.contains(&"incidents.resolved"), "{seen:?}");
}

impl Town {
    /// Another tool says that `entity` is broken.
    fn alerted(&mut self, entity: &str) {
        let settings = serde_json::json!({
            "name": format!("of {entity}"), "kind": "generic", "entity": entity, "severity": "error",
        });
        let settings: alerts::Settings = serde_json::from_value(settings).unwrap();
        let key = kernel::Sha256::of(entity.as_bytes());
        self.give(Command::Alerts(alerts::Command::CreateIntegration { settings, key })).unwrap();
        let integration = self.world.alerts.by_key(&key).unwrap().clone();
        let body = br#"{"summary": "disk full", "dedup": "disk", "severity": "error"}"#;
        let signals = vec![alerts::formats::generic::read(body, &integration).unwrap()];
        let integration = integration.id;
        self.give(Command::Alerts(alerts::Command::Receive { integration, signals })).unwrap();
        self.tick();
    }

    fn id(&self, number: u64) -> kernel::IncidentId {
        self.world.incidents.by_number(number).unwrap().about.incident
    }

    fn pages_of(&self, number: u64) -> Vec<(u64, &'static str)> {
        let pages = self.world.paging.of_incident(self.id(number));
        pages.map(|page| (page.number(), page.status.word())).collect()
    }
}

/// What another team owns, which nothing else needs.
const OTHERS: &str = "
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: press}
spec: {type: team, children: [], members: [kim]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: blog}
spec: {type: website, lifecycle: production, owner: press}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: wiki}
spec: {type: website, lifecycle: production, owner: web}
";

#[test]
fn a_page_of_another_team_goes_on_for_the_incident_that_its_own_became_a_part_of() {
    let mut town = Town::staffed(OTHERS);
    town.broken();
    town.alerted("component:default/blog");
    assert_eq!((town.pages_of(1), town.pages_of(2)), (vec![(1, "open")], vec![(2, "open")]));
    let merge = incidents::Command::Merge { incident: town.id(2), into: town.id(1) };
    let seen = kinds(&town.give(Command::Incidents(merge)).unwrap());
    assert_eq!(seen, ["incidents.merged", "paging.moved"]);
    assert_eq!((town.pages_of(1), town.pages_of(2)), (vec![(2, "open"), (1, "open")], vec![]));
    let resolve = incidents::Command::Resolve { incident: town.id(1) };
    town.give(Command::Incidents(resolve)).unwrap();
    assert_eq!(town.world.paging.unfinished_count(), 0, "nothing pages for what is over");
}

#[test]
fn a_team_that_is_told_already_is_not_told_again_of_what_is_merged() {
    let mut town = Town::staffed(OTHERS);
    town.broken();
    town.alerted("component:default/wiki");
    let merge = incidents::Command::Merge { incident: town.id(2), into: town.id(1) };
    let seen = kinds(&town.give(Command::Incidents(merge)).unwrap());
    assert_eq!(seen, ["incidents.merged", "paging.closed"]);
    assert_eq!((town.pages_of(1), town.pages_of(2)), (vec![(1, "open")], vec![(2, "closed")]));
}

#[test]
fn what_is_split_off_has_the_page_of_its_own_team() {
    let mut town = Town::staffed(OTHERS);
    town.broken();
    town.alerted("component:default/blog");
    let merge = incidents::Command::Merge { incident: town.id(2), into: town.id(1) };
    town.give(Command::Incidents(merge)).unwrap();
    let alert = town.world.alerts.open_alerts().next().unwrap().reference().clone();
    let split = incidents::Command::Split { incident: town.id(1), checks: vec![alert], title: None, severity: None };
    let seen = kinds(&town.give(Command::Incidents(split)).unwrap());
    assert_eq!(seen, ["incidents.split_off", "paging.moved"]);
    assert_eq!((town.pages_of(1), town.pages_of(3)), (vec![(1, "open")], vec![(2, "open")]));
}

#[test]
fn whoever_splits_what_their_team_has_taken_on_has_both_and_nobody_is_woken() {
    let mut town = Town::staffed(OTHERS);
    town.broken();
    town.alerted("component:default/wiki");
    let merge = incidents::Command::Merge { incident: town.id(2), into: town.id(1) };
    town.give(Command::Incidents(merge)).unwrap();
    town.give(Command::Incidents(incidents::Command::Acknowledge { incident: town.id(1) })).unwrap();
    let alert = town.world.alerts.open_alerts().next().unwrap().reference().clone();
    let split = incidents::Command::Split { incident: town.id(1), checks: vec![alert], title: None, severity: None };
    let seen = kinds(&town.give(Command::Incidents(split)).unwrap());
    assert_eq!(seen, ["incidents.split_off", "incidents.acknowledged"]);
    assert_eq!(town.world.paging.unfinished_count(), 0);
}

#[test]
fn a_role_is_given_to_people_of_the_catalog_alone_and_a_judgement_keeps_where_the_ranking_had_it() {
    let mut town = Town::staffed(OTHERS);
    town.broken();
    let incident = town.id(1);
    let give = |name: &str| {
        let person = Some(format!("user:default/{name}").parse().unwrap());
        Command::Incidents(incidents::Command::AssignRole { incident, role: incidents::Role::Commander, person })
    };
    let refusal = town.give(give("gone")).unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_deref()), (&kernel::codes::INVALID, Some("person")));
    assert_eq!(kinds(&town.give(give("kim")).unwrap()), ["incidents.role_taken"]);
    town.pass(600);
    let (no_change, late) = (kernel::EventId::from_bytes([3; 16]), town.deploy("component:shop", "9"));
    for (event, rank) in [(no_change, None), (late, Some(0))] {
        let verdict = incidents::Verdict::Guilty;
        let mark = incidents::Command::MarkSuspect { incident, event, verdict, rank: Some(1) };
        town.give(Command::Incidents(mark)).unwrap();
        let marks = &town.world.incidents.by_number(1).unwrap().marks;
        assert_eq!(marks.last().unwrap().rank, rank, "whatever was asked");
    }
}
