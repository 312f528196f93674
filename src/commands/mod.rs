//! One file per command: its arguments and what it calls. No command holds logic of its own.

pub mod agent;
mod agree;
pub mod audit;
pub mod backup;
mod change;
mod chosen;
pub mod config;
pub mod credentials;
pub mod destroy;
pub mod diff;
pub mod discover;
pub mod doctor;
pub mod down;
mod found;
pub mod health_check;
mod held;
pub mod history;
pub mod init;
pub mod integrate;
pub mod lock;
pub mod logs;
pub mod metrics;
mod past;
pub mod plan;
pub mod probe;
pub mod query;
pub mod reload;
pub mod render;
pub mod restore;
pub mod rollback;
pub mod route;
pub mod schema;
pub mod secrets;
mod shape;
pub mod show;
pub mod slo;
pub mod status;
pub mod up;
pub mod upgrade;
pub mod validate;
pub mod watch;

mod context;

pub use context::{Context, Project};

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::engine::EngineError;
use crate::exit::{Exit, Stop};
use crate::output::Printer;

/// Parses the command line, runs the command and maps its end to an exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let printer = Printer::new(cli.global.color, cli.global.quiet);
    // The engine and the programs are waited for, not computed with: one thread is enough.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run(cli, printer)).into(),
        Err(error) => {
            printer.error(&format!("cannot start: {error}"));
            Exit::Failed.into()
        }
    }
}

/// Runs a command and says what went wrong.
async fn run(cli: Cli, printer: Printer) -> Exit {
    let context = Context::new(cli.global, printer.clone());
    let interrupted = async {
        // Without a handler for the signal there is nothing to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    // These end in their own time when they are told to.
    let hears_signals = match &cli.command {
        Command::Agent(_) | Command::DemoService(_) => true,
        Command::Probe(args) => args.watch.is_some(),
        Command::Route(args) => args.sends(),
        _ => false,
    };
    let is_watch = matches!(cli.command, Command::Watch(_));
    let mut command = Box::pin(dispatch(cli.command, &context));
    let outcome = if hears_signals {
        command.await
    } else {
        tokio::select! {
            // The signal first: it is listened to before the command does anything.
            biased;
            () = interrupted => {
                if context.tell() {
                    if let Err(error) = command.await {
                        printer.error(&format!("{error:#}"));
                    }
                    return Exit::Interrupted;
                }
                drop(command);
                // Whoever watches is done when they say so, but for a change that is under way.
                if is_watch && !context.is_changing() {
                    return Exit::Done;
                }
                context.interrupted().await;
                return Exit::Interrupted;
            }
            outcome = &mut command => outcome,
        }
    };
    outcome.unwrap_or_else(|error| {
        printer.error(&format!("{error:#}"));
        exit_of(&error)
    })
}

fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return stop.exit;
    }
    match error.downcast_ref::<EngineError>() {
        Some(error) if error.exit_code() == 3 => Exit::NoEngine,
        _ => Exit::Failed,
    }
}

async fn dispatch(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Init(args) => init::run(&args, context),
        Command::Validate(args) => validate::run(&args, context).await,
        Command::Config(args) => config::run(&args, context),
        Command::Schema(args) => schema::run(&args, context),
        Command::Secrets(args) => secrets::run(&args, context).await,
        Command::Render(args) => render::run(&args, context),
        Command::Plan(args) => plan::run(&args, context).await,
        Command::Up(args) => up::run(&args, context).await,
        Command::Upgrade(args) => Box::pin(upgrade::run(&args, context)).await,
        Command::Reload(args) => reload::run(&args, context).await,
        Command::Audit(args) => audit::run(&args, context),
        Command::Route(args) => Box::pin(route::run(&args, context)).await,
        Command::Watch(args) => watch::run(&args, context).await,
        Command::Status(args) => status::run(&args, context).await,
        Command::Doctor(args) => doctor::run(&args, context).await,
        Command::HealthCheck(args) => health_check::run(&args, context).await,
        Command::Probe(args) => probe::run(&args, context).await,
        Command::Metrics(args) => metrics::run(&args, context).await,
        Command::Discover(args) => discover::run(&args, context).await,
        Command::Integrate(args) => integrate::run(&args, context).await,
        Command::Lock(args) => lock::run(&args, context).await,
        Command::History(args) => history::run(&args, context).await,
        Command::Show(args) => show::run(&args, context).await,
        Command::Diff(args) => diff::run(&args, context).await,
        Command::Rollback(args) => rollback::run(&args, context).await,
        Command::Logs(args) => logs::run(&args, context).await,
        Command::Slo(args) => slo::run(&args, context).await,
        Command::Query(args) => query::run(&args, context).await,
        Command::Backup(args) => Box::pin(backup::run(&args, context)).await,
        Command::Restore(args) => Box::pin(restore::run(&args, context)).await,
        Command::Down(args) => down::run(&args, context).await,
        Command::Destroy(args) => destroy::run(&args, context).await,
        Command::Agent(args) => agent::run(&args, context).await,
        Command::DemoService(args) => crate::demo::run(args).await.map(|()| Exit::Done),
    }
}
