//! Plays many histories, and says which violate something: `seeds FROM COUNT [releases|on-call]`.
#![expect(clippy::print_stdout, reason = "a developer reads what it prints")]

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use sim::{Options, Report, Scene};

/// Lines of a history that is wrong.
const SHOWN: usize = 60;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, or: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(or);
    let (from, count) = (number(0, 0), number(1, 1_000));
    let scene = if arguments.iter().any(|word| word == "releases") { Scene::Releases } else { Scene::OnCall };
    let options = Options { scene, ..Options::default() };
    let (next, wrong, began) = (AtomicU64::new(from), AtomicU64::new(0), Instant::now());
    let met: Mutex<BTreeMap<String, u64>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + count {
                        return;
                    }
                    match sim::run(seed, options) {
                        Ok(report) => {
                            wrong.fetch_add(u64::from(!report.violations.is_empty()), Ordering::Relaxed);
                            tell(seed, &report);
                            let mut met = met.lock().unwrap_or_else(PoisonError::into_inner);
                            report.met.into_iter().for_each(|(what, count)| *met.entry(what).or_default() += count);
                        }
                        Err(error) => println!("seed {seed} can't begin: {error}"),
                    }
                }
            });
        }
    });
    for (what, count) in met.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        println!("{count:>10} {what}");
    }
    let wrong = wrong.into_inner();
    println!("{count} histories of {scene:?} from {from} in {:.0} s, {wrong} wrong", began.elapsed().as_secs_f64());
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(seed: u64, report: &Report) {
    if report.violations.is_empty() {
        return;
    }
    println!("seed {seed}: {:?}", report.violations);
    for line in report.log.iter().rev().take(SHOWN).rev() {
        println!("    {}", line.chars().take(600).collect::<String>());
    }
}
