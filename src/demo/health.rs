//! The service's health: what it checks about itself, and the figures that a scrape finds.
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::App;
use super::pool;
use crate::telemetry::Vitals;

/// What is checked: whether a connection is free, and whether tools can be called.
pub const CHECKS: [&str; 2] = ["database", "tools"];

/// Checks that fail because they were told to, and figures that are pretended.
#[derive(Default)]
pub struct Health(Mutex<State>);

#[derive(Default)]
struct State {
    failing: BTreeSet<&'static str>,
    memory: Option<f64>,
    cpu: Option<f64>,
}

/// The outcome of one check.
#[derive(Debug, Clone, Copy)]
pub struct Checked {
    /// One of [`CHECKS`].
    pub check: &'static str,
    /// Whether all is well.
    pub passes: bool,
    /// How long it took to know.
    pub took: Duration,
}

/// What one scrape finds beside the counters of its dialect.
pub struct Reading {
    /// Every check.
    pub checks: Vec<Checked>,
    /// Connections in use.
    pub pool_active: u32,
    /// Connections there are.
    pub pool_size: u32,
    /// The process.
    pub vitals: Vitals,
}

impl Health {
    /// Lets a check fail or pass from now on.
    pub fn set(&self, check: &'static str, passes: bool) {
        let mut state = self.state();
        if passes {
            state.failing.remove(check);
        } else {
            state.failing.insert(check);
        }
    }

    /// Pretends this share of the memory limit; nothing ends it.
    pub fn pretend_memory(&self, share: Option<f64>) {
        self.state().memory = share;
    }

    /// Pretends this share of a processor; nothing ends it.
    pub fn pretend_cpu(&self, share: Option<f64>) {
        self.state().cpu = share;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs every check.
pub fn checks(app: &App) -> Vec<Checked> {
    CHECKS
        .into_iter()
        .map(|check| {
            let started = Instant::now();
            let works = check != "database" || app.behaviour.pool.has_free();
            let passes = works && !app.health.state().failing.contains(check);
            Checked { check, passes, took: started.elapsed() }
        })
        .collect()
}

/// Takes every figure.
pub fn reading(app: &App) -> Reading {
    let mut vitals = app.process.vitals();
    let (memory, cpu) = {
        let state = app.health.state();
        (state.memory, state.cpu)
    };
    if let Some(share) = memory {
        vitals.resident = vitals.limit * share;
    }
    if let Some(share) = cpu {
        vitals.cpu_percent = share * 100.0;
    }
    Reading {
        checks: checks(app),
        pool_active: app.behaviour.pool.active(),
        pool_size: pool::SIZE,
        vitals,
    }
}
