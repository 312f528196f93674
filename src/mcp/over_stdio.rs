//! Which protocol a program speaks, and the conversation with it.

use tokio::time::timeout_at;

use super::clock::Clock;
use super::era::{Era, Eras};
use super::fault::Fault;
use super::hello::Hello;
use super::message::Question;
use super::progress::Progress;
use super::report::{Reason, StepName};
use super::stdio::Program;
use super::talk::{self, Talk};
use super::target::{Ask, Command, Protocol, Target};

/// Starts a program, asks it and ends it.
pub(super) async fn probe(
    target: &Target,
    command: &Command,
    ask: &Ask,
    eras: &Eras,
    clock: Clock,
    progress: &mut Progress,
) -> Result<(), Fault> {
    // It outlives what the deadline cuts off, so that it is ended in good order all the same.
    let mut program = None;
    let mut conversation = Conversation { command, clock, program: &mut program };
    let talk = conversation.converse(target, ask, eras, progress);
    let outcome = timeout_at(clock.work, talk).await;
    let outcome = outcome.unwrap_or_else(|_| {
        let mut fault = progress.time_out(ask.deadline);
        let words = program.as_ref().map(Program::last_words).unwrap_or_default();
        if !words.is_empty() {
            fault.message = format!("{}; its last line on standard error: {words}", fault.message);
        }
        Err(fault)
    });
    if let Some(program) = program {
        program.close(clock.end, progress).await;
    }
    outcome
}

struct Conversation<'a> {
    command: &'a Command,
    clock: Clock,
    program: &'a mut Option<Program>,
}

impl Conversation<'_> {
    async fn converse(
        &mut self,
        target: &Target,
        ask: &Ask,
        eras: &Eras,
        progress: &mut Progress,
    ) -> Result<(), Fault> {
        let era = match target.protocol {
            Protocol::Modern => self.begin(Era::Modern, progress).await?,
            Protocol::Legacy => self.begin(Era::Legacy, progress).await?,
            Protocol::Sse => {
                let message = "HTTP+SSE is spoken behind a URL, not by a program";
                return Err(Fault::new(Reason::UnsupportedVersion, message)
                    .advise("Set `protocol` to `auto`."));
            }
            Protocol::Auto => self.search(eras.get(target), progress).await?,
        };
        let program = self.running(progress)?;
        Talk::new(program, progress, era).go_on(ask).await
    }

    /// The program, started if it is not running.
    fn running(&mut self, progress: &mut Progress) -> Result<&mut Program, Fault> {
        let program = match self.program.take() {
            Some(program) => program,
            None => Program::start(self.command, progress)?,
        };
        Ok(self.program.insert(program))
    }

    /// The program anew: one process speaks one era only.
    async fn restart(&mut self, progress: &mut Progress) {
        if let Some(program) = self.program.take() {
            program.close(self.clock.half(), progress).await;
        }
    }

    async fn begin(&mut self, era: Era, progress: &mut Progress) -> Result<Era, Fault> {
        let program = self.running(progress)?;
        Talk::new(program, progress, era).begin().await.map(|()| era)
    }

    async fn search(
        &mut self,
        remembered: Option<Protocol>,
        progress: &mut Progress,
    ) -> Result<Era, Fault> {
        if remembered == Some(Protocol::Legacy) {
            match self.begin(Era::Legacy, progress).await {
                Err(fault) if !fault.is_final() => self.restart(progress).await,
                outcome => return outcome,
            }
        }
        let fault = match self.ask_both(progress).await {
            Ok(era) => return Ok(era),
            Err(fault) => fault,
        };
        // Either it speaks both and now insists on the modern era, in which nothing was agreed on, or it
        // is an old one that breaks at a question before `initialize`.
        let is_locked = fault.reason == Reason::UnsupportedVersion && !fault.is_modern_only;
        let broke_at_discover =
            fault.reason == Reason::ProcessExited && fault.step == Some(StepName::Discover);
        if !is_locked && !broke_at_discover {
            return Err(fault);
        }
        self.restart(progress).await;
        self.begin(Era::Legacy, progress).await
    }

    /// The modern question first. Some old programs do not answer what they do not know, so after a
    /// while the legacy one follows it, and the first good answer decides.
    async fn ask_both(&mut self, progress: &mut Progress) -> Result<Era, Fault> {
        let patience = self.clock.half();
        let program = self.running(progress)?;
        progress.begin(StepName::Discover);
        let discover = program.send(&talk::modern(Question::new("server/discover"))).await;
        let discover = match discover {
            Ok(number) => number,
            Err(fault) => return progress.end(Err(fault)),
        };
        match timeout_at(patience, program.hear(&[discover], progress)).await {
            Ok(heard) => {
                let said = heard.and_then(|(_, outcome)| outcome);
                let hello = said.and_then(|said| Hello::read(Era::Modern, &said));
                return match progress.end(hello) {
                    Ok(hello) => greet(program, progress, Era::Modern, hello).await,
                    Err(fault)
                        if fault.is_final() || fault.reason == Reason::UnsupportedVersion =>
                    {
                        Err(fault)
                    }
                    Err(_) => self.begin(Era::Legacy, progress).await,
                };
            }
            Err(_) => progress.abandon(),
        }
        progress.begin(StepName::Initialize);
        let first = first(program, discover, progress).await;
        if matches!(first, Ok((Era::Modern, _))) {
            progress.rename(StepName::Discover);
        }
        let hello = first.and_then(|(era, said)| Ok((era, Hello::read(era, &said)?)));
        let (era, hello) = progress.end(hello)?;
        greet(program, progress, era, hello).await
    }
}

async fn greet(
    program: &mut Program,
    progress: &mut Progress,
    era: Era,
    hello: Hello,
) -> Result<Era, Fault> {
    Talk::new(program, progress, era).greet(hello).await.map(|()| era)
}

/// Sends `initialize` after a `server/discover` that has not been answered yet, and waits for either.
async fn first(
    program: &mut Program,
    discover: u64,
    progress: &mut Progress,
) -> Result<(Era, serde_json::Value), Fault> {
    let initialize = program.send(&talk::initialize()).await?;
    loop {
        let (number, outcome) = program.hear(&[discover, initialize], progress).await?;
        match outcome {
            Ok(said) if number == discover => return Ok((Era::Modern, said)),
            Err(_) if number == discover => {}
            outcome => return outcome.map(|said| (Era::Legacy, said)),
        }
    }
}
