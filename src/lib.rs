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
//! * [`slo`] objectives: their rules, what they say now, what an outage would do to them
//! * [`engine`] the Docker engine
//! * [`mcp`] one MCP server, asked in its own protocol
//! * [`metrics`] what an endpoint serves
//! * [`query`] saved queries and their answers
//! * [`integrate`] a running container → an entry in the manifest
//! * [`demo`] the MCP server of the quickstart
//! * [`decimal`] numbers as people write them
//! * [`selector`] which series: `name{label="value"}`
//! * [`re2`] regular expressions as the collectors read them
//!
//! Load, resolve, render and plan are pure: no clock, no network, no environment but what is
//! handed in.

pub mod apply;
pub mod assets;
pub mod audit;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod commands;
pub mod decimal;
pub mod demo;
pub mod diagnostic;
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
pub mod selector;
pub mod slo;
pub mod stack;
pub mod start;
pub mod watch;
pub mod yaml;
