//! TCP connections, what is said on them, and TLS.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use checks::{Certificate, Exchange, Hop, IpVersion, Phases, StartTls, TcpCheck, TlsCheck, TlsOptions, hold, pattern};
use jiff::Timestamp;
use rustls::{
    ClientConfig, RootCertStore,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    AddressPolicy,
    run::{Seen, micros, millis},
};

/// How much of what a server says is read.
const SAID_BYTES: usize = 64 * 1024;

/// Opens a connection, says what is to be said, and judges what is seen.
pub(crate) async fn tcp(policy: AddressPolicy, check: &TcpCheck, seen: &mut Seen) -> Result<(), String> {
    seen.url = format!("tcp {}", check.address);
    let started = Instant::now();
    let stream = connect(policy, &check.address, check.ip, seen).await?;
    if let Some(options) = &check.tls {
        let mut stream = secure(stream, &check.address, options, seen).await?;
        talk(&mut stream, &check.dialogue, seen).await?;
    } else {
        upgradable(stream, check, seen).await?;
    }
    hold(&check.assertions, &seen.observed(millis(started.elapsed())))
}

/// Says what is to be said, up to where TLS begins, and then the rest.
async fn upgradable(mut stream: TcpStream, check: &TcpCheck, seen: &mut Seen) -> Result<(), String> {
    let upgrade = check.dialogue.iter().position(|exchange| exchange.starttls);
    let Some(upgrade) = upgrade else { return talk(&mut stream, &check.dialogue, seen).await };
    let (before, after) = check.dialogue.split_at_checked(upgrade + 1).unwrap_or((&check.dialogue, &[]));
    talk(&mut stream, before, seen).await?;
    let mut stream = secure(stream, &check.address, &TlsOptions::default(), seen).await?;
    talk(&mut stream, after, seen).await
}

/// Shakes hands, and judges the certificates.
pub(crate) async fn tls(policy: AddressPolicy, check: &TlsCheck, seen: &mut Seen) -> Result<(), String> {
    seen.url = format!("tls {}", check.address);
    let started = Instant::now();
    let mut stream = connect(policy, &check.address, IpVersion::Any, seen).await?;
    if let Some(protocol) = check.starttls {
        talk(&mut stream, &greeting(protocol), seen).await?;
        seen.body.clear();
    }
    let mut stream = secure(stream, &check.address, &check.tls, seen).await?;
    let _ = stream.shutdown().await;
    let observed = seen.observed(millis(started.elapsed()));
    if let Some((certificate, days)) = &observed.certificate
        && *days < i64::from(check.days_left)
    {
        return Err(format!(
            "the chain ends at {}, in {days} days; at least {} are wanted",
            certificate.chain_ends, check.days_left
        ));
    }
    hold(&check.assertions, &observed)
}

/// What is said before TLS begins (RFC 3207, RFC 2595).
fn greeting(protocol: StartTls) -> Vec<Exchange> {
    let exchange = |expect: &str, send: Option<&str>| Exchange {
        expect: Some(expect.to_owned()),
        send: send.map(str::to_owned),
        starttls: false,
    };
    match protocol {
        StartTls::Smtp => vec![
            exchange("^220 ", Some("EHLO mainstay.invalid")),
            exchange("^250 ", Some("STARTTLS")),
            exchange("^220 ", None),
        ],
        StartTls::Imap => vec![exchange("^\\* OK", Some(". STARTTLS")), exchange("^\\. OK", None)],
        StartTls::Pop3 => vec![exchange("^\\+OK", Some("STLS")), exchange("^\\+OK", None)],
    }
}

/// Connects to the first address that takes it, of those that may be asked.
async fn connect(policy: AddressPolicy, address: &str, ip: IpVersion, seen: &mut Seen) -> Result<TcpStream, String> {
    let began = Instant::now();
    let found =
        tokio::net::lookup_host(address).await.map_err(|error| format!("{address} can't be resolved: {error}"))?;
    let resolve_us = micros(began.elapsed());
    let wanted = |address: &SocketAddr| match ip {
        IpVersion::Any => true,
        IpVersion::V4 => address.is_ipv4(),
        IpVersion::V6 => address.is_ipv6(),
    };
    let found: Vec<SocketAddr> = found.filter(wanted).collect();
    seen.addresses = found.iter().map(|address| address.ip().to_string()).collect();
    let mut failed = format!("{address} has no address of that version of IP");
    for candidate in found {
        if let Some(why) = policy.refusal(candidate.ip()) {
            failed = format!("{} {why}", candidate.ip());
            continue;
        }
        let began = Instant::now();
        match TcpStream::connect(candidate).await {
            Ok(stream) => {
                seen.connected = true;
                seen.address = Some(candidate.to_string());
                let phases = Phases { resolve_us, connect_us: micros(began.elapsed()), ..Phases::default() };
                seen.hops.push(Hop {
                    request: seen.url.clone(),
                    address: seen.address.clone(),
                    phases,
                    ..Hop::default()
                });
                return Ok(stream);
            }
            Err(error) => failed = format!("can't connect to {candidate}: {error}"),
        }
    }
    Err(failed)
}

