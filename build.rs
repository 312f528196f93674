//! Embeds the templates and profiles anew when one of them changes, and the templates' YAML files as
//! JSON besides: reading them as YAML took half of the time of every start.

use std::error::Error;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=templates");
    println!("cargo:rerun-if-changed=profiles");
    let json = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?).join("templates");
    if json.exists() {
        fs::remove_dir_all(&json)?;
    }
    convert(Path::new("templates"), &json)
}

/// Every `<name>.yaml` below `from` as `<name>.json` below `to`.
fn convert(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().ok_or("no name")?;
        if path.is_dir() {
            convert(&path, &to.join(name))?;
        } else if path.extension() == Some(OsStr::new("yaml")) {
            let document = read(&fs::read_to_string(&path)?)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let target = to.join(name).with_extension("json");
            fs::write(target, serde_json::to_string(&document)?)?;
        }
    }
    Ok(())
}

/// As the program itself reads YAML: `yes` and `on` are strings, a tag is an error.
fn read(text: &str) -> Result<serde_json::Value, serde_yaml::Error> {
    let options = serde_yaml::options! {
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    serde_yaml::from_str_with_options(text, options)
}
