//! Walks the folders that make mcpmon (components, profiles, examples, commands, rule packs,
//! dashboards, dialects) and names what one of them lacks.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use mcpmon::assets::{self, Assets};
use mcpmon::catalog::{Catalog, Effect, SettingType, Spec};
use mcpmon::version::Version;
use mcpmon::{manifest, render, stack};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn catalog() -> Catalog {
    Catalog::load(Assets::shipped()).unwrap()
}

fn entries(path: &str) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(root().join(path)).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    entries
}

fn stems(path: &str, extension: &str) -> Vec<String> {
    let files = entries(path).into_iter().filter(|p| p.extension().is_some_and(|e| e == extension));
    files.map(|p| p.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// The part of a component's README.md that its component.yaml says.
fn facts(spec: &Spec) -> String {
    let mut text = String::from("## Settings\n");
    if spec.settings.is_empty() {
        text += "Those that every component takes (`docs/manifest.md`), and no others.\n";
    } else {
        text += "Beside those that every component takes (`docs/manifest.md`):\n\n";
        text += "| setting | type | default | meaning |\n|---|---|---|---|\n";
    }
    for (name, setting) in &spec.settings {
        let kind = match setting.kind {
            SettingType::RemoteWrite => "remote-write".to_owned(),
            _ if !setting.values.is_empty() => {
                setting.values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ")
            }
            kind => format!("{kind:?}").to_lowercase(),
        };
        let default = match &setting.default {
            Some(serde_json::Value::String(text)) => format!("`{text}`"),
            Some(value) => format!("`{value}`"),
            None if setting.required => "required".to_owned(),
            None => "none".to_owned(),
        };
        let description = setting.description.trim_end_matches('.');
        let _ = writeln!(text, "| `{name}` | {kind} | {default} | {description} |");
    }
    text += "\n## Files\n";
    if spec.files.is_empty() {
        text += "None.\n";
    } else {
        text += "| file | made from | a change takes effect by |\n|---|---|---|\n";
    }
    for file in &spec.files {
        let from = match (&file.template, file.generate) {
            (Some(template), _) => format!("`{template}`"),
            (None, Some(generator)) => format!("{generator:?}").to_lowercase(),
            (None, None) => unreachable!("checked when the catalog is loaded"),
        };
        let path =
            if file.generate.is_some() { format!("{}/", file.path) } else { file.path.clone() };
        let effect = match file.effect {
            Effect::None => "nothing: it is for validators and people",
            Effect::Watched => "itself: the process watches it",
            Effect::Reload => "a reload",
            Effect::Restart => "a restart",
        };
        let _ = writeln!(text, "| `{path}` | {from} | {effect} |");
    }
    let _ = writeln!(text, "\n## Hardening\nRuns as `{}`, without new privileges.", spec.user);
    let exceptions = &spec.exceptions;
    let mut reasons: Vec<(String, &String)> = Vec::new();
    reasons.extend(exceptions.root.iter().map(|r| ("runs as root".to_owned(), r)));
    reasons.extend(
        exceptions.writable_rootfs.iter().map(|r| ("writes to its root file system".to_owned(), r)),
    );
    reasons.extend(exceptions.host_mounts.iter().map(|r| ("sees paths of the host".to_owned(), r)));
    reasons.extend(exceptions.capabilities.iter().map(|(c, r)| (format!("keeps `{c}`"), r)));
    reasons.extend(
        exceptions
            .capabilities_with_programs
            .iter()
            .map(|(c, r)| (format!("keeps `{c}` where a service has `mcp.command`"), r)),
    );
    reasons.extend(
        spec.sysctls.iter().map(|(name, s)| (format!("sets `{name}` to `{}`", s.value), &s.reason)),
    );
    reasons.extend(spec.host_mounts.iter().filter_map(|mount| {
        Some((format!("may keep `{}`", mount.capability.as_ref()?), &mount.reason))
    }));
    if reasons.is_empty() {
        text += "No capabilities, a read-only root file system, no path of the host.\n";
    } else {
        text += "All else is as for every component, but:\n\n";
    }
    for (what, reason) in reasons {
        let _ = writeln!(text, "- {what}: {reason}");
    }
    text += "\n## Links\n";
    for (name, url) in &spec.links {
        let _ = writeln!(text, "- [{name}]({url})");
    }
    text
}

#[test]
fn every_component_folder_is_whole() {
    let catalog = catalog();
    for dir in entries("templates").into_iter().filter(|dir| dir.is_dir()) {
        let name = dir.file_name().unwrap().to_str().unwrap();
        if ["dialects", "logs"].contains(&name) {
            continue;
        }
        let spec =
            catalog.get(name).unwrap_or_else(|| panic!("templates/{name} has no component.yaml"));
        assert!(!spec.description.is_empty() && !spec.description.ends_with('.'), "{name}");
        assert!(!spec.links.is_empty(), "{name} links to no documentation");
        for file in spec.files.iter().filter_map(|file| file.template.as_ref()) {
            // A template that several components share stands in another folder.
            let path = if file.contains('/') {
                root().join("templates").join(file)
            } else {
                dir.join(file)
            };
            assert!(path.is_file(), "{} is missing", path.display());
        }
        for template in stems(&format!("templates/{name}"), "j2") {
            let used =
                spec.files.iter().any(|f| f.template.as_deref() == Some(&format!("{template}.j2")));
            assert!(used, "templates/{name}/{template}.j2 makes no file");
        }
        for other in &spec.after {
            assert!(
                catalog.get(other).is_some(),
                "{name} starts after {other}, which there is not"
            );
        }
    }
}

/// `UPDATE_GOLDEN=1` writes what follows the introduction anew.
#[test]
fn every_component_readme_says_what_its_component_yaml_says() {
    for (name, spec) in catalog().components() {
        let path = root().join("templates").join(name).join("README.md");
        let readme = fs::read_to_string(&path)
            .unwrap_or_else(|_| panic!("templates/{name}/README.md is missing"));
        let introduction = readme.split("\n## Settings").next().unwrap().trim_end().to_owned();
        assert!(introduction.starts_with(&format!("# {name}\n\n")), "{name}: the title");
        assert!(introduction.lines().count() > 2, "{name}: README.md says nothing");
        let expected = format!("{introduction}\n\n{}", facts(spec));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &expected).unwrap();
        } else {
            assert_eq!(readme, expected, "templates/{name}/README.md");
        }
    }
}

