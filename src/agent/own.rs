//! What the agent tells about itself.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::mcp::target::Depth;
use crate::telemetry::{Counter, Family, Gauge, Histogram, Process};

/// The buckets of the field for durations of MCP operations.
const BUCKETS: &[f64] =
    &[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// Metrics of the agent itself.
pub struct Own {
    probes: Family<Counter>,
    durations: Family<Histogram>,
    under_way: AtomicU32,
    info: Family<Gauge>,
    reloaded: Family<Gauge>,
    services: Family<Gauge>,
    process: Process,
}

impl Own {
    /// Metrics of an agent that starts now.
    pub fn new() -> Self {
        let own = Self {
            probes: Family::new(
                "mcpmon_agent_probes_total",
                "Questions by depth, and what came of them.",
                Counter::default(),
            ),
            durations: Family::new(
                "mcpmon_agent_probe_duration_seconds",
                "Time that probes took, by depth.",
                Histogram::new(BUCKETS),
            ),
            under_way: AtomicU32::new(0),
            info: Family::new(
                "mcpmon_agent_build_info",
                "The version that runs.",
                Gauge::default(),
            ),
            reloaded: Family::new(
                "mcpmon_agent_config_last_reload_successful",
                "Whether the configuration that was read last is the one in use.",
                Gauge::default(),
            ),
            services: Family::new(
                "mcpmon_agent_services",
                "Services that the agent asks.",
                Gauge::default(),
            ),
            process: Process::starting(),
        };
        own.info.with(&[("version", env!("CARGO_PKG_VERSION"))], |info| info.set(1.0));
        own
    }

    /// Counts a probe.
    pub fn probed(&self, depth: Depth, success: bool, took: Duration) {
        let module = module(depth);
        self.counted(module, if success { "success" } else { "failure" });
        self.durations.with(&[("module", module)], |times| times.observe(took.as_secs_f64()));
    }

    /// Counts a question that no probe came of.
    pub fn counted(&self, module: &str, result: &str) {
        self.probes.with(&[("module", module), ("result", result)], Counter::increase);
    }

    /// A probe is under way until what is returned goes.
    pub fn under_way(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }

    /// Probes that are being made.
    pub fn probes_under_way(&self) -> u32 {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Remembers how reading the configuration ended.
    pub fn reloaded(&self, services: Option<usize>) {
        self.reloaded.with(&[], |gauge| gauge.set(f64::from(u8::from(services.is_some()))));
        if let Some(count) = services.and_then(|count| u32::try_from(count).ok()) {
            self.services.with(&[], |gauge| gauge.set(count.into()));
        }
    }

    /// All of it in the text format.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.info.write(&mut out);
        self.reloaded.write(&mut out);
        self.services.write(&mut out);
        self.probes.write(&mut out);
        self.durations.write(&mut out);
        let under_way = Family::new(
            "mcpmon_agent_probes_in_flight",
            "Probes that are being made.",
            Gauge::default(),
        );
        under_way.with(&[], |gauge| gauge.set(self.probes_under_way().into()));
        under_way.write(&mut out);
        self.process.write(&mut out);
        out
    }
}

/// A probe that is being made.
pub struct UnderWay<'a>(&'a Own);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The word for a depth, as a module is called.
pub const fn module(depth: Depth) -> &'static str {
    match depth {
        Depth::Handshake => "handshake",
        Depth::Ping => "ping",
        Depth::Tools => "tools",
    }
}
