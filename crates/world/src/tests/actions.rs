//! Promises among the areas: what closes and reopens them, to whom they escalate, and who is told.

use ::actions::{Command as Action, DoneWhen, Lead, Promise, Source};

use super::*;

const COMPANY: &str = "
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: company, annotations: {mainstay.dev/lead: 'user:ann'}}
spec: {type: organization, children: [web, money]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: web}
spec: {type: team, parent: company, children: [], members: [kim, lee]}
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
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ann}
spec: {memberOf: [company], profile: {email: ann@shop.example}}
---
apiVersion: mainstay.dev/v1alpha1
kind: Cycle
metadata: {name: company}
spec: {team: company, time_zone: UTC, sprints: {length: 2w, starts: 2023-01-02}}
";

fn reference(text: &str) -> EntityRef {
    text.parse().unwrap()
}

fn town_with(more: &str) -> Town {
    let mut town = Town::new();
    town.apply(&format!("{FILES}---{COMPANY}{more}"));
    town
}

impl Town {
    fn promise(&mut self, done_when: DoneWhen) -> u64 {
        let promise = Promise {
            what: "watch the checkout".to_owned(),
            why: String::new(),
            subject: reference("component:shop"),
            owner: reference("user:kim"),
            team: None,
            deadline: self.now().checked_add(jiff::SignedDuration::from_hours(240)).unwrap(),
            done_when,
            source: Source::ByHand,
        };
        self.give(Command::Actions(Action::Promise { promise })).unwrap();
        self.world.actions.next_number() - 1
    }

    fn action(&self, number: u64) -> &::actions::Action {
        self.world.actions.get(number).unwrap()
    }

    fn word(&self, number: u64) -> &'static str {
        self.action(number).state.as_str()
    }
}

#[test]
fn a_promise_is_its_owners_teams_and_goes_by_the_calendar_of_the_team_around_it() {
    let mut town = town_with("");
    let number = town.promise(DoneWhen::Word);
    let action = town.action(number);
    assert_eq!(action.promise.team, Some(reference("group:web")));
    assert_eq!(action.clock.cycle, Some(reference("cycle:company")));
    // Promised on 14 November 2023; whole sprints begin on the 20th and on 4 December.
    assert_eq!(action.clock.escalates.to_string(), "2023-12-18T00:00:00Z");
}

#[test]
fn a_check_that_comes_up_closes_what_was_promised_and_going_down_reopens_it_in_the_same_command() {
    let mut town = town_with("");
    let number = town.promise(DoneWhen::CheckUp { check: reference("check:buy") });
    assert_eq!(kinds(&town.report(None, 1)), ["checks.came_up", "actions.done"]);
    assert_eq!(town.word(number), "done");
    town.report(Some("502"), 1);
    assert_eq!(town.word(number), "done");
    let seen = kinds(&town.report(Some("502"), 2));
    assert!(seen.contains(&"incidents.opened") && seen.contains(&"actions.reopened"), "{seen:?}");
    assert_eq!(town.word(number), "open");
    let seen = kinds(&town.report(None, 2));
    assert!(seen.contains(&"actions.done"), "{seen:?}");
}

#[test]
fn a_flag_that_is_taken_out_of_its_file_closes_the_promise_to_remove_it() {
    let mut town = town_with("");
    let number = town.promise(DoneWhen::FlagGone { flag: reference("flag:new-buy") });
    let rest: Vec<&str> = FILES.split("---").take(3).collect();
    town.apply(&format!("{}---{COMPANY}", rest.join("---")));
    assert_eq!(town.word(number), "done");
    // It is back: so is the promise.
    town.apply(&format!("{FILES}---{COMPANY}"));
    assert_eq!((town.word(number), town.action(number).reopened), ("open", 1));
}

#[test]
fn a_dependency_a_check_and_an_owner_are_seen_when_they_are_declared() {
    let mut town = town_with("");
    let depends = town.promise(DoneWhen::DependsOn { from: reference("component:pay"), to: reference("resource:db") });
    let exists = town.promise(DoneWhen::CheckExists { check: reference("check:pay") });
    // Its owner, money, is no group of the catalog.
    let owned = town.promise(DoneWhen::Owned { entity: reference("component:pay") });
    let more = "
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: money}
spec: {type: team, parent: company, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: db}
spec: {type: database, owner: money, dependencyOf: [component:pay]}
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: pay}
spec: {owner: group:web, target: component:pay, interval: 5s, http: {url: 'http://shop.invalid/'}}
";
    town.apply(&format!("{FILES}---{COMPANY}{more}"));
    assert_eq!([depends, exists, owned].map(|number| town.word(number)), ["done"; 3]);
    town.apply(&format!("{FILES}---{COMPANY}"));
    assert_eq!([depends, exists, owned].map(|number| town.word(number)), ["open"; 3]);
}

