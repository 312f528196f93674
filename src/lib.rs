//! mcpmon: one manifest for the monitoring of MCP services.
//!
//! ```text
//! mcpmon.yaml ─load→ Manifest ─resolve→ Stack ─render→ Bundle ─plan→ Steps ─apply→ running stack ─check→ Report
//! ```
//!
//! * [`manifest`] what the user writes, read by [`yaml`]; what is wrong with it is a [`diagnostic`]
//! * [`catalog`] the component folders, from the [`assets`] that ship with mcpmon or stand beside a manifest
//! * [`stack`] the manifest resolved, checked, defaults applied
//! * [`render`] the stack's files
//! * [`route`] who is told about an alert; [`audit`] what a reader would object to
//! * [`engine`] the Docker engine
//! * [`mcp`] one MCP server, asked in its own protocol; [`agent`] asks a fleet of them for Prometheus
//! * [`metrics`] what an endpoint serves
//! * [`query`] saved queries and their answers
//! * [`integrate`] a running container → an entry in the manifest
//! * [`discover`] what people already have → entries in the manifest
//! * [`demo`] the MCP server of the quickstart
//! * [`telemetry`] what the demo and the agent tell about themselves
//! * [`re2`] regular expressions as the collectors read them
//!
//! Load, resolve, render and plan are pure: no clock, no network, no environment but what is
//! handed in.

pub mod agent;
pub mod apply;
pub mod assets;
pub mod audit;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod commands;
pub mod demo;
pub mod diagnostic;
pub mod discover;
pub mod engine;
pub mod exit;
mod hex;
pub mod integrate;
pub mod manifest;
pub mod mcp;
pub mod metrics;
pub mod output;
pub mod plan;
pub mod query;
pub mod re2;
mod redact;
pub mod render;
pub mod route;
pub mod stack;
pub mod start;
mod stop;
pub mod telemetry;
pub mod watch;
pub mod yaml;
