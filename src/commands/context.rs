//! What every command needs from outside.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::held::{Held, Whole};
use crate::assets::Assets;
use crate::catalog::Catalog;
use crate::cli::Global;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::engine::{Endpoint, Engine, Reader};
use crate::exit::{Exit, Stop};
use crate::manifest::{self, Document, SecretRef};
use crate::output::Printer;
use crate::parallel;
use crate::render::{self, Bundle, rules};
use crate::stack::{self, Secrets, Stack, Surroundings};

/// This process's environment and file system.
const SURROUNDINGS: Surroundings<'_> =
    Surroundings { env: &|name| std::env::var(name).ok(), file: &|path| std::fs::read(path) };

/// What every command needs from outside.
pub struct Context {
    /// Options that every command takes.
    pub global: Global,
    /// The one place that writes.
    pub printer: Printer,
    /// What a running change holds, to let go of when interrupted.
    pub(super) held: Rc<RefCell<Option<Held>>>,
    /// What Ctrl-C must not cut off.
    pub(super) whole: Rc<Whole>,
}

/// A manifest, loaded, resolved and rendered.
pub struct Project {
    /// The manifest.
    pub document: Document,
    /// The component folders.
    pub catalog: Catalog,
    /// Resolved.
    pub stack: Stack,
    /// Rendered.
    pub bundle: Bundle,
}

impl Context {
    /// A context for this process.
    pub fn new(global: Global, printer: Printer) -> Self {
        Self { global, printer, held: Rc::default(), whole: Rc::default() }
    }

    /// The same, but saying nothing but what went wrong.
    #[must_use]
    pub fn quietly(&self) -> Self {
        let printer = Printer::new(self.global.color, true);
        Self {
            global: self.global.clone(),
            printer,
            held: Rc::clone(&self.held),
            whole: Rc::clone(&self.whole),
        }
    }

    /// Loads the manifest.
    pub fn document(&self) -> anyhow::Result<Document> {
        self.loaded(manifest::load(&self.global.files))
    }

    fn loaded(
        &self,
        document: Result<Document, Box<manifest::LoadError>>,
    ) -> anyhow::Result<Document> {
        document.map_err(|error| self.wrong(&error.diagnostics, &error.sources))
    }

    /// The component folders, with the manifest's own ones laid over.
    pub fn catalog(document: &Document) -> anyhow::Result<Catalog> {
        let own = document.manifest.components_dir.as_ref().map(|dir| document.dir.join(dir));
        if let Some(dir) = own.as_ref().filter(|dir| !dir.is_dir()) {
            let span = document.locate(&["components_dir".into()]);
            let place = span.map(|s| document.sources.place(s) + ": ").unwrap_or_default();
            return Err(Stop::new(
                Exit::Usage,
                format!(
                    "{place}`components_dir` names {}, and there is no such folder",
                    dir.display()
                ),
            )
            .into());
        }
        let assets = own.map_or_else(Assets::shipped, Assets::with_own);
        Self::components(assets)
    }

    fn components(assets: Assets) -> anyhow::Result<Catalog> {
        Catalog::load(assets).map_err(|error| Stop::new(Exit::Usage, format!("{error:#}")).into())
    }

    /// What ships with mcpmon and nearly every manifest uses: it is read while the manifest is.
    fn shipped() -> anyhow::Result<Catalog> {
        let packs = manifest::Alerts::default().packs;
        let components = || Self::components(Assets::shipped());
        rayon::join(components, || rules::read_ahead(&packs)).0
    }

    /// Loads, resolves and renders the manifest; warnings are printed.
    pub fn project(&self) -> anyhow::Result<Project> {
        self.loading(true)()
    }

    /// The same for commands that are run again and again, without the warnings.
    pub fn project_without_warnings(&self) -> anyhow::Result<Project> {
        self.loading(false)()
    }

    /// Loads, resolves and renders the manifest on a thread of its own, while something else goes on, such as
    /// connecting to the engine. What became of that is looked at afterwards: a mistake in the manifest is
    /// told first, and at once.
    pub async fn project_beside<T>(
        &self,
        warn: bool,
        beside: impl Future<Output = T>,
    ) -> anyhow::Result<(Project, T)> {
        let load = self.loading(warn);
        let project = async { tokio::task::spawn_blocking(load).await? };
        futures_util::try_join!(project, async { Ok(beside.await) })
    }

