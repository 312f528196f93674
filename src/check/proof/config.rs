//! A path that prints the loaded configuration as YAML.

use std::path::Path;

use super::{Attempt, nothing_in};
use crate::check::compare;
use crate::check::subject::Subject;

/// Whether the loaded configuration holds what was rendered.
pub async fn loaded(subject: &Subject<'_>, path: &str) -> Attempt {
    let loaded = subject.http.text(&subject.url(path), None).await?;
    let Some((name, rendered)) = main_file(subject) else { return Ok(()) };
    let what = format!("{} {path}", subject.unit.name);
    let loaded = compare::yaml(&what, &plain(&loaded))?;
    let rendered = compare::yaml(name, rendered)?;
    nothing_in(compare::lines(&subject.unit.name, &compare::differences(&rendered, &loaded)))
}

/// The file that the process is started with: the one YAML file of the component.
fn main_file<'a>(subject: &Subject<'a>) -> Option<(&'a str, &'a str)> {
    let path = subject.unit.files.iter().find_map(|(path, file)| {
        let yaml = Path::new(path).extension().is_some_and(|end| end == "yml" || end == "yaml");
        (yaml && !file.secret).then_some(path.as_str())
    })?;
    Some((path, subject.file(path)?))
}

/// Promtail puts the YAML into a web page.
fn plain(text: &str) -> String {
    let Some(page) = text.split_once("<pre id=\"config_yaml\">").map(|(_, rest)| rest) else {
        return text.to_owned();
    };
    let yaml = page.split_once("</pre>").map_or(page, |(yaml, _)| yaml);
    [("&#34;", "\""), ("&#39;", "'"), ("&#43;", "+"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
        .iter()
        .fold(yaml.to_owned(), |text, (entity, character)| text.replace(entity, character))
}
