//! The answer for people.

use super::explain::Report;

impl Report {
    /// The answer as plain text.
    pub fn text(&self) -> String {
        let mut lines = vec!["labels".to_owned()];
        let width = |texts: &mut dyn Iterator<Item = &str>| {
            texts.map(|t| t.chars().count()).max().unwrap_or(0)
        };
        let names = width(&mut self.labels.iter().map(|l| l.name.as_str()));
        let values = width(&mut self.labels.iter().map(|l| l.value.as_str()));
        for label in &self.labels {
            let line =
                format!("  {:names$}  {:values$}  {}", label.name, label.value, from(label.from));
            lines.push(line.trim_end().to_owned());
        }
        lines.push("routes".to_owned());
        let routes = width(&mut self.routes.iter().map(|s| s.route.as_str()));
        for step in &self.routes {
            let verdict = match step.matched {
                Some(true) => "yes",
                Some(false) => "no ",
                None => "-  ",
            };
            let mut line = format!("  {verdict}  {:routes$}  {}", step.route, step.reason);
            if step.matched == Some(true) {
                let to = if step.to.is_empty() { "nobody".to_owned() } else { step.to.join(", ") };
                line = format!("{line} → {to}");
                if step.goes_on {
                    line.push_str(", and on");
                }
            }
            if let Some(place) = &step.place {
                line = format!("{line}  ({place})");
            }
            lines.push(line);
        }
        lines.push(format!("told at {}", self.at));
        if self.told.is_empty() {
            lines.push("  nobody".to_owned());
        }
        for person in &self.told {
            lines.push(format!(
                "  {} by {}: {}",
                person.receiver,
                person.route,
                person.ways.join("; ")
            ));
            let group = if person.group.is_empty() {
                "with all others of this route".to_owned()
            } else {
                format!("together with {}", person.group.join(", "))
            };
            lines.push(format!(
                "    {group}; first after {}, news after {}, again after {}",
                person.group_wait, person.group_interval, person.repeat_interval
            ));
            if let Some(muted) = &person.muted {
                lines.push(format!("    not now: {muted}"));
            }
        }
        if !self.inhibited_by.is_empty() {
            lines.push("muted while one of these fires".to_owned());
        }
        for cause in &self.inhibited_by {
            lines.push(format!("  {{{}}}: {}", cause.alert.join(", "), cause.because));
        }
        lines.join("\n")
    }
}

fn from(origin: &str) -> &'static str {
    match origin {
        "rule" => "from its rule",
        "service" => "from the service",
        "prometheus" => "from Prometheus",
        _ => "",
    }
}
