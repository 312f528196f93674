//! Who is told about an alert, and why: the manifest's routes as Alertmanager walks them.
//!
//! Nothing is asked of a running stack, so it can be tried before anything is brought up. A test holds
//! it to what `amtool config routes test` says. Only [`send`] takes the way through the running one.

mod explain;
mod labels;
pub mod send;
mod text;
mod time;
mod walk;

pub use explain::{Report, explain};
pub use labels::{AlertLabels, Origin, assemble, rule_labels};
pub use time::{is_within, moment};
pub use walk::{Told, fits, told};
