//! The probing client against servers that answer as real ones were recorded to, and as broken ones. Each
//! server here is a double, made in the test; what stands under `wire/` was recorded from real programs.

#![allow(clippy::unwrap_used, clippy::panic)] // Also in helpers, which clippy takes for production code.

mod auth;
mod demo;
mod depth;
mod double;
mod eras;
mod faults;
mod limits;
mod outside_tmp;
mod redirects;
mod sessions;
mod sse;
mod stdio;
mod support;
mod tls;
mod wire;
