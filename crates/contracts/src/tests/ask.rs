//! Questions and answers as short texts: `Foo 1, Bar latest tag:prod | cvp latest tag:test ignore:Baz`.

use crate::{
    matrix::{Answer, LatestBy, Query, Row, Selector, ask},
    tests::Broker,
};

/// Reads a selector: a name, then `1` (a number), `latest`, `main`, `tag:`, `branch:`, `env:`.
pub(crate) fn selector(text: &str) -> Selector {
    let mut words = text.split_whitespace();
    let mut selector = Selector { pacticipant: words.next().unwrap().to_owned(), ..Selector::default() };
    for word in words {
        match word.split_once(':') {
            Some(("tag", tag)) => selector.tag = Some(tag.to_owned()),
            Some(("branch", branch)) => selector.branch = Some(branch.to_owned()),
            Some(("env", environment)) => selector.environment = Some(environment.to_owned()),
            _ if word == "latest" => selector.latest = true,
            _ if word == "main" => selector.main_branch = true,
            _ => selector.version = Some(word.to_owned()),
        }
    }
    selector
}

pub(crate) fn query(text: &str) -> Query {
    let (selectors, options) = text.split_once('|').unwrap_or((text, ""));
    let selectors = selectors.split(',').map(selector).collect();
    let mut query = Query { selectors, ..Query::default() };
    for word in options.split_whitespace() {
        match word.split_once(':') {
            Some(("tag", tag)) => query.tag = Some(tag.to_owned()),
            Some(("env", environment)) => query.environment = Some(environment.to_owned()),
            Some(("ignore", ignored)) => query.ignore.push(selector(&ignored.replace('@', " "))),
            Some(("success", wanted)) => query.success = wanted.split('+').map(|one| one.parse().ok()).collect(),
            _ if word == "latest" => query.latest = true,
            _ if word == "main" => query.main_branch = true,
            _ if word == "cvpv" => query.latest_by = Some(LatestBy::ConsumerVersionProviderVersion),
            _ if word == "cvp" => query.latest_by = Some(LatestBy::ConsumerVersionProvider),
            _ if word == "cp" => query.latest_by = Some(LatestBy::ConsumerProvider),
            _ => panic!("{word} in {text}"),
        }
    }
    query
}

impl Broker {
    pub(crate) fn ask(&self, question: &str) -> Answer {
        ask(&self.state, &query(question))
    }

    /// A row as `Foo1 Bar2 n3`, with the verification's number; `?` for what there is not.
    pub(crate) fn show(&self, row: &Row) -> String {
        let state = &self.state;
        let by = row.provider_version.map_or("?", |version| state.number(version));
        let number = row.verification.map_or_else(|| "?".to_owned(), |key| (key.0 + 1).to_string());
        let consumer = format!("{}{}", state.name(row.consumer), state.number(row.consumer_version));
        format!("{consumer} {}{by} n{number}", state.name(row.provider))
    }

    pub(crate) fn rows(&self, question: &str) -> Vec<String> {
        self.ask(question).rows.iter().map(|row| self.show(row)).collect()
    }

    /// Whether it can be deployed, and why, one reason a line.
    #[track_caller]
    pub(crate) fn check(&self, question: &str, deployable: Option<bool>, reasons: &[&str]) {
        let answer = self.ask(question);
        assert_eq!((answer.deployable(), answer.reasons()), (deployable, owned(reasons)), "{question}");
    }

    #[track_caller]
    pub(crate) fn check_rows(&self, question: &str, expected: &[&str]) {
        assert_eq!(self.rows(question), owned(expected), "{question}");
    }

    /// How many rows succeeded, failed, are unknown, are ignored.
    #[track_caller]
    pub(crate) fn check_counts(&self, question: &str, expected: (usize, usize, usize, Option<usize>)) {
        let counts = self.ask(question).counts();
        assert_eq!((counts.success, counts.failed, counts.unknown, counts.ignored), expected, "{question}");
    }
}

pub(crate) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(crate) const WELL: &str = "All required verification results are published and successful";
pub(crate) const NOTHING: &str = "There are no missing dependencies";
pub(crate) const NO_TARGET: &str = "WARN: It is recommended to specify the environment into which you are deploying. \
     Without the environment, this result will not be reliable.";
pub(crate) const NO_NUMBER: &str = "WARN: It is recommended to specify the version number (rather than the tag or \
     branch) of the pacticipant you wish to deploy to avoid race conditions. Without a version number, this result will \
     not be reliable.";
