//! The indexes of the state agree with the alerts, whatever happens.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::{Log, acknowledge, entity, resolve, settings, tell, telling};
use crate::{Alert, Command, Kind, Severity, Telling};

#[derive(Debug, Clone)]
enum Step {
    Tell { integration: usize, key: u8, severity: usize, entity: u8, ends_s: Option<i64> },
    Acknowledge { integration: usize, key: u8 },
    Resolve { integration: usize, key: u8 },
    Pass(i64),
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (integration, key) = (0..3_usize, 0..4_u8);
    prop_oneof![
        6 => (integration.clone(), key.clone(), 0..4_usize, 0..3_u8, prop::option::of(1..400_i64)).prop_map(
            |(integration, key, severity, entity, ends_s)| Step::Tell { integration, key, severity, entity, ends_s }
        ),
        1 => (integration.clone(), key.clone()).prop_map(|(integration, key)| Step::Acknowledge { integration, key }),
        2 => (integration.clone(), key).prop_map(|(integration, key)| Step::Resolve { integration, key }),
        2 => (0..300_i64).prop_map(Step::Pass),
        1 => integration.prop_map(Step::Remove),
    ]
}

fn check(log: &Log) {
    let state = &log.state;
    let open: Vec<&Alert> = state.open_alerts().collect();
    assert!(open.iter().all(|alert| alert.is_open()) && state.resolved().all(|alert| !alert.is_open()));
    let of = |severity| open.iter().filter(|alert| alert.severity == severity).count();
    let counts = state.counts();
    assert_eq!([counts.critical, counts.error, counts.warning, counts.info], Severity::ALL.map(of));
    assert_eq!(counts.acknowledged, open.iter().filter(|alert| alert.acknowledged.is_some()).count());
    assert_eq!(state.held_bytes(), open.iter().map(|alert| alert.weight()).sum::<u64>());
    assert_eq!(state.next_expiry(), open.iter().filter_map(|alert| alert.expires).min());
    let mut entities = BTreeMap::new();
    open.iter().for_each(|alert| *entities.entry(&alert.about.entity).or_insert(0) += 1);
    assert_eq!(state.entities().collect::<BTreeMap<_, _>>(), entities);
    for alert in open {
        assert_eq!(state.open_alert(alert.reference()), Some(alert));
        assert!(state.of_entity(alert.group_key()).any(|other| other == alert));
        assert!(state.of_integration(alert.about.integration).any(|other| other == alert));
        assert!(alert.since <= alert.first && alert.first <= alert.last);
    }
}

proptest! {
    #[test]
    fn indexes_agree_with_the_alerts(steps in prop::collection::vec(step(), 1..60)) {
        let mut log = Log::new();
        let kinds = [Kind::Prometheus, Kind::EventsV2, Kind::Generic];
        let ids = kinds.map(|kind| log.create(settings(kind.word(), kind)).unwrap());
        for step in steps {
            // What is sent to an integration that was removed is refused, and changes nothing.
            let receive = |integration: usize, signal| Command::Receive { integration: ids[integration], signals: vec![signal] };
            let _ = match step {
                Step::Tell { integration, key, severity, entity: about, ends_s } => {
                    let mut told = telling(&format!("{severity}"));
                    told.content.severity = Severity::ALL[severity];
                    let ends = ends_s.map(|seconds| log.now + SignedDuration::from_secs(seconds));
                    let about = Some(entity(&format!("component:{about}")));
                    log.give(receive(integration, tell(&key.to_string(), Telling { ends, entity: about, ..told })))
                }
                Step::Acknowledge { integration, key } => log.give(receive(integration, acknowledge(&key.to_string()))),
                Step::Resolve { integration, key } => log.give(receive(integration, resolve(&key.to_string()))),
                Step::Pass(seconds) => Ok(log.pass(seconds)),
                Step::Remove(integration) => log.give(Command::RemoveIntegration { integration: ids[integration] }),
            };
            check(&log);
        }
        log.pass(1_000);
        assert!(log.state.open_alerts().all(|alert| alert.expires.is_none()));
        check(&log);
    }
}
