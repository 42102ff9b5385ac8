//! Asks a Prometheus, or what speaks its HTTP API: Mimir, Thanos, VictoriaMetrics.
//!
//! `POST /api/v1/query_range`, in steps of a minute (<https://prometheus.io/docs/prometheus/latest/querying/api/>). The
//! value at the end of a minute tells of that minute.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use outbound::{Allowed, Judged, beginning, literal};
use reqwest::{Client, header::CONTENT_TYPE};
use serde::Deserialize;
use slo::{Counts, Input, Measure, growth, moment_of};

/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// The most series that one query may have.
const SERIES_MAX: usize = 2_000;
/// What stands in a query for the window of a rate: long enough for metrics that are collected once a minute.
const WINDOW: &str = "2m";
/// How queries name it, as Sloth's do.
const WINDOW_HOLES: [&str; 2] = ["{{.window}}", "{{ .window }}"];

/// Asks.
#[derive(Debug)]
pub(super) struct Prometheus {
    client: Client,
    allowed: Arc<Allowed>,
    secrets: BTreeMap<String, String>,
}

/// What is answered.
#[derive(Debug, Deserialize)]
struct Answer {
    status: String,
    data: Option<Matrix>,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Matrix {
    #[serde(rename = "resultType")]
    sort: String,
    #[serde(default)]
    result: Vec<Series>,
}

#[derive(Debug, Deserialize)]
struct Series {
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// The values of one series over time.
type Points = Vec<(Timestamp, f64)>;

impl Prometheus {
    /// One that may ask the hosts that are allowed, and knows these secrets.
    ///
    /// # Errors
    /// If no HTTP client can be had.
    pub(super) fn new(allowed: Allowed, secrets: BTreeMap<String, String>) -> Result<Self, reqwest::Error> {
        let allowed = Arc::new(allowed);
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(Judged(Arc::clone(&allowed))))
            .no_proxy()
            .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, allowed, secrets })
    }

    /// What happened from one minute to another, which is not included. Minutes of which nothing is known are left out.
    ///
    /// # Errors
    /// Why it can't be told, in words and without secrets.
    pub(super) async fn count(&self, input: &Input, from: i64, to: i64) -> Result<Vec<(i64, Counts)>, String> {
        let Input::Prometheus { url, headers, measure } = input else { return Ok(Vec::new()) };
        let ask = |query| self.ask(url, headers, query, from, to);
        let within = |minute: &i64| (from..to).contains(minute);
        let counts =
            |minutes: BTreeMap<i64, Counts>| minutes.into_iter().filter(|(minute, _)| within(minute)).collect();
        match measure {
            Measure::Ratio { counter, bad, part, total } => {
                let (part, total) =
                    (events(part, ask(part).await?, *counter), events(total, ask(total).await?, *counter));
                // Where there is no series yet for good or for bad events, there were none.
                let pairs = total.into_iter().map(|(minute, all)| {
                    let part = part.get(&minute).copied().unwrap_or(0.0);
                    (minute, Counts::events(if *bad { all - part } else { part }, all))
                });
                Ok(counts(pairs.collect()))
            }
            Measure::Raw { failure, query } => {
                let values = single(ask(query).await?)?;
                let worth = |value: f64| Counts::events(if *failure { 1.0 - value } else { value }, 1.0);
                Ok(counts(values.into_iter().map(|(minute, value)| (minute, worth(value))).collect()))
            }
            Measure::Threshold { query, op, value } => {
                let values = single(ask(query).await?)?;
                let worth = |is: f64| Counts::events(f64::from(u8::from(op.holds(is, *value))), 1.0);
                Ok(counts(values.into_iter().map(|(minute, is)| (minute, worth(is))).collect()))
            }
        }
    }

    async fn ask(
        &self,
        url: &str,
        headers: &BTreeMap<String, String>,
        query: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<Points>, String> {
        let address = url::Url::parse(&format!("{url}/api/v1/query_range")).map_err(|error| error.to_string())?;
        literal(&self.allowed, &address).map_err(|wrong| wrong.0)?;
        let query = WINDOW_HOLES.iter().fold(query.to_owned(), |query, hole| query.replace(hole, WINDOW));
        let (start, end) = (moment_of(from).as_second().to_string(), moment_of(to).as_second().to_string());
        let pairs = [("query", query.as_str()), ("start", start.as_str()), ("end", end.as_str()), ("step", "60")];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let mut call = self.client.post(address).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            let known = |name: &str| self.secrets.get(name.strip_prefix("secret.")?).cloned();
            // The error names the secret, not its value.
            let value = checks::template::fill(value, known).map_err(|error| format!("the header {name} {error}"))?;
            call = call.header(name, value);
        }
        let response = call.body(form).send().await.map_err(without_address)?;
        let status = response.status();
        let body = beginning(response, ANSWER_BYTES_MAX + 1).await;
        if body.len() > ANSWER_BYTES_MAX {
            return Err(format!("it answers more than {} MiB: let the query sum up", ANSWER_BYTES_MAX >> 20));
        }
        read(&body).map_err(|why| format!("{status}: {why}"))
    }
}

