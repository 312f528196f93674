//! The `mcpmon` command.

use std::process::ExitCode;

/// A render makes and drops some hundred thousand small values on several threads, for which the C library's
/// allocator calls the kernel again and again. Of the allocators that do not, this one touches the fewest pages;
/// to have them cleared by the kernel is a large part of a short run. `.cargo/config.toml` sets it up.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    mcpmon::commands::main()
}
