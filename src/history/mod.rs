//! The generations of a stack: what was applied, by whom, when, why, and what became of it.
//!
//! They are kept on the engine, in the volume `<stack>-mcpmon-state`, so that any machine that
//! reaches the engine sees the same. The newest one is written down before anything changes and
//! again when all is done: so it is also the journal of a change that is under way.
//!
//! * [`generation`] one of them; [`snapshot`] all that it takes to bring it back
//! * [`store`] where they stand in the volume, and which of them are kept
//! * [`place`] the container that the volume is read through

pub mod generation;
pub mod place;
pub mod snapshot;
pub mod store;

pub use generation::{Author, Done, Generation, ImageUsed, Outcome};
pub use snapshot::Snapshot;
pub use store::{History, Keep};
