use super::*;

/// What is declared of the shop: everything below is about it.
struct Shop;

impl Topology for Shop {
    fn upstream(&self, of: &EntityRef) -> Vec<(EntityRef, &'static str)> {
        let needs: &[(&str, &'static str)] = match of.name() {
            "storefront" => &[("checkout", "calls"), ("search", "calls")],
            "checkout" => &[("payments", "calls"), ("cart", "calls"), ("storefront", "calls back")],
            "payments" => &[("ledger", "reads from")],
            "search" => &[("catalogue", "calls")],
            _ => &[],
        };
        needs.iter().map(|(name, verb)| (entity(name), *verb)).collect()
    }
}

fn entity(name: &str) -> EntityRef {
    format!("component:{name}").parse().unwrap()
}

/// So many seconds after the last passing result of the storefront's check; it fails first at 60.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn id(number: u8) -> EventId {
    EventId::from_bytes([number; 16])
}

fn change(number: u8, kind: ChangeKind, subject: &str, second: i64) -> Change {
    Change {
        event: id(number),
        position: u64::from(number),
        at: at(second),
        kind,
        subject: entity(subject),
        affects: vec![],
        environment: None,
        actor: Actor::Person("ada".to_owned()),
        summary: String::new(),
        keywords: vec![],
        undone: false,
        undoes: None,
    }
}

fn deployed(number: u8, subject: &str, second: i64) -> Change {
    change(number, ChangeKind::Deployment, subject, second)
}

/// The storefront's check fails; each test alters what it is about.
struct Case {
    failing: &'static [(&'static str, i64)],
    healthy: &'static [&'static str],
    evidence: &'static str,
    environment: Option<&'static str>,
    now: i64,
    recovered: Option<i64>,
    options: Options,
}

impl Default for Case {
    fn default() -> Self {
        let evidence = "GET https://storefront.example/ answered 502";
        let (now, options) = (180, Options::default());
        Self { failing: &[], healthy: &[], evidence, environment: None, now, recovered: None, options }
    }
}

impl Case {
    fn rank(&self, changes: &[Change]) -> Vec<Suspect> {
        let broken = entity("storefront");
        let failure = Failure {
            entity: &broken,
            since: at(60),
            last_good: Some(at(0)),
            recovered: self.recovered.map(at),
            now: at(self.now),
            failing: self.failing.iter().map(|(name, second)| (entity(name), at(*second))).collect(),
            healthy: self.healthy.iter().map(|name| entity(name)).collect(),
            evidence: self.evidence,
            environment: self.environment,
        };
        rank(&failure, changes.iter(), &Shop, &self.options)
    }

    #[track_caller]
    fn check(&self, changes: &[Change], order: &[u8]) -> Vec<Suspect> {
        let suspects = self.rank(changes);
        let events: Vec<_> = suspects.iter().map(|suspect| suspect.event.as_bytes()[0]).collect();
        assert_eq!(events, order, "{suspects:#?}");
        suspects
    }
}

/// The points for the reason that has these words; 0 if it was not given.
fn points(suspect: &Suspect, words: &str) -> i32 {
    suspect.reasons.iter().filter(|reason| reason.words.contains(words)).map(|reason| reason.points).sum()
}

#[test]
fn nothing_changed_so_nothing_is_suspected() {
    Case::default().check(&[], &[]);
}

#[test]
fn a_change_between_the_last_good_and_the_first_failing_result_comes_before_earlier_ones() {
    let changes = [deployed(1, "checkout", -3_600), deployed(2, "checkout", 30), deployed(3, "checkout", -240)];
    let suspects = Case::default().check(&changes, &[2, 3, 1]);
    assert!(points(&suspects[0], "deployed 30 s before the first failure") > 20, "{suspects:#?}");
    assert!(points(&suspects[1], "deployed 5 min before the first failure") > 10, "{suspects:#?}");
    assert!(points(&suspects[2], "checks passed for 60 min after it") < 0, "{suspects:#?}");
}

#[test]
fn a_change_after_the_first_failure_is_no_suspect_unless_it_was_recorded_late() {
    Case::default().check(&[deployed(1, "checkout", 91), deployed(2, "checkout", 90)], &[2]);
}

