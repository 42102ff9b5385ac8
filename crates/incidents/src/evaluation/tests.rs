use super::*;

/// Lower seeds were looked at while the weights were chosen; those from here on were not.
const HELD_OUT: Range<u64> = 1_000_000..1_001_000;

fn check(conditions: &Conditions, top1: f64, top3: f64) {
    let accuracy = evaluate(HELD_OUT, conditions);
    let figures = format!("{:.3} first, {:.3} among three: {accuracy:?}", accuracy.top1(), accuracy.top3());
    println!("{figures}");
    assert_eq!(accuracy.histories, 1_000);
    assert!(accuracy.top1() >= top1 && accuracy.top3() >= top3, "{figures}");
    assert!(
        (accuracy.promised() - accuracy.top1()).abs() < 0.08,
        "the scores promise {}: {figures}",
        accuracy.promised()
    );
}

#[test]
fn the_guilty_change_is_mostly_first_in_typical_worlds() {
    check(&Conditions::TYPICAL, 0.79, 0.95);
}

#[test]
fn the_guilty_change_is_mostly_among_the_first_three_in_harsh_worlds() {
    check(&Conditions::HARSH, 0.64, 0.87);
}

#[test]
fn the_haystack_is_large() {
    let accuracy = evaluate(HELD_OUT, &Conditions::TYPICAL);
    assert!(accuracy.changes / u64::from(accuracy.histories) > 50, "{accuracy:?}");
}

#[test]
fn the_same_seed_makes_the_same_world() {
    assert_eq!(evaluate(7..27, &Conditions::HARSH), evaluate(7..27, &Conditions::HARSH));
    assert_ne!(evaluate(7..27, &Conditions::HARSH), evaluate(27..47, &Conditions::HARSH));
}
