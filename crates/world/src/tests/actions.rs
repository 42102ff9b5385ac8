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
    fn promised(&self, done_when: DoneWhen) -> Promise {
        Promise {
            what: "watch the checkout".to_owned(),
            why: String::new(),
            subject: reference("component:shop"),
            owner: reference("user:kim"),
            team: None,
            deadline: self.now().checked_add(jiff::SignedDuration::from_hours(240)).unwrap(),
            done_when,
            source: Source::ByHand,
        }
    }

    fn promise(&mut self, done_when: DoneWhen) -> u64 {
        let promise = self.promised(done_when);
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

/// The company with its shop described so, labelled so, and with these pages of docs.
fn documented(town: &mut Town, description: &str, label: &str, pages: &[(&str, &str)]) {
    let shop = format!(
        "metadata: {{name: shop, description: '{description}', labels: {{x: '{label}'}}, \
         annotations: {{backstage.io/techdocs-ref: 'dir:.'}}}}"
    );
    let text = format!("{}---{COMPANY}", FILES.replace("metadata: {name: shop}", &shop));
    let file = |path: String, text: &str| BundleFile { path, bytes: text.as_bytes().into() };
    let mut files = vec![file("catalog-info.yaml".to_owned(), &text)];
    files.extend(pages.iter().map(|(path, text)| file(format!("docs/{path}"), text)));
    let reading = crate::read_bundle(&Bundle { source: "town".to_owned(), files, problems: vec![] });
    assert!(reading.problems.is_empty(), "{:?}", reading.problems);
    town.give(Command::Catalog(catalog::Command::Apply(Apply { reading, partial: false }))).unwrap();
}

#[test]
fn a_document_that_is_changed_closes_the_promise_to_change_it_and_nothing_else_does() {
    let mut town = town_with("");
    let (index, runbook) = (("index.md", "# Shop"), ("runbook.md", "# When it is shut"));
    documented(&mut town, "sells", "one", &[index, runbook]);
    let of = |path: Option<&str>| DoneWhen::DocumentChanged {
        entity: reference("component:shop"),
        path: path.map(str::to_owned),
        was: None,
        had: None,
    };
    let all =
        [of(None), of(Some("docs/runbook.md")), of(Some("docs/restore.md"))].map(|condition| town.promise(condition));
    let words = |town: &Town| all.map(|number| town.word(number));
    // Another label, a page that is gone, no description, no component at all, and all of it back.
    documented(&mut town, "sells", "two", &[index, runbook]);
    documented(&mut town, "sells", "two", &[index]);
    documented(&mut town, "", "two", &[runbook]);
    let rest = FILES.split_once("---").unwrap().1;
    town.apply(&format!("{rest}---{COMPANY}"));
    documented(&mut town, "sells", "one", &[index, runbook]);
    assert_eq!(words(&town), ["open"; 3]);
    documented(&mut town, "sells", "one", &[index, ("runbook.md", "# When it is open")]);
    assert_eq!(words(&town), ["done", "done", "open"]);
    documented(&mut town, "sells", "one", &[index, ("restore.md", "# Bring it back")]);
    assert_eq!(words(&town), ["done"; 3]);
    let described = town.promise(of(None));
    documented(&mut town, "sells umbrellas", "one", &[index]);
    assert_eq!(town.word(described), "done");
}

#[test]
fn what_is_otherwise_only_in_the_midst_of_one_change_reopens_nothing() {
    let db = |more: &str| {
        format!(
            "---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {{name: db}}
spec: {{type: database, owner: web{more}}}
"
        )
    };
    let mut town = town_with(&db(""));
    let number = town.promise(DoneWhen::DependsOn { from: reference("component:pay"), to: reference("resource:db") });
    let depending = FILES.replace("owner: group:money", "owner: group:money, dependsOn: [resource:db]");
    town.apply(&format!("{depending}---{COMPANY}{}", db("")));
    assert_eq!(town.word(number), "done");
    // Now the other side says it: between the two events, none does.
    town.apply(&format!("{FILES}---{COMPANY}{}", db(", dependencyOf: [component:pay]")));
    assert_eq!((town.word(number), town.action(number).reopened), ("done", 0));
}

#[test]
fn only_a_group_or_a_user_of_the_catalog_is_an_owner() {
    let mut town = town_with("");
    let number = town.promise(DoneWhen::Owned { entity: reference("component:pay") });
    town.apply(&format!("{}---{COMPANY}", FILES.replace("group:money", "component:shop")));
    assert_eq!(town.word(number), "open");
    town.apply(&format!("{}---{COMPANY}", FILES.replace("group:money", "user:kim")));
    assert_eq!(town.word(number), "done");
}

#[test]
fn what_a_lead_who_leaves_was_to_see_to_is_the_next_leads_in_the_same_append() {
    let mut town = town_with("");
    let number = town.promise(DoneWhen::Word);
    town.wait(36 * 86_400);
    assert_eq!(town.action(number).escalation.as_ref().unwrap().to, [reference("user:ann")]);
    let parts = COMPANY.split("---").filter(|part| !part.contains("{name: ann}"));
    let without = parts.collect::<Vec<_>>().join("---").replace("'user:ann'", "'user:lee'");
    town.apply(&format!("{FILES}---{without}"));
    assert_eq!(town.action(number).escalation.as_ref().unwrap().to, [reference("user:lee")]);
    assert_eq!(town.word(number), "escalated");
}

#[test]
fn what_comes_from_a_post_mortem_has_one() {
    let mut town = town_with("");
    let promise = Promise { source: Source::PostMortem { incident: 1 }, ..town.promised(DoneWhen::Word) };
    let refusal = town.give(Command::Actions(Action::Promise { promise })).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("/source/incident"));
}

#[test]
fn what_is_so_already_can_not_be_promised() {
    let mut town = town_with("");
    town.report(None, 1);
    let promise = town.promised(DoneWhen::CheckUp { check: reference("check:buy") });
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
