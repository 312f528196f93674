//! The safe ones are mended without asking.

use super::{Diagnosis, Fix};
use crate::engine::{Engine, EngineError};

/// Does what can be done without that anybody loses anything; what was done, in words.
///
/// # Errors
/// When the engine refuses.
pub async fn apply(engine: &Engine, diagnosis: &Diagnosis) -> Result<Vec<String>, EngineError> {
    let mut done = Vec::new();
    for finding in &diagnosis.findings {
        match &finding.fix {
            Some(Fix::RemoveContainer(id)) => {
                engine.remove_container(id, true).await?;
                done.push(format!("{}: removed the container", finding.what));
            }
            None => {}
        }
    }
    Ok(done)
}
