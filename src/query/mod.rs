//! `mcpmon query`: saved queries, and the answers of Prometheus and Loki as tables.
//!
//! * [`saved`] the library in `templates/queries.yaml` and the manifest's own
//! * [`ask()`] sends an expression to the program that speaks its language
//! * [`table`] draws an answer

pub mod ask;
pub mod saved;
pub mod table;

pub use ask::{Answer, Question, ask};
pub use saved::{Asked, library};
