//! `mcpmon probe`

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::Context;
use super::credentials::{self, text};
use super::up::parse_duration;
use crate::exit::{Exit, Stop};
use crate::manifest::{Duration, SecretRef};
use crate::mcp::target::{Call, Command, Credentials, Depth, Protocol};
use crate::output::Format;
use crate::probe::{self, Given, Subject, Wanted};

/// Ask one MCP server whether it works, step by step.
///
/// Speaks the server's own protocol: who it is, whether it answers, which tools it has. No tool is called unless --call
/// names one. Ends with 1 when the server does not do what was asked.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "mcpmon probe [OPTIONS] <URL|SERVICE>\n       mcpmon probe [OPTIONS] -- <COMMAND>..."
)]
pub struct Args {
    /// The server's URL, or the name of a service in the manifest
    #[arg(value_name = "URL|SERVICE", required_unless_present = "command")]
    pub subject: Option<String>,
    /// A program that speaks MCP on its standard input and output, with its arguments
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "subject")]
    pub command: Vec<String>,
    /// Print the names of its tools
    #[arg(long)]
    pub tools: bool,
    /// A tool that must be there; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub expect_tool: Vec<String>,
    /// Call this tool, and print what it returns
    #[arg(long, value_name = "TOOL", conflicts_with = "watch")]
    pub call: Option<String>,
    /// Arguments of the called tool: a JSON object, or `-` for one on standard input
    #[arg(long, value_name = "JSON", requires = "call", default_value = "{}")]
    pub args: String,
    /// Ask again and again, with this time between two questions, until Ctrl-C
    #[arg(long, value_name = "INTERVAL", num_args = 0..=1, require_equals = true, default_missing_value = "5s", value_parser = parse_duration)]
    pub watch: Option<Duration>,
    /// How far it goes: until the server said who it is, answered a ping, or listed its tools [default: tools]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "handshake|ping|tools")]
    pub depth: Option<Depth>,
    /// Which protocol it is asked in; `auto` finds out [default: auto]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "auto|modern|legacy|sse")]
    pub protocol: Option<Protocol>,
    /// Longest time of one probe [default: 10s]
    #[arg(long, value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// What holds for URLs.
    #[command(flatten)]
    pub of_url: OfUrl,
    /// Hand this environment variable on to the program, which sees PATH and HOME otherwise
    #[arg(long, value_name = "NAME", value_parser = variable, conflicts_with = "subject")]
    pub env: Vec<String>,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// How a URL is asked.
#[derive(Debug, clap::Args)]
pub struct OfUrl {
    /// Credentials.
    #[command(flatten)]
    pub credentials: credentials::Flags,
    /// Value of the header `Host`, where the server takes another one than the URL's
    #[arg(long, value_name = "HOST[:PORT]", value_parser = probe::host_header)]
    pub host_header: Option<String>,
    /// Certificate authority of the server, in PEM, instead of the public ones
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub ca: Option<PathBuf>,
    /// Take any certificate: whoever sits between can then read the credentials
    #[arg(long)]
    pub insecure: bool,
}

