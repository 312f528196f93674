//! How long a tool takes and whether it fails: set at the start, changed by `/control`.
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::random::Random;

/// What one tool call is in for.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    /// How long it takes.
    pub latency: Duration,
    /// Whether it fails after that time.
    pub fails: bool,
}

/// The present mean latency and share of errors.
pub struct Behaviour(Mutex<State>);

struct State {
    latency: Duration,
    errors: f64,
    random: Random,
}

impl Behaviour {
    /// A behaviour that draws its fates from `random`.
    pub fn new(latency: Duration, errors: f64, random: Random) -> Self {
        Self(Mutex::new(State { latency, errors, random }))
    }

    /// Draws the fate of a call to a tool that takes `factor` times the mean.
    pub fn fate(&self, factor: f64) -> Fate {
        let mut state = self.state();
        let (mean, errors) = (state.latency.as_secs_f64() * factor, state.errors);
        Fate {
            latency: Duration::from_secs_f64(state.random.around(mean)),
            fails: state.random.chance(errors),
        }
    }

    /// Draws a trace id for a request that brought none.
    pub fn trace_id(&self) -> String {
        let mut state = self.state();
        format!("{:016x}{:016x}", state.random.bits(), state.random.bits())
    }

    /// Sets the mean latency from now on.
    pub fn set_latency(&self, mean: Duration) {
        self.state().latency = mean;
    }

    /// Sets the share of failing calls from now on.
    pub fn set_errors(&self, share: f64) {
        self.state().errors = share;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
