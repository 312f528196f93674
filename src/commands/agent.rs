//! `mcpmon agent`

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Context;
use crate::agent::{Server, config};
use crate::exit::{Exit, Stop};

/// Probe MCP servers for Prometheus, in their own protocol
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is probed: a file with `services`
    #[arg(long, value_name = "FILE", default_value = "agent.yml")]
    pub config: PathBuf,
    /// Where it answers
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9711")]
    pub listen: SocketAddr,
    /// Only check the file
    #[arg(long)]
    pub check: bool,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let loaded = config::load(&args.config).map_err(|wrong| {
        context.printer.diagnostics(&wrong.found, &wrong.sources);
        let count = wrong.found.len();
        let plural = if count == 1 { "" } else { "s" };
        let file = args.config.display();
        Stop::new(Exit::Usage, format!("{count} problem{plural} in {file}"))
    })?;
    let services = loaded.fleet.services().count();
    let plural = if services == 1 { "" } else { "s" };
    if args.check {
        context.printer.line(format!("{services} service{plural}"));
        return Ok(Exit::Done);
    }
    let stop = crate::stop::requested()?;
    let server = Server::bind(args.config.clone(), loaded, args.listen).await?;
    let address = server.address()?;
    context.printer.line(format!("probing {services} service{plural} on http://{address}"));
    server.serve(stop).await?;
    Ok(Exit::Done)
}
