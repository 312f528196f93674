//! Metrics of the process itself, read from `/proc/self`; absent where there is no such thing.
use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Counter, Family, Gauge};

/// The kernel reports processor time to programs in hundredths of a second on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// Two looks at the processor that are closer than this say nothing.
const LEAST_SPAN: Duration = Duration::from_secs(1);

/// The running process.
pub struct Process {
    started: f64,
    began: Instant,
    look: Mutex<Look>,
}

/// The last look at the processor.
struct Look {
    at: Instant,
    seconds: f64,
    percent: f64,
}

/// The process in figures of its own making, as some services serve them.
#[derive(Debug, Clone, Copy)]
pub struct Vitals {
    /// Percent of one processor since the look before.
    pub cpu_percent: f64,
    /// Resident memory in bytes.
    pub resident: f64,
    /// Memory that was asked for, in bytes.
    pub heap: f64,
    /// The most memory it may use, in bytes.
    pub limit: f64,
    /// Seconds since it started.
    pub uptime: f64,
}

impl Process {
    /// The process, taken to have started now.
    pub fn starting() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let began = Instant::now();
        let seconds = processor_seconds().unwrap_or_default();
        let look = Mutex::new(Look { at: began, seconds, percent: 0.0 });
        Self { started: now.as_secs_f64(), began, look }
    }

    /// Takes its vitals; what the system does not tell is zero.
    pub fn vitals(&self) -> Vitals {
        Vitals {
            cpu_percent: self.cpu_percent(),
            resident: status_bytes("VmRSS:").unwrap_or_default(),
            heap: status_bytes("VmData:").unwrap_or_default(),
            limit: memory_limit().unwrap_or_default(),
            uptime: self.began.elapsed().as_secs_f64(),
        }
    }

    fn cpu_percent(&self) -> f64 {
        let mut look = self.look.lock().unwrap_or_else(PoisonError::into_inner);
        let span = look.at.elapsed();
        if let Some(seconds) = processor_seconds().filter(|_| span >= LEAST_SPAN) {
            let percent = (seconds - look.seconds) / span.as_secs_f64() * 100.0;
            *look = Look { at: Instant::now(), seconds, percent };
        }
        look.percent
    }

    /// Appends its metrics in the text format.
    pub fn write(&self, out: &mut String) {
        gauge(
            out,
            "process_start_time_seconds",
            "When the process started, in Unix time.",
            Some(self.started),
        );
        gauge(out, "process_resident_memory_bytes", "Resident memory.", status_bytes("VmRSS:"));
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

fn status_bytes(field: &str) -> Option<f64> {
    kilobytes(&fs::read_to_string("/proc/self/status").ok()?, field)
}

/// The limit of its control group; the host's memory where it has none.
fn memory_limit() -> Option<f64> {
    let host = kilobytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")?;
    let files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits = files.iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
    Some(limits.fold(host, f64::min))
}

fn kilobytes(text: &str, field: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
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
        let vitals = Process::starting().vitals();
        assert!(vitals.resident > 1e6 && vitals.heap > 1e5, "{vitals:?}");
        assert!(vitals.limit > vitals.resident, "{vitals:?}");
        assert!(open_files().unwrap() >= 3.0);
        assert!(processor_seconds().unwrap() >= 0.0);
        let mut out = String::new();
        Process::starting().write(&mut out);
        assert_eq!(out.matches("# TYPE process_").count(), 4);
    }
}
