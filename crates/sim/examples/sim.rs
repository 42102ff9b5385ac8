//! Runs many simulations, and says how often the guilty change is found:
//! `cargo run -p sim --example sim -- --seeds 200 --start 0 [--steps 300] [--seed 7: print all of one]`.
#![expect(clippy::print_stdout, reason = "this is a program for a terminal")]

use std::{collections::BTreeMap, process::ExitCode};

use incidents::evaluation::{self, Conditions};
use sim::{Options, Report};

const LINES_SHOWN: usize = 50;
/// Nobody looked at these while the weights of the ranking were chosen.
const HELD_OUT: std::ops::Range<u64> = 2_000_000..2_002_000;

fn main() -> ExitCode {
    match simulate() {
        Ok(code) => code,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn option(name: &str) -> Option<u64> {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1)?.parse().ok()
}

fn simulate() -> Result<ExitCode, timeline::StoreError> {
    let steps = option("--steps").and_then(|steps| usize::try_from(steps).ok());
    let options = Options { steps: steps.unwrap_or(Options::default().steps), ..Options::default() };
    if let Some(seed) = option("--seed") {
        let report = sim::run(seed, options)?;
        show(&report, usize::MAX);
        println!("seed {seed}: {} events, log {}, {:?}", report.events, report.log_digest, report.violations);
        return Ok(ExitCode::SUCCESS);
    }
    let (start, seeds) = (option("--start").unwrap_or(0), option("--seeds").unwrap_or(200));
    let (mut events, mut taken, mut failed, mut met) = (0, 0, Vec::new(), BTreeMap::<String, u64>::new());
    for seed in start..start.saturating_add(seeds) {
        let report = sim::run(seed, options)?;
        events += report.events;
        taken += report.log.len();
        if !report.violations.is_empty() {
            println!("seed {seed}: {}", report.violations.join("; "));
            show(&report, LINES_SHOWN);
            failed.push(seed);
        }
        for (what, count) in report.met {
            *met.entry(what).or_default() += count;
        }
    }
    for (what, count) in met {
        println!("{count:>8} {what}");
    }
    println!("{seeds} seeds from {start}: {taken} steps, {events} events; violated something: {failed:?}");
    measure(seeds)?;
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(report: &Report, lines: usize) {
    let from = report.log.len().saturating_sub(lines);
    report.log.iter().skip(from).for_each(|line| println!("    {line}"));
}

/// How often the guilty change is first, and among the first three.
fn measure(seeds: u64) -> Result<(), timeline::StoreError> {
    for (name, conditions) in [("typical", Conditions::TYPICAL), ("harsh", Conditions::HARSH)] {
        let accuracy = evaluation::evaluate(HELD_OUT, &conditions);
        let (top1, top3) = (100.0 * accuracy.top1(), 100.0 * accuracy.top3());
        println!(
            "suspects, ranking alone, {name}: {top1:.1} % first, {top3:.1} % among three, of {}",
            accuracy.histories
        );
    }
    let found = sim::evaluate(0..seeds)?;
    let percent = |part: u32| 100.0 * f64::from(part) / f64::from(found.histories.max(1));
    println!(
        "suspects, end to end: {:.1} % first, {:.1} % among three, of {} histories with {} changes each; {} outages were seen by no check",
        percent(found.first),
        percent(found.among_three),
        found.histories,
        found.changes / u64::from(found.histories.max(1)),
        found.unseen,
    );
    Ok(())
}
