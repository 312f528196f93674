//! The routes, and the life of the server from listening to stopping.
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, middleware};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::exchange::EXPOSITION;
use super::log::Level;
use super::tools::Tools;
use super::traffic::Traffic;
use super::{App, control, health, measure, stream};
use crate::telemetry;

/// How long requests in flight may take to finish after the signal to stop.
const GRACE: Duration = Duration::from_millis(500);

/// A demonstration service that listens but does not answer yet.
pub struct Server {
    app: Arc<App>,
    listener: TcpListener,
    address: SocketAddr,
    /// Where metrics are served, if not with everything else.
    metrics: Option<TcpListener>,
    traffic: Traffic,
}

impl Server {
    /// Takes the ports.
    pub(super) async fn bind(
        app: App,
        listen: SocketAddr,
        metrics_listen: Option<SocketAddr>,
        traffic: Traffic,
    ) -> anyhow::Result<Self> {
        let listener = take(listen, "--listen").await?;
        let address = listener.local_addr().context("cannot tell the address that was taken")?;
        let metrics = match metrics_listen {
            Some(listen) => Some(take(listen, "--metrics-listen").await?),
            None => None,
        };
        Ok(Self { app: Arc::new(app), listener, address, metrics, traffic })
    }

    /// The address that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the metrics, where they have one of their own.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref()?.local_addr().ok()
    }

    /// Answers requests and makes traffic until `stop` completes; then lets running requests finish, for half a
    /// second at most.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let metrics_address = self.metrics_address();
        let Self { app, listener, address, metrics, traffic } = self;
        app.log.note(Level::Info, &format!("listening on {address}"));
        if let Some(address) = metrics_address {
            app.log.note(Level::Info, &format!("metrics on {address}"));
        }
        // A router that is layered already must not be merged: the layer would miss what is nowhere.
        let (beside, apart) = match metrics {
            Some(listener) => (Router::new(), Some((listener, expositions()))),
            None => (expositions(), None),
        };
        let routes = router(app.clone(), beside);
        let scraped =
            apart.map(|(listener, routes)| axum::serve(listener, routes.with_state(app.clone())));
        let mut scraped = std::pin::pin!(async {
            match scraped {
                Some(server) => server.await,
                None => std::future::pending().await,
            }
        });
        let (close, closed) = oneshot::channel::<()>();
        let server = axum::serve(listener, routes).with_graceful_shutdown(async {
            let _ = closed.await;
        });
        let mut server = std::pin::pin!(server.into_future());
        tokio::select! {
            result = &mut server => return result.context("the server failed"),
            result = &mut scraped => return result.context("the server of the metrics failed"),
            never = traffic.run(reachable(address)) => match never {},
            () = stop => {}
        }
        app.log.note(Level::Info, "stopping");
        let _ = close.send(());
        // A request that takes longer is cut off: whoever stops a container waits for it.
        match tokio::time::timeout(GRACE, server).await {
            Ok(result) => result.context("the server failed while stopping"),
            Err(_) => Ok(()),
        }
    }
}

async fn take(listen: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(listen).await;
    listener
        .with_context(|| format!("cannot listen on {listen}; choose another address with {flag}"))
}

fn expositions() -> Router<Arc<App>> {
    EXPOSITION.iter().fold(Router::new(), |router, path| router.route(path, get(exposition)))
}

fn router(app: Arc<App>, beside: Router<Arc<App>>) -> Router {
    let tools = Tools::new(&app.name, app.behaviour.clone());
    // Stateless: a client that never says goodbye leaves nothing behind. Any Host is served, since the stack's own
    // names are not known here and a demonstration has nothing to protect from a rebound name.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts();
    let mcp = StreamableHttpService::new(
        move || Ok(tools.clone()),
        Arc::<NeverSessionManager>::default(),
        config,
    );
    Router::new()
        .route_service("/mcp", mcp)
        .route("/", get(index))
        .route("/healthz", get(async || "ok\n"))
        .route("/health/live", get(async || "ok\n"))
        .route("/health/ready", get(ready))
        .route("/stream", get(stream::open))
        .merge(control::routes())
        .merge(beside)
        .layer(middleware::from_fn_with_state(app.clone(), measure::measure))
        .with_state(app)
}

async fn index(State(app): State<Arc<App>>) -> String {
    format!(
        "{}: a demonstration MCP server of mcpmon\n\n\
         POST /mcp                         MCP, Streamable HTTP\n\
         GET  /stream                      a tool's progress, as server-sent events\n\
         GET  /metrics, /health/metrics    Prometheus metrics\n\
         GET  /healthz, /health/live       whether it runs\n\
         GET  /health/ready                whether all its checks pass\n\n{}",
        app.name,
        control::HELP
    )
}

async fn ready(State(app): State<Arc<App>>) -> (StatusCode, String) {
    let checks = health::checks(&app);
    let all = checks.iter().all(|checked| checked.passes);
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let line = |checked: &health::Checked| {
        format!("{} {}\n", checked.check, if checked.passes { "ok" } else { "failing" })
    };
    (status, checks.iter().map(line).collect())
}

async fn exposition(State(app): State<Arc<App>>) -> impl IntoResponse {
    let mut out = String::new();
    app.dialect.write(&health::reading(&app), &mut out);
    app.process.write(&mut out);
    ([(CONTENT_TYPE, telemetry::CONTENT_TYPE)], out)
}

/// The address at which the server reaches itself.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        });
    }
    address
}
