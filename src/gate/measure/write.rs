//! The text: cAdvisor's names, help texts of our own.

use jiff::Timestamp;

use super::Container;
use super::figures::{Network, Usage};
use crate::telemetry::{Counter, Family, Gauge, Label};

/// Metrics of every container.
pub fn exposition(containers: &[Container], whole: bool) -> String {
    let mut text = Text { containers, out: String::new() };
    let error = Family::new(
        "container_scrape_error",
        "1 if there was a container that the engine said nothing about in time.",
        Gauge::default(),
    );
    error.with(&[], |gauge| gauge.set(if whole { 0.0 } else { 1.0 }));
    error.write(&mut text.out);
    text.known();
    text.processor();
    text.memory();
    text.networks();
    text.out
}

struct Text<'a> {
    containers: &'a [Container],
    out: String,
}

type Read<T> = fn(&T) -> f64;

impl Text<'_> {
    /// What is known of containers that do not run as well.
    fn known(&mut self) {
        self.counter("container_oom_events_total", "Processes that the kernel ended because the container's memory was used up, since the agent began to count.", |c| {
            Some(float(c.kills))
        });
        self.counter(
            "container_restarts_total",
            "Starts by the engine's restart policy. No name of cAdvisor's.",
            |c| Some(float(c.figures.as_ref()?.restart_count)),
        );
        self.gauge(
            "container_last_seen",
            "When the engine was last asked about it, in Unix time.",
            |c| c.usage.as_ref().map(|_| c.seen),
        );
        self.gauge(
            "container_start_time_seconds",
            "When it was last started, in Unix time.",
            |c| {
                c.usage.as_ref()?;
                let started: Timestamp = c.figures.as_ref()?.state.started_at.parse().ok()?;
                Some(started.as_duration().as_secs_f64())
            },
        );
        self.gauge(
            "container_spec_memory_limit_bytes",
            "Memory that it may have; 0 is no limit.",
            |c| Some(float(c.figures.as_ref()?.host_config.memory)),
        );
        self.gauge(
            "container_spec_cpu_period",
            "Length of a period of the processor's limit, in microseconds.",
            |c| Some(float(c.figures.as_ref()?.host_config.quota()?.1)),
        );
        self.gauge(
            "container_spec_cpu_quota",
            "Processor time that it may have in each period, in microseconds.",
            |c| Some(float(c.figures.as_ref()?.host_config.quota()?.0)),
        );
    }

    fn processor(&mut self) {
        let seconds: [(&'static str, &'static str, Read<Usage>); 3] = [
            ("container_cpu_usage_seconds_total", "Processor time.", |u| {
                nano(u.cpu_stats.cpu_usage.total_usage)
            }),
            ("container_cpu_user_seconds_total", "Processor time of its programs.", |u| {
                nano(u.cpu_stats.cpu_usage.usage_in_usermode)
            }),
            (
                "container_cpu_system_seconds_total",
                "Processor time of the kernel on its behalf.",
                |u| nano(u.cpu_stats.cpu_usage.usage_in_kernelmode),
            ),
        ];
        for (index, (name, help, read)) in seconds.into_iter().enumerate() {
            // All processors together: the first of them has the label that cAdvisor gives it.
            let more: &[Label<'_>] = if index == 0 { &[("cpu", "total")] } else { &[] };
            self.family(
                name,
                help,
                Counter::default(),
                more,
                |c| c.usage.as_ref().map(read),
                |counter, value| {
                    counter.set(value);
                },
            );
        }
        // Only where there is a limit, as cAdvisor has it.
        let limited = |c: &Container| {
            c.figures.as_ref()?.host_config.quota()?;
            Some(c.usage.as_ref()?.cpu_stats.throttling_data.clone())
        };
        self.counter("container_cpu_cfs_periods_total", "Periods of the processor's limit.", |c| {
            Some(float(limited(c)?.periods))
        });
        self.counter(
            "container_cpu_cfs_throttled_periods_total",
            "Periods in which it was held back.",
            |c| Some(float(limited(c)?.throttled_periods)),
        );
        self.counter(
            "container_cpu_cfs_throttled_seconds_total",
            "Time for which it was held back.",
            |c| Some(nano(limited(c)?.throttled_time)),
        );
        self.gauge("container_threads", "Threads.", |c| {
            Some(float(c.usage.as_ref()?.pids_stats.current))
        });
    }

    fn memory(&mut self) {
        self.gauge("container_memory_usage_bytes", "Memory, files in memory included.", |c| {
            Some(float(c.usage.as_ref()?.memory_stats.usage))
        });
        self.gauge(
            "container_memory_working_set_bytes",
            "Memory that cannot simply be dropped.",
            |c| Some(float(c.usage.as_ref()?.memory_stats.working_set())),
        );
        self.gauge("container_memory_rss", "Memory that its programs asked for.", |c| {
            c.usage.as_ref()?.memory_stats.rss().map(float)
        });
        self.gauge("container_memory_cache", "Files in memory.", |c| {
            c.usage.as_ref()?.memory_stats.cache().map(float)
        });
        self.counter("container_memory_failcnt", "How often the memory limit was hit.", |c| {
            c.usage.as_ref()?.memory_stats.failcnt.map(float)
        });
    }

    fn networks(&mut self) {
        let all: [(&'static str, &'static str, Read<Network>); 8] = [
            ("container_network_receive_bytes_total", "Bytes received.", |n| float(n.rx_bytes)),
            ("container_network_receive_packets_total", "Packets received.", |n| {
                float(n.rx_packets)
            }),
            ("container_network_receive_errors_total", "Errors while receiving.", |n| {
                float(n.rx_errors)
            }),
            (
                "container_network_receive_packets_dropped_total",
                "Packets dropped while receiving.",
                |n| float(n.rx_dropped),
            ),
            ("container_network_transmit_bytes_total", "Bytes sent.", |n| float(n.tx_bytes)),
            ("container_network_transmit_packets_total", "Packets sent.", |n| float(n.tx_packets)),
            ("container_network_transmit_errors_total", "Errors while sending.", |n| {
                float(n.tx_errors)
            }),
            (
                "container_network_transmit_packets_dropped_total",
                "Packets dropped while sending.",
                |n| float(n.tx_dropped),
            ),
        ];
        for (name, help, read) in all {
            let family = Family::new(name, help, Counter::default());
            for container in self.containers {
                for (interface, network) in container.usage.iter().flat_map(|usage| &usage.networks)
                {
                    family.with(&labels(container, &[("interface", interface)]), |counter| {
                        counter.set(read(network));
                    });
                }
            }
            family.write(&mut self.out);
        }
    }

    fn counter(
        &mut self,
        name: &'static str,
        help: &'static str,
        read: impl Fn(&Container) -> Option<f64>,
    ) {
        self.family(name, help, Counter::default(), &[], read, |counter, value| counter.set(value));
    }

    fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        read: impl Fn(&Container) -> Option<f64>,
    ) {
        self.family(name, help, Gauge::default(), &[], read, |gauge, value| gauge.set(value));
    }

    fn family<S: crate::telemetry::Sample>(
        &mut self,
        name: &'static str,
        help: &'static str,
        empty: S,
        more: &[Label<'_>],
        read: impl Fn(&Container) -> Option<f64>,
        set: impl Fn(&mut S, f64),
    ) {
        let family = Family::new(name, help, empty);
        for container in self.containers {
            if let Some(value) = read(container) {
                family.with(&labels(container, more), |sample| set(sample, value));
            }
        }
        family.write(&mut self.out);
    }
}

/// The labels that cAdvisor gives a container.
fn labels<'a>(container: &'a Container, more: &[Label<'a>]) -> Vec<Label<'a>> {
    let image =
        container.figures.as_ref().map_or(container.image.as_str(), |f| f.config.image.as_str());
    let mut labels =
        vec![("id", container.id.as_str()), ("image", image), ("name", container.name.as_str())];
    labels.extend(more);
    labels
}

#[allow(clippy::cast_precision_loss)] // Metrics are floats.
fn float(number: u64) -> f64 {
    number as f64
}

fn nano(nanoseconds: u64) -> f64 {
    float(nanoseconds) / 1e9
}
