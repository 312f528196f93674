//! The routes, and the life of the server from listening to stopping.
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, middleware};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::log::Level;
use super::tools::Tools;
use super::traffic::Traffic;
use super::{App, control, measure, metrics};

/// How long requests in flight may take to finish after the signal to stop.
const GRACE: Duration = Duration::from_millis(500);

/// A demonstration service that listens but does not answer yet.
pub struct Server {
    app: Arc<App>,
    listener: TcpListener,
    address: SocketAddr,
    traffic: Traffic,
}

impl Server {
    /// Takes the port.
    pub(super) async fn bind(
        app: App,
        listen: SocketAddr,
        traffic: Traffic,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!("cannot listen on {listen}; choose another address with --listen")
        })?;
        let address = listener.local_addr().context("cannot tell the address that was taken")?;
        Ok(Self { app: Arc::new(app), listener, address, traffic })
    }

    /// The address that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests and makes traffic until `stop` completes; then lets running requests finish, for half a
    /// second at most.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let Self { app, listener, address, traffic } = self;
        app.log.note(Level::Info, &format!("listening on {address}"));
        let (close, closed) = oneshot::channel::<()>();
        let server = axum::serve(listener, router(app.clone())).with_graceful_shutdown(async {
            let _ = closed.await;
        });
        let mut server = std::pin::pin!(server.into_future());
        tokio::select! {
            result = &mut server => return result.context("the server failed"),
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

fn router(app: Arc<App>) -> Router {
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
        .route("/metrics", get(exposition))
        .merge(control::routes())
        .layer(middleware::from_fn_with_state(app.clone(), measure::measure))
        .with_state(app)
}

async fn index(State(app): State<Arc<App>>) -> String {
    format!(
        "{}: a demonstration MCP server of mcpmon\n\n\
         POST /mcp                         MCP, Streamable HTTP\n\
         GET  /metrics                     Prometheus metrics\n\
         GET  /healthz                     whether it runs\n\
         POST /control/errors?share=50%25  let tool calls fail\n\
         POST /control/latency?mean=2s     let tools take longer\n\
         POST /control/log                 write the body to the log\n",
        app.name
    )
}

async fn exposition(State(app): State<Arc<App>>) -> impl IntoResponse {
    let mut out = String::new();
    app.dialect.write(&mut out);
    app.process.write(&mut out);
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], out)
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
