//! Pacts, and what came of verifying them.

use std::collections::BTreeMap;

use contracts::{ContentSha, content::without_ids};
use kernel::Refusal;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    Importing, progress,
    read::{Version, after, list, text},
    report::Sort,
};

/// Rows of the matrix that are read of one content.
const ROWS_MAX: usize = 10_000;

/// A verification as the matrix lists it.
#[derive(Debug)]
struct Row {
    /// Its number in its broker, by which they are ordered.
    number: u64,
    provider_version: String,
    success: bool,
    sha: String,
}

/// The pacts between two: each content, with a version that has it.
type Contents = BTreeMap<String, String>;

impl Importing {
    pub(super) async fn pacts(&mut self) -> Result<(), Refusal> {
        let consumers: Vec<(String, Vec<Version>)> =
            self.versions.iter().map(|(name, versions)| (name.clone(), versions.clone())).collect();
        for (consumer, versions) in &consumers {
            let count: usize = versions.iter().map(|version| version.providers.len()).sum();
            if count == 0 {
                continue;
            }
            progress(&format!("{consumer}: {count} pacts"));
            self.report.read(Sort::Pacts, count);
            let mut contents: BTreeMap<&str, Contents> = BTreeMap::new();
            for version in versions {
                for provider in &version.providers {
                    if let Some(sha) = self.pact((consumer, provider), &version.number).await? {
                        contents.entry(provider).or_default().entry(sha).or_insert_with(|| version.number.clone());
                    }
                }
            }
            for (provider, contents) in contents {
                self.verifications((consumer, provider), &contents).await?;
            }
        }
        Ok(())
    }

    /// Writes a version's pact, unless it is here, and gives what its content is known by.
    async fn pact(&mut self, (consumer, provider): (&str, &str), number: &str) -> Result<Option<String>, Refusal> {
        let path = ["pacts", "provider", provider, "consumer", consumer, "version", number];
        if let Some(here) = self.target.find(&path, &[]).await? {
            self.report.here(Sort::Pacts, 1);
            return Ok(text(&here, "/_links/pb:pact-version/name"));
        }
        let shown = format!("{consumer} {number} with {provider}");
        let Some(pact) = self.source.find(&path, &[]).await? else {
            self.report.refused(Sort::Pacts, format!("{shown}: the other broker lists it, but does not have it"));
            return Ok(None);
        };
        let theirs = text(&pact, "/_links/pb:pact-version/name");
        let pact = as_published(pact);
        let sha = ContentSha::of(&pact).to_string();
        if self.write((Sort::Pacts, &shown), Method::PUT, &path, &pact).await?.is_none() {
            return Ok(None);
        }
        if theirs.is_some_and(|theirs| theirs != sha) {
            self.report.note(format!("{shown}: its content is known by another checksum here, {sha}"));
        }
        Ok(Some(sha))
    }

    /// Writes the verifications that are missing, in their order.
    async fn verifications(&mut self, pair: (&str, &str), contents: &Contents) -> Result<(), Refusal> {
        let mut missing: Vec<(Row, &str)> = Vec::new();
        for (sha, number) in contents {
            let there = self.rows(true, pair, number).await?;
            self.report.read(Sort::Verifications, there.len());
            let mut here: BTreeMap<(String, bool), usize> = BTreeMap::new();
            for row in self.rows(false, pair, number).await? {
                *here.entry((row.provider_version, row.success)).or_default() += 1;
            }
            for row in there {
                match here.get_mut(&(row.provider_version.clone(), row.success)) {
                    Some(count) if *count > 0 => {
                        *count -= 1;
                        self.report.here(Sort::Verifications, 1);
                    }
                    Some(_) | None => missing.push((row, sha)),
                }
            }
        }
        missing.sort_by_key(|(row, _)| row.number);
        for (row, sha) in missing {
            self.verification(pair, &row, sha).await?;
        }
        Ok(())
    }

    /// The verifications of the pact of a version, the oldest first.
    async fn rows(
        &mut self,
        of_source: bool,
        (consumer, provider): (&str, &str),
        number: &str,
    ) -> Result<Vec<Row>, Refusal> {
        let limit = ROWS_MAX.to_string();
        let query = [
            ("q[][pacticipant]", consumer),
            ("q[][version]", number),
            ("q[][pacticipant]", provider),
            ("limit", &limit),
        ];
        let broker = if of_source { &self.source } else { &self.target };
        let matrix = broker.get(&["matrix"], &query).await?;
        let found = list(&matrix, "/matrix");
        if of_source && found.len() >= ROWS_MAX {
            let note = format!("{consumer} {number} with {provider}: of its verifications only {ROWS_MAX} were read");
            self.report.note(note);
        }
        // The two may expect something of one another.
        let is = |document: &&Value, role: &str, name: &str| {
            document.pointer(&format!("/{role}/name")).and_then(Value::as_str) == Some(name)
        };
        let of_pair = found.iter().filter(|row| is(row, "consumer", consumer) && is(row, "provider", provider));
        let mut rows: Vec<Row> = of_pair.filter_map(row).collect();
        rows.sort_by_key(|row| row.number);
        rows.dedup_by_key(|row| row.number);
        Ok(rows)
    }

    async fn verification(&mut self, (consumer, provider): (&str, &str), row: &Row, sha: &str) -> Result<(), Refusal> {
        let number = row.number.to_string();
        let at =
            |sha| ["pacts", "provider", provider, "consumer", consumer, "pact-version", sha, "verification-results"];
        let path = [&at(&row.sha)[..], &[&number]].concat();
        let shown = format!("{number} of {provider} {} against {consumer}", row.provider_version);
        let Some(known) = self.source.find(&path, &[]).await? else {
            self.report
                .refused(Sort::Verifications, format!("{shown}: the other broker lists it, but does not have it"));
            return Ok(());
        };
        let mut body = Map::new();
        for key in ["success", "providerApplicationVersion", "buildUrl", "testResults", "verifiedBy"] {
            let value = known.get(key).filter(|value| !value.is_null());
            body.extend(value.map(|value| (key.to_owned(), value.clone())));
        }
        body.entry("providerApplicationVersion").or_insert_with(|| json!(row.provider_version));
        self.write((Sort::Verifications, &shown), Method::POST, &at(sha), &Value::Object(body)).await?;
        Ok(())
    }
}

fn row(row: &Value) -> Option<Row> {
    let href = text(row, "/verificationResult/_links/self/href")?;
    Some(Row {
        number: after(&href, "verification-results")?.parse().ok()?,
        provider_version: text(row, "/provider/version/number")?,
        success: row.pointer("/verificationResult/success")?.as_bool()?,
        sha: after(&href, "pact-version")?,
    })
}

/// The pact as it was published: without what the broker adds.
fn as_published(mut pact: Value) -> Value {
    if let Value::Object(fields) = &mut pact {
        fields.retain(|key, _| !matches!(key.as_str(), "createdAt" | "_links" | "_embedded"));
    }
    without_ids(pact)
}
