//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::{
    agent, audit, backup, config, destroy, diff, discover, doctor, down, health_check, history,
    init, integrate, lock, logs, metrics, plan, probe, query, reload, render, restore, rollback,
    route, schema, secrets, show, slo, status, up, upgrade, validate, watch,
};
use crate::exit;
use crate::output::Color;

/// One manifest for the monitoring of your MCP services.
///
/// mcpmon renders every configuration file of a Prometheus, Loki, Alertmanager and Grafana stack
/// from one manifest, launches it in Docker, proves that it works, and keeps it right through
/// every later change.
#[derive(Debug, Parser)]
#[command(name = "mcpmon", version, after_help = exit::HELP, max_term_width = 100)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// The manifest; each further one is laid over those before it
    #[arg(
        short,
        long = "file",
        value_name = "FILE",
        global = true,
        env = "MCPMON_FILE",
        value_delimiter = ',',
        default_value = "mcpmon.yaml"
    )]
    pub files: Vec<PathBuf>,
    /// When to use color
    #[arg(long, global = true, value_enum, default_value_t)]
    pub color: Color,
    /// Say nothing but what went wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// One command each; the file of the same name under `commands/` holds it.
///
/// The options of a command are made when it is called, and `--help` then shows what its own arguments say of it.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Write a manifest to start from, its schema and the secrets it needs
    Init(init::Args),
    /// Check the manifest
    Validate(validate::Args),
    /// Print the manifest with everything that it extends merged in
    Config(config::Args),
    /// Print the manifest's JSON Schema
    Schema(schema::Args),
    /// Make the passwords and certificates that the manifest needs and that are not there
    Secrets(secrets::Args),
    /// Render every file of the stack
    Render(render::Args),
    /// Say what a reader would object to before production
    Audit(audit::Args),
    /// Ask who is told about an alert
    Route(route::Args),
    /// Show what `up` would do, why, and what was changed past the manifest
    Plan(plan::Args),
    /// Bring the stack to what the manifest says, and wait until it is ready
    Up(up::Args),
    /// Bring changed configuration to the running stack: checked first, proven after, undone if wrong
    Reload(reload::Args),
    /// Bring programs to the versions that the manifest wants: what breaks first, with a copy of their data
    Upgrade(upgrade::Args),
    /// Reload whenever a file that the stack is made of changes
    Watch(watch::Args),
    /// Write down the very images of the stack, in mcpmon.lock
    Lock(lock::Args),
    /// List what was applied: who, when, why, and what became of it
    History(history::Args),
    /// Show one generation of the stack
    Show(show::Args),
    /// Show how two generations of the stack differ
    Diff(diff::Args),
    /// Bring back a generation of the stack: checked, proven and undone as any change
    Rollback(rollback::Args),
    /// Show what runs
    Status(status::Args),
    /// Ask whether everything works, with evidence
    HealthCheck(health_check::Args),
    /// Find out why something does not work, and what mends it
    Doctor(doctor::Args),
    /// Ask one MCP server whether it works, step by step
    Probe(Box<probe::Args>),
    /// Show the logs of a component or service
    Logs(logs::Args),
    /// Find MCP servers that the manifest does not have, and propose entries for them
    Discover(discover::Args),
    /// Add a running container to the manifest
    Integrate(integrate::Args),
    /// Look at the metrics of a service
    Metrics(metrics::Args),
    /// Look at objectives: what is promised, what is left, what an outage would do
    Slo(slo::Args),
    /// Run a saved query against Prometheus or Loki, or list them
    Query(query::Args),
    /// Copy the data of the stack to a folder
    Backup(backup::Args),
    /// Put a copy that `backup` made in the place of the data that is there
    Restore(restore::Args),
    /// Stop and remove the stack's containers; data stays
    Down(down::Args),
    /// Remove the stack with all its data
    Destroy(destroy::Args),
    /// Probe MCP servers for Prometheus, in their own protocol
    Agent(agent::Args),
    /// Run a demo MCP server with metrics, logs and traffic of its own
    DemoService(crate::demo::DemoArgs),
}