/// The series of an answer.
fn read(body: &str) -> Result<Vec<Points>, String> {
    let shown = || body.chars().take(200).collect::<String>();
    let answer: Answer =
        serde_json::from_str(body).map_err(|_| format!("it answers no JSON of its API: {}", shown()))?;
    if answer.status != "success" {
        return Err(answer.error.unwrap_or_else(|| "it says that it failed".to_owned()).chars().take(500).collect());
    }
    let Some(Matrix { sort, result }) = answer.data else { return Err("it answers no data".to_owned()) };
    if sort != "matrix" {
        return Err(format!("it answers a {sort} where a matrix was asked for"));
    }
    if result.len() > SERIES_MAX {
        return Err(format!("the query has {} series; let it sum up to at most {SERIES_MAX}", result.len()));
    }
    let point = |(seconds, value): (f64, String)| {
        let at = Timestamp::from_millisecond((seconds * 1_000.0).round() as i64).ok()?;
        // "NaN", "+Inf" and "-Inf" are numbers for Prometheus, and tell nothing.
        Some((at, value.parse::<f64>().ok().filter(|value| value.is_finite())?))
    };
    Ok(result.into_iter().map(|series| series.values.into_iter().filter_map(point).collect()).collect())
}

/// How many events there were in each minute, over all series.
fn events(query: &str, series: Vec<Points>, counter: bool) -> BTreeMap<i64, f64> {
    let windowed = WINDOW_HOLES.iter().any(|hole| query.contains(hole));
    // A rate is for each second; an increase over the window is for all of its minutes.
    let scale = match (windowed, query.contains("rate(")) {
        (true, true) => 60.0,
        (true, false) => 0.5,
        (false, _) => 1.0,
    };
    let mut minutes = BTreeMap::new();
    for points in series {
        let grown = if counter && !windowed { growth(&points) } else { by_minute(&points) };
        for (minute, value) in grown {
            *minutes.entry(minute).or_insert(0.0) += value * scale;
        }
    }
    minutes
}

fn by_minute(points: &[(Timestamp, f64)]) -> Vec<(i64, f64)> {
    points.iter().map(|(at, value)| (slo::minute_of(*at) - 1, *value)).collect()
}

/// The one series of a query for values.
fn single(series: Vec<Points>) -> Result<Vec<(i64, f64)>, String> {
    match series.as_slice() {
        [] => Ok(Vec::new()),
        [one] => Ok(by_minute(one)),
        many => Err(format!("the query has {} series where one value is needed", many.len())),
    }
}

/// The error without the address.
fn without_address(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(series: &[&[(i64, &str)]]) -> String {
        let series: Vec<_> = series.iter().map(|values| serde_json::json!({"metric": {}, "values": values})).collect();
        serde_json::json!({"status": "success", "data": {"resultType": "matrix", "result": series}}).to_string()
    }

    #[test]
    fn counters_are_added_up_over_all_series_and_their_resets() {
        let body = matrix(&[&[(600, "10"), (660, "15"), (720, "2")], &[(600, "1"), (660, "NaN"), (720, "4")]]);
        let counted = events("http_requests_total", read(&body).unwrap(), true);
        assert_eq!(counted, BTreeMap::from([(10, 5.0), (11, 5.0)]));
    }

    #[test]
    fn a_rate_over_the_window_is_taken_for_each_second() {
        let body = matrix(&[&[(600, "0.5")]]);
        let counted = events("sum(rate(x[{{.window}}]))", read(&body).unwrap(), true);
        assert_eq!(counted, BTreeMap::from([(9, 30.0)]));
    }

    #[test]
    fn what_is_no_answer_says_why() {
        let bad = r#"{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\""}"#;
        assert_eq!(read(bad).unwrap_err(), "invalid parameter \"query\"");
        assert!(read("<html>").unwrap_err().contains("no JSON"));
        assert!(
            read(r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#).unwrap_err().contains("vector")
        );
        assert!(single(read(&matrix(&[&[], &[]])).unwrap()).unwrap_err().contains("2 series"));
    }
}
