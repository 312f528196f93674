//! A report while it is written: which step runs, and how long those before it took.

use std::time::{Duration, Instant};

use super::fault::Fault;
use super::report::{Reason, Report, Step, StepName};

/// A report that grows. It stands outside of what may be cut off by the deadline.
pub(super) struct Progress {
    pub report: Report,
    started: Instant,
    /// Steps that run, the innermost last: a connection may have to be opened within a request.
    open: Vec<Open>,
}

struct Open {
    step: Step,
    started: Instant,
    /// Time of the steps within it, which is theirs.
    within: Duration,
}

impl Progress {
    pub fn new() -> Self {
        let report = Report {
            success: false,
            duration: Duration::ZERO,
            steps: Vec::new(),
            failure: None,
            protocol: None,
            server: None,
            capabilities: Vec::new(),
            tools: None,
            tools_fingerprint: None,
            tools_missing: Vec::new(),
            session_issued: false,
            sse_response: false,
            challenge: None,
            certificate_expiry: None,
            called: None,
        };
        Self { report, started: Instant::now(), open: Vec::new() }
    }

    pub fn begin(&mut self, name: StepName) {
        let step = Step {
            name,
            duration: Duration::ZERO,
            success: false,
            http_status: None,
            jsonrpc_error: None,
            bytes: None,
        };
        self.open.push(Open { step, started: Instant::now(), within: Duration::ZERO });
    }

    /// Ends the innermost step with what came of it.
    pub fn end<T>(&mut self, mut outcome: Result<T, Fault>) -> Result<T, Fault> {
        if let (Some(open), Err(fault)) = (self.open.last_mut(), &mut outcome) {
            open.step.jsonrpc_error = fault.code();
            fault.step.get_or_insert(open.step.name);
        }
        self.close(outcome.is_ok());
        outcome
    }

    /// The HTTP status that the innermost step was answered with.
    pub fn status(&mut self, status: u16) {
        if let Some(open) = self.open.last_mut() {
            open.step.http_status = Some(status);
        }
    }

    /// Bytes that the innermost step has read.
    pub fn read(&mut self, bytes: usize) {
        if let Some(open) = self.open.last_mut() {
            *open.step.bytes.get_or_insert(0) += u64::try_from(bytes).unwrap_or(u64::MAX);
        }
    }

    /// What runs turns out to be another step.
    pub fn rename(&mut self, name: StepName) {
        if let Some(open) = self.open.last_mut() {
            open.step.name = name;
        }
    }

    /// Ends all steps as failed.
    pub fn abandon(&mut self) {
        while !self.open.is_empty() {
            self.close(false);
        }
    }

    /// Ends all steps because the deadline has passed; the innermost is the one that hung.
    pub fn time_out(&mut self, deadline: Duration) -> Fault {
        let step = self.open.last().map(|open| open.step.name);
        self.abandon();
        let message = format!("not done within {deadline:?}");
        Fault { step, ..Fault::new(Reason::Timeout, message) }
    }

    pub fn finish(mut self) -> Report {
        self.abandon();
        self.report.duration = self.started.elapsed();
        self.report
    }

    fn close(&mut self, success: bool) {
        let Some(Open { mut step, started, within }) = self.open.pop() else { return };
        let elapsed = started.elapsed();
        if let Some(outer) = self.open.last_mut() {
            outer.within += elapsed;
        }
        step.duration = elapsed.saturating_sub(within);
        step.success = success;
        self.add(step);
    }

    /// A step that was done before adds up, so that each stands once; only those of opening a
    /// connection keep their place.
    fn add(&mut self, mut step: Step) {
        let steps = &mut self.report.steps;
        let Some(at) = steps.iter().position(|earlier| earlier.name == step.name) else {
            steps.push(step);
            return;
        };
        let Some(earlier) = steps.get_mut(at) else { return };
        step.duration += earlier.duration;
        step.bytes = match (earlier.bytes, step.bytes) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        if step.name <= StepName::Tls {
            *earlier = step;
        } else {
            steps.remove(at);
            steps.push(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Progress;
    use crate::mcp::fault::Fault;
    use crate::mcp::report::{Reason, StepName};

    #[test]
    fn time_of_a_step_within_another_is_its_own() {
        let mut progress = Progress::new();
        progress.begin(StepName::Ping);
        progress.begin(StepName::Connect);
        std::thread::sleep(Duration::from_millis(30));
        progress.end(Ok(())).unwrap();
        progress.status(200);
        progress.end(Ok(())).unwrap();
        let report = progress.finish();
        let names: Vec<_> = report.steps.iter().map(|step| step.name).collect();
        assert_eq!(names, [StepName::Connect, StepName::Ping]);
        assert!(report.steps[0].duration >= Duration::from_millis(30));
        assert!(report.steps[1].duration < Duration::from_millis(20));
        assert_eq!(report.steps[1].http_status, Some(200));
    }

    #[test]
    fn a_step_that_is_repeated_stands_once() {
        let mut progress = Progress::new();
        for (step, ok) in [
            (StepName::Connect, true),
            (StepName::Initialize, false),
            (StepName::Endpoint, true),
            (StepName::Connect, true),
            (StepName::Initialize, true),
        ] {
            progress.begin(step);
            progress.read(7);
            let outcome = if ok { Ok(()) } else { Err(Fault::new(Reason::HttpStatus, "404")) };
            let _ = progress.end(outcome);
        }
        let steps = progress.finish().steps;
        let seen: Vec<_> = steps.iter().map(|s| (s.name, s.success, s.bytes)).collect();
        assert_eq!(
            seen,
            [
                (StepName::Connect, true, Some(14)),
                (StepName::Endpoint, true, Some(7)),
                (StepName::Initialize, true, Some(14)),
            ]
        );
    }

    #[test]
    fn what_still_runs_has_failed() {
        let mut progress = Progress::new();
        progress.begin(StepName::Initialize);
        progress.begin(StepName::Connect);
        let fault = progress.time_out(Duration::from_millis(1500));
        assert_eq!((fault.reason, fault.step), (Reason::Timeout, Some(StepName::Connect)));
        assert_eq!(fault.message, "not done within 1.5s");
        assert!(progress.finish().steps.iter().all(|step| !step.success));
    }
}
