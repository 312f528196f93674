//! The main path on the real programs: a quickstart stack in Docker, from the lab's images where no
//! registry can be reached. Nothing here is skipped: without an engine or the images it fails.

// A test may stop at the first surprise, in its helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod agent;
mod alerts;
mod backup;
mod between;
mod burn_rate;
mod changes;
mod crash;
mod data;
mod doctor;
mod exporters;
mod faults;
mod harness;
mod history;
mod lifecycle;
mod logs;
mod own;
mod page;
mod pipeline;
mod plan;
mod recorder;
mod reload;
mod route;
mod secrets;
mod upgrade;
mod watch;
