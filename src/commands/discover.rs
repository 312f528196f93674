//! `mcpmon discover`

use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::Context;
use super::found::{self, who};
use super::shape::Shape;
use crate::discover::containers::{self, Looked};
use crate::discover::ports::{self, Ports};
use crate::discover::{Found, Names, Note};
use crate::engine::EngineError;
use crate::exit::{Exit, Stop};
use crate::integrate::{Change, Entry, place, written};
use crate::manifest::{Document, Host};
use crate::output::Mark;
use crate::render::rules;

/// Find MCP servers that the manifest does not have, and propose entries for them.
///
/// Looks at the running containers, and asks each of their ports whether MCP is spoken there. Ports of a host are asked
/// only with `--ports`. Nothing is written without `--write`, and nothing before it was shown.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these containers
    pub containers: Vec<String>,
    /// Read files instead: a client's configuration, a Compose file, a Docker MCP catalog
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ports", "containers"])]
    pub from: Vec<PathBuf>,
    /// Ask these ports too: `8000` or `8000-8100`; each that listens sees seven requests at most
    #[arg(long, value_name = "PORTS", value_delimiter = ',', value_parser = Ports::parse)]
    pub ports: Vec<Ports>,
    /// The host whose ports are asked
    #[arg(long, default_value = "localhost", requires = "ports", value_parser = host)]
    pub host: Host,
    /// Write the manifest, after asking
    #[arg(long)]
    pub write: bool,
    /// Do not ask before writing
    #[arg(long, short, requires = "write")]
    pub yes: bool,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Shape,
}

fn host(text: &str) -> Result<Host, String> {
    Host::parse(text).map_err(|error| error.replace(crate::yaml::HELP, "; "))
}

/// One line of the table.
#[derive(Serialize)]
struct Row {
    name: String,
    found_at: String,
    server: String,
    entry: Json,
}

#[derive(Serialize)]
struct Output<'a> {
    schema_version: u32,
    found: &'a [Row],
    notes: Vec<Json>,
    secrets: Vec<Json>,
    changes: Vec<Json>,
    written: bool,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let document = context.document()?;
    let catalog = Context::catalog(&document)?;
    let services = document.manifest.services.keys().map(ToString::to_string);
    let mut names = Names::new(services, catalog.names().map(str::to_owned));
    let mut rows = Vec::new();
    let found = if args.from.is_empty() {
        let dialects = rules::dialects(&catalog.assets)?;
        running(args, context, &document, &dialects, &mut names, &mut rows).await?
    } else {
        let found = found::read(&args.from, &mut names, &document)?;
        let places = args.from.iter().map(|file| file.display().to_string()).collect::<Vec<_>>();
        rows.extend(
            found.entries.iter().map(|entry| row(entry, &places.join(", "), String::new())),
        );
        found
    };
    let changes = if found.entries.is_empty() {
        Vec::new()
    } else {
        place::changes(&found.entries, &document, &context.global.files)?
    };
    if args.output == Shape::Text {
        found::tell(&found, context);
        if !rows.is_empty() {
            context.printer.data(&table(&rows));
        }
        for change in &changes {
            context.printer.data(&change.diff());
        }
    }
    let write = args.write && !changes.is_empty() && confirmed(args, context, &changes)?;
    if write {
        for change in &changes {
            change.write()?;
            context.printer.mark(Mark::Good, format!("wrote {}", change.path.display()));
        }
    }
    match args.output {
        Shape::Json => context.printer.json(&Output {
            schema_version: 1,
            found: &rows,
            notes: found.notes.iter().map(|note| note_json(&found, note)).collect(),
            secrets: found
                .secrets
                .iter()
                .map(|s| json!({"file": s.file, "what": s.what, "place": found.place(s.span)}))
                .collect(),
            changes: changes
                .iter()
                .map(|c| json!({"path": c.path.display().to_string(), "diff": c.diff()}))
                .collect(),
            written: write,
        })?,
        Shape::Text if rows.is_empty() => context.printer.line("nothing new was found"),
        Shape::Text if !write => context.printer.line("nothing was written; `--write` does"),
        Shape::Text => context.printer.line(
            "\nThen: `mcpmon validate`, and `mcpmon reload` (`mcpmon up` if a network is new)",
        ),
    }
    Ok(Exit::Done)
}

