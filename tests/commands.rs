//! The commands that need no engine, as they are typed.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/command.rs"]
mod command;

use command::Folder;

/// A manifest without anything to complain about.
const CLEAN: &str = "name: acme
components:
  grafana: {admin_password: {env: SECRET}}
services:
  search: {mcp: \"http://search:7001/mcp\", metrics: \"http://search:7001/metrics\", dialect: fastapi}
notifications:
  receivers: {chat: {slack: {webhook_url: {env: SECRET}}}}
  default: chat
";

mod init {
    use super::*;

    #[test]
    fn a_fresh_folder_gets_all_that_up_needs() {
        let folder = Folder::new();
        folder
            .mcpmon("init fleet")
            .ends(0)
            .says("✔ wrote fleet/mcpmon.yaml\n✔ wrote fleet/secrets/grafana-admin\n✔ wrote fleet/.gitignore\n✔ wrote fleet/mcpmon.schema.json\n")
            .says("Grafana's administrator is `admin`; the password stands in fleet/secrets/grafana-admin")
            .says("Next: `mcpmon up`");
        let expected = [
            "fleet/.gitignore",
            "fleet/mcpmon.schema.json",
            "fleet/mcpmon.yaml",
            "fleet/secrets/grafana-admin",
        ];
        assert_eq!(folder.files(), expected);
        assert!(folder.read("fleet/mcpmon.yaml").contains("\nname: fleet\nextends: quickstart\n"));
        folder.mcpmon("-f fleet/mcpmon.yaml validate").ends(0);
    }

    #[test]
    fn the_modeline_points_to_the_schema_beside_it() {
        let folder = Folder::new();
        folder.mcpmon("init").ends(0);
        let manifest = folder.read("mcpmon.yaml");
        let schema = manifest.lines().next().unwrap().split_once("$schema=./").unwrap().1;
        let schema: serde_json::Value = serde_json::from_str(&folder.read(schema)).unwrap();
        assert_eq!(schema["title"], "mcpmon manifest");
        let printed = folder.mcpmon("schema").ends(0).out;
        assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).unwrap(), schema);
    }

    #[test]
    fn the_stack_is_named_after_the_folder_or_as_asked() {
        let folder = Folder::new().file("My Fleet (1)/x", "");
        assert_eq!(mcpmon::manifest::Name::from_any("My Fleet (1)").to_string(), "my-fleet-1");
        folder.mcpmon("init --name acme other").ends(0);
        assert!(folder.read("other/mcpmon.yaml").contains("\nname: acme\n"));
        folder.mcpmon("init --name Acme third").ends(2).says("`Acme` is not a name");
        assert!(!folder.path().join("third").exists());
    }

    #[test]
    fn a_manifest_that_is_there_is_not_touched() {
        let folder = Folder::new().file("mcpmon.yaml", "name: mine\n");
        folder
            .mcpmon("init")
            .ends(2)
            .says("error: ./mcpmon.yaml is here already; nothing was touched");
        assert_eq!(folder.files(), ["mcpmon.yaml"]);
        assert_eq!(folder.read("mcpmon.yaml"), "name: mine\n");
    }

    #[test]
    fn a_secret_that_is_there_is_kept() {
        let folder = Folder::new().file("secrets/grafana-admin", "my own\n");
        let outcome = folder.mcpmon("init").ends(0).says("kept ./secrets/grafana-admin as it is");
        assert!(!outcome.err.contains("the password stands in"), "{}", outcome.err);
        assert_eq!(folder.read("secrets/grafana-admin"), "my own\n");
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_readable_by_their_owner_alone_and_differ() {
        use std::os::unix::fs::PermissionsExt as _;
        let mut passwords = Vec::new();
        for _ in 0..2 {
            let folder = Folder::new();
            folder.mcpmon("init").ends(0);
            let path = folder.path().join("secrets/grafana-admin");
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(
                path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777,
                0o700
            );
            let password = folder.read("secrets/grafana-admin");
            assert_eq!(password.trim().len(), 24);
            assert!(password.trim().chars().all(|c| c.is_ascii_alphanumeric()));
            passwords.push(password);
        }
        assert_ne!(passwords[0], passwords[1]);
    }

    #[test]
    fn secrets_stay_out_of_the_repository() {
        for (before, after) in [
            ("target", "target\nsecrets/\n"),
            ("target\n", "target\nsecrets/\n"),
            ("a\n/secrets/\n", "a\n/secrets/\n"),
            ("secrets\nb", "secrets\nb"),
        ] {
            let folder = Folder::new().file(".gitignore", before);
            folder.mcpmon("init").ends(0);
            assert_eq!(folder.read(".gitignore"), after);
            std::fs::remove_file(folder.path().join("mcpmon.yaml")).unwrap();
            folder.mcpmon("init").ends(0);
            assert_eq!(folder.read(".gitignore"), after, "the second time");
        }
    }

    #[test]
    fn a_profile_that_there_is_not_is_refused() {
        let folder = Folder::new();
        folder.mcpmon("init --profile quickstrat").ends(2).says("quickstart");
        assert!(folder.files().is_empty());
    }
}

