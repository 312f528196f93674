//! `mcpmon init`

use std::path::PathBuf;

use super::Context;
use crate::exit::Exit;
use crate::manifest::Name;
use crate::output::Mark;
use crate::start;

/// Write a manifest to start from, its schema and the secrets it needs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shipped profile to start from
    #[arg(long, short, default_value = "quickstart", value_parser = clap::builder::PossibleValuesParser::new(crate::assets::profiles()))]
    pub profile: String,
    /// The stack's name; the folder's name where none is given
    #[arg(long, value_parser = |text: &str| Name::parse(text).map_err(|e| e.replace(crate::yaml::HELP, "; ")))]
    pub name: Option<Name>,
    /// Folder to write to
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let started = start::write(&args.dir, &args.profile, args.name.as_ref())?;
    super::secrets::show(context, &started.files);
    if let Some(path) = &started.password {
        context.printer.line(format!(
            "  Grafana's administrator is `admin`; the password stands in {}",
            path.display()
        ));
    }
    for (what, source) in &started.missing {
        let what = what.strip_prefix("secrets/").unwrap_or(what);
        context.printer.mark(Mark::Note, format!("write {what} yourself: {source}"));
    }
    context.printer.line("\nNext: `mcpmon up`, then `mcpmon health-check --wait`");
    Ok(Exit::Done)
}
