//! Asking by HTTP, over version 1.1 or 2 as the server chooses, and following redirects.

use std::pin::pin;

use base64::Engine as _;
use bytes::Bytes;
use checks::{HttpCheck, IpVersion, Phase, StatusRange, TlsOptions, shown, template};
use cookie_store::CookieStore;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode, Uri, Version,
    body::Incoming,
    client::conn::{http1, http2},
    header::{self, HeaderName, HeaderValue},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use super::{Fault, dial, root_cause};
use crate::{Client, trace::Trace, values::Values};

/// How much of a body is read, and judged.
pub(crate) const BODY_BYTES: usize = 1 << 20;
/// How much of an answer's head is read over HTTP/1.1, where hyper bounds it by its buffer.
const HEAD_BYTES: usize = 64 * 1024;
/// Headers that an answer may have.
const HEADERS: usize = 100;
pub(crate) const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("Mainstay-check/", env!("CARGO_PKG_VERSION")));

/// Headers as a check declares them, filled.
pub(crate) fn declared(headers: &[(String, String)], values: &Values<'_>) -> Result<HeaderMap, Fault> {
    let mut filled = HeaderMap::new();
    for (name, text) in headers {
        let cant = |_| Fault::Header(name.clone());
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Fault::Header(name.clone()))?;
        let mut value = HeaderValue::from_str(&values.fill(text)?).map_err(cant)?;
        // What a secret is in goes to no other site, and is not shown.
        value.set_sensitive(template::secrets(text).next().is_some());
        filled.append(header, value);
    }
    Ok(filled)
}

/// A request whose templates are filled.
struct Asked<'a> {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    /// Whether a secret is in the body.
    body_is_secret: bool,
    redirects: u8,
    tls: TlsOptions,
    ip: IpVersion,
    wanted: &'a [StatusRange],
}

