//! The `mcpmon` command.

use std::process::ExitCode;

/// A render makes and drops some hundred thousand small values on several threads, for which the C library's
/// allocator calls the kernel again and again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mcpmon::commands::main()
}
