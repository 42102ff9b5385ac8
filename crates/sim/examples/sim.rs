//! Runs many simulations: `cargo run -p sim --example sim -- --seeds 200 --start 0`.
#![expect(clippy::print_stdout, reason = "this is a program for a terminal")]

use std::process::ExitCode;

const LINES_SHOWN: usize = 50;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str, default: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    let (start, seeds) = (number("--start", 0), number("--seeds", 200));
    let (mut events, mut steps, mut failed) = (0, 0, Vec::new());
    for seed in start..start + seeds {
        let options = sim::Options { steps: number("--steps", 300) as usize, ..sim::Options::default() };
        let report = match sim::run(seed, options) {
            Ok(report) => report,
            Err(error) => {
                println!("seed {seed}: {error}");
                return ExitCode::FAILURE;
            }
        };
        events += report.events;
        steps += report.steps;
        if !report.violations.is_empty() {
            println!("seed {seed}: {}", report.violations.join("; "));
            if failed.is_empty() {
                let from = report.log.len().saturating_sub(LINES_SHOWN);
                report.log.iter().skip(from).for_each(|line| println!("    {line}"));
            }
            failed.push(seed);
        }
    }
    println!(
        "{seeds} seeds from {start}: {steps} steps, {events} events, {} violated something: {failed:?}",
        failed.len()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
