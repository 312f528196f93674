//! Asking a process to read its files anew.

use std::time::Duration;

use super::subject::Subject;

/// Prometheus answers a reload after it stopped every scrape that is under way.
const BEYOND_A_SCRAPE: Duration = Duration::from_secs(30);
/// As many lines of an error as people read.
const LINES: usize = 6;

/// Asks a process to read its files anew; one that cannot be asked is left alone.
///
/// # Errors
/// The program's own words.
pub async fn reload(subject: &Subject<'_>) -> Result<(), String> {
    let Some(reload) = &subject.unit.reload else { return Ok(()) };
    let timeout = longest_scrape(subject) + BEYOND_A_SCRAPE;
    let login = subject.login.as_ref().filter(|_| reload.login);
    for path in &reload.post {
        let answer = subject.http.post(&subject.url(path), login, timeout).await?;
        match answer.status {
            200..300 => {}
            401 => return Err(super::proof::grafana::wrong_password(subject)),
            _ => {
                return Err(format!(
                    "{} refused to reload: {}",
                    subject.unit.name,
                    answer.said(LINES)
                ));
            }
        }
    }
    Ok(())
}

fn longest_scrape(subject: &Subject<'_>) -> Duration {
    let stack = subject.stack;
    let own = stack
        .jobs
        .iter()
        .flat_map(|job| &job.targets)
        .filter_map(|target| target.labels.get("__scrape_timeout__"));
    own.chain([&stack.scrape.timeout])
        .filter_map(|text| super::compare::seconds(text))
        .map(Duration::from_secs_f64)
        .max()
        .unwrap_or_default()
}
