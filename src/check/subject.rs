//! One container as the checks ask it: its files, its address and how to log in.

use std::fmt;

use super::http::Http;
use crate::engine::{Container, PublishedPort, Reader, Status};
use crate::plan::Unit;
use crate::stack::{Secrets, Stack};

/// One container as the checks ask it.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// What there should be.
    pub unit: &'a Unit,
    /// `http://127.0.0.1:PORT`; empty for services, which are asked nothing.
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
    Subject::new(unit, container.as_ref(), stack, secrets, Http::new())
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
        let base_url = match unit.port {
            Some(port) => address(unit, port, container)?,
            None => String::new(),
        };
        Ok(Self { unit, base_url, stack, login: login(unit, stack, secrets), http })
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

fn address(unit: &Unit, port: u16, container: Option<&Container>) -> Result<String, String> {
    let name = &unit.spec.name;
    let container = container.ok_or_else(|| format!("there is no container {name}"))?;
    match (container.published(port), container.state.status) {
        (Some(published), _) => Ok(base_url(published)),
        (None, Status::Running) => Err(format!("{name} publishes no port: it cannot be asked")),
        (None, status) => {
            Err(format!("{name} does not run ({})", format!("{status:?}").to_lowercase()))
        }
    }
}

/// Where a published port is reached from this host.
pub fn base_url(port: &PublishedPort) -> String {
    match port.host_ip.as_str() {
        "" | "0.0.0.0" | "::" => format!("http://127.0.0.1:{}", port.host_port),
        ip if ip.contains(':') => format!("http://[{ip}]:{}", port.host_port),
        ip => format!("http://{ip}:{}", port.host_port),
    }
}

fn login(unit: &Unit, stack: &Stack, secrets: &Secrets) -> Option<Login> {
    let setting = unit.reload.as_ref()?.password.as_ref()?;
    let settings = &stack.components.get(&unit.name)?.settings;
    let path = settings.get(setting)?.as_str()?;
    let password = String::from_utf8(secrets.get(&unit.name, path)?.to_vec()).ok()?;
    let user = settings.get("admin_user").and_then(|user| user.as_str()).unwrap_or("admin");
    Some(Login { user: user.to_owned(), password })
}
