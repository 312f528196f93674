//! A conversation in either era, over any transport.

use serde_json::{Map, Value as Json};

use super::era::Era;
use super::fault::Fault;
use super::hello::Hello;
use super::message::{self, LEGACY, MODERN, Question};
use super::progress::Progress;
use super::report::{Reason, Spoken, StepName};
use super::target::{Ask, Call, Depth};
use super::text::{MESSAGE, NAME, clean};
use super::tools::Tools;
use super::wire::Wire;

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
        let (step, question, version) = match self.era {
            Era::Modern => (StepName::Discover, Question::new("server/discover"), MODERN[0]),
            Era::Legacy => (StepName::Initialize, initialize(), ""),
        };
        self.wire.agree(self.era, version);
        self.progress.begin(step);
        let said = self.exchange(question).await;
        let hello = said.and_then(|said| Hello::read(self.era, &said));
        let hello = self.progress.end(hello)?;
        self.greet(hello).await
    }

    /// Goes on with a server that has said who it is.
    pub async fn greet(&mut self, hello: Hello) -> Result<(), Fault> {
        self.wire.agree(self.era, &hello.version);
        let report = &mut self.progress.report;
        report.server = hello.server;
        report.capabilities = hello.capabilities;
        let (era, version, transport) = (self.era, hello.version, W::TRANSPORT);
        report.protocol = Some(Spoken { era, version, transport });
        if self.era == Era::Modern {
            return Ok(());
        }
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
        self.progress.begin(StepName::ToolsCall);
        let result = self.exchange(question).await;
        let returned = result.and_then(|result| {
            let fault = complaint(&call.tool, &result);
            self.progress.report.called = Some(result);
            fault.map_or(Ok(()), Err)
        });
        self.progress.end(returned)
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

/// Why what a tool returned is no success.
fn complaint(tool: &str, result: &Json) -> Option<Fault> {
    let tool = clean(tool, NAME);
    let message = if result.get("isError").and_then(Json::as_bool) == Some(true) {
        let text = result.pointer("/content/0/text").and_then(Json::as_str);
        let text = clean(text.unwrap_or("no text"), MESSAGE);
        format!("the tool {tool} returned an error: {text}")
    } else {
        let kind = result.get("resultType").and_then(Json::as_str).unwrap_or("complete");
        if kind == "complete" {
            return None;
        }
        let kind = clean(kind, NAME);
        format!("the tool {tool} returned `{kind}`, which a probe cannot serve")
    };
    Some(Fault::new(Reason::ToolError, message))
}
