//! mcpmon: one manifest for the monitoring of MCP services.
