//! The fleet page: one page without scripts or anything from elsewhere, for people.
//!
//! ```text
//! Prometheus ─ask.rs→ Answers ─model.rs→ Model ─page.html.j2 (chart.rs draws)→ HTML
//! ```
//!
//! What it shows is what Prometheus knows; the fleet itself is the agent's, so that a service of which
//! nothing is known is a row as well.

mod ask;
mod chart;
mod model;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::fleet::Fleet;
use crate::manifest::Url;
use model::Model;

/// The template. Values are escaped as HTML: a server says of itself what it likes.
const TEMPLATE: &str = include_str!("page.html.j2");
/// As long an answer of Prometheus serves: many readers cost no more than one.
const FRESH: Duration = Duration::from_secs(5);
/// Nothing but its own style; no page may put it into a frame.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where the page's figures and links come from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The stack's name.
    #[serde(default)]
    pub stack: Option<String>,
    /// Prometheus, as the agent reaches it.
    #[serde(default)]
    pub prometheus: Option<Url>,
    /// The dashboard of one service as a browser reaches it; the service's name is added.
    #[serde(default)]
    pub dashboard: Option<String>,
}

/// The page, and what it was last made of.
#[derive(Debug)]
pub struct Page {
    settings: RwLock<Settings>,
    last: Mutex<Option<(Instant, Arc<ask::Answers>)>>,
}

impl Page {
    /// A page of which nothing was asked yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings: RwLock::new(settings), last: Mutex::default() }
    }

    /// Takes other settings.
    pub fn reload(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// The page as HTML. It is there whatever becomes of Prometheus, and says so. It renews itself only
    /// where that was asked for: who reads it slowly would lose the place.
    ///
    /// # Errors
    /// The template is wrong, which a test rules out.
    pub async fn html(&self, fleet: &Fleet, refresh: bool) -> Result<String, minijinja::Error> {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner).clone();
        let answers = self.answers(&settings).await;
        let now = jiff::Timestamp::now().as_second();
        render(&Model::of(&settings, fleet, &answers, now), refresh)
    }

    async fn answers(&self, settings: &Settings) -> Arc<ask::Answers> {
        // Held while asking: who comes meanwhile waits for the same answer.
        let mut last = self.last.lock().await;
        if let Some((_, answers)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Arc::clone(answers);
        }
        let answers = Arc::new(ask::all(settings.prometheus.as_ref()).await);
        *last = Some((Instant::now(), Arc::clone(&answers)));
        answers
    }
}

/// What the template reads.
#[derive(Serialize)]
struct View<'a> {
    page: &'a Model,
    /// Whether the page renews itself.
    refresh: bool,
}

fn render(page: &Model, refresh: bool) -> Result<String, minijinja::Error> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    env.render_named_str("page.html", TEMPLATE, Serde(&View { page, refresh }))
}

#[cfg(test)]
mod tests {
    use super::ask::{Answers, Series};
    use super::*;
    use crate::agent::fleet::Service;
    use crate::manifest::{McpServer, ProbeDefaults};

    fn fleet(names: &[&str]) -> Fleet {
        let mut fleet = Fleet::new(Duration::ZERO);
        for name in names {
            let url = Url::parse(&format!("http://{name}:8080/mcp")).unwrap();
            let server = McpServer::at(url);
            let pace = server.pace(&ProbeDefaults::default());
            fleet.add(Service::new((*name).into(), server, pace, "".into())).unwrap();
        }
        fleet
    }

    fn series(json: &serde_json::Value) -> Vec<Series> {
        serde_json::from_value(json.clone()).unwrap()
    }

    fn page(answers: &Answers, names: &[&str]) -> String {
        let settings = Settings {
            stack: Some("acme".to_owned()),
            prometheus: None,
            dashboard: Some("http://127.0.0.1:3000/d/x?var-service=".to_owned()),
        };
        render(&Model::of(&settings, &fleet(names), answers, 1_800_000_000), true).unwrap()
    }

    #[test]
    fn what_needs_someone_stands_first_and_what_is_unknown_is_a_row() {
        let answers = Answers {
            success: series(&serde_json::json!([
                {"metric": {"service": "a"}, "value": [0, "1"]},
                {"metric": {"service": "c"}, "value": [0, "0"]},
                {"metric": {"service": "d"}, "value": [0, "1"]},
            ])),
            failure: series(&serde_json::json!([
                {"metric": {"service": "c", "reason": "auth_required"}, "value": [0, "1"]},
            ])),
            alerts: serde_json::from_value(serde_json::json!([
                {"state": "firing", "labels": {"alertname": "McpToolMissing", "service": "d", "severity": "high"},
                 "annotations": {"summary": "gone", "runbook_url": "javascript:alert(1)"}},
                {"state": "pending", "labels": {"alertname": "McpHandshakeSlow", "service": "a"}},
                {"state": "firing", "labels": {"alertname": "Watchdog", "severity": "info"}},
            ]))
            .unwrap(),
            ..Answers::default()
        };
        let html = page(&answers, &["a", "b", "c", "d"]);
        let at = |name: &str| html.find(&format!(">{name}</a>")).unwrap();
        assert!(at("c") < at("d") && at("d") < at("b") && at("b") < at("a"), "{html}");
        for said in ["auth required", "McpToolMissing", "<title>1 failing – acme MCP fleet</title>"]
        {
            assert!(html.contains(said), "{said}: {html}");
        }
        for unsaid in ["Watchdog", "McpHandshakeSlow", "javascript:"] {
            assert!(!html.contains(unsaid), "{unsaid}: {html}");
        }
    }

    #[test]
    fn what_a_server_says_of_itself_is_text() {
        let answers = Answers {
            server: series(&serde_json::json!([
                {"metric": {"service": "a", "name": "<script>alert(1)</script>", "version": "\"'&"}, "value": [0, "1"]},
            ])),
            problem: Some("<b>".to_owned()),
            ..Answers::default()
        };
        let html = page(&answers, &["a"]);
        assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[tokio::test]
    async fn it_is_there_without_prometheus_and_says_so() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = listener.local_addr().unwrap();
        drop(listener);
        let prometheus = Url::parse(&format!("http://{closed}")).unwrap();
        for (prometheus, said) in [
            (Some(prometheus), "Prometheus did not answer: "),
            (None, "no Prometheus is configured"),
        ] {
            let settings = Settings { prometheus, ..Settings::default() };
            let html = Page::new(settings).html(&fleet(&["a"]), false).await.unwrap();
            assert!(html.contains(said) && html.contains("not known"), "{html}");
            assert!(!html.contains("http-equiv"), "{html}");
        }
        let html = page(&Answers::default(), &[]);
        assert!(html.contains("so nobody is asked"), "{html}");
    }
}
