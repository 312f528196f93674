//! Who holds a lock, in a form that another process can judge: is it still alive?

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use super::labels::LOCK;

/// A process that holds, or wants, a lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// Host name.
    pub host: String,
    /// User name.
    pub user: String,
    /// What it is doing (`up`, `reload`).
    pub command: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// Process identifier.
    pub pid: u32,
    /// Start time of the process in clock ticks since boot: with it a process identifier names one process for good. 0 when unknown.
    pub process_start: u64,
    /// Changes with each boot of the kernel; empty when unknown.
    pub boot_id: String,
    /// Stays the same over boots; empty when unknown.
    pub machine_id: String,
    /// Process identifiers mean something only within their namespace; empty when unknown.
    pub pid_namespace: String,
}

/// Whether a holder still lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// Its process runs.
    Alive,
    /// Its process has ended, for certain.
    Dead,
    /// It cannot be seen from here: another host, or another container.
    Unknown,
}

impl Holder {
    /// This process, doing `command`.
    pub fn current(command: &str) -> Self {
        let read = |path: &str| {
            fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
        };
        let env = |names: &[&str]| {
            names.iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default()
        };
        let pid = std::process::id();
        let host = read("/proc/sys/kernel/hostname");
        let namespace = fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string());
        Self {
            host: if host.is_empty() { env(&["HOSTNAME", "COMPUTERNAME"]) } else { host },
            user: env(&["USER", "LOGNAME", "USERNAME"]),
            command: command.to_owned(),
            started: jiff::Timestamp::now()
                .round(jiff::Unit::Second)
                .map(|time| time.to_string())
                .unwrap_or_default(),
            pid,
            process_start: process_start(pid).unwrap_or_default(),
            boot_id: read("/proc/sys/kernel/random/boot_id"),
            machine_id: read("/etc/machine-id"),
            pid_namespace: namespace.unwrap_or_default(),
        }
    }

    /// Whether this holder still lives, as far as `observer` (the current process) can tell. Dead only when that is certain: two
    /// hosts may well have the same name.
    pub fn liveness(&self, observer: &Self) -> Liveness {
        let same = |mine: &str, theirs: &str| !mine.is_empty() && mine == theirs;
        if same(&observer.boot_id, &self.boot_id) {
            if !same(&observer.pid_namespace, &self.pid_namespace) || self.process_start == 0 {
                return Liveness::Unknown;
            }
            let alive = process_start(self.pid) == Some(self.process_start);
            return if alive { Liveness::Alive } else { Liveness::Dead };
        }
        // The same machine with another boot: nothing that ran then runs now.
        let rebooted =
            same(&observer.machine_id, &self.machine_id) && same(&observer.host, &self.host);
        if rebooted && !self.boot_id.is_empty() && !observer.boot_id.is_empty() {
            Liveness::Dead
        } else {
            Liveness::Unknown
        }
    }

    /// The labels that a lock of this holder carries.
    pub(super) fn to_labels(&self) -> BTreeMap<String, String> {
        let fields = [
            ("host", self.host.clone()),
            ("user", self.user.clone()),
            ("command", self.command.clone()),
            ("started", self.started.clone()),
            ("pid", self.pid.to_string()),
            ("process-start", self.process_start.to_string()),
            ("boot-id", self.boot_id.clone()),
            ("machine-id", self.machine_id.clone()),
            ("pid-namespace", self.pid_namespace.clone()),
        ];
        fields.into_iter().map(|(name, value)| (format!("{LOCK}.{name}"), value)).collect()
    }

    /// The holder in the labels of a lock. What is missing stays empty, and so cannot be judged dead.
    pub(super) fn from_labels(labels: &BTreeMap<String, String>) -> Self {
        let field = |name: &str| labels.get(&format!("{LOCK}.{name}")).cloned().unwrap_or_default();
        Self {
            host: field("host"),
            user: field("user"),
            command: field("command"),
            started: field("started"),
            pid: field("pid").parse().unwrap_or_default(),
            process_start: field("process-start").parse().unwrap_or_default(),
            boot_id: field("boot-id"),
            machine_id: field("machine-id"),
            pid_namespace: field("pid-namespace"),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = if self.user.is_empty() { "someone" } else { &self.user };
        write!(
            f,
            "`{}` of {user} on {} (process {}), since {}",
            self.command, self.host, self.pid, self.started
        )
    }
}

/// Start time of a process that runs here, in clock ticks since boot. `None` when there is none, or only its remains (a zombie).
fn process_start(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name stands in parentheses and may itself hold spaces and parentheses; the state is the field after it.
    let mut after_name = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = after_name.next()?;
    // Field 22 of proc(5); the state is field 3.
    let ticks = after_name.nth(18)?.parse().ok()?;
    (state != "Z" && state != "X").then_some(ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_survives_its_labels() {
        let me = Holder::current("up");
        assert_eq!(Holder::from_labels(&me.to_labels()), me);
        assert!(me.started.ends_with('Z'), "{}", me.started);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_what_is_certain_is_dead() {
        let me = Holder::current("up");
        assert_eq!(me.liveness(&me), Liveness::Alive);
        let reused = Holder { process_start: me.process_start + 1, ..me.clone() };
        assert_eq!(reused.liveness(&me), Liveness::Dead);
        let other_container = Holder { pid_namespace: "pid:[1]".into(), ..reused.clone() };
        assert_eq!(other_container.liveness(&me), Liveness::Unknown);
        let other_host = Holder { boot_id: "b".into(), machine_id: "m".into(), ..reused };
        assert_eq!(other_host.liveness(&me), Liveness::Unknown);
        let here = Holder { machine_id: "m".into(), ..me.clone() };
        let before_reboot = Holder { boot_id: "b".into(), ..here.clone() };
        assert_eq!(before_reboot.liveness(&here), Liveness::Dead);
        assert_eq!(Holder::from_labels(&BTreeMap::new()).liveness(&me), Liveness::Unknown);
    }
}
