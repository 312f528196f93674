//! `mcpmon demo-service`: a real MCP server with metrics, logs and traffic of its own, so that a new stack has
//! something to show in its first minute.
//!
//! `args` says what is wanted; `server` joins the routes; `tools` is the MCP server, whose calls take as long and fail
//! as often as `behaviour` draws; `measure` stands before every route and reports each `exchange` to the metrics of one
//! `dialect` and to the `log`; `traffic` is the service's own clients; `stream` answers bit by bit; `health` is what it
//! knows of itself; `control` changes all of it.
mod args;
mod behaviour;
mod control;
mod dialect;
mod exchange;
mod health;
mod log;
mod measure;
mod pool;
mod random;
mod server;
mod stream;
mod tools;
mod traffic;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

pub use args::{DemoArgs, DialectName};
pub use server::Server;

use crate::telemetry::Process;

/// A request is slow if it takes this many times the mean latency that the service began with. Most slow reports
/// do not; now and then one does, and nearly all do once `/control/latency` has raised the mean.
const SLOW: u32 = 4;
/// No request faster than this is slow, whatever the mean.
const LEAST_SLOW: Duration = Duration::from_millis(50);

/// What every request needs.
struct App {
    name: String,
    log: log::Log,
    dialect: Box<dyn dialect::Dialect>,
    process: Process,
    behaviour: Arc<behaviour::Behaviour>,
    health: health::Health,
    slow: Duration,
}

/// Runs the service until SIGTERM or Ctrl-C.
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let stop = crate::stop::requested()?;
    let server = bind(&args, Box::new(std::io::stdout())).await?;
    server.serve(stop).await
}

/// Prepares the service and takes its ports; its log goes to `log`.
pub async fn bind(args: &DemoArgs, log: Box<dyn Write + Send>) -> anyhow::Result<Server> {
    let mut random = random::Random::new(args.seed.unwrap_or_else(random::Random::any_seed));
    // Two sequences, so that requests from outside do not change what the service asks of itself.
    let (fates, choices) = (random::Random::new(random.bits()), random::Random::new(random.bits()));
    let behaviour = Arc::new(behaviour::Behaviour::new(args.latency, args.errors, fates));
    // Of the dialects, this alone has words for streams.
    let streams = args.dialect == DialectName::TaskHttp;
    let traffic = traffic::Traffic::new(args.rate, streams, behaviour.clone(), choices)?;
    let app = App {
        name: args.name.clone(),
        log: log::Log::new(&args.name, log),
        dialect: dialect::new(args.dialect, &args.name),
        process: Process::starting(),
        behaviour,
        health: health::Health::default(),
        slow: (args.latency * SLOW).max(LEAST_SLOW),
    };
    Server::bind(app, args.listen, args.metrics_listen, traffic).await
}
