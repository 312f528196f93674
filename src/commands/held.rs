//! What a change holds, and lets go of when Ctrl-C ends it.

use std::cell::Cell;
use std::time::Duration;

use tokio::sync::Notify;

use super::Context;
use crate::engine::{Engine, Lock};
use crate::exit::{Exit, Stop};
use crate::output::Mark;

/// Longest time that a container may take to stop when its image says nothing.
const STOP: Duration = Duration::from_mins(1);

/// What a running change holds.
pub struct Held {
    engine: Engine,
    /// The stack whose lock it holds or is about to take.
    stack: String,
    /// Containers that it stopped and starts again.
    stopped: Vec<String>,
}

/// Work that Ctrl-C must not cut off: it hears of it, and puts right what it did.
#[derive(Default)]
pub struct Whole {
    under_way: Cell<bool>,
    told: Notify,
}

impl Context {
    /// Whether from now on Ctrl-C cuts off nothing, but is told to [`unless_told`](Self::unless_told).
    pub fn keep_whole(&self, whole: bool) {
        self.whole.under_way.set(whole);
    }

    /// Does something that may be given up at Ctrl-C.
    ///
    /// # Errors
    /// That it was given up; or what went wrong.
    pub async fn unless_told<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> anyhow::Result<T>
    where
        anyhow::Error: From<E>,
    {
        tokio::select! {
            done = work => Ok(done?),
            () = self.whole.told.notified() => Err(Stop::new(Exit::Interrupted, "interrupted").into()),
        }
    }

    /// Tells work that must not be cut off that Ctrl-C was pressed; false where there is none.
    pub fn tell(&self) -> bool {
        let under_way = self.whole.under_way.get();
        if under_way {
            self.printer.mark(Mark::Note, "interrupted; what must not stay half done ends first");
            self.whole.told.notify_one();
        }
        under_way
    }

    /// Whether a change is under way.
    pub fn is_changing(&self) -> bool {
        self.held.borrow().is_some()
    }

    /// Remembers the stack whose lock a change holds or is about to take.
    pub fn hold(&self, held: Option<(Engine, String)>) {
        let held = held.map(|(engine, stack)| Held { engine, stack, stopped: Vec::new() });
        *self.held.borrow_mut() = held;
    }

    /// Remembers a container that a change stops and starts again.
    pub fn halts(&self, container: &str) {
        if let Some(held) = self.held.borrow_mut().as_mut() {
            held.stopped.push(container.to_owned());
        }
    }

    /// The container runs again, or is gone.
    pub fn goes_on(&self, container: &str) {
        if let Some(held) = self.held.borrow_mut().as_mut() {
            held.stopped.retain(|stopped| stopped != container);
        }
    }

    /// Lets go of what a change held when Ctrl-C ended it.
    pub async fn interrupted(&self) {
        self.printer
            .mark(Mark::Note, "interrupted; run the same command again and it goes on from here");
        let held = self.held.borrow_mut().take();
        let Some(Held { engine, stack, stopped }) = held else { return };
        for container in stopped {
            // It may be stopping still: a restart waits for that.
            if let Err(error) = engine.restart(&container, STOP).await {
                self.printer.mark(Mark::Bad, format!("{container} stays stopped: {error}"));
            }
        }
        // The engine may still be making the lock that was asked for a moment ago.
        for _ in 0..5 {
            if let Ok(Some(holder)) = Lock::holder(&engine, &stack).await
                && holder.pid == std::process::id()
            {
                // What stays behind is removed by the next one that has the lock.
                let _ = engine.remove_left_behind(&stack).await;
                // One that stays behind is taken over by the next run, so failure is no loss.
                let _ = engine.remove_container(&Lock::container_name(&stack), true).await;
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
