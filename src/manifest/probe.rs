//! One thing that is asked from outside, beside the services.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::Scrape;
use super::service::{Auth, Tls, default_group};
use super::types::{Address, Host, LabelName, Name, Url};

/// Something that is asked from outside: exactly one of `http`, `tcp`, `icmp`, `dns` and `tls`.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// What it shows, in one line.
    pub description: Option<String>,
    /// Probes that belong together share a group; a label on every series.
    #[serde(default = "default_group")]
    pub group: Name,
    /// An address that must answer over HTTP: a URL, or a map with `url` and more.
    pub http: Option<HttpProbe>,
    /// A `host:port` that must take a connection.
    pub tcp: Option<Address>,
    /// A host that must answer a ping.
    pub icmp: Option<Host>,
    /// A name that a DNS server must know.
    pub dns: Option<DnsProbe>,
    /// A `host:port` that must speak TLS, for the day on which its certificate expires; or a map with
    /// `address` and how the certificate is checked.
    pub tls: Option<TlsProbe>,
    /// More labels on its series.
    #[serde(default)]
    pub labels: BTreeMap<LabelName, String>,
    /// How often and how long it is asked, where it differs from `defaults.scrape`.
    #[serde(default)]
    pub scrape: Scrape,
}

/// What is asked over HTTP, and which answer is a good one.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HttpProbeMap")]
pub struct HttpAnswer {
    /// The address.
    pub url: Url,
    /// The method.
    #[serde(default)]
    pub method: Method,
    /// Status codes of a good answer; 200 to 299 where none is given.
    #[serde(default)]
    pub status: Vec<u16>,
    /// Regular expression (RE2) that a good answer's body matches somewhere.
    pub body: Option<String>,
    /// The credentials it asks for.
    pub auth: Option<Auth>,
    /// How its certificate is checked.
    pub tls: Option<Tls>,
}

/// The methods of HTTP that make sense for a question.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "HTTP's own words")]
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Options,
}

/// A URL, or a map with `url` and more.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpProbe(pub HttpAnswer);

/// What a DNS server is asked.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsProbe {
    /// The server, as `host:port`.
    pub server: Address,
    /// The name that it is asked for.
    pub name: Host,
    /// The kind of record.
    #[serde(default, rename = "type")]
    pub kind: Record,
}

/// Kinds of DNS records.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the DNS's own words")]
pub enum Record {
    #[default]
    A,
    Aaaa,
    Caa,
    Cname,
    Mx,
    Ns,
    Ptr,
    Soa,
    Srv,
    Txt,
}

/// Where TLS is spoken, and how the certificate is checked.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TlsProbeMap")]
pub struct TlsAnswer {
    /// The `host:port`.
    pub address: Address,
    /// Certificate authority, where it is not a public one.
    pub ca: Option<super::SecretRef>,
    /// Name in the certificate, where it differs from the host.
    pub server_name: Option<String>,
    /// Take any certificate: only the day on which it expires counts.
    #[serde(default)]
    pub insecure_skip_verify: bool,
}

/// A `host:port`, or a map with `address` and more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsProbe(pub TlsAnswer);

/// Reads a text, or a map with that text and more under keys.
pub(super) struct TextOrMap<M> {
    pub(super) expected: &'static str,
    pub(super) text: fn(&str) -> Result<M, String>,
    pub(super) map: PhantomData<M>,
}

impl<'de, M: Deserialize<'de>> Visitor<'de> for TextOrMap<M> {
    type Value = M;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<M, E> {
        (self.text)(text).map_err(E::custom)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<M, A::Error> {
        M::deserialize(de::value::MapAccessDeserializer::new(map))
    }
}

impl<'de> Deserialize<'de> for HttpProbe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = |text: &str| {
            let url = Url::parse(text)?;
            let (status, method) = (Vec::new(), Method::Get);
            Ok(HttpAnswer { url, method, status, body: None, auth: None, tls: None })
        };
        let expected = "a URL, or a map with `url`";
        deserializer.deserialize_any(TextOrMap { expected, text, map: PhantomData }).map(Self)
    }
}

impl<'de> Deserialize<'de> for TlsProbe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = |text: &str| {
            let address = Address::parse(text)?;
            let (ca, server_name) = (None, None);
            Ok(TlsAnswer { address, ca, server_name, insecure_skip_verify: false })
        };
        let expected = "`host:port`, or a map with `address`";
        deserializer.deserialize_any(TextOrMap { expected, text, map: PhantomData }).map(Self)
    }
}

impl JsonSchema for HttpProbe {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HttpProbe".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = generator.subschema_for::<Url>();
        let map = generator.subschema_for::<HttpAnswer>();
        json_schema!({"anyOf": [text, map]})
    }
}

impl JsonSchema for TlsProbe {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TlsProbe".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = generator.subschema_for::<Address>();
        let map = generator.subschema_for::<TlsAnswer>();
        json_schema!({"anyOf": [text, map]})
    }
}
