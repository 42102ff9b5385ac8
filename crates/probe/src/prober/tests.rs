use std::sync::Mutex;

use checks::{Evidence, Outcome};
use serde_json::json;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use super::*;

/// Plays runs: the check's name says how they go.
#[derive(Default)]
struct Actor {
    runs: Mutex<BTreeMap<String, u32>>,
}

impl Runner for Arc<Actor> {
    async fn run(&self, definition: &CheckDefinition) -> Run {
        let name = definition.check.name().to_owned();
        let run = {
            let mut runs = self.runs.lock().unwrap();
            let run = runs.entry(name.clone()).or_default();
            *run += 1;
            *run
        };
        let hangs = name.starts_with("hangs");
        if hangs {
            sleep(definition.timeout()).await;
        }
        let fails = hangs || name.starts_with("fails") || (name.starts_with("falters") && run == 2);
        let evidence =
            || Evidence { url: String::new(), status: None, latency_ms: 0, ..Evidence::of("as played".to_owned()) };
        let outcome = if fails { Outcome::Failed { evidence: evidence() } } else { Outcome::Passed };
        Run { outcome, latency_ms: 1, hops: Vec::new() }
    }
}

fn check(name: &str, interval: &str) -> Arc<CheckDefinition> {
    let spec = json!({"target": "shop", "http": {"url": "http://shop.invalid/"}, "interval": interval});
    Arc::new(CheckDefinition::from_spec(format!("check:{name}").parse().unwrap(), &spec).unwrap())
}

struct Stage {
    definitions: watch::Sender<Arc<Vec<Arc<CheckDefinition>>>>,
    results: mpsc::Receiver<RunResult>,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
    began: Instant,
}

impl Stage {
    fn open(checks: Vec<Arc<CheckDefinition>>, pace: Pace) -> Self {
        let began = Instant::now();
        let clock = move || Timestamp::UNIX_EPOCH + began.elapsed();
        let prober = Prober::new("here", Arc::new(Actor::default()), clock, pace);
        let (definitions, watched) = watch::channel(Arc::new(checks));
        let (sender, results) = mpsc::channel(16);
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { drop(stopped.await) };
        let task = tokio::spawn(prober.run(watched, sender, stopped));
        Self { definitions, results, stop: Some(stop), task, began }
    }

    /// The results of the next `length`.
    async fn play(&mut self, length: Duration) -> Vec<RunResult> {
        let end = Instant::now() + length;
        let mut seen = Vec::new();
        while let Ok(Some(result)) = tokio::time::timeout_at(end, self.results.recv()).await {
            seen.push(result);
        }
        seen
    }
}

fn seconds(result: &RunResult) -> f64 {
    result.at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}

fn of<'a>(results: &'a [RunResult], name: &str) -> Vec<&'a RunResult> {
    results.iter().filter(|result| result.check.name() == name).collect()
}

#[tokio::test(start_paused = true)]
async fn each_check_runs_once_an_interval_and_starts_are_spread() {
    let names: Vec<String> = (0..30).map(|number| format!("passes-{number}")).collect();
    let checks = names.iter().map(|name| check(name, "60s")).collect();
    let mut stage = Stage::open(checks, Pace::DECLARED);
    let first = stage.play(Duration::from_secs(5)).await;
    assert!(names.iter().all(|name| !of(&first, name).is_empty()), "every check has run within five seconds");
    stage.play(Duration::from_secs(60)).await;
    let results = stage.play(Duration::from_secs(60)).await;
    assert!(names.iter().all(|name| of(&results, name).len() == 1));
    let quarters: std::collections::BTreeSet<u8> =
        results.iter().map(|result| (seconds(result) % 60.0 / 15.0) as u8).collect();
    assert_eq!(quarters.len(), 4, "runs in every quarter of the minute");
}

