//! The `mcpmon` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcpmon::commands::main()
}
