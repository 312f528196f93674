//! A client that asks one MCP server whether it works, in the protocol's own words, and tells where
//! it does not.
//!
//! * [`target`] what is asked, how deep and with what credentials
//! * [`report`] what came of it: steps with their times, the verdict, the server's own words
//! * [`era`] what is remembered of a server, so that it is not asked in an era that it does not speak
//! * [`find()`] at which path of an address a server answers
//!
//! Nothing here calls a tool unless [`target::Ask::call`] names one.

mod advice;
mod certificate;
mod challenge;
mod clock;
mod connect;
pub mod era;
mod exchange;
mod fault;
mod find;
mod hello;
mod http;
mod message;
mod over_http;
mod over_stdio;
mod progress;
mod redirect;
mod refusal;
mod reply;
pub mod report;
mod resolve;
mod sse;
mod sse_transport;
mod stderr;
mod stdio;
mod streamable;
mod talk;
pub mod target;
mod text;
mod tls;
mod tools;
mod wire;

pub use era::Eras;
pub use find::{Heard, find};
pub use report::{Reason, Report};
pub use target::{Ask, Target};

use clock::Clock;
use era::Era;
use progress::Progress;
use report::Transport;
use target::{At, Protocol};

/// Asks one server once. Never fails: what went wrong is in the report. Ends within `ask.deadline`.
///
/// It may be dropped at any moment: a session that was begun is then ended in the background, and a
/// program that was started is killed.
pub async fn probe(target: &Target, ask: &Ask, eras: &Eras) -> Report {
    let mut progress = Progress::new();
    let clock = Clock::new(ask.deadline);
    let outcome = match &target.at {
        At::Http(http) => over_http::probe(target, http, ask, eras, clock, &mut progress).await,
        At::Stdio(command) => {
            over_stdio::probe(target, command, ask, eras, clock, &mut progress).await
        }
    };
    let mut report = progress.finish();
    if target.protocol == Protocol::Auto {
        match &report.protocol {
            Some(spoken) => eras.learn(
                target,
                match (spoken.era, spoken.transport) {
                    (_, Transport::Sse) => Protocol::Sse,
                    (Era::Modern, _) => Protocol::Modern,
                    (Era::Legacy, _) => Protocol::Legacy,
                },
            ),
            None => eras.forget(target),
        }
    }
    report.failure = outcome.err().map(|fault| advice::explain(fault, target));
    report.success = report.failure.is_none();
    report
}
