//! The `mcpmon` command.
fn main() {}
