//! A metric that is 1 after a good reload.

use super::{Attempt, Mismatch};
use crate::check::subject::Subject;

/// Whether the program says that it took its files.
pub async fn is_one(subject: &Subject<'_>, name: &str) -> Attempt {
    let text = subject.http.text(&subject.url("/metrics"), None).await?;
    match value(&text, name) {
        Some(1.0) => Ok(()),
        Some(value) => Err(Mismatch::from(format!(
            "{}: {name} is {value}: its last reload failed, and it runs with what it had before",
            subject.unit.name
        ))),
        None => Err(Mismatch::from(format!(
            "{}: /metrics has no {name}: another program answers there?",
            subject.unit.name
        ))),
    }
}

/// The value of the first sample of that name.
pub fn value(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        let rest = match rest.strip_prefix('{') {
            Some(labels) => labels.rsplit_once('}')?.1,
            None => rest.strip_prefix(' ')?,
        };
        rest.split_ascii_whitespace().next()?.parse().ok()
    })
}
