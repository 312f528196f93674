//! Which protocol a server behind a URL speaks, and the conversation with it.

use std::sync::Arc;

use tokio::time::timeout_at;

use super::challenge;
use super::clock::Clock;
use super::era::{Era, Eras};
use super::fault::Fault;
use super::progress::Progress;
use super::report::Reason;
use super::sse_transport::Sse;
use super::streamable::Streamable;
use super::talk::Talk;
use super::target::{Ask, Http, Protocol, Target};

/// Asks a server behind a URL.
pub(super) async fn probe(
    target: &Target,
    http: &Http,
    ask: &Ask,
    eras: &Eras,
    clock: Clock,
    progress: &mut Progress,
) -> Result<(), Fault> {
    let http = &Arc::new(http.clone());
    let streamable = Streamable::new(http, clock.end);
    // It outlives what the deadline cuts off, so that a session is ended all the same.
    let mut wires = Wires { streamable, sse: Sse::new(http, clock.end), clock };
    let outcome = timeout_at(clock.work, wires.converse(target, ask, eras, progress)).await;
    let mut outcome = outcome.unwrap_or_else(|_| Err(progress.time_out(ask.deadline)));
    if let Err(fault) = &outcome
        && fault.reason == Reason::AuthRequired
    {
        let header = fault.authenticate.as_deref();
        let look = challenge::look(&mut wires.streamable.client, http, header, progress);
        let looked = timeout_at(clock.work, look).await;
        // What was opened for it may still run.
        progress.abandon();
        let is_readable = looked.unwrap_or(false);
        if is_readable && http.accept_auth_challenge {
            outcome = Ok(());
        }
    }
    wires.sse.close(progress);
    if timeout_at(clock.end, wires.streamable.close(progress)).await.is_err() {
        progress.abandon();
    }
    outcome
}

struct Wires {
    streamable: Streamable,
    sse: Sse,
    clock: Clock,
}

impl Wires {
    async fn converse(
        &mut self,
        target: &Target,
        ask: &Ask,
        eras: &Eras,
        progress: &mut Progress,
    ) -> Result<(), Fault> {
        let protocol = match target.protocol {
            Protocol::Auto => self.search(eras.get(target), progress).await?,
            forced => self.begin(forced, progress).await.map(|()| forced)?,
        };
        match protocol {
            Protocol::Sse => Talk::new(&mut self.sse, progress, Era::Legacy).go_on(ask).await,
            Protocol::Legacy => {
                Talk::new(&mut self.streamable, progress, Era::Legacy).go_on(ask).await
            }
            Protocol::Modern | Protocol::Auto => {
                Talk::new(&mut self.streamable, progress, Era::Modern).go_on(ask).await
            }
        }
    }

    async fn begin(&mut self, protocol: Protocol, progress: &mut Progress) -> Result<(), Fault> {
        match protocol {
            Protocol::Sse => {
                self.sse.open(progress).await?;
                Talk::new(&mut self.sse, progress, Era::Legacy).begin().await
            }
            Protocol::Legacy => {
                Talk::new(&mut self.streamable, progress, Era::Legacy).begin().await
            }
            Protocol::Modern | Protocol::Auto => {
                Talk::new(&mut self.streamable, progress, Era::Modern).begin().await
            }
        }
    }

    /// What worked before, else the newest that works.
    async fn search(
        &mut self,
        remembered: Option<Protocol>,
        progress: &mut Progress,
    ) -> Result<Protocol, Fault> {
        if let Some(protocol @ (Protocol::Legacy | Protocol::Sse)) = remembered {
            match self.begin(protocol, progress).await {
                Ok(()) => return Ok(protocol),
                Err(fault) if fault.is_final() => return Err(fault),
                // It may have been upgraded since.
                Err(_) => {
                    self.sse.close(progress);
                    self.streamable.close(progress).await;
                }
            }
        }
        match self.begin(Protocol::Modern, progress).await {
            Ok(()) => return Ok(Protocol::Modern),
            Err(fault) if fault.is_final() || fault.is_modern_only => return Err(fault),
            Err(_) => {}
        }
        let fault = match self.begin(Protocol::Legacy, progress).await {
            Ok(()) => return Ok(Protocol::Legacy),
            Err(fault) => fault,
        };
        if !fault.may_be_sse() {
            return Err(fault);
        }
        let limit = self.clock.half();
        match timeout_at(limit, self.begin(Protocol::Sse, progress)).await {
            Ok(Ok(())) => Ok(Protocol::Sse),
            Ok(Err(later)) if self.sse.is_open() => Err(later),
            Ok(Err(_)) => Err(fault),
            // Some servers open a stream to whoever asks and never say anything on it.
            Err(_) => {
                progress.abandon();
                Err(fault)
            }
        }
    }
}
