//! The `mcpmon` command.

use std::process::ExitCode;

use clap::Parser as _;
use mcpmon::cli::Cli;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    mcpmon::commands::run(cli).await.into()
}
