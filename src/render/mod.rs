//! Stack → [`Bundle`]: every file of every component, the same bytes each time.

mod bundle;
mod config;
pub mod dashboards;
mod environment;
mod generate;
pub mod json;
mod people;
pub mod rules;
pub mod tree;
mod view;

pub use bundle::{Bundle, File, Process, render};
pub use environment::{Conditions, written_secret};
