//! The MCP server: a few tools that pretend to work.
use std::sync::Arc;

use rmcp::handler::server::{router::tool::ToolRouter, wrapper::Parameters};
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::{ErrorData, ServerHandler, schemars, tool, tool_handler, tool_router};
use serde::Deserialize;

use super::behaviour::Behaviour;

/// All tools.
pub const NAMES: [&str; 4] = ["search_documents", "get_forecast", "translate", "slow_report"];

/// How often the service calls each of its own tools. With the factors in the tools below, the mean time of
/// these calls is the mean that was asked for: (5×1 + 3×0.6 + 3×0.8 + 1×2.8) / 12 = 1.
pub const SHARES: [(f64, &str); 4] =
    [(5.0, NAMES[0]), (3.0, NAMES[1]), (3.0, NAMES[2]), (1.0, NAMES[3])];

/// The MCP server; a clone of it answers each request.
#[derive(Clone)]
pub struct Tools {
    name: Arc<str>,
    behaviour: Arc<Behaviour>,
    router: Arc<ToolRouter<Self>>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Search {
    /// Words to look for
    query: String,
    /// The most documents to return
    limit: Option<u8>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Forecast {
    /// Name of a town
    city: String,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Translation {
    /// Text to translate
    text: String,
    /// Language code, such as fr
    language: String,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Report {
    /// Month to report on, such as 2026-10
    month: String,
}

#[tool_router]
impl Tools {
    /// A server of this name whose tools behave so.
    pub fn new(name: &str, behaviour: Arc<Behaviour>) -> Self {
        Self { name: name.into(), behaviour, router: Arc::new(Self::tool_router()) }
    }

    #[tool(description = "Search the document store and return the titles that match")]
    async fn search_documents(
        &self,
        Parameters(search): Parameters<Search>,
    ) -> Result<String, ErrorData> {
        self.work(1.0, "the document index did not answer").await?;
        let limit = search.limit.unwrap_or(3).min(10);
        let titles: Vec<String> =
            (1..=limit).map(|number| format!("Notes on {}, part {number}", search.query)).collect();
        Ok(titles.join("\n"))
    }

    #[tool(description = "Get tomorrow's weather forecast for a town")]
    async fn get_forecast(
        &self,
        Parameters(forecast): Parameters<Forecast>,
    ) -> Result<String, ErrorData> {
        self.work(0.6, "the weather provider answered 503").await?;
        Ok(format!("{}: light rain in the morning, 14 degrees", forecast.city))
    }

    #[tool(description = "Translate a text")]
    async fn translate(
        &self,
        Parameters(translation): Parameters<Translation>,
    ) -> Result<String, ErrorData> {
        self.work(0.8, "the translation model ran out of memory").await?;
        Ok(format!("[{}] {}", translation.language, translation.text))
    }

    #[tool(description = "Compile the monthly usage report; takes longer than the other tools")]
    async fn slow_report(
        &self,
        Parameters(report): Parameters<Report>,
    ) -> Result<String, ErrorData> {
        self.work(2.8, "the report query exceeded its time limit").await?;
        Ok(format!("Report for {}: 12 tenants, 48210 calls", report.month))
    }

    /// The tools that there are now.
    fn offered(&self) -> ToolRouter<Self> {
        let router = ToolRouter::clone(&self.router);
        match self.behaviour.withheld() {
            Some(tool) => router.with_disabled(tool),
            None => router,
        }
    }

    /// Takes a connection and the time that fate allots, and fails if it says so.
    async fn work(&self, factor: f64, reason: &'static str) -> Result<(), ErrorData> {
        let connection = self.behaviour.pool.connection().await;
        let Some(_connection) = connection else {
            return Err(ErrorData::internal_error("no database connection became free", None));
        };
        let fate = self.behaviour.fate(factor);
        tokio::time::sleep(fate.latency).await;
        if fate.fails { Err(ErrorData::internal_error(reason, None)) } else { Ok(()) }
    }
}

#[tool_handler(router = self.offered())]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(self.name.to_string(), env!("CARGO_PKG_VERSION")))
            .with_instructions("A demonstration server: its tools make their answers up.")
    }
}
