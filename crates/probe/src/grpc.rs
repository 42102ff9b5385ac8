//! Runs of gRPC checks: one call of `grpc.health.v1.Health/Check`, on a connection of its own.

use std::sync::Mutex;

use checks::{GrpcCheck, IpVersion, Phase, hold};
use hyper::{HeaderMap, StatusCode, Uri, Version, body::Incoming, header};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use tonic::{Code, Status, body::Body, metadata::MetadataMap};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    Client,
    exchange::{
        Fault, dial,
        http::{USER_AGENT, beside, declared, http2_bounded, note},
        root_cause,
    },
    network::host_and_port,
    run::{Verdict, millis_since},
    trace::Trace,
    values::Values,
};

/// The longest answer that is read; a good one has two bytes.
const ANSWER_BYTES: usize = 64 * 1024;

impl Client {
    /// `until` is when the run is cut off: the server is told how long that is.
    pub(crate) async fn run_grpc(&self, check: &GrpcCheck, until: Instant, trace: &mut Trace) -> Verdict {
        let (started, now) = (Instant::now(), Timestamp::now());
        let of = if check.service.is_empty() { "the server" } else { check.service.as_str() };
        trace.hop(format!("gRPC health of {of} at {}", check.address), check.address.clone());
        let secrets = self.secrets();
        let values = match Values::new(&secrets, now) {
            Ok(values) => values,
            Err(error) => return Fault::from(error).into(),
        };
        let health = match self.health(check, &values, until, trace).await {
            Ok(health) => health,
            Err(fault) => return fault.into(),
        };
        trace.end();
        match ServingStatus::try_from(health.status) {
            Ok(ServingStatus::Serving) => {}
            Ok(ServingStatus::NotServing) => return Verdict::Bad(format!("{of} answers NOT_SERVING")),
            Ok(ServingStatus::ServiceUnknown) => return Verdict::Bad(unknown_service(check)),
            Ok(ServingStatus::Unknown) => {
                return Verdict::Bad(format!("{of} answers UNKNOWN: it doesn't say whether it serves"));
            }
            Err(_) => return Verdict::Bad(format!("{of} answers {}, which is no health status", health.status)),
        }
        match hold(&check.assertions, &trace.observed(0, millis_since(started), now)) {
            Ok(()) => Verdict::Good,
            Err(why) => Verdict::Bad(why),
        }
    }

    async fn health(
        &self,
        check: &GrpcCheck,
        values: &Values<'_>,
        until: Instant,
        trace: &mut Trace,
    ) -> Result<HealthCheckResponse, Fault> {
        let mut metadata = HeaderMap::new();
        metadata.insert(header::USER_AGENT, USER_AGENT);
        metadata.extend(declared(&check.metadata, values)?);
        let (host, port) = host_and_port(&check.address)?;
        let stream = dial::connect(host, port, IpVersion::Any, self.policy, trace).await?;
        let Some(options) = &check.tls else {
            return call(stream, check, "http", metadata, until, trace).await;
        };
        let stream = self.tls.handshake(stream, host, options, &["h2"], trace).await?;
        // RFC 9113, section 3.2: over TLS both sides agree to HTTP/2 by ALPN.
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(Fault::Answer("the server doesn't agree to HTTP/2 (ALPN), over which gRPC goes".to_owned()));
        }
        call(stream, check, "https", metadata, until, trace).await
    }
}

/// One call on a fresh connection.
async fn call<S>(
    stream: S,
    check: &GrpcCheck,
    scheme: &str,
    metadata: HeaderMap,
    until: Instant,
    trace: &mut Trace,
) -> Result<HealthCheckResponse, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    trace.begin(Phase::Processing);
    let origin = Uri::builder().scheme(scheme).authority(check.address.as_str()).path_and_query("/").build();
    let origin = origin.map_err(|error| Fault::Address(error.to_string()))?;
    let shaken = http2_bounded().handshake(TokioIo::new(stream)).await;
    let (sender, connection) = shaken.map_err(|error| Fault::Request(root_cause(&error)))?;
    let seen = Mutex::new(Seen { trace, failed: None });
    let service = tower::service_fn(|request: hyper::Request<Body>| {
        let (mut sender, seen) = (sender.clone(), &seen);
        async move {
            if let Ok(seen) = &mut seen.lock() {
                note(&request, seen.trace);
            }
            let answer = sender.send_request(request).await;
            if let Ok(seen) = &mut seen.lock() {
                seen.note(&answer);
            }
            answer
        }
    });
    let mut client = HealthClient::with_origin(service, origin).max_decoding_message_size(ANSWER_BYTES);
    let mut request = tonic::Request::new(HealthCheckRequest { service: check.service.clone() });
    *request.metadata_mut() = MetadataMap::from_headers(metadata);
    request.set_timeout(until.saturating_duration_since(Instant::now()));
    let answer = beside(connection, client.check(request)).await;
    drop(client);
    let Seen { trace, failed } = match seen.into_inner() {
        Ok(seen) => seen,
        Err(poisoned) => poisoned.into_inner(),
    };
    match (answer, failed) {
        (Ok(answer), _) => Ok(answer.into_inner()),
        (Err(_), Some(failed)) => {
            Err(Fault::Answer(format!("the server gave no answer over HTTP/2, over which gRPC goes: {failed}")))
        }
        (Err(status), None) => Err(Fault::Answer(complaint(check, &status, trace))),
    }
}

/// What the call brings along.
struct Seen<'a> {
    trace: &'a mut Trace,
    /// Why there is no answer at all.
    failed: Option<String>,
}

impl Seen<'_> {
    fn note(&mut self, answer: &hyper::Result<hyper::Response<Incoming>>) {
        match answer {
            Ok(answer) => {
                self.trace.begin(Phase::Transfer);
                self.trace.answered(answer.status(), answer.version(), answer.headers().clone());
            }
            Err(error) => self.failed = Some(root_cause(error)),
        }
    }
}

/// What a status that isn't OK says of the server.
fn complaint(check: &GrpcCheck, status: &Status, trace: &Trace) -> String {
    let said =
        Some(status.message()).filter(|said| !said.is_empty()).map_or_else(String::new, |said| format!(": {said}"));
    if let Some((http, Version::HTTP_2, headers)) = &trace.head
        && !is_grpc(headers)
    {
        let sort = headers.get(header::CONTENT_TYPE).and_then(|sort| sort.to_str().ok()).unwrap_or("no type");
        return format!("answered {} with {sort}: that is no gRPC server", StatusCode::as_u16(http));
    }
    let code = status.code();
    if code == Code::NotFound {
        // What the health protocol's own definition says of a service that the server doesn't know.
        unknown_service(check)
    } else if code == Code::Unimplemented {
        format!("the server doesn't have the health protocol (UNIMPLEMENTED{said})")
    } else if code == Code::DeadlineExceeded {
        format!("the server gave up at the check's timeout (DEADLINE_EXCEEDED{said})")
    } else if matches!(code, Code::Unauthenticated | Code::PermissionDenied) {
        format!("the server refuses the check's credentials ({}{said})", word(code))
    } else {
        format!("the call failed with {}{said}", word(code))
    }
}

fn unknown_service(check: &GrpcCheck) -> String {
    format!("the server knows no service \"{}\"", check.service)
}

/// True of what a gRPC server answers, whatever encoding its messages have.
fn is_grpc(headers: &HeaderMap) -> bool {
    let sort = headers.get(header::CONTENT_TYPE).map(|sort| sort.as_bytes());
    sort.is_some_and(|sort| sort.starts_with(b"application/grpc"))
}

/// A status code as the specification writes it.
fn word(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
