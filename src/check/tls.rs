//! Certificates: whom a program must prove to be, and for how long it still can.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, Error, RootCertStore};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// A client that trusts these authorities and no others.
pub fn trusting(roots: RootCertStore) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider());
    // Both versions are ones that the provider has.
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.unwrap_or_else(|_| unreachable!("ring speaks TLS 1.2 and 1.3"));
    builder.with_root_certificates(roots).with_no_client_auth()
}

/// A client that speaks plain HTTP. It trusts nobody, so nothing is asked over TLS; but without a
/// backend for TLS there is no client.
pub fn plain() -> reqwest::ClientBuilder {
    reqwest::Client::builder().tls_backend_preconfigured(trusting(RootCertStore::empty()))
}

/// The certificates in a PEM file as authorities.
///
/// # Errors
/// That there is none.
pub fn authorities(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, "the certificate authority")? {
        roots
            .add(certificate)
            .map_err(|_| "the certificate authority is no certificate".to_owned())?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8], of: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!("{of} holds no certificate in PEM")),
    }
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is valid no longer, or will not be at the moment that was asked about.
    Expired,
    /// Another reason, in words.
    Other(String),
}

/// Whether a certificate will prove, in `ahead`, that a server is `name`.
///
/// # Errors
/// Why it will not.
pub fn proves(ca: &[u8], certificate: &[u8], name: &str, ahead: Duration) -> Result<(), Wrong> {
    let other = |text: String| Wrong::Other(text);
    let chain = certificates(certificate, "the certificate's file").map_err(other)?;
    let roots = authorities(ca).map_err(other)?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let verifier = verifier.build().map_err(|error| other(error.to_string()))?;
    let server = ServerName::try_from(name.to_owned());
    let server = server.map_err(|_| other(format!("{name} is no host name")))?;
    let moment = UnixTime::since_unix_epoch(
        Duration::from_secs(UnixTime::now().as_secs()).saturating_add(ahead),
    );
    let Some((leaf, between)) = chain.split_first() else { return Ok(()) };
    match verifier.verify_server_cert(leaf, between, &server, &[], moment) {
        Ok(_) => Ok(()),
        Err(Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => Err(Wrong::Expired),
        Err(Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => Err(other(format!("it is not for the name `{name}`"))),
        Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            Err(other("it was not signed by the certificate authority beside it".to_owned()))
        }
        Err(error) => Err(other(error.to_string())),
    }
}

/// Whether a private key belongs to a certificate.
///
/// # Errors
/// That it does not, or is none.
pub fn fit(certificate: &[u8], key: &[u8]) -> Result<(), String> {
    let chain = certificates(certificate, "the certificate's file")?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| "the private key's file holds no private key in PEM".to_owned())?;
    let certified = rustls::sign::CertifiedKey::from_der(chain, key, &provider());
    match certified {
        Ok(_) => Ok(()),
        Err(_) => Err("the private key is not the certificate's".to_owned()),
    }
}
