//! Secrets that nobody has to think of: random passwords, and certificates of an authority of the
//! stack's own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::Wrote;
use crate::catalog::Generate;
use crate::check::tls;
use crate::manifest::SecretRef;
use crate::stack::{SecretFile, Stack};

/// Characters that survive every shell, file and URL unquoted.
const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
/// 24 of 56 characters are 139 bits.
const PASSWORD_LENGTH: usize = 24;
/// Programs that encrypt with a text want 32 characters at least.
const KEY_LENGTH: usize = 48;
/// The authority outlives many certificates: everything that trusts it would have to be told.
const CA_YEARS: i16 = 10;
/// How long a certificate is valid.
const YEARS: i16 = 2;
/// The authority's name, in its own certificate and in those that it signs.
const CA_NAME: &str = "mcpmon CA";

/// What becomes of certificates that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificates {
    /// They stay.
    Keep,
    /// They are made anew, by the same authority.
    Renew,
}

/// Makes what the stack's components need and what is not there. Nothing is overwritten but
/// certificates that are to be renewed.
///
/// # Errors
/// A folder that cannot be written to, or an authority that cannot sign.
pub fn generate(
    stack: &Stack,
    dir: &Path,
    certificates: Certificates,
) -> anyhow::Result<Vec<(PathBuf, Wrote)>> {
    let mut made = Vec::new();
    let mut pairs: BTreeMap<&str, BTreeMap<Generate, PathBuf>> = BTreeMap::new();
    for secret in &stack.secrets {
        let (Some(kind), SecretRef::File(file)) = (stack.generated(secret), &secret.source) else {
            continue;
        };
        let path = dir.join(file);
        if made.iter().any(|(other, _)| *other == path) {
            continue;
        }
        match kind {
            Generate::Password => made.push(keep_or(path, || random(PASSWORD_LENGTH))?),
            Generate::Key => made.push(keep_or(path, || random(KEY_LENGTH))?),
            Generate::Ca | Generate::Certificate | Generate::PrivateKey => {
                pairs.entry(&secret.component).or_default().insert(kind, path);
            }
        }
    }
    for paths in pairs.values() {
        let Some(ca) = paths.get(&Generate::Ca) else { continue };
        if !made.iter().any(|(path, _)| path == ca) {
            made.extend(authority(ca)?);
        }
    }
    for (component, paths) in pairs {
        let (Some(ca), Some(certificate), Some(key)) = (
            paths.get(&Generate::Ca),
            paths.get(&Generate::Certificate),
            paths.get(&Generate::PrivateKey),
        ) else {
            continue;
        };
        if certificate.exists() && certificates == Certificates::Keep {
            made.push((certificate.clone(), Wrote::Kept));
            made.push((key.clone(), Wrote::Kept));
            continue;
        }
        let wrote = if certificate.exists() { Wrote::Renewed } else { Wrote::New };
        issue(stack, component, ca, certificate, key)?;
        made.push((certificate.clone(), wrote));
        made.push((key.clone(), wrote));
    }
    Ok(made)
}

/// Secrets that only people can know and that are not there: who writes them is told so.
pub fn missing<'a>(stack: &'a Stack, dir: &Path) -> Vec<&'a SecretFile> {
    let absent = |secret: &&SecretFile| match &secret.source {
        SecretRef::File(file) => stack.generated(secret).is_none() && !dir.join(file).exists(),
        SecretRef::Env(_) => false,
    };
    stack.secrets.iter().filter(absent).collect()
}

fn keep_or(
    path: PathBuf,
    text: impl FnOnce() -> anyhow::Result<String>,
) -> anyhow::Result<(PathBuf, Wrote)> {
    if path.exists() {
        return Ok((path, Wrote::Kept));
    }
    private_file(&path, &(text()? + "\n"))?;
    Ok((path, Wrote::New))
}

/// Where an authority's private key stands; no container ever gets it.
fn key_of(ca: &Path) -> PathBuf {
    ca.with_extension("key")
}

