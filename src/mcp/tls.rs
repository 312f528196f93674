//! TLS whose certificate is looked at even where it is refused.

use std::sync::{Arc, LazyLock, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use super::certificate;
use super::fault::Fault;
use super::report::Reason;
use super::target::Tls;
use super::text::{MESSAGE, clean, io_error};
use crate::check::tls::authorities;

static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(ring::default_provider()));

/// The authorities that browsers trust.
static PUBLIC: LazyLock<Arc<RootCertStore>> =
    LazyLock::new(|| Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }));

/// Speaks TLS with a server; `expiry` is when the first certificate of its chain ends.
pub(super) async fn handshake(
    stream: TcpStream,
    host: &Host<&str>,
    tls: &Tls,
    expiry: &mut Option<i64>,
) -> Result<TlsStream<TcpStream>, Fault> {
    let fault = |message: String| Fault::new(Reason::Tls, message);
    let name = match (&tls.server_name, host) {
        (Some(name), _) => ServerName::try_from(name.clone()),
        (None, Host::Domain(name)) => ServerName::try_from((*name).to_owned()),
        (None, Host::Ipv4(ip)) => Ok(ServerName::from(std::net::IpAddr::V4(*ip))),
        (None, Host::Ipv6(ip)) => Ok(ServerName::from(std::net::IpAddr::V6(*ip))),
    };
    let name =
        name.map_err(|_| fault("the server's name is none that a certificate has".into()))?;
    let seen = Arc::new(OnceLock::new());
    let watcher = Watcher { inner: verifier(tls).map_err(fault)?, seen: seen.clone() };
    let config = ClientConfig::builder_with_provider(PROVIDER.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(error.to_string()))?;
    let mut config = config
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(watcher))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let outcome = connector.connect(name, stream).await;
    if let Some(end) = seen.get() {
        *expiry = Some(expiry.map_or(*end, |known| known.min(*end)));
    }
    outcome.map_err(|error| {
        let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match cause {
            Some(cause) => refused(cause),
            None => fault(format!("the handshake broke off: {}", io_error(&error))),
        }
    })
}

fn verifier(tls: &Tls) -> Result<Option<Arc<WebPkiServerVerifier>>, String> {
    if tls.insecure_skip_verify {
        return Ok(None);
    }
    let roots = match &tls.ca {
        Some(pem) => Arc::new(authorities(pem)?),
        None => PUBLIC.clone(),
    };
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, PROVIDER.clone()).build();
    verifier.map(Some).map_err(|error| error.to_string())
}

/// What a refusal means.
fn refused(error: &Error) -> Fault {
    let (message, advice) = match error {
        Error::InvalidCertificate(why) => certificate_refused(why),
        Error::InvalidMessage(_) => (
            "the server's answer is no TLS".to_owned(),
            "It may speak plain HTTP at this port: try http://.",
        ),
        other => (
            clean(&other.to_string(), MESSAGE),
            "The server and mcpmon have no version or cipher of TLS in common (1.2 and 1.3 are spoken).",
        ),
    };
    Fault::new(Reason::Tls, message).advise(advice)
}

fn certificate_refused(why: &CertificateError) -> (String, &'static str) {
    let renew = "Renew the server's certificate.";
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("its certificate has expired".to_owned(), renew)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("its certificate is not valid yet".to_owned(), "Compare the clocks of both machines.")
        }
        CertificateError::NotValidForName => (
            "its certificate is for another name".to_owned(),
            "Ask for the name in the certificate, or set `tls.server_name` to it.",
        ),
        CertificateError::NotValidForNameContext { expected, presented } => (
            format!(
                "its certificate is not for {}, but for {}",
                expected.to_str(),
                clean(&names(presented), MESSAGE)
            ),
            "Ask for the name in the certificate, or set `tls.server_name` to it.",
        ),
        CertificateError::UnknownIssuer => (
            "its certificate was not signed by an authority that is trusted".to_owned(),
            "Set `tls.ca` to the authority's certificate; the server must also send those in between.",
        ),
        other => (
            format!("its certificate is of no use: {}", clean(&other.to_string(), MESSAGE)),
            "Set `tls.ca` to the authority that signed it.",
        ),
    }
}

/// The names in a certificate, which come as `DnsName("a.example")`.
fn names(presented: &[String]) -> String {
    let bare = presented.iter().map(|name| match name.split_once('(') {
        Some((_, inner)) => inner.trim_end_matches(')').trim_matches('"'),
        None => name,
    });
    bare.collect::<Vec<_>>().join(", ")
}

/// Notes when a chain ends, then leaves the verdict to the real verifier.
#[derive(Debug)]
struct Watcher {
    /// None takes any certificate.
    inner: Option<Arc<WebPkiServerVerifier>>,
    seen: Arc<OnceLock<i64>>,
}

impl ServerCertVerifier for Watcher {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(leaf).chain(between);
        if let Some(end) = chain.filter_map(|one| certificate::not_after(one)).min() {
            self.seen.get_or_init(|| end);
        }
        match &self.inner {
            Some(inner) => inner.verify_server_cert(leaf, between, name, ocsp, now),
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match &self.inner {
            Some(inner) => inner.verify_tls12_signature(message, leaf, signature),
            None => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match &self.inner {
            Some(inner) => inner.verify_tls13_signature(message, leaf, signature),
            None => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        PROVIDER.signature_verification_algorithms.supported_schemes()
    }
}