impl<'a> Asked<'a> {
    fn fill(check: &'a HttpCheck, values: &Values<'_>) -> Result<Self, Fault> {
        let url = Url::parse(&values.fill(&check.url)?).map_err(|error| Fault::Address(error.to_string()))?;
        if !is_web(&url) {
            return Err(Fault::Address(format!("{} is not one of the web", shown(url.as_str()))));
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, USER_AGENT);
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let given = declared(&check.headers, values)?;
        given.keys().for_each(|name| drop(headers.remove(name)));
        headers.extend(given);
        if let Some((user, password)) = &check.basic {
            let pair = format!("{}:{}", values.fill(user)?, values.fill(password)?);
            let value = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
            let mut value = HeaderValue::try_from(value).map_err(|_| Fault::Header("authorization".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        Ok(Self {
            method: Method::from_bytes(check.method.as_str().as_bytes()).unwrap_or(Method::GET),
            url,
            headers,
            body: values.fill(check.body.as_deref().unwrap_or_default())?.into(),
            body_is_secret: check.body.iter().any(|body| template::secrets(body).next().is_some()),
            redirects: check.redirects,
            tls: check.tls.clone(),
            ip: check.ip,
            wanted: &check.expect.status,
        })
    }

    /// The same asked elsewhere, after an answer with this status.
    fn redirected(&mut self, status: StatusCode, next: Url) -> Result<(), Fault> {
        // RFC 9110, section 15.4: after 303, and by custom after 301 and 302 to a POST, the next request is a GET.
        let posted = self.method == Method::POST && matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND);
        if status == StatusCode::SEE_OTHER || posted {
            self.method = if self.method == Method::HEAD { Method::HEAD } else { Method::GET };
            self.body = Bytes::new();
            self.headers.remove(header::CONTENT_TYPE);
            self.headers.remove(header::CONTENT_ENCODING);
        }
        if next.origin() != self.url.origin() {
            if self.body_is_secret && !self.body.is_empty() {
                return Err(Fault::SecretAway(shown(next.as_str())));
            }
            self.tls.server_name = None;
            self.headers.remove(header::AUTHORIZATION);
            self.headers.remove(header::COOKIE);
            self.headers.remove(header::PROXY_AUTHORIZATION);
            self.headers.remove(header::HOST);
            let kept = std::mem::take(&mut self.headers);
            // A HeaderMap's iterator names a header once, and leaves the name out of its further values.
            let mut last = None;
            for (name, value) in kept {
                last = name.or(last);
                if let Some(name) = last.as_ref().filter(|_| !value.is_sensitive()) {
                    self.headers.append(name, value);
                }
            }
        }
        self.url = next;
        Ok(())
    }
}

impl Client {
    /// Asks, follows redirects, and reads the body or its beginning.
    pub(crate) async fn exchange(
        &self,
        check: &HttpCheck,
        values: &Values<'_>,
        jar: &mut CookieStore,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let mut asked = Asked::fill(check, values)?;
        for _ in 0..=asked.redirects {
            trace.hop(format!("{} {}", asked.method, shown(asked.url.as_str())), asked.url.as_str().to_owned());
            self.ask(&asked, jar, trace).await?;
            remember(jar, &asked.url, trace);
            let Some(next) = redirect(&asked, trace)? else { return Ok(()) };
            let status = trace.head.as_ref().map_or(StatusCode::FOUND, |(status, ..)| *status);
            asked.redirected(status, next)?;
        }
        Err(Fault::TooManyRedirects(asked.redirects))
    }

    /// One request on a connection of its own.
    async fn ask(&self, asked: &Asked<'_>, jar: &CookieStore, trace: &mut Trace) -> Result<(), Fault> {
        let host = asked.url.host_str().ok_or_else(|| Fault::Address("it has no host".to_owned()))?;
        let port = asked.url.port_or_known_default().unwrap_or(80);
        let stream = dial::connect(host, port, asked.ip, self.policy, trace).await?;
        if asked.url.scheme() != "https" {
            return over_http1(stream, request(asked, jar, Version::HTTP_11)?, trace).await;
        }
        let stream = self.tls.handshake(stream, host, &asked.tls, &["h2", "http/1.1"], trace).await?;
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            over_http2(stream, request(asked, jar, Version::HTTP_2)?, trace).await
        } else {
            over_http1(stream, request(asked, jar, Version::HTTP_11)?, trace).await
        }
    }
}

/// The request as it is sent by this version: the first has the host in a header, the second in the address.
fn request(asked: &Asked<'_>, jar: &CookieStore, version: Version) -> Result<Request<Full<Bytes>>, Fault> {
    let mut headers = asked.headers.clone();
    let cookies: Vec<String> =
        jar.get_request_values(&asked.url).map(|(name, value)| format!("{name}={value}")).collect();
    if !cookies.is_empty() {
        let own = headers.get(header::COOKIE).and_then(|own| own.to_str().ok()).map(str::to_owned);
        let all = own.into_iter().chain(cookies).collect::<Vec<_>>().join("; ");
        let mut value = HeaderValue::try_from(all).map_err(|_| Fault::Header("cookie".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(header::COOKIE, value);
    }
    let at = |name: &str| Fault::Header(name.to_owned());
    let authority = &asked.url[url::Position::BeforeHost..url::Position::AfterPort];
    let host = match headers.remove(header::HOST) {
        Some(host) => host,
        None => HeaderValue::try_from(authority).map_err(|_| at("host"))?,
    };
    let target = &asked.url[url::Position::BeforePath..url::Position::AfterQuery];
    let uri = if version == Version::HTTP_2 {
        let host = host.to_str().map_err(|_| at("host"))?;
        Uri::builder().scheme(asked.url.scheme()).authority(host).path_and_query(target).build()
    } else {
        headers.insert(header::HOST, host);
        Uri::builder().path_and_query(target).build()
    };
    let mut request = Request::new(Full::new(asked.body.clone()));
    *request.method_mut() = asked.method.clone();
    *request.uri_mut() = uri.map_err(|error| Fault::Address(error.to_string()))?;
    *request.version_mut() = version;
    *request.headers_mut() = headers;
    Ok(request)
}

async fn over_http1<S>(stream: S, request: Request<Full<Bytes>>, trace: &mut Trace) -> Result<(), Fault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    trace.begin(Phase::Processing);
    note(&request, trace);
    let shaken = http1_bounded().handshake(TokioIo::new(stream)).await;
    let shaken = shaken.map_err(|error| Fault::Request(root_cause(&error)))?;
    let (mut sender, connection) = shaken;
    let answer = async {
        let response = sender.send_request(request).await;
        read(response.map_err(|error| Fault::Request(root_cause(&error)))?, trace).await
    };
    beside(connection, answer).await
}

async fn over_http2<S>(stream: S, request: Request<Full<Bytes>>, trace: &mut Trace) -> Result<(), Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    trace.begin(Phase::Processing);
    note(&request, trace);
    let shaken = http2_bounded().handshake(TokioIo::new(stream)).await;
    let shaken = shaken.map_err(|error| Fault::Request(root_cause(&error)))?;
    let (mut sender, connection) = shaken;
    let answer = async {
        let response = sender.send_request(request).await;
        read(response.map_err(|error| Fault::Request(root_cause(&error)))?, trace).await
    };
    beside(connection, answer).await
}

/// HTTP/1.1 with a bounded head.
pub(crate) fn http1_bounded() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_headers(HEADERS).max_buf_size(HEAD_BYTES);
    builder
}