fn authority(path: &Path) -> anyhow::Result<Vec<(PathBuf, Wrote)>> {
    let key_path = key_of(path);
    if path.exists() {
        let key = key_path.exists().then_some((key_path, Wrote::Kept));
        return Ok([(path.to_owned(), Wrote::Kept)].into_iter().chain(key).collect());
    }
    let mut params = ca_params();
    valid(&mut params, CA_YEARS)?;
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    private_file(&key_path, &key.serialize_pem())?;
    private_file(path, &certificate.pem())?;
    Ok(vec![(path.to_owned(), Wrote::New), (key_path, Wrote::New)])
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, CA_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Makes a certificate for a component under each name that it is reached by.
fn issue(
    stack: &Stack,
    component: &str,
    ca: &Path,
    certificate: &Path,
    key: &Path,
) -> anyhow::Result<()> {
    let ca_key = key_of(ca);
    let signing = fs::read_to_string(&ca_key).with_context(|| {
        format!(
            "cannot sign {}: the private key of {} is not at {}. Put it there, or bring certificates of your own for {component}",
            certificate.display(),
            ca.display(),
            ca_key.display()
        )
    })?;
    let signing = KeyPair::from_pem(&signing)
        .with_context(|| format!("{} is no private key", ca_key.display()))?;
    let issuer = Issuer::new(ca_params(), signing);
    let names = vec![
        component.to_owned(),
        stack.container(component),
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, component);
    valid(&mut params, YEARS)?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // Elasticsearch's nodes show theirs to each other as clients too.
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let pair = KeyPair::generate()?;
    let pem = params.signed_by(&pair, &issuer)?.pem();
    // An authority of another maker has another name, and its certificates would prove nothing.
    let trusted = fs::read(ca).with_context(|| format!("cannot read {}", ca.display()))?;
    if let Err(wrong) = tls::proves(&trusted, pem.as_bytes(), component, std::time::Duration::ZERO)
    {
        anyhow::bail!(
            "cannot sign {} with {}: {}. An authority that mcpmon did not make signs elsewhere: bring certificates of your own for {component}",
            certificate.display(),
            ca.display(),
            match wrong {
                tls::Wrong::Expired => "it is valid no longer".to_owned(),
                tls::Wrong::Other(text) => text,
            }
        );
    }
    private_file(key, &pair.serialize_pem())?;
    private_file(certificate, &pem)
}

/// Valid from today on, for so many years.
fn valid(params: &mut CertificateParams, years: i16) -> anyhow::Result<()> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |date: jiff::civil::Date| {
        let (month, day) = (u8::try_from(date.month())?, u8::try_from(date.day())?);
        anyhow::Ok(rcgen::date_time_ymd(i32::from(date.year()), month, day))
    };
    params.not_before = day(today)?;
    params.not_after = day(today.checked_add(jiff::Span::new().years(years))?)?;
    Ok(())
}

/// Writes a file that only its owner can read, as a whole or not at all.
/// Writes a file that its owner alone may read; it is whole or not there.
///
/// # Errors
/// A folder that cannot be written to.
pub fn private_file(path: &Path, text: &str) -> anyhow::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    // Temporary files are readable by their owner alone from the beginning.
    let wrote = tempfile::NamedTempFile::new_in(parent).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)
    });
    wrote.map(drop).with_context(|| format!("cannot write {}", path.display()))
}

/// A password that nobody can guess.
///
/// # Errors
/// A system without a source of randomness.
pub fn password() -> anyhow::Result<String> {
    random(PASSWORD_LENGTH)
}

fn random(length: usize) -> anyhow::Result<String> {
    let mut source = fs::File::open("/dev/urandom").context("no source of randomness")?;
    let mut text = String::new();
    let mut byte = [0_u8; 1];
    while text.len() < length {
        source.read_exact(&mut byte)?;
        // Only a multiple of the alphabet's length gives each character the same chance.
        if let Some(c) = ALPHABET.get(usize::from(byte[0]) % 64) {
            text.push(char::from(*c));
        }
    }
    Ok(text)
}
