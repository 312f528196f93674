//! `mcpmon status`

use serde::Serialize;

use super::Context;
use crate::engine::Status;
use crate::exit::Exit;
use crate::output::Format;

/// Show what runs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    stack: String,
    containers: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    state: String,
    since: String,
    restarts: i64,
    image: String,
    address: String,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let stack = context.document()?.manifest.name;
    let reader = context.reader().await?;
    let mut containers = reader.containers(stack.as_str()).await?;
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    let rows: Vec<Row> = containers
        .into_iter()
        .map(|container| {
            let state = &container.state;
            let running = matches!(state.status, Status::Running);
            let text = match state.status {
                Status::Exited => format!("exited ({})", state.exit_code),
                other => format!("{other:?}").to_lowercase(),
            };
            let short =
                container.name.strip_prefix(&format!("{stack}-")).unwrap_or(&container.name);
            let addresses: Vec<String> =
                container.ports.iter().map(|p| format!("{}:{}", p.host_ip, p.host_port)).collect();
            Row {
                name: short.to_owned(),
                state: text,
                since: if running { state.started_at.clone() } else { state.finished_at.clone() },
                restarts: state.restart_count,
                address: addresses.join(" "),
                image: container.image,
            }
        })
        .collect();
    let healthy = !rows.is_empty() && rows.iter().all(|row| row.state == "running");
    if args.output == Format::Json {
        let document = Document { schema_version: 1, stack: stack.to_string(), containers: rows };
        context.printer.json(&document)?;
    } else if rows.is_empty() {
        context.printer.line(format!("nothing of {stack} is there; `mcpmon up` brings it up"));
    } else {
        let width = |column: fn(&Row) -> &str| {
            rows.iter().map(|r| column(r).chars().count()).max().unwrap_or(0)
        };
        let (name, state, address) =
            (width(|r| &r.name), width(|r| &r.state), width(|r| &r.address));
        let lines: Vec<String> = rows
            .iter()
            .map(|r| {
                format!("{:name$}  {:state$}  {:address$}  {}", r.name, r.state, r.address, r.image)
            })
            .collect();
        context.printer.data(&lines.join("\n"));
    }
    Ok(if healthy { Exit::Done } else { Exit::Failed })
}
