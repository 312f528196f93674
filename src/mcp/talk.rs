//! A conversation in either era, over any transport.

use serde_json::{Map, Value as Json};

use super::era::Era;
use super::fault::Fault;
use super::message::{self, LEGACY, MODERN, Question};
use super::progress::Progress;
use super::report::{Reason, Server, Spoken, StepName};
use super::target::{Ask, Call, Depth};
use super::text::{NAME, clean};
use super::tools::Tools;
use super::wire::Wire;

/// Versions and capabilities of a server that are looked at.
const MAX_NAMES: usize = 50;

/// A server that is spoken with.
pub(super) struct Talk<'a, W> {
    wire: &'a mut W,
    progress: &'a mut Progress,
    era: Era,
}

impl<'a, W: Wire> Talk<'a, W> {
    pub fn new(wire: &'a mut W, progress: &'a mut Progress, era: Era) -> Self {
        Self { wire, progress, era }
    }

    /// Learns who is there.
    pub async fn begin(&mut self) -> Result<(), Fault> {
        match self.era {
            Era::Modern => {
                self.wire.agree(Era::Modern, MODERN[0]);
                let said = self.ask(StepName::Discover, Question::new("server/discover")).await?;
                self.discovered(&said)
            }
            Era::Legacy => {
                self.wire.agree(Era::Legacy, "");
                let said = self.ask(StepName::Initialize, initialize()).await?;
                self.initialized(&said).await
            }
        }
    }

    /// The answer to `server/discover`.
    pub fn discovered(&mut self, said: &Json) -> Result<(), Fault> {
        let Some(supported) = said.get("supportedVersions").and_then(Json::as_array) else {
            let message = "an answer to server/discover without `supportedVersions`";
            return Err(Fault::new(Reason::UnsupportedVersion, message));
        };
        let supported = supported.iter().filter_map(Json::as_str).take(MAX_NAMES);
        let supported: Vec<String> = supported.map(|version| clean(version, NAME)).collect();
        if !supported.iter().any(|version| version == MODERN[0]) {
            return Err(no_version(&supported));
        }
        let server = said.pointer("/_meta/io.modelcontextprotocol~1serverInfo");
        self.meet(MODERN[0], said.get("capabilities"), server);
        Ok(())
    }

    /// The answer to `initialize`.
    pub async fn initialized(&mut self, said: &Json) -> Result<(), Fault> {
        let version = said.get("protocolVersion").and_then(Json::as_str).unwrap_or_default();
        if !LEGACY.contains(&version) {
            return Err(no_version(&[clean(version, NAME)]));
        }
        self.wire.agree(Era::Legacy, version);
        self.meet(version, said.get("capabilities"), said.get("serverInfo"));
        self.progress.begin(StepName::Initialized);
        let told = self.wire.tell("notifications/initialized", self.progress).await;
        self.progress.end(told)
    }

    /// Goes as far as was asked for.
    pub async fn go_on(mut self, ask: &Ask) -> Result<(), Fault> {
        if ask.depth >= Depth::Ping && self.era == Era::Legacy {
            self.ask(StepName::Ping, Question::new("ping")).await?;
        }
        if ask.depth >= Depth::Tools || !ask.expect_tools.is_empty() {
            self.list(ask).await?;
        }
        if let Some(call) = &ask.call {
            self.call(call).await?;
        }
        let missing = &self.progress.report.tools_missing;
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!("missing tools: {}", missing.join(", "));
        Err(Fault::new(Reason::ToolsMissing, message))
    }

    async fn list(&mut self, ask: &Ask) -> Result<(), Fault> {
        let mut tools = Tools::default();
        if self.progress.report.capabilities.iter().any(|name| name == "tools") {
            self.progress.begin(StepName::ToolsList);
            let listed = self.pages(&mut tools).await;
            self.progress.end(listed)?;
            self.progress.report.tools_fingerprint = Some(tools.fingerprint());
            self.progress.report.tools = Some(tools.listed());
        }
        self.progress.report.tools_missing = tools.missing(&ask.expect_tools);
        Ok(())
    }

    async fn pages(&mut self, tools: &mut Tools) -> Result<(), Fault> {
        let mut cursor = None;
        loop {
            let mut question = Question::new("tools/list");
            if let Some(cursor) = cursor {
                question = question.with("cursor", cursor);
            }
            let page = self.exchange(question).await?;
            cursor = tools.add(&page)?;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    async fn call(&mut self, call: &Call) -> Result<(), Fault> {
        let question = Question::new("tools/call")
            .with("name", call.tool.clone())
            .with("arguments", call.arguments.clone());
        let result = self.ask(StepName::ToolsCall, question).await?;
        let is_error = result.get("isError").and_then(Json::as_bool) == Some(true);
        let kind = result.get("resultType").and_then(Json::as_str).unwrap_or("complete");
        let tool = clean(&call.tool, NAME);
        let fault = if is_error {
            let text = result.pointer("/content/0/text").and_then(Json::as_str);
            let text = clean(text.unwrap_or("no text"), super::text::MESSAGE);
            Some(Fault::new(
                Reason::ToolError,
                format!("the tool {tool} returned an error: {text}"),
            ))
        } else if kind == "complete" {
            None
        } else {
            let kind = clean(kind, NAME);
            let message = format!("the tool {tool} returned `{kind}`, which a probe cannot serve");
            Some(Fault::new(Reason::ToolError, message))
        };
        self.progress.report.called = Some(result);
        fault.map_or(Ok(()), Err)
    }

    /// One question as a step of its own.
    async fn ask(&mut self, step: StepName, question: Question) -> Result<Json, Fault> {
        self.progress.begin(step);
        let outcome = self.exchange(question).await;
        self.progress.end(outcome)
    }

    async fn exchange(&mut self, mut question: Question) -> Result<Json, Fault> {
        if self.era == Era::Modern {
            question = modern(question);
        }
        self.wire.ask(&question, self.progress).await
    }

    /// Notes who answers.
    fn meet(&mut self, version: &str, capabilities: Option<&Json>, server: Option<&Json>) {
        let report = &mut self.progress.report;
        let version = version.to_owned();
        report.protocol = Some(Spoken { era: self.era, version, transport: W::TRANSPORT });
        let text = |name: &str| {
            let value = server.and_then(|server| server.get(name)?.as_str());
            clean(value.unwrap_or_default(), NAME)
        };
        report.server = server.map(|_| Server { name: text("name"), version: text("version") });
        let offered = capabilities.and_then(Json::as_object).into_iter().flatten();
        let offered = offered.filter(|(_, value)| !matches!(value, Json::Null | Json::Bool(false)));
        report.capabilities = offered.take(MAX_NAMES).map(|(name, _)| clean(name, NAME)).collect();
        report.capabilities.sort();
    }
}

/// The question that begins a conversation in the legacy era.
pub(super) fn initialize() -> Question {
    Question::new("initialize")
        .with("protocolVersion", LEGACY[0])
        .with("capabilities", Map::new())
        .with("clientInfo", message::client_info())
}

/// A question with what each one of the modern era carries.
pub(super) fn modern(question: Question) -> Question {
    question.with("_meta", message::meta(MODERN[0]))
}

fn no_version(theirs: &[String]) -> Fault {
    let message = format!("no common version: the server has {}", theirs.join(", "));
    let is_modern_only = message::names_no_legacy(theirs);
    Fault { is_modern_only, ..Fault::new(Reason::UnsupportedVersion, message) }
}
