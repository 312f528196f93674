//! Credentials that a URL asks for, as commands take them: a secret is named, never written.

use std::path::Path;

use crate::exit::{Exit, Stop};
use crate::manifest::SecretRef;
use crate::stack;

/// Credentials that a URL asks for.
#[derive(Debug, Default, clap::Args)]
#[group(id = "credentials", multiple = false)]
pub struct Flags {
    /// Bearer token that the URL asks for: `env:NAME` or `file:PATH`
    #[arg(long, value_name = "SOURCE", value_parser = source)]
    pub bearer: Option<SecretRef>,
    /// User and password that the URL asks for: `USER:env:NAME` or `USER:file:PATH`
    #[arg(long, value_name = "USER:SOURCE", value_parser = named_source)]
    pub basic: Option<(String, SecretRef)>,
    /// Header that the URL asks for: `NAME:env:NAME` or `NAME:file:PATH`
    #[arg(long, value_name = "NAME:SOURCE", value_parser = named_source)]
    pub header: Option<(String, SecretRef)>,
}

fn source(text: &str) -> Result<SecretRef, String> {
    match text.split_once(':') {
        Some(("env", name)) if !name.is_empty() => Ok(SecretRef::Env(name.to_owned())),
        Some(("file", path)) if !path.is_empty() => Ok(SecretRef::File(path.to_owned())),
        _ => Err("a secret does not belong on a command line: write `env:NAME` or `file:PATH`"
            .to_owned()),
    }
}

fn named_source(text: &str) -> Result<(String, SecretRef), String> {
    match text.split_once(':') {
        Some((name, rest)) if !name.is_empty() => Ok((name.to_owned(), source(rest)?)),
        _ => Err("write it like `NAME:env:VARIABLE` or `NAME:file:PATH`".to_owned()),
    }
}

/// Reads a secret; a relative path starts at `dir`.
pub fn read(source: &SecretRef, dir: &Path) -> anyhow::Result<Vec<u8>> {
    let surroundings = stack::Surroundings {
        env: &|name| std::env::var(name).ok(),
        file: &|path| std::fs::read(path),
    };
    stack::read_secret(source, dir, &surroundings)
        .map_err(|(message, help)| Stop::new(Exit::Usage, format!("{message}; {help}")).into())
}

/// The same for a secret that is text.
pub fn text(source: &SecretRef, dir: &Path) -> anyhow::Result<String> {
    String::from_utf8(read(source, dir)?)
        .map_err(|_| Stop::new(Exit::Usage, format!("the secret is no text ({source})")).into())
}
