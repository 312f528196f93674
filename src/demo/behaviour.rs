//! How long a tool takes, whether it fails and who is turned away: set at the start, changed by `/control`.
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::pool::{PATIENCE, Pool};
use super::random::Random;

/// What one tool call is in for.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    /// How long it takes.
    pub latency: Duration,
    /// Whether it fails after that time.
    pub fails: bool,
}

/// The present mean latency and shares of what goes wrong.
pub struct Behaviour {
    /// What tools work over.
    pub pool: Pool,
    state: Mutex<State>,
}

struct State {
    latency: Duration,
    errors: f64,
    strangers: f64,
    limited: f64,
    withheld: Option<&'static str>,
    random: Random,
}

impl Behaviour {
    /// A behaviour that draws its fates from `random`.
    pub fn new(latency: Duration, errors: f64, random: Random) -> Self {
        let state = State { latency, errors, strangers: 0.0, limited: 0.0, withheld: None, random };
        Self { pool: Pool::new(PATIENCE), state: Mutex::new(state) }
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

    /// Draws whether a tool call is one too many.
    pub fn is_limited(&self) -> bool {
        self.chance(|state| state.limited)
    }

    /// Draws whether one of the service's own clients shows wrong credentials.
    pub fn is_stranger(&self) -> bool {
        self.chance(|state| state.strangers)
    }

    fn chance(&self, share: fn(&State) -> f64) -> bool {
        let mut state = self.state();
        let share = share(&state);
        // What never happens draws nothing, so that a seed gives the same traffic with and without it.
        share > 0.0 && state.random.chance(share)
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

    /// Sets the share of its own clients with wrong credentials from now on.
    pub fn set_strangers(&self, share: f64) {
        self.state().strangers = share;
    }

    /// Sets the share of tool calls beyond the rate limit from now on.
    pub fn set_limited(&self, share: f64) {
        self.state().limited = share;
    }

    /// The tool that is neither listed nor called.
    pub fn withheld(&self) -> Option<&'static str> {
        self.state().withheld
    }

    /// Withholds a tool from now on, or none.
    pub fn withhold(&self, tool: Option<&'static str>) {
        self.state().withheld = tool;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
