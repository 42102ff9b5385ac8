//! The TLS handshake: complete each time, with the machine's trusted certificates or those that a check names.

use std::sync::{Arc, OnceLock};

use checks::{Phase, TlsOptions};
use rustls::{
    CipherSuite, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, RootCertStore, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Fault, root_cause};
use crate::trace::Trace;

/// Shakes hands.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    machine: Arc<dyn ServerCertVerifier>,
    config: ClientConfig,
}

impl Tls {
    /// With the machine's trusted certificates.
    pub(crate) fn new(provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        // Most servers take what is offered first. For a few hundred bytes the small suite is the quick one: few
        // processors have instructions for SHA-384.
        let mut provider = CryptoProvider::clone(&provider);
        provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
        let provider = Arc::new(provider);
        let machine: Arc<dyn ServerCertVerifier> =
            Arc::new(rustls_platform_verifier::Verifier::new(Arc::clone(&provider))?);
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&machine))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Self { provider, machine, config })
    }

    /// Shakes hands with `host`, and notes the certificate whether it is good or not.
    pub(crate) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        host: &str,
        options: &TlsOptions,
        protocols: &[&str],
        trace: &mut Trace,
    ) -> Result<TlsStream<S>, Fault> {
        let name = options.server_name.as_deref().unwrap_or(host).trim_start_matches('[').trim_end_matches(']');
        let server = ServerName::try_from(name.to_owned())
            .map_err(|_| Fault::Connect(format!("\"{name}\" is no name that a certificate can have")))?;
        let verifier = match &options.ca {
            Some(pem) => self.trusting(pem)?,
            None => Arc::clone(&self.machine),
        };
        let noting = Arc::new(Noting { verifier, takes_any: options.insecure, chain: OnceLock::new() });
        let mut config = self.config.clone();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        config.dangerous().set_certificate_verifier(Arc::clone(&noting) as Arc<dyn ServerCertVerifier>);
        trace.begin(Phase::Tls);
        let shaken = TlsConnector::from(Arc::new(config)).connect(server, stream).await;
        trace.end();
        let protocol = shaken.as_ref().ok().and_then(|stream| stream.get_ref().1.protocol_version());
        let protocol = match protocol {
            Some(ProtocolVersion::TLSv1_2) => "1.2",
            Some(ProtocolVersion::TLSv1_3) => "1.3",
            // Others aren't offered; a handshake that failed has none yet.
            Some(_) | None => "",
        };
        let suite = shaken.as_ref().ok().and_then(|stream| stream.get_ref().1.negotiated_cipher_suite());
        trace.cipher = suite.map(|suite| suite.suite());
        trace.tls_version = protocol;
        // The handshake's end has let go of all but this.
        trace.chain = noting.chain.get().cloned().unwrap_or_default();
        shaken.map_err(|error| Fault::Connect(root_cause(&error)))
    }

    fn trusting(&self, pem: &str) -> Result<Arc<dyn ServerCertVerifier>, Fault> {
        let unusable = |why: String| Fault::Connect(format!("the check's own authority can't be used: {why}"));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider));
        Ok(verifier.build().map_err(|error| unusable(error.to_string()))?)
    }
}

/// Notes the chain that was shown, and leaves the judgement to another.
#[derive(Debug)]
struct Noting {
    verifier: Arc<dyn ServerCertVerifier>,
    /// Whoever shows a certificate must still hold its key.
    takes_any: bool,
    chain: OnceLock<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        self.chain.get_or_init(|| chain.map(|one| one.clone().into_owned()).collect());
        if self.takes_any {
            return Ok(ServerCertVerified::assertion());
        }
        self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
