//! `mcpmon validate`

use super::Context;
use crate::exit::Exit;
use crate::output::Mark;

/// Check the manifest.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Leave secrets out: they need not exist where the manifest is only reviewed
    #[arg(long)]
    pub without_secrets: bool,
    /// Check the rendered files in the very images that will read them
    #[arg(long)]
    pub in_images: bool,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project()?;
    if !args.without_secrets && !args.in_images {
        context.check_secrets(&project)?;
    }
    if args.in_images {
        let wanted = !args.without_secrets;
        let secrets = wanted.then(|| context.secrets(&project)).transpose()?;
        let engine = context.engine().await?;
        crate::apply::validate_all(context, &engine, &project, secrets.as_ref()).await?;
    }
    let (stack, bundle) = (&project.stack, &project.bundle);
    let files: usize = bundle.components.values().map(std::collections::BTreeMap::len).sum();
    context.printer.mark(
        Mark::Good,
        format!(
            "{} is valid: {}, {}, {}",
            stack.name,
            count(stack.services.len(), "service"),
            count(stack.components.len(), "component"),
            count(files, "file")
        ),
    );
    Ok(Exit::Done)
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