#[tokio::test(start_paused = true)]
async fn a_first_failure_is_repeated_after_a_second_and_later_ones_keep_to_the_interval() {
    let mut stage = Stage::open(vec![check("fails", "60s")], Pace::DECLARED);
    let results = stage.play(Duration::from_secs(200)).await;
    let times: Vec<f64> = results.iter().map(seconds).collect();
    assert!((times[1] - times[0] - 1.0).abs() < 0.01, "{times:?}");
    assert!((times[3] - times[2] - 60.0).abs() < 0.01, "{times:?}");
    let streaks: Vec<u32> = results.iter().map(|result| result.streak.runs).collect();
    assert_eq!(streaks[..4], [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_known_a_second_later() {
    let mut stage = Stage::open(vec![check("falters", "60s")], Pace::DECLARED);
    let results = stage.play(Duration::from_secs(150)).await;
    assert!(!results[1].outcome.is_good() && results[2].outcome.is_good());
    assert!((seconds(&results[2]) - seconds(&results[1]) - 1.0).abs() < 0.01);
    assert_eq!(results[2].streak.runs, 1);
    assert_eq!(results[1].last_good, Some(results[0].at));
}

#[tokio::test(start_paused = true)]
async fn two_hundred_checks_that_hang_do_not_delay_one_that_answers() {
    let mut checks: Vec<_> = (0..200).map(|number| check(&format!("hangs-{number}"), "10s")).collect();
    let lively = check("passes", "10s");
    let mut stage = Stage::open(vec![Arc::clone(&lively)], Pace::DECLARED);
    stage.play(Duration::from_secs(20)).await;
    checks.push(lively);
    stage.definitions.send_replace(Arc::new(checks));
    let results = stage.play(Duration::from_secs(100)).await;
    assert_eq!(of(&results, "passes").len(), 10);
    assert!(results.len() > 100, "the others are run too");
}

#[tokio::test(start_paused = true)]
async fn a_changed_definition_takes_effect_and_a_removed_check_stops() {
    let mut stage = Stage::open(vec![check("passes", "60s"), check("passes-too", "10s")], Pace::DECLARED);
    stage.play(Duration::from_secs(60)).await;
    stage.definitions.send_replace(Arc::new(vec![check("passes", "5s"), check("passes", "5s")]));
    stage.play(Duration::from_secs(10)).await;
    let results = stage.play(Duration::from_secs(60)).await;
    assert_eq!((of(&results, "passes").len(), of(&results, "passes-too").len()), (12, 0));
}

#[tokio::test(start_paused = true)]
async fn a_faster_pace_divides_intervals_down_to_a_fifth_of_a_second() {
    assert_eq!(Pace::times(10).of(Duration::from_secs(10)), Duration::from_secs(1));
    assert_eq!(Pace::times(1000).of(Duration::from_secs(10)), Duration::from_millis(200));
    assert_eq!(Pace::times(0).of(Duration::from_secs(10)), Duration::from_secs(10));
    let mut stage = Stage::open(vec![check("passes", "10s")], Pace::times(10));
    stage.play(Duration::from_secs(2)).await;
    assert_eq!(stage.play(Duration::from_secs(10)).await.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn stopping_finishes_the_run_under_way_and_hands_it_in() {
    let mut stage = Stage::open(vec![check("hangs", "20s")], Pace::DECLARED);
    stage.play(Duration::from_secs(6)).await;
    drop(stage.stop.take());
    let last = timeout(Duration::from_secs(60), stage.results.recv()).await.unwrap().unwrap();
    assert!(!last.outcome.is_good());
    timeout(Duration::from_secs(60), stage.task).await.unwrap().unwrap();
    assert!(stage.began.elapsed() < Duration::from_secs(20));
    assert!(stage.results.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_takes_results_or_nobody_can_change_definitions() {
    for sender_goes in [true, false] {
        let prober = Prober::new("here", Arc::new(Actor::default()), || Timestamp::UNIX_EPOCH, Pace::DECLARED);
        let (definitions, watched) = watch::channel(Arc::new(vec![check("passes", "1s")]));
        let (sender, results) = mpsc::channel(1);
        let task = tokio::spawn(prober.run(watched, sender, std::future::pending()));
        let (_definitions, _results) = if sender_goes {
            drop(definitions);
            (None, Some(results))
        } else {
            drop(results);
            (Some(definitions), None)
        };
        timeout(Duration::from_secs(10), task).await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn five_hundred_checks_that_hang_from_the_start_starve_none_of_the_other_five_hundred() {
    let hanging = (0..500).map(|number| check(&format!("hangs-{number}"), "60s"));
    let lively: Vec<String> = (0..500).map(|number| format!("passes-{number}")).collect();
    let checks = hanging.chain(lively.iter().map(|name| check(name, "60s"))).collect();
    let mut stage = Stage::open(checks, Pace::DECLARED);
    let first = stage.play(Duration::from_secs(30)).await;
    assert!(lively.iter().all(|name| !of(&first, name).is_empty()), "each has run within half a minute");
    stage.play(Duration::from_secs(90)).await;
    let results = stage.play(Duration::from_secs(60)).await;
    assert!(lively.iter().all(|name| of(&results, name).len() == 1), "and then once a minute");
    assert!(results.len() > 900, "those that hang are run too");
}

#[tokio::test(start_paused = true)]
async fn twelve_locations_run_a_check_of_five_minutes_every_25_seconds() {
    let began = Instant::now();
    let (sender, mut results) = mpsc::channel(1_000);
    let (_definitions, watched) = watch::channel(Arc::new(vec![check("passes", "300s")]));
    for index in 0..12 {
        // They start whenever they start.
        sleep(Duration::from_secs(7)).await;
        let clock = move || Timestamp::UNIX_EPOCH + began.elapsed();
        let prober = Prober::new(format!("at-{index}"), Arc::new(Actor::default()), clock, Pace::DECLARED);
        let prober = prober.staggered(Stagger { index, of: 12 });
        tokio::spawn(prober.run(watched.clone(), sender.clone(), std::future::pending()));
    }
    sleep(Duration::from_secs(900)).await;
    let mut times = Vec::new();
    while let Ok(result) = results.try_recv() {
        times.push(seconds(&result));
    }
    times.retain(|time| (500.0..800.0).contains(time));
    times.sort_by(f64::total_cmp);
    assert_eq!(times.len(), 12);
    assert!(times.windows(2).all(|pair| (pair[1] - pair[0] - 25.0).abs() < 0.1), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_asked_for_runs_at_once_and_once() {
    let began = Instant::now();
    let clock = move || Timestamp::UNIX_EPOCH + began.elapsed();
    let (asking, asked) = watch::channel(BTreeMap::new());
    let prober = Prober::new("here", Arc::new(Actor::default()), clock, Pace::DECLARED).confirming(asked);
    let (_definitions, watched) = watch::channel(Arc::new(vec![check("passes", "300s")]));
    let (sender, mut results) = mpsc::channel(16);
    tokio::spawn(prober.run(watched, sender, std::future::pending()));
    sleep(Duration::from_secs(6)).await;
    while results.try_recv().is_ok() {}
    let name: EntityRef = "check:passes".parse().unwrap();
    let name = check(name.name(), "300s").check.clone();
    for ahead_s in [0_u64, 3_600] {
        let at = clock() + Duration::from_secs(ahead_s);
        asking.send_replace(BTreeMap::from([(name.clone(), at)]));
        let asked_at = seconds_since(began);
        sleep(Duration::from_millis(500)).await;
        let result = results.try_recv().unwrap();
        assert!(seconds(&result) - asked_at < 0.01);
        assert_eq!(result.asked, Some(at), "it says what it answers");
        assert!(results.try_recv().is_err(), "once, though its clock may be behind");
    }
    let long_ago = Timestamp::UNIX_EPOCH;
    asking.send_replace(BTreeMap::from([(name, long_ago)]));
    sleep(Duration::from_millis(500)).await;
    assert!(results.try_recv().is_err(), "it has run since");
}

fn seconds_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64()
}
