//! `mcpmon logs`

mod test;

use futures_util::{StreamExt as _, stream};

use super::Context;
use crate::diagnostic::suggest;
use crate::exit::{Exit, Stop};

/// Show the logs of components or services; all of them where none is named.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "A service that is named `test` is shown by `mcpmon logs -- test`."
)]
pub struct Args {
    /// What to do instead of showing logs
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Components or services
    pub names: Vec<String>,
    /// Go on as new lines arrive
    #[arg(long)]
    pub follow: bool,
    /// Lines of each to begin with
    #[arg(long, short = 'n', default_value_t = 50)]
    pub tail: usize,
}

/// What else can be done about logs.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show what each stage of the pipeline makes of a line, without a running stack
    Test(test::Args),
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    if let Some(Command::Test(args)) = &args.command {
        return test::run(args, context);
    }
    let stack = context.document()?.manifest.name;
    let reader = context.reader().await?;
    let prefix = format!("{stack}-");
    let containers = reader.containers(stack.as_str()).await?;
    let mut names: Vec<&str> =
        containers.iter().map(|c| c.name.strip_prefix(&prefix).unwrap_or(&c.name)).collect();
    names.sort_unstable();
    for name in &args.names {
        if !names.contains(&name.as_str()) {
            let message = format!(
                "nothing named `{name}` runs in {stack}; {}",
                suggest(name, names.iter().copied())
            );
            return Err(Stop::new(Exit::Usage, message).into());
        }
    }
    let chosen: Vec<&str> = names
        .into_iter()
        .filter(|n| args.names.is_empty() || args.names.iter().any(|wanted| wanted == n))
        .collect();
    let width = chosen.iter().map(|n| n.len()).max().unwrap_or(0);
    let label =
        |name: &str| if chosen.len() > 1 { format!("{name:width$} │ ") } else { String::new() };
    if args.follow {
        let streams = chosen.iter().map(|name| {
            let label = label(name);
            let lines = reader.logs_follow(&format!("{prefix}{name}"), Some(args.tail), None);
            lines.map(move |line| line.map(|line| format!("{label}{}", line.text))).boxed_local()
        });
        let mut all = stream::select_all(streams);
        while let Some(line) = all.next().await {
            context.printer.data(&line?);
        }
    } else {
        for name in &chosen {
            for line in reader.logs_tail(&format!("{prefix}{name}"), args.tail).await? {
                context.printer.data(&format!("{}{line}", label(name)));
            }
        }
    }
    Ok(Exit::Done)
}
