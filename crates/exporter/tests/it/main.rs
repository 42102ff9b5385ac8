//! Checks that other monitors' configurations became, run for real.

#![cfg(test)]

mod verdicts;
