//! The `mcpmon` command.
use clap::Parser;

#[derive(Parser)]
enum Command {
    DemoService(mcpmon::demo::DemoArgs),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Command::DemoService(args) = Command::parse();
    mcpmon::demo::run(args).await
}