/// What the programs' own change logs speak of, as data: `docs/upgrade.md`.
#[test]
fn what_is_known_of_versions_holds_together() {
    let catalog = catalog();
    for name in ["alertmanager", "alloy", "cadvisor", "grafana", "loki", "prometheus", "promtail"] {
        let versions = &catalog.get(name).unwrap().versions;
        assert!(!versions.known.is_empty() && !versions.breaks.is_empty(), "{name}");
    }
    for (name, spec) in catalog.components() {
        let versions = &spec.versions;
        let Some((first, last)) = versions.known.first().zip(versions.newest()) else { continue };
        let pinned = Version::parse(spec.version.as_deref().unwrap()).unwrap();
        assert!(versions.known.contains(&pinned), "{name}: `known` lacks {pinned}");
        // A tag that is written otherwise than the program's is one that nobody can pull.
        let has_v = |version: &Version| version.to_string().starts_with('v');
        let all = versions.known.iter().chain(&versions.oldest);
        let all = all.chain(versions.breaks.iter().map(|found| &found.at));
        for version in all.chain(versions.fields.values()) {
            assert_eq!(has_v(version), has_v(&pinned), "{name}: {version}");
        }
        for found in &versions.breaks {
            assert!(found.at <= *last, "{name}: nothing known has {}", found.at);
            let oldest = versions.oldest.as_ref().unwrap_or(first);
            assert!(found.at >= *oldest, "{name}: nobody crosses {}", found.at);
            for text in [&found.changes, &found.advice] {
                assert!(text.ends_with('.') && text.len() > 20, "{name} {}: {text}", found.at);
            }
            let reason = found.store.as_ref().map_or("", |store| &store.reason);
            assert!(!reason.ends_with('.'), "{name} {}: {reason}", found.at);
        }
        for field in versions.fields.keys() {
            assert!(field.split('.').all(|step| !step.is_empty()), "{name}: {field}");
        }
    }
}

/// The oldest version and the newest that are known, and every one with a boundary of its own.
#[test]
fn every_known_version_renders() {
    let catalog = catalog();
    for (name, spec) in catalog.components() {
        for version in spec.versions.known.iter().chain(&spec.versions.oldest) {
            let password = if name == "grafana" { "admin_password: {env: SECRET}, " } else { "" };
            let text = format!(
                "name: acme\nextends: quickstart\ncomponents: {{{name}: {{{password}version: \"{version}\"}}}}\n"
            );
            if ["elasticsearch", "alloy"].contains(&name.as_str()) {
                continue; // They need others beside them; no template of theirs asks for a version.
            }
            let document = manifest::load_text("mcpmon.yaml", &text, Path::new("")).unwrap();
            let resolved = stack::resolve(&document, &catalog)
                .unwrap_or_else(|e| panic!("{name} {version}: {e:?}"));
            let bundle = render::render(&resolved.stack, &catalog).unwrap();
            assert!(bundle.processes.contains_key(name), "{name} {version}");
            if name == "prometheus" {
                let flag = "--storage.tsdb.retention.time=15d";
                let by_flag = bundle.processes[name].command.iter().any(|arg| arg == flag);
                let file = &bundle.components[name]["prometheus.yml"].text;
                let by_field = file.contains("    retention:\n      time: \"15d\"\n");
                let at_least = |least: &str| *version >= Version::parse(least).unwrap();
                assert_eq!((by_flag, by_field), (!at_least("3.11"), at_least("3.11")), "{version}");
                assert_eq!(file.contains("fallback_scrape_protocol"), at_least("3.0"), "{version}");
            }
        }
    }
}