fn variable(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains('=') {
        return Err(
            "only the variable's name, such as `--env API_TOKEN`: its value does not belong on a command line"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    if args.output == Format::Junit {
        return Err(Stop::new(Exit::Usage, "a probe is told as text or json").into());
    }
    let subject = match &args.subject {
        None => Subject::program(program(args)?),
        Some(name) if name.contains("://") => Subject::url(name).map_err(usage)?,
        Some(name) => service(name, context).await?,
    };
    let subject = subject.with(given(args)?).map_err(usage)?;
    let wanted = Wanted { tools: args.tools, json: args.output == Format::Json };
    match args.watch {
        None => probe::once(&subject, wanted, &context.printer).await,
        Some(interval) => probe::watch(&subject, wanted, interval.std(), &context.printer).await,
    }
}

fn usage(problem: String) -> anyhow::Error {
    Stop::new(Exit::Usage, problem).into()
}

fn program(args: &Args) -> anyhow::Result<Command> {
    let Some((program, rest)) = args.command.split_first() else {
        return Err(usage("there is no program behind `--`".to_owned()));
    };
    let mut env = BTreeMap::new();
    for name in &args.env {
        let value = std::env::var(name)
            .map_err(|_| usage(format!("the environment variable {name} is not set")))?;
        env.insert(name.clone(), value);
    }
    Ok(Command { program: program.clone(), args: rest.to_vec(), env, dir: None, as_nobody: false })
}

/// A service of the manifest, at the address that this host reaches.
async fn service(name: &str, context: &Context) -> anyhow::Result<Subject> {
    if !context.global.files.iter().all(|file| file.is_file()) {
        let files: Vec<_> = context.global.files.iter().map(|f| f.display().to_string()).collect();
        return Err(usage(probe::neither(name, &format!("there is no {} here", files.join(", ")))));
    }
    let document = context.document()?;
    let read = |source: &SecretRef| {
        credentials::read(source, &document.dir).map_err(|problem| problem.to_string())
    };
    let subject = Subject::service(name, &document, &read).map_err(usage)?;
    if !subject.is_of_containers() {
        return Ok(subject);
    }
    // Without an engine the address is asked as it is written.
    Ok(match context.reader().await {
        Ok(reader) => subject.from_here(&reader, &document).await?,
        Err(_) => subject,
    })
}

/// What the command line says beside the subject.
fn given(args: &Args) -> anyhow::Result<Given> {
    let call = match &args.call {
        None => None,
        Some(tool) => Some(Call { tool: tool.clone(), arguments: arguments(&args.args)? }),
    };
    Ok(Given {
        credentials: credentials(&args.of_url.credentials)?,
        host_header: args.of_url.host_header.clone(),
        ca: args.of_url.ca.as_deref().map(authority).transpose()?,
        insecure: args.of_url.insecure,
        protocol: args.protocol,
        depth: args.depth,
        timeout: args.timeout.map(Duration::std),
        expect_tools: args.expect_tool.clone(),
        call,
    })
}

fn arguments(text: &str) -> anyhow::Result<serde_json::Map<String, Json>> {
    let mut input = String::new();
    let text = if text == "-" {
        std::io::stdin()
            .lock()
            .read_to_string(&mut input)
            .map_err(|error| usage(format!("cannot read standard input: {error}")))?;
        &input
    } else {
        text
    };
    match serde_json::from_str(text) {
        Ok(Json::Object(map)) => Ok(map),
        Ok(_) => Err(usage(
            "the arguments of a tool are a JSON object: write `--args '{\"text\": \"hello\"}'`"
                .to_owned(),
        )),
        Err(error) => Err(usage(format!(
            "`--args` is no JSON: {error}; write it like `--args '{{\"text\": \"hello\"}}'`"
        ))),
    }
}

fn credentials(args: &credentials::Flags) -> anyhow::Result<Option<Credentials>> {
    let here = Path::new("");
    Ok(match (&args.bearer, &args.basic, &args.header) {
        (Some(source), ..) => Some(Credentials::Bearer(text(source, here)?)),
        (_, Some((user, source)), _) => {
            Some(Credentials::Basic { username: user.clone(), password: text(source, here)? })
        }
        (.., Some((name, source))) => {
            Some(Credentials::Header { name: name.clone(), value: text(source, here)? })
        }
        _ => None,
    })
}

fn authority(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let pem = std::fs::read(path).map_err(|error| {
        let reason = crate::manifest::io_reason(&error);
        usage(format!("cannot read the certificate authority {shown}: {reason}"))
    })?;
    crate::check::tls::authorities(&pem).map_err(|problem| usage(format!("{shown}: {problem}")))?;
    Ok(pem)
}
