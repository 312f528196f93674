//! Stack → bundle: the rendered files of every component.

pub mod dashboards;
