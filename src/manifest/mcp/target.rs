//! An endpoint as the probing client takes it, with its secrets read.

use std::path::PathBuf;

use super::{EnvValue, McpServer};
use crate::manifest::{Auth, SecretRef};
use crate::mcp::target::{At, Command, Credentials, Http, Target, Tls};

impl McpServer {
    /// Reads its secrets with `read` and makes it a target.
    ///
    /// # Errors
    /// A secret that cannot be read, or an endpoint that says nowhere where the server is.
    pub fn target(
        &self,
        name: &str,
        read: &dyn Fn(&SecretRef) -> Result<Vec<u8>, String>,
    ) -> Result<Target, String> {
        let text = |source: &SecretRef| {
            let bytes = read(source)?;
            String::from_utf8(bytes).map_err(|_| format!("the secret is no text ({source})"))
        };
        let at = if let Some(url) = &self.url {
            let credentials = match &self.auth {
                None => None,
                Some(Auth::Bearer(token)) => Some(Credentials::Bearer(text(token)?)),
                Some(Auth::Basic { username, password }) => Some(Credentials::Basic {
                    username: username.clone(),
                    password: text(password)?,
                }),
                Some(Auth::Header { name, value }) => {
                    Some(Credentials::Header { name: name.to_string(), value: text(value)? })
                }
            };
            let tls = match &self.tls {
                None => Tls::default(),
                Some(tls) => Tls {
                    ca: tls.ca.as_ref().map(read).transpose()?,
                    server_name: tls.server_name.clone(),
                    insecure_skip_verify: tls.insecure_skip_verify,
                },
            };
            At::Http(Box::new(Http {
                url: url::Url::parse(&url.to_string()).map_err(|error| error.to_string())?,
                host_header: self.host_header.as_ref().map(ToString::to_string),
                credentials,
                tls,
                accept_auth_challenge: self.accept_auth_challenge,
            }))
        } else {
            let (program, args) =
                self.command.split_first().ok_or("neither `url` nor `command` is there")?;
            let value = |value: &EnvValue| match value {
                EnvValue::Text(text) => Ok(text.clone()),
                EnvValue::Secret(source) => text(source),
            };
            let env = self.env.iter().map(|(name, v)| Ok((name.to_string(), value(v)?)));
            At::Stdio(Command {
                program: program.clone(),
                args: args.to_vec(),
                env: env.collect::<Result<_, String>>()?,
                dir: self.dir.as_ref().map(PathBuf::from),
                as_nobody: false,
            })
        };
        Ok(Target { name: name.to_owned(), at, protocol: self.protocol })
    }

    /// How people know it: its URL, or `stdio:` and its name.
    pub fn instance(&self, name: &str) -> String {
        self.url.as_ref().map_or_else(|| format!("stdio:{name}"), ToString::to_string)
    }

    /// Every secret that it needs.
    pub fn secrets(&self) -> Vec<&SecretRef> {
        let auth = self.auth.as_ref().map(|auth| match auth {
            Auth::Bearer(source)
            | Auth::Basic { password: source, .. }
            | Auth::Header { value: source, .. } => source,
        });
        let ca = self.tls.as_ref().and_then(|tls| tls.ca.as_ref());
        let env = self.env.values().filter_map(|value| match value {
            EnvValue::Secret(source) => Some(source),
            EnvValue::Text(_) => None,
        });
        auth.into_iter().chain(ca).chain(env).collect()
    }
}