#[test]
fn a_document_that_is_changed_closes_the_promise_to_change_it() {
    let mut town = town_with("");
    let entity = reference("component:shop");
    let number = town.promise(DoneWhen::DocumentChanged { entity: entity.clone(), path: None, was: None });
    let page = DoneWhen::DocumentChanged { entity, path: Some("runbook.md".to_owned()), was: None };
    let other = town.promise(page);
    town.apply(&format!("{FILES}---{COMPANY}"));
    assert_eq!(town.word(number), "open");
    let described = FILES.replace("metadata: {name: shop}", "metadata: {name: shop, description: sells}");
    town.apply(&format!("{described}---{COMPANY}"));
    assert_eq!((town.word(number), town.word(other)), ("done", "open"));
}

#[test]
fn what_is_so_already_can_not_be_promised() {
    let mut town = town_with("");
    town.report(None, 1);
    let promise = Promise {
        what: "have it green".to_owned(),
        why: String::new(),
        subject: reference("component:shop"),
        owner: reference("user:kim"),
        team: None,
        deadline: town.now().checked_add(jiff::SignedDuration::from_hours(240)).unwrap(),
        done_when: DoneWhen::CheckUp { check: reference("check:buy") },
        source: Source::ByHand,
    };
    let refusal = town.give(Command::Actions(Action::Promise { promise })).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("/done_when"));
}

#[test]
fn it_escalates_to_the_lead_of_the_team_around_and_by_mail() {
    let mut town = town_with("");
    let number = town.promise(DoneWhen::Word);
    let seen = town.wait(36 * 86_400);
    assert_eq!(seen, ["actions.escalated", "effects.requested"]);
    let escalation = town.action(number).escalation.clone().unwrap();
    assert_eq!(escalation.to, [reference("user:ann")]);
    assert_eq!(escalation.lead, Lead::Leads { team: reference("group:company") });
    let effect = town.world.effects.pending().next().unwrap().clone();
    assert!(effect.call.message && town.world.actions.message(effect.id).is_some());
    let method = crate::actions::method_of(&town.world, &effect.subject).unwrap();
    assert_eq!(method.label, "a…@shop.example");
    let report =
        effects::Command::Report { effect: effect.id, outcome: Ok("250".to_owned()), retry: true, not_before: None };
    town.give(Command::Effects(report)).unwrap();
    assert!(town.world.actions.message(effect.id).is_none());
}

#[test]
fn a_lead_who_owns_the_item_is_passed_over_and_a_team_that_nobody_leads_is_told_as_a_whole() {
    let mut town = town_with("");
    let own = COMPANY.replace("metadata: {name: web}", "metadata: {name: web, annotations: {mainstay.dev/lead: kim}}");
    town.apply(&format!("{FILES}---{own}"));
    let leads = ::actions::Knowledge::leads(&town.world, &reference("user:kim"), Some(&reference("group:web")));
    assert_eq!(leads.0, [reference("user:ann")]);
    let leads = ::actions::Knowledge::leads(&town.world, &reference("user:lee"), Some(&reference("group:web")));
    assert_eq!(leads.0, [reference("user:kim")]);
    let none = COMPANY.replace("mainstay.dev/lead: 'user:ann'", "x.example/y: z");
    town.apply(&format!("{FILES}---{none}"));
    let leads = ::actions::Knowledge::leads(&town.world, &reference("user:kim"), Some(&reference("group:web")));
    assert_eq!(
        leads,
        (vec![reference("user:kim"), reference("user:lee")], Lead::Nobody { team: Some(reference("group:web")) })
    );
}

#[test]
fn a_calendar_goes_with_its_file_and_one_without_sprints_is_a_problem_of_it() {
    let mut town = town_with("");
    assert!(town.world.actions.cycle(&reference("cycle:company")).is_some());
    town.apply(FILES);
    assert!(town.world.actions.cycle(&reference("cycle:company")).is_none());
    let file = "
apiVersion: mainstay.dev/v1alpha1
kind: Cycle
metadata: {name: company}
spec: {team: company, time_zone: UTC}
";
    let file = BundleFile { path: "cycle.yaml".to_owned(), bytes: file.as_bytes().into() };
    let reading = crate::read_bundle(&Bundle { source: "town".to_owned(), files: vec![file], problems: vec![] });
    assert!(reading.problems[0].message.contains("a calendar needs sprints"), "{:?}", reading.problems);
}
