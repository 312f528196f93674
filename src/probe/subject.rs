//! What a person names on the command line → what is asked.

use std::path::Path;
use std::time::Duration;

use url::Url;

use crate::diagnostic::suggest;
use crate::engine::{EngineError, Reader};
use crate::manifest::{self, Document, HostHeader, Name, SecretRef};
use crate::mcp::target::{Ask, At, Call, Command, Credentials, Depth, Http, Protocol, Target, Tls};
use crate::mcp::{Reason, Report};
use crate::metrics::place;

/// Longest time of a probe of which nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One server, how it is asked, and how people know it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What is asked.
    pub target: Target,
    /// What it is asked for.
    pub ask: Ask,
    /// Its name in the manifest.
    pub service: Option<String>,
    /// How it is shown: its URL or program.
    pub shown: String,
    /// The host in the URL as it is written.
    host: Option<String>,
    /// The stack that it belongs to.
    stack: Option<String>,
}

/// What the command line says beside the subject; it goes before what the manifest says.
#[derive(Debug, Default)]
pub struct Given {
    /// What the server asks for.
    pub credentials: Option<Credentials>,
    /// Value of the header `Host`.
    pub host_header: Option<String>,
    /// The server's certificate authority, in PEM.
    pub ca: Option<Vec<u8>>,
    /// Take any certificate.
    pub insecure: bool,
    /// Which protocol it is asked in.
    pub protocol: Option<Protocol>,
    /// How far it goes.
    pub depth: Option<Depth>,
    /// Longest time of it all.
    pub timeout: Option<Duration>,
    /// Tools that must be there.
    pub expect_tools: Vec<String>,
    /// A tool to call.
    pub call: Option<Call>,
}

impl Subject {
    fn new(target: Target, shown: String) -> Self {
        let ask = Ask {
            depth: Depth::default(),
            deadline: TIMEOUT,
            expect_tools: Vec::new(),
            call: None,
        };
        let host = match &target.at {
            At::Http(http) => http.url.host_str().map(ToOwned::to_owned),
            At::Stdio(_) => None,
        };
        Self { target, ask, service: None, shown, host, stack: None }
    }

    /// A server behind a URL.
    ///
    /// # Errors
    /// What is wrong with the URL. Credentials in it are not repeated.
    pub fn url(text: &str) -> Result<Self, String> {
        let with_credentials = Url::parse(text)
            .is_ok_and(|url| !url.username().is_empty() || url.password().is_some());
        if with_credentials {
            return Err("a URL must not hold credentials, which everybody can see on a command line: use `--basic USER:file:PATH` or `--bearer file:PATH`".to_owned());
        }
        let url = manifest::Url::parse(text).map_err(|problem| one_line(&problem))?;
        let url = Url::parse(&url.to_string()).map_err(|error| error.to_string())?;
        let shown = url.to_string();
        let http = Http {
            url,
            host_header: None,
            credentials: None,
            tls: Tls::default(),
            accept_auth_challenge: false,
        };
        let target = Target {
            name: shown.clone(),
            at: At::Http(Box::new(http)),
            protocol: Protocol::default(),
        };
        Ok(Self::new(target, shown))
    }

    /// A program that speaks on its standard input and output.
    pub fn program(command: Command) -> Self {
        let words = std::iter::once(&command.program).chain(&command.args);
        let shown = words.map(String::as_str).collect::<Vec<_>>().join(" ");
        let target =
            Target { name: shown.clone(), at: At::Stdio(command), protocol: Protocol::default() };
        Self::new(target, shown)
    }

    /// A service of the manifest, with everything that stands there; `read` reads a secret.
    ///
    /// # Errors
    /// That there is none, that it has no MCP endpoint, or that a secret cannot be read.
    pub fn service(
        name: &str,
        document: &Document,
        read: &dyn Fn(&SecretRef) -> Result<Vec<u8>, String>,
    ) -> Result<Self, String> {
        let services = &document.manifest.services;
        let Some((_, service)) = services.iter().find(|(key, _)| key.as_str() == name) else {
            let known = suggest(name, services.keys().map(Name::as_str));
            return Err(neither(
                name,
                &format!("there is no such service in the manifest: {known}"),
            ));
        };
        let Some(server) = service.mcp.as_ref().map(|mcp| &mcp.0) else {
            return Err(format!(
                "`{name}` has no `mcp:` in the manifest: give it the address of its MCP endpoint there, or a URL here"
            ));
        };
        let target = server.target(name, read)?;
        let pace = server.pace(&document.manifest.defaults.probe);
        let mut subject = Self::new(target, format!("{name}: {}", server.instance(name)));
        subject.ask.depth = pace.depth;
        subject.ask.deadline = pace.timeout.std();
        subject.ask.expect_tools.clone_from(&server.expect_tools);
        subject.service = Some(name.to_owned());
        subject.stack = Some(document.manifest.name.to_string());
        Ok(subject)
    }

