//! Metrics of the process itself, read from `/proc/self`; absent where there is no such thing.
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use super::metrics::{Counter, Family, Gauge};

/// The kernel reports processor time to programs in hundredths of a second on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// The running process.
pub struct Process {
    started: f64,
}

impl Process {
    /// The process, taken to have started now.
    pub fn starting() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: now.as_secs_f64() }
    }

    /// Appends its metrics in the text format.
    pub fn write(&self, out: &mut String) {
        gauge(
            out,
            "process_start_time_seconds",
            "When the process started, in Unix time.",
            Some(self.started),
        );
        gauge(out, "process_resident_memory_bytes", "Resident memory.", resident_bytes());
        gauge(out, "process_open_fds", "Open file descriptors.", open_files());
        if let Some(seconds) = processor_seconds() {
            let family = Family::new(
                "process_cpu_seconds_total",
                "Processor time, user and system.",
                Counter::default(),
            );
            family.with(&[], |counter| counter.set(seconds));
            family.write(out);
        }
    }
}

fn gauge(out: &mut String, name: &'static str, help: &'static str, value: Option<f64>) {
    if let Some(value) = value {
        let family = Family::new(name, help, Gauge::default());
        family.with(&[], |gauge| gauge.set(value));
        family.write(out);
    }
}

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

fn open_files() -> Option<f64> {
    let files = fs::read_dir("/proc/self/fd").ok()?.count();
    // The directory being read is one of them.
    u32::try_from(files.saturating_sub(1)).ok().map(f64::from)
}

fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses and may hold anything; user and system time are
    // the 12th and 13th field after it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_all_of_it() {
        assert!(resident_bytes().unwrap() > 1e6);
        assert!(open_files().unwrap() >= 3.0);
        assert!(processor_seconds().unwrap() >= 0.0);
        let mut out = String::new();
        Process::starting().write(&mut out);
        assert_eq!(out.matches("# TYPE process_").count(), 4);
    }
}
