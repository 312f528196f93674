//! `mcpmon secrets`

use std::path::PathBuf;

use super::Context;
use crate::exit::Exit;
use crate::output::Mark;
use crate::start::{self, Certificates, Wrote};

/// Make the passwords and certificates that the manifest needs and that are not there.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Make certificates anew, by the same authority
    #[arg(long)]
    pub renew: bool,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project()?;
    let dir = &project.document.dir;
    let certificates = if args.renew { Certificates::Renew } else { Certificates::Keep };
    let made = start::generate(&project.stack, dir, certificates)?;
    show(context, &made);
    if made.is_empty() {
        context.printer.line("  no component of the stack needs a secret that mcpmon could make");
    }
    for secret in start::missing(&project.stack, dir) {
        context
            .printer
            .mark(Mark::Note, format!("not there, and only you can know it: {}", secret.source));
    }
    if made.iter().any(|(_, wrote)| *wrote != Wrote::Kept) {
        context.printer.line("\nNext: `mcpmon up` brings them to the programs that read them");
    }
    Ok(Exit::Done)
}

/// Says what became of each file.
pub fn show(context: &Context, files: &[(PathBuf, Wrote)]) {
    for (path, wrote) in files {
        let path = path.display();
        match wrote {
            Wrote::New => context.printer.mark(Mark::Good, format!("wrote {path}")),
            Wrote::Renewed => context.printer.mark(Mark::Good, format!("made {path} anew")),
            Wrote::Kept => context.printer.line(format!("  kept {path} as it is")),
        }
    }
}