/// HTTP/2 with a bounded head.
pub(crate) fn http2_bounded() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX));
    builder
}

/// Works while the connection is kept going, and drops it after that.
pub(crate) async fn beside<T>(connection: impl Future<Output = hyper::Result<()>>, work: impl Future<Output = T>) -> T {
    let (mut connection, mut work) = (pin!(connection), pin!(work));
    tokio::select! {
        biased;
        done = &mut work => done,
        // Its error is the work's too.
        _ = &mut connection => work.await,
    }
}

/// Keeps the request's head.
pub(crate) fn note<B>(request: &Request<B>, trace: &mut Trace) {
    trace.request = Some((request.method().clone(), request.uri().path().to_owned(), request.headers().clone()));
}

/// Reads the body, or its beginning: the rest of a long one is left unread.
pub(crate) async fn read(response: Response<Incoming>, trace: &mut Trace) -> Result<(), Fault> {
    trace.begin(Phase::Transfer);
    let (head, mut body) = response.into_parts();
    trace.answered(head.status, head.version, head.headers);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Fault::BrokeOff(root_cause(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        let room = BODY_BYTES - trace.body.len();
        trace.body.extend_from_slice(data.get(..room).unwrap_or(&data));
        if trace.body.len() >= BODY_BYTES {
            break;
        }
    }
    trace.end();
    Ok(())
}

/// Cookies that one answer may set.
const COOKIES: usize = 50;

/// Remembers the cookies that an answer sets (RFC 6265); what a server may not set, the store refuses.
fn remember(jar: &mut CookieStore, url: &Url, trace: &mut Trace) {
    let Some((_, _, headers)) = &trace.head else { return };
    for text in headers.get_all(header::SET_COOKIE).iter().take(COOKIES).filter_map(|text| text.to_str().ok()) {
        if jar.parse(text, url).is_ok()
            && let Some((name, value)) = text.split(';').next().and_then(|pair| pair.split_once('='))
        {
            trace.cookies.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
}

/// Where the answer redirects to, unless this very status is what the check wants.
fn redirect(asked: &Asked<'_>, trace: &Trace) -> Result<Option<Url>, Fault> {
    let Some((status, _, headers)) = &trace.head else { return Ok(None) };
    let wanted = asked.wanted.iter().any(|range| range.contains(status.as_u16()));
    let follows = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    let Some(location) = location.filter(|_| follows && !wanted) else { return Ok(None) };
    let mut next = asked.url.join(location).map_err(|error| Fault::Address(error.to_string()))?;
    if !is_web(&next) {
        return Err(Fault::RedirectedAway(shown(next.as_str())));
    }
    // A server must not make the probe sign in somewhere; both can't fail for an address with a host.
    let _ = next.set_password(None);
    let _ = next.set_username("");
    Ok(Some(next))
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}