/// Containers, and ports where they are asked for.
async fn running(
    args: &Args,
    context: &Context,
    document: &Document,
    dialects: &indexmap::IndexMap<String, rules::Dialect>,
    names: &mut Names,
    rows: &mut Vec<Row>,
) -> anyhow::Result<Found> {
    let mut found = Found::default();
    let mut taken = BTreeSet::new();
    match context.reader().await {
        Ok(reader) => {
            taken.extend(reader.containers_publishing().await?.iter().map(|p| p.host_port));
            let step = context.printer.step("asking the running containers");
            let looked = containers::look_at(&reader, document, dialects, &args.containers).await?;
            drop(step);
            for looked in looked {
                match looked {
                    Looked::Serves(seen) => {
                        let name = names.free(&seen.suggested);
                        names.take(&name);
                        let entry = Entry::new(&seen, Some(name), None);
                        let said = seen.mcp.as_ref().map(|mcp| who(&mcp.heard));
                        let at = format!("container {}", seen.container);
                        rows.push(row(&entry, &at, said.unwrap_or_default()));
                        found.entries.push(entry);
                        for note in &seen.notes {
                            found.remark(&seen.container, note);
                        }
                    }
                    Looked::Not(name, reason) => found.passed_over(&name, &reason),
                }
            }
        }
        Err(error) if !args.ports.is_empty() && args.containers.is_empty() => {
            let Some(EngineError::Unreachable { cause, .. }) = error.downcast_ref() else {
                return Err(error);
            };
            found.passed_over("containers", &format!("Docker cannot be reached: {cause}"));
        }
        Err(error) => return Err(error),
    }
    if !args.ports.is_empty() {
        let step = context.printer.step(format!("asking ports of {}", args.host));
        let tried = ports::try_all(&args.host, &args.ports, &taken, document).await;
        drop(step);
        for open in tried.open {
            let server = open.heard.report.server.as_ref().map(|server| server.name.clone());
            let wanted = server.filter(|name| !name.is_empty());
            let name = names.free(&wanted.unwrap_or_else(|| format!("mcp-{}", open.port)));
            names.take(&name);
            let fields = vec![("mcp", written(&open.url, &open.heard))];
            let entry = Entry { name, fields, network: None };
            let at = format!("{}:{}", args.host, open.port);
            rows.push(row(&entry, &at, who(&open.heard)));
            if open.url.contains("//host.docker.internal:") {
                found.remark(
                    &at,
                    "it must listen on an address that containers reach, not on 127.0.0.1 alone",
                );
            }
            found.entries.push(entry);
        }
        for port in tried.others {
            found.passed_over(
                &format!("{}:{port}", args.host),
                "something listens that speaks no MCP",
            );
        }
        for port in tried.known {
            found.passed_over(&format!("{}:{port}", args.host), "in the manifest already");
        }
    }
    Ok(found)
}

fn row(entry: &Entry, found_at: &str, server: String) -> Row {
    Row { name: entry.name.to_string(), found_at: found_at.to_owned(), server, entry: entry.json() }
}

fn note_json(found: &Found, note: &Note) -> Json {
    json!({
        "about": note.about,
        "text": note.text,
        "left_out": note.left_out,
        "place": found.place(note.span),
    })
}

fn table(rows: &[Row]) -> String {
    let address = |row: &Row| {
        let mcp = row.entry.get("mcp");
        let url = mcp.and_then(|mcp| mcp.as_str().or_else(|| mcp.get("url")?.as_str()));
        url.map_or_else(|| "a program".to_owned(), str::to_owned)
    };
    let lines: Vec<[String; 4]> =
        std::iter::once(["NAME", "FOUND AT", "MCP", "SERVER"].map(str::to_owned))
            .chain(rows.iter().map(|row| {
                [row.name.clone(), row.found_at.clone(), address(row), row.server.clone()]
            }))
            .collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths = [0, 1, 2].map(width);
    let lines = lines.iter().map(|[a, b, c, d]| {
        let [w, x, y] = widths;
        format!("{a:w$}  {b:x$}  {c:y$}  {d}").trim_end().to_owned() + "\n"
    });
    lines.collect()
}

/// Whether whoever runs this wants the changes that were shown.
fn confirmed(args: &Args, context: &Context, changes: &[Change]) -> anyhow::Result<bool> {
    if args.yes {
        return Ok(true);
    }
    if args.output == Shape::Json || !std::io::stdin().is_terminal() {
        let message = "say so with --yes where nobody can be asked; nothing was written";
        return Err(Stop::new(Exit::Usage, message).into());
    }
    let files: Vec<String> = changes.iter().map(|c| c.path.display().to_string()).collect();
    context.printer.line(format!("Write this to {}? [y/N]", files.join(", ")));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
