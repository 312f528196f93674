//! A copy of data volumes takes the place of what is there: what is there is copied first, and comes
//! back if the programs do not run with the copy.

mod look;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::fs;

use super::backup::{self, Then};
use super::volumes::{self, Data};
use super::{Options, locked, run_on, units};
use crate::backup::{Backup, Kept};
use crate::commands::{Context, Project};
use crate::engine::{Engine, Reader, labels};
use crate::exit::{Exit, Stop};
use crate::output::Mark;
use crate::plan;
use crate::stack::{Component, Secrets};

/// A copy that was looked at, and may take the place of what is there.
pub struct Restore<'a> {
    project: &'a Project,
    secrets: &'a Secrets,
    dir: &'a Path,
    backup: Backup,
    parts: Vec<(&'a Component, Vec<Kept>)>,
    /// Where what is there is copied to.
    aside: Option<PathBuf>,
}

impl<'a> Restore<'a> {
    /// Looks at everything that can be looked at before anything is touched.
    ///
    /// # Errors
    /// A copy that is damaged or not for this stack, data that the programs cannot read, a stack that
    /// does not run what the manifest says.
    pub async fn look(
        context: &Context,
        reader: &Reader,
        (project, secrets): (&'a Project, &'a Secrets),
        (dir, names): (&'a Path, &[&str]),
        discard: bool,
    ) -> anyhow::Result<Self> {
        let stack = &project.stack;
        let backup = Backup::read(dir).await?;
        let parts = look::chosen(context, project, &backup, names)?;
        let parts_named: Vec<&str> = parts.iter().map(|(part, _)| part.name.as_str()).collect();
        let units = units::wanted(reader, project, secrets, &BTreeMap::new()).await?;
        look::require_readable(project, &parts, &units)?;
        let mut observed = plan::observe(reader, &stack.name, &units, None).await?;
        // What a run that was killed left behind goes before anything is done.
        observed.containers.retain(|_, container| !container.labels.contains_key(labels::ONCE));
        look::require_as_wanted(&plan::plan(&observed, &units), &parts_named, &stack.name)?;
        for (part, kept) in &parts {
            for kept in kept {
                let name = plan::data_volume(&stack.name, &part.name, &kept.volume);
                volumes::require_ours(reader, stack, &name).await?;
            }
        }
        let aside = if discard { None } else { Some(look::aside(dir).await?) };
        let mut damaged = Vec::new();
        for kept in parts.iter().flat_map(|(_, kept)| kept) {
            let _step = context.printer.step(format!("checking {}", kept.file));
            damaged.extend(kept.wrong(dir).await);
        }
        if !damaged.is_empty() {
            let message = format!("{}\nnothing was touched", damaged.join("\n"));
            return Err(Stop::new(Exit::Rejected, message).into());
        }
        Ok(Self { project, secrets, dir, backup, parts, aside })
    }

    /// What it would do, one line per component.
    pub fn lines(&self) -> Vec<String> {
        let line = |(part, kept): &(&Component, Vec<Kept>)| {
            let bytes: u64 = kept.iter().map(|kept| kept.bytes).sum();
            let by = kept.iter().find_map(|kept| kept.version.as_ref());
            let by = by.map(|version| format!(", written by {version}")).unwrap_or_default();
            let (from, made) = (&self.backup.stack, &self.backup.made);
            format!(
                "{}: data of {from} as of {made}, {} MiB{by}",
                part.name,
                bytes.div_ceil(1 << 20)
            )
        };
        self.parts.iter().map(line).collect()
    }

    /// Puts the copy in the place of what is there, and brings the programs up over it.
    ///
    /// # Errors
    /// What failed, and what became of the data that was there.
    pub async fn run(
        &self,
        context: &Context,
        engine: &Engine,
        options: &Options,
    ) -> anyhow::Result<Exit> {
        let (before, filled) = self
            .locked(context, engine, options, async || {
                engine.remove_left_behind(&self.project.stack.name).await?;
                let before = self.keep(context, engine).await?;
                context.keep_whole(true);
                let filled = self.fill(context, engine, (self.dir, &self.backup), true).await;
                // What failed is put right as a whole, too.
                context.keep_whole(filled.is_err());
                anyhow::Ok((before, filled))
            })
            .await?;
        let restored = match filled {
            Ok(()) => self.up(context, engine, options).await,
            Err(error) => Err(error),
        };
        let error = match restored {
            Ok(exit) => {
                for line in self.lines() {
                    context.printer.mark(Mark::Good, format!("restored {line}"));
                }
                if let Some((aside, _)) = before.filter(|(_, before)| !before.files.is_empty()) {
                    context.printer.line(format!(
                        "  what was there before is in {}: remove it when nobody misses anything",
                        aside.display()
                    ));
                }
                return Ok(exit);
            }
            Err(error) => error,
        };
        let Some((aside, before)) = before else {
            let message = format!(
                "{error:#}\nwhat was there before was not kept, as --discard-current asks, and what is there now may be a part of the copy: restore again, from this copy or another"
            );
            return Err(Stop::new(Exit::Failed, message).into());
        };
        context.printer.line("  bringing back the data that was there …");
        context.keep_whole(true);
        let back = async || self.fill(context, engine, (&aside, &before), false).await;
        let back = match self.locked(context, engine, options, back).await {
            Ok(()) => self.up(context, engine, options).await,
            Err(error) => Err(error),
        };
        Err(match back {
            Ok(_) => {
                let message = format!("{error:#}\nthe data that was there before is back, proven");
                Stop::new(Exit::Rejected, message)
            }
            Err(failure) => {
                let aside = aside.display();
                let message = format!(
                    "{error:#}\nbringing back the data that was there failed too: {failure:#}\nit is in {aside}: when the cause is gone, `mcpmon up`, then `mcpmon restore {aside} --discard-current`"
                );
                Stop::new(Exit::Failed, message)
            }
        }
        .into())
    }

    async fn up(
        &self,
        context: &Context,
        engine: &Engine,
        options: &Options,
    ) -> anyhow::Result<Exit> {
        Box::pin(run_on(context, engine, self.project, self.secrets, options)).await
    }

    async fn locked<T>(
        &self,
        context: &Context,
        engine: &Engine,
        options: &Options,
        work: impl AsyncFnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let how = (options.command, options.wait_lock);
        let lock = locked::take(context, engine, &self.project.stack.name, &[], how).await?;
        let done = work().await;
        context.hold(None);
        lock.release(engine).await?;
        done
    }

    /// Copies what is there; nothing where it is to be discarded. The components stand still from then on.
    async fn keep(
        &self,
        context: &Context,
        engine: &Engine,
    ) -> anyhow::Result<Option<(PathBuf, Backup)>> {
        let Some(aside) = &self.aside else { return Ok(None) };
        let stack = &self.project.stack;
        let names: Vec<&str> = self.parts.iter().map(|(part, _)| part.name.as_str()).collect();
        let sources = backup::sources(engine.reader(), stack, &names).await?;
        if sources.is_empty() {
            return Ok(Some((aside.clone(), Backup::new(&stack.name))));
        }
        let kept = backup::copy(context, engine, stack, &sources, aside, Then::Stay).await?;
        Ok(Some((aside.clone(), kept.0)))
    }

    /// Makes the volumes anew, with what a copy holds of them. Containers that have one go with it.
    /// Where it may be given up, Ctrl-C does that.
    async fn fill(
        &self,
        context: &Context,
        engine: &Engine,
        (dir, copy): (&Path, &Backup),
        may_give_up: bool,
    ) -> anyhow::Result<()> {
        let stack = &self.project.stack;
        for (part, replaced) in &self.parts {
            let container = stack.container(&part.name);
            backup::halt(context, engine, stack, part).await?;
            engine.remove_container(&container, true).await?;
            context.goes_on(&container);
            for kept in replaced {
                let name = plan::data_volume(&stack.name, &part.name, &kept.volume);
                let same = |from: &&Kept| from.component == part.name && from.volume == kept.volume;
                let Some(from) = copy.files.iter().find(same) else {
                    engine.remove_volume(&name).await?;
                    continue;
                };
                let path = from.path(dir);
                let _step = context.printer.step(format!("unpacking {}", path.display()));
                volumes::renew(engine, stack, part, &name).await?;
                let directory = from.directory.clone();
                let data = Data { key: from.volume.clone(), name, directory };
                let mounts = vec![data.mount(stack, part, false)];
                volumes::through(engine, stack, mounts, async |through| {
                    let cannot = || format!("cannot read {}", path.display());
                    let tar = fs::File::open(&path).await.with_context(cannot)?;
                    let unpacked = engine.unpack(through, &from.directory, (tar, from.bytes));
                    if may_give_up {
                        context.unless_told(unpacked).await
                    } else {
                        Ok(unpacked.await?)
                    }
                })
                .await?;
            }
        }
        Ok(())
    }
}