mod config {
    use super::*;

    #[test]
    fn it_prints_what_was_merged_and_reads_the_same() {
        let folder = Folder::new()
            .file("base.yaml", CLEAN)
            .file("mcpmon.yaml", "extends: base.yaml\nname: other\n")
            .file("prod.yaml", "services: {search: null, two: {mcp: \"http://two:1/mcp\"}}\n");
        let printed = folder.mcpmon("-f mcpmon.yaml -f prod.yaml config").ends(0).out;
        assert!(printed.starts_with("name: other\n"), "{printed}");
        assert!(!printed.contains("extends") && !printed.contains("search:7001"), "{printed}");
        let again = Folder::new().file("mcpmon.yaml", &printed);
        assert_eq!(again.mcpmon("config").ends(0).out, printed);
        again.mcpmon("validate").ends(0);
    }

    #[test]
    fn versions_keep_the_digits_that_were_written() {
        let text = format!("{CLEAN}registry: mirror.example.org\n").replace(
            "components:\n",
            "components:\n  loki: {version: 3.10, config: {mode: 0755, share: 1.50}}\n",
        );
        let folder = Folder::new().file("mcpmon.yaml", &text);
        let printed = folder.mcpmon("config").ends(0).out;
        let again = Folder::new().file("mcpmon.yaml", &printed);
        for folder in [&folder, &again] {
            folder.mcpmon("render -o out").ends(0);
        }
        assert_eq!(folder.read("out/loki/loki.yml"), again.read("out/loki/loki.yml"));
        assert!(
            printed.contains("version: 3.10\n") || printed.contains("version: \"3.10\"\n"),
            "{printed}"
        );
    }

    #[test]
    fn origins_name_the_place_of_each_value_in_one_column() {
        let folder = Folder::new()
            .file("base.yaml", CLEAN)
            .file("mcpmon.yaml", "extends: base.yaml\nname: other\ndashboards: [fleet]\n");
        let printed = folder.mcpmon("config --origins").ends(0).out;
        for line in [
            "name: \"other\"",
            "components.grafana.admin_password.env: \"SECRET\"",
            "services.search.dialect: \"fastapi\"",
            "dashboards[0]: \"fleet\"",
        ] {
            assert!(printed.lines().any(|l| l.starts_with(line)), "{line} is not in:\n{printed}");
        }
        let columns: Vec<usize> = printed.lines().map(|l| l.find("  # ").unwrap()).collect();
        assert!(columns.iter().all(|c| *c == columns[0]), "{printed}");
        assert!(printed.contains("# mcpmon.yaml:2:7"), "{printed}");
        assert!(printed.contains("# base.yaml:3:35"), "{printed}");
    }
}

mod render {
    use super::*;

    #[test]
    fn without_a_folder_files_are_listed_with_their_sizes() {
        let folder = Folder::new().file("mcpmon.yaml", CLEAN);
        let listed = folder.mcpmon("render").ends(0).out;
        assert!(listed.lines().any(|l| l.ends_with("  prometheus/prometheus.yml")), "{listed}");
        assert_eq!(folder.files(), ["mcpmon.yaml"]);
    }