#[test]
fn no_component_waits_for_itself() {
    let catalog = catalog();
    for (name, _) in catalog.components() {
        let mut open: Vec<String> = catalog.get(name).unwrap().after.clone();
        let mut seen: Vec<String> = Vec::new();
        while let Some(next) = open.pop() {
            assert_ne!(&next, name, "`after:` goes in a circle through {name}");
            if !seen.contains(&next) {
                open.extend(catalog.get(&next).unwrap().after.clone());
                seen.push(next);
            }
        }
    }
}

#[test]
fn published_ports_differ() {
    let mut taken: BTreeMap<u16, String> = BTreeMap::new();
    for (name, spec) in catalog().components() {
        let other = spec.publish.and_then(|port| taken.insert(port, name.clone()));
        assert_eq!(other, None, "{name} and another are published on the same port");
    }
}

#[test]
fn every_profile_is_valid_and_renders() {
    let catalog = catalog();
    assert!(!assets::profiles().is_empty());
    for profile in assets::profiles() {
        let text = assets::profile(profile).unwrap();
        assert!(
            text.lines().any(|l| l.starts_with("description: ")),
            "{profile} has no description"
        );
        let manifest = format!("name: acme\nextends: {profile}\n");
        let document = manifest::load_text("mcpmon.yaml", &manifest, Path::new("")).unwrap();
        let resolved =
            stack::resolve(&document, &catalog).unwrap_or_else(|e| panic!("{profile}: {e:?}"));
        let bundle = render::render(&resolved.stack, &catalog).unwrap();
        assert!(!bundle.components.is_empty(), "{profile}");
        socket(profile, &resolved.stack, &bundle);
    }
}

/// Nobody but the agent has the engine's socket. The node exporter sees the folder in which it is, as a user who may
/// not open it.
fn socket(profile: &str, stack: &stack::Stack, bundle: &render::Bundle) {
    for (component, process) in &bundle.processes {
        for (source, _) in &process.host_mounts {
            let around = ["/", "/run", "/var", "/var/run"].contains(&source.as_str());
            let who: &[&str] = match () {
                () if source.ends_with(".sock") => &["agent"],
                () if around => &["node-exporter"],
                () => continue,
            };
            assert!(who.contains(&component.as_str()), "{profile}: {component} mounts {source}");
            let user = stack.components.get(component).map(|part| part.spec.user.as_str());
            let root = user.is_none_or(|user| user.starts_with('0'));
            assert!(
                component == "agent" || !root,
                "{profile}: {component} is root and mounts {source}"
            );
        }
    }
    for (component, files) in &bundle.components {
        for (path, file) in files.iter().filter(|_| component != "agent") {
            assert!(!file.text.contains("docker.sock"), "{profile}: {component}/{path}");
        }
    }
}

#[test]
fn every_command_says_what_it_does() {
    let mut command = mcpmon::cli::Cli::command();
    command.build();
    let mut names = Vec::new();
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = sub.get_name().to_owned();
        assert!(sub.get_about().is_some(), "{name} has no help text");
        for argument in sub.get_arguments() {
            assert!(argument.get_help().is_some(), "{name} {} has no help text", argument.get_id());
        }
        names.push(name.replace('-', "_"));
    }
    for file in stems("src/commands", "rs") {
        if !["mod", "context"].contains(&file.as_str()) && !names.contains(&file) {
            // A file that is no command is a helper of one.
            let text = fs::read_to_string(root().join(format!("src/commands/{file}.rs"))).unwrap();
            assert!(!text.contains("pub struct Args"), "src/commands/{file}.rs is no command");
        }
    }
}

#[test]
fn every_rule_pack_dashboard_and_dialect_is_documented() {
    for (folder, page) in [
        ("templates/prometheus/rules", "docs/rules.md"),
        ("templates/dialects", "docs/rules.md"),
        ("templates/grafana/dashboards", "docs/dashboards.md"),
    ] {
        let Ok(text) = fs::read_to_string(root().join(page)) else { continue };
        for name in stems(folder, "yaml") {
            assert!(
                text.contains(&format!("`{name}`")),
                "{page} does not mention `{name}` of {folder}"
            );
        }
    }
}

#[test]
fn every_example_is_whole() {
    for dir in entries("examples") {
        for file in ["mcpmon.yaml", "README.md"] {
            assert!(dir.join(file).is_file(), "{} has no {file}", dir.display());
        }
        let text = fs::read_to_string(dir.join("mcpmon.yaml")).unwrap();
        assert!(
            text.starts_with("# yaml-language-server: $schema="),
            "{}: the modeline",
            dir.display()
        );
    }
}
