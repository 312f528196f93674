//! A client that asks one MCP server whether it works, in the protocol's own words, and tells where
//! it does not.
//!
//! * [`target`] what is asked, how deep and with what credentials
//! * [`report`] what came of it: steps with their times, the verdict, the server's own words
//! * [`era`] what is remembered of a server, so that it is not asked in an era that it does not speak
//!
//! Nothing here calls a tool unless [`target::Ask::call`] names one.

pub mod era;
pub mod report;
pub mod target;

pub use era::Eras;
pub use report::{Reason, Report};
pub use target::{Ask, Target};

/// Asks one server once. Never fails: what went wrong is in the report. Ends within `ask.deadline`.
#[allow(clippy::todo, clippy::unused_async)]
pub async fn probe(_target: &Target, _ask: &Ask, _eras: &Eras) -> Report {
    todo!()
}
