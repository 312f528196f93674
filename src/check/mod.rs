//! Questions to a running stack, each with a verdict, evidence and advice.
//!
//! * [`http`] the one client, over [`tls`] where a program has a certificate; [`ready`] waits until every container answers
//! * [`proof`] what a process has *loaded* equals what was rendered; [`compare`] says what "equals" means
//! * [`mod@health`] the checks, one file each; [`report`] what they found
//! * [`mod@reload`] asks a process to read its files anew
//!
//! Nothing here changes a stack but [`mod@reload`], and nothing prints.

pub mod certificates;
pub mod compare;
pub mod health;
pub mod http;
pub mod proof;
pub mod ready;
pub mod reload;
pub mod report;
pub mod subject;
pub mod tls;

pub use health::{HealthContext, health, names, wait_healthy};
pub use proof::prove;
pub use ready::{Begun, NotReady, wait_ready};
pub use reload::reload;
pub use report::{CheckResult, Report, Verdict};
pub use subject::{Login, Subject, subject};