    #[test]
    fn check_notices_what_is_missing_changed_and_stale() {
        let folder = Folder::new().file("mcpmon.yaml", CLEAN);
        folder
            .mcpmon("render --out out --check")
            .ends(5)
            .says("missing  prometheus/prometheus.yml");
        assert_eq!(folder.files(), ["mcpmon.yaml"], "a check writes nothing");
        folder.mcpmon("render --out out").ends(0);
        folder.mcpmon("render --out out --check").ends(0).says("is what the manifest renders to");
        let folder = folder.file("out/loki/loki.yml", "changed").file("out/loki/more.yml", "stale");
        folder
            .mcpmon("render --out out --check")
            .ends(5)
            .says("changed  loki/loki.yml")
            .says("stale    loki/more.yml")
            .says("run `mcpmon render --out out` and commit the result");
        folder.mcpmon("render --out out").ends(0).says("2 changed");
        folder.mcpmon("render --out out").ends(0).says("0 changed");
        assert!(!folder.path().join("out/loki/more.yml").exists());
    }

    #[test]
    fn what_is_in_the_way_goes_and_what_a_link_leads_to_stays() {
        let folder = Folder::new().file("mcpmon.yaml", CLEAN).file("mine/kept.yml", "kept");
        folder.mcpmon("render --out out").ends(0);
        std::fs::remove_dir_all(folder.path().join("out/loki")).unwrap();
        let folder = folder.file("out/loki", "a file in the place of a folder");
        std::os::unix::fs::symlink("../mine", folder.path().join("out/link")).unwrap();
        folder.mcpmon("render --out out").ends(0).says("3 changed");
        folder.mcpmon("render --out out --check").ends(0);
        assert_eq!(folder.read("mine/kept.yml"), "kept");
    }

    #[test]
    fn a_folder_of_someone_else_is_not_written_to() {
        let folder = Folder::new().file("mcpmon.yaml", CLEAN).file("src/main.rs", "fn main() {}");
        folder
            .mcpmon("render --out src")
            .ends(1)
            .says("cannot write to src: the folder is not empty and was not made by mcpmon");
        assert_eq!(folder.files(), ["mcpmon.yaml", "src/main.rs"]);
        folder.mcpmon("render --out .").ends(1);
        assert_eq!(folder.read("mcpmon.yaml"), CLEAN);
    }

    #[test]
    fn secrets_are_not_read() {
        let folder = Folder::new().file("mcpmon.yaml", &CLEAN.replace("env: SECRET", "env: UNSET"));
        folder.mcpmon("render --out out").ends(0);
        folder.mcpmon("validate").ends(0).says("the environment variable UNSET is not set");
        folder.mcpmon("up").ends(2).says("the environment variable UNSET is not set");
    }
}

mod files {
    use super::*;

    #[test]
    fn no_manifest_says_how_to_get_one() {
        let outcome = Folder::new().mcpmon("validate").ends(2);
        assert_eq!(
            outcome.err,
            "error: cannot read mcpmon.yaml: there is no such file or folder\n  = help: `mcpmon init` writes a manifest to start from; `-f FILE` names another one\nerror: 1 problem in mcpmon.yaml; nothing was touched\n"
        );
    }

    #[test]
    fn relative_paths_start_at_the_first_manifest() {
        let rules = "groups: [{name: own, rules: [{record: a, expr: \"1\"}]}]\n";
        let folder = Folder::new()
            .file("fleet/mcpmon.yaml", &format!("{CLEAN}alerts: {{rules_dir: rules}}\n"))
            .file("fleet/rules/own.yml", rules);
        folder.mcpmon("-f fleet/mcpmon.yaml render --out out").ends(0);
        assert_eq!(folder.read("out/prometheus/rules/own-own.yml"), rules);
    }

    #[test]
    fn files_with_windows_line_ends_and_a_byte_order_mark_are_read() {
        let text = format!("\u{feff}{}", CLEAN.replace('\n', "\r\n"));
        Folder::new().file("mcpmon.yaml", &text).mcpmon("validate").ends(0);
    }

    #[test]
    fn a_file_that_is_no_text_is_named() {
        let folder = Folder::new();
        std::fs::write(folder.path().join("mcpmon.yaml"), [0xff, 0xfe, 0x00]).unwrap();
        folder.mcpmon("validate").ends(2).says("cannot read mcpmon.yaml: it is not UTF-8 text");
    }
}
