//! One container as the checks ask it: its files, its address and how to log in.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::http::Http;
use crate::engine::{Container, PublishedPort, Reader, Status};
use crate::plan::Unit;
use crate::stack::{Secrets, Stack};

/// One container as the checks ask it.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// What there should be.
    pub unit: &'a Unit,
    /// `http://127.0.0.1:PORT`, or `https://NAME:PORT` where it answers over TLS; empty for services, which are asked nothing.
    pub base_url: String,
    /// The stack that it belongs to.
    pub stack: &'a Stack,
    /// The administrator, where the program asks for one.
    pub login: Option<Login>,
    /// The client.
    pub http: Http,
}

/// A user and the password.
#[derive(Clone)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with a password", self.user)
    }
}

/// Finds where a container answers.
///
/// # Errors
/// That it is not there, not running or publishes no port, in one line.
pub async fn subject<'a>(
    reader: &Reader,
    unit: &'a Unit,
    stack: &'a Stack,
    secrets: &Secrets,
) -> anyhow::Result<Subject<'a>> {
    let container = reader.container(&unit.spec.name).await?;
    Subject::new(unit, container.as_ref(), stack, secrets, Http::default())
        .map_err(|problem| anyhow::anyhow!(problem))
}

impl<'a> Subject<'a> {
    /// As [`subject`], for a container that was looked at already.
    ///
    /// # Errors
    /// That it is not there, not running or publishes no port, in one line.
    pub fn new(
        unit: &'a Unit,
        container: Option<&Container>,
        stack: &'a Stack,
        secrets: &Secrets,
        http: Http,
    ) -> Result<Self, String> {
        let (base_url, http) = match unit.port {
            Some(port) => speak(unit, address(unit, port, container)?, http)?,
            None => (String::new(), http),
        };
        Ok(Self { unit, base_url, stack, login: login(unit, secrets), http })
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// The text of a rendered file.
    pub fn file(&self, path: &str) -> Option<&'a str> {
        self.unit.files.get(path).and_then(|file| str::from_utf8(&file.content).ok())
    }

    /// Rendered files in a folder, with their names in it.
    pub fn folder(&self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.unit.files.iter().filter_map(move |(path, file)| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?;
            Some((name, str::from_utf8(&file.content).ok()?))
        })
    }
}

fn address<'a>(
    unit: &Unit,
    port: u16,
    container: Option<&'a Container>,
) -> Result<&'a PublishedPort, String> {
    let name = &unit.spec.name;
    let container = container.ok_or_else(|| format!("there is no container {name}"))?;
    match (container.published(port), container.state.status) {
        (Some(published), _) => Ok(published),
        (None, Status::Running) => Err(format!("{name} publishes no port: it cannot be asked")),
        (None, status) => {
            Err(format!("{name} does not run ({})", format!("{status:?}").to_lowercase()))
        }
    }
}

/// The address of a component that is published at `port`, and the client that it is asked with: one
/// that knows its authority, where it answers over TLS.
///
/// # Errors
/// An authority that is none.
pub fn speak(unit: &Unit, port: &PublishedPort, http: Http) -> Result<(String, Http), String> {
    let Some(ca) = unit.access.as_ref().and_then(|access| access.ca.as_ref()) else {
        return Ok((base_url(port), http));
    };
    let of = |problem: String| format!("{}: {problem}", unit.name);
    let ca = unit.files.get(&format!("secrets/{ca}"));
    let ca = ca.ok_or_else(|| of("its certificate authority is not at hand".to_owned()))?;
    let http = Http::secured(&ca.content, &unit.name, near(port)).map_err(of)?;
    Ok((format!("https://{}:{}", unit.name, port.host_port), http))
}

/// Where a published port that answers without TLS is reached from this host.
pub fn base_url(port: &PublishedPort) -> String {
    format!("http://{}", near(port))
}

/// Where a published port is reached from this host.
pub fn near(port: &PublishedPort) -> SocketAddr {
    let ip = match port.host_ip.parse() {
        Ok(IpAddr::V4(ip)) if !ip.is_unspecified() => IpAddr::V4(ip),
        Ok(IpAddr::V6(ip)) if !ip.is_unspecified() => IpAddr::V6(ip),
        _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    SocketAddr::new(ip, port.host_port)
}

/// The administrator, with the password as `secrets` or else the unit's own file has it.
fn login(unit: &Unit, secrets: &Secrets) -> Option<Login> {
    let access = unit.access.as_ref()?;
    // Another component's setting is written `component.setting`.
    let own = (unit.name.as_str(), access.password.as_str());
    let (component, setting) = access.password.split_once('.').unwrap_or(own);
    let path = format!("secrets/{setting}");
    let of_the_unit = || {
        let file = unit.files.get(&path).filter(|_| component == unit.name)?;
        Some(file.content.as_slice())
    };
    let password = secrets.get(component, &path).or_else(of_the_unit)?;
    let password = String::from_utf8(password.to_vec()).ok()?;
    Some(Login { user: access.user.clone(), password })
}

/// As [`Subject::login`], of a unit whose files are at hand.
pub fn own_login(unit: &Unit) -> Option<Login> {
    login(unit, &Secrets::default())
}
