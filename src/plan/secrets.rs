//! The secrets that a stack runs with.

use futures_util::future::try_join_all;

use crate::engine::{EngineError, Reader};
use crate::stack::{LIVE, Secrets, Stack};

/// Every secret of the stack that its containers have, asked with GET requests alone.
///
/// # Errors
/// When the engine cannot be asked.
pub async fn running_secrets(reader: &Reader, stack: &Stack) -> Result<Secrets, EngineError> {
    let mut readers: Vec<&str> = stack.secrets.iter().map(|s| s.component.as_str()).collect();
    readers.sort_unstable();
    readers.dedup();
    let trees = try_join_all(readers.iter().map(|name| async {
        let container = stack.container(name);
        match reader.read_tree(&container, &format!("{LIVE}secrets")).await {
            Err(error) if error.is_not_found() => Ok(None),
            tree => tree,
        }
    }))
    .await?;
    let mut secrets = Secrets::default();
    for (name, tree) in readers.iter().zip(trees) {
        let files: Vec<(String, Vec<u8>)> = tree
            .unwrap_or_default()
            .into_iter()
            .map(|(path, file)| (format!("secrets/{path}"), file.content))
            .collect();
        secrets = secrets.with(name, files.iter().map(|(path, content)| (path, content)));
    }
    Ok(secrets)
}
