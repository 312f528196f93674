//! mcpmon: one manifest for the monitoring of MCP services.

pub mod demo;
