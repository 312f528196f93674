//! Copies of data volumes, made before something opens them that may change them for good.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use tokio::fs;

use super::locked;
use crate::commands::Context;
use crate::engine::{Engine, Reader};
use crate::exit::{Exit, Stop};
use crate::output::Mark;
use crate::plan;
use crate::stack::{Component, Stack};

/// Copies the data volumes of these components to a folder, one tar each. A component stands still
/// while it is copied, so that the copy is whole, and is started again whatever came of it.
///
/// # Errors
/// A copy that is there already, before anything is stopped; a disk that is full.
pub async fn backup(
    context: &Context,
    engine: &Engine,
    stack: &Stack,
    names: &[&str],
    dir: &Path,
    (command, wait): (&'static str, Option<Duration>),
) -> anyhow::Result<()> {
    let parts: Vec<&Component> =
        names.iter().filter_map(|name| stack.components.get(*name)).collect();
    let files = |part: &Component| -> Vec<(PathBuf, String)> {
        let file = |volume: &String| {
            dir.join(format!("{}.tar", plan::data_volume(&stack.name, &part.name, volume)))
        };
        part.spec.volumes.iter().map(|(volume, at)| (file(volume), at.clone())).collect()
    };
    fs::create_dir_all(dir).await.with_context(|| format!("cannot make {}", dir.display()))?;
    for (file, _) in parts.iter().flat_map(|part| files(part)) {
        if file.exists() {
            let message = format!(
                "{} is there already; nothing was stopped\nname another folder, or move it away",
                file.display()
            );
            return Err(Stop::new(Exit::Usage, message).into());
        }
    }
    let lock = locked::take(context, engine, &stack.name, &[], (command, wait)).await?;
    let copied = async {
        for part in parts {
            let container = stack.container(&part.name);
            let stop = Duration::from_secs(u64::from(part.spec.stop_timeout));
            engine.stop(&container, stop).await?;
            let copied = copy(context, engine.reader(), &container, &files(part)).await;
            engine.start(&container).await?;
            copied?;
        }
        anyhow::Ok(())
    }
    .await;
    context.hold(None);
    lock.release(engine).await?;
    copied
}

async fn copy(
    context: &Context,
    reader: &Reader,
    container: &str,
    files: &[(PathBuf, String)],
) -> anyhow::Result<()> {
    for (file, directory) in files {
        let shown = file.display();
        let step = context.printer.step(format!("copying {directory} of {container} to {shown}"));
        let partial = file.with_extension("tar.partial");
        let copied = write(reader, container, directory, &partial).await;
        if copied.is_err() {
            // What is left of it is no copy; the error says why.
            let _ = fs::remove_file(&partial).await;
        }
        let bytes = copied.with_context(|| format!("cannot write {shown}"))?;
        fs::rename(&partial, file).await.with_context(|| format!("cannot write {shown}"))?;
        step.end(
            Mark::Good,
            format!("kept {directory} of {container} in {shown}: {} MiB", bytes.div_ceil(1 << 20)),
        );
    }
    Ok(())
}

/// For its owner alone: Grafana's database holds passwords.
async fn write(
    reader: &Reader,
    container: &str,
    directory: &str,
    path: &Path,
) -> anyhow::Result<u64> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).await?;
    let bytes = reader.save(container, directory, &mut file).await?;
    file.sync_all().await?;
    Ok(bytes)
}