    /// The same, with what the command line says beside.
    ///
    /// # Errors
    /// What does not go together.
    pub fn with(mut self, given: Given) -> Result<Self, String> {
        match &mut self.target.at {
            At::Http(http) => {
                if let Some(credentials) = given.credentials {
                    http.credentials = Some(credentials);
                }
                if let Some(host) = given.host_header {
                    http.host_header = Some(host);
                }
                if let Some(ca) = given.ca {
                    http.tls.ca = Some(ca);
                }
                http.tls.insecure_skip_verify |= given.insecure;
            }
            At::Stdio(_) => {
                let of_url = given.credentials.is_some()
                    || given.host_header.is_some()
                    || given.ca.is_some()
                    || given.insecure;
                if of_url {
                    return Err(format!(
                        "{} is a program: credentials, headers and certificates go with a URL",
                        self.shown
                    ));
                }
                if given.protocol == Some(Protocol::Sse) {
                    return Err(
                        "`sse` is a way to speak over HTTP, and this is a program: leave `--protocol` out"
                            .to_owned(),
                    );
                }
            }
        }
        self.target.protocol = given.protocol.unwrap_or(self.target.protocol);
        let depth = given.depth.unwrap_or(self.ask.depth);
        if !given.expect_tools.is_empty() {
            if depth < Depth::Tools && given.depth.is_some() {
                return Err("tools are expected, and the probe would end before it lists them: leave `--depth` out".to_owned());
            }
            self.ask.expect_tools = given.expect_tools;
        }
        // Who expects tools on the command line wants them listed, whatever the manifest says.
        self.ask.depth = if self.ask.expect_tools.is_empty() || given.depth.is_some() {
            depth
        } else {
            Depth::Tools
        };
        if self.ask.depth < Depth::Tools {
            self.ask.expect_tools.clear();
        }
        self.ask.deadline = given.timeout.unwrap_or(self.ask.deadline);
        self.ask.call = given.call;
        Ok(self)
    }

    /// Whether its host is a name that containers may know and this host may not.
    pub fn is_of_containers(&self) -> bool {
        self.host.as_deref().is_some_and(|host| {
            host == "host.docker.internal"
                || host != "localhost" && !host.contains('.') && !host.starts_with('[')
        })
    }

    /// The same server where this host reaches it. It is asked as its neighbours ask it: by the name
    /// that it has among them.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn from_here(
        mut self,
        reader: &Reader,
        document: &Document,
    ) -> Result<Self, EngineError> {
        let At::Http(http) = &mut self.target.at else { return Ok(self) };
        let Ok(url) = manifest::Url::parse(http.url.as_str()) else { return Ok(self) };
        let here = place::from_here(reader, document, &url).await?;
        if let Ok(here) = Url::parse(&here)
            && here != http.url
        {
            let port = http.url.port().map_or_else(String::new, |port| format!(":{port}"));
            let name = url.host().to_owned();
            http.host_header.get_or_insert_with(|| format!("{name}{port}"));
            http.tls.server_name.get_or_insert(name);
            let at = here.authority().to_owned();
            self.shown = format!("{}, asked at {at}", self.shown);
            http.url = here;
        }
        Ok(self)
    }

    /// The URL that is asked.
    pub fn url_asked(&self) -> Option<&Url> {
        match &self.target.at {
            At::Http(http) => Some(&http.url),
            At::Stdio(_) => None,
        }
    }

    /// The program that is started, without its arguments: these may hold a secret.
    pub fn program_asked(&self) -> Option<&str> {
        match &self.target.at {
            At::Http(_) => None,
            At::Stdio(command) => Some(&command.program),
        }
    }

    /// What to do beside what the probe itself advises: it knows of no stack and no command line.
    pub fn hint(&self, report: &Report) -> Option<String> {
        let reason = report.failure.as_ref()?.reason;
        if reason == Reason::Dns {
            return self.where_it_is_known();
        }
        if self.service.is_some() {
            return None;
        }
        let At::Http(http) = &self.target.at else {
            return match reason {
                Reason::ProcessExited => Some("`--env NAME` hands a variable on to it.".to_owned()),
                Reason::Timeout => Some("`--timeout 1m` gives it longer.".to_owned()),
                _ => None,
            };
        };
        let option = match reason {
            Reason::AuthRequired if http.credentials.is_none() => {
                "`--bearer env:NAME` or `--bearer file:PATH` sends a token; there are `--basic` and `--header`, too."
            }
            Reason::HostRejected => {
                let port = http.url.port().map_or_else(String::new, |port| format!(":{port}"));
                return Some(format!("`--host-header 127.0.0.1{port}` sends another name."));
            }
            Reason::Tls => "`--ca FILE` trusts an authority of your own.",
            Reason::Timeout => "`--timeout 1m` gives it longer.",
            _ => return None,
        };
        Some(option.to_owned())
    }

    fn where_it_is_known(&self) -> Option<String> {
        let host = self.host.as_deref().filter(|_| self.is_of_containers())?;
        let stack = self.stack.as_deref().unwrap_or("STACK");
        let url = self.url_asked()?;
        Some(format!(
            "`{host}` looks like a name that only containers know. Where it runs, publish its port, or ask from inside the stack: `docker exec {stack}-agent /mcpmon probe {url}`"
        ))
    }
}

/// What is said of a word that is neither a URL nor a service.
pub fn neither(name: &str, why: &str) -> String {
    let shape = if Path::new(name).exists() {
        format!("a program goes behind `--`: `mcpmon probe -- {name}`")
    } else if name.contains([':', '/']) {
        format!("a URL begins with http:// or https://: `mcpmon probe http://{name}`")
    } else {
        "or give a URL, such as `http://127.0.0.1:8000/mcp`".to_owned()
    };
    format!("`{name}` is neither a URL nor a service; {why}; {shape}")
}

/// Reads the value of the header `Host` from the command line.
///
/// # Errors
/// What is wrong with it.
pub fn host_header(text: &str) -> Result<String, String> {
    HostHeader::parse(text).map(|host| host.to_string()).map_err(|problem| one_line(&problem))
}

/// A message of the manifest's types in one line.
fn one_line(problem: &str) -> String {
    problem.replace(crate::yaml::HELP, "; ")
}
