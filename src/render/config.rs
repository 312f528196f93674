//! The escape hatch: a component's `config:` laid over its rendered file.

use crate::yaml::{self, Node};

/// Lays a map over a rendered YAML file; maps merge, lists replace, `null` removes. Comments are
/// lost but for the first ones, which say where the file comes from.
///
/// # Errors
/// When the rendered file is no YAML.
pub fn overlay(rendered: &str, over: &Node) -> anyhow::Result<String> {
    let mut base = yaml::parse(0, rendered)
        .map_err(|p| anyhow::anyhow!("the rendered file is not YAML: {}", p.message))?;
    yaml::merge(&mut base, over.clone());
    let head: String = rendered
        .lines()
        .take_while(|line| line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    Ok(head + &yaml::emit_node(&base))
}
