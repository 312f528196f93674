//! `mcpmon agent`: asks a fleet of MCP servers on Prometheus' behalf, and answers with metrics.
//!
//! ```text
//! GET /probe?target=NAME ─fleet: is it one of ours?→ probe: its turn, then mcp::probe ─metrics→ text format
//! ```
//!
//! * [`config`] the files that say what is asked
//! * [`fleet`] the services, and what is refused
//! * `probe` one question: deadline, turn, answer
//! * `limits` how many probes are made at once, and how often
//! * [`metrics`] a report as metrics; `debug` as text for people
//! * `engine` the part that has the Docker engine's socket
//! * [`page`] the fleet for people
//! * `own` what the agent tells about itself
//! * `routes` what is answered to whom
//! * [`server`] from listening to stopping, with reloads in between

pub mod config;
mod debug;
mod engine;
pub mod fleet;
mod limits;
pub mod metrics;
mod own;
pub mod page;
mod probe;
mod routes;
pub mod server;

pub use config::Config;
pub use server::Server;
