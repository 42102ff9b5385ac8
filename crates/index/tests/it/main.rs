//! The index against the rules of Backstage and against a naive scan.
#![cfg(test)]

mod filters;
mod model;
mod pages;
mod random;
mod texts;
