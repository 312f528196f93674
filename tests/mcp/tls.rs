//! Certificates: taken, refused, and their end told either way.

use std::sync::Arc;

use mcpmon::mcp::Reason;
use mcpmon::mcp::report::StepName;
use mcpmon::mcp::target::{Http, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::double::{Double, legacy};
use crate::support::{ask, at, failure, http, probe, succeeded, worked};

/// 2040-01-01 and 2020-01-01.
const LATER: i64 = 2_208_988_800;
const PAST: i64 = 1_577_836_800;

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = date_time_ymd(2045, 1, 1);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    fn pem(&self) -> Vec<u8> {
        self.issuer.pem().into_bytes()
    }

    /// A server with a certificate for this name that ends in this year.
    async fn server(&self, name: &str, year: i32) -> Double {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2010, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        start(vec![certificate.der().clone()], &key).await
    }
}

async fn start(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Double {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Double::start_tls(TlsAcceptor::from(Arc::new(config)), legacy).await
}

fn with(double: &Double, tls: Tls) -> mcpmon::mcp::Target {
    at(Http { tls, ..http(&double.url()) })
}

fn trusting(authority: &Authority) -> Tls {
    Tls { ca: Some(authority.pem()), ..Tls::default() }
}

#[tokio::test]
async fn a_certificate_of_an_own_authority() {
    let authority = Authority::new();
    let double = authority.server("127.0.0.1", 2040).await;
    let report = probe(&with(&double, trusting(&authority)), &ask()).await;
    succeeded(&report);
    assert_eq!(report.certificate_expiry, Some(LATER));
    assert_eq!(worked(&report)[..2], [StepName::Connect, StepName::Tls]);
    assert_eq!(*double.connections.lock().unwrap(), 1);
}

#[tokio::test]
async fn an_authority_that_is_not_known() {
    let authority = Authority::new();
    let double = authority.server("127.0.0.1", 2040).await;
    let report = probe(&with(&double, Tls::default()), &ask()).await;
    let words = "its certificate was not signed by an authority that is trusted";
    assert_eq!(failure(&report), (Reason::Tls, words));
    assert_eq!(report.certificate_expiry, Some(LATER), "it is told all the same");
    assert!(report.failure.unwrap().advice.contains("`tls.ca`"));
    assert!(double.asked().is_empty());

    let other = Authority::new();
    let report = probe(&with(&double, trusting(&other)), &ask()).await;
    assert_eq!(failure(&report).0, Reason::Tls);
}

#[tokio::test]
async fn one_that_signed_itself() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.not_after = date_time_ymd(2040, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let double = start(vec![certificate.der().clone()], &key).await;
    let report = probe(&with(&double, Tls::default()), &ask()).await;
    assert_eq!(failure(&report).0, Reason::Tls);
    assert_eq!(report.certificate_expiry, Some(LATER));

    // Named as its own authority it is as good as any.
    let own = Tls { ca: Some(certificate.pem().into_bytes()), ..Tls::default() };
    succeeded(&probe(&with(&double, own), &ask()).await);
}

#[tokio::test]
async fn one_that_has_expired() {
    let authority = Authority::new();
    let double = authority.server("127.0.0.1", 2020).await;
    let report = probe(&with(&double, trusting(&authority)), &ask()).await;
    assert_eq!(failure(&report), (Reason::Tls, "its certificate has expired"));
    assert_eq!(report.certificate_expiry, Some(PAST));
    assert!(!worked(&report).contains(&StepName::Tls));

    let any = Tls { insecure_skip_verify: true, ..Tls::default() };
    let report = probe(&with(&double, any), &ask()).await;
    succeeded(&report);
    assert_eq!(report.certificate_expiry, Some(PAST));
}

#[tokio::test]
async fn one_for_another_name() {
    let authority = Authority::new();
    let double = authority.server("mcp.example", 2040).await;
    let report = probe(&with(&double, trusting(&authority)), &ask()).await;
    let words = "its certificate is not for 127.0.0.1, but for mcp.example";
    assert_eq!(failure(&report), (Reason::Tls, words));

    let server_name = Some("mcp.example".to_owned());
    let named = Tls { server_name, ..trusting(&authority) };
    succeeded(&probe(&with(&double, named), &ask()).await);
}

#[tokio::test]
async fn an_authority_that_is_none() {
    let authority = Authority::new();
    let double = authority.server("127.0.0.1", 2040).await;
    let tls = Tls { ca: Some(b"hello".to_vec()), ..Tls::default() };
    let report = probe(&with(&double, tls), &ask()).await;
    let words = "the certificate authority holds no certificate in PEM";
    assert_eq!(failure(&report), (Reason::Tls, words));
}

#[tokio::test]
async fn the_wrong_scheme() {
    let authority = Authority::new();
    let double = authority.server("127.0.0.1", 2040).await;
    let plain = at(http(&double.url().replace("https", "http")));
    let report = probe(&plain, &ask()).await;
    let (reason, words) = failure(&report);
    assert_eq!(reason, Reason::Connect, "{words}");

    let plain =
        Double::start(|_| crate::double::Reply::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()))
            .await;
    let report = probe(&at(http(&plain.url().replace("http", "https"))), &ask()).await;
    assert_eq!(failure(&report).0, Reason::Tls);
}
