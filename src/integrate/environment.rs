//! What a container should be told, and the block of an env file that says it.

use std::path::Path;

use super::{Change, Seen};
use crate::exit::{Exit, Stop};
use crate::manifest::io_reason;

const BEGIN: &str = "# mcpmon begin";
const END: &str = "# mcpmon end";
/// The port of document 002's helper, for a container that serves no metrics yet.
const METRICS_PORT: u16 = 8000;

/// Variables with their values, as they should be.
pub fn wanted(seen: &Seen) -> Vec<(&'static str, String)> {
    let port = seen.metrics.as_ref().map_or(METRICS_PORT, |metrics| metrics.port);
    vec![
        ("PROMETHEUS_ENABLED", "true".to_owned()),
        ("PROMETHEUS_PORT", port.to_string()),
        ("LOG_LEVEL", "INFO".to_owned()),
        ("LOG_FORMAT", "json".to_owned()),
    ]
}

/// Those that the container does not have so.
pub fn missing(seen: &Seen) -> Vec<(&'static str, String)> {
    let differs = |(name, value): &(&str, String)| seen.about.env.get(*name) != Some(value);
    wanted(seen).into_iter().filter(differs).collect()
}

/// The change to an env file: the block is made, or brought up to date; all else stays.
///
/// # Errors
/// When the file cannot be read, or its block has lost an end.
pub fn change(path: &Path, seen: &Seen) -> anyhow::Result<Change> {
    let before = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            let message = format!("cannot read {}: {}", path.display(), io_reason(&error));
            return Err(Stop::new(Exit::Usage, message).into());
        }
    };
    let after = with_block(&before, &wanted(seen))
        .map_err(|problem| Stop::new(Exit::Usage, format!("{}: {problem}", path.display())))?;
    Ok(Change { path: path.to_owned(), before, after })
}

fn with_block(text: &str, variables: &[(&str, String)]) -> Result<String, String> {
    let lines: Vec<&str> = text.lines().collect();
    let at = |mark: &str| lines.iter().position(|line| line.trim_start().starts_with(mark));
    let (head, tail) = match (at(BEGIN), at(END)) {
        (None, None) => (lines.as_slice(), [].as_slice()),
        (Some(begin), Some(end)) if begin < end => {
            (lines.get(..begin).unwrap_or_default(), lines.get(end + 1..).unwrap_or_default())
        }
        _ => {
            return Err(format!(
                "`{BEGIN}` and `{END}` do not enclose a block; remove the one that is left"
            ));
        }
    };
    // What the owner of the file says outside of the block counts.
    let set: Vec<&str> = head
        .iter()
        .chain(tail)
        .filter_map(|line| line.trim_start().trim_start_matches("export ").split_once('='))
        .map(|(name, _)| name.trim())
        .collect();
    let mut block = vec![format!(
        "{BEGIN} (`mcpmon integrate` writes this block; what is yours goes outside of it)"
    )];
    for (name, value) in variables.iter().filter(|(name, _)| !set.contains(name)) {
        block.push(format!("{name}={value}"));
    }
    if !set.contains(&"SENTRY_DSN") {
        block.push(
            "# SENTRY_DSN is a secret: set it outside of this block, if you use Sentry".to_owned(),
        );
    }
    block.push(END.to_owned());
    let head = head.iter().map(|line| (*line).to_owned());
    let tail = tail.iter().map(|line| (*line).to_owned());
    let all: Vec<String> = head.chain(block).chain(tail).collect();
    Ok(all.join("\n") + "\n")
}

/// How to make the container anew, so that it reads its environment: a restart does not.
pub fn recreate(seen: &Seen, env_file: Option<&Path>) -> String {
    let label = |name: &str| seen.about.labels.get(&format!("com.docker.compose.{name}"));
    if let (Some(service), Some(project)) = (label("service"), label("project")) {
        let dir = label("project.working_dir");
        let dir = dir.map(|dir| format!(" --project-directory {dir}")).unwrap_or_default();
        return format!("docker compose -p {project}{dir} up -d --force-recreate {service}");
    }
    let name = &seen.container;
    let network = seen.network.as_deref().unwrap_or("host");
    let file = env_file.map_or_else(|| "FILE".to_owned(), |file| file.display().to_string());
    let image = &seen.about.image;
    format!(
        "docker rm -f {name} && docker run -d --name {name} --network {network} --env-file {file} {image}\n  (with the other options that it was started with: volumes, ports, restart policy)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_written_once_and_what_stands_outside_counts() {
        let wanted = [("LOG_LEVEL", "INFO".to_owned()), ("LOG_FORMAT", "json".to_owned())];
        let first = with_block("A=1\nexport LOG_LEVEL=DEBUG", &wanted).unwrap();
        assert!(first.starts_with("A=1\nexport LOG_LEVEL=DEBUG\n# mcpmon begin ("), "{first}");
        assert!(first.ends_with("\nLOG_FORMAT=json\n# SENTRY_DSN is a secret: set it outside of this block, if you use Sentry\n# mcpmon end\n"), "{first}");
        assert!(!first.contains("LOG_LEVEL=INFO"), "{first}");
        assert_eq!(with_block(&first, &wanted).unwrap(), first, "a second time changes nothing");
        let more = format!("{first}SENTRY_DSN=x\n");
        let again = with_block(&more, &wanted).unwrap();
        assert!(again.ends_with("LOG_FORMAT=json\n# mcpmon end\nSENTRY_DSN=x\n"), "{again}");
        for broken in ["# mcpmon begin\n", "# mcpmon end\n# mcpmon begin\n"] {
            assert!(with_block(broken, &wanted).unwrap_err().contains("do not enclose a block"));
        }
    }
}
