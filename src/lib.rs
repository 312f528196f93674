//! mcpmon: one manifest for the monitoring of MCP services.

pub mod assets;
pub mod diagnostic;
pub mod render;
pub mod yaml;
