//! Collects the problems of one file, and gives each its source line.

use crate::{Problem, Rule, Severity, yaml::Place};

/// The problems of one file, as they are found.
pub(crate) struct Report<'a> {
    path: &'a str,
    lines: Vec<&'a str>,
    problems: Vec<Problem>,
    errors: usize,
    left_out: usize,
}

impl<'a> Report<'a> {
    /// A file with more problems than this is broken as a whole: the rest adds nothing.
    const PROBLEMS_MAX: usize = 500;

    pub(crate) fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, lines: text.lines().collect(), problems: Vec::new(), errors: 0, left_out: 0 }
    }

    /// Adds a problem at a place.
    pub(crate) fn add(&mut self, rule: Rule, place: Place, message: impl Into<String>) -> &mut Self {
        self.add_with(rule, place, message, None)
    }

    /// Adds a problem at a place, with the way to mend it if one is known.
    pub(crate) fn add_with(
        &mut self,
        rule: Rule,
        place: Place,
        message: impl Into<String>,
        suggestion: Option<String>,
    ) -> &mut Self {
        self.errors += usize::from(rule.severity() == Severity::Error);
        if self.problems.len() == Self::PROBLEMS_MAX {
            self.left_out += 1;
            return self;
        }
        let line = self.lines.get(place.line.saturating_sub(1) as usize).copied().unwrap_or_default();
        let mut problem = Problem::of_file(rule, self.path, message).at(place.line, place.column, line);
        problem.suggestion = suggestion;
        self.problems.push(problem);
        self
    }

    /// How many errors there are so far: what adds one between two calls is broken.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    pub(crate) fn into_problems(mut self) -> Vec<Problem> {
        if self.left_out > 0 {
            let message = format!("{} more problems of this file are not shown", self.left_out);
            self.problems.push(Problem::of_file(Rule::MoreProblems, self.path, message));
        }
        self.problems
    }
}
