//! What an endpoint serves: its metrics read strictly, the dialect that it speaks, and what is wrong with them.
//!
//! * [`fetch`] gets the text, [`exposition`] reads it
//! * [`speech`] which dialect it is, and which of its roles are played
//! * [`lint`] what will hurt later: names, units, buckets, labels with too many values
//! * [`report`] all of it, for people and programs; [`draft`] a dialect file to start from

pub mod draft;
pub mod exposition;
pub mod fetch;
pub mod lint;
pub mod place;
pub mod report;
pub mod speech;

pub use exposition::Exposition;
pub use fetch::{Credentials, fetch};
pub use report::Report;
