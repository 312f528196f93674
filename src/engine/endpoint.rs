//! Which engine is meant, and why that one: the order is the one of the `docker` command.

use std::path::{Path, PathBuf};

use crate::hex::hex;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::EngineError;

const SYSTEM_SOCKET: &str = "/var/run/docker.sock";

/// Address of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `unix:///var/run/docker.sock`, `tcp://host:port` or `npipe://…`.
    pub address: String,
    /// What named it, such as `DOCKER_HOST` or `docker context colima`; shown to the user with the address.
    pub chosen_by: String,
}

impl Endpoint {
    /// Chooses the engine: `DOCKER_HOST`, else the Docker context (`DOCKER_CONTEXT`, else the current one), else the rootless socket
    /// when there is no system socket, else the system socket.
    ///
    /// Refuses what mcpmon does not speak (`ssh://`, TLS) and says what to do instead, rather than fall back to plain HTTP.
    pub fn choose(
        env: &dyn Fn(&str) -> Option<String>,
        home: Option<&Path>,
    ) -> Result<Self, EngineError> {
        choose(env, home, Path::new(SYSTEM_SOCKET))
    }
}

fn choose(
    env: &dyn Fn(&str) -> Option<String>,
    home: Option<&Path>,
    system_socket: &Path,
) -> Result<Endpoint, EngineError> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let endpoint =
        |address: String, chosen_by: &str| Endpoint { address, chosen_by: chosen_by.to_owned() };

    if let Some(address) = set("DOCKER_HOST") {
        return spoken(endpoint(address, "DOCKER_HOST"), set("DOCKER_TLS_VERIFY").is_some());
    }
    let config_dir =
        set("DOCKER_CONFIG").map(PathBuf::from).or_else(|| home.map(|home| home.join(".docker")));
    if let Some(config_dir) = config_dir {
        let context = match set("DOCKER_CONTEXT") {
            Some(name) => Some((name, "DOCKER_CONTEXT")),
            None => current_context(&config_dir)?.map(|name| (name, "the current docker context")),
        };
        if let Some((name, named_by)) = context.filter(|(name, _)| name != "default") {
            let (address, tls) = context_address(&config_dir, &name)?;
            return spoken(endpoint(address, &format!("{named_by} `{name}`")), tls);
        }
    }
    if !system_socket.exists()
        && let Some(rootless) = set("XDG_RUNTIME_DIR")
            .map(|dir| Path::new(&dir).join("docker.sock"))
            .filter(|socket| socket.exists())
    {
        return Ok(endpoint(
            format!("unix://{}", rootless.display()),
            "the rootless socket in XDG_RUNTIME_DIR",
        ));
    }
    Ok(endpoint(format!("unix://{}", system_socket.display()), "default"))
}

/// The endpoint, unless it is one that mcpmon would have to speak TLS or SSH with.
fn spoken(endpoint: Endpoint, tls: bool) -> Result<Endpoint, EngineError> {
    let (scheme, _) = endpoint.address.split_once("://").unwrap_or_default();
    let refuse = |cause: &str, help: String| {
        Err(EngineError::Unreachable {
            endpoint: format!("{} ({})", endpoint.address, endpoint.chosen_by),
            cause: cause.to_owned(),
            help,
        })
    };
    match scheme {
        "unix" | "npipe" => Ok(endpoint),
        "tcp" | "http" if !tls => Ok(endpoint),
        "tcp" | "http" | "https" => refuse(
            "mcpmon does not speak TLS to the engine, and does not fall back to an unprotected connection",
            "run mcpmon on that host, or forward its socket: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock USER@HOST, \
             then DOCKER_HOST=unix:///tmp/docker.sock with DOCKER_TLS_VERIFY unset"
                .to_owned(),
        ),
        "ssh" => {
            let host = endpoint.address.trim_start_matches("ssh://").trim_end_matches('/');
            refuse(
                "mcpmon does not speak SSH itself",
                format!(
                    "run mcpmon on that host, or forward its socket: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock {host}, \
                     then DOCKER_HOST=unix:///tmp/docker.sock"
                ),
            )
        }
        _ => refuse("this is no address of an engine", "write unix:///path/to/docker.sock or tcp://host:port".to_owned()),
    }
}

#[derive(Deserialize)]
struct CliConfig {
    #[serde(rename = "currentContext")]
    current_context: Option<String>,
}

