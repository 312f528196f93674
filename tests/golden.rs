//! Every example renders to the files under `tests/golden/`, byte for byte: `<example>` alone, and
//! `<example>-<overlay>` for each further manifest in its folder or in `env/` below it. `UPDATE_GOLDEN=1` writes them anew.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mcpmon::assets::Assets;
use mcpmon::catalog::Catalog;
use mcpmon::render::{self, Bundle, tree};
use mcpmon::{manifest, stack};

/// An example with the files that are loaded for it.
struct Case {
    name: String,
    files: Vec<PathBuf>,
    readme: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for dir in fs::read_dir(root().join("examples")).unwrap().map(|e| e.unwrap().path()) {
        let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
        let readme = fs::read_to_string(dir.join("README.md"))
            .unwrap_or_else(|_| panic!("examples/{name} has no README.md"));
        let base = dir.join("mcpmon.yaml");
        cases.push(Case { name: name.clone(), files: vec![base.clone()], readme: readme.clone() });
        let folders = [dir.clone(), dir.join("env")];
        let found = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        for file in found.map(|e| e.unwrap().path()) {
            let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
            if file.extension().is_some_and(|e| e == "yaml") && stem != "mcpmon" {
                cases.push(Case {
                    name: format!("{name}-{stem}"),
                    files: vec![base.clone(), file],
                    readme: readme.clone(),
                });
            }
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// The bundle and what was warned about.
fn rendered(case: &Case) -> (Bundle, Vec<String>) {
    let document = manifest::load(&case.files).unwrap_or_else(|e| panic!("{}: {e:?}", case.name));
    let own = document.manifest.components_dir.as_ref().map(|dir| document.dir.join(dir));
    let catalog = Catalog::load(own.map_or_else(Assets::shipped, Assets::with_own)).unwrap();
    let resolved = stack::resolve(&document, &catalog)
        .unwrap_or_else(|found| panic!("{}: {found:?}", case.name));
    let warnings = resolved.warnings.iter().map(|w| w.message.clone()).collect();
    (render::render(&resolved.stack, &catalog).unwrap(), warnings)
}

#[test]
fn examples_render_to_their_golden_files() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let (bundle, _) = rendered(&case);
        let files: BTreeMap<String, &str> = bundle.tree();
        let golden = root().join("tests/golden").join(&case.name);
        for difference in tree::compare(&golden, &files).unwrap() {
            use tree::Difference::{Changed, Missing, Stale};
            match &difference {
                Missing(path) | Changed(path) if update => {
                    let target = golden.join(path);
                    fs::create_dir_all(target.parent().unwrap()).unwrap();
                    fs::write(target, files[path]).unwrap();
                }
                Stale(path) if update => fs::remove_file(golden.join(path)).unwrap(),
                Missing(_) | Changed(_) | Stale(_) => {
                    wrong.push(format!("{}: {difference}", case.name));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nlook at the differences with `UPDATE_GOLDEN=1 cargo test --test golden && git diff tests/golden`",
        wrong.join("\n")
    );
}

#[test]
fn every_golden_folder_belongs_to_an_example() {
    let names: Vec<String> = cases().into_iter().map(|case| case.name).collect();
    for dir in fs::read_dir(root().join("tests/golden")).unwrap() {
        let name = dir.unwrap().file_name().to_str().unwrap().to_owned();
        assert!(names.contains(&name), "tests/golden/{name} has no example");
    }
}

#[test]
fn rendering_twice_gives_the_same_bytes() {
    for case in cases() {
        let (one, two) = (rendered(&case).0, rendered(&case).0);
        assert_eq!(one, two, "{}", case.name);
        assert_eq!(one.hash(), two.hash(), "{}", case.name);
    }
}

/// The engine can take a file away only with its folder, and Prometheus no longer watches a folder that was away.
#[test]
fn targets_of_a_job_can_go_without_those_of_another() {
    for case in cases() {
        let bundle = rendered(&case).0;
        let files = bundle.components["prometheus"].keys();
        let folders: Vec<_> = files
            .filter(|path| path.starts_with("targets/"))
            .map(|path| path.rsplit_once('/').unwrap().0)
            .collect();
        for folder in &folders {
            let within = |other: &&&str| Path::new(other).starts_with(folder);
            assert_eq!(folders.iter().filter(within).count(), 1, "{}: {folder}", case.name);
        }
        assert!(!folders.is_empty(), "{}", case.name);
    }
}

#[test]
fn warnings_about_an_example_are_explained_in_its_readme() {
    for case in cases() {
        let readme = case.readme.split_whitespace().collect::<Vec<_>>().join(" ");
        for warning in rendered(&case).1 {
            assert!(
                readme.contains(&warning),
                "{}: README.md does not explain: {warning}",
                case.name
            );
        }
    }
}

#[test]
fn commands_in_the_readmes_exist() {
    use clap::CommandFactory as _;
    for case in cases() {
        let mut commands = 0;
        for line in case.readme.lines().filter_map(|line| line.strip_prefix("$ mcpmon ")) {
            // A placeholder that a reader fills in is no argument.
            let line = line.split('#').next().unwrap().trim();
            let arguments = std::iter::once("mcpmon").chain(line.split_whitespace());
            let parsed = mcpmon::cli::Cli::command().try_get_matches_from(arguments);
            assert!(parsed.is_ok(), "{}: `mcpmon {line}`: {}", case.name, parsed.unwrap_err());
            commands += 1;
        }
        assert!(commands > 0, "{}: README.md names no command", case.name);
    }
}

#[test]
fn files_that_an_example_names_exist() {
    for case in cases() {
        let dir = case.files[0].parent().unwrap();
        for link in case.readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.starts_with("http") {
                // Headings are for the test of all documents.
                let file = link.split('#').next().unwrap_or(link);
                assert!(dir.join(file).exists(), "{}: {link} is not there", case.name);
            }
        }
    }
}