    fn loading(&self, warn: bool) -> impl FnOnce() -> anyhow::Result<Project> + Send + 'static {
        let (global, printer) = (self.global.clone(), self.printer.clone());
        let warn = warn && !global.quiet;
        let load = move || {
            let context = Self::new(global, printer);
            let files = &context.global.files;
            let (document, shipped) = rayon::join(|| manifest::load(files), Self::shipped);
            let document = context.loaded(document)?;
            if document.manifest.components_dir.is_some() {
                return context.project_of(document, warn);
            }
            context.project_with(document, shipped?, warn)
        };
        || parallel::run(load)
    }

    /// Resolves and renders a manifest that is loaded already.
    pub fn project_of(&self, document: Document, warn: bool) -> anyhow::Result<Project> {
        let catalog = Self::catalog(&document)?;
        self.project_with(document, catalog, warn)
    }

    fn project_with(
        &self,
        document: Document,
        catalog: Catalog,
        warn: bool,
    ) -> anyhow::Result<Project> {
        let resolved = stack::resolve(&document, &catalog)
            .map_err(|found| self.wrong(&found, &document.sources))?;
        if warn {
            self.printer.diagnostics(&resolved.warnings, &document.sources);
        }
        let bundle = render::render(&resolved.stack, &catalog)
            .map_err(|error| Stop::new(Exit::Usage, format!("cannot render: {error:#}")))?;
        Ok(Project { document, catalog, stack: resolved.stack, bundle })
    }

    /// Reads the stack's secrets.
    pub fn secrets(&self, project: &Project) -> anyhow::Result<Secrets> {
        stack::read_secrets(&project.document, &project.stack, &SURROUNDINGS)
            .map_err(|found| self.wrong(&found, &project.document.sources))
    }

    /// As [`secrets`](Self::secrets); those that are not there are as the stack runs with them.
    pub fn secrets_or(&self, project: &Project, at_hand: &Secrets) -> anyhow::Result<Secrets> {
        stack::read_secrets_or(&project.document, &project.stack, &SURROUNDINGS, at_hand)
            .map_err(|found| self.wrong(&found, &project.document.sources))
    }

    /// Reads one secret.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub fn secret(
        &self,
        project: &Project,
        source: &SecretRef,
    ) -> Result<Vec<u8>, (String, String)> {
        stack::read_secret(source, &project.document.dir, &SURROUNDINGS)
    }

    /// Looks whether the stack's secrets would do; those that are not there are warnings.
    pub fn check_secrets(&self, project: &Project) -> anyhow::Result<()> {
        let found = stack::check_secrets(&project.document, &project.stack, &SURROUNDINGS);
        if found.iter().any(|problem| problem.severity == Severity::Error) {
            return Err(self.wrong(&found, &project.document.sources));
        }
        self.printer.diagnostics(&found, &project.document.sources);
        Ok(())
    }

    /// Which engine, and why that one.
    pub fn endpoint() -> anyhow::Result<Endpoint> {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        Ok(Endpoint::choose(&|name| std::env::var(name).ok(), home.as_deref())?)
    }

    /// The engine, for looking only.
    pub async fn reader(&self) -> anyhow::Result<Reader> {
        Ok(Reader::connect(&Self::endpoint()?).await?)
    }

    /// The engine, without a word about which.
    pub async fn engine_quietly(&self) -> anyhow::Result<Engine> {
        Ok(Engine::connect(&Self::endpoint()?).await?)
    }

    /// The engine.
    pub async fn engine(&self) -> anyhow::Result<Engine> {
        let engine = self.engine_quietly().await?;
        self.introduce(&engine)?;
        Ok(engine)
    }

    /// Says which engine it is, and why that one.
    pub fn introduce(&self, engine: &Engine) -> anyhow::Result<()> {
        let endpoint = Self::endpoint()?;
        self.printer.line(format!(
            "Docker {} at {} ({})",
            engine.reader().facts().engine_version,
            endpoint.address,
            endpoint.chosen_by
        ));
        Ok(())
    }

    /// Prints problems; the command ends as wrong usage.
    pub fn wrong(&self, found: &[Diagnostic], sources: &Sources) -> anyhow::Error {
        self.printer.diagnostics(found, sources);
        let errors = found.iter().filter(|d| d.severity == Severity::Error).count();
        let files: Vec<String> = self.global.files.iter().map(|f| shown(f)).collect();
        let plural = if errors == 1 { "" } else { "s" };
        Stop::new(
            Exit::Usage,
            format!("{errors} problem{plural} in {}; nothing was touched", files.join(", ")),
        )
        .into()
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