#[test]
fn a_change_before_the_window_is_no_suspect() {
    let case =
        Case { options: Options { window: SignedDuration::from_hours(1), ..Options::default() }, ..Case::default() };
    case.check(&[deployed(1, "checkout", 60 - 3_601), deployed(2, "checkout", 60 - 3_600)], &[2]);
}

#[test]
fn a_change_nearer_in_the_graph_comes_first_and_the_way_is_told() {
    let changes = [deployed(1, "ledger", 30), deployed(2, "payments", 30), deployed(3, "storefront", 30)];
    let suspects = Case::default().check(&changes, &[3, 2, 1]);
    assert_eq!(points(&suspects[0], "it changed storefront itself"), 6);
    assert_eq!(points(&suspects[1], "storefront calls checkout, which calls payments"), 4);
    assert_eq!(suspects[2].distance, 3);
    assert_eq!(suspects[2].path, ["storefront", "checkout", "payments", "ledger"].map(entity));
}

#[test]
fn a_change_without_a_recorded_way_is_far_behind_and_says_so() {
    let suspects = Case::default().check(&[deployed(1, "newsletter", 59), deployed(2, "ledger", -60)], &[2, 1]);
    assert!(points(&suspects[1], "no dependency of storefront on newsletter is recorded") < 0);
    assert_eq!((suspects[1].distance, suspects[1].path.len()), (u8::MAX, 0));
}

#[test]
fn an_error_that_names_an_undeclared_dependency_brings_it_forward() {
    let evidence = "could not reach newsletter";
    Case { evidence, ..Case::default() }.check(&[deployed(1, "newsletter", 30), deployed(2, "cart", -240)], &[1, 2]);
}

#[test]
fn an_error_that_names_the_version_outweighs_one_minute() {
    let versioned = Change { keywords: vec!["v2.4.1".to_owned()], ..deployed(1, "cart", -120) };
    let case = Case { evidence: "panic in v2.4.1 at cart.rs:12", ..Case::default() };
    let suspects = case.check(&[versioned, deployed(2, "search", 0)], &[1, 2]);
    assert_eq!(points(&suspects[0], "the error names v2.4.1"), 12);
}

#[test]
fn the_broken_entitys_own_name_and_parts_of_words_say_nothing() {
    let case = Case { evidence: "storefront: cartography and cart-worker are fine", ..Case::default() };
    for suspect in case.rank(&[deployed(1, "storefront", 30), deployed(2, "cart", 30)]) {
        assert_eq!(points(&suspect, "the error names"), 0);
    }
}

#[test]
fn an_error_that_names_a_go_between_points_beyond_it() {
    let case = Case { evidence: "checkout timed out", ..Case::default() };
    let suspects = case.check(&[deployed(1, "catalogue", 30), deployed(2, "payments", 30)], &[2, 1]);
    assert_eq!(points(&suspects[0], "the error names checkout, which needs payments"), 4);
}

#[test]
fn a_flag_is_suspected_for_the_components_that_evaluate_it() {
    let flag = |number, affects: &str| Change {
        subject: "flag:express".parse().unwrap(),
        affects: vec![entity(affects)],
        ..change(number, ChangeKind::Flag, "flag", 30)
    };
    let suspects = Case::default().check(&[flag(1, "newsletter"), flag(2, "checkout")], &[2, 1]);
    assert_eq!(suspects[0].path.last(), Some(&entity("checkout")));
}

#[test]
fn one_change_that_explains_all_failures_comes_before_one_that_explains_the_nearest() {
    let case = Case { failing: &[("payments", 62), ("ledger", 61)], ..Case::default() };
    let suspects = case.check(&[deployed(1, "storefront", 30), deployed(2, "ledger", 30)], &[2, 1]);
    assert_eq!(points(&suspects[0], "also explain the failure of payments and ledger"), 8);
    assert_eq!(points(&suspects[1], "not explain the failure of payments and ledger"), -6);
}

#[test]
fn a_passing_check_on_the_changed_entity_speaks_against_it() {
    let case = Case { healthy: &["search"], ..Case::default() };
    let suspects = case.check(&[deployed(1, "search", 30), deployed(2, "payments", 30)], &[2, 1]);
    assert_eq!(points(&suspects[1], "the checks of search pass"), -8);
}

#[test]
fn a_change_made_when_its_subject_already_failed_is_less_suspect() {
    let case = Case { failing: &[("payments", -600)], ..Case::default() };
    let suspects = case.check(&[deployed(1, "payments", 30), deployed(2, "payments", -610)], &[2, 1]);
    assert_eq!(points(&suspects[1], "payments had begun to fail before it"), -5);
}