/// Reads until each pattern is matched, and sends what follows from it.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    dialogue: &[Exchange],
    seen: &mut Seen,
) -> Result<(), String> {
    let mut unread = Vec::new();
    for exchange in dialogue {
        let mut groups: Vec<String> = Vec::new();
        if let Some(expect) = &exchange.expect {
            let wanted = pattern(expect)?;
            groups = loop {
                let line = line(stream, &mut unread, seen)
                    .await
                    .map_err(|error| format!("{error}; \"{expect}\" is wanted"))?;
                if let Some(found) = wanted.captures(&line) {
                    break found
                        .iter()
                        .map(|group| group.map_or(String::new(), |group| group.as_str().to_owned()))
                        .collect();
                }
            };
        }
        if let Some(send) = &exchange.send {
            let mut said = send.clone();
            for (number, group) in groups.iter().enumerate() {
                said = said.replace(&format!("${{{number}}}"), group);
            }
            let sent = stream.write_all(format!("{said}\r\n").as_bytes()).await;
            sent.map_err(|error| format!("\"{send}\" can't be sent: {error}"))?;
        }
    }
    Ok(())
}

/// The next line, without its end.
async fn line<S: AsyncRead + Unpin>(stream: &mut S, unread: &mut Vec<u8>, seen: &mut Seen) -> Result<String, String> {
    loop {
        if let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
            let rest = unread.split_off(end + 1);
            let line = std::mem::replace(unread, rest);
            return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await.map_err(|error| format!("the connection broke off: {error}"))?;
        let read = part.get(..length).unwrap_or_default();
        if read.is_empty() {
            // What was said last may have no end of line.
            let said = String::from_utf8_lossy(&std::mem::take(unread)).into_owned();
            return if said.is_empty() { Err("the server closed the connection".to_owned()) } else { Ok(said) };
        }
        if seen.body.len() + read.len() > SAID_BYTES {
            return Err(format!("the server said more than {SAID_BYTES} bytes"));
        }
        seen.body.extend_from_slice(read);
        unread.extend_from_slice(read);
    }
}

/// Shakes hands, and keeps what certificate was shown.
async fn secure(
    stream: TcpStream,
    address: &str,
    options: &TlsOptions,
    seen: &mut Seen,
) -> Result<TlsStream<TcpStream>, String> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    let name = options.server_name.as_deref().unwrap_or(host);
    let name = match name.parse::<IpAddr>() {
        Ok(address) => ServerName::IpAddress(address.into()),
        Err(_) => ServerName::try_from(name.to_owned()).map_err(|_| format!("\"{name}\" is no name of a server"))?,
    };
    let connector = TlsConnector::from(Arc::new(config(options)?));
    let began = Instant::now();
    let stream = connector.connect(name, stream).await.map_err(|error| format!("TLS failed: {error}"))?;
    if let Some(hop) = seen.hops.last_mut() {
        hop.phases.tls_us = micros(began.elapsed());
    }
    let (_, session) = stream.get_ref();
    let protocol = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "1.2",
        Some(_) | None => "",
    };
    seen.certificate = session.peer_certificates().and_then(|chain| certificate(chain, protocol));
    Ok(stream)
}

/// What is trusted. Every handshake is a full one: nothing of an earlier one is used again.
fn config(options: &TlsOptions) -> Result<ClientConfig, String> {
    let provider = CryptoProvider::get_default().cloned().ok_or("no rustls provider is installed in this process")?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = if options.insecure {
        let anybody = Arc::new(Anybody(provider));
        builder.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth()
    } else if let Some(pem) = &options.ca {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| format!("the given certificates can't be read: {error}"))?;
            roots.add(certificate).map_err(|error| format!("a given certificate can't be trusted: {error}"))?;
        }
        builder.with_root_certificates(roots).with_no_client_auth()
    } else {
        builder.with_platform_verifier().map_err(|error| error.to_string())?.with_no_client_auth()
    };
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// The first certificate of a chain, and when the whole chain ends.
fn certificate(chain: &[CertificateDer<'_>], protocol: &str) -> Option<Certificate> {
    use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
    let read = |der: &CertificateDer<'_>| -> Option<(String, String, Vec<String>, Timestamp, Timestamp)> {
        let (_, read) = X509Certificate::from_der(der.as_ref()).ok()?;
        let names = read.subject_alternative_name().ok().flatten();
        let names = names.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
        let names = names
            .iter()
            .filter_map(|name| if let GeneralName::DNSName(name) = name { Some((*name).to_owned()) } else { None });
        let moment = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).ok();
        let validity = read.validity();
        Some((
            read.subject().to_string(),
            read.issuer().to_string(),
            names.take(Certificate::NAMES).collect(),
            moment(validity.not_before)?,
            moment(validity.not_after)?,
        ))
    };
    let chain_ends = chain.iter().filter_map(read).map(|(.., ends)| ends).min()?;
    let (subject, issuer, names, not_before, not_after) = read(chain.first()?)?;
    Some(Certificate { subject, issuer, names, not_before, not_after, chain_ends, protocol: protocol.to_owned() })
}

/// Takes any certificate, for machines of one's own. That whoever shows it has its key is still checked.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
