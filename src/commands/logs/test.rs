//! `mcpmon logs test`

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read as _};

use anyhow::Context as _;
use serde::Serialize;

use crate::commands::Context;
use crate::commands::shape::Shape;
use crate::diagnostic::suggest;
use crate::exit::{Exit, Stop};
use crate::output::{Mark, Printer};
use crate::stack::Stack;
use crate::stack::logs::evaluate::{Evaluator, Trace};
use crate::stack::logs::{Origin, Source};

/// Show what each stage of the pipeline makes of a line, without a running stack.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The line as the service writes it; lines are read from standard input without it
    pub line: Option<String>,
    /// Take it for a line of this service
    #[arg(long)]
    pub service: Option<String>,
    /// Take it for a line from here: `stack`, `services`, `files`, `journal` or `syslog`
    #[arg(long)]
    pub source: Option<String>,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Shape,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    source: &'a str,
    services: Option<&'a [String]>,
    entries: &'a [Trace],
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let stack = &project.stack;
    let source = source(args, stack)?;
    let service = args.service.as_deref();
    let pipeline = source.pipeline(service).context("every source has a pipeline for the rest")?;
    let text = match &args.line {
        Some(line) => line.clone(),
        None => input(context)?,
    };
    let labels = labels(stack, source, service);
    let mut entries = Evaluator::new(pipeline)?.run(text.lines(), &labels);
    for entry in &mut entries {
        // The collector adds it when it sends.
        entry.labels.insert("stack".to_owned(), stack.name.clone());
    }
    if args.output == Shape::Json {
        let services = pipeline.services.as_deref();
        context.printer.json(&Document {
            schema_version: 1,
            source: &source.name,
            services,
            entries: &entries,
        })?;
        return Ok(Exit::Done);
    }
    let whose = match &pipeline.services {
        Some(services) => format!("the pipeline of {}", services.join(", ")),
        None => "the pipeline of all lines without one of their own".to_owned(),
    };
    context.printer.line(format!("source `{}`, {whose}", source.name));
    for entry in &entries {
        show(entry, &context.printer);
    }
    Ok(Exit::Done)
}

/// Where the line is taken to come from.
fn source<'a>(args: &Args, stack: &'a Stack) -> anyhow::Result<&'a Source> {
    let sources = &stack.logs.sources;
    let stop = |message: String| anyhow::Error::from(Stop::new(Exit::Usage, message));
    if let Some(service) = &args.service
        && stack.services.iter().all(|known| known.name != *service)
    {
        let help = suggest(service, stack.services.iter().map(|s| s.name.as_str()));
        return Err(stop(format!("there is no service `{service}`: {help}")));
    }
    if let Some(name) = &args.source {
        let known = || sources.iter().map(|source| source.name.as_str());
        return sources.iter().find(|source| source.name == *name).ok_or_else(|| {
            stop(format!("no lines come from `{name}`: {}", suggest(name, known())))
        });
    }
    let Some(service) = &args.service else {
        return sources.first().context("the stack's own containers are always a source");
    };
    sources.iter().find(|source| source.origin.has(service)).ok_or_else(|| {
        stop(format!(
            "no line of `{service}` is collected: name its container (`container: NAME`) or its files in the manifest"
        ))
    })
}

/// The labels that a line has before its pipeline, as far as they are known without it.
fn labels(stack: &Stack, source: &Source, service: Option<&str>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([("job".to_owned(), source.job.clone())]);
    let mut set = |label: &str, value: &str| {
        if !value.is_empty() {
            labels.insert(label.to_owned(), value.to_owned());
        }
    };
    let info = service.and_then(|name| stack.services.iter().find(|s| s.name == name));
    if let Some(info) = info {
        set("service", &info.name);
        // Containers that mcpmon does not run have no label that says `default`.
        if info.group != "default" || source.name != "services" {
            set("group", &info.group);
            set("service_group", &info.group);
        }
    }
    match &source.origin {
        Origin::Docker { containers, .. } => {
            set("stream", "stdout");
            if let Some(container) = containers.iter().find(|c| Some(c.service.as_str()) == service)
            {
                set("container", &container.container);
                set("job", "services");
            }
        }
        Origin::Files { targets } => {
            let target =
                targets.iter().find(|t| t.labels.get("service").map(String::as_str) == service);
            for (label, value) in
                target.or(targets.first()).iter().flat_map(|target| &target.labels)
            {
                set(label, value);
            }
        }
        Origin::Journal { .. } | Origin::Syslog { .. } => {}
    }
    labels
}

fn input(context: &Context) -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        context.printer.mark(Mark::Note, "type lines and end with Ctrl-D");
    }
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text).context("cannot read standard input")?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// An entry's way: each stage that did something, and what came of it.
fn show(entry: &Trace, printer: &Printer) {
    let row = |name: &str, text: &str| {
        for (index, line) in text.split('\n').enumerate() {
            let name = if index == 0 { name } else { "" };
            printer.data(&format!("{name:10}  {line}"));
        }
    };
    let pairs = |pairs: Vec<(&String, String)>| {
        pairs
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    printer.data("");
    row("line", &entry.input);
    let mut idle = 0;
    for step in &entry.steps {
        if step.stage == "redact" && !step.changed {
            idle += 1;
            continue;
        }
        row(step.stage, &step.did);
        if !step.fields.is_empty() {
            row(
                "",
                &pairs(step.fields.iter().map(|(name, value)| (name, value.to_string())).collect()),
            );
        }
        if !step.labels.is_empty() && step.changed {
            let labels = step.labels.iter().map(|(name, value)| (name, format!("{value:?}")));
            row("", &pairs(labels.collect()));
        }
        if step.stage == "redact" {
            row("", &step.line);
        }
    }
    let patterns = entry.steps.iter().filter(|step| step.stage == "redact").count();
    if patterns > 0 && idle == patterns {
        row("redact", "nothing");
    }
    match &entry.line {
        None => row("dropped", "it is not stored"),
        Some(line) => {
            row("stored", line);
            let labels = entry.labels.iter().map(|(name, value)| format!("{name}={value:?}"));
            row("labels", &format!("{{{}}}", labels.collect::<Vec<_>>().join(", ")));
            row("time", entry.timestamp.as_deref().unwrap_or("when it is read"));
        }
    }
}