#[test]
fn a_catalog_edit_comes_behind_whatever_acts() {
    let edit = change(1, ChangeKind::Catalog, "storefront", 50);
    Case::default().check(&[edit, change(2, ChangeKind::Migration, "ledger", -600)], &[2, 1]);
}

#[test]
fn a_change_to_another_environment_is_no_suspect() {
    let to = |number, environment: &str| Change {
        environment: Some(environment.to_owned()),
        ..deployed(number, "checkout", 30)
    };
    let case = Case { environment: Some("production"), ..Case::default() };
    case.check(&[to(1, "staging"), to(2, "production")], &[2]);
}

#[test]
fn a_change_undone_before_the_failure_gives_way_to_what_stayed() {
    let bad = Change { undone: true, ..deployed(1, "checkout", 0) };
    let undo = Change { undoes: Some(id(1)), ..deployed(2, "checkout", 40) };
    let suspects = Case::default().check(&[bad, undo, deployed(3, "checkout", -300)], &[2, 3, 1]);
    assert_eq!(points(&suspects[0], "goes back to what was before"), -3);
    assert_eq!(points(&suspects[2], "undone 20 s before the first failure"), -20);
}

#[test]
fn an_undo_that_helped_convicts_and_one_that_did_not_acquits() {
    let changes = [
        Change { undone: true, ..deployed(1, "search", 30) },
        deployed(2, "checkout", 30),
        Change { undoes: Some(id(1)), ..deployed(3, "search", 200) },
    ];
    let helped = Case { recovered: Some(260), now: 900, ..Case::default() }.check(&changes, &[1, 2]);
    assert_eq!(points(&helped[0], "it was undone, and 60 s later all was well"), 12);
    let in_vain = Case { now: 900, ..Case::default() }.check(&changes, &[2, 1]);
    assert_eq!(points(&in_vain[1], "it was undone 12 min ago, and the failure goes on"), -8);
}

#[test]
fn what_is_changed_all_the_time_is_less_suspect_than_what_seldom_is() {
    let mut changes: Vec<_> = (1..=9).map(|number| deployed(number, "cart", -7_200 * i64::from(number))).collect();
    changes.extend([deployed(10, "cart", 30), deployed(11, "payments", 30)]);
    let suspects = Case::default().rank(&changes);
    assert_eq!(suspects[0].event, id(11));
    assert_eq!(points(&suspects[1], "one of 10 such changes to cart in 24 h"), -3);
}

#[test]
fn a_persons_judgement_outweighs_the_rest() {
    let verdicts = vec![(id(2), Verdict::Innocent), (id(1), Verdict::Guilty)];
    let case = Case { options: Options { verdicts, ..Options::default() }, ..Case::default() };
    case.check(&[deployed(1, "ledger", -3_600), deployed(2, "storefront", 50)], &[1, 2]);
}

#[test]
fn equal_suspects_are_ordered_by_nearness_then_the_later_first_whatever_the_order_given() {
    let mut changes = [deployed(1, "cart", 30), deployed(2, "payments", 30), deployed(3, "cart", 30)];
    for _ in 0..3 {
        changes.rotate_left(1);
        Case::default().check(&changes, &[2, 3, 1]);
    }
}

#[test]
fn scores_are_shares_of_one_probability_and_a_weak_suspect_stays_weak() {
    let two = Case::default().check(&[deployed(1, "checkout", 30), deployed(2, "search", 30)], &[2, 1]);
    assert!(two.iter().all(|suspect| (45..=50).contains(&suspect.score)), "{two:#?}");
    let alone = Case::default().check(&[deployed(1, "checkout", 30)], &[1]);
    assert!(alone[0].score >= 95, "{alone:#?}");
    let weak = Case::default().check(&[change(1, ChangeKind::Job, "ledger", -36_000)], &[1]);
    assert!(weak[0].score <= 10, "{weak:#?}");
}

#[test]
fn no_more_suspects_are_given_than_are_wanted() {
    let changes: Vec<_> = (1..=50).map(|number| deployed(number, "cart", -60 * i64::from(number))).collect();
    assert_eq!(Case::default().rank(&changes).len(), 20);
}