fn current_context(config_dir: &Path) -> Result<Option<String>, EngineError> {
    let file = config_dir.join("config.json");
    let text = match std::fs::read(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(EngineError::io(format!("read {}", file.display()), error)),
    };
    let config: CliConfig = serde_json::from_slice(&text)
        .map_err(|error| EngineError::io(format!("read {}", file.display()), error))?;
    Ok(config.current_context.filter(|name| !name.is_empty()))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextMeta {
    endpoints: ContextEndpoints,
}

#[derive(Deserialize)]
struct ContextEndpoints {
    docker: ContextEndpoint,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextEndpoint {
    host: String,
}

/// Address of a named context, and whether it comes with TLS material.
fn context_address(config_dir: &Path, name: &str) -> Result<(String, bool), EngineError> {
    let id = hex(&Sha256::digest(name));
    let file = config_dir.join("contexts/meta").join(&id).join("meta.json");
    let unreadable = |cause: String| {
        EngineError::Unreachable {
        endpoint: format!("docker context `{name}`"),
        cause: format!("{}: {cause}", file.display()),
        help: "`docker context ls` lists the contexts; `docker context use default` goes back to the local engine".to_owned(),
    }
    };
    let text = std::fs::read(&file).map_err(|error| unreadable(error.to_string()))?;
    let meta: ContextMeta =
        serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    let tls = config_dir.join("contexts/tls").join(&id).join("docker").exists();
    Ok((meta.endpoints.docker.host, tls))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(
        vars: &[(&str, &str)],
        home: &Path,
        system_socket: &Path,
    ) -> Result<Endpoint, EngineError> {
        let env = |name: &str| {
            vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        choose(&env, Some(home), system_socket)
    }

    fn context(home: &Path, name: &str, host: &str) -> PathBuf {
        let id = hex(&Sha256::digest(name));
        let dir = home.join(".docker/contexts/meta").join(&id);
        std::fs::create_dir_all(&dir).unwrap();
        let meta = serde_json::json!({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": false}}});
        std::fs::write(dir.join("meta.json"), meta.to_string()).unwrap();
        home.join(".docker/contexts/tls").join(id).join("docker")
    }

    #[test]
    fn docker_host_wins_over_a_context_and_a_context_over_the_socket() {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("docker.sock");
        std::fs::write(&socket, "").unwrap();
        assert_eq!(chosen(&[], home.path(), &socket).unwrap().chosen_by, "default");

        context(home.path(), "colima", "unix:///colima.sock");
        context(home.path(), "other", "tcp://other:2375");
        std::fs::write(
            home.path().join(".docker/config.json"),
            r#"{"auths": {}, "currentContext": "colima"}"#,
        )
        .unwrap();
        let by_config = chosen(&[], home.path(), &socket).unwrap();
        assert_eq!(by_config.address, "unix:///colima.sock");
        assert_eq!(by_config.chosen_by, "the current docker context `colima`");
        assert_eq!(
            chosen(&[("DOCKER_CONTEXT", "other")], home.path(), &socket).unwrap().address,
            "tcp://other:2375"
        );
        assert_eq!(
            chosen(&[("DOCKER_CONTEXT", "default")], home.path(), &socket).unwrap().chosen_by,
            "default"
        );
        let both = [("DOCKER_CONTEXT", "other"), ("DOCKER_HOST", "tcp://host:1")];
        assert_eq!(chosen(&both, home.path(), &socket).unwrap().address, "tcp://host:1");
    }

    #[test]
    fn the_rootless_socket_is_used_only_without_a_system_socket() {
        let home = tempfile::tempdir().unwrap();
        let runtime = home.path().to_str().unwrap();
        let missing = home.path().join("missing.sock");
        assert_eq!(
            chosen(&[("XDG_RUNTIME_DIR", runtime)], home.path(), &missing).unwrap().chosen_by,
            "default"
        );
        std::fs::write(home.path().join("docker.sock"), "").unwrap();
        let rootless = chosen(&[("XDG_RUNTIME_DIR", runtime)], home.path(), &missing).unwrap();
        assert_eq!(rootless.address, format!("unix://{runtime}/docker.sock"));
    }

    #[test]
    fn tls_and_ssh_are_refused_with_advice() {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("docker.sock");
        let refused =
            |vars: &[(&str, &str)]| chosen(vars, home.path(), &socket).unwrap_err().to_string();
        let ssh = refused(&[("DOCKER_HOST", "ssh://me@build")]);
        assert!(ssh.contains("-L /tmp/docker.sock:/var/run/docker.sock me@build"), "{ssh}");
        assert!(
            refused(&[("DOCKER_HOST", "tcp://host:2376"), ("DOCKER_TLS_VERIFY", "1")])
                .contains("does not speak TLS")
        );
        assert!(refused(&[("DOCKER_HOST", "https://host:2376")]).contains("does not speak TLS"));
        assert!(refused(&[("DOCKER_HOST", "fd://")]).contains("no address of an engine"));
        let tls = context(home.path(), "secure", "tcp://host:2376");
        std::fs::create_dir_all(tls).unwrap();
        assert!(refused(&[("DOCKER_CONTEXT", "secure")]).contains("does not speak TLS"));
        assert!(refused(&[("DOCKER_CONTEXT", "gone")]).contains("docker context ls"));
    }
}
