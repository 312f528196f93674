//! `mcpmon secrets`

mod check;
mod rotate;
mod set;

use std::path::PathBuf;

use super::{Context, Project};
use crate::exit::{Exit, Stop};
use crate::manifest::SecretRef;
use crate::output::Mark;
use crate::stack::SecretFile;
use crate::start::{self, Certificates, Wrote};

/// Make the passwords and certificates that the manifest needs and that are not there.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Something else than that.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// Make certificates anew, by the same authority
    #[arg(long)]
    pub renew: bool,
}

/// What else is done with secrets.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Say of each secret whether it is there, fit, and the one that the stack runs with
    Check,
    /// Write a secret to its file, from standard input
    Set(Named),
    /// Give a running Grafana a new administrator's password, and prove that it takes it
    Rotate(Named),
}

/// A secret by its name.
#[derive(Debug, clap::Args)]
pub struct Named {
    /// Its file, as the manifest names it, or that file's name: `slack`
    pub name: String,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    match &args.action {
        None => make(args, context),
        Some(Action::Check) => check::run(context).await,
        Some(Action::Set(named)) => set::run(&named.name, context),
        Some(Action::Rotate(named)) => rotate::run(&named.name, context).await,
    }
}

fn make(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project()?;
    let dir = &project.document.dir;
    let certificates = if args.renew { Certificates::Renew } else { Certificates::Keep };
    let made = start::generate(&project.stack, dir, certificates)?;
    show(context, &made);
    if made.is_empty() {
        context.printer.line("  no component of the stack needs a secret that mcpmon could make");
    }
    for secret in start::missing(&project.stack, dir) {
        context
            .printer
            .mark(Mark::Note, format!("not there, and only you can know it: {}", secret.source));
    }
    if made.iter().any(|(_, wrote)| *wrote != Wrote::Kept) {
        context.printer.line("\nNext: `mcpmon up` brings them to the programs that read them");
    }
    Ok(Exit::Done)
}

/// Says what became of each file.
pub fn show(context: &Context, files: &[(PathBuf, Wrote)]) {
    for (path, wrote) in files {
        let path = path.display();
        match wrote {
            Wrote::New => context.printer.mark(Mark::Good, format!("wrote {path}")),
            Wrote::Renewed => context.printer.mark(Mark::Good, format!("made {path} anew")),
            Wrote::Kept => context.printer.line(format!("  kept {path} as it is")),
        }
    }
}

/// The file of a secret, and who reads it.
fn find<'a>(project: &'a Project, name: &str) -> anyhow::Result<(PathBuf, Vec<&'a SecretFile>)> {
    let files: Vec<(&SecretFile, &String)> = project
        .stack
        .secrets
        .iter()
        .filter_map(|secret| match &secret.source {
            SecretRef::File(path) => Some((secret, path)),
            SecretRef::Env(_) => None,
        })
        .collect();
    let is_named = |path: &str| path == name || path.rsplit('/').next() == Some(name);
    let mut paths: Vec<&String> =
        files.iter().map(|(_, path)| *path).filter(|path| is_named(path)).collect();
    paths.sort_unstable();
    paths.dedup();
    match paths.as_slice() {
        [path] => {
            let readers =
                files.iter().filter(|(_, other)| other == path).map(|(secret, _)| *secret);
            Ok((project.document.dir.join(path), readers.collect()))
        }
        [] => {
            let known = files.iter().map(|(_, path)| path.as_str());
            let help = crate::diagnostic::suggest(name, known);
            let message = format!("the manifest names no file `{name}` for a secret: {help}");
            Err(Stop::new(Exit::Usage, message).into())
        }
        [first, second, ..] => {
            let message = format!("`{name}` may be {first} or {second}: write the whole path");
            Err(Stop::new(Exit::Usage, message).into())
        }
    }
}
