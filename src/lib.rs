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
//! * [`gate`] what the agent shows of the engine
//! * [`backup`] what a copy of data volumes says about itself
//! * [`history`] the generations of a stack, kept on the engine
//! * [`lockfile`] the very images of a stack, in a file beside the manifest
//! * [`mcp`] one MCP server, asked in its own protocol; [`probe`] tells a person of one, [`agent`]
//!   Prometheus of a fleet
//! * [`metrics`] what an endpoint serves
//! * [`preview`] what `plan` shows: steps, their reasons, what was changed by hand
//! * [`query`] saved queries and their answers
//! * [`doctor`] what is wrong with the engine, the host or the stack, and what mends it
//! * [`integrate`] a running container → an entry in the manifest
//! * [`mod@diff`] two texts side by side, for people
//! * [`discover`] what people already have → entries in the manifest
//! * [`demo`] the MCP server of the quickstart
//! * [`telemetry`] what the demo and the agent tell about themselves
//! * [`decimal`] numbers as people write them
//! * [`selector`] which series: `name{label="value"}`
//! * [`re2`] regular expressions as the collectors read them
//!
//! Load, resolve, render and plan are pure: no clock, no network, no environment but what is
//! handed in.

pub mod agent;
pub mod apply;
pub mod assets;
pub mod audit;
pub mod backup;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod commands;
pub mod decimal;
pub mod demo;
pub mod diagnostic;
pub mod diff;
pub mod discover;
pub mod doctor;
pub mod engine;
pub mod exit;
pub mod gate;
mod hex;
pub mod history;
pub mod integrate;
pub mod lockfile;
pub mod manifest;
pub mod mcp;
pub mod metrics;
pub mod output;
pub mod parallel;
pub mod plan;
pub mod preview;
pub mod probe;
pub mod query;
pub mod re2;
mod redact;
pub mod render;
pub mod route;
pub mod selector;
pub mod slo;
pub mod stack;
pub mod start;
mod stop;
pub mod telemetry;
pub mod upgrade;
pub mod version;
pub mod watch;
pub mod yaml;
