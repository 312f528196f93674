//! `mcpmon init`

use std::path::PathBuf;

use super::{Context, found};
use crate::discover::{Names, Secret};
use crate::exit::Exit;
use crate::manifest::Name;
use crate::output::Mark;
use crate::start::{self, Beginning};

/// Write a manifest to start from, its schema and the secrets it needs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shipped profile to start from (default: quickstart; none with --from)
    #[arg(long, short, value_parser = clap::builder::PossibleValuesParser::new(crate::assets::profiles()))]
    pub profile: Option<String>,
    /// The stack's name; the folder's name where none is given
    #[arg(long, value_parser = |text: &str| Name::parse(text).map_err(|e| e.replace(crate::yaml::HELP, "; ")))]
    pub name: Option<Name>,
    /// Take the services over from a file: a client's configuration (.mcp.json, Claude Desktop, Cursor, VS Code), a
    /// Compose file, a Docker MCP catalog; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub from: Vec<PathBuf>,
    /// Folder to write to
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let profile = match (&args.profile, args.from.as_slice()) {
        (None, []) => Some("quickstart"),
        (profile, _) => profile.as_deref(),
    };
    let mut beginning = Beginning { profile, name: args.name.as_ref(), services: &[] };
    if args.from.is_empty() {
        return finish(start::draft(&args.dir, &beginning)?, &[], context);
    }
    // The names of the profile's own services are taken.
    let base = start::draft(&args.dir, &beginning)?;
    let services = base.document.manifest.services.keys().map(ToString::to_string);
    let mut names = Names::new(services, base.catalog.names().map(str::to_owned));
    let found = found::read(&args.from, &mut names, &base.document)?;
    found::tell(&found, context);
    found::some(&found, &args.from)?;
    beginning.services = &found.entries;
    let draft = start::draft(&args.dir, &beginning)?;
    context.printer.data(&draft.change.diff());
    finish(draft, &found.secrets, context)
}

/// Writes it all. What was told about a secret is not told again.
fn finish(draft: start::Draft<'_>, told: &[Secret], context: &Context) -> anyhow::Result<Exit> {
    let started = draft.write()?;
    super::secrets::show(context, &started.files);
    if let Some(path) = &started.password {
        context.printer.line(format!(
            "  Grafana's administrator is `admin`; the password stands in {}",
            path.display()
        ));
    }
    let told: Vec<String> = told.iter().map(|secret| format!("file {}", secret.file)).collect();
    for (what, source) in started.missing.iter().filter(|(_, source)| !told.contains(source)) {
        let what = what.strip_prefix("secrets/").unwrap_or(what);
        context.printer.mark(Mark::Note, format!("write {what} yourself: {source}"));
    }
    context.printer.line("\nNext: `mcpmon up`, then `mcpmon health-check --wait`");
    Ok(Exit::Done)
}
