//! The checks against small local servers that answer as the real programs do, or as broken ones.
//! What stands under `fixtures/` was recorded from the real programs.

#![allow(clippy::unwrap_used, clippy::panic)] // Also in helpers, which clippy takes for production code.

mod compare;
mod elastic_double;
mod fixture;
mod health;
mod http;
mod proof;
mod ready;
mod reload;
mod report;
mod setup;
