//! The life of the agent, from listening to stopping.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::config::{self, Wrong};
use super::engine::Engine;
use super::fleet::Fleet;
use super::own::Own;
use super::page::Page;
use super::probe::Prober;
use super::routes;
use crate::mcp::Eras;

/// How long probes under way may take to finish after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

/// What every request needs.
pub struct Agent {
    config: PathBuf,
    fleet: RwLock<Arc<Fleet>>,
    /// What probes share.
    pub prober: Arc<Prober>,
    /// The engine, where there is one to show.
    pub engine: Option<Arc<Engine>>,
    /// The page for people.
    pub page: Page,
}

/// An agent that listens but does not answer yet.
pub struct Server {
    agent: Arc<Agent>,
    listener: TcpListener,
    /// Where collectors read the engine.
    collectors: Option<TcpListener>,
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// That it cannot be had.
    pub async fn bind(
        config: PathBuf,
        loaded: config::Config,
        listen: SocketAddr,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!("cannot listen on {listen}; choose another address with --listen")
        })?;
        let (engine, collectors) = match loaded.engine {
            Some(settings) => {
                let (engine, collectors) = Engine::open(settings).await?;
                (Some(engine), collectors)
            }
            None => (None, None),
        };
        let own = Own::new();
        own.reloaded(Some(loaded.fleet.services().count()));
        let permits = Arc::new(Semaphore::new(loaded.side_by_side));
        let agent = Agent {
            config,
            fleet: RwLock::new(Arc::new(loaded.fleet)),
            prober: Arc::new(Prober { eras: Eras::default(), permits, own }),
            engine,
            page: Page::new(loaded.page),
        };
        Ok(Self { agent: Arc::new(agent), listener, collectors })
    }

    /// The address that was taken.
    ///
    /// # Errors
    /// That the system does not tell it.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` completes; then lets probes finish, for ten seconds at most.
    ///
    /// # Errors
    /// That the server failed.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let (close, closed) = tokio::sync::oneshot::channel::<()>();
        let routes = routes::router(Arc::clone(&self.agent));
        let server = axum::serve(self.listener, routes).with_graceful_shutdown(async {
            let _ = closed.await;
        });
        let mut server = std::pin::pin!(server.into_future());
        let engine = async {
            match &self.agent.engine {
                Some(engine) => engine.run(self.collectors).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            result = &mut server => return result.context("the server failed"),
            failed = engine => match failed? {},
            () = stop => {}
        }
        let _ = close.send(());
        let all_done = async {
            let outcome = server.await;
            // Also probes that nobody waits for: they end their sessions.
            while self.agent.prober.own.probes_under_way() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            outcome
        };
        let ended = tokio::time::timeout(GRACE, all_done).await;
        // A probe that takes longer is cut off: whoever stops a container waits for it.
        ended.map_or(Ok(()), |served| served.context("the server failed while stopping"))
    }
}

impl Agent {
    /// What is asked now.
    pub fn fleet(&self) -> Arc<Fleet> {
        Arc::clone(&self.fleet.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the configuration anew; what is wrong with it leaves the one before in use.
    pub fn reload(&self) -> Result<usize, Wrong> {
        let loaded = config::load(&self.config).inspect_err(|_| self.prober.own.reloaded(None))?;
        if let (Some(engine), Some(settings)) = (&self.engine, loaded.engine) {
            engine.show(settings);
        }
        self.page.reload(loaded.page);
        let mut fleet = loaded.fleet;
        let mut current = self.fleet.write().unwrap_or_else(PoisonError::into_inner);
        fleet.succeed(&current);
        let count = fleet.services().count();
        *current = Arc::new(fleet);
        self.prober.own.reloaded(Some(count));
        Ok(count)
    }
}
