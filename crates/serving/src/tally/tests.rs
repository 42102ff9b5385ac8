use super::*;

fn counted(batch: &Batch) -> Vec<(&str, Option<&str>, u64, u64)> {
    batch.counts.iter().map(|count| (&*count.flag, count.variant.as_deref(), count.count, count.last)).collect()
}

#[test]
fn what_many_threads_count_is_collected_once() {
    let tally = Tally::default();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for now in 0..1000 {
                    tally.record("production", [("a", Some("on")), ("b", None)], None, now);
                }
            });
        }
    });
    assert_eq!(counted(&tally.drain()), [("a", Some("on"), 4000, 999), ("b", None, 4000, 999)]);
    assert!(tally.drain().is_empty());
}

#[test]
fn environments_and_variants_are_counted_apart() {
    let tally = Tally::default();
    tally.record("staging", [("a", Some("on"))], None, 1);
    tally.record("production", [("a", Some("on"))], None, 2);
    tally.record("production", [("a", Some("off"))], None, 3);
    let batch = tally.drain();
    assert_eq!(counted(&batch), [("a", Some("on"), 1, 2), ("a", Some("off"), 1, 3), ("a", Some("on"), 1, 1)]);
    assert_eq!(batch.counts.last().unwrap().environment, "staging");
}

#[test]
fn callers_are_named_up_to_a_bound() {
    let tally = Tally::default();
    for i in 0..CALLERS_PER_FLAG_MAX + 10 {
        tally.record("production", [("a", None)], Some(&format!("service-{i}")), 1);
    }
    tally.record("production", [("b", None)], Some(&"ä".repeat(CALLER_CHARS_MAX + 1)), 1);
    let callers = tally.drain().callers;
    assert_eq!(callers.iter().filter(|caller| caller.flag == "a").count(), CALLERS_PER_FLAG_MAX);
    assert_eq!(callers.last().unwrap().name, "ä".repeat(CALLER_CHARS_MAX));
}

#[test]
fn a_batch_that_is_handed_in_counts_as_if_counted_here() {
    let (relay, server) = (Tally::default(), Tally::default());
    relay.record("production", [("a", Some("on"))], Some("checkout"), 7);
    server.record("production", [("a", Some("on"))], Some("checkout"), 5);
    let batch = relay.drain();
    let sent: Batch = serde_json::from_str(&serde_json::to_string(&batch).unwrap()).unwrap();
    server.add(&sent);
    let all = server.drain();
    assert_eq!(counted(&all), [("a", Some("on"), 2, 7)]);
    assert_eq!(all.callers.first().map(|caller| (&*caller.name, caller.count)), Some(("checkout", 2)));
}
