//! `mcpmon watch`

use std::path::PathBuf;
use std::time::Instant;

use super::Context;
use super::up::parse_duration;
use crate::apply::{self, Options};
use crate::exit::{Exit, Stop};
use crate::manifest::Duration;
use crate::output::Mark;
use crate::watch::Watched;

/// Reload whenever a file that the stack is made of changes.
///
/// Watches the manifests, what they extend, `rules_dir`, `components_dir` and files with secrets. Each change goes the way
/// of `mcpmon reload`; a mistake is shown, and what runs stays as it is. Ctrl-C ends it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long everything may take to become ready again
    #[arg(long, default_value = "2m", value_parser = parse_duration)]
    pub timeout: Duration,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let mut watched = Watched::default();
    // What changed before anybody watched is a change as well.
    watched.learn(&context.global.files, None);
    watched.look();
    change(args, context, &mut watched, "start").await;
    context.printer.line(format!("watching {} files; Ctrl-C ends it", watched.len()));
    loop {
        let changed = watched.changed().await;
        change(args, context, &mut watched, &names(&changed)).await;
    }
}

/// Brings one change to the stack, and says in one line what became of it.
async fn change(args: &Args, context: &Context, watched: &mut Watched, what: &str) {
    let started = Instant::now();
    let outcome = reload(args, &context.quietly(), watched).await;
    let now = jiff::Zoned::now().strftime("%H:%M:%S");
    let (took, printer) = (started.elapsed().as_secs_f64(), &context.printer);
    match outcome {
        Ok(_) => {
            printer.mark(Mark::Good, format!("{now} {what}: applied and proven in {took:.1} s"));
        }
        Err(error) => {
            let rejected = error
                .downcast_ref::<Stop>()
                .is_some_and(|stop| matches!(stop.exit, Exit::Usage | Exit::Rejected));
            let state = if rejected { "what ran before runs on" } else { "it failed" };
            printer.mark(Mark::Bad, format!("{now} {what}: not applied, {state}: {error:#}"));
        }
    }
}

async fn reload(args: &Args, quiet: &Context, watched: &mut Watched) -> anyhow::Result<Exit> {
    let project = quiet.project_without_warnings();
    let known = project.as_ref().ok().map(|project| (&project.document, &project.stack));
    // Files that are new to the manifest are watched from now on; what changes meanwhile is seen the next time.
    watched.learn(&quiet.global.files, known);
    watched.add_new();
    let project = project?;
    let secrets = quiet.secrets(&project)?;
    let options = Options::new("mcpmon watch", args.timeout.std());
    apply::run(quiet, &project, &secrets, &Options { only_running: true, ..options }).await
}

/// The changed files in a few words.
fn names(changed: &[PathBuf]) -> String {
    match changed {
        [one] => one.display().to_string(),
        [one, rest @ ..] => format!("{} and {} more", one.display(), rest.len()),
        [] => "nothing".to_owned(),
    }
}
