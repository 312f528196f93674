//! One question: what is asked within which time, and the answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::fleet::Service;
use super::limits::{self, Busy, Entry};
use super::own::Own;
use crate::mcp::target::Depth;
use crate::mcp::{Ask, Eras, Report};

/// Prometheus must have the answer before it stops waiting.
const OFFSET: Duration = Duration::from_millis(500);

/// What probes share.
pub struct Prober {
    /// What is remembered of servers.
    pub eras: Eras,
    /// Places for probes that are made at the same time.
    pub permits: Arc<Semaphore>,
    /// What the agent tells about itself.
    pub own: Own,
}

/// Why there is no answer, though the service is one of the fleet.
#[derive(Debug)]
pub enum Unasked {
    /// No place within the deadline.
    Busy(Busy),
    /// A secret that cannot be read.
    Secret(String),
    /// The probe ended without a report.
    Broken(String),
}

/// The longest time of a probe: the service's own, and less than Prometheus waits.
pub fn deadline(service: &Service, scrape_timeout: Option<Duration>) -> Duration {
    let own = service.pace.timeout.std();
    match scrape_timeout {
        Some(waits) => own.min(waits.checked_sub(OFFSET).unwrap_or_default().max(waits / 2)),
        None => own,
    }
}

impl Prober {
    /// Asks a service, once it is its turn.
    pub async fn ask(
        self: &Arc<Self>,
        service: &Arc<Service>,
        depth: Depth,
        apart: Duration,
        longest: Duration,
    ) -> Result<Arc<Report>, Unasked> {
        let until = Instant::now() + longest;
        let entry = limits::enter(&service.turn, &self.permits, depth, apart, until).await;
        let place = match entry.map_err(Unasked::Busy)? {
            Entry::Known(report) => return Ok(report),
            Entry::Ask(place) => place,
        };
        let target = service.target().map_err(Unasked::Secret)?;
        // The server's expectations are those of the listing.
        let expect_tools = match depth {
            Depth::Tools => service.server.expect_tools.clone(),
            Depth::Handshake | Depth::Ping => Vec::new(),
        };
        let ask = Ask {
            depth,
            deadline: until.saturating_duration_since(Instant::now()),
            expect_tools,
            call: None,
        };
        let prober = Arc::clone(self);
        // A probe goes on to its end, also when nobody waits for it any more: a session that was begun
        // is ended.
        let probe = tokio::spawn(async move {
            let _under_way = prober.own.under_way();
            let mut report = crate::mcp::probe(&target, &ask, &prober.eras).await;
            // The longest part of a report, and nothing reads it.
            for tool in report.tools.iter_mut().flatten() {
                tool.description = String::new();
            }
            let report = Arc::new(report);
            prober.own.probed(depth, report.success, report.duration);
            place.answered(depth, &report);
            report
        });
        probe.await.map_err(|error| Unasked::Broken(error.to_string()))
    }
}
