//! The demonstration service, asked over HTTP as Prometheus and MCP clients ask it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod control;
mod lifecycle;
mod mcp;
mod metrics;
mod service;
